//! Removal of columns that say again what another column says.

use super::caret;
use super::correlation::Standardised;
use crate::error::SurvivalError;
use crate::follow_up::check_length;
use crate::rows::{check_not_infinite, complete_rows};

/// Which correlation is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Correlation {
    /// Pearson's product-moment correlation.
    #[default]
    Pearson,
    /// Spearman's rank correlation: Pearson's of the ranks, tied values having their average rank.
    Spearman,
}

/// The largest |r| that two kept columns may have, 0 to 1. A pair is too correlated when its |r| is above this number,
/// not when it equals it (as in caret).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrelationCutoff(f64);

impl CorrelationCutoff {
    /// A cutoff such as 0.9.
    pub fn new(cutoff: f64) -> Result<Self, SurvivalError> {
        if (0.0..=1.0).contains(&cutoff) {
            return Ok(Self(cutoff));
        }
        Err(SurvivalError::Parameter {
            parameter: "cutoff",
            value: cutoff,
            expected: "a number from 0 to 1, such as 0.9",
        })
    }

    pub(super) fn value(self) -> f64 {
        self.0
    }
}

impl Default for CorrelationCutoff {
    /// 0.9, as in caret.
    fn default() -> Self {
        Self(0.9)
    }
}

/// The two algorithms of caret's `findCorrelation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CaretVariant {
    /// caret's default: `Exact` for fewer than 100 columns, else `Fast`.
    #[default]
    Automatic,
    /// `exact = TRUE`: mean correlations are worked out anew after each removal.
    Exact,
    /// `exact = FALSE`: mean correlations are those of all columns. Removes at least as many columns.
    Fast,
}

/// Which column of a correlated pair stays.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum KeepBy<'a> {
    /// caret's `findCorrelation`: of a correlated pair, the column goes that is more correlated with all others (the
    /// larger mean |r|). The result does not depend on units.
    Caret(CaretVariant),
    /// Columns are taken in the order given; each stays unless it is correlated with one that stayed before it.
    Position,
    /// As [`KeepBy::Position`], in the order of variance, the largest first. For columns in like units only.
    Variance,
    /// As [`KeepBy::Position`], in the order of these p-values, one a column (of univariate Cox models, say), the
    /// smallest first; NaN comes last.
    PValue(&'a [f64]),
}

/// What became of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColumnVerdict {
    /// It stays.
    Kept,
    /// It goes, because of its correlation with another column.
    Correlated {
        /// The other column, counted from 0. By position, variance and p-value: the first of those kept that is
        /// correlated with it. By caret's exact variant: the column it was compared with when it went, which may have
        /// gone itself later; by the fast variant: of all pairs that remove it, that of the largest |r| (ties: the first).
        with: usize,
        /// Their correlation.
        correlation: f64,
    },
    /// It goes: it has one value only, so that it has no correlation and no use in a model.
    Constant,
    /// It goes: it has no value at all.
    Missing,
}

impl ColumnVerdict {
    /// Whether the column stays.
    pub fn kept(self) -> bool {
        self == Self::Kept
    }
}

/// The answer of [`correlation_filter`].
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationFilter {
    /// One verdict a column.
    pub columns: Vec<ColumnVerdict>,
    /// Rows that the correlations are over.
    pub rows: usize,
}

/// Decides which of `columns` (each a slice of n numbers) stay, so that no two of them are correlated above `cutoff`.
///
/// Correlations are over complete rows: those in which no column is NaN. (Columns that are NaN in every row are set aside
/// first.) With fewer than two complete rows, or one value in all of them, a column is `Constant`. Ties in the criterion
/// go to the column that comes first. Variances are over the complete rows, of the values themselves also for Spearman.
///
/// Memory is one copy of the columns; a table of all correlations is never held. Time is O(n p k) with k columns kept,
/// for caret's rules O(n p^2). The same rows in another order give the same bits.
///
/// caret's `Exact` variant compares a column's mean |r| with the mean over the table without the *other* column's row
/// (as caret's code does, though its description says otherwise). Where two means are equal in theory but not in R's
/// arithmetic, the answer may differ from R's; here they are equal.
///
/// Errors: no columns, unequal lengths, infinite values, p-values of another number than columns, no rows.
pub fn correlation_filter(
    columns: &[&[f64]],
    correlation: Correlation,
    cutoff: CorrelationCutoff,
    keep_by: KeepBy<'_>,
) -> Result<CorrelationFilter, SurvivalError> {
    let rows = columns.first().ok_or(SurvivalError::NoCovariates)?.len();
    if rows == 0 {
        return Err(SurvivalError::NoRows);
    }
    for (place, column) in columns.iter().enumerate() {
        check_length(&format!("column {place}"), column.len(), rows)?;
        check_not_infinite(&format!("column {place}"), column)?;
    }
    if let KeepBy::PValue(p_values) = keep_by {
        check_length("p_values", p_values.len(), columns.len())?;
    }

    let mut verdicts = vec![ColumnVerdict::Constant; columns.len()];
    let mut present = Vec::with_capacity(columns.len());
    let mut used = Vec::with_capacity(columns.len());
    for (place, column) in columns.iter().enumerate() {
        if column.iter().all(|value| value.is_nan()) {
            verdicts[place] = ColumnVerdict::Missing;
        } else {
            present.push(place);
            used.push(*column);
        }
    }
    let complete = complete_rows(&used, rows);
    let rows = complete.len();
    let table = Standardised::new(&used, complete, correlation == Correlation::Spearman)?;
    let caller = |place: usize| present[table.places[place]];

    let mut order: Vec<usize> = (0..table.len()).collect();
    let found = match keep_by {
        KeepBy::Caret(CaretVariant::Automatic) if table.len() < 100 => caret::exact(&table, cutoff),
        KeepBy::Caret(CaretVariant::Exact) => caret::exact(&table, cutoff),
        KeepBy::Caret(_) => caret::fast(&table, cutoff),
        KeepBy::Position => greedy(&table, &order, cutoff),
        KeepBy::Variance => {
            let variance = |place: usize| table.variances[table.places[place]];
            order.sort_by(|&a, &b| variance(b).total_cmp(&variance(a)));
            greedy(&table, &order, cutoff)
        }
        KeepBy::PValue(p_values) => {
            // Positive NaN comes after all numbers; its sign says nothing.
            let p_value = |place: usize| {
                let p = p_values[caller(place)];
                if p.is_nan() { f64::NAN } else { p + 0.0 }
            };
            order.sort_by(|&a, &b| p_value(a).total_cmp(&p_value(b)));
            greedy(&table, &order, cutoff)
        }
    };
    for (place, dropped) in found.into_iter().enumerate() {
        verdicts[caller(place)] = match dropped {
            None => ColumnVerdict::Kept,
            Some((with, correlation)) => ColumnVerdict::Correlated {
                with: caller(with),
                correlation,
            },
        };
    }
    Ok(CorrelationFilter {
        columns: verdicts,
        rows,
    })
}

/// Why a column, by its place in the table, goes: the other column and their correlation; `None` when it stays.
pub(super) type Dropped = Vec<Option<(usize, f64)>>;

/// Columns compared at once: a block of them stays in the processor's cache while those kept stream by.
pub(super) const BLOCK: usize = 64;

/// Takes the columns in this order and drops each that is correlated with one kept before.
fn greedy(table: &Standardised, order: &[usize], cutoff: CorrelationCutoff) -> Dropped {
    let mut dropped = vec![None; table.len()];
    let mut kept: Vec<usize> = Vec::new();
    let mut products = Vec::new();
    for block in order.chunks(BLOCK) {
        let mut waiting = block.to_vec();
        for earlier in kept.chunks(BLOCK / 2) {
            drop_correlated(table, earlier, &mut waiting, cutoff, &mut dropped, &mut products);
        }
        while !waiting.is_empty() {
            crate::interrupt::check();
            let first = waiting.remove(0);
            kept.push(first);
            drop_correlated(table, &[first], &mut waiting, cutoff, &mut dropped, &mut products);
        }
    }
    dropped
}

/// Takes from `waiting` the columns that are correlated with one of `kept`, and notes the first that they are.
fn drop_correlated(
    table: &Standardised,
    kept: &[usize],
    waiting: &mut Vec<usize>,
    cutoff: CorrelationCutoff,
    dropped: &mut Dropped,
    products: &mut Vec<f64>,
) {
    if waiting.is_empty() {
        return;
    }
    table.correlations(waiting, kept, products);
    let mut lines = products.chunks(kept.len());
    waiting.retain(|&column| {
        let line = lines.next().unwrap_or(&[]);
        let found = line.iter().position(|r| r.abs() > cutoff.value());
        dropped[column] = found.map(|place| (kept[place], line[place]));
        found.is_none()
    });
}
