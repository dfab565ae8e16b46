//! Several scores on the same rows.

use crate::concordance::time_weights::time_weights;
use crate::concordance::{Concordance, ConcordanceOptions, Sweeps};
use crate::cox::ChiSquareTest;
use crate::distributions::{chi_square_upper, normal_two_sided};
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_finite, check_length};
use crate::ldl::Ldl;
use crate::risk_sets::RiskSets;

/// The concordances of two scores, compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConcordanceDifference {
    /// Place of the first score among those given.
    pub first: usize,
    /// Place of the second score.
    pub second: usize,
    /// Concordance of the first less that of the second; NaN when no pair is comparable.
    pub difference: f64,
    /// Standard error of the difference, with the covariance of the two.
    pub se: f64,
    /// difference - z se.
    pub lower: f64,
    /// difference + z se.
    pub upper: f64,
    /// difference / se; NaN when `se` is 0, as for a score and itself.
    pub z: f64,
    /// Two-sided p-value of `z`.
    pub p: f64,
}

/// The concordances of several scores, and all comparisons of two.
#[derive(Debug, Clone, PartialEq)]
pub struct ConcordanceComparison {
    /// One for each score, in the order given.
    pub scores: Vec<Concordance>,
    /// Variance of the concordances, row by row: `scores.len()` squared numbers.
    pub variance: Vec<f64>,
    /// The first score with the second, the third and so on, then the second with the third, and so on.
    pub differences: Vec<ConcordanceDifference>,
    /// Wald test that all concordances are equal. `df` is the number of scores less one, or less when scores order the
    /// rows alike.
    pub test: ChiSquareTest,
}

/// Compares the concordances of scores on the same rows (R's `concordance(fit1, fit2)`, and
/// `concordance(.., influence = 1)` of each): variances and covariances are sums of products of the rows' influences, the
/// infinitesimal jackknife. Each score is looked at as by [`crate::concordance_with`].
pub fn compare_concordance(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    scores: &[&[f64]],
    options: &ConcordanceOptions,
) -> Result<ConcordanceComparison, SurvivalError> {
    let sets = RiskSets::new(follow_up, strata)?;
    let by_position = scores_by_position(&sets, scores)?;
    let weights = time_weights(&sets, options)?;
    let mut sweeps = Sweeps::default();
    let mut found = Vec::with_capacity(scores.len());
    let mut influences: Vec<Vec<f64>> = Vec::with_capacity(scores.len());
    for score in &by_position {
        let concordance = sweeps.weighted(&sets, score, &weights, None, options.level);
        influences.push(sweeps.influence(&sets, &concordance).collect());
        found.push(concordance);
    }
    let count = scores.len();
    let mut variance = vec![0.0; count * count];
    let mut differences = Vec::new();
    for first in 0..count {
        for second in first..count {
            let products = influences[first].iter().zip(&influences[second]).map(|(a, b)| a * b);
            let covariance: f64 = products.sum();
            variance[first * count + second] = covariance;
            variance[second * count + first] = covariance;
        }
        for second in first + 1..count {
            let squares = influences[first]
                .iter()
                .zip(&influences[second])
                .map(|(a, b)| (a - b) * (a - b));
            let se = squares.sum::<f64>().sqrt();
            let difference = found[first].c - found[second].c;
            let z = difference / se;
            differences.push(ConcordanceDifference {
                first,
                second,
                difference,
                se,
                lower: difference - options.level.z() * se,
                upper: difference + options.level.z() * se,
                z,
                p: normal_two_sided(z),
            });
        }
    }
    Ok(ConcordanceComparison {
        test: all_equal(&found, &influences),
        scores: found,
        variance,
        differences,
    })
}

/// Each score by the sets' positions. Rows that are alike in all but the scores are ordered by these.
pub(crate) fn scores_by_position(sets: &RiskSets, scores: &[&[f64]]) -> Result<Vec<Vec<f64>>, SurvivalError> {
    for score in scores {
        check_length("score", score.len(), sets.rows())?;
        check_finite("score", score)?;
    }
    let mut order = sets.order.clone();
    for run in &sets.alike {
        order[run.clone()].sort_unstable_by(|&a, &b| {
            let compare = |score: &&[f64]| (score[a as usize] + 0.0).total_cmp(&(score[b as usize] + 0.0));
            scores
                .iter()
                .map(compare)
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        });
    }
    // Adding 0 turns -0 into 0, so that the two tie.
    Ok(scores
        .iter()
        .map(|score| order.iter().map(|&row| score[row as usize] + 0.0).collect())
        .collect())
}

fn all_equal(found: &[Concordance], influences: &[Vec<f64>]) -> ChiSquareTest {
    let Some((first, others)) = influences.split_first() else {
        return ChiSquareTest {
            chi2: f64::NAN,
            df: 0,
            p: f64::NAN,
        };
    };
    // Differences to the first score, and their variance.
    let differences: Vec<f64> = found.iter().skip(1).map(|other| other.c - found[0].c).collect();
    let mut matrix = Vec::new();
    for (row, a) in others.iter().enumerate() {
        for b in &others[..=row] {
            let products = a
                .iter()
                .zip(b)
                .zip(first)
                .map(|((a, b), first)| (a - first) * (b - first));
            matrix.push(products.sum::<f64>());
        }
    }
    let reference: Vec<f64> = (0..others.len())
        .map(|row| matrix[crate::ldl::packed(row, row)])
        .collect();
    let mut ldl = Ldl::default();
    ldl.decompose(&matrix, &reference, 1e-12);
    let mut solution = differences.clone();
    ldl.solve(&mut solution);
    let chi2: f64 = solution.iter().zip(&differences).map(|(a, b)| a * b).sum();
    let df = ldl.rank();
    ChiSquareTest {
        chi2,
        df,
        p: chi_square_upper(chi2, df),
    }
}
