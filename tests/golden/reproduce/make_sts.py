"""Makes sts_*.csv: what sql/reproduce/sts must give, by PyRadiomics and lifelines (see peer.py).

    venv/bin/python make_sts.py SHARED

SHARED is the folder that holds data/sts. Minutes, for PyRadiomics.
"""

import pathlib
import sys

import pandas
import peer

DAYS_A_MONTH = 30.4375
ENDS = [("lung metastasis", "lung_months", "lung_metastasis"), ("death", "os_months", "dead")]

data = pathlib.Path(sys.argv[1]) / "data" / "sts"
scans = {
    folder.name: (folder / "CT_image.nii.gz", folder / "CT_mask.nii.gz")
    for folder in (data / "nifti").iterdir()
    if folder.is_dir()
}
features = peer.features(scans)
clinical = pandas.read_csv(data / "clinical.csv", index_col="patient_id").loc[features.index]

lung = clinical["lung_metastases"] == 1
patients = pandas.DataFrame(
    {
        "lung_metastasis": lung,
        "lung_months": clinical["days_to_outcome"].where(lung, clinical["days_to_last_follow_up"]) / DAYS_A_MONTH,
        "dead": clinical["status"] == "D",
        "os_months": clinical["days_to_last_follow_up"] / DAYS_A_MONTH,
    }
)

# Step 4
univariate = peer.univariate(patients["lung_months"], patients["lung_metastasis"], features)
columns = ["n", "events", "coef", "hr", "hr_lower", "hr_upper", "se", "z", "p", "p_adjusted"]
peer.write("sts_univariate.csv", ["term"] + columns, univariate[columns].itertuples())

# Step 5: the rule, and the fit
best, candidates = peer.second_candidates(univariate, features, 0.5)
chosen = [best, next(iter(candidates))]
rows = [(t, univariate["p"][t], round(float(r), 9)) for t, r in candidates.items()]
peer.write("sts_candidates.csv", ["term", "p", "correlation"], rows)
signature = peer.cox(patients["lung_months"], patients["lung_metastasis"], features[chosen])
columns = ["coef", "hr", "hr_lower", "hr_upper", "se", "z", "p"]
peer.write("sts_signature.csv", ["term"] + columns, signature[columns].itertuples())

# Step 6
patients["rad_score"] = features[chosen] @ signature["coef"]
high = patients["rad_score"] > patients["rad_score"].median()
patients["risk"] = high.map({True: "high", False: "low"})
peer.write("sts_scored.csv", ["patient_id", "rad_score", "risk"], patients[["rad_score", "risk"]].itertuples())

# Step 9
rows = []
for name, time, event in ENDS:
    t, e = patients[time], patients[event]
    c, test = peer.concordance(t, e, patients["rad_score"]), peer.log_rank(t, e, patients["risk"])
    rows.append(
        [name, len(patients), int(e.sum()), c["c"], c["lower"], c["upper"], int(e[high].sum()), int(e[~high].sum())]
        + [float(peer.median(t[high], e[high])), float(peer.median(t[~high], e[~high])), test["chi2"], test["p"]]
    )
columns = ["end_point", "patients", "events", "c", "c_lower", "c_upper", "events_high", "events_low"]
peer.write("sts_summary.csv", columns + ["median_high", "median_low", "log_rank_chi2", "log_rank_p"], rows)
