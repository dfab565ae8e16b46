"""Survival statistics through SQL beside R (and lifelines where it is installed): CPU seconds of one thread, and ratios.

    python3 benches/survival/compare.py [--command RADSQL] [--only NAME ...] [--rows 1000000]

Needs Linux, numpy, the command (cargo build --release), and for the peers Rscript with survival and glmnet, python's lifelines.
What is missing is left out, loudly. Both sides read the same CSV files, made here from fixed seeds.

A number of ours is the CPU time of one statement within a process, by the difference between a process that runs it many
times and one that runs it once less: the start of the process and the reading of the data are not in it. One of R is that of the
function alone (proc.time, user and system), the fastest of several. threads = 1 on both sides.
"""

import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
R_HEAD = """
suppressMessages({library(survival); if (requireNamespace("glmnet", quietly = TRUE)) library(glmnet)})
cpu <- function(f, times) { best <- Inf; for (i in seq_len(times)) { gc(FALSE); t <- proc.time(); f(); t <- proc.time() - t; best <- min(best, t[[1]] + t[[2]]) }; best }
say <- function(name, seconds) cat(name, seconds, "\\n")
"""


def cpu_of(arguments, text):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "XDG_CACHE_HOME": "/dev/null"}
    done = subprocess.run(arguments, input=text, text=True, capture_output=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{text[-600:]}\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(command, load, statement, times):
    settings = "SET radsql.threads = 1; SET datafusion.execution.target_partitions = 1; "
    run = lambda n: cpu_of([command], settings + load + (statement + "; ") * n)
    once = min(run(1) for _ in range(3))
    many = min(run(1 + times) for _ in range(2))
    return (many - once) / times


def peer_r(code, folder):
    if not shutil.which("Rscript"):
        return {}
    done = subprocess.run(["Rscript", "-e", R_HEAD + f'setwd("{folder}")\n' + code], capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    if done.returncode != 0:
        print("R failed:", done.stderr[-500:])
        return {}
    return {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines() if len(line.split()) == 2}


def peer_python(code, folder):
    try:
        import lifelines  # noqa: F401
    except ImportError:
        print("lifelines is not installed: left out")
        return {}
    head = """
import time, warnings, pandas
warnings.simplefilter("ignore")
def cpu(f, times):
    best = float("inf")
    for _ in range(times):
        t = time.process_time(); f(); best = min(best, time.process_time() - t)
    return best
"""
    done = subprocess.run([sys.executable, "-c", head + code], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    if done.returncode != 0:
        print("lifelines failed:", done.stderr[-500:])
        return {}
    return {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}


def write(path, names, columns):
    header = ",".join(names)
    with open(path, "w") as out:
        out.write(header + "\n")
        numpy.savetxt(out, numpy.column_stack(columns), delimiter=",", fmt="%.9g")


def cohort(rng, n, p, days):
    x = rng.normal(size=(n, p))
    risk = x[:, : min(p, 5)] @ numpy.full(min(p, 5), 0.3)
    time, censored = rng.exponential(1000 * numpy.exp(-risk)), rng.exponential(1500, n)
    event = (time <= censored).astype(int)
    time = numpy.minimum(time, censored)
    return (numpy.floor(time) + 1 if days else time + 0.001), event, x


def table(name, path, columns="*"):
    return (f"CREATE EXTERNAL TABLE {name}_csv STORED AS CSV LOCATION '{path}' OPTIONS (format.has_header true); "
            f"CREATE TABLE {name} AS SELECT {columns} FROM {name}_csv; ")


def cases(rows):
    """Name, rows, columns, days or not, statement, repetitions, peers' code, and the targets: peer and ratio."""
    return [
        ("univariate", 138, 1107, True, "SELECT count(p) FROM univariate_cox(t, time => time, event => event)", 40, """
d <- as.matrix(read.csv("univariate.csv")); y <- Surv(d[, 1], d[, 2]); x <- d[, -(1:2)]
say("coxph_loop", cpu(function() for (j in seq_len(ncol(x))) coxph(y ~ x[, j]), 2))
control <- coxph.control()
say("coxph.fit_loop", cpu(function() for (j in seq_len(ncol(x))) coxph.fit(x[, j, drop = FALSE], y, NULL, NULL, NULL, control, NULL, "efron", NULL), 5))
""", "", {"coxph_loop": 40, "coxph.fit_loop": 1}),
        ("cox", rows, 10, True, "SELECT loglik, concordance_se FROM cox_summary(t, time => time, event => event)", 2, """
d <- read.csv("cox.csv"); say("coxph", cpu(function() coxph(Surv(time, event) ~ ., data = d), 2))
""", "", {"coxph": 8}),
        ("lasso_cv", 138, 300, True, "SELECT nonzero FROM cox_lasso_model(t, time => time, event => event)", 10, """
d <- as.matrix(read.csv("lasso_cv.csv")); y <- Surv(d[, 1], d[, 2]); x <- d[, -(1:2)]
say("cv.glmnet", cpu(function() cv.glmnet(x, y, family = "cox"), 2))
""", "", {"cv.glmnet": 10}),
        ("lasso_path", 10000, 500, False, "SELECT count(*) FROM cox_lasso_path(t, time => time, event => event)", 2, """
d <- as.matrix(read.csv("lasso_path.csv")); y <- Surv(d[, 1], d[, 2]); x <- d[, -(1:2)]
say("glmnet", cpu(function() glmnet(x, y, family = "cox"), 2))
""", "", {"glmnet": 1}),
        ("km_days", rows, 1, True, "SELECT count(survival) FROM kaplan_meier((SELECT time, event, x0 > 0 AS g FROM t), time => time, event => event, by => g)", 5, """
d <- read.csv("km_days.csv"); g <- d$x0 > 0; say("survfit", cpu(function() survfit(Surv(time, event) ~ g, data = d), 2))
""", """
d = pandas.read_csv("km_days.csv"); g = d.x0 > 0
from lifelines import KaplanMeierFitter as K
print("lifelines", cpu(lambda: [K().fit(d.time[w], d.event[w]) for w in (g, ~g)], 3))
""", {"lifelines": 3}),
        ("km_continuous", rows, 1, False, "SELECT count(survival) FROM kaplan_meier((SELECT time, event, x0 > 0 AS g FROM t), time => time, event => event, by => g)", 5, """
d <- read.csv("km_continuous.csv"); g <- d$x0 > 0; say("survfit", cpu(function() survfit(Surv(time, event) ~ g, data = d), 2))
""", """
d = pandas.read_csv("km_continuous.csv"); g = d.x0 > 0
from lifelines import KaplanMeierFitter as K
print("lifelines", cpu(lambda: [K().fit(d.time[w], d.event[w]) for w in (g, ~g)], 3))
""", {"lifelines": 3}),
        ("log_rank", rows, 1, True, "SELECT p FROM log_rank((SELECT time, event, x0 > 0 AS g FROM t), time => time, event => event, by => g)", 5, """
d <- read.csv("log_rank.csv"); g <- d$x0 > 0; say("survdiff", cpu(function() survdiff(Surv(time, event) ~ g, data = d), 2))
""", """
d = pandas.read_csv("log_rank.csv"); g = d.x0 > 0
from lifelines.statistics import logrank_test
print("lifelines", cpu(lambda: logrank_test(d.time[g], d.time[~g], d.event[g], d.event[~g]), 3))
""", {"lifelines": 3}),
        ("concordance", 100000, 1, False, "SELECT c, se FROM concordance(t, time => time, event => event, score => x0)", 10, """
d <- read.csv("concordance.csv"); y <- Surv(d$time, d$event)
say("concordancefit", cpu(function() concordancefit(y, d$x0, reverse = TRUE, std.err = FALSE), 5))
say("with_se", cpu(function() concordancefit(y, d$x0, reverse = TRUE), 5))
""", "", {"concordancefit": 3}),
        ("bootstrap", 138, 1, True, "SELECT c, lower, upper FROM concordance(t, time => time, event => event, score => x0, bootstrap => 1000)", 20, """
d <- read.csv("bootstrap.csv"); y <- Surv(d$time, d$event); set.seed(1)
say("concordancefit_x1000", cpu(function() for (b in 1:1000) { i <- sample.int(138, replace = TRUE); concordancefit(y[i], d$x0[i], reverse = TRUE, std.err = FALSE) }, 2))
""", "", {}),
        ("time_roc", 10000, 1, False, "SELECT auc, se FROM time_roc(t, time => time, event => event, marker => x0, times => [200, 400, 600, 800, 1000])", 10, "", "", {}),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--command", default=str(target / "release/radsql"))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    if not shutil.which("Rscript"):
        print("Rscript is not installed: its times are left out")
    print(f"{'case':15} {'rows':>8} {'columns':>7} {'radsql s':>10}  peers: seconds (ratio)")
    with tempfile.TemporaryDirectory() as folder:
        for name, n, p, days, statement, times, r, python, targets in cases(arguments.rows):
            if arguments.only and name not in arguments.only:
                continue
            time, event, x = cohort(numpy.random.default_rng(1), n, p, days)
            path = pathlib.Path(folder) / f"{name}.csv"
            write(path, ["time", "event"] + [f"x{i}" for i in range(p)], [time, event, x])
            own = ours(arguments.command, table("t", path), statement, times)
            peers = {**(peer_r(r, folder) if r else {}), **(peer_python(python, folder) if python else {})}
            shown = [f"{peer} {seconds:.4g} ({seconds / own:.1f}x{f', asked for {targets[peer]}x' if peer in targets else ''})"
                     for peer, seconds in peers.items()]
            print(f"{name:15} {n:8} {p:7} {own:10.4f}  {', '.join(shown)}", flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
