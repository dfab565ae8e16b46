//! Maximal correlation coefficient of a co-occurrence matrix.
//!
//! PyRadiomics takes the root of the second largest eigenvalue of Q(i, j) = Σ_k p(i,k) p(j,k) / (px(i) py(k) + ε). Without
//! ε, Q is similar to B Bᵀ with B(i, k) = p(i,k) / sqrt(px(i) py(k)), whose eigenvalues are the squared singular values
//! of B. The largest is 1, with the known vectors sqrt(px) and sqrt(py), once for each set of levels that never meet
//! another set. The next one is found by Lanczos' iteration in the space that is left.
//!
//! The ε matters where rare levels meet: it divides a term of Q by 1 + δ with δ = ε / (px(i) py(k)). To first order, which
//! is all that shows in 15 digits, it takes from the eigenvalue σ² of vectors u, v the sum σ Σ u(i) v(k) B(i,k) δ / (1 + δ).

use super::basis::{ERROR, Ritz, add, combine, dot, far_off, product};
use super::tally::Entry;
use crate::cancel::{BLOCK, Cancel};
use crate::error::RadiomicsError;
use crate::firstorder::EPS;
use nalgebra::DMatrix;
use std::ops::Range;

/// Steps before the first look at the error; every next look comes a quarter later.
const FIRST_LOOK: usize = 8;
/// Most vectors of the basis. When it is full, the iteration goes on from its best vectors.
pub(crate) const MOST_VECTORS: usize = 128;
/// Number of these best vectors.
const KEPT: usize = 24;

/// Levels up to which B may be kept as a table.
pub(crate) const MOST_IN_TABLE: usize = 512;
/// Cells of a table for each one that is not 0, up to which it is faster than a list.
const CELLS_IN_TABLE: usize = 12;

/// A co-occurrence matrix of counts.
#[derive(Clone, Copy)]
pub(super) struct Counts<'a> {
    /// By row and then by column; of a symmetrical matrix, those on and above the diagonal.
    pub(super) entries: &'a [Entry],
    pub(super) symmetrical: bool,
    /// Sum of all counts.
    pub(super) total: f64,
    /// Shares of the rows, by rank.
    pub(super) px: &'a [f64],
    /// Shares of the columns, by rank.
    pub(super) py: &'a [f64],
}

/// The coefficient of a matrix.
pub(super) fn second_singular_value(counts: Counts, cancel: Cancel) -> Result<f64, RadiomicsError> {
    let matrix = Normalised::new(counts);
    let (sets, number) = matrix.sets(cancel)?;
    if number == 1 {
        let second = matrix.largest_beyond(&sets, cancel)?;
        // Far from the set's own eigenvalue, which need not be known.
        if second < 0.999 {
            return Ok(second.max(0.0).sqrt());
        }
    }
    let mut eigenvalues = matrix.of_sets(&sets);
    eigenvalues.sort_unstable_by(|a, b| b.total_cmp(a));
    // No eigenvalue is above 1: with two sets whose own are as good as 1, the rest need not be known.
    if eigenvalues.get(1).is_none_or(|second| *second < 1.0 - ERROR) {
        eigenvalues.push(matrix.largest_beyond(&sets, cancel)?);
        eigenvalues.sort_unstable_by(|a, b| b.total_cmp(a));
    }
    Ok(eigenvalues.get(1).copied().unwrap_or(0.0).max(0.0).sqrt())
}

/// One cell of B.
struct Cell {
    row: u32,
    column: u32,
    b: f64,
}

/// The matrix B.
struct Normalised<'a> {
    counts: Counts<'a>,
    /// 1 / sqrt(px) by rank, 0 for ranks that do not occur.
    by_row: Vec<f64>,
    /// 1 / sqrt(py).
    by_column: Vec<f64>,
    values: Values,
    size: usize,
}

/// The values of B, whichever is faster to multiply with.
enum Values {
    /// All of them, by row, with the part of each row outside of which all are 0.
    Table(Vec<f64>, Vec<Range<usize>>),
    /// Those that are not 0.
    List(Vec<Cell>),
}

/// Levels that meet each other, as first voxel of a pair, with their unit vector sqrt(px).
struct Sets {
    /// For each rank, its set; ranks that do not occur have one of their own.
    of: Vec<usize>,
    /// Share of each set.
    share: Vec<f64>,
    vector: Vec<f64>,
}

impl<'a> Normalised<'a> {
    fn new(counts: Counts<'a>) -> Self {
        let size = counts.px.len();
        let inverse = |p: &f64| if *p > 0.0 { 1.0 / p.sqrt() } else { 0.0 };
        let mut matrix = Self {
            by_row: counts.px.iter().map(inverse).collect(),
            by_column: counts.py.iter().map(inverse).collect(),
            counts,
            values: Values::List(Vec::new()),
            size,
        };
        let both_ways = if counts.symmetrical { 2 } else { 1 };
        matrix.values = if size <= MOST_IN_TABLE && size * size <= CELLS_IN_TABLE * both_ways * counts.entries.len() {
            let mut table = vec![0.0; size * size];
            let mut parts = vec![size..0; size];
            matrix.each(|row, column, b, _| {
                table[row * size + column] = b;
                // Whole vectors of a processor, as far as the row goes.
                let (from, to) = (column / 8 * 8, (column / 8 * 8 + 8).min(size));
                parts[row] = parts[row].start.min(from)..parts[row].end.max(to);
            });
            Values::Table(table, parts)
        } else {
            let mut cells = Vec::with_capacity(both_ways * counts.entries.len());
            matrix.each(|row, column, b, _| {
                cells.push(Cell {
                    row: row as u32,
                    column: column as u32,
                    b,
                });
            });
            Values::List(cells)
        };
        matrix
    }

    /// Row, column, B and δ / (1 + δ) of every cell that is not 0.
    fn each(&self, mut see: impl FnMut(usize, usize, f64, f64)) {
        let per_count = 1.0 / self.counts.total;
        let mut cell = |row: usize, column: usize, p: f64| {
            let inverse = self.by_row[row] * self.by_column[column];
            let delta = EPS * inverse * inverse;
            let lost = if delta < 1e-6 {
                delta - delta * delta
            } else {
                delta / (1.0 + delta)
            };
            see(row, column, p * inverse, lost);
        };
        for e in self.counts.entries {
            let (row, column, p) = (e.row as usize, e.column as usize, e.n * per_count);
            cell(row, column, p);
            if self.counts.symmetrical && row != column {
                cell(column, row, p);
            }
        }
    }

    /// The sets of levels that are joined by pairs, and their number.
    fn sets(&self, cancel: Cancel) -> Result<(Sets, usize), RadiomicsError> {
        // Ranks as first voxel of a pair are nodes 0.., as second voxel nodes size...
        let mut parent: Vec<usize> = (0..2 * self.size).collect();
        let mut join = |row: usize, column: usize| {
            if parent[row] != parent[self.size + column] {
                let a = root(&mut parent, row);
                let b = root(&mut parent, self.size + column);
                parent[a.max(b)] = a.min(b);
            }
        };
        for block in self.counts.entries.chunks(BLOCK) {
            cancel.check()?;
            for e in block {
                join(e.row as usize, e.column as usize);
                if self.counts.symmetrical {
                    join(e.column as usize, e.row as usize);
                }
            }
        }
        let of: Vec<usize> = (0..self.size).map(|row| root(&mut parent, row)).collect();
        let mut share = vec![0.0; self.size];
        for (set, p) in of.iter().zip(self.counts.px) {
            share[*set] += p;
        }
        let vector = of
            .iter()
            .zip(self.counts.px)
            .map(|(set, p)| if *p > 0.0 { (p / share[*set]).sqrt() } else { 0.0 });
        let vector = vector.collect();
        let number = share.iter().filter(|share| **share > 0.0).count();
        Ok((Sets { of, share, vector }, number))
    }

    /// The largest eigenvalue of each set.
    fn of_sets(&self, sets: &Sets) -> Vec<f64> {
        let mut lost = vec![0.0; self.size];
        self.each(|row, column, b, by| {
            // u(i) v(k) B(i,k) of the set's own vectors is p(i,k) over the set's share.
            lost[sets.of[row]] += b * (self.counts.px[row] * self.counts.py[column]).sqrt() * by;
        });
        let present = sets.share.iter().zip(&lost).filter(|(share, _)| **share > 0.0);
        present.map(|(share, lost)| 1.0 - lost / share).collect()
    }

    /// The largest eigenvalue that does not belong to the vector of a set, by Lanczos' iteration with thick restarts
    /// (Wu and Simon 2000).
    fn largest_beyond(&self, sets: &Sets, cancel: Cancel) -> Result<f64, RadiomicsError> {
        let mut basis: Vec<Vec<f64>> = Vec::new();
        // B Bᵀ within the basis.
        let most = MOST_VECTORS.min(self.size);
        let mut projected = DMatrix::<f64>::zeros(most, most);
        let mut image = vec![0.0; self.size];
        let mut next = start(sets);
        let mut along = Vec::new();
        let mut norm = sets.remove(&mut next, &basis, false, &mut along, cancel)?;
        let mut look = FIRST_LOOK;
        // Until the first restart, B Bᵀ within the basis has three diagonals.
        let mut narrow = true;
        // What the largest value has been found to be, which grows with the basis.
        let mut at_least = 0.0;
        loop {
            cancel.check()?;
            // What is left is rounding: the basis spans all there is.
            let complete = norm < 1e-13 || basis.len() == self.size;
            let full = basis.len() == MOST_VECTORS;
            if basis.is_empty() && complete {
                return Ok(0.0);
            }
            let due = basis.len() >= look;
            if due {
                look = basis.len() + 1 + if narrow { basis.len() / 8 } else { basis.len() / 4 };
            }
            if complete || full || due && !(narrow && far_off(&projected, basis.len(), norm, &mut at_least)) {
                let ritz = Ritz::of(&projected, basis.len());
                if complete || ritz.is_found(norm) {
                    let vector = combine(&basis, ritz.vector(0));
                    return Ok(self.with_epsilon(ritz.values[0], &vector));
                }
                if full {
                    let kept = (0..KEPT).map(|i| combine(&basis, ritz.vector(i)));
                    basis = kept.collect();
                    projected.fill(0.0);
                    for (i, value) in ritz.values.iter().take(KEPT).enumerate() {
                        projected[(i, i)] = *value;
                    }
                    look = KEPT + FIRST_LOOK;
                    narrow = false;
                }
            }
            for v in &mut next {
                *v /= norm;
            }
            let current = next;
            next = self.apply(&current, &mut image);
            basis.push(current);
            norm = sets.remove(&mut next, &basis, narrow, &mut along, cancel)?;
            let last = basis.len() - 1;
            for (i, by) in along.iter().enumerate() {
                projected[(i, last)] = *by;
                projected[(last, i)] = *by;
            }
        }
    }

    /// B Bᵀ v; `image` receives Bᵀ v.
    fn apply(&self, v: &[f64], image: &mut [f64]) -> Vec<f64> {
        self.transposed(v, image);
        match &self.values {
            Values::Table(table, parts) => {
                let rows = table.chunks_exact(self.size).zip(parts);
                rows.map(|(row, part)| product(row, image, part)).collect()
            }
            Values::List(cells) => {
                let mut out = vec![0.0; self.size];
                for c in cells {
                    out[c.row as usize] += c.b * image[c.column as usize];
                }
                out
            }
        }
    }

    /// Bᵀ v.
    fn transposed(&self, v: &[f64], image: &mut [f64]) {
        match &self.values {
            Values::Table(table, parts) if self.counts.symmetrical => {
                for (image, (row, part)) in image.iter_mut().zip(table.chunks_exact(self.size).zip(parts)) {
                    *image = product(row, v, part);
                }
            }
            Values::Table(table, _) => {
                image.fill(0.0);
                for (v, row) in v.iter().zip(table.chunks_exact(self.size)) {
                    add(image, *v, row);
                }
            }
            Values::List(cells) => {
                image.fill(0.0);
                for c in cells {
                    image[c.column as usize] += c.b * v[c.row as usize];
                }
            }
        }
    }

    /// The eigenvalue `value` of B Bᵀ, whose unit vector is `u`, as ε changes it.
    fn with_epsilon(&self, value: f64, u: &[f64]) -> f64 {
        let mut image = vec![0.0; self.size];
        self.transposed(u, &mut image);
        // σ v = Bᵀ u.
        let mut lost = 0.0;
        self.each(|row, column, b, by| lost += u[row] * image[column] * b * by);
        value - lost
    }
}

impl Sets {
    /// Takes out of `v` what lies along the vectors of the sets and along the basis, says in `along` how much of the
    /// latter, and gives the length of what is left. Where little is left, it is done again for the rounding.
    fn remove(
        &self,
        v: &mut [f64],
        basis: &[Vec<f64>],
        narrow: bool,
        along: &mut Vec<f64>,
        cancel: Cancel,
    ) -> Result<f64, RadiomicsError> {
        along.clear();
        along.resize(basis.len(), 0.0);
        let mut by_set = vec![0.0; v.len()];
        let mut length = dot(v, v).sqrt();
        // What is much lies along the last two, if B Bᵀ within the basis has three diagonals.
        let mut from = if narrow { basis.len().saturating_sub(2) } else { 0 };
        for _ in 0..3 {
            by_set.fill(0.0);
            for ((set, a), b) in self.of.iter().zip(&self.vector).zip(&*v) {
                by_set[*set] += a * b;
            }
            for ((set, a), b) in self.of.iter().zip(&self.vector).zip(&mut *v) {
                *b -= by_set[*set] * a;
            }
            for (direction, along) in basis.iter().zip(&mut *along).skip(from) {
                cancel.check()?;
                let by = dot(direction, v);
                *along += by;
                add(v, -by, direction);
            }
            let left = dot(v, v).sqrt();
            if from == 0 && left > 0.7 * length {
                return Ok(left);
            }
            (length, from) = (left, 0);
        }
        Ok(length)
    }
}

/// A unit-sized vector without symmetry, 0 for ranks that do not occur. Always the same.
fn start(sets: &Sets) -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut vector: Vec<f64> = sets
        .vector
        .iter()
        .map(|present| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            if *present > 0.0 {
                (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
            } else {
                0.0
            }
        })
        .collect();
    let norm = dot(&vector, &vector).sqrt();
    for v in &mut vector {
        *v /= norm;
    }
    vector
}

fn root(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    /// From the counts of a square matrix, by rank from 1: the coefficient here, and the second of all singular values,
    /// by nalgebra and without ε.
    fn both(counts: &DMatrix<f64>) -> (f64, f64) {
        let n = counts.nrows();
        let p = counts / counts.sum();
        let mut entries = Vec::new();
        for row in 0..n {
            for column in (0..n).filter(|c| p[(row, *c)] > 0.0) {
                entries.push(Entry {
                    row: row as u32 + 1,
                    column: column as u32 + 1,
                    n: p[(row, column)],
                });
            }
        }
        let with_zero = |v: Vec<f64>| std::iter::once(0.0).chain(v).collect::<Vec<f64>>();
        let px: Vec<f64> = p.row_iter().map(|r| r.sum()).collect();
        let py: Vec<f64> = p.column_iter().map(|c| c.sum()).collect();
        let b = DMatrix::from_fn(n, n, |r, c| p[(r, c)] / (px[r] * py[c]).sqrt().max(f64::MIN_POSITIVE));
        let mut values: Vec<f64> = b.singular_values().iter().copied().collect();
        values.sort_by(|a, b| b.total_cmp(a));
        let never = AtomicBool::new(false);
        let counts = Counts {
            entries: &entries,
            symmetrical: false,
            total: 1.0,
            px: &with_zero(px),
            py: &with_zero(py),
        };
        let found = second_singular_value(counts, Cancel(&never));
        (found.unwrap(), values[1])
    }

    fn noise(n: usize, keep: impl Fn(usize, usize) -> bool) -> DMatrix<f64> {
        let mut state = 7u64;
        DMatrix::from_fn(n, n, |r, c| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            if keep(r, c) { (state >> 60) as f64 } else { 0.0 }
        })
    }

    #[test]
    fn as_all_singular_values() {
        for (name, counts) in [
            ("full", noise(40, |_, _| true)),
            ("two levels", noise(2, |_, _| true)),
            ("two sets", noise(30, |r, c| (r < 12) == (c < 12))),
            ("crossed sets", noise(30, |r, c| (r < 12) != (c < 12))),
            ("absent levels", noise(30, |r, c| r % 3 != 0 && c % 3 != 0)),
            // Many close eigenvalues: the basis fills up.
            (
                "chain",
                DMatrix::from_fn(400, 400, |r, c| f64::from(u8::from(r.abs_diff(c) <= 1))),
            ),
            ("band", noise(350, |r, c| r.abs_diff(c) < 4)),
        ] {
            let (found, expected) = both(&counts);
            // ε takes 2e-11 from the chain, whose levels are the rarest.
            assert!((found - expected).abs() < 3e-11, "{name}: {found} {expected}");
        }
        // Independent levels.
        assert!(both(&DMatrix::from_element(5, 5, 3.0)).0 < 1e-7);
    }
}
