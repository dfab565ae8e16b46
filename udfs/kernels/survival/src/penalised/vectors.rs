//! Products and sums of long columns. Each has one order of summation, whatever the processor.

/// Partial sums that run side by side.
const LANES: usize = 8;

/// The sum of products.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (heads, a_tail) = a.as_chunks::<LANES>();
    let (others, b_tail) = b.as_chunks::<LANES>();
    for (a, b) in heads.iter().zip(others) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let tail: f64 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
    add_lanes(sums) + tail
}

/// The sum of weighted squares.
pub(crate) fn weighted_square(weights: &[f64], column: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (heads, weights_tail) = weights.as_chunks::<LANES>();
    let (others, column_tail) = column.as_chunks::<LANES>();
    for (weights, column) in heads.iter().zip(others) {
        for lane in 0..LANES {
            sums[lane] += weights[lane] * (column[lane] * column[lane]);
        }
    }
    let tail: f64 = weights_tail.iter().zip(column_tail).map(|(w, x)| w * (x * x)).sum();
    add_lanes(sums) + tail
}

/// Adds a multiple of a column.
pub(crate) fn add_scaled(sum: &mut [f64], factor: f64, column: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(column) {
        *sum += factor * value;
    }
}

fn add_lanes(sums: [f64; LANES]) -> f64 {
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_every_length() {
        for length in 0..20 {
            let a: Vec<f64> = (0..length).map(|i| f64::from(i) - 3.0).collect();
            let b: Vec<f64> = (0..length).map(|i| f64::from(i * i % 7)).collect();
            let expected: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!(dot(&a, &b), expected);
            let square: f64 = a.iter().zip(&b).map(|(a, b)| b * a * a).sum();
            assert_eq!(weighted_square(&b, &a), square);
        }
    }
}
