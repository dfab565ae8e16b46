//! Texture matrices and their features.
//!
//! Matrices count by rank, the position of a grey level among those that occur, so that gaps between levels cost
//! nothing; features use the levels themselves, gaps included, as PyRadiomics does.

mod glcm;
mod gldm;
mod glrlm;
mod glszm;
mod grid;
mod level_size;
mod mcc;
mod ngtdm;
mod offsets;
mod pairs;
mod tally;

use crate::cancel::Cancel;
use crate::catalogue::FeatureClass;
use crate::error::RadiomicsError;
use crate::request::FeatureSet;
use crate::settings::Settings;
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
    let pairs = pairs::Needs {
        glcm: wanted.needs(FeatureClass::Glcm),
        mcc: wanted.needs_any(FeatureClass::Glcm, &["MCC"]),
        gldm: wanted.needs(FeatureClass::Gldm),
        ngtdm: wanted.needs(FeatureClass::Ngtdm),
    };
    if pairs.glcm || pairs.gldm || pairs.ngtdm {
        found.extend(pairs::features(grid, settings, pairs, cancel)?);
    }
    if wanted.needs(FeatureClass::Glrlm) {
        found.push((FeatureClass::Glrlm, glrlm::features(grid, settings, cancel)?.to_vec()));
    }
    if wanted.needs(FeatureClass::Glszm) {
        found.push((FeatureClass::Glszm, glszm::features(grid, settings, cancel)?.to_vec()));
    }
    Ok(found)
}
