//! `time_roc(time, event, marker, t)`, and the relation function `time_roc((query), ...)`.

use super::columns::Table;
use super::concordance::{BOOTSTRAP, resampling};
use super::markers::Markers;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, SEED, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{
    ConditionalSurvival, Span, TiedTimes, TimeRoc, TimeRocOptions, Weighting, bootstrap_time_roc, conditional_roc,
    time_roc, time_roc_curve,
};

const NAME: &str = "time_roc";

/// The aggregate.
pub static AGGREGATE: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score, Role::At],
    output: || DataType::Struct(aggregate_fields()),
    evaluate: evaluate_aggregate,
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Area under the time-dependent ROC curve of a marker at one time, and the curve.",
    syntax: "time_roc(time, event, marker, t)",
    arguments: &[
        super::cox::DOC.arguments[0],
        super::cox::DOC.arguments[1],
        ("marker", "a number; higher means an earlier event"),
        ("t", "the time that is asked about, the same for all rows"),
    ],
    returns: "STRUCT(t, auc, se, lower, upper, n, n_missing, cases, controls, curve LIST(STRUCT(threshold, tpr, fpr))). Cases had the event \
              before t, controls were observed beyond t; both are weighted by the inverse probability of not being censored. \
              Without a case or a control auc is NULL; without a row so is the whole answer.",
    example: "SELECT time_roc(time, event, marker, 2.5)['auc'] AS auc\n\
              FROM (VALUES (1, 1, 0.9), (2, 1, 0.4), (3, 0, 0.5), (4, 1, 0.1)) AS t(time, event, marker)",
    source: "R timeROC::timeROC; Blanche, Dartigues and Jacqmin-Gadda 2013",
};

/// What the relation function asks for.
pub static DEFINITION: Definition = Definition {
    name: "time_roc_at",
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// The times asked about.
pub const TIMES: Takes = Takes::Required(
    "times",
    Setting::Numbers(|v| v > 0.0 && v.is_finite(), "a number or a list of numbers above 0"),
);

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Areas under the time-dependent ROC curves of markers.",
        syntax: "time_roc((query), time => column, event => column, marker => column, times => [12, 36, 60] [, weighting => 'marginal', \
                 span, bootstrap, seed, by, conf_level])",
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
                "how censoring is met: 'marginal' (weights from the Kaplan-Meier estimator of the censoring; without it), 'cox' (from a Cox \
                 model of the censoring given the marker; no se), 'nne' (nearest neighbours, as survivalROC; no se) or 'km' (Kaplan-Meier \
                 above each threshold; no se)",
            ),
            (
                "span",
                "for 'nne': the share of the rows in a neighbourhood; 0.25 n^-0.2 without it",
            ),
            (
                "bootstrap",
                "replicates of a bootstrap, such as 1000, that gives se and the percentile interval (weighting 'marginal')",
            ),
            says::SEED,
            says::BY,
            says::CONF_LEVEL,
        ],
        returns: "A row a marker and time: marker, t, auc, se, lower, upper, n, n_missing, cases (events before t; up to t for 'nne' and 'km'), \
                  controls (observed beyond t), censored, incidence, survival. `compare_time_roc` tests markers against each other, \
                  `time_roc_curve` gives the curves, `incident_auc` the incident/dynamic definition.",
        example: "SELECT marker, t, auc FROM time_roc((SELECT i * 37 % 101 + 1 AS os, i % 3 > 0 AS dead, i * 7 % 11 AS a, i * 5 % 13 AS b FROM (SELECT value AS i FROM range(1, 61))), time => os, event => dead, marker => [a, b], times => [24])",
        source: "R timeROC::timeROC, survivalROC::survivalROC; Blanche, Dartigues and Jacqmin-Gadda 2013; Heagerty, Lumley and Pepe 2000",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("marker", Role::Score),
        TIMES,
        Takes::Setting("weighting", Setting::Choice(&["marginal", "cox", "nne", "km"])),
        Takes::Setting(
            "span",
            Setting::Number(|v| v > 0.0 && v <= 1.0, "a number above 0, at most 1"),
        ),
        BOOTSTRAP,
        SEED,
        Takes::By,
        CONF_LEVEL,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("marker", DataType::Utf8),
        ("t", DataType::Float64),
        ("auc", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("cases", DataType::Int64),
        ("controls", DataType::Int64),
        ("censored", DataType::Int64),
        ("incidence", DataType::Float64),
        ("survival", DataType::Float64),
    ])
}

fn point_fields() -> Fields {
    fields([
        ("threshold", DataType::Float64),
        ("tpr", DataType::Float64),
        ("fpr", DataType::Float64),
    ])
}

fn aggregate_fields() -> Fields {
    fields([
        ("t", DataType::Float64),
        ("auc", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("cases", DataType::Int64),
        ("controls", DataType::Int64),
        ("curve", list_of(point_fields())),
    ])
}

fn evaluate_aggregate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let at = table.take_numbers(Role::At)?.map(|c| c.values).unwrap_or_default();
    let markers = Markers::of(&mut table)?;
    let (Some(&t), Some(marker), false) = (at.first(), markers.columns.first(), markers.outcome.time.is_empty()) else {
        return ScalarValue::try_from(&DataType::Struct(aggregate_fields()));
    };
    if let Some(other) = at.iter().find(|v| **v != t) {
        return exec_err!("{NAME}: t must be the same for all rows; found {t} and {other}");
    }
    let how = TimeRocOptions {
        level: level(NAME, options)?,
        ..TimeRocOptions::default()
    };
    let follow_up = markers.outcome.follow_up()?;
    let found = time_roc(&follow_up, &marker.values, &[t], &how).map_err(failed(NAME))?;
    let curve = time_roc_curve(&follow_up, &marker.values, t, &how).map_err(failed(NAME))?;
    let Some(r) = found.first() else {
        return ScalarValue::try_from(&DataType::Struct(aggregate_fields()));
    };
    let curve = one_list(
        point_fields(),
        vec![
            Values::Float(curve.iter().map(|p| p.threshold).collect()),
            Values::Float(curve.iter().map(|p| p.tpr).collect()),
            Values::Float(curve.iter().map(|p| p.fpr).collect()),
        ],
    )?;
    one_struct(
        aggregate_fields(),
        vec![
            Values::float(r.time),
            Values::float(r.auc),
            Values::float(r.se),
            Values::float(r.lower),
            Values::float(r.upper),
            Values::int(markers.outcome.time.len()),
            Values::int(markers.missing),
            Values::int(r.cases),
            Values::int(r.controls),
            Values::Nested(curve),
        ],
    )
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let markers = Markers::of(&mut table)?;
    if markers.outcome.time.is_empty() {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let times = options.numbers("times").unwrap_or_default();
    let mut rows: Vec<(Option<String>, TimeRoc)> = vec![];
    for (place, marker) in markers.columns.iter().enumerate() {
        let found = areas(&markers, &marker.values, &times, options)?;
        rows.extend(found.into_iter().map(|r| (markers.name(place), r)));
    }
    if let Some(resampling) = resampling(NAME, options)? {
        if options.text("weighting").is_some_and(|w| w != "marginal") {
            return exec_err!("{NAME}: bootstrap is there for weighting 'marginal' alone");
        }
        let found = bootstrap_time_roc(
            &markers.outcome.follow_up()?,
            &markers.values(),
            &times,
            resampling,
            level(NAME, options)?,
        )
        .map_err(failed(NAME))?;
        for (place, (_, row)) in rows.iter_mut().enumerate() {
            let (marker, time) = (place / times.len().max(1), place % times.len().max(1));
            if let Some(b) = found.get(time).and_then(|f| f.areas.scores.get(marker)) {
                (row.se, row.lower, row.upper) = (b.se, b.percentile.lower, b.percentile.upper);
            }
        }
    }
    let number = |f: fn(&TimeRoc) -> f64| Values::Float(rows.iter().map(|(_, r)| f(r)).collect());
    let count = |f: fn(&TimeRoc) -> usize| Values::Int(rows.iter().map(|(_, r)| i64::try_from(f(r)).ok()).collect());
    let same = |n: usize| Values::Int(rows.iter().map(|_| i64::try_from(n).ok()).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(rows.iter().map(|(name, _)| name.clone()).collect()),
            number(|r| r.time),
            number(|r| r.auc),
            number(|r| r.se),
            number(|r| r.lower),
            number(|r| r.upper),
            same(markers.outcome.time.len()),
            same(markers.missing),
            count(|r| r.cases),
            count(|r| r.controls),
            count(|r| r.censored),
            number(|r| r.incidence),
            number(|r| r.survival),
        ],
    )
}

fn areas(markers: &Markers, marker: &[f64], times: &[f64], options: &Options) -> Result<Vec<TimeRoc>> {
    let follow_up = markers.outcome.follow_up()?;
    let method = match options.text("weighting") {
        Some("nne") => {
            let span = match options.number("span") {
                Some(span) => Span::new(span).map_err(failed(NAME))?,
                None => Span::for_rows(marker.len()),
            };
            ConditionalSurvival::NearestNeighbours(span)
        }
        Some("km") => ConditionalSurvival::KaplanMeier,
        other => {
            let how = TimeRocOptions {
                weighting: if other == Some("cox") {
                    Weighting::Cox
                } else {
                    Weighting::Marginal
                },
                tied_times: TiedTimes::Together,
                level: level(NAME, options)?,
            };
            return time_roc(&follow_up, marker, times, &how).map_err(failed(NAME));
        }
    };
    let found = conditional_roc(&follow_up, marker, times, method).map_err(failed(NAME))?;
    let ended = |t: f64, event: bool| {
        let rows = markers.outcome.time.iter().zip(&markers.outcome.event);
        rows.filter(|(time, e)| **time <= t && **e == event).count()
    };
    let row = |r: radsql_survival::ConditionalRoc| {
        let (cases, censored) = (ended(r.time, true), ended(r.time, false));
        TimeRoc {
            time: r.time,
            auc: r.auc,
            se: f64::NAN,
            lower: f64::NAN,
            upper: f64::NAN,
            cases,
            controls: marker.len() - cases - censored,
            censored,
            incidence: 1.0 - r.survival,
            survival: r.survival,
        }
    };
    Ok(found.into_iter().map(row).collect())
}
