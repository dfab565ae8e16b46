//! The Laplacian of a Gaussian: `getLoGImage` of PyRadiomics, `LaplacianRecursiveGaussianImageFilter` of ITK with
//! `NormalizeAcrossScale`.
//!
//! sigma² times the Laplacian, in the image's units. For each axis the image is filtered with the second derivative along it and
//! then with the Gaussian along the others, lower axes first; every filtered image is rounded to float32.

use super::deriche::{Recursion, View};
use super::go_on;
use super::sampling::Voxel;
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::Bounds;
use crate::voxels::Volume;
use crate::with_voxels;
use ndarray::Array3;
use std::sync::atomic::AtomicBool;

/// How many sigmas of voxels around a box count. The filters decay as exp(-1.37 distance / sigma), here to 1e-13.
const REACH: f64 = 22.0;

/// PyRadiomics' name of the image, `log-sigma-1-0-mm-3D`, from sigma as Python writes it: `1.0` and `1` give different names.
pub fn name(sigma: &str) -> String {
    format!("log-sigma-{}-mm-3D", sigma.replace('.', "-"))
}

/// Whether PyRadiomics makes this image; it passes over the others with a warning.
///
/// # Errors
/// [`VolumeError::Sigma`] when sigma is not a positive number of millimetres, [`VolumeError::TooSmall`] when an axis has fewer
/// than 4 voxels or fewer than sigma / spacing, rounded up, and one.
pub fn possible(grid: &Grid, sigma: f64) -> Result<(), VolumeError> {
    if !(sigma > 0.0 && sigma.is_finite()) {
        return Err(VolumeError::Sigma { sigma });
    }
    let needed = grid.spacing().map(|spacing| ((sigma / spacing).ceil() + 1.0).max(4.0));
    if (0..3).all(|d| grid.size()[d] as f64 >= needed[d]) {
        Ok(())
    } else {
        Err(VolumeError::TooSmall {
            size: grid.size(),
            needed: needed.map(|n| n as usize),
        })
    }
}

/// The voxels of an image on `grid` that the filtered `output` needs.
pub fn support(grid: &Grid, sigma: f64, output: &Bounds) -> Bounds {
    let reach = grid
        .spacing()
        .map(|spacing| (REACH * sigma / spacing).ceil().max(3.0) as usize);
    output.grown(reach, reach, grid)
}

/// The Laplacian of a Gaussian of `sigma` mm in `output`, as float32 whatever the type of the image is.
///
/// # Errors
/// Those of [`possible`], [`VolumeError::Outside`] when the box leaves the image, [`VolumeError::Cancelled`].
pub fn laplacian_of_gaussian(
    image: &Volume,
    sigma: f64,
    output: &Bounds,
    cancel: &AtomicBool,
) -> Result<Volume, VolumeError> {
    possible(image.grid(), sigma)?;
    let grid = image.grid().crop(output)?;
    let voxels = with_voxels!(image.voxels(), a => laplacian(a, image.grid(), sigma, output, cancel))?;
    let found = voxels.len();
    let voxels = Array3::from_shape_vec(grid.shape(), voxels).map_err(|_| VolumeError::VoxelCount {
        found,
        expected: grid.voxels(),
    })?;
    Volume::new(grid, voxels)
}

fn laplacian<S: Voxel>(
    image: &Array3<S>,
    grid: &Grid,
    sigma: f64,
    output: &Bounds,
    cancel: &AtomicBool,
) -> Result<Vec<f32>, VolumeError> {
    let support = support(grid, sigma, output);
    let [nx, ny, _] = grid.size();
    let strides = [1, nx, nx * ny];
    let view = View {
        voxels: image.as_slice().unwrap_or(&[]),
        first: (0..3).map(|d| support.lower[d] * strides[d]).sum(),
        strides,
        size: support.size,
    };
    let from = output.within(&support).lower;
    let samples = grid.spacing().map(|spacing| sigma / spacing);

    let mut sum = vec![0.0f32; output.voxels()];
    for axis in 0..3 {
        go_on(cancel)?;
        let [a, b] = [[1, 2], [0, 2], [0, 1]][axis];
        // Along an axis that has been filtered only the output is needed.
        let mut size = support.size;
        let second = Recursion::second_derivative(samples[axis], sigma * sigma);
        let mut filtered = view.filter(axis, &second, from[axis], output.size[axis], cancel)?;
        size[axis] = output.size[axis];
        for d in [a, b] {
            let gaussian = Recursion::gaussian(samples[d]);
            filtered = View::whole(&filtered, size).filter(d, &gaussian, from[d], output.size[d], cancel)?;
            size[d] = output.size[d];
        }
        let scale = 1.0 / (grid.spacing()[axis] * grid.spacing()[axis]);
        for (sum, v) in sum.iter_mut().zip(filtered) {
            *sum = (f64::from(*sum) + f64::from(v) * scale) as f32;
        }
    }
    Ok(sum)
}
