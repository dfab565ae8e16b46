//! `cox_schoenfeld((query), ...)`: covariates of events compared with those at risk.

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
use radsql_survival::{SchoenfeldEvent, SchoenfeldResiduals};

const NAME: &str = "cox_schoenfeld";

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
        summary: "Schoenfeld residuals of a Cox model: a plot of them over time shows how a coefficient changes.",
        syntax: "cox_schoenfeld((query), time => column, event => column [, id, terms, start, weights, strata, ties])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            says::ID,
            says::TERMS,
            says::START,
            says::WEIGHTS,
            says::STRATA,
            says::TIES,
        ],
        returns: "A row an event and term: the column of id where it is given, stratum (NULL without \
                  strata), time, term, residual (the event's covariate less its mean at risk) and scaled (an estimate of the \
                  coefficient at this time). NULL for a term that has no coefficient. Not defined for exact ties.",
        example: "SELECT time, term, residual, scaled FROM cox_schoenfeld((SELECT os, dead, age FROM patients), time => os, event => dead)",
        source: "R survival::residuals.coxph (types schoenfeld, scaledsch); Schoenfeld 1982; Grambsch and Therneau 1994",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("id", Role::Id),
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
        ("stratum", DataType::Utf8),
        ("time", DataType::Float64),
        ("term", DataType::Utf8),
        ("residual", DataType::Float64),
        ("scaled", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let ids = Ids::take(&mut table)?;
    let training = Training::take(&mut table)?;
    let mut found = SchoenfeldResiduals {
        events: vec![],
        residuals: vec![],
        scaled: vec![],
    };
    if !training.is_empty() {
        found = training.with_model(options, |model| model.schoenfeld())?;
    }
    let places = training.places();
    let row = |event: &SchoenfeldEvent| places.get(event.row).copied().unwrap_or(usize::MAX);
    // Events of one stratum and time stand together; within them ids give an order that does not depend on the rows'.
    let mut order: Vec<usize> = (0..found.events.len()).collect();
    let together = |a: &usize, b: &usize| {
        let (a, b) = (&found.events[*a], &found.events[*b]);
        a.stratum == b.stratum && a.time == b.time
    };
    for tied in order.chunk_by_mut(together) {
        tied.sort_by_key(|event| ids.rank(row(&found.events[*event])));
    }
    let terms = training.terms.len();
    let events = &found.events;
    let lines = || {
        order
            .iter()
            .flat_map(|line| (0..terms).map(move |term| (&events[*line], *line, term)))
    };
    let number = |values: &[f64]| {
        let cell = |(_, line, term): (_, usize, usize)| values.get(line * terms + term).copied().unwrap_or(f64::NAN);
        Values::Float(lines().map(cell).collect())
    };
    one_list(
        row_fields(),
        vec![
            Values::Text(lines().map(|(event, ..)| ids.name(row(event))).collect()),
            Values::Text(lines().map(|(event, ..)| training.stratum(event.stratum)).collect()),
            Values::Float(lines().map(|(event, ..)| event.time).collect()),
            Values::Text(
                lines()
                    .map(|(.., term)| Some(training.terms[term].name.clone()))
                    .collect(),
            ),
            number(&found.residuals),
            number(&found.scaled),
        ],
    )
}
