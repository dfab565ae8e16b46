//! `baseline_hazard((query), ...)`: the cumulative hazard that a Cox model scales.

use super::columns::Table;
use super::cox_model::Training;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{HazardAt, HazardStep};

const NAME: &str = "baseline_hazard";

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
        summary: "The cumulative baseline hazard of a Cox model.",
        syntax: "baseline_hazard((query), time => column, event => column [, terms, start, weights, strata, ties, centered])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            says::TERMS,
            says::START,
            says::WEIGHTS,
            says::STRATA,
            says::TIES,
            (
                "centered",
                "true (without it): the hazard of a row with the mean of every covariate, 0 for those that hold only -1, 0 and 1; \
                 false: of a row with 0 in all",
            ),
        ],
        returns: "A row a stratum and distinct time: stratum (NULL without strata), time, n_risk, n_event, n_censor (sums of \
                  weights, where there are weights), hazard (cumulative) and survival, which is exp(-hazard). Efron's hazard after \
                  a fit with Efron's ties, else Breslow's. No rows without a complete row.",
        example: "SELECT time, hazard, survival FROM baseline_hazard((SELECT os, dead, age FROM patients), time => os, event => dead)",
        source: "R survival::basehaz; Breslow 1972; Efron 1977",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::OptionalColumns("strata", Role::Strata),
        Takes::Terms,
        super::cox::TIES,
        Takes::Setting("centered", Setting::Truth),
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("stratum", DataType::Utf8),
        ("time", DataType::Float64),
        ("n_risk", DataType::Float64),
        ("n_event", DataType::Float64),
        ("n_censor", DataType::Float64),
        ("hazard", DataType::Float64),
        ("survival", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let training = Training::take(&mut table)?;
    let mut steps = vec![];
    if !training.is_empty() {
        let at = match options.truth("centered") {
            Some(false) => HazardAt::Zero,
            _ => HazardAt::Means,
        };
        steps = training.with_model(options, |model| Ok(model.baseline()?.hazard(at)))?;
    }
    let number = |f: fn(&HazardStep) -> f64| Values::Float(steps.iter().map(f).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(steps.iter().map(|s| training.stratum(s.stratum)).collect()),
            number(|s| s.time),
            number(|s| s.n_risk),
            number(|s| s.n_event),
            number(|s| s.n_censor),
            number(|s| s.hazard),
            number(|s| (-s.hazard).exp()),
        ],
    )
}
