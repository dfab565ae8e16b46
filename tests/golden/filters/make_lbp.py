"""Writes lbp2d.json and lbp3d.json: PyRadiomics' LBP2D and LBP3D images of small made-up images.

Packages: pyradiomics 3.0.1, SimpleITK 2.5.7, scikit-image 0.26.0, scipy 1.14.1, trimesh 5.2.0, numpy
2.2.6. Run: venv/bin/python make_lbp.py

Voxel i (x fastest) of an image holds k = ((7919 i + 104729 (i^2 mod 1013)) mod 2003) mod m - shift, of a float image k / 7;
a small m gives many equal neighbours. Of each LBP2D image the file holds its type, every n-th voxel, and a hash over the bits
of all voxels. Of each LBP3D map it holds the voxels of the mask, all voxels x, y, z of a box with (31 x + 17 y + 7 z) mod 11
other than 0, and of the kurtosis a hash over their bits too.
"""
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from radiomics import imageoperations as filters

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
HERE = Path(__file__).parent


def image(case):
    x, y, z = case["size"]
    i = np.arange(x * y * z, dtype=np.int64)
    k = (7919 * i + 104729 * (i * i % 1013)) % 2003 % case["modulus"] - case["shift"]
    t = np.dtype(case["type"])
    a = k.astype(t) / t.type(7) if t.kind == "f" else k.astype(t)
    assert a.dtype == t
    return sitk.GetImageFromArray(a.reshape(z, y, x))


def digest(a):
    """FNV-1a over the words, not the bytes, of the bits."""
    h = 0xCBF29CE484222325
    for word in a.view(f"u{a.dtype.itemsize}").ravel().tolist():
        h = ((h ^ word) * 0x100000001B3) % 2**64
    return f"{h:016x}"


def number(v):
    return np.asarray(v).item() if np.isfinite(v) else str(v)


def describe(a, samples):
    a = np.ascontiguousarray(a).ravel()
    every = max(1, len(a) // samples)
    return {"type": a.dtype.name, "hash": digest(a), "every": every, "voxels": [number(v) for v in a[::every]]}


def write(name, cases):
    lines = ",\n".join(json.dumps(c) for c in cases)
    (HERE / f"{name}.json").write_text(f"[\n{lines}\n]\n")


# What only the golden file of patterns in 2-D holds.
METHODS = ["default", "ror", "uniform", "nri_uniform", "var"]
SHIFTS = {"uint8": 0, "int8": 100, "uint16": 0, "int16": 900, "uint32": 0, "int32": 900, "uint64": 0, "int64": 900}


def flat():
    cases = []
    for method in METHODS:
        for t in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]:
            for modulus in [3, 200 if t.endswith("t8") else 2003]:
                if t == "uint32" and method == "var" and modulus == 3:
                    continue  # NaN as uint32 depends on the voxel's place in a vector register.
                cases.append({"type": t, "modulus": modulus, "shift": SHIFTS.get(t, 900), "lbp2DMethod": method})
        for samples, radius in [(1, 1), (2, 1), (3, 0.5), (5, 2), (7, 1.3), (8, 3), (9, 1), (12, 2.5), (16, 2), (17, -1.5), (24, 3), (31, 7),
                                (8, 0), (8, 1e6), (8, 1.00000499)]:
            for t, modulus in [("int16", 3), ("float32", 2003), ("float64", 4)]:
                cases.append({"type": t, "modulus": modulus, "shift": 1, "lbp2DMethod": method, "lbp2DSamples": samples,
                              "lbp2DRadius": radius})
        for axis in [1, 2]:
            for t, modulus in [("int16", 4), ("float64", 2003)]:
                cases.append({"type": t, "modulus": modulus, "shift": 1, "lbp2DMethod": method, "force2Ddimension": axis})
    for method in ["uniform", "nri_uniform", "var"]:
        for samples in [32, 33, 40, 64]:
            cases.append({"type": "float64", "modulus": 50, "shift": 1, "lbp2DMethod": method, "lbp2DSamples": samples,
                          "lbp2DRadius": 5})
    sizes = [[1, 1, 1], [1, 7, 2], [23, 1, 2], [64, 40, 1]]
    for size in sizes:
        cases.append({"type": "int32", "modulus": 5, "shift": 2, "lbp2DMethod": "default", "size": size})
    with np.errstate(all="ignore"):
        for case in cases:
            case.setdefault("size", [19, 14, 3])
            settings = {k: v for k, v in case.items() if k.startswith(("lbp", "force"))}
            ((im, name, _),) = filters.getLBP2DImage(image(case), None, **settings)
            assert name == "lbp-2D"
            case["image"] = describe(sitk.GetArrayFromImage(im), 12)
    write("lbp2d", cases)


def region(case):
    x, y, z = case["size"]
    k, j, i = np.indices((z, y, x))
    m = (31 * i + 17 * j + 7 * k) % 11 != 0
    for a, lower, size in zip((i, j, k), *case["box"]):
        m &= (a >= lower) & (a < lower + size)
    return m


def deep():
    cases = []
    for t in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]:
        for modulus in [3, 200 if t.endswith("t8") else 2003]:
            cases.append({"type": t, "modulus": modulus, "shift": SHIFTS.get(t, 900)})
    for t in ["int16", "float32", "float64"]:
        cases.append({"type": t, "modulus": 1, "shift": -1000})  # all voxels are equal
        cases.append({"type": t, "modulus": 4, "shift": 1, "box": [[0, 0, 0], [9, 3, 2]]})
        cases.append({"type": t, "modulus": 4, "shift": 1, "box": [[6, 3, 4], [3, 5, 3]]})
        for size, box in [([9, 8, 1], [[1, 1, 0], [7, 7, 1]]), ([2, 8, 3], [[0, 0, 0], [2, 8, 3]]), ([1, 9, 7], [[0, 2, 2], [1, 5, 4]])]:
            cases.append({"type": t, "modulus": 6, "shift": 1, "size": size, "box": box})
        for levels, radius, subdivision in [(2, 1, 0), (3, 1, 1), (5, 1, 1), (2, 0.4, 1), (2, 1.5, 1), (3, 2.5, 2), (2, 7, 1), (2, 1, 2),
                                            (4, 1, 3), (2, 500, 1)]:
            box = [[3, 2, 1], [3, 3, 5]] if subdivision < 3 else [[4, 3, 3], [1, 3, 3]]
            cases.append({"type": t, "modulus": 5, "shift": 1, "box": box, "lbp3DLevels": levels, "lbp3DIcosphereRadius": radius,
                          "lbp3DIcosphereSubdivision": subdivision})
    for case in cases:
        case.setdefault("size", [9, 8, 7])
        case.setdefault("box", [[2, 1, 2], [5, 5, 4]])
        m = region(case)
        mask = sitk.GetImageFromArray(m.astype(np.uint8))
        settings = {k: v for k, v in case.items() if k.startswith("lbp")}
        with np.errstate(all="ignore"):
            maps = filters.getLBP3DImage(image(case), mask, **settings)
            maps = [(n, sitk.GetArrayFromImage(im)[m]) for im, n, _ in maps]
        case["maps"] = [[n, [number(float(f"{v:.14g}")) for v in a]] for n, a in maps]
        case["hash"] = digest(maps[-1][1])
    write("lbp3d", cases)


flat()
deep()
