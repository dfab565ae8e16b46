//! `time_roc_plot((query), ...)`.

use super::figure::{self, Answer, SAYS_THEME, THEME, told};
use crate::doc::{Doc, Kind};
use crate::survival::columns::Table;
use crate::survival::options::Options;
use crate::survival::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use crate::survival::{time_roc, time_roc_curve};
use datafusion::common::{Result, ScalarValue};
use radsql_plots::{RocCurve, TimeRocPlot};

const NAME: &str = "time_roc_plot";

static FIGURE: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: figure::output,
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Draws time-dependent ROC curves of markers.",
        syntax: "time_roc_plot((query), time => column, event => column, marker => column, times => [12, 36, 60] [, weighting, by, \
                 conf_level, theme])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "marker",
                "column or list of columns: numbers; higher means an earlier event; rows that lack one are dropped",
            ),
            (
                "times",
                "a number or a list of numbers above 0; a curve each marker and time, at most 18",
            ),
            (
                "weighting",
                "as for `time_roc`: 'marginal' (without it), 'cox', 'nne' or 'km'",
            ),
            says::BY,
            says::CONF_LEVEL,
            SAYS_THEME,
        ],
        returns: "A row a group (one without `by`): svg, the figure as text, with the areas under the curves and, where `time_roc` \
                  has them, their intervals. NULL over no complete row, and where no curve has a case and a control.",
        example: "SELECT svg FROM time_roc_plot((SELECT i * 37 % 101 + 1 AS os, i % 3 > 0 AS dead, i * 7 % 11 AS a FROM (SELECT value AS i FROM range(1, 61))), time => os, event => dead, marker => a, times => [24, 48])",
        source: "R timeROC::timeROC, survivalROC::survivalROC for the numbers",
    },
    statistic: &FIGURE,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("marker", Role::Score),
        time_roc::TIMES,
        Takes::Setting("weighting", Setting::Choice(&["marginal", "cox", "nne", "km"])),
        Takes::By,
        CONF_LEVEL,
        THEME,
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(table: Table, options: &Options) -> Result<ScalarValue> {
    let areas = Answer::of(&(time_roc::DEFINITION.evaluate)(table.clone(), options)?);
    let points = Answer::of(&(time_roc_curve::DEFINITION.evaluate)(table, options)?);
    let (Some(areas), Some(points)) = (areas, points) else {
        return figure::row(NAME, None);
    };
    let (of, t) = (points.texts("marker")?, points.numbers("t")?);
    let (fpr, tpr) = (points.numbers("fpr")?, points.numbers("tpr")?);
    let (markers, times) = (areas.texts("marker")?, areas.numbers("t")?);
    let (auc, lower, upper) = (areas.numbers("auc")?, areas.numbers("lower")?, areas.numbers("upper")?);
    let one_marker = markers.iter().all(|m| Some(m) == markers.first());
    let one_time = times.iter().all(|t| Some(t) == times.first());
    let curves = (0..areas.len()).map(|i| {
        let (marker, at) = (&markers[i], times[i]);
        let mine: Vec<usize> = (0..points.len())
            .filter(|p| of[*p] == *marker && t[*p] == at && !fpr[*p].is_nan() && !tpr[*p].is_nan())
            .collect();
        RocCurve {
            name: match (one_marker, one_time) {
                (true, false) => format!("t = {}", told(at)),
                (false, true) => marker.clone(),
                _ => format!("{marker}, t = {}", told(at)),
            },
            false_positive: mine.iter().map(|p| fpr[*p]).collect(),
            true_positive: mine.iter().map(|p| tpr[*p]).collect(),
            auc: auc[i],
            auc_lower: lower[i],
            auc_upper: upper[i],
        }
    });
    let curves: Vec<RocCurve> = curves.collect();
    // Without a case or a control there is no curve.
    if curves.iter().all(|curve| curve.false_positive.is_empty()) {
        return figure::row(NAME, None);
    }
    let figure = TimeRocPlot { curves };
    figure::row(NAME, Some(figure.svg(figure::theme(options))))
}
