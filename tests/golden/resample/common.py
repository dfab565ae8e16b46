"""Voxels that Python and Rust make alike, for make_*.py. Needs numpy and SimpleITK."""
import hashlib

import numpy as np
import SimpleITK as sitk

TYPES = {"uint8": (0, 256), "int8": (-128, 256), "uint16": (0, 65536), "int16": (-1500, 4500), "uint32": (0, 10**9),
         "int32": (-10**9, 2 * 10**9), "uint64": (0, 10**12), "int64": (-10**12, 2 * 10**12), "float32": None, "float64": None}


def splitmix(seed, i):
    """The i-th number of SplitMix64 (Steele, Lea, Flood 2014)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + (np.asarray(i, np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def voxels(kind, dtype, size, seed):
    """An array [z, y, x]: 'noise', 'blocks' of 6 x 6 x 6 equal voxels, 'plains' of 100 x 100 x 100, or 'constant'."""
    nx, ny, nz = size
    z, y, x = np.meshgrid(np.arange(nz), np.arange(ny), np.arange(nx), indexing="ij")
    if kind == "noise":
        i = (z * ny + y) * nx + x
    elif kind in ("blocks", "plains"):
        n = 6 if kind == "blocks" else 100
        i = (z // n * 1000 + y // n) * 1000 + x // n
    else:
        i = 0 * x
    h = splitmix(seed, i)
    if TYPES[dtype] is None:
        v = (h % np.uint64(4500001)).astype(np.float64) / 1000.0 - 1500.0
    else:
        low, span = TYPES[dtype]
        v = (h % np.uint64(span)).astype(np.int64) + low
    return v.astype(dtype)


def place(image, geometry):
    image.SetSpacing(geometry["spacing"])
    image.SetOrigin(geometry["origin"])
    image.SetDirection(geometry["direction"])


def image(case):
    made = sitk.GetImageFromArray(voxels(case["kind"], case["type"], case["image"]["size"], case["seed"]))
    place(made, case["image"])
    return made


def geometry(image):
    return {"size": list(image.GetSize()), "spacing": list(image.GetSpacing()), "origin": list(image.GetOrigin()),
            "direction": list(image.GetDirection())}


def sha(image):
    return hashlib.sha256(np.ascontiguousarray(sitk.GetArrayViewFromImage(image)).tobytes()).hexdigest()


def rotation(rng):
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    return q * np.sign(np.diag(r))


def turned(rng, how):
    """A direction: of space, with signs, with axes exchanged, or oblique."""
    if how == "space":
        return np.eye(3)
    if how == "signs":
        return np.diag(rng.choice([-1.0, 1.0], 3))
    if how == "axes":
        return np.eye(3)[:, rng.permutation(3)] * rng.choice([-1.0, 1.0], 3)
    return rotation(rng)


def ellipsoid(size, centre, radii):
    """Ones where ((x - cx) / rx)^2 + ... <= 1, in whole numbers, [z, y, x] of uint32; a radius 0 is one slice."""
    nx, ny, nz = size
    z, y, x = np.meshgrid(np.arange(nz), np.arange(ny), np.arange(nx), indexing="ij")
    rx, ry, rz = [max(r, 1) for r in radii]
    cx, cy, cz = centre
    d = ((x - cx) * ry * rz) ** 2 + ((y - cy) * rx * rz) ** 2 + ((z - cz) * rx * ry) ** 2
    inside = d <= (rx * ry * rz) ** 2
    for at, c, r in zip((x, y, z), centre, radii):
        if r == 0:
            inside &= at == c
    return inside.astype(np.uint32)


def mask(case):
    made = sitk.GetImageFromArray(ellipsoid(case["mask"]["size"], case["centre"], case["radii"]))
    place(made, case["mask"])
    return made
