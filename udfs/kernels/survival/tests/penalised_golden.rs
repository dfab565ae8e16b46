//! Penalised fits that glmnet made of small data of our own: ties, weights, given penalties, ridge, penalty factors, strata.

mod common;

use std::path::{Path, PathBuf};

use common::{Table, Tally, json, list, number};
use radsql_survival::{
    Covariate, CvMeasure, CvOptions, CvPoint, ElasticNet, Folds, FollowUp, PenalisedCv, PenalisedPath, penalised_cox,
    penalised_cox_cv,
};
use serde_json::Value;

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("the repository");
    root.join("tests/golden/survival/penalised")
}

struct Data {
    time: Vec<f64>,
    event: Vec<bool>,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    table: Table,
}

impl Data {
    fn read(name: &str) -> Self {
        let table = Table::read(&folder().join(name));
        let names: Vec<String> = table
            .names()
            .iter()
            .filter(|name| name.starts_with('x'))
            .cloned()
            .collect();
        Self {
            time: table.numbers("time"),
            event: table.events("status"),
            columns: names.iter().map(|name| table.numbers(name)).collect(),
            names,
            table,
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

    fn path(&self, options: &ElasticNet) -> PenalisedPath {
        penalised_cox(&self.follow_up(), None, &self.covariates(), options).expect("a path")
    }

    fn cv(&self, follow_up: &FollowUp<'_>, options: &ElasticNet, measure: CvMeasure) -> PenalisedCv {
        let folds = self.table.codes("foldid");
        let cv = CvOptions {
            folds: Folds::Given(&folds),
            measure,
            ..CvOptions::default()
        };
        penalised_cox_cv(follow_up, None, &self.covariates(), options, &cv).expect("a cross-validation")
    }
}

fn options(alpha: f64, penalties: usize) -> ElasticNet {
    ElasticNet::new(alpha)
        .and_then(|net| net.with_path(penalties, None))
        .expect("options")
}

fn dense(coefs: &[(usize, f64)], len: usize) -> Vec<f64> {
    let mut all = vec![0.0; len];
    coefs.iter().for_each(|&(place, coef)| all[place] = coef);
    all
}

fn compare_path(tally: &mut Tally, found: &PenalisedPath, expected: &Value) {
    let lambdas = list(&expected["lambda"]);
    let dev_ratios = list(&expected["dev_ratio"]);
    let df = list(&expected["df"]);
    tally.same("penalties", found.points.len(), lambdas.len());
    tally.close(
        "null deviance",
        found.null_deviance,
        number(&expected["nulldev"]),
        1e-12,
    );
    for (k, point) in found.points.iter().enumerate() {
        // glmnet spaces its sequence by a root whose exponent is in single precision, so that it drifts with the steps.
        tally.close(&format!("lambda {k}"), point.lambda, lambdas[k], 4e-9 + 4e-9 * k as f64);
        tally.close_to_scale(&format!("dev_ratio {k}"), point.dev_ratio, dev_ratios[k], 1.0, 1e-7);
        let coefs = list(&expected["beta"][k]);
        let scale = coefs
            .iter()
            .fold(0.0_f64, |scale, coef| scale.max(coef.abs()))
            .max(1e-30);
        // At the first penalty, which is infinite, glmnet's ridge has coefficients of 1e-37.
        if scale > 1e-30 {
            tally.same(&format!("df {k}"), point.df(), df[k] as usize);
        }
        for (place, (found, expected)) in dense(&point.coefs, coefs.len()).iter().zip(&coefs).enumerate() {
            tally.close_to_scale(&format!("x{} at {k}", place + 1), *found, *expected, scale, 1e-6);
        }
    }
}

fn compare_cv(tally: &mut Tally, found: &PenalisedCv, expected: &Value) {
    let column = |name: &str, value: &dyn Fn(&CvPoint) -> f64, tally: &mut Tally| {
        for (k, (point, expected)) in found.points.iter().zip(list(&expected[name])).enumerate() {
            tally.close(&format!("{name} {k}"), value(point), expected, 1e-6);
        }
    };
    column("cvm", &|point| point.mean, tally);
    column("cvsd", &|point| point.se, tally);
    column("nzero", &|point| point.nonzero as f64, tally);
    tally.close("lambda_min", found.lambda_min(), number(&expected["lambda_min"]), 2e-7);
    tally.close("lambda_1se", found.lambda_1se(), number(&expected["lambda_1se"]), 2e-7);
    let index = list(&expected["index"]);
    tally.same("index_min", found.index_min + 1, index[0] as usize);
    tally.same("index_1se", found.index_1se + 1, index[1] as usize);
}

fn golden() -> Value {
    json(&folder().join("penalised.json"))
}

#[test]
fn ties_of_events_and_censored_rows() {
    let (data, expected) = (Data::read("narrow.csv"), golden());
    let cv = data.cv(&data.follow_up(), &options(1.0, 50), CvMeasure::Deviance);
    let mut tally = Tally::default();
    compare_path(&mut tally, &cv.path, &expected["ties"]);
    compare_cv(&mut tally, &cv, &expected["ties"]["cv"]);
    tally.finish("ties");
}

#[test]
fn weights() {
    let (data, expected) = (Data::read("narrow.csv"), golden());
    let weights = data.table.numbers("weight");
    let follow_up = data.follow_up().with_weights(&weights).expect("weights");
    let mut tally = Tally::default();
    for (name, measure) in [
        ("cv", CvMeasure::Deviance),
        ("ungrouped", CvMeasure::UngroupedDeviance),
        ("concordance", CvMeasure::Concordance),
    ] {
        let cv = data.cv(&follow_up, &options(0.7, 30), measure);
        compare_path(&mut tally, &cv.path, &expected["weights"]);
        compare_cv(&mut tally, &cv, &expected["weights"][name]);
    }
    tally.finish("weights");
}

#[test]
fn given_penalties() {
    let (data, expected) = (Data::read("narrow.csv"), golden());
    let net = ElasticNet::lasso()
        .with_lambdas(vec![0.2, 0.01, 0.1, 0.0, 0.05])
        .expect("penalties");
    let cv = data.cv(&data.follow_up(), &net, CvMeasure::Deviance);
    let mut tally = Tally::default();
    compare_path(&mut tally, &cv.path, &expected["given"]);
    compare_cv(&mut tally, &cv, &expected["given"]["cv"]);
    tally.finish("given penalties");
}

#[test]
fn ridge_and_columns_as_they_are() {
    let (data, expected) = (Data::read("narrow.csv"), golden());
    let mut tally = Tally::default();
    compare_path(&mut tally, &data.path(&options(0.0, 20)), &expected["ridge"]);
    compare_path(
        &mut tally,
        &data.path(&options(0.5, 20).without_standardising()),
        &expected["plain"],
    );
    tally.finish("ridge and unstandardised");
}

#[test]
fn penalty_factors() {
    let (data, expected) = (Data::read("narrow.csv"), golden());
    let factors = vec![0.0, 1.0, 2.0, f64::INFINITY, 0.5, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let net = options(1.0, 20).with_penalty_factors(factors).expect("factors");
    let mut tally = Tally::default();
    compare_path(&mut tally, &data.path(&net), &expected["factors"]);
    tally.finish("penalty factors");
}

#[test]
fn a_constant_column() {
    let (mut data, expected) = (Data::read("narrow.csv"), golden());
    data.columns[2].fill(7.0);
    let mut tally = Tally::default();
    compare_path(&mut tally, &data.path(&options(1.0, 20)), &expected["constant"]);
    tally.finish("constant column");
}

#[test]
fn more_columns_than_rows() {
    let (data, expected) = (Data::read("wide.csv"), golden());
    let ridge = options(0.0, 4)
        .with_lambdas(vec![5.0, 1.0, 0.2, 0.05])
        .expect("penalties");
    let net = ElasticNet::new(0.1)
        .and_then(|net| net.with_path(20, Some(0.05)))
        .expect("options");
    let mut tally = Tally::default();
    compare_path(&mut tally, &data.path(&ridge), &expected["wide_ridge"]);
    compare_path(&mut tally, &data.path(&net), &expected["wide_net"]);
    tally.finish("more columns than rows");
}

#[test]
fn strata() {
    let (data, expected) = (Data::read("narrow.csv"), golden());
    let strata = data.table.codes("stratum");
    let path = penalised_cox(&data.follow_up(), Some(&strata), &data.covariates(), &options(1.0, 15)).expect("a path");
    let mut tally = Tally::default();
    compare_path(&mut tally, &path, &expected["strata"]);
    tally.finish("strata");
}

#[test]
fn coefficients_between_penalties() {
    let (data, expected) = (Data::read("narrow.csv"), golden());
    let path = data.path(&options(1.0, 50));
    let mut tally = Tally::default();
    let expected = &expected["interpolated"];
    for (k, lambda) in list(&expected["lambda"]).into_iter().enumerate() {
        let coefs = list(&expected["beta"][k]);
        for (found, expected) in dense(&path.coefs_at(lambda), coefs.len()).iter().zip(coefs) {
            tally.close_to_scale(&format!("at {lambda}"), *found, expected, 0.5, 1e-6);
        }
    }
    tally.finish("coefficients between penalties");
}
