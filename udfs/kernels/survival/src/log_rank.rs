//! The log-rank test and its G-rho family (Harrington and Fleming 1982), as R's `survdiff` defines them.

use crate::cox::ChiSquareTest;
use crate::distributions::chi_square_upper;
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};
use crate::ldl::{Ldl, packed};
use crate::times::{distinct_times, key_event, key_time, place, time_key};

/// The weight S(t-)^rho that events at time t have in the test: 0 gives the log-rank test, 1 Peto and Peto's
/// modification of the Gehan-Wilcoxon test. A finite number; 0 by default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rho(f64);

impl Rho {
    /// A finite exponent.
    pub fn new(rho: f64) -> Result<Self, SurvivalError> {
        if rho.is_finite() {
            return Ok(Self(rho));
        }
        Err(SurvivalError::Parameter {
            parameter: "rho",
            value: rho,
            expected: "a finite number, such as 0 or 1",
        })
    }
}

/// One group of a log-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRankGroup {
    /// The group's code.
    pub group: u32,
    /// Its rows.
    pub n: usize,
    /// Its events, weighted by S(t-)^rho and summed over the strata.
    pub observed: f64,
    /// Its events expected if all groups had one hazard, weighted in the same way.
    pub expected: f64,
}

/// A log-rank test of k groups.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// The groups by ascending code.
    pub groups: Vec<LogRankGroup>,
    /// Variance of observed less expected, row by row: k squared numbers.
    pub variance: Vec<f64>,
    /// The test. `df` is the number of groups that could be compared, those with expected events, less one. When no two
    /// groups were ever at risk together, `df` is 0, `chi2` 0 and `p` NaN.
    pub test: ChiSquareTest,
}

/// Compares the survival of groups (R's `survdiff`): observed and expected events, hypergeometric variance, summed over
/// `strata`. Near-tied times are merged first. Codes of groups and strata have to follow their values, not the order of
/// arrival, for bit-equal answers whatever the order of the rows.
///
/// Defined for right-censored follow-up without weights, as in R. Fewer than two groups are an error.
pub fn log_rank(
    follow_up: &FollowUp<'_>,
    groups: &[u32],
    strata: Option<&[u32]>,
    rho: Rho,
) -> Result<LogRank, SurvivalError> {
    let unsupported = |what| SurvivalError::Unsupported {
        function: "the log-rank test",
        what,
    };
    if follow_up.start.is_some() {
        return Err(unsupported("intervals (start, stop]"));
    }
    if follow_up.weights.is_some() {
        return Err(unsupported("weights"));
    }
    let rows = follow_up.rows();
    check_length("group", groups.len(), rows)?;
    if let Some(strata) = strata {
        check_length("strata", strata.len(), rows)?;
    }
    let mut codes = groups.to_vec();
    codes.sort_unstable();
    codes.dedup();
    if codes.len() < 2 {
        return Err(SurvivalError::OneGroup { found: codes.len() });
    }
    let place_of = |code: u32| codes.partition_point(|&other| other < code) as u32;
    let mut entries: Vec<(u32, u64, u32)> = (0..rows)
        .map(|row| {
            let stratum = strata.map_or(0, |strata| strata[row]);
            (
                stratum,
                time_key(follow_up.stop[row], follow_up.event[row]),
                place_of(groups[row]),
            )
        })
        .collect();
    entries.sort_unstable();
    let mut times: Vec<f64> = entries.iter().map(|entry| key_time(entry.1)).collect();
    if !times.is_sorted() {
        times.sort_unstable_by(f64::total_cmp);
    }
    let mut sums = Sums::new(&codes, rows)?;
    let distinct = distinct_times(times);
    for stratum in entries.chunk_by(|a, b| a.0 == b.0) {
        sums.add_stratum(stratum, &distinct, rho.0);
    }
    Ok(sums.finish())
}

struct Sums {
    groups: Vec<LogRankGroup>,
    /// Packed lower triangle.
    variance: Vec<f64>,
    at_risk: Vec<f64>,
    events: Vec<f64>,
}

impl Sums {
    fn new(codes: &[u32], rows: usize) -> Result<Self, SurvivalError> {
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
        })
    }

    /// `entries` are the stratum's rows by ascending time: (stratum, time key, group).
    fn add_stratum(&mut self, entries: &[(u32, u64, u32)], distinct: &[f64], rho: f64) {
        self.at_risk.fill(0.0);
        for &(_, _, group) in entries {
            self.at_risk[group as usize] += 1.0;
            self.groups[group as usize].n += 1;
        }
        let mut total = entries.len() as f64;
        let mut survival = 1.0_f64;
        let mut rest = entries;
        while let Some(&(_, first, _)) = rest.first() {
            let following = distinct
                .get(place(distinct, key_time(first)) + 1)
                .copied()
                .unwrap_or(f64::INFINITY);
            let leaving = rest.iter().take_while(|entry| key_time(entry.1) < following).count();
            let (now, later) = rest.split_at(leaving);
            rest = later;
            self.events.fill(0.0);
            let mut events = 0.0;
            for &(_, key, group) in now.iter().filter(|entry| key_event(entry.1)) {
                debug_assert!(key_event(key));
                self.events[group as usize] += 1.0;
                events += 1.0;
            }
            if events > 0.0 {
                let weight = if rho == 0.0 { 1.0 } else { survival.powf(rho) };
                self.add_time(weight, events, total);
                survival *= (total - events) / total;
            }
            for &(_, _, group) in now {
                self.at_risk[group as usize] -= 1.0;
            }
            total -= now.len() as f64;
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

    fn finish(self) -> LogRank {
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
