//! B-spline coefficients of a box of an image, and the sums over them.

use super::spline::{LANES, Lanes, Section, Spline, TAPS};
use crate::error::VolumeError;
use crate::mask::Bounds;
use crate::voxels::Voxels;
use crate::with_voxels;
use std::sync::atomic::{AtomicBool, Ordering};

/// The voxels of a box of an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) voxels: &'a Voxels,
    /// Where the box lies in the image.
    pub(super) bounds: Bounds,
    /// Voxels of the whole image along x, y, z.
    pub(super) whole: [usize; 3],
}

impl Part<'_> {
    /// A row of voxels along x as f64, from absolute (x, y, z) on.
    #[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
    fn row(&self, at: [usize; 3], to: &mut [f64]) {
        let [nx, ny, _] = self.bounds.size;
        let [x, y, z]: [usize; 3] = std::array::from_fn(|d| at[d] - self.bounds.lower[d]);
        let start = (z * ny + y) * nx + x;
        with_voxels!(self.voxels, a => {
            if let Some(row) = a.as_slice().and_then(|s| s.get(start..start + to.len())) {
                for (to, v) in to.iter_mut().zip(row) {
                    *to = *v as f64;
                }
            }
        });
    }

    /// The largest magnitude that a whole-number type can hold; None for fractions, whose coefficients need no proof: the
    /// last bit of a double is rounded away in float32.
    fn bound(&self) -> Option<f64> {
        match self.voxels {
            Voxels::F32(_) | Voxels::F64(_) => None,
            other => Some(2f64.powi(8 * other.voxel_type().bytes() as i32)),
        }
    }
}

/// Coefficients of a box of an image, `[z][y][x]`.
#[derive(Debug)]
pub(super) struct Coefficients {
    spline: Spline,
    lower: [usize; 3],
    size: [usize; 3],
    whole: [usize; 3],
    values: Vec<f64>,
    /// Largest magnitude of each row along x.
    largest: Vec<f64>,
}

/// Weights of one coordinate along one axis, and the places in the box of the coefficients they belong to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Support {
    pub(super) weights: [f64; TAPS],
    pub(super) places: [usize; TAPS],
}

impl Coefficients {
    /// Coefficients of the voxels in `needed`, a box in the image.
    ///
    /// None when `part` is not the whole image and is too small to know the coefficients of the whole to the last bit.
    pub(super) fn of(
        part: &Part,
        needed: &Bounds,
        spline: Spline,
        cancel: &AtomicBool,
    ) -> Result<Option<Self>, VolumeError> {
        // The part of each axis that is filtered at first: a margin around what is needed, within what there is.
        let have = |d: usize| (part.bounds.lower[d], part.bounds.upper()[d]);
        let near = |d: usize| match spline.margin() {
            Some(margin) => (
                needed.lower[d].saturating_sub(margin).max(have(d).0),
                needed.upper()[d].saturating_add(margin).min(have(d).1),
            ),
            None => have(d),
        };
        let filter = Filter {
            part,
            needed,
            spline: &spline,
            bound: part.bound(),
            near: std::array::from_fn(near),
            all: std::array::from_fn(have),
        };
        let Some(values) = filter.run(cancel)? else {
            return Ok(None);
        };
        let largest = values
            .chunks_exact(needed.size[0])
            .map(|row| row.iter().fold(0.0, |m: f64, v| m.max(v.abs())))
            .collect();
        Ok(Some(Self {
            spline,
            lower: needed.lower,
            size: needed.size,
            whole: part.whole,
            values,
            largest,
        }))
    }

    /// Weights of the continuous index `x` along axis `d`.
    #[inline]
    pub(super) fn support(&self, d: usize, x: f64) -> Support {
        let first = self.spline.first(x);
        let weights = self.spline.weights(x, first);
        let places = std::array::from_fn(|k| {
            let at = mirrored(first + k as i64, self.whole[d]);
            at.saturating_sub(self.lower[d]).min(self.size[d] - 1)
        });
        Support { weights, places }
    }

    /// The spline's value, summed in ITK's order (`EvaluateAtContinuousIndexInternal`): x runs fastest.
    pub(super) fn value(&self, x: &Support, y: &Support, z: &Support) -> f64 {
        let taps = self.spline.taps();
        let [nx, ny, _] = self.size;
        let mut sum = 0.0;
        for k in 0..taps {
            for j in 0..taps {
                let start = (z.places[k] * ny + y.places[j]) * nx;
                let Some(row) = self.values.get(start..start + nx) else {
                    continue;
                };
                for i in 0..taps {
                    sum += x.weights[i] * y.weights[j] * z.weights[k] * row[x.places[i]];
                }
            }
        }
        sum
    }

    /// Weighted sum of planes: `to[y][x]`.
    pub(super) fn plane(&self, z: &Support, to: &mut [f64]) {
        let n = self.size[0] * self.size[1];
        self.combine(&self.values, n, z, to);
    }

    /// Weighted sum of the rows of a plane: `to[x]`.
    pub(super) fn row(&self, plane: &[f64], y: &Support, to: &mut [f64]) {
        self.combine(plane, self.size[0], y, to);
    }

    fn combine(&self, from: &[f64], n: usize, s: &Support, to: &mut [f64]) {
        for k in 0..self.spline.taps() {
            let start = s.places[k] * n;
            let Some(from) = from.get(start..start + n) else {
                continue;
            };
            let w = s.weights[k];
            if k == 0 {
                for (to, v) in to.iter_mut().zip(from) {
                    *to = w * v;
                }
            } else {
                for (to, v) in to.iter_mut().zip(from) {
                    *to += w * v;
                }
            }
        }
    }

    /// Weighted sum of a row's values.
    #[inline]
    pub(super) fn point(&self, row: &[f64], x: &Support) -> f64 {
        (0..self.spline.taps()).fold(0.0, |sum, k| sum + x.weights[k] * row[x.places[k]])
    }

    /// Largest magnitude of the coefficients that the line (y, z) takes.
    pub(super) fn largest(&self, y: &Support, z: &Support) -> f64 {
        let taps = self.spline.taps();
        let mut largest = 0.0f64;
        for k in 0..taps {
            for j in 0..taps {
                let row = self.largest.get(z.places[k] * self.size[1] + y.places[j]);
                largest = largest.max(row.copied().unwrap_or(0.0));
            }
        }
        largest
    }

    /// Voxels along x, y of the box.
    pub(super) fn size(&self) -> [usize; 3] {
        self.size
    }
}

/// The voxel that index `i` stands for when an axis of `n` voxels is mirrored at the centres of its first and last.
fn mirrored(i: i64, n: usize) -> usize {
    let last = n as i64 - 1;
    if last <= 0 {
        return 0;
    }
    let i = i.rem_euclid(2 * last);
    (if i > last { 2 * last - i } else { i }) as usize
}

/// The filter along x, then y, then z, each keeping only what the next one needs.
struct Filter<'a> {
    part: &'a Part<'a>,
    needed: &'a Bounds,
    spline: &'a Spline,
    bound: Option<f64>,
    near: [(usize, usize); 3],
    all: [(usize, usize); 3],
}

/// A line's scratch space.
struct Scratch {
    line: Vec<Lanes>,
    rows: Vec<f64>,
    plane: Vec<f64>,
}

impl Filter<'_> {
    fn run(&self, cancel: &AtomicBool) -> Result<Option<Vec<f64>>, VolumeError> {
        let longest = (0..3).map(|d| self.all[d].1 - self.all[d].0).max().unwrap_or(0);
        let mut scratch = Scratch {
            line: vec![[0.0; LANES]; longest],
            rows: vec![0.0; LANES * (self.all[0].1 - self.all[0].0)],
            plane: vec![0.0; (self.all[1].1 - self.all[1].0) * self.needed.size[0]],
        };
        for z in [self.near[2], self.all[2]] {
            if let Some(values) = self.volume(z, &mut scratch, cancel)? {
                return Ok(Some(values));
            }
            if z == self.all[2] {
                break;
            }
        }
        Ok(None)
    }

    /// Coefficients from the planes `from..to`.
    fn volume(
        &self,
        (from, to): (usize, usize),
        scratch: &mut Scratch,
        cancel: &AtomicBool,
    ) -> Result<Option<Vec<f64>>, VolumeError> {
        let n = self.needed.size[0] * self.needed.size[1];
        let mut values = vec![0.0; (to - from) * n];
        for (z, plane) in (from..to).zip(values.chunks_exact_mut(n)) {
            if cancel.load(Ordering::Relaxed) {
                return Err(VolumeError::Cancelled);
            }
            let proved = self.plane(z, self.near[1], plane, scratch)
                || (self.near[1] != self.all[1] && self.plane(z, self.all[1], plane, scratch));
            if !proved {
                return Ok(None);
            }
        }
        let section = self.section(2, from);
        let proved = columns(self.spline, &section, &mut values, n, to - from, &mut scratch.line);
        let (first, last) = (self.needed.lower[2] - from, self.needed.upper()[2] - from);
        values.truncate(last * n);
        values.drain(..first * n);
        Ok(proved.then_some(values))
    }

    /// The plane z filtered along x and y, from the rows `from..to`.
    fn plane(&self, z: usize, (from, to): (usize, usize), out: &mut [f64], scratch: &mut Scratch) -> bool {
        let nx = self.needed.size[0];
        let Scratch { line, rows, plane } = scratch;
        let Some(plane) = plane.get_mut(..(to - from) * nx) else {
            return false;
        };
        for (group, out) in plane.chunks_mut(LANES * nx).enumerate() {
            let y = from + group * LANES;
            let proved = self.rows(y, z, self.near[0], out, line, rows)
                || (self.near[0] != self.all[0] && self.rows(y, z, self.all[0], out, line, rows));
            if !proved {
                return false;
            }
        }
        let proved = columns(self.spline, &self.section(1, from), plane, nx, to - from, line);
        let first = (self.needed.lower[1] - from) * nx;
        if let Some(kept) = plane.get(first..first + out.len()) {
            out.copy_from_slice(kept);
        }
        proved
    }

    /// Up to eight rows along x from row y on, read in `from..to`.
    fn rows(
        &self,
        y: usize,
        z: usize,
        (from, to): (usize, usize),
        out: &mut [f64],
        line: &mut [Lanes],
        rows: &mut [f64],
    ) -> bool {
        let (n, nx) = (to - from, self.needed.size[0]);
        let (Some(line), Some(rows)) = (line.get_mut(..n), rows.get_mut(..LANES * n)) else {
            return false;
        };
        let lanes = out.len() / nx;
        for (lane, row) in rows.chunks_exact_mut(n).enumerate() {
            if lane < lanes {
                self.part.row([from, y + lane, z], row);
            } else {
                row.fill(0.0);
            }
            for (sample, v) in line.iter_mut().zip(row.iter()) {
                sample[lane] = *v;
            }
        }
        let proved = self.spline.filter(line, &self.section(0, from));
        let first = self.needed.lower[0] - from;
        for (lane, out) in out.chunks_exact_mut(nx).enumerate() {
            for (out, sample) in out.iter_mut().zip(&line[first..]) {
                *out = sample[lane];
            }
        }
        proved
    }

    fn section(&self, d: usize, from: usize) -> Section {
        Section {
            whole: self.part.whole[d],
            from,
            keep: (self.needed.lower[d], self.needed.upper()[d]),
            bound: self.bound,
        }
    }
}

/// Filters `length` rows of `n` values along the columns, in place.
fn columns(
    spline: &Spline,
    section: &Section,
    values: &mut [f64],
    n: usize,
    length: usize,
    line: &mut [Lanes],
) -> bool {
    let Some(line) = line.get_mut(..length) else {
        return false;
    };
    let mut start = 0;
    while start < n {
        let lanes = LANES.min(n - start);
        for (sample, row) in line.iter_mut().zip(values.chunks_exact(n)) {
            let Some(row) = row.get(start..start + lanes) else {
                continue;
            };
            // Whole groups are copied in registers.
            *sample = Lanes::try_from(row).unwrap_or_else(|_| {
                let mut some = [0.0; LANES];
                some[..lanes].copy_from_slice(row);
                some
            });
        }
        if !spline.filter(line, section) {
            return false;
        }
        for (sample, row) in line.iter().zip(values.chunks_exact_mut(n)) {
            match row.get_mut(start..start + lanes).map(<&mut Lanes>::try_from) {
                Some(Ok(row)) => *row = *sample,
                _ => row[start..start + lanes].copy_from_slice(&sample[..lanes]),
            }
        }
        start += lanes;
    }
    true
}
