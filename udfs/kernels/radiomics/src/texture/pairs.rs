//! GLCM, GLDM and NGTDM: one walk over the pairs of neighbours.

use super::glcm::Glcm;
use super::grid::Grid;
use super::level_size::LevelSize;
use super::ngtdm::Tone;
use super::offsets::offsets;
use super::tally::Tally;
use super::{gldm, ngtdm};
use crate::cancel::Cancel;
use crate::catalogue::FeatureClass;
use crate::error::RadiomicsError;
use crate::settings::Settings;
use std::borrow::Cow;

/// What is wanted of the pairs.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    pub(super) glcm: bool,
    pub(super) mcc: bool,
    pub(super) gldm: bool,
    pub(super) ngtdm: bool,
}

/// The features of the classes that are needed.
pub(super) fn features(
    grid: &Grid,
    settings: &Settings,
    needs: Needs,
    cancel: Cancel,
) -> Result<Vec<(FeatureClass, Vec<f64>)>, RadiomicsError> {
    let offsets = offsets(grid, settings, settings.distances.as_slice())?;
    let neighbours = 2 * offsets.len();
    let levels = level_grid(grid, settings, needs);
    let mut glcm = needs.glcm.then(|| Glcm::new(grid, settings, needs.mcc));
    let mut dependence = needs.gldm.then(|| Dependence::new(grid, settings));
    let mut surroundings = needs.ngtdm.then(|| Surroundings::new(grid));
    for offset in offsets {
        let distance = grid.distance(offset);
        for (i, span) in grid.spans.iter().enumerate() {
            cancel.check_at(i)?;
            let there = span.start + distance..span.end + distance;
            if let Some(glcm) = &mut glcm {
                glcm.count(&grid.ranks[span.clone()], &grid.ranks[there.clone()]);
            }
            let (a, b) = (&levels[span.clone()], &levels[there.clone()]);
            if let Some(dependence) = &mut dependence {
                dependence.count(span.start, there.start, a, b);
            }
            if let Some(surroundings) = &mut surroundings {
                surroundings.count(span.start, there.start, a, b);
            }
        }
        if let Some(glcm) = &mut glcm {
            glcm.finish_direction(offset, cancel)?;
        }
    }
    let mut found = Vec::new();
    if let Some(glcm) = glcm {
        found.push((FeatureClass::Glcm, glcm.features(cancel)?.to_vec()));
    }
    if let Some(dependence) = dependence {
        found.push((
            FeatureClass::Gldm,
            dependence.features(grid, neighbours, cancel)?.to_vec(),
        ));
    }
    if let Some(surroundings) = surroundings {
        found.push((FeatureClass::Ngtdm, surroundings.features(grid, cancel)?.to_vec()));
    }
    Ok(found)
}

/// The levels themselves on the grid, 0 outside. Without gaps they are the ranks; comparing for equality, ranks will do.
fn level_grid<'a>(grid: &'a Grid, settings: &Settings, needs: Needs) -> Cow<'a, [u16]> {
    let gaps = grid.level_count() < usize::from(grid.highest());
    if gaps && (needs.ngtdm || needs.gldm && settings.gldm_a > 0) {
        let level = |rank: &u16| match rank.checked_sub(1) {
            Some(at) => grid.levels.get(usize::from(at)).copied().unwrap_or(0),
            None => 0,
        };
        Cow::Owned(grid.ranks.iter().map(level).collect())
    } else {
        Cow::Borrowed(&grid.ranks)
    }
}

/// For each voxel of the grid, its dependent neighbours. What is counted for voxels outside the region is not used.
struct Dependence {
    dependent: Vec<u16>,
    alpha: u16,
}

impl Dependence {
    fn new(grid: &Grid, settings: &Settings) -> Self {
        Self {
            dependent: vec![0; grid.ranks.len()],
            alpha: u16::try_from(settings.gldm_a).unwrap_or(u16::MAX),
        }
    }

    /// Voxels `a` from position `here` and their neighbours `b` from position `there`.
    fn count(&mut self, here: usize, there: usize, a: &[u16], b: &[u16]) {
        let alpha = self.alpha;
        let depends = |a: u16, b: u16| u16::from((a != 0) & (b != 0) & (a.abs_diff(b) <= alpha));
        for (n, (a, b)) in self.dependent[here..].iter_mut().zip(a.iter().zip(b)) {
            *n += depends(*a, *b);
        }
        for (n, (a, b)) in self.dependent[there..].iter_mut().zip(a.iter().zip(b)) {
            *n += depends(*a, *b);
        }
    }

    fn features(&self, grid: &Grid, neighbours: usize, cancel: Cancel) -> Result<[f64; 14], RadiomicsError> {
        let mut tally = Tally::new(grid.level_count(), neighbours + 1);
        for (i, span) in grid.spans.iter().enumerate() {
            cancel.check_at(i)?;
            for (rank, n) in grid.ranks[span.clone()].iter().zip(&self.dependent[span.clone()]) {
                tally.add(u32::from(*rank), u32::from(*n) + 1);
            }
        }
        let mut entries = Vec::new();
        tally.drain(&mut entries, false, cancel)?;
        Ok(gldm::features(LevelSize::of(&entries, &grid.levels)))
    }
}

/// For each voxel of the grid, number and sum of levels of its neighbours in the region.
struct Surroundings {
    neighbours: Vec<u16>,
    sum: Vec<u32>,
}

impl Surroundings {
    fn new(grid: &Grid) -> Self {
        Self {
            neighbours: vec![0; grid.ranks.len()],
            sum: vec![0; grid.ranks.len()],
        }
    }

    fn count(&mut self, here: usize, there: usize, a: &[u16], b: &[u16]) {
        let sides = [(here, b), (there, a)];
        for (at, other) in sides {
            for (sum, level) in self.sum[at..].iter_mut().zip(other) {
                *sum += u32::from(*level);
            }
            for (n, level) in self.neighbours[at..].iter_mut().zip(other) {
                *n += u16::from(*level != 0);
            }
        }
    }

    fn features(&self, grid: &Grid, cancel: Cancel) -> Result<[f64; 5], RadiomicsError> {
        let mut tones: Vec<Tone> = grid
            .levels
            .iter()
            .map(|&level| Tone {
                level: f64::from(level),
                ..Tone::default()
            })
            .collect();
        for span in &grid.spans {
            let around = self.neighbours[span.clone()].iter().zip(&self.sum[span.clone()]);
            for (rank, (n, sum)) in grid.ranks[span.clone()].iter().zip(around) {
                let Some(tone) = usize::from(*rank).checked_sub(1).and_then(|at| tones.get_mut(at)) else {
                    continue;
                };
                tone.voxels += 1.0;
                // A voxel without neighbours counts, with distance 0.
                if *n > 0 {
                    tone.difference += (tone.level - f64::from(*sum) / f64::from(*n)).abs();
                }
            }
        }
        ngtdm::features(&tones, cancel)
    }
}
