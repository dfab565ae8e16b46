//! What follows a Cox fit, against R's survival package: residuals, baseline hazards, curves, tests of proportional hazards.

mod common;

use std::path::Path;

use common::{Table, Tally, json, list, number, outcome, reference};
use radsql_survival::{
    ConfidenceLevel, ConfidenceType, Convergence, Covariate, CoxModel, CoxOptions, FollowUp, HazardAt, Influence,
    RiskSets, TermGroup, Ties, TimeTransform,
};
use serde_json::Value;

const SETS: [&str; 5] = ["crlm_os", "crlm_dfs", "lung", "ovarian", "tiny1"];

/// A model's data, and the rows of the data file that it uses.
struct Data {
    covariates: Vec<String>,
    values: Vec<Vec<f64>>,
    start: Option<Vec<f64>>,
    stop: Vec<f64>,
    event: Vec<bool>,
    weights: Option<Vec<f64>>,
    strata: Option<Vec<u32>>,
    rows: Vec<usize>,
}

impl Data {
    /// The rows of `table` that are complete in a formula such as `Surv(start, stop, event) ~ x + z + strata(g)`.
    fn new(table: &Table, formula: &str, weights: Option<&str>) -> Self {
        let (left, right) = formula.split_once(" ~ ").expect("a formula");
        let left: Vec<&str> = left["Surv(".len()..left.len() - 1].split(", ").collect();
        let (mut covariates, mut strata) = (Vec::new(), None);
        for term in right.split(" + ") {
            match term.strip_prefix("strata(") {
                Some(name) => strata = Some(name.trim_end_matches(')')),
                None => covariates.push(term.to_owned()),
            }
        }
        let mut used: Vec<&str> = covariates.iter().map(String::as_str).collect();
        used.extend(left.iter().copied().chain(strata));
        let complete: Vec<Vec<f64>> = used.iter().map(|name| table.numbers(name)).collect();
        let rows = (0..table.rows()).filter(|&row| complete.iter().all(|column| !column[row].is_nan()));
        let rows: Vec<usize> = rows.collect();
        let table = table.complete(&used);
        Self {
            values: covariates.iter().map(|name| table.numbers(name)).collect(),
            covariates,
            start: (left.len() == 3).then(|| table.numbers(left[0])),
            stop: table.numbers(left[left.len() - 2]),
            event: table.events(left[left.len() - 1]),
            weights: weights.map(|name| table.numbers(name)),
            strata: strata.map(|name| table.codes(name)),
            rows,
        }
    }

    fn sets(&self) -> RiskSets {
        let mut follow_up = match &self.start {
            Some(start) => FollowUp::intervals(start, &self.stop, &self.event),
            None => FollowUp::right_censored(&self.stop, &self.event),
        }
        .expect("follow-up");
        if let Some(weights) = &self.weights {
            follow_up = follow_up.with_weights(weights).expect("weights");
        }
        RiskSets::new(&follow_up, self.strata.as_deref()).expect("risk sets")
    }

    fn model<'a>(&self, sets: &'a RiskSets, clusters: Option<&[u32]>, options: &CoxOptions) -> CoxModel<'a> {
        let pairs = self.covariates.iter().zip(&self.values);
        let covariates: Vec<Covariate<'_>> = pairs.map(|(name, values)| Covariate { name, values }).collect();
        sets.model(&covariates, clusters, options).expect("a model")
    }
}

fn ties(name: &str) -> Ties {
    match name {
        "efron" => Ties::Efron,
        "breslow" => Ties::Breslow,
        "exact" => Ties::Exact,
        _ => panic!("unknown ties {name}"),
    }
}

/// R's rule: the reference files hold what R gives there.
fn where_r_stops(ties_name: &str) -> CoxOptions {
    CoxOptions {
        ties: ties(ties_name),
        convergence: Convergence::default().without_polishing(),
        ..CoxOptions::default()
    }
}

fn table_of(folder: &Path, set: &str) -> Table {
    Table::read(&folder.join(format!("data/{}.csv", outcome(set).0)))
}

/// Compares a column of a table of `width` columns with R's, relative to the largest number of the column.
fn column(tally: &mut Tally, label: &str, found: &[f64], width: usize, place: usize, expected: &[f64], tolerance: f64) {
    tally.same(&format!("{label} length"), found.len(), width * expected.len());
    let scale = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (row, expected) in expected.iter().enumerate() {
        let found = found[row * width + place];
        tally.close_to_scale(&format!("{label} {row}"), found, *expected, scale, tolerance);
    }
}

#[test]
fn residuals_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for set in SETS {
        for ties_name in ["efron", "breslow"] {
            let file = |what: &str| folder.join(format!("coxph/{set}_{ties_name}{what}"));
            let data = Data::new(
                &table_of(&folder, set),
                json(&file(".json"))["formula"].as_str().expect("a formula"),
                None,
            );
            let sets = data.sets();
            let model = data.model(&sets, None, &where_r_stops(ties_name));
            let expected = Table::read(&file("_residuals.csv"));
            let label = |what: &str| format!("{set} {ties_name} {what}");
            let rows = expected.numbers("row");
            for (row, expected) in data.rows.iter().zip(&rows) {
                tally.same(&label("row"), row + 1, *expected as usize);
            }
            let residuals = model.residuals().expect("residuals");
            for (name, found) in [
                ("martingale", &residuals.martingale),
                ("deviance", &residuals.deviance),
                ("expected", &residuals.expected),
            ] {
                column(&mut tally, &label(name), found, 1, 0, &expected.numbers(name), 1e-9);
            }
            let score = model.score_residuals().expect("score residuals");
            let dfbeta = model.dfbeta(Influence::Coefficient).expect("dfbeta");
            let width = data.covariates.len();
            for (place, name) in data.covariates.iter().enumerate() {
                for (kind, found) in [("score", &score), ("dfbeta", &dfbeta)] {
                    let expected = expected.numbers(&format!("{kind}_{name}"));
                    let label = label(&format!("{kind}_{name}"));
                    column(&mut tally, &label, found, width, place, &expected, 1e-8);
                }
            }
            let expected = Table::read(&file("_schoenfeld.csv"));
            let found = model.schoenfeld().expect("Schoenfeld residuals");
            let times: Vec<f64> = found.events.iter().map(|event| event.time).collect();
            column(
                &mut tally,
                &label("time"),
                &times,
                1,
                0,
                &expected.numbers("time"),
                1e-14,
            );
            for (place, name) in data.covariates.iter().enumerate() {
                for (kind, found) in [("sch", &found.residuals), ("scaled", &found.scaled)] {
                    let expected = expected.numbers(&format!("{kind}_{name}"));
                    let label = label(&format!("{kind}_{name}"));
                    column(&mut tally, &label, found, width, place, &expected, 1e-8);
                }
            }
        }
    }
    tally.finish("residuals");
}

#[test]
fn baseline_hazards_and_curves_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    let level = ConfidenceLevel::default();
    for set in SETS {
        for ties_name in ["efron", "breslow"] {
            let file = |what: &str| folder.join(format!("coxph/{set}_{ties_name}{what}"));
            let reference = json(&file(".json"));
            let data = Data::new(
                &table_of(&folder, set),
                reference["formula"].as_str().expect("a formula"),
                None,
            );
            let sets = data.sets();
            let model = data.model(&sets, None, &where_r_stops(ties_name));
            let baseline = model.baseline().expect("a baseline");
            let expected = Table::read(&file("_basehaz.csv"));
            for (name, at) in [("H0", HazardAt::Zero), ("H_mean", HazardAt::Means)] {
                let steps = baseline.hazard(at);
                let label = format!("{set} {ties_name} {name}");
                tally.same(&label, steps.len(), expected.rows());
                for (step, (time, hazard)) in steps
                    .iter()
                    .zip(expected.numbers("time").iter().zip(expected.numbers(name)))
                {
                    tally.close(&label, step.time, *time, 1e-14);
                    tally.close(&label, step.hazard, hazard, 1e-8);
                }
            }
            let expected = Table::read(&file("_survfit_profile.csv"));
            let profile: Vec<f64> = match reference.get("profile") {
                Some(profile) => data.covariates.iter().map(|name| number(&profile[name])).collect(),
                None => panic!("{set}: no profile"),
            };
            let log = baseline
                .curve(&profile, 0, level, ConfidenceType::Log)
                .expect("a curve");
            let log_log = baseline
                .curve(&profile, 0, level, ConfidenceType::LogLog)
                .expect("a curve");
            let columns = [
                ("time", log.iter().map(|step| step.time).collect::<Vec<f64>>()),
                ("n_risk", log.iter().map(|step| step.n_risk).collect()),
                ("n_event", log.iter().map(|step| step.n_event).collect()),
                ("surv", log.iter().map(|step| step.survival).collect()),
                (
                    "std_err_cumhaz",
                    log.iter().map(|step| step.se_cumulative_hazard).collect(),
                ),
                ("cumhaz", log.iter().map(|step| step.cumulative_hazard).collect()),
                ("lo_log", log.iter().map(|step| step.lower).collect()),
                ("hi_log", log.iter().map(|step| step.upper).collect()),
                ("lo_loglog", log_log.iter().map(|step| step.lower).collect()),
                ("hi_loglog", log_log.iter().map(|step| step.upper).collect()),
            ];
            for (name, found) in columns {
                let label = format!("{set} {ties_name} {name}");
                let expected = expected.numbers(name);
                tally.same(&label, found.len(), expected.len());
                for (found, expected) in found.iter().zip(&expected) {
                    tally.close(&label, *found, *expected, 1e-8);
                }
            }
        }
    }
    tally.finish("baseline hazards and curves");
}

#[test]
fn survival_of_many_rows_equals_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for set in ["crlm_os", "lung"] {
        let input = Table::read(&folder.join(format!("roc/{set}_input.csv")));
        let reference = json(&folder.join(format!("roc/{set}.json")));
        let names: Vec<&str> = reference["covariates"]
            .as_array()
            .expect("covariates")
            .iter()
            .map(|name| name.as_str().expect("a name"))
            .collect();
        let (_, time, event) = outcome(set);
        let formula = format!("Surv({time}, {event}) ~ {}", names.join(" + "));
        let data = Data::new(&table_of(&folder, set), &formula, None);
        let sets = data.sets();
        let model = data.model(&sets, None, &where_r_stops("efron"));
        let baseline = model.baseline().expect("a baseline");
        let columns: Vec<&[f64]> = data.values.iter().map(Vec::as_slice).collect();
        let times = list(&reference["times"]);
        let found = baseline.survival_at(&columns, None, &times).expect("survival");
        tally.same(set, data.stop.len(), input.rows());
        for (place, time) in times.iter().enumerate() {
            let name = format!("S_t{time}");
            let expected = input.numbers(&name);
            for (row, expected) in expected.iter().enumerate() {
                tally.close(
                    &format!("{set} {name} {row}"),
                    found[row * times.len() + place],
                    *expected,
                    1e-8,
                );
            }
        }
        let level = ConfidenceLevel::default();
        let row: Vec<f64> = columns.iter().map(|column| column[0]).collect();
        let steps = baseline
            .curve_at(&row, 0, &times, level, ConfidenceType::Log)
            .expect("steps");
        for (step, survival) in steps.iter().zip(&found) {
            tally.close("one row", step.survival, *survival, 1e-13);
        }
    }
    tally.finish("survival at times");
}

const TRANSFORMS: [(&str, TimeTransform); 4] = [
    ("km", TimeTransform::KaplanMeier),
    ("rank", TimeTransform::Rank),
    ("identity", TimeTransform::Identity),
    ("log", TimeTransform::Log),
];

#[test]
fn proportional_hazards_tests_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    let stratified = ["crlm_os_strata", "crlm_dfs_strata", "lung_strata", "ovarian_strata"];
    for set in SETS.into_iter().chain(["tiny2", "heart"]).chain(stratified) {
        for ties_name in ["efron", "breslow"] {
            let file = match set.strip_suffix("_strata") {
                Some(set) => format!("coxph/{set}_{ties_name}_strata.json"),
                None => format!("coxph/{set}_{ties_name}.json"),
            };
            let expected = json(&folder.join(file));
            let Some(zph) = expected.get("zph") else { continue };
            let table = match set.split('_').next().expect("a name") {
                name @ ("tiny2" | "heart" | "lung" | "ovarian" | "tiny1") => {
                    Table::read(&folder.join(format!("data/{name}.csv")))
                }
                _ => Table::read(&folder.join("data/crlm.csv")),
            };
            let data = Data::new(&table, expected["formula"].as_str().expect("a formula"), None);
            let sets = data.sets();
            let model = data.model(&sets, None, &where_r_stops(ties_name));
            for (name, transform) in TRANSFORMS {
                let Some(expected) = zph.get(name) else { continue };
                let found = model.zph(transform, None).expect("tests");
                compare_zph(&mut tally, &format!("{set} {ties_name} {name}"), &found, expected, 1e-8);
            }
        }
    }
    tally.finish("cox.zph");
}

fn compare_zph(tally: &mut Tally, label: &str, found: &radsql_survival::Zph, expected: &Value, tolerance: f64) {
    let statistics = list(&expected["chisq"]);
    tally.same(label, found.terms.len() + 1, statistics.len());
    let tests = found.terms.iter().map(|term| &term.test).chain([&found.global]);
    let expected = statistics.iter().zip(list(&expected["df"])).zip(list(&expected["p"]));
    for (test, ((statistic, df), p)) in tests.zip(expected) {
        // A statistic near 0 is the square of a score made of cancelling terms.
        tally.close_to_scale(label, test.chi2, *statistic, statistic.max(1e-3), tolerance);
        tally.same(label, test.df, df as usize);
        tally.close(label, test.p, p, 10.0 * tolerance);
    }
}

fn golden() -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("the root");
    root.join("tests/golden/survival/cox")
}

fn compare_fit(tally: &mut Tally, label: &str, model: &CoxModel<'_>, expected: &Value) {
    let fit = model.fit();
    for ((term, expected), se) in fit
        .terms
        .iter()
        .zip(list(&expected["coef"]))
        .zip(fit.terms.iter().map(|t| t.se))
    {
        tally.close_to_scale(&format!("{label} coef"), term.coef, expected, se, 1e-8);
    }
    for (found, expected) in fit.variance.iter().zip(list(&expected["var"])) {
        let scale = fit.variance.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        tally.close_to_scale(&format!("{label} var"), *found, expected, scale, 1e-8);
    }
    let logliks = list(&expected["loglik"]);
    for (name, found, expected) in [
        ("loglik_null", fit.loglik_null, logliks[0]),
        ("loglik", fit.loglik, logliks[1]),
        ("score", fit.score.chi2, number(&expected["score"])),
        ("wald", fit.wald.chi2, number(&expected["wald"])),
        ("c", fit.concordance.expect("a concordance").c, number(&expected["c"])),
        (
            "c_se",
            fit.concordance.expect("a concordance").se,
            number(&expected["c_se"]),
        ),
    ] {
        tally.close(&format!("{label} {name}"), found, expected, 1e-8);
    }
    let martingale = model.residuals().expect("residuals").martingale;
    column(
        tally,
        &format!("{label} martingale"),
        &martingale,
        1,
        0,
        &list(&expected["martingale"]),
        1e-8,
    );
}

/// JSON less the lines with a number beyond all that f64 can hold.
fn json_within_range(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a file");
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("\"hr_hi\"")).collect();
    serde_json::from_str(&lines.join("\n")).expect("JSON")
}

/// Strata, weights, intervals, clusters and exact ties in made data.
#[test]
fn made_data_give_r_answers() {
    let mut tally = Tally::default();
    let table = Table::read(&golden().join("data.csv"));
    let mut cases: Vec<String> = [
        "right",
        "right_strata_whole",
        "counting_strata",
        "counting_part_cluster",
    ]
    .iter()
    .chain(&["right_strata_cluster"])
    .flat_map(|case| ["efron", "breslow"].map(|ties| format!("{case}_{ties}")))
    .collect();
    cases.extend(["right_exact".to_owned(), "right_strata_exact".to_owned()]);
    for case in cases {
        let expected = json(&golden().join(format!("{case}.json")));
        let stratified = expected["strata"].as_bool().expect("a flag");
        let left = expected["left"].as_str().expect("a left side");
        let formula = format!("{left} ~ x + z + b + c{}", if stratified { " + strata(g)" } else { "" });
        let data = Data::new(&table, &formula, expected["weights"].as_str());
        let clusters = expected["cluster"]
            .as_bool()
            .expect("a flag")
            .then(|| table.codes("id"));
        let ties_name = expected["ties"].as_str().expect("ties");
        let options = CoxOptions {
            ties: ties(ties_name),
            ..CoxOptions::default()
        };
        let sets = data.sets();
        let model = data.model(&sets, clusters.as_deref(), &options);
        compare_fit(&mut tally, &case, &model, &expected);
        let deviance = model.residuals().expect("residuals").deviance;
        column(
            &mut tally,
            &format!("{case} deviance"),
            &deviance,
            1,
            0,
            &list(&expected["deviance"]),
            1e-8,
        );
        if ties_name == "exact" {
            assert!(model.dfbeta(Influence::Coefficient).is_err() && model.schoenfeld().is_err());
        } else {
            compare_residuals(&mut tally, &case, &model, &expected);
        }
        compare_baseline(&mut tally, &case, &model, &expected, stratified);
        compare_zph_of_factor(&mut tally, &case, &model, &expected);
    }
    tally.finish("made data");
}

fn compare_residuals(tally: &mut Tally, case: &str, model: &CoxModel<'_>, expected: &Value) {
    let schoenfeld = model.schoenfeld().expect("Schoenfeld residuals");
    let times: Vec<f64> = schoenfeld.events.iter().map(|event| event.time).collect();
    column(
        tally,
        &format!("{case} times"),
        &times,
        1,
        0,
        &list(&expected["schoenfeld_time"]),
        1e-14,
    );
    for (name, found) in [
        ("score_residuals", &model.score_residuals().expect("score residuals")),
        ("dfbeta", &model.dfbeta(Influence::Coefficient).expect("dfbeta")),
        ("dfbetas", &model.dfbeta(Influence::StandardError).expect("dfbetas")),
        ("schoenfeld", &schoenfeld.residuals),
        ("scaled", &schoenfeld.scaled),
    ] {
        for place in 0..4 {
            let label = format!("{case} {name} {place}");
            column(tally, &label, found, 4, place, &list(&expected[name][place]), 1e-8);
        }
    }
}

/// One number of a step.
type Part = fn(&radsql_survival::PredictedStep) -> f64;

fn compare_baseline(tally: &mut Tally, case: &str, model: &CoxModel<'_>, expected: &Value, stratified: bool) {
    let baseline = model.baseline().expect("a baseline");
    for (name, at) in [("basehaz_mean", HazardAt::Means), ("basehaz_zero", HazardAt::Zero)] {
        let steps = baseline.hazard(at);
        let label = format!("{case} {name}");
        let times: Vec<f64> = steps.iter().map(|step| step.time).collect();
        column(tally, &label, &times, 1, 0, &list(&expected[name]["time"]), 1e-14);
        for (step, hazard) in steps.iter().zip(list(&expected[name]["hazard"])) {
            tally.close(&label, step.hazard, hazard, 1e-8);
        }
        if stratified {
            for (step, stratum) in steps.iter().zip(list(&expected[name]["strata"])) {
                tally.same(&label, step.stratum as usize, stratum as usize);
            }
        }
    }
    let level = ConfidenceLevel::default();
    for (place, (row, stratum)) in [([0.4, 1.0, 0.0, 1.0], 1), ([-1.0, 0.0, 1.0, 0.0], 3)]
        .iter()
        .enumerate()
    {
        let stratum = if stratified { *stratum } else { 0 };
        for (name, kind) in [
            ("log", ConfidenceType::Log),
            ("loglog", ConfidenceType::LogLog),
            ("plain", ConfidenceType::Plain),
        ] {
            let curve = baseline.curve(row, stratum, level, kind).expect("a curve");
            let expected = &expected[format!("curves_{name}")][place];
            let numbers: [(&str, Part); 9] = [
                ("time", |step| step.time),
                ("n_risk", |step| step.n_risk),
                ("n_event", |step| step.n_event),
                ("n_censor", |step| step.n_censor),
                ("surv", |step| step.survival),
                ("std_err", |step| step.se_cumulative_hazard),
                ("cumhaz", |step| step.cumulative_hazard),
                ("lower", |step| step.lower),
                ("upper", |step| step.upper),
            ];
            for (number, value) in numbers {
                let Some(expected) = expected.get(number) else { continue };
                let found: Vec<f64> = curve.iter().map(value).collect();
                column(
                    tally,
                    &format!("{case} {name} {number}"),
                    &found,
                    1,
                    0,
                    &list(expected),
                    1e-8,
                );
            }
        }
    }
}

fn compare_zph_of_factor(tally: &mut Tally, case: &str, model: &CoxModel<'_>, expected: &Value) {
    let group = |name: &str, columns: &[usize]| TermGroup {
        name: name.to_owned(),
        columns: columns.to_vec(),
    };
    let groups = [group("x", &[0]), group("z", &[1]), group("arm", &[2, 3])];
    for (name, transform) in TRANSFORMS {
        let expected = &expected["zph"][name];
        let label = format!("{case} zph {name}");
        let found = model.zph(transform, Some(&groups)).expect("tests");
        let tests = found.terms.iter().map(|term| &term.test).chain([&found.global]);
        for (place, test) in tests.enumerate() {
            tally.close(&label, test.chi2, list(&expected["terms"])[place], 1e-7);
            tally.same(&label, test.df, list(&expected["df"])[place] as usize);
            tally.close(&label, test.p, list(&expected["p"])[place], 1e-7);
        }
        let alone = model.zph(transform, None).expect("tests");
        for (term, expected) in alone.terms.iter().zip(list(&expected["columns"])) {
            tally.close(&label, term.test.chi2, expected, 1e-7);
        }
        // R orders the events of (start, stop] and of strata otherwise.
        let (mut x, mut r) = (alone.transformed, list(&expected["x"]));
        x.sort_unstable_by(f64::total_cmp);
        r.sort_unstable_by(f64::total_cmp);
        column(tally, &format!("{label} x"), &x, 1, 0, &r, 1e-12);
    }
}

#[test]
fn exact_ties_and_clusters_equal_r() {
    let mut tally = Tally::default();
    let expected = json(&golden().join("small.json"));
    let table = Table::read(&golden().join("data.csv")).filter(|row| row < 30);
    let exact = CoxOptions {
        ties: Ties::Exact,
        ..CoxOptions::default()
    };
    for (case, strata) in [("counting", ""), ("counting_strata", " + strata(g)")] {
        let data = Data::new(&table, &format!("Surv(start, stop, event) ~ x + z{strata}"), None);
        let sets = data.sets();
        compare_fit(&mut tally, case, &data.model(&sets, None, &exact), &expected[case]);
    }
    if let Some(folder) = reference() {
        let lung = Table::read(&folder.join("data/lung.csv"));
        let data = Data::new(&lung, "Surv(time, status) ~ age + sex + ph.ecog", None);
        let sets = data.sets();
        compare_fit(
            &mut tally,
            "lung exact",
            &data.model(&sets, None, &exact),
            &expected["lung"],
        );
        let data = Data::new(&lung, "Surv(time, status) ~ age + sex + ph.ecog + wt.loss", None);
        let sets = data.sets();
        // A missing institution is a cluster of its own to the file's reader, but not to R, which drops the row.
        let with_inst = Data::new(
            &lung.complete(&["inst"]),
            "Surv(time, status) ~ age + sex + ph.ecog + wt.loss",
            None,
        );
        let inst = lung
            .complete(&["inst", "age", "sex", "ph.ecog", "wt.loss"])
            .codes("inst");
        let clustered = with_inst.sets();
        let model = with_inst.model(&clustered, Some(&inst), &CoxOptions::default());
        assert!(model.fit().robust && sets.rows() >= clustered.rows());
        compare_fit(&mut tally, "lung inst", &model, &expected["lung_inst"]);
        for set in ["ovarian", "tiny1"] {
            let expected = json_within_range(&folder.join(format!("coxph/{set}_exact.json")));
            let data = Data::new(
                &table_of(&folder, set),
                expected["formula"].as_str().expect("a formula"),
                None,
            );
            let sets = data.sets();
            let fit = data.model(&sets, None, &where_r_stops("exact")).into_fit();
            let label = format!("{set} exact");
            tally.close(&label, fit.loglik_null, number(&expected["loglik_null"]), 1e-12);
            tally.close(&label, fit.score.chi2, number(&expected["score"]["stat"]), 1e-10);
            // tiny1's coefficient is infinite: R goes on for 20 steps on a scale of its own.
            if set == "tiny1" {
                tally.close(&label, fit.loglik, number(&expected["loglik"]), 1e-8);
                assert!(
                    fit.warning()
                        .expect("a warning")
                        .contains("x: coefficient may be infinite")
                );
                continue;
            }
            tally.close(&label, fit.loglik, number(&expected["loglik"]), 1e-12);
            for (term, (coef, se)) in fit
                .terms
                .iter()
                .zip(list(&expected["coef"]).iter().zip(list(&expected["se"])))
            {
                tally.close(&label, term.coef, *coef, 1e-8);
                tally.close(&label, term.se, se, 1e-8);
            }
            tally.close(&label, fit.lr.chi2, number(&expected["lr"]["stat"]), 1e-10);
            tally.close(&label, fit.wald.chi2, number(&expected["wald"]["stat"]), 1e-8);
        }
    }
    tally.finish("exact ties and clusters");
}
