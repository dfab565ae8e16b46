//! Intensities to grey levels.
//!
//! The level of x is the number of bin edges that are not above it. PyRadiomics makes the edges with numpy, in the type
//! of the image's voxels: `arange(low, max + 2 w, w)` for a bin width w, with low = min - min mod w, and
//! `linspace(min, max, n + 1)` with 1 added to the last edge for a bin count n. In float32 the edges are rounded, and a
//! voxel next to an edge falls on the side that the rounding gives; the same steps are therefore taken here (of the edges
//! of a width only the first two are rounded). Integers are
//! treated as f64, which is exact up to 2^53 and never wraps, where numpy's int16 or uint8 would.

use crate::cancel::{BLOCK, Cancel};
use crate::error::RadiomicsError;
use crate::region::Intensities;
use crate::settings::{Binning, MAX_LEVELS, Settings};
use radsql_volume::VoxelType;

/// The grey levels of a region.
pub(crate) struct Discretised {
    /// For each voxel, the position of its level in `levels`, counted from 1.
    pub(crate) ranks: Vec<u16>,
    /// Levels that occur, ascending, each at least 1.
    pub(crate) levels: Vec<u16>,
    /// Number of voxels of each level in `levels`.
    pub(crate) counts: Vec<usize>,
}

impl Discretised {
    /// Cuts the intensities of a region into grey levels.
    ///
    /// # Errors
    /// [`RadiomicsError::TooManyLevels`], [`RadiomicsError::BinWidthBelowPrecision`] or [`RadiomicsError::Cancelled`].
    pub(crate) fn new(region: &Intensities, settings: &Settings, cancel: Cancel) -> Result<Self, RadiomicsError> {
        let edges = Edges::new(region, settings)?;
        let Ok(highest) = u16::try_from(edges.level(region.maximum)) else {
            return Err(edges.too_many(region));
        };
        let mut ranks: Vec<u16> = vec![0; region.values.len()];
        let mut table = vec![0usize; usize::from(highest) + 1];
        let guess = Guess::new(&edges, highest, region.values.len());
        for (ranks, values) in ranks.chunks_mut(BLOCK).zip(region.values.chunks(BLOCK)) {
            cancel.check()?;
            for (rank, &v) in ranks.iter_mut().zip(values) {
                let level = guess.level(v).unwrap_or_else(|| edges.level(v) as u16);
                *rank = level;
                table[usize::from(level)] += 1;
            }
        }
        let (mut levels, mut counts) = (Vec::new(), Vec::new());
        for (level, slot) in (0..=highest).zip(table.iter_mut()) {
            if *slot > 0 {
                levels.push(level);
                counts.push(*slot);
                *slot = levels.len();
            }
        }
        // Without gaps the rank is the level itself.
        if levels.len() < usize::from(highest) {
            for rank in &mut ranks {
                *rank = table[usize::from(*rank)] as u16;
            }
        }
        Ok(Self { ranks, levels, counts })
    }
}

/// Arithmetic in the precision of the image. Rounding an f64 result to f32 after each operation is the same as
/// computing it in f32.
#[derive(Clone, Copy)]
enum Precision {
    Single,
    Double,
}

impl Precision {
    fn of(voxel_type: VoxelType) -> Self {
        match voxel_type {
            VoxelType::F32 => Self::Single,
            _ => Self::Double,
        }
    }

    fn round(self, v: f64) -> f64 {
        match self {
            Self::Single => f64::from(v as f32),
            Self::Double => v,
        }
    }
}

/// Bin edges: `first`, `second`, then `first + i step` from i = 2, up to `last`.
struct Edges {
    precision: Precision,
    first: f64,
    second: f64,
    step: f64,
    /// Number of the last edge and its value, where there is a last one.
    last: Option<(u32, f64)>,
    width: f64,
}

impl Edges {
    fn new(region: &Intensities, settings: &Settings) -> Result<Self, RadiomicsError> {
        let precision = Precision::of(region.voxel_type);
        let round = |v| precision.round(v);
        let edges = match settings.binning {
            Binning::Width(width) => {
                let width = round(width.get());
                let first = round(region.minimum - floor_mod(region.minimum, width, round));
                let second = round(first + width);
                // numpy's arange adds the step to the first edge once in the type of the image, and goes on in double.
                Self {
                    precision: Precision::Double,
                    first,
                    second,
                    step: second - first,
                    last: None,
                    width,
                }
            }
            Binning::Count(count) => {
                let bins = count.get();
                // numpy.histogram widens an empty range.
                let (lower, upper) = if region.minimum == region.maximum {
                    (round(region.minimum - 0.5), round(region.maximum + 0.5))
                } else {
                    (region.minimum, region.maximum)
                };
                let step = round(round(upper - lower) / f64::from(bins));
                Self {
                    precision,
                    first: lower,
                    second: round(lower + step),
                    step,
                    last: Some((u32::from(bins), round(upper + 1.0))),
                    width: step,
                }
            }
        };
        if (region.maximum - edges.first) / edges.width > f64::from(MAX_LEVELS) {
            return Err(edges.too_many(region));
        }
        // Steps that vanish in rounding would make bins without width.
        let below_precision = edges.step <= 0.0 || edges.second <= edges.first || {
            let end = edges.first.abs().max(region.maximum.abs());
            round(end + edges.step) <= end
        };
        if below_precision {
            return Err(RadiomicsError::BinWidthBelowPrecision {
                width: edges.width,
                minimum: region.minimum,
                voxel_type: region.voxel_type.name(),
            });
        }
        Ok(edges)
    }

    fn edge(&self, i: u32) -> f64 {
        match (i, self.last) {
            (0, _) => self.first,
            (i, Some((n, last))) if i == n => last,
            (1, _) => self.second,
            _ => self
                .precision
                .round(self.first + self.precision.round(f64::from(i) * self.step)),
        }
    }

    /// Number of edges that are not above `v`, which is not below the first.
    fn level(&self, v: f64) -> u32 {
        let mut level = ((v - self.first) / self.step) as u32;
        let most = self.last.map_or(u32::MAX, |(n, _)| n + 1);
        level = level.min(most);
        while level < most && self.edge(level) <= v {
            level += 1;
        }
        while level > 1 && self.edge(level - 1) > v {
            level -= 1;
        }
        level
    }

    fn too_many(&self, region: &Intensities) -> RadiomicsError {
        RadiomicsError::TooManyLevels {
            minimum: region.minimum,
            maximum: region.maximum,
            width: self.width,
            levels: ((region.maximum - self.first) / self.width).floor() + 1.0,
            most: MAX_LEVELS,
        }
    }
}

/// The edges up to the largest value, to look levels up: most follow from a multiplication, and are right if the value
/// lies between the edges.
struct Guess {
    first: f64,
    per_step: f64,
    edges: Vec<f64>,
}

impl Guess {
    fn new(edges: &Edges, highest: u16, voxels: usize) -> Self {
        // With more edges than voxels, looking at each would not pay.
        let known = if usize::from(highest) < voxels {
            u32::from(highest) + 1
        } else {
            0
        };
        Self {
            first: edges.first,
            per_step: 1.0 / edges.step,
            edges: (0..known).map(|i| edges.edge(i)).collect(),
        }
    }

    fn level(&self, v: f64) -> Option<u16> {
        let below = ((v - self.first) * self.per_step) as u32 as usize;
        let [from, to] = self.edges.get(below..below + 2)? else {
            return None;
        };
        ((*from <= v) & (v < *to)).then_some(below as u16 + 1)
    }
}

/// Python's `%`: the remainder that has the sign of the divisor.
fn floor_mod(v: f64, width: f64, round: impl Fn(f64) -> f64) -> f64 {
    let remainder = v % width;
    if remainder < 0.0 {
        round(remainder + width)
    } else {
        remainder
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Binning;
    use std::sync::atomic::AtomicBool;

    fn levels(values: &[f64], voxel_type: VoxelType, binning: Binning) -> Result<Vec<u16>, RadiomicsError> {
        let region = Intensities {
            values: values.to_vec(),
            voxel_type,
            minimum: values.iter().copied().fold(f64::INFINITY, f64::min),
            maximum: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        };
        let found = Discretised::new(
            &region,
            &Settings::default().with_binning(binning),
            Cancel(&AtomicBool::new(false)),
        )?;
        Ok(found.ranks.iter().map(|&r| found.levels[usize::from(r) - 1]).collect())
    }

    #[test]
    fn widths_start_at_a_multiple() {
        let width = Binning::width(25.0).unwrap();
        assert_eq!(
            levels(&[54.0, 74.0, 75.0, 166.0], VoxelType::I16, width).unwrap(),
            [1, 1, 2, 5]
        );
        assert_eq!(
            levels(&[-60.0, -50.0, -1.0, 0.0], VoxelType::I16, width).unwrap(),
            [1, 2, 3, 4]
        );
        assert_eq!(levels(&[32760.0, 32767.0], VoxelType::I16, width).unwrap(), [1, 1]);
    }

    #[test]
    fn counts_as_numpy() {
        // numpy.digitize([0, 1, 2, 3, 4, 10], e) with e = numpy.histogram(..., 5)[1], e[-1] += 1
        let five = Binning::count(5).unwrap();
        assert_eq!(
            levels(&[0.0, 1.0, 2.0, 3.0, 4.0, 10.0], VoxelType::F64, five).unwrap(),
            [1, 1, 2, 2, 3, 5]
        );
        assert_eq!(
            levels(&[7.0, 7.0], VoxelType::I16, Binning::count(32).unwrap()).unwrap(),
            [17, 17]
        );
    }

    #[test]
    fn impossible_widths() {
        let tiny = Binning::width(1e-3).unwrap();
        assert!(matches!(
            levels(&[0.0, 4e9], VoxelType::U32, Binning::width(1.0).unwrap()),
            Err(RadiomicsError::TooManyLevels { .. })
        ));
        assert!(matches!(
            levels(&[1e6, 1e6 + 0.25], VoxelType::F32, tiny),
            Err(RadiomicsError::BinWidthBelowPrecision { .. })
        ));
    }
}
