//! Covariates as the arithmetic wants them.

use std::cmp::Ordering;
use std::ops::Range;

use crate::error::SurvivalError;
use crate::risk_sets::{RiskSets, Stratum};
use crate::times::order_key;

/// Covariates by position, centred and scaled, and how to come back from them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    /// Row by row.
    pub(crate) values: Vec<f64>,
    /// A coefficient of the scaled column times this is the coefficient of the covariate.
    pub(crate) scale: Vec<f64>,
    /// R's `means`.
    pub(crate) means: Vec<f64>,
    /// What a value of a stratum is when it is 0 in the scaled column: column by column, a number for each stratum.
    pub(crate) centres: Vec<f64>,
    /// The caller's row at each position, with rows alike in follow-up ordered by their covariates.
    pub(crate) order: Vec<u32>,
    keys: Vec<(u64, u32)>,
}

/// Rows brought into order at a time, so that what is written stays in the cache until it is complete.
const BLOCK: usize = 256;

impl Columns {
    /// Brings `columns`, each by the caller's rows, into the order of `sets`.
    ///
    /// Each column is centred within its strata and divided by its mean absolute deviation. This changes neither the
    /// model nor the path of Newton's method, but keeps exp() and the cancellation in the information in bounds. Only
    /// rows that are in a risk set count for this: a far value elsewhere would spoil the scale.
    pub(crate) fn fill(&mut self, sets: &RiskSets, columns: &[&[f64]]) -> Result<(), SurvivalError> {
        let rows = sets.rows();
        let covariates = columns.len();
        let too_large = || SurvivalError::TooLarge { rows, covariates };
        let len = rows.checked_mul(covariates).ok_or_else(too_large)?;
        self.values.clear();
        self.values.try_reserve_exact(len).map_err(|_| too_large())?;
        self.values.resize(len, 0.0);
        self.order_rows(sets, columns);

        let range: Vec<f64> = columns.iter().map(|column| range_of(column)).collect();
        let mut sums = Sums::new(covariates);
        self.centres.clear();
        self.centres.resize(covariates * sets.strata.len(), 0.0);
        for (stratum, of_stratum) in sets.strata.iter().enumerate() {
            self.gather(sets, columns, &range, of_stratum, &mut sums);
            let centres = self.centres.iter_mut().skip(stratum).step_by(sets.strata.len());
            let parts = sums.reference.iter().zip(&sums.mean).zip(&range);
            for (centre, ((reference, mean), range)) in centres.zip(parts) {
                *centre = (reference + mean) / range;
            }
            self.deviations(sets, of_stratum, &mut sums);
        }
        self.means.clear();
        self.scale.clear();
        for (column, values) in columns.iter().enumerate() {
            let is_indicator = values
                .iter()
                .all(|value| value.is_nan() || [-1.0, 0.0, 1.0].contains(value));
            let mean = sums.of_all[column] / sums.weight_of_all / range[column];
            self.means.push(if is_indicator || rows == 0 { 0.0 } else { mean });
            let (factor, scale) = match sums.deviation[column] {
                0.0 => (0.0, 1.0),
                deviation => (sums.weight / deviation, sums.weight / deviation * range[column]),
            };
            sums.factor[column] = factor;
            self.scale.push(scale);
        }
        self.scale_values(sets, &range, &sums);
        Ok(())
    }

    /// The caller's row at each position; rows alike in follow-up go by their covariates.
    fn order_rows(&mut self, sets: &RiskSets, columns: &[&[f64]]) {
        self.order.clear();
        self.order.extend_from_slice(&sets.order);
        let Some((first, others)) = columns.split_first() else {
            return;
        };
        for run in &sets.alike {
            let order = &mut self.order[run.clone()];
            self.keys.clear();
            self.keys
                .extend(order.iter().map(|&row| (order_key(first[row as usize]), row)));
            self.keys.sort_unstable_by_key(|key| key.0);
            for equal in self
                .keys
                .chunk_by_mut(|a, b| a.0 == b.0)
                .filter(|equal| equal.len() > 1)
            {
                equal.sort_unstable_by(|a, b| {
                    let compare = |column: &&[f64]| column[a.1 as usize].total_cmp(&column[b.1 as usize]);
                    let different = others.iter().map(compare).find(|order| *order != Ordering::Equal);
                    different.unwrap_or(Ordering::Equal)
                });
            }
            for (slot, key) in order.iter_mut().zip(&self.keys) {
                *slot = key.1;
            }
        }
    }

    /// Fills in the values of a stratum relative to the first of them, and their means.
    fn gather(&mut self, sets: &RiskSets, columns: &[&[f64]], range: &[f64], stratum: &Stratum, sums: &mut Sums) {
        let covariates = columns.len();
        let rows = stratum.rows.clone();
        let active = active_rows(sets, stratum);
        sums.of_active.fill(0.0);
        let mut gathered = [0.0; BLOCK];
        for (column, values) in columns.iter().enumerate() {
            // Relative to one of its values first, so that a constant leaves no rounding behind.
            sums.reference[column] = values[self.order[rows.start] as usize] * range[column];
        }
        for first in rows.clone().step_by(BLOCK) {
            let block = first..rows.end.min(first + BLOCK);
            let lines = &mut self.values[block.start * covariates..block.end * covariates];
            let order = &self.order[block.clone()];
            for (column, values) in columns.iter().enumerate() {
                // These reads are from anywhere: nothing else between them, so that many wait for memory at once.
                for (value, &row) in gathered.iter_mut().zip(order) {
                    *value = values[row as usize];
                }
                let (mut of_active, mut of_all) = (0.0, 0.0);
                let slots = lines.iter_mut().skip(column).step_by(covariates);
                for ((slot, value), position) in slots.zip(&gathered).zip(block.clone()) {
                    let relative = value * range[column] - sums.reference[column];
                    *slot = relative;
                    let weighted = sets.weight(position) * relative;
                    of_active += if position < active.end { weighted } else { 0.0 };
                    of_all += if sets.entries.is_some() { relative } else { weighted };
                }
                sums.of_active[column] += of_active;
                sums.of_all[column] += of_all;
            }
        }
        let total = |rows: Range<usize>| rows.map(|position| sets.weight(position)).sum::<f64>();
        let of_rows = if sets.entries.is_some() {
            rows.len() as f64
        } else {
            total(rows)
        };
        sums.weight_of_all += of_rows;
        let weight = total(active.clone());
        sums.weight += weight;
        for column in 0..covariates {
            sums.of_all[column] += of_rows * sums.reference[column];
            sums.mean[column] = if active.is_empty() {
                0.0
            } else {
                sums.of_active[column] / weight
            };
        }
        sums.means.extend_from_slice(&sums.mean);
    }

    fn deviations(&self, sets: &RiskSets, stratum: &Stratum, sums: &mut Sums) {
        let covariates = sums.mean.len();
        for position in active_rows(sets, stratum) {
            let weight = sets.weight(position);
            let line = &self.values[position * covariates..(position + 1) * covariates];
            for ((sum, value), mean) in sums.deviation.iter_mut().zip(line).zip(&sums.mean) {
                *sum += weight * (value - mean).abs();
            }
        }
    }

    fn scale_values(&mut self, sets: &RiskSets, range: &[f64], sums: &Sums) {
        let covariates = range.len();
        for (stratum, mean) in sets.strata.iter().zip(sums.means.chunks_exact(covariates.max(1))) {
            let rows = stratum.rows.start * covariates..stratum.rows.end * covariates;
            for line in self.values[rows].chunks_exact_mut(covariates) {
                for ((value, mean), factor) in line.iter_mut().zip(mean).zip(&sums.factor) {
                    *value = (*value - mean) * factor;
                }
            }
        }
    }

    /// Keeps only the values of the columns for which `keep` holds.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut place = 0;
        self.values.retain(|_| {
            let kept = keep[place % keep.len()];
            place += 1;
            kept
        });
    }
}

/// What the columns' centres and scales are made of, column by column.
struct Sums {
    reference: Vec<f64>,
    of_active: Vec<f64>,
    /// Over all rows, in risk sets or not, not relative to anything; weighted except for follow-up in intervals, as R's
    /// `means` are.
    of_all: Vec<f64>,
    deviation: Vec<f64>,
    factor: Vec<f64>,
    /// Of the current stratum, and of all strata so far.
    mean: Vec<f64>,
    means: Vec<f64>,
    /// Weights of rows in risk sets, and of all rows.
    weight: f64,
    weight_of_all: f64,
}

impl Sums {
    fn new(covariates: usize) -> Self {
        let zero = || vec![0.0; covariates];
        Self {
            reference: zero(),
            of_active: zero(),
            of_all: zero(),
            deviation: zero(),
            factor: zero(),
            mean: zero(),
            means: Vec::new(),
            weight: 0.0,
            weight_of_all: 0.0,
        }
    }
}

/// The positions of a stratum that are in a risk set.
fn active_rows(sets: &RiskSets, stratum: &Stratum) -> Range<usize> {
    let last = sets.groups[stratum.active.clone()].last();
    stratum.rows.start..last.map_or(stratum.rows.start, |group| group.rows.end)
}

/// A power of two, which changes no digit, that keeps sums and differences of extreme values in range. NaN does not count.
fn range_of(column: &[f64]) -> f64 {
    let largest = column.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest > 2.0_f64.powi(500) {
        2.0_f64.powi(-600)
    } else if largest < 2.0_f64.powi(-500) {
        2.0_f64.powi(600)
    } else {
        1.0
    }
}
