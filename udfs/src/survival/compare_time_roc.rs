//! `compare_time_roc((query), ...)`: time-dependent areas of markers against each other.

use super::columns::Table;
use super::markers::Markers;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{AucDifference, TiedTimes};

const NAME: &str = "compare_time_roc";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Compares the areas under the time-dependent ROC curves of two or more markers on the same rows.",
        syntax: "compare_time_roc((query), time => column, event => column, marker => [column, ...], times => [12, 36, 60] [, by, conf_level])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "marker",
                "list of columns: numbers; higher means an earlier event; rows that lack one are dropped",
            ),
            ("times", "a number or a list of numbers above 0"),
            says::BY,
            says::CONF_LEVEL,
        ],
        returns: "A row a pair of markers and time: first, second, t, auc_first, auc_second, difference, se, lower, upper, z, p, with the \
                  covariance of the two areas. Weights are marginal.",
        example: "SELECT difference, p FROM compare_time_roc((SELECT i * 37 % 101 + 1 AS os, i % 3 > 0 AS dead, i * 7 % 11 AS a, i * 5 % 13 AS b FROM (SELECT value AS i FROM range(1, 61))), time => os, event => dead, marker => [a, b], times => 24)",
        source: "R timeROC::compare",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("marker", Role::Score),
        super::time_roc::TIMES,
        Takes::By,
        CONF_LEVEL,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("first", DataType::Utf8),
        ("second", DataType::Utf8),
        ("t", DataType::Float64),
        ("auc_first", DataType::Float64),
        ("auc_second", DataType::Float64),
        ("difference", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("z", DataType::Float64),
        ("p", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let markers = Markers::of(&mut table)?;
    if markers.columns.len() < 2 {
        return exec_err!(
            "{NAME}: marker must be two or more columns; found {}",
            markers.columns.len()
        );
    }
    if markers.outcome.time.is_empty() {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let times = options.numbers("times").unwrap_or_default();
    let follow_up = markers.outcome.follow_up()?;
    let (level, mut names) = (level(NAME, options)?, vec![]);
    let mut rows: Vec<AucDifference> = vec![];
    for (i, first) in markers.columns.iter().enumerate() {
        for (j, second) in markers.columns.iter().enumerate().skip(i + 1) {
            let found = radsql_survival::compare_time_roc(
                &follow_up,
                &first.values,
                &second.values,
                &times,
                TiedTimes::Together,
                level,
            );
            let found = found.map_err(failed(NAME))?;
            names.extend(found.iter().map(|_| (markers.name(i), markers.name(j))));
            rows.extend(found);
        }
    }
    let number = |f: fn(&AucDifference) -> f64| Values::Float(rows.iter().map(f).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(names.iter().map(|(first, _)| first.clone()).collect()),
            Values::Text(names.iter().map(|(_, second)| second.clone()).collect()),
            number(|d| d.first.time),
            number(|d| d.first.auc),
            number(|d| d.second.auc),
            number(|d| d.difference),
            number(|d| d.se),
            number(|d| d.lower),
            number(|d| d.upper),
            number(|d| d.z),
            number(|d| d.p),
        ],
    )
}
