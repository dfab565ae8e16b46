"""Makes cases.json and values.csv: PyRadiomics 3.0.1's diagnostics of small images and masks.

Run by the Python of ../pipeline/make_pipeline.py (its head says which packages): venv/bin/python make_diagnostics.py

A case is: how its image and mask are made (recipes and number generator of ../radiomics/make_golden.py; `seed` starts the
generator, the image comes first), the parameter file, and what PyRadiomics said when it refused the case. The mask lies on
the image's grid unless it has one of its own. Inside the region it has the value `label`, elsewhere 0, or `other` where
x + y + z is a multiple of 4. values.csv has the diagnostics of all other cases, values as Python's repr writes them.
"""

import copy
import csv
import json
import logging
import pathlib
import sys

import numpy
import radiomics
import SimpleITK as sitk
from radiomics import featureextractor

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "radiomics"))
import make_golden  # noqa: E402

IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1]
OBLIQUE = [0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1]
FLIPPED = [-1, 0, 0, 0, -1, 0, 0, 0, 1]
FEATURES = {"firstorder": ["Mean"]}


def grid(size, spacing=(1, 1, 1), origin=(0, 0, 0), direction=IDENTITY):
    return {"size": list(size), "spacing": list(spacing), "origin": list(origin), "direction": direction}


def case(name, on, setting, image="noise -200 300", dtype="int16", divisor=1, mask="ball", mask_dtype="uint8", label=1, other=0,
         mask_on=None, **sections):
    return {"name": name, "grid": on, "image": image, "dtype": dtype, "divisor": divisor, "mask": mask,
            "mask_dtype": mask_dtype, "label": label, "other": other, "mask_grid": mask_on or on,
            "parameters": {"setting": setting, "featureClass": FEATURES, **sections}}


ANISOTROPIC = grid((11, 9, 7), (0.7, 0.9, 2.5), (-120.3, 33.1, 7.0), OBLIQUE)
FLIP = grid((9, 12, 8), (0.977, 0.977, 3.0), (1000.5, -250.25, -1201.75), FLIPPED)
CUBE = grid((10, 10, 10))
WIDE = grid((40, 37, 29), (0.5, 0.5, 2.0), (12.5, -3.25, 100))
SHIFTED = grid((11, 9, 7), (0.7, 0.9, 2.5), (-120.2, 33.2, 7.4), OBLIQUE)
# A voxel less on every side, and not on the voxels.
BETWEEN = grid((9, 7, 5), (0.7, 0.9, 2.5), (-120.18, 34.34, 9.9), OBLIQUE)
FINER = grid((14, 13, 16), (0.6, 0.6, 0.5), (1.1, 1.3, 1.7))
OUTSIDE = grid((10, 10, 10), origin=(6, 0, 0))

CASES = [
    # Hashes and means of every voxel type.
    *(case(f"image of {t}", ANISOTROPIC, {}, "noise 0 100", t) for t in ("uint8", "int8", "uint16", "int32")),
    case("image of float32", FLIP, {}, "noise -30000 30000", "float32", 7),
    case("image of float64", WIDE, {}, "noise -30000 30000", "float64", 1000),
    case("mask of int16, negative", FLIP, {"label": 300}, mask_dtype="int16", label=300, other=-3),
    case("mask of float32, fractions", ANISOTROPIC, {"label": 2}, mask_dtype="float32", label=2, other=-2.5),
    case("mask of uint16, labels", FLIP, {}, mask_dtype="uint16", other=40000, mask="two_balls"),
    case("several parts", CUBE, {}, mask="isolated"),
    case("parts that touch at edges", CUBE, {}, mask="diagonal", other=4),
    # The configuration.
    case("settings", CUBE, {"binWidth": 25.0, "weightingNorm": None, "minimumROISize": 3, "force2D": True, "sigma": [1, 2.0]},
         imageType={"LoG": {}, "Original": {"binCount": 8}}, voxelSetting={"kernelRadius": 2, "maskedKernel": True}),
    case("no image types", CUBE, {"interpolator": "sitkLinear"}, imageType={}),
    # Normalising alone shows nowhere.
    case("normalised", FLIP, {"normalize": True, "normalizeScale": 100, "removeOutliers": 1.5}),
    case("normalised, resampled", FLIP, {"normalize": True, "normalizeScale": 100, "removeOutliers": 1.5,
                                         "resampledPixelSpacing": [2, 2, 2]}),
    case("normalised, resegmented", ANISOTROPIC, {"normalize": True, "resegmentRange": [-1, 0.5]}, dtype="float32", divisor=10),
    # Resampling.
    case("resampled", ANISOTROPIC, {"resampledPixelSpacing": [1, 1, 1.5], "padDistance": 1}, dtype="float32", divisor=10),
    case("resampled, linear", FLIP, {"resampledPixelSpacing": [1.3, 0.5, 0], "interpolator": "sitkLinear"}),
    case("resampled to its own spacing", FLIP, {"resampledPixelSpacing": [0.977, 0.977, 3.0], "padDistance": 1}),
    case("resampled without an interpolator", FLIP, {"resampledPixelSpacing": [2, 2, 2], "interpolator": None}),
    case("resampled, mask on another grid", CUBE, {"resampledPixelSpacing": [0.8, 0.8, 0.8], "padDistance": 2}, mask_on=FINER),
    case("resampled to its own spacing, mask on another grid", CUBE, {"resampledPixelSpacing": [1, 1, 1], "correctMask": True,
                                                                      "padDistance": 0}, mask_on=FINER),
    case("resampled, resegmented", FLIP, {"resampledPixelSpacing": [2, 2, 2], "resegmentRange": [-50, 200]}),
    # preCrop shows in what resegmentation leaves.
    case("cropped", ANISOTROPIC, {"preCrop": True, "padDistance": 1}),
    case("cropped, resegmented", ANISOTROPIC, {"preCrop": True, "padDistance": 1, "resegmentRange": [0.2, 0.8],
                                               "resegmentMode": "relative", "label": 3}, mask="shell", label=3, other=1),
    case("cropped, corrected, resegmented", CUBE, {"preCrop": True, "padDistance": 2, "correctMask": True,
                                                   "resegmentRange": [0]}, mask_on=FINER),
    # Resegmentation.
    case("resegmented", WIDE, {"resegmentRange": [-100, 100]}, "smooth 23 -17 31 40", other=2),
    case("resegmented by sigma", ANISOTROPIC, {"resegmentRange": [-1, 1], "resegmentMode": "sigma", "resegmentShape": True}),
    # Correction.
    case("corrected, other spacing", CUBE, {"correctMask": True}, mask_on=FINER, other=2),
    case("corrected, shifted", ANISOTROPIC, {"correctMask": True, "normalize": True, "label": 2}, mask_on=BETWEEN, label=2),
    case("corrected, resegmented", CUBE, {"correctMask": True, "resegmentRange": [-50]}, mask_on=FINER),
    case("nothing to correct", ANISOTROPIC, {"correctMask": True, "resegmentRange": [-50, 250]}),
    case("a shift within the tolerance", ANISOTROPIC, {"correctMask": True, "geometryTolerance": 1}, mask_on=SHIFTED),
    # What is refused.
    case("refused: another grid", CUBE, {}, mask_on=FINER),
    case("refused: outside", CUBE, {"correctMask": True}, mask_on=OUTSIDE),
    case("refused: absent", CUBE, {"label": 5}),
    case("refused: too few voxels", CUBE, {"minimumROISize": 900}),
    case("refused: too few dimensions", CUBE, {"minimumROIDimensions": 3}, mask="slice z"),
    case("refused: nothing left", CUBE, {"resegmentRange": [1000, 2000]}),
]


def volume(voxels, on):
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing([float(v) for v in on["spacing"]])
    image.SetOrigin([float(v) for v in on["origin"]])
    image.SetDirection([float(v) for v in on["direction"]])
    return image


def build(c):
    numbers = make_golden.Numbers(c["seed"])
    voxels = make_golden.image(c["image"], c["grid"]["size"], numbers).astype(c["dtype"])
    if c["dtype"].startswith("float"):
        voxels = voxels / voxels.dtype.type(c["divisor"])
    inside = make_golden.mask(c["mask"], c["mask_grid"]["size"], numbers)
    labels = (inside.astype("int64") * c["label"]).astype(c["mask_dtype"])
    z, y, x = numpy.indices(labels.shape)
    labels[(inside == 0) & ((x + y + z) % 4 == 0)] = c["other"]
    return volume(voxels, c["grid"]), volume(labels, c["mask_grid"])


def main():
    assert radiomics.__version__.lstrip("v") == "3.0.1", radiomics.__version__
    radiomics.logger.setLevel(logging.CRITICAL)
    with open(HERE / "values.csv", "w") as file:
        values = csv.writer(file, lineterminator="\n")
        values.writerow(["case", "key", "value"])
        for seed, c in enumerate(CASES, 1):
            c["seed"] = seed
            image, mask = build(c)
            extractor = featureextractor.RadiomicsFeatureExtractor(copy.deepcopy(c["parameters"]))
            # The tolerance of the case before stays in SimpleITK otherwise.
            tolerance = c["parameters"]["setting"].get("geometryTolerance", 1e-6)
            sitk.ProcessObject.SetGlobalDefaultCoordinateTolerance(tolerance)
            sitk.ProcessObject.SetGlobalDefaultDirectionTolerance(tolerance)
            try:
                found = extractor.execute(image, mask)
            except (ValueError, RuntimeError) as e:
                # Without the place in SimpleITK's sources, which is one of the machine that built it.
                c["error"] = str(e).splitlines()[0].split(": /")[0]
                continue
            for key, value in found.items():
                if key.startswith("diagnostics_") and "_Versions_" not in key:
                    values.writerow([c["name"], key, repr(value)])
    (HERE / "cases.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in CASES) + "\n]\n")


main()
