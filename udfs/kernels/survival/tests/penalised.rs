//! The penalised Cox path and its cross-validation against glmnet 4.1.

mod common;

use std::collections::HashMap;

use common::{Table, Tally, json, number, reference};
use radsql_survival::{
    Covariate, CvMeasure, CvOptions, ElasticNet, Folds, FollowUp, PenalisedCv, penalised_cox, penalised_cox_cv,
};

/// A data set with its covariates and folds.
struct Data {
    time: Vec<f64>,
    event: Vec<bool>,
    folds: Vec<u32>,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

impl Data {
    fn new(table: &Table, is_covariate: impl Fn(&str) -> bool) -> Self {
        let names: Vec<String> = table
            .names()
            .iter()
            .filter(|name| is_covariate(name))
            .cloned()
            .collect();
        Self {
            time: table.numbers("time"),
            event: table.events("status"),
            folds: table.codes("foldid"),
            columns: names.iter().map(|name| table.numbers(name)).collect(),
            names,
        }
    }

    fn follow_up(&self) -> FollowUp<'_> {
        FollowUp::right_censored(&self.time, &self.event).expect("follow-up")
    }

    fn covariates(&self) -> Vec<Covariate<'_>> {
        self.names
            .iter()
            .zip(&self.columns)
            .map(|(name, values)| Covariate { name, values })
            .collect()
    }

    fn cv(&self, options: &ElasticNet, measure: CvMeasure) -> PenalisedCv {
        let cv = CvOptions {
            folds: Folds::Given(&self.folds),
            measure,
            ..CvOptions::default()
        };
        penalised_cox_cv(&self.follow_up(), None, &self.covariates(), options, &cv).expect("a cross-validation")
    }
}

/// How close glmnet's own threshold lets two answers come.
struct Tolerance {
    /// Of coefficients, relative to the largest of their penalty.
    coef: f64,
    dev_ratio: f64,
    cv: f64,
}

fn compare(tag: &str, options: &ElasticNet, tolerance: &Tolerance) {
    let Some(folder) = reference() else { return };
    let data = Data::new(&Table::read(&folder.join("data/synth138x300.csv")), |name| {
        name.starts_with('f') && name != "foldid"
    });
    let file = |suffix: &str| folder.join(format!("glmnet/{tag}{suffix}"));
    let expected = json(&file(".json"));
    let path = Table::read(&file("_path.csv"));
    let mut tally = Tally::default();

    let cv = data.cv(options, CvMeasure::Deviance);
    let found = &cv.path;
    tally.same("penalties", found.points.len(), path.rows());
    tally.close(
        "null deviance",
        found.null_deviance,
        number(&expected["nulldev"]),
        1e-12,
    );
    tally.same("events", found.events, number(&expected["nevent"]) as usize);
    let lambdas = path.numbers("lambda");
    let dev_ratios = path.numbers("dev_ratio");
    for (k, point) in found.points.iter().enumerate() {
        tally.close(&format!("lambda {k}"), point.lambda, lambdas[k], 2e-9);
        tally.close_to_scale(
            &format!("dev_ratio {k}"),
            point.dev_ratio,
            dev_ratios[k],
            1.0,
            tolerance.dev_ratio,
        );
    }

    let sparse = Table::read(&file("_coef_sparse.csv"));
    let mut coefs: Vec<HashMap<&str, f64>> = vec![HashMap::new(); path.rows()];
    for ((k, name), coef) in sparse
        .numbers("k")
        .iter()
        .zip(sparse.text("feature"))
        .zip(sparse.numbers("coef"))
    {
        coefs[*k as usize - 1].insert(name, coef);
    }
    let mut different_support = 0;
    for (k, (point, expected)) in found.points.iter().zip(&coefs).enumerate() {
        let ours: HashMap<&str, f64> = point
            .coefs
            .iter()
            .map(|&(place, coef)| (data.names[place].as_str(), coef))
            .collect();
        let scale = expected.values().fold(0.0_f64, |scale, coef| scale.max(coef.abs()));
        for name in ours.keys().chain(expected.keys()) {
            let of = |coefs: &HashMap<&str, f64>| coefs.get(name).copied().unwrap_or(0.0);
            different_support += usize::from((of(&ours) == 0.0) != (of(expected) == 0.0));
            tally.close_to_scale(
                &format!("{name} at {k}"),
                of(&ours),
                of(expected),
                scale,
                tolerance.coef,
            );
        }
    }
    println!(
        "{tag}: {different_support} coefficients 0 in one of the two only, {} passes",
        found.passes
    );

    for (name, measure) in [
        ("grouped", CvMeasure::Deviance),
        ("ungrouped", CvMeasure::UngroupedDeviance),
        ("cindex", CvMeasure::Concordance),
    ] {
        let table = Table::read(&file(&format!("_cv_{name}.csv")));
        let cv = data.cv(options, measure);
        let column = |suffix: &str| table.numbers(&format!("{name}_{suffix}"));
        let (cvm, cvsd) = (column("cvm"), column("cvsd"));
        tally.same(name, cv.points.len(), table.rows());
        for (k, point) in cv.points.iter().enumerate() {
            tally.close(&format!("{name} cvm {k}"), point.mean, cvm[k], tolerance.cv);
            tally.close_to_scale(
                &format!("{name} cvsd {k}"),
                point.se,
                cvsd[k],
                cvm[k].abs(),
                tolerance.cv,
            );
        }
        let expected = &expected[name];
        tally.same(
            &format!("{name} min"),
            cv.index_min + 1,
            number(&expected["index_min"]) as usize,
        );
        tally.same(
            &format!("{name} 1se"),
            cv.index_1se + 1,
            number(&expected["index_1se"]) as usize,
        );
        tally.close("lambda_min", cv.lambda_min(), number(&expected["lambda_min"]), 2e-9);
        tally.close("lambda_1se", cv.lambda_1se(), number(&expected["lambda_1se"]), 2e-9);
        tally.same(
            "nzero",
            cv.points[cv.index_min].nonzero,
            number(&expected["nzero_min"]) as usize,
        );
    }
    tally.finish(tag);
}

const TIGHT: Tolerance = Tolerance {
    coef: 1e-6,
    dev_ratio: 1e-6,
    cv: 1e-6,
};

#[test]
fn lasso_at_a_tight_threshold() {
    let options = ElasticNet::lasso().with_path(100, Some(0.2)).expect("a path");
    compare("synth138x300_lasso_thr14", &options, &TIGHT);
}

#[test]
fn elastic_net_at_a_tight_threshold() {
    let options = ElasticNet::new(0.5)
        .and_then(|net| net.with_path(100, Some(0.2)))
        .expect("options");
    compare("synth138x300_enet05_thr14", &options, &TIGHT);
}

#[test]
fn lasso_at_the_default_threshold() {
    compare("synth138x300_lasso", &ElasticNet::lasso(), &TIGHT);
}

#[test]
fn elastic_net_at_the_default_threshold() {
    compare("synth138x300_enet05", &ElasticNet::new(0.5).expect("alpha"), &TIGHT);
}

#[test]
fn lasso_without_standardising() {
    let options = ElasticNet::lasso()
        .without_standardising()
        .with_path(100, Some(0.2))
        .expect("a path");
    compare("synth138x300_lasso_nostd", &options, &TIGHT);
}

#[test]
fn some_rows() {
    let Some(_) = reference() else { return };
    let _ = penalised_cox;
}
