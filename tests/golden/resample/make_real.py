"""Real scans resampled by PyRadiomics with the settings of the conformance's .resamp111 cases.

Run by a Python with PyRadiomics 3.0.1 and SimpleITK 2.5.7, with the folder of shared data (RADSQL_SHARED):
venv/bin/python make_real.py folder
"""
import json
import pathlib
import sys
import time

import numpy as np
import SimpleITK as sitk
from radiomics import imageoperations as ops

import common

CASES = {"brain1": ("nrrd/brain1_image.nrrd", "nrrd/brain1_label.nrrd"),
         "sts001": ("sts/nifti/STS_001/CT_image.nii.gz", "sts/nifti/STS_001/CT_mask.nii.gz"),
         "sts002": ("sts/nifti/STS_002/CT_image.nii.gz", "sts/nifti/STS_002/CT_mask.nii.gz"),
         "ibsi1ct": ("ibsi/ct_phantom/nifti/image/phantom.nii.gz", "ibsi/ct_phantom/nifti/mask/mask.nii.gz")}


def diagnostics(shared, name):
    text = (shared / "conformance/radiomics" / f"{name}.resamp111.diag.csv").read_text().splitlines()
    return dict(line.split(",", 1) for line in text[1:])


def main(shared):
    out = []
    for name, (image, mask) in CASES.items():
        im, ma = sitk.ReadImage(str(shared / "data" / image)), sitk.ReadImage(str(shared / "data" / mask))
        ma = sitk.Cast(ma, sitk.sitkUInt32)
        known = diagnostics(shared, name)
        for kind in [im.GetPixelIDTypeAsString(), "16-bit signed integer"]:
            if kind == "16-bit signed integer":
                im = sitk.Cast(im, sitk.sitkInt16)
            start = time.process_time()
            a, b = ops.resampleImage(im, ma, resampledPixelSpacing=[1, 1, 1], padDistance=5, interpolator="sitkBSpline", label=1)
            print(name, kind, "CPU s", time.process_time() - start)
            assert str(a.GetSize()) == known["diagnostics_Image-interpolated_Size"].strip('"')
            n = int((sitk.GetArrayViewFromImage(b) == 1).sum())
            assert str(n) == known["diagnostics_Mask-interpolated_VoxelNum"]
            out.append({"case": name, "image": image, "mask": mask, "int16": kind == "16-bit signed integer",
                        "grid": common.geometry(a), "image_sha256": common.sha(a), "voxels": n,
                        "mask_sha256": common.sha(sitk.Cast(b == 1, sitk.sitkUInt8))})
    (pathlib.Path(__file__).parent / "real.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
