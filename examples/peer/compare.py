"""Is the study in SQL the study in Python and R? `compare.py RADSQL COHORT WORK`.

Runs sql/reproduce/crlm with the program RADSQL, from an empty cache, and the peer (features.py, split.py, study.R) on one
cohort of `radsql demo`, compares every table, and prints the largest differences and both times. Exit status 1 when anything
differs by more than is stated. WORK is a folder for the tables; study.R needs Rscript on the path.
"""

import csv
import math
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
STUDY = HERE.parents[1] / "sql/reproduce/crlm"
SECONDS = {}

# Table, columns that name a row, and the relative difference allowed.
# - Features: as in radsql's own tests. The network computes in 32 bits, and a sum of 64 x 64 x 64 products is not added in the
#   same order by two engines.
# - Statistics of deep features inherit that: DEEP for what is fitted to them. Everything else agrees to ten digits and is held to EXACT.
# - The LASSO: both solvers stop when a coefficient, on the scale on which it is penalised, moves by less than 1e-7 of the
#   largest one. A coefficient that has just left 0 is far smaller than the largest: it is compared with the contribution of its
#   term to the score (see `signature`).
EXACT, RADIOMIC, DEEP = 1e-6, 1e-6, 1e-5
TABLES = [
    ("lesions", ["cohort", "patient_id"], EXACT),
    ("split", ["cohort", "patient_id"], EXACT),
    ("correlation", ["feature"], EXACT),
    ("univariate", ["term"], EXACT),
    ("candidates", ["term"], EXACT),
    ("signature", ["term"], EXACT),
    ("scored", ["cohort", "patient_id"], EXACT),
    ("baseline", ["variable", "level"], EXACT),
    ("hazard_ratios", ["split", "term"], EXACT),
    ("medians", ["split", "risk"], EXACT),
    ("log_rank_tests", ["split"], EXACT),
    ("survival_at", ["split", "risk", "time"], EXACT),
    ("concordances", ["score", "split"], EXACT),
    ("concordance_differences", ["split"], EXACT),
    ("areas", ["split", "marker", "t"], EXACT),
    ("area_differences", ["split", "t"], EXACT),
    ("risks", ["split", "os_months", "dead", "predicted_risk"], EXACT),
    ("calibration", ["split"], EXACT),
    ("abstract", ["split"], EXACT),
]


def run(what, command, log, **environment):
    start = time.time()
    with open(log, "w") as f:
        done = subprocess.run([str(c) for c in command], stdout=f, stderr=subprocess.STDOUT, env=os.environ | environment)
    SECONDS[what] = time.time() - start
    if done.returncode != 0:
        sys.exit(f"{what} failed: {log} says\n{log.read_text()[-2000:]}")


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def rows_of(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def key(row, names):
    return tuple(number(row[name]) if number(row[name]) is not None else row[name] for name in names)


class Comparison:
    """Of pairs of cells: how many, the largest relative difference and where, and what is not equal at all."""

    def __init__(self, tolerance):
        self.tolerance, self.rows, self.worst, self.where, self.wrong = tolerance, 0, 0.0, "", []

    def cell(self, where, ours, theirs, floor=0.0):
        a, b = number(ours), number(theirs)
        if a is None or b is None or math.isnan(a) or math.isnan(b):
            # NULL and NaN are written alike or not at all.
            if (ours or "").replace("NaN", "") != (theirs or "").replace("NaN", ""):
                self.wrong.append(f"{where}: {ours!r}, the peer says {theirs!r}")
            return
        difference = 0.0 if a == b else abs(a - b) / max(abs(b), floor)
        if difference > self.worst:
            self.worst, self.where = difference, f"{where}: {ours}, the peer says {theirs}"

    def lacks(self, text):
        self.wrong.append(text)

    def report(self, what):
        ok = not self.wrong and self.worst <= self.tolerance
        print(f"{what:<26}{self.rows:>8}{self.worst:>12.1e}{self.tolerance:>10.0e}  {'ok' if ok else 'DIFFERS'}")
        if not ok:
            print("".join(f"    {line}\n" for line in [*self.wrong[:5], self.where] if line), end="")
        return ok


def compare_features(ours, peer):
    """Every feature of every lesion; a feature near 0 is compared with 1e-3, as in tests/dicom.rs."""
    radiomic, deep = Comparison(RADIOMIC), Comparison(DEEP)
    theirs = {f"{row['cohort']} {row['patient_id']}": row for row in rows_of(peer / "features.csv")}
    with open(ours / "features.csv", newline="") as f:
        seen = 0
        for row in csv.DictReader(f):
            patient, name = row["patient_id"], row["feature"]
            found = deep if name.startswith("deep_") else radiomic
            found.rows += 1
            seen += 1
            if patient in theirs and name in theirs[patient]:
                found.cell(f"{patient} {name}", row["value"], theirs[patient][name], floor=1e-3)
            else:
                found.lacks(f"{patient} {name}: the peer has none")
    if seen != sum(len(row) - 2 for row in theirs.values()):
        radiomic.lacks("the peer has features that radsql has not")
    return [radiomic.report("radiomic features"), deep.report("deep features")]


def compare_table(name, keys, tolerance, ours, peer):
    found = Comparison(tolerance)
    mine, theirs = rows_of(ours / f"{name}.csv"), rows_of(peer / f"{name}.csv")
    found.rows = len(mine)
    if len(mine) != len(theirs):
        found.lacks(f"{len(mine)} rows, the peer has {len(theirs)}")
    shared = [column for column in mine[0] if column in theirs[0]] if mine and theirs else []
    for a, b in zip(sorted(mine, key=lambda r: key(r, keys)), sorted(theirs, key=lambda r: key(r, keys))):
        for column in shared:
            found.cell(f"{' '.join(b[k] for k in keys)} {column}", a[column], b[column])
    return found.report(name)


def main():
    radsql, cohort, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    ours, peer, cache = work / "radsql", work / "peer", work / "cache"
    for folder in (ours, peer, cache):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    steps = [*sorted(STUDY.glob("*.sql")), HERE / "tables.sql"]
    sets = [f"--set=data={cohort / 'crlm'}", f"--set=external={cohort / 'external'}", f"--set=out={ours}"]
    run("radsql", [radsql, "run", *sets, *steps], work / "radsql.log", XDG_CACHE_HOME=str(cache))
    run("peer: features", [sys.executable, HERE / "features.py", cohort, peer], work / "features.log")
    run("peer: draws", [sys.executable, HERE / "split.py", cohort, peer], work / "split.log")
    run("peer: statistics", ["Rscript", HERE / "study.R", cohort, peer], work / "study.log")

    print(f"{'table':<26}{'rows':>8}{'largest':>12}{'allowed':>10}")
    right = compare_features(ours, peer)
    right += [compare_table(*table, ours, peer) for table in TABLES]
    for what, seconds in SECONDS.items():
        print(f"{what:<20}{seconds:>8.1f} s")
    total = sum(seconds for what, seconds in SECONDS.items() if what != "radsql")
    print(f"{'peer: total':<20}{total:>8.1f} s, {total / SECONDS['radsql']:.1f} times radsql's")
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
