//! Settings of `radiomics`: a name, or a PyRadiomics parameter file as text or by its path.

use crate::files::FilePolicy;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, plan_datafusion_err, plan_err};
use radsql_radiomics::{ParameterError, Parameters};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What a text of settings asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What is extracted, and how.
    pub parameters: Arc<Parameters>,
    /// The settings as text that stands for itself: a path has been replaced by what the file held.
    pub text: String,
    fields: Fields,
}

impl Parsed {
    fn new(parameters: Parameters, text: &str) -> Self {
        let everything = parameters.everything();
        let names = parameters
            .features(&everything)
            .map(|(slot, f)| f.full_name(slot.image_type()));
        let fields = names.map(|n| Field::new(n, DataType::Float64, true)).collect();
        Self {
            parameters: Arc::new(parameters),
            text: text.into(),
            fields,
        }
    }

    /// Fields of the struct that `radiomics` gives, in PyRadiomics' order.
    pub fn fields(&self) -> Fields {
        self.fields.clone()
    }
}

const NAMES: &str = "'default' (the original image, 107 features), 'wavelet' (original and wavelet, 851 features)";

/// The settings read last. A statement's planning asks for the same ones many times.
static LATEST: Mutex<Vec<Parsed>> = Mutex::new(Vec::new());
const KEPT: usize = 8;

/// Reads settings; a path must be one that `files` allows.
///
/// # Errors
/// A plan error that names the key, what was found and what is possible.
pub fn parse(text: &str, files: &FilePolicy) -> Result<Parsed> {
    let trimmed = text.trim();
    if ["default", "wavelet"].contains(&trimmed) {
        return latest(trimmed).map_err(|e| plan_datafusion_err!("radiomics: {e}"));
    }
    if trimmed.contains(['\n', ':', '{']) {
        return latest(trimmed).map_err(|e| plan_datafusion_err!("radiomics: {e}"));
    }
    let path = Path::new(trimmed);
    if path.extension().is_some_and(|e| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| e.eq_ignore_ascii_case(known))
    }) {
        let path = files
            .read(path)
            .map_err(|e| plan_datafusion_err!("radiomics: parameter file {e}"))?;
        let content = std::fs::read_to_string(path)
            .map_err(|e| plan_datafusion_err!("radiomics: parameter file '{trimmed}' cannot be read: {e}"))?;
        return latest(content.trim())
            .map_err(|e| plan_datafusion_err!("radiomics: in parameter file '{trimmed}': {e}"));
    }
    plan_err!(
        "radiomics: settings '{trimmed}' are unknown; expected {NAMES}, or a PyRadiomics parameter file as YAML or JSON text, \
         or the path of one ending in .yaml, .yml or .json"
    )
}

fn latest(text: &str) -> std::result::Result<Parsed, ParameterError> {
    let mut latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(parsed) = latest.iter().find(|p| p.text == text) {
        return Ok(parsed.clone());
    }
    let parameters = match text {
        "default" => Parameters::default(),
        "wavelet" => Parameters::wavelet(),
        file => Parameters::from_text(file)?,
    };
    let parsed = Parsed::new(parameters, text);
    if latest.len() == KEPT {
        latest.remove(0);
    }
    latest.push(parsed.clone());
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parsed> {
        super::parse(text, &FilePolicy::default())
    }

    #[test]
    fn names_texts_and_paths() {
        assert_eq!(parse("default").unwrap().fields().len(), 107);
        let wavelet = parse(" wavelet ").unwrap().fields();
        assert_eq!(wavelet.len(), 851);
        assert_eq!(wavelet[107].name(), "wavelet-LLH_firstorder_10Percentile");
        assert_eq!(wavelet[850].name(), "wavelet-LLL_ngtdm_Strength");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Params.YAML");
        let text = "setting:\n  binWidth: 10\nfeatureClass:\n  glcm: [Idm]";
        std::fs::write(&path, text).unwrap();
        let read = parse(path.to_str().unwrap()).unwrap();
        assert_eq!(
            (read.text.as_str(), read.fields()[0].name().as_str()),
            (text, "original_glcm_Idm")
        );
        assert_eq!(parse(text).unwrap(), read);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            (
                "setting: {binWith: 3}",
                "radiomics: there is no setting 'binWith'; did you mean 'binWidth'?",
            ),
            ("defualt", "settings 'defualt' are unknown; expected 'default'"),
            ("nowhere.yaml", "parameter file 'nowhere.yaml' cannot be read"),
        ] {
            let e = parse(text).unwrap_err().strip_backtrace();
            assert!(e.contains(part), "{text}: {e}");
        }
    }
}
