//! What stands in a cell of a baseline table.

use crate::comparison::{Moments, sorted};
use crate::sample::quantile_of_sorted;

/// A cell of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TableOneCell {
    /// Of a variable of numbers.
    Numbers(NumericSummary),
    /// Of one level.
    Level(LevelCount),
}

/// Description of some numbers. All but the counts are NaN where there are none; `sd` also of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericSummary {
    /// Values present.
    pub n: usize,
    /// Values missing.
    pub missing: usize,
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation.
    pub sd: f64,
    /// Median.
    pub median: f64,
    /// Lower quartile (R's type 7, as all quantiles here).
    pub q1: f64,
    /// Upper quartile.
    pub q3: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl NumericSummary {
    /// Of the values present among `rows` rows.
    pub(super) fn new(values: &[f64], rows: usize) -> Self {
        let values = sorted(values);
        let moments = Moments::of_sorted(&values);
        let quantile = |probability| quantile_of_sorted(&values, probability);
        Self {
            n: values.len(),
            missing: rows - values.len(),
            mean: moments.mean,
            sd: moments.variance().sqrt(),
            median: quantile(0.5),
            q1: quantile(0.25),
            q3: quantile(0.75),
            min: quantile(0.0),
            max: quantile(1.0),
        }
    }
}

/// How often a level occurs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelCount {
    /// Values present, of any level.
    pub n: usize,
    /// Values missing.
    pub missing: usize,
    /// Values of this level.
    pub count: usize,
    /// `count` in percent of `n`; NaN when `n` is 0.
    pub percent: f64,
}

impl LevelCount {
    /// Of the level at a place among the counts of all levels, in `rows` rows.
    pub(super) fn new(counts: &[u64], level: usize, rows: usize) -> Self {
        let n = counts.iter().sum::<u64>() as usize;
        let count = counts.get(level).copied().unwrap_or(0) as usize;
        Self {
            n,
            missing: rows - n,
            count,
            percent: 100.0 * count as f64 / n as f64,
        }
    }
}
