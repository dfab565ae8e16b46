//! The images that filters make.

use crate::error::RadiomicsError;
use crate::parameters::{Filter, ImageType, Parameters, Request};
use radsql_volume::filters::{gradient, lbp2d, lbp3d, log, wavelet};
use radsql_volume::{Bounds, Grid, Mask, Volume};
use std::sync::atomic::AtomicBool;

/// The voxels of the whole image that a filter needs for the voxels of `output`. Where it scales by the image's largest
/// value, that is not among them: see [`needs_largest`].
pub(crate) fn support(filter: &Filter, image: &Grid, output: &Bounds) -> Bounds {
    match filter {
        Filter::Wavelet { wavelet, levels, axes } => wavelet::support(image, wavelet, *levels, *axes, output),
        Filter::LaplacianOfGaussian { sigma } => log::support(image, *sigma, output),
        Filter::Gradient { .. } => gradient::support(image, output),
        Filter::LocalBinaryPattern2d(settings) => lbp2d::support(image, settings, output),
        Filter::LocalBinaryPattern3d(_) => lbp3d::support(image),
        Filter::Original | Filter::Pointwise(_) => *output,
    }
}

/// Whether a filter scales by the largest absolute value of the whole image.
pub(crate) fn needs_largest(filter: &Filter) -> bool {
    matches!(filter, Filter::Pointwise(_))
}

/// A part of a filter's images that is filtered on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// Sub-bands of a wavelet whose first letter this is. Those of another one share no pass with them.
    Letter(char),
}

impl Part {
    /// The parts of a filter that different threads may take.
    pub(crate) fn of(filter: &Filter) -> &'static [Self] {
        match filter {
            Filter::Wavelet { levels, axes, .. } if levels.start_level == 0 && levels.level == 1 && axes[0] => {
                &[Self::Letter('L'), Self::Letter('H')]
            }
            _ => &[Self::All],
        }
    }

    fn holds(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Letter(letter) => name
                .split_once('-')
                .is_some_and(|(_, letters)| letters.starts_with(letter)),
        }
    }
}

/// The wanted images of a part of a type with their slots, on the grid of the mask's box. An image that PyRadiomics leaves out, because the
/// scan is too small for the filter, is left out here too. `largest` is the largest absolute value of the whole image.
#[allow(clippy::too_many_arguments)] // what a filter depends on
pub(crate) fn images(
    parameters: &Parameters,
    image_type: &ImageType,
    part: Part,
    image: &Volume,
    largest: Option<f64>,
    mask: &Mask,
    request: &Request,
    cancel: &AtomicBool,
) -> Result<Vec<(usize, Volume)>, RadiomicsError> {
    let first = image_type.first;
    let output = &mask.bounds();
    let slot_of = |name: &str| {
        let mut slots = (first..)
            .zip(parameters.slots().iter().skip(first))
            .take(image_type.images);
        slots.find(|(_, slot)| slot.image_type() == name).map(|(at, _)| at)
    };
    let wanted = |name: &str| part.holds(name) && slot_of(name).is_some_and(|at| !request.slot(at).is_empty());
    let several = |images: Vec<(String, Volume)>| {
        let placed = images
            .into_iter()
            .filter_map(|(name, volume)| Some((slot_of(&name)?, volume)));
        Ok(placed.collect())
    };
    let one = |volume: Volume| Ok(vec![(first, volume)]);
    match &image_type.filter {
        Filter::Original => one(image.crop(output)?),
        Filter::Wavelet { wavelet, levels, axes } => several(wavelet::decompose(
            image, wavelet, *levels, *axes, &wanted, output, cancel,
        )?),
        Filter::LaplacianOfGaussian { sigma } => {
            if log::possible(image.grid(), *sigma).is_err() {
                return Ok(Vec::new());
            }
            one(log::laplacian_of_gaussian(image, *sigma, output, cancel)?)
        }
        Filter::Pointwise(filter) => one(filter.filter(image, largest, output, cancel)?),
        Filter::LocalBinaryPattern2d(settings) => one(lbp2d::patterns(image, settings, output, cancel)?),
        Filter::LocalBinaryPattern3d(settings) => several(lbp3d::maps(image, mask, settings, &wanted, output, cancel)?),
        Filter::Gradient { use_spacing } => one(gradient::magnitude(image, *use_spacing, output, cancel)?),
    }
}
