//! Removal of columns that hardly vary.

use super::correlation::centre;
use crate::error::SurvivalError;
use crate::rows::check_not_infinite;

/// When a column varies too little to be kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceRule(Rule);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Variance(f64),
    CoefficientOfVariation(f64),
    NearZero { most_frequent: f64, unique: f64 },
}

impl VarianceRule {
    /// The sample variance (over n - 1) is at most `threshold`, 0 or more. (scikit-learn's `VarianceThreshold` has the same
    /// rule on the population's variance, over n.)
    pub fn variance(threshold: f64) -> Result<Self, SurvivalError> {
        at_least_0("threshold", threshold).map(|threshold| Self(Rule::Variance(threshold)))
    }

    /// The standard deviation divided by the absolute value of the mean is at most `threshold`, 0 or more. Of a mean of 0
    /// it is infinite, unless the column is constant.
    pub fn coefficient_of_variation(threshold: f64) -> Result<Self, SurvivalError> {
        at_least_0("threshold", threshold).map(|threshold| Self(Rule::CoefficientOfVariation(threshold)))
    }

    /// caret's `nearZeroVar`: the most frequent value occurs more than `most_frequent` times as often as the second, and
    /// at most `unique` percent of the values are distinct; or there is one value only. caret's defaults are 19 (95/5)
    /// and 10.
    pub fn near_zero(most_frequent: f64, unique: f64) -> Result<Self, SurvivalError> {
        let most_frequent = at_least_0("freq_cut", most_frequent)?;
        let unique = at_least_0("unique_cut", unique)?;
        Ok(Self(Rule::NearZero { most_frequent, unique }))
    }
}

impl Default for VarianceRule {
    /// A variance of 0: constant columns go.
    fn default() -> Self {
        Self(Rule::Variance(0.0))
    }
}

fn at_least_0(parameter: &'static str, value: f64) -> Result<f64, SurvivalError> {
    if value >= 0.0 {
        return Ok(value);
    }
    Err(SurvivalError::Parameter {
        parameter,
        value,
        expected: "0 or more",
    })
}

/// How much a column varies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnSpread {
    /// Whether the column stays.
    pub kept: bool,
    /// Values that are not NaN.
    pub values: usize,
    /// Sample variance. NaN with fewer than two values.
    pub variance: f64,
    /// Standard deviation divided by the absolute value of the mean.
    pub coefficient_of_variation: f64,
    /// How often the most frequent value occurs, divided by how often the second does (caret's `freqRatio`): 0 when there
    /// are fewer than two distinct values.
    pub frequency_ratio: f64,
    /// Distinct values in percent of all rows, those with NaN included (caret's `percentUnique`).
    pub percent_unique: f64,
}

/// Measures how much each column varies, and keeps those that vary more than `rule` asks for. NaN is a missing value.
/// A column with fewer than two values, or one distinct value, has no variance and is never kept.
///
/// An infinite value is an error.
pub fn variance_filter(columns: &[&[f64]], rule: VarianceRule) -> Result<Vec<ColumnSpread>, SurvivalError> {
    let mut values = Vec::new();
    let mut spreads = Vec::with_capacity(columns.len());
    for (place, column) in columns.iter().enumerate() {
        check_not_infinite(&format!("column {place}"), column)?;
        values.clear();
        values.extend(column.iter().filter(|value| !value.is_nan()).map(|value| value + 0.0));
        values.sort_unstable_by(f64::total_cmp);
        spreads.push(spread(&mut values, column.len(), rule.0));
    }
    Ok(spreads)
}

/// `values` are ascending, and are used up.
fn spread(values: &mut [f64], rows: usize, rule: Rule) -> ColumnSpread {
    let (mut first, mut second, mut distinct) = (0, 0, 0);
    for equal in values.chunk_by(|a, b| a == b) {
        distinct += 1;
        if equal.len() > first {
            (first, second) = (equal.len(), first);
        } else {
            second = second.max(equal.len());
        }
    }
    let count = values.len();
    let sum: f64 = values.iter().sum();
    let mean = if sum.is_finite() {
        sum / count as f64
    } else {
        values.iter().map(|value| value / count as f64).sum()
    };
    let variance = if count < 2 { f64::NAN } else { centre(values) };
    let coefficient = if variance == 0.0 {
        0.0
    } else {
        variance.sqrt() / mean.abs()
    };
    let frequency_ratio = if distinct < 2 {
        0.0
    } else {
        first as f64 / second as f64
    };
    let percent_unique = 100.0 * distinct as f64 / rows as f64;
    let varies = match rule {
        Rule::Variance(threshold) => variance > threshold,
        Rule::CoefficientOfVariation(threshold) => coefficient > threshold,
        Rule::NearZero { most_frequent, unique } => !(frequency_ratio > most_frequent && percent_unique <= unique),
    };
    ColumnSpread {
        kept: varies && distinct > 1,
        values: count,
        variance,
        coefficient_of_variation: coefficient,
        frequency_ratio,
        percent_unique,
    }
}
