//! Statistics of the intensities of a region.

use crate::cancel::{BLOCK, Cancel};
use crate::catalogue::FeatureClass;
use crate::discretise::Discretised;
use crate::error::RadiomicsError;
use crate::region::Intensities;
use crate::request::FeatureSet;
use crate::settings::Settings;

/// numpy's spacing of 1, added inside logarithms.
pub(crate) const EPS: f64 = f64::EPSILON;

/// The 18 features in the order of the catalogue, then the deprecated StandardDeviation.
pub(crate) fn features(
    region: &Intensities,
    discretised: &Discretised,
    settings: &Settings,
    voxel_volume: f64,
    wanted: FeatureSet,
    cancel: Cancel,
) -> Result<[f64; 19], RadiomicsError> {
    let x = &region.values;
    let n = x.len() as f64;
    let mean = sum(x, cancel, |v| v)? / n;
    let shift = settings.voxel_array_shift;
    let [m2, m3, m4, absolute, energy] = sums(x, cancel, &|x| {
        let square = |v: f64| (v - mean) * (v - mean);
        [
            eight(x, square),
            eight(x, |v| square(v) * (v - mean)),
            eight(x, |v| square(v) * square(v)),
            eight(x, |v| (v - mean).abs()),
            eight(x, |v| (v + shift) * (v + shift)),
        ]
    })?;
    let variance = m2 / n;
    // A flat region has neither skewness nor kurtosis; PyRadiomics says 0.
    let by_variance = |moment: f64, power: f64| {
        if variance == 0.0 {
            0.0
        } else {
            moment / n / variance.powf(power)
        }
    };

    let order = wanted.needs_any(
        FeatureClass::FirstOrder,
        &[
            "10Percentile",
            "90Percentile",
            "InterquartileRange",
            "Median",
            "RobustMeanAbsoluteDeviation",
        ],
    );
    let (p10, p25, p50, p75, p90) = if order {
        let mut candidates = Candidates::new(region, &[0.1, 0.25, 0.5, 0.75, 0.9], cancel)?;
        let mut at = |q| cancel.check().map(|()| candidates.percentile(q));
        (at(0.1)?, at(0.25)?, at(0.5)?, at(0.75)?, at(0.9)?)
    } else {
        (f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN)
    };

    let (mut entropy, mut uniformity) = (0.0, 0.0);
    for &count in &discretised.counts {
        let p = count as f64 / n;
        entropy -= p * (p + EPS).log2();
        uniformity += p * p;
    }

    Ok([
        p10,
        p90,
        energy,
        entropy,
        p75 - p25,
        by_variance(m4, 2.0),
        region.maximum,
        mean,
        absolute / n,
        p50,
        region.minimum,
        region.maximum - region.minimum,
        robust_mean_absolute_deviation(x, p10, p90, cancel)?,
        (energy / n).sqrt(),
        by_variance(m3, 1.5),
        energy * voxel_volume,
        uniformity,
        variance,
        variance.sqrt(),
    ])
}

/// Numbers that numpy adds up at once.
const BUFFER: usize = 8192;

/// Sums in numpy's order: the rounding of large regions stays small, and what cancels leaves what it leaves in PyRadiomics.
///
/// numpy goes from buffer to buffer and halves what is longer than 128 numbers; `short` adds up what is not, see [`eight`].
fn sums<const N: usize>(
    x: &[f64],
    cancel: Cancel,
    short: &impl Fn(&[f64]) -> [f64; N],
) -> Result<[f64; N], RadiomicsError> {
    let mut total: Option<[f64; N]> = None;
    for buffer in x.chunks(BUFFER) {
        cancel.check()?;
        let sum = pairwise(buffer, short);
        total = Some(total.map_or(sum, |total| std::array::from_fn(|i| total[i] + sum[i])));
    }
    Ok(total.unwrap_or([0.0; N]))
}

fn pairwise<const N: usize>(x: &[f64], short: &impl Fn(&[f64]) -> [f64; N]) -> [f64; N] {
    if x.len() <= 128 {
        return short(x);
    }
    let half = x.len() / 2;
    let (a, b) = x.split_at(half - half % 8);
    let (a, b) = (pairwise(a, short), pairwise(b, short));
    std::array::from_fn(|i| a[i] + b[i])
}

/// Sum of a term of each of at most 128 numbers, as numpy does it: eight sums side by side.
#[inline(always)]
fn eight(x: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let (rows, rest) = x.as_chunks::<8>();
    let mut sum = 0.0;
    if let Some((first, rows)) = rows.split_first() {
        let mut side = [0.0; 8];
        for i in 0..8 {
            side[i] = term(first[i]);
        }
        for row in rows {
            for i in 0..8 {
                side[i] += term(row[i]);
            }
        }
        let [a, b, c, d, e, f, g, h] = side;
        sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
    }
    rest.iter().fold(sum, |sum, v| sum + term(*v))
}

/// The sum of a term of each value.
fn sum(x: &[f64], cancel: Cancel, term: impl Fn(f64) -> f64) -> Result<f64, RadiomicsError> {
    let [sum] = sums(x, cancel, &|x| [eight(x, &term)])?;
    Ok(sum)
}

/// Mean absolute deviation of the values from `p10` to `p90`, ends included, about their own mean.
fn robust_mean_absolute_deviation(x: &[f64], p10: f64, p90: f64, cancel: Cancel) -> Result<f64, RadiomicsError> {
    let kept = |v: f64| (v >= p10) & (v <= p90);
    let n = x.iter().filter(|v| kept(**v)).count() as f64;
    // As in numpy's nanmean, the others count 0 where they stand.
    let mean = sum(x, cancel, |v| if kept(v) { v } else { 0.0 })? / n;
    let deviations = sum(x, cancel, |v| if kept(v) { (v - mean).abs() } else { 0.0 })?;
    Ok(deviations / n)
}

/// Number of equal parts of the range of values in which order statistics are looked for.
const PARTS: usize = 2048;

/// Values of which order statistics are taken: those that lie in the same parts of the range as the wanted ones.
struct Candidates {
    values: Vec<f64>,
    /// Values below each part.
    below: Vec<usize>,
    /// Values that were left out below each part.
    left_out: Vec<usize>,
    voxels: usize,
}

impl Candidates {
    /// For percentiles `wanted` (0 to 1).
    fn new(region: &Intensities, wanted: &[f64], cancel: Cancel) -> Result<Self, RadiomicsError> {
        let x = &region.values;
        let lowest = region.minimum;
        let scale = PARTS as f64 / (region.maximum - lowest);
        // A larger value is never in an earlier part.
        let part = |v: f64| (((v - lowest) * scale) as u32 as usize).min(PARTS - 1);
        let mut counts = vec![0u32; PARTS];
        for block in x.chunks(BLOCK) {
            cancel.check()?;
            for &v in block {
                counts[part(v)] += 1;
            }
        }
        let mut below = vec![0; PARTS + 1];
        for (i, n) in counts.iter().enumerate() {
            below[i + 1] = below[i] + *n as usize;
        }
        let mut keep = vec![false; PARTS];
        for q in wanted {
            let (at, _) = position(x.len(), *q);
            for k in [at, at + 1] {
                // The last part that begins at or below position k.
                let part = below.partition_point(|n| *n <= k).saturating_sub(1);
                keep[part.min(PARTS - 1)] = true;
            }
        }
        let mut left_out = vec![0; PARTS + 1];
        for (i, n) in counts.iter().enumerate() {
            left_out[i + 1] = left_out[i] + if keep[i] { 0 } else { *n as usize };
        }
        let kept = x.len() - left_out[PARTS];
        // One place more, for the values between kept ones that are overwritten.
        let mut values = vec![0.0; kept + 1];
        let mut at = 0;
        for block in x.chunks(BLOCK) {
            cancel.check()?;
            for &v in block {
                values[at] = v;
                at += usize::from(keep[part(v)]);
            }
        }
        values.truncate(kept);
        Ok(Self {
            values,
            below,
            left_out,
            voxels: x.len(),
        })
    }

    /// One of the wanted percentiles, by linear interpolation between order statistics, as `numpy.percentile` computes
    /// it.
    fn percentile(&mut self, q: f64) -> f64 {
        let (at, t) = position(self.voxels, q);
        let part = self.below.partition_point(|n| *n <= at).saturating_sub(1);
        let at = at - self.left_out[part];
        if at >= self.values.len() {
            return f64::NAN;
        }
        let (_, &mut a, above) = self.values.select_nth_unstable_by(at, f64::total_cmp);
        if above.is_empty() {
            return a;
        }
        let b = above.iter().copied().fold(f64::INFINITY, f64::min);
        let step = b - a;
        if t >= 0.5 { b - step * (1.0 - t) } else { a + step * t }
    }
}

/// Between which order statistics percentile q of n values lies: the lower one's number, and how far from it.
fn position(n: usize, q: f64) -> (usize, f64) {
    let top = n.saturating_sub(1);
    let at = top as f64 * q;
    ((at.floor() as usize).min(top), at - at.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percentile(x: &[f64], q: f64) -> f64 {
        let region = Intensities {
            values: x.to_vec(),
            voxel_type: radsql_volume::VoxelType::F64,
            minimum: x.iter().copied().fold(f64::INFINITY, f64::min),
            maximum: x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        };
        let never = std::sync::atomic::AtomicBool::new(false);
        let mut candidates = Candidates::new(&region, &[q], Cancel(&never)).unwrap();
        candidates.percentile(q)
    }

    #[test]
    fn percentiles_as_numpy() {
        let x = [5.0, 1.0, 4.0, 2.0, 9.0, 7.0];
        // numpy.percentile([5, 1, 4, 2, 9, 7], [0, 10, 25, 50, 90, 100])
        for (q, expected) in [(0.0, 1.0), (0.1, 1.5), (0.25, 2.5), (0.5, 4.5), (0.9, 8.0), (1.0, 9.0)] {
            assert_eq!(percentile(&x, q), expected);
        }
        assert_eq!(percentile(&[3.0], 0.9), 3.0);
        assert_eq!(percentile(&[3.0; 50], 0.9), 3.0);
    }

    #[test]
    fn percentiles_are_those_of_all_values() {
        // Even, crowded at one end, few different ones, and a range beyond f64.
        let shapes: [fn(f64) -> f64; 4] = [
            |v| v,
            |v| v.powi(40),
            |v| (v * 5.0).floor(),
            |v| (v - 0.5) * f64::MAX * 2.0,
        ];
        for shape in shapes {
            let x: Vec<f64> = (0..10_007u64)
                .map(|i| shape((i * 7919 % 10_007) as f64 / 10_007.0))
                .collect();
            let mut sorted = x.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            for q in [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0] {
                let (at, t) = position(x.len(), q);
                let (a, b) = (sorted[at], sorted[(at + 1).min(x.len() - 1)]);
                let found = percentile(&x, q);
                assert!(
                    if t == 0.0 { found == a } else { (a..=b).contains(&found) },
                    "{q}: {found}"
                );
            }
        }
    }
}
