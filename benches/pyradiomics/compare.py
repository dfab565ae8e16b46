"""CPU time and memory of radsql's extraction against PyRadiomics 3.0.1 on the same scans.

    python benches/pyradiomics/compare.py [--settings default|wavelet] [--shared FOLDER] [--command COMMAND] [--repeat N]

Needs a Python with PyRadiomics 3.0.1 and SimpleITK (tests/golden/radiomics/make_golden.py says how to install them), and
the example binary: cargo build --release -p radsql-radiomics --example extract.

Both compute the same features, from file to number, on one thread. `default`: the 107 features of the original image, of
24 CT scans with tumour masks. `wavelet`: the 851 features of the original image and its wavelet, of five scans (brain MR,
three of these CTs, the IBSI CT phantom), where PyRadiomics runs in both its modes, as it comes and with preCrop, and the
faster one counts. PyRadiomics makes its extractor once and is warmed up on one case first. CPU seconds are those of the
process, user and system; of the repeats of a case the fastest counts. Peak memory is that of a process that does all
cases. The runs of both alternate, so that a busy machine slows both.
"""

import argparse
import csv
import io
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ONE_THREAD = {"ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
              "MKL_NUM_THREADS": "1"}


def pairs(shared, settings):
    sts = {folder.name: (folder / "CT_image.nii.gz", folder / "CT_mask.nii.gz")
           for folder in sorted((shared / "data/sts/nifti").iterdir())}
    if settings == "default":
        return sts
    nrrd, phantom = shared / "data/nrrd", shared / "data/ibsi/ct_phantom/nifti"
    return {
        "brain1": (nrrd / "brain1_image.nrrd", nrrd / "brain1_label.nrrd"),
        "sts002": sts["STS_002"],
        "sts004": sts["STS_004"],
        "sts001": sts["STS_001"],
        "ibsi1ct": (phantom / "image/phantom.nii.gz", phantom / "mask/mask.nii.gz"),
    }


def peak_memory():
    """Megabytes."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def run_pyradiomics(shared, settings, pre_crop):
    """In a process of its own: a line `image,cpu_seconds,feature...` for each case, peak memory on standard error."""
    import logging

    import radiomics
    import SimpleITK as sitk
    from radiomics import featureextractor

    assert radiomics.__version__.lstrip("v") == "3.0.1", radiomics.__version__
    radiomics.logger.setLevel(logging.CRITICAL)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    extractor = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, preCrop=pre_crop)
    if settings == "wavelet":
        extractor.enableImageTypeByName("Wavelet")
    cases = pairs(shared, settings)
    image, mask = next(iter(cases.values()))
    extractor.execute(str(image), str(mask))
    out = csv.writer(sys.stdout)
    for i, (image, mask) in enumerate(cases.values()):
        begin = time.process_time()
        found = extractor.execute(str(image), str(mask))
        seconds = time.process_time() - begin
        if i == 0:
            out.writerow(["image", "cpu_seconds"] + list(found))
        out.writerow([image, seconds] + [repr(float(v)) for v in found.values()])
    print(f"peak memory {peak_memory():.1f} MB", file=sys.stderr)


class Side:
    """Fastest CPU seconds and the features of each case, and the largest peak memory, of several runs of a command."""

    def __init__(self, name, command):
        self.name, self.command, self.seconds, self.features, self.peak = name, command, {}, {}, 0.0

    def run(self):
        done = subprocess.run(self.command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(self.command)}\n{done.stderr}")
        for row in csv.DictReader(io.StringIO(done.stdout)):
            image, seconds = row["image"], float(row["cpu_seconds"])
            self.seconds[image] = min(seconds, self.seconds.get(image, seconds))
            self.features[image] = {k: float(v) for k, v in row.items() if k.count("_") == 2}
        line = next(line for line in done.stderr.splitlines() if line.startswith("peak memory"))
        self.peak = max(self.peak, float(line.split()[2]))


def difference(value, reference):
    """Relative to the reference, absolute where that is 0."""
    return abs(value - reference) / (abs(reference) or 1.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", choices=["default", "wavelet"], default="wavelet")
    parser.add_argument("--shared", type=pathlib.Path,
                        default=pathlib.Path(os.environ.get("RADSQL_SHARED", ROOT.parent / "shared")))
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--command", default=str(target / "release/examples/extract"),
                        help="command that takes --settings NAME --list FILE with lines IMAGE,MASK")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--pyradiomics", choices=["default", "preCrop"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pyradiomics:
        run_pyradiomics(arguments.shared, arguments.settings, arguments.pyradiomics == "preCrop")
        return

    cases = pairs(arguments.shared, arguments.settings)
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as listed:
        listed.writelines(f"{image},{mask}\n" for image, mask in cases.values())
        listed.flush()
        itself = [sys.executable, __file__, "--settings", arguments.settings, "--shared", str(arguments.shared)]
        ours = Side("radsql", arguments.command.split() + ["--settings", arguments.settings, "--list", listed.name])
        theirs = [Side(mode, itself + ["--pyradiomics", mode])
                  for mode in (["default", "preCrop"] if arguments.settings == "wavelet" else ["default"])]
        for _ in range(arguments.repeat):
            for side in [ours] + theirs:
                side.run()

    print(f"{'case':10} {'radsql':>9}" + "".join(f" {side.name:>9}" for side in theirs) +
          f" {'ratio':>7}   largest relative difference from PyRadiomics as it comes")
    ratios = []
    for name, (image, _) in cases.items():
        image = str(image)
        mine = ours.seconds[image]
        ratios.append(min(side.seconds[image] for side in theirs) / mine)
        features = theirs[0].features[image]
        by, worst = max((difference(ours.features[image][k], features[k]), k) for k in features)
        print(f"{name:10} {mine:9.4f}" + "".join(f" {side.seconds[image]:9.4f}" for side in theirs) +
              f" {ratios[-1]:7.1f}   {by:.1e} {worst} of {len(features)}")
    total = [sum(side.seconds.values()) for side in [ours] + theirs]
    print(f"{'total':10} {total[0]:9.4f}" + "".join(f" {t:9.4f}" for t in total[1:]) + f" {min(total[1:]) / total[0]:7.1f}")
    print(f"geometric mean of the ratios {math.exp(sum(map(math.log, ratios)) / len(ratios)):.1f}, "
          f"smallest {min(ratios):.1f}")
    print("peak memory " + ", ".join(f"{side.name} {side.peak:.1f} MB" for side in [ours] + theirs))


if __name__ == "__main__":
    main()
