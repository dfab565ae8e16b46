//! The images that filters make.

use crate::error::RadiomicsError;
use crate::parameters::{Filter, ImageType, Request};
use radsql_volume::filters::{self, WaveletLevels};
use radsql_volume::{Bounds, Grid, Range, Volume};
use std::sync::atomic::AtomicBool;

/// The voxels of the whole image that a filter needs for the voxels of `output`.
pub(crate) fn support(filter: &Filter, image: &Grid, output: &Bounds) -> Bounds {
    match filter {
        Filter::Wavelet {
            wavelet,
            start_level,
            level,
            axes,
        } => {
            let levels = WaveletLevels {
                start_level: *start_level,
                level: *level,
            };
            filters::wavelet::support(wavelet, levels, *axes, image, output)
        }
        Filter::LaplacianOfGaussian { sigma } => filters::log::support(*sigma, image, output),
        Filter::Gradient { .. } => filters::gradient::support(image, output),
        Filter::Original | Filter::Square | Filter::SquareRoot | Filter::Logarithm | Filter::Exponential => *output,
    }
}

/// Whether a filter scales by the largest value of the whole image.
pub(crate) fn needs_range(filter: &Filter) -> bool {
    matches!(
        filter,
        Filter::Square | Filter::SquareRoot | Filter::Logarithm | Filter::Exponential
    )
}

/// The wanted images of a type with their slots, on the grid of `output`. An image that PyRadiomics leaves out, because the
/// scan is too small for the filter, is left out here too.
pub(crate) fn images(
    image_type: &ImageType,
    image: &Volume,
    range: &Range,
    output: &Bounds,
    request: &Request,
    cancel: &AtomicBool,
) -> Result<Vec<(usize, Volume)>, RadiomicsError> {
    let slot = image_type.first;
    let one = |volume: Volume| Ok(vec![(slot, volume)]);
    match &image_type.filter {
        Filter::Original => one(image.crop(output)?),
        Filter::Wavelet {
            wavelet,
            start_level,
            level,
            axes,
        } => {
            let levels = WaveletLevels {
                start_level: *start_level,
                level: *level,
            };
            let wanted = |at: usize| !request.slot(slot + at).is_empty();
            let found = filters::wavelet::decompose(image, wavelet, levels, *axes, &wanted, output, cancel)?;
            Ok(found.into_iter().map(|(at, volume)| (slot + at, volume)).collect())
        }
        Filter::LaplacianOfGaussian { sigma } => {
            if filters::log::possible(image.grid(), *sigma).is_err() {
                return Ok(Vec::new());
            }
            one(filters::log::laplacian_of_gaussian(image, *sigma, output, cancel)?)
        }
        Filter::Square => one(filters::square(image, range, output, cancel)?),
        Filter::SquareRoot => one(filters::square_root(image, range, output, cancel)?),
        Filter::Logarithm => one(filters::logarithm(image, range, output, cancel)?),
        Filter::Exponential => one(filters::exponential(image, range, output, cancel)?),
        Filter::Gradient { use_spacing } => one(filters::gradient::magnitude(image, *use_spacing, output, cancel)?),
    }
}
