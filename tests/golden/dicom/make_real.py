"""Reference values of the DICOM scans in shared data: `make_real.py SHARED > real.json`.

Series are read by SimpleITK (GDCM), segmentations by highdicom, and the masks that structure sets must give from the NIfTI
masks that lie beside them. Versions: SimpleITK 2.5.7, highdicom 0.28.2, pydicom 3.0.2.
"""

import hashlib
import json
import sys
from pathlib import Path

import highdicom
import numpy
import SimpleITK

DATA = Path(sys.argv[1]) / "data" if len(sys.argv) > 1 else Path()
SERIES = ["crlm/CRLM-CT-1004/CT", "sts/dicom/STS_001/CT", "ibsi/ct_phantom/dicom/image", "dicom/seg_bit_packing_phantom/image"]
SEGMENTATIONS = ["crlm/CRLM-CT-1004/SEG", "dicom/seg_bit_packing_phantom/mask"]
REGIONS = {
    "sts/dicom/STS_001": "sts/nifti/STS_001/CT_mask.nii.gz",
    "ibsi/ct_phantom/dicom": "ibsi/ct_phantom/nifti/mask/mask.nii.gz",
}
IMAGES = {
    "sts/dicom/STS_001/CT": "sts/nifti/STS_001/CT_image.nii.gz",
    "ibsi/ct_phantom/dicom/image": "ibsi/ct_phantom/nifti/image/phantom.nii.gz",
}


def sha(array):
    return hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()


def read_series(folder):
    reader = SimpleITK.ImageSeriesReader()
    (uid,) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), uid))
    return reader.Execute()


def region(array):
    """A region of a [z, y, x] array: what is inside its smallest box."""
    where = numpy.argwhere(array)
    low, high = where.min(axis=0), where.max(axis=0)
    box = array[tuple(slice(a, b + 1) for a, b in zip(low, high))]
    return {
        "voxels": int(array.sum()),
        "lower": [int(v) for v in low[::-1]],
        "size": [int(v) for v in (high - low + 1)[::-1]],
        "sha256": sha(box.astype(numpy.uint8)),
    }


def on_image(seg, number, image):
    """A segment as 0 and 1 on the grid of its image, and on the grid of its own frames."""
    volume = seg.get_volume(segment_numbers=[number], combine_segments=True, relabel=True)
    # highdicom's axes are slice, row, column: slices may run either way along the normal.
    one = SimpleITK.GetImageFromArray((volume.array > 0).astype(numpy.uint8))
    affine = volume.affine
    columns = affine[:3, [2, 1, 0]]
    spacing = numpy.linalg.norm(columns, axis=0)
    one.SetSpacing([float(s) for s in spacing])
    one.SetOrigin([float(v) for v in affine[:3, 3]])
    one.SetDirection([float(v) for v in (columns / spacing).ravel()])
    onto = SimpleITK.Resample(one, image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0)
    return onto, volume


def main():
    out = {"series": {}, "segments": {}, "regions": {}}
    for name in SERIES:
        image = read_series(DATA / name)
        array = SimpleITK.GetArrayFromImage(image)
        entry = {
            "size": image.GetSize(),
            "spacing": image.GetSpacing(),
            "origin": image.GetOrigin(),
            "direction": image.GetDirection(),
            "type": str(array.dtype),
            "minimum": int(array.min()),
            "maximum": int(array.max()),
            "sha256": sha(array),
        }
        if name in IMAGES:
            nifti = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(DATA / IMAGES[name])))
            entry["equal_to_nifti"] = bool((nifti == array).all())
        out["series"][name] = entry
    for name in SEGMENTATIONS:
        (path,) = (DATA / name).iterdir()
        seg = highdicom.seg.segread(path)
        folder = (DATA / name).parent
        image = read_series(folder / ("CT" if (folder / "CT").exists() else "image"))
        segments = {}
        for number in seg.segment_numbers:
            onto, volume = on_image(seg, number, image)
            description = seg.get_segment_description(number)
            segments[description.segment_label] = {
                "number": number,
                "own_voxels": int((volume.array > 0).sum()),
                "own_slices": volume.shape[0],
                **region(SimpleITK.GetArrayFromImage(onto) > 0),
            }
        out["segments"][name] = segments
    for name, mask in REGIONS.items():
        out["regions"][name] = region(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(DATA / mask))) > 0)
    json.dump(out, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
