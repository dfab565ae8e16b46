//! `decision_curve((query), ...)`.

use super::calibration::{AT, SAYS_AT};
use super::columns::Table;
use super::failed;
use super::options::Options;
use super::predictions::Predictions;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{NetBenefit, Prediction};

const NAME: &str = "decision_curve";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// Fields of one threshold of one model.
fn row_fields() -> Fields {
    fields([
        ("model", DataType::Utf8),
        ("threshold", DataType::Float64),
        ("n", DataType::Int64),
        ("positives", DataType::Int64),
        ("net_benefit", DataType::Float64),
        ("standardised_net_benefit", DataType::Float64),
        ("interventions_avoided", DataType::Float64),
        ("beyond", DataType::Boolean),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Decision curves: what acting on predicted risks is worth, against acting on all and on none.",
        syntax: "decision_curve((query), time => column, event => column, predicted => [column, ...], at => t [, thresholds, by])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "predicted",
                "column or list of columns, one a model: the predicted risk, the probability of the event up to `at`: 1 less \
                 the predicted survival",
            ),
            SAYS_AT,
            (
                "thresholds",
                "a number or a list, each between 0 and 1: the risks from which on one acts; 0.01, 0.02, ..., 0.99 without it",
            ),
            says::BY,
        ],
        returns: "A row a model and threshold (and group): the columns of `by`, model (the name of the column, then 'treat all' \
                  and 'treat none'), threshold, n, positives (rows at or above the threshold), net_benefit, \
                  standardised_net_benefit (by the risk of all rows), interventions_avoided (by row, against treating all), \
                  beyond (follow-up of the positives ends before the time, their last estimate stands for it). Rows without all \
                  of the predictions are left out. No rows over no rows.",
        example: "SELECT model, net_benefit FROM decision_curve((SELECT os, dead, 1 - exp(-0.1 * marker) AS marker_model FROM patients), \
                  time => os, event => dead, predicted => marker_model, at => 72, thresholds => 0.25)",
        source: "dcurves::dca; Vickers and Elkin 2006; Vickers et al. 2008",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("predicted", Role::Score),
        AT,
        Takes::Setting(
            "thresholds",
            Setting::Numbers(|p| p > 0.0 && p < 1.0, "a number between 0 and 1"),
        ),
        Takes::By,
    ],
    gives: Gives::Rows,
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = Predictions::of("predicted", &mut table)?;
    if rows.n == 0 {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let at = options.number("at").unwrap_or(f64::NAN);
    let thresholds = options
        .numbers("thresholds")
        .unwrap_or_else(|| (1..100).map(|percent| f64::from(percent) / 100.0).collect());
    let follow_up = rows.outcome.follow_up()?;
    let mut lines: Vec<(&str, NetBenefit)> = vec![];
    let mut add = |model, risk: &[f64]| -> Result<()> {
        let curve = radsql_survival::decision_curve(&follow_up, at, Prediction::Risk(risk), &thresholds);
        let points = curve.map_err(failed(NAME))?.points;
        lines.extend(points.into_iter().map(|point| (model, point)));
        Ok(())
    };
    for model in &rows.columns {
        add(&model.name, &model.values)?;
    }
    // To treat all is a model that is sure of the event, to treat none one that is sure of none.
    add("treat all", &vec![1.0; rows.n])?;
    add("treat none", &vec![0.0; rows.n])?;
    let number = |f: fn(&NetBenefit) -> f64| Values::Float(lines.iter().map(|(_, point)| f(point)).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(lines.iter().map(|(model, _)| Some((*model).to_owned())).collect()),
            number(|p| p.threshold),
            Values::Int(vec![i64::try_from(rows.n).ok(); lines.len()]),
            Values::Int(lines.iter().map(|(_, p)| i64::try_from(p.positives).ok()).collect()),
            number(|p| p.net_benefit),
            number(|p| p.standardised),
            number(|p| p.interventions_avoided),
            Values::Bool(lines.iter().map(|(_, p)| Some(p.beyond)).collect()),
        ],
    )
}
