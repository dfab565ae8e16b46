"""CPU time and memory of radsql's extraction against PyRadiomics 3.0.1 on the same scans.

    python benches/pyradiomics/compare.py [--shared FOLDER] [--command COMMAND] [--repeat N]

Needs a Python with PyRadiomics 3.0.1 and SimpleITK (tests/golden/radiomics/make_golden.py says how to install them), and
the example binary: cargo build --release -p radsql-radiomics --example extract.

Both compute the 107 features of the original image with default settings, from file to number, on one thread: 24 CT
scans with tumour masks (shared/data/sts). PyRadiomics makes its extractor once and is warmed up on one case first. CPU
seconds are those of the process, user and system; of the repeats of a case the fastest counts. Peak memory is that of a
process that does all cases.
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


def pairs(shared):
    for folder in sorted((shared / "data/sts/nifti").iterdir()):
        yield folder.name, folder / "CT_image.nii.gz", folder / "CT_mask.nii.gz"


def peak_memory():
    """Megabytes."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def run_pyradiomics(shared):
    """In a process of its own: a line `case,cpu_seconds,feature...` for each case, peak memory on standard error."""
    import logging

    import radiomics
    import SimpleITK as sitk
    from radiomics import featureextractor

    assert radiomics.__version__.lstrip("v") == "3.0.1", radiomics.__version__
    radiomics.logger.setLevel(logging.CRITICAL)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    extractor = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False)
    cases = list(pairs(shared))
    extractor.execute(str(cases[0][1]), str(cases[0][2]))
    out = csv.writer(sys.stdout)
    for i, (name, image, mask) in enumerate(cases):
        begin = time.process_time()
        found = extractor.execute(str(image), str(mask))
        seconds = time.process_time() - begin
        if i == 0:
            out.writerow(["case", "cpu_seconds"] + list(found))
        out.writerow([name, seconds] + [repr(float(v)) for v in found.values()])
    print(f"peak memory {peak_memory():.1f} MB", file=sys.stderr)


def measure(command, repeat):
    """Fastest CPU seconds and the features of each case in order, and the largest peak memory of `repeat` runs."""
    cases, peak = {}, 0.0
    for _ in range(repeat):
        done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")
        for row in csv.DictReader(io.StringIO(done.stdout)):
            name = row.get("case") or pathlib.Path(row["image"]).parent.name
            seconds = float(row["cpu_seconds"])
            features = {k: float(v) for k, v in row.items() if k.startswith("original_")}
            cases[name] = (min(seconds, cases.get(name, (seconds,))[0]), features)
        line = next(line for line in done.stderr.splitlines() if line.startswith("peak memory"))
        peak = max(peak, float(line.split()[2]))
    return cases, peak


def difference(value, reference):
    """Relative to the reference, absolute where that is 0."""
    return abs(value - reference) / (abs(reference) or 1.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=pathlib.Path,
                        default=pathlib.Path(os.environ.get("RADSQL_SHARED", ROOT.parent / "shared")))
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--command", default=str(target / "release/examples/extract") + " --list",
                        help="command that takes a file of IMAGE,MASK lines as its last argument")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--pyradiomics", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pyradiomics:
        run_pyradiomics(arguments.shared)
        return

    with tempfile.NamedTemporaryFile("w", suffix=".csv") as listed:
        for _, image, mask in pairs(arguments.shared):
            listed.write(f"{image},{mask}\n")
        listed.flush()
        ours, our_peak = measure(arguments.command.split() + [listed.name], arguments.repeat)
    theirs, their_peak = measure(
        [sys.executable, __file__, "--pyradiomics", "--shared", str(arguments.shared)], arguments.repeat)

    print(f"{'case':10} {'radsql':>9} {'PyRadiomics':>12} {'ratio':>7}   largest relative difference")
    ratios = []
    for name, (seconds, features) in theirs.items():
        mine, values = ours[name]
        ratios.append(seconds / mine)
        by, worst = max((difference(values[k], features[k]), k) for k in features)
        print(f"{name:10} {mine:9.4f} {seconds:12.4f} {ratios[-1]:7.1f}   {by:.1e} {worst}")
    total = [sum(seconds for seconds, _ in side.values()) for side in (ours, theirs)]
    print(f"{'total':10} {total[0]:9.4f} {total[1]:12.4f} {total[1] / total[0]:7.1f}")
    print(f"geometric mean of the ratios {math.exp(sum(map(math.log, ratios)) / len(ratios)):.1f}, "
          f"smallest {min(ratios):.1f}")
    print(f"peak memory {our_peak:.1f} MB and {their_peak:.1f} MB")


if __name__ == "__main__":
    main()
