//! Covariates as the arithmetic wants them.

use std::cmp::Ordering;

use crate::error::SurvivalError;
use crate::risk_sets::RiskSets;

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
    column: Vec<f64>,
}

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
        self.scale.clear();
        self.means.clear();
        self.centres.clear();
        self.order.clear();
        self.order.extend_from_slice(&sets.order);
        for run in &sets.alike {
            self.order[run.clone()].sort_unstable_by(|&a, &b| {
                let compare = |column: &&[f64]| column[a as usize].total_cmp(&column[b as usize]);
                columns
                    .iter()
                    .map(compare)
                    .find(|order| *order != Ordering::Equal)
                    .unwrap_or(Ordering::Equal)
            });
        }
        for (place, values) in columns.iter().enumerate() {
            self.column.clear();
            self.column.extend(self.order.iter().map(|&row| values[row as usize]));
            self.means.push(mean(sets, &self.column));
            let scale = standardise(sets, &mut self.column, &mut self.centres);
            self.scale.push(scale);
            let slots = self.values.iter_mut().skip(place).step_by(covariates);
            for (slot, value) in slots.zip(&self.column) {
                *slot = *value;
            }
        }
        Ok(())
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

/// R's `means`: 0 for columns of -1, 0 and 1 (`nocenter`), else the mean over all rows, which is weighted except for
/// follow-up in intervals.
fn mean(sets: &RiskSets, column: &[f64]) -> f64 {
    if column.iter().all(|value| [-1.0, 0.0, 1.0].contains(value)) {
        return 0.0;
    }
    let weight = |position: usize| match &sets.entries {
        Some(_) => 1.0,
        None => sets.weight(position),
    };
    let total: f64 = (0..column.len()).map(weight).sum();
    let terms = column.iter().enumerate();
    terms.map(|(position, value)| weight(position) / total * value).sum()
}

/// Centres and scales; gives the factor from a scaled coefficient to the covariate's, and adds each stratum's centre to
/// `centres`. A column that is constant in every stratum becomes exactly 0.
fn standardise(sets: &RiskSets, column: &mut [f64], centres: &mut Vec<f64>) -> f64 {
    // A power of two changes no digit and keeps sums and differences of extreme values in range.
    let largest = column.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let range = if largest > 2.0_f64.powi(500) {
        2.0_f64.powi(-600)
    } else if largest < 2.0_f64.powi(-500) {
        2.0_f64.powi(600)
    } else {
        1.0
    };
    let mut total = 0.0;
    let mut deviation = 0.0;
    for stratum in &sets.strata {
        // Relative to one of its values first, so that a constant leaves no rounding behind.
        let reference = column[stratum.rows.start] * range;
        for value in &mut column[stratum.rows.clone()] {
            *value = *value * range - reference;
        }
        let Some(last) = sets.groups[stratum.active.clone()].last() else {
            centres.push(reference / range);
            continue;
        };
        let active = stratum.rows.start..last.rows.end;
        let weight: f64 = active.clone().map(|position| sets.weight(position)).sum();
        let sum: f64 = active
            .clone()
            .map(|position| sets.weight(position) * column[position])
            .sum();
        let mean = sum / weight;
        centres.push((reference + mean) / range);
        for value in &mut column[stratum.rows.clone()] {
            *value -= mean;
        }
        total += weight;
        deviation += active
            .map(|position| sets.weight(position) * column[position].abs())
            .sum::<f64>();
    }
    if deviation == 0.0 {
        column.fill(0.0);
        return 1.0;
    }
    let scale = total / deviation;
    for value in column.iter_mut() {
        *value *= scale;
    }
    scale * range
}
