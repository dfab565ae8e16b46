//! Where the voxels of one grid lie among those of another, with ITK's arithmetic.

use super::svd;
use crate::grid::Grid;
use crate::mask::Bounds;

/// A grid as ITK's `ImageBase` keeps it: both transforms as matrices.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    origin: [f64; 3],
    to_point: [[f64; 3]; 3],
    to_index: [[f64; 3]; 3],
}

impl Frame {
    pub(crate) fn of(grid: &Grid) -> Self {
        let (direction, spacing) = (grid.direction(), grid.spacing());
        let to_point = std::array::from_fn(|r| std::array::from_fn(|c| direction[r][c] * spacing[c]));
        Self {
            origin: grid.origin(),
            to_point,
            to_index: svd::inverse(&to_point),
        }
    }

    /// `ImageBase::TransformIndexToPhysicalPoint`: the origin comes first in the sum, other than in [`Grid::physical`].
    fn point(&self, index: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|r| (0..3).fold(self.origin[r], |sum, c| sum + self.to_point[r][c] * index[c]))
    }

    /// `ImageBase::TransformPhysicalPointToContinuousIndex`.
    pub(crate) fn index(&self, point: [f64; 3]) -> [f64; 3] {
        let from_origin: [f64; 3] = std::array::from_fn(|d| point[d] - self.origin[d]);
        std::array::from_fn(|r| (0..3).fold(0.0, |sum, c| sum + self.to_index[r][c] * from_origin[c]))
    }
}

/// Continuous indices in a source grid of the voxels of a target grid.
///
/// As `ResampleImageFilter::LinearThreadedGenerateData`: only the first and the one-past-last voxel of a line along x are
/// transformed, the voxels between are interpolated.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    target: Frame,
    source: Frame,
    /// How far along its line each voxel lies, as a part of it.
    parts: Vec<f64>,
    size: [usize; 3],
    source_size: [usize; 3],
}

/// The continuous indices along one line: that of its first voxel, and the way to the one past its last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    start: [f64; 3],
    way: [f64; 3],
}

impl Lines {
    pub(crate) fn new(target: &Grid, source: &Grid) -> Self {
        Self {
            target: Frame::of(target),
            source: Frame::of(source),
            parts: (0..target.size()[0])
                .map(|x| x as f64 / target.size()[0] as f64)
                .collect(),
            size: target.size(),
            source_size: source.size(),
        }
    }

    /// The line along x at (y, z) of the target.
    pub(crate) fn line(&self, y: usize, z: usize) -> Line {
        let at = |x: usize| self.source.index(self.target.point([x as f64, y as f64, z as f64]));
        let (start, end) = (at(0), at(self.size[0]));
        Line {
            start,
            way: std::array::from_fn(|d| end[d] - start[d]),
        }
    }

    /// The continuous index of voxel `x` of a line.
    #[inline]
    pub(crate) fn at(&self, line: &Line, x: usize) -> [f64; 3] {
        let part = self.parts.get(x).copied().unwrap_or(f64::NAN);
        std::array::from_fn(|d| line.start[d] + part * line.way[d])
    }

    /// Whether a point lies in the source image: ITK's `IsInsideBuffer`, half a voxel beyond the outer centres.
    #[inline]
    pub(crate) fn holds(&self, index: &[f64; 3]) -> bool {
        (0..3).all(|d| self.holds_along(d, index[d]))
    }

    /// The same along one axis.
    #[inline]
    pub(crate) fn holds_along(&self, d: usize, index: f64) -> bool {
        index >= -0.5 && index < self.source_size[d] as f64 - 0.5
    }

    /// The continuous indices of the line along x at (y, z).
    pub(crate) fn fill(&self, y: usize, z: usize, to: &mut [[f64; 3]]) {
        let line = self.line(y, z);
        for (x, to) in to.iter_mut().enumerate() {
            *to = self.at(&line, x);
        }
    }

    /// The source voxels among which the target's voxels in `from..to` lie with their outer halves, and `more` voxels on
    /// either side of them, within the source.
    pub(crate) fn reach(&self, from: [usize; 3], to: [usize; 3], more: i64) -> Bounds {
        let (lo, hi) = self.extent(from, to);
        let mut bounds = Bounds {
            lower: [0; 3],
            size: [1; 3],
        };
        for d in 0..3 {
            let last = self.source_size[d] as i64 - 1;
            let lower = (lo[d].floor() as i64).saturating_sub(more).clamp(0, last);
            let upper = (hi[d].ceil() as i64).saturating_add(more).clamp(lower, last);
            bounds.lower[d] = lower as usize;
            bounds.size[d] = (upper - lower) as usize + 1;
        }
        bounds
    }

    /// How much source index r changes with a step along target axis c.
    fn slope(&self) -> [[f64; 3]; 3] {
        let (a, b) = (&self.source.to_index, &self.target.to_point);
        std::array::from_fn(|r| std::array::from_fn(|c| (0..3).map(|k| a[r][k] * b[k][c]).sum()))
    }

    /// Source indices along each axis when it depends on the target's same axis alone, and how far from them, at most, the
    /// exact indices of the voxels lie: 0 where the two grids' axes are those of space, a rounding error where both are
    /// turned alike. None where they are turned otherwise.
    pub(crate) fn axes(&self) -> Option<([Vec<f64>; 3], [f64; 3])> {
        let slope = self.slope();
        let largest = |d: usize| self.size[d] as f64;
        let mut off = [0.0f64; 3];
        for r in 0..3 {
            for c in (0..3).filter(|&c| c != r) {
                off[r] += slope[r][c].abs() * largest(c);
            }
        }
        if off.iter().any(|o| *o > 1e-9) {
            return None;
        }
        let line = self.line(0, 0);
        let axes: [Vec<f64>; 3] = std::array::from_fn(|d| {
            (0..self.size[d])
                .map(|i| match d {
                    0 => self.at(&line, i)[0],
                    1 => self.line(i, 0).start[1],
                    _ => self.line(0, i).start[2],
                })
                .collect()
        });
        let exact = (0..3).all(|r| {
            (0..3)
                .filter(|&c| c != r)
                .all(|c| (0..3).all(|k| self.source.to_index[r][k] == 0.0 || self.target.to_point[k][c] == 0.0))
        });
        // Rounding of the products and sums on the way from index to point to index, times a safe factor.
        let error = std::array::from_fn(|r| {
            if exact {
                return 0.0;
            }
            let reach: f64 = (0..3)
                .map(|k| {
                    let point: f64 = self.target.origin[k].abs()
                        + self.source.origin[k].abs()
                        + (0..3)
                            .map(|c| self.target.to_point[k][c].abs() * largest(c))
                            .sum::<f64>();
                    self.source.to_index[r][k].abs() * point
                })
                .sum();
            2.0 * off[r] + 32.0 * f64::EPSILON * reach
        });
        Some((axes, error))
    }

    /// The least and the largest source index along each axis over a box of target voxels `from..to`, to their outer faces.
    fn extent(&self, from: [usize; 3], to: [usize; 3]) -> ([f64; 3], [f64; 3]) {
        let (mut lo, mut hi) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for corner in 0..8 {
            let at = std::array::from_fn(|d| (if corner >> d & 1 == 0 { from[d] } else { to[d] }) as f64 - 0.5);
            let index = self.source.index(self.target.point(at));
            for d in 0..3 {
                lo[d] = lo[d].min(index[d]);
                hi[d] = hi[d].max(index[d]);
            }
        }
        (lo, hi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::path::Path;

    #[test]
    fn inverses_have_itks_bits() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/resample/inverse.json");
        let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let numbers = |v: &Value| -> Vec<f64> { v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
        assert_eq!(cases.len(), 200);
        let mut wrong = 0;
        for case in &cases {
            let (s, d) = (numbers(&case["spacing"]), numbers(&case["direction"]));
            let direction = [[d[0], d[1], d[2]], [d[3], d[4], d[5]], [d[6], d[7], d[8]]];
            let grid = Grid::new([2; 3], [s[0], s[1], s[2]], [0.0; 3], direction).unwrap();
            let found: Vec<f64> = Frame::of(&grid).to_index.into_iter().flatten().collect();
            wrong += usize::from(found != numbers(&case["inverse"]));
        }
        assert_eq!(wrong, 0);
    }
}
