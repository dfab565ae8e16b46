"""Tiny seeded models and the outputs that PyTorch gives for them and for the shipped one.

    python -m venv venv && venv/bin/pip install numpy==2.4.6 torch==2.13.0 onnx==1.23.2
    venv/bin/python tests/golden/deep/make_models.py

Writes models/ (ONNX and TorchScript, a description beside each, and what is wrong on purpose) and vectors.csv: model, input,
one column an output, with nine digits, which name a float32. PyTorch runs on one thread.

Inputs have a formula, so that they need no file: value i of input k, counted with the tensor's last axis fastest, is
((i * 7919 + k * 104729) mod 1009) / 1008 in float32.
"""
import csv
import hashlib
import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
SHIPPED = HERE.parents[2] / "examples/deep"
sys.path.insert(0, str(SHIPPED))
from network import save_torchscript  # noqa: E402

SHAPE = (12, 10, 8)
OUTPUTS = 16


class Tiny(nn.Module):
    """Every kind of layer that a 3-D ResNet has, on axes of three different lengths."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv3d(1, 6, 3, 2, 1, bias=False), nn.BatchNorm3d(6), nn.ReLU(), nn.MaxPool3d(3, 1, 1))
        self.block = nn.Sequential(nn.Conv3d(6, 6, 3, 1, 1, bias=False), nn.BatchNorm3d(6), nn.ReLU(),
                                   nn.Conv3d(6, 6, 3, 1, 1, bias=False), nn.BatchNorm3d(6))
        self.pool = nn.AdaptiveAvgPool3d(1)
        self.head = nn.Linear(6, OUTPUTS)

    def forward(self, x):
        x = self.stem(x)
        return self.head(self.pool(torch.relu(x + self.block(x))).flatten(1))


class Logarithm(nn.Module):
    """Gives -inf for an input with a mean of 0."""

    def forward(self, x):
        return torch.log(x.mean((2, 3, 4)))


def values(k, shape):
    i = np.arange(np.prod(shape), dtype=np.int64)
    return (((i * 7919 + k * 104729) % 1009).astype(np.float32) / np.float32(1008)).reshape(1, 1, *shape)


def seeded(model):
    """Weights and running statistics from one seed."""
    torch.manual_seed(7)
    for module in model.modules():
        if isinstance(module, (nn.Conv3d, nn.Linear)):
            nn.init.normal_(module.weight, std=0.2)
        if isinstance(module, nn.BatchNorm3d):
            for tensor in (module.weight, module.running_var):
                nn.init.uniform_(tensor, 0.5, 1.5)
            for tensor in (module.bias, module.running_mean):
                nn.init.normal_(tensor, std=0.3)
    return model.eval()


def describe(path, **changes):
    """The description beside a file of weights."""
    text = {"name": "tiny", "version": "1", "spatial_shape": list(SHAPE), "spacing": [1.0, 1.5, 2.0], "orientation": "LPS",
            "value_range": [-1024, 2048], "normalize": "unit", "pad_value": -1024, "output": "features",
            "output_dim": OUTPUTS, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | changes
    stem = path.name.removesuffix(".onnx").removesuffix(".ts.pt")
    path.with_name(stem + ".json").write_text(json.dumps(text) + "\n")


def export(model, path, opset=17, shape=SHAPE, dynamic=None):
    example = torch.zeros(1, 1, *shape)
    torch.onnx.export(model, (example,), path, dynamo=False, opset_version=opset, input_names=["image"],
                      output_names=["features"], dynamic_axes=dynamic)


def hostile(models):
    """Files that must not end the process that reads them."""
    tiny = (models / "tiny.onnx").read_bytes()
    made = {"truncated": tiny[: len(tiny) // 2], "empty": b"", "random": np.random.default_rng(3).bytes(4096)}
    for name, data in made.items():
        (models / f"{name}.onnx").write_bytes(data)

    def save(name, change):
        proto = onnx.load_from_string(tiny)
        change(proto)
        (models / f"{name}.onnx").write_bytes(proto.SerializeToString())

    def external(proto):
        tensor = proto.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in [("location", "../../../../Cargo.toml"), ("length", "64")]:
            tensor.external_data.add(key=key, value=value)

    def huge_weight(proto):
        del proto.graph.initializer[0].dims[:]
        proto.graph.initializer[0].dims.extend([1 << 20, 1 << 20, 1 << 20])

    def overflowing_weight(proto):
        del proto.graph.initializer[0].dims[:]
        proto.graph.initializer[0].dims.extend([1 << 32, 1 << 32, 3])

    def huge_result(proto):
        # An upsampling by 2^12 along each axis behind the first convolution.
        node = proto.graph.node[0]
        scales = onnx.helper.make_tensor("scales", 1, [5], [1, 1, 4096, 4096, 4096])
        proto.graph.initializer.append(scales)
        big = onnx.helper.make_node("Resize", [node.output[0], "", "scales"], ["big"], mode="nearest")
        for other in proto.graph.node[1:]:
            other.input[:] = ["big" if i == node.output[0] else i for i in other.input]
        proto.graph.node.insert(1, big)

    def unknown_operator(proto):
        proto.graph.node[0].op_type = "NoSuchOperator"

    def cycle(proto):
        proto.graph.node[0].input[0] = proto.graph.node[3].output[0]

    def dangling(proto):
        proto.graph.node[2].input[0] = "nowhere"

    def two_inputs(proto):
        proto.graph.input.append(onnx.helper.make_tensor_value_info("age", 1, [1]))

    for change in (external, huge_weight, overflowing_weight, huge_result, unknown_operator, cycle, dangling, two_inputs):
        save(change.__name__, change)
    names = list(made) + [f.__name__ for f in
                          (external, huge_weight, overflowing_weight, huge_result, unknown_operator, cycle, dangling, two_inputs)]
    for name in names:
        describe(models / f"{name}.onnx")


def main():
    torch.set_num_threads(1)
    models = HERE / "models"
    (models / "torchscript").mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    tiny = seeded(Tiny())
    export(tiny, models / "tiny.onnx")
    describe(models / "tiny.onnx")
    export(tiny, models / "tiny_any_batch.onnx", opset=18, dynamic={"image": {0: "batch"}, "features": {0: "batch"}})
    describe(models / "tiny_any_batch.onnx")
    export(Logarithm(), models / "logarithm.onnx")
    describe(models / "logarithm.onnx", output_dim=1)
    save_torchscript(tiny, torch.zeros(1, 1, *SHAPE), models / "torchscript/tiny.ts.pt")
    describe(models / "torchscript/tiny.ts.pt")
    save_torchscript(Logarithm().eval(), torch.ones(1, 1, *SHAPE), models / "torchscript/logarithm.ts.pt")
    describe(models / "torchscript/logarithm.ts.pt", output_dim=1)
    hostile(models)

    shipped = torch.jit.load(SHIPPED / "torchscript/resnet10.ts.pt")
    shape = json.loads((SHIPPED / "torchscript/resnet10.json").read_text())["spatial_shape"]
    with open(HERE / "vectors.csv", "w", newline="") as file, torch.no_grad():
        out = csv.writer(file, lineterminator="\n")
        for name, model, size in [("tiny", tiny, SHAPE), ("resnet10", shipped, shape)]:
            for k in range(3):
                found = model(torch.from_numpy(values(k, size)))[0].numpy()
                out.writerow([name, k] + [f"{v:.9g}" for v in found])


if __name__ == "__main__":
    main()
