//! Tables of counts, and the chi-square test of independence.

use crate::cox::ChiSquareTest;
use crate::distributions::chi_square_upper;
use crate::error::SurvivalError;

/// Counts by level (lines) and group (columns). Lines and columns without any count are left out on construction: they say
/// nothing of a dependence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContingencyTable {
    counts: Vec<u64>,
    columns: usize,
    line_sums: Vec<u64>,
    column_sums: Vec<u64>,
    total: u64,
}

/// Beyond this many rows a count is no longer exact as a number.
const MOST: u64 = 1 << 53;

impl ContingencyTable {
    /// From counts line by line, `columns` to a line. Errors: a last line that is not full, a total above 2^53.
    pub fn new(counts: &[u64], columns: usize) -> Result<Self, SurvivalError> {
        let lines = counts.len().checked_div(columns).unwrap_or(0);
        if lines * columns != counts.len() {
            return Err(SurvivalError::Length {
                argument: "counts".to_owned(),
                found: counts.len(),
                expected: (lines + 1) * columns,
            });
        }
        let total = counts.iter().try_fold(0_u64, |total, count| total.checked_add(*count));
        let total = match total {
            Some(total) if total <= MOST => total,
            _ => {
                return Err(SurvivalError::Parameter {
                    parameter: "counts",
                    value: counts.iter().map(|count| *count as f64).sum(),
                    expected: "a total of at most 2^53",
                });
            }
        };
        let of_column = |column: usize| counts.iter().skip(column).step_by(columns).sum::<u64>();
        let used: Vec<usize> = (0..columns).filter(|&column| of_column(column) > 0).collect();
        let mut kept = Vec::with_capacity(counts.len());
        let mut line_sums = Vec::with_capacity(lines);
        for line in counts.chunks(columns.max(1)) {
            let sum = line.iter().sum::<u64>();
            if sum > 0 {
                line_sums.push(sum);
                kept.extend(used.iter().map(|&column| line[column]));
            }
        }
        Ok(Self {
            counts: kept,
            columns: used.len(),
            line_sums,
            column_sums: used.iter().map(|&column| of_column(column)).collect(),
            total,
        })
    }

    /// Lines and columns that have counts.
    pub fn size(&self) -> (usize, usize) {
        (self.line_sums.len(), self.columns)
    }

    /// The counts line by line.
    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }

    pub(super) fn line_sums(&self) -> &[u64] {
        &self.line_sums
    }

    pub(super) fn column_sums(&self) -> &[u64] {
        &self.column_sums
    }

    /// Whether there is something to compare.
    pub(super) fn is_comparable(&self) -> bool {
        self.line_sums.len() > 1 && self.columns > 1
    }

    /// The smallest count expected under independence; NaN of an empty table.
    pub fn smallest_expected(&self) -> f64 {
        let smallest = |sums: &[u64]| sums.iter().min().map_or(f64::NAN, |sum| *sum as f64);
        smallest(&self.line_sums) * smallest(&self.column_sums) / self.total as f64
    }
}

/// The chi-square test of independence (R's `chisq.test`). `continuity` asks for Yates' correction, which applies to two by
/// two tables only. When fewer than two lines or columns have counts, `df` is 0, and `chi2` and `p` are NaN.
pub fn chi_square_test(table: &ContingencyTable, continuity: bool) -> ChiSquareTest {
    if !table.is_comparable() {
        return ChiSquareTest {
            chi2: f64::NAN,
            df: 0,
            p: f64::NAN,
        };
    }
    let total = table.total as f64;
    let expected = |place: usize| {
        let (line, column) = (place / table.columns, place % table.columns);
        table.line_sums[line] as f64 * table.column_sums[column] as f64 / total
    };
    let distance = |place: usize| (table.counts[place] as f64 - expected(place)).abs();
    // R: no more than the smallest distance.
    let correction = if continuity && table.size() == (2, 2) {
        (0..4).map(distance).fold(0.5, f64::min)
    } else {
        0.0
    };
    let chi2 = (0..table.counts.len())
        .map(|place| (distance(place) - correction).powi(2) / expected(place))
        .sum();
    let df = (table.line_sums.len() - 1) * (table.columns - 1);
    ChiSquareTest {
        chi2,
        df,
        p: chi_square_upper(chi2, df),
    }
}
