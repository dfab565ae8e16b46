#!/usr/bin/env python3
"""Scans a second of the command itself, with 1 and with 2 threads: radiomics of every scan below a folder of
{patient}/CT_image.nii.gz and CT_mask.nii.gz, through SQL, process start and file reading included.

    python3 benches/threads.py --radsql target/release/radsql --data ../shared/data/sts/nifti [--copies 4]

Prints wall and CPU seconds, the rate, the gain of two threads, and peak memory; and fails if the features differ by a bit.
"""
import argparse
import hashlib
import os
import resource
import subprocess
import sys
import time

SQL = """
SET radsql.threads = {threads};
CREATE EXTERNAL TABLE scans STORED AS NIFTI LOCATION '{data}'
  OPTIONS (image '{{patient_id}}/CT_image.nii.gz', mask '{{patient_id}}/CT_mask.nii.gz');
SELECT patient_id, copy.value AS copy, radiomics(image, mask) AS r
FROM scans CROSS JOIN generate_series(1, {copies}) AS copy ORDER BY patient_id, copy;
"""


def run(radsql, data, threads, copies):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [radsql, "-c", SQL.format(threads=threads, data=data, copies=copies), "--format", "csv"],
        stdout=subprocess.PIPE,
        check=True,
    )
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rows = done.stdout.count(b"\n") - 1
    return wall, cpu, rows, after.ru_maxrss / 1024, hashlib.sha256(done.stdout).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--radsql", default="target/release/radsql")
    parser.add_argument("--data", default="../shared/data/sts/nifti")
    parser.add_argument("--copies", type=int, default=4)
    options = parser.parse_args()
    results = {}
    for threads in (1, 2, 1, 2, 1, 2):
        result = run(options.radsql, os.path.abspath(options.data), threads, options.copies)
        results[threads] = min(results.get(threads, result), result)
    for threads, (wall, cpu, rows, rss, _) in sorted(results.items()):
        print(f"{threads} thread(s): {rows} scans in {wall:.2f} s wall, {cpu:.2f} s CPU, {rows / wall:.1f} scans/s, peak {rss:.0f} MB")
    print(f"two threads give {results[1][0] / results[2][0]:.2f} times the rate of one")
    if results[1][4] != results[2][4]:
        sys.exit("the features differ between 1 and 2 threads")
    print("same bits")


if __name__ == "__main__":
    main()
