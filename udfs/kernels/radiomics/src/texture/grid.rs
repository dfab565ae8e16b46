use crate::discretise::Discretised;
use crate::error::RadiomicsError;
use crate::settings::Settings;
use radsql_volume::Mask;
use std::ops::Range;

/// A region's grey levels on its box, with a margin of voxels outside the region on every side, so that every neighbour
/// of a voxel of the region is a voxel of the grid.
pub(crate) struct Grid {
    /// Rank of each voxel's level, from 1, and 0 outside the region; x fastest.
    pub(super) ranks: Vec<u16>,
    /// Levels by rank, ascending: `levels[rank - 1]`.
    pub(super) levels: Vec<u16>,
    /// For each row along x that meets the region, the positions in `ranks` from its first to its last voxel.
    pub(super) spans: Vec<Range<usize>>,
    /// Voxels of the region's box along z, y, x, without the margin.
    pub(super) size: [usize; 3],
    /// Voxels of margin at each end along z, y, x.
    margin: [usize; 3],
    /// Distance in `ranks` between neighbours along z, y, x.
    pub(super) strides: [usize; 3],
    /// mm along z, y, x.
    pub(super) spacing: [f64; 3],
}

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
        let mut ranks = vec![0u16; voxels];
        let mut spans = Vec::with_capacity(nz * ny);
        let mut found = discretised.ranks.iter();
        for (row, line) in mask.inside().rows().into_iter().enumerate() {
            let (z, y) = (row / ny, row % ny);
            let start = (z + margin[0]) * strides[0] + (y + margin[1]) * strides[1] + margin[2];
            let (mut first, mut last) = (None, 0);
            for ((x, _), rank) in line.iter().enumerate().filter(|(_, inside)| **inside).zip(&mut found) {
                if let Some(voxel) = ranks.get_mut(start + x) {
                    *voxel = *rank;
                }
                first = first.or(Some(x));
                last = x;
            }
            if let Some(first) = first {
                spans.push(start + first..start + last + 1);
            }
        }
        let [sx, sy, sz] = spacing;
        Ok(Self {
            ranks,
            levels: discretised.levels,
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
