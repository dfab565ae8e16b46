//! Weighted sums of squares and products of columns.

/// The sum of w x x' over rows x with weights w, for a number of columns known to the compiler.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gram<const P: usize> {
    /// Elements right of the diagonal are not all filled in.
    sums: [[f64; P]; P],
}

/// Rows added up before they are added to the rest: shorter sums round less.
const BLOCK: usize = 1024;

impl<const P: usize> Default for Gram<P> {
    fn default() -> Self {
        Self { sums: [[0.0; P]; P] }
    }
}

impl<const P: usize> Gram<P> {
    /// Adds rows with their weights, in their order.
    pub(super) fn add_all(&mut self, weights: &[f64], rows: &[[f64; P]]) {
        for (weights, rows) in weights.chunks(BLOCK).zip(rows.chunks(BLOCK)) {
            let mut block = Self::default();
            // Four rows at a time, so that sums are fetched and stored once for the four.
            let (weights, last_weights) = weights.as_chunks::<4>();
            let (rows, last_rows) = rows.as_chunks::<4>();
            for (weights, rows) in weights.iter().zip(rows) {
                block.add_four(weights, rows);
            }
            for (weight, row) in last_weights.iter().zip(last_rows) {
                block.add_four(&[*weight, 0.0, 0.0, 0.0], &[*row; 4]);
            }
            for (line, of_block) in self.sums.iter_mut().zip(&block.sums) {
                for (sum, value) in line.iter_mut().zip(of_block) {
                    *sum += value;
                }
            }
        }
    }

    /// Element (row, column), `column <= row`.
    pub(super) fn at(&self, row: usize, column: usize) -> f64 {
        self.sums[row][column]
    }

    fn add_four(&mut self, weights: &[f64; 4], [a, b, c, d]: &[[f64; P]; 4]) {
        // The upper half of the lines ends before the middle, to spare half of what lies right of the diagonal. All loops
        // have a length that is known, so that they become straight vector code.
        let middle = P.div_ceil(2);
        for (row, line) in self.sums.iter_mut().enumerate() {
            let [wa, wb, wc, wd] = [
                weights[0] * a[row],
                weights[1] * b[row],
                weights[2] * c[row],
                weights[3] * d[row],
            ];
            let mut add = |columns: std::ops::Range<usize>| {
                for column in columns {
                    line[column] += (wa * a[column] + wb * b[column]) + (wc * c[column] + wd * d[column]);
                }
            };
            add(0..middle);
            if row >= middle {
                add(middle..P);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_squares_and_products() {
        let rows: Vec<[f64; 3]> = (0..2050).map(|i| [1.0, f64::from(i % 7), f64::from(i % 3)]).collect();
        let weights: Vec<f64> = (0..2050).map(|i| f64::from(i % 5)).collect();
        let mut gram = Gram::default();
        gram.add_all(&weights, &rows);
        for row in 0..3 {
            for column in 0..=row {
                // Whole numbers: sums are exact in any order.
                let expected: f64 = rows.iter().zip(&weights).map(|(x, w)| w * x[row] * x[column]).sum();
                assert_eq!(gram.at(row, column), expected);
            }
        }
    }
}
