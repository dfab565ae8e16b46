//! Grey level dependence matrix: how many neighbours of a voxel have its level.

use super::level_size::LevelSize;

/// The 14 features in the order of the catalogue, from the statistics of the matrix.
pub(super) fn features(m: Option<LevelSize>) -> [f64; 14] {
    m.map_or([f64::NAN; 14], |m| {
        [
            m.entropy,
            m.size_non_uniformity,
            m.size_non_uniformity_normalised,
            m.size_variance,
            m.level_non_uniformity,
            m.level_variance,
            m.high,
            m.large,
            m.large_high,
            m.large_low,
            m.low,
            m.small,
            m.small_high,
            m.small_low,
        ]
    })
}
