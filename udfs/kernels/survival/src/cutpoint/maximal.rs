//! Maximally selected rank statistics (Lausen and Schumacher 1992), as R's maxstat has them.

use crate::distributions::normal_two_sided;
use crate::follow_up::FollowUp;
use crate::times::{distinct_times, place};

/// maxstat's log-rank score of each row: its event less the sum over events up to its time t of 1 / (1 + rows observed
/// after their time). The scores add up to 0.
pub(super) fn log_rank_scores(follow_up: &FollowUp<'_>) -> Vec<f64> {
    let mut times: Vec<f64> = follow_up.stop.iter().map(|time| time + 0.0).collect();
    times.sort_unstable_by(f64::total_cmp);
    let distinct = distinct_times(times);
    let mut rows = vec![0_u32; distinct.len()];
    let mut events = vec![0_u32; distinct.len()];
    for (&time, &event) in follow_up.stop.iter().zip(follow_up.event) {
        let at = place(&distinct, time);
        rows[at] += 1;
        events[at] += u32::from(event);
    }
    let mut after = follow_up.rows();
    let mut sum = 0.0;
    let mut sums = Vec::with_capacity(distinct.len());
    for (&leaving, &events) in rows.iter().zip(&events) {
        after -= leaving as usize;
        sum += f64::from(events) / (after + 1) as f64;
        sums.push(sum);
    }
    let score = |(&time, &event): (&f64, &bool)| f64::from(u8::from(event)) - sums[place(&distinct, time)];
    follow_up.stop.iter().zip(follow_up.event).map(score).collect()
}

/// Scores as whole numbers from 0 to the number of rows, as maxstat makes them for the permutation distribution. Scores
/// that are whole already stay as they are; halves are doubled.
pub(super) fn whole_scores(scores: &mut [f64]) {
    let fraction = |score: &f64| score - score.floor();
    if scores.iter().all(|score| fraction(score) == 0.0) {
        return;
    }
    if scores.iter().all(|score| [0.0, 0.5].contains(&fraction(score))) {
        for score in scores {
            *score *= 2.0;
        }
        return;
    }
    let least = scores.iter().fold(f64::INFINITY, |a, b| a.min(*b));
    let most = scores.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b)) - least;
    let rows = scores.len() as f64;
    for score in scores {
        *score = ((*score - least) * rows / most).round_ties_even();
    }
}

/// The largest statistic, and where.
pub(super) struct MaximalStatistic {
    pub(super) statistic: f64,
    pub(super) cutpoint: f64,
}

/// Rows by ascending marker, and where they may be cut.
pub(super) struct Candidates {
    marker: Vec<f64>,
    pub(super) scores: Vec<f64>,
    /// Rows below each candidate.
    pub(super) below: Vec<usize>,
    sum: f64,
    sum_of_squares: f64,
}

impl Candidates {
    pub(super) fn new(marker: &[f64], scores: &[f64], min_proportion: f64) -> Self {
        let mut rows: Vec<(f64, f64)> = marker
            .iter()
            .map(|value| value + 0.0)
            .zip(scores.iter().copied())
            .collect();
        // Rows with one marker value by their score, so that sums have one order.
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let count = rows.len() as f64;
        let fewest = (count * min_proportion).floor().max(1.0) as usize;
        let most = (count * (1.0 - min_proportion)).floor() as usize;
        let below = (1..rows.len())
            .filter(|&below| (fewest..=most).contains(&below) && rows[below - 1].0 != rows[below].0)
            .collect();
        Self {
            below,
            sum: rows.iter().map(|row| row.1).sum(),
            sum_of_squares: rows.iter().map(|row| row.1 * row.1).sum(),
            marker: rows.iter().map(|row| row.0).collect(),
            scores: rows.iter().map(|row| row.1).collect(),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.scores.len()
    }

    /// Mean and variance, over all permutations, of the sum of the scores of `below` rows.
    pub(super) fn moments(&self, below: usize) -> (f64, f64) {
        let (n, m) = (self.rows() as f64, below as f64);
        let variance = m * (n - m) / (n * n * (n - 1.0)) * (n * self.sum_of_squares - self.sum * self.sum);
        (m / n * self.sum, variance)
    }

    /// `None` without a candidate, or when all scores are equal.
    pub(super) fn largest(&self) -> Option<MaximalStatistic> {
        let mut found: Option<MaximalStatistic> = None;
        let mut sum = 0.0;
        let mut added = 0;
        for &below in &self.below {
            for score in &self.scores[added..below] {
                sum += score;
            }
            added = below;
            let (mean, variance) = self.moments(below);
            let statistic = ((sum - mean) / variance.sqrt()).abs();
            if statistic.is_finite() && found.as_ref().is_none_or(|found| statistic > found.statistic) {
                found = Some(MaximalStatistic {
                    statistic,
                    cutpoint: self.marker[below - 1],
                });
            }
        }
        found
    }
}

/// Lausen and Schumacher (1992): the standardised Brownian bridge between the proportions.
pub(super) fn lausen_1992(statistic: f64, min_proportion: f64) -> f64 {
    if statistic < 1.0 {
        return 1.0;
    }
    let max_proportion = 1.0 - min_proportion;
    let density = (-0.5 * statistic * statistic).exp() / std::f64::consts::TAU.sqrt();
    let range = max_proportion * (1.0 - min_proportion) / ((1.0 - max_proportion) * min_proportion);
    let p = 4.0 * density / statistic + density * (statistic - 1.0 / statistic) * range.ln();
    p.clamp(0.0, 1.0)
}

/// Lausen, Sauerbrei and Schumacher (1994): Bonferroni, less what neighbouring cutpoints have in common.
pub(super) fn lausen_1994(statistic: f64, candidates: &Candidates) -> f64 {
    let rows = candidates.rows() as f64;
    let square = statistic * statistic;
    let mut sum = 0.0;
    for pair in candidates.below.windows(2) {
        let &[first, second] = pair else { continue };
        let (first, second) = (first as f64, second as f64);
        let t = (1.0 - first * (rows - second) / ((rows - first) * second)).sqrt();
        sum += std::f64::consts::FRAC_1_PI * (-0.5 * square).exp() * (t - (square / 4.0 - 1.0) * (t * t * t) / 6.0);
    }
    (normal_two_sided(statistic) + sum).clamp(0.0, 1.0)
}
