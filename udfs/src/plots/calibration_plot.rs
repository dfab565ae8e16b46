//! `calibration_plot((query), ...)`.

use super::figure::{self, Answer, SAYS_THEME, THEME, told};
use crate::doc::{Doc, Kind};
use crate::survival::calibration::{self, AT, SAYS_AT};
use crate::survival::columns::Table;
use crate::survival::options::Options;
use crate::survival::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use datafusion::common::{Result, ScalarValue};
use radsql_plots::{CalibrationCurve, CalibrationPlot};

const NAME: &str = "calibration_plot";

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
        summary: "Draws observed against predicted risk, by groups of like risk.",
        syntax: "calibration_plot((query), time => column, event => column, predicted => column, at => t [, bins, by, conf_level, theme])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "predicted",
                "column: the predicted risk, the probability of the event up to `at`: 1 less the predicted survival",
            ),
            SAYS_AT,
            (
                "bins",
                "a whole number, 1 to 1000: into how many groups, between quantiles of the risk; 10 without it",
            ),
            says::BY,
            says::CONF_LEVEL,
            SAYS_THEME,
        ],
        returns: "A row a group (one without `by`): svg, the figure as text, with the points and intervals of `calibration` and the line on \
                  which prediction and observation agree. NULL over no complete row, and where nothing was observed.",
        example: "SELECT svg FROM calibration_plot((SELECT os, dead, 1 - exp(-0.1 * marker) AS risk FROM patients), \
                  time => os, event => dead, predicted => risk, at => 72, bins => 2)",
        source: "R survival::survfit for the numbers",
    },
    statistic: &FIGURE,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Column("predicted", Role::Score),
        AT,
        Takes::Setting("bins", Setting::Whole),
        Takes::By,
        CONF_LEVEL,
        THEME,
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(table: Table, options: &Options) -> Result<ScalarValue> {
    let name = options.names_of(Role::Score).next().unwrap_or("model").to_owned();
    let answer = Answer::of(&(calibration::DEFINITION.evaluate)(table, options)?);
    let Some(bins) = answer.and_then(|answer| answer.list("bins")) else {
        return figure::row(NAME, None);
    };
    let observed = bins.numbers("observed")?;
    if observed.iter().all(|v| v.is_nan()) {
        return figure::row(NAME, None);
    }
    let at = told(options.number("at").unwrap_or(f64::NAN));
    let figure = CalibrationPlot {
        predicted_label: format!("Predicted risk at t = {at}"),
        observed_label: format!("Observed risk at t = {at}"),
        curves: vec![CalibrationCurve {
            name,
            predicted: bins.numbers("predicted")?,
            observed,
            lower: bins.numbers("lower")?,
            upper: bins.numbers("upper")?,
        }],
    };
    figure::row(NAME, Some(figure.svg(figure::theme(options))))
}
