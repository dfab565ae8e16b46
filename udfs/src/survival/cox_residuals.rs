//! `cox_residuals((query), ...)`: what a Cox model expected of each row.

use super::columns::Table;
use super::cox_model::{Ids, Training};
use super::options::Options;
use super::relation::{Gives, Relation, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::RowResiduals;

const NAME: &str = "cox_residuals";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Id, Role::Time, Role::Event, Role::Covariates],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Fits a Cox model and compares each row with what the model expected of it.",
        syntax: "cox_residuals((query), id => column, time => column, event => column [, terms, start, weights, strata, ties])",
        arguments: &[
            says::QUERY,
            says::ID,
            says::TIME,
            says::EVENT,
            says::TERMS,
            says::START,
            says::WEIGHTS,
            says::STRATA,
            says::TIES,
        ],
        returns: "A row a row of the query: the column of id, time, event, linear_predictor (0 at the \
                  means of the covariates, as `linear.predictors` of a coxph), risk (its exponential), martingale, deviance, \
                  expected (events while at risk). A row that lacks a value has NULL in all but its id.",
        example: "SELECT patient_id, martingale, deviance FROM cox_residuals((SELECT patient_id, os, dead, age FROM patients), id => patient_id, time => os, event => dead)",
        source: "R survival::residuals.coxph; Therneau, Grambsch and Fleming 1990",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("id", Role::Id),
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::OptionalColumns("strata", Role::Strata),
        Takes::Terms,
        super::cox::TIES,
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("id", DataType::Utf8),
        ("time", DataType::Float64),
        ("event", DataType::Boolean),
        ("linear_predictor", DataType::Float64),
        ("risk", DataType::Float64),
        ("martingale", DataType::Float64),
        ("deviance", DataType::Float64),
        ("expected", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let ids = Ids::take(&mut table)?;
    let training = Training::take(&mut table)?;
    let (mut predictor, mut residuals) = (vec![], RowResiduals::default());
    if !training.is_empty() {
        (predictor, residuals) = training.with_model(options, |model| {
            let (fit, terms) = (model.fit(), &training.terms);
            let centre = fit.centre();
            let one = |row: usize| {
                let values: Vec<f64> = terms.iter().filter_map(|t| t.values.get(row).copied()).collect();
                Ok(fit.linear_predictor(&values)? - centre)
            };
            let predictor: Result<Vec<f64>, _> = (0..training.outcome.time.len()).map(one).collect();
            Ok((predictor?, model.residuals()?))
        })?;
    }
    let mut complete = vec![None; rows];
    for (place, row) in training.places().into_iter().enumerate() {
        complete[row] = Some(place);
    }
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by_key(|row| ids.rank(*row));
    let number = |values: &[f64]| {
        let value = |row: &usize| complete[*row].and_then(|place| values.get(place)).copied();
        Values::Float(order.iter().map(|row| value(row).unwrap_or(f64::NAN)).collect())
    };
    let event = |row: &usize| {
        complete[*row]
            .and_then(|place| training.outcome.event.get(place))
            .copied()
    };
    one_list(
        row_fields(),
        vec![
            Values::Text(order.iter().map(|row| ids.name(*row)).collect()),
            number(&training.outcome.time),
            Values::Bool(order.iter().map(event).collect()),
            number(&predictor),
            number(&predictor.iter().map(|v| v.exp()).collect::<Vec<f64>>()),
            number(&residuals.martingale),
            number(&residuals.deviance),
            number(&residuals.expected),
        ],
    )
}
