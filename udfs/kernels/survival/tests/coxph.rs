//! Proportional-hazards fits against R's `coxph`.

mod common;

use std::path::Path;

use common::{Table, Tally, json, list, number, outcome, reference};
use radsql_survival::{Convergence, Covariate, CoxFit, CoxOptions, FollowUp, Ties, Variance, cox, univariate_cox};
use serde_json::Value;

/// What a reference file's formula says.
struct Model {
    start: Option<String>,
    stop: String,
    event: String,
    covariates: Vec<String>,
    strata: Option<String>,
}

impl Model {
    fn parse(formula: &str) -> Self {
        let (left, right) = formula.split_once(" ~ ").expect("a formula");
        let left = left
            .strip_prefix("Surv(")
            .and_then(|left| left.strip_suffix(')'))
            .expect("Surv()");
        let mut times: Vec<String> = left.split(", ").map(str::to_owned).collect();
        let event = times.pop().expect("an event");
        let stop = times.pop().expect("a time");
        let mut covariates = Vec::new();
        let mut strata = None;
        for term in right.split(" + ") {
            match term.strip_prefix("strata(") {
                Some(name) => strata = Some(name.trim_end_matches(')').to_owned()),
                None => covariates.push(term.to_owned()),
            }
        }
        Self {
            start: times.pop(),
            stop,
            event,
            covariates,
            strata,
        }
    }

    fn fit(&self, table: &Table, weights: Option<&str>, options: &CoxOptions) -> CoxFit {
        let mut used: Vec<&str> = self.covariates.iter().map(String::as_str).collect();
        used.extend(self.strata.as_deref());
        used.extend([self.stop.as_str(), self.event.as_str()]);
        let table = table.complete(&used);
        let (stop, event) = (table.numbers(&self.stop), table.events(&self.event));
        let start = self.start.as_ref().map(|start| table.numbers(start));
        let weights = weights.map(|weights| table.numbers(weights));
        let strata = self.strata.as_ref().map(|strata| table.codes(strata));
        let mut follow_up = match &start {
            Some(start) => FollowUp::intervals(start, &stop, &event),
            None => FollowUp::right_censored(&stop, &event),
        }
        .expect("follow-up");
        if let Some(weights) = &weights {
            follow_up = follow_up.with_weights(weights).expect("weights");
        }
        let values: Vec<Vec<f64>> = self.covariates.iter().map(|name| table.numbers(name)).collect();
        let covariates: Vec<Covariate<'_>> = self
            .covariates
            .iter()
            .zip(&values)
            .map(|(name, values)| Covariate { name, values })
            .collect();
        cox(&follow_up, strata.as_deref(), &covariates, options).expect("a fit")
    }
}

fn data(folder: &Path, name: &str) -> Table {
    Table::read(&folder.join(format!("data/{name}.csv")))
}

fn ties(name: &str) -> Ties {
    match name {
        "efron" => Ties::Efron,
        "breslow" => Ties::Breslow,
        _ => panic!("unknown ties {name}"),
    }
}

fn options(name: &str) -> CoxOptions {
    CoxOptions {
        ties: ties(name),
        ..CoxOptions::default()
    }
}

/// Compares everything in a reference file. Where R stopped short of the maximum, `tolerance` says how far.
fn compare(tally: &mut Tally, label: &str, fit: &CoxFit, expected: &Value, tolerance: f64) {
    let counted = |key: &str| expected[key].as_u64().expect("a count") as usize;
    tally.same(&format!("{label} n"), fit.n, counted("n"));
    tally.same(&format!("{label} events"), fit.events, counted("nevent"));
    tally.same(&format!("{label} iterations"), fit.iterations as usize, counted("iter"));
    let term = |key: &str, value: fn(&radsql_survival::Term) -> f64, scaled: bool, tally: &mut Tally| {
        for ((term, expected), se) in fit.terms.iter().zip(list(&expected[key])).zip(list(&expected["se"])) {
            let scale = if scaled {
                expected.abs().max(0.1 * se)
            } else {
                expected.abs()
            };
            tally.close_to_scale(
                &format!("{label} {key} {}", term.name),
                value(term),
                expected,
                scale,
                tolerance,
            );
        }
    };
    tally.same(
        &format!("{label} terms"),
        fit.terms.len(),
        list(&expected["coef"]).len(),
    );
    term("coef", |term| term.coef, true, tally);
    term("se", |term| term.se, false, tally);
    term("p", |term| term.p, false, tally);
    term("hr", |term| term.hr, false, tally);
    term("hr_lo", |term| term.hr_lower, false, tally);
    term("hr_hi", |term| term.hr_upper, false, tally);
    for ((term, z), se) in fit.terms.iter().zip(list(&expected["z"])).zip(list(&expected["se"])) {
        assert!(se > 0.0);
        tally.close_to_scale(
            &format!("{label} z {}", term.name),
            term.z,
            z,
            z.abs().max(0.1),
            tolerance,
        );
    }
    let variance = list(&expected["var"]);
    tally.same(&format!("{label} variances"), fit.variance.len(), variance.len());
    for (place, (&found, &expected)) in fit.variance.iter().zip(&variance).enumerate() {
        let (row, column) = (place / fit.terms.len(), place % fit.terms.len());
        let scale = fit.terms[row].se * fit.terms[column].se;
        tally.close_to_scale(
            &format!("{label} var {row},{column}"),
            found,
            expected,
            scale,
            tolerance,
        );
    }
    for (found, (name, mean)) in fit.means.iter().zip(expected["means"].as_object().expect("means")) {
        tally.close(&format!("{label} mean {name}"), *found, number(mean), 1e-13);
    }
    tally.close(
        &format!("{label} loglik_null"),
        fit.loglik_null,
        number(&expected["loglik_null"]),
        1e-12,
    );
    tally.close(
        &format!("{label} loglik"),
        fit.loglik,
        number(&expected["loglik"]),
        1e-12,
    );
    for (name, test) in [("lr", fit.lr), ("wald", fit.wald), ("score", fit.score)] {
        let expected = &expected[name];
        let tolerance = if name == "score" { 1e-10 } else { tolerance };
        tally.close(
            &format!("{label} {name}"),
            test.chi2,
            number(&expected["stat"]),
            tolerance,
        );
        tally.same(&format!("{label} {name} df"), test.df, number(&expected["df"]) as usize);
        tally.close(
            &format!("{label} {name} p"),
            test.p,
            number(&expected["p"]),
            10.0 * tolerance,
        );
    }
    tally.close(&format!("{label} AIC"), fit.aic(), number(&expected["AIC"]), 1e-12);
    tally.close(&format!("{label} BIC"), fit.bic(), number(&expected["BIC"]), 1e-12);
    let concordance = fit.concordance.expect("a concordance");
    let expected = &expected["concordance"];
    tally.close(&format!("{label} C"), concordance.c, number(&expected["C"]), 1e-12);
    tally.close(&format!("{label} C se"), concordance.se, number(&expected["se"]), 1e-10);
    let counts = [
        concordance.concordant,
        concordance.discordant,
        concordance.tied_x,
        concordance.tied_y,
        concordance.tied_xy,
    ];
    for (found, (name, count)) in counts.iter().zip(expected["counts"].as_object().expect("counts")) {
        tally.close(&format!("{label} {name}"), *found, number(count), 1e-12);
    }
    assert!(fit.converged && fit.warnings.is_empty(), "{label}: {:?}", fit.warning());
}

const SETS: [(&str, &str); 10] = [
    ("crlm_os", "crlm"),
    ("crlm_dfs", "crlm"),
    ("lung", "lung"),
    ("ovarian", "ovarian"),
    ("tiny1", "tiny1"),
    ("tiny2", "tiny2"),
    ("heart", "heart"),
    ("crlm_os_strata", "crlm"),
    ("crlm_dfs_strata", "crlm"),
    ("lung_strata", "lung"),
];

fn file(set: &str, ties: &str) -> String {
    match set.strip_suffix("_strata") {
        Some(set) => format!("{set}_{ties}_strata.json"),
        None => format!("{set}_{ties}.json"),
    }
}

#[test]
fn fits_equal_r_where_r_stops() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for ties in ["efron", "breslow"] {
        let r_rule = CoxOptions {
            convergence: Convergence::default().without_polishing(),
            ..options(ties)
        };
        for (set, file_of_data) in SETS.into_iter().chain([("ovarian_strata", "ovarian")]) {
            let expected = json(&folder.join("coxph").join(file(set, ties)));
            let model = Model::parse(expected["formula"].as_str().expect("a formula"));
            let fit = model.fit(&data(&folder, file_of_data), None, &r_rule);
            compare(&mut tally, &format!("{set} {ties}"), &fit, &expected, 1e-9);
        }
        let expected = json(&folder.join(format!("coxph/lung_weighted_{ties}.json")));
        let model = Model::parse(expected["formula"].as_str().expect("a formula"));
        let fit = model.fit(&data(&folder, "lung_weighted"), Some("w"), &r_rule);
        compare(&mut tally, &format!("lung_weighted {ties}"), &fit, &expected, 1e-9);
    }
    tally.finish("coxph, where R stops");
}

#[test]
fn robust_errors_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for ties in ["efron", "breslow"] {
        let convergence = Convergence::default().without_polishing();
        let robust = CoxOptions {
            convergence,
            variance: Variance::Robust,
            ..options(ties)
        };
        for (set, file_of_data) in SETS {
            let expected = json(&folder.join("coxph").join(file(set, ties)));
            if expected.get("robust_se").is_none() {
                continue;
            }
            let model = Model::parse(expected["formula"].as_str().expect("a formula"));
            let fit = model.fit(&data(&folder, file_of_data), None, &robust);
            assert!(fit.robust);
            for (term, se) in fit.terms.iter().zip(list(&expected["robust_se"])) {
                tally.close(&format!("{set} {ties} {}", term.name), term.se, se, 1e-10);
            }
        }
    }
    tally.finish("robust standard errors");
}

/// R's default stops up to 5e-8 (relative) short of the maximum; ours goes on to it.
#[test]
fn default_fits_are_near_r_default() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for ties in ["efron", "breslow"] {
        for (set, file_of_data) in SETS {
            let expected = json(&folder.join("coxph").join(file(set, ties)));
            let model = Model::parse(expected["formula"].as_str().expect("a formula"));
            let fit = model.fit(&data(&folder, file_of_data), None, &options(ties));
            compare(&mut tally, &format!("{set} {ties}"), &fit, &expected, 2e-7);
        }
    }
    tally.finish("coxph, default against R's default");
}

#[test]
fn default_fits_are_at_the_maximum() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for ties in ["efron", "breslow"] {
        for set in ["crlm_os", "crlm_dfs", "lung", "ovarian", "tiny1"] {
            let formula = json(&folder.join("coxph").join(file(set, ties)));
            let model = Model::parse(formula["formula"].as_str().expect("a formula"));
            let fit = model.fit(&data(&folder, outcome(set).0), None, &options(ties));
            let expected = json(&folder.join(format!("coxph_eps1e15/{set}_{ties}.json")));
            let label = format!("{set} {ties}");
            for ((term, (name, coef)), se) in fit
                .terms
                .iter()
                .zip(expected["coef"].as_object().expect("coef"))
                .zip(list(&expected["se"]))
            {
                assert_eq!(&term.name, name);
                tally.close(&format!("{label} coef {name}"), term.coef, number(coef), 1e-9);
                tally.close(&format!("{label} se {name}"), term.se, se, 1e-10);
            }
            for (name, found) in [
                ("loglik_null", fit.loglik_null),
                ("loglik", fit.loglik),
                ("score", fit.score.chi2),
                ("wald", fit.wald.chi2),
                ("lr", fit.lr.chi2),
            ] {
                tally.close(&format!("{label} {name}"), found, number(&expected[name]), 1e-10);
            }
        }
    }
    tally.finish("coxph, default against eps 1e-15");
}

#[test]
fn univariate_fits_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for set in ["crlm_os", "crlm_dfs", "lung", "ovarian", "tiny1"] {
        let (file, time, event) = outcome(set);
        let expected = Table::read(&folder.join(format!("coxph/{set}_univariate.csv")));
        let table = data(&folder, file).complete(&[time, event]);
        compare_univariate(&mut tally, set, &table, (time, event), &expected);
    }
    let expected = Table::read(&folder.join("pipeline/univariate_train138_efron.csv"));
    let table = data(&folder, "synth_radiomics");
    let cohort = table.text("cohort").to_vec();
    let train = table.filter(|row| cohort[row] == "train");
    assert_eq!(train.rows(), 138);
    compare_univariate(&mut tally, "pipeline", &train, ("time", "status"), &expected);
    tally.finish("univariate coxph");
}

fn compare_univariate(tally: &mut Tally, set: &str, table: &Table, outcome: (&str, &str), expected: &Table) {
    let (stop, event) = (table.numbers(outcome.0), table.events(outcome.1));
    let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
    let values: Vec<Vec<f64>> = expected
        .text("feature")
        .iter()
        .map(|name| table.numbers(name))
        .collect();
    let covariates: Vec<Covariate<'_>> = expected
        .text("feature")
        .iter()
        .zip(&values)
        .map(|(name, values)| Covariate { name, values })
        .collect();
    let fits = |ties: &str| univariate_cox(&follow_up, None, &covariates, &options(ties)).expect("fits");
    let (efron, breslow) = (fits("efron"), fits("breslow"));
    let column = |name: &str| {
        expected
            .names()
            .iter()
            .any(|other| other == name)
            .then(|| expected.numbers(name))
    };
    let all_efron = vec!["efron".to_owned(); expected.rows()];
    let ties = if column("n").is_some() {
        expected.text("ties")
    } else {
        &all_efron
    };
    for (row, ties) in ties.iter().enumerate() {
        let fit = if ties == "efron" { &efron[row] } else { &breslow[row] };
        let term = &fit.terms[0];
        let label = format!("{set} {ties} {}", term.name);
        let concordance = fit.concordance.expect("a concordance");
        let found = [
            ("n", fit.n as f64, 0.0),
            ("nevent", fit.events as f64, 0.0),
            ("coef", term.coef, 2e-7),
            ("se", term.se, 2e-7),
            ("z", term.z, 2e-7),
            ("p", term.p, 2e-6),
            ("hr", term.hr, 2e-7),
            ("hr_lo", term.hr_lower, 2e-7),
            ("hr_hi", term.hr_upper, 2e-7),
            ("loglik", fit.loglik, 1e-10),
            ("lr", fit.lr.chi2, 1e-7),
            ("lr_p", fit.lr.p, 1e-7),
            ("score", fit.score.chi2, 1e-9),
            ("score_p", fit.score.p, 1e-9),
            ("c", concordance.c, 1e-12),
            ("c_se", concordance.se, 1e-10),
        ];
        for (name, found, tolerance) in found {
            if let Some(column) = column(name) {
                tally.close(&format!("{label} {name}"), found, column[row], tolerance);
            }
        }
    }
}

#[test]
fn separation_answers_as_r_and_says_so() {
    let Some(folder) = reference() else { return };
    let expected = json(&folder.join("coxph/separation.json"));
    let table = data(&folder, "separation");
    let fit = |formula: &str| Model::parse(formula).fit(&table, None, &CoxOptions::default());
    let mut tally = Tally::default();

    let monotone = fit("Surv(time, status) ~ x");
    let r = &expected["monotone"];
    tally.same(
        "iterations",
        monotone.iterations as usize,
        r["iter"].as_u64().expect("a count") as usize,
    );
    // The information is 1e-8 here, the remainder of a cancellation, so that 1e-8 of it is all that can be known.
    tally.close("coef", monotone.terms[0].coef, number(&r["coef"]), 1e-6);
    tally.close("se", monotone.terms[0].se, number(&r["se"]), 1e-6);
    tally.close("loglik_null", monotone.loglik_null, list(&r["loglik"])[0], 1e-12);
    tally.close("loglik", monotone.loglik, list(&r["loglik"])[1], 1e-9);
    assert!(!monotone.converged);
    let warning = monotone.warning().expect("a warning");
    assert_eq!(
        warning,
        "log-likelihood converged before x: coefficient may be infinite"
    );

    // z is 2 x. R gives it a number made of rounding errors; ours says that there is none.
    let collinear = fit("Surv(time, status) ~ x + z");
    tally.close("collinear x", collinear.terms[0].coef, monotone.terms[0].coef, 1e-12);
    assert!(collinear.terms[1].coef.is_nan());
    let warning = collinear.warning().expect("a warning");
    assert!(
        warning.contains("no coefficient for z") && warning.contains("x: coefficient may be infinite"),
        "{warning}"
    );

    let constant = fit("Surv(time, status) ~ k");
    assert!(constant.terms[0].coef.is_nan() && constant.variance == [0.0]);
    assert!(constant.warning().expect("a warning").contains("no coefficient for k"));
    tally.finish("separation");
}
