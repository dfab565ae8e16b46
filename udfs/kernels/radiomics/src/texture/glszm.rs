//! Grey level size zone matrix: connected voxels of one level.

use super::grid::{Grid, Rank, Stretch};
use super::level_size::LevelSize;
use super::offsets::offsets;
use super::tally::Entry;
use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use crate::settings::Settings;
use std::sync::OnceLock;

/// The 16 features in the order of the catalogue.
pub(super) fn features<R: Rank>(
    grid: &Grid,
    ranks: &[R],
    settings: &Settings,
    cancel: Cancel,
) -> Result<[f64; 16], RadiomicsError> {
    let zones = zones(grid, ranks, settings, cancel)?;
    let entries = zones.entries(grid.level_count(), cancel)?;
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

/// The zones, by the labels that were given while they grew: a label that turned out to belong to another zone has this
/// zone's first label as parent.
#[derive(Default)]
struct Zones {
    parent: Vec<u32>,
    rank: Vec<u16>,
    size: Vec<u32>,
}

/// Finds the zones: a voxel takes the label of a neighbour of its level that came before it, and joins all of these.
fn zones<R: Rank>(grid: &Grid, ranks: &[R], settings: &Settings, cancel: Cancel) -> Result<Zones, RadiomicsError> {
    // Position among BEFORE, and how far back on the grid.
    let mut steps = [0usize; 13];
    for offset in offsets(grid, settings, &[1])? {
        if let Some(at) = BEFORE.iter().position(|b| *b == offset.map(|o| -o)) {
            steps[at] = grid.distance(offset);
        }
    }
    let table = representatives();
    let mut labels = vec![0u32; ranks.len()];
    let mut zones = Zones::default();
    let mut joined: [Vec<u8>; 2] = [Vec::new(), Vec::new()];
    for Stretch { cells, spans } in &grid.stretches {
        cancel.check()?;
        let own = &ranks[cells.clone()];
        let (low, high) = steps.split_at(8);
        for (joined, steps) in joined.iter_mut().zip([low, high]) {
            joined.clear();
            joined.resize(own.len(), 0);
            for (bit, back) in steps.iter().enumerate().filter(|(_, back)| **back > 0) {
                let before = &ranks[cells.start - back..cells.end - back];
                for (set, (a, b)) in joined.iter_mut().zip(own.iter().zip(before)) {
                    *set |= u8::from(a == b) << bit;
                }
            }
        }
        let [low, high] = &joined;
        for span in &grid.spans[spans.clone()] {
            let own = ranks[span.clone()].iter();
            let from = span.start - cells.start;
            let sets = low[from..].iter().zip(&high[from..]);
            for (at, (rank, (low, high))) in span.clone().zip(own.zip(sets)) {
                if rank.index() == 0 {
                    continue;
                }
                let set = usize::from(*low) | usize::from(*high) << 8;
                let mut left = table.get(set).copied().unwrap_or(0);
                let label = if left == 0 {
                    zones.begin(rank.index() as u16)
                } else {
                    let first = labels[at - steps[left.trailing_zeros() as usize]];
                    left &= left - 1;
                    let mut label = first;
                    while left != 0 {
                        let other = labels[at - steps[left.trailing_zeros() as usize]];
                        left &= left - 1;
                        if other != label {
                            label = zones.join(label, other);
                        }
                    }
                    label
                };
                labels[at] = label;
                zones.size[label as usize] += 1;
            }
        }
    }
    Ok(zones)
}

impl Zones {
    /// A new zone, without voxels yet.
    fn begin(&mut self, rank: u16) -> u32 {
        // Positions on the grid fit 32 bits.
        let label = self.parent.len() as u32;
        self.parent.push(label);
        self.rank.push(rank);
        self.size.push(0);
        label
    }

    /// Makes one zone of two, and says its label.
    fn join(&mut self, a: u32, b: u32) -> u32 {
        let (a, b) = (root(&mut self.parent, a), root(&mut self.parent, b));
        let (first, last) = (a.min(b), a.max(b));
        self.parent[last as usize] = first;
        first
    }

    /// How often each rank goes with each size, by rank and then by size.
    fn entries(mut self, ranks: usize, cancel: Cancel) -> Result<Vec<Entry>, RadiomicsError> {
        // Parents have smaller labels than their children, which hand their voxels down.
        for label in (0..self.parent.len()).rev() {
            let parent = self.parent[label] as usize;
            if parent != label {
                self.size[parent] += std::mem::take(&mut self.size[label]);
            }
        }
        cancel.check()?;
        let mut small = vec![0u32; (ranks + 1) * SMALL];
        let mut large: Vec<(u16, u32)> = Vec::new();
        for (&rank, &size) in self.rank.iter().zip(&self.size).filter(|(_, size)| **size > 0) {
            if size < SMALL as u32 {
                small[usize::from(rank) * SMALL + size as usize] += 1;
            } else {
                large.push((rank, size));
            }
        }
        large.sort_unstable();
        let mut large = large.chunk_by(|a, b| a == b).peekable();
        let mut entries = Vec::new();
        for (rank, sizes) in small.chunks_exact(SMALL).enumerate() {
            for (size, n) in sizes.iter().enumerate().filter(|(_, n)| **n > 0) {
                entries.push(Entry {
                    row: rank as u32,
                    column: size as u32,
                    n: f64::from(*n),
                });
            }
            while let Some(same) = large.next_if(|same| same.first().is_some_and(|z| usize::from(z.0) == rank)) {
                entries.extend(same.first().map(|(_, size)| Entry {
                    row: rank as u32,
                    column: *size,
                    n: same.len() as f64,
                }));
            }
        }
        Ok(entries)
    }
}

/// Zones below this size are counted in a table.
const SMALL: usize = 32;

fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        let above = parent[parent[node as usize] as usize];
        parent[node as usize] = above;
        node = above;
    }
    node
}
