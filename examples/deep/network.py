"""A narrow 3-D ResNet-10: four stages of one basic block each, 256 outputs."""
import zipfile

import torch
from torch import nn


class Block(nn.Module):
    """Two convolutions of 3^3 and a way around them."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm3d(outputs)
        self.conv2 = nn.Conv3d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm3d(outputs)
        self.around = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.around = nn.Sequential(nn.Conv3d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm3d(outputs))

    def forward(self, x):
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.around(x))


class ResNet10(nn.Module):
    """Input (1, 1, 64, 64, 64) in [0, 1]; output (1, 256), each a mean over space and not negative.

    There is no max pooling behind the first convolution: lesions are small at 1 mm.
    """

    def __init__(self, widths=(8, 16, 32, 64), outputs=256):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv3d(1, widths[0], 5, 2, 2, bias=False), nn.BatchNorm3d(widths[0]), nn.ReLU())
        before = (widths[0],) + tuple(widths[:-1])
        self.stages = nn.Sequential(*[Block(i, o, 1 if n == 0 else 2) for n, (i, o) in enumerate(zip(before, widths))])
        self.head = nn.Sequential(nn.Conv3d(widths[-1], outputs, 1, bias=False), nn.BatchNorm3d(outputs), nn.ReLU())

    def forward(self, x):
        return self.head(self.stages(self.stem(x))).mean((2, 3, 4))


def save_torchscript(model, example, path):
    """Traces a model and saves it, without the records of debugging, which hold the paths of the machine that made it."""
    torch.jit.save(torch.jit.trace(model, example), path)
    without_debugging(path)


def without_debugging(path):
    with zipfile.ZipFile(path) as packed:
        kept = [(n, packed.read(n)) for n in packed.namelist() if not n.endswith(".debug_pkl")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        for name, data in kept:
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
