"""Makes demo_*.csv: what sql/reproduce/demo must give, by PyRadiomics and lifelines (see peer.py).

    radsql demo COHORT --patients 40 --seed 1
    venv/bin/python make_demo.py COHORT

The draw of the training set is radsql's own and has no peer: it is read from demo_split.csv, which radsql writes:

    radsql run sql/reproduce/demo/0[1-4]*.sql split.sql --set data=COHORT -o ...
    -- split.sql: SELECT patient_id, split FROM cohort ORDER BY patient_id;
"""

import pathlib
import sys

import pandas
import peer

cohort = pathlib.Path(sys.argv[1])
scans = {f.name: (f / "ct.nii.gz", f / "mask.nii.gz") for f in (cohort / "scans").iterdir()}
features = peer.features(scans)
patients = pandas.read_csv(cohort / "clinical.csv", index_col="patient_id").loc[features.index]
patients["split"] = pandas.read_csv(pathlib.Path(__file__).parent / "demo_split.csv", index_col="patient_id")["split"]
time, event = patients["os_months"], patients["dead"]
train = patients["split"] == "train"
sets = [("train", train), ("test", ~train)]

# Step 5
univariate = peer.univariate(time[train], event[train], features[train])
columns = ["n", "events", "coef", "hr", "hr_lower", "hr_upper", "se", "z", "p", "p_adjusted"]
peer.write("demo_univariate.csv", ["term"] + columns, univariate[columns].itertuples())

# Step 6
best, candidates = peer.second_candidates(univariate, features[train], 0.5)
chosen = [best, next(iter(candidates))]
rows = [(t, univariate["p"][t], round(float(r), 9)) for t, r in candidates.items()]
peer.write("demo_candidates.csv", ["term", "p", "correlation"], rows)
signature = peer.cox(time[train], event[train], features[train][chosen])
columns = ["coef", "hr", "hr_lower", "hr_upper", "se", "z", "p"]
peer.write("demo_signature.csv", ["term"] + columns, signature[columns].itertuples())

# Step 7
patients["rad_score"] = features[chosen] @ signature["coef"]
high = patients["rad_score"] > patients["rad_score"][train].median()
patients["risk"] = high.map({True: "high", False: "low"})
columns = ["split", "rad_score", "risk"]
peer.write("demo_scored.csv", ["patient_id"] + columns, patients[columns].itertuples())

# Step 8
multivariable = {}
rows = []
columns = ["coef", "hr", "hr_lower", "hr_upper", "se", "z", "p"]
for name, chosen_set in sets:
    p = patients[chosen_set]
    fit = peer.cox(p["os_months"], p["dead"], p[["age", "node_positive", "rad_score"]])
    multivariable[name] = fit
    rows += [[name, *row, int(fit["n"].iloc[0]), int(fit["n_missing"].iloc[0])] for row in fit[columns].itertuples()]
peer.write("demo_multivariable.csv", ["split", "term"] + columns + ["n", "n_missing"], rows)

# Step 9
rows = []
for name, chosen_set in sets:
    for risk in ["high", "low"]:
        p = patients[chosen_set & (patients["risk"] == risk)]
        rows += [[name, risk, *row] for row in peer.curve(p["os_months"], p["dead"])]
peer.write("demo_curves.csv", ["split", "risk", "time", "n_risk", "n_event", "survival"], rows)

# Step 10
rows = []
for score in ["rad_score", "clinrisk_score"]:
    for name, chosen_set in sets:
        p = patients[chosen_set & patients[score].notna()]
        c = peer.concordance(p["os_months"], p["dead"], p[score])
        rows.append([score, name, len(p), int(chosen_set.sum()) - len(p), c["c"], c["se"], c["lower"], c["upper"]])
peer.write("demo_concordance.csv", ["score", "split", "n", "n_missing", "c", "se", "lower", "upper"], rows)

# Step 11
rows = []
for name, chosen_set in sets:
    p = patients[chosen_set]
    c = peer.concordance(p["os_months"], p["dead"], p["rad_score"])
    test = peer.log_rank(p["os_months"], p["dead"], p["risk"])
    medians = [
        float(peer.median(g["os_months"], g["dead"])) for g in (p[p["risk"] == "high"], p[p["risk"] == "low"])
    ]
    hr = multivariable[name].loc["rad_score", ["hr", "hr_lower", "hr_upper", "p"]]
    rows.append(
        [name, len(p), int(p["dead"].sum()), *hr, c["c"], c["lower"], c["upper"], *medians, test["chi2"], test["p"]]
    )
columns = ["split", "patients", "deaths", "hr", "hr_lower", "hr_upper", "p", "c", "c_lower", "c_upper"]
peer.write("demo_summary.csv", columns + ["median_high", "median_low", "log_rank_chi2", "log_rank_p"], rows)
