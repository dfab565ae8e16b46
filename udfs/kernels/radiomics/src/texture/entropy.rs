//! Entropy of counts.

use crate::firstorder::EPS;
use std::f64::consts::LN_2;
use std::sync::OnceLock;

/// Counts whose logarithm is kept.
const KEPT: usize = 4096;

/// Σ -p log2(p + ε) with p = n / N, to the last digits but one.
///
/// The logarithm of p is that of n less that of N, and ε adds ε / (p ln 2) to it. Above one half, where the difference
/// would lose digits, and for counts that are not whole, the logarithm of p itself is taken.
pub(super) struct Entropy {
    total: f64,
    log_of_total: f64,
    logs: &'static [f64],
    /// Σ n (log2 N - log2 n).
    by_count: f64,
    /// Number of terms in it.
    terms: f64,
    /// The other terms.
    rest: f64,
}

impl Entropy {
    pub(super) fn new(total: f64) -> Self {
        static LOGS: OnceLock<Vec<f64>> = OnceLock::new();
        Self {
            total,
            log_of_total: total.log2(),
            logs: LOGS.get_or_init(|| (0..KEPT).map(|n| (n as f64).log2()).collect()),
            by_count: 0.0,
            terms: 0.0,
            rest: 0.0,
        }
    }

    /// With the logarithm of each p itself.
    pub(super) fn by_term(total: f64) -> Self {
        Self {
            logs: &[],
            ..Self::new(total)
        }
    }

    /// A count that is there `times` times.
    pub(super) fn add(&mut self, n: f64, times: f64) {
        let whole = n as usize;
        match self.logs.get(whole) {
            Some(log) if whole as f64 == n && n + n <= self.total => {
                self.by_count += times * n * (self.log_of_total - log);
                self.terms += times;
            }
            _ => {
                let p = n / self.total;
                self.rest -= times * p * (p + EPS).log2();
            }
        }
    }

    pub(super) fn value(&self) -> f64 {
        self.by_count / self.total - self.terms * EPS / LN_2 + self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_definition() {
        for counts in [
            vec![1.0],
            vec![7.0, 7.0],
            vec![1.0, 100_000.0],
            vec![1.0, 2.0, 3.0, 5000.0, 4999.0],
            vec![0.25, 1.5, 2.0],
            (1..5000).map(f64::from).collect(),
        ] {
            let total: f64 = counts.iter().sum();
            let expected: f64 = -counts.iter().map(|n| n / total * (n / total + EPS).log2()).sum::<f64>();
            let mut entropy = Entropy::new(total);
            counts.iter().for_each(|n| entropy.add(*n, 1.0));
            let found = entropy.value();
            assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{found} {expected}");
        }
    }
}
