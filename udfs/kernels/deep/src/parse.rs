//! The description's JSON, checked key by key.

use crate::{DeepError, Limits, ModelDescription, Normalization, Orientation};
use serde_json::{Map, Value};

const KNOWN: [&str; 12] = [
    "name",
    "version",
    "description",
    "spatial_shape",
    "spacing",
    "orientation",
    "value_range",
    "normalize",
    "pad_value",
    "output",
    "output_dim",
    "sha256",
];

/// Most outputs of a model.
const MOST_OUTPUTS: u64 = 1 << 20;

impl ModelDescription {
    /// Reads a description. `file` names it in errors. Each of `overrides`, a key and its value as JSON, takes the place of
    /// the description's own; text that is not JSON is taken as text, so that `LPS` needs no quotes of its own.
    ///
    /// # Errors
    /// [`DeepError::Json`], [`DeepError::UnknownKey`], [`DeepError::MissingKey`], [`DeepError::Value`].
    pub fn parse(file: &str, text: &str, overrides: &[(&str, &str)], limits: &Limits) -> Result<Self, DeepError> {
        let json = |reason| DeepError::Json {
            file: file.into(),
            reason,
        };
        let mut map: Map<String, Value> = match serde_json::from_str(text) {
            Ok(Value::Object(map)) => map,
            Ok(other) => return Err(json(format!("it holds {}", kind(&other)))),
            Err(error) => return Err(json(error.to_string())),
        };
        for (key, value) in overrides {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String((*value).to_owned()));
            map.insert((*key).to_owned(), value);
        }
        if let Some(key) = map.keys().find(|k| !KNOWN.contains(&k.as_str())) {
            return Err(DeepError::UnknownKey {
                file: file.into(),
                key: key.clone(),
                known: KNOWN.join(", "),
            });
        }
        Keys { file, map: &map }.description(limits)
    }
}

struct Keys<'a> {
    file: &'a str,
    map: &'a Map<String, Value>,
}

impl Keys<'_> {
    fn description(&self, limits: &Limits) -> Result<ModelDescription, DeepError> {
        let value_range = self.value_range()?;
        Ok(ModelDescription {
            name: self.optional_text("name")?,
            version: self.optional_text("version")?,
            description: self.optional_text("description")?,
            spatial_shape: self.spatial_shape(limits)?,
            spacing: self.spacing()?,
            orientation: self.orientation()?,
            value_range,
            normalize: self.normalize()?,
            pad_value: self.required("pad_value", "a number in the image's unit", float)?,
            output: self.required("output", "the name of the network's output", |v| {
                v.as_str().filter(|s| !s.is_empty()).map(str::to_owned)
            })?,
            output_dim: self.required("output_dim", "a whole number from 1 to 1048576", |v| {
                v.as_u64()
                    .filter(|n| (1..=MOST_OUTPUTS).contains(n))
                    .and_then(|n| usize::try_from(n).ok())
            })?,
            sha256: self.required("sha256", "64 hexadecimal digits", |v| {
                let digits = v.as_str()?;
                let hexadecimal = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                hexadecimal.then(|| digits.to_ascii_lowercase())
            })?,
        })
    }

    fn wrong(&self, key: &'static str, expected: impl Into<String>) -> DeepError {
        DeepError::Value {
            file: self.file.into(),
            key,
            found: self.map.get(key).map_or_else(|| "nothing".to_owned(), shortened),
            expected: expected.into(),
        }
    }

    fn required<T>(
        &self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, DeepError> {
        let value = self.map.get(key).ok_or_else(|| DeepError::MissingKey {
            file: self.file.into(),
            key,
            expected,
        })?;
        read(value).ok_or_else(|| self.wrong(key, expected))
    }

    fn optional_text(&self, key: &'static str) -> Result<Option<String>, DeepError> {
        match self.map.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(key, "text")),
        }
    }

    fn spatial_shape(&self, limits: &Limits) -> Result<[usize; 3], DeepError> {
        let shape = self.required("spatial_shape", "three whole numbers of voxels, each at least 1", |v| {
            triple(v, |n| {
                n.as_u64().filter(|n| *n > 0).and_then(|n| usize::try_from(n).ok())
            })
        })?;
        let voxels = shape.iter().try_fold(1usize, |n, &k| n.checked_mul(k));
        if voxels.is_none_or(|n| n > limits.input_voxels) {
            return Err(self.wrong(
                "spatial_shape",
                format!("at most {} voxels in all", limits.input_voxels),
            ));
        }
        Ok(shape)
    }

    fn spacing(&self) -> Result<[f64; 3], DeepError> {
        self.required("spacing", "three numbers of millimetres from 0.001 to 1000", |v| {
            triple(v, |n| n.as_f64().filter(|mm| (0.001..=1000.0).contains(mm)))
        })
    }

    fn orientation(&self) -> Result<Orientation, DeepError> {
        let expected = "three letters, one of L and R, one of P and A, one of S and I, such as LPS";
        self.required("orientation", expected, |v| v.as_str().and_then(Orientation::parse))
    }

    fn value_range(&self) -> Result<[f32; 2], DeepError> {
        let expected = "two numbers in the image's unit, the first less than the second";
        self.required("value_range", expected, |v| match v.as_array()?.as_slice() {
            [low, high] => Some([float(low)?, float(high)?]).filter(|[low, high]| low < high),
            _ => None,
        })
    }

    fn normalize(&self) -> Result<Normalization, DeepError> {
        let expected = r#""unit", "none" or {"mean": number, "std": number above 0}"#;
        self.required("normalize", expected, |v| match v {
            Value::String(name) if name == "unit" => Some(Normalization::Unit),
            Value::String(name) if name == "none" => Some(Normalization::None),
            Value::Object(map) if map.len() == 2 => {
                let (mean, std) = (float(map.get("mean")?)?, float(map.get("std")?)?);
                (std > 0.0).then_some(Normalization::MeanStd { mean, std })
            }
            _ => None,
        })
    }
}

/// A number that float32 holds.
fn float(value: &Value) -> Option<f32> {
    value.as_f64().map(|v| v as f32).filter(|v| v.is_finite())
}

fn triple<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<[T; 3]> {
    match value.as_array()?.as_slice() {
        [a, b, c] => Some([read(a)?, read(b)?, read(c)?]),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value as JSON, at most 60 characters of it.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
