//! The log-rank test and its weighted relatives, as R's `survdiff` defines them: all groups at once, for a trend over
//! ordered groups, and pair by pair.

mod pairwise;
mod sums;
mod trend;
mod weight;

pub use pairwise::{PairwiseLogRank, pairwise_log_rank};
pub use trend::TrendTest;
pub use weight::{LogRankWeight, Rho};

use crate::codes::Codes;
use crate::cox::ChiSquareTest;
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};
use crate::time_order::{by_time, distinct_of};
use sums::Sums;

/// One group of a log-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRankGroup {
    /// The group's code.
    pub group: u32,
    /// Its rows.
    pub n: usize,
    /// Its events, each with the weight that the test gives its time, summed over the strata.
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
/// `strata`. `weight` is a [`Rho`], as R has it, or any other [`LogRankWeight`]. Near-tied times are merged first. Codes
/// of groups and strata have to follow their values, not the order of arrival, for bit-equal answers whatever the order
/// of the rows.
///
/// Defined for right-censored follow-up without weights, as in R. Fewer than two groups are an error.
pub fn log_rank(
    follow_up: &FollowUp<'_>,
    groups: &[u32],
    strata: Option<&[u32]>,
    weight: impl Into<LogRankWeight>,
) -> Result<LogRank, SurvivalError> {
    let weight = weight.into();
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
    let groups = Codes::new(groups);
    if groups.distinct.len() < 2 {
        return Err(SurvivalError::OneGroup {
            found: groups.distinct.len(),
        });
    }
    let leavers = by_time(follow_up, strata.map(|strata| ("strata", strata)), Some(&groups.of_row))?;
    let distinct = distinct_of(follow_up, &leavers);
    let mut sums = Sums::new(&groups.distinct, rows)?;
    for stratum in leavers.chunk_by(|a, b| a.part == b.part) {
        sums.add_stratum(stratum, &distinct, weight);
    }
    Ok(sums.finish())
}
