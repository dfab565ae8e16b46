//! The log-rank test for a trend over ordered groups (Tarone 1975).

use super::LogRank;
use crate::cox::ChiSquareTest;
use crate::distributions::chi_square_upper;
use crate::error::SurvivalError;
use crate::follow_up::check_finite;

/// A test of whether the hazard rises or falls along scores given to the groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrendTest {
    /// Sum over groups of score times (observed less expected): above 0 when the hazard rises with the score.
    pub statistic: f64,
    /// Its variance.
    pub variance: f64,
    /// `statistic` squared by `variance`, with one degree of freedom; `df` 0, `chi2` 0 and `p` NaN when the groups that
    /// were ever at risk together have one score.
    pub test: ChiSquareTest,
}

impl LogRank {
    /// Tests for a trend: one score for each group, in the order of [`LogRank::groups`], such as 1, 2, 3 for grades. Only
    /// the differences between scores matter, and not their scale.
    ///
    /// Without ties in time this is the score test of the scores as a covariate of a Cox model.
    pub fn trend(&self, scores: &[f64]) -> Result<TrendTest, SurvivalError> {
        let count = self.groups.len();
        if scores.len() != count {
            return Err(SurvivalError::Scores {
                found: scores.len(),
                groups: count,
            });
        }
        check_finite("scores", scores)?;
        // Observed less expected add up to 0: centred scores lose fewer digits. Divided first, no mean overflows.
        let mean: f64 = scores.iter().map(|score| score / count as f64).sum();
        let centred: Vec<f64> = scores.iter().map(|score| score - mean).collect();
        let statistic = self
            .groups
            .iter()
            .zip(&centred)
            .map(|(group, score)| score * (group.observed - group.expected))
            .sum::<f64>();
        let mut variance = 0.0;
        let mut magnitude = 0.0;
        for (row, a) in self.variance.chunks_exact(count).zip(&centred) {
            for (element, b) in row.iter().zip(&centred) {
                variance += a * element * b;
                magnitude += (a * element * b).abs();
            }
        }
        // What is below the rounding of the sum is no variance.
        let compared = variance > 1e-12 * magnitude;
        let (chi2, df) = if compared {
            (statistic * statistic / variance, 1)
        } else {
            (0.0, 0)
        };
        Ok(TrendTest {
            statistic,
            variance: if compared { variance } else { 0.0 },
            test: ChiSquareTest {
                chi2,
                df,
                p: chi_square_upper(chi2, df),
            },
        })
    }
}
