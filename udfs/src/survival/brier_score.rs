//! `brier_score((query), ...)`.

use super::columns::Table;
use super::options::Options;
use super::predictions::Predictions;
use super::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{BrierScore, Prediction};

const NAME: &str = "brier_score";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// Fields of one time.
fn row_fields() -> Fields {
    fields([
        ("time", DataType::Float64),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("brier", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("brier_null", DataType::Float64),
        ("brier_null_se", DataType::Float64),
        ("scaled", DataType::Float64),
        ("integrated", DataType::Float64),
        ("integrated_null", DataType::Float64),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Brier score of predicted survival: its mean squared error, with censored rows weighed in.",
        syntax: "brier_score((query), time => column, event => column, survival => [column, ...], times => [t, ...] [, by, conf_level])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "survival",
                "column or list of columns, one for each of `times`: the predicted probability of no event up to that time, \
                 such as `predict_survival` gives, a time a column: max(survival) FILTER (WHERE time = 12) AS s12 by the \
                 column of its id, joined to the patients",
            ),
            (
                "times",
                "a number or a list of ascending numbers, 0 or more: the times predicted for",
            ),
            says::BY,
            says::CONF_LEVEL,
        ],
        returns: "A row a time (and group): the columns of `by`, time, n, n_missing, brier, se, lower, upper, brier_null, \
                  brier_null_se, scaled, integrated, integrated_null. Rows without all of the predictions are left out, and \
                  counted in n_missing. `brier_null` is the score of the Kaplan-Meier estimate as everybody's prediction, \
                  `scaled` 1 - brier / brier_null (the index of prediction accuracy), `integrated` the mean of the score as a \
                  step function from 0 to the time (IBS), 0 before the first. NULL for times beyond the last observed; no rows \
                  over no rows.",
        example: "SELECT time, brier, scaled FROM brier_score((SELECT os, dead, exp(-0.05 * marker) AS s36, exp(-0.1 * marker) AS s72 FROM patients), \
                  time => os, event => dead, survival => [s36, s72], times => [36, 72])",
        source: "riskRegression::Score; Graf et al. 1999; Gerds and Schumacher 2006",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("survival", Role::Score),
        Takes::By,
        Takes::Required(
            "times",
            Setting::Numbers(|t| t.is_finite() && t >= 0.0, "a time of 0 or more"),
        ),
        CONF_LEVEL,
    ],
    gives: Gives::Rows,
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let times = options.numbers("times").unwrap_or_default();
    let found = options.names_of(Role::Score).count();
    if found != times.len() {
        return exec_err!(
            "{NAME}: survival must have one column for each of times; found {found} for {}",
            times.len()
        );
    }
    let rows = Predictions::of("survival", &mut table)?;
    if rows.n == 0 {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let survival: Vec<Prediction> = rows.columns.iter().map(|c| Prediction::Survival(&c.values)).collect();
    let follow_up = rows.outcome.follow_up()?;
    let scores = radsql_survival::brier_score(&follow_up, &times, &survival, level(NAME, options)?);
    let scores = scores.map_err(failed(NAME))?;
    let number = |f: fn(&BrierScore) -> f64| Values::Float(scores.iter().map(f).collect());
    let whole = |n: usize| Values::Int(vec![i64::try_from(n).ok(); scores.len()]);
    one_list(
        row_fields(),
        vec![
            number(|s| s.time),
            whole(rows.n),
            whole(rows.n_missing),
            number(|s| s.brier),
            number(|s| s.se),
            number(|s| s.lower),
            number(|s| s.upper),
            number(|s| s.null),
            number(|s| s.null_se),
            number(|s| s.ipa),
            number(|s| s.integrated),
            number(|s| s.integrated_null),
        ],
    )
}
