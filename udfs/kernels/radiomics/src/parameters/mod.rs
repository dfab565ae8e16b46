//! What to extract and how: PyRadiomics' parameter file, checked once into types that cannot be wrong.

mod effective;
mod error;
mod file;
mod keys;
mod value;

use crate::catalogue::{FeatureClass, FeatureDef, ORIGINAL};
use crate::error::RadiomicsError;
use crate::request::{self, FeatureSet};
use crate::settings::Settings;
use effective::Effective;
pub use error::ParameterError;
use radsql_volume::ResegmentMode;
use radsql_volume::filters::Wavelet;
use radsql_volume::filters::pointwise::Pointwise;
use radsql_volume::filters::wavelet::WaveletLevels;
use radsql_volume::filters::{lbp2d, lbp3d};
use radsql_volume::resample::Interpolator;

/// Version of everything that a feature's value depends on besides image, mask and parameters: the definitions here, and
/// the positions of features in a [`FeatureSet`]. It changes whenever a value or a position may.
pub const DEFINITION_VERSION: u32 = 1;

/// What is done to image and mask before any filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Preprocessing {
    /// `normalize`: the whole image to mean 0 and standard deviation 1, times the scale.
    pub(crate) normalise: Option<Normalise>,
    /// `resampledPixelSpacing` and `interpolator`.
    pub(crate) resampling: Option<Resampling>,
    /// `padDistance`: voxels kept around the region when it is resampled or cropped.
    pub(crate) pad_distance: usize,
    /// `preCrop`.
    pub(crate) pre_crop: bool,
    /// `resegmentRange`.
    pub(crate) resegmentation: Option<Resegmentation>,
    /// `correctMask`.
    pub(crate) correct_mask: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Normalise {
    pub(crate) scale: f64,
    pub(crate) remove_outliers: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resampling {
    /// Millimetres along x, y, z; 0 keeps the mask's.
    pub(crate) spacing: [f64; 3],
    pub(crate) interpolator: Interpolator,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resegmentation {
    pub(crate) range: Vec<f64>,
    pub(crate) mode: ResegmentMode,
    /// `resegmentShape`: whether shape is that of the resegmented region.
    pub(crate) shape: bool,
}

/// A filter with its settings. It makes one image or several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    Original,
    Wavelet {
        wavelet: Wavelet,
        levels: WaveletLevels,
        /// Axes x, y, z along which it is decomposed.
        axes: [bool; 3],
    },
    /// Sigma in mm.
    LaplacianOfGaussian {
        sigma: f64,
    },
    Pointwise(Pointwise),
    Gradient {
        use_spacing: bool,
    },
    LocalBinaryPattern2d(lbp2d::Settings),
    LocalBinaryPattern3d(lbp3d::Settings),
}

/// A filter, the images that it makes, and how their features are extracted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ImageType {
    pub(crate) filter: Filter,
    pub(crate) settings: Settings,
    /// Position of its first image among the slots, and number of its images.
    pub(crate) first: usize,
    pub(crate) images: usize,
}

/// One image that features are computed of, or the region itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    name: String,
    offered: FeatureSet,
    definition: String,
}

impl Slot {
    /// The image type as in names of features: `original`, `wavelet-LLH`, `log-sigma-1-0-mm-3D`. The slot of the region
    /// itself, whose features are shape, is called `original` too.
    pub fn image_type(&self) -> &str {
        &self.name
    }

    /// The features that the parameters ask for.
    pub fn offered(&self) -> FeatureSet {
        self.offered
    }

    /// All that the values depend on besides image, region and [`DEFINITION_VERSION`], as a text that is equal only for
    /// equal parameters: for the key of a cache.
    pub fn definition(&self) -> &str {
        &self.definition
    }
}

/// What to extract and how.
///
/// The images that features are computed of are its [`slots`](Parameters::slots). The first slot is the region itself, with the
/// features of shape; the others follow in the order of the parameter file.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub(crate) preprocessing: Preprocessing,
    /// Settings outside the image types: checks of the region, shape.
    pub(crate) settings: Settings,
    pub(crate) image_types: Vec<ImageType>,
    /// What the file says, for [`diagnostics`](crate::diagnostics()).
    pub(crate) effective: Effective,
    slots: Vec<Slot>,
    label: Option<u32>,
    label_channel: usize,
}

impl Default for Parameters {
    /// PyRadiomics' default: the original image, all 107 features.
    fn default() -> Self {
        let original = ImageType {
            filter: Filter::Original,
            settings: Settings::default(),
            first: 0,
            images: 0,
        };
        let image_types = vec![(original, vec![ORIGINAL.to_owned()])];
        Self::assemble(
            Preprocessing::default(),
            Settings::default(),
            image_types,
            FeatureSet::all(),
            (None, 0),
            Effective::default(),
        )
    }
}

impl Parameters {
    /// Reads a PyRadiomics parameter file, YAML or JSON.
    ///
    /// # Errors
    /// [`ParameterError`] names the first key that is unknown or has an impossible value, and what is possible.
    pub fn from_text(text: &str) -> Result<Self, ParameterError> {
        // PyYAML keeps the last of two equal keys, and PyRadiomics' repository has a file with such.
        let options = serde_saphyr::options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins };
        let value = serde_saphyr::from_str_with_options(text, options).map_err(|e| ParameterError::Syntax {
            reason: e.to_string().lines().next().unwrap_or_default().to_owned(),
        })?;
        file::parameters(&value)
    }

    /// As [`Parameters::from_text`], from a value.
    ///
    /// # Errors
    /// As there.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, ParameterError> {
        file::parameters(value)
    }

    /// The 851 features of many studies: the original image and the eight sub-bands of its wavelet (coif1, one level).
    pub fn wavelet() -> Self {
        file::parameters(&serde_json::json!({"imageType": {"Original": {}, "Wavelet": {}}})).unwrap_or_default()
    }

    /// The images that features are computed of, the region itself first.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// `label`: the region where the mask's reference names none.
    pub fn label(&self) -> Option<u32> {
        self.label
    }

    /// `label_channel`: component of a vector mask.
    pub fn label_channel(&self) -> usize {
        self.label_channel
    }

    /// Every feature that the parameters ask for.
    pub fn everything(&self) -> Request {
        Request(self.slots.iter().map(|s| s.offered).collect())
    }

    /// No feature.
    pub fn nothing(&self) -> Request {
        Request(vec![FeatureSet::none(); self.slots.len()])
    }

    /// The features that full names such as `original_glcm_Contrast` stand for.
    ///
    /// # Errors
    /// [`RadiomicsError::UnknownFeature`] for the first name that the parameters do not ask for.
    pub fn request<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Request, RadiomicsError> {
        let mut request = self.nothing();
        for name in names {
            let Some((slot, set)) = self.find(name) else {
                return Err(RadiomicsError::UnknownFeature {
                    name: name.to_owned(),
                    nearest: request::nearest(
                        name,
                        self.features(&self.everything())
                            .map(|(s, f)| f.full_name(s.image_type())),
                    ),
                });
            };
            if let Some(wanted) = request.0.get_mut(slot) {
                *wanted = wanted.union(set);
            }
        }
        Ok(request)
    }

    fn find(&self, name: &str) -> Option<(usize, FeatureSet)> {
        // Names of image types have no underscore.
        let (image_type, feature) = name.split_once('_')?;
        let set = FeatureSet::parse([feature]).ok().filter(|s| s.len() == 1)?;
        let shape = !set.only(FeatureClass::is_shape).is_empty();
        let slot = self
            .slots
            .iter()
            .enumerate()
            .position(|(i, s)| s.name == image_type && (i == 0) == shape)?;
        let offered = self.slots.get(slot)?.offered;
        offered.contains(set).then_some((slot, set))
    }

    /// The features of a request with their slots, in the order of the slots and then of the catalogue.
    pub fn features(&self, request: &Request) -> impl Iterator<Item = (&Slot, &'static FeatureDef)> {
        let sets = request.0.clone();
        self.slots
            .iter()
            .zip(sets)
            .flat_map(|(slot, set)| set.iter().map(move |f| (slot, f)))
    }
}

/// Which features are wanted of which slot of some [`Parameters`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request(Vec<FeatureSet>);

impl Request {
    /// One set of features for each slot.
    pub fn of(sets: Vec<FeatureSet>) -> Self {
        Self(sets)
    }

    /// The features wanted of each slot.
    pub fn slots(&self) -> &[FeatureSet] {
        &self.0
    }

    /// The features wanted of a slot.
    pub(crate) fn slot(&self, at: usize) -> FeatureSet {
        self.0.get(at).copied().unwrap_or_default()
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.0.iter().map(|s| s.len()).sum()
    }

    /// Whether no feature is wanted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|s| s.is_empty())
    }
}

/// The slots of image types: the region, then each image.
fn slots(
    preprocessing: &Preprocessing,
    settings: &Settings,
    image_types: &[(ImageType, Vec<String>)],
    wanted: FeatureSet,
) -> Vec<Slot> {
    let region = settings.definition_of_region();
    let mut slots = vec![Slot {
        name: ORIGINAL.to_owned(),
        offered: wanted.only(FeatureClass::is_shape),
        definition: format!("{preprocessing:?} {region}"),
    }];
    for (image_type, names) in image_types {
        slots.extend(names.iter().map(|name| Slot {
            name: name.clone(),
            offered: wanted.only(|c| !c.is_shape()),
            definition: format!(
                "{preprocessing:?} {region} {name} {:?} {:?}",
                image_type.filter, image_type.settings
            ),
        }));
    }
    slots
}
