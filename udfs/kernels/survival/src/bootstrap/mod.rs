//! Bootstrap intervals (Efron 1979) that come out the same on every machine.

mod concordance;
mod time_roc;

pub use concordance::bootstrap_concordance;
pub use time_roc::{TimeRocBootstrap, bootstrap_time_roc};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;

const MOST_REPLICATES: u32 = 1_000_000;

/// How often to resample, and the seed of the generator.
///
/// A replicate draws n of the n rows with replacement. Rows are first brought into an order of their own, by their times,
/// events and scores, so that the answer depends on the set of rows and on the seed alone. Replicate r, from 0, draws
/// places in that order from stream r of ChaCha8 keyed by `seed_from_u64(seed)`: a place is the upper half of a 32-bit
/// number times n, numbers whose lower half is below 2^32 mod n being passed over (Lemire 2019). Replicates do not depend
/// on each other, so more of them leave the first as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    replicates: u32,
    seed: u64,
}

impl Resampling {
    /// 1 to 1,000,000 replicates.
    pub fn new(replicates: u32, seed: u64) -> Result<Self, SurvivalError> {
        if (1..=MOST_REPLICATES).contains(&replicates) {
            return Ok(Self { replicates, seed });
        }
        Err(SurvivalError::Parameter {
            parameter: "replicates",
            value: f64::from(replicates),
            expected: "1 to 1,000,000",
        })
    }

    /// Calls `look` with the number of times each place was drawn, replicate by replicate.
    fn each(self, rows: usize, mut look: impl FnMut(&[u32])) {
        let base = ChaCha8Rng::seed_from_u64(self.seed);
        let mut counts = vec![0_u32; rows];
        // At most u32::MAX rows come here.
        let count = rows as u32;
        let passed_over = count.wrapping_neg() % count.max(1);
        let mut progress = crate::progress::Loop::of("replicates", self.replicates as usize);
        for replicate in 0..self.replicates {
            crate::interrupt::check();
            let mut generator = base.clone();
            generator.set_stream(u64::from(replicate));
            counts.fill(0);
            for _ in 0..rows {
                let place = loop {
                    let product = u64::from(generator.next_u32()) * u64::from(count);
                    if product as u32 >= passed_over {
                        break product >> 32;
                    }
                };
                counts[place as usize] += 1;
            }
            look(&counts);
            progress.step();
        }
    }
}

/// The ends of a confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapInterval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// A number and what resampling says about it. All but `estimate` and `values` is NaN when every replicate is.
#[derive(Debug, Clone, PartialEq)]
pub struct BootstrapEstimate {
    /// The number for the rows themselves.
    pub estimate: f64,
    /// Mean of the replicates less the estimate.
    pub bias: f64,
    /// Standard deviation of the replicates; NaN for one replicate.
    pub se: f64,
    /// The replicates' quantiles, interpolated between order statistics as by R's `quantile` (type 7).
    pub percentile: BootstrapInterval,
    /// Percentiles turned round about the estimate: twice the estimate less the other quantile (R's `boot.ci` "basic").
    pub basic: BootstrapInterval,
    /// estimate - bias -/+ z se (R's `boot.ci` "norm").
    pub normal: BootstrapInterval,
    /// Every replicate, in order. NaN where the number is not defined for the rows drawn; these count for nothing above.
    pub values: Vec<f64>,
}

/// The difference of two numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct BootstrapDifference {
    /// Place of the first score among those given.
    pub first: usize,
    /// Place of the second score.
    pub second: usize,
    /// The first less the second, replicate by replicate on the same rows.
    pub difference: BootstrapEstimate,
}

/// A number for each of several scores, and all differences of two.
#[derive(Debug, Clone, PartialEq)]
pub struct BootstrapComparison {
    /// One for each score, in the order given.
    pub scores: Vec<BootstrapEstimate>,
    /// The first score with the second, the third and so on, then the second with the third, and so on.
    pub differences: Vec<BootstrapDifference>,
}

impl BootstrapComparison {
    /// `estimates` and `values` by score.
    fn new(estimates: &[f64], values: Vec<Vec<f64>>, level: ConfidenceLevel) -> Self {
        let mut differences = Vec::new();
        for first in 0..values.len() {
            for second in first + 1..values.len() {
                let pairs = values[first].iter().zip(&values[second]).map(|(a, b)| a - b).collect();
                differences.push(BootstrapDifference {
                    first,
                    second,
                    difference: BootstrapEstimate::new(estimates[first] - estimates[second], pairs, level),
                });
            }
        }
        let scores = estimates.iter().zip(values);
        Self {
            scores: scores
                .map(|(&estimate, values)| BootstrapEstimate::new(estimate, values, level))
                .collect(),
            differences,
        }
    }
}

impl BootstrapEstimate {
    fn new(estimate: f64, values: Vec<f64>, level: ConfidenceLevel) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let count = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / count;
        let squares: f64 = sorted.iter().map(|value| (value - mean) * (value - mean)).sum();
        let bias = mean - estimate;
        let se = if sorted.len() > 1 {
            (squares / (count - 1.0)).sqrt()
        } else {
            f64::NAN
        };
        let tail = (1.0 - level.level()) / 2.0;
        let percentile = BootstrapInterval {
            lower: quantile(&sorted, tail),
            upper: quantile(&sorted, 1.0 - tail),
        };
        Self {
            estimate,
            bias,
            se,
            percentile,
            basic: BootstrapInterval {
                lower: 2.0 * estimate - percentile.upper,
                upper: 2.0 * estimate - percentile.lower,
            },
            normal: BootstrapInterval {
                lower: estimate - bias - level.z() * se,
                upper: estimate - bias + level.z() * se,
            },
            values,
        }
    }
}

/// R's `quantile` of type 7; NaN of nothing.
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = last as f64 * probability;
    let below = (place as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}
