//! What Lanczos' iteration for MCC computes with: products of vectors, and the eigenvalues within its basis.

use nalgebra::DMatrix;
use std::ops::Range;

/// Error of the eigenvalue, relative to it, at which the iteration ends.
pub(super) const ERROR: f64 = 1e-11;
/// Residual that it must have reached too. The error is bounded by the residual's square over the distance to the next value,
/// as far as that one has shown itself: of two that are as near as 1e-5, where rare levels meet, the smaller may look like
/// both.
const RESIDUAL: f64 = 1e-9;

/// Sum of products, in eight parts that a processor can add at once.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut parts = [0.0; 8];
    for i in 0..n {
        let (a, b) = (&a[i], &b[i]);
        for k in 0..8 {
            parts[k] += a[k] * b[k];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let [a, b, c, d, e, f, g, h] = parts;
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest
}

/// Sum of products over a part.
#[inline]
pub(super) fn product(a: &[f64], b: &[f64], part: &Range<usize>) -> f64 {
    match (a.get(part.clone()), b.get(part.clone())) {
        (Some(a), Some(b)) => dot(a, b),
        _ => 0.0,
    }
}

/// Adds `by` times `b` to `a`.
#[inline]
pub(super) fn add(a: &mut [f64], by: f64, b: &[f64]) {
    let n = a.len().min(b.len());
    let (a, b) = (&mut a[..n], &b[..n]);
    for i in 0..n {
        a[i] += by * b[i];
    }
}

pub(super) fn combine<'a>(basis: &[Vec<f64>], by: impl Iterator<Item = &'a f64>) -> Vec<f64> {
    let mut sum: Vec<f64> = vec![0.0; basis.first().map_or(0, Vec::len)];
    for (direction, by) in basis.iter().zip(by) {
        add(&mut sum, *by, direction);
    }
    sum
}

/// Whether the largest eigenvalue is clearly not found yet, when the next vector has length `next`. `matrix` has three
/// diagonals, of `size` rows, and its largest eigenvalue is `at_least` so much, which is raised.
pub(super) fn far_off(matrix: &DMatrix<f64>, size: usize, next: f64, at_least: &mut f64) -> bool {
    let at = |i: usize| matrix[(i, i)];
    let beside = |i: usize| matrix[(i, i + 1)];
    // All eigenvalues are below a number exactly when no pivot of the matrix less it is positive (Sturm).
    let all_below = |v: f64| {
        let mut pivot = at(0) - v;
        for i in 1..size {
            if pivot >= 0.0 {
                return false;
            }
            pivot = at(i) - v - beside(i - 1) * beside(i - 1) / pivot;
        }
        pivot < 0.0
    };
    let (mut low, mut step) = (*at_least, 1e-8);
    while low < 2.0 && !all_below(low + step) {
        low += step;
        step *= 16.0;
    }
    let mut high = low + step;
    while high - low > 1e-10 {
        let middle = 0.5 * (low + high);
        if all_below(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    *at_least = low;
    // The eigenvector from its last component upwards, in which direction it grows.
    let (mut below, mut here, mut squares) = (0.0, 1.0, 1.0);
    for i in (1..size).rev() {
        let under = if i + 1 < size { beside(i) * below } else { 0.0 };
        let above = ((high - at(i)) * here - under) / beside(i - 1);
        (below, here) = (here, above);
        squares += here * here;
    }
    next / squares.sqrt() > 2.0 * RESIDUAL * high
}

/// Eigenvalues of a symmetric matrix in a small basis, descending, with unit vectors.
pub(super) struct Ritz {
    pub(super) values: Vec<f64>,
    /// Column of `vectors` for each value.
    order: Vec<usize>,
    vectors: DMatrix<f64>,
}

impl Ritz {
    /// Of the first `size` rows and columns.
    pub(super) fn of(matrix: &DMatrix<f64>, size: usize) -> Self {
        let found = matrix.view((0, 0), (size, size)).into_owned().symmetric_eigen();
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|a, b| found.eigenvalues[*b].total_cmp(&found.eigenvalues[*a]));
        Self {
            values: order.iter().map(|i| found.eigenvalues[*i]).collect(),
            order,
            vectors: found.eigenvectors,
        }
    }

    pub(super) fn vector(&self, i: usize) -> impl Iterator<Item = &f64> {
        self.vectors.column(self.order[i]).into_iter()
    }

    /// Whether the largest value is found, when the next vector has length `next`: by its residual, and the residual's square
    /// over the distance to the second value.
    pub(super) fn is_found(&self, next: f64) -> bool {
        let residual = next * self.vector(0).last().copied().unwrap_or(0.0).abs();
        let error = match self.values.get(1) {
            Some(second) => residual.min(residual * residual / (self.values[0] - second)),
            None => residual,
        };
        error <= ERROR * self.values[0] && residual <= RESIDUAL * self.values[0]
    }
}
