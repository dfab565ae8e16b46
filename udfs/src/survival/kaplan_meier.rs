//! `kaplan_meier(time, event)`.

use super::columns::Table;
use super::options::Options;
use super::statistic::{Definition, Role};
use super::{failed, follow_up, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{ConfidenceType, KaplanMeier, SurvivalStep};

const NAME: &str = "kaplan_meier";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event],
    output: || list_of(row_fields()),
    evaluate,
    doc: || DOC.for_datafusion(),
};

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Estimates the survival curve.",
    syntax: "kaplan_meier(time, event)",
    arguments: &[super::cox::DOC.arguments[0], super::cox::DOC.arguments[1]],
    returns: "LIST(STRUCT(time, n_risk, n_event, n_censor, survival, se, lower, upper)), one for each distinct time. `se` is \
              Greenwood's; the interval is symmetric on the log scale, at level `radsql.conf_level`; each is NULL where it \
              is not defined (survival 0). NULL over no rows.",
    example: "SELECT kaplan_meier(time, event)[1]['survival'] AS s\n\
              FROM (VALUES (1, 1), (2, 0), (3, 1), (4, 0)) AS t(time, event)",
    source: "R survival::survfit; Kaplan and Meier 1958; Greenwood 1926",
};

/// Fields of one step of the curve.
pub fn row_fields() -> Fields {
    fields([
        ("time", DataType::Float64),
        ("n_risk", DataType::Int64),
        ("n_event", DataType::Int64),
        ("n_censor", DataType::Int64),
        ("survival", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
    ])
}

/// The curve of a table's complete rows; `None` where there are none.
pub(super) fn curve(function: &'static str, table: &Table, options: &Options) -> Result<Option<KaplanMeier>> {
    let keep = table.observed_rows(options)?;
    if !keep.contains(&true) {
        return Ok(None);
    }
    let observed = table.observed(&keep, options)?;
    let follow_up = follow_up(function, &observed)?;
    let curve = radsql_survival::kaplan_meier(&follow_up, level(function, options)?, ConfidenceType::Log);
    Ok(Some(curve.map_err(failed(function))?))
}

fn evaluate(table: &Table, options: &Options) -> Result<ScalarValue> {
    let Some(curve) = curve(NAME, table, options)? else {
        return ScalarValue::try_from(&list_of(row_fields()));
    };
    let steps = &curve.steps;
    let number = |f: fn(&SurvivalStep) -> f64| Values::Float(steps.iter().map(f).collect());
    // Without weights, numbers at risk are whole.
    let whole = |f: fn(&SurvivalStep) -> f64| Values::Int(steps.iter().map(|s| Some(f(s) as i64)).collect());
    one_list(
        row_fields(),
        vec![
            number(|s| s.time),
            whole(|s| s.n_risk),
            whole(|s| s.n_event),
            whole(|s| s.n_censor),
            number(|s| s.survival),
            number(|s| s.se.unwrap_or(f64::NAN)),
            number(|s| s.lower.unwrap_or(f64::NAN)),
            number(|s| s.upper.unwrap_or(f64::NAN)),
        ],
    )
}
