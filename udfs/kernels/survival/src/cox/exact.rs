//! Sums over all ways in which d of the rows at risk may have the event.

use super::evaluate::Design;
use crate::ldl::packed;

/// The exact partial likelihood's denominator at one time, with its first and second derivative.
///
/// Rows are drawn independently, each with odds in proportion to its risk, so that the number drawn is about d; given that
/// it is d, the rows drawn have exactly the distribution that the denominator sums over. The recursion over rows (Gail,
/// Lubin and Rubinstein 1981) then runs on probabilities, which neither overflow nor lose what counts to underflow, where
/// the sums of products themselves leave the range of numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subsets {
    /// Logarithm of the sum over subsets of the product of risks.
    pub(crate) log_sum: f64,
    /// Mean over subsets of the sum of their covariates: the derivative of `log_sum`.
    pub(crate) mean: Vec<f64>,
    /// Variance of the same, a packed lower triangle: the second derivative of `log_sum`.
    pub(crate) variance: Vec<f64>,
    /// What the diagonal of `variance` is before means are taken off.
    pub(crate) mean_squares: Vec<f64>,
    at_risk: Vec<(usize, f64)>,
    /// Mean of the covariates of a row drawn; sums are relative to it.
    centre: Vec<f64>,
    row: Vec<f64>,
    /// For 0 to d rows drawn: probability, and its products with the sum of covariates and with that sum's square.
    probability: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Subsets {
    /// Works out the sums over all subsets of `count` (at least 1) of the rows `at_risk`.
    pub(crate) fn choose(
        &mut self,
        design: Design<'_>,
        at_risk: impl Iterator<Item = usize>,
        count: usize,
        coefficients: &[f64],
    ) {
        let covariates = design.covariates;
        self.at_risk.clear();
        self.at_risk
            .extend(at_risk.map(|position| (position, design.predictor(position, coefficients))));
        for vector in [&mut self.mean, &mut self.mean_squares, &mut self.centre, &mut self.row] {
            vector.clear();
            vector.resize(covariates, 0.0);
        }
        self.variance.clear();
        self.variance.resize(packed(covariates, 0), 0.0);
        if count >= self.at_risk.len() {
            self.take_all(design);
            return;
        }
        let level = self.level(count);
        let mut drawn = 0.0;
        for &(position, predictor) in &self.at_risk {
            let chance = logistic(predictor + level);
            drawn += chance;
            for (centre, value) in self.centre.iter_mut().zip(design.row(position)) {
                *centre += chance * value;
            }
        }
        self.centre.iter_mut().for_each(|centre| *centre /= drawn);
        self.draw(design, count, level);

        let undrawn: f64 = self
            .at_risk
            .iter()
            .map(|(_, predictor)| softplus(predictor + level))
            .sum();
        let probability = self.probability[count];
        self.log_sum = probability.ln() + undrawn - level * count as f64;
        let first = &self.first[count * covariates..];
        let second = &self.second[count * packed(covariates, 0)..];
        for i in 0..covariates {
            let shift = count as f64 * self.centre[i];
            let mean = first[i] / probability;
            self.mean[i] = shift + mean;
            for j in 0..=i {
                self.variance[packed(i, j)] = second[packed(i, j)] / probability - mean * (first[j] / probability);
            }
            self.mean_squares[i] = second[packed(i, i)] / probability + shift * self.centre[i];
        }
    }

    /// All rows at risk have the event: there is one way.
    fn take_all(&mut self, design: Design<'_>) {
        self.log_sum = self.at_risk.iter().map(|(_, predictor)| predictor).sum();
        for &(position, _) in &self.at_risk {
            for (mean, value) in self.mean.iter_mut().zip(design.row(position)) {
                *mean += value;
            }
        }
    }

    /// The logarithm of the factor from risks to odds with which about `count` rows are drawn.
    fn level(&self, count: usize) -> f64 {
        let rows = self.at_risk.len() as f64;
        let count = count as f64;
        let alike = (count / (rows - count)).ln();
        let bounds =
            |(low, high): (f64, f64), &(_, predictor): &(usize, f64)| (low.min(predictor), high.max(predictor));
        let (lowest, highest) = self.at_risk.iter().fold((f64::INFINITY, f64::NEG_INFINITY), bounds);
        // Were all as the highest (the lowest), the answer would be the lower (upper) end.
        let (mut low, mut high) = (alike - highest, alike - lowest);
        loop {
            crate::interrupt::check();
            let level = f64::midpoint(low, high);
            let drawn: f64 = self
                .at_risk
                .iter()
                .map(|(_, predictor)| logistic(predictor + level))
                .sum();
            let done = (drawn - count).abs() <= 0.25 || !(low < level && level < high);
            if done || !drawn.is_finite() {
                return level;
            }
            if drawn < count {
                low = level;
            } else {
                high = level;
            }
        }
    }

    /// Fills the distribution of the number of rows drawn, row by row, for the numbers from which `count` can be reached.
    fn draw(&mut self, design: Design<'_>, count: usize, level: f64) {
        let covariates = design.covariates;
        let triangle = packed(covariates, 0);
        for (vector, len) in [
            (&mut self.probability, 1),
            (&mut self.first, covariates),
            (&mut self.second, triangle),
        ] {
            vector.clear();
            vector.resize((count + 1) * len, 0.0);
        }
        self.probability[0] = 1.0;
        let rows = self.at_risk.len();
        for (before, &(position, predictor)) in self.at_risk.iter().enumerate() {
            let (drawn, not) = (logistic(predictor + level), logistic(-(predictor + level)));
            for ((slot, value), centre) in self.row.iter_mut().zip(design.row(position)).zip(&self.centre) {
                *slot = value - centre;
            }
            let left = rows - before - 1;
            for size in (count.saturating_sub(left).max(1)..=count.min(before + 1)).rev() {
                let one_less = self.probability[size - 1];
                let (less, this) = self.second[(size - 1) * triangle..].split_at_mut(triangle);
                let (first_less, first) = self.first[(size - 1) * covariates..].split_at_mut(covariates);
                let mut place = 0;
                for (i, x) in self.row.iter().enumerate() {
                    let both = x * one_less + first_less[i];
                    for (y, other) in self.row[..=i].iter().zip(&*first_less) {
                        let sum = less[place] + x * other + both * y;
                        this[place] = not * this[place] + drawn * sum;
                        place += 1;
                    }
                    first[i] = not * first[i] + drawn * both;
                }
                self.probability[size] = not * self.probability[size] + drawn * one_less;
            }
            self.probability[0] *= not;
        }
    }
}

/// 1 / (1 + exp(-x)), accurate where it is small.
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// log(1 + exp(x)), which is -log(logistic(-x)).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}
