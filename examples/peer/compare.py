"""Is the study in SQL the study in Python and R? `compare.py RADSQL COHORT WORK`.

Runs sql/reproduce/crlm with the program RADSQL, from an empty cache, and the peer (features.py, split.py, study.R) on one
cohort of `radsql demo`, compares every table, and prints the largest differences and both times. Then the peer's statistics are
computed again, from radsql's features: what differs there is not the features'. Exit status 1 when anything differs by
more than is stated. WORK is a folder for the tables; study.R needs Rscript on the path.
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

# Relative differences allowed.
# Radiomic features, and all statistics on the same features, as in radsql's own tests. The network computes in 32 bits, and two
# engines do not add its products in one order: deep features are compared with the largest of their lesion, and what is fitted
# to them has as many digits less.
EXACT, DEEP = 1e-6, 1e-5

# Table, columns that name a row, difference allowed where each side has its own deep features.
TABLES = [
    ("lesions", ["cohort", "patient_id"], EXACT),
    ("split", ["cohort", "patient_id"], EXACT),
    ("correlation", ["feature"], EXACT),
    ("univariate", ["term"], DEEP),
    ("candidates", ["term"], EXACT),
    ("signature", ["term"], DEEP),
    ("scored", ["cohort", "patient_id"], DEEP),
    ("baseline", ["variable", "level"], EXACT),
    ("hazard_ratios", ["split", "term"], DEEP),
    ("medians", ["split", "risk"], EXACT),
    ("log_rank_tests", ["split"], EXACT),
    ("survival_at", ["split", "risk", "time"], EXACT),
    ("concordances", ["score", "split"], EXACT),
    ("concordance_differences", ["split"], EXACT),
    ("areas", ["split", "marker", "t"], EXACT),
    ("area_differences", ["split", "t"], EXACT),
    ("risks", ["cohort", "patient_id"], DEEP),
    ("calibration", ["split"], DEEP),
    ("abstract", ["split"], DEEP),
]

# These are exponentials of what was computed: where the exponent, or the coefficient that it is the limit of, is beyond -1 to 1,
# exponents are compared. The hazard ratio of one unit of a feature that never changes by so much may be 1e-42.
EXPONENTIALS = {"hr", "hr_lower", "hr_upper", "p", "p_adjusted"}

# Words, not numbers.
NOT_COMPARED = {"warning"}


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

    def cell(self, where, ours, theirs, floor=0.0, exponent=None):
        a, b = number(ours), number(theirs)
        if a is None or b is None or math.isnan(a) or math.isnan(b):
            # NULL and NaN are written alike or not at all.
            if (ours or "").replace("NaN", "") != (theirs or "").replace("NaN", ""):
                self.wrong.append(f"{where}: {ours!r}, the peer says {theirs!r}")
            return
        if exponent is not None and 0 < b < math.inf:
            floor = abs(b) * max(exponent, abs(math.log(b)))
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
    """Every feature of every lesion. A radiomic feature near 0 is compared with 1e-3, as in tests/dicom.rs."""
    radiomic, deep = Comparison(EXACT), Comparison(DEEP)
    theirs = {f"{row['cohort']} {row['patient_id']}": row for row in rows_of(peer / "features.csv")}
    largest = {
        patient: max(abs(float(value)) for name, value in row.items() if name.startswith("deep_")) for patient, row in theirs.items()
    }
    for row in rows_of(ours / "features.csv"):
        patient, name = row["patient_id"], row["feature"]
        found, floor = (deep, largest.get(patient)) if name.startswith("deep_") else (radiomic, 1e-3)
        found.rows += 1
        if patient in theirs and name in theirs[patient]:
            found.cell(f"{patient} {name}", row["value"], theirs[patient][name], floor)
        else:
            found.lacks(f"{patient} {name}: the peer has none")
    if radiomic.rows + deep.rows != sum(len(row) - 2 for row in theirs.values()):
        radiomic.lacks("the peer has features that radsql has not")
    return [radiomic.report("radiomic features"), deep.report("deep features")]


def compare_table(name, keys, tolerance, ours, peer):
    found = Comparison(tolerance)
    mine, theirs = (sorted(rows_of(folder / f"{name}.csv"), key=lambda r: key(r, keys)) for folder in (ours, peer))
    found.rows = len(mine)
    if len(mine) != len(theirs):
        found.lacks(f"{len(mine)} rows, the peer has {len(theirs)}")
    for column in set(mine[0] if mine else []) - set(theirs[0] if theirs else []) - NOT_COMPARED:
        found.lacks(f"the peer has no {column}")
    # A coefficient of the LASSO that has just left 0 has fewer digits than the others, to both solvers: all are known to a part of
    # the largest, each times the standard deviation of its term (study.R's `spread`).
    largest = max((abs(float(r["coef"]) * float(r["spread"])) for r in theirs), default=0.0) if name == "signature" else 0.0
    for a, b in zip(mine, theirs):
        for column in [column for column in a if column in b]:
            where = f"{' '.join(b[k] for k in keys)} {column}"
            floor = largest / float(b["spread"]) if (name, column) == ("signature", "coef") else 0.0
            exponent = abs(float(b.get("coef") or 0)) if column in EXPONENTIALS else None
            found.cell(where, a[column], b[column], floor, exponent)
    return found.report(name)


def same_features(ours, peer, to):
    """The peer's folder for its statistics of radsql's features."""
    to.mkdir()
    for name in ["lesions.csv", "split.csv"]:
        shutil.copy(peer / name, to / name)
    with open(peer / "features.csv", newline="") as f:
        names = next(csv.reader(f))[2:]
    patients = {}
    for row in rows_of(ours / "features.csv"):
        patients.setdefault(row["patient_id"], {})[row["feature"]] = row["value"].replace("NaN", "")
    with open(to / "features.csv", "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(["cohort", "patient_id", *names])
        writer.writerows([*patient.split(" ", 1), *(row[name] for name in names)] for patient, row in patients.items())


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

    same = work / "same"
    shutil.rmtree(same, ignore_errors=True)
    same_features(ours, peer, same)
    run("same features", ["Rscript", HERE / "study.R", cohort, same], work / "same.log")
    del SECONDS["same features"]

    print(f"{'each with its own features':<26}{'rows':>8}{'largest':>12}{'allowed':>10}")
    right = compare_features(ours, peer)
    right += [compare_table(*table, ours, peer) for table in TABLES]
    print("\nR's statistics of radsql's features")
    right += [compare_table(name, keys, EXACT, ours, same) for name, keys, _ in TABLES]

    # A user would leave glmnet's threshold as it is; what its tighter one takes is not held against the peer.
    (seconds,) = rows_of(peer / "seconds.csv")
    SECONDS["peer: statistics"] -= float(seconds["lasso"])
    print()
    for what, spent in SECONDS.items():
        print(f"{what:<20}{spent:>8.1f} s")
    total = sum(spent for what, spent in SECONDS.items() if what != "radsql")
    print(f"{'peer: total':<20}{total:>8.1f} s, {total / SECONDS['radsql']:.1f} times radsql's")
    print(f"not counted: {float(seconds['lasso']):.1f} s of cv.glmnet at 1e-10 instead of 1e-7")
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
