//! `cox_lasso_cv((query), ...)`: the cross-validation of every penalty of the path.

use super::columns::Table;
use super::options::Options;
use super::penalised::{Cohort, validated};
use super::relation::{Gives, Relation};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};

const NAME: &str = "cox_lasso_cv";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Covariates],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Cross-validates every penalty on the path of a penalised Cox model.",
        syntax: "cox_lasso_cv((query), time => column, event => column [, terms, alpha => 1, folds => 10, seed, fold => column, \
                 id => column, stratify, measure, standardize, nlambda, lambda_min_ratio, weights, strata])",
        arguments: super::penalised::ARGUMENTS,
        returns: "A row a penalty, from the largest to the smallest: lambda, cvm (mean of the measure over the folds), cvsd (its standard \
                  error), lower and upper (cvm -/+ cvsd), nonzero (coefficients in the fit to all rows), is_min, is_1se, and chosen: the \
                  one that `lambda` asks for.",
        example: "SELECT lambda, cvm, cvsd FROM cox_lasso_cv((SELECT os, dead, age, marker FROM patients), time => os, event => dead, folds => 3) WHERE is_min",
        source: "R glmnet::cv.glmnet(family = \"cox\")",
    },
    statistic: &DEFINITION,
    takes: super::penalised::TAKES,
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("lambda", DataType::Float64),
        ("cvm", DataType::Float64),
        ("cvsd", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("nonzero", DataType::Int64),
        ("is_min", DataType::Boolean),
        ("is_1se", DataType::Boolean),
        ("chosen", DataType::Boolean),
    ])
}

fn evaluate(table: Table, options: &Options) -> Result<ScalarValue> {
    if options.number("lambda").is_some() {
        return exec_err!("{NAME}: lambda must be 'min' or '1se'; a number needs no cross-validation");
    }
    let Some(mut cohort) = Cohort::of(table, options)? else {
        return ScalarValue::try_from(&list_of(row_fields()));
    };
    let model = validated(NAME, &mut cohort, options)?;
    let Some(cv) = &model.cv else {
        return exec_err!("{NAME}: there was no cross-validation");
    };
    let points = &cv.points;
    let is = |place: usize| Values::Bool((0..points.len()).map(|i| Some(i == place)).collect());
    one_list(
        row_fields(),
        vec![
            Values::Float(points.iter().map(|p| p.lambda).collect()),
            Values::Float(points.iter().map(|p| p.mean).collect()),
            Values::Float(points.iter().map(|p| p.se).collect()),
            Values::Float(points.iter().map(|p| p.mean - p.se).collect()),
            Values::Float(points.iter().map(|p| p.mean + p.se).collect()),
            Values::Int(points.iter().map(|p| i64::try_from(p.nonzero).ok()).collect()),
            is(cv.index_min),
            is(cv.index_1se),
            is(model.place),
        ],
    )
}
