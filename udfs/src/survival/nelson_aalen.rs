//! `nelson_aalen((query), ...)`: the cumulative hazard.

use super::columns::{Outcome, Table};
use super::kaplan_meier::whole;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{CumulativeHazardStep, HazardConfidence, HazardOptions, HazardType, cumulative_hazard};

const NAME: &str = "nelson_aalen";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// Fields of one step.
fn row_fields() -> Fields {
    fields([
        ("time", DataType::Float64),
        ("n_risk", DataType::Int64),
        ("n_event", DataType::Int64),
        ("n_censor", DataType::Int64),
        ("hazard", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Estimates cumulative hazards.",
        syntax: "nelson_aalen((query), time => column, event => column [, start, weights, by, conf_level, conf_type, type])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            says::START,
            says::WEIGHTS,
            says::BY,
            says::CONF_LEVEL,
            (
                "conf_type",
                "scale on which the intervals are symmetric: 'log' (without it) or 'plain', cut off at 0",
            ),
            (
                "type",
                "how events at one time add up: 'nelson-aalen' (without it), d/n, or 'fleming-harrington', 1/n + 1/(n-1) + ...",
            ),
        ],
        returns: "A row a distinct time (and group): the columns of `by`, time, n_risk, n_event, n_censor, hazard, se, lower, \
                  upper. n_risk, n_event and n_censor count rows, whatever they weigh. Before the first event hazard and se \
                  are 0, and the limits on the log scale NULL. No rows over no rows.",
        example: "SELECT time, n_risk, hazard FROM nelson_aalen((SELECT os, dead FROM patients), time => os, event => dead)",
        source: "R survival::survfit (cumhaz, std.chaz); Nelson 1972; Aalen 1978; Fleming and Harrington 1984",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::By,
        CONF_LEVEL,
        Takes::Setting("conf_type", Setting::Choice(&["log", "plain"])),
        Takes::Setting("type", Setting::Choice(&["nelson-aalen", "fleming-harrington"])),
    ],
    gives: Gives::Rows,
};

fn steps(outcome: &Outcome, options: &Options) -> Result<Vec<CumulativeHazardStep>> {
    let options = HazardOptions {
        hazard_type: match options.text("type") {
            Some("fleming-harrington") => HazardType::FlemingHarrington,
            _ => HazardType::NelsonAalen,
        },
        level: level(NAME, options)?,
        confidence: match options.text("conf_type") {
            Some("plain") => HazardConfidence::Plain,
            _ => HazardConfidence::Log,
        },
    };
    let all = cumulative_hazard(&outcome.follow_up()?, None, &options).map_err(failed(NAME))?;
    Ok(all.into_iter().flat_map(|(_, hazard)| hazard.steps).collect())
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let mut outcome = table.take_outcome()?;
    if outcome.n() == 0 {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    outcome.complete();
    let estimate = steps(&outcome, options)?;
    // The steps without weights count rows; their times are the same.
    let unweighted = match outcome.weights.take() {
        Some(_) => Some(steps(&outcome, options)?),
        None => None,
    };
    let rows = unweighted.as_ref().unwrap_or(&estimate);
    let number = |f: fn(&CumulativeHazardStep) -> f64| Values::Float(estimate.iter().map(f).collect());
    one_list(
        row_fields(),
        vec![
            number(|s| s.time),
            whole(rows, |s| s.n_risk),
            whole(rows, |s| s.n_event),
            whole(rows, |s| s.n_censor),
            number(|s| s.hazard),
            number(|s| s.se),
            number(|s| s.lower.unwrap_or(f64::NAN)),
            number(|s| s.upper.unwrap_or(f64::NAN)),
        ],
    )
}
