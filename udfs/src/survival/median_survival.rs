//! `median_survival(time, event)`.

use super::columns::Table;
use super::kaplan_meier::{ARGUMENTS, Curve, TAKES};
use super::options::Options;
use super::relation::{Gives, Relation};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};

const NAME: &str = "median_survival";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event],
    output: || DataType::Struct(row_fields()),
    evaluate,
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Median survival time with its confidence interval, from the Kaplan-Meier curve.",
    syntax: "median_survival(time, event)",
    arguments: super::kaplan_meier::DOC.arguments,
    returns: "STRUCT(n, n_missing, events, median, lower, upper). `median` is the time at which the curve comes down to one \
              half, or the middle of the stretch on which it equals one half; NULL when it does not come down so far, and \
              so for its limits.",
    example: "SELECT median_survival(time, event)['median'] AS months\n\
              FROM (VALUES (10, 1), (20, 1), (30, 1), (40, 0)) AS t(time, event)",
    source: "R survival::survfit; Brookmeyer and Crowley 1982",
};

/// Fields of the answer.
pub fn row_fields() -> Fields {
    fields([
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("events", DataType::Int64),
        ("median", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Median survival time with its confidence interval.",
        syntax: "median_survival((query), time => column, event => column [, start, weights, by, conf_level, conf_type])",
        arguments: ARGUMENTS,
        returns: "One row (a group): the columns of `by`, n, n_missing, events, median, lower, upper.",
        example: "SELECT sex, median FROM median_survival((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survfit",
    },
    statistic: &DEFINITION,
    takes: TAKES,
    gives: Gives::Row(&[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let curve = Curve::of(NAME, &mut table, options)?.map(|curve| curve.estimate);
    let (n, events) = curve.as_ref().map_or((0, 0), |c| (c.n, c.events));
    let median = curve.as_ref().map(|c| c.median());
    let number = |v: Option<f64>| Values::float(v.unwrap_or(f64::NAN));
    one_struct(
        row_fields(),
        vec![
            Values::int(n),
            Values::int(table.rows() - n),
            Values::int(events),
            number(median.and_then(|m| m.time)),
            number(median.and_then(|m| m.lower)),
            number(median.and_then(|m| m.upper)),
        ],
    )
}
