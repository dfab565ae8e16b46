//! GLDM and NGTDM: what lies around each voxel.

use super::grid::{Grid, Rank, Stretch};
use super::level_size::LevelSize;
use super::ngtdm::Tone;
use super::offsets::offsets;
use super::tally::Tally;
use super::{gldm, ngtdm};
use crate::cancel::Cancel;
use crate::catalogue::FeatureClass;
use crate::error::RadiomicsError;
use crate::settings::Settings;
use std::ops::Range;

/// The features of GLDM and NGTDM, of those that are needed.
pub(super) fn features<R: Rank>(
    grid: &Grid,
    ranks: &[R],
    settings: &Settings,
    [needs_gldm, needs_ngtdm]: [bool; 2],
    cancel: Cancel,
) -> Result<Vec<(FeatureClass, Vec<f64>)>, RadiomicsError> {
    let offsets = offsets(grid, settings, settings.distances.as_slice())?;
    let around: Vec<isize> = offsets
        .iter()
        .flat_map(|offset| [-(grid.distance(*offset) as isize), grid.distance(*offset) as isize])
        .collect();
    let mut found = Vec::new();
    if needs_gldm {
        // Comparing for equality, ranks will do.
        let m = if settings.gldm_a == 0 {
            dependence(grid, ranks, ranks, &around, |a, b| a == b, cancel)?
        } else {
            let alpha = u16::try_from(settings.gldm_a).unwrap_or(u16::MAX);
            let depends = |a: u16, b: u16| (a != 0) & (b != 0) & (a.abs_diff(b) <= alpha);
            dependence(
                grid,
                ranks,
                &level_grid::<R, u16>(grid, ranks),
                &around,
                depends,
                cancel,
            )?
        };
        found.push((FeatureClass::Gldm, gldm::features(m).to_vec()));
    }
    if needs_ngtdm {
        let tones = if !grid.has_gaps() {
            tones(grid, ranks, ranks, &around, cancel)?
        } else if grid.highest() <= R::MOST {
            tones(grid, ranks, &level_grid::<R, R>(grid, ranks), &around, cancel)?
        } else {
            tones(grid, ranks, &level_grid::<R, u16>(grid, ranks), &around, cancel)?
        };
        found.push((FeatureClass::Ngtdm, ngtdm::features(&tones, cancel)?.to_vec()));
    }
    Ok(found)
}

/// The levels themselves on the grid, 0 outside.
fn level_grid<R: Rank, L: Rank>(grid: &Grid, ranks: &[R]) -> Vec<L> {
    let by_rank: Vec<L> = std::iter::once(0)
        .chain(grid.levels.iter().copied())
        .map(L::of)
        .collect();
    let mut levels = vec![L::default(); ranks.len()];
    for span in &grid.spans {
        for (level, rank) in levels[span.clone()].iter_mut().zip(&ranks[span.clone()]) {
            *level = by_rank.get(rank.index()).copied().unwrap_or_default();
        }
    }
    levels
}

fn moved(cells: &Range<usize>, by: isize) -> Range<usize> {
    cells.start.wrapping_add_signed(by)..cells.end.wrapping_add_signed(by)
}

/// How often levels go with numbers of dependent voxels, the voxel itself among them. `depends` compares two `values`.
fn dependence<R: Rank, V: Rank>(
    grid: &Grid,
    ranks: &[R],
    values: &[V],
    around: &[isize],
    depends: impl Fn(V, V) -> bool,
    cancel: Cancel,
) -> Result<Option<LevelSize>, RadiomicsError> {
    let mut tally = Tally::new(grid.level_count(), around.len() + 1);
    let mut dependent: Vec<V> = Vec::new();
    for Stretch { cells, spans } in &grid.stretches {
        cancel.check()?;
        dependent.clear();
        dependent.resize(cells.len(), V::ONE);
        let own = &values[cells.clone()];
        let other = |by: isize| &values[moved(cells, by)];
        let mut four = around.chunks_exact(4);
        for by in &mut four {
            let [a, b, c, d] = std::array::from_fn(|i| &other(by[i])[..own.len()]);
            let n = &mut dependent[..own.len()];
            for i in 0..own.len() {
                let ab = V::truth(depends(own[i], a[i])).plus(V::truth(depends(own[i], b[i])));
                let cd = V::truth(depends(own[i], c[i])).plus(V::truth(depends(own[i], d[i])));
                n[i] = n[i].plus(ab.plus(cd));
            }
        }
        for by in four.remainder() {
            for (n, (own, other)) in dependent.iter_mut().zip(own.iter().zip(other(*by))) {
                *n = n.plus(V::truth(depends(*own, *other)));
            }
        }
        for span in &grid.spans[spans.clone()] {
            let dependent = &dependent[span.start - cells.start..];
            tally.add_all(
                ranks[span.clone()]
                    .iter()
                    .zip(dependent)
                    .map(|(r, n)| (r.index(), n.index())),
            );
        }
    }
    let mut entries = Vec::new();
    tally.drain(&mut entries, false, cancel)?;
    Ok(LevelSize::of(&entries, &grid.levels))
}

/// For each level, how far its voxels are from the mean level of their neighbours. `levels` are those of the cells.
fn tones<R: Rank, L: Rank>(
    grid: &Grid,
    ranks: &[R],
    levels: &[L],
    around: &[isize],
    cancel: Cancel,
) -> Result<Vec<Tone>, RadiomicsError> {
    let mut tones: Vec<Tone> = std::iter::once(&0)
        .chain(&grid.levels)
        .map(|level| Tone {
            level: f64::from(*level),
            ..Tone::default()
        })
        .collect();
    for (tone, voxels) in tones.iter_mut().skip(1).zip(&grid.counts) {
        tone.voxels = *voxels as f64;
    }
    let mut sums = Sums::new(grid, around);
    for Stretch { cells, spans } in &grid.stretches {
        cancel.check()?;
        sums.collect(levels, cells);
        for span in &grid.spans[spans.clone()] {
            let from = span.start - cells.start;
            let around = sums.neighbours[from..].iter().zip(&sums.sum[from..]);
            for (rank, (n, sum)) in ranks[span.clone()].iter().zip(around) {
                // A voxel without neighbours counts, with distance 0.
                if let (Some(tone), true) = (tones.get_mut(rank.index()), *n != L::default()) {
                    let sum: u32 = (*sum).into();
                    tone.difference += (tone.level - f64::from(sum) / n.index() as f64).abs();
                }
            }
        }
    }
    // What lies outside the region.
    tones.remove(0);
    Ok(tones)
}

/// Number of neighbours in the region and sum of their levels, for each cell of a stretch.
struct Sums<'a, L: Rank> {
    around: &'a [isize],
    /// The rows around and through a cell, if its neighbours are all that touch it.
    rows: Option<[isize; 9]>,
    neighbours: Vec<L>,
    sum: Vec<L::Sum>,
    row_neighbours: Vec<L>,
    row_sum: Vec<L::Sum>,
}

impl<'a, L: Rank> Sums<'a, L> {
    fn new(grid: &Grid, around: &'a [isize]) -> Self {
        let [plane, row, _] = grid.strides.map(|s| s as isize);
        let rows: [isize; 9] = std::array::from_fn(|i| (i as isize / 3 - 1) * plane + (i as isize % 3 - 1) * row);
        let touching = rows.iter().flat_map(|r| [r - 1, *r, r + 1]).filter(|by| *by != 0);
        let all = around.len() == 26 && touching.into_iter().all(|by| around.contains(&by));
        Self {
            around,
            rows: all.then_some(rows),
            neighbours: Vec::new(),
            sum: Vec::new(),
            row_neighbours: Vec::new(),
            row_sum: Vec::new(),
        }
    }

    fn collect(&mut self, levels: &[L], cells: &Range<usize>) {
        match self.rows {
            Some(rows) => self.of_touching(levels, cells, rows),
            None => self.one_by_one(levels, cells),
        }
    }

    /// First over rows across, then along x.
    fn of_touching(&mut self, levels: &[L], cells: &Range<usize>, rows: [isize; 9]) {
        let wider = cells.start - 1..cells.end + 1;
        let n = wider.len();
        let row = |i: usize| &levels[moved(&wider, rows[i])][..n];
        self.row_sum.clear();
        self.row_sum.resize(n, L::Sum::default());
        self.row_neighbours.clear();
        self.row_neighbours.resize(n, L::default());
        let (sum, count) = (&mut self.row_sum[..n], &mut self.row_neighbours[..n]);
        for three in 0..3 {
            let (a, b, c) = (row(3 * three), row(3 * three + 1), row(3 * three + 2));
            for i in 0..n {
                sum[i] = L::sum(sum[i], L::sum(L::sum(a[i].widen(), b[i].widen()), c[i].widen()));
            }
            let inside = |v: L| L::truth(v != L::default());
            for i in 0..n {
                count[i] = count[i].plus(inside(a[i]).plus(inside(b[i])).plus(inside(c[i])));
            }
        }
        let own = &levels[cells.clone()];
        let n = own.len();
        self.sum.clear();
        self.sum.resize(n, L::Sum::default());
        self.neighbours.clear();
        self.neighbours.resize(n, L::default());
        let (out, before, here, after) = (&mut self.sum[..n], &sum[..n], &sum[1..=n], &sum[2..n + 2]);
        for i in 0..n {
            out[i] = L::minus(L::sum(L::sum(before[i], here[i]), after[i]), own[i].widen());
        }
        let (out, before, here, after) = (&mut self.neighbours[..n], &count[..n], &count[1..=n], &count[2..n + 2]);
        for i in 0..n {
            // The voxel itself is in the region; what is counted for others is not used.
            out[i] = before[i].plus(here[i]).plus(after[i]).less_one();
        }
    }

    fn one_by_one(&mut self, levels: &[L], cells: &Range<usize>) {
        self.sum.clear();
        self.sum.resize(cells.len(), L::Sum::default());
        self.neighbours.clear();
        self.neighbours.resize(cells.len(), L::default());
        for by in self.around {
            let others = &levels[moved(cells, *by)];
            for (sum, other) in self.sum.iter_mut().zip(others) {
                *sum = L::sum(*sum, other.widen());
            }
            for (n, other) in self.neighbours.iter_mut().zip(others) {
                *n = n.plus(L::truth(*other != L::default()));
            }
        }
    }
}
