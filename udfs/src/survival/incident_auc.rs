//! `incident_auc((query), ...)`: incident/dynamic discrimination.

use super::columns::Table;
use super::failed;
use super::markers::Markers;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{HazardRatio, IncidentAuc, Span};

const NAME: &str = "incident_auc";

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
        summary: "Incident/dynamic areas under the ROC curve of markers at every event time.",
        syntax: "incident_auc((query), time => column, event => column, marker => column [, method => 'cox', span => 0.4, tmax, by])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "marker",
                "column or list of columns: numbers; rows that lack one are dropped",
            ),
            (
                "method",
                "the marker's hazard ratio: 'cox' (one for all times; without it), 'schoenfeld' (smoothed residuals) or 'local' (local Cox models)",
            ),
            (
                "span",
                "for the latter two: the share of the events in a neighbourhood; 0.4 without it",
            ),
            ("tmax", "last time that counts for c_index; the last event without it"),
            says::BY,
        ],
        returns: "A row a marker and event time: marker, t, survival, coefficient (log hazard ratio at t), auc, c_index (the mean of auc weighted \
                  by 2 f S, the same in every row of a marker).",
        example: "SELECT t, auc FROM incident_auc((SELECT i * 37 % 101 + 1 AS os, i % 3 > 0 AS dead, i * 7 % 11 AS a, i * 5 % 13 AS b FROM (SELECT value AS i FROM range(1, 61))), time => os, event => dead, marker => a) WHERE auc IS NOT NULL",
        source: "R risksetROC::risksetAUC; Heagerty and Zheng 2005",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("marker", Role::Score),
        Takes::Setting("method", Setting::Choice(&["cox", "schoenfeld", "local"])),
        Takes::Setting(
            "span",
            Setting::Number(|v| v > 0.0 && v <= 1.0, "a number above 0, at most 1"),
        ),
        Takes::Setting(
            "tmax",
            Setting::Number(|v| v > 0.0 && v.is_finite(), "a number above 0"),
        ),
        Takes::By,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("marker", DataType::Utf8),
        ("t", DataType::Float64),
        ("survival", DataType::Float64),
        ("coefficient", DataType::Float64),
        ("auc", DataType::Float64),
        ("c_index", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let markers = Markers::of(&mut table)?;
    if markers.outcome.time.is_empty() {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let span = Span::new(options.number("span").unwrap_or(0.4)).map_err(failed(NAME))?;
    let hazard_ratio = match options.text("method") {
        Some("schoenfeld") => HazardRatio::SmoothedResiduals(span),
        Some("local") => HazardRatio::LocalLikelihood(span),
        _ => HazardRatio::Proportional,
    };
    let follow_up = markers.outcome.follow_up()?;
    let mut rows: Vec<(Option<String>, IncidentAuc, f64)> = vec![];
    for (place, marker) in markers.columns.iter().enumerate() {
        let found = radsql_survival::incident_auc(&follow_up, &marker.values, hazard_ratio, options.number("tmax"))
            .map_err(failed(NAME))?;
        rows.extend(found.points.iter().map(|p| (markers.name(place), *p, found.c_index)));
    }
    one_list(
        row_fields(),
        vec![
            Values::Text(rows.iter().map(|(name, ..)| name.clone()).collect()),
            Values::Float(rows.iter().map(|(_, p, _)| p.time).collect()),
            Values::Float(rows.iter().map(|(_, p, _)| p.survival).collect()),
            Values::Float(rows.iter().map(|(_, p, _)| p.coefficient).collect()),
            Values::Float(rows.iter().map(|(_, p, _)| p.auc).collect()),
            Values::Float(rows.iter().map(|(_, _, c)| *c).collect()),
        ],
    )
}
