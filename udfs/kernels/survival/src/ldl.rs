//! Decomposition of symmetric, nearly singular matrices. Matrices hold the lower triangle, packed row by row.

/// Place of element (row, column), `column <= row`, in a packed lower triangle.
pub(crate) fn packed(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

/// `L D L'` of a positive semi-definite matrix, with rows that add nothing to those before them left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ldl {
    size: usize,
    /// Unit lower triangle below the diagonal, the pivots on it; a pivot of 0 marks a row left out.
    factors: Vec<f64>,
}

impl Ldl {
    /// Decomposes `matrix`. A row is left out when its pivot is not above `tolerance` times its `reference`, the
    /// magnitude from which the pivot is what remained after cancellation.
    pub(crate) fn decompose(&mut self, matrix: &[f64], reference: &[f64], tolerance: f64) {
        let size = reference.len();
        self.size = size;
        self.factors.clear();
        self.factors.extend_from_slice(matrix);
        let factors = &mut self.factors;
        for column in 0..size {
            let pivot = factors[packed(column, column)];
            if !(pivot.is_finite() && pivot > tolerance * reference[column]) {
                for row in column..size {
                    factors[packed(row, column)] = 0.0;
                }
                continue;
            }
            for row in column + 1..size {
                let element = factors[packed(row, column)];
                let factor = element / pivot;
                for below in row..size {
                    factors[packed(below, row)] -= factor * factors[packed(below, column)];
                }
                factors[packed(row, column)] = factor;
            }
        }
    }

    /// Whether this row was left out.
    pub(crate) fn is_left_out(&self, row: usize) -> bool {
        self.factors[packed(row, row)] == 0.0
    }

    /// Number of rows kept.
    pub(crate) fn rank(&self) -> usize {
        (0..self.size).filter(|&row| !self.is_left_out(row)).count()
    }

    /// Solves for `vector` in place; rows left out get 0.
    pub(crate) fn solve(&self, vector: &mut [f64]) {
        self.solve_leading(self.size, vector);
    }

    /// Solves with the first `size` rows and columns alone, for the first `size` elements of `vector`.
    pub(crate) fn solve_leading(&self, size: usize, vector: &mut [f64]) {
        for row in 0..size {
            if self.is_left_out(row) {
                vector[row] = 0.0;
                continue;
            }
            let known: f64 = (0..row)
                .map(|column| self.factors[packed(row, column)] * vector[column])
                .sum();
            vector[row] -= known;
        }
        for row in (0..size).rev() {
            if self.is_left_out(row) {
                continue;
            }
            let known: f64 = (row + 1..size)
                .map(|below| self.factors[packed(below, row)] * vector[below])
                .sum();
            vector[row] = vector[row] / self.factors[packed(row, row)] - known;
        }
    }

    /// The inverse, all `size * size` elements row by row; rows and columns left out are 0.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let size = self.size;
        let mut inverse = vec![0.0; size * size];
        let mut unit = vec![0.0; size];
        for column in 0..size {
            if self.is_left_out(column) {
                continue;
            }
            unit.fill(0.0);
            unit[column] = 1.0;
            self.solve(&mut unit);
            // One triangle is computed and mirrored, so that the inverse is symmetric to the last bit.
            for row in column..size {
                inverse[row * size + column] = unit[row];
                inverse[column * size + row] = unit[row];
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_matrix_worked_by_hand() {
        // [4 2; 2 3] has the inverse [3 -2; -2 4] / 8.
        let mut ldl = Ldl::default();
        ldl.decompose(&[4.0, 2.0, 3.0], &[4.0, 3.0], 1e-12);
        assert_eq!(ldl.inverse(), vec![0.375, -0.25, -0.25, 0.5]);
        assert_eq!(ldl.rank(), 2);
    }

    #[test]
    fn leaves_out_the_later_of_two_equal_rows() {
        // Rows 0 and 1 are equal; row 2 is independent of them.
        let mut ldl = Ldl::default();
        ldl.decompose(&[2.0, 2.0, 2.0, 1.0, 1.0, 3.0], &[2.0, 2.0, 3.0], 1e-12);
        assert!(!ldl.is_left_out(0) && ldl.is_left_out(1) && !ldl.is_left_out(2));
        let inverse = ldl.inverse();
        let expected = [0.6, 0.0, -0.2, 0.0, 0.0, 0.0, -0.2, 0.0, 0.4];
        for (found, expected) in inverse.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15);
        }
    }
}
