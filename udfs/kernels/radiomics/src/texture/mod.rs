//! Texture matrices and their features.
//!
//! Matrices count by rank, the position of a grey level among those that occur, so that gaps between levels cost
//! nothing; features use the levels themselves, gaps included, as PyRadiomics does.

mod entropy;
mod glcm;
mod gldm;
mod glrlm;
mod glszm;
mod grid;
mod keyed;
mod level_size;
mod lines;
mod mcc;
mod neighbourhood;
mod ngtdm;
mod offsets;
mod tally;

use crate::cancel::Cancel;
use crate::catalogue::FeatureClass;
use crate::error::RadiomicsError;
use crate::request::FeatureSet;
use crate::settings::Settings;
use grid::Ranks;
pub(crate) use grid::{Grid, margin};
pub(crate) use mcc::MOST_VECTORS;
pub(crate) use tally::DENSE_CELLS;

/// The features of every texture class that is wanted, each class in the order of the catalogue.
pub(crate) fn features(
    grid: &Grid,
    settings: &Settings,
    wanted: FeatureSet,
    cancel: Cancel,
) -> Result<Vec<(FeatureClass, Vec<f64>)>, RadiomicsError> {
    let mut found = Vec::new();
    let lines = lines::Needs {
        glcm: wanted.needs(FeatureClass::Glcm),
        mcc: wanted.needs_any(FeatureClass::Glcm, &["MCC"]),
        glrlm: wanted.needs(FeatureClass::Glrlm),
    };
    if lines.glcm || lines.glrlm {
        found.extend(lines::features(grid, settings, lines, cancel)?);
    }
    let around = [FeatureClass::Gldm, FeatureClass::Ngtdm].map(|class| wanted.needs(class));
    if around.contains(&true) {
        found.extend(match &grid.ranks {
            Ranks::Bytes(ranks) => neighbourhood::features(grid, ranks, settings, around, cancel)?,
            Ranks::Words(ranks) => neighbourhood::features(grid, ranks, settings, around, cancel)?,
        });
    }
    if wanted.needs(FeatureClass::Glszm) {
        let values = match &grid.ranks {
            Ranks::Bytes(ranks) => glszm::features(grid, ranks, settings, cancel)?,
            Ranks::Words(ranks) => glszm::features(grid, ranks, settings, cancel)?,
        };
        found.push((FeatureClass::Glszm, values.to_vec()));
    }
    Ok(found)
}
