//! `kaplan_meier(time, event)`.

use super::columns::Table;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
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
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
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

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Estimates survival curves.",
        syntax: "kaplan_meier((query), time => column, event => column [, by, conf_level])",
        arguments: &[says::QUERY, says::TIME, says::EVENT, says::BY, says::CONF_LEVEL],
        returns: "A row a distinct time (and group): the columns of `by`, time, n_risk, n_event, n_censor, survival, se, lower, upper.",
        example: "SELECT sex, time, survival FROM kaplan_meier((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survfit",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::By,
        CONF_LEVEL,
    ],
    gives: Gives::Rows,
};

/// The curve of a table's complete rows; `None` where there are none.
pub(super) fn curve(function: &'static str, table: &mut Table, options: &Options) -> Result<Option<KaplanMeier>> {
    let mut outcome = table.take_outcome()?;
    if outcome.n() == 0 {
        return Ok(None);
    }
    outcome.complete();
    let curve = radsql_survival::kaplan_meier(&outcome.follow_up()?, level(function, options)?, ConfidenceType::Log);
    Ok(Some(curve.map_err(failed(function))?))
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(curve) = curve(NAME, &mut table, options)? else {
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
