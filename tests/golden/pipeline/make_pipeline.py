"""Makes cases.jsonl and values.csv: random small cases through the whole of PyRadiomics 3.0.1.

    python -m venv venv
    venv/bin/pip install numpy==2.2.6 scipy==1.14.1 cython setuptools wheel versioneer SimpleITK==2.5.7 \\
        PyWavelets==1.9.0 scikit-image==0.26.0 trimesh
    venv/bin/pip install pyradiomics==3.0.1 --no-build-isolation
    venv/bin/python make_pipeline.py

A line of cases.jsonl is one case: how its image and mask are made (the recipes and the number generator are those of
../radiomics/make_golden.py; `seed` starts the generator), the parameter file, and what PyRadiomics said when it refused
the case. Inside the region the mask has the value `label`; when there is an `other`, every voxel outside with x + y + z a
multiple of 4 has that value. values.csv has the values of all other cases: what is not in it PyRadiomics did not give.
Numbers in a parameter file are whole numbers or not, as written: PyRadiomics cuts int16 images at other edges for a bin
width of 25 than for 25.0 when they come near the ends of the type, and names a sigma of 1 and 1.0 differently.

Left out, because the result hangs on the last bit of a rounding, on the machine or on memory that was never written:
- integer images so near the ends of their type that numpy's bin edges wrap around (whole bin widths only);
- a voxel of a filtered, normalised or interpolated image so near to an edge between bins that another order of additions
  could move it to the other side (`Fragile`). Wavelet, Square and SquareRoot are exempt: additions, multiplications and
  roots in a known order, hence the same bits everywhere. Logarithm and Exponential are not even when the voxel lies on
  the edge: log and exp of numpy differ from one processor to another, and the largest voxel often is on an edge;
- integer images interpolated to within 1e-9 of a whole number: ITK cuts the fraction off;
- masks (and images, with nearest neighbours) with a new voxel centre halfway between two old ones, unless spacing and
  origin make all arithmetic exact;
- thresholds of resegmentation with a voxel that close to them, unless they are given as they are;
- more than 800 grey levels (PyRadiomics takes long, or fails where memory ends);
- LBP of flat images, and LBP3D of images other than integers with few different values (whether an interpolated value
  reaches another that is equal to it); LBP2D of these is in, and is right only with the same arithmetic;
- LBP2D with method var on integer images (NaN cast to integers), LBP codes larger than the image's type;
- NaN and infinity in images.

What PyRadiomics 3.0.1 does that one would not expect, found on the way or built into the cases:
- A parameter file without featureClass enables every class, shape2D too; without a file shape2D is not enabled. So a
  file with force2D and no featureClass fails on any region of several slices ("Size of the mask in dimension %i is more
  than 1", with the %i), except along the axis that the next point describes.
- shape2D is computed when the region's box is longer than 1 along x, y, z for force2Ddimension 0, 1, 2 (sense reversed,
  order of axes mistaken); then the class wants a length of 1 along z, y, x. So force2Ddimension 1 never gives a value:
  the case fails, or shape2D is silently left out. See ../radiomics/make_golden.py.
- A mask whose voxels all have the label is refused ("No labels found in this mask"): the test is that there are two
  different values. A mask with two labels and no background passes.
- Shape is that of the mask before resegmentation (unless resegmentShape), but cut to the box of the mask after it.
- Features that are deprecated and only raise (glcm Dissimilarity, Homogeneity1, Homogeneity2, SumVariance; gldm
  GrayLevelNonUniformityNormalized, DependencePercentage) may be named and give no value.
- force2D, distances, binning and the like may be set for one image type; resampling, normalisation, resegmentation and
  the checks of the region only look at `setting`, and are silently ignored elsewhere. Settings of filters (sigma,
  wavelet, start_level ...) may stand in `setting`. A label set for one image type is read by its feature classes, inside
  the box of the label in `setting`. (Not in the cases.)
- LoG is skipped with a warning for images shorter than 4 voxels along an axis, or than sigma / spacing + 1; a sigma that
  is too large is skipped alone. LoG without sigma gives nothing.
- Padding with one sample for odd sizes happens along all axes, also those that force2D leaves out of the wavelet.
- The image of level 2 is called wavelet2-..., also with start_level 1 (where it is the third); only the last
  approximation is given, as wavelet<level>-LLL.
- normalize gives float64 for every type of image (SimpleITK 2.5.7).
- Resampled integer images are cut, not rounded; B-splines overshoot and are clamped to the type.
- LBP3D with lbp3DLevels 1 fails always (IndexError).
- A binCount is refused where the bins are narrower than the values are precise ("Too many bins for data range"), as in the
  high-pass sub-bands of a flat image.
- B-spline interpolation of an image of 2 voxels along an axis reads beyond the coefficients (ITK reflects an index at the
  border once, which is not enough) and gives other values in every run, some 1e68. Left out.
- Threshold of resegmentMode sigma: mean and deviation are taken in the type of the image, float32 for float32.

How well PyRadiomics knows these values itself: with numpy's and OpenBLAS' instructions beyond SSE3 switched off, 494 of the
28,990 values have other bits and 13 differ by more than 1e-10 of themselves. All of those are differences of nearly equal
numbers: Flatness and LeastAxisLength of flat regions (0 by definition, up to 1.5e-7 found), Skewness of symmetrical
values (0, up to 1.5e-16 found), and one InterquartileRange (7.6e-10 of itself).
"""

import json
import logging
import pathlib
import re
import sys
import warnings

import numpy
import radiomics
import SimpleITK as sitk
from radiomics import featureextractor, imageoperations

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "radiomics"))
import make_golden  # noqa: E402

CASES = 400
MOST_LEVELS = 800
CLASSES = featureextractor.getFeatureClasses()
TEXTURES = [name for name in CLASSES if not name.startswith("shape")]


class Fragile(Exception):
    """The result hangs on the last bit of a rounding."""


class Random(make_golden.Numbers):
    """Choices from the number generator."""

    def __init__(self, seed):
        super().__init__(seed)
        for _ in range(4):
            self.next()

    def whole(self, low, high):
        return low + self.next() % (high - low + 1)

    def chance(self, percent):
        return self.next() % 100 < percent

    def pick(self, *choices):
        return choices[self.next() % len(choices)]

    def sample(self, choices, n):
        choices = list(choices)
        return [choices.pop(self.next() % len(choices)) for _ in range(min(n, len(choices)))]


# ---------------------------------------------------------------------------------------------------------------- drawing

INTEGERS = {
    "uint8": ["noise 0 100", "noise 20 120", "smooth 3 2 5 20", "pick 0 100", "flat 30"],
    "int8": ["noise -40 50", "pick -30 40", "smooth 2 -3 1 10"],
    "uint16": ["noise 900 1400", "noise 0 60", "smooth 11 3 7 100"],
    "int16": ["noise -200 300", "noise -1000 -400", "noise 900 1400", "noise -3 4", "smooth 23 -17 31 40",
              "smooth 5 7 -3 150", "pick -900 1000", "pick 0 30 400", "halves 10 90", "flat 40", "flat 0"],
    "int32": ["noise -30000 30000", "noise 1000000 1000900", "smooth 900 -310 570 2000"],
}
FLOATS = INTEGERS["int16"] + ["noise 1000000 1000900", "noise -30000 30000", "noise 0 1000", "smooth 90 31 -57 20"]


def draw_size(r):
    kind = r.whole(1, 10)
    if kind <= 5:
        size = [r.whole(5, 12) for _ in range(3)]
    elif kind <= 7:
        size = [r.whole(3, 16) for _ in range(3)]
    elif kind == 8:
        size = [r.whole(2, 4) for _ in range(3)]
    else:
        size = [r.whole(6, 16) for _ in range(3)]
        size[r.whole(0, 2)] = r.whole(1, 2)
    while size[0] * size[1] * size[2] > 2000:
        size[r.whole(0, 2)] = r.whole(4, 9)
    return size


def draw_mask(r, size):
    axis = "xyz"[min(range(3), key=lambda d: size[d])] if r.chance(70) else r.pick(*"xyz")
    return r.pick(
        "ball", "ball", "ball", "ball", "box", "box", "shell", "noise 20", "noise 60", "noise 90", "isolated", "two_balls",
        "diagonal", "two_by_two", f"slice {axis}", f"plane {axis} disc", f"plane {axis} ring", f"plane {axis} parts",
        f"plane {axis} noise 60", "noise 2")


def tidy(value, digits=3):
    """A number with few digits."""
    return float(f"%.{digits}g" % value)


def draw_bins(r, span, low, high, dtype):
    """Bin width or count for values from low to high."""
    if r.chance(25):
        return {"binCount": r.pick(4, 8, 16, 32, 50, r.whole(1, 64))}
    if span == 0:
        return r.pick({}, {"binWidth": 10}, {"binWidth": 0.7})
    width = tidy(span / r.whole(3, 50))
    if width >= 2 and r.chance(60):
        width = int(width)
    if isinstance(width, int) and dtype.startswith(("int", "uint")):
        ends = numpy.iinfo(dtype)
        if high + span // 2 + 3 * width > ends.max or (low - span // 2 - 2 * width < ends.min and low < 0):
            width += 0.5
    return {"binWidth": width}


def draw_case(index, attempt):
    seed = index * 1000 + attempt
    r = Random(seed)
    case = {"case": index, "seed": seed, "size": draw_size(r)}
    case["dtype"] = r.pick("int16", "int16", "int16", "int16", "float32", "float32", "float32", "float64", "float64",
                           "uint8", "int8", "uint16", "int32")
    floating = case["dtype"].startswith("float")
    case["image"] = r.pick(*(FLOATS if floating else INTEGERS[case["dtype"]]))
    if case["image"].startswith("flat") and r.chance(50):
        case["image"] = r.pick("noise 0 90", "pick 0 60")
    case["divisor"] = r.pick(1, 7, 10, 100, 1000, 1000000) if floating else 1
    case["mask"] = draw_mask(r, case["size"])
    case["spacing"] = r.pick([1.0] * 3, [1.0] * 3, [0.5, 0.5, 2.0], [0.9, 0.9, 2.5], [0.7, 1.1, 3.0], [2.0, 2.0, 2.0],
                             [1.3, 0.8, 0.6], [0.977, 0.977, 3.0])
    case["origin"] = r.pick([0.0] * 3, [0.0] * 3, [-120.3, 33.1, 7.0], [1000.5, -250.25, -1201.75])
    case["direction"] = r.pick("identity", "identity", "identity", "identity", "flipped", "swapped", "oblique")
    case["label"] = r.pick(1, 1, 1, 1, 2, 255)
    if r.chance(25):
        case["other"] = r.pick(3, 7)
    image, _ = build(case)
    values = sitk.GetArrayViewFromImage(image)
    low, high = float(values.min()), float(values.max())
    case["parameters"] = draw_parameters(r, case, low, high, float(values.std()))
    return case


def draw_parameters(r, case, low, high, deviation):
    setting, flat = {}, low == high
    dtype, spacing = case["dtype"], case["spacing"]
    if case["label"] != 1 or r.chance(10):
        setting["label"] = case["label"] if r.chance(96) else 9
    if r.chance(15) and (not flat or r.chance(10)):
        setting["normalize"] = True
        scale = r.pick(1, 100, 2.5, 500)
        if scale != 1 or r.chance(30):
            setting["normalizeScale"] = scale
        if r.chance(50):
            setting["removeOutliers"] = r.pick(3, 2, 1.5)
        factor = scale / deviation if deviation else 1
        low, high, dtype = low * factor, high * factor, "float64"
    span = high - low
    if r.chance(30):
        factors = [r.pick(0.5, 0.6, 0.75, 0.8, 1, 1.25, 1.5, 2) for _ in range(3)]
        if r.chance(25):
            factors = [factors[0]] * 3
        new = [tidy(s * f, 4) if r.chance(90) else 0 for s, f in zip(spacing, factors)]
        setting["resampledPixelSpacing"] = new
        setting["interpolator"] = r.pick("sitkBSpline", "sitkBSpline", "sitkLinear", "sitkNearestNeighbor")
        if setting["interpolator"] == "sitkBSpline" and r.chance(50):
            del setting["interpolator"]
        spacing = [n or s for n, s in zip(new, spacing)]
    if r.chance(14):
        setting["preCrop"] = True
    if ("preCrop" in setting or "resampledPixelSpacing" in setting) and r.chance(50):
        setting["padDistance"] = r.pick(0, 1, 3, 8)
    if r.chance(14):
        setting["resegmentRange"], mode = r.pick(
            ([tidy(low + 0.2 * span), tidy(high - 0.1 * span)], "absolute"), ([tidy(low + 0.4 * span)], "absolute"),
            ([0.2, 0.9], "relative"), ([0.5], "relative"), ([-1, 1], "sigma"), ([-2, 2], "sigma"), ([0.25], "sigma"))
        if mode != "absolute" or r.chance(50):
            setting["resegmentMode"] = mode
        if r.chance(40):
            setting["resegmentShape"] = True
    flat_axis = {"z": 0, "y": 1, "x": 2}.get(case["mask"].split()[1] if case["mask"][:5] in ("plane", "slice") else "")
    if r.chance(45 if flat_axis is not None else 20):
        setting["force2D"] = True
        dimension = flat_axis if flat_axis is not None and r.chance(75) else r.whole(0, 2)
        if dimension != 0 or r.chance(50):
            setting["force2Ddimension"] = dimension
    if r.chance(90):
        setting.update(draw_bins(r, span, low, high, dtype))
    elif span > 3000:
        setting["binWidth"] = tidy(span / 40)
    setting.update(draw_texture_settings(r, 12))
    if r.chance(10):
        setting["minimumROIDimensions"] = r.whole(1, 3)
    if r.chance(6):
        setting["minimumROISize"] = r.pick(2, 10, 50)
    types = draw_image_types(r, setting, span, low, high, dtype, spacing, flat, case["image"] == "noise -30000 30000")
    parameters = {"setting": setting}
    if types != {"Original": {}} or r.chance(50):
        parameters["imageType"] = types
    classes = draw_classes(r, count_images(types, setting), flat_axis, setting)
    if classes:
        parameters["featureClass"] = classes
    return parameters


def draw_texture_settings(r, percent):
    setting = {}
    if r.chance(percent):
        setting["distances"] = r.pick([1, 2], [2], [1, 3], [2, 1])
    if r.chance(percent):
        setting["weightingNorm"] = r.pick("euclidean", "manhattan", "infinity", "no_weighting")
    if r.chance(percent):
        setting["symmetricalGLCM"] = False
    if r.chance(percent):
        setting["gldm_a"] = r.whole(1, 3)
    if r.chance(percent):
        setting["voxelArrayShift"] = r.pick(100, 1000, -50)
    return setting


def draw_image_types(r, setting, span, low, high, dtype, spacing, flat, fine):
    if r.chance(10):
        return {"Original": {}}
    pool = ["Original", "Original", "Wavelet", "Wavelet", "Wavelet", "LoG", "LoG", "Square", "SquareRoot", "Logarithm",
            "Exponential", "Gradient", "Gradient", "LBP2D"] + (["LBP3D"] if r.chance(30) else [])
    types = {}
    for name in dict.fromkeys(r.sample(pool, r.pick(1, 1, 1, 2, 2, 3))):
        if name.startswith("LBP") and flat:
            continue
        if name == "LBP3D" and (dtype.startswith("float") or "resampledPixelSpacing" in setting) and not fine:
            continue
        own = {}
        if name == "Wavelet":
            own = draw_wavelet(r)
            if r.chance(20):
                setting.update(own)
                own = {}
        elif name == "LoG":
            n = r.pick(1, 1, 2, 3)
            sigma = [r.pick(1, 1.0, 0.8, 1.5, 2, 2.5, 3.0, 0.5 * spacing[0], spacing[2]) for _ in range(n)]
            sigma = list(dict.fromkeys(tidy(s) if isinstance(s, float) else s for s in sigma))
            (setting if r.chance(15) else own)["sigma"] = sigma
        elif name == "Gradient" and r.chance(40):
            own["gradientUseSpacing"] = r.chance(30)
        elif name == "LBP2D":
            own = {"binWidth": 1}
            if r.chance(40):
                own["lbp2DRadius"] = r.pick(1, 1.5, 2)
            if r.chance(40):
                own["lbp2DSamples"] = r.pick(6, 8, 12)
            if r.chance(50):
                own["lbp2DMethod"] = r.pick("uniform", "ror", "default", "var")
            wide = dtype not in ("uint8", "int8")
            if own.get("lbp2DMethod") == "var" and not dtype.startswith("float"):
                del own["lbp2DMethod"]
            if own.get("lbp2DMethod") == "var":
                own["binWidth"] = tidy(span * span / 60)
            if own.get("lbp2DMethod") in ("ror", "default"):
                own["binWidth"] = 16
                if not wide:
                    del own["lbp2DMethod"]
                if own.get("lbp2DSamples") == 12:
                    own["binWidth"] = 250
        elif name == "LBP3D":
            own = r.pick({"binCount": 8}, {"binWidth": 0.31})
            if r.chance(50):
                own["lbp3DLevels"] = r.pick(1, 2, 2, 3, 3, 3)
            if r.chance(50):
                own["lbp3DIcosphereSubdivision"] = r.whole(0, 2)
            if r.chance(40):
                own["lbp3DIcosphereRadius"] = r.pick(1.5, 2)
        if not name.startswith("LBP") and r.chance(30):
            own.update(draw_bins(r, span * (0.4 if name == "LoG" else 1), low, high, dtype))
        if r.chance(30):
            own.update(draw_texture_settings(r, 15))
        if r.chance(4):
            own.update({"force2D": True, "force2Ddimension": r.whole(0, 2)})
        types[name] = own
    return types or {"Original": {}}


def draw_wavelet(r):
    own = {}
    if r.chance(65):
        own["wavelet"] = r.pick("haar", "db2", "db3", "db4", "db7", "sym4", "sym5", "coif1", "coif2", "coif3", "bior1.3",
                                "bior2.2", "bior4.4", "rbio1.3", "rbio2.4", "rbio3.1", "dmey")
    if r.chance(20):
        own["start_level"] = r.whole(0, 2)
    if r.chance(20):
        own["level"] = 2
    return own


def count_images(types, setting):
    """About how many images there will be."""
    n = 0
    for name, own in types.items():
        both = {**setting, **own}
        if name == "Wavelet":
            n += both.get("level", 1) * (3 if both.get("force2D") else 7) + 1
        elif name == "LoG":
            n += len(both["sigma"])
        elif name == "LBP3D":
            n += both.get("lbp3DLevels", 2) + 1
        else:
            n += 1
    return n


def draw_classes(r, images, flat_axis, setting):
    if images == 1 and r.chance(12):
        return {}
    classes = {}
    if images == 1 and r.chance(40):
        for name in r.sample(TEXTURES, r.whole(2, 5)):
            classes[name] = r.pick([], None)
    else:
        pool = [(c, f) for c in TEXTURES for f in CLASSES[c].getFeatureNames()]
        for name, feature in r.sample(pool, max(4, min(70, r.whole(70, 170) // images))):
            classes.setdefault(name, []).append(feature)
    if r.chance(25):
        classes["shape"] = [] if r.chance(60) else r.sample(CLASSES["shape"].getFeatureNames(), 5)
    if r.chance(60 if flat_axis is not None and setting.get("force2D") else 2):
        classes["shape2D"] = [] if r.chance(60) else r.sample(CLASSES["shape2D"].getFeatureNames(), 4)
    return classes


# --------------------------------------------------------------------------------------------------------------- building

DIRECTIONS = {
    "identity": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "flipped": (-1, 0, 0, 0, -1, 0, 0, 0, 1),
    "swapped": (0, 1, 0, 0, 0, 1, 1, 0, 0),
    "oblique": (0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1),
}


def build(case):
    """The image and the mask of a case."""
    numbers = make_golden.Numbers(case["seed"])
    voxels = make_golden.image(case["image"], case["size"], numbers).astype(case["dtype"])
    if case["dtype"].startswith("float"):
        voxels = voxels / voxels.dtype.type(case["divisor"])
    labels = make_golden.mask(case["mask"], case["size"], numbers) * numpy.uint8(case["label"])
    if "other" in case:
        z, y, x = numpy.indices(labels.shape)
        labels[(labels == 0) & ((x + y + z) % 4 == 0)] = case["other"]
    pair = [sitk.GetImageFromArray(a) for a in (voxels, labels)]
    for volume in pair:
        volume.SetSpacing(case["spacing"])
        volume.SetOrigin(case["origin"])
        volume.SetDirection([float(v) for v in DIRECTIONS[case["direction"]]])
    return pair


# -------------------------------------------------------------------------------------------------- watching for fragility

class Watch:
    """Stands between PyRadiomics and some of its functions, and raises Fragile."""

    def __init__(self):
        self.functions = {name: getattr(imageoperations, name) for name in ("getBinEdges", "resampleImage", "resegmentMask")}
        self.compute = featureextractor.RadiomicsFeatureExtractor.computeFeatures
        self.image_type, self.touched = "original", False
        for name in self.functions:
            setattr(imageoperations, name, getattr(self, name))
        watch = self

        def compute_features(extractor, image, mask, name, **settings):
            watch.image_type = name
            return watch.compute(extractor, image, mask, name, **settings)

        featureextractor.RadiomicsFeatureExtractor.computeFeatures = compute_features

    def getBinEdges(self, values, **settings):  # noqa: N802
        spread = float(numpy.max(values)) - float(numpy.min(values))
        if settings.get("binCount") is None and spread / settings.get("binWidth", 25) > MOST_LEVELS:
            raise Fragile("too many grey levels")
        edges = self.functions["getBinEdges"](values, **settings)
        kind = self.image_type.split("-")[0].rstrip("0123456789")
        if not self.touched and kind in ("original", "wavelet", "square", "squareroot"):
            return edges
        if not numpy.all(numpy.isfinite(values)):
            return edges
        x, inner = numpy.asarray(values, dtype="float64"), numpy.asarray(edges, dtype="float64")
        if settings.get("binCount") is not None:
            inner = inner[1:-1]
        if len(inner) == 0 or x.min() == x.max() and settings.get("binCount") is not None:
            return edges
        at = numpy.clip(numpy.searchsorted(inner, x), 1, len(inner) - 1) if len(inner) > 1 else numpy.zeros(len(x), int)
        distance = numpy.minimum(abs(x - inner[at]), abs(x - inner[at - 1]))
        single = self.touched or kind in ("log", "gradient")
        near = distance <= (2e-6 if single else 1e-11) * abs(x).max()
        exact = (distance == 0) & ((x == 0) | (kind not in ("logarithm", "exponential", "lbp")))
        if kind == "lbp" and "2D" in self.image_type:
            exact = distance == 0
        if numpy.any(near & ~exact):
            raise Fragile(f"{self.image_type}: a value near an edge between bins")
        return edges

    def resegmentMask(self, image, mask, **settings):  # noqa: N802
        mode = settings.get("resegmentMode", "absolute")
        inside = sitk.GetArrayFromImage(mask) == settings.get("label", 1)
        x = sitk.GetArrayFromImage(image)[inside].astype("float64")
        ends = numpy.array(settings["resegmentRange"])
        if mode == "sigma":
            ends = x.mean() + x.std() * ends
        elif mode == "relative":
            ends = x.max() * ends
        if mode != "absolute" or self.touched:
            near = abs(x[:, None] - ends[None, :]) < 2e-6 * abs(x).max()
            if near.any():
                raise Fragile("a value near a threshold of resegmentation")
        return self.functions["resegmentMask"](image, mask, **settings)

    def resampleImage(self, image, mask, **settings):  # noqa: N802
        self.touched = True
        bspline = settings.get("interpolator", "sitkBSpline") == "sitkBSpline"
        if bspline and 2 in image.GetSize():
            raise Fragile("a B-spline along an axis of 2 voxels")
        done = self.functions["resampleImage"](image, mask, **settings)
        if done[0].GetSpacing() == image.GetSpacing():
            return done
        grid = done[1]
        zyx = numpy.indices(grid.GetSize()[::-1]).reshape(3, -1)[::-1]
        turn = numpy.array(grid.GetDirection()).reshape(3, 3)
        points = numpy.array(grid.GetOrigin())[:, None] + turn @ (numpy.array(grid.GetSpacing())[:, None] * zyx)
        at = (turn.T @ (points - numpy.array(mask.GetOrigin())[:, None])) / numpy.array(mask.GetSpacing())[:, None]
        halves = abs(at - numpy.floor(at) - 0.5) < 1e-9
        numbers = [*grid.GetSpacing(), *image.GetSpacing(), *mask.GetOrigin(), *mask.GetDirection()]
        dyadic = all(float(v * 64).is_integer() for v in numbers)
        if halves.any() and not dyadic:
            raise Fragile("a voxel centre halfway between two voxels")
        integer = "integer" in image.GetPixelIDTypeAsString()
        if integer and settings.get("interpolator") != "sitkNearestNeighbor":
            uncut, _ = self.functions["resampleImage"](sitk.Cast(image, sitk.sitkFloat64), mask, **settings)
            values = sitk.GetArrayFromImage(uncut)
            if (abs(values - numpy.round(values)) < 1e-9).any():
                raise Fragile("an interpolated value near a whole number")
        return done


def refusal(error):
    """Kind and first line of an error, without paths of the build of ITK."""
    text = str(error)
    if "itk::ERROR" in text or "ITK ERROR" in text:
        text = re.split(r"(?:itk::|ITK )ERROR: ", text)[-1]
        text = re.sub(r"\(0x[0-9a-f]+\)", "", text)
    return {"class": type(error).__name__, "message": text.strip().splitlines()[0] if text.strip() else ""}


def run(case, watch):
    """The values of a case by name, or None and the reason why there are none."""
    watch.image_type = "original"
    watch.touched = bool(case["parameters"]["setting"].get("normalize"))
    extractor = featureextractor.RadiomicsFeatureExtractor(json.loads(json.dumps(case["parameters"])), additionalInfo=False)
    try:
        return extractor.execute(*build(case)), None
    except Fragile:
        raise
    except Exception as error:
        return None, refusal(error)


def main():
    assert radiomics.__version__.lstrip("v") == "3.0.1", radiomics.__version__
    radiomics.logger.setLevel(logging.CRITICAL + 1)
    logging.getLogger("pykwalify").setLevel(logging.CRITICAL)
    numpy.seterr(all="ignore")
    warnings.simplefilter("ignore")
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    watch = Watch()
    left_out = {}
    refused = count = 0
    with open(HERE / "cases.jsonl", "w") as cases, open(HERE / "values.csv", "w") as values:
        values.write("case,feature,value\n")
        for index in range(1, CASES + 1):
            attempt = 0
            while True:
                case = draw_case(index, attempt)
                try:
                    found, error = run(case, watch)
                    break
                except Fragile as reason:
                    reason = str(reason).split(": ")[-1]
                    left_out[reason] = left_out.get(reason, 0) + 1
                    attempt += 1
            if error:
                case["error"] = error
                refused += 1
            cases.write(json.dumps(case) + "\n")
            for name, value in (found or {}).items():
                values.write(f"{index},{name},{float(value)!r}\n")
                count += 1
    print(f"{CASES} cases, {refused} refused, {count} values; drawn again: {left_out}", file=sys.stderr)


if __name__ == "__main__":
    main()
