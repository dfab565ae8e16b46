//! The two algorithms of caret's `findCorrelation`, without a table of all correlations.
//!
//! Means of correlations come from sums of twice the digits: those that are equal in theory come out equal, whatever the
//! order of their terms, as they do in R's long doubles.

use super::correlation::Standardised;
use super::correlation_filter::{BLOCK, CorrelationCutoff, Dropped};
use crate::double_sum::DoubleSum;

/// Calls `visit` with each pair of different columns and their correlation, in a fixed order.
fn each_pair(table: &Standardised, mut visit: impl FnMut(usize, usize, f64)) {
    let places: Vec<usize> = (0..table.len()).collect();
    let mut products = Vec::new();
    for (line, left) in places.chunks(BLOCK).enumerate() {
        for right in places[line * BLOCK..].chunks(BLOCK) {
            table.correlations(left, right, &mut products);
            for (&a, line) in left.iter().zip(products.chunks(right.len())) {
                for (&b, &correlation) in right.iter().zip(line) {
                    if a < b {
                        visit(a, b, correlation);
                    }
                }
            }
        }
    }
}

/// `findCorrelation(exact = FALSE)`: of each correlated pair the column with the larger mean |r| goes; of equal means the
/// first column.
pub(super) fn fast(table: &Standardised, cutoff: CorrelationCutoff) -> Dropped {
    let mut sums = vec![DoubleSum::default(); table.len()];
    each_pair(table, |a, b, correlation| {
        sums[a].add(correlation.abs());
        sums[b].add(correlation.abs());
    });
    // caret compares the means as factor levels: as text of 15 significant digits.
    let mean = |sum: &mut DoubleSum| {
        // Of the column with itself.
        sum.add(1.0);
        let mean = sum.sum() / table.len() as f64;
        format!("{mean:.14e}").parse::<f64>().unwrap_or(mean)
    };
    let means: Vec<f64> = sums.iter_mut().map(mean).collect();
    let mut dropped: Dropped = vec![None; table.len()];
    each_pair(table, |a, b, correlation| {
        if correlation.abs() > cutoff.value() {
            let (goes, other) = if means[b] > means[a] { (b, a) } else { (a, b) };
            let slot = &mut dropped[goes];
            let stronger = slot.is_none_or(|(with, largest)| {
                correlation.abs() > largest.abs() || correlation.abs() == largest.abs() && other < with
            });
            if stronger {
                *slot = Some((other, correlation));
            }
        }
    });
    dropped
}

/// `findCorrelation(exact = TRUE)`. Columns are taken by descending mean |r|. Each is compared with each later one that
/// it is correlated with: it goes when its mean |r| is above that of the table without the other's line, else the other
/// goes. Means are over the columns that are left at the time.
pub(super) fn exact(table: &Standardised, cutoff: CorrelationCutoff) -> Dropped {
    let mut sums = vec![DoubleSum::default(); table.len()];
    let mut partners = vec![0_usize; table.len()];
    each_pair(table, |a, b, correlation| {
        sums[a].add(correlation.abs());
        sums[b].add(correlation.abs());
        if correlation.abs() > cutoff.value() {
            partners[a] += 1;
            partners[b] += 1;
        }
    });
    let mut order: Vec<usize> = (0..table.len()).collect();
    order.sort_by(|&a, &b| sums[b].sum().total_cmp(&sums[a].sum()));
    let mut left = Remaining {
        table,
        total: sums.iter().fold(DoubleSum::default(), |mut total, sum| {
            total.add_sum(*sum);
            total
        }),
        sums,
        columns: order.clone(),
    };
    let mut dropped: Dropped = vec![None; table.len()];
    let mut line = Vec::new();
    for (place, &column) in order.iter().enumerate() {
        if dropped[column].is_some() || partners[column] == 0 {
            continue;
        }
        let later = &order[place + 1..];
        table.correlations(&[column], later, &mut line);
        for (&other, &correlation) in later.iter().zip(&line) {
            if dropped[other].is_some() || correlation.abs() <= cutoff.value() {
                continue;
            }
            let goes = if left.mean_of(column) > left.mean_without(other) {
                column
            } else {
                other
            };
            let with = if goes == column { other } else { column };
            dropped[goes] = Some((with, correlation));
            left.remove(goes);
            if goes == column {
                break;
            }
        }
    }
    dropped
}

/// The columns that are left, and sums of |r| over them.
struct Remaining<'a> {
    table: &'a Standardised,
    columns: Vec<usize>,
    /// For each column over all others.
    sums: Vec<DoubleSum>,
    /// Over all ordered pairs.
    total: DoubleSum,
}

impl Remaining<'_> {
    fn others(&self) -> f64 {
        self.columns.len().saturating_sub(1) as f64
    }

    fn mean_of(&self, column: usize) -> f64 {
        self.sums[column].sum() / self.others()
    }

    /// Over the lines of all columns but one; that column still stands in the lines of the others.
    fn mean_without(&self, column: usize) -> f64 {
        let mut rest = self.total;
        rest.add_sum(self.sums[column].negated());
        rest.sum() / (self.others() * self.others())
    }

    fn remove(&mut self, column: usize) {
        self.columns.retain(|&other| other != column);
        let mut line = Vec::new();
        self.table.correlations(&[column], &self.columns, &mut line);
        for (&other, correlation) in self.columns.iter().zip(line) {
            self.sums[other].add(-correlation.abs());
        }
        self.total.add_sum(self.sums[column].negated());
        self.total.add_sum(self.sums[column].negated());
    }
}
