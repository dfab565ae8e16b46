//! Checks of a case, and the intensities of its region.

use crate::error::RadiomicsError;
use crate::settings::Settings;
use ndarray::Array3;
use radsql_volume::{Mask, Volume, VolumeError, VoxelType, with_voxels};

/// Refuses what PyRadiomics' `checkMask` refuses: a mask on another grid, one voxel, too few dimensions, too few voxels.
pub(crate) fn check(image: &Volume, mask: &Mask, settings: &Settings) -> Result<(), RadiomicsError> {
    image
        .grid()
        .same_as(mask.grid(), settings.geometry_tolerance)
        .map_err(VolumeError::from)?;
    check_size(mask, settings)
}

/// Refuses one voxel, too few dimensions, too few voxels.
pub(crate) fn check_size(mask: &Mask, settings: &Settings) -> Result<(), RadiomicsError> {
    let size = mask.bounds().size;
    let dimensions = size.iter().filter(|&&n| n > 1).count();
    if dimensions == 0 {
        return Err(RadiomicsError::SingleVoxel);
    }
    if dimensions < settings.minimum_roi_dimensions {
        return Err(RadiomicsError::TooFewDimensions {
            size,
            found: dimensions,
            minimum: settings.minimum_roi_dimensions,
        });
    }
    match settings.minimum_roi_size {
        Some(minimum) if mask.voxels() <= minimum => Err(RadiomicsError::TooFewVoxels {
            found: mask.voxels(),
            minimum,
        }),
        _ => Ok(()),
    }
}

/// The intensities of a region.
pub(crate) struct Intensities {
    /// Finite values of the region's voxels, as f64, in the order of the mask's box (x fastest).
    pub(crate) values: Vec<f64>,
    /// Type that the values had: it decides how bin edges are rounded.
    pub(crate) voxel_type: VoxelType,
    /// Smallest value.
    pub(crate) minimum: f64,
    /// Largest value.
    pub(crate) maximum: f64,
}

impl Intensities {
    /// Takes the region's voxels out of an image on the mask's grid.
    ///
    /// # Errors
    /// [`RadiomicsError::NonFinite`] when one of them is NaN or infinite.
    #[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
    pub(crate) fn gather(image: &Volume, mask: &Mask) -> Result<Self, RadiomicsError> {
        let values = with_voxels!(image.voxels(), a => region_values(a, mask, |v| *v as f64));
        let (minimum, maximum, finite) = range(&values);
        if !finite {
            return Err(RadiomicsError::NonFinite {
                nan: values.iter().filter(|v| v.is_nan()).count(),
                infinite: values.iter().filter(|v| v.is_infinite()).count(),
                voxels: values.len(),
            });
        }
        Ok(Self {
            values,
            voxel_type: image.voxels().voxel_type(),
            minimum,
            maximum,
        })
    }
}

/// Values of the mask's voxels, x fastest. The array has the shape of the mask's grid.
pub(crate) fn region_values<T>(voxels: &Array3<T>, mask: &Mask, as_f64: impl Fn(&T) -> f64) -> Vec<f64> {
    let lower = mask.bounds().lower;
    let (_, ny, nx) = voxels.dim();
    let (_, rows, columns) = mask.inside().dim();
    let (voxels, inside) = (
        voxels.as_slice().unwrap_or_default(),
        mask.inside().as_slice().unwrap_or_default(),
    );
    let mut values = Vec::with_capacity(mask.voxels());
    for (row, line) in inside.chunks_exact(columns).enumerate() {
        let (z, y) = (lower[2] + row / rows, lower[1] + row % rows);
        let start = (z * ny + y) * nx + lower[0];
        let image = voxels.get(start..start + columns).unwrap_or_default();
        let Some(first) = line.iter().position(|inside| *inside) else {
            continue;
        };
        let last = line.iter().rposition(|inside| *inside).unwrap_or(first);
        let (image, line) = (image.get(first..=last).unwrap_or_default(), &line[first..=last]);
        // Few rows have holes.
        if line.contains(&false) {
            let inside = image.iter().zip(line).filter(|(_, inside)| **inside);
            values.extend(inside.map(|(v, _)| as_f64(v)));
        } else {
            values.extend(image.iter().map(&as_f64));
        }
    }
    values
}

/// Smallest and largest value, and whether all are finite.
fn range(values: &[f64]) -> (f64, f64, bool) {
    // Side by side, as many as a processor can compare at once.
    let (rows, rest) = values.as_chunks::<8>();
    let (mut low, mut high, mut rest_of_infinite) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8], [0.0; 8]);
    for row in rows {
        for i in 0..8 {
            let v = row[i];
            low[i] = if v < low[i] { v } else { low[i] };
            high[i] = if v > high[i] { v } else { high[i] };
            // 0, but NaN for what is not finite.
            rest_of_infinite[i] += v * 0.0;
        }
    }
    let all = |lanes: [f64; 8]| lanes.into_iter().chain(rest.iter().copied());
    (
        all(low).fold(f64::INFINITY, f64::min),
        all(high).fold(f64::NEG_INFINITY, f64::max),
        rest_of_infinite
            .into_iter()
            .chain(rest.iter().map(|v| v * 0.0))
            .all(|v| v == 0.0),
    )
}
