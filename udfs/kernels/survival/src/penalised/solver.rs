//! The penalised maximum of the partial likelihood at one penalty after the other.

use super::columns::Columns;
use super::gram::{AT_ONCE, Gram, Penalties, Point, soft_threshold};
use super::likelihood::{Evaluation, PartialLikelihood};
use super::vectors::{add_scaled, dot, weighted_square};
use crate::dots::{add_columns, dots};

/// Up to this many working columns the matrix of their curvatures is held, however few the rows.
const SMALL_GRAM: usize = 512;

/// A log-likelihood is worked out to about this precision, relative to the null deviance.
const PRECISION: f64 = 1e-13;

/// Whether a penalty's coefficients were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Converged,
    /// The passes were used up.
    OutOfPasses,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    /// Far enough to see which columns join.
    Rough,
    /// To the threshold.
    Full,
}

/// Coefficients along a path of penalties, each fit starting from the last.
///
/// Within a set of working columns the penalised likelihood is maximised by Newton's method, whose quadratic models are
/// minimised under the penalty. A model's curvature is kept while steps shrink fast enough, also from one penalty to the
/// next, since working it out costs as much as many steps. Columns outside the set are 0; those for which the
/// optimality conditions do not hold join it, until they hold for all.
pub(crate) struct Solver<'a> {
    likelihood: &'a PartialLikelihood,
    data: &'a Columns,
    /// Penalty factor by column.
    factor: &'a [f64],
    alpha: f64,
    /// Coefficients are found to within this part of the largest.
    precision: f64,
    /// Steps whose size is below this need not be taken.
    threshold: f64,
    limit: usize,
    pub(crate) passes: usize,
    pub(crate) coef: Vec<f64>,
    /// Derivative of the log-likelihood by each coefficient. Exact for all columns after [`Solver::fit`].
    pub(crate) score: Vec<f64>,
    pub(crate) at: Evaluation,
    trial: Evaluation,
    gram: Gram,
    /// Whether the curvature of `gram` is that of `at`.
    fresh: bool,
    /// Size of the last step with the same columns and curvature.
    last_size: Option<f64>,
    /// Estimate of the size of the steps still to go.
    left: f64,
    in_gram: Vec<bool>,
    penalties: Penalties,
    point: Point,
    step: Vec<f64>,
    weights: Vec<f64>,
    pull: Vec<f64>,
    found: Vec<f64>,
}

impl<'a> Solver<'a> {
    /// Starts with all coefficients 0.
    pub(crate) fn new(
        likelihood: &'a PartialLikelihood,
        data: &'a Columns,
        factor: &'a [f64],
        alpha: f64,
        precision: f64,
        limit: usize,
    ) -> Self {
        let mut at = Evaluation {
            predictor: vec![0.0; data.rows()],
            ..Evaluation::default()
        };
        likelihood.evaluate(&mut at);
        let columns: Vec<&[f64]> = (0..data.len()).map(|column| data.column(column)).collect();
        let mut score = Vec::new();
        dots(&columns, &[&at.residual], &mut score);
        let mut gram = Gram::default();
        gram.reset(&at.curvature);
        Self {
            likelihood,
            data,
            factor,
            alpha,
            precision,
            threshold: 0.0,
            limit,
            passes: 0,
            coef: vec![0.0; data.len()],
            score,
            at,
            trial: Evaluation::default(),
            gram,
            fresh: true,
            last_size: None,
            left: f64::INFINITY,
            in_gram: vec![false; data.len()],
            penalties: Penalties::default(),
            point: Point::default(),
            step: Vec::new(),
            weights: Vec::new(),
            pull: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Moves to the maximum at `lambda`. Columns whose score was below `alpha * factor * strong` at the last penalty are
    /// not expected to join (the sequential strong rule, Tibshirani et al. 2012), and looked at last.
    pub(crate) fn fit(&mut self, lambda: f64, strong: f64) -> Outcome {
        let strong: Vec<usize> = (0..self.data.len())
            .filter(|&column| self.score[column].abs() >= self.alpha * self.factor[column] * strong)
            .collect();
        let all: Vec<usize> = (0..self.data.len()).collect();
        let joining = |solver: &Self, columns: &[usize]| -> Vec<usize> {
            let violates = |column: &usize| {
                !solver.in_gram[*column]
                    && (solver.factor[*column] == 0.0 || solver.score[*column].abs() > solver.l1(lambda, *column))
            };
            columns.iter().copied().filter(violates).collect()
        };
        let mut added = joining(self, &all);
        self.fill_up(&mut added, &strong, lambda);
        self.last_size = None;
        self.left = f64::INFINITY;
        loop {
            crate::interrupt::check();
            self.add(&added);
            // Roughly first, since columns that join change the answer.
            if self.converge(lambda, Precision::Rough) == Outcome::OutOfPasses {
                return Outcome::OutOfPasses;
            }
            self.update_scores(&strong);
            added = joining(self, &strong);
            if !added.is_empty() {
                self.fill_up(&mut added, &strong, lambda);
                continue;
            }
            if self.converge(lambda, Precision::Full) == Outcome::OutOfPasses {
                return Outcome::OutOfPasses;
            }
            self.update_scores(&all);
            added = joining(self, &all);
            if added.is_empty() {
                return Outcome::Converged;
            }
        }
    }

    /// Takes along the columns that are next to join, as many as their curvatures are worked out for at once.
    fn fill_up(&self, added: &mut Vec<usize>, strong: &[usize], lambda: f64) {
        let room = added.len().next_multiple_of(AT_ONCE) - added.len();
        let mut next: Vec<usize> = strong
            .iter()
            .copied()
            .filter(|column| !self.in_gram[*column] && !added.contains(column))
            .collect();
        let closeness = |column: &usize| self.score[*column].abs() / self.l1(lambda, *column);
        next.sort_by(|a, b| closeness(b).total_cmp(&closeness(a)));
        next.truncate(room);
        added.extend(next);
    }

    fn l1(&self, lambda: f64, column: usize) -> f64 {
        // At an infinite penalty a factor of 0 is still no penalty, and a weight of 0 still a weight.
        if self.factor[column] == 0.0 {
            return 0.0;
        }
        if lambda.is_infinite() {
            return lambda;
        }
        lambda * self.alpha * self.factor[column]
    }

    /// Whether the matrix of curvatures is held. It is not where it would be larger than the data.
    fn holds_gram(&self) -> bool {
        let working = self.gram.columns.len();
        working <= SMALL_GRAM || working.saturating_mul(working) <= self.data.len().saturating_mul(self.data.rows())
    }

    fn add(&mut self, columns: &[usize]) {
        if columns.is_empty() {
            return;
        }
        self.last_size = None;
        self.left = f64::INFINITY;
        for &column in columns {
            self.in_gram[column] = true;
        }
        let (held, room) = (self.holds_gram(), self.gram.columns.len() + columns.len());
        let fits = room <= SMALL_GRAM || room.saturating_mul(room) <= self.data.len().saturating_mul(self.data.rows());
        if held && fits {
            self.gram.extend(self.likelihood, self.data, columns);
        } else {
            self.gram.columns.extend_from_slice(columns);
        }
    }

    fn update_scores(&mut self, columns: &[usize]) {
        let outside: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| !self.in_gram[*column])
            .collect();
        self.score_of(&outside);
    }

    fn score_working(&mut self) {
        let columns = std::mem::take(&mut self.gram.columns);
        self.score_of(&columns);
        self.gram.columns = columns;
    }

    /// Works out the scores of columns where the coefficients are.
    fn score_of(&mut self, columns: &[usize]) {
        let data: Vec<&[f64]> = columns.iter().map(|column| self.data.column(*column)).collect();
        dots(&data, &[&self.at.residual], &mut self.found);
        for (column, score) in columns.iter().zip(&self.found) {
            self.score[*column] = *score;
        }
    }

    /// Newton's method over the working columns.
    fn converge(&mut self, lambda: f64, precision: Precision) -> Outcome {
        if self.gram.columns.is_empty() {
            return Outcome::Converged;
        }
        self.set_penalties(lambda);
        let mut first = None;
        loop {
            crate::interrupt::check();
            if precision == Precision::Full && self.left < self.threshold {
                return Outcome::Converged;
            }
            if self.passes >= self.limit {
                return Outcome::OutOfPasses;
            }
            let size = if self.holds_gram() {
                self.minimise_model()
            } else {
                self.minimise_diagonal_model()
            };
            if size == 0.0 {
                self.left = 0.0;
                return Outcome::Converged;
            }
            if !self.advance() {
                if self.fresh {
                    // No step along Newton's direction raises the likelihood: it is flat to working precision.
                    self.left = 0.0;
                    return Outcome::Converged;
                }
                self.refresh();
                self.set_penalties(lambda);
                continue;
            }
            self.left = match self.last_size {
                // Steps that shrink by a factor each time are this far from where they lead.
                Some(last) if size < 0.25 * last => {
                    let ratio = size / last;
                    let rest = 1.0 - ratio.sqrt();
                    size.min(size * ratio / (rest * rest))
                }
                _ => size,
            };
            if self.holds_gram() && self.last_size.is_some_and(|last| self.refreshing_pays(size, last)) {
                self.refresh();
                self.set_penalties(lambda);
            } else {
                self.last_size = Some(size);
            }
            if precision == Precision::Rough && size <= 1e-3 * *first.get_or_insert(size) {
                return Outcome::Converged;
            }
        }
    }

    fn set_penalties(&mut self, lambda: f64) {
        let l1 = self
            .gram
            .columns
            .iter()
            .map(|&column| self.l1(lambda, column))
            .collect();
        self.penalties.l1 = l1;
        self.penalties.ridge = if lambda.is_infinite() {
            0.0
        } else {
            lambda * (1.0 - self.alpha)
        };
        self.penalties.l2.clear();
        let ridge = self.penalties.ridge;
        self.penalties
            .l2
            .extend(self.gram.columns.iter().map(|&column| ridge * self.factor[column]));
    }

    /// Steps by the model around the held curvature. Gives the step's size.
    fn minimise_model(&mut self) -> f64 {
        let columns = &self.gram.columns;
        self.point.coef.clear();
        self.point.coef.extend(columns.iter().map(|&column| self.coef[column]));
        self.point.score.clear();
        self.point
            .score
            .extend(columns.iter().map(|&column| self.score[column]));
        let limit = self.limit - self.passes;
        self.passes += self
            .gram
            .minimise(&mut self.point, &self.penalties, 0.01 * self.threshold, limit);
        let diagonal: Vec<f64> = (0..self.gram.len()).map(|place| self.gram.diagonal(place)).collect();
        self.take_step(|place| diagonal[place])
    }

    /// The same with only the diagonal of the likelihood's curvature, as glmnet does, for more columns than a matrix can
    /// be held for.
    fn minimise_diagonal_model(&mut self) -> f64 {
        self.weights.resize(self.data.rows(), 0.0);
        self.likelihood.diagonal(&self.at.curvature, &mut self.weights);
        self.pull.clone_from(&self.at.residual);
        self.fresh = true;
        let columns = &self.gram.columns;
        let curvature: Vec<f64> = columns
            .iter()
            .map(|&column| weighted_square(&self.weights, self.data.column(column)))
            .collect();
        self.point.coef.clear();
        self.point.coef.extend(columns.iter().map(|&column| self.coef[column]));
        let mut weighted = vec![0.0; self.data.rows()];
        let mut first = None;
        let mut places: Vec<usize> = (0..columns.len()).collect();
        loop {
            crate::interrupt::check();
            let mut change = 0.0_f64;
            for &place in &places {
                let values = self.data.column(columns[place]);
                let old = self.point.coef[place];
                let pull = dot(values, &self.pull) + curvature[place] * old;
                let (l1, l2) = (self.penalties.l1[place], self.penalties.l2[place]);
                let new = soft_threshold(pull, l1, curvature[place] + l2);
                if new != old {
                    self.point.coef[place] = new;
                    for ((slot, weight), value) in weighted.iter_mut().zip(&self.weights).zip(values) {
                        *slot = weight * value;
                    }
                    add_scaled(&mut self.pull, old - new, &weighted);
                    change = change.max(curvature[place] * (new - old) * (new - old));
                }
            }
            self.passes += 1;
            let whole = places.len() == columns.len();
            let settled = change <= (0.01 * self.threshold).max(1e-4 * *first.get_or_insert(change));
            if settled && whole || self.passes >= self.limit {
                break;
            }
            places.clear();
            places.extend((0..columns.len()).filter(|&place| settled || self.point.coef[place] != 0.0));
        }
        self.take_step(|place| curvature[place])
    }

    /// The step from the coefficients to the model's minimum, and its size: the largest curvature times squared change.
    fn take_step(&mut self, curvature: impl Fn(usize) -> f64) -> f64 {
        self.step.clear();
        let mut size = 0.0_f64;
        let mut largest = 0.0_f64;
        for (place, &column) in self.gram.columns.iter().enumerate() {
            let step = self.point.coef[place] - self.coef[column];
            self.step.push(step);
            size = size.max(curvature(place) * step * step);
            largest = largest.max(curvature(place) * self.point.coef[place] * self.point.coef[place]);
        }
        self.threshold = self.precision * self.precision * largest;
        size
    }

    /// Takes the step, or with a curvature that is not out of date the half of it that first raises the penalised
    /// likelihood. False when it was not taken.
    fn advance(&mut self) -> bool {
        let before = self.objective(&self.at, 0.0);
        let slack = PRECISION * self.likelihood.saturated.abs().max(before.abs());
        let mut length = 1.0;
        for _ in 0..40 {
            self.trial.predictor.clone_from(&self.at.predictor);
            let steps = self
                .gram
                .columns
                .iter()
                .zip(&self.step)
                .filter(|(_, step)| **step != 0.0);
            let steps = steps.map(|(column, step)| (length * step, self.data.column(*column)));
            let (factors, columns): (Vec<f64>, Vec<&[f64]>) = steps.unzip();
            add_columns(&mut self.trial.predictor, &factors, &columns);
            self.likelihood.evaluate(&mut self.trial);
            if self.objective(&self.trial, length) <= before + slack {
                for (place, &column) in self.gram.columns.iter().enumerate() {
                    // The whole step leads to the model's minimum, where coefficients are exactly 0.
                    self.coef[column] = if length == 1.0 {
                        self.point.coef[place]
                    } else {
                        self.coef[column] + length * self.step[place]
                    };
                }
                std::mem::swap(&mut self.at, &mut self.trial);
                self.fresh = false;
                self.score_working();
                return true;
            }
            if !self.fresh {
                return false;
            }
            length /= 2.0;
        }
        false
    }

    /// The penalised likelihood, turned to be minimised, `length` of the step ahead.
    fn objective(&self, at: &Evaluation, length: f64) -> f64 {
        let mut penalty = 0.0;
        for (place, (&column, step)) in self.gram.columns.iter().zip(&self.step).enumerate() {
            let coef = self.coef[column] + length * step;
            if coef != 0.0 {
                penalty += self.penalties.l1[place] * coef.abs() + 0.5 * self.penalties.l2[place] * coef * coef;
            }
        }
        penalty - at.loglik
    }

    /// Whether steps have become smaller so slowly that working out the curvature is cheaper than taking as many more as
    /// would be needed. Of n rows and a coefficients that are not 0 the curvature takes `n a^2 / 2` products; a step takes
    /// `2 n a`, each of which costs twice as much because it waits for memory, and some passes of `a^2`.
    fn refreshing_pays(&self, size: f64, last: f64) -> bool {
        let active = self
            .gram
            .columns
            .iter()
            .filter(|&&column| self.coef[column] != 0.0)
            .count() as f64;
        let rows = self.data.rows() as f64;
        let worth = rows * active / (8.0 * rows + 30.0 * active);
        let needed = (size / self.threshold).ln() / (last / size).ln();
        size > self.threshold && (size >= last || needed > 2.0 + worth)
    }

    /// Works out the curvature where the coefficients are, and drops columns that are 0 and not close to joining.
    fn refresh(&mut self) {
        let near = |(place, &column): (usize, &usize)| {
            let kept = self.coef[column] != 0.0 || self.score[column].abs() >= 0.9 * self.penalties.l1[place];
            kept.then_some(column)
        };
        let kept: Vec<usize> = self.gram.columns.iter().enumerate().filter_map(near).collect();
        self.in_gram.fill(false);
        self.at.predictor.fill(0.0);
        let active = kept.iter().filter(|column| self.coef[**column] != 0.0);
        let active = active.map(|column| (self.coef[*column], self.data.column(*column)));
        let (factors, columns): (Vec<f64>, Vec<&[f64]>) = active.unzip();
        add_columns(&mut self.at.predictor, &factors, &columns);
        self.likelihood.evaluate(&mut self.at);
        self.score_of(&kept);
        self.gram.reset(&self.at.curvature);
        self.add(&kept);
        self.last_size = None;
        self.fresh = true;
    }
}
