"""Makes cases.json: small image files and what SimpleITK 2.5 (NIfTI-2: nibabel) reads from them.

    pip install "SimpleITK==2.5.*" nibabel numpy
    python make.py                # cases.json
    python make.py SHARED         # also real.json, for the images below SHARED/data, which are not in this repository
"""

import json
import pathlib
import re
import shutil
import sys
import tempfile

import nibabel
import numpy as np
import SimpleITK as sitk

import nifti_cases
import nrrd_cases

HERE = pathlib.Path(__file__).parent


def plain(v):
    """A number as JSON can hold it: NaN, infinities and complex numbers as text."""
    v = v.item() if hasattr(v, "item") else v
    finite = not isinstance(v, (float, complex)) or (isinstance(v, float) and np.isfinite(v))
    return v if finite else str(v)


def with_simpleitk(path):
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as e:
        # Without folders and addresses, which differ from run to run.
        last = str(e).strip().splitlines()[-1].replace(f"{path.parent}/", "")
        return {"error": re.sub(r"\(0x[0-9a-f]+\)", "", last)[:160]}
    array = sitk.GetArrayFromImage(image)
    return {
        "size": image.GetSize(),
        "spacing": [plain(v) for v in image.GetSpacing()],
        "origin": [plain(v) for v in image.GetOrigin()],
        "direction": [plain(v) for v in image.GetDirection()],
        "type": str(array.dtype),
        "components": image.GetNumberOfComponentsPerPixel(),
        # Files too short for their header, which SimpleITK reads, would fill pages with what was in memory.
        "voxels": [plain(v) for v in array.flatten()] if array.size <= 64 else None,
    }


def with_nibabel(path):
    image = nibabel.load(str(path))
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    spacing = [float(v) for v in image.header.get_zooms()[:3]]
    array = np.asanyarray(image.dataobj)
    return {
        "size": image.shape,
        "spacing": spacing,
        "origin": affine[:3, 3].tolist(),
        "direction": (affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)).flatten().tolist(),
        "type": str(array.dtype.newbyteorder("=")),
        "components": 1,
        "voxels": [plain(v) for v in array.flatten(order="F")],
    }


def small():
    cases = []
    everything = list(nifti_cases.cases()) + list(nrrd_cases.cases()) + list(nifti_cases.random_orientations())
    for name, files in everything:
        folder = pathlib.Path(tempfile.mkdtemp())
        for file, content in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(content)
        case = {"name": name, "files": {f: c.hex() for f, c in files.items()}}
        first = folder / next(iter(files))
        case["simpleitk"] = with_simpleitk(first)
        if name.startswith("nifti-2"):
            case["nibabel"] = with_nibabel(first)
        cases.append(case)
        shutil.rmtree(folder)
    lines = ",\n".join(json.dumps(c) for c in cases)
    (HERE / "cases.json").write_text(f"[\n{lines}\n]\n")
    print(len(cases), "cases,", sum("error" in c["simpleitk"] for c in cases), "refused by SimpleITK", sitk.Version_VersionString())


def real(shared):
    data = pathlib.Path(shared) / "data"
    found = []
    for path in sorted(data.rglob("*.nii.gz")) + sorted(data.rglob("*.nrrd")):
        image = sitk.ReadImage(str(path))
        array = sitk.GetArrayFromImage(image)
        found.append({
            "file": str(path.relative_to(data)),
            "size": image.GetSize(),
            "spacing": image.GetSpacing(),
            "origin": image.GetOrigin(),
            "direction": image.GetDirection(),
            "type": str(array.dtype),
            # in float64, one voxel after the other, so that the bits can be compared
            "sum": float(np.add.accumulate(array.flatten().astype(np.float64))[-1]),
            "mean": float(np.mean(array.astype(np.float64))),
            "min": float(array.min()),
            "max": float(array.max()),
            "weighted": float(np.add.accumulate((array.flatten().astype(np.float64) * (np.arange(array.size) % 1009)))[-1]),
        })
    lines = ",\n".join(json.dumps(c) for c in found)
    (HERE / "real.json").write_text(f"[\n{lines}\n]\n")
    print(len(found), "real images")


small()
if len(sys.argv) > 1:
    real(sys.argv[1])
