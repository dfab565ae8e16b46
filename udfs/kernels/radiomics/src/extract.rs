use crate::cancel::Cancel;
use crate::catalogue::{FEATURE_COUNT, FeatureClass, FeatureDef, catalogue};
use crate::discretise::Discretised;
use crate::error::RadiomicsError;
use crate::region::{self, Intensities};
use crate::request::FeatureSet;
use crate::settings::Settings;
use crate::texture::{self, Grid};
use crate::{firstorder, shape};
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

/// The features of one image and one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Extraction {
    wanted: FeatureSet,
    values: [f64; FEATURE_COUNT],
    work: Work,
}

impl Extraction {
    /// The wanted features with their values, in the order of the catalogue. A value is NaN where PyRadiomics gives
    /// NaN, such as the GLCM of voxels without neighbours.
    pub fn iter(&self) -> impl Iterator<Item = (&'static FeatureDef, f64)> {
        let class_values = catalogue().zip(&self.values).enumerate();
        class_values
            .filter(|(i, _)| self.wanted.holds(*i))
            .map(|(_, (f, v))| (f, *v))
    }

    /// The values of [`Extraction::iter`].
    pub fn values(&self) -> Vec<f64> {
        self.iter().map(|(_, v)| v).collect()
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
    let mut values = [f64::NAN; FEATURE_COUNT];
    let mut work = Work {
        texture_matrices: 0,
        features: wanted.len(),
    };
    let mut put = |class: FeatureClass, found: &[f64]| {
        for ((at, _), v) in class.positions().zip(found) {
            if let Some(slot) = values.get_mut(at) {
                *slot = *v;
            }
        }
    };

    if wanted.needs(FeatureClass::Shape) {
        put(
            FeatureClass::Shape,
            &shape::features(mask, image.grid().spacing(), wanted, cancel)?,
        );
    }
    if wanted.needs(FeatureClass::Shape2D) {
        let found = shape::plane_features(mask, image.grid().spacing(), settings.force2d, wanted, cancel)?;
        put(FeatureClass::Shape2D, &found);
    }
    let textures = FeatureClass::ALL
        .into_iter()
        .filter(|c| c.is_texture() && wanted.needs(*c))
        .count();
    if wanted.needs(FeatureClass::FirstOrder) || textures > 0 {
        cancel.check()?;
        let intensities = Intensities::gather(image, mask)?;
        let levels = Discretised::new(&intensities, settings, cancel)?;
        if wanted.needs(FeatureClass::FirstOrder) {
            let found = firstorder::features(
                &intensities,
                &levels,
                settings,
                image.grid().voxel_volume(),
                wanted,
                cancel,
            )?;
            put(FeatureClass::FirstOrder, &found);
        }
        drop(intensities);
        if textures > 0 {
            cancel.check()?;
            let grid = Grid::new(mask, levels, image.grid().spacing(), settings)?;
            for (class, found) in texture::features(&grid, settings, wanted, cancel)? {
                put(class, &found);
                work.texture_matrices += 1;
            }
        }
    }
    Ok(Extraction { wanted, values, work })
}
