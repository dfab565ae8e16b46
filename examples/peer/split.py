"""The study's two draws, from their documentation: `split.py COHORT OUT`.

The training set and the folds of the cross-validation follow from identifiers, strata and the seed by SHA-256, as the comments
of `train_test_split` (udfs/kernels/survival/src/split.rs) and `assign_folds` (penalised/folds.rs) say; nothing of radsql is run.
Reads lesions.csv in OUT, writes split.csv there: the set of each patient in the study, and of those in training the fold, from 0.
"""

import csv
import hashlib
import pathlib
import sys

TRAIN, SEED, FOLDS = 0.7, 42, 10


def key(purpose, patient):
    return hashlib.sha256(purpose + SEED.to_bytes(8, "little") + patient.encode()).digest()


def draw_training(strata):
    """The patients in training. `strata` is {stratum: [patient]}."""
    total = round(TRAIN * sum(map(len, strata.values())))
    quota = {name: int(TRAIN * len(patients)) for name, patients in strata.items()}
    # The largest remainder first, then the larger stratum, then by name.
    order = sorted(strata, key=lambda s: (-(TRAIN * len(strata[s]) % 1), -len(strata[s]), s))
    missing = total - sum(quota.values())
    for name in order:
        if missing > 0 and quota[name] < len(strata[name]):
            quota[name] += 1
            missing -= 1
    return {
        patient
        for name, patients in strata.items()
        for patient in sorted(sorted(patients), key=lambda p: key(b"radsql split 1", p))[: quota[name]]
    }


def draw_folds(strata):
    """{patient: fold}; `strata` is {stratum: [patient]}. One stratum after the other is dealt out, without starting again."""
    order = [
        patient
        for name in sorted(strata)
        for patient in sorted(sorted(strata[name]), key=lambda p: key(b"radsql folds 1", p))
    ]
    return {patient: place % FOLDS for place, patient in enumerate(order)}


def main():
    cohort, out = map(pathlib.Path, sys.argv[1:])
    with open(out / "lesions.csv", newline="") as f:
        measured = {(row["cohort"], row["patient_id"]) for row in csv.DictReader(f)}
    studied = {}
    for site in ["crlm", "external"]:
        with open(cohort / site / "clinical.csv", newline="") as f:
            for row in csv.DictReader(f):
                months, dead = float(row["overall_survival_months"]), row["vital_status"]
                if (site, row["patient_id"]) in measured and months not in (-999, 0) and float(dead) != -999:
                    studied[site, row["patient_id"]] = dead
    strata = {}
    for (site, patient), dead in studied.items():
        if site == "crlm":
            strata.setdefault(dead, []).append(patient)
    training = draw_training(strata)
    # The study has the events of the folds spread evenly.
    folds = draw_folds({dead: [p for p in patients if p in training] for dead, patients in strata.items()})
    with open(out / "split.csv", "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(["cohort", "patient_id", "split", "fold"])
        for site, patient in sorted(studied):
            split = "external" if site == "external" else "train" if patient in training else "test"
            writer.writerow([site, patient, split, folds[patient] if split == "train" else ""])


if __name__ == "__main__":
    main()
