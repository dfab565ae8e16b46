//! The memory that diagnostics take, foreseen before the voxels are read.

use crate::parameters::Parameters;
use radsql_volume::resample::Target;
use radsql_volume::{Grid, Mask, VoxelType};

/// Bytes of a voxel in double precision.
const DOUBLE: usize = 8;

/// Most bytes that [`diagnostics`](crate::diagnostics()) of a region takes besides image and labels: what normalising and
/// resampling make, and the region's intensities.
pub fn diagnostics_memory(parameters: &Parameters, image: &Grid, voxel_type: VoxelType, mask: &Mask) -> usize {
    let p = &parameters.preprocessing;
    let normalised = p.normalise.as_ref().map(|_| image.voxels().saturating_mul(DOUBLE));
    let bytes = if normalised.is_some() {
        DOUBLE
    } else {
        voxel_type.bytes()
    };
    // What the region's voxels become on another grid, and the image there.
    let mut region = mask.bounds().voxels();
    let mut made = 0;
    if let Some(r) = &p.resampling
        && let Ok(target) = Target::new(mask, image, r.spacing, p.pad_distance)
        && let Ok(grid) = target.grid(image)
    {
        // B-splines are found in doubles first.
        let splines = match target {
            Target::Crop { .. } => 0,
            Target::Resample { .. } => target.image_box(image, r.interpolator).voxels().saturating_mul(DOUBLE),
        };
        made = grid.voxels().saturating_mul(bytes).saturating_add(splines);
        region = region.max(grid.voxels());
    } else if p.pre_crop || p.correct_mask {
        made = image.voxels().saturating_mul(bytes);
        region = region.max(image.voxels());
    }
    // Two masks of a byte a voxel at a time, and the intensities.
    let region = region.saturating_mul(2 + DOUBLE);
    let fixed = 1 << 20;
    [normalised.unwrap_or(0), made, region, fixed]
        .into_iter()
        .fold(0, usize::saturating_add)
}
