//! From an image and a region to the features of every image type: checks, preprocessing, filters, features.

mod case;
mod derive;
pub(crate) mod image;
mod memory;
mod tasks;

use crate::catalogue::FeatureDef;
use crate::error::RadiomicsError;
use crate::extract::Work;
use crate::parameters::{Parameters, Request, Slot};
use crate::request::FeatureSet;
use crate::workers::Workers;
use radsql_volume::{Mask, Range, Volume};
use std::sync::atomic::AtomicBool;

pub use case::{Case, Reading};

/// The features of one scan, for every image type.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    request: Request,
    values: Vec<Vec<f64>>,
    work: Work,
}

impl Parameters {
    /// Computes features of a region of an image that is in memory. To read no more of a file than is needed, see [`Case`].
    ///
    /// # Errors
    /// Those of [`Case::new`] and [`Case::extract`].
    pub fn extract(
        &self,
        image: &Volume,
        mask: &Mask,
        request: Request,
        workers: &dyn Workers,
        cancel: &AtomicBool,
    ) -> Result<Features, RadiomicsError> {
        let case = Case::new(self, request, image.grid(), mask.clone())?;
        let read = |reading: Reading| -> Result<_, RadiomicsError> {
            Ok((image.crop(&reading.bounds)?, reading.range.then(|| Range::of(image))))
        };
        case.extract(read, workers, cancel)
    }
}

impl Features {
    /// For each slot of the parameters the wanted features and their values, in the order of the catalogue. A value is NaN
    /// where PyRadiomics gives NaN or no value.
    pub fn slots(&self) -> impl Iterator<Item = (FeatureSet, &[f64])> {
        self.request
            .slots()
            .iter()
            .copied()
            .zip(self.values.iter().map(Vec::as_slice))
    }

    /// Each feature with its slot and value, in the order of [`Parameters::features`].
    pub fn iter<'a>(
        &'a self,
        parameters: &'a Parameters,
    ) -> impl Iterator<Item = (&'a Slot, &'static FeatureDef, f64)> {
        let values = self.values.iter().flatten().copied();
        parameters
            .features(&self.request)
            .zip(values)
            .map(|((slot, def), v)| (slot, def, v))
    }

    /// What was done for them.
    pub fn work(&self) -> Work {
        self.work
    }
}
