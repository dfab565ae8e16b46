"""What a model sees of an image, by SimpleITK and numpy: the whole image oriented and resampled, then cut and padded.

    python -m venv venv && venv/bin/pip install numpy==2.4.6 SimpleITK==2.5.7
    venv/bin/python tests/golden/deep/make_crops.py

Writes crops.json, a list of cases: an image's geometry and type, a mask's box, a description, and of the expected input the sum,
the sum of squares and 400 values at places of their own. Voxels have a formula, so that they need no file: voxel i, x
fastest, is ((i * 7919 + seed) mod 3001) - 1200, divided by 3 where the type is float32 or float64.
"""
import json
import pathlib

import numpy as np
import SimpleITK as sitk

HERE = pathlib.Path(__file__).parent


def rotation(axis, degrees):
    axis = np.array(axis, float) / np.linalg.norm(axis)
    x = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    a = np.deg2rad(degrees)
    return np.eye(3) + np.sin(a) * x + (1 - np.cos(a)) * (x @ x)


CORONAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
SAGITTAL = np.array([[0, 0, -1.0], [1, 0, 0], [0, -1, 0]])
MODEL = {"spatial_shape": [16, 14, 12], "spacing": [1.0, 1.0, 1.0], "orientation": "LPS", "value_range": [-1024, 2048],
         "normalize": "unit", "pad_value": -1024, "output": "features", "output_dim": 8, "sha256": "0" * 64}


def case(name, model=None, **changes):
    return {"name": name, "type": "int16", "seed": 11, "size": [40, 36, 24], "spacing": [0.9, 0.9, 2.5],
            "origin": [-120.5, 33.25, 410.0], "direction": np.eye(3), "lower": [15, 14, 9], "box": [8, 7, 5]} | changes | {
        "model": MODEL | (model or {})}


CASES = [
    case("axial"),
    case("already at the spacing", spacing=[1.0, 1.0, 1.0]),
    case("from the feet", direction=np.diag([1.0, 1, -1])),
    case("turned in plane", direction=np.diag([-1.0, -1, 1])),
    case("coronal", direction=CORONAL, spacing=[0.8, 1.3, 3.0]),
    case("sagittal", direction=SAGITTAL, spacing=[0.8, 1.3, 3.0]),
    case("oblique by 12 degrees", direction=rotation([1, 2, -0.5], 12)),
    case("oblique by 40 degrees", direction=rotation([0.3, -1, 2], 40) @ CORONAL),
    case("oblique by 45 degrees", direction=rotation([0, 0, 1], 45)),
    case("RAS", {"orientation": "RAS"}),
    case("SPL", {"orientation": "SPL", "spatial_shape": [12, 14, 16]}),
    case("IAR of a sagittal image", {"orientation": "IAR"}, direction=SAGITTAL),
    case("anisotropic model", {"spacing": [0.7, 1.5, 2.2]}),
    case("odd shape", {"spatial_shape": [15, 13, 11]}, box=[7, 7, 4]),
    case("coarser", {"spacing": [3.0, 3.0, 5.0], "spatial_shape": [9, 8, 7]}),
    case("mask at the first corner", lower=[0, 0, 0], box=[3, 2, 1]),
    case("mask at the last corner", lower=[38, 35, 23], box=[2, 1, 1]),
    case("mask at a border of an oblique image", direction=rotation([1, 1, 1], 25), lower=[0, 34, 10], box=[2, 2, 3]),
    case("image smaller than the crop", size=[7, 6, 3], lower=[2, 2, 1], box=[3, 2, 1]),
    case("one slice", size=[20, 20, 1], lower=[5, 5, 0], box=[6, 6, 1]),
    case("one voxel", size=[1, 1, 1], lower=[0, 0, 0], box=[1, 1, 1]),
    case("float32", type="float32"),
    case("float64", type="float64", direction=rotation([1, 0, 0], 8)),
    case("uint16", type="uint16"),
    case("clipped to a window", {"value_range": [-160, 240], "pad_value": 3000}, lower=[0, 0, 0], box=[4, 4, 4]),
    case("mean and standard deviation", {"normalize": {"mean": 40.0, "std": 125.5}, "pad_value": 0}, lower=[0, 0, 0]),
    case("not normalised", {"normalize": "none", "value_range": [-500.5, 900.25]}, lower=[0, 30, 0], box=[4, 5, 4]),
]


def image_of(c):
    i = np.arange(np.prod(c["size"]), dtype=np.int64)
    v = (i * 7919 + c["seed"]) % 3001 - 1200
    if c["type"].startswith("float"):
        v = v / 3
    elif c["type"] == "uint16":
        v = v + 1200
    image = sitk.GetImageFromArray(v.astype(c["type"]).reshape(c["size"][::-1]))
    image.SetSpacing(c["spacing"])
    image.SetOrigin(c["origin"])
    image.SetDirection(np.asarray(c["direction"]).ravel().tolist())
    return image


def expected(c):
    """The model's input, indexed as its tensor."""
    image = image_of(c)
    mask = np.zeros(c["size"][::-1], np.uint8)
    (x, y, z), (nx, ny, nz) = c["lower"], c["box"]
    mask[z:z + nz, y:y + ny, x:x + nx] = 1
    mask = sitk.GetImageFromArray(mask)
    mask.CopyInformation(image)
    return seen(image, mask, c["model"])


def seen(image, mask, model):
    """What a model sees of a region, which is where the mask is not 0."""
    # Orientation.
    image, mask = (sitk.DICOMOrient(i, model["orientation"]) for i in (image, mask))
    image = sitk.Cast(image, sitk.sitkFloat32)
    # Spacing: the whole image on the lattice from its first voxel, with a rim so wide that the crop never leaves it.
    spacing, shape = np.array(model["spacing"]), np.array(model["spatial_shape"])
    rim = shape + 1
    points = np.ceil(np.array(image.GetSize()) * np.array(image.GetSpacing()) / spacing).astype(int) + 2 * rim
    direction = np.array(image.GetDirection()).reshape(3, 3)
    origin = np.array(image.GetOrigin()) - direction @ (rim * spacing)
    lattice = sitk.Resample(image, points.tolist(), sitk.Transform(), sitk.sitkLinear, origin.tolist(), spacing.tolist(),
                            image.GetDirection(), float(model["pad_value"]))
    array = sitk.GetArrayFromImage(lattice).transpose(2, 1, 0)
    # Crop, at the lattice point nearest to the box's centre.
    labels = np.argwhere(sitk.GetArrayFromImage(mask).transpose(2, 1, 0))
    centre = (labels.min(0) + labels.max(0)) / 2
    nearest = np.floor(centre * np.array(mask.GetSpacing()) / spacing + 0.5 + 1e-6).astype(int)
    start = nearest - shape // 2 + rim
    array = array[tuple(slice(a, a + n) for a, n in zip(start, shape))]
    assert array.shape == tuple(shape)
    # Clip and normalise.
    low, high = map(np.float32, model["value_range"])
    array = np.clip(array.astype(np.float32), low, high)
    how = model["normalize"]
    if how == "unit":
        return (array - low) / (high - low)
    if how == "none":
        return array
    return (array - np.float32(how["mean"])) / np.float32(how["std"])


def main():
    out = []
    for number, c in enumerate(CASES):
        values = expected(c).ravel()
        at = np.sort(np.random.default_rng(number).choice(values.size, min(400, values.size), replace=False))
        c["direction"] = np.asarray(c["direction"]).ravel().tolist()
        total = values.astype(np.float64)
        out.append(c | {"sum": total.sum(), "squares": (total ** 2).sum(), "at": at.tolist(),
                        "values": [float(f"{v:.9g}") for v in values[at]]})
    (HERE / "crops.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]\n")


if __name__ == "__main__":
    main()
