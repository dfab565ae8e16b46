//! Sums over events and strata, and the test that they give.

use super::weight::LogRankWeight;
use super::{LogRank, LogRankGroup};
use crate::counts::{next_place, rows_of};
use crate::cox::ChiSquareTest;
use crate::distributions::chi_square_upper;
use crate::error::SurvivalError;
use crate::ldl::{Ldl, packed};
use crate::time_order::Leaver;

pub(super) struct Sums {
    groups: Vec<LogRankGroup>,
    /// Packed lower triangle.
    variance: Vec<f64>,
    at_risk: Vec<f64>,
    events: Vec<f64>,
    leaving: Vec<f64>,
}

impl Sums {
    pub(super) fn new(codes: &[u32], rows: usize) -> Result<Self, SurvivalError> {
        let count = codes.len();
        let group = |&group: &u32| LogRankGroup {
            group,
            n: 0,
            observed: 0.0,
            expected: 0.0,
        };
        let mut variance = Vec::new();
        let too_large = SurvivalError::TooLarge {
            rows,
            covariates: count,
        };
        // The packed triangle, its decomposition and the square that is returned.
        let size = count
            .checked_mul(count)
            .and_then(|size| size.checked_mul(2))
            .ok_or_else(|| too_large.clone())?;
        variance.try_reserve(size).map_err(|_| too_large)?;
        variance.resize(packed(count, 0), 0.0);
        Ok(Self {
            groups: codes.iter().map(group).collect(),
            variance,
            at_risk: vec![0.0; count],
            events: vec![0.0; count],
            leaving: vec![0.0; count],
        })
    }

    /// Adds the rows of a stratum, by ascending time, each of which carries the place of its group.
    pub(super) fn add_stratum(&mut self, leavers: &[Leaver], distinct: &[f64], weight: LogRankWeight) {
        self.at_risk.fill(0.0);
        for leaver in leavers {
            let group = leaver.carried as usize;
            self.at_risk[group] += f64::from(leaver.rows);
            self.groups[group].n += leaver.rows as usize;
        }
        let mut total = rows_of(leavers) as f64;
        let mut survival = 1.0_f64;
        let mut place = usize::MAX;
        let mut rest = leavers;
        while let Some(first) = rest.first() {
            place = next_place(distinct, place, first.time());
            let following = distinct.get(place + 1).copied().unwrap_or(f64::INFINITY);
            self.events.fill(0.0);
            self.leaving.fill(0.0);
            let mut events = 0.0;
            let mut leaving = 0.0;
            let here = rest.iter().take_while(|leaver| leaver.time() < following).count();
            for leaver in &rest[..here] {
                let group = leaver.carried as usize;
                let rows = f64::from(leaver.rows);
                self.leaving[group] += rows;
                leaving += rows;
                if leaver.event() {
                    self.events[group] += rows;
                    events += rows;
                }
            }
            rest = &rest[here..];
            if events > 0.0 {
                self.add_time(weight.at(survival, total), events, total);
                survival *= (total - events) / total;
            }
            for (at_risk, leaving) in self.at_risk.iter_mut().zip(&self.leaving) {
                *at_risk -= leaving;
            }
            total -= leaving;
        }
    }

    /// At a time with d events among n at risk, n_g of them in group g: the events of g are hypergeometric with mean
    /// d n_g / n and covariance d (n - d) / (n - 1) (n_g / n) (1[g = h] - n_h / n).
    fn add_time(&mut self, weight: f64, events: f64, total: f64) {
        let expected = weight * events / total;
        for ((group, &own), &at_risk) in self.groups.iter_mut().zip(&self.events).zip(&self.at_risk) {
            group.observed += weight * own;
            group.expected += expected * at_risk;
        }
        if total <= 1.0 {
            return;
        }
        let factor = weight * weight * events * (total - events) / (total * (total - 1.0));
        for (row, &at_risk) in self.at_risk.iter().enumerate().filter(|(_, at_risk)| **at_risk > 0.0) {
            let line = packed(row, 0);
            for (slot, &other) in self.variance[line..line + row].iter_mut().zip(&self.at_risk) {
                *slot -= factor * at_risk * other / total;
            }
            self.variance[line + row] += factor * at_risk * (1.0 - at_risk / total);
        }
    }

    pub(super) fn finish(self) -> LogRank {
        let count = self.groups.len();
        let mut variance = vec![0.0; count * count];
        for row in 0..count {
            for column in 0..=row {
                variance[row * count + column] = self.variance[packed(row, column)];
                variance[column * count + row] = self.variance[packed(row, column)];
            }
        }
        // The differences add up to 0: the first group with expected events follows from the others.
        let compared: Vec<usize> = (0..count)
            .filter(|&group| self.groups[group].expected > 0.0)
            .skip(1)
            .collect();
        let mut matrix = Vec::with_capacity(packed(compared.len(), 0));
        for (row, &group) in compared.iter().enumerate() {
            matrix.extend(compared[..=row].iter().map(|&other| variance[group * count + other]));
        }
        let reference: Vec<f64> = compared.iter().map(|&group| variance[group * count + group]).collect();
        let mut ldl = Ldl::default();
        ldl.decompose(&matrix, &reference, 1e-12);
        let difference = |&group: &usize| self.groups[group].observed - self.groups[group].expected;
        let differences: Vec<f64> = compared.iter().map(difference).collect();
        let mut solution = differences.clone();
        ldl.solve(&mut solution);
        let chi2 = solution
            .iter()
            .zip(&differences)
            .map(|(a, b)| a * b)
            .sum::<f64>()
            .max(0.0);
        let df = ldl.rank();
        LogRank {
            groups: self.groups,
            variance,
            test: ChiSquareTest {
                chi2,
                df,
                p: chi_square_upper(chi2, df),
            },
        }
    }
}
