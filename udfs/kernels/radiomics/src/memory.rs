use crate::catalogue::FeatureClass;
use crate::request::FeatureSet;
use crate::settings::{Binning, Settings};
use crate::texture::{DENSE_CELLS, MOST_IN_TABLE, MOST_VECTORS, margin};
use radsql_volume::Mask;

/// Grey levels that a bin width is taken to make: up to here co-occurrences are kept in a table.
const LEVELS: usize = 1023;

/// Most bytes that [`extract`](crate::extract) takes for itself, beyond the image and the mask. It is known before the
/// image is read, from the region's box, its voxels, the settings and the features wanted.
///
/// With a bin width the number of grey levels is not known then, and taken to be at most 1,023 (a CT in bins of 25 has
/// fewer than 200). More levels take up to 100 bytes more for each voxel of the region and 1 kB for each level.
pub fn memory_needed(mask: &Mask, settings: &Settings, wanted: FeatureSet) -> usize {
    let needs = |class| wanted.needs(class);
    let [x, y, z] = mask.bounds().size;
    let size = [z, y, x];
    let voxels = mask.voxels();
    // Small tables, and what the allocator keeps.
    let fixed = 2 << 20;

    let mut shape = 0;
    if needs(FeatureClass::Shape) {
        // Both ends of each line along x and y in half voxels, and hull corners out of them.
        let half = size.map(|n| n.saturating_mul(2).saturating_add(4));
        shape = product(&[half[0], half[1], 168]).saturating_add(product(&[half[0], half[2], 32]));
    }
    if needs(FeatureClass::Shape2D) {
        // Two rows of a slice, both ends of each row in half pixels, and hull corners out of them.
        let rows = size.into_iter().max().unwrap_or(1).saturating_add(2);
        shape = shape.max(rows.saturating_mul(2 + 2 * 168));
    }
    let textures = FeatureClass::ALL.iter().any(|c| c.is_texture() && needs(*c));
    // Values, a copy to find percentiles in, grey levels.
    let intensities = if textures || needs(FeatureClass::FirstOrder) {
        voxels.saturating_mul(8 + 8 + 2)
    } else {
        0
    };
    let mut texture = 0;
    if textures {
        let margin = margin(size, settings);
        let cells = product(&std::array::from_fn::<usize, 3, _>(|d| {
            size[d].saturating_add(2 * margin[d])
        }));
        let levels = match settings.binning {
            Binning::Width(_) => voxels.min(LEVELS),
            Binning::Count(count) => voxels.min(usize::from(count.get())),
        };
        // Ranks, rows and stretches of rows.
        let grid = cells.saturating_mul(2).saturating_add(product(&[z, y, 16 + 32]));
        let mut pairs = 0usize;
        if needs(FeatureClass::Glcm) {
            let directions = if settings.weighting_norm.is_some() { 13 } else { 1 };
            let vectors = product(&[levels, levels.min(MOST_VECTORS), 8]);
            // With more levels, their counts take more than the table that is not made then.
            let table = if levels <= MOST_IN_TABLE {
                product(&[levels, levels, 8])
            } else {
                0
            };
            pairs = tally(levels, levels, voxels.saturating_mul(2 * directions))
                .saturating_add(vectors)
                .saturating_add(table);
        }
        let longest = size.into_iter().max().unwrap_or(1);
        let mut runs = 0;
        if needs(FeatureClass::Glrlm) {
            runs = cells.saturating_mul(4).saturating_add(tally(levels, longest, voxels));
        }
        // Levels of each cell where there are gaps between them.
        let mut around = 0usize;
        if needs(FeatureClass::Gldm) || needs(FeatureClass::Ngtdm) {
            around = cells.saturating_mul(2).saturating_add(tally(levels, 26, voxels));
        }
        let mut zones = 0;
        if needs(FeatureClass::Glszm) {
            // Label of each cell, zones while they grow in number and as entries, a table of small ones.
            zones = cells
                .saturating_mul(4)
                .saturating_add(voxels.saturating_mul(20 + 16))
                .saturating_add(levels.saturating_mul(32 * 4));
        }
        // One after the other, each on the same grid; pairs and runs may be counted together.
        texture = grid.saturating_add(pairs.saturating_add(runs).max(around).max(zones));
    }
    shape.max(intensities).max(texture).saturating_add(fixed)
}

/// Bytes of a count of `pairs` pairs: a table or a list with a copy by rows, and up to four copies of the entries.
fn tally(rows: usize, columns: usize, pairs: usize) -> usize {
    let cells = product(&[rows + 1, columns + 1]);
    let entries = pairs.min(cells).saturating_mul(4 * 16);
    if cells <= DENSE_CELLS {
        cells.saturating_mul(4).saturating_add(entries)
    } else {
        entries.saturating_add(pairs.saturating_mul(16 + 4))
    }
}

fn product(n: &[usize]) -> usize {
    n.iter().fold(1, |p, n| p.saturating_mul(*n))
}
