//! Where to cut a marker into groups of different survival.

mod maximal;
mod permutation;

use crate::cox::ChiSquareTest;
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_finite, check_length};
use crate::log_rank::{Rho, log_rank};
use crate::sample::quantile_of_sorted;

use maximal::{Candidates, MaximalStatistic, log_rank_scores, whole_scores};

/// The smallest fraction of the rows on either side of a cutpoint, above 0 and below 0.5; 0.1 by default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinProportion(f64);

impl MinProportion {
    /// A fraction such as 0.1.
    pub fn new(fraction: f64) -> Result<Self, SurvivalError> {
        if fraction > 0.0 && fraction < 0.5 {
            return Ok(Self(fraction));
        }
        Err(SurvivalError::Parameter {
            parameter: "min_proportion",
            value: fraction,
            expected: "a number above 0 and below 0.5, such as 0.1",
        })
    }
}

impl Default for MinProportion {
    fn default() -> Self {
        Self(0.1)
    }
}

/// How the p-value of the best cutpoint allows for the others having been tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CutpointCorrection {
    /// Lausen and Schumacher (1992): asymptotic, by the range of proportions alone. Conservative for a coarse marker.
    #[default]
    Lausen1992,
    /// Lausen, Sauerbrei and Schumacher (1994): an improved Bonferroni inequality over the cutpoints that exist. Good for
    /// small statistics only in that it is cut off at 1.
    Lausen1994,
    /// Hothorn and Lausen (2003): a lower bound of the exact permutation distribution. The log-rank scores are first
    /// rounded to whole numbers, from which statistic and cutpoint are taken too, as in maxstat. Memory and time grow with
    /// the third and fourth power of the rows: above some 200 the p-value is NaN.
    HothornLausen,
}

/// A number of groups of equal size, 2 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantileGroups(u32);

impl QuantileGroups {
    /// 2 for the median, 3 for tertiles, 4 for quartiles.
    pub fn new(groups: u32) -> Result<Self, SurvivalError> {
        if (2..=100).contains(&groups) {
            return Ok(Self(groups));
        }
        Err(SurvivalError::Parameter {
            parameter: "groups",
            value: f64::from(groups),
            expected: "a number from 2 to 100",
        })
    }
}

/// How cutpoints are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum CutpointRule {
    /// The marker's median.
    Median,
    /// The marker's tertiles: two cutpoints.
    Tertiles,
    /// Quantiles that make this many groups.
    Quantiles(QuantileGroups),
    /// The cutpoint with the largest standardised log-rank statistic (R's `maxstat.test(smethod = "LogRank")`,
    /// survminer's `surv_cutpoint`).
    MaximallySelected {
        /// The smallest fraction of rows on either side.
        min_proportion: MinProportion,
        /// Correction of the p-value.
        correction: CutpointCorrection,
    },
}

/// A group that the cutpoints make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CutpointGroup {
    /// Its rows.
    pub n: usize,
    /// Its events.
    pub events: usize,
}

/// The answer of [`optimal_cutpoint`].
#[derive(Debug, Clone, PartialEq)]
pub struct OptimalCutpoint {
    /// Ascending cutpoints: equal quantiles are one. Empty when the rule allows none.
    pub cutpoints: Vec<f64>,
    /// The groups by ascending marker, one more than cutpoints. A value equal to a cutpoint is below it.
    pub groups: Vec<CutpointGroup>,
    /// Maximally selected: the largest standardised statistic M. Other rules: the log-rank chi-square of the groups.
    pub statistic: f64,
    /// The log-rank test of the groups, which knows nothing of how the cutpoints were chosen.
    pub log_rank: ChiSquareTest,
    /// The p-value to report: corrected for the choice among cutpoints where there was one, else that of `log_rank`.
    pub p_corrected: f64,
}

/// Cuts `marker`, a value a row of `follow_up`, into groups.
///
/// Quantiles are R's type 7. The maximally selected statistic uses maxstat's log-rank scores, in which an event at time t
/// counts against 1 + the rows observed after t: with tied times it is not quite the log-rank test's. Near-tied times are
/// merged first. Of equal maxima the smallest cutpoint is taken. O(n log n).
///
/// When there is no cutpoint (one marker value, none within the proportions, no events), `cutpoints` is empty, there is one
/// group, and all numbers are NaN. When one group only has rows, `log_rank` has 0 degrees of freedom and p NaN.
///
/// Errors: intervals or weights (as for the log-rank test), a marker of another length, NaN or infinite.
pub fn optimal_cutpoint(
    follow_up: &FollowUp<'_>,
    marker: &[f64],
    rule: CutpointRule,
) -> Result<OptimalCutpoint, SurvivalError> {
    let unsupported = |what| SurvivalError::Unsupported {
        function: "optimal_cutpoint",
        what,
    };
    if follow_up.start.is_some() {
        return Err(unsupported("intervals (start, stop]"));
    }
    if follow_up.weights.is_some() {
        return Err(unsupported("weights"));
    }
    check_length("marker", marker.len(), follow_up.rows())?;
    check_finite("marker", marker)?;
    match rule {
        CutpointRule::Median => by_quantiles(follow_up, marker, 2),
        CutpointRule::Tertiles => by_quantiles(follow_up, marker, 3),
        CutpointRule::Quantiles(QuantileGroups(groups)) => by_quantiles(follow_up, marker, groups),
        CutpointRule::MaximallySelected {
            min_proportion,
            correction,
        } => maximally_selected(follow_up, marker, min_proportion, correction),
    }
}

fn by_quantiles(follow_up: &FollowUp<'_>, marker: &[f64], groups: u32) -> Result<OptimalCutpoint, SurvivalError> {
    let mut sorted: Vec<f64> = marker.iter().map(|value| value + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let constant = sorted.first() == sorted.last();
    let mut cutpoints: Vec<f64> = if constant {
        Vec::new()
    } else {
        (1..groups)
            .map(|group| quantile_of_sorted(&sorted, f64::from(group) / f64::from(groups)))
            .collect()
    };
    cutpoints.dedup();
    let mut answer = cut(follow_up, marker, cutpoints)?;
    answer.statistic = answer.log_rank.chi2;
    answer.p_corrected = answer.log_rank.p;
    Ok(answer)
}

fn maximally_selected(
    follow_up: &FollowUp<'_>,
    marker: &[f64],
    MinProportion(min_proportion): MinProportion,
    correction: CutpointCorrection,
) -> Result<OptimalCutpoint, SurvivalError> {
    let mut scores = log_rank_scores(follow_up);
    if correction == CutpointCorrection::HothornLausen {
        whole_scores(&mut scores);
    }
    let candidates = Candidates::new(marker, &scores, min_proportion);
    let Some(MaximalStatistic { statistic, cutpoint }) = candidates.largest() else {
        return cut(follow_up, marker, Vec::new());
    };
    let mut answer = cut(follow_up, marker, vec![cutpoint])?;
    answer.statistic = statistic;
    answer.p_corrected = match correction {
        CutpointCorrection::Lausen1992 => maximal::lausen_1992(statistic, min_proportion),
        CutpointCorrection::Lausen1994 => maximal::lausen_1994(statistic, &candidates),
        CutpointCorrection::HothornLausen => permutation::hothorn_lausen(statistic, &candidates),
    };
    Ok(answer)
}

/// The groups that cutpoints make, and their log-rank test; other numbers NaN.
fn cut(follow_up: &FollowUp<'_>, marker: &[f64], cutpoints: Vec<f64>) -> Result<OptimalCutpoint, SurvivalError> {
    let codes: Vec<u32> = marker
        .iter()
        .map(|value| cutpoints.partition_point(|cutpoint| cutpoint < value) as u32)
        .collect();
    let mut groups = vec![CutpointGroup::default(); cutpoints.len() + 1];
    for (&code, &event) in codes.iter().zip(follow_up.event) {
        groups[code as usize].n += 1;
        groups[code as usize].events += usize::from(event);
    }
    let test = if groups.iter().filter(|group| group.n > 0).count() > 1 {
        log_rank(follow_up, &codes, None, Rho::default())?.test
    } else {
        ChiSquareTest {
            chi2: f64::NAN,
            df: 0,
            p: f64::NAN,
        }
    };
    Ok(OptimalCutpoint {
        cutpoints,
        groups,
        statistic: f64::NAN,
        log_rank: test,
        p_corrected: f64::NAN,
    })
}
