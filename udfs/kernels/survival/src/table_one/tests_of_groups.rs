//! Which test compares the groups.

use crate::comparison::{
    ContingencyTable, FisherLimit, Variances, chi_square_test, fisher_exact, kruskal_wallis, one_way, rank_sum, t_test,
};
use crate::error::SurvivalError;

/// Smallest expected count with which the chi-square test is trusted (Cochran 1954).
const LEAST_EXPECTED: f64 = 5.0;

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ContinuousTest {
    /// By ranks: Wilcoxon's rank-sum test of two groups, Kruskal and Wallis' of more. gtsummary's default.
    #[default]
    Ranks,
    /// By means: the t test of two groups, the one-way analysis of variance of more. tableone's default, which is
    /// [`Variances::Equal`].
    Means(Variances),
}

/// How levels are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CategoricalTest {
    /// The chi-square test without correction, or Fisher's exact test where a count below 5 is expected. gtsummary's
    /// default.
    #[default]
    Automatic,
    /// The chi-square test without correction.
    ChiSquare,
    /// The chi-square test, of two by two tables with Yates' correction. tableone's default.
    ChiSquareContinuity,
    /// Fisher's exact test.
    Fisher,
}

/// A test that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestKind {
    /// Wilcoxon's rank-sum test, exact.
    WilcoxonExact,
    /// Wilcoxon's rank-sum test, by the normal distribution with corrections for ties and continuity.
    Wilcoxon,
    /// Kruskal and Wallis' test.
    KruskalWallis,
    /// Welch's t test.
    WelchT,
    /// Student's t test.
    StudentT,
    /// Welch's analysis of variance.
    WelchAnova,
    /// Fisher's analysis of variance.
    Anova,
    /// Pearson's chi-square test without correction.
    ChiSquare,
    /// Pearson's chi-square test with Yates' correction.
    ChiSquareContinuity,
    /// Fisher's exact test.
    FisherExact,
}

impl TestKind {
    /// The name to print.
    pub fn name(self) -> &'static str {
        match self {
            Self::WilcoxonExact => "Wilcoxon rank sum exact test",
            Self::Wilcoxon => "Wilcoxon rank sum test",
            Self::KruskalWallis => "Kruskal-Wallis rank sum test",
            Self::WelchT => "Welch two sample t-test",
            Self::StudentT => "Two sample t-test",
            Self::WelchAnova => "Welch one-way ANOVA",
            Self::Anova => "One-way ANOVA",
            Self::ChiSquare => "Pearson's chi-squared test",
            Self::ChiSquareContinuity => "Pearson's chi-squared test with continuity correction",
            Self::FisherExact => "Fisher's exact test",
        }
    }
}

/// A test of whether groups differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupTest {
    /// Which test.
    pub kind: TestKind,
    /// Its statistic: W, t, F or chi-square. NaN for Fisher's exact test, which has none.
    pub statistic: f64,
    /// Its p-value; NaN where nothing can be compared.
    pub p: f64,
}

impl ContinuousTest {
    /// `groups` are two or more, without missing values.
    pub(super) fn test(self, groups: &[&[f64]]) -> Result<GroupTest, SurvivalError> {
        Ok(match (self, groups) {
            (Self::Ranks, &[first, second]) => {
                let test = rank_sum(first, second)?;
                GroupTest {
                    kind: if test.exact {
                        TestKind::WilcoxonExact
                    } else {
                        TestKind::Wilcoxon
                    },
                    statistic: test.w,
                    p: test.p,
                }
            }
            (Self::Ranks, groups) => {
                let test = kruskal_wallis(groups)?;
                GroupTest {
                    kind: TestKind::KruskalWallis,
                    statistic: test.chi2,
                    p: test.p,
                }
            }
            (Self::Means(variances), &[first, second]) => {
                let test = t_test(first, second, variances)?;
                GroupTest {
                    kind: match variances {
                        Variances::Unequal => TestKind::WelchT,
                        Variances::Equal => TestKind::StudentT,
                    },
                    statistic: test.t,
                    p: test.p,
                }
            }
            (Self::Means(variances), groups) => {
                let test = one_way(groups, variances)?;
                GroupTest {
                    kind: match variances {
                        Variances::Unequal => TestKind::WelchAnova,
                        Variances::Equal => TestKind::Anova,
                    },
                    statistic: test.f,
                    p: test.p,
                }
            }
        })
    }
}

impl CategoricalTest {
    /// `groups` are two or more: for each the counts of the levels.
    pub(super) fn test(self, groups: &[&[u64]], limit: FisherLimit) -> Result<GroupTest, SurvivalError> {
        let levels = groups.first().map_or(0, |group| group.len());
        let counts: Vec<u64> = (0..levels)
            .flat_map(|level| groups.iter().map(move |group| group.get(level).copied().unwrap_or(0)))
            .collect();
        let table = ContingencyTable::new(&counts, groups.len())?;
        let exact = match self {
            Self::Automatic => table.smallest_expected() < LEAST_EXPECTED,
            Self::Fisher => true,
            Self::ChiSquare | Self::ChiSquareContinuity => false,
        };
        if exact && let Some(p) = fisher_exact(&table, limit) {
            return Ok(GroupTest {
                kind: TestKind::FisherExact,
                statistic: f64::NAN,
                p,
            });
        }
        let continuity = self == Self::ChiSquareContinuity && table.size() == (2, 2);
        let test = chi_square_test(&table, continuity);
        Ok(GroupTest {
            kind: if continuity {
                TestKind::ChiSquareContinuity
            } else {
                TestKind::ChiSquare
            },
            statistic: test.chi2,
            p: test.p,
        })
    }
}
