//! Concordance, Harrell's, Uno's and others, as R's `concordance()` defines them.

mod compare;
mod sweeps;
mod time_weights;

pub use compare::{ConcordanceComparison, ConcordanceDifference, compare_concordance};
pub use time_weights::TimeWeight;

pub(crate) use compare::scores_by_position;
pub(crate) use sweeps::{Ranks, Sweeps, stratum_starts};

use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_finite, check_length};
use crate::risk_sets::RiskSets;
use time_weights::time_weights;

/// How well a score orders the rows by their follow-up.
///
/// A pair is comparable when the earlier of its two times is an event and the other row was at risk then; a row censored
/// at an event's time counts as later. Counts are sums of products of weights when there are weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concordance {
    /// Rows.
    pub n: usize,
    /// (concordant + tied_x / 2) / (concordant + discordant + tied_x); NaN when no pair is comparable.
    pub c: f64,
    /// Standard error by the infinitesimal jackknife, R's `std`; NaN when no pair is comparable.
    pub se: f64,
    /// c - z se. As in R it is not cut off at 0.
    pub lower: f64,
    /// c + z se. As in R it is not cut off at 1.
    pub upper: f64,
    /// Comparable pairs in which the earlier event has the higher score.
    pub concordant: f64,
    /// Comparable pairs in which the earlier event has the lower score.
    pub discordant: f64,
    /// Comparable pairs with equal scores.
    pub tied_x: f64,
    /// Pairs of events at one time with different scores.
    pub tied_y: f64,
    /// Pairs of events at one time with equal scores.
    pub tied_xy: f64,
}

/// What [`concordance_with`] can be asked for. `ConcordanceOptions::default()` is Harrell's concordance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ConcordanceOptions {
    /// What each event's pairs count.
    pub time_weight: TimeWeight,
    /// Events after this time count for nothing, those at it count (R's `ymax`; the tau of Uno's concordance). Rows that
    /// outlast it still form pairs with earlier events. None: all events count.
    pub ymax: Option<f64>,
    /// Coverage of the confidence interval.
    pub level: ConfidenceLevel,
}

/// Harrell's concordance of a risk score: higher means an earlier event (R's `concordance(reverse = TRUE)`). With
/// `strata`, pairs are formed within strata and counted together. Near-tied times are merged first, as R does.
/// Scores count as tied when they are equal to the last bit.
///
/// All rows censored, one row, or all times tied: no comparable pair, so that `c`, `se` and the interval are NaN.
pub fn concordance(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    score: &[f64],
    level: ConfidenceLevel,
) -> Result<Concordance, SurvivalError> {
    let options = ConcordanceOptions {
        level,
        ..ConcordanceOptions::default()
    };
    concordance_with(follow_up, strata, score, &options)
}

/// Concordance of a risk score with a weight for each event's time (R's `concordance(reverse = TRUE, timewt =, ymax =)`),
/// otherwise as [`concordance`]. Counts of pairs are weighted too. The standard error takes the weights as known, as R does.
///
/// Uno's concordance is `TimeWeight::Uno` with tau as `ymax`. Weights that need the censoring's distribution are an error
/// for intervals (start, stop], and so is a `ymax` that is not finite. No event up to `ymax`: NaN.
pub fn concordance_with(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    score: &[f64],
    options: &ConcordanceOptions,
) -> Result<Concordance, SurvivalError> {
    check_length("score", score.len(), follow_up.rows())?;
    check_finite("score", score)?;
    let sets = RiskSets::new(follow_up, strata)?;
    let weights = time_weights(&sets, options)?;
    // Adding 0 turns -0 into 0, so that the two tie.
    let mut by_position: Vec<f64> = sets.order.iter().map(|&row| score[row as usize] + 0.0).collect();
    for run in &sets.alike {
        by_position[run.clone()].sort_unstable_by(f64::total_cmp);
    }
    Ok(Sweeps::default().weighted(&sets, &by_position, &weights, None, options.level))
}
