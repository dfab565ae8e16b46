//! `time_roc_curve((query), ...)`: whole time-dependent ROC curves.

use super::columns::Table;
use super::markers::Markers;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{
    ConditionalSurvival, RocPoint, Span, TimeRocOptions, Weighting, conditional_roc, time_roc_curve,
};

const NAME: &str = "time_roc_curve";

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
        summary: "Whole time-dependent ROC curves of markers.",
        syntax: "time_roc_curve((query), time => column, event => column, marker => column, times => [12, 36, 60] [, weighting => 'marginal', span, by])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "marker",
                "column or list of columns: numbers; higher means an earlier event; rows that lack one are dropped",
            ),
            ("times", "a number or a list of numbers above 0"),
            (
                "weighting",
                "as for `time_roc`: 'marginal' (without it), 'cox', 'nne' or 'km'",
            ),
            (
                "span",
                "for 'nne': the share of the rows in a neighbourhood; 0.25 n^-0.2 without it",
            ),
            says::BY,
        ],
        returns: "A row a marker, time and threshold: marker, t, threshold, tpr, fpr; a test is positive at or above the threshold. The first \
                  point is (0, 0) at threshold infinity.",
        example: "SELECT tpr, fpr FROM time_roc_curve((SELECT i * 37 % 101 + 1 AS os, i % 3 > 0 AS dead, i * 7 % 11 AS a, i * 5 % 13 AS b FROM (SELECT value AS i FROM range(1, 61))), time => os, event => dead, marker => a, times => 24)",
        source: "R timeROC::timeROC, survivalROC::survivalROC",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("marker", Role::Score),
        super::time_roc::TIMES,
        Takes::Setting("weighting", Setting::Choice(&["marginal", "cox", "nne", "km"])),
        Takes::Setting(
            "span",
            Setting::Number(|v| v > 0.0 && v <= 1.0, "a number above 0, at most 1"),
        ),
        Takes::By,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("marker", DataType::Utf8),
        ("t", DataType::Float64),
        ("threshold", DataType::Float64),
        ("tpr", DataType::Float64),
        ("fpr", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let markers = Markers::of(&mut table)?;
    if markers.outcome.time.is_empty() {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let follow_up = markers.outcome.follow_up()?;
    let mut names = vec![];
    let mut rows: Vec<(f64, RocPoint)> = vec![];
    for (place, marker) in markers.columns.iter().enumerate() {
        for t in options.numbers("times").unwrap_or_default() {
            let points = match options.text("weighting") {
                Some(method @ ("nne" | "km")) => {
                    let span = options
                        .number("span")
                        .map(Span::new)
                        .transpose()
                        .map_err(failed(NAME))?;
                    let method = match method {
                        "nne" => ConditionalSurvival::NearestNeighbours(
                            span.unwrap_or_else(|| Span::for_rows(marker.values.len())),
                        ),
                        _ => ConditionalSurvival::KaplanMeier,
                    };
                    let found = conditional_roc(&follow_up, &marker.values, &[t], method).map_err(failed(NAME))?;
                    found.into_iter().flat_map(|r| r.points).collect()
                }
                other => {
                    let how = TimeRocOptions {
                        weighting: if other == Some("cox") {
                            Weighting::Cox
                        } else {
                            Weighting::Marginal
                        },
                        level: level(NAME, options)?,
                        ..TimeRocOptions::default()
                    };
                    time_roc_curve(&follow_up, &marker.values, t, &how).map_err(failed(NAME))?
                }
            };
            names.extend(points.iter().map(|_| markers.name(place)));
            rows.extend(points.into_iter().map(|p| (t, p)));
        }
    }
    one_list(
        row_fields(),
        vec![
            Values::Text(names),
            Values::Float(rows.iter().map(|(t, _)| *t).collect()),
            Values::Float(rows.iter().map(|(_, p)| p.threshold).collect()),
            Values::Float(rows.iter().map(|(_, p)| p.tpr).collect()),
            Values::Float(rows.iter().map(|(_, p)| p.fpr).collect()),
        ],
    )
}
