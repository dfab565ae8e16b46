"""Makes values.csv and named_values.csv: the features that PyRadiomics 3.0.1 gives for the synthetic cases of cases.csv.

values.csv has the 107 features of every case that PyRadiomics computes unless told otherwise; named_values.csv those that it
computes only when they are named, and shape2D for the cases of one slice at the end of the list (empty for all others).

    python -m venv venv
    venv/bin/pip install numpy==2.2.6 cython setuptools wheel versioneer SimpleITK==2.5.7 PyWavelets==1.8.0
    venv/bin/pip install pyradiomics==3.0.1 --no-build-isolation
    venv/bin/python make_golden.py

cases.csv is written here too, from the list below. The images and masks are not stored: a small generator of whole
numbers makes them, here and in udfs/kernels/radiomics/tests/golden/generator.rs.

Integer images with values near the ends of their type are left out: numpy's bin edges wrap around there.

Before it computes shape2D, PyRadiomics' extractor asks whether the region is flat, with the sense of the question reversed
and the axes (z, y, x) taken for (x, y, z): it computes shape2D when the region's box is longer than 1 along x, y, z for
force2Ddimension 0, 1, 2. For dimension 1 that is never a slice, so that there is no value. The class itself is asked here,
and must agree with the extractor where that gives a value.
"""

import csv
import logging
import pathlib

import numpy
import radiomics
import SimpleITK as sitk
from radiomics import featureextractor, imageoperations, shape2D

HERE = pathlib.Path(__file__).parent
COLUMNS = ["case", "seed", "size", "dtype", "image", "divisor", "mask", "spacing", "settings"]

# name, size x y z, dtype, image recipe, divisor (float types only), mask recipe, spacing x y z, settings
CASES = [
    # types of voxels, default settings
    ("int16_noise", "9 8 7", "int16", "noise -200 300", 1, "ball", "1 1 1", ""),
    ("int16_smooth", "12 11 9", "int16", "smooth 23 -17 31 40", 1, "ball", "0.9 0.9 2.5", ""),
    ("int16_negative", "8 8 6", "int16", "noise -1000 -400", 1, "ball", "1 1 3", ""),
    ("uint8_noise", "9 9 5", "uint8", "noise 0 180", 1, "ball", "0.7 0.7 5", ""),
    ("int32_wide", "7 7 7", "int32", "noise -30000 30000", 1, "ball", "1 1 1", "binWidth=2500"),
    ("uint16_noise", "7 8 9", "uint16", "noise 900 1400", 1, "ball", "2 1 0.5", ""),
    ("int8_noise", "8 8 8", "int8", "noise -40 50", 1, "ball", "1 1 1", "binWidth=10"),
    ("float32_noise", "9 8 7", "float32", "noise -20000 30000", 100, "ball", "1 1 1", ""),
    ("float32_tenths", "9 8 7", "float32", "noise -300 500", 10, "ball", "1 1 1", "binWidth=0.3"),
    ("float32_edges", "9 8 7", "float32", "noise -40 60", 10, "ball", "1 1 1", "binWidth=0.1"),
    ("float32_far", "8 8 8", "float32", "noise 1000000 1000900", 10, "ball", "1 1 1", "binWidth=0.7"),
    ("float64_noise", "9 8 7", "float64", "noise -20000 30000", 100, "ball", "1 1 1", ""),
    ("float64_tenths", "9 8 7", "float64", "noise -300 500", 10, "ball", "1 1 1", "binWidth=0.3"),
    ("float64_edges", "9 8 7", "float64", "noise -40 60", 10, "ball", "1 1 1", "binWidth=0.1"),
    ("int16_half_width", "9 8 7", "int16", "noise -100 100", 1, "ball", "1 1 1", "binWidth=12.5"),
    # bin counts
    ("count32_int16", "9 8 7", "int16", "noise -200 300", 1, "ball", "1 1 1", "binCount=32"),
    ("count16_float32", "9 8 7", "float32", "noise -20000 30000", 130, "ball", "1 1 1", "binCount=16"),
    ("count64_float64", "9 8 7", "float64", "noise -20000 30000", 130, "ball", "1 1 1", "binCount=64"),
    ("count7_uint8", "9 8 7", "uint8", "noise 3 170", 1, "ball", "1 1 1", "binCount=7"),
    ("count1_int16", "6 6 6", "int16", "noise -200 300", 1, "ball", "1 1 1", "binCount=1"),
    ("count32_flat", "6 6 5", "int16", "flat 40", 1, "ball", "1 1 2", "binCount=32"),
    ("count100_levels_missing", "6 6 5", "int16", "pick -10 5 200", 1, "ball", "1 1 2", "binCount=100"),
    # flat and nearly flat regions, gaps between levels
    ("flat_zero", "6 5 4", "int16", "flat 0", 1, "ball", "1 1 1", ""),
    ("flat_negative", "6 5 4", "int16", "flat -37", 1, "box", "1 1 1", ""),
    ("flat_float", "6 5 4", "float32", "flat 25", 10, "box", "1 1 1", ""),
    ("two_levels", "7 7 7", "int16", "pick 0 100", 1, "ball", "1 1 1", ""),
    ("two_far_levels", "7 7 7", "int16", "pick -900 1000", 1, "ball", "1 1 1", ""),
    ("three_levels", "7 7 7", "int16", "pick 0 30 400", 1, "noise 60", "1 1 1", ""),
    ("halves", "8 6 6", "int16", "halves 10 90", 1, "box", "1 1 1", ""),
    # masks
    ("full_box", "6 7 8", "int16", "noise 0 400", 1, "box", "1 1 1", ""),
    ("sparse_mask", "9 9 9", "int16", "noise 0 400", 1, "noise 20", "1 1 1", ""),
    ("very_sparse_mask", "9 9 9", "int16", "noise 0 400", 1, "noise 4", "1 1 1", ""),
    ("isolated", "9 9 9", "int16", "noise 0 400", 1, "isolated", "1 1 1", ""),
    ("isolated_flat", "7 7 7", "int16", "flat 10", 1, "isolated", "1 1 1", ""),
    ("two_balls", "16 8 8", "int16", "smooth 9 -7 5 60", 1, "two_balls", "1 1 1.5", ""),
    ("one_slice_z", "9 9 5", "int16", "noise 0 400", 1, "slice z", "0.8 0.8 4", ""),
    ("one_slice_y", "9 5 9", "int16", "noise 0 400", 1, "slice y", "0.8 0.8 4", ""),
    ("one_slice_x", "5 9 9", "int16", "noise 0 400", 1, "slice x", "0.8 0.8 4", ""),
    ("diagonal_sheet", "8 8 8", "int16", "noise 0 400", 1, "diagonal", "1 1 1", ""),
    ("shell", "10 10 10", "int16", "noise 0 200", 1, "shell", "1 1 1", ""),
    ("two_by_two", "4 4 3", "int16", "noise 0 200", 1, "two_by_two", "1 1 1", ""),
    ("small_cube", "3 2 2", "int16", "noise 0 200", 1, "box", "1.5 1 0.5", ""),
    ("thin_spacing", "9 9 9", "int16", "noise 0 300", 1, "ball", "0.1 3 11", ""),
    # one setting at a time
    ("distances_1_2", "9 8 7", "int16", "smooth 11 13 -9 50", 1, "ball", "1 1 1", "distances=1;2"),
    ("distances_2", "9 8 7", "int16", "smooth 11 13 -9 50", 1, "ball", "1 1 1", "distances=2"),
    ("distances_3_1_thin", "9 8 3", "int16", "smooth 11 13 -9 50", 1, "ball", "1 1 1", "distances=3;1"),
    ("distances_sparse", "9 9 9", "int16", "noise 0 300", 1, "noise 15", "1 1 1", "distances=1;2"),
    ("euclidean", "9 8 7", "int16", "noise 0 300", 1, "ball", "0.6 0.7 1.3", "weightingNorm=euclidean"),
    ("manhattan", "9 8 7", "int16", "noise 0 300", 1, "ball", "0.6 0.7 1.3", "weightingNorm=manhattan"),
    ("infinity", "9 8 7", "int16", "noise 0 300", 1, "ball", "0.6 0.7 1.3", "weightingNorm=infinity"),
    ("no_weighting", "9 8 7", "int16", "noise 0 300", 1, "ball", "0.6 0.7 1.3", "weightingNorm=no_weighting"),
    ("euclidean_vanishing", "9 8 7", "int16", "noise 0 300", 1, "ball", "30 30 40", "weightingNorm=euclidean"),
    ("no_weighting_isolated", "9 9 9", "int16", "noise 0 300", 1, "isolated", "1 1 1", "weightingNorm=no_weighting"),
    ("force2d_z", "9 8 7", "int16", "smooth 11 13 -9 50", 1, "ball", "1 1 3", "force2D=0"),
    ("force2d_y", "9 8 7", "int16", "smooth 11 13 -9 50", 1, "ball", "1 1 3", "force2D=1"),
    ("force2d_x", "9 8 7", "int16", "smooth 11 13 -9 50", 1, "ball", "1 1 3", "force2D=2"),
    ("force2d_isolated", "9 8 7", "int16", "noise 0 300", 1, "isolated", "1 1 3", "force2D=0"),
    ("asymmetrical", "9 8 7", "int16", "smooth 11 13 -9 50", 1, "ball", "1 1 1", "symmetricalGLCM=0"),
    ("asymmetrical_weighted", "9 8 7", "int16", "smooth 11 13 -9 50", 1, "ball", "1 0.8 1",
     "symmetricalGLCM=0,weightingNorm=euclidean"),
    ("asymmetrical_pick", "9 8 7", "int16", "pick 0 100 200", 1, "noise 40", "1 1 1", "symmetricalGLCM=0"),
    ("gldm_a_1", "9 8 7", "int16", "noise 0 300", 1, "ball", "1 1 1", "gldm_a=1"),
    ("gldm_a_3_gaps", "9 8 7", "int16", "pick 0 60 300 340", 1, "ball", "1 1 1", "gldm_a=3"),
    ("shift", "9 8 7", "int16", "noise -300 300", 1, "ball", "1 1 1", "voxelArrayShift=300"),
    ("everything", "9 8 7", "float32", "noise -3000 9000", 10, "noise 70", "0.5 0.7 2",
     "binCount=20,distances=1;2,weightingNorm=manhattan,force2D=1,symmetricalGLCM=0,gldm_a=2,voxelArrayShift=50"),
    # more grey levels than voxels in a line
    ("many_levels", "11 10 9", "int16", "noise -600 600", 1, "ball", "1 1 1", "binWidth=1"),
    ("many_levels_smooth", "11 10 9", "int32", "smooth 90 31 -57 20", 1, "ball", "1 1 1", "binWidth=3"),
]

# One slice, with 2-D shape.
FLAT_CASES = [
    ("disc_z", "11 10 3", "int16", "noise 0 300", 1, "plane z disc", "0.7 1.3 4", "force2D=0"),
    ("disc_y", "11 3 10", "int16", "noise 0 300", 1, "plane y disc", "0.7 1.3 4", "force2D=1"),
    ("disc_x", "3 11 10", "int16", "noise 0 300", 1, "plane x disc", "0.7 1.3 4", "force2D=2"),
    ("ring_z", "16 16 1", "uint8", "noise 0 100", 1, "plane z ring", "0.5 0.5 3", "force2D=0"),
    ("ring_y", "12 1 16", "float32", "noise 0 3000", 10, "plane y ring", "0.9 2 1.1", "force2D=1"),
    ("ring_x", "1 16 9", "int16", "noise 0 100", 1, "plane x ring", "3 0.8 2.5", "force2D=2"),
    ("parts_z", "9 9 5", "int16", "smooth 9 -7 5 60", 1, "plane z parts", "1 1 1", "force2D=0"),
    ("parts_y", "9 5 9", "int16", "smooth 9 -7 5 60", 1, "plane y parts", "1 0.3 2", "force2D=1"),
    ("parts_x", "5 9 9", "int16", "smooth 9 -7 5 60", 1, "plane x parts", "1 0.3 2", "force2D=2"),
    ("checker_z", "12 11 2", "int16", "noise 0 300", 1, "plane z checker", "1.5 1 2", "force2D=0"),
    ("checker_x", "2 12 11", "int16", "noise 0 300", 1, "plane x checker", "1.5 1 2", "force2D=2"),
    ("diagonal_z", "7 7 2", "int16", "noise 0 300", 1, "plane z diagonal", "1 1 1", "force2D=0"),
    ("diagonal_y", "7 2 7", "int16", "noise 0 300", 1, "plane y diagonal", "0.7 1 1.9", "force2D=1"),
    ("isolated_z", "9 7 2", "int16", "noise 0 300", 1, "plane z isolated", "1 2 1", "force2D=0"),
    ("isolated_x", "2 9 7", "int16", "noise 0 300", 1, "plane x isolated", "1 2 1", "force2D=2"),
    ("line_along_x", "9 5 3", "int16", "noise 0 300", 1, "plane z row", "0.8 1 1", "force2D=0,minimumROIDimensions=1"),
    ("line_along_y", "5 9 3", "int16", "noise 0 300", 1, "plane z column", "1 0.7 1", "force2D=0,minimumROIDimensions=1"),
    ("line_along_z", "5 3 9", "int16", "noise 0 300", 1, "plane x column", "1 1 2.5", "force2D=2,minimumROIDimensions=1"),
    ("full_slice_z", "8 9 2", "int16", "noise 0 300", 1, "plane z full", "1 1 1", "force2D=0"),
    ("noise_z", "16 16 2", "int16", "noise 0 300", 1, "plane z noise 50", "0.6 0.7 1", "force2D=0"),
    ("noise_y", "16 2 16", "int16", "noise 0 300", 1, "plane y noise 30", "0.6 0.7 1", "force2D=1"),
    ("noise_x", "2 16 16", "int16", "noise 0 300", 1, "plane x noise 75", "0.6 0.7 1", "force2D=2"),
    ("two_pixels_z", "5 5 3", "int16", "noise 0 300", 1, "plane z corner", "1 1.4 1", "force2D=0"),
]


class Numbers:
    """Whole numbers from 0 to 2^31 - 1, from a 64-bit linear congruential generator."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 33


def image(recipe, size, numbers):
    """Whole numbers, x fastest."""
    nx, ny, nz = size
    kind, *p = recipe.split()
    p = [int(v) for v in p]
    out = numpy.zeros((nz, ny, nx), dtype="int64")
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                n = numbers.next()
                if kind == "noise":
                    out[z, y, x] = p[0] + n % (p[1] - p[0] + 1)
                elif kind == "smooth":
                    out[z, y, x] = p[0] * x + p[1] * y + p[2] * z + n % p[3]
                elif kind == "flat":
                    out[z, y, x] = p[0]
                elif kind == "pick":
                    out[z, y, x] = p[n % len(p)]
                elif kind == "halves":
                    out[z, y, x] = p[0] if 2 * x < nx else p[1]
    return out


def mask(recipe, size, numbers):
    """1 inside and 0 outside."""
    nx, ny, nz = size
    kind, *p = recipe.split()

    def ball(x, y, z, n):
        # (distance from the middle / half the size)^2 summed over the axes, times 10000; the middle is half a voxel off
        terms = [(2 * a - m + 1) ** 2 * 10000 // (m * m) for a, m in ((x, nx), (y, ny), (z, nz))]
        return sum(terms)

    def inside(x, y, z, n):
        if kind == "box":
            return x < nx - 1  # PyRadiomics refuses a mask without a single voxel outside
        if kind == "ball":
            return ball(x, y, z, n) <= 10000
        if kind == "shell":
            return 4000 <= ball(x, y, z, n) <= 10000
        if kind == "noise":
            return n % 100 < int(p[0])
        if kind == "isolated":
            return x % 2 == 0 and y % 2 == 0 and z % 2 == 0
        if kind == "two_balls":
            return (2 * (x % 8) - 7) ** 2 + (2 * y - ny + 1) ** 2 + (2 * z - nz + 1) ** 2 <= (40 if x < 8 else 20)
        if kind == "slice":
            at, m = {"x": (x, nx), "y": (y, ny), "z": (z, nz)}[p[0]]
            return at == m // 2 and n % 100 < 80
        if kind == "diagonal":
            return x == z
        if kind == "plane":
            axes = {"z": (z, y, x, nz, ny, nx), "y": (y, z, x, ny, nz, nx), "x": (x, z, y, nx, nz, ny)}
            at, u, v, m, nu, nv = axes[p[0]]
            return at == m // 2 and in_plane(p[1], u, v, nu, nv, n)
        if kind == "two_by_two":
            return z == 1 and 1 <= x <= 2 and 1 <= y <= 2
        raise ValueError(recipe)

    def in_plane(shape, u, v, nu, nv, n):
        radius = (2 * u - nu + 1) ** 2 * 10000 // (nu * nu) + (2 * v - nv + 1) ** 2 * 10000 // (nv * nv)
        return {
            "disc": radius <= 10000,
            "ring": 3000 <= radius <= 10000,
            "parts": u < 2 or (u >= nu - 3 and v < 3),
            "checker": (u // 2 + v // 3) % 2 == 0,
            "diagonal": u == v,
            "isolated": u % 2 == 0 and v % 2 == 0,
            "row": u == nu // 2,
            "column": v == nv // 2,
            "full": True,
            "noise": n % 100 < int(p[-1]) if shape == "noise" else False,
            "corner": (u, v) in ((1, 2), (2, 1)),
        }[shape]

    out = numpy.zeros((nz, ny, nx), dtype="uint8")
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                out[z, y, x] = inside(x, y, z, numbers.next())
    return out


def parse_settings(text):
    settings = {"binWidth": 25}
    for part in filter(None, text.split(",")):
        name, value = part.split("=")
        if name == "distances":
            settings[name] = [int(v) for v in value.split(";")]
        elif name == "force2D":
            settings["force2D"] = True
            settings["force2Ddimension"] = int(value)
        elif name == "symmetricalGLCM":
            settings[name] = value == "1"
        elif name == "weightingNorm":
            settings[name] = value
        else:
            settings[name] = float(value) if "." in value else int(value)
    return settings


NAMED = ["original_" + name for name in (
    "shape_Compactness1", "shape_Compactness2", "shape_SphericalDisproportion", "firstorder_StandardDeviation",
    "shape2D_Elongation", "shape2D_MajorAxisLength", "shape2D_MaximumDiameter", "shape2D_MeshSurface",
    "shape2D_MinorAxisLength", "shape2D_Perimeter", "shape2D_PerimeterSurfaceRatio", "shape2D_PixelSurface",
    "shape2D_Sphericity", "shape2D_SphericalDisproportion")]


def named_values(settings, image, mask, flat):
    """The features of NAMED, those of shape2D only for a region of one slice."""
    extractor = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, **settings)
    extractor.disableAllFeatures()
    wanted = {}
    for name in NAMED:
        _, feature_class, feature = name.split("_")
        if feature_class != "shape2D" or flat:
            wanted.setdefault(feature_class, []).append(feature)
    extractor.enableFeaturesByName(**wanted)
    found = extractor.execute(image, mask)
    if flat:
        labels = sitk.Cast(mask, sitk.sitkUInt32)
        box, _ = imageoperations.checkMask(image, labels, **settings)
        plane = shape2D.RadiomicsShape2D(*imageoperations.cropToTumorMask(image, labels, box), **settings)
        for feature in wanted["shape2D"]:
            plane.enableFeatureByName(feature)
        by_class = {"original_shape2D_" + feature: value for feature, value in plane.execute().items()}
        by_extractor = {name: value for name, value in found.items() if "shape2D" in name}
        assert not by_extractor or by_extractor == by_class
        found.update(by_class)
    return found


def main():
    assert radiomics.__version__.lstrip("v") == "3.0.1", radiomics.__version__
    radiomics.logger.setLevel(logging.CRITICAL)
    numpy.seterr(all="ignore")
    with open(HERE / "cases.csv", "w") as cases, open(HERE / "values.csv", "w") as values, \
            open(HERE / "named_values.csv", "w") as named:
        cases, values, named = (csv.writer(file, lineterminator="\n") for file in (cases, values, named))
        cases.writerow(COLUMNS)
        named.writerow(["case"] + NAMED)
        header = None
        for seed, (name, size, dtype, recipe, divisor, region, spacing, settings) in enumerate(CASES + FLAT_CASES, 1):
            cases.writerow([name, seed, size, dtype, recipe, divisor, region, spacing, settings])
            shape = [int(v) for v in size.split()]
            numbers = Numbers(seed)
            voxels = image(recipe, shape, numbers).astype(dtype)
            if dtype.startswith("float"):
                voxels = voxels / voxels.dtype.type(divisor)
            labels = mask(region, shape, numbers)
            pair = [sitk.GetImageFromArray(a) for a in (voxels, labels)]
            for volume in pair:
                volume.SetSpacing([float(v) for v in spacing.split()])
            extractor = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, **parse_settings(settings))
            found = extractor.execute(*pair)
            if header is None:
                header = list(found)
                assert len(header) == 107
                values.writerow(["case"] + header)
            assert list(found) == header
            values.writerow([name] + [repr(float(v)) for v in found.values()])
            found = named_values(parse_settings(settings), *pair, flat=seed > len(CASES))
            named.writerow([name] + [repr(float(found[f])) if f in found else "" for f in NAMED])


if __name__ == "__main__":
    main()
