"""Features of the study's lesions by PyRadiomics and ONNX Runtime: `features.py COHORT OUT`.

Of each patient of COHORT/crlm and COHORT/external the largest region Tumor_* is measured: the 851 features of PyRadiomics'
original and wavelet images with its default settings, and the 256 numbers of COHORT/models/resnet10.onnx, whose input is
prepared by SimpleITK as its description resnet10.json states. Writes lesions.csv and features.csv to OUT. One process a core,
each with one thread.
"""

import csv
import functools
import json
import logging
import multiprocessing
import os
import pathlib
import sys
import time

import numpy
import onnxruntime
import radiomics
import SimpleITK as sitk
from radiomics import featureextractor

SITES = ["crlm", "external"]


def largest_lesion(patient):
    """The largest metastasis of a patient's folder, the first by name of equal ones: mask, name, voxels and volume in ml."""
    sizes = []
    for path in sorted((patient / "seg").glob("Tumor*.nii.gz")):
        mask = sitk.ReadImage(str(path))
        voxels = int((sitk.GetArrayViewFromImage(mask) == 1).sum())
        name = path.name.removesuffix(".nii.gz")
        sizes.append((-voxels * float(numpy.prod(mask.GetSpacing())), name, voxels, mask))
    if not sizes:
        return None
    volume, name, voxels, mask = min(sizes, key=lambda size: size[:2])
    return mask, name, voxels, -volume / 1000


@functools.cache
def extractor():
    radiomics.setVerbosity(logging.CRITICAL)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    made = featureextractor.RadiomicsFeatureExtractor()
    made.enableImageTypes(Original={}, Wavelet={})
    return made


@functools.cache
def network(models):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(models / "resnet10.onnx"), options, providers=["CPUExecutionProvider"])
    return session, json.loads((models / "resnet10.json").read_text())


def seen(image, mask, model):
    """What the network sees: the image on its lattice, a box around the lesion's box, clipped and normalised."""
    image, mask = (sitk.DICOMOrient(i, model["orientation"]) for i in (image, mask))
    spacing, shape = numpy.array(model["spacing"]), numpy.array(model["spatial_shape"])
    # A rim so wide that the box never leaves the lattice.
    rim = shape + 1
    points = numpy.ceil(numpy.array(image.GetSize()) * numpy.array(image.GetSpacing()) / spacing).astype(int) + 2 * rim
    direction = numpy.array(image.GetDirection()).reshape(3, 3)
    origin = numpy.array(image.GetOrigin()) - direction @ (rim * spacing)
    lattice = sitk.Resample(
        sitk.Cast(image, sitk.sitkFloat32), points.tolist(), sitk.Transform(), sitk.sitkLinear, origin.tolist(),
        spacing.tolist(), image.GetDirection(), float(model["pad_value"]),
    )  # fmt: skip
    voxels = numpy.argwhere(sitk.GetArrayViewFromImage(mask).transpose(2, 1, 0) == 1)
    centre = (voxels.min(0) + voxels.max(0)) / 2
    nearest = numpy.floor(centre * numpy.array(mask.GetSpacing()) / spacing + 0.5 + 1e-6).astype(int)
    start = nearest - shape // 2 + rim
    box = sitk.GetArrayViewFromImage(lattice).transpose(2, 1, 0)[tuple(slice(a, a + n) for a, n in zip(start, shape))]
    low, high = map(numpy.float32, model["value_range"])
    assert model["normalize"] == "unit"
    return (numpy.clip(box.astype(numpy.float32), low, high) - low) / (high - low)


def measure(task):
    """One patient's lesion and features; None without a lesion."""
    cohort, patient, models = task
    found = largest_lesion(patient)
    if found is None:
        return None
    mask, region, voxels, volume = found
    image = sitk.ReadImage(str(patient / "ct.nii.gz"))
    result = extractor().execute(image, mask, label=1)
    features = {name: float(value) for name, value in result.items() if not name.startswith("diagnostics_")}
    session, description = network(models)
    array = numpy.ascontiguousarray(seen(image, mask, description))[None, None]
    (deep,) = session.run([description["output"]], {session.get_inputs()[0].name: array})
    features |= {f"deep_{place}": float(value) for place, value in enumerate(deep.ravel())}
    return (cohort, patient.name, region, voxels, volume), features


def cell(value):
    """As many digits as the number has, nothing for NaN."""
    return "" if value != value else repr(value)


def main():
    start = time.time()
    cohort, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    tasks = [
        (site, patient, cohort / "models")
        for site in SITES
        for patient in sorted((cohort / site).iterdir())
        if (patient / "ct.nii.gz").exists()
    ]
    cores = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        rows = [row for row in pool.imap(measure, tasks) if row]
    with open(out / "lesions.csv", "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(["cohort", "patient_id", "region", "voxels", "volume_ml"])
        writer.writerows(lesion for lesion, _ in rows)
    with open(out / "features.csv", "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        names = list(rows[0][1])
        writer.writerow(["cohort", "patient_id", *names])
        writer.writerows([*lesion[:2], *(cell(values[name]) for name in names)] for lesion, values in rows)
    print(f"features of {len(rows)} lesions: {time.time() - start:.1f} s on {cores} cores")


if __name__ == "__main__":
    main()
