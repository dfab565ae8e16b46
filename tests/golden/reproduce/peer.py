"""What PyRadiomics and lifelines say, for make_sts.py and make_demo.py.

    python -m venv venv
    venv/bin/pip install numpy==2.4.6 cython setuptools wheel lifelines==0.30.3
    venv/bin/pip install pyradiomics==3.0.1 --no-build-isolation

Features are PyRadiomics', with its default settings. Cox models (Efron), log-rank tests, Kaplan-Meier medians and the
value of the concordance are lifelines'. Where lifelines follows another convention than R survival, which radsql follows:

- Its Newton steps stop when the log-likelihood gains less than 1e-9 of itself, or when they have become short on a long
  way (for original_gldm_LargeDependenceHighGrayLevelEmphasis of the sarcomas at 40 % of it). Here they stop at a
  decrement of 1e-22, and start again from where they stopped until they move no more. Columns are centred and divided
  by their standard deviation before the fit, and the answer is put back on the scale of the column: that changes no
  model, and lifelines' matrix inverse needs it for columns such as Energy (1e9).
- Limits of the median: lifelines' are those of the log(-log) band, so the files have no limits.
- Standard error of the concordance: lifelines has none. It is written out here by its definition, the infinitesimal
  jackknife: the derivative of the index by each patient's weight.
- A median where the curve runs at one half: R gives the middle of the stretch, lifelines its beginning. `median` takes
  the middle, from lifelines' curve.
"""

import csv
import logging
import math
import pathlib
import warnings

import numpy
import pandas
import radiomics
import scipy.stats
import SimpleITK as sitk
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import concordance_index
from radiomics import featureextractor

radiomics.logger.setLevel(logging.ERROR)
warnings.simplefilter("ignore")

Z = scipy.stats.norm.ppf(0.975)


def features(scans):
    """A row a patient of the 107 features; scans is {patient_id: (image, mask)}."""
    extractor = featureextractor.RadiomicsFeatureExtractor()
    rows = {}
    for patient, (image, mask) in sorted(scans.items()):
        result = extractor.execute(sitk.ReadImage(str(image)), sitk.ReadImage(str(mask)), label=1)
        rows[patient] = {k: float(v) for k, v in result.items() if not k.startswith("diagnostics_")}
        print(patient, flush=True)
    return pandas.DataFrame.from_dict(rows, orient="index")


def cox(time, event, covariates):
    """The fit as a table with a row a term; rows with a missing value are left out."""
    data = pandas.DataFrame(covariates).astype(float)
    used = data.notna().all(axis=1) & time.notna() & event.notna()
    data = data[used]
    centre, scale = data.mean(), data.std()
    scaled = (data - centre) / scale
    scaled["time"], scaled["event"] = time[used], event[used].astype(int)
    options = {"precision": 1e-22, "r_precision": 0.0}
    fitter = CoxPHFitter().fit(scaled, "time", "event", fit_options=options)
    for _ in range(200):
        before = fitter.params_.to_numpy().copy()
        fitter = CoxPHFitter().fit(scaled, "time", "event", fit_options=options, initial_point=before.copy())
        if numpy.allclose(fitter.params_, before, rtol=1e-11, atol=0):
            break
    else:
        raise RuntimeError(f"lifelines does not come to rest: {list(data.columns)}")
    table = pandas.DataFrame({"coef": fitter.params_ / scale, "se": fitter.standard_errors_ / scale})
    table["hr"] = numpy.exp(table["coef"])
    table["hr_lower"] = numpy.exp(table["coef"] - Z * table["se"])
    table["hr_upper"] = numpy.exp(table["coef"] + Z * table["se"])
    table["z"] = table["coef"] / table["se"]
    table["p"] = 2 * scipy.stats.norm.sf(table["z"].abs())
    table["n"], table["n_missing"] = int(used.sum()), int((~used).sum())
    table["events"] = int(event[used].sum())
    return table


def univariate(time, event, covariates):
    """One fit a column, with p adjusted by Benjamini and Hochberg."""
    table = pandas.concat([cox(time, event, covariates[[c]]) for c in covariates.columns])
    table["p_adjusted"] = scipy.stats.false_discovery_control(table["p"])
    return table


def concordance(time, event, score):
    """c from lifelines; its standard error by the infinitesimal jackknife."""
    time, event, score = (numpy.asarray(v, dtype=float) for v in (time, event, score))
    c = concordance_index(time, -score, event)
    # Pair i, j: i had the event, and j is known to have lived longer.
    later = (time[None, :] > time[:, None]) | ((time[None, :] == time[:, None]) & (event[None, :] == 0))
    pairs = later & (event[:, None] == 1)
    numpy.fill_diagonal(pairs, False)
    credit = (score[:, None] > score[None, :]) + 0.5 * (score[:, None] == score[None, :])
    total = pairs.sum()
    assert math.isclose((pairs * credit).sum() / total, c, rel_tol=1e-12)
    excess = pairs * (credit - c)
    influence = (excess.sum(axis=0) + excess.sum(axis=1)) / total
    se = math.sqrt((influence**2).sum())
    return {"c": c, "se": se, "lower": c - Z * se, "upper": c + Z * se}


def median(time, event):
    """Median survival; NaN where the curve stays above one half."""
    curve = KaplanMeierFitter().fit(time, event).survival_function_.iloc[:, 0]
    below = curve[curve <= 0.5 + 1e-9]
    if below.empty:
        return math.nan
    beyond = curve[curve < 0.5 - 1e-9]
    flat = abs(below.iloc[0] - 0.5) < 1e-9 and not beyond.empty
    return (below.index[0] + beyond.index[0]) / 2 if flat else below.index[0]


def curve(time, event):
    """Time, number at risk, number of events and survival, a row a time of an event."""
    fitter = KaplanMeierFitter().fit(time, event)
    table = fitter.event_table[fitter.event_table["observed"] > 0]
    survival = fitter.survival_function_.iloc[:, 0]
    return [(float(t), int(r["at_risk"]), int(r["observed"]), float(survival[t])) for t, r in table.iterrows()]


def log_rank(time, event, group):
    """chi2 and p of the groups 'high' and 'low'."""
    high = group == "high"
    result = logrank_test(time[high], time[~high], event[high], event[~high])
    return {"chi2": result.test_statistic, "p": result.p_value}


def second_candidates(ranking, values, limit):
    """The rule of the studies for the second feature: of another family than the best one, and weakly correlated."""
    def family(term):
        part = term.split("_")[1]
        return {"shape": "shape", "firstorder": "intensity"}.get(part, "texture")

    order = ranking.rename_axis("term").reset_index().sort_values(["p", "term"])["term"]
    best = order.iloc[0]
    kept = {}
    for term in order:
        r = numpy.corrcoef(values[term], values[best])[0, 1]
        if family(term) != family(best) and abs(r) < limit:
            kept[term] = r
    return best, kept


def cell(value):
    """A cell: as many digits as the number has, nothing for a missing one."""
    if isinstance(value, (float, numpy.floating)):
        return "" if math.isnan(value) else repr(float(value))
    return str(value)


def write(name, columns, rows):
    """Writes a table beside this file."""
    with open(pathlib.Path(__file__).parent / name, "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([cell(v) for v in row] for row in rows)
