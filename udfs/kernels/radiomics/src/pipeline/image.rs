//! The features of one image, in parts that different threads may compute.

use crate::cancel::Cancel;
use crate::catalogue::{FEATURE_COUNT, FeatureClass};
use crate::discretise::Discretised;
use crate::error::RadiomicsError;
use crate::firstorder;
use crate::region::Intensities;
use crate::request::FeatureSet;
use crate::settings::Settings;
use crate::texture::{self, Grid};
use radsql_volume::{Mask, Volume};

/// Values of a class, in the order of the catalogue.
pub(crate) type ClassValues = (FeatureClass, Vec<f64>);

/// The classes whose matrices are filled together. Each group is a task of its own.
pub(crate) const GROUPS: [&[FeatureClass]; 2] = [
    &[FeatureClass::FirstOrder, FeatureClass::Glcm, FeatureClass::Glrlm],
    &[FeatureClass::Gldm, FeatureClass::Ngtdm, FeatureClass::Glszm],
];

/// An image whose region has been cut out and made discrete, once for all classes.
pub(crate) struct Prepared {
    first_order: Option<Vec<f64>>,
    grid: Option<Grid>,
}

impl Prepared {
    /// Cuts the region out of an image on the mask's grid. First-order features need the intensities themselves, and are
    /// computed here.
    pub(crate) fn new(
        image: &Volume,
        mask: &Mask,
        settings: &Settings,
        wanted: FeatureSet,
        cancel: Cancel,
    ) -> Result<Self, RadiomicsError> {
        let intensities = Intensities::gather(image, mask)?;
        let levels = Discretised::new(&intensities, settings, cancel)?;
        let mut first_order = None;
        if wanted.needs(FeatureClass::FirstOrder) {
            let volume = image.grid().voxel_volume();
            let found = firstorder::features(&intensities, &levels, settings, volume, wanted, cancel)?;
            first_order = Some(found.to_vec());
        }
        drop(intensities);
        let mut grid = None;
        if FeatureClass::ALL.into_iter().any(|c| c.is_texture() && wanted.needs(c)) {
            cancel.check()?;
            grid = Some(Grid::new(mask, levels, image.grid().spacing(), settings)?);
        }
        Ok(Self { first_order, grid })
    }

    /// The wanted classes of a group.
    pub(crate) fn group(
        &self,
        group: &[FeatureClass],
        settings: &Settings,
        wanted: FeatureSet,
        cancel: Cancel,
    ) -> Result<Vec<ClassValues>, RadiomicsError> {
        let wanted = wanted.only(|c| group.contains(&c));
        let mut found = Vec::new();
        if wanted.needs(FeatureClass::FirstOrder) {
            found.extend(self.first_order.clone().map(|v| (FeatureClass::FirstOrder, v)));
        }
        if let Some(grid) = &self.grid {
            found.extend(texture::features(grid, settings, wanted, cancel)?);
        }
        Ok(found)
    }
}

/// The values of a set of features, from those of whole classes.
pub(crate) fn values(wanted: FeatureSet, classes: &[ClassValues]) -> Vec<f64> {
    let mut all = [f64::NAN; FEATURE_COUNT];
    for (class, found) in classes {
        for ((at, _), v) in class.positions().zip(found) {
            if let Some(slot) = all.get_mut(at) {
                *slot = *v;
            }
        }
    }
    let held = all.iter().enumerate().filter(|(at, _)| wanted.holds(*at));
    held.map(|(_, v)| *v).collect()
}
