//! Which rows of a table are used, and in which order.

use std::cmp::Ordering;

/// The rows in which no column is NaN.
pub(crate) fn complete_rows(columns: &[&[f64]], rows: usize) -> Vec<usize> {
    let mut complete = vec![true; rows];
    for column in columns {
        for (complete, value) in complete.iter_mut().zip(*column) {
            *complete &= !value.is_nan();
        }
    }
    (0..rows).filter(|&row| complete[row]).collect()
}

/// Orders rows by their values in the first column, then in the second and so on, so that sums over them have the same
/// bits whatever order they came in. Rows that are alike in all columns may stand either way.
pub(crate) fn sort_rows(columns: &[&[f64]], rows: &mut [usize]) {
    rows.sort_unstable_by(|&a, &b| {
        columns
            .iter()
            .map(|column| column[a].total_cmp(&column[b]))
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    });
}

/// An error where a column has an infinite value; NaN is a missing value and none.
pub(crate) fn check_not_infinite(argument: &str, values: &[f64]) -> Result<(), crate::error::SurvivalError> {
    match values.iter().position(|value| value.is_infinite()) {
        Some(row) => Err(crate::error::SurvivalError::NotFinite {
            argument: argument.to_owned(),
            row,
            value: values[row],
        }),
        None => Ok(()),
    }
}
