//! Functions that look at a scan and give one value, asynchronously, as `radiomics` does.

use crate::doc::Doc;
use crate::options::RadsqlOptions;
use crate::reference::{self, Kind, ScanRef, pairs};
use crate::scan::{Job, ScanRuntime};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What is told of one scan.
type Look = fn(&ScanRef, &Job) -> Result<ScalarValue>;

/// What a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// An image.
    Image,
    /// An image and a mask.
    ImageAndMask,
    /// A reference to either, or the path of any file.
    Any,
}

/// A function of an image, and of a mask if it takes one.
pub struct ScanFunction {
    doc: &'static Doc,
    documentation: Documentation,
    output: DataType,
    takes: Takes,
    look: Look,
    runtime: Arc<ScanRuntime>,
    signature: Signature,
}

impl ScanFunction {
    /// The function that `doc` documents, which gives values of the type `output`.
    pub fn function(
        doc: &'static Doc,
        output: DataType,
        takes: Takes,
        look: Look,
        runtime: Arc<ScanRuntime>,
    ) -> ScalarUDF {
        let signature = Signature::variadic_any(Volatility::Stable);
        let documentation = doc.for_datafusion();
        AsyncScalarUDF::new(Arc::new(Self {
            doc,
            documentation,
            output,
            takes,
            look,
            runtime,
            signature,
        }))
        .into_scalar_udf()
    }
}

impl std::fmt::Debug for ScanFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScanFunction")
            .field("name", &self.doc.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for ScanFunction {
    fn eq(&self, other: &Self) -> bool {
        self.doc.name == other.doc.name && Arc::ptr_eq(&self.runtime, &other.runtime)
    }
}

impl Eq for ScanFunction {}

impl Hash for ScanFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.doc.name.hash(state);
    }
}

impl ScalarUDFImpl for ScanFunction {
    fn name(&self) -> &str {
        self.doc.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.output.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let Doc { name, syntax, .. } = self.doc;
        if args.arg_fields.len() != 1 + usize::from(self.takes == Takes::ImageAndMask) {
            return plan_err!("{name}: expected {syntax}, found {} arguments", args.arg_fields.len());
        }
        match self.takes {
            Takes::Any if args.arg_fields[0].data_type().is_string() || args.arg_fields[0].data_type().is_null() => {}
            Takes::Any => {
                return plan_err!(
                    "{name}: argument 1 must be text, a path; found {}",
                    args.arg_fields[0].data_type()
                );
            }
            _ => reference::check(name, 1, &args.arg_fields[0], Kind::Image)?,
        }
        if let Some(mask) = args.arg_fields.get(1) {
            reference::check(name, 2, mask, Kind::Mask)?;
        }
        Ok(Arc::new(Field::new(*name, self.output.clone(), true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{} runs asynchronously", self.doc.name)
    }
}

#[async_trait::async_trait]
impl AsyncScalarUDFImpl for ScanFunction {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = args
            .args
            .iter()
            .map(|a| a.to_array(args.number_rows))
            .collect::<Result<Vec<_>>>()?;
        let options = RadsqlOptions::of(&args.config_options);
        let rows = pairs(&arrays[0], arrays.get(1))?;
        let answers = self.runtime.run(self.doc.name, &options, rows, self.look).await?;
        let null = ScalarValue::try_from(&self.output)?;
        let values = answers.into_iter().map(|a| a.unwrap_or_else(|| null.clone()));
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(values)?))
    }
}
