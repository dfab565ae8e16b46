//! `itk::NearestNeighborInterpolateImageFunction`, for images and masks.

use super::lines::Lines;
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::{Bounds, Mask};
use ndarray::Array3;

/// The voxel nearest to a continuous index of at least -1/2: halves go up, as in ITK's `RoundHalfIntegerUp`.
#[inline]
pub(super) fn nearest(index: f64) -> usize {
    (index + 0.5) as usize
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
    let [sx, sy, _] = region.size;
    let Some(voxels) = mask.inside().as_slice() else {
        return Err(VolumeError::EmptyMask);
    };
    // The place in the region's box of a continuous index, usize::MAX outside of it.
    let place = |d: usize, index: f64| {
        if !lines.holds_along(d, index) {
            return usize::MAX;
        }
        let at = nearest(index).wrapping_sub(region.lower[d]);
        if at < region.size[d] { at } else { usize::MAX }
    };
    let axes = lines.axes().filter(|(_, error)| *error == [0.0; 3]);
    let axes = axes.map(|(axes, _)| {
        let places = |d: usize| -> Vec<usize> { axes[d].iter().map(|&index| place(d, index)).collect() };
        [places(0), places(1), places(2)]
    });
    for (mut plane, z) in inside.outer_iter_mut().zip(from[2]..to[2]) {
        for (mut row, y) in plane.outer_iter_mut().zip(from[1]..to[1]) {
            if let Some([xs, ys, zs]) = &axes {
                let (y, z) = (ys[y], zs[z]);
                if y == usize::MAX || z == usize::MAX {
                    continue;
                }
                let start = (z * sy + y) * sx;
                let Some(source) = voxels.get(start..start + sx) else {
                    continue;
                };
                for (voxel, x) in row.iter_mut().zip(&xs[from[0]..to[0]]) {
                    *voxel = source.get(*x).copied().unwrap_or(false);
                }
                continue;
            }
            let line = lines.line(y, z);
            for (voxel, x) in row.iter_mut().zip(from[0]..to[0]) {
                let index = lines.at(&line, x);
                let [x, y, z] = std::array::from_fn(|d| place(d, index[d]));
                if x != usize::MAX && y != usize::MAX && z != usize::MAX {
                    *voxel = voxels.get((z * sy + y) * sx + x).copied().unwrap_or(false);
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
