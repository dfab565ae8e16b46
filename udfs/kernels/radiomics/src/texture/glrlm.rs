//! Grey level run length matrices: voxels of one level in a row.

use super::grid::{Grid, Rank};
use super::level_size::LevelSize;
use super::offsets::length;
use super::tally::{Entry, Tally, add_weighted};
use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use crate::settings::Settings;

/// The sums over directions of the features.
pub(super) struct Glrlm<'a> {
    grid: &'a Grid,
    settings: &'a Settings,
    /// Entries of all directions with their weights, when directions are weighted and not averaged.
    weighted: Vec<Entry>,
    sums: [f64; 16],
    directions: usize,
}

impl<'a> Glrlm<'a> {
    pub(super) fn new(grid: &'a Grid, settings: &'a Settings) -> Self {
        Self {
            grid,
            settings,
            weighted: Vec::new(),
            sums: [0.0; 16],
            directions: 0,
        }
    }

    /// Adds the runs in one direction.
    pub(super) fn add_direction<R: Rank>(
        &mut self,
        ranks: &[R],
        entries: &[Entry],
        offset: [isize; 3],
        cancel: Cancel,
    ) -> Result<(), RadiomicsError> {
        // PyRadiomics leaves out a direction in which every line holds at most one voxel.
        if entries.iter().all(|e| e.column == 1) && !shares_a_line(self.grid, ranks, offset, cancel)? {
            return Ok(());
        }
        match self.settings.weighting_norm {
            None => self.add_features(entries),
            Some(norm) => {
                let weight = length(offset, self.grid.spacing, norm).unwrap_or(1.0);
                add_weighted(&mut self.weighted, entries, weight);
            }
        }
        Ok(())
    }

    fn add_features(&mut self, entries: &[Entry]) {
        if let Some(m) = LevelSize::of(entries, &self.grid.levels) {
            self.directions += 1;
            for (sum, v) in self.sums.iter_mut().zip(in_order(m)) {
                *sum += v;
            }
        }
    }

    /// The 16 features in the order of the catalogue.
    pub(super) fn features(mut self) -> [f64; 16] {
        let weighted = std::mem::take(&mut self.weighted);
        self.add_features(&weighted);
        self.sums.map(|sum| sum / self.directions as f64)
    }
}

fn in_order(m: LevelSize) -> [f64; 16] {
    [
        m.level_non_uniformity,
        m.level_non_uniformity_normalised,
        m.level_variance,
        m.high,
        m.large,
        m.large_high,
        m.large_low,
        m.low,
        m.entropy,
        m.size_non_uniformity,
        m.size_non_uniformity_normalised,
        m.percentage,
        m.size_variance,
        m.small,
        m.small_high,
        m.small_low,
    ]
}

/// Counts the runs in one direction. Voxels are visited in the order of the grid, so that a run's length is known where
/// it ends.
pub(super) fn count_runs<R: Rank>(
    grid: &Grid,
    ranks: &[R],
    distance: usize,
    tally: &mut Tally,
    lengths: &mut [u32],
    cancel: Cancel,
) -> Result<(), RadiomicsError> {
    lengths.fill(1);
    for (i, span) in grid.spans.iter().enumerate() {
        cancel.check_at(i)?;
        let there = span.start + distance;
        let neighbours = &ranks[there..span.end + distance];
        let voxels = &ranks[span.clone()];
        let mut end = |rank: R, ends: bool, length: u32| match tally {
            Tally::Dense { columns, cells } => {
                // What is added is 0 or 1, so that nothing depends on guessing where runs end. Lengths fit the columns.
                cells[rank.index() * *columns + length as usize] += u32::from(ends);
            }
            Tally::Listed { .. } if ends => tally.add(rank.index() as u32, length),
            Tally::Listed { .. } => {}
        };
        if distance == 1 {
            let mut length = 1;
            for (a, b) in voxels.iter().zip(neighbours) {
                end(*a, a != b, length);
                length = if a == b { length + 1 } else { 1 };
            }
        } else {
            // Rows of the grid are longer than a span.
            let (before, after) = lengths.split_at_mut(there);
            for ((a, b), (length, next)) in voxels
                .iter()
                .zip(neighbours)
                .zip(before[span.clone()].iter().zip(after))
            {
                end(*a, a != b, *length);
                *next = if a == b { length + 1 } else { 1 };
            }
        }
    }
    Ok(())
}

/// Whether some line in a direction holds two voxels of the region. Asked only when no two of one level touch.
fn shares_a_line<R: Rank>(
    grid: &Grid,
    ranks: &[R],
    offset: [isize; 3],
    cancel: Cancel,
) -> Result<bool, RadiomicsError> {
    let distance = grid.distance(offset);
    for (i, span) in grid.spans.iter().enumerate() {
        cancel.check_at(i)?;
        for at in span.clone().filter(|at| ranks[*at].index() != 0) {
            let position = grid.position(at);
            // Steps until the line leaves the box.
            let left = (0..3).filter_map(|d| match offset[d] {
                0 => None,
                1 => Some(grid.size[d] - 1 - position[d]),
                _ => Some(position[d]),
            });
            let steps = left.min().unwrap_or(0);
            if (1..=steps).any(|step| ranks[at + step * distance].index() != 0) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
