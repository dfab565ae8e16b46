"""A series of 512 x 512 x 150 to voxels, beside SimpleITK (GDCM) in one run: `compare.py FOLDER [ROUNDS]`.

The folder comes from tests/golden/dicom/make_large.py. Each round runs both, each in a process of its own on one thread;
counted is processor time (user and system) of the process, less that of starting it with nothing to do. Prints the median
of each and their ratio. The example is built by `cargo build --release -p radsql-dicom --example read_series`.
"""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

SIMPLEITK = """
import sys, SimpleITK
SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
if len(sys.argv) > 1:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(sys.argv[1]))
    image = reader.Execute()
    print(image.GetSize())
"""


def seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, run.stdout


def main():
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    root = Path(__file__).parents[2]
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    ours = [str(target / "release/examples/read_series")]
    theirs = [sys.executable, "-c", SIMPLEITK]
    ourselves, others = [], []
    for _ in range(rounds):
        idle = seconds(theirs)[0]
        spent, told = seconds(theirs + [folder])
        assert "(512, 512, 150)" in told, told
        others.append(spent - idle)
        spent, told = seconds(ours + [folder])
        assert "512 x 512 x 150 voxels" in told, told
        ourselves.append(spent)
    mine, other = statistics.median(ourselves), statistics.median(others)
    print(f"radsql {mine:.3f} s, SimpleITK {other:.3f} s of processor time: ratio {mine / other:.2f}")


if __name__ == "__main__":
    main()
