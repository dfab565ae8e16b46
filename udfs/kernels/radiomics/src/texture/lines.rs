//! GLCM and GLRLM: pairs and runs of voxels, direction by direction.

use super::glcm::Glcm;
use super::glrlm::{Glrlm, count_runs};
use super::grid::{Grid, Rank, Ranks};
use super::keyed::{self, Layout};
use super::offsets::offsets;
use super::tally::Tally;
use crate::cancel::Cancel;
use crate::catalogue::FeatureClass;
use crate::error::RadiomicsError;
use crate::settings::Settings;

/// What is wanted of the lines.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    pub(super) glcm: bool,
    pub(super) mcc: bool,
    pub(super) glrlm: bool,
}

/// Offset (z, y, x) from a voxel to its neighbour.
type Offset = [isize; 3];

/// The features of GLCM and GLRLM, of those that are needed.
pub(super) fn features(
    grid: &Grid,
    settings: &Settings,
    needs: Needs,
    cancel: Cancel,
) -> Result<Vec<(FeatureClass, Vec<f64>)>, RadiomicsError> {
    let mut glcm = needs.glcm.then(|| Glcm::new(grid, settings, needs.mcc));
    let mut glrlm = needs.glrlm.then(|| Glrlm::new(grid, settings));
    let same_directions = settings.distances.as_slice() == [1];
    match (
        &grid.ranks,
        Layout::new(grid, settings, true, true),
        &mut glcm,
        &mut glrlm,
    ) {
        (Ranks::Bytes(ranks), Some(layout), Some(glcm), Some(glrlm)) if same_directions => {
            let directions = offsets(grid, settings, &[1])?;
            keyed::walk(grid, ranks, layout, &directions, Some(glcm), Some(glrlm), cancel)?;
        }
        (_, _, glcm, glrlm) => {
            if let Some(glcm) = glcm {
                let directions = offsets(grid, settings, settings.distances.as_slice())?;
                match (&grid.ranks, Layout::new(grid, settings, true, false)) {
                    (Ranks::Bytes(ranks), Some(layout)) => {
                        keyed::walk(grid, ranks, layout, &directions, Some(glcm), None, cancel)?;
                    }
                    (Ranks::Bytes(ranks), None) => pairs(grid, ranks, settings, &directions, glcm, cancel)?,
                    (Ranks::Words(ranks), _) => pairs(grid, ranks, settings, &directions, glcm, cancel)?,
                }
            }
            if let Some(glrlm) = glrlm {
                // Runs know no other distance.
                let directions = offsets(grid, settings, &[1])?;
                match (&grid.ranks, Layout::new(grid, settings, false, true)) {
                    (Ranks::Bytes(ranks), Some(layout)) => {
                        keyed::walk(grid, ranks, layout, &directions, None, Some(glrlm), cancel)?;
                    }
                    (Ranks::Bytes(ranks), None) => runs(grid, ranks, &directions, glrlm, cancel)?,
                    (Ranks::Words(ranks), _) => runs(grid, ranks, &directions, glrlm, cancel)?,
                }
            }
        }
    }
    let mut found = Vec::new();
    if let Some(glcm) = glcm {
        found.push((FeatureClass::Glcm, glcm.features(cancel)?.to_vec()));
    }
    if let Some(glrlm) = glrlm {
        found.push((FeatureClass::Glrlm, glrlm.features().to_vec()));
    }
    Ok(found)
}

/// Pairs of any number of levels.
fn pairs<R: Rank>(
    grid: &Grid,
    ranks: &[R],
    settings: &Settings,
    directions: &[Offset],
    glcm: &mut Glcm,
    cancel: Cancel,
) -> Result<(), RadiomicsError> {
    let mut tally = Tally::new(grid.level_count(), grid.level_count());
    let mut entries = Vec::new();
    for offset in directions {
        let distance = grid.distance(*offset);
        for (i, span) in grid.spans.iter().enumerate() {
            cancel.check_at(i)?;
            let (a, b) = (&ranks[span.clone()], &ranks[span.start + distance..span.end + distance]);
            tally.add_all(a.iter().zip(b).map(|(a, b)| (a.index(), b.index())));
        }
        tally.drain(&mut entries, settings.symmetrical_glcm, cancel)?;
        glcm.add_direction(&entries, *offset, cancel)?;
    }
    Ok(())
}

/// Runs of any length and number of levels.
fn runs<R: Rank>(
    grid: &Grid,
    ranks: &[R],
    directions: &[Offset],
    glrlm: &mut Glrlm,
    cancel: Cancel,
) -> Result<(), RadiomicsError> {
    let mut tally = Tally::new(grid.level_count(), grid.longest());
    let mut lengths = vec![1u32; ranks.len()];
    let mut entries = Vec::new();
    for offset in directions {
        count_runs(grid, ranks, grid.distance(*offset), &mut tally, &mut lengths, cancel)?;
        tally.drain(&mut entries, false, cancel)?;
        glrlm.add_direction(ranks, &entries, *offset, cancel)?;
    }
    Ok(())
}
