//! One scan: what has to be read of it, and what becomes of it before the filters.

use super::Features;
use super::derive;
use super::tasks;
use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use crate::parameters::{Parameters, Request};
use crate::region;
use crate::workers::Workers;
use radsql_volume::resample::{self, Target};
use radsql_volume::{Bounds, Grid, Mask, Range, Volume, VolumeError};
use std::sync::atomic::AtomicBool;

/// A region with the parameters and features asked for, checked as far as that is possible before the image is read.
///
/// It tells which voxels of the image are needed ([`Case::reading`]); with these the features are computed by
/// [`Case::extract`].
#[derive(Debug)]
pub struct Case<'p> {
    parameters: &'p Parameters,
    request: Request,
    mask: Mask,
    target: Option<Target>,
    reading: Option<Reading>,
}

/// What is needed of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The voxels.
    pub bounds: Bounds,
    /// Whether the range of all its voxels is needed too, because a filter scales by the image's largest value.
    pub range: bool,
}

impl<'p> Case<'p> {
    /// Checks the region against the grid of its image, as PyRadiomics does, and finds out what has to be read.
    ///
    /// # Errors
    /// [`RadiomicsError::Volume`] when the grids differ and are not to be corrected, or the region leaves the image; and the
    /// errors of a region that is too small.
    pub fn new(parameters: &'p Parameters, request: Request, image: &Grid, mask: Mask) -> Result<Self, RadiomicsError> {
        let p = &parameters.preprocessing;
        let mut case = Self {
            parameters,
            request,
            mask,
            target: None,
            reading: None,
        };
        if let Some(resampling) = &p.resampling {
            let target = Target::new(&case.mask, image, resampling.spacing, p.pad_distance, resampling.interpolator)?;
            case.reading = Some(Reading {
                bounds: *target.image_box(),
                range: false,
            });
            case.target = Some(target);
        } else {
            case.mask = checked(image, case.mask, parameters)?;
            region::check_size(&case.mask, &parameters.settings)?;
            case.reading = case.reading_as_it_is(image)?;
        }
        if let (Some(reading), Some(_)) = (&mut case.reading, &p.normalise) {
            reading.bounds = Bounds::whole(image);
            reading.range = false;
        }
        Ok(case)
    }

    /// Without resampling: the region with what the filters need around it; nothing for shape alone.
    fn reading_as_it_is(&self, image: &Grid) -> Result<Option<Reading>, RadiomicsError> {
        let p = &self.parameters.preprocessing;
        let output = self.mask.bounds();
        let types = || {
            let types = self.parameters.image_types.iter();
            types.filter(|t| (t.first..t.first + t.images).any(|slot| !self.request.slot(slot).is_empty()))
        };
        if p.resegmentation.is_none() && types().next().is_none() {
            return Ok(None);
        }
        if p.pre_crop {
            let pad = [p.pad_distance; 3];
            return Ok(Some(Reading {
                bounds: output.grown(pad, pad, image),
                range: false,
            }));
        }
        let mut reading = Reading {
            bounds: output,
            range: false,
        };
        for t in types() {
            reading.bounds = reading.bounds.union(&derive::support(&t.filter, image, &output));
            reading.range |= derive::needs_range(&t.filter);
        }
        Ok(Some(reading))
    }

    /// What is needed of the image; `None` when its voxels do not matter.
    pub fn reading(&self) -> Option<Reading> {
        self.reading
    }

    /// Computes the features. `image` holds the voxels of [`Case::reading`], on the grid of these voxels, and `range` is that
    /// of the whole image where it was asked for.
    ///
    /// The tasks are spread over `workers`; the values do not depend on how.
    ///
    /// # Errors
    /// The errors of [`extract`](crate::extract()), those of preprocessing, and [`RadiomicsError::Image`] with the image type for
    /// what went wrong in one of them.
    pub fn extract(
        self,
        image: Option<Volume>,
        range: Option<Range>,
        workers: &dyn Workers,
        cancel: &AtomicBool,
    ) -> Result<Features, RadiomicsError> {
        let parameters = self.parameters;
        let Some((image, reading)) = image.zip(self.reading) else {
            return tasks::run(parameters, self.request, None, &self.mask, &self.mask, workers, Cancel(cancel));
        };
        let mut mask = self.mask;
        let mut image = image;
        if self.target.is_none() {
            mask = mask.crop(&reading.bounds)?;
        }
        if let Some(n) = &parameters.preprocessing.normalise {
            image = radsql_volume::normalise(image, n.scale, n.remove_outliers, cancel)?;
        }
        let mut range = range;
        if let (Some(target), Some(_)) = (&self.target, &parameters.preprocessing.resampling) {
            (image, mask) = resample::resample(&image, reading.bounds, &mask, target, cancel)?;
            mask = checked(image.grid(), mask, parameters)?;
            region::check_size(&mask, &parameters.settings)?;
            range = None;
        } else if parameters.preprocessing.pre_crop && parameters.preprocessing.normalise.is_some() {
            let pad = [parameters.preprocessing.pad_distance; 3];
            let bounds = mask.bounds().grown(pad, pad, image.grid());
            image = image.crop(&bounds)?;
            mask = mask.crop(&bounds)?;
            range = None;
        }
        let mut shape_mask = mask.clone();
        if let Some(r) = &parameters.preprocessing.resegmentation {
            mask = radsql_volume::resegment(&image, &mask, &r.range, r.mode)?;
            region::check_size(&mask, &parameters.settings)?;
            if r.shape {
                shape_mask = mask.clone();
            }
        }
        let range = range.map_or_else(|| Range::of(&image), Ok)?;
        tasks::run(
            parameters,
            self.request,
            Some((image, range)),
            &mask,
            &shape_mask,
            workers,
            Cancel(cancel),
        )
    }
}

/// The mask, on the image's grid.
fn checked(image: &Grid, mask: Mask, parameters: &Parameters) -> Result<Mask, RadiomicsError> {
    match image.same_as(mask.grid(), parameters.settings.geometry_tolerance) {
        Ok(()) => Ok(mask),
        Err(_) if parameters.preprocessing.correct_mask => Ok(radsql_volume::correct_mask(&mask, image)?),
        Err(e) => Err(VolumeError::from(e).into()),
    }
}
