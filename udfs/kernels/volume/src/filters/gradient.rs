//! The magnitude of the gradient: `getGradientImage` of PyRadiomics, `GradientMagnitudeImageFilter` of ITK.
//!
//! Central differences in float64; a voxel at the edge stands in for its neighbour outside.

use super::go_on;
use super::sampling::Voxel;
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::Bounds;
use crate::voxels::Volume;
use crate::with_voxels;
use ndarray::Array3;
use std::sync::atomic::AtomicBool;

/// PyRadiomics' name of the filtered image.
pub const NAME: &str = "gradient";

/// The voxels of an image on `grid` that the filtered `output` needs.
pub fn support(grid: &Grid, output: &Bounds) -> Bounds {
    output.grown([1; 3], [1; 3], grid)
}

/// The magnitude of the gradient in `output`, as float32 whatever the type of the image is: intensity per millimetre, or with
/// `use_spacing` false (PyRadiomics' setting `gradientUseSpacing`) per voxel.
///
/// # Errors
/// [`VolumeError::Outside`] when the box leaves the image, [`VolumeError::Cancelled`].
pub fn magnitude(
    image: &Volume,
    use_spacing: bool,
    output: &Bounds,
    cancel: &AtomicBool,
) -> Result<Volume, VolumeError> {
    let grid = image.grid().crop(output)?;
    let scales = image
        .grid()
        .spacing()
        .map(|s| if use_spacing { 0.5 * (1.0 / s) } else { 0.5 });
    let voxels = with_voxels!(image.voxels(), a => filter(a, scales, output, cancel))?;
    let found = voxels.len();
    let voxels = Array3::from_shape_vec(grid.shape(), voxels).map_err(|_| VolumeError::VoxelCount {
        found,
        expected: grid.voxels(),
    })?;
    Volume::new(grid, voxels)
}

fn filter<S: Voxel>(
    image: &Array3<S>,
    scales: [f64; 3],
    output: &Bounds,
    cancel: &AtomicBool,
) -> Result<Vec<f32>, VolumeError> {
    let voxels = image.as_slice().unwrap_or(&[]);
    let (nz, ny, nx) = image.dim();
    let (from, to, len) = (output.lower, output.upper(), output.size[0]);
    let row = |y: usize, z: usize| &voxels[(z * ny + y) * nx..][..nx];
    // A row of the image in f64, with the voxel at each edge once more.
    let mut line = vec![0.0f64; nx + 2];
    let mut out = vec![0.0f32; output.voxels()];
    let mut rows = out.chunks_exact_mut(len);
    for z in from[2]..to[2] {
        for (y, out) in (from[1]..to[1]).zip(&mut rows) {
            go_on(cancel)?;
            let here = row(y, z);
            for (to, v) in line[1..].iter_mut().zip(here) {
                *to = v.double();
            }
            (line[0], line[nx + 1]) = (line[1], line[nx]);
            let cut = from[0]..to[0];
            let (before, after) = (&line[cut.clone()], &line[from[0] + 2..][..len]);
            let here = &line[from[0] + 1..][..len];
            let below = &row(y.saturating_sub(1), z)[cut.clone()];
            let above = &row((y + 1).min(ny - 1), z)[cut.clone()];
            let under = &row(y, z.saturating_sub(1))[cut.clone()];
            let over = &row(y, (z + 1).min(nz - 1))[cut];
            for x in 0..len {
                // The operator's middle is 0, which counts when the voxel is not finite.
                let g = |a: f64, b: f64, scale: f64| -scale * a + 0.0 * here[x] + scale * b;
                let gx = g(before[x], after[x], scales[0]);
                let gy = g(below[x].double(), above[x].double(), scales[1]);
                let gz = g(under[x].double(), over[x].double(), scales[2]);
                out[x] = (gx * gx + gy * gy + gz * gz).sqrt() as f32;
            }
        }
    }
    Ok(out)
}
