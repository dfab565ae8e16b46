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
    let mean = sums(x, cancel, |v| [v])?[0] / n;
    let [m2, m3, m4, absolute, energy] = sums(x, cancel, |v| {
        let d = v - mean;
        let shifted = v + settings.voxel_array_shift;
        [d * d, d * d * d, d * d * (d * d), d.abs(), shifted * shifted]
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
        let mut sorted = x.clone();
        let mut at = |q| cancel.check().map(|()| percentile(&mut sorted, q));
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

/// Sums of N terms of each value, in numpy's order: the rounding of large regions stays small, and what cancels leaves what
/// it leaves in PyRadiomics.
fn sums<const N: usize>(
    x: &[f64],
    cancel: Cancel,
    terms: impl Fn(f64) -> [f64; N],
) -> Result<[f64; N], RadiomicsError> {
    pairwise(x, cancel, &terms)
}

/// numpy's pairwise summation: eight sums side by side up to 128 numbers, halves above.
fn pairwise<const N: usize>(
    x: &[f64],
    cancel: Cancel,
    terms: &impl Fn(f64) -> [f64; N],
) -> Result<[f64; N], RadiomicsError> {
    let add = |sum: [f64; N], more: [f64; N]| std::array::from_fn(|i| sum[i] + more[i]);
    if x.len() > 128 {
        if x.len() > BLOCK / 2 {
            cancel.check()?;
        }
        let half = x.len() / 2;
        let (a, b) = x.split_at(half - half % 8);
        return Ok(add(pairwise(a, cancel, terms)?, pairwise(b, cancel, terms)?));
    }
    let (rows, rest) = x.as_chunks::<8>();
    let mut sum = [0.0; N];
    if let Some((first, rows)) = rows.split_first() {
        let mut side = first.map(terms);
        for row in rows {
            for (side, v) in side.iter_mut().zip(row) {
                *side = add(*side, terms(*v));
            }
        }
        let [a, b, c, d, e, f, g, h] = side;
        sum = add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h)));
    }
    Ok(rest.iter().fold(sum, |sum, v| add(sum, terms(*v))))
}

/// Mean absolute deviation of the values from `p10` to `p90`, ends included, about their own mean.
fn robust_mean_absolute_deviation(x: &[f64], p10: f64, p90: f64, cancel: Cancel) -> Result<f64, RadiomicsError> {
    let kept = |v: f64| (p10..=p90).contains(&v);
    let n = x.iter().filter(|v| kept(**v)).count() as f64;
    // As in numpy's nanmean, the others count 0 where they stand.
    let [sum] = sums(x, cancel, |v| [if kept(v) { v } else { 0.0 }])?;
    let mean = sum / n;
    let [deviations] = sums(x, cancel, |v| [if kept(v) { (v - mean).abs() } else { 0.0 }])?;
    Ok(deviations / n)
}

/// Percentile q (0 to 1) by linear interpolation between order statistics, as `numpy.percentile` computes it. The
/// values are reordered.
fn percentile(x: &mut [f64], q: f64) -> f64 {
    let Some(top) = x.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = top as f64 * q;
    let below = (at.floor() as usize).min(top);
    let t = at - at.floor();
    let (_, &mut a, above) = x.select_nth_unstable_by(below, f64::total_cmp);
    let b = above.iter().copied().fold(f64::INFINITY, f64::min);
    if above.is_empty() {
        return a;
    }
    let step = b - a;
    if t >= 0.5 { b - step * (1.0 - t) } else { a + step * t }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_as_numpy() {
        let mut x = [5.0, 1.0, 4.0, 2.0, 9.0, 7.0];
        // numpy.percentile([5, 1, 4, 2, 9, 7], [0, 10, 25, 50, 90, 100])
        for (q, expected) in [(0.0, 1.0), (0.1, 1.5), (0.25, 2.5), (0.5, 4.5), (0.9, 8.0), (1.0, 9.0)] {
            assert_eq!(percentile(&mut x, q), expected);
        }
        assert_eq!(percentile(&mut [3.0], 0.9), 3.0);
    }
}
