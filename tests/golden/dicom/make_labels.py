"""Label files for the DICOM image in masks/image: `make_labels.py` writes labels/.

The segments of masks/binary.dcm on the image's grid, as NIfTI whose axes are turned and flipped as programs that convert
DICOM leave them, and as NRRD on a grid of twice the spacing along z. Versions: SimpleITK 2.5.7, highdicom 0.28.2.
"""

from pathlib import Path

import highdicom
import SimpleITK
from make_real import on_image, read_series

HERE = Path(__file__).parent
(HERE / "labels").mkdir(exist_ok=True)
seg = highdicom.seg.segread(HERE / "masks/binary.dcm")
image = read_series(HERE / "masks/image")
labels = None
for number in [1, 2]:
    one = on_image(seg, number, image)[0] > 0
    print(number, int(SimpleITK.GetArrayFromImage(one).sum()))
    # Where segments overlap the later one counts.
    labels = one if labels is None else SimpleITK.Maximum(labels, one * number)
for number in [1, 2]:
    print("label", number, int((SimpleITK.GetArrayFromImage(labels) == number).sum()))
SimpleITK.WriteImage(SimpleITK.DICOMOrient(labels, "SRA"), HERE / "labels/turned.nii.gz")
SimpleITK.WriteImage(labels, HERE / "labels/same.nii.gz")
coarse = SimpleITK.Resample(
    labels,
    [labels.GetSize()[0], labels.GetSize()[1], labels.GetSize()[2] // 2],
    SimpleITK.Transform(),
    SimpleITK.sitkNearestNeighbor,
    labels.TransformContinuousIndexToPhysicalPoint([0, 0, 0.5]),
    [labels.GetSpacing()[0], labels.GetSpacing()[1], labels.GetSpacing()[2] * 2],
    labels.GetDirection(),
)
SimpleITK.WriteImage(coarse, HERE / "labels/coarse.nrrd")
for label in [1, 2]:
    back = SimpleITK.Resample(coarse == label, image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0)
    print("coarse label", label, int(SimpleITK.GetArrayFromImage(back).sum()))
