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
    let covariance = Matrix3::from_fn(|r, c| {
        let (a, b) = (r.min(c), r.max(c));
        let central = n * second[a][b] - first[a] * first[b];
        central as f64 / (n * n) as f64 * spacing[r] * spacing[c]
    });
    let values = covariance.symmetric_eigenvalues();
    let mut values = [values[0], values[1], values[2]].map(|v| if v < 0.0 && v > -1e-10 { 0.0 } else { v });
    values.sort_unstable_by(f64::total_cmp);
    Ok(values)
}
