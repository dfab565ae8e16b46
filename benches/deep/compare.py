"""CPU time of a 64^3 3-D ResNet-18 by radsql's embedded engine and by onnxruntime, one thread each.

    python benches/deep/compare.py [--calls N] [--rounds N] [--run-model COMMAND]

Needs a Python with numpy, torch, onnx and onnxruntime, and the example binary:
cargo build --release -p radsql-deep --example run_model.

The network has seeded weights (64 to 512 channels, 33 million weights, 256 outputs) and is exported to a temporary folder.
Both engines load it once, run once unmeasured, and then take the same inputs. CPU seconds are those of the process; runs of
both alternate, so that a busy machine slows both, and the median of all calls counts, and the fastest. Loading is given apart,
and once with as many calls as --calls. The largest difference of any output is printed, too.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZE = 64


def make_model(folder):
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.way = nn.Sequential(
                nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm3d(outputs), nn.ReLU(),
                nn.Conv3d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm3d(outputs))
            self.around = nn.Identity() if stride == 1 else nn.Sequential(
                nn.Conv3d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm3d(outputs))

        def forward(self, x):
            return torch.relu(self.way(x) + self.around(x))

    torch.manual_seed(0)
    widths = [64, 64, 128, 256, 512]
    stages = [nn.Conv3d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm3d(64), nn.ReLU(), nn.MaxPool3d(3, 2, 1)]
    for n, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        stages += [Block(inputs, outputs, 1 if n == 0 else 2), Block(outputs, outputs, 1)]
    model = nn.Sequential(*stages, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(512, 256)).eval()
    file = folder / "resnet18.onnx"
    torch.onnx.export(model, (torch.zeros(1, 1, SIZE, SIZE, SIZE),), file, dynamo=False, opset_version=17,
                      input_names=["image"], output_names=["features"])
    (folder / "resnet18.json").write_text(json.dumps({
        "spatial_shape": [SIZE] * 3, "spacing": [1, 1, 1], "orientation": "LPS", "value_range": [-1024, 2048],
        "normalize": "unit", "pad_value": -1024, "output": "features", "output_dim": 256,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}))


def run_onnxruntime(file, calls):
    """In a process of its own: the same lines as the example `run_model` prints."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    before = time.process_time()
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    print(time.process_time() - before)
    i = np.arange(SIZE ** 3, dtype=np.int64)
    for k in range(calls + 1):
        x = (((i * 7919 + k * 104729) % 1009).astype(np.float32) / np.float32(1008)).reshape(1, 1, SIZE, SIZE, SIZE)
        before = time.process_time()
        found = session.run(None, {"image": x})[0][0]
        seconds = time.process_time() - before
        if k:
            print(",".join([repr(seconds)] + [repr(float(v)) for v in found]))


def lines(command):
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    rows = [[float(v) for v in line.split(",")] for line in text]
    return rows[0][0], [row[0] for row in rows[1:]], [row[1:] for row in rows[1:]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run-model", default=os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target")) + "/release/examples/run_model")
    parser.add_argument("--onnxruntime", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.onnxruntime:
        return run_onnxruntime(options.onnxruntime, options.calls)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        make_model(folder)
        file = str(folder / "resnet18.onnx")
        commands = {
            "radsql": [options.run_model, file, str(options.calls)],
            "onnxruntime": [sys.executable, __file__, "--onnxruntime", file, "--calls", str(options.calls)],
        }
        loads, seconds, features = ({name: [] for name in commands} for _ in range(3))
        for _ in range(options.rounds):
            for name, command in commands.items():
                load, took, found = lines(command)
                loads[name].append(load)
                seconds[name] += took
                features[name] = found
    median = {name: sorted(s)[len(s) // 2] for name, s in seconds.items()}
    for name in commands:
        print(f"{name:12} a call {median[name] * 1000:.1f} ms (median), {min(seconds[name]) * 1000:.1f} ms (fastest); "
              f"loading {min(loads[name]) * 1000:.0f} ms")
    print(f"ratio {median['radsql'] / median['onnxruntime']:.2f} (medians), "
          f"{min(seconds['radsql']) / min(seconds['onnxruntime']):.2f} (fastest)")
    whole = {name: min(loads[name]) + options.calls * median[name] for name in commands}
    print(f"with loading and {options.calls} calls {whole['radsql'] / whole['onnxruntime']:.2f}")
    pairs = [(a, b) for x, y in zip(features["radsql"], features["onnxruntime"]) for a, b in zip(x, y)]
    print(f"largest difference of {len(pairs)} outputs {max(abs(a - b) for a, b in pairs):.1e}, "
          f"largest output {max(abs(b) for _, b in pairs):.1e}")


if __name__ == "__main__":
    main()
