//! The directions in which texture matrices look for neighbours.

use super::grid::Grid;
use crate::error::RadiomicsError;
use crate::settings::{Settings, WeightingNorm};

/// Offsets (z, y, x) in voxels whose largest component is one of `distances`: of each opposite pair the one whose first
/// component that is not 0 is positive. In 3-D and at distance 1 these are 13. Offsets as long as the box are left out,
/// and with `force2d` those that leave the slice.
///
/// # Errors
/// [`RadiomicsError::NoDirections`] when there are none.
pub(super) fn offsets(
    grid: &Grid,
    settings: &Settings,
    distances: &[usize],
) -> Result<Vec<[isize; 3]>, RadiomicsError> {
    let most = distances.iter().copied().max().unwrap_or(0);
    let reach: [isize; 3] = std::array::from_fn(|d| {
        let in_plane = settings.force2d.is_none_or(|axis| axis.dimension() != d);
        if in_plane {
            most.min(grid.size[d] - 1) as isize
        } else {
            0
        }
    });
    let mut offsets = Vec::new();
    for z in (0..=reach[0]).rev() {
        for y in (-reach[1]..=reach[1]).rev() {
            for x in (-reach[2]..=reach[2]).rev() {
                let offset = [z, y, x];
                let norm = offset.iter().map(|o| o.unsigned_abs()).max().unwrap_or(0);
                if offset > [0, 0, 0] && distances.contains(&norm) {
                    offsets.push(offset);
                }
            }
        }
    }
    if offsets.is_empty() {
        let [z, y, x] = grid.size;
        return Err(RadiomicsError::NoDirections {
            size: [x, y, z],
            distances: distances.to_vec(),
            in_plane: settings.force2d.is_some(),
        });
    }
    Ok(offsets)
}

/// Length of an offset in mm by a norm, `None` where directions are not told apart.
pub(super) fn length(offset: [isize; 3], spacing: [f64; 3], norm: WeightingNorm) -> Option<f64> {
    let along: [f64; 3] = std::array::from_fn(|d| offset[d].unsigned_abs() as f64 * spacing[d]);
    match norm {
        WeightingNorm::Euclidean => Some(along.iter().map(|v| v * v).sum::<f64>().sqrt()),
        WeightingNorm::Manhattan => Some(along.iter().sum()),
        WeightingNorm::Infinity => Some(along.iter().copied().fold(0.0, f64::max)),
        WeightingNorm::NoWeighting => None,
    }
}
