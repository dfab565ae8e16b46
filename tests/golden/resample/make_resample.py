"""Images on other grids by SimpleITK's ResampleImageFilter, and the inverses that it makes of direction times spacing.

Run by a Python with numpy and SimpleITK 2.5.7: venv/bin/python make_resample.py [cases [largest size [file]]]
"""
import json
import pathlib
import sys

import numpy as np
import SimpleITK as sitk

import common

INTERPOLATORS = ["sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkBSpline1", "sitkBSpline2", "sitkBSpline4", "sitkBSpline5"]
SPLINES = [n for n in INTERPOLATORS if "BSpline" in n]


def make(rng, k, largest):
    size = [int(s) for s in rng.integers(6, largest, 3)]
    how = ["space", "signs", "axes", "oblique"][k % 4]
    direction = common.turned(rng, how)
    spacing = rng.choice([0.5, 0.7, 0.9765620231628418, 1.0, 1.25, 2.0, 3.27, 5.0], 3) if k % 3 else rng.uniform(0.4, 4, 3)
    origin = rng.choice([0.0, -12.5, 31.25, -250.0], 3) if k % 5 else rng.uniform(-300, 300, 3)
    to = direction
    if k % 7 == 5:
        to = common.rotation(rng)
    elif k % 7 == 6:
        to = direction + rng.normal(size=(3, 3)) * 1e-11
    # Ratios that put new voxels halfway between old ones, and others.
    new = spacing / rng.choice([0.5, 1.0, 2.0, 3.0, 4.0], 3) if k % 2 else rng.uniform(0.4, 4, 3)
    n = [int(np.clip(np.ceil(s * a / b), 1, largest)) for s, a, b in zip(size, spacing, new)]
    index = 0.5 * (new - spacing) / spacing + rng.integers(-2, 4, 3)
    if k % 7 == 5:
        index = np.array(size) / 2 - 1
    at = origin + direction @ (spacing * index)
    kind = ["noise", "blocks", "noise", "constant"][k % 4 if k % 11 else 3]
    name = list(common.TYPES)[k % len(common.TYPES)]
    return {"kind": kind, "type": name, "seed": 1000 + k,
            "image": {"size": size, "spacing": spacing.tolist(), "origin": origin.tolist(), "direction": direction.ravel().tolist()},
            "target": {"size": n, "spacing": new.tolist(), "origin": at.tolist(), "direction": to.ravel().tolist()}}


def long(rng, k):
    """Images that reach beyond the margin of what is resampled."""
    size = [9, 8, 7]
    size[k % 3] = int(rng.integers(200, 420))
    spacing = rng.choice([0.5, 0.9765620231628418, 1.0, 3.27], 3)
    origin = rng.choice([0.0, -12.5, -250.0], 3)
    new = spacing / rng.choice([1.0, 2.0, 1.3, 0.7], 3)
    n = [7, 6, 5]
    n[k % 3] = 60
    index = np.array([1.0, 1.0, 1.0])
    index[k % 3] = rng.integers(0, size[k % 3] - 40)
    index += rng.choice([0.0, 0.25, 0.5])
    direction = np.eye(3)
    at = origin + spacing * index
    return {"kind": ["plains", "constant", "noise", "plains"][k % 4], "type": ["int16", "int16", "uint8", "float32", "uint16", "int32"][k % 6],
            "seed": 5000 + k,
            "image": {"size": size, "spacing": spacing.tolist(), "origin": origin.tolist(), "direction": direction.ravel().tolist()},
            "target": {"size": n, "spacing": new.tolist(), "origin": at.tolist(), "direction": direction.ravel().tolist()}}


def resample(image, target, interpolator):
    f = sitk.ResampleImageFilter()
    f.SetOutputSpacing(target["spacing"])
    f.SetOutputDirection(target["direction"])
    f.SetSize(target["size"])
    f.SetOutputOrigin(target["origin"])
    f.SetOutputPixelType(image.GetPixelID())
    f.SetInterpolator(getattr(sitk, interpolator))
    return f.Execute(image)


def inverses(rng):
    out = []
    for k in range(200):
        spacing, direction = rng.uniform(0.3, 5, 3), common.turned(rng, ["signs", "axes", "oblique", "oblique"][k % 4])
        if k % 8 == 6:
            direction = np.eye(3) + rng.normal(size=(3, 3)) * 10.0 ** -rng.integers(3, 17)
        image = sitk.Image([2, 2, 2], sitk.sitkUInt8)
        image.SetSpacing(spacing.tolist())
        image.SetDirection(direction.ravel().tolist())
        unit = np.eye(3)
        columns = [image.TransformPhysicalPointToContinuousIndex(unit[c].tolist()) for c in range(3)]
        out.append({"spacing": spacing.tolist(), "direction": direction.ravel().tolist(), "inverse": np.array(columns).T.ravel().tolist()})
    return out


def main(count=240, largest=14, file="resample.json"):
    rng = np.random.default_rng(20)
    cases = []
    for k in range(count):
        case = make(rng, k, largest)
        case["interpolator"] = INTERPOLATORS[rng.integers(len(INTERPOLATORS))] if k % 2 else "sitkBSpline"
        out = resample(common.image(case), case["target"], case["interpolator"])
        case["sha256"] = common.sha(out)
        values = sitk.GetArrayViewFromImage(out).ravel()
        if case["type"] == "float64" and case["interpolator"] in SPLINES:
            step = max(1, values.size // 25)
            case["values"] = values[::step].tolist()
        cases.append(case)
    more = []
    for k in range(count):
        case = long(rng, k)
        case["interpolator"] = ["sitkBSpline", "sitkBSpline2", "sitkBSpline", "sitkBSpline5"][k % 4]
        case["sha256"] = common.sha(resample(common.image(case), case["target"], case["interpolator"]))
        more.append(case)
    here = pathlib.Path(__file__).parent
    (here / file).write_text(json.dumps(cases).replace("}, {\"kind", "},\n{\"kind") + "\n")
    (here / ("long_" + file)).write_text(json.dumps(more).replace("}, {\"kind", "},\n{\"kind") + "\n")
    (here / "inverse.json").write_text(json.dumps(inverses(np.random.default_rng(21))).replace("}, {", "},\n{") + "\n")


if __name__ == "__main__":
    a = sys.argv[1:]
    main(*[int(v) for v in a[:2]], *a[2:])
