//! The quadratic model of the likelihood around one set of coefficients, and its penalised minimum.

use super::cholesky::Cholesky;
use super::columns::Columns;
use super::likelihood::{Curvature, PartialLikelihood};
use super::vectors::{add_scaled, dot, dot_four};

/// Up to this many coefficients that are not 0, the equations are solved as they are after the first passes.
const SMALL_SUPPORT: usize = 150;

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
    products: [Vec<f64>; 4],
    sums: Vec<f64>,
}

/// The decomposition last made, and of what.
#[derive(Debug, Clone, Default)]
struct Factor {
    cholesky: Cholesky,
    support: Vec<usize>,
    ridge: f64,
    solvable: bool,
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
        self.factor.support.clear();
        self.factor.solvable = false;
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
        for product in &mut self.products {
            product.resize(data.rows(), 0.0);
        }
        for (block, columns) in added.chunks(4).enumerate() {
            for (product, &column) in self.products.iter_mut().zip(columns) {
                likelihood.multiply(&self.curvature, data.column(column), product, &mut self.sums);
            }
            let start = first + 4 * block;
            let [a, b, c, d] = &self.products;
            for other in 0..start + columns.len() {
                let column = data.column(self.columns[other]);
                let found = match columns.len() {
                    1 => [dot(column, a), 0.0, 0.0, 0.0],
                    _ => dot_four(column, [a, b, c, d]),
                };
                for (place, value) in (start..start + columns.len()).zip(found) {
                    self.elements[place * self.stride + other] = value;
                    self.elements[other * self.stride + place] = value;
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
    /// Tibshirani 2010) and, once the coefficients that are not 0 have settled, by the equations for these. Ends when a
    /// pass changes the model's value by less than `tolerance`, or 1e-4 of what the first pass did. Gives the number of
    /// passes.
    pub(crate) fn minimise(&mut self, point: &mut Point, penalties: &Penalties, tolerance: f64, limit: usize) -> usize {
        let all: Vec<usize> = (0..self.len()).collect();
        let mut support = Vec::new();
        let mut passes = 1;
        let mut change = self.pass(point, penalties, &all);
        let tolerance = tolerance.max(1e-4 * change);
        while change >= tolerance && passes < limit {
            support.clear();
            support.extend(all.iter().filter(|&&place| point.coef[place] != 0.0));
            // Decomposing costs as much as a sixth of the support's size in passes.
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
    /// becomes 0 and the rest is solved again. The model's value only falls.
    fn solve(&mut self, point: &mut Point, penalties: &Penalties) {
        let mut support: Vec<usize> = Vec::new();
        let mut step: Vec<f64> = Vec::new();
        for _ in 0..self.len() {
            support.clear();
            support.extend((0..self.len()).filter(|&place| point.coef[place] != 0.0));
            if support.is_empty() || !self.decompose(&support, penalties) {
                return;
            }
            step.clear();
            step.extend(support.iter().map(|&place| {
                let coef = point.coef[place];
                point.score[place] - penalties.l1[place] * coef.signum() - penalties.l2[place] * coef
            }));
            self.factor.cholesky.solve(&mut step);
            if step.iter().any(|step| !step.is_finite()) {
                return;
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
                let row = &self.elements[place * self.stride..place * self.stride + self.columns.len()];
                add_scaled(&mut point.score, old - new, row);
            }
            if hit.is_none() {
                return;
            }
        }
    }

    /// Decomposes the rows of `support`; false when they are singular.
    fn decompose(&mut self, support: &[usize], penalties: &Penalties) -> bool {
        let ridge = penalties.ridge;
        if self.factor.solvable && self.factor.ridge == ridge && self.factor.support == support {
            return true;
        }
        let (elements, stride) = (&self.elements, self.stride);
        self.factor.solvable = self.factor.cholesky.decompose(support.len(), |row, column| {
            let element = elements[support[row] * stride + support[column]];
            if row == column {
                return element + penalties.l2[support[row]];
            }
            element
        });
        self.factor.ridge = ridge;
        self.factor.support.clear();
        self.factor.support.extend_from_slice(support);
        self.factor.solvable
    }
}

/// The minimum of `-pull b + l1 |b| + curvature b^2 / 2`; 0 where there is no curvature.
pub(crate) fn soft_threshold(pull: f64, l1: f64, curvature: f64) -> f64 {
    if pull.abs() <= l1 || curvature <= 0.0 {
        return 0.0;
    }
    (pull - l1.copysign(pull)) / curvature
}
