//! Texture matrices and their features.
//!
//! Matrices count by rank, the position of a grey level among those that occur, so that gaps between levels cost
//! nothing; features use the levels themselves, gaps included, as PyRadiomics does.

mod basis;
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
pub(crate) use mcc::{MOST_IN_TABLE, MOST_VECTORS};
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discretise::Discretised;
    use crate::settings::{Axis, Distances, WeightingNorm};
    use ndarray::Array3;
    use radsql_volume::{Bounds, Mask};
    use std::sync::atomic::AtomicBool;

    /// A region with holes and some levels that touch in large zones, others that are absent.
    fn grid(settings: &Settings) -> Grid {
        let size = [21, 17, 9];
        let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let whole = radsql_volume::Grid::new(size, [1.0, 1.5, 2.0], [0.0; 3], identity).unwrap();
        let hash = |z: usize, y: usize, x: usize| (x * 7919 + y * 104_729 + z * 15_485_863) % 1009;
        let inside = Array3::from_shape_fn((9, 17, 21), |(z, y, x)| hash(z, y, x) % 11 != 0 && x + y > 4);
        let bounds = Bounds { lower: [0; 3], size };
        let mask = Mask::from_inside(whole, bounds, &inside).unwrap();
        let ranks: Vec<u16> = (mask.inside().indexed_iter())
            .filter(|(_, inside)| **inside)
            .map(|((z, y, x), _)| 1 + (hash(z / 2, y / 3, x / 2) % 19) as u16)
            .collect();
        let counts = (1..=19)
            .map(|rank| ranks.iter().filter(|r| **r == rank).count())
            .collect();
        let levels = (1..=19).map(|rank| rank * 3 - 2).collect();
        Grid::new(&mask, Discretised { ranks, levels, counts }, [1.0, 1.5, 2.0], settings).unwrap()
    }

    #[test]
    fn the_ways_to_count_agree() {
        let usual = Settings::default;
        for settings in [
            usual(),
            usual().with_symmetrical_glcm(false),
            usual().with_force2d(Some(Axis::Y)).with_gldm_a(2),
            usual().with_weighting_norm(Some(WeightingNorm::Euclidean)),
            usual().with_distances(Distances::new(&[1, 2]).unwrap()),
        ] {
            let mut grid = grid(&settings);
            let never = AtomicBool::new(false);
            let one = |grid: &Grid, classes: &[&str]| {
                let wanted = FeatureSet::parse(classes.iter().copied()).unwrap();
                features(grid, &settings, wanted, Cancel(&never)).unwrap()
            };
            let all = ["glcm", "gldm", "ngtdm", "glrlm", "glszm"];
            let together = one(&grid, &all);
            let alone: Vec<_> = ["glcm", "glrlm", "gldm", "ngtdm", "glszm"]
                .iter()
                .flat_map(|c| one(&grid, &[c]))
                .collect();
            assert_eq!(together, alone, "pairs and runs apart");
            if let Ranks::Bytes(ranks) = &grid.ranks {
                grid.ranks = Ranks::Words(ranks.iter().map(|r| u16::from(*r)).collect());
            }
            assert_eq!(together, one(&grid, &all), "ranks of two bytes");
        }
    }
}
