"""Features of whole scans by SimpleITK and PyTorch: `make_scans.py SHARED > scans.csv`.

A scan's NIfTI or DICOM is read by SimpleITK, brought to the model's input as in make_crops.py, and run by PyTorch from the
TorchScript of the model. Versions: SimpleITK 2.5.7, numpy 2.4.6, PyTorch 2.13.0.
"""

import csv
import json
import sys
from pathlib import Path

import SimpleITK as sitk
import torch
from make_crops import seen

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SHARED = Path(sys.argv[1])
MODELS = {"tiny": HERE / "models", "resnet10": ROOT / "examples/deep"}
SCANS = {
    "sts": (SHARED / "data/sts/nifti/STS_001/CT_image.nii.gz", SHARED / "data/sts/nifti/STS_001/CT_mask.nii.gz"),
    "small": (ROOT / "tests/golden/dicom/masks/image", ROOT / "tests/golden/dicom/labels/same.nii.gz"),
}


def read(path):
    if not path.is_dir():
        return sitk.ReadImage(str(path))
    reader = sitk.ImageSeriesReader()
    (uid,) = reader.GetGDCMSeriesIDs(str(path))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path), uid))
    return reader.Execute()


torch.set_num_threads(1)
out = csv.writer(sys.stdout, lineterminator="\n")
for scan, (image, mask) in SCANS.items():
    image, mask = read(image), read(mask) == 1
    for model, folder in MODELS.items():
        network = torch.jit.load(str(folder / f"torchscript/{model}.ts.pt"))
        array = seen(image, mask, json.loads((folder / f"{model}.json").read_text()))
        with torch.no_grad():
            features = network(torch.from_numpy(array.copy())[None, None]).ravel()
        out.writerow([scan, model, *(f"{v:.9g}" for v in features.tolist())])
