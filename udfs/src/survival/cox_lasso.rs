//! `cox_lasso(time, event, x, ...)`, and the relation function `cox_lasso((query), ...)`.

use super::columns::Table;
use super::options::Options;
use super::penalised::{Cohort, Model, net, number_of_penalty, validated};
use super::relation::{Gives, Relation};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::penalised_cox_owned;

const NAME: &str = "cox_lasso";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Covariates],
    output: || DataType::Struct(model_fields()),
    evaluate,
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Fits a Cox model under the lasso penalty, which is chosen by 10-fold cross-validation.",
    syntax: "cox_lasso(time, event, x, ...)",
    arguments: super::cox::DOC.arguments,
    returns: "STRUCT(n, n_missing, events, terms LIST(STRUCT(term, coef, hr)), alpha, lambda, lambda_min, lambda_1se, cv_error, \
              cv_error_se, dev_ratio, nonzero, folds, seed, measure): a model for `rad_score`. `terms` are those whose \
              coefficient is not 0, on the covariates' own scale. The penalty is lambda_min, folds are drawn from `radsql.seed`; \
              the relation function of the same name takes other choices. Fewer rows or events than folds are an error; no row at \
              all gives NULL.",
    example: "SELECT cox_lasso(time, event, a, b)['nonzero'] AS terms\n\
              FROM (SELECT i * 37 % 101 AS time, i % 3 > 0 AS event, i * 7 % 11 AS a, i * 5 % 13 AS b FROM (SELECT value AS i FROM range(1, 61)))",
    source: "R glmnet::cv.glmnet(family = \"cox\"); Simon, Friedman, Hastie and Tibshirani 2011",
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Fits a Cox model under the lasso or the elastic-net penalty with every other column of the query as covariate.",
        syntax: "cox_lasso((query), time => column, event => column [, terms, lambda => 'min', alpha => 1, folds => 10, seed, \
                 fold => column, id => column, stratify, measure, standardize, nlambda, lambda_min_ratio, weights, strata])",
        arguments: super::penalised::ARGUMENTS,
        returns: "A row a term whose coefficient is not 0: term, coef, hr, lambda; none where all are 0. Coefficients are on the \
                  covariates' own scale. Give them to `rad_score` as `(SELECT array_agg({term: term, coef: coef}) FROM ...)`, or take the \
                  model from `cox_lasso_model`.",
        example: "SELECT term, coef FROM cox_lasso((SELECT os, dead, age, marker FROM patients), time => os, event => dead, lambda => 0.01)",
        source: "R glmnet::cv.glmnet(family = \"cox\"); Simon, Friedman, Hastie and Tibshirani 2011",
    },
    statistic: &DEFINITION,
    takes: super::penalised::TAKES,
    gives: Gives::RowsOf("terms", &["lambda"]),
};

/// The relation function that gives the model as a whole.
pub static MODEL_RELATION: Relation = Relation {
    doc: Doc {
        name: "cox_lasso_model",
        kind: Kind::Relation,
        summary: "The same fit as `cox_lasso`, as a whole: a model in one row.",
        syntax: "cox_lasso_model((query), time => column, event => column [, terms, lambda => 'min', alpha => 1, folds => 10, seed, \
                 fold => column, id => column, stratify, measure, standardize, nlambda, lambda_min_ratio, weights, strata])",
        arguments: super::penalised::ARGUMENTS,
        returns: "One row: n, n_missing, events, terms LIST(STRUCT(term, coef, hr)), alpha, lambda, lambda_min, lambda_1se, cv_error and \
                  cv_error_se at lambda, dev_ratio, nonzero, folds, seed, measure. With a number for lambda nothing is cross-validated, \
                  and what comes from that is NULL. `rad_score(terms, ...)` applies it.",
        example: "SELECT nonzero, lambda FROM cox_lasso_model((SELECT os, dead, age, marker FROM patients), time => os, event => dead, lambda => 0.01)",
        source: "R glmnet::cv.glmnet(family = \"cox\")",
    },
    statistic: &DEFINITION,
    takes: super::penalised::TAKES,
    gives: Gives::Row(&[]),
};

fn term_fields() -> Fields {
    fields([
        ("term", DataType::Utf8),
        ("coef", DataType::Float64),
        ("hr", DataType::Float64),
    ])
}

fn model_fields() -> Fields {
    fields([
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("events", DataType::Int64),
        ("terms", list_of(term_fields())),
        ("alpha", DataType::Float64),
        ("lambda", DataType::Float64),
        ("lambda_min", DataType::Float64),
        ("lambda_1se", DataType::Float64),
        ("cv_error", DataType::Float64),
        ("cv_error_se", DataType::Float64),
        ("dev_ratio", DataType::Float64),
        ("nonzero", DataType::Int64),
        ("folds", DataType::Int64),
        ("seed", DataType::Int64),
        ("measure", DataType::Utf8),
    ])
}

fn evaluate(table: Table, options: &Options) -> Result<ScalarValue> {
    let failed = table.failed();
    let Some(mut cohort) = Cohort::of(table, options)? else {
        return ScalarValue::try_from(&DataType::Struct(model_fields()));
    };
    let model = match number_of_penalty(options) {
        Some(lambda) => {
            let net = net(NAME, options)?.with_lambdas(vec![lambda]).map_err(&failed)?;
            let covariates = cohort.take_covariates();
            let path = penalised_cox_owned(&cohort.outcome.follow_up()?, cohort.outcome.strata(), covariates, &net);
            Model::unvalidated(path.map_err(&failed)?, lambda)
        }
        None => validated(NAME, &mut cohort, options)?,
    };
    to_value(&cohort, &model, options)
}

fn to_value(cohort: &Cohort, model: &Model, options: &Options) -> Result<ScalarValue> {
    let path = &model.path;
    let Some(point) = path.points.get(model.place) else {
        return exec_err!("{NAME}: the path has no penalty {}", model.place);
    };
    let coefs = point.coefs.iter();
    let terms = one_list(
        term_fields(),
        vec![
            Values::Text(coefs.clone().map(|(term, _)| path.terms.get(*term).cloned()).collect()),
            Values::Float(coefs.clone().map(|(_, coef)| *coef).collect()),
            Values::Float(coefs.map(|(_, coef)| coef.exp()).collect()),
        ],
    )?;
    let cv = model.cv.as_ref();
    let judged = cv.and_then(|cv| cv.points.get(model.place));
    let nan = f64::NAN;
    let drawn = cv.is_some() && !model.given_folds;
    one_struct(
        model_fields(),
        vec![
            Values::int(path.n),
            Values::int(cohort.rows - path.n),
            Values::int(path.events),
            Values::Nested(terms),
            Values::float(path.alpha),
            Values::float(point.lambda),
            Values::float(cv.map_or(nan, |cv| cv.lambda_min)),
            Values::float(cv.map_or(nan, |cv| cv.lambda_1se)),
            Values::float(judged.map_or(nan, |p| p.mean)),
            Values::float(judged.map_or(nan, |p| p.se)),
            Values::float(point.dev_ratio),
            Values::int(point.df()),
            Values::Int(vec![cv.and_then(|cv| i64::try_from(cv.folds).ok())]),
            Values::Int(vec![i64::try_from(options.seed()).ok().filter(|_| drawn)]),
            Values::text(cv.map(|cv| cv.measure.to_string())),
        ],
    )
}
