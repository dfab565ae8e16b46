//! PyRadiomics' diagnostics (`GeneralInfo`): what image and region were at each step before the filters, with which
//! settings, under PyRadiomics' keys.

mod hash;
mod keys;
mod memory;
mod numbers;

use crate::cancel::Cancel;
use crate::catalogue::ORIGINAL;
use crate::error::RadiomicsError;
use crate::parameters::Parameters;
use crate::region;
pub use keys::{DiagnosticKind, diagnostic_keys};
pub use memory::diagnostics_memory;
use radsql_volume::resample::Target;
use radsql_volume::{Bounds, Mask, Volume, VolumeError};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

/// The version of PyRadiomics whose definitions are followed.
const PYRADIOMICS: &str = "3.0.1";

/// A key of PyRadiomics with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// PyRadiomics' key, such as `diagnostics_Mask-original_VoxelNum`.
    pub key: String,
    /// `None` where PyRadiomics leaves the key out: `corrected`, for a mask that needed no correction.
    pub value: Option<DiagnosticValue>,
}

/// The value of a diagnostic.
#[derive(Debug, Clone, PartialEq)]
pub enum DiagnosticValue {
    /// A text: version, configuration (JSON), hash.
    Text(String),
    /// A number: mean, minimum, maximum.
    Number(f64),
    /// A whole number: a count.
    Whole(i64),
    /// Numbers along x, y, z: mm, indices, points.
    Numbers(Vec<f64>),
    /// Whole numbers along x, y, z, of a box first its lower corner and then its size.
    Wholes(Vec<i64>),
}

impl DiagnosticValue {
    /// Its type.
    pub fn kind(&self) -> DiagnosticKind {
        match self {
            Self::Text(_) => DiagnosticKind::Text,
            Self::Number(_) => DiagnosticKind::Number,
            Self::Whole(_) => DiagnosticKind::Whole,
            Self::Numbers(_) => DiagnosticKind::Numbers,
            Self::Wholes(_) => DiagnosticKind::Wholes,
        }
    }
}

/// The diagnostics of an extraction, in the order of [`diagnostic_keys`].
///
/// `image` and `labels` are as read and whole: hashes are SimpleITK's `Hash` (SHA-1) of the image's voxels in their own type
/// and of all labels as unsigned 32-bit numbers. `label` is the region's; it replaces `label` in the settings, as PyRadiomics'
/// `execute(label=...)` does. Means are summed in numpy's order; `Mean`, `Minimum` and `Maximum` are NaN where a voxel is.
/// `additionalInfo: false`, with which PyRadiomics gives none, makes no difference.
///
/// # Errors
/// What PyRadiomics refuses before the filters: [`RadiomicsError::Volume`] for a label that is absent, a mask on another grid
/// that is not to be corrected, a region outside the image or resegmented away, and the errors of a region that is too small.
/// [`RadiomicsError::Cancelled`].
pub fn diagnostics(
    parameters: &Parameters,
    image: &Volume,
    labels: &Volume,
    label: u32,
    cancel: &AtomicBool,
) -> Result<Vec<Diagnostic>, RadiomicsError> {
    let mask = Mask::from_labels(labels, label)?;
    let mut values = Collected(Vec::new(), Cancel(cancel));
    values.text(env!("CARGO_PKG_VERSION").to_owned());
    values.text(PYRADIOMICS.to_owned());
    let mut settings = parameters.effective.settings.clone();
    settings.insert("label".to_owned(), label.into());
    values.text(Value::Object(settings).to_string());
    values.text(Value::Object(parameters.effective.image_types.clone()).to_string());
    values.text(hash::of_image(image, values.1)?);
    values.text("3D".to_owned());
    values.image(image)?;
    values.text(hash::of_labels(labels, values.1)?);
    values.mask(&mask);
    preprocessed(parameters, image, mask, &mut values, cancel).map_err(|e| e.in_image(ORIGINAL))?;
    let keys = diagnostic_keys(parameters).into_iter();
    Ok(keys
        .zip(values.0)
        .map(|((key, _), value)| Diagnostic { key, value })
        .collect())
}

/// The steps before the filters, as `loadImage` and `execute` take them.
fn preprocessed(
    parameters: &Parameters,
    image: &Volume,
    mut mask: Mask,
    values: &mut Collected<'_>,
    cancel: &AtomicBool,
) -> Result<(), RadiomicsError> {
    let p = &parameters.preprocessing;
    let mut changed = None;
    // Nothing else looks at the intensities.
    if let Some(n) = p
        .normalise
        .as_ref()
        .filter(|_| p.resampling.is_some() || p.correct_mask || p.resegmentation.is_some())
    {
        changed = Some(radsql_volume::normalise(image, n.scale, n.remove_outliers, cancel)?);
    }
    if let Some(r) = &p.resampling {
        let image = changed.as_ref().unwrap_or(image);
        let target = Target::new(&mask, image.grid(), r.spacing, p.pad_distance)?;
        let (resampled, region) = target.apply(image, &mask, r.interpolator, cancel)?;
        values.image(&resampled)?;
        values.region(&resampled, &region)?;
        (changed, mask) = (Some(resampled), region);
    } else {
        let image = changed.as_ref().unwrap_or(image);
        let same = image
            .grid()
            .same_as(mask.grid(), parameters.settings.geometry_tolerance);
        let corrected = match same {
            Ok(()) => false,
            Err(_) if p.correct_mask => {
                mask = radsql_volume::correct_mask(&mask, image.grid())?;
                true
            }
            Err(e) => return Err(VolumeError::from(e).into()),
        };
        if p.pre_crop {
            let bounds = mask
                .bounds()
                .grown([p.pad_distance; 3], [p.pad_distance; 3], image.grid());
            mask = mask.crop(&bounds)?;
            changed = Some(image.crop(&bounds)?);
        } else if corrected {
            values.region(image, &mask)?;
        } else if p.correct_mask {
            values.no_region();
        }
    }
    region::check_size(&mask, &parameters.settings)?;
    if let Some(r) = &p.resegmentation {
        let image = changed.as_ref().unwrap_or(image);
        let resegmented = radsql_volume::resegment(image, &mask, &r.range, r.mode)?;
        region::check_size(&resegmented, &parameters.settings)?;
        values.region(image, &resegmented)?;
    }
    Ok(())
}

/// Values in the order of the keys.
struct Collected<'a>(Vec<Option<DiagnosticValue>>, Cancel<'a>);

impl Collected<'_> {
    fn text(&mut self, text: String) {
        self.0.push(Some(DiagnosticValue::Text(text)));
    }

    fn numbers(&mut self, numbers: [f64; 3]) {
        self.0.push(Some(DiagnosticValue::Numbers(numbers.to_vec())));
    }

    fn wholes(&mut self, wholes: impl IntoIterator<Item = usize>) {
        let wholes = wholes.into_iter().map(|n| n as i64).collect();
        self.0.push(Some(DiagnosticValue::Wholes(wholes)));
    }

    fn whole(&mut self, whole: usize) {
        self.0.push(Some(DiagnosticValue::Whole(whole as i64)));
    }

    fn summary(&mut self, s: numbers::Summary) {
        let list = [s.mean, s.range.minimum, s.range.maximum];
        self.0.extend(list.map(|v| Some(DiagnosticValue::Number(v))));
    }

    /// `addImageElements` without hash and dimensions.
    fn image(&mut self, image: &Volume) -> Result<(), RadiomicsError> {
        self.numbers(image.grid().spacing());
        self.wholes(image.grid().size());
        self.summary(numbers::of_image(image, self.1)?);
        Ok(())
    }

    /// `addMaskElements` without an image, and without hash.
    fn mask(&mut self, mask: &Mask) {
        let Bounds { lower, size } = mask.bounds();
        self.numbers(mask.grid().spacing());
        self.wholes(mask.grid().size());
        self.wholes(lower.into_iter().chain(size));
        self.whole(mask.voxels());
        self.whole(mask.components().len());
        self.numbers(mask.centre_index());
        self.numbers(mask.centre());
    }

    /// `addMaskElements` with an image.
    fn region(&mut self, image: &Volume, mask: &Mask) -> Result<(), RadiomicsError> {
        self.mask(mask);
        self.summary(numbers::of_region(image, mask, self.1)?);
        Ok(())
    }

    /// Nothing in the place of [`Collected::region`].
    fn no_region(&mut self) {
        self.0.resize(self.0.len() + keys::REGION, None);
    }
}
