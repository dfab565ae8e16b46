//! `lasso_path_plot((query), ...)`.

use super::figure::{self, SAYS_THEME, THEME};
use crate::doc::{Doc, Kind};
use crate::survival::columns::Table;
use crate::survival::options::Options;
use crate::survival::penalised::{COMMON, Cohort, validated};
use crate::survival::relation::{Gives, Relation, Takes, joined, says};
use crate::survival::role::Role;
use crate::survival::statistic::Definition;
use datafusion::common::{Result, ScalarValue};
use radsql_plots::{LassoFeature, LassoPathPlot};

const NAME: &str = "lasso_path_plot";

static FIGURE: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Covariates],
    output: figure::output,
    evaluate,
    doc: None,
};

/// What the two figures of a penalised model take: what the model takes, but for the penalty, of which they show all.
pub const TAKES: &[Takes] = &joined::<{ COMMON.len() + 1 }>(&[THEME], COMMON);

/// What that means.
pub const ARGUMENTS: &[(&str, &str)] = &[
    says::QUERY,
    says::TIME,
    says::EVENT,
    says::TERMS,
    ("alpha", "as for `cox_lasso`: 1 is the lasso (without it), 0 ridge"),
    ("folds", "folds of the cross-validation, 3 or more; 10 without it"),
    says::SEED,
    ("fold", "column: the fold of each row, instead of drawing folds"),
    ("id", "column: the patient, as for `cox_lasso`"),
    (
        "stratify",
        "true to divide events evenly among the folds; false without it",
    ),
    ("measure", "'deviance' (without it), 'ungrouped' or 'concordance'"),
    (
        "standardize",
        "false to penalise coefficients as they are; true without it",
    ),
    ("nlambda", "penalties of the path; 100 without it"),
    (
        "lambda_min_ratio",
        "smallest penalty as a part of the largest, as for `cox_lasso`",
    ),
    says::WEIGHTS,
    says::STRATA,
    SAYS_THEME,
];

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Draws the coefficients of a penalised Cox model along the path of penalties.",
        syntax: "lasso_path_plot((query), time => column, event => column [, terms, alpha => 1, folds => 10, seed, fold => column, \
                 id => column, stratify, measure, standardize, nlambda, lambda_min_ratio, weights, strata, theme])",
        arguments: ARGUMENTS,
        returns: "One row: svg, the figure as text: each coefficient against the penalty, the number of terms above, and lines at the \
                  best penalty of the cross-validation and at the largest within one standard error of it. Coefficients are those of the \
                  covariates as they are, as in R's plot. NULL over no complete row.",
        example: "SELECT svg FROM lasso_path_plot((SELECT os, dead, age, marker FROM patients), time => os, event => dead, folds => 3)",
        source: "R glmnet::plot.glmnet",
    },
    statistic: &FIGURE,
    takes: TAKES,
    gives: Gives::Row(&[]),
};

fn evaluate(table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(mut cohort) = Cohort::of(table, options)? else {
        return figure::row(NAME, None);
    };
    let model = validated(NAME, &mut cohort, options)?;
    let points = &model.path.points;
    // A covariate that never enters the model would be a line along 0.
    let mut features: Vec<LassoFeature> = vec![];
    for (term, name) in model.path.terms.iter().enumerate() {
        let at = |coefs: &[(usize, f64)]| coefs.iter().find(|(t, _)| *t == term).map_or(0.0, |(_, c)| *c);
        let coefficients: Vec<f64> = points.iter().map(|p| at(&p.coefs)).collect();
        if coefficients.iter().any(|c| *c != 0.0) {
            features.push(LassoFeature {
                name: name.clone(),
                coefficients,
            });
        }
    }
    if features.is_empty() {
        return figure::row(NAME, None);
    }
    let figure = LassoPathPlot {
        lambdas: points.iter().map(|p| p.lambda).collect(),
        features,
        lambda_min: model.cv.as_ref().map(|cv| cv.lambda_min),
        lambda_1se: model.cv.as_ref().map(|cv| cv.lambda_1se),
    };
    figure::row(NAME, Some(figure.svg(figure::theme(options))))
}
