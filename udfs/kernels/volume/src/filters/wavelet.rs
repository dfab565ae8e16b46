//! Wavelet sub-bands: `getWaveletImage` of PyRadiomics, `pywt.swtn` of PyWavelets.
//!
//! The transform is periodic. An axis of an odd number of voxels gets one more at its end, equal to the first one, before the
//! first level; it is transformed with the others and is not part of the output. Each level filters the approximation of the
//! level before with the same taps, without spreading them.

use super::families::{Pair, Taps, Wavelet};
use super::sampling::{Real, Voxel};
use super::swt::{Along, transform};
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::Bounds;
use crate::voxels::{Volume, Voxels};
use crate::with_voxels;
use ndarray::Array3;
use std::sync::atomic::AtomicBool;

/// Which levels of the decomposition are wanted: PyRadiomics' settings `start_level` and `level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaveletLevels {
    /// Levels that are passed over first.
    pub start_level: usize,
    /// Levels whose sub-bands are given.
    pub level: usize,
}

impl Default for WaveletLevels {
    fn default() -> Self {
        Self {
            start_level: 0,
            level: 1,
        }
    }
}

impl WaveletLevels {
    fn total(self) -> usize {
        self.start_level.saturating_add(self.level)
    }

    /// PyRadiomics' name of a band of the `index`-th level given, from 1 on.
    fn name(index: usize, letters: &str) -> String {
        if index == 1 {
            format!("wavelet-{letters}")
        } else {
            format!("wavelet{index}-{letters}")
        }
    }
}

/// The bands of one level in PyRadiomics' order, the approximation last: the band's number in [`transform`] and its letters,
/// one for each axis that is transformed, x first.
fn bands(axes: [bool; 3]) -> Vec<(usize, String)> {
    let possible = |b: &usize| (0..3).all(|d| axes[d] || b & (4 >> d) == 0);
    let letter = |b: usize, d: usize| if b & (4 >> d) == 0 { 'L' } else { 'H' };
    let letters = |b: usize| (0..3).filter(|&d| axes[d]).map(|d| letter(b, d)).collect();
    (1..8).chain([0]).filter(possible).map(|b| (b, letters(b))).collect()
}

/// The names of the sub-bands in PyRadiomics' order: `wavelet-LLH`, ..., `wavelet2-LLH`, ... for the second level, and the
/// approximation of the last level at the end. `axes` tells whether x, y and z are transformed; one that is not has no letter.
pub fn names(levels: WaveletLevels, axes: [bool; 3]) -> Vec<String> {
    let (mut details, mut last) = (bands(axes), Vec::new());
    if let Some((_, letters)) = details.pop() {
        last.push(WaveletLevels::name(levels.level, &letters));
    }
    let detail = |index| {
        details
            .iter()
            .map(move |(_, letters)| WaveletLevels::name(index, letters))
    };
    (1..=levels.level).flat_map(detail).chain(last).collect()
}

/// The voxels of an image on `grid` that the sub-bands of `output` need.
///
/// Along an axis where they reach beyond the image this is the whole axis, because its period counts.
pub fn support(grid: &Grid, wavelet: &Wavelet, levels: WaveletLevels, axes: [bool; 3], output: &Bounds) -> Bounds {
    let (below, above) = wavelet.reach();
    let reach = |n: usize, d: usize| if axes[d] { n.saturating_mul(levels.total()) } else { 0 };
    let mut bounds = *output;
    for d in 0..3 {
        let (below, above) = (reach(below, d), reach(above, d));
        let size = grid.size()[d];
        let upper = output.upper()[d].saturating_add(above);
        (bounds.lower[d], bounds.size[d]) = match output.lower[d].checked_sub(below) {
            Some(lower) if upper <= size => (lower, upper - lower),
            _ => (0, size),
        };
    }
    bounds
}

/// The sub-bands of `output` that `wanted` accepts by name, in the order of [`names`].
///
/// They are float32, computed in float32, for a float32 image, and float64 for all others, as PyWavelets gives them. No band is
/// scaled: each low pass has a gain of sqrt(2).
///
/// # Errors
/// [`VolumeError::Outside`] when the box leaves the image, [`VolumeError::Cancelled`].
pub fn decompose(
    image: &Volume,
    wavelet: &Wavelet,
    levels: WaveletLevels,
    axes: [bool; 3],
    wanted: &dyn Fn(&str) -> bool,
    output: &Bounds,
    cancel: &AtomicBool,
) -> Result<Vec<(String, Volume)>, VolumeError> {
    let grid = image.grid().crop(output)?;
    if levels.total() == 0 {
        // No level at all: the approximation is the image.
        let name = names(levels, axes).into_iter().filter(|n| wanted(n));
        return name.map(|n| Ok((n, image.crop(output)?))).collect();
    }
    let plan = Plan {
        periods: image.grid().size().map(|n| n.next_multiple_of(2)),
        reach: wavelet.reach(),
        axes,
        levels,
        output: *output,
    };
    if let Voxels::F32(a) = image.voxels() {
        plan.run::<f32, f32>(a, wavelet, wanted, &grid, cancel)
    } else {
        with_voxels!(image.voxels(), a => plan.run::<f64, _>(a, wavelet, wanted, &grid, cancel))
    }
}

/// Positions along one axis that are at hand, and how many there are in a period.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    len: usize,
    period: usize,
}

struct Plan {
    periods: [usize; 3],
    reach: (usize, usize),
    axes: [bool; 3],
    levels: WaveletLevels,
    output: Bounds,
}

impl Plan {
    /// What the approximation of level `k` has to hold: the output and what the later levels read around it, at most a period.
    fn spans(&self, k: usize) -> [Span; 3] {
        std::array::from_fn(|d| {
            let (from, len, period) = (self.output.lower[d], self.output.size[d], self.periods[d]);
            let later = if self.axes[d] { self.levels.total() - k } else { 0 };
            let (below, above) = (later.saturating_mul(self.reach.0), later.saturating_mul(self.reach.1));
            match len.saturating_add(below).saturating_add(above) {
                len if len < period => Span {
                    from: from as i64 - below as i64,
                    len,
                    period,
                },
                _ if later > 0 => Span {
                    from: 0,
                    len: period,
                    period,
                },
                _ => Span {
                    from: from as i64,
                    len,
                    period,
                },
            }
        })
    }

    /// A box of output.
    fn along(&self, spans: [Span; 3]) -> [Along; 3] {
        std::array::from_fn(|d| Along {
            period: self.periods[d],
            from: spans[d].from,
            len: spans[d].len,
            active: self.axes[d],
        })
    }

    fn run<T: Real + Taps, S: Voxel>(
        &self,
        image: &Array3<S>,
        wavelet: &Wavelet,
        wanted: &dyn Fn(&str) -> bool,
        grid: &Grid,
        cancel: &AtomicBool,
    ) -> Result<Vec<(String, Volume)>, VolumeError>
    where
        Voxels: From<Array3<T>>,
    {
        let taps = T::taps(wavelet);
        let (nz, ny, nx) = image.dim();
        let size = [nx, ny, nz];
        let whole = std::array::from_fn(|d| Span {
            from: 0,
            len: size[d],
            period: self.periods[d],
        });
        let image = Source {
            samples: image.as_slice().unwrap_or(&[]),
            spans: whole,
        };
        let total = self.levels.total();
        let mut found = Vec::new();
        let mut approximation = Vec::new();
        for k in 1..=total {
            // Sub-bands are given from the level after start_level on, the approximation of the last level only.
            let index = k.checked_sub(self.levels.start_level).filter(|&i| i > 0);
            let given = bands(self.axes).into_iter().filter_map(|(band, letters)| {
                let index = if band > 0 { index? } else { self.levels.level };
                (band > 0 || k == total).then(|| (band, WaveletLevels::name(index, &letters)))
            });
            let given: Vec<_> = given.filter(|(_, name)| wanted(name)).collect();
            let mask = given.iter().fold(0, |mask, (band, _)| mask | 1 << band);

            let source = Source {
                samples: approximation.as_slice(),
                spans: self.spans(k - 1),
            };
            let step = |spans, mask| {
                let along = self.along(spans);
                if k == 1 {
                    image.level(along, self.reach, taps, mask, cancel)
                } else {
                    source.level(along, self.reach, taps, mask, cancel)
                }
            };
            if mask != 0 {
                let mut out = step(self.spans(total), mask)?;
                for (band, name) in given {
                    let voxels = out.get_mut(band).map(std::mem::take).unwrap_or_default();
                    let voxels = Array3::from_shape_vec(grid.shape(), voxels).map_err(|_| VolumeError::VoxelCount {
                        found: 0,
                        expected: grid.voxels(),
                    })?;
                    found.push((name, Volume::new(grid.clone(), voxels)?));
                }
            }
            if k < total {
                let [low, ..] = step(self.spans(k), 1)?;
                approximation = low;
            }
        }
        Ok(found)
    }
}

/// The samples that a level reads.
struct Source<'a, S> {
    samples: &'a [S],
    spans: [Span; 3],
}

impl<S: Voxel> Source<'_, S> {
    /// The index of every sample that an output reads along axis `d`, whose first output reads from `below` on.
    fn indices(&self, d: usize, along: &Along, reach: (usize, usize)) -> Vec<usize> {
        let Span { from, len, period } = self.spans[d];
        let (below, above) = if along.active { reach } else { (0, 0) };
        let first = along.from - below as i64;
        let index = |i: usize| {
            // A whole period may be read at any position; the voxel that pads an odd axis is the first one.
            let i = first + i as i64 - from;
            let i = if len + 1 >= period {
                i.rem_euclid(period as i64)
            } else {
                i
            } as usize;
            if i < len { i } else { 0 }
        };
        (0..along.len + below + above).map(index).collect()
    }

    fn level<T: Real>(
        &self,
        along: [Along; 3],
        reach: (usize, usize),
        taps: &Pair<T>,
        mask: u8,
        cancel: &AtomicBool,
    ) -> Result<[Vec<T>; 8], VolumeError> {
        let [xs, ys, zs] = std::array::from_fn(|d| self.indices(d, &along[d], reach));
        let [nx, ny, _] = self.spans.map(|s| s.len);
        let first = xs.first().copied().unwrap_or(0);
        let in_one_piece = xs.iter().enumerate().all(|(i, &x)| x == first + i);
        let fetch = |y: usize, z: usize, row: &mut [T]| {
            let line = &self.samples[(zs[z] * ny + ys[y]) * nx..][..nx];
            if in_one_piece {
                for (to, v) in row.iter_mut().zip(&line[first..]) {
                    *to = T::from_double(v.double());
                }
            } else {
                for (to, &x) in row.iter_mut().zip(&xs) {
                    *to = T::from_double(line[x].double());
                }
            }
        };
        transform(along, taps, mask, &fetch, cancel)
    }
}
