//! Newton's method on the partial likelihood, with R's rule for when it is done.

use super::evaluate::{Design, Evaluation};
use super::{Convergence, Ties};
use crate::ldl::{Ldl, packed};

/// A covariate is collinear with those before it when less than this part of its mean square is left once they are
/// taken out: R's `toler.chol`, the machine epsilon to the power 3/4.
pub(crate) const COLLINEAR: f64 = 1.818_989_403_545_856_5e-12;

/// A coefficient of a scaled covariate that moves by more than this (relative to itself above 1) after the
/// log-likelihood has settled may be infinite: R's `toler.inf`, the square root of its `eps`.
const STILL_MOVING: f64 = 3.162_277_660_168_379_5e-5;

/// The squared length, in standard errors, of the Newton step that ends polishing.
const POLISHED: f64 = 1e-20;

/// The same where rounding keeps it from getting shorter.
const AT_ROUNDING: f64 = 1e-12;

/// Polishing steps tried before R's answer is kept.
const MAX_POLISHING: usize = 30;

/// A maximum of the partial likelihood, or how far the search came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Maximum {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) loglik: f64,
    pub(crate) information: Vec<f64>,
    /// Decomposition of `information`; rows left out have no information on their coefficient.
    pub(crate) factors: Ldl,
    pub(crate) iterations: u32,
    pub(crate) settled: bool,
    /// Coefficients that were still moving when the log-likelihood settled.
    pub(crate) moving: Vec<bool>,
}

/// Searches the maximum from coefficients 0, at which `current` stands. `current` is used up.
///
/// The rule is R's: after each step the log-likelihood is compared with the last one; a change of at most `tolerance`
/// relative to itself ends the search, a decrease moves the coefficients back towards where they were.
pub(crate) fn maximise(design: Design<'_>, ties: Ties, convergence: Convergence, current: &mut Evaluation) -> Maximum {
    let covariates = design.covariates;
    let mut best = vec![0.0; covariates];
    let mut best_loglik = current.loglik;
    let mut factors = Ldl::default();
    factors.decompose(&current.information, &current.mean_squares, COLLINEAR);
    let mut trial = current.score.clone();
    factors.solve(&mut trial);
    let mut halvings = 0.0;
    let mut settled = covariates == 0;
    let mut iterations = 0;
    while !settled && iterations < convergence.max_iterations {
        crate::interrupt::check();
        iterations += 1;
        current.at(design, &trial, ties);
        let finite = is_finite(current);
        let change = (current.loglik - best_loglik).abs();
        if finite && halvings == 0.0 && change <= convergence.tolerance * current.loglik.abs() {
            settled = true;
        } else if iterations == convergence.max_iterations {
            break;
        } else if finite && current.loglik >= best_loglik {
            halvings = 0.0;
            best_loglik = current.loglik;
            best.copy_from_slice(&trial);
            factors.decompose(&current.information, &current.mean_squares, COLLINEAR);
            factors.solve(&mut current.score);
            for (coefficient, step) in trial.iter_mut().zip(&current.score) {
                *coefficient += step;
            }
        } else {
            halvings += 1.0;
            for (coefficient, best) in trial.iter_mut().zip(&best) {
                *coefficient = (*coefficient + halvings * best) / (halvings + 1.0);
            }
        }
    }
    let better = is_finite(current) && current.loglik >= best_loglik;
    if !(settled || better) {
        // The last trial went too far, and the steps allowed ended before it was taken back.
        trial.copy_from_slice(&best);
        current.at(design, &trial, ties);
    }
    finish(
        design,
        ties,
        settled && convergence.polish,
        current,
        trial,
        iterations,
        settled,
    )
}

/// Takes further Newton steps from where R stops to where the score is 0 but for rounding. They are kept only if they
/// lead there; when they run away, R's point and its diagnosis stand.
fn finish(
    design: Design<'_>,
    ties: Ties,
    polish: bool,
    current: &mut Evaluation,
    coefficients: Vec<f64>,
    iterations: u32,
    settled: bool,
) -> Maximum {
    let mut factors = Ldl::default();
    factors.decompose(&current.information, &current.mean_squares, COLLINEAR);
    let mut step = current.score.clone();
    factors.solve(&mut step);
    let moving = step
        .iter()
        .zip(&coefficients)
        .map(|(step, at)| is_moving(*step, *at))
        .collect();
    let mut maximum = Maximum {
        coefficients,
        loglik: current.loglik,
        information: current.information.clone(),
        factors,
        iterations,
        settled,
        moving,
    };
    let covariates = design.covariates;
    let all_informed = maximum.factors.rank() == covariates;
    if !polish || covariates == 0 || !all_informed {
        return maximum;
    }
    let mut previous = f64::INFINITY;
    let mut decrement = squared_length(&step, &current.score);
    let mut at = maximum.coefficients.clone();
    let mut loglik = maximum.loglik;
    let mut factors = maximum.factors.clone();
    for _ in 0..MAX_POLISHING {
        let at_rest = step.iter().zip(&at).all(|(step, at)| !is_moving(*step, *at));
        let shortest = decrement <= POLISHED || decrement <= AT_ROUNDING && decrement >= previous / 4.0;
        if shortest && at_rest {
            maximum.coefficients = at;
            maximum.loglik = loglik;
            maximum.information.clone_from(&current.information);
            maximum.factors = factors;
            maximum.moving.fill(false);
            return maximum;
        }
        for (coefficient, step) in at.iter_mut().zip(&step) {
            *coefficient += step;
        }
        current.at(design, &at, ties);
        if !is_finite(current) || current.loglik < loglik - 1e-9 * loglik.abs().max(1.0) {
            break;
        }
        factors.decompose(&current.information, &current.mean_squares, COLLINEAR);
        if factors.rank() < covariates {
            break;
        }
        step.clone_from(&current.score);
        factors.solve(&mut step);
        loglik = current.loglik;
        previous = decrement;
        decrement = squared_length(&step, &current.score);
    }
    maximum
}

fn is_finite(evaluation: &Evaluation) -> bool {
    evaluation.loglik.is_finite()
        && evaluation.score.iter().all(|value| value.is_finite())
        && evaluation.information.iter().all(|value| value.is_finite())
}

fn is_moving(step: f64, coefficient: f64) -> bool {
    step.is_nan() || step.abs() > STILL_MOVING * coefficient.abs().max(1.0)
}

/// The squared length of a Newton step in the metric of the information, which is score times step.
fn squared_length(step: &[f64], score: &[f64]) -> f64 {
    step.iter()
        .zip(score)
        .map(|(step, score)| step * score)
        .sum::<f64>()
        .abs()
}

/// `vector' matrix vector` over the elements for which `keep` holds, for a packed lower triangle.
pub(crate) fn quadratic_form(matrix: &[f64], vector: &[f64], keep: impl Fn(usize) -> bool) -> f64 {
    let mut sum = 0.0;
    for row in (0..vector.len()).filter(|&row| keep(row)) {
        for column in (0..row).filter(|&column| keep(column)) {
            sum += 2.0 * vector[row] * matrix[packed(row, column)] * vector[column];
        }
        sum += vector[row] * matrix[packed(row, row)] * vector[row];
    }
    sum
}
