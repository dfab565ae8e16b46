//! The grid that PyRadiomics resamples an image and its mask to.

use super::{Frame, Interpolator, image_box, resample_image, resample_mask};
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::{Bounds, Mask};
use crate::voxels::Volume;
use std::sync::atomic::AtomicBool;

/// What PyRadiomics' `resampleImage` does with an image and its mask.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The image's spacing is the one asked for: image and mask are only cut.
    Crop {
        /// The box of image voxels that is left: the region's, with the padding.
        bounds: Bounds,
        /// The mask, brought to the image's grid (nearest neighbour) and cut to the box.
        mask: Mask,
    },
    /// Both are resampled.
    Resample {
        /// To this grid: the mask's direction, the spacing asked for, the region with the padding.
        grid: Grid,
    },
}

impl Target {
    /// Where an image on the grid `image` goes with its `mask`.
    ///
    /// `spacing` is millimetres along x, y, z; 0 stands for the mask's own. An axis on which the region has one slice keeps
    /// the mask's spacing. `padding` is voxels of the new grid on every side (`padDistance`), cut at the mask's edges.
    ///
    /// # Errors
    /// [`VolumeError::Spacing`] for a spacing that is negative or not finite, [`VolumeError::RegionOutside`] when the region's
    /// box leaves the image, [`VolumeError::EmptyMask`] when no voxel of the image's grid falls into the region.
    pub fn new(mask: &Mask, image: &Grid, spacing: [f64; 3], padding: usize) -> Result<Self, VolumeError> {
        if !spacing.iter().all(|s| s.is_finite() && *s >= 0.0) {
            return Err(VolumeError::Spacing { spacing });
        }
        let own = mask.grid().spacing();
        let region = mask.bounds();
        contains_roi(image, mask)?;
        let spacing: [f64; 3] = std::array::from_fn(|d| {
            if spacing[d] == 0.0 || region.size[d] == 1 {
                own[d]
            } else {
                spacing[d]
            }
        });
        // numpy.allclose.
        if (0..3).all(|d| (image.spacing()[d] - spacing[d]).abs() <= 1e-8 + 1e-5 * spacing[d].abs()) {
            let mask = resample_mask(mask, image)?;
            let bounds = mask.bounds().grown([padding; 3], [padding; 3], image);
            let mask = mask.crop(&bounds)?;
            return Ok(Self::Crop { bounds, mask });
        }
        let pad = padding as f64;
        let (mut size, mut first) = ([0usize; 3], [0.0; 3]);
        for d in 0..3 {
            let ratio = own[d] / spacing[d];
            let (lower, count) = (region.lower[d] as f64, region.size[d] as f64);
            let last = (mask.grid().size()[d] as f64 * ratio).ceil() - 1.0;
            let lo = ((lower - 0.5) * ratio - pad).floor().max(0.0);
            let hi = ((lower + count - 0.5) * ratio + pad).ceil().min(last);
            // Both grids share the outer corner of the mask's first voxel, not its centre.
            first[d] = 0.5 * (spacing[d] - own[d]) / own[d] + lo / ratio;
            size[d] = (hi - lo + 1.0).max(0.0) as usize;
        }
        let origin = mask.grid().physical(first);
        let grid = Grid::new(size, spacing, origin, mask.grid().direction())?;
        Ok(Self::Resample { grid })
    }

    /// The grid of what comes out.
    ///
    /// # Errors
    /// [`VolumeError::Outside`] when `image` is not the grid that the target was made for.
    pub fn grid(&self, image: &Grid) -> Result<Grid, VolumeError> {
        match self {
            Self::Crop { bounds, .. } => image.crop(bounds),
            Self::Resample { grid } => Ok(grid.clone()),
        }
    }

    /// The box of image voxels that decides what comes out: a reader may read only it and hand it to
    /// [`resample_part`](super::resample_part).
    pub fn image_box(&self, image: &Grid, interpolator: Interpolator) -> Bounds {
        match self {
            Self::Crop { bounds, .. } => *bounds,
            Self::Resample { grid } => image_box(image, grid, interpolator),
        }
    }

    /// Image and mask as `resampleImage` gives them.
    ///
    /// # Errors
    /// [`VolumeError::EmptyMask`] when no voxel of the new grid falls into the region, [`VolumeError::Outside`] when the
    /// image is not on the grid that the target was made for, [`VolumeError::Cancelled`].
    pub fn apply(
        &self,
        image: &Volume,
        mask: &Mask,
        interpolator: Interpolator,
        cancel: &AtomicBool,
    ) -> Result<(Volume, Mask), VolumeError> {
        match self {
            Self::Crop { bounds, mask } => Ok((image.crop(bounds)?, mask.clone())),
            Self::Resample { grid } => {
                let mask = resample_mask(mask, grid)?;
                Ok((resample_image(image, grid, interpolator, cancel)?, mask))
            }
        }
    }
}

/// PyRadiomics' `_checkROI`: two opposite corners of the region's box, seen from the image, lie in it, to 0.001 voxels.
///
/// # Errors
/// [`VolumeError::RegionOutside`].
pub fn contains_roi(image: &Grid, mask: &Mask) -> Result<(), VolumeError> {
    const TOLERANCE: f64 = 1e-3;
    let region = mask.bounds();
    let frame = Frame::of(image);
    let first = mask.grid().physical(region.lower.map(|i| i as f64 - 0.5));
    let last = mask.grid().physical(region.upper().map(|i| i as f64 - 0.5));
    let (a, b) = (frame.index(first), frame.index(last));
    let lower: [f64; 3] = std::array::from_fn(|d| a[d].min(b[d]));
    let upper: [f64; 3] = std::array::from_fn(|d| a[d].max(b[d]));
    let inside = |d: usize| lower[d] >= -0.5 - TOLERANCE && upper[d] <= image.size()[d] as f64 - 0.5 + TOLERANCE;
    if (0..3).all(inside) {
        Ok(())
    } else {
        Err(VolumeError::RegionOutside {
            lower,
            upper,
            image: image.size(),
        })
    }
}
