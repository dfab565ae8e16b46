//! The extraction behind `radiomics`: an asynchronous function that spreads scans over the cores.

use super::kept::Kept;
use super::radiomics::NAME as FUNCTION;
use super::settings;
use crate::options::RadsqlOptions;
use crate::reference::{ScanRef, pairs};
use crate::scan::{Job, ScanRuntime};
use crate::scans::measure;
use datafusion::arrow::array::{ArrayRef, AsArray, Float64Builder, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, internal_err, plan_err};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use radsql_cache::Cache;
use radsql_radiomics::{Features, Parameters, Request};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Name of the function; users meet it as `radiomics`.
pub const NAME: &str = "radsql_radiomics";

/// `radsql_radiomics(image, mask, settings [, fields])`: a struct of the features that the settings ask for, or of `fields`
/// among them. Settings and fields are literals.
pub fn function(runtime: Arc<ScanRuntime>) -> ScalarUDF {
    let signature = Signature::variadic_any(Volatility::Stable);
    AsyncScalarUDF::new(Arc::new(Extract { runtime, signature })).into_scalar_udf()
}

#[derive(Debug)]
struct Extract {
    runtime: Arc<ScanRuntime>,
    signature: Signature,
}

impl PartialEq for Extract {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.runtime, &other.runtime)
    }
}

impl Eq for Extract {}

impl Hash for Extract {
    fn hash<H: Hasher>(&self, state: &mut H) {
        NAME.hash(state);
    }
}

impl ScalarUDFImpl for Extract {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("{NAME}: the type depends on the settings")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let Some(Some(text)) = args.scalar_arguments.get(2).copied() else {
            return plan_err!("{NAME}: the settings must be a literal");
        };
        let fields = match args.scalar_arguments.get(3) {
            None => settings::parse(text.try_as_str().flatten().unwrap_or_default(), self.runtime.files())?.fields(),
            Some(Some(list)) => field_names(list)?
                .iter()
                .map(|n| Field::new(n, DataType::Float64, true))
                .collect(),
            Some(None) => return plan_err!("{NAME}: the fields must be a literal"),
        };
        Ok(Arc::new(Field::new(NAME, DataType::Struct(fields), true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{NAME} runs asynchronously")
    }
}

fn field_names(list: &ScalarValue) -> Result<Vec<String>> {
    let ScalarValue::List(list) = list else {
        return internal_err!("{NAME}: the fields must be a list");
    };
    Ok(list
        .value(0)
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(String::from)
        .collect())
}

#[async_trait::async_trait]
impl AsyncScalarUDFImpl for Extract {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let image = args.args[0].to_array(args.number_rows)?;
        let mask = args.args[1].to_array(args.number_rows)?;
        let ColumnarValue::Scalar(text) = &args.args[2] else {
            return internal_err!("{NAME}: no settings");
        };
        let parameters =
            settings::parse(text.try_as_str().flatten().unwrap_or_default(), self.runtime.files())?.parameters;
        let DataType::Struct(fields) = args.return_field.data_type().clone() else {
            return internal_err!("{NAME}: the type is no struct");
        };
        let names = fields.iter().map(|f| f.name().as_str());
        let request = parameters
            .request(names)
            .map_err(|e| exec_datafusion_err!("{FUNCTION}: {e}"))?;
        let order: Vec<String> = parameters
            .features(&request)
            .map(|(slot, f)| f.full_name(slot.image_type()))
            .collect();
        let options = RadsqlOptions::of(&args.config_options);
        let cache = self.runtime.cache(&options.cache_dir);
        let rows = pairs(&image, Some(&mask))?;
        let answers = self
            .runtime
            .run(FUNCTION, &options, rows, move |scan, job| {
                values(scan, &parameters, &request, job, cache.as_deref())
            })
            .await?;
        Ok(ColumnarValue::Array(to_array(&fields, &order, &answers)?))
    }
}

/// The values of one scan in the order of [`Parameters::features`]: those that the cache keeps, and the others computed.
fn values(
    scan: &ScanRef,
    parameters: &Parameters,
    request: &Request,
    job: &Job,
    cache: Option<&Cache>,
) -> Result<Vec<f64>> {
    job.check()?;
    let Some(kept) = cache.and_then(|cache| Kept::look(cache, scan, parameters, request, job)) else {
        return Ok(compute(scan, parameters, request.clone(), job)?
            .slots()
            .flat_map(|(_, v)| v.to_vec())
            .collect());
    };
    let missing = kept.missing(request);
    let cached = request.len() - missing.len();
    job.found_in_cache(cached);
    if missing.is_empty() {
        return Ok(kept.values(request));
    }
    let found = compute(scan, parameters, missing, job)?;
    Ok(kept.with(&found).values(request))
}

fn compute(scan: &ScanRef, parameters: &Parameters, request: Request, job: &Job) -> Result<Features> {
    let found = measure(FUNCTION, scan, parameters, request, job)?;
    let work = found.work();
    job.computed(work.features);
    job.work()
        .texture_matrices
        .fetch_add(work.texture_matrices as u64, Ordering::Relaxed);
    Ok(found)
}

/// Rows of values whose names are `order`, as a struct whose fields may stand in another one.
fn to_array(fields: &Fields, order: &[String], rows: &[Option<Vec<f64>>]) -> Result<ArrayRef> {
    let place: HashMap<&str, usize> = order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let columns = fields
        .iter()
        .map(|field| -> Result<ArrayRef> {
            let Some(&at) = place.get(field.name().as_str()) else {
                return internal_err!("{NAME}: field {} was not computed", field.name());
            };
            let mut column = Float64Builder::with_capacity(rows.len());
            for row in rows {
                column.append_option(row.as_ref().and_then(|r| r.get(at)).copied());
            }
            Ok(Arc::new(column.finish()))
        })
        .collect::<Result<Vec<_>>>()?;
    let nulls = NullBuffer::from_iter(rows.iter().map(Option::is_some));
    Ok(Arc::new(StructArray::try_new_with_length(
        fields.clone(),
        columns,
        Some(nulls),
        rows.len(),
    )?))
}
