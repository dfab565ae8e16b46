//! Covariates as the arithmetic wants them: column by column, by position, centred, scaled.

use std::cmp::Ordering;

use super::Given;
use super::vectors::weighted_square;
use crate::error::SurvivalError;
use crate::follow_up::{check_finite, check_length};
use crate::risk_sets::RiskSets;

/// The columns that can have a coefficient other than 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    values: Vec<f64>,
    rows: usize,
    /// Which of the columns this was made from each one is.
    pub(crate) source: Vec<usize>,
    /// A coefficient of a column times this is the coefficient of the column it was made from.
    pub(crate) scale: Vec<f64>,
}

impl Columns {
    /// Brings the covariates into the order of `sets`, which is finished here: rows alike in follow-up are ordered by
    /// their covariates, so that the answer is a function of the set of rows. Gives the order too.
    ///
    /// Covariates that are given away are let go one by one. Each column is centred and, if asked to, divided by its standard deviation with divisor n (weighted, over all
    /// rows, as in glmnet). Constant columns and those for which `penalty` is infinite are left out.
    pub(crate) fn new(
        sets: &RiskSets,
        covariates: Vec<Given<'_>>,
        weight: &[f64],
        penalty: Option<&[f64]>,
        standardise: bool,
    ) -> Result<(Self, Vec<u32>), SurvivalError> {
        let rows = sets.rows();
        for covariate in &covariates {
            check_length(&covariate.name, covariate.values.len(), rows)?;
            check_finite(&covariate.name, &covariate.values)?;
        }
        let order = order(sets, &covariates);
        let mut columns = Self::with_room(rows, covariates.len())?;
        let mut column = Vec::with_capacity(rows);
        for (source, covariate) in covariates.into_iter().enumerate() {
            if penalty.is_some_and(|penalty| penalty[source].is_infinite()) {
                continue;
            }
            column.clear();
            column.extend(order.iter().map(|&row| covariate.values[row as usize]));
            if !columns.add(&mut column, weight, standardise, source) {
                return Err(SurvivalError::TooWide {
                    covariate: covariate.name.into_owned(),
                    value: column.iter().fold(0.0, |top: f64, value| top.max(value.abs())),
                });
            }
        }
        Ok((columns, order))
    }

    /// The rows for which `keep` holds, centred and scaled anew.
    pub(crate) fn subset(&self, keep: &[bool], weight: &[f64], standardise: bool) -> Result<Self, SurvivalError> {
        let mut columns = Self::with_room(weight.len(), self.len())?;
        let mut column = Vec::with_capacity(weight.len());
        for source in 0..self.len() {
            column.clear();
            let kept = self.column(source).iter().zip(keep).filter(|(_, keep)| **keep);
            column.extend(kept.map(|(value, _)| *value));
            // Columns that were finite and centred stay so.
            columns.add(&mut column, weight, standardise, source);
        }
        Ok(columns)
    }

    fn with_room(rows: usize, covariates: usize) -> Result<Self, SurvivalError> {
        let too_large = || SurvivalError::TooLarge { rows, covariates };
        let mut values = Vec::new();
        let len = rows.checked_mul(covariates).ok_or_else(too_large)?;
        values.try_reserve_exact(len).map_err(|_| too_large())?;
        Ok(Self {
            values,
            rows,
            source: Vec::new(),
            scale: Vec::new(),
        })
    }

    /// Adds a column, unless it is constant. False when its squares are beyond all numbers.
    fn add(&mut self, column: &mut [f64], weight: &[f64], standardise: bool, source: usize) -> bool {
        let Some(&reference) = column.first() else { return true };
        if column.iter().all(|value| *value == reference) {
            return true;
        }
        // A power of two changes no digit and keeps squares of extreme values in range.
        let largest = column.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let range = if !standardise {
            1.0
        } else if largest > 2.0_f64.powi(500) {
            2.0_f64.powi(-600)
        } else if largest < 2.0_f64.powi(-400) {
            2.0_f64.powi(600)
        } else {
            1.0
        };
        // Relative to one of the values first, so that a distant level costs no digits.
        let reference = reference * range;
        column.iter_mut().for_each(|value| *value = *value * range - reference);
        let mean: f64 = column.iter().zip(weight).map(|(value, weight)| weight * value).sum();
        column.iter_mut().for_each(|value| *value -= mean);
        let variance = weighted_square(weight, column);
        if !variance.is_finite() {
            return false;
        }
        let mut scale = range;
        if standardise {
            let deviation = variance.sqrt();
            if deviation == 0.0 {
                return true;
            }
            column.iter_mut().for_each(|value| *value /= deviation);
            scale /= deviation;
        }
        self.values.extend_from_slice(column);
        self.source.push(source);
        self.scale.push(scale);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.source.len()
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn column(&self, place: usize) -> &[f64] {
        &self.values[place * self.rows..(place + 1) * self.rows]
    }
}

fn order(sets: &RiskSets, covariates: &[Given<'_>]) -> Vec<u32> {
    let mut order = sets.order.clone();
    for run in &sets.alike {
        order[run.clone()].sort_unstable_by(|&a, &b| {
            let compare = |covariate: &Given<'_>| covariate.values[a as usize].total_cmp(&covariate.values[b as usize]);
            covariates
                .iter()
                .map(compare)
                .find(|order| *order != Ordering::Equal)
                .unwrap_or(Ordering::Equal)
        });
    }
    order
}
