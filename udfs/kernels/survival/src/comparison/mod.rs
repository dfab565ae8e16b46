//! Tests of whether groups differ in a variable, as a baseline table needs them.

mod contingency;
mod fisher;
mod means;
mod ranks;
mod smd;

pub use contingency::{ContingencyTable, chi_square_test};
pub use fisher::{FisherLimit, fisher_exact};
pub use means::{FTest, TTest, Variances, one_way, t_test};
pub use ranks::{RankSum, kruskal_wallis, rank_sum};
pub use smd::{standardized_difference_of_counts, standardized_difference_of_means};

use crate::error::SurvivalError;
use crate::follow_up::check_finite;

/// Checks that all values are numbers. A missing value is the caller's to leave out.
fn check_groups(groups: &[&[f64]]) -> Result<(), SurvivalError> {
    let mut groups = groups.iter().enumerate();
    groups.try_for_each(|(place, group)| check_finite(&format!("group {place}"), group))
}

/// The values in ascending order, so that sums over them do not depend on the order they came in.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Number, mean and sum of squared deviations of some numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    squares: f64,
}

impl Moments {
    /// Of numbers in ascending order. The mean of none is NaN.
    pub(crate) fn of_sorted(values: &[f64]) -> Self {
        let count = values.len() as f64;
        if let [first, .., last] = values
            && first == last
        {
            return Self {
                count,
                mean: *first,
                squares: 0.0,
            };
        }
        let sum: f64 = values.iter().sum();
        let rough = if sum.is_finite() {
            sum / count
        } else {
            values.iter().map(|value| value / count).sum()
        };
        // What rounding of the sum has left.
        let mean = rough + values.iter().map(|value| (value - rough) / count).sum::<f64>();
        Self {
            count,
            mean,
            squares: values.iter().map(|value| (value - mean) * (value - mean)).sum(),
        }
    }

    /// Sample variance; NaN of fewer than two numbers.
    pub(crate) fn variance(self) -> f64 {
        if self.count < 2.0 {
            f64::NAN
        } else {
            self.squares / (self.count - 1.0)
        }
    }
}
