//! The partial likelihood, its gradient and its curvature.

use std::ops::Range;

use super::Ties;
use super::exact::Subsets;
use super::right_censored::Passes;
use crate::ldl::packed;
use crate::risk_sets::{RiskSets, Stratum, TimeGroup};

/// Linear predictors are taken relative to a level that follows them at this distance, so that exp() stays finite.
const MAX_EXPONENT: f64 = 200.0;

/// Sums over a risk set are taken afresh when rows that left have taken all but this part of them along.
const MAX_CANCELLATION: f64 = 1e-5;

/// A partial likelihood at one set of coefficients, and the space needed to work it out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluation {
    pub(crate) loglik: f64,
    /// First derivative of the log-likelihood.
    pub(crate) score: Vec<f64>,
    /// Less its second derivative, a packed lower triangle.
    pub(crate) information: Vec<f64>,
    /// The weighted mean squares of each covariate in the risk sets, summed over events: what the diagonal of
    /// `information` is before the means are taken off.
    pub(crate) mean_squares: Vec<f64>,
    /// Linear predictor by position, for rows in risk sets.
    predictor: Vec<f64>,
    risk: Moments,
    /// Of a time's events where Efron's method takes them out in parts; they are in `risk` otherwise.
    leaving: Moments,
    mean: Vec<f64>,
    moment: Vec<f64>,
    own_moment: Vec<f64>,
    subsets: Subsets,
    pub(super) passes: Passes,
}

/// Sums over a set of rows: of risks, of risk times covariates, of risk times their products (packed lower triangle).
#[derive(Debug, Clone, Default)]
struct Moments {
    total: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Moments {
    fn clear(&mut self, covariates: usize) {
        self.total = 0.0;
        self.first.clear();
        self.first.resize(covariates, 0.0);
        self.second.clear();
        self.second.resize(packed(covariates, 0), 0.0);
    }

    fn add(&mut self, risk: f64, row: &[f64]) {
        self.total += risk;
        let mut second = self.second.as_mut_slice();
        for (i, (first, &value)) in self.first.iter_mut().zip(row).enumerate() {
            let weighted = risk * value;
            *first += weighted;
            let (line, rest) = second.split_at_mut(i + 1);
            for (sum, &other) in line.iter_mut().zip(row) {
                *sum += weighted * other;
            }
            second = rest;
        }
    }

    fn add_all(&mut self, other: &Self) {
        self.total += other.total;
        self.first
            .iter_mut()
            .zip(&other.first)
            .for_each(|(sum, value)| *sum += value);
        self.second
            .iter_mut()
            .zip(&other.second)
            .for_each(|(sum, value)| *sum += value);
    }

    fn scale(&mut self, factor: f64) {
        self.total *= factor;
        self.first.iter_mut().for_each(|sum| *sum *= factor);
        self.second.iter_mut().for_each(|sum| *sum *= factor);
    }
}

/// What a time with events adds to the baseline hazard (of the scaled covariates).
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventTime<'a> {
    /// Index of the time's group of rows.
    pub(crate) group: usize,
    /// Increment of the hazard for rows at risk.
    pub(crate) hazard: f64,
    /// Increment for the rows with the event, which Efron's ties have in part only.
    pub(crate) own_hazard: f64,
    /// Increment of the variance of the cumulative hazard.
    pub(crate) variance: f64,
    /// The terms of `hazard` times the means of the covariates over their risk sets.
    pub(crate) moment: &'a [f64],
    /// The same for `own_hazard`.
    pub(crate) own_moment: &'a [f64],
    /// The mean that the events are compared with.
    pub(crate) mean: &'a [f64],
}

/// A model's covariates by position, row by row, centred and scaled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Design<'a> {
    pub(crate) sets: &'a RiskSets,
    pub(crate) values: &'a [f64],
    pub(crate) covariates: usize,
}

impl Design<'_> {
    pub(crate) fn row(&self, position: usize) -> &[f64] {
        &self.values[position * self.covariates..(position + 1) * self.covariates]
    }

    pub(crate) fn predictor(&self, position: usize, coefficients: &[f64]) -> f64 {
        self.row(position)
            .iter()
            .zip(coefficients)
            .map(|(value, coefficient)| value * coefficient)
            .sum()
    }
}

impl Evaluation {
    /// Works out everything at `coefficients`. In a stratum, rows enter from the last time to the first, so that each
    /// risk set is the one before plus the rows that leave at its time, less those that had not started.
    pub(crate) fn at(&mut self, design: Design<'_>, coefficients: &[f64], ties: Ties) {
        if !self.at_right_censored(design, coefficients, ties) {
            self.at_with(design, coefficients, ties, &|_| 1.0, &mut |_| ());
        }
    }

    /// The same, with the information of each time multiplied by its `factor`, and telling `visit` of every time with
    /// events, in a stratum from the last to the first. Both are given the index of the time's group. Times with several
    /// events and exact ties are not told of: they have no hazard.
    pub(crate) fn at_with(
        &mut self,
        design: Design<'_>,
        coefficients: &[f64],
        ties: Ties,
        factor: &impl Fn(usize) -> f64,
        visit: &mut impl FnMut(EventTime<'_>),
    ) {
        let covariates = design.covariates;
        self.loglik = 0.0;
        let Self {
            score,
            mean_squares,
            mean,
            moment,
            own_moment,
            ..
        } = self;
        for vector in [score, mean_squares, mean, moment, own_moment] {
            vector.clear();
            vector.resize(covariates, 0.0);
        }
        self.information.clear();
        self.information.resize(packed(covariates, 0), 0.0);
        if design.sets.entries.is_some() {
            self.predictor.resize(design.sets.rows(), 0.0);
        }
        for stratum in &design.sets.strata {
            if !stratum.active.is_empty() {
                self.add_stratum(design, stratum, coefficients, ties, factor, visit);
            }
        }
    }

    fn add_stratum(
        &mut self,
        design: Design<'_>,
        stratum: &Stratum,
        coefficients: &[f64],
        ties: Ties,
        factor: &impl Fn(usize) -> f64,
        visit: &mut impl FnMut(EventTime<'_>),
    ) {
        self.risk.clear(design.covariates);
        let mut level = Level::default();
        let mut leavers = Leavers::new(design.sets, stratum);
        for index in stratum.active.clone() {
            let group = &design.sets.groups[index];
            let in_parts = ties == Ties::Efron && group.events > 1;
            if in_parts {
                self.leaving.clear(design.covariates);
            }
            self.enter(design, group, coefficients, in_parts, &mut level);
            if let Some(leavers) = &mut leavers {
                self.leave(design, stratum, group, in_parts, leavers, &mut level);
            }
            if ties == Ties::Exact && group.events > 1 {
                self.add_events_exactly(design, stratum, group, coefficients);
            } else if in_parts {
                self.add_events_in_parts(design, index, level.exponent, factor(index), visit);
            } else if group.events > 0 {
                self.add_events(design, index, level.exponent, factor(index), visit);
            }
        }
    }

    /// Adds the rows of `group` to `risk`, or `in_parts` those with the event to `leaving`.
    fn enter(
        &mut self,
        design: Design<'_>,
        group: &TimeGroup,
        coefficients: &[f64],
        in_parts: bool,
        level: &mut Level,
    ) {
        for position in group.rows.clone() {
            let row = design.row(position);
            let predictor = design.predictor(position, coefficients);
            if let Some(slot) = self.predictor.get_mut(position) {
                *slot = predictor;
            }
            let weight = design.sets.weight(position);
            let excess = predictor - level.exponent;
            if excess > MAX_EXPONENT || (level.at_risk == 0 && excess < -MAX_EXPONENT) {
                let factor = (-excess).exp();
                self.risk.scale(factor);
                self.leaving.scale(factor);
                level.peak *= factor;
                level.exponent = predictor;
            }
            let risk = weight * (predictor - level.exponent).exp();
            level.at_risk += 1;
            let event = design.sets.event[position];
            if event {
                self.loglik += weight * predictor;
                for (score, value) in self.score.iter_mut().zip(row) {
                    *score += weight * value;
                }
            }
            if event && in_parts {
                &mut self.leaving
            } else {
                &mut self.risk
            }
            .add(risk, row);
        }
    }

    /// Takes off the rows that had not yet started at the time of `group`.
    fn leave(
        &mut self,
        design: Design<'_>,
        stratum: &Stratum,
        group: &TimeGroup,
        in_parts: bool,
        leavers: &mut Leavers<'_>,
        level: &mut Level,
    ) {
        let mut left = false;
        while let Some(position) = leavers.next_before(group.time) {
            let risk = design.sets.weight(position) * (self.predictor[position] - level.exponent).exp();
            self.risk.add(-risk, design.row(position));
            level.at_risk -= 1;
            left = true;
        }
        if left && level.at_risk == group.rows.len() {
            self.take_afresh(design, group, group.rows.clone(), in_parts, level);
        } else if left && self.risk.total < MAX_CANCELLATION * level.peak {
            self.take_afresh(design, group, stratum.rows.start..group.rows.end, in_parts, level);
        }
        level.peak = level.peak.max(self.risk.total);
    }

    /// Sums without subtraction over the rows at risk at the time of `group`, all of which lie in `rows`.
    fn take_afresh(
        &mut self,
        design: Design<'_>,
        group: &TimeGroup,
        rows: Range<usize>,
        in_parts: bool,
        level: &mut Level,
    ) {
        let Some(entries) = &design.sets.entries else { return };
        let at_risk = || rows.clone().filter(|&position| entries.time[position] < group.time);
        let highest = at_risk()
            .map(|position| self.predictor[position])
            .fold(f64::NEG_INFINITY, f64::max);
        if (highest - level.exponent).abs() > MAX_EXPONENT {
            level.exponent = highest;
        }
        self.risk.clear(design.covariates);
        self.leaving.clear(design.covariates);
        level.peak = 0.0;
        for position in at_risk() {
            let risk = design.sets.weight(position) * (self.predictor[position] - level.exponent).exp();
            let leaves = in_parts && group.rows.contains(&position) && design.sets.event[position];
            if leaves { &mut self.leaving } else { &mut self.risk }.add(risk, design.row(position));
        }
    }

    /// Adds the terms of a time whose events see the whole risk set: with d events of total weight w,
    /// -w log(sum of risks).
    fn add_events(
        &mut self,
        design: Design<'_>,
        index: usize,
        exponent: f64,
        information_factor: f64,
        visit: &mut impl FnMut(EventTime<'_>),
    ) {
        let weight = events_weight(design, index);
        let risk = &self.risk;
        self.loglik -= weight * (risk.total.ln() + exponent);
        let per_risk = 1.0 / risk.total;
        for ((mean, score), first) in self.mean.iter_mut().zip(&mut self.score).zip(&risk.first) {
            *mean = first * per_risk;
            *score -= weight * *mean;
        }
        let factor = weight * per_risk;
        let (by_second, by_mean) = (information_factor * factor, information_factor * weight);
        let mut place = 0;
        for (i, (squares, &mean)) in self.mean_squares.iter_mut().zip(&self.mean).enumerate() {
            let line = place..place + i + 1;
            place = line.end;
            let weighted = by_mean * mean;
            let sums = self.information[line.clone()]
                .iter_mut()
                .zip(&risk.second[line.clone()]);
            for ((information, &second), &other) in sums.zip(&self.mean) {
                *information += by_second * second - weighted * other;
            }
            *squares += factor * risk.second[line.end - 1];
        }
        let unscaled = (-exponent).exp();
        let hazard = factor * unscaled;
        self.moment
            .iter_mut()
            .zip(&self.mean)
            .for_each(|(moment, mean)| *moment = hazard * mean);
        let Self { moment, mean, .. } = self;
        visit(EventTime {
            group: index,
            hazard,
            own_hazard: hazard,
            variance: hazard * (per_risk * unscaled),
            moment,
            own_moment: moment,
            mean,
        });
    }

    /// Adds the terms of a time with d tied events by Efron's method: for f = 1/d, 2/d, .. 1 one of
    /// -w/d log(R + f D), with R the risk of the others and D that of the events, because in whatever order the events
    /// happened, that part of them on average was still there. Then moves the events from `leaving` to `risk`.
    ///
    /// The covariates' sums are a + f b over each of these risk sets, so that the derivatives are combinations of a, b
    /// and their products, with factors that are sums over f of f^j / (R + f D)^k.
    fn add_events_in_parts(
        &mut self,
        design: Design<'_>,
        index: usize,
        exponent: f64,
        information_factor: f64,
        visit: &mut impl FnMut(EventTime<'_>),
    ) {
        let events = design.sets.groups[index].events;
        let share = events_weight(design, index) / events as f64;
        let Self { risk, leaving, .. } = self;
        let (mut once, mut once_f) = (0.0, 0.0);
        let (mut twice, mut twice_f, mut twice_ff) = (0.0, 0.0, 0.0);
        for step in 1..=events {
            let fraction = step as f64 / events as f64;
            let total = risk.total + fraction * leaving.total;
            self.loglik -= share * (total.ln() + exponent);
            let term = share / total;
            once += term;
            once_f += term * fraction;
            twice += term / total;
            twice_f += term / total * fraction;
            twice_ff += term / total * fraction * fraction;
        }
        for ((score, &a), &b) in self.score.iter_mut().zip(&risk.first).zip(&leaving.first) {
            *score -= once * a + once_f * b;
        }
        let mut place = 0;
        for (i, squares) in self.mean_squares.iter_mut().enumerate() {
            let line = place..place + i + 1;
            place = line.end;
            let (a, b) = (risk.first[i], leaving.first[i]);
            let (by_a, by_b) = (twice * a + twice_f * b, twice_f * a + twice_ff * b);
            let firsts = risk.first.iter().zip(&leaving.first);
            let seconds = risk.second[line.clone()].iter().zip(&leaving.second[line.clone()]);
            let sums = self.information[line.clone()].iter_mut().zip(seconds).zip(firsts);
            for ((information, (second, leaving_second)), (a, b)) in sums {
                *information +=
                    information_factor * ((once * second + once_f * leaving_second) - (by_a * a + by_b * b));
            }
            *squares += once * risk.second[line.end - 1] + once_f * leaving.second[line.end - 1];
        }
        let unscaled = (-exponent).exp();
        let per_weight = 1.0 / (share * events as f64);
        for (i, (a, b)) in risk.first.iter().zip(&leaving.first).enumerate() {
            self.moment[i] = unscaled * (twice * a + twice_f * b);
            self.own_moment[i] = unscaled * (twice_f * a + twice_ff * b);
            self.mean[i] = per_weight * (once * a + once_f * b);
        }
        visit(EventTime {
            group: index,
            hazard: unscaled * once,
            own_hazard: unscaled * once_f,
            variance: unscaled * (unscaled * twice),
            moment: &self.moment,
            own_moment: &self.own_moment,
            mean: &self.mean,
        });
        self.risk.add_all(&self.leaving);
    }

    /// Adds the terms of a time with d tied events by the exact method: -log of the sum, over all ways to choose d of the
    /// rows at risk, of the product of their risks.
    fn add_events_exactly(&mut self, design: Design<'_>, stratum: &Stratum, group: &TimeGroup, coefficients: &[f64]) {
        let entries = design.sets.entries.as_ref();
        let at_risk = (stratum.rows.start..group.rows.end)
            .filter(|&position| entries.is_none_or(|entries| entries.time[position] < group.time));
        self.subsets.choose(design, at_risk, group.events, coefficients);
        self.loglik -= self.subsets.log_sum;
        for (score, mean) in self.score.iter_mut().zip(&self.subsets.mean) {
            *score -= mean;
        }
        for (information, variance) in self.information.iter_mut().zip(&self.subsets.variance) {
            *information += variance;
        }
        for (squares, square) in self.mean_squares.iter_mut().zip(&self.subsets.mean_squares) {
            *squares += square;
        }
    }
}

/// The total weight of a time's events.
fn events_weight(design: Design<'_>, index: usize) -> f64 {
    let rows = design.sets.groups[index].rows.clone();
    rows.filter(|&position| design.sets.event[position])
        .map(|position| design.sets.weight(position))
        .sum()
}

/// The scale of a stratum's sums: they are multiplied by exp(-exponent).
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    exponent: f64,
    at_risk: usize,
    /// The largest sum of risks since the sums were last taken afresh.
    peak: f64,
}

/// A stratum's rows from the last start to the first.
struct Leavers<'a> {
    positions: std::slice::Iter<'a, u32>,
    time: &'a [u32],
}

impl<'a> Leavers<'a> {
    fn new(sets: &'a RiskSets, stratum: &Stratum) -> Option<Self> {
        let entries = sets.entries.as_ref()?;
        Some(Self {
            positions: entries.by_time[stratum.rows.clone()].iter(),
            time: &entries.time,
        })
    }

    /// The next row that starts at or after `time`, and so is not at risk at it.
    fn next_before(&mut self, time: u32) -> Option<usize> {
        let position = *self.positions.as_slice().first()? as usize;
        if self.time[position] < time {
            return None;
        }
        self.positions.next();
        Some(position)
    }
}
