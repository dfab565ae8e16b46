"""What PyRadiomics 3.0.1's imageoperations make of images and masks: resampleImage, _correctMask, normalizeImage, resegmentMask.

Run by a Python with PyRadiomics 3.0.1, numpy 2.2 and SimpleITK 2.5.7: venv/bin/python make_preprocess.py
"""
import json
import logging
import pathlib

import numpy as np
import SimpleITK as sitk
from radiomics import imageoperations as ops

import common

logging.getLogger("radiomics").setLevel(logging.CRITICAL)
HERE = pathlib.Path(__file__).parent


def write(file, cases):
    (HERE / file).write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


def region(mask):
    """The box [x, y, z, sizes] and the voxels of label 1."""
    f = sitk.LabelShapeStatisticsImageFilter()
    f.Execute(mask)
    if 1 not in f.GetLabels():
        return None
    return {"box": list(f.GetBoundingBox(1)), "voxels": f.GetNumberOfPixels(1), "sha256": common.sha(sitk.Cast(mask == 1, sitk.sitkUInt8))}


def tried(work):
    try:
        return work()
    except (ValueError, RuntimeError) as e:
        if "larger than image space" in str(e):
            return {"error": "outside"}
        if "excluded too many" in str(e):
            return {"error": "resegmented"}
        return {"error": "empty"}


def pair(rng, k):
    size = [int(s) for s in rng.integers(12, 26, 3)]
    direction = common.turned(rng, ["space", "signs", "oblique", "axes"][k % 4])
    spacing = rng.choice([0.5, 0.7812499999999999, 0.9765620231628418, 1.0, 2.0, 3.27, 5.0], 3)
    origin = rng.choice([0.0, -12.5, 31.25, -250.0], 3) if k % 3 else rng.uniform(-300, 300, 3)
    image = {"size": size, "spacing": spacing.tolist(), "origin": origin.tolist(), "direction": direction.ravel().tolist()}
    radii = [int(min(r, (n - 1) // 2)) for r, n in zip(rng.integers(1, 7, 3), size)]
    if k % 5 == 4:
        radii[int(rng.integers(3))] = 0
    centre = [int(rng.integers(r, n - r)) for r, n in zip(radii, size)]
    mask = dict(image)
    if k % 3 == 1:  # another grid, by whole voxels, halves of them, or anything
        shift = rng.integers(-3, 4, 3) * [1.0, 0.5, 0.37][k // 3 % 3]
        mask["origin"] = (origin + direction @ (spacing * shift)).tolist()
        if k % 6 == 4:
            factor = rng.choice([0.5, 1.0, 1.5, 2.0], 3)
            mask["spacing"] = (spacing * factor).tolist()
            mask["size"] = [int(np.ceil(n / f)) for n, f in zip(size, factor)]
            radii = [int(min(r / f, (n - 1) // 2)) for r, f, n in zip(radii, factor, mask["size"])]
            centre = [int(np.clip(c / f, r, n - 1 - r)) for c, f, r, n in zip(centre, factor, radii, mask["size"])]
    if k % 10 == 9:
        mask["direction"] = (direction @ common.rotation(rng) if k % 20 == 9 else direction).ravel().tolist()
    return {"kind": ["noise", "blocks"][k % 2], "type": ["int16", "float32", "uint8", "float64"][k % 4 if k % 7 else 0],
            "seed": 9000 + k, "image": image, "mask": mask, "centre": centre, "radii": radii}


def resample():
    rng, cases = np.random.default_rng(31), []
    for k in range(240):
        case = pair(rng, k)
        image, mask = common.image(case), common.mask(case)
        new = rng.choice([0.0, 0.5, 1.0, 1.0, 2.0, 3.0], 3)
        if k % 6 == 2:
            new = np.array(case["image"]["spacing"]) * (1 + 5e-6)
        case["spacing"], case["pad"] = new.tolist(), int(rng.choice([0, 2, 5, 10]))
        case["interpolator"] = ["sitkBSpline", "sitkLinear", "sitkNearestNeighbor"][k % 3 if k % 2 else 0]

        def work():
            im, ma = ops.resampleImage(image, mask, resampledPixelSpacing=case["spacing"], padDistance=case["pad"],
                                       interpolator=case["interpolator"], label=1)
            found = region(ma)
            if found is None:
                return {"error": "empty"}
            if sitk.GetArrayViewFromImage(im).dtype == np.float64 and "Spline" in case["interpolator"]:
                values = sitk.GetArrayViewFromImage(im).ravel()
                image_is = {"values": values[:: max(1, values.size // 25)].tolist()}
            else:
                image_is = {"sha256": common.sha(im)}
            return {"grid": common.geometry(im), "image": image_is, "mask": found}

        case["result"] = tried(work)
        case["corrected"] = tried(lambda: region(ops._correctMask(image, mask, label=1)) or {"error": "empty"})
        cases.append(case)
    write("target.json", cases)


def normalise():
    rng, cases = np.random.default_rng(32), []
    for k, name in enumerate(list(common.TYPES) * 3):
        case = {"kind": ["noise", "blocks"][k % 2], "type": name, "seed": 700 + k,
                "image": {"size": [int(n) for n in rng.integers(3, 40, 3)], "spacing": [1.0] * 3, "origin": [0.0] * 3,
                          "direction": np.eye(3).ravel().tolist()},
                "scale": [1, 100, 2.5][k // 10], "outliers": [None, 1.5, 0.7][k % 3]}
        out = ops.normalizeImage(common.image(case), normalizeScale=case["scale"], removeOutliers=case["outliers"])
        case["sha256"], case["values"] = common.sha(out), sitk.GetArrayViewFromImage(out).ravel()[:3].tolist()
        cases.append(case)
    write("normalise.json", cases)


def resegment():
    rng, cases = np.random.default_rng(33), []
    ranges = {"absolute": [[-200, 400], [100], [0.5, 120.3], [2000, -100], [1e9]], "relative": [[0.2], [0.7, 0.1], [0.99]],
              "sigma": [[-1, 1], [0.3], [-0.5, 2.25], [30]]}
    for k in range(120):
        case = pair(rng, 3 * k)
        case["mask"] = case["image"]
        case["type"] = ["int16", "float32", "uint8", "float64", "float32"][k % 5]
        if k % 8 == 0:  # more voxels than numpy sums at once
            case["image"]["size"], case["centre"], case["radii"] = [40, 40, 40], [20, 20, 20], [15, 16, 17]
        case["mode"] = list(ranges)[k % 3]
        case["range"] = ranges[case["mode"]][int(rng.integers(len(ranges[case["mode"]])))]
        image, mask = common.image(case), common.mask(case)
        case["result"] = tried(lambda: region(sitk.Cast(ops.resegmentMask(image, mask, resegmentRange=case["range"],
                                                                         resegmentMode=case["mode"], label=1), sitk.sitkUInt32)))
        cases.append(case)
    write("resegment.json", cases)


if __name__ == "__main__":
    resample()
    normalise()
    resegment()
