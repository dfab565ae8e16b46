//! What a parameter file sets, as PyRadiomics keeps it.

use super::error::ParameterError;
use super::file::section;
use serde_json::{Map, Value, json};

/// PyRadiomics' `settings` and `enabledImagetypes` after a parameter file was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effective {
    /// The defaults of the extractor in their order, with what sections `setting` and `voxelSetting` say instead, and their
    /// other keys behind. Defaults of feature classes and filters (`binWidth` among them) are not in it.
    pub(crate) settings: Map<String, Value>,
    /// Each image type with its own settings.
    pub(crate) image_types: Map<String, Value>,
}

impl Effective {
    /// # Errors
    /// When a section is no map.
    pub(super) fn of(sections: &Map<String, Value>) -> Result<Self, ParameterError> {
        let empty = Map::new();
        let mut settings = defaults();
        for name in ["setting", "voxelSetting"] {
            settings.extend(section(sections, name, &empty)?.clone());
        }
        let types = section(sections, "imageType", &empty)?;
        let image_types = match types.is_empty() {
            true => only_original(),
            // A type without settings may be written without a value.
            false => types
                .iter()
                .map(|(name, own)| (name.clone(), if own.is_null() { json!({}) } else { own.clone() }))
                .collect(),
        };
        Ok(Self { settings, image_types })
    }
}

impl Default for Effective {
    fn default() -> Self {
        Self {
            settings: defaults(),
            image_types: only_original(),
        }
    }
}

fn only_original() -> Map<String, Value> {
    Map::from_iter([("Original".to_owned(), json!({}))])
}

/// `RadiomicsFeatureExtractor._getDefaultSettings`.
fn defaults() -> Map<String, Value> {
    let list = [
        ("minimumROIDimensions", json!(2)),
        ("minimumROISize", Value::Null),
        ("normalize", json!(false)),
        ("normalizeScale", json!(1)),
        ("removeOutliers", Value::Null),
        ("resampledPixelSpacing", Value::Null),
        ("interpolator", json!("sitkBSpline")),
        ("preCrop", json!(false)),
        ("padDistance", json!(5)),
        ("distances", json!([1])),
        ("force2D", json!(false)),
        ("force2Ddimension", json!(0)),
        ("resegmentRange", Value::Null),
        ("label", json!(1)),
        ("additionalInfo", json!(true)),
    ];
    list.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
