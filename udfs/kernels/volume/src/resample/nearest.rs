//! `itk::NearestNeighborInterpolateImageFunction`, for images and masks.

use super::lines::Lines;
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::{Bounds, Mask};
use ndarray::Array3;

/// The voxel nearest to a continuous index inside the image: halves go up, as in ITK's `RoundHalfIntegerUp`.
#[inline]
pub(super) fn nearest(index: f64) -> usize {
    // ITK's instruction rounds 2x + 1/2 to the nearest even number and halves it.
    ((2.0 * index + 0.5).round_ties_even() as i64 >> 1).max(0) as usize
}

/// The mask on another grid: each voxel takes the nearest voxel of the mask.
///
/// Equal to SimpleITK's `ResampleImageFilter` with `sitkNearestNeighbor`, also where a point lies halfway between two voxels.
/// Voxels outside the mask's grid are outside the region.
///
/// # Errors
/// [`VolumeError::EmptyMask`] when no voxel of the target is inside.
pub fn resample_mask(mask: &Mask, target: &Grid) -> Result<Mask, VolumeError> {
    let lines = Lines::new(target, mask.grid());
    let region = mask.bounds();
    // Where the region's corners lie in the target: no other voxel can be inside.
    let around = Lines::new(mask.grid(), target).reach(region.lower, region.upper(), 2);
    let (from, to) = (around.lower, around.upper());
    let [nx, ny, nz] = around.size;
    let mut inside = Array3::from_elem((nz, ny, nx), false);
    let source = mask.inside();
    let [sx, sy, sz] = region.size;
    let Some(voxels) = source.as_slice() else {
        return Err(VolumeError::EmptyMask);
    };
    for (mut plane, z) in inside.outer_iter_mut().zip(from[2]..to[2]) {
        for (mut row, y) in plane.outer_iter_mut().zip(from[1]..to[1]) {
            let line = lines.line(y, z);
            for (voxel, x) in row.iter_mut().zip(from[0]..to[0]) {
                let index = line.at(x);
                if !lines.holds(&index) {
                    continue;
                }
                let at: [usize; 3] = std::array::from_fn(|d| nearest(index[d]).wrapping_sub(region.lower[d]));
                if at[0] < sx && at[1] < sy && at[2] < sz {
                    *voxel = voxels.get((at[2] * sy + at[1]) * sx + at[0]).copied().unwrap_or(false);
                }
            }
        }
    }
    let bounds = Bounds {
        lower: from,
        size: around.size,
    };
    Mask::from_inside(target.clone(), bounds, &inside)
}
