//! `radiomics_diagnostics(image, mask [, settings])`.

use super::settings::{self, Parsed};
use crate::doc::{Doc, Kind};
use crate::files::FilePolicy;
use crate::options::RadsqlOptions;
use crate::reference::{self, ScanRef, pairs};
use crate::scan::{Job, ScanRuntime};
use crate::scans;
use crate::scans::fault::Fault;
use crate::tally::Stage;
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, StringArray, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type, Int64Type};
use datafusion::common::{
    DataFusionError, Result, ScalarValue, exec_datafusion_err, exec_err, internal_err, plan_datafusion_err, plan_err,
};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use radsql_imaging::MaskOptions;
use radsql_radiomics::{
    Diagnostic, DiagnosticKind, DiagnosticValue, Parameters, RadiomicsError, diagnostic_keys, diagnostics,
    diagnostics_memory,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The SQL name.
pub const NAME: &str = "radiomics_diagnostics";

/// The settings where none are given.
const DEFAULT: &str = "default";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Scalar,
    summary: "What image and region were before and after preprocessing, and with which settings: PyRadiomics' diagnostics.",
    syntax: "radiomics_diagnostics(image, mask [, settings])",
    arguments: &[
        ("image", reference::IMAGE),
        ("mask", reference::MASK),
        (
            "settings",
            "a literal, as for `radiomics`: 'default', 'wavelet', or a PyRadiomics parameter file as YAML or JSON text or by path; \
             without it 'default'",
        ),
    ],
    returns: "STRUCT, one field a key of PyRadiomics, such as `d['diagnostics_Mask-original_VoxelNum']`: versions, configuration \
              (JSON), hashes (SHA-1, as SimpleITK's `Hash`) as VARCHAR; mean, minimum, maximum as DOUBLE; counts as BIGINT; spacing \
              and centre of mass (x, y, z) as DOUBLE[]; size and bounding box (lower corner, then size) as BIGINT[]. 19 fields; with \
              `resampledPixelSpacing` also the 15 of `interpolated`, with `resegmentRange` the 10 of `resegmented`, with \
              `correctMask` the 10 of `corrected`, which are NULL where the mask needed no correction. Of the versions there are \
              radsql's, and that of PyRadiomics whose definitions are followed. NULL where image or mask is NULL.",
    example: "SELECT patient_id, radiomics_diagnostics(image, mask)['diagnostics_Mask-original_VoxelNum'] AS voxels FROM scans",
    source: "van Griethuysen et al. 2017 (PyRadiomics 3.0.1, `GeneralInfo`)",
};

/// The function.
pub fn function(runtime: Arc<ScanRuntime>) -> ScalarUDF {
    AsyncScalarUDF::new(Arc::new(Diagnose {
        runtime,
        signature: Signature::variadic_any(Volatility::Stable),
        documentation: DOC.for_datafusion(),
    }))
    .into_scalar_udf()
}

struct Diagnose {
    runtime: Arc<ScanRuntime>,
    signature: Signature,
    documentation: Documentation,
}

impl std::fmt::Debug for Diagnose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diagnose").finish_non_exhaustive()
    }
}

impl PartialEq for Diagnose {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.runtime, &other.runtime)
    }
}

impl Eq for Diagnose {}

impl Hash for Diagnose {
    fn hash<H: Hasher>(&self, state: &mut H) {
        NAME.hash(state);
    }
}

impl ScalarUDFImpl for Diagnose {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields(
            &parse(DEFAULT, self.runtime.files())?.parameters,
        )))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if !(2..=3).contains(&args.arg_fields.len()) {
            return plan_err!(
                "{NAME}: expected {}, found {} arguments",
                DOC.syntax,
                args.arg_fields.len()
            );
        }
        reference::check(NAME, 1, &args.arg_fields[0], reference::Kind::Image)?;
        reference::check(NAME, 2, &args.arg_fields[1], reference::Kind::Mask)?;
        let parsed = match args.scalar_arguments.get(2).copied() {
            None => parse(DEFAULT, self.runtime.files())?,
            Some(Some(literal)) => parse(text(literal)?, self.runtime.files())?,
            Some(None) => {
                return plan_err!(
                    "{NAME}: argument 3 (settings) must be a literal, for it decides which fields there are"
                );
            }
        };
        let fields = fields(&parsed.parameters);
        Ok(Arc::new(Field::new(NAME, DataType::Struct(fields), true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{NAME} runs asynchronously")
    }
}

fn text(literal: &ScalarValue) -> Result<&str> {
    match literal.try_as_str() {
        Some(Some(text)) => Ok(text),
        _ => plan_err!("{NAME}: argument 3 (settings) must be text; found {literal}"),
    }
}

fn parse(text: &str, files: &FilePolicy) -> Result<Parsed> {
    settings::parse(text, files).map_err(|e| match e {
        DataFusionError::Plan(message) => {
            let message = message.strip_prefix("radiomics: ").unwrap_or(&message);
            plan_datafusion_err!("{NAME}: argument 3 (settings): {message}")
        }
        other => other,
    })
}

fn fields(parameters: &Parameters) -> Fields {
    let keys = diagnostic_keys(parameters).into_iter();
    keys.map(|(key, kind)| Field::new(key, data_type(kind), true)).collect()
}

fn data_type(kind: DiagnosticKind) -> DataType {
    match kind {
        DiagnosticKind::Text => DataType::Utf8,
        DiagnosticKind::Number => DataType::Float64,
        DiagnosticKind::Whole => DataType::Int64,
        DiagnosticKind::Numbers => DataType::new_list(DataType::Float64, true),
        DiagnosticKind::Wholes => DataType::new_list(DataType::Int64, true),
    }
}

#[async_trait::async_trait]
impl AsyncScalarUDFImpl for Diagnose {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let image = args.args[0].to_array(args.number_rows)?;
        let mask = args.args[1].to_array(args.number_rows)?;
        let parameters = match args.args.get(2) {
            None => parse(DEFAULT, self.runtime.files())?.parameters,
            Some(ColumnarValue::Scalar(literal)) => parse(text(literal)?, self.runtime.files())?.parameters,
            Some(ColumnarValue::Array(_)) => return internal_err!("{NAME}: the settings are no literal"),
        };
        let keys = diagnostic_keys(&parameters);
        let fields = fields(&parameters);
        if *args.return_field.data_type() != DataType::Struct(fields.clone()) {
            return exec_err!("{NAME}: argument 3 (settings): the parameter file changed while the query ran");
        }
        let options = RadsqlOptions::of(&args.config_options);
        let rows = pairs(&image, Some(&mask))?;
        let answers = self
            .runtime
            .run(NAME, &options, rows, move |scan, job| look(scan, &parameters, job))
            .await?;
        let columns = keys
            .iter()
            .enumerate()
            .map(|(at, (_, kind))| column(*kind, at, &answers));
        let nulls = NullBuffer::from_iter(answers.iter().map(Option::is_some));
        Ok(ColumnarValue::Array(Arc::new(StructArray::try_new_with_length(
            fields,
            columns.collect(),
            Some(nulls),
            answers.len(),
        )?)))
    }
}

/// The diagnostics of one scan, of which image and label volume are read whole.
fn look(scan: &ScanRef, parameters: &Parameters, job: &Job) -> Result<Vec<Diagnostic>> {
    let options = MaskOptions {
        label: parameters.label(),
        channel: parameters.label_channel(),
    };
    let (image, file, mask) = scans::open(NAME, scan, &options, job)?;
    let working = diagnostics_memory(parameters, image.grid(), image.voxel_type(), &mask);
    drop(mask);
    let fail = |e: Fault| scans::wrong(NAME, "mask", &e);
    let labels = file.labels_memory(&image).map_err(fail)?;
    let volumes = image.voxel_bytes().saturating_add(labels);
    let _reserved = job.reserve(volumes.saturating_add(working))?;
    let (labels, label) = file.labels(&image, &options, job).map_err(fail)?;
    let image = image.read(job).map_err(|e| scans::wrong(NAME, "image", &e))?;
    job.check()?;
    let found = job.stage(Stage::Computing, || {
        diagnostics(parameters, &image, &labels, label, job.cancelled())
    });
    found.map_err(|e| match e {
        RadiomicsError::Cancelled => exec_datafusion_err!("{NAME}: cancelled"),
        e => exec_datafusion_err!("{NAME}: {}: {e}", scans::name(scan)),
    })
}

/// The diagnostic at a place of each row.
fn column(kind: DiagnosticKind, at: usize, rows: &[Option<Vec<Diagnostic>>]) -> ArrayRef {
    let values = rows.iter().map(|row| {
        row.as_ref()
            .and_then(|found| found.get(at))
            .and_then(|d| d.value.as_ref())
    });
    match kind {
        DiagnosticKind::Text => Arc::new(
            values
                .map(|v| match v {
                    Some(DiagnosticValue::Text(text)) => Some(text.as_str()),
                    _ => None,
                })
                .collect::<StringArray>(),
        ),
        DiagnosticKind::Number => Arc::new(
            values
                .map(|v| match v {
                    Some(DiagnosticValue::Number(number)) => Some(*number),
                    _ => None,
                })
                .collect::<Float64Array>(),
        ),
        DiagnosticKind::Whole => Arc::new(
            values
                .map(|v| match v {
                    Some(DiagnosticValue::Whole(whole)) => Some(*whole),
                    _ => None,
                })
                .collect::<Int64Array>(),
        ),
        DiagnosticKind::Numbers => Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(values.map(
            |v| match v {
                Some(DiagnosticValue::Numbers(numbers)) => Some(numbers.iter().copied().map(Some).collect::<Vec<_>>()),
                _ => None,
            },
        ))),
        DiagnosticKind::Wholes => Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(values.map(
            |v| match v {
                Some(DiagnosticValue::Wholes(wholes)) => Some(wholes.iter().copied().map(Some).collect::<Vec<_>>()),
                _ => None,
            },
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parsed> {
        super::parse(text, &FilePolicy::default())
    }

    #[test]
    fn fields_depend_on_the_settings() {
        let of = |text: &str| fields(&parse(text).unwrap().parameters);
        let plain = of(DEFAULT);
        assert_eq!(plain.len(), 19);
        assert_eq!(plain[0].name(), "diagnostics_Versions_radsql");
        let resampled = of("setting: {resampledPixelSpacing: [1, 1, 1]}");
        assert_eq!(resampled[..19], plain[..]);
        assert_eq!(resampled[33].name(), "diagnostics_Mask-interpolated_Maximum");
        let e = parse("setting: {binWith: 3}").unwrap_err().strip_backtrace();
        assert!(
            e.contains("radiomics_diagnostics: argument 3 (settings): there is no setting 'binWith'"),
            "{e}"
        );
    }

    #[test]
    fn columns_have_the_types_of_their_fields() {
        let parameters = parse("setting: {resegmentRange: [0]}").unwrap().parameters;
        for (at, (field, (key, kind))) in fields(&parameters).iter().zip(diagnostic_keys(&parameters)).enumerate() {
            let value = match kind {
                DiagnosticKind::Text => DiagnosticValue::Text("a".into()),
                DiagnosticKind::Number => DiagnosticValue::Number(0.5),
                DiagnosticKind::Whole => DiagnosticValue::Whole(1),
                DiagnosticKind::Numbers => DiagnosticValue::Numbers(vec![0.5; 3]),
                DiagnosticKind::Wholes => DiagnosticValue::Wholes(vec![1; 6]),
            };
            let mut found = vec![
                Diagnostic {
                    key: key.clone(),
                    value: None
                };
                at
            ];
            found.push(Diagnostic {
                key,
                value: Some(value),
            });
            let array = column(kind, at, &[Some(found), None]);
            assert_eq!(
                (array.data_type(), array.len(), array.null_count()),
                (field.data_type(), 2, 1)
            );
        }
    }
}
