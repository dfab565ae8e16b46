//! `cox_lasso_path((query), ...)`: the coefficients along the whole path of penalties.

use super::columns::Table;
use super::options::Options;
use super::penalised::{Cohort, net};
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::array::{Array, Float64Array, ListArray, StringArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::penalised_cox_owned;
use std::sync::Arc;

const NAME: &str = "cox_lasso_path";

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
        summary: "Coefficients of a penalised Cox model along the whole path of penalties, without cross-validation.",
        syntax: "cox_lasso_path((query), time => column, event => column [, terms, alpha => 1, lambda => [numbers], standardize, \
                 nlambda, lambda_min_ratio, weights, strata, by])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            says::TERMS,
            (
                "alpha",
                "mixture of the penalty: 1 is the lasso (without it), 0 ridge, between them the elastic net",
            ),
            ("lambda", "the penalties, instead of glmnet's sequence"),
            (
                "standardize",
                "false to penalise coefficients as they are; true without it, as glmnet",
            ),
            ("nlambda", "penalties of the path; 100 without it"),
            (
                "lambda_min_ratio",
                "smallest penalty as a part of the largest; without it 0.01 with fewer rows than covariates, else 0.0001",
            ),
            says::WEIGHTS,
            says::STRATA,
            says::BY,
        ],
        returns: "A row a penalty, from the largest to the smallest: lambda, df (coefficients that are not 0), dev_ratio (share of the null \
                  deviance explained), terms LIST(STRUCT(term, coef)) of those. The path ends early where glmnet's does.",
        example: "SELECT lambda, df FROM cox_lasso_path((SELECT os, dead, age, marker FROM patients), time => os, event => dead, nlambda => 5)",
        source: "R glmnet::glmnet(family = \"cox\")",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("weights", Role::Weights),
        Takes::OptionalColumns("strata", Role::Strata),
        Takes::Terms,
        Takes::By,
        Takes::Setting(
            "alpha",
            Setting::Number(|v| (0.0..=1.0).contains(&v), "a number from 0 (ridge) to 1 (lasso)"),
        ),
        Takes::Setting(
            "lambda",
            Setting::Numbers(|v| v >= 0.0 && v.is_finite(), "numbers, 0 or more"),
        ),
        Takes::Setting("standardize", Setting::Truth),
        Takes::Setting("nlambda", Setting::Whole),
        Takes::Setting(
            "lambda_min_ratio",
            Setting::Number(|v| v > 0.0 && v < 1.0, "a number between 0 and 1"),
        ),
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

fn term_fields() -> Fields {
    fields([("term", DataType::Utf8), ("coef", DataType::Float64)])
}

fn row_fields() -> Fields {
    fields([
        ("lambda", DataType::Float64),
        ("df", DataType::Int64),
        ("dev_ratio", DataType::Float64),
        ("terms", list_of(term_fields())),
    ])
}

fn evaluate(table: Table, options: &Options) -> Result<ScalarValue> {
    let failed = table.failed();
    let Some(mut cohort) = Cohort::of(table, options)? else {
        return ScalarValue::try_from(&list_of(row_fields()));
    };
    let mut net = net(NAME, options)?;
    if let Some(lambdas) = options.numbers("lambda") {
        net = net.with_lambdas(lambdas).map_err(&failed)?;
    }
    let covariates = cohort.take_covariates();
    let path = penalised_cox_owned(&cohort.outcome.follow_up()?, cohort.outcome.strata(), covariates, &net);
    let path = path.map_err(&failed)?;
    let all = || path.points.iter().flat_map(|p| &p.coefs);
    let names: StringArray = all()
        .map(|(term, _)| path.terms.get(*term).map(String::as_str))
        .collect();
    let coefs: Float64Array = all().map(|(_, coef)| Some(*coef)).collect();
    let items = StructArray::try_new(term_fields(), vec![Arc::new(names), Arc::new(coefs)], None)?;
    let item = Arc::new(Field::new_list_field(items.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(path.points.iter().map(|p| p.df()));
    let terms = ListArray::try_new(item, offsets, Arc::new(items), None)?;
    one_list(
        row_fields(),
        vec![
            Values::Float(path.points.iter().map(|p| p.lambda).collect()),
            Values::Int(path.points.iter().map(|p| i64::try_from(p.df()).ok()).collect()),
            Values::Float(path.points.iter().map(|p| p.dev_ratio).collect()),
            Values::Array(Arc::new(terms)),
        ],
    )
}
