//! A mask on another grid than its image's, PyRadiomics' `correctMask`.

use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::Mask;
use crate::resample::{contains_roi, resample_mask};

/// The mask brought to the image's grid by nearest neighbour, if the region lies in the image.
///
/// PyRadiomics does so with `correctMask` where [`Grid::same_as`] finds a difference; otherwise the mask stays as it is.
///
/// # Errors
/// [`VolumeError::RegionOutside`] when the region's box leaves the image by more than 0.001 voxels,
/// [`VolumeError::EmptyMask`] when no voxel of the image falls into the region.
pub fn correct_mask(mask: &Mask, image: &Grid) -> Result<Mask, VolumeError> {
    contains_roi(image, mask)?;
    resample_mask(mask, image)
}
