//! `radiomics(image, mask [, settings])`, as users call it.

use super::settings::{self, Parsed};
use crate::doc::{Doc, Kind};
use crate::files::FilePolicy;
use crate::options::RadsqlOptions;
use crate::reference;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::sync::Arc;

/// The SQL name.
pub const NAME: &str = "radiomics";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Scalar,
    summary: "Radiomics features of a region of an image, equal to PyRadiomics'.",
    syntax: "radiomics(image, mask [, settings])",
    arguments: &[
        ("image", reference::IMAGE),
        ("mask", reference::MASK),
        (
            "settings",
            "a literal: 'default' (107 features of the original image, bin width 25), 'wavelet' (851: the original image and the \
             eight sub-bands of its coif1 wavelet), or a PyRadiomics parameter file as YAML or JSON text or by path, with all \
             of its image types and settings; without it `radsql.radiomics`",
        ),
    ],
    returns: "STRUCT of DOUBLE, one field a feature under PyRadiomics' name, such as \
              `r['original_glcm_Contrast']`. Only the fields that the query uses are computed, and what \
              `radsql.cache_dir` keeps of earlier queries is not computed again. NULL where image or mask is NULL; NaN where \
              PyRadiomics gives NaN or leaves a feature out. A scan that cannot be read or measured stops the query, or gives NULL \
              and a row in `scan_errors()` when `radsql.on_error` is 'null'.",
    example: "SELECT patient_id, radiomics(image, mask)['original_shape_Sphericity'] AS sphericity FROM scans",
    source: "van Griethuysen et al. 2017 (PyRadiomics 3.0.1); IBSI reference manual, Zwanenburg et al. 2020",
};

/// The function for a session whose default settings are `default`, and where parameter files may lie in `files`.
pub fn function(default: &str, files: FilePolicy) -> Result<ScalarUDF> {
    settings::parse(default, &files)?;
    Ok(ScalarUDF::new_from_impl(Radiomics {
        default: default.to_string(),
        files,
        signature: Signature::user_defined(Volatility::Stable),
        documentation: DOC.for_datafusion(),
    }))
}

/// What users call. The analyzer puts the extraction in its place, with the settings in it, so it never runs itself.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Radiomics {
    default: String,
    files: FilePolicy,
    signature: Signature,
    documentation: Documentation,
}

impl Radiomics {
    /// Settings of a call whose third argument is `literal`, or of the session.
    ///
    /// # Errors
    /// When the settings are not a literal text, or not possible.
    pub fn settings(&self, literal: Option<Option<&ScalarValue>>) -> Result<Parsed> {
        match literal {
            None => settings::parse(&self.default, &self.files),
            Some(Some(v)) => match v.try_as_str() {
                Some(Some(text)) => settings::parse(text, &self.files),
                _ => plan_err!("{NAME}: argument 3 (settings) must be text; found {v}"),
            },
            Some(None) => {
                plan_err!("{NAME}: argument 3 (settings) must be a literal, for it decides which features there are")
            }
        }
    }
}

impl ScalarUDFImpl for Radiomics {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(settings::parse(&self.default, &self.files)?.fields()))
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let wanted = RadsqlOptions::of(config).radiomics;
        if wanted == self.default {
            None
        } else {
            function(&wanted, self.files.clone()).ok()
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        check_arguments(args.arg_fields)?;
        let parsed = self.settings(args.scalar_arguments.get(2).copied())?;
        Ok(Arc::new(Field::new(NAME, DataType::Struct(parsed.fields()), true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        exec_err!("{NAME}: this session lacks radsql's analyzer rules; register all of radsql in it")
    }
}

fn check_arguments(fields: &[FieldRef]) -> Result<()> {
    if !(2..=3).contains(&fields.len()) {
        return plan_err!("{NAME}: expected {}, found {} arguments", DOC.syntax, fields.len());
    }
    reference::check(NAME, 1, &fields[0], reference::Kind::Image)?;
    reference::check(NAME, 2, &fields[1], reference::Kind::Mask)
}
