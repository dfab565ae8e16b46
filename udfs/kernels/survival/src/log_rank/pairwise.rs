//! Log-rank tests of each pair of groups.

use super::{LogRankWeight, log_rank};
use crate::adjust::{Adjustment, adjust_p_values};
use crate::codes::Codes;
use crate::cox::ChiSquareTest;
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};

/// The log-rank test of two groups among several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairwiseLogRank {
    /// Code of the first group, the lower one.
    pub first: u32,
    /// Code of the second group.
    pub second: u32,
    /// The test of the rows of these two alone.
    pub test: ChiSquareTest,
    /// Its p-value adjusted for the number of pairs; NaN where two groups were never at risk together.
    pub p_adjusted: f64,
}

/// Compares each pair of groups by [`log_rank`] on their rows alone, the p-values adjusted for the number of pairs
/// (R's `pairwise_survdiff` of survminer): (1, 2), (1, 3), ..., (2, 3), ... by ascending code. Without an `adjustment` the
/// p-values stay as they are. Errors are those of [`log_rank`].
pub fn pairwise_log_rank(
    follow_up: &FollowUp<'_>,
    groups: &[u32],
    strata: Option<&[u32]>,
    weight: impl Into<LogRankWeight>,
    adjustment: Option<Adjustment>,
) -> Result<Vec<PairwiseLogRank>, SurvivalError> {
    let weight = weight.into();
    let rows = follow_up.rows();
    check_length("group", groups.len(), rows)?;
    if let Some(strata) = strata {
        check_length("strata", strata.len(), rows)?;
    }
    let codes = Codes::new(groups);
    let count = codes.distinct.len();
    if count < 2 {
        return Err(SurvivalError::OneGroup { found: count });
    }
    let mut members = vec![Vec::new(); count];
    for (row, &group) in codes.of_row.iter().enumerate() {
        members[group as usize].push(row);
    }
    let mut pairs = Vec::new();
    let too_large = SurvivalError::TooLarge {
        rows,
        covariates: count,
    };
    let size = count.checked_mul(count - 1).ok_or_else(|| too_large.clone())? / 2;
    pairs.try_reserve(size).map_err(|_| too_large)?;
    for (a, first) in members.iter().enumerate() {
        for (second, &code) in members.iter().zip(&codes.distinct).skip(a + 1) {
            let rows: Vec<usize> = first.iter().chain(second).copied().collect();
            let stop: Vec<f64> = rows.iter().map(|&row| follow_up.stop[row]).collect();
            let event: Vec<bool> = rows.iter().map(|&row| follow_up.event[row]).collect();
            let own: Vec<u32> = rows.iter().map(|&row| groups[row]).collect();
            let strata: Option<Vec<u32>> = strata.map(|strata| rows.iter().map(|&row| strata[row]).collect());
            // Weights and intervals are kept, for the test to refuse.
            let pick = |values: Option<&[f64]>| values.map(|values| rows.iter().map(|&row| values[row]).collect());
            let (start, weights): (Option<Vec<f64>>, Option<Vec<f64>>) =
                (pick(follow_up.start), pick(follow_up.weights));
            let pair = FollowUp {
                start: start.as_deref(),
                stop: &stop,
                event: &event,
                weights: weights.as_deref(),
            };
            pairs.push(PairwiseLogRank {
                first: codes.distinct[a],
                second: code,
                test: log_rank(&pair, &own, strata.as_deref(), weight)?.test,
                p_adjusted: f64::NAN,
            });
        }
    }
    let p_values: Vec<f64> = pairs.iter().map(|pair| pair.test.p).collect();
    let adjusted = match adjustment {
        Some(method) => adjust_p_values(&p_values, method),
        None => p_values,
    };
    for (pair, p) in pairs.iter_mut().zip(adjusted) {
        pair.p_adjusted = p;
    }
    Ok(pairs)
}
