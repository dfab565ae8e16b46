//! Grey level run length matrices: voxels of one level in a row.

use super::grid::Grid;
use super::level_size::LevelSize;
use super::offsets::{length, offsets};
use super::tally::{Entry, Tally, add_weighted};
use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use crate::settings::Settings;

/// The 16 features in the order of the catalogue.
pub(super) fn features(grid: &Grid, settings: &Settings, cancel: Cancel) -> Result<[f64; 16], RadiomicsError> {
    let longest = grid.size.into_iter().max().unwrap_or(1);
    let mut tally = Tally::new(grid.level_count(), longest);
    let mut lengths = vec![1u32; grid.ranks.len()];
    let (mut entries, mut weighted) = (Vec::new(), Vec::new());
    let (mut sums, mut directions) = ([0.0; 16], 0usize);
    let mut add = |entries: &[Entry]| {
        if let Some(m) = LevelSize::of(entries, &grid.levels) {
            directions += 1;
            for (sum, v) in sums.iter_mut().zip(in_order(m)) {
                *sum += v;
            }
        }
    };
    for offset in offsets(grid, settings, &[1])? {
        let meets = runs(grid, grid.distance(offset), &mut tally, &mut lengths, cancel)?;
        tally.drain(&mut entries, false, cancel)?;
        // PyRadiomics leaves out a direction in which every line holds at most one voxel.
        if !meets && !shares_a_line(grid, offset, cancel)? {
            continue;
        }
        match settings.weighting_norm {
            None => add(&entries),
            Some(norm) => {
                let weight = length(offset, grid.spacing, norm).unwrap_or(1.0);
                add_weighted(&mut weighted, &entries, weight);
            }
        }
    }
    add(&weighted);
    Ok(sums.map(|sum| sum / directions as f64))
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
/// it ends. Tells whether two voxels of the region meet in that direction.
fn runs(
    grid: &Grid,
    distance: usize,
    tally: &mut Tally,
    lengths: &mut [u32],
    cancel: Cancel,
) -> Result<bool, RadiomicsError> {
    lengths.fill(1);
    let mut meets = false;
    for (i, span) in grid.spans.iter().enumerate() {
        cancel.check_at(i)?;
        let there = span.start + distance;
        let neighbours = &grid.ranks[there..span.end + distance];
        let voxels = &grid.ranks[span.clone()];
        meets |= voxels.iter().zip(neighbours).any(|(a, b)| *a != 0 && *b != 0);
        let mut end = |rank: u16, ends: bool, length: u32| match tally {
            Tally::Dense { columns, cells } => {
                // What is added is 0 or 1, so that nothing depends on guessing where runs end. Lengths fit the columns.
                cells[usize::from(rank) * *columns + length as usize] += u32::from(ends);
            }
            Tally::Listed { .. } if ends => tally.add(u32::from(rank), length),
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
    Ok(meets)
}

/// Whether some line in a direction holds two voxels of the region. Asked only when no two of them touch.
fn shares_a_line(grid: &Grid, offset: [isize; 3], cancel: Cancel) -> Result<bool, RadiomicsError> {
    let distance = grid.distance(offset);
    for (i, span) in grid.spans.iter().enumerate() {
        cancel.check_at(i)?;
        for at in span.clone().filter(|at| grid.ranks[*at] != 0) {
            let position = grid.position(at);
            // Steps until the line leaves the box.
            let left = (0..3).filter_map(|d| match offset[d] {
                0 => None,
                1 => Some(grid.size[d] - 1 - position[d]),
                _ => Some(position[d]),
            });
            let steps = left.min().unwrap_or(0);
            if (1..=steps).any(|step| grid.ranks[at + step * distance] != 0) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
