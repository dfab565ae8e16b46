"""Writes wavelet.json, log.json, pointwise.json, gradient.json: PyRadiomics' filtered images of small made-up images.

Packages: pyradiomics 3.0.1, SimpleITK 2.5.7, PyWavelets 1.8, numpy 2.2.6. Run: venv/bin/python make_filters.py

Voxel i (x fastest) of an image holds k = (7919 i + 104729 (i^2 mod 1013)) mod 2003 - shift, of a float image k / 7. Of each
filtered image the file holds its type, every n-th voxel, and a hash over the bits of all voxels.
"""
import json
import logging
from pathlib import Path

import numpy as np
import pywt
import SimpleITK as sitk
from radiomics import imageoperations as filters

logging.disable(logging.CRITICAL)
HERE = Path(__file__).parent


def image(case):
    x, y, z = case["size"]
    i = np.arange(x * y * z, dtype=np.int64)
    k = (7919 * i + 104729 * (i * i % 1013)) % 2003 - case.get("shift", 0)
    if case.get("scale") is not None:
        k = k * case["scale"]
    t = np.dtype(case["type"])
    a = k.astype(t) / t.type(7) if t.kind == "f" else (k % 256 if t.itemsize == 1 else k).astype(t)
    assert a.dtype == t
    im = sitk.GetImageFromArray(a.reshape(z, y, x))
    im.SetSpacing(case.get("spacing", [1.0, 1.0, 1.0]))
    return im


def digest(a):
    """FNV-1a over the words, not the bytes, of the bits."""
    h = 0xCBF29CE484222325
    for word in a.view(f"u{a.dtype.itemsize}").ravel().tolist():
        h = ((h ^ word) * 0x100000001B3) % 2**64
    return f"{h:016x}"


def number(v):
    return float(v) if np.isfinite(v) else str(v)


def describe(im, samples):
    a = np.ascontiguousarray(sitk.GetArrayFromImage(im)).ravel()
    every = max(1, len(a) // samples)
    return {"type": a.dtype.name, "hash": digest(a), "every": every, "voxels": [number(v) for v in a[::every]]}


def write(name, cases, filtered, samples):
    with np.errstate(all="ignore"):
        for case in cases:
            case["images"] = [[n, describe(im, samples)] for im, n in filtered(case)]
    lines = ",\n".join(json.dumps(c) for c in cases)
    (HERE / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def wavelet(case):
    settings = {k: case[k] for k in ("wavelet", "level", "start_level", "force2D", "force2Ddimension") if k in case}
    for im, name, _ in filters.getWaveletImage(image(case), None, **settings):
        yield im, name


cases = []
for w in pywt.wavelist(kind="discrete"):
    for t in ["float32", "float64"]:
        cases.append({"size": [9, 8, 7], "type": t, "wavelet": w})
for size in [[6, 7, 12], [24, 17, 10], [3, 1, 2], [1, 5, 4]]:
    for t in ["float32", "int16", "uint8"]:
        cases.append({"size": size, "type": t, "wavelet": "coif1"})
for t in ["uint16", "int32", "int64"]:
    cases.append({"size": [9, 6, 5], "type": t, "shift": 0, "wavelet": "coif1"})
for level, start in [(2, 0), (1, 1), (2, 1), (3, 0), (0, 1)]:
    for w, size in [("coif1", [21, 18, 11]), ("db3", [9, 5, 6]), ("haar", [8, 7, 5])]:
        cases.append({"size": size, "type": "float32", "wavelet": w, "level": level, "start_level": start})
for dimension in [0, 1, 2]:
    cases.append({"size": [9, 6, 5], "type": "float32", "wavelet": "coif1", "level": 2, "force2D": True, "force2Ddimension": dimension})
write("wavelet", cases, wavelet, samples=1)


def log(case):
    sigma = [float(s) if "." in s else int(s) for s in case["sigma"]]
    for im, name, _ in filters.getLoGImage(image(case), None, sigma=sigma):
        yield im, name


cases = []
for t in ["uint8", "int16", "uint16", "int32", "int64", "float32", "float64"]:
    cases.append({"size": [19, 14, 11], "type": t, "shift": 0, "spacing": [0.7, 1.1, 3.0], "sigma": ["1.0", "2.5"]})
cases.append({"size": [40, 33, 26], "type": "float32", "shift": 900, "spacing": [0.9765625, 0.9765625, 3.27], "sigma": ["1", "3", "5.0"]})
cases.append({"size": [4, 5, 4], "type": "float32", "shift": 900, "spacing": [1.0, 1.0, 1.0], "sigma": ["1", "3.0", "3.0001", "0.5"]})
cases.append({"size": [8, 8, 3], "type": "float32", "shift": 900, "spacing": [1.0, 1.0, 1.0], "sigma": ["1"]})
cases.append({"size": [8, 9, 5], "type": "float64", "shift": 900, "spacing": [1.0, 1.0, 2.5], "sigma": ["4", "7.0", "7.1", "0.0", "-1.0"]})
write("log", cases, log, samples=5)


def pointwise(case):
    for f in ["Square", "SquareRoot", "Logarithm", "Exponential"]:
        for im, name, _ in getattr(filters, f"get{f}Image")(image(case), None):
            yield im, name


cases = []
for t, shift in [("uint8", 0), ("int16", 900), ("uint16", 0), ("int32", 1500), ("int64", 40), ("float32", 900), ("float64", 0), ("float64", 2002)]:
    cases.append({"size": [7, 5, 3], "type": t, "shift": shift})
for t, scale in [("int16", 0), ("float32", 0), ("float64", 1e-300)]:
    cases.append({"size": [3, 2, 2], "type": t, "shift": 0, "scale": scale})
cases.append({"size": [1, 1, 1], "type": "int16", "shift": -1})
write("pointwise", cases, pointwise, samples=1000)


def gradient(case):
    for im, name, _ in filters.getGradientImage(image(case), None, gradientUseSpacing=case["gradientUseSpacing"]):
        yield im, name


cases = []
for t in ["uint8", "int16", "uint16", "int32", "int64", "float32", "float64"]:
    for use in [True, False]:
        cases.append({"size": [13, 9, 7], "type": t, "shift": 0, "spacing": [0.7, 1.1, 3.0], "gradientUseSpacing": use})
cases.append({"size": [5, 1, 2], "type": "float32", "shift": 0, "spacing": [0.7, 1.1, 3.0], "gradientUseSpacing": True})
write("gradient", cases, gradient, samples=5)
