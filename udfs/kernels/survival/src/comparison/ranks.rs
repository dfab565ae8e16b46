//! Comparison of ranks: Wilcoxon's and Kruskal and Wallis' tests.

use super::check_groups;
use crate::cox::ChiSquareTest;
use crate::distributions::{chi_square_upper, normal_two_sided};
use crate::error::SurvivalError;
use crate::ranks::average_ranks;

/// Wilcoxon's rank-sum test (Mann and Whitney's U test).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankSum {
    /// R's W: pairs of a value of the first group and one of the second in which the first is larger, ties counting half.
    pub w: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Whether `p` is exact, or from the normal distribution with correction for ties and continuity.
    pub exact: bool,
}

/// Groups of this many values or more are not compared exactly, as in R.
const FEW: usize = 50;

/// Compares two groups (R's `wilcox.test`): exact when both have fewer than 50 values and none are tied, else by the normal
/// approximation with R's corrections for ties and continuity. NaN when a group has no values, or all values are equal.
///
/// NaN or infinite values are an error.
pub fn rank_sum(first: &[f64], second: &[f64]) -> Result<RankSum, SurvivalError> {
    check_groups(&[first, second])?;
    let (m, n) = (first.len() as f64, second.len() as f64);
    if first.is_empty() || second.is_empty() {
        return Ok(RankSum {
            w: f64::NAN,
            p: f64::NAN,
            exact: false,
        });
    }
    let mut ranks = [first, second].concat();
    let ties = average_ranks(&mut ranks);
    // Ranks are halves of whole numbers: their sum is exact.
    let w = ranks[..first.len()].iter().sum::<f64>() - m * (m + 1.0) / 2.0;
    if ties == 0.0 && first.len() < FEW && second.len() < FEW {
        return Ok(RankSum {
            w,
            p: exact_p(w, first.len(), second.len()),
            exact: true,
        });
    }
    let total = m + n;
    let sigma = (m * n / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)))).sqrt();
    let distance = w - m * n / 2.0;
    let correction = if distance == 0.0 {
        0.0
    } else {
        0.5_f64.copysign(distance)
    };
    let p = if sigma > 0.0 {
        normal_two_sided((distance - correction) / sigma)
    } else {
        f64::NAN
    };
    Ok(RankSum { w, p, exact: false })
}

/// Twice the smaller tail of the distribution of W, from the number of orders of the two groups that give each value: the
/// coefficients of the Gaussian binomial. These are below 10^29, so that the sums are exact.
fn exact_p(w: f64, m: usize, n: usize) -> f64 {
    let pairs = m * n;
    let w = w as usize;
    // The distribution is symmetric.
    let tail = w.min(pairs - w.min(pairs));
    let mut counts = vec![0_i128; pairs / 2 + 1];
    counts[0] = 1;
    // Times (1 - q^(n + i)) / (1 - q^i), cut off at half the pairs.
    for i in 1..=m {
        for power in (n + i..counts.len()).rev() {
            counts[power] -= counts[power - n - i];
        }
        for power in i..counts.len() {
            counts[power] += counts[power - i];
        }
    }
    let orders = (1..=m).fold(1_i128, |orders, i| orders * (n + i) as i128 / i as i128);
    let below: i128 = counts.iter().take(tail + 1).sum();
    (2.0 * (below as f64 / orders as f64)).min(1.0)
}

/// Compares two or more groups (R's `kruskal.test`), with correction for ties. Groups without values are left out. With
/// fewer than two groups, or when all values are equal, all numbers are NaN, and the degrees of freedom 0.
///
/// NaN or infinite values are an error.
pub fn kruskal_wallis(groups: &[&[f64]]) -> Result<ChiSquareTest, SurvivalError> {
    check_groups(groups)?;
    let groups: Vec<&[f64]> = groups.iter().filter(|group| !group.is_empty()).copied().collect();
    let mut ranks = groups.concat();
    let ties = average_ranks(&mut ranks);
    let n = ranks.len() as f64;
    let untied = 1.0 - ties / (n * n * n - n);
    if groups.len() < 2 || untied.is_nan() || untied <= 0.0 {
        return Ok(ChiSquareTest {
            chi2: f64::NAN,
            df: 0,
            p: f64::NAN,
        });
    }
    let mut rest = ranks.as_slice();
    let mut between = 0.0;
    for group in &groups {
        let (own, others) = rest.split_at(group.len());
        rest = others;
        // Ranks are centred before they are squared, which loses less than R's difference of large sums.
        let count = group.len() as f64;
        let centred = own.iter().sum::<f64>() - count * (n + 1.0) / 2.0;
        between += centred * centred / count;
    }
    let chi2 = 12.0 * between / (n * (n + 1.0)) / untied;
    let df = groups.len() - 1;
    Ok(ChiSquareTest {
        chi2,
        df,
        p: chi_square_upper(chi2, df),
    })
}
