//! Pairs and runs of few levels, counted in one table.
//!
//! Each voxel is looked at with the one before it in a direction. Where their ranks differ they are a pair; where they are
//! equal, the voxel stands in a run, at a place that is one more than that of the voxel before it. Either has a key, which
//! is computed for many voxels at once, and is counted with a single step. There are as many runs of at least k + 1 voxels
//! as there are voxels at place k, from 0; the pairs of equal voxels are those at places from 1.

use super::glcm::Glcm;
use super::glrlm::Glrlm;
use super::grid::{Grid, Stretch};
use super::tally::Entry;
use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use crate::settings::Settings;

/// Number of keys that there can be.
const KEYS: usize = 1 << 16;

/// Where the keys of pairs and runs lie.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pairs: bool,
    runs: bool,
    /// Whether pairs count in both directions: then the smaller rank is the row.
    folded: bool,
    /// Ranks, with 0, which stands for voxels outside the region. Row 0 counts what nobody asks for.
    ranks: usize,
    /// Places in a run.
    places: usize,
    /// First key of runs.
    runs_from: usize,
}

impl Layout {
    /// `None` when there are too many keys.
    pub(super) fn new(grid: &Grid, settings: &Settings, pairs: bool, runs: bool) -> Option<Self> {
        let (ranks, places) = (grid.level_count() + 1, grid.longest());
        let runs_from = if pairs { ranks * ranks } else { 0 };
        let end = runs_from + if runs { ranks * places } else { 0 };
        let fits = ranks <= 256 && end <= KEYS && (!runs || places <= 256);
        fits.then_some(Self {
            pairs,
            runs,
            folded: settings.symmetrical_glcm,
            ranks,
            places,
            runs_from,
        })
    }
}

/// Counts along each of the directions and hands over what was found.
pub(super) fn walk(
    grid: &Grid,
    ranks: &[u8],
    layout: Layout,
    directions: &[[isize; 3]],
    mut glcm: Option<&mut Glcm>,
    mut glrlm: Option<&mut Glrlm>,
    cancel: Cancel,
) -> Result<(), RadiomicsError> {
    let mut keyed = Keyed::new(grid, ranks, layout);
    let mut entries = Vec::new();
    for offset in directions {
        keyed.count(grid.distance(*offset), cancel)?;
        if let Some(glcm) = &mut glcm {
            keyed.pairs(&mut entries);
            glcm.add_direction(&entries, *offset, cancel)?;
        }
        if let Some(glrlm) = &mut glrlm {
            keyed.runs(&mut entries);
            glrlm.add_direction(ranks, &entries, *offset, cancel)?;
        }
        keyed.clear();
    }
    Ok(())
}

struct Keyed<'a> {
    grid: &'a Grid,
    ranks: &'a [u8],
    layout: Layout,
    table: Box<[u32; KEYS]>,
    keys: Vec<u16>,
    /// Place of each cell in its run.
    places: Vec<u8>,
}

impl<'a> Keyed<'a> {
    fn new(grid: &'a Grid, ranks: &'a [u8], layout: Layout) -> Self {
        let table = vec![0u32; KEYS].try_into();
        Self {
            grid,
            ranks,
            layout,
            table: table.unwrap_or_else(|_| Box::new([0; KEYS])),
            keys: Vec::new(),
            places: if layout.runs { vec![0; ranks.len()] } else { Vec::new() },
        }
    }

    fn count(&mut self, distance: usize, cancel: Cancel) -> Result<(), RadiomicsError> {
        let grid = self.grid;
        for Stretch { cells, spans } in &grid.stretches {
            cancel.check()?;
            let own = &self.ranks[cells.clone()];
            let before = &self.ranks[cells.start - distance..cells.end - distance];
            if self.layout.runs {
                self.advance(cells.start, cells.end, distance);
            }
            self.keys.resize(cells.len(), 0);
            let places = self.places.get(cells.clone()).unwrap_or_default();
            keys(self.layout, own, before, places, &mut self.keys);
            for span in &grid.spans[spans.clone()] {
                for key in &self.keys[span.start - cells.start..span.end - cells.start] {
                    self.table[usize::from(*key)] += 1;
                }
            }
        }
        Ok(())
    }

    /// The places of the cells `from` to `to`.
    fn advance(&mut self, from: usize, to: usize, distance: usize) {
        if distance == 1 {
            let mut place = 0u8;
            let both = self.ranks[from..to].iter().zip(&self.ranks[from - 1..]);
            for (to, (own, before)) in self.places[from..to].iter_mut().zip(both) {
                place = next_place(*own, *before, place);
                *to = place;
            }
            return;
        }
        // Pieces that do not depend on themselves.
        let mut start = from;
        while start < to {
            let n = distance.min(to - start);
            let (known, next) = self.places.split_at_mut(start);
            let (own, before) = (&self.ranks[start..start + n], &self.ranks[start - distance..][..n]);
            let (known, next) = (&known[start - distance..][..n], &mut next[..n]);
            for i in 0..n {
                next[i] = next_place(own[i], before[i], known[i]);
            }
            start += n;
        }
    }

    /// The counts of pairs, by row and then by column; of a symmetrical matrix, those on and above the diagonal.
    fn pairs(&self, entries: &mut Vec<Entry>) {
        entries.clear();
        let Layout { ranks, folded, .. } = self.layout;
        for (row, line) in self.table.chunks_exact(ranks).take(ranks).enumerate().skip(1) {
            let (low, high) = line.split_at(row);
            let Some((&diagonal, high)) = high.split_first() else {
                continue;
            };
            let mut add = |column: usize, n: u32, times: f64| {
                if n > 0 {
                    entries.push(Entry {
                        row: row as u32,
                        column: column as u32,
                        n: f64::from(n) * times,
                    });
                }
            };
            if !folded {
                for (column, n) in low.iter().enumerate().skip(1) {
                    add(column, *n, 1.0);
                }
            }
            let diagonal = if self.layout.runs {
                self.run_places(row).iter().skip(1).sum()
            } else {
                diagonal
            };
            add(row, diagonal, if folded { 2.0 } else { 1.0 });
            for (column, n) in high.iter().enumerate() {
                add(row + 1 + column, *n, 1.0);
            }
        }
    }

    /// Voxels of a rank at each place of a run.
    fn run_places(&self, rank: usize) -> &[u32] {
        let from = self.layout.runs_from + rank * self.layout.places;
        self.table.get(from..from + self.layout.places).unwrap_or_default()
    }

    /// The counts of runs, by rank and then by length.
    fn runs(&self, entries: &mut Vec<Entry>) {
        entries.clear();
        for (row, voxels) in (1..).zip(&self.grid.counts) {
            let places = self.run_places(row);
            let later: u64 = places.iter().skip(1).map(|n| u64::from(*n)).sum();
            // As many runs as long as this, at least.
            let mut as_long = *voxels as u64 - later;
            for length in 1.. {
                let longer = places.get(length).copied().map_or(0, u64::from);
                if as_long > longer {
                    entries.push(Entry {
                        row: row as u32,
                        column: length as u32,
                        n: (as_long - longer) as f64,
                    });
                }
                if longer == 0 {
                    break;
                }
                as_long = longer;
            }
        }
    }

    fn clear(&mut self) {
        let Layout {
            pairs,
            runs,
            ranks,
            places,
            runs_from,
            ..
        } = self.layout;
        if pairs {
            self.table[..ranks * ranks].fill(0);
        }
        if runs {
            self.table[runs_from..runs_from + ranks * places].fill(0);
        }
    }
}

/// Place in its run of a voxel after one of place `place`, from 0. Outside the region it is 0, so that it stays below the
/// length of the box.
fn next_place(own: u8, before: u8, place: u8) -> u8 {
    // All ones if true: a choice without a branch.
    let goes_on = u8::from((own == before) & (own != 0)).wrapping_neg();
    place.wrapping_add(1) & goes_on
}

/// The key of each voxel, from its rank, that of the voxel before it, and its place.
fn keys(layout: Layout, own: &[u8], before: &[u8], places: &[u8], keys: &mut [u16]) {
    match (layout.pairs, layout.runs, layout.folded) {
        (true, true, true) => keys_of::<true, true, true>(layout, own, before, places, keys),
        (true, true, false) => keys_of::<true, true, false>(layout, own, before, places, keys),
        (true, false, true) => keys_of::<true, false, true>(layout, own, before, own, keys),
        (true, false, false) => keys_of::<true, false, false>(layout, own, before, own, keys),
        (false, _, _) => keys_of::<false, true, false>(layout, own, before, places, keys),
    }
}

fn keys_of<const PAIRS: bool, const RUNS: bool, const FOLDED: bool>(
    layout: Layout,
    own: &[u8],
    before: &[u8],
    places: &[u8],
    keys: &mut [u16],
) {
    let (ranks, places_in_row, runs_from) = (layout.ranks as u16, layout.places as u16, layout.runs_from as u16);
    let n = own.len();
    let (before, places, keys) = (&before[..n], &places[..n], &mut keys[..n]);
    for i in 0..n {
        let (a, b) = (before[i], own[i]);
        let (row, column) = if FOLDED { (a.min(b), a.max(b)) } else { (a, b) };
        let pair = u16::from(row).wrapping_mul(ranks).wrapping_add(u16::from(column));
        let row = u16::from(b).wrapping_mul(places_in_row);
        let run = runs_from.wrapping_add(row).wrapping_add(u16::from(places[i]));
        let same = u16::from(a == b).wrapping_neg();
        keys[i] = match (PAIRS, RUNS) {
            (true, true) => run & same | pair & !same,
            (true, false) => pair,
            (false, _) => run,
        };
    }
}
