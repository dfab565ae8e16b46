"""Makes a CSV (feature, value) for each parameter file of examples/radiomics: what PyRadiomics 3.0.1 gives of a real scan.

    python -m venv venv
    venv/bin/pip install numpy==2.2.6 scipy==1.14.1 cython setuptools wheel versioneer SimpleITK==2.5.7 \\
        PyWavelets==1.9.0 scikit-image==0.26.0 trimesh
    venv/bin/pip install pyradiomics==3.0.1 --no-build-isolation
    venv/bin/python make_parameters.py

The scans lie in the folder of shared data: the environment variable RADSQL_SHARED, else `shared` beside the repository. The
files themselves are given to PyRadiomics, so its own check of parameter files (pykwalify) has passed them.

vector_mask.yaml is no example but lies here: a mask of two components in a box of its own around the region, so that
label, label_channel and correctMask are needed. Component 0 has label 1 everywhere in the box; component 1 has label 2 in
the region, and 1 in its first slice.
"""

import logging
import os
import pathlib

import numpy
import radiomics
import SimpleITK as sitk
from radiomics import featureextractor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DATA = pathlib.Path(os.environ.get("RADSQL_SHARED", ROOT.parent / "shared")) / "data"
BRAIN = (DATA / "nrrd/brain1_image.nrrd", DATA / "nrrd/brain1_label.nrrd")
SARCOMA = tuple(DATA / f"sts/nifti/STS_002/CT_{part}.nii.gz" for part in ("image", "mask"))
# Name of the CSV, parameter file, image and mask.
CASES = [
    ("ct", "ct", SARCOMA),
    ("mr_3mm", "mr_3mm", BRAIN),
    ("mr_5mm", "mr_5mm", BRAIN),
    ("mr_slices", "mr_slices", BRAIN),
    ("all_image_types_mr", "all_image_types", BRAIN),
    ("all_image_types_ct", "all_image_types", SARCOMA),
    ("every_setting", "every_setting", BRAIN),
]
MARGIN = 2


def vector_mask(labels):
    """A mask of two components around the region of another, smaller than the image."""
    inside = sitk.GetArrayFromImage(labels) == 1
    found = numpy.argwhere(inside)
    low, high = found.min(axis=0) - MARGIN, found.max(axis=0) + MARGIN + 1
    first = inside.copy()
    first[found.min(axis=0)[0] + 1:] = False
    box = tuple(slice(a, b) for a, b in zip(low, high))
    components = numpy.stack([numpy.ones_like(inside), inside * 2 - first], axis=-1)[box].astype("uint8")
    mask = sitk.GetImageFromArray(components, isVector=True)
    mask.SetSpacing(labels.GetSpacing())
    mask.SetDirection(labels.GetDirection())
    mask.SetOrigin(labels.TransformIndexToPhysicalPoint([int(v) for v in low[::-1]]))
    return mask


def write(name, parameters, image, mask):
    extractor = featureextractor.RadiomicsFeatureExtractor(str(parameters))
    values = {k: v for k, v in extractor.execute(image, mask).items() if not k.startswith("diagnostics_")}
    with open(HERE / f"{name}.csv", "w") as file:
        file.write("feature,value\n")
        for feature, value in values.items():
            file.write(f"{feature},{float(value)!r}\n")
    print(name, len(values))


def main():
    assert radiomics.__version__.lstrip("v") == "3.0.1", radiomics.__version__
    radiomics.logger.setLevel(logging.CRITICAL)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    for name, parameters, (image, mask) in CASES:
        write(name, ROOT / f"examples/radiomics/{parameters}.yaml", str(image), str(mask))
    image, labels = (sitk.ReadImage(str(path)) for path in BRAIN)
    write("vector_mask", HERE / "vector_mask.yaml", image, vector_mask(labels))


if __name__ == "__main__":
    main()
