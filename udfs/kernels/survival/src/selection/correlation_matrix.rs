//! All correlations of a table of columns, for a picture of them.

use super::correlation::Standardised;
use super::correlation_filter::Correlation;
use crate::error::SurvivalError;
use crate::follow_up::check_length;
use crate::rows::{check_not_infinite, complete_rows};

/// The correlations of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationMatrix {
    /// Row by row, a value for each pair of columns; NaN where a column has one value or none.
    pub correlations: Vec<f64>,
    /// Rows that they are over.
    pub rows: usize,
}

/// The correlations of every column (a slice of n numbers) with every other, over complete rows: those in which no column
/// is NaN, columns that are NaN in every row set aside first. It is symmetric, with 1 for a column and itself, and the same
/// rows in another order give the same bits. R: `cor(x, use = "complete.obs")`.
///
/// # Errors
/// No columns, unequal lengths, infinite values, no rows, more columns than memory has room for.
pub fn correlation_matrix(columns: &[&[f64]], correlation: Correlation) -> Result<CorrelationMatrix, SurvivalError> {
    let p = columns.len();
    let rows = columns.first().ok_or(SurvivalError::NoCovariates)?.len();
    if rows == 0 {
        return Err(SurvivalError::NoRows);
    }
    let (mut present, mut used) = (vec![], vec![]);
    for (place, column) in columns.iter().enumerate() {
        check_length(&format!("column {place}"), column.len(), rows)?;
        check_not_infinite(&format!("column {place}"), column)?;
        if column.iter().any(|value| !value.is_nan()) {
            present.push(place);
            used.push(*column);
        }
    }
    let complete = complete_rows(&used, rows);
    let rows = complete.len();
    let too_large = SurvivalError::TooLarge { rows, covariates: p };
    let mut correlations = Vec::new();
    let cells = p.checked_mul(p).ok_or_else(|| too_large.clone())?;
    correlations.try_reserve_exact(cells).map_err(|_| too_large)?;
    correlations.resize(cells, f64::NAN);
    let table = Standardised::new(&used, complete, correlation == Correlation::Spearman)?;
    let all: Vec<usize> = (0..table.len()).collect();
    let caller = |place: usize| present[table.places[place]];
    let mut line = Vec::new();
    for &left in &all {
        table.correlations(&[left], &all[left..], &mut line);
        for (&right, r) in all[left..].iter().zip(&line) {
            let r = if left == right { 1.0 } else { *r };
            let (a, b) = (caller(left), caller(right));
            correlations[a * p + b] = r;
            correlations[b * p + a] = r;
        }
    }
    Ok(CorrelationMatrix { correlations, rows })
}
