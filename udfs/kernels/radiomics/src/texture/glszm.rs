//! Grey level size zone matrix: connected voxels of one level.

use super::grid::Grid;
use super::level_size::LevelSize;
use super::offsets::offsets;
use super::tally::Entry;
use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use crate::settings::Settings;
use std::sync::OnceLock;

/// The 16 features in the order of the catalogue.
pub(super) fn features(grid: &Grid, settings: &Settings, cancel: Cancel) -> Result<[f64; 16], RadiomicsError> {
    let mut zones = zones(grid, settings, cancel)?;
    zones.sort_unstable();
    let entries: Vec<Entry> = zones
        .chunk_by(|a, b| a == b)
        .filter_map(|same| {
            same.first().map(|&(rank, size)| Entry {
                row: u32::from(rank),
                column: size,
                n: same.len() as f64,
            })
        })
        .collect();
    Ok(LevelSize::of(&entries, &grid.levels).map_or([f64::NAN; 16], |m| {
        [
            m.level_non_uniformity,
            m.level_non_uniformity_normalised,
            m.level_variance,
            m.high,
            m.large,
            m.large_high,
            m.large_low,
            m.low,
            m.size_non_uniformity,
            m.size_non_uniformity_normalised,
            m.small,
            m.small_high,
            m.small_low,
            m.entropy,
            m.percentage,
            m.size_variance,
        ]
    }))
}

/// The 13 offsets (z, y, x) to the neighbours of a voxel that come before it.
const BEFORE: [[isize; 3]; 13] = [
    [-1, -1, -1],
    [-1, -1, 0],
    [-1, -1, 1],
    [-1, 0, -1],
    [-1, 0, 0],
    [-1, 0, 1],
    [-1, 1, -1],
    [-1, 1, 0],
    [-1, 1, 1],
    [0, -1, -1],
    [0, -1, 0],
    [0, -1, 1],
    [0, 0, -1],
];

/// For each set of earlier neighbours in a voxel's zone, one of each group of them that touch: the others of a group
/// have been joined to it before.
fn representatives() -> &'static [u16] {
    static TABLE: OnceLock<Vec<u16>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let touching: [u16; 13] = std::array::from_fn(|a| {
            let touches = |b: usize| (0..3).all(|d| BEFORE[a][d].abs_diff(BEFORE[b][d]) <= 1);
            (0..13).filter(|b| touches(*b)).map(|b| 1 << b).sum()
        });
        let one_of_each = |set: u16| {
            let (mut left, mut chosen) = (set, 0);
            while left != 0 {
                let first = left & left.wrapping_neg();
                chosen |= first;
                let mut group = first;
                loop {
                    let members = (0..13).filter(|b| group >> b & 1 == 1);
                    let grown = members.fold(group, |g, b| g | touching[b] & set);
                    if grown == group {
                        break;
                    }
                    group = grown;
                }
                left &= !group;
            }
            chosen
        };
        (0..1 << 13).map(one_of_each).collect()
    })
}

/// Rank and number of voxels of every zone, by union-find: a voxel joins the zones of its neighbours that came before it.
fn zones(grid: &Grid, settings: &Settings, cancel: Cancel) -> Result<Vec<(u16, u32)>, RadiomicsError> {
    // Position among BEFORE, and how far back on the grid.
    let back: Vec<(usize, usize)> = offsets(grid, settings, &[1])?
        .into_iter()
        .filter_map(|offset| {
            let at = BEFORE.iter().position(|b| *b == offset.map(|o| -o))?;
            Some((at, grid.distance(offset)))
        })
        .collect();
    let table = representatives();
    let mut steps = [0usize; 13];
    for (at, distance) in &back {
        steps[*at] = *distance;
    }
    let ranks = &grid.ranks;
    // A zone's root is its first voxel.
    let mut parent = vec![0u32; ranks.len()];
    let mut joined: Vec<u16> = Vec::new();
    for (i, span) in grid.spans.iter().enumerate() {
        cancel.check_at(i)?;
        let voxels = &ranks[span.clone()];
        joined.clear();
        joined.resize(voxels.len(), 0);
        for (at, distance) in &back {
            let neighbours = &ranks[span.start - distance..span.end - distance];
            for (set, (a, b)) in joined.iter_mut().zip(voxels.iter().zip(neighbours)) {
                *set |= u16::from(a == b) << at;
            }
        }
        for (at, (rank, set)) in span.clone().zip(voxels.iter().zip(&joined)) {
            if *rank == 0 {
                continue;
            }
            let mut own = at as u32;
            parent[at] = own;
            let mut left = table[usize::from(*set)];
            while left != 0 {
                let there = at - steps[left.trailing_zeros() as usize];
                left &= left - 1;
                let other = root(&mut parent, there as u32);
                let (first, last) = (own.min(other), own.max(other));
                parent[last as usize] = first;
                own = first;
            }
        }
    }
    let mut size = vec![0u32; ranks.len()];
    for (i, span) in grid.spans.iter().enumerate() {
        cancel.check_at(i)?;
        for at in span.clone().filter(|at| ranks[*at] != 0) {
            // Parents come first and lead to their root already.
            let root = parent[parent[at] as usize];
            parent[at] = root;
            size[root as usize] += 1;
        }
    }
    let voxels = grid.spans.iter().flat_map(Clone::clone);
    Ok(voxels
        .filter(|at| size[*at] > 0)
        .map(|at| (ranks[at], size[at]))
        .collect())
}

fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        let above = parent[parent[node as usize] as usize];
        parent[node as usize] = above;
        node = above;
    }
    node
}
