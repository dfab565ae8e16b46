//! The quadratic model of the likelihood around one set of coefficients, and its penalised minimum.

use super::cholesky::Cholesky;
use super::columns::Columns;
use super::likelihood::{Curvature, PartialLikelihood};
use super::vectors::add_scaled;
use crate::dots::dots;

/// Up to this many coefficients that are not 0, the equations for them are solved between passes, whether or not passes
/// alone would lead there.
const SMALL_SUPPORT: usize = 256;

/// Columns whose curvatures with all others are worked out at once: the others are read from memory once for all of them.
pub(crate) const AT_ONCE: usize = 8;

/// The curvature of the likelihood in the coefficients of some columns, `X' W X` with W the [`Curvature`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Gram {
    /// The columns.
    pub(crate) columns: Vec<usize>,
    /// Row by row, `stride` elements a row of which the first `columns.len()` count.
    elements: Vec<f64>,
    stride: usize,
    curvature: Curvature,
    factor: Factor,
    products: [Vec<f64>; AT_ONCE],
    sums: Vec<f64>,
    found: Vec<f64>,
}

/// The decomposition last made, and of which rows of a [`Gram`] with which ridge.
#[derive(Debug, Clone, Default)]
struct Factor {
    cholesky: Cholesky,
    rows: Vec<usize>,
    ridge: f64,
}

/// Penalties of the columns of a [`Gram`], in its order: `l1 |b| + l2 b^2 / 2`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Penalties {
    pub(crate) l1: Vec<f64>,
    pub(crate) l2: Vec<f64>,
    /// What all of `l2` are multiples of, the same multiples for all penalties of one path.
    pub(crate) ridge: f64,
}

/// A point in the coefficients of a [`Gram`]'s columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point {
    pub(crate) coef: Vec<f64>,
    /// Less the model's derivative there.
    pub(crate) score: Vec<f64>,
}

impl Gram {
    /// Starts afresh around a curvature, without columns.
    pub(crate) fn reset(&mut self, curvature: &Curvature) {
        self.curvature.clone_from(curvature);
        self.columns.clear();
        self.factor.rows.clear();
        self.factor.cholesky.truncate(0);
    }

    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn diagonal(&self, place: usize) -> f64 {
        self.elements[place * self.stride + place]
    }

    fn row(&self, place: usize) -> &[f64] {
        &self.elements[place * self.stride..place * self.stride + self.len()]
    }

    /// Adds columns, all with the curvature of the last [`Gram::reset`].
    pub(crate) fn extend(&mut self, likelihood: &PartialLikelihood, data: &Columns, added: &[usize]) {
        let first = self.len();
        self.columns.extend_from_slice(added);
        self.make_room();
        // Of few columns fewer, so that the products stay small beside them.
        let at_once = (data.len() / 4).clamp(1, AT_ONCE);
        for product in &mut self.products[..at_once] {
            product.resize(data.rows(), 0.0);
        }
        for (block, columns) in added.chunks(at_once).enumerate() {
            for (product, &column) in self.products.iter_mut().zip(columns) {
                likelihood.multiply(&self.curvature, data.column(column), product, &mut self.sums);
            }
            let start = first + block * at_once;
            let end = start + columns.len();
            let all: Vec<&[f64]> = self.columns[..end].iter().map(|&column| data.column(column)).collect();
            let products = &self.products[..columns.len()];
            let others: Vec<&[f64]> = products.iter().map(Vec::as_slice).collect();
            dots(&all, &others, &mut self.found);
            for (other, found) in self.found.chunks_exact(products.len()).enumerate() {
                for (place, value) in (start..).zip(found) {
                    self.elements[place * self.stride + other] = *value;
                    self.elements[other * self.stride + place] = *value;
                }
            }
        }
    }

    fn make_room(&mut self) {
        let len = self.len();
        if len <= self.stride {
            return;
        }
        let stride = (len + len / 2).max(32);
        let mut elements = vec![0.0; stride * stride];
        if self.stride > 0 {
            for (new, old) in elements.chunks_mut(stride).zip(self.elements.chunks(self.stride)) {
                new[..self.stride].copy_from_slice(old);
            }
        }
        self.elements = elements;
        self.stride = stride;
    }

    /// Moves `point` to the minimum of the penalised model, by cyclic coordinate descent (Friedman, Hastie and
    /// Tibshirani 2010) in turn with solving the equations for the coefficients that are not 0. Ends when a pass changes
    /// the model's value by less than `tolerance`, or 1e-4 of what the first changes did. Gives the number of passes.
    pub(crate) fn minimise(&mut self, point: &mut Point, penalties: &Penalties, tolerance: f64, limit: usize) -> usize {
        let all: Vec<usize> = (0..self.len()).collect();
        let not_zero = |point: &Point| all.iter().copied().filter(|&place| point.coef[place] != 0.0).collect();
        let mut support: Vec<usize> = not_zero(point);
        let mut passes = 1;
        let mut first = 0.0;
        if support.len() <= SMALL_SUPPORT {
            first = self.solve(point, penalties);
        }
        let mut change = self.pass(point, penalties, &all);
        let tolerance = tolerance.max(1e-4 * change.max(first));
        while change >= tolerance && passes < limit {
            crate::interrupt::check();
            support = not_zero(point);
            // Decomposing afresh costs as much as a sixth of the support's size in passes.
            let patience = if support.len() <= SMALL_SUPPORT {
                1
            } else {
                support.len() / 6
            };
            for _ in 0..patience {
                if change < tolerance || passes >= limit {
                    break;
                }
                change = self.pass(point, penalties, &support);
                passes += 1;
            }
            if change >= tolerance || support.len() <= SMALL_SUPPORT {
                self.solve(point, penalties);
            }
            change = self.pass(point, penalties, &all);
            passes += 1;
        }
        passes
    }

    /// Minimises over one coefficient after the other. Gives the largest change, in the model's units.
    fn pass(&self, point: &mut Point, penalties: &Penalties, places: &[usize]) -> f64 {
        let mut largest = 0.0_f64;
        for &place in places {
            let row = self.row(place);
            let (diagonal, old) = (row[place], point.coef[place]);
            let pull = point.score[place] + diagonal * old;
            let (l1, l2) = (penalties.l1[place], penalties.l2[place]);
            let new = soft_threshold(pull, l1, diagonal + l2);
            if new != old {
                let change = new - old;
                point.coef[place] = new;
                add_scaled(&mut point.score, -change, row);
                largest = largest.max(diagonal * change * change);
            }
        }
        largest
    }

    /// Solves for the coefficients that are not 0 as long as none of them would change its sign; the first that would
    /// becomes 0 and the rest is solved again. The model's value only falls. Gives the largest change, in the model's
    /// units.
    fn solve(&mut self, point: &mut Point, penalties: &Penalties) -> f64 {
        let mut largest = 0.0_f64;
        let mut step: Vec<f64> = Vec::new();
        for _ in 0..self.len() {
            if !self.decompose(&point.coef, penalties) {
                return largest;
            }
            let support = &self.factor.rows;
            step.clear();
            step.extend(support.iter().map(|&place| {
                let coef = point.coef[place];
                point.score[place] - penalties.l1[place] * coef.signum() - penalties.l2[place] * coef
            }));
            self.factor.cholesky.solve(&mut step);
            if step.iter().any(|step| !step.is_finite()) {
                return largest;
            }
            let mut length = 1.0;
            let mut hit = None;
            for (&place, &step) in support.iter().zip(&step) {
                let coef = point.coef[place];
                let crossing = -coef / step;
                if penalties.l1[place] > 0.0 && crossing > 0.0 && crossing < length {
                    length = crossing;
                    hit = Some(place);
                }
            }
            for (&place, &step) in support.iter().zip(&step) {
                let old = point.coef[place];
                let new = if hit == Some(place) { 0.0 } else { old + length * step };
                point.coef[place] = new;
                add_scaled(&mut point.score, old - new, self.row(place));
                largest = largest.max(self.diagonal(place) * (new - old) * (new - old));
            }
            if hit.is_none() {
                return largest;
            }
        }
        largest
    }

    /// Decomposes the rows whose coefficients are not 0; false when there are none or they are singular. Rows of the last
    /// decomposition are kept up to the first that is not needed any more.
    fn decompose(&mut self, coef: &[f64], penalties: &Penalties) -> bool {
        let Self {
            factor: Factor { cholesky, rows, ridge },
            elements,
            stride,
            ..
        } = self;
        if *ridge != penalties.ridge {
            rows.clear();
            *ridge = penalties.ridge;
        }
        let kept = rows.iter().position(|&place| coef[place] == 0.0).unwrap_or(rows.len());
        rows.truncate(kept);
        cholesky.truncate(kept);
        let mut missing: Vec<bool> = coef.iter().map(|coef| *coef != 0.0).collect();
        rows.iter().for_each(|&place| missing[place] = false);
        for (place, _) in missing.iter().enumerate().filter(|(_, missing)| **missing) {
            let row = &elements[place * *stride..(place + 1) * *stride];
            let appended = cholesky.append(|column| match rows.get(column) {
                Some(&other) => row[other],
                None => row[place] + penalties.l2[place],
            });
            if !appended {
                return false;
            }
            rows.push(place);
        }
        !rows.is_empty()
    }
}

/// The minimum of `-pull b + l1 |b| + curvature b^2 / 2`; 0 where there is no curvature.
pub(crate) fn soft_threshold(pull: f64, l1: f64, curvature: f64) -> f64 {
    if pull.abs() <= l1 || curvature <= 0.0 {
        return 0.0;
    }
    (pull - l1.copysign(pull)) / curvature
}
