//! `calibration((query), ...)`.

use super::columns::Table;
use super::kaplan_meier::{CONF_TYPE, SAYS_CONF_TYPE, confidence_type};
use super::options::Options;
use super::predictions::Predictions;
use super::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{Bins, CalibrationBin, Prediction};

const NAME: &str = "calibration";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || DataType::Struct(answer_fields()),
    evaluate,
    doc: None,
};

/// Fields of one group.
fn bin_fields() -> Fields {
    fields([
        ("bin", DataType::Int64),
        ("n", DataType::Int64),
        ("events", DataType::Int64),
        ("predicted", DataType::Float64),
        ("observed", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("beyond", DataType::Boolean),
    ])
}

/// Fields of the answer.
fn answer_fields() -> Fields {
    let number = DataType::Float64;
    fields([
        ("bins", list_of(bin_fields())),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("observed", number.clone()),
        ("expected", number.clone()),
        ("oe", number.clone()),
        ("oe_lower", number.clone()),
        ("oe_upper", number.clone()),
        ("slope", number.clone()),
        ("slope_se", number.clone()),
        ("slope_lower", number.clone()),
        ("slope_upper", number.clone()),
        ("slope_p", number.clone()),
        ("gnd_chi2", number.clone()),
        ("gnd_df", DataType::Int64),
        ("gnd_p", number),
    ])
}

/// The time of the prediction.
pub const AT: Takes = Takes::Required(
    "at",
    Setting::Number(|t| t.is_finite() && t >= 0.0, "a time of 0 or more"),
);

/// What that means.
pub const SAYS_AT: (&str, &str) = ("at", "a number, 0 or more: the time up to which the event is predicted");

/// What the two functions of calibration take.
pub const TAKES: &[Takes] = &[
    Takes::Column("time", Role::Time),
    Takes::Column("event", Role::Event),
    Takes::Column("predicted", Role::Score),
    AT,
    Takes::Setting("bins", Setting::Whole),
    Takes::By,
    CONF_LEVEL,
    CONF_TYPE,
];

/// What that means.
pub const ARGUMENTS: &[(&str, &str)] = &[
    says::QUERY,
    says::TIME,
    says::EVENT,
    (
        "predicted",
        "column: the predicted risk, the probability of the event up to `at`: 1 less the predicted survival",
    ),
    SAYS_AT,
    (
        "bins",
        "a whole number, 1 to 1000: into how many groups, between quantiles of the risk; 10 without it",
    ),
    says::BY,
    says::CONF_LEVEL,
    SAYS_CONF_TYPE,
];

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Compares predicted with observed risk, by groups of like risk.",
        syntax: "calibration((query), time => column, event => column, predicted => column, at => t [, bins, by, conf_level, conf_type])",
        arguments: ARGUMENTS,
        returns: "A row a group of like risk, ascending: the columns of `by`, bin, n, events (up to the time), predicted (mean \
                  risk), observed (1 less the Kaplan-Meier estimate), se, lower, upper, beyond. Equal risks stay together, so \
                  that a bin may be empty and left out. `beyond` tells that follow-up of the group ends before the time. No \
                  rows over no rows.",
        example: "SELECT bin, n, predicted, observed FROM calibration((SELECT os, dead, 1 - exp(-0.1 * marker) AS risk FROM patients), \
                  time => os, event => dead, predicted => risk, at => 72, bins => 2)",
        source: "R survival::survfit, stats::quantile(type = 7); Kaplan and Meier 1958",
    },
    statistic: &DEFINITION,
    takes: TAKES,
    gives: Gives::RowsOf("bins", &[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let bins = match options.whole("bins").map(usize::try_from) {
        Some(bins) => Bins::new(bins.unwrap_or(usize::MAX)).map_err(failed(NAME))?,
        None => Bins::default(),
    };
    let rows = Predictions::of("predicted", &mut table)?;
    let (Some(risk), true) = (rows.columns.first(), rows.n > 0) else {
        return ScalarValue::try_from(&DataType::Struct(answer_fields()));
    };
    let answer = radsql_survival::calibration(
        &rows.outcome.follow_up()?,
        options.number("at").unwrap_or(f64::NAN),
        Prediction::Risk(&risk.values),
        bins,
        level(NAME, options)?,
        confidence_type(options),
    )
    .map_err(failed(NAME))?;
    let bins = &answer.bins;
    let number = |f: fn(&CalibrationBin) -> f64| Values::Float(bins.iter().map(f).collect());
    let count = |f: fn(&CalibrationBin) -> usize| Values::Int(bins.iter().map(|b| i64::try_from(f(b)).ok()).collect());
    let list = one_list(
        bin_fields(),
        vec![
            Values::Int(bins.iter().map(|b| Some(i64::from(b.bin))).collect()),
            count(|b| b.n),
            count(|b| b.events),
            number(|b| b.mean_predicted),
            number(|b| b.observed),
            number(|b| b.se.unwrap_or(f64::NAN)),
            number(|b| b.lower.unwrap_or(f64::NAN)),
            number(|b| b.upper.unwrap_or(f64::NAN)),
            Values::Bool(bins.iter().map(|b| Some(b.beyond)).collect()),
        ],
    )?;
    let (overall, slope) = (answer.overall, answer.slope);
    one_struct(
        answer_fields(),
        vec![
            Values::Nested(list),
            Values::int(rows.n),
            Values::int(rows.n_missing),
            Values::float(overall.observed),
            Values::float(overall.expected),
            Values::float(overall.ratio),
            Values::float(overall.lower),
            Values::float(overall.upper),
            Values::float(slope.slope),
            Values::float(slope.se),
            Values::float(slope.lower),
            Values::float(slope.upper),
            Values::float(slope.p),
            Values::float(answer.gnd.chi2),
            Values::int(answer.gnd.df),
            Values::float(answer.gnd.p),
        ],
    )
}
