//! `decision_curve_plot((query), ...)`.

use super::figure::{self, Answer, SAYS_THEME, THEME};
use crate::doc::{Doc, Kind};
use crate::survival::calibration::{AT, SAYS_AT};
use crate::survival::columns::Table;
use crate::survival::decision_curve;
use crate::survival::options::Options;
use crate::survival::relation::{Gives, Relation, Setting, Takes, says};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use datafusion::common::{Result, ScalarValue};
use radsql_plots::{DecisionCurvePlot, DecisionModel};

const NAME: &str = "decision_curve_plot";

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
        summary: "Draws decision curves: what acting on predicted risks is worth, against acting on all and on none.",
        syntax: "decision_curve_plot((query), time => column, event => column, predicted => [column, ...], at => t [, thresholds, by, theme])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "predicted",
                "column or list of columns, one a model, at most 18: the predicted risk, the probability of the event up to `at`",
            ),
            SAYS_AT,
            (
                "thresholds",
                "a list of ascending numbers between 0 and 1: the risks from which on one acts; 0.01, 0.02, ..., 0.99 without it",
            ),
            says::BY,
            SAYS_THEME,
        ],
        returns: "A row a group (one without `by`): svg, the figure as text, with the net benefits of `decision_curve`. NULL over no \
                  complete row.",
        example: "SELECT svg FROM decision_curve_plot((SELECT os, dead, 1 - exp(-0.1 * marker) AS marker_model FROM patients), \
                  time => os, event => dead, predicted => marker_model, at => 72)",
        source: "Vickers and Elkin 2006; Vickers et al. 2008",
    },
    statistic: &FIGURE,
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
        THEME,
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(table: Table, options: &Options) -> Result<ScalarValue> {
    let names: Vec<String> = options.names_of(Role::Score).map(str::to_owned).collect();
    let Some(lines) = Answer::of(&(decision_curve::DEFINITION.evaluate)(table, options)?) else {
        return figure::row(NAME, None);
    };
    let (threshold, benefit) = (lines.numbers("threshold")?, lines.numbers("net_benefit")?);
    // A line of points a model, then one for all and one for none, which is 0 by definition.
    let each = lines.len() / (names.len() + 2);
    let mut curves = benefit.chunks(each.max(1));
    let models = names.into_iter().zip(&mut curves);
    let models = models.map(|(name, benefit)| DecisionModel {
        name,
        net_benefit: benefit.to_vec(),
    });
    let models = models.collect();
    let figure = DecisionCurvePlot {
        thresholds: threshold.into_iter().take(each).collect(),
        models,
        treat_all: curves.next().unwrap_or_default().to_vec(),
    };
    figure::row(NAME, Some(figure.svg(figure::theme(options))))
}
