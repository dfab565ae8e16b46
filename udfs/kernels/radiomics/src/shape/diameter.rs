//! Largest distances between mesh vertices.
//!
//! The two ends of the largest distance, within a plane or in space, are corners of the convex hull. Of the vertices on
//! one grid line only the outermost two can be corners; of those in one plane only the corners of the plane's hull; and a
//! corner of the whole hull is a corner in each of the three planes through it. Positions are kept in half voxels, so that
//! the hulls are exact. Stretching by the spacing does not change which points are corners, and the distances of the
//! few that are left are computed as PyRadiomics does, so that the result is that of all pairs.

use crate::cancel::Cancel;
use crate::error::RadiomicsError;

/// A vertex (z, y, x), or another position with 0 for the axes that it lacks, in half voxels.
type Vertex = [i32; 3];

/// First and last vertex on each grid line along x and along y.
pub(super) struct Extremes {
    /// Half voxels along z, y, x.
    size: [usize; 3],
    /// For (z, y): smallest and largest x; empty where smallest > largest.
    along_x: Vec<(i32, i32)>,
    /// For (z, x): smallest and largest y.
    along_y: Vec<(i32, i32)>,
}

/// The four diameters in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Diameters {
    /// Within planes of equal z.
    pub(super) slice: f64,
    /// Within planes of equal y.
    pub(super) column: f64,
    /// Within planes of equal x.
    pub(super) row: f64,
    /// In space.
    pub(super) space: f64,
}

pub(super) const EMPTY: (i32, i32) = (i32::MAX, i32::MIN);

impl Extremes {
    /// For a region whose box has `voxels` along z, y, x.
    pub(super) fn new(voxels: [usize; 3]) -> Self {
        // One voxel of margin at each end.
        let size = voxels.map(|n| 2 * n + 4);
        Self {
            size,
            along_x: vec![EMPTY; size[0] * size[1]],
            along_y: vec![EMPTY; size[0] * size[2]],
        }
    }

    /// Adds a vertex (z, y, x), in half voxels with the margin.
    pub(super) fn add(&mut self, [z, y, x]: [usize; 3]) {
        if let Some(line) = self.along_x.get_mut(z * self.size[1] + y) {
            *line = (line.0.min(x as i32), line.1.max(x as i32));
        }
        if let Some(line) = self.along_y.get_mut(z * self.size[2] + x) {
            *line = (line.0.min(y as i32), line.1.max(y as i32));
        }
    }

    /// The largest distances, with `spacing` (z, y, x) in mm.
    pub(super) fn diameters(&self, spacing: [f64; 3], cancel: Cancel) -> Result<Diameters, RadiomicsError> {
        let [nz, ny, nx] = self.size;
        let mut corners: [Vec<Vertex>; 3] = Default::default();
        let mut longest = [0.0f64; 3];
        for (axis, planes) in [nz, ny, nx].into_iter().enumerate() {
            for plane in 0..planes {
                cancel.check()?;
                let hull = match axis {
                    0 => hull((0..ny).map(|y| (y, self.along_x[plane * ny + y]))),
                    1 => hull((0..nz).map(|z| (z, self.along_x[z * ny + plane]))),
                    _ => hull((0..nz).map(|z| (z, self.along_y[z * nx + plane]))),
                };
                let at = plane as i32;
                let vertices: Vec<Vertex> = hull
                    .into_iter()
                    .map(|(u, v)| match axis {
                        0 => [at, u, v],
                        1 => [u, at, v],
                        _ => [u, v, at],
                    })
                    .collect();
                longest[axis] = longest[axis].max(longest_of_all(&vertices, spacing));
                corners[axis].extend(vertices);
            }
        }
        let [slices, columns, rows] = &mut corners;
        columns.sort_unstable();
        rows.sort_unstable();
        slices.retain(|v| columns.binary_search(v).is_ok() && rows.binary_search(v).is_ok());
        let space = longest_pruned(slices, spacing, cancel)?;
        Ok(Diameters {
            slice: longest[0].sqrt(),
            column: longest[1].sqrt(),
            row: longest[2].sqrt(),
            space: space.sqrt(),
        })
    }
}

/// Corners of the convex hull of points on parallel lines: `(u, (smallest v, largest v))` with u ascending.
pub(super) fn hull(lines: impl Iterator<Item = (usize, (i32, i32))>) -> Vec<(i32, i32)> {
    let mut low: Vec<(i32, i32)> = Vec::new();
    let mut high = Vec::new();
    for (u, (first, last)) in lines.filter(|(_, (first, last))| first <= last) {
        push(&mut low, (u as i32, first), 1);
        push(&mut high, (u as i32, last), -1);
    }
    low.extend(high);
    low.sort_unstable();
    low.dedup();
    low
}

/// Adds a point to a chain of the hull and drops the points that are then no corner. `side` is 1 for the chain of small v.
fn push(chain: &mut Vec<(i32, i32)>, point: (i32, i32), side: i64) {
    while let [.., a, b] = chain.as_slice() {
        let (bu, bv) = (i64::from(b.0 - a.0), i64::from(b.1 - a.1));
        let (pu, pv) = (i64::from(point.0 - a.0), i64::from(point.1 - a.1));
        if side * (bu * pv - bv * pu) > 0 {
            break;
        }
        chain.pop();
    }
    chain.push(point);
}

fn millimetres(v: Vertex, spacing: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|d| f64::from(v[d]) / 2.0 * spacing[d])
}

fn squared_distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    let [z, y, x] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    z * z + y * y + x * x
}

/// Largest squared distance among some vertices, by all pairs.
pub(super) fn longest_of_all(vertices: &[Vertex], spacing: [f64; 3]) -> f64 {
    let points: Vec<[f64; 3]> = vertices.iter().map(|v| millimetres(*v, spacing)).collect();
    let mut longest = 0.0f64;
    for (i, a) in points.iter().enumerate() {
        for b in &points[..i] {
            longest = longest.max(squared_distance(a, b));
        }
    }
    longest
}

/// Largest squared distance among some vertices. They are taken from the outermost inwards: two of them are no further
/// apart than the sum of their distances from the middle.
fn longest_pruned(vertices: &[Vertex], spacing: [f64; 3], cancel: Cancel) -> Result<f64, RadiomicsError> {
    let points: Vec<[f64; 3]> = vertices.iter().map(|v| millimetres(*v, spacing)).collect();
    let bound = |d: usize, pick: fn(f64, f64) -> f64, from: f64| points.iter().map(|p| p[d]).fold(from, pick);
    let middle: [f64; 3] =
        std::array::from_fn(|d| (bound(d, f64::min, f64::INFINITY) + bound(d, f64::max, f64::NEG_INFINITY)) / 2.0);
    let mut outermost: Vec<(f64, [f64; 3])> = points
        .iter()
        .map(|p| (squared_distance(p, &middle).sqrt(), *p))
        .collect();
    outermost.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut longest = 0.0f64;
    for (i, (radius, a)) in outermost.iter().enumerate() {
        cancel.check_at(i)?;
        // Slightly less than the longest found, for the rounding of the radii.
        let enough = longest.sqrt() * (1.0 - 1e-12) - radius;
        if enough > *radius {
            break;
        }
        for (other, b) in &outermost[i + 1..] {
            if *other < enough {
                break;
            }
            longest = longest.max(squared_distance(a, b));
        }
    }
    Ok(longest)
}
