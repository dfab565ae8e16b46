use crate::cancel::Cancel;
use crate::catalogue::{FeatureClass, FeatureDef};
use crate::error::RadiomicsError;
use crate::pipeline::image::{ClassValues, GROUPS, Prepared, values};
use crate::region;
use crate::request::FeatureSet;
use crate::settings::Settings;
use crate::shape;
use radsql_volume::{Mask, Volume};
use std::sync::atomic::AtomicBool;

/// What an extraction had to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Kinds of texture matrix that were built: of GLCM, GLDM, GLRLM, GLSZM and NGTDM, those with a wanted feature.
    pub texture_matrices: usize,
    /// Features that were handed over.
    pub features: usize,
}

impl Work {
    pub(crate) fn of(classes: &[ClassValues], features: usize) -> Self {
        Self {
            texture_matrices: classes.iter().filter(|(class, _)| class.is_texture()).count(),
            features,
        }
    }
}

/// The features of one image and one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Extraction {
    wanted: FeatureSet,
    values: Vec<f64>,
    work: Work,
}

impl Extraction {
    /// The wanted features with their values, in the order of the catalogue. A value is NaN where PyRadiomics gives
    /// NaN, such as the GLCM of voxels without neighbours.
    pub fn iter(&self) -> impl Iterator<Item = (&'static FeatureDef, f64)> {
        self.wanted.iter().zip(self.values.iter().copied())
    }

    /// The values of [`Extraction::iter`].
    pub fn values(&self) -> Vec<f64> {
        self.values.clone()
    }

    /// The value of one feature, if it was wanted.
    pub fn get(&self, class: FeatureClass, name: &str) -> Option<f64> {
        self.iter()
            .find(|(f, _)| f.class == class && f.name == name)
            .map(|(_, v)| v)
    }

    /// What was done for it.
    pub fn work(&self) -> Work {
        self.work
    }
}

/// Computes the wanted features of the region that `mask` marks in `image`, exactly as PyRadiomics 3.0.1 does.
///
/// The region is cut out of the image once and made discrete once; of the texture matrices only those are built that a
/// wanted feature needs. Runs on the caller's thread and gives the same bits every time. When `cancel` becomes true,
/// the function returns within some milliseconds.
///
/// # Errors
/// - [`RadiomicsError::Volume`] with [`VolumeError::Grid`](radsql_volume::VolumeError::Grid) when image and mask lie on
///   different grids;
/// - [`RadiomicsError::SingleVoxel`], [`RadiomicsError::TooFewDimensions`], [`RadiomicsError::TooFewVoxels`] or
///   [`RadiomicsError::NoDirections`] when the region is too small;
/// - [`RadiomicsError::NonFinite`] when the image is NaN or infinite inside the region and intensities are needed;
/// - [`RadiomicsError::TooManyLevels`] or [`RadiomicsError::BinWidthBelowPrecision`] when the bin width is too small;
/// - [`RadiomicsError::NoPlane`] or [`RadiomicsError::NotOneSlice`] when class shape2D is wanted of a region that is not
///   one slice;
/// - [`RadiomicsError::TooLarge`] when the region's box has more than 2³² voxels;
/// - [`RadiomicsError::Cancelled`].
pub fn extract(
    image: &Volume,
    mask: &Mask,
    settings: &Settings,
    wanted: FeatureSet,
    cancel: &AtomicBool,
) -> Result<Extraction, RadiomicsError> {
    let cancel = Cancel(cancel);
    cancel.check()?;
    region::check(image, mask, settings)?;
    let mut classes = shape::classes(mask, settings, wanted, cancel)?;
    let intensities = wanted.only(|c| !c.is_shape());
    if !intensities.is_empty() {
        let prepared = Prepared::new(image, mask, settings, intensities, cancel)?;
        for group in GROUPS {
            classes.extend(prepared.group(group, settings, intensities, cancel)?);
        }
    }
    Ok(Extraction {
        wanted,
        values: values(wanted, &classes),
        work: Work::of(&classes, wanted.len()),
    })
}
