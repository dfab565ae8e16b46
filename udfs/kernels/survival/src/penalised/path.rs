//! The sequence of penalties and the coefficients at each.

use super::columns::Columns;
use super::likelihood::PartialLikelihood;
use super::options::{ElasticNet, Lambdas};
use super::solver::{Outcome, Solver};
use super::{PathEnd, PathPoint};
use crate::error::SurvivalError;

/// A path ends when the share of deviance explained exceeds this (glmnet's `devmax`, which for Cox is taken down).
const MOST_DEVIANCE: f64 = 0.999 * 0.99 / 0.999;

/// A path ends when the share of deviance explained grew by less than this part of itself (glmnet's `fdev`, which for
/// Cox is taken up a hundredfold) over the last [`SPAN`] penalties.
const LEAST_GROWTH: f64 = 1e-5 * 100.0;

/// glmnet's `mnlam`: the growth is that from the fourth penalty before, and no path is shorter.
const SPAN: usize = 5;

/// Below this the largest penalty is taken as if alpha had this value: at alpha 0 no penalty makes coefficients 0.
const LEAST_ALPHA: f64 = 1e-3;

/// The least ratio of the penalties (glmnet's `eps`).
const LEAST_RATIO: f64 = 1e-6;

/// Coefficients are those of the columns of `data`.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) points: Vec<PathPoint>,
    pub(crate) passes: usize,
    pub(crate) end: PathEnd,
    /// 2 (saturated - null log-likelihood) with weights that sum to 1.
    pub(crate) null_deviance: f64,
}

/// Fits the path. `covariates` is the number of covariates that the user gave, constant ones included.
pub(crate) fn fit_path(
    likelihood: &PartialLikelihood,
    data: &Columns,
    factor: &[f64],
    covariates: usize,
    options: &ElasticNet,
) -> Result<Path, SurvivalError> {
    let alpha = options.alpha;
    let mut solver = Solver::new(
        likelihood,
        data,
        factor,
        alpha,
        options.precision,
        options.max_passes as usize,
    );
    let null = solver.at.loglik;
    let mut path = Path {
        points: Vec::new(),
        passes: 0,
        end: PathEnd::Complete,
        null_deviance: likelihood.deviance(null),
    };
    let full = likelihood.saturated - null;
    let (given, ratio, count) = match &options.lambdas {
        Lambdas::Given(lambdas) => (Some(lambdas.as_slice()), 1.0, lambdas.len()),
        Lambdas::Path { count, ratio } => {
            let usual = if data.rows() < covariates { 0.01 } else { 1e-4 };
            let ratio = ratio.unwrap_or(usual).max(LEAST_RATIO);
            (None, ratio.powf(1.0 / (*count as f64 - 1.0)), *count)
        }
    };
    let mut lambda = f64::INFINITY;
    let mut progress = crate::progress::Loop::of("penalties", count);
    for index in 0..count {
        crate::interrupt::check();
        if index > 0 {
            progress.step();
        }
        let before = lambda;
        lambda = match given {
            Some(lambdas) => lambdas[index],
            None if index == 0 => f64::INFINITY,
            None => before * ratio,
        };
        // Nothing is known of a penalty before the first given one: no column is taken as unlikely to join.
        let strong = if before.is_infinite() {
            0.0
        } else {
            2.0 * lambda - before
        };
        if solver.fit(lambda, strong) == Outcome::OutOfPasses {
            path.end = PathEnd::PassLimit;
            break;
        }
        if lambda.is_infinite() {
            // The fit without penalised columns shows which penalty is just large enough to keep all of them at 0.
            lambda = largest_lambda(&solver, factor, alpha)?;
        }
        let dev_ratio = if full > 0.0 {
            (solver.at.loglik - null) / full
        } else {
            0.0
        };
        let coefs = solver.coef.iter().enumerate().filter(|(_, coef)| **coef != 0.0);
        path.points.push(PathPoint {
            lambda,
            dev_ratio,
            coefs: coefs.map(|(column, coef)| (column, *coef)).collect(),
        });
        if given.is_some() || index + 1 < SPAN.min(count) {
            continue;
        }
        let earlier = path.points[index + 1 - SPAN.min(count)].dev_ratio;
        if (dev_ratio - earlier) / dev_ratio < LEAST_GROWTH {
            path.end = PathEnd::DevianceFlat;
            break;
        }
        if dev_ratio > MOST_DEVIANCE {
            path.end = PathEnd::DevianceExplained;
            break;
        }
    }
    path.passes = solver.passes;
    Ok(path)
}

fn largest_lambda(solver: &Solver<'_>, factor: &[f64], alpha: f64) -> Result<f64, SurvivalError> {
    let scores = solver.score.iter().zip(factor).filter(|(_, factor)| **factor > 0.0);
    let largest = scores.map(|(score, factor)| score.abs() / factor).fold(0.0, f64::max);
    if largest > 0.0 {
        return Ok(largest / alpha.max(LEAST_ALPHA));
    }
    Err(SurvivalError::FlatLikelihood)
}
