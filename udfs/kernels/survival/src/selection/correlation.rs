//! Columns made ready so that a dot product of two is their correlation.

use crate::dots::{LANES, dots};
use crate::error::SurvivalError;
use crate::ranks::average_ranks;
use crate::rows::sort_rows;

/// Columns centred and scaled to length 1.
#[derive(Debug)]
pub(super) struct Standardised {
    values: Vec<f64>,
    stride: usize,
    /// Sample variance of each column, by the caller's numbering; 0 for a constant one.
    pub(super) variances: Vec<f64>,
    /// The caller's column at each place here: those that vary.
    pub(super) places: Vec<usize>,
}

impl Standardised {
    /// Takes the rows `rows` of `columns`; with `ranks` each column is replaced by its ranks, ties by their average.
    ///
    /// Rows are first brought into one order, so that the sums have the same bits whatever order they came in.
    pub(super) fn new(columns: &[&[f64]], mut rows: Vec<usize>, ranks: bool) -> Result<Self, SurvivalError> {
        sort_rows(columns, &mut rows);
        let stride = rows.len().next_multiple_of(LANES);
        let too_large = SurvivalError::TooLarge {
            rows: rows.len(),
            covariates: columns.len(),
        };
        let len = stride.checked_mul(columns.len()).ok_or_else(|| too_large.clone())?;
        let mut values = Vec::new();
        values.try_reserve_exact(len).map_err(|_| too_large)?;
        let mut variances = Vec::with_capacity(columns.len());
        let mut places = Vec::with_capacity(columns.len());
        let mut column = vec![0.0; stride];
        for (place, source) in columns.iter().enumerate() {
            for (slot, &row) in column.iter_mut().zip(&rows) {
                *slot = source[row];
            }
            let used = &mut column[..rows.len()];
            let variance = centre(used);
            variances.push(variance);
            if variance == 0.0 {
                continue;
            }
            if ranks {
                // Of the values themselves: centred ones may have become equal.
                for (slot, &row) in used.iter_mut().zip(&rows) {
                    *slot = source[row];
                }
                average_ranks(used);
                centre(used);
            }
            let length = used.iter().map(|value| value * value).sum::<f64>().sqrt();
            for value in used {
                *value /= length;
            }
            values.extend_from_slice(&column);
            places.push(place);
        }
        Ok(Self {
            values,
            stride,
            variances,
            places,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn column(&self, place: usize) -> &[f64] {
        &self.values[place * self.stride..(place + 1) * self.stride]
    }

    /// The correlation of every column of `left` with every column of `right`, a line for each of `left`.
    pub(super) fn correlations(&self, left: &[usize], right: &[usize], out: &mut Vec<f64>) {
        let pick = |places: &[usize]| places.iter().map(|&place| self.column(place)).collect::<Vec<_>>();
        dots(&pick(left), &pick(right), out);
        for correlation in out {
            *correlation = correlation.clamp(-1.0, 1.0);
        }
    }
}

/// Subtracts the mean, divides by a power of two so that squares neither overflow nor vanish, and returns the sample
/// variance of the values as they were: 0 exactly when all are equal, infinite beyond the range of numbers.
pub(super) fn centre(values: &mut [f64]) -> f64 {
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
    if low >= high {
        return 0.0;
    }
    let scale = power_of_two(low.abs().max(high.abs()));
    let count = values.len() as f64;
    let mean = values.iter().map(|value| value / scale).sum::<f64>() / count;
    let spread = values
        .iter()
        .map(|value| (value / scale - mean).abs())
        .fold(0.0, f64::max);
    let unit = power_of_two(spread);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = (*value / scale - mean) / unit;
        sum += *value;
    }
    // What rounding of the mean has left.
    let rest = sum / count;
    let mut squares = 0.0;
    for value in values.iter_mut() {
        *value -= rest;
        squares += *value * *value;
    }
    (squares / (count - 1.0) * unit * scale * unit * scale).max(f64::MIN_POSITIVE)
}

/// The power of two at or below a number above 0.
fn power_of_two(number: f64) -> f64 {
    f64::from_bits(number.max(f64::MIN_POSITIVE).to_bits() & 0x7FF0_0000_0000_0000)
}
