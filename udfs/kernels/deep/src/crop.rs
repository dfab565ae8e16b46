use crate::{DeepError, ModelDescription, Normalization};
use radsql_volume::resample::{Interpolator, image_box, resample_linear};
use radsql_volume::{Bounds, Grid, Mask, Volume};
use std::sync::atomic::AtomicBool;

/// How far below a half the centre's distance to a lattice point may be by rounding and still count as the half.
const TIE: f64 = 1e-6;

/// The voxels that a model sees of one image, around one mask.
///
/// The steps, all in float32 behind the interpolation:
///
/// 1. **Orientation.** The image's axes are put into the model's order and turned to its directions, as SimpleITK's
///    `DICOMOrient` does. No voxel is interpolated; an oblique image stays oblique.
/// 2. **Spacing.** The image is resampled to the model's spacing by linear interpolation (SimpleITK's `sitkLinear`, from
///    float32), on the lattice that begins at the oriented image's first voxel: an image that has the spacing already keeps
///    its values. There is no smoothing before.
/// 3. **Crop.** The lattice point nearest to the centre of the mask's bounding box (halfway between two: the later one) becomes
///    voxel n / 2, rounded down, of the n voxels along each axis. The image is not masked.
/// 4. **Pad.** What lies more than half a voxel beyond the image's outer voxel centres is the pad value.
/// 5. **Clip** to the value range.
/// 6. **Normalise**: [`Normalization`].
///
/// Only the crop is computed, from [`Crop::image_box`]'s voxels: the answer is that of the whole image, resampled and cut.
#[derive(Debug, Clone)]
pub struct Crop {
    image: Grid,
    /// Its axes x, y, z are the tensor's third, second and first.
    target: Grid,
    needed: Bounds,
    value_range: [f32; 2],
    normalize: Normalization,
    pad_value: f32,
}

impl Crop {
    /// The crop of an image on the grid `image` around `mask`.
    ///
    /// # Errors
    /// [`DeepError::Volume`] with [`VolumeError::Grid`](radsql_volume::VolumeError::Grid) when the mask does not lie on the
    /// image's grid, within PyRadiomics' tolerance of 1e-6.
    pub fn new(model: &ModelDescription, image: &Grid, mask: &Mask) -> Result<Self, DeepError> {
        image
            .same_as(mask.grid(), 1e-6)
            .map_err(radsql_volume::VolumeError::from)?;
        let target = target(model, image, &mask.bounds())?;
        Ok(Self {
            needed: image_box(image, &target, Interpolator::Linear),
            image: image.clone(),
            target,
            value_range: model.value_range(),
            normalize: model.normalize(),
            pad_value: model.pad_value(),
        })
    }

    /// The box of the image's voxels that decides the crop.
    pub fn image_box(&self) -> Bounds {
        self.needed
    }

    /// The crop's grid. Its axes x, y, z are the third, second and first of the model's input tensor, so that x runs fastest
    /// in both.
    pub fn grid(&self) -> &Grid {
        &self.target
    }

    /// Most bytes that [`Crop::input`] takes, its answer included, the image's voxels not.
    pub fn memory_needed(&self) -> usize {
        // The answer, and the places of one row and their share of it.
        let row = self.target.size()[0].saturating_mul(8 * 3 + 8);
        self.target.voxels().saturating_mul(4).saturating_add(row)
    }

    /// The model's input, the tensor's last axis fastest, from the image's voxels in the box `bounds`, which has to hold
    /// [`Crop::image_box`].
    ///
    /// # Errors
    /// [`DeepError::NotANumber`] when a voxel of the crop is NaN (infinities are clipped), [`DeepError::Volume`] with
    /// [`VolumeError::Outside`](radsql_volume::VolumeError::Outside) when voxels are missing, [`DeepError::Cancelled`].
    pub fn input(&self, part: &Volume, bounds: &Bounds, cancel: &AtomicBool) -> Result<Vec<f32>, DeepError> {
        let resampled = resample_linear(part, bounds, &self.image, &self.target, self.pad_value, cancel)?;
        let mut input = resampled.into_raw_vec_and_offset().0;
        if let Some(at) = input.iter().position(|v| v.is_nan()) {
            let [nx, ny, _] = self.target.size();
            let index = [at % nx, at / nx % ny, at / nx / ny].map(|i| i as f64);
            return Err(DeepError::NotANumber {
                at: self.target.physical(index).map(|mm| (mm * 100.0).round() / 100.0),
            });
        }
        normalise(&mut input, self.value_range, self.normalize);
        Ok(input)
    }
}

fn normalise(values: &mut [f32], [low, high]: [f32; 2], how: Normalization) {
    let (mean, std) = match how {
        Normalization::Unit => (low, high - low),
        Normalization::None => (0.0, 1.0),
        Normalization::MeanStd { mean, std } => (mean, std),
    };
    for v in values {
        *v = (v.clamp(low, high) - mean) / std;
    }
}

/// The grid of the crop: a part of the lattice that begins at the oriented image's first voxel.
fn target(model: &ModelDescription, image: &Grid, region: &Bounds) -> Result<Grid, DeepError> {
    let (shape, spacing) = (model.spatial_shape(), model.spacing());
    let axes = model.orientation().axes_of(image);
    let mut first = [0.0; 3];
    let (mut size, mut target_spacing, mut direction) = ([0; 3], [0.0; 3], [[0.0; 3]; 3]);
    for (t, turned) in axes.iter().enumerate() {
        let a = turned.axis;
        let last = image.size()[a] as f64 - 1.0;
        let along = |index: f64| if turned.flipped { last - index } else { index };
        let step = spacing[t] / image.spacing()[a];
        let centre = region.lower[a] as f64 + (region.size[a] as f64 - 1.0) / 2.0;
        let nearest = (along(centre) / step + 0.5 + TIE).floor();
        first[a] = along((nearest - (shape[t] / 2) as f64) * step);
        // The tensor's last axis is x of the grid: both run fastest.
        let x = 2 - t;
        (size[x], target_spacing[x]) = (shape[t], spacing[t]);
        for (row, of_image) in direction.iter_mut().zip(image.direction()) {
            row[x] = if turned.flipped { -of_image[a] } else { of_image[a] };
        }
    }
    Ok(Grid::new(size, target_spacing, image.physical(first), direction)?)
}
