//! Regions put on grids, slice by slice.

use crate::error::Problem;
use crate::plane::{Plane, dot, minus};
use ndarray::Array3;
use radsql_volume::{Bounds, Grid, Mask, VolumeError};

/// How far from a voxel's centre a pixel's centre may lie to be that voxel, in voxels.
const NEAR: f64 = 0.01;

/// The part of a region in one slice of a grid.
pub(crate) struct Slice {
    /// Index of the first pixel, which may lie outside the grid.
    pub offset: [i64; 3],
    pub columns: usize,
    /// `columns` to a row.
    pub inside: Vec<bool>,
}

impl Slice {
    /// The box of its pixels inside, as first and last index; none when there are none.
    fn bounds(&self) -> Option<([i64; 2], [i64; 2])> {
        let mut found: Option<([i64; 2], [i64; 2])> = None;
        for (y, row) in self.inside.chunks_exact(self.columns.max(1)).enumerate() {
            let Some(first) = row.iter().position(|v| *v) else {
                continue;
            };
            let last = row.iter().rposition(|v| *v).unwrap_or(first);
            let (first, last, y) = (first as i64, last as i64, y as i64);
            let (low, high) = found.get_or_insert(([first, y], [last, y]));
            *low = [low[0].min(first), low[1].min(y)];
            *high = [high[0].max(last), high[1].max(y)];
        }
        found
    }
}

/// The region that slices make on a grid. Slices at one place are united.
pub(crate) fn assemble(grid: &Grid, slices: &[Slice]) -> Result<Mask, Problem> {
    let (mut low, mut high) = ([i64::MAX; 3], [i64::MIN; 3]);
    for slice in slices {
        let Some((first, last)) = slice.bounds() else {
            continue;
        };
        for d in 0..3 {
            let (from, to) = if d < 2 { (first[d], last[d]) } else { (0, 0) };
            low[d] = low[d].min(slice.offset[d] + from);
            high[d] = high[d].max(slice.offset[d] + to);
        }
    }
    if low[0] > high[0] {
        return Err(Problem::Mask(VolumeError::EmptyMask));
    }
    if (0..3).any(|d| low[d] < 0 || high[d] >= grid.size()[d] as i64) {
        return Err(Problem::Mask(VolumeError::RegionOutside {
            lower: low.map(|v| v as f64),
            upper: high.map(|v| v as f64),
            image: grid.size(),
        }));
    }
    let bounds = Bounds {
        lower: low.map(|v| v as usize),
        size: std::array::from_fn(|d| (high[d] - low[d]) as usize + 1),
    };
    let mut inside = Array3::from_elem((bounds.size[2], bounds.size[1], bounds.size[0]), false);
    for slice in slices {
        for (i, _) in slice.inside.iter().enumerate().filter(|(_, v)| **v) {
            let (x, y) = ((i % slice.columns) as i64, (i / slice.columns) as i64);
            let at = [
                slice.offset[0] + x - low[0],
                slice.offset[1] + y - low[1],
                slice.offset[2] - low[2],
            ];
            if let Some(voxel) = inside.get_mut(at.map(|v| v as usize).to_zyx()) {
                *voxel = true;
            }
        }
    }
    Mask::from_tight_box(grid.clone(), bounds, inside).map_err(Problem::Mask)
}

trait ToZyx {
    fn to_zyx(self) -> [usize; 3];
}

impl ToZyx for [usize; 3] {
    fn to_zyx(self) -> [usize; 3] {
        [self[2], self[1], self[0]]
    }
}

/// Continuous index (x, y, z) of a physical point.
pub(crate) fn index_of(grid: &Grid, point: [f64; 3]) -> [f64; 3] {
    let shift = minus(point, grid.origin());
    let direction = grid.direction();
    std::array::from_fn(|c| {
        let axis = [direction[0][c], direction[1][c], direction[2][c]];
        dot(shift, axis) / grid.spacing()[c]
    })
}

/// The index of a frame's first pixel, when the frame's pixels are voxels of a slice of the grid, or would be if the grid
/// went on; none when the frame lies otherwise.
pub(crate) fn offset_on(grid: &Grid, plane: &Plane) -> Option<[i64; 3]> {
    let nearest = |point| -> Option<[i64; 3]> {
        let index = index_of(grid, point);
        index
            .iter()
            .all(|i| (i - i.round()).abs() <= NEAR && i.abs() < 1e6)
            .then(|| index.map(|i| i.round() as i64))
    };
    let corner = |columns: f64, rows: f64| -> [f64; 3] {
        std::array::from_fn(|r| {
            plane.position[r]
                + plane.along[0][r] * plane.spacing[0] * columns
                + plane.along[1][r] * plane.spacing[1] * rows
        })
    };
    // Three corners that all lie on voxels as many apart fix position, directions and spacings.
    let (columns, rows) = (i64::from(plane.columns) - 1, i64::from(plane.rows) - 1);
    let first = nearest(corner(0.0, 0.0))?;
    let right = nearest(corner(columns as f64, 0.0))?;
    let below = nearest(corner(0.0, rows as f64))?;
    let expected_right = [first[0] + columns, first[1], first[2]];
    let expected_below = [first[0], first[1] + rows, first[2]];
    (right == expected_right && below == expected_below).then_some(first)
}
