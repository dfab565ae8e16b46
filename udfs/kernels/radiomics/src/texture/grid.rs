use crate::discretise::Discretised;
use crate::error::RadiomicsError;
use crate::settings::Settings;
use radsql_volume::Mask;
use std::ops::Range;

/// A region's grey levels on its box, with a margin of voxels outside the region on every side, so that every neighbour
/// of a voxel of the region is a voxel of the grid.
pub(crate) struct Grid {
    /// Rank of each voxel's level, from 1, and 0 outside the region; x fastest.
    pub(super) ranks: Ranks,
    /// Levels by rank, ascending: `levels[rank - 1]`.
    pub(super) levels: Vec<u16>,
    /// Voxels of each level, as `levels`.
    pub(super) counts: Vec<usize>,
    /// For each row along x that meets the region, the positions in `ranks` from its first to its last voxel.
    pub(super) spans: Vec<Range<usize>>,
    /// The spans once more, those that lie close together as one.
    pub(super) stretches: Vec<Stretch>,
    /// Voxels of the region's box along z, y, x, without the margin.
    pub(super) size: [usize; 3],
    /// Voxels of margin at each end along z, y, x.
    margin: [usize; 3],
    /// Distance in `ranks` between neighbours along z, y, x.
    pub(super) strides: [usize; 3],
    /// mm along z, y, x.
    pub(super) spacing: [f64; 3],
}

/// Ranks in the smaller type that holds them: one byte is twice as fast to compare.
pub(crate) enum Ranks {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

/// A rank, or another small number of a voxel.
pub(super) trait Rank: Copy + Eq + Ord + Default {
    /// Holds the sum of 27 ranks.
    type Sum: Copy + Default + Into<u32>;
    const ONE: Self;
    const MOST: u16;

    fn index(self) -> usize;
    fn of(v: u16) -> Self;
    fn plus(self, other: Self) -> Self;
    fn less_one(self) -> Self;
    /// 1 if true.
    fn truth(is: bool) -> Self;
    fn widen(self) -> Self::Sum;
    fn sum(a: Self::Sum, b: Self::Sum) -> Self::Sum;
    fn minus(a: Self::Sum, b: Self::Sum) -> Self::Sum;
}

macro_rules! rank {
    ($type:ty, $sum:ty) => {
        impl Rank for $type {
            type Sum = $sum;
            const ONE: Self = 1;
            const MOST: u16 = Self::MAX as u16;

            fn index(self) -> usize {
                usize::from(self)
            }

            fn of(v: u16) -> Self {
                v as Self
            }

            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn less_one(self) -> Self {
                self.wrapping_sub(1)
            }

            fn truth(is: bool) -> Self {
                Self::from(is)
            }

            fn widen(self) -> $sum {
                <$sum>::from(self)
            }

            fn sum(a: $sum, b: $sum) -> $sum {
                a.wrapping_add(b)
            }

            fn minus(a: $sum, b: $sum) -> $sum {
                a.wrapping_sub(b)
            }
        }
    };
}

rank!(u8, u16);
rank!(u16, u32);

/// Positions in a row, some between spans and outside the region, on which the same is done at once.
pub(super) struct Stretch {
    pub(super) cells: Range<usize>,
    /// Which spans lie in it.
    pub(super) spans: Range<usize>,
}

/// Cells between two spans up to which they are put into one stretch.
const GAP: usize = 48;
/// Cells of a stretch beyond which it takes no further span: what is noted of each cell stays in the nearest cache.
const LONG: usize = 3072;

/// Largest distance of neighbours whose number (124) fits a byte.
const NEAR: usize = 2;

/// Voxels of margin along z, y, x for a box of `size`: as far as the settings look for neighbours, which is never
/// further than the box is long.
pub(crate) fn margin(size: [usize; 3], settings: &Settings) -> [usize; 3] {
    size.map(|n| settings.distances.largest().min(n.saturating_sub(1)).max(1))
}

impl Grid {
    /// Puts the grey levels of a mask's voxels on a grid. `spacing` is (x, y, z) in mm.
    ///
    /// # Errors
    /// [`RadiomicsError::TooLarge`] when positions on the grid do not fit 32 bits.
    pub(crate) fn new(
        mask: &Mask,
        discretised: Discretised,
        spacing: [f64; 3],
        settings: &Settings,
    ) -> Result<Self, RadiomicsError> {
        let (nz, ny, nx) = mask.inside().dim();
        let size = [nz, ny, nx];
        let margin = margin(size, settings);
        let padded: [usize; 3] = std::array::from_fn(|d| size[d] + 2 * margin[d]);
        let voxels = padded.iter().try_fold(1usize, |n, &k| n.checked_mul(k));
        let voxels = match voxels {
            Some(n) if n < u32::MAX as usize => n,
            _ => {
                return Err(RadiomicsError::TooLarge {
                    voxels: voxels.unwrap_or(usize::MAX),
                    most: u32::MAX as usize,
                });
            }
        };
        let strides = [padded[1] * padded[2], padded[2], 1];
        let first_cell = |row: usize| {
            let (z, y) = (row / ny, row % ny);
            (z + margin[0]) * strides[0] + (y + margin[1]) * strides[1] + margin[2]
        };
        let Discretised { ranks, levels, counts } = discretised;
        let mut spans = Vec::with_capacity(nz * ny);
        let ranks = if levels.len() < usize::from(u8::MAX) && settings.distances.largest() <= NEAR {
            Ranks::Bytes(place(mask, &ranks, voxels, first_cell, &mut spans))
        } else {
            Ranks::Words(place(mask, &ranks, voxels, first_cell, &mut spans))
        };
        let [sx, sy, sz] = spacing;
        Ok(Self {
            ranks,
            levels,
            counts,
            stretches: stretches(&spans),
            spans,
            size,
            margin,
            strides,
            spacing: [sz, sy, sx],
        })
    }

    /// The largest level, PyRadiomics' Ng.
    pub(super) fn highest(&self) -> u16 {
        self.levels.last().copied().unwrap_or(1)
    }

    /// Number of levels that occur.
    pub(super) fn level_count(&self) -> usize {
        self.levels.len()
    }

    /// Whether levels are missing between the smallest and the largest, so that ranks are not the levels.
    pub(super) fn has_gaps(&self) -> bool {
        self.level_count() < usize::from(self.highest())
    }

    /// Voxels of the region's box along its longest side.
    pub(super) fn longest(&self) -> usize {
        self.size.into_iter().max().unwrap_or(1)
    }

    /// Position (z, y, x) in the box of a voxel of the region.
    pub(super) fn position(&self, at: usize) -> [usize; 3] {
        let [plane, row, _] = self.strides;
        let padded = [at / plane, at % plane / row, at % row];
        std::array::from_fn(|d| padded[d].saturating_sub(self.margin[d]))
    }

    /// Distance in `ranks` of an offset whose first component that is not 0 is positive.
    pub(super) fn distance(&self, offset: [isize; 3]) -> usize {
        let distance: isize = offset.iter().zip(&self.strides).map(|(o, s)| o * *s as isize).sum();
        distance.unsigned_abs()
    }
}

/// Ranks on `cells` cells, where row k of the mask's box begins at `first_cell(k)`; `spans` receives the rows' spans.
fn place<R: Rank>(
    mask: &Mask,
    ranks: &[u16],
    cells: usize,
    first_cell: impl Fn(usize) -> usize,
    spans: &mut Vec<Range<usize>>,
) -> Vec<R> {
    let mut placed = vec![R::default(); cells];
    let columns = mask.inside().dim().2;
    let mut left = ranks;
    for (row, line) in mask
        .inside()
        .as_slice()
        .unwrap_or_default()
        .chunks_exact(columns)
        .enumerate()
    {
        let Some(first) = line.iter().position(|inside| *inside) else {
            continue;
        };
        let last = line.iter().rposition(|inside| *inside).unwrap_or(first);
        let span = first_cell(row) + first..first_cell(row) + last + 1;
        let Some(to) = placed.get_mut(span.clone()) else {
            break;
        };
        let inside = &line[first..=last];
        // Few rows have holes.
        if let (false, Some((here, rest))) = (inside.contains(&false), left.split_at_checked(to.len())) {
            for (to, rank) in to.iter_mut().zip(here) {
                *to = R::of(*rank);
            }
            left = rest;
        } else {
            let mut found = left.iter();
            for ((to, _), rank) in to.iter_mut().zip(inside).filter(|(_, inside)| **inside).zip(&mut found) {
                *to = R::of(*rank);
            }
            left = found.as_slice();
        }
        spans.push(span);
    }
    placed
}

/// Spans that lie close together as one.
fn stretches(spans: &[Range<usize>]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        match stretches.last_mut() {
            Some(last) if span.start - last.cells.end <= GAP && last.cells.len() < LONG => {
                last.cells.end = span.end;
                last.spans.end = at + 1;
            }
            _ => stretches.push(Stretch {
                cells: span.clone(),
                spans: at..at + 1,
            }),
        }
    }
    stretches
}
