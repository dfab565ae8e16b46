//! `itk::LinearInterpolateImageFunction`.

use super::sample::Sample;
use crate::mask::Bounds;

/// The value at a continuous index inside the image of `whole` voxels, from the voxels of the box `bounds` of it.
///
/// Along x, then y, then z; an axis on which the point lies on a voxel, or beyond the outer voxels' centres, is left out.
pub(super) fn value<T: Sample>(voxels: &[T], bounds: &Bounds, whole: [usize; 3], index: &[f64; 3]) -> f64 {
    let (mut lower, mut upper, mut part) = ([0usize; 3], [0usize; 3], [0.0; 3]);
    for d in 0..3 {
        let base = index[d].floor().max(0.0);
        let at = base as usize;
        part[d] = index[d] - base;
        let next = (at + 1).min(whole[d] - 1);
        if next == at {
            part[d] = 0.0;
        }
        lower[d] = at.saturating_sub(bounds.lower[d]);
        upper[d] = next.saturating_sub(bounds.lower[d]);
    }
    let [nx, ny, _] = bounds.size;
    let at = |x: usize, y: usize, z: usize| voxels.get((z * ny + y) * nx + x).map_or(f64::NAN, |v| v.real());
    let along = |d: usize, low: f64, high: &dyn Fn() -> f64| {
        // Not multiplied by 0, so that an infinite neighbour does not matter.
        if part[d] > 0.0 {
            low + (high() - low) * part[d]
        } else {
            low
        }
    };
    let line = |y: usize, z: usize| along(0, at(lower[0], y, z), &|| at(upper[0], y, z));
    let plane = |z: usize| along(1, line(lower[1], z), &|| line(upper[1], z));
    along(2, plane(lower[2]), &|| plane(upper[2]))
}
