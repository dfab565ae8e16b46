//! Solutions of symmetric, positive definite systems whose rows lie in one piece.

use super::vectors::dot;

/// A pivot below this part of its diagonal element has lost its digits to cancellation.
const SINGULAR: f64 = 1e-12;

/// The lower factor of a matrix, its rows packed one after the other. It grows and shrinks at its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cholesky {
    factor: Vec<f64>,
    size: usize,
}

fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

impl Cholesky {
    /// Keeps the first rows only.
    pub(crate) fn truncate(&mut self, size: usize) {
        self.size = self.size.min(size);
        self.factor.truncate(start(self.size));
    }

    /// Adds a row with these elements, the last of which is the diagonal's. False, with nothing added, when it depends on
    /// the rows before it to working precision.
    pub(crate) fn append(&mut self, element: impl Fn(usize) -> f64) -> bool {
        let row = self.size;
        for column in 0..row {
            let (above, own) = self.factor.split_at(start(row));
            let known = dot(own, &above[start(column)..start(column) + column]);
            let value = (element(column) - known) / above[start(column) + column];
            self.factor.push(value);
        }
        let own = &self.factor[start(row)..];
        let diagonal = element(row);
        let pivot = diagonal - dot(own, own);
        if pivot.is_nan() || pivot <= SINGULAR * diagonal {
            self.factor.truncate(start(row));
            return false;
        }
        self.factor.push(pivot.sqrt());
        self.size += 1;
        true
    }

    /// Solves in place.
    pub(crate) fn solve(&self, vector: &mut [f64]) {
        for row in 0..self.size {
            let line = &self.factor[start(row)..start(row) + row + 1];
            let known = dot(&line[..row], &vector[..row]);
            vector[row] = (vector[row] - known) / line[row];
        }
        for row in (0..self.size).rev() {
            let line = &self.factor[start(row)..start(row) + row + 1];
            let value = vector[row] / line[row];
            vector[row] = value;
            for (element, factor) in vector.iter_mut().zip(&line[..row]) {
                *element -= value * factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_system() {
        let matrix = [[4.0, 2.0, 0.0], [2.0, 5.0, 2.0], [0.0, 2.0, 5.0]];
        let mut cholesky = Cholesky::default();
        assert!((0..3).all(|row| cholesky.append(|column| matrix[row][column])));
        cholesky.truncate(1);
        assert!((1..3).all(|row| cholesky.append(|column| matrix[row][column])));
        let mut vector = [2.0, -9.0, 1.0];
        cholesky.solve(&mut vector);
        let back: Vec<f64> = matrix
            .iter()
            .map(|row| row.iter().zip(&vector).map(|(a, b)| a * b).sum())
            .collect();
        for (found, expected) in back.iter().zip([2.0, -9.0, 1.0]) {
            assert!((found - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn tells_of_a_singular_matrix() {
        let mut cholesky = Cholesky::default();
        assert!(cholesky.append(|_| 1.0));
        assert!(!cholesky.append(|_| 1.0));
        assert!(cholesky.append(|column| [1.0, 2.0][column]));
    }
}
