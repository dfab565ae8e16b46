//! Principal axes of a region.

use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use nalgebra::Matrix3;
use ndarray::ArrayView3;

/// Eigenvalues of the covariance of the voxel centres in mm, divided by the number of voxels, ascending. `inside` is
/// indexed `[[z, y, x]]`, `spacing` is (z, y, x).
///
/// The moments are sums of integers, so that the covariance is exact but for its last rounding. As in PyRadiomics a value
/// between -1e-10 and 0 is taken as 0.
pub(super) fn eigenvalues(
    inside: ArrayView3<bool>,
    spacing: [f64; 3],
    cancel: Cancel,
) -> Result<[f64; 3], RadiomicsError> {
    let (mut n, mut first, mut second) = (0i128, [0i128; 3], [[0i128; 3]; 3]);
    for (y_and_z, line) in inside.rows().into_iter().enumerate() {
        cancel.check_at(y_and_z)?;
        let ny = inside.dim().1;
        let (z, y) = ((y_and_z / ny) as i128, (y_and_z % ny) as i128);
        let (mut count, mut sum, mut squares) = (0u64, 0u64, 0u64);
        for (x, _) in (0u64..).zip(line).filter(|(_, inside)| **inside) {
            count += 1;
            sum += x;
            squares += x * x;
        }
        let (count, sum) = (i128::from(count), i128::from(sum));
        n += count;
        for (total, v) in first.iter_mut().zip([z * count, y * count, sum]) {
            *total += v;
        }
        second[0][0] += z * z * count;
        second[0][1] += z * y * count;
        second[0][2] += z * sum;
        second[1][1] += y * y * count;
        second[1][2] += y * sum;
        second[2][2] += i128::from(squares);
    }
    // Central moments times n².
    let central = |a: usize, b: usize| n * second[a][b] - first[a] * first[b];
    for (flat, [a, b]) in [[1, 2], [0, 2], [0, 1]].into_iter().enumerate() {
        if central(flat, flat) == 0 {
            let moments = [central(a, a), central(a, b), central(b, b)];
            let [minor, major] = in_plane(n, moments, [spacing[a], spacing[b]]);
            return Ok([0.0, minor, major]);
        }
    }
    let covariance =
        Matrix3::from_fn(|r, c| central(r.min(c), r.max(c)) as f64 / (n * n) as f64 * spacing[r] * spacing[c]);
    let values = covariance.symmetric_eigenvalues();
    let mut values = [values[0], values[1], values[2]].map(|v| if v < 0.0 && v > -1e-10 { 0.0 } else { v });
    values.sort_unstable_by(f64::total_cmp);
    Ok(values)
}

/// Eigenvalues of the covariance of n points in a plane, ascending, from their central moments along the first axis, of
/// both and along the second, times n², and the spacing along these axes.
///
/// Whole numbers do not cancel, so that points on a line have a smaller eigenvalue of 0 whatever its direction.
pub(super) fn in_plane(n: i128, [first, both, second]: [i128; 3], spacing: [f64; 2]) -> [f64; 2] {
    let [height, width] = spacing;
    let by = |moment: i128, scale: f64| moment as f64 / (n * n) as f64 * scale;
    let (a, b, c) = (
        by(first, height * height),
        by(both, height * width),
        by(second, width * width),
    );
    let major = (a + c) / 2.0 + ((a - c) / 2.0).hypot(b);
    // The product of the eigenvalues is the determinant.
    let determinant = match (first.checked_mul(second), both.checked_mul(both)) {
        (Some(straight), Some(crossed)) => by(straight - crossed, (height * width).powi(2)) / (n * n) as f64,
        _ => a * c - b * b,
    };
    let minor = if major > 0.0 { determinant / major } else { 0.0 };
    [minor.max(0.0), major]
}
