//! `cox_influence((query), ...)`: what single rows do to the coefficients of a Cox model.

use super::columns::Table;
use super::cox_model::{Ids, Training};
use super::options::Options;
use super::relation::{Gives, Relation};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::Influence;

const NAME: &str = "cox_influence";

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
        summary: "Fits a Cox model and says how much each row moves each coefficient.",
        syntax: "cox_influence((query), id => column, time => column, event => column [, terms, start, weights, strata, ties])",
        arguments: super::cox_residuals::RELATION.doc.arguments,
        returns: "A row a complete row of the query and term: the column of id, term, score (the \
                  row's part of the score), dfbeta (about what the coefficient would lose without the row) and dfbetas (the same \
                  in standard errors). NULL for a term that has no coefficient. Not defined for exact ties.",
        example: "SELECT patient_id, term, dfbetas FROM cox_influence((SELECT patient_id, os, dead, age FROM patients), id => patient_id, time => os, event => dead)",
        source: "R survival::residuals.coxph (types score, dfbeta, dfbetas)",
    },
    statistic: &DEFINITION,
    takes: super::cox_residuals::RELATION.takes,
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("id", DataType::Utf8),
        ("term", DataType::Utf8),
        ("score", DataType::Float64),
        ("dfbeta", DataType::Float64),
        ("dfbetas", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let ids = Ids::take(&mut table)?;
    let training = Training::take(&mut table)?;
    let (mut score, mut dfbeta, mut dfbetas) = (vec![], vec![], vec![]);
    if !training.is_empty() {
        (score, dfbeta, dfbetas) = training.with_model(options, |model| {
            Ok((
                model.score_residuals()?,
                model.dfbeta(Influence::Coefficient)?,
                model.dfbeta(Influence::StandardError)?,
            ))
        })?;
    }
    let places = training.places();
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|complete| ids.rank(places[*complete]));
    let terms = training.terms.len();
    let cells = || order.iter().flat_map(|row| (0..terms).map(move |term| (*row, term)));
    let number = |values: &[f64]| {
        let cell = |(row, term): (usize, usize)| values.get(row * terms + term).copied().unwrap_or(f64::NAN);
        Values::Float(cells().map(cell).collect())
    };
    one_list(
        row_fields(),
        vec![
            Values::Text(cells().map(|(row, _)| ids.name(places[row])).collect()),
            Values::Text(
                cells()
                    .map(|(_, term)| Some(training.terms[term].name.clone()))
                    .collect(),
            ),
            number(&score),
            number(&dfbeta),
            number(&dfbetas),
        ],
    )
}
