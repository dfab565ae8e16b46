"""Makes vectors.json: masks with several values a voxel, and the labels that PyRadiomics 3.0 takes of each component.

    pip install "SimpleITK==2.5.*" numpy
    python make_vectors.py

PyRadiomics (`imageoperations.getMask`) selects one component of a vector image with VectorIndexSelectionCast and casts it to
UInt32; other images it casts as they are, whatever the channel.
"""

import gzip
import json
import pathlib
import shutil
import tempfile

import numpy as np
import SimpleITK as sitk

from nifti_cases import header1
from nrrd_cases import head

HERE = pathlib.Path(__file__).parent
NII = dict(qform=1, quatern=(0.1, 0.2, 0.3), qoffset=(5, 6, 7))
KINDS = {"uint8": "uchar", "int8": "int8", "int16": "short", "uint16": "ushort", "int32": "int", "uint32": "uint", "float32": "float", "float64": "double"}


def labels(dtype, n, seed=5):
    """Labels from 0 to 4, of floats with fractions, in no order."""
    random = np.random.default_rng(seed)
    values = random.integers(0, 5, n)
    return (values + random.random(n) * 0.9 if np.dtype(dtype).kind == "f" else values).astype(dtype)


def raw(dtype, n, order="<"):
    return labels(dtype, n).astype(np.dtype(dtype).newbyteorder(order)).tobytes()


def nii(dtype, dim, order="<", **fields):
    n = int(np.prod(dim[1 : dim[0] + 1]))
    return header1(dtype=dtype, order=order, dim=list(dim) + [1] * (8 - len(dim)), **NII, **fields) + b"\0" * 4 + raw(dtype, n, order)


def nrrd(kinds, sizes, dtype="uint8", order="<", encoding="raw", geometry=None, **fields):
    axes = [k in ("domain", "space") for k in kinds.split()]
    spacings = iter(("0.5", "0.75", "2"))
    if geometry is None:
        geometry = "spacings: " + " ".join(next(spacings) if a else "nan" for a in axes) + "\n"
    body = raw(dtype, int(np.prod([int(s) for s in sizes.split()])), order)
    if encoding == "gzip":
        body = gzip.compress(body, mtime=0)
    elif encoding == "ascii":
        values = np.frombuffer(body, np.dtype(dtype).newbyteorder(order))
        body = " ".join(repr(v.item()) for v in values).encode()
    text = head(
        kind=KINDS[dtype], geometry=f"kinds: {kinds}\n{geometry}", encoding=encoding, endian="little" if order == "<" else "big",
        sizes=sizes, dimension=len(axes), **fields,
    )
    return text + body


def cases():
    for dtype in KINDS:
        for order in "<>":
            yield f"nifti {dtype} {order}", "a.nii", nii(dtype, (5, 4, 3, 2, 1, 3), order, intent=1007)
            yield f"nrrd {dtype} {order}", "a.nrrd", nrrd("vector domain domain domain", "3 4 3 2", dtype, order)
            yield f"nrrd {dtype} {order} gzip, last", "a.nrrd", nrrd("domain domain domain vector", "4 3 2 3", dtype, order, "gzip")
        yield f"nrrd {dtype} ascii", "a.nrrd", nrrd("vector domain domain domain", "3 4 3 2", dtype, encoding="ascii")
    for dtype in ("uint8", "int16"):
        packed = gzip.compress(nii(dtype, (5, 4, 3, 2, 1, 3), intent=1007), mtime=0)
        yield f"nifti {dtype} gzip", "a.nii.gz", packed
    yield "nifti two dimensions", "a.nii", nii("uint8", (5, 4, 6, 1, 1, 3), intent=1007)
    yield "nifti six dimensions", "a.nii", nii("uint8", (6, 4, 3, 2, 1, 3, 1), intent=1007)
    yield "nifti of one", "a.nii", nii("uint8", (5, 4, 3, 2, 1, 1), intent=1007)
    yield "nifti colours", "a.nii", header1(code=128, dim=(3, 4, 3, 2, 1, 1, 1, 1), **NII) + b"\0" * 4 + raw("uint8", 72)
    yield "nifti colours and opacity", "a.nii", header1(code=2304, dim=(3, 4, 3, 2, 1, 1, 1, 1), **NII) + b"\0" * 4 + raw("uint8", 96)
    yield "nifti scalar", "a.nii", nii("uint8", (3, 4, 3, 2))
    for kind, n in [
        ("list", 2), ("vector", 5), ("covariant-vector", 3), ("normal", 3), ("point", 3), ("2-vector", 2), ("3-vector", 3), ("4-vector", 4),
        ("3-color", 3), ("4-color", 4), ("RGB-color", 3), ("HSV-color", 3), ("XYZ-color", 3), ("RGBA-color", 4), ("3-normal", 3),
        ("quaternion", 4), ("3D-matrix", 9), ("2D-matrix", 4), ("list", 1), ("3-vector", 4), ("complex", 2), ("3D-symmetric-matrix", 6), ("scalar", 2),
    ]:
        yield f"nrrd {kind} of {n}", "a.nrrd", nrrd(f"{kind} domain domain domain", f"{n} 4 3 2")
    yield "nrrd second axis", "a.nrrd", nrrd("domain vector domain domain", "4 3 3 2")
    yield "nrrd third axis", "a.nrrd", nrrd("domain domain vector domain", "4 3 3 2")
    yield "nrrd third axis ascii", "a.nrrd", nrrd("domain domain vector domain", "4 3 3 2", encoding="ascii")
    yield "nrrd second axis gzip", "a.nrrd", nrrd("domain list domain domain", "4 3 3 2", "int16", ">", "gzip")
    yield "nrrd rows of one voxel", "a.nrrd", nrrd("domain vector domain domain", "1 3 3 2")
    yield "nrrd two dimensions", "a.nrrd", nrrd("vector domain domain", "3 4 6")
    yield "nrrd two dimensions, last", "a.nrrd", nrrd("domain domain vector", "4 6 3")
    space = "space: RAS\nspace directions: none (0.5,0,0) (0,0.75,0) (0,0,2)\nspace origin: (1,2,3)\n"
    yield "nrrd in space", "a.nrrd", nrrd("vector space space space", "3 4 3 2", geometry=space)
    yield "nrrd byte skip", "a.nrrd", nrrd("vector domain domain domain", "3 4 3 2", more="byte skip: -1\n")


def of(path):
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError:
        return None
    count = image.GetNumberOfComponentsPerPixel()
    if "vector" in image.GetPixelIDTypeAsString():
        select = sitk.VectorIndexSelectionCastImageFilter()
        channels = []
        for c in range(count):
            select.SetIndex(c)
            channels.append(select.Execute(image))
    elif "complex" in image.GetPixelIDTypeAsString():
        return None
    else:
        channels = [image]
    return {
        "size": image.GetSize(),
        "spacing": image.GetSpacing(),
        "origin": image.GetOrigin(),
        "direction": image.GetDirection(),
        "channels": [sitk.GetArrayFromImage(sitk.Cast(c, sitk.sitkUInt32)).flatten().tolist() for c in channels],
    }


found = []
for name, file, content in cases():
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / file).write_bytes(content)
    found.append({"name": name, "files": {file: content.hex()}, "simpleitk": of(folder / file)})
    shutil.rmtree(folder)
lines = ",\n".join(json.dumps(c) for c in found)
(HERE / "vectors.json").write_text(f"[\n{lines}\n]\n")
print(len(found), "cases,", sum(c["simpleitk"] is None for c in found), "refused", sitk.Version_VersionString())
