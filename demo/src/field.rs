//! Gaussian random fields: white noise, smoothed with a Gaussian, at unit variance.

use crate::random::Stream;

/// A field of mean 0, standard deviation 1 and Gaussian correlation on a grid of this size, x fastest. `sigma` is the
/// smoothing's standard deviation in voxels along each axis; the correlation of two points falls to 1/e at twice that.
/// The field is periodic, so that its variance is the same up to the border.
pub(crate) fn correlated(size: [usize; 3], sigma: [f64; 3], stream: &mut Stream) -> Vec<f64> {
    let len = size.iter().product();
    let mut values: Vec<f64> = (0..len).map(|_| stream.normal()).collect();
    for (axis, &sigma) in sigma.iter().enumerate() {
        let mut kernel = gaussian(sigma);
        // Independent values of variance 1 have the variance sum(w^2) after weighting.
        let norm = kernel.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
        kernel.iter_mut().for_each(|weight| *weight /= norm);
        convolve(&mut values, size, axis, &kernel);
    }
    values
}

/// The values smoothed along x and y, as a scanner's point spread does within a slice.
pub(crate) fn blur_slices(values: &mut [f64], size: [usize; 3], sigma: f64) {
    let kernel = gaussian(sigma);
    for axis in [0, 1] {
        convolve(values, size, axis, &kernel);
    }
}

/// A Gaussian's weights at the whole numbers up to three standard deviations, of sum 1.
fn gaussian(sigma: f64) -> Vec<f64> {
    let radius = (3.0 * sigma).ceil().max(0.0) as i32;
    let weight = |offset: i32| {
        let scaled = f64::from(offset) / sigma;
        if offset == 0 {
            1.0
        } else {
            libm::exp(-0.5 * scaled * scaled)
        }
    };
    let weights: Vec<f64> = (-radius..=radius).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Convolves along one axis, the grid taken as periodic. `kernel` has an odd number of weights.
fn convolve(values: &mut [f64], size: [usize; 3], axis: usize, kernel: &[f64]) {
    if kernel.len() < 2 {
        return;
    }
    let (extent, inner) = (size[axis], size[..axis].iter().product::<usize>());
    let block = extent * inner;
    if block == 0 {
        return;
    }
    let radius = kernel.len() / 2;
    let wrapped = |index: usize| (index + extent * radius.div_ceil(extent) - radius) % extent;
    let mut padded = vec![0.0; (extent + 2 * radius) * inner];
    for lines in values.chunks_exact_mut(block) {
        for (index, line) in padded.chunks_exact_mut(inner).enumerate() {
            let from = wrapped(index) * inner;
            line.copy_from_slice(&lines[from..from + inner]);
        }
        lines.fill(0.0);
        for (tap, weight) in kernel.iter().enumerate() {
            let shifted = &padded[tap * inner..tap * inner + block];
            for (value, from) in lines.iter_mut().zip(shifted) {
                *value += weight * from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{PatientSeed, Purpose};

    #[test]
    fn a_field_has_unit_variance_and_the_correlation_asked_for() {
        let seed = PatientSeed {
            seed: 1,
            site: 1,
            patient: 1,
        };
        let size = [64, 48, 20];
        let field = correlated(size, [2.0, 1.0, 0.0], &mut seed.stream(Purpose::Texture));
        let n = field.len() as f64;
        let variance = field.iter().map(|value| value * value).sum::<f64>() / n;
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        // Neighbours at distance d along x correlate with exp(-d^2 / (4 sigma^2)).
        let products = field.chunks_exact(64).map(|row| row[..60].iter().zip(&row[4..]));
        let covariance = products.flatten().map(|(a, b)| a * b).sum::<f64>() / (n * 60.0 / 64.0);
        assert!((covariance / variance - (-1.0f64).exp()).abs() < 0.05, "{covariance}");
    }

    #[test]
    fn smoothing_keeps_a_constant_also_where_the_kernel_is_wider_than_the_grid() {
        let mut values = vec![5.0; 3 * 2 * 2];
        blur_slices(&mut values, [3, 2, 2], 4.0);
        assert!(values.iter().all(|value| (value - 5.0).abs() < 1e-12));
    }
}
