//! `survival_at((query), ...)`: the survival curve at given times.

use super::columns::Table;
use super::failed;
use super::kaplan_meier::{CONF_TYPE, Curve, SAYS_CONF_TYPE, whole};
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::SurvivalAt;

const NAME: &str = "survival_at";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// Fields of one time.
fn row_fields() -> Fields {
    fields([
        ("time", DataType::Float64),
        ("n_risk", DataType::Int64),
        ("n_event", DataType::Int64),
        ("n_censor", DataType::Int64),
        ("survival", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("beyond", DataType::Boolean),
    ])
}

/// Times to ask for.
pub const TIMES: Takes = Takes::Required("times", Setting::Numbers(f64::is_finite, "a finite number"));

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Reads survival curves off at given times.",
        syntax: "survival_at((query), time => column, event => column, times => [t, ...] [, start, weights, by, conf_level, conf_type])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            ("times", "a number or a list: the times asked for"),
            says::START,
            says::WEIGHTS,
            says::BY,
            says::CONF_LEVEL,
            SAYS_CONF_TYPE,
        ],
        returns: "A row a time (and group), in the order given: the columns of `by`, time, n_risk, n_event, n_censor, survival, \
                  se, lower, upper, beyond. n_risk are the rows at risk just before the first time of the curve that is not \
                  earlier, n_event and n_censor all rows so far, whatever they weigh. `beyond` tells that follow-up ends \
                  before, so that the curve's last value stands there (R's extend = TRUE). No rows over no rows.",
        example: "SELECT time, survival FROM survival_at((SELECT os, dead FROM patients), time => os, event => dead, times => [36, 72])",
        source: "R survival::summary.survfit(times =)",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::By,
        TIMES,
        CONF_LEVEL,
        CONF_TYPE,
    ],
    gives: Gives::Rows,
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(curve) = Curve::of(NAME, &mut table, options)? else {
        return ScalarValue::try_from(&list_of(row_fields()));
    };
    let times = options.numbers("times").unwrap_or_default();
    let estimate = curve.estimate.at_times(&times).map_err(failed(NAME))?;
    let rows = curve.rows().at_times(&times).map_err(failed(NAME))?;
    let number = |f: fn(&SurvivalAt) -> f64| Values::Float(estimate.iter().map(f).collect());
    one_list(
        row_fields(),
        vec![
            Values::Float(times),
            whole(&rows, |s| s.n_risk),
            whole(&rows, |s| s.n_event),
            whole(&rows, |s| s.n_censor),
            number(|s| s.survival),
            number(|s| s.se.unwrap_or(f64::NAN)),
            number(|s| s.lower.unwrap_or(f64::NAN)),
            number(|s| s.upper.unwrap_or(f64::NAN)),
            Values::Bool(estimate.iter().map(|s| Some(s.beyond)).collect()),
        ],
    )
}
