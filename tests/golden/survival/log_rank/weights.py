"""Weighted log-rank tests of lifelines on data.csv, which log_rank.R made. Writes weights.json beside itself.

Needs lifelines (0.30 made the file): python weights.py
"""

import json
from pathlib import Path

import pandas as pd
from lifelines.statistics import multivariate_logrank_test

here = Path(__file__).parent
data = pd.read_csv(here / "data.csv")
tests = {
    "log_rank": {},
    "gehan": {"weightings": "wilcoxon"},
    "tarone_ware": {"weightings": "tarone-ware"},
    "fh_0_1": {"weightings": "fleming-harrington", "p": 0, "q": 1},
    "fh_1_1": {"weightings": "fleming-harrington", "p": 1, "q": 1},
    "fh_0.5_2": {"weightings": "fleming-harrington", "p": 0.5, "q": 2},
}
answers = {}
for name, options in tests.items():
    for time in ["time", "day"]:
        found = multivariate_logrank_test(data[time], data["group"], data["event"], **options)
        answers[f"{name} {time}"] = {"chi2": found.test_statistic, "p": found.p_value}
(here / "weights.json").write_text(json.dumps(answers, indent=1) + "\n")
