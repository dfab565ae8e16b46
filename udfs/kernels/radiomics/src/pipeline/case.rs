//! One scan: what has to be read of it, and what becomes of it before the filters.

use super::Features;
use super::derive;
use super::tasks::{self, Picture};
use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use crate::parameters::{Parameters, Request};
use crate::region;
use crate::workers::Workers;
use radsql_volume::filters::pointwise;
use radsql_volume::resample::{self, Interpolator, Target};
use radsql_volume::{Bounds, Grid, Mask, Range, Volume, VolumeError};
use std::sync::atomic::AtomicBool;

/// Most voxels of a resampled image: ten times those of a whole-body CT.
const MOST_VOXELS: usize = 1 << 30;

/// A region with the parameters and features asked for, checked as far as that is possible before the image is read.
#[derive(Debug)]
pub struct Case<'p> {
    pub(super) parameters: &'p Parameters,
    pub(super) request: Request,
    image: Grid,
    /// On the grid that filters see.
    pub(super) mask: Mask,
    pub(super) source: Source,
    reading: Option<Reading>,
}

/// What filters see as the image.
#[derive(Debug)]
pub(super) enum Source {
    /// The image as it is; what they need of it lies in the box.
    AsItIs(Bounds),
    /// This box, cut out for good.
    Cut(Bounds),
    /// The image on another grid.
    Resampled(Grid, Interpolator),
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
        let (mask, source) = match &p.resampling {
            Some(resampling) => match Target::new(&mask, image, resampling.spacing, p.pad_distance)? {
                Target::Crop { bounds, mask } => (mask, Source::Cut(bounds)),
                Target::Resample { grid } => {
                    if grid.voxels() > MOST_VOXELS {
                        return Err(RadiomicsError::Resampled {
                            size: grid.size(),
                            most: MOST_VOXELS,
                        });
                    }
                    let mask = resample::resample_mask(&mask, &grid)?;
                    (mask, Source::Resampled(grid, resampling.interpolator))
                }
            },
            None => {
                let mask = on_grid(image, mask, parameters)?;
                if p.pre_crop {
                    let bounds = mask.bounds().grown([p.pad_distance; 3], [p.pad_distance; 3], image);
                    (mask.crop(&bounds)?, Source::Cut(bounds))
                } else {
                    let bounds = needed_around(parameters, &request, image, &mask);
                    (mask.crop(&bounds)?, Source::AsItIs(bounds))
                }
            }
        };
        region::check_size(&mask, &parameters.settings)?;
        let mut case = Self {
            parameters,
            request,
            image: image.clone(),
            mask,
            source,
            reading: None,
        };
        case.reading = case.what_to_read();
        Ok(case)
    }

    fn what_to_read(&self) -> Option<Reading> {
        let p = &self.parameters.preprocessing;
        if p.resegmentation.is_none() && tasks::wanted_types(self.parameters, &self.request).next().is_none() {
            return None;
        }
        if p.normalise.is_some() {
            return Some(Reading {
                bounds: Bounds::whole(&self.image),
                range: false,
            });
        }
        Some(match &self.source {
            Source::AsItIs(bounds) => Reading {
                bounds: *bounds,
                range: self.needs_largest(),
            },
            Source::Cut(bounds) => Reading {
                bounds: *bounds,
                range: false,
            },
            Source::Resampled(grid, interpolator) => Reading {
                bounds: resample::image_box(&self.image, grid, *interpolator),
                range: false,
            },
        })
    }

    fn needs_largest(&self) -> bool {
        tasks::wanted_types(self.parameters, &self.request).any(|t| derive::needs_largest(&t.filter))
    }

    /// What is needed of the image at first; `None` when its voxels do not matter.
    pub fn reading(&self) -> Option<Reading> {
        self.reading
    }

    /// Computes the features. `read` gives voxels of the image, on the grid of these voxels, and the range of the whole image
    /// where it is asked for. It is called once, or twice where resampling to the last bit turns out to need the whole image.
    ///
    /// The tasks are spread over `workers`; the values do not depend on how.
    ///
    /// # Errors
    /// Those of `read`, of [`extract`](crate::extract()) and of preprocessing, and [`RadiomicsError::Image`] with the image type
    /// for what went wrong in one of them.
    pub fn extract<E: From<RadiomicsError>>(
        self,
        read: impl FnMut(Reading) -> Result<(Volume, Option<Range>), E>,
        workers: &dyn Workers,
        cancel: &AtomicBool,
    ) -> Result<Features, E> {
        let picture = match self.reading {
            None => None,
            Some(reading) => Some(self.picture(reading, read, cancel)?),
        };
        Ok(self.measure(picture, workers, cancel)?)
    }

    /// The image that filters see, from the voxels that are read.
    fn picture<E: From<RadiomicsError>>(
        &self,
        reading: Reading,
        mut read: impl FnMut(Reading) -> Result<(Volume, Option<Range>), E>,
        cancel: &AtomicBool,
    ) -> Result<Picture, E> {
        let (mut image, range) = read(reading)?;
        let mut largest = range.map(|r| r.largest_magnitude());
        let wrong = |e: VolumeError| E::from(RadiomicsError::from(e).in_image(crate::ORIGINAL));
        let normalise = self.parameters.preprocessing.normalise.as_ref();
        if let Some(n) = normalise {
            image = radsql_volume::normalise(&image, n.scale, n.remove_outliers, cancel).map_err(wrong)?;
        }
        let image = match &self.source {
            Source::AsItIs(bounds) | Source::Cut(bounds) => {
                if let (Some(_), Source::AsItIs(_), true) = (normalise, &self.source, self.needs_largest()) {
                    largest = Some(pointwise::largest_magnitude(&image, cancel).map_err(wrong)?);
                }
                if *bounds == reading.bounds {
                    image
                } else {
                    image.crop(bounds).map_err(wrong)?
                }
            }
            Source::Resampled(grid, interpolator) => {
                let mut bounds = reading.bounds;
                loop {
                    let found = resample::resample_part(&image, &bounds, &self.image, grid, *interpolator, cancel);
                    if let Some(resampled) = found.map_err(wrong)? {
                        break resampled;
                    }
                    let whole = Bounds::whole(&self.image);
                    if bounds == whole {
                        return Err(wrong(VolumeError::Size { size: grid.size() }));
                    }
                    bounds = whole;
                    (image, _) = read(Reading { bounds, range: false })?;
                }
            }
        };
        Ok(Picture { image, largest })
    }

    fn measure(
        self,
        picture: Option<Picture>,
        workers: &dyn Workers,
        cancel: &AtomicBool,
    ) -> Result<Features, RadiomicsError> {
        let (mut mask, mut shape_mask) = (self.mask, None);
        if let (Some(r), Some(picture)) = (&self.parameters.preprocessing.resegmentation, &picture) {
            let resegmented = radsql_volume::resegment(&picture.image, &mask, &r.range, r.mode)?;
            region::check_size(&resegmented, &self.parameters.settings)?;
            // PyRadiomics takes shape from the region before, but cuts it to the box of the region after.
            if !r.shape {
                shape_mask = Some(mask.within(&resegmented.bounds())?);
            }
            mask = resegmented;
        }
        let shape_mask = shape_mask.as_ref().unwrap_or(&mask);
        tasks::run(
            self.parameters,
            self.request,
            picture,
            &mask,
            shape_mask,
            workers,
            Cancel(cancel),
        )
    }
}

/// The mask on the image's grid.
fn on_grid(image: &Grid, mask: Mask, parameters: &Parameters) -> Result<Mask, RadiomicsError> {
    match image.same_as(mask.grid(), parameters.settings.geometry_tolerance) {
        Ok(()) => Ok(mask),
        Err(_) if parameters.preprocessing.correct_mask => Ok(radsql_volume::correct_mask(&mask, image)?),
        Err(e) => Err(VolumeError::from(e).into()),
    }
}

/// The region with what the filters need around it.
fn needed_around(parameters: &Parameters, request: &Request, image: &Grid, mask: &Mask) -> Bounds {
    let region = mask.bounds();
    let types = tasks::wanted_types(parameters, request);
    types.fold(region, |bounds, t| {
        bounds.union(&derive::support(&t.filter, image, &region))
    })
}
