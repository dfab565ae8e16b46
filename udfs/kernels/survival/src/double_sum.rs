//! Sums with twice the digits.

/// A sum that keeps what rounding drops, so that weights can be taken off again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DoubleSum {
    sum: f64,
    dropped: f64,
}

impl DoubleSum {
    pub(crate) fn add(&mut self, value: f64) {
        let (sum, dropped) = two_sum(self.sum, value);
        (self.sum, self.dropped) = two_sum(sum, self.dropped + dropped);
    }

    pub(crate) fn add_sum(&mut self, other: Self) {
        self.add(other.sum);
        self.add(other.dropped);
    }

    pub(crate) fn negated(self) -> Self {
        Self {
            sum: -self.sum,
            dropped: -self.dropped,
        }
    }

    pub(crate) fn sum(self) -> f64 {
        self.sum
    }
}

/// A sum and its rounding error, exactly (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}
