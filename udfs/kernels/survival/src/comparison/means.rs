//! Comparison of means: t tests and the one-way analysis of variance.

use super::{Moments, check_groups, sorted};
use crate::beta::{f_upper, t_two_sided};
use crate::error::SurvivalError;

/// What is assumed of the groups' variances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variances {
    /// Nothing: Welch's test.
    #[default]
    Unequal,
    /// They are equal: Student's t test, Fisher's analysis of variance.
    Equal,
}

/// A t test of two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// Difference of the means, first less second, in its standard errors.
    pub t: f64,
    /// Degrees of freedom; not whole with Welch's test.
    pub df: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Mean of the first group less that of the second.
    pub difference: f64,
}

/// An F test of two or more groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FTest {
    /// Variance between the groups over that within.
    pub f: f64,
    /// Degrees of freedom of the numerator.
    pub df1: f64,
    /// Degrees of freedom of the denominator; not whole with Welch's test.
    pub df2: f64,
    /// P-value.
    pub p: f64,
}

/// Compares two means (R's `t.test`, whose default is `Unequal`).
///
/// All numbers but the difference are NaN where there is no variance (or one beyond the range of numbers), or where a group has fewer than two values
/// (with `Equal`: fewer than one, or three together). NaN or infinite values are an error.
pub fn t_test(first: &[f64], second: &[f64], variances: Variances) -> Result<TTest, SurvivalError> {
    check_groups(&[first, second])?;
    let [a, b] = [first, second].map(|group| Moments::of_sorted(&sorted(group)));
    let difference = a.mean - b.mean;
    let (error, df) = match variances {
        Variances::Unequal => {
            let (va, vb) = (a.variance() / a.count, b.variance() / b.count);
            let error = va + vb;
            // As shares of the sum, whose squares stay in range.
            let (sa, sb) = (va / error, vb / error);
            (
                error.sqrt(),
                1.0 / (sa * sa / (a.count - 1.0) + sb * sb / (b.count - 1.0)),
            )
        }
        Variances::Equal => {
            let df = a.count + b.count - 2.0;
            let variance = if df > 0.0 {
                (a.squares + b.squares) / df
            } else {
                f64::NAN
            };
            ((variance * (1.0 / a.count + 1.0 / b.count)).sqrt(), df)
        }
    };
    let t = if error > 0.0 && error.is_finite() {
        difference / error
    } else {
        f64::NAN
    };
    let df = if t.is_nan() { f64::NAN } else { df };
    Ok(TTest {
        t,
        df,
        p: t_two_sided(t, df),
        difference,
    })
}

/// Compares the means of two or more groups (R's `oneway.test`, whose default is `Unequal`: Welch 1951). Of two groups it
/// is the t test, F being t squared. Groups without values are left out.
///
/// All numbers are NaN where there is no variance within the groups (with `Unequal`: in one of them), where fewer than two
/// groups have values, or where a group has fewer than two. NaN or infinite values are an error.
pub fn one_way(groups: &[&[f64]], variances: Variances) -> Result<FTest, SurvivalError> {
    check_groups(groups)?;
    let moments: Vec<Moments> = groups
        .iter()
        .filter(|group| !group.is_empty())
        .map(|group| Moments::of_sorted(&sorted(group)))
        .collect();
    let k = moments.len() as f64;
    let undefined = FTest {
        f: f64::NAN,
        df1: f64::NAN,
        df2: f64::NAN,
        p: f64::NAN,
    };
    if moments.len() < 2 || moments.iter().any(|group| group.count < 2.0) {
        return Ok(undefined);
    }
    let test = |f: f64, df2: f64| {
        if f.is_nan() || f.is_infinite() {
            return undefined;
        }
        FTest {
            f,
            df1: k - 1.0,
            df2,
            p: f_upper(f, k - 1.0, df2),
        }
    };
    Ok(match variances {
        Variances::Equal => {
            let n: f64 = moments.iter().map(|group| group.count).sum();
            let mean = moments.iter().map(|group| group.count / n * group.mean).sum::<f64>();
            let between: f64 = moments
                .iter()
                .map(|group| group.count * (group.mean - mean) * (group.mean - mean))
                .sum();
            let within: f64 = moments.iter().map(|group| group.squares).sum();
            test(between / (k - 1.0) / (within / (n - k)), n - k)
        }
        Variances::Unequal => {
            let weights: Vec<f64> = moments.iter().map(|group| group.count / group.variance()).collect();
            let total: f64 = weights.iter().sum();
            let pairs = || weights.iter().zip(&moments);
            let mean = pairs().map(|(weight, group)| weight / total * group.mean).sum::<f64>();
            let spread: f64 = pairs()
                .map(|(weight, group)| (1.0 - weight / total).powi(2) / (group.count - 1.0))
                .sum::<f64>()
                / (k * k - 1.0);
            let between: f64 = pairs()
                .map(|(weight, group)| weight * (group.mean - mean) * (group.mean - mean))
                .sum();
            test(
                between / ((k - 1.0) * (1.0 + 2.0 * (k - 2.0) * spread)),
                1.0 / (3.0 * spread),
            )
        }
    })
}
