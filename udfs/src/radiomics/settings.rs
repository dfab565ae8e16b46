//! Settings of `radiomics`: a name, or a PyRadiomics parameter file as text or by its path.

use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{DataFusionError, Result, plan_datafusion_err, plan_err};
use radsql_radiomics::{
    Axis, Binning, Distances, FeatureClass, FeatureSet, ORIGINAL, RadiomicsError, Settings, WeightingNorm,
};
use serde_json::{Map, Value};
use std::path::Path;

/// What a text of settings asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// How features are extracted.
    pub settings: Settings,
    /// Which features.
    pub wanted: FeatureSet,
    /// Label of the region where the mask's reference names none.
    pub label: Option<u32>,
    /// The settings as text that stands for itself: a path has been replaced by what the file held.
    pub text: String,
}

impl Parsed {
    /// Fields of the struct that `radiomics` gives, in the catalogue's order.
    pub fn fields(&self) -> Fields {
        self.wanted
            .iter()
            .map(|f| Field::new(f.full_name(ORIGINAL), DataType::Float64, true))
            .collect()
    }
}

const NAMES: &str = "'default' (the original image, 107 features)";
const SECTIONS: [&str; 3] = ["imageType", "featureClass", "setting"];
const KEYS: [&str; 14] = [
    "additionalInfo",
    "binCount",
    "binWidth",
    "distances",
    "force2D",
    "force2Ddimension",
    "geometryTolerance",
    "gldm_a",
    "label",
    "minimumROIDimensions",
    "minimumROISize",
    "symmetricalGLCM",
    "voxelArrayShift",
    "weightingNorm",
];
/// Keys of PyRadiomics that this version does not have. They are told apart from slips.
const LATER: [&str; 13] = [
    "correctMask",
    "interpolator",
    "label_channel",
    "normalize",
    "normalizeScale",
    "padDistance",
    "preCrop",
    "removeOutliers",
    "resampledPixelSpacing",
    "resegmentMode",
    "resegmentRange",
    "resegmentShape",
    "voxelBased",
];

/// Reads settings.
///
/// # Errors
/// A plan error that names the key, what was found and what is possible.
pub fn parse(text: &str) -> Result<Parsed> {
    let trimmed = text.trim();
    if trimmed == "default" {
        let (settings, wanted) = (Settings::default(), FeatureSet::all());
        return Ok(Parsed {
            settings,
            wanted,
            label: None,
            text: trimmed.into(),
        });
    }
    if trimmed == "wavelet" {
        return plan_err!(
            "radiomics: settings 'wavelet' need image filters, which this version does not have; it has {NAMES}"
        );
    }
    let inline = trimmed.contains(['\n', ':', '{']);
    if inline {
        return parse_file(trimmed);
    }
    let path = Path::new(trimmed);
    if path.extension().is_some_and(|e| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| e.eq_ignore_ascii_case(known))
    }) {
        let content = std::fs::read_to_string(path)
            .map_err(|e| plan_datafusion_err!("radiomics: parameter file '{trimmed}' cannot be read: {e}"))?;
        return parse_file(&content).map_err(|e| e.context(format!("in parameter file '{trimmed}'")));
    }
    plan_err!(
        "radiomics: settings '{trimmed}' are unknown; expected {NAMES}, or a PyRadiomics parameter file as YAML or JSON text, \
         or the path of one ending in .yaml, .yml or .json"
    )
}

fn parse_file(text: &str) -> Result<Parsed> {
    let value: Value = serde_saphyr::from_str(text)
        .map_err(|e| plan_datafusion_err!("radiomics: the settings are neither YAML nor JSON: {e}"))?;
    let Value::Object(sections) = value else {
        return plan_err!("radiomics: the settings must have sections {}", SECTIONS.join(", "));
    };
    if let Some(unknown) = sections.keys().find(|k| !SECTIONS.contains(&k.as_str())) {
        return plan_err!(
            "radiomics: settings have no section '{unknown}'; the sections are {}",
            SECTIONS.join(", ")
        );
    }
    if let Some(types) = sections.get("imageType") {
        check_image_types(types)?;
    }
    let wanted = feature_classes(sections.get("featureClass"))?;
    let (settings, label) = match sections.get("setting") {
        None | Some(Value::Null) => (Settings::default(), None),
        Some(Value::Object(map)) => settings(map)?,
        Some(other) => return plan_err!("radiomics: section setting must be key: value pairs; found {other}"),
    };
    Ok(Parsed {
        settings,
        wanted,
        label,
        text: text.into(),
    })
}

fn check_image_types(types: &Value) -> Result<()> {
    let Value::Object(types) = types else {
        return plan_err!("radiomics: section imageType must be a map such as {{Original: {{}}}}; found {types}");
    };
    for (name, own) in types {
        if name != "Original" {
            return plan_err!("radiomics: image type '{name}' is not available in this version; available is Original");
        }
        if own.as_object().is_some_and(|o| !o.is_empty()) {
            return plan_err!(
                "radiomics: settings of one image type alone are not available in this version; found {own}"
            );
        }
    }
    Ok(())
}

fn feature_classes(classes: Option<&Value>) -> Result<FeatureSet> {
    let map = match classes {
        None | Some(Value::Null) => return Ok(FeatureSet::all()),
        Some(Value::Object(map)) => map,
        Some(other) => return plan_err!("radiomics: section featureClass must be a map of classes; found {other}"),
    };
    let mut wanted = FeatureSet::none();
    for (class, features) in map {
        let known = class.parse::<FeatureClass>().map_err(|()| {
            let all = FeatureClass::ALL.map(FeatureClass::name).join(", ");
            plan_datafusion_err!("radiomics: there is no feature class '{class}'; the classes are {all}")
        })?;
        wanted = wanted.union(match features {
            Value::Null => FeatureSet::class(known),
            Value::Array(names) if names.is_empty() => FeatureSet::class(known),
            Value::Array(names) => {
                let full: Vec<String> = names
                    .iter()
                    .map(|n| format!("{class}_{}", n.as_str().unwrap_or_default()))
                    .collect();
                FeatureSet::parse(full.iter().map(String::as_str)).map_err(failed)?
            }
            other => return plan_err!("radiomics: features of {class} must be a list of names; found {other}"),
        });
    }
    if wanted.is_empty() {
        plan_err!("radiomics: section featureClass names no feature")
    } else {
        Ok(wanted)
    }
}

fn failed(e: RadiomicsError) -> DataFusionError {
    plan_datafusion_err!("radiomics: {e}")
}

/// One key of section `setting` with its value.
struct Entry<'a> {
    key: &'a str,
    value: &'a Value,
}

impl Entry<'_> {
    fn wrong<T>(&self, expected: &str) -> Result<T> {
        plan_err!("radiomics: {} must be {expected}; found {}", self.key, self.value)
    }

    fn number(&self) -> Result<f64> {
        self.value.as_f64().map_or_else(|| self.wrong("a number"), Ok)
    }

    fn whole(&self) -> Result<usize> {
        // YAML writes of people have 32.0 as well as 32.
        let v = self
            .value
            .as_f64()
            .filter(|v| *v >= 0.0 && v.fract() == 0.0 && *v < 1e15);
        v.map_or_else(|| self.wrong("a whole number, 0 or more"), |v| Ok(v as usize))
    }

    fn truth(&self) -> Result<bool> {
        self.value.as_bool().map_or_else(|| self.wrong("true or false"), Ok)
    }
}

fn settings(map: &Map<String, Value>) -> Result<(Settings, Option<u32>)> {
    let mut s = Settings::default();
    let (mut label, mut width, mut count) = (None, None, None);
    let (mut force, mut axis) = (false, Axis::Z);
    for (key, value) in map {
        let e = Entry { key, value };
        // PyRadiomics takes an empty value as its default.
        if value.is_null() && (KEYS.contains(&key.as_str()) || LATER.contains(&key.as_str())) {
            continue;
        }
        match key.as_str() {
            "additionalInfo" => {
                e.truth()?;
            }
            "binWidth" => width = Some(Binning::width(e.number()?).map_err(failed)?),
            "binCount" => count = Some(Binning::count(e.whole()?).map_err(failed)?),
            "distances" => {
                let Some(list) = value.as_array() else {
                    return e.wrong("a list of whole numbers such as [1]");
                };
                let list = list
                    .iter()
                    .map(|v| Entry { key, value: v }.whole())
                    .collect::<Result<Vec<_>>>()?;
                s = s.with_distances(Distances::new(&list).map_err(failed)?);
            }
            "force2D" => force = e.truth()?,
            "force2Ddimension" => axis = Axis::from_dimension(e.whole()?).map_err(failed)?,
            "geometryTolerance" => s = s.with_geometry_tolerance(e.number()?).map_err(failed)?,
            "gldm_a" => match u32::try_from(e.whole()?) {
                Ok(a) => s = s.with_gldm_a(a),
                Err(_) => return e.wrong("a number of grey levels"),
            },
            "label" => match u32::try_from(e.whole()?) {
                Ok(l) if l > 0 => label = Some(l),
                _ => return e.wrong("a label, 1 or more"),
            },
            "minimumROIDimensions" => s = s.with_minimum_roi_dimensions(e.whole()?).map_err(failed)?,
            "minimumROISize" => s = s.with_minimum_roi_size(Some(e.whole()?)),
            "symmetricalGLCM" => s = s.with_symmetrical_glcm(e.truth()?),
            "voxelArrayShift" => s = s.with_voxel_array_shift(e.number()?).map_err(failed)?,
            "weightingNorm" => {
                let Some(name) = value.as_str() else {
                    return e.wrong("the name of a norm");
                };
                s = s.with_weighting_norm(Some(name.parse::<WeightingNorm>().map_err(failed)?));
            }
            later if LATER.contains(&later) => {
                return plan_err!("radiomics: setting '{later}' is not available in this version; found {value}");
            }
            unknown => {
                return plan_err!(
                    "radiomics: there is no setting '{unknown}'; the settings are {}",
                    KEYS.join(", ")
                );
            }
        }
    }
    // As in PyRadiomics, a count wins over a width.
    if let Some(binning) = count.or(width) {
        s = s.with_binning(binning);
    }
    Ok((s.with_force2d(force.then_some(axis)), label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_files_are_read_as_pyradiomics_reads_them() {
        let p = parse(
            "imageType:\n  Original: {}\nfeatureClass:\n  shape:\n  glcm: [Contrast, Idm]\nsetting:\n  binWidth: 10\n  label: 2\n  \
             distances: [1, 2]\n  weightingNorm:\n",
        )
        .unwrap();
        assert_eq!(p.wanted.len(), 16);
        assert_eq!(p.label, Some(2));
        assert_eq!(p.settings.binning(), Binning::width(10.0).unwrap());
        assert_eq!(p.fields()[14].name(), "original_glcm_Contrast");
        let json = parse(r#"{"setting": {"binWidth": 10, "binCount": 32}}"#).unwrap();
        assert_eq!(json.settings.binning(), Binning::count(32).unwrap());
        assert_eq!(parse("default").unwrap().wanted, FeatureSet::all());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            (
                "setting: {binWith: 3}",
                "no setting 'binWith'; the settings are additionalInfo, binCount, binWidth",
            ),
            ("setting: {binWidth: wide}", "binWidth must be a number; found \"wide\""),
            ("setting: {binWidth: -1}", "bin width -1"),
            (
                "setting: {normalize: true}",
                "'normalize' is not available in this version",
            ),
            ("imageType: {LoG: {sigma: [1]}}", "image type 'LoG' is not available"),
            ("featureClass: {glcn: []}", "no feature class 'glcn'"),
            ("featureClass: {glcm: [Contrst]}", "did you mean"),
            ("binWidth: 3", "no section 'binWidth'"),
            ("setting: [", "neither YAML nor JSON"),
            ("defualt", "settings 'defualt' are unknown"),
            ("nowhere.yaml", "cannot be read"),
        ] {
            let e = parse(text).unwrap_err().strip_backtrace();
            assert!(e.contains(part), "{text}: {e}");
        }
    }
}
