//! `lasso_cv_plot((query), ...)`.

use super::figure::{self, Answer};
use super::lasso_path_plot::{ARGUMENTS, TAKES};
use crate::doc::{Doc, Kind};
use crate::survival::columns::Table;
use crate::survival::cox_lasso_cv;
use crate::survival::options::Options;
use crate::survival::relation::{Gives, Relation};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use datafusion::common::{Result, ScalarValue};
use radsql_plots::LassoCvPlot;

const NAME: &str = "lasso_cv_plot";

static FIGURE: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Covariates],
    output: figure::output,
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Draws the cross-validation of a penalised Cox model.",
        syntax: "lasso_cv_plot((query), time => column, event => column [, terms, alpha => 1, folds => 10, seed, fold => column, \
                 id => column, stratify, measure, standardize, nlambda, lambda_min_ratio, weights, strata, theme])",
        arguments: ARGUMENTS,
        returns: "One row: svg, the figure as text: the measure against the penalty, with bars of one standard error, the number of \
                  terms above, and lines at the best penalty and at the largest within one standard error of it; the numbers of \
                  `cox_lasso_cv`. NULL over no complete row.",
        example: "SELECT svg FROM lasso_cv_plot((SELECT os, dead, age, marker FROM patients), time => os, event => dead, folds => 3)",
        source: "R glmnet::plot.cv.glmnet",
    },
    statistic: &FIGURE,
    takes: TAKES,
    gives: Gives::Row(&[]),
};

fn evaluate(table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(points) = Answer::of(&(cox_lasso_cv::DEFINITION.evaluate)(table, options)?) else {
        return figure::row(NAME, None);
    };
    let lambdas = points.numbers("lambda")?;
    let at = |which: &str| -> Result<Option<f64>> {
        let place = points.truths(which)?.iter().position(|is| *is);
        Ok(place.and_then(|place| lambdas.get(place).copied()))
    };
    let label = match options.text("measure") {
        Some("concordance") => "Concordance",
        _ => "Partial likelihood deviance",
    };
    let figure = LassoCvPlot {
        error_label: label.into(),
        mean: points.numbers("cvm")?,
        lower: points.numbers("lower")?,
        upper: points.numbers("upper")?,
        non_zero: points.numbers("nonzero")?.into_iter().map(|n| n as usize).collect(),
        lambda_min: at("is_min")?,
        lambda_1se: at("is_1se")?,
        lambdas,
    };
    figure::row(NAME, Some(figure.svg(figure::theme(options))))
}
