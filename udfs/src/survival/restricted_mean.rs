//! `restricted_mean((query), ...)`.

use super::columns::Table;
use super::kaplan_meier::Curve;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};

const NAME: &str = "restricted_mean";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event],
    output: || DataType::Struct(row_fields()),
    evaluate,
    doc: None,
};

/// Fields of the answer.
fn row_fields() -> Fields {
    fields([
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("events", DataType::Int64),
        ("tau", DataType::Float64),
        ("rmst", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("extrapolated", DataType::Boolean),
    ])
}

/// Where the time is cut off.
pub const TAU: Takes = Takes::Required(
    "tau",
    Setting::Number(|t| t.is_finite() && t >= 0.0, "a time of 0 or more"),
);

/// What that means.
pub const SAYS_TAU: (&str, &str) = ("tau", "a number, 0 or more: the time up to which survival counts");

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Restricted mean survival time: the area below the survival curve up to tau.",
        syntax: "restricted_mean((query), time => column, event => column, tau => t [, start, weights, by, conf_level])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            SAYS_TAU,
            says::START,
            says::WEIGHTS,
            says::BY,
            says::CONF_LEVEL,
        ],
        returns: "One row (a group): the columns of `by`, n, n_missing, events, tau, rmst, se, lower, upper, extrapolated. \
                  `extrapolated` tells that follow-up ends before tau with rows still event-free, so that the curve's last \
                  value stands for what was not observed. Over no rows all but the counts and tau are NULL.",
        example: "SELECT sex, rmst, se FROM restricted_mean((SELECT os, dead, sex FROM patients), time => os, event => dead, tau => 72, by => sex)",
        source: "R survival::print.survfit(rmean =); Irwin 1949",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::By,
        TAU,
        CONF_LEVEL,
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let tau = options.number("tau").unwrap_or(f64::NAN);
    let curve = Curve::of(NAME, &mut table, options)?.map(|curve| curve.estimate);
    let (n, events) = curve.as_ref().map_or((0, 0), |c| (c.n, c.events));
    let mean = match &curve {
        Some(curve) => Some(
            curve
                .restricted_mean(tau, level(NAME, options)?)
                .map_err(failed(NAME))?,
        ),
        None => None,
    };
    let number = |v: Option<f64>| Values::float(v.unwrap_or(f64::NAN));
    one_struct(
        row_fields(),
        vec![
            Values::int(n),
            Values::int(table.rows() - n),
            Values::int(events),
            Values::float(tau),
            number(mean.map(|m| m.mean)),
            number(mean.map(|m| m.se)),
            number(mean.map(|m| m.lower)),
            number(mean.map(|m| m.upper)),
            Values::Bool(vec![mean.map(|m| m.extrapolated)]),
        ],
    )
}
