"""Trains the shipped encoder `resnet10` on synthetic lesions and exports it: resnet10.onnx, torchscript/resnet10.ts.pt,
each with a resnet10.json beside it.

    python -m venv venv && venv/bin/pip install numpy==2.4.6 torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2
    venv/bin/python examples/deep/train.py [--volumes 480] [--epochs 16] [--threads 1] [--out examples/deep]

It learns to tell, from a cube of CT alone, what each synthetic lesion was made from (volumes.py: size, heterogeneity,
coarseness, outline, rim, necrosis, volume) and the log hazard that the demo's cohort gives it. The linear layer that does so
is thrown away; the 256 numbers before it are the features. One fifth of the volumes is held out, and what share of the
targets' variance the network explains there is printed and written into the description.

Seeded: the same versions on the same processor with the same threads give the same file.
"""
import argparse
import hashlib
import json
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn

import volumes
from network import ResNet10, save_torchscript

SEED = 2026
RANGE = (-50.0, 200.0)
# How much each of volumes.TARGETS counts in the loss: what a cube can tell best, and what the demo's hazard is made of.
WEIGHTS = [1.0, 3.0, 0.5, 0.25, 0.25, 0.25, 1.0, 3.0]


def description(sha256, held_out):
    return {
        "name": "resnet10",
        "version": "1",
        "description": "3-D ResNet-10 of radsql, trained on synthetic liver lesions alone (examples/deep/README.md). "
                       "Not for clinical use. R2 on held-out synthetic lesions: " + held_out,
        "spatial_shape": [volumes.SIZE] * 3,
        "spacing": [1.0, 1.0, 1.0],
        "orientation": "LPS",
        "value_range": list(RANGE),
        "normalize": "unit",
        "pad_value": -1024.0,
        "output": "features",
        "output_dim": 256,
        "sha256": sha256,
    }


def unit(cubes):
    """Hounsfield units to [0, 1], as the description says."""
    x = torch.from_numpy(cubes.astype(np.float32)).clamp(*RANGE)
    return ((x - RANGE[0]) / (RANGE[1] - RANGE[0]))[:, None]


def turned(x, rng):
    """Mirrored along axes at random and moved by up to 3 voxels: what was made is made of the same latents."""
    dims = [d for d in (2, 3, 4) if rng.random() < 0.5]
    x = torch.flip(x, dims) if dims else x
    return torch.roll(x, tuple(int(k) for k in rng.integers(-3, 4, 3)), (2, 3, 4))


def train(cubes, targets, epochs, rng):
    encoder, predict = ResNet10(), nn.Linear(256, targets.shape[1])
    weights = torch.tensor(WEIGHTS)
    parameters = list(encoder.parameters()) + list(predict.parameters())
    optimiser = torch.optim.AdamW(parameters, 6e-3, weight_decay=1e-2)
    batches = [len(cubes) // 4] * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=sum(batches))
    for epoch in range(epochs):
        started, total = time.time(), 0.0
        encoder.train()
        for batch in np.array_split(rng.permutation(len(cubes)), batches[epoch]):
            off = predict(encoder(turned(unit(cubes[batch]), rng))) - targets[batch]
            loss = (weights * off * off).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / batches[epoch]:.3f}, {time.time() - started:.0f} s", flush=True)
    encoder.eval()
    return encoder, predict


def export(encoder, out, held_out):
    """Both formats, each with a description beside it: the hashes differ."""
    (out / "torchscript").mkdir(parents=True, exist_ok=True)
    example = torch.zeros(1, 1, *[volumes.SIZE] * 3)
    with torch.no_grad():
        torch.onnx.export(encoder, (example,), out / "resnet10.onnx", dynamo=False, opset_version=17,
                          input_names=["image"], output_names=["features"])
        save_torchscript(encoder, example, out / "torchscript/resnet10.ts.pt")
    for file, json_file in [("resnet10.onnx", "resnet10.json"), ("torchscript/resnet10.ts.pt", "torchscript/resnet10.json")]:
        sha256 = hashlib.sha256((out / file).read_bytes()).hexdigest()
        (out / json_file).write_text(json.dumps(description(sha256, held_out), indent=2) + "\n")
        print(file, (out / file).stat().st_size, "bytes, sha256", sha256)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--volumes", type=int, default=480)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    # What tracing writes into the TorchScript file: on a GPU no TensorFloat-32, and the same bits every time.
    torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic = False, True
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    rng = np.random.default_rng(SEED)

    made = [volumes.make(SEED, number) for number in range(options.volumes)]
    cubes, targets = np.stack([m[0] for m in made]), torch.from_numpy(np.stack([m[1] for m in made]))
    held = options.volumes // 5
    mean, deviation = targets[held:].mean(0), targets[held:].std(0)
    targets = (targets - mean) / deviation
    encoder, predict = train(cubes[held:], targets[held:], options.epochs, rng)

    with torch.no_grad():
        found = torch.cat([predict(encoder(unit(cubes[:held][i:i + 8]))) for i in range(0, held, 8)])
    r2 = 1 - ((found - targets[:held]) ** 2).mean(0) / targets[:held].var(0, unbiased=False)
    held_out = ", ".join(f"{name} {value:.2f}" for name, value in zip(volumes.TARGETS, r2.tolist()))
    print("R2 on held-out volumes:", held_out)
    export(encoder, options.out, held_out)


if __name__ == "__main__":
    sys.exit(main())
