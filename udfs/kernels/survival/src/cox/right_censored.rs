//! The partial likelihood of right-censored rows with few covariates, in two passes over memory.
//!
//! The information is a sum over events of S2 / S0 - m m', with S0 and S2 the sums over the risk set of risks and of risks
//! times x x', and m the mean. Added up in another order the first part is the sum over rows of x x' times the row's risk
//! times the hazard that it has met, so that no S2 has to be kept up to date: one pass from the last time to the first
//! finds the hazards, one over all rows adds up their squares.

use super::Ties;
use super::evaluate::{Design, Evaluation};
use super::gram::Gram;
use crate::ldl::packed;
use crate::risk_sets::{RiskSets, Stratum, TimeGroup};

/// Linear predictors are taken relative to a level that follows them at this distance, so that exp() stays finite.
const MAX_EXPONENT: f64 = 200.0;

/// Space for the passes.
#[derive(Debug, Clone, Default)]
pub(super) struct Passes {
    /// By position: the linear predictor, then the risk, then risk times hazard.
    weights: Vec<f64>,
    /// For each group of a stratum, the increment of the hazard for rows at risk and for rows with the event.
    hazards: Vec<(f64, f64)>,
    /// The levels of a stratum, each from a group on.
    levels: Vec<(usize, f64)>,
}

/// Sums over a set of rows: of risks, and of risks times covariates.
#[derive(Debug, Clone, Copy)]
struct FirstMoments<const P: usize> {
    total: f64,
    first: [f64; P],
}

/// What the passes add up over all strata.
struct Sums<const P: usize> {
    loglik: f64,
    logs: LogSum,
    score: [f64; P],
    squares: Gram<P>,
    /// Weighted squares of means, and those that wait to be added.
    means: Gram<P>,
    waiting: Vec<[f64; P]>,
    waiting_weights: Vec<f64>,
}

impl Evaluation {
    /// Works out everything at `coefficients`, if this way is open: follow-up is not in intervals, ties are not exact, and
    /// there are 1 to 12 covariates. Says whether it is.
    pub(super) fn at_right_censored(&mut self, design: Design<'_>, coefficients: &[f64], ties: Ties) -> bool {
        if design.sets.entries.is_some() || ties == Ties::Exact {
            return false;
        }
        match design.covariates {
            1 => self.sweep::<1>(design, coefficients, ties),
            2 => self.sweep::<2>(design, coefficients, ties),
            3 => self.sweep::<3>(design, coefficients, ties),
            4 => self.sweep::<4>(design, coefficients, ties),
            5 => self.sweep::<5>(design, coefficients, ties),
            6 => self.sweep::<6>(design, coefficients, ties),
            7 => self.sweep::<7>(design, coefficients, ties),
            8 => self.sweep::<8>(design, coefficients, ties),
            9 => self.sweep::<9>(design, coefficients, ties),
            10 => self.sweep::<10>(design, coefficients, ties),
            11 => self.sweep::<11>(design, coefficients, ties),
            12 => self.sweep::<12>(design, coefficients, ties),
            _ => return false,
        }
        true
    }

    fn sweep<const P: usize>(&mut self, design: Design<'_>, coefficients: &[f64], ties: Ties) {
        let Some(coefficients) = coefficients.first_chunk::<P>() else {
            return;
        };
        let rows = design.values.as_chunks::<P>().0;
        let mut sums = Sums {
            loglik: 0.0,
            logs: LogSum::default(),
            score: [0.0; P],
            squares: Gram::default(),
            means: Gram::default(),
            waiting: Vec::with_capacity(WAITING),
            waiting_weights: Vec::with_capacity(WAITING),
        };
        let passes = &mut self.passes;
        passes.weights.resize(design.sets.rows(), 0.0);
        for stratum in &design.sets.strata {
            passes.backward(design.sets, rows, stratum, coefficients, ties, &mut sums);
            let met = passes.forward(design.sets, stratum);
            sums.squares.add_all(&passes.weights[met.clone()], &rows[met]);
        }
        sums.add_waiting();
        self.loglik = sums.loglik - sums.logs.finish();
        self.score.clear();
        self.score.extend_from_slice(&sums.score);
        self.information.clear();
        self.mean_squares.clear();
        for row in 0..P {
            let line = (0..=row).map(|column| sums.squares.at(row, column) - sums.means.at(row, column));
            self.information.extend(line);
            self.mean_squares.push(sums.squares.at(row, row));
        }
        debug_assert_eq!(self.information.len(), packed(P, 0));
    }
}

impl Passes {
    /// From the last time to the first: risk sets, and all that does not need squares of rows.
    fn backward<const P: usize>(
        &mut self,
        sets: &RiskSets,
        rows: &[[f64; P]],
        stratum: &Stratum,
        coefficients: &[f64; P],
        ties: Ties,
        sums: &mut Sums<P>,
    ) {
        self.hazards.clear();
        self.levels.clear();
        let mut risk = FirstMoments::default();
        for index in stratum.active.clone() {
            let group = &sets.groups[index];
            let level = self.level(rows, index, group, coefficients, &mut risk);
            let mut leaving = FirstMoments::default();
            let in_parts = ties == Ties::Efron && group.events > 1;
            let mut events_weight = 0.0;
            for position in group.rows.clone() {
                let row = &rows[position];
                let weight = sets.weight(position);
                let predictor = self.weights[position];
                let of_row = weight * (predictor - level).exp();
                self.weights[position] = of_row;
                if sets.event[position] {
                    events_weight += weight;
                    sums.loglik += weight * predictor;
                    for (score, value) in sums.score.iter_mut().zip(row) {
                        *score += weight * value;
                    }
                    if in_parts {
                        leaving.add(of_row, row);
                        continue;
                    }
                }
                risk.add(of_row, row);
            }
            if group.events == 0 {
                self.hazards.push((0.0, 0.0));
                continue;
            }
            sums.loglik -= events_weight * level;
            self.hazards.push(if in_parts {
                sums.add_events_in_parts(events_weight, group.events, &risk, &leaving)
            } else {
                sums.add_events(events_weight, &risk)
            });
            risk.add_all(&leaving);
        }
    }

    /// Fills in the linear predictors of a group and gives the level that its risks are relative to.
    fn level<const P: usize>(
        &mut self,
        rows: &[[f64; P]],
        index: usize,
        group: &TimeGroup,
        coefficients: &[f64; P],
        risk: &mut FirstMoments<P>,
    ) -> f64 {
        let mut highest = f64::NEG_INFINITY;
        let slots = &mut self.weights[group.rows.clone()];
        for (slot, row) in slots.iter_mut().zip(&rows[group.rows.clone()]) {
            *slot = row.iter().zip(coefficients).map(|(x, b)| x * b).sum();
            highest = highest.max(*slot);
        }
        let Some(&(_, level)) = self.levels.last() else {
            // The first rows set the level, but for 0 where that will do, which costs no digits.
            let level = if highest.abs() > MAX_EXPONENT { highest } else { 0.0 };
            self.levels.push((index, level));
            return level;
        };
        if highest - level > MAX_EXPONENT {
            let factor = (level - highest).exp();
            risk.total *= factor;
            risk.first.iter_mut().for_each(|sum| *sum *= factor);
            self.levels.push((index, highest));
            return highest;
        }
        level
    }

    /// From the first event to the last time: turns risks into risks times the hazard met, Efron's events having met their
    /// own time in part only. Gives the positions that this was done for.
    fn forward(&mut self, sets: &RiskSets, stratum: &Stratum) -> std::ops::Range<usize> {
        let mut cumulative = 0.0;
        for (&(full, own), index) in self.hazards.iter().rev().zip(stratum.active.clone().rev()) {
            while let [.., (_, lower), (from, level)] = self.levels[..]
                && from > index
            {
                cumulative *= (lower - level).exp();
                self.levels.pop();
            }
            let rows = sets.groups[index].rows.clone();
            for (weight, &event) in self.weights[rows.clone()].iter_mut().zip(&sets.event[rows]) {
                *weight *= cumulative + if event { own } else { full };
            }
            cumulative += full;
        }
        let last = sets.groups[stratum.active.clone()].last();
        stratum.rows.start..last.map_or(stratum.rows.start, |group| group.rows.end)
    }
}

/// Means of so many times are added at once.
const WAITING: usize = 64;

impl<const P: usize> Sums<P> {
    /// A time whose events see the whole risk set.
    fn add_events(&mut self, weight: f64, risk: &FirstMoments<P>) -> (f64, f64) {
        self.logs.add(weight, risk.total);
        let per_risk = 1.0 / risk.total;
        let mean = risk.first.map(|first| first * per_risk);
        for (score, mean) in self.score.iter_mut().zip(&mean) {
            *score -= weight * mean;
        }
        self.wait(weight, mean);
        (weight * per_risk, weight * per_risk)
    }

    /// A time with several events by Efron's method: for f = 1/d, 2/d, .. 1 the risk sets R + f D, with R the others and D
    /// the events. Its first moments are a + f b, so that the sum of squares of means, weighted, is t (a + s b)(a + s b)'
    /// plus r b b' with t, s and r sums over f.
    fn add_events_in_parts(
        &mut self,
        weight: f64,
        events: usize,
        risk: &FirstMoments<P>,
        leaving: &FirstMoments<P>,
    ) -> (f64, f64) {
        let share = weight / events as f64;
        let (mut once, mut once_f) = (0.0, 0.0);
        let (mut twice, mut twice_f, mut twice_ff) = (0.0, 0.0, 0.0);
        let per_event = 1.0 / events as f64;
        for step in 1..=events {
            let fraction = step as f64 * per_event;
            let total = risk.total + fraction * leaving.total;
            self.logs.add(share, total);
            let per_risk = 1.0 / total;
            let term = share * per_risk;
            once += term;
            once_f += term * fraction;
            twice += term * per_risk;
            twice_f += term * per_risk * fraction;
            twice_ff += term * per_risk * fraction * fraction;
        }
        let mut combined = risk.first;
        let part = twice_f / twice;
        let firsts = risk.first.iter().zip(&leaving.first);
        for ((score, combined), (a, b)) in self.score.iter_mut().zip(&mut combined).zip(firsts) {
            *score -= once * a + once_f * b;
            *combined += part * b;
        }
        self.wait(twice, combined);
        self.wait(twice_ff - part * twice_f, leaving.first);
        (once, once_f)
    }

    fn wait(&mut self, weight: f64, mean: [f64; P]) {
        self.waiting_weights.push(weight);
        self.waiting.push(mean);
        if self.waiting.len() == WAITING {
            self.add_waiting();
        }
    }

    fn add_waiting(&mut self) {
        self.means.add_all(&self.waiting_weights, &self.waiting);
        self.waiting.clear();
        self.waiting_weights.clear();
    }
}

impl<const P: usize> Default for FirstMoments<P> {
    fn default() -> Self {
        Self {
            total: 0.0,
            first: [0.0; P],
        }
    }
}

impl<const P: usize> FirstMoments<P> {
    fn add(&mut self, risk: f64, row: &[f64; P]) {
        self.total += risk;
        for (sum, value) in self.first.iter_mut().zip(row) {
            *sum += risk * value;
        }
    }

    fn add_all(&mut self, other: &Self) {
        self.total += other.total;
        for (sum, value) in self.first.iter_mut().zip(&other.first) {
            *sum += value;
        }
    }
}

/// A sum of weights times logarithms that takes one logarithm for many numbers of one weight.
#[derive(Debug, Clone, Copy)]
struct LogSum {
    weight: f64,
    product: f64,
    sum: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        Self {
            weight: 0.0,
            product: 1.0,
            sum: 0.0,
        }
    }
}

impl LogSum {
    fn add(&mut self, weight: f64, value: f64) {
        if weight != self.weight {
            self.sum += self.weight * self.product.ln();
            *self = Self {
                weight,
                product: 1.0,
                sum: self.sum,
            };
        }
        self.product *= value;
        // A number is below 1e110 and above 1e-110: MAX_EXPONENT, the weights' bounds and the number of rows see to that.
        if !(1e-150..1e150).contains(&self.product) {
            self.sum += weight * self.product.ln();
            self.product = 1.0;
        }
    }

    fn finish(self) -> f64 {
        self.sum + self.weight * self.product.ln()
    }
}
