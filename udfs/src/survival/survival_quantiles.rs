//! `survival_quantiles((query), ...)`.

use super::columns::Table;
use super::failed;
use super::kaplan_meier::{CONF_TYPE, Curve, SAYS_CONF_TYPE};
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::Quantile;

const NAME: &str = "survival_quantiles";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// Fields of one quantile.
fn row_fields() -> Fields {
    fields([
        ("probability", DataType::Float64),
        ("time", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Quantiles of survival time with their confidence intervals, from the Kaplan-Meier curve.",
        syntax: "survival_quantiles((query), time => column, event => column [, probabilities, start, weights, by, conf_level, conf_type])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "probabilities",
                "a number or a list, 0 to 1: which part has had the event; [0.25, 0.5, 0.75] without it",
            ),
            says::START,
            says::WEIGHTS,
            says::BY,
            says::CONF_LEVEL,
            SAYS_CONF_TYPE,
        ],
        returns: "A row a probability (and group), in the order given: the columns of `by`, probability, time, lower, upper. \
                  `time` is where the curve comes down to 1 - probability, or the middle of the stretch on which it equals \
                  that; NULL when it does not come down so far, and so for the limits. No rows over no rows.",
        example: "SELECT probability, time FROM survival_quantiles((SELECT os, dead FROM patients), time => os, event => dead, probabilities => 0.25)",
        source: "R survival::quantile.survfit; Brookmeyer and Crowley 1982",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::By,
        Takes::Setting(
            "probabilities",
            Setting::Numbers(|p| (0.0..=1.0).contains(&p), "a number from 0 to 1"),
        ),
        CONF_LEVEL,
        CONF_TYPE,
    ],
    gives: Gives::Rows,
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(curve) = Curve::of(NAME, &mut table, options)? else {
        return ScalarValue::try_from(&list_of(row_fields()));
    };
    let probabilities = options
        .numbers("probabilities")
        .unwrap_or_else(|| vec![0.25, 0.5, 0.75]);
    let quantiles = probabilities
        .iter()
        .map(|&p| curve.estimate.quantile(p).map_err(failed(NAME)))
        .collect::<Result<Vec<_>>>()?;
    let number =
        |f: fn(&Quantile) -> Option<f64>| Values::Float(quantiles.iter().map(|q| f(q).unwrap_or(f64::NAN)).collect());
    one_list(
        row_fields(),
        vec![
            Values::Float(probabilities),
            number(|q| q.time),
            number(|q| q.lower),
            number(|q| q.upper),
        ],
    )
}
