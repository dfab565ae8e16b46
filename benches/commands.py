"""What the command makes of many scans, of one, of a large one, and of those that it has seen before.

    python3 benches/commands.py [--shared FOLDER] [--command RADSQL] [--copies N]

Needs Linux, numpy, and the command: cargo build --release. All queries ask for the 851 features of settings 'wavelet'.

- cache: a query over the 24 CT scans of shared/data/sts, run again and again with one cache; wall seconds of the whole
  process and of the query alone (the same process runs it twice more; the difference of both counts).
- threads: these scans twice over on one and on two threads, and the largest of them alone on one and on two.
- copies: N links to these scans under other names, cache off: seconds and peak memory of a quarter of them and of all.
- large: 512 x 512 x 150 voxels of int16, gzipped, with a region of some 17,000 voxels: peak memory over that of the
  decoded image, beside that of the process that does nothing.
"""

import argparse
import gzip
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(command, sql, cache=""):
    """Wall seconds, CPU seconds and peak memory in MB of one process."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache) if cache else "/dev/null"}
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen([command, "-c", sql, "-o", os.devnull], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{sql}: status {status}")
    seconds = time.perf_counter() - begin
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def fastest(repeat, *arguments):
    return min(run(*arguments) for _ in range(repeat))


def table(folder):
    return (f"CREATE EXTERNAL TABLE s STORED AS NIFTI LOCATION '{folder}/' "
            "OPTIONS (image '{patient_id}/CT_image.nii.gz', mask '{patient_id}/CT_mask.nii.gz'); ")


ALL = "SELECT patient_id, radiomics(image, mask, 'wavelet') AS r FROM s"
SUM = "SELECT count(r), avg(r['wavelet-LLL_glszm_ZoneEntropy']) FROM (SELECT radiomics(image, mask, 'wavelet') AS r FROM s)"


def links(scans, folder, copies):
    for i in range(copies):
        (folder / f"c{i:05}").mkdir(parents=True)
        for name in ("CT_image.nii.gz", "CT_mask.nii.gz"):
            (folder / f"c{i:05}" / name).symlink_to(scans[i % len(scans)] / name)
    return folder


def write_nifti(path, voxels, code):
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *voxels.shape[::-1], 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, code, voxels.dtype.itemsize * 8)
    struct.pack_into("<8f", header, 76, 1, 0.8, 0.8, 2.5, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<hh", header, 252, 1, 0)
    header[344:348] = b"n+1\0"
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(bytes(header) + voxels.tobytes())


def large_scan(folder):
    folder.mkdir()
    noise = numpy.random.default_rng(1)
    image = noise.normal(40, 25, (150, 512, 512)).astype(numpy.int16)
    z, y, x = numpy.ogrid[:150, :512, :512]
    mask = ((x - 300) ** 2 + (y - 250) ** 2 + (3 * (z - 80)) ** 2 <= 23 ** 2).astype(numpy.uint8)
    write_nifti(folder / "CT_image.nii.gz", image, 4)
    write_nifti(folder / "CT_mask.nii.gz", mask, 2)
    return image.nbytes / 1e6, int(mask.sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=pathlib.Path,
                        default=pathlib.Path(os.environ.get("RADSQL_SHARED", ROOT.parent / "shared")))
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--command", default=str(target / "release/radsql"))
    parser.add_argument("--copies", type=int, default=1000)
    parser.add_argument("--make-large", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make_large:
        print(*large_scan(arguments.make_large))
        return
    command, sts = arguments.command, (arguments.shared / "data/sts/nifti").resolve()
    scans = sorted(sts.iterdir())
    with tempfile.TemporaryDirectory() as temporary:
        temporary = pathlib.Path(temporary)
        idle = fastest(5, command, "SELECT 1")
        print(f"nothing   {idle[0]:8.3f} s {idle[2]:7.1f} MB")

        firsts = [run(command, table(sts) + ALL, temporary / f"cache{i}") for i in range(3)]
        first, cache = min(firsts)[0], temporary / "cache0"
        once = fastest(9, command, table(sts) + ALL, cache)[0]
        thrice = fastest(9, command, table(sts) + "; ".join([ALL] * 3), cache)[0]
        again = (thrice - once) / 2
        print(f"cache     first {first:.3f} s, again {once:.4f} s ({100 * once / first:.1f} % with the process), "
              f"{again:.4f} s ({100 * again / (first - idle[0]):.2f} % for the query)")

        two = links(scans, temporary / "two", 2 * len(scans))
        one = links([max(scans, key=lambda s: (s / "CT_mask.nii.gz").stat().st_size)], temporary / "one", 1)
        for name, folder, repeat in (("48 scans", two, 3), ("one scan", one, 9)):
            times = [fastest(repeat, command, f"SET radsql.threads = {n}; " + table(folder) + ALL) for n in (1, 2)]
            rate = (times[0][0] - idle[0]) / (times[1][0] - idle[0])
            print(f"threads   {name}: {times[0][0]:.3f} s on one, {times[1][0]:.3f} s on two: {rate:.2f} times without the start")

        quarter, all_of_them = arguments.copies // 4, arguments.copies
        for copies in (quarter, all_of_them):
            seconds, cpu, peak = run(command, table(links(scans, temporary / f"copies{copies}", copies)) + SUM)
            print(f"copies    {copies}: {seconds:.1f} s, {cpu:.1f} CPU s, peak {peak:.1f} MB")

        # In a process of its own: what a process has used before it becomes the command counts as the command's.
        made = subprocess.run([sys.executable, __file__, "--make-large", temporary / "large"], capture_output=True, check=True)
        decoded, voxels = map(float, made.stdout.split())
        for threads in (1, 2):
            sql = (f"SET radsql.threads = {threads}; SELECT radiomics('{temporary}/large/CT_image.nii.gz', "
                   f"'{temporary}/large/CT_mask.nii.gz', 'wavelet') AS r")
            seconds, _, peak = run(command, sql)
            print(f"large     {voxels:.0f} voxels of {decoded:.0f} MB on {threads}: {seconds:.2f} s, peak {peak:.1f} MB, "
                  f"{peak / decoded:.2f} times the decoded image")


if __name__ == "__main__":
    main()
