//! `deep_features(image, mask, model)`.

use super::models::Model;
use crate::doc::{Doc, Kind};
use crate::options::RadsqlOptions;
use crate::reference::{self, ScanRef, pairs};
use crate::scan::{Job, ScanRuntime};
use crate::scans::content::{content, region};
use crate::scans::{locate, name, open, wrong};
use crate::tally::Stage;
use datafusion::arrow::array::{ArrayRef, FixedSizeListArray, Float32Builder};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{
    Result, ScalarValue, exec_datafusion_err, exec_err, internal_err, plan_datafusion_err, plan_err,
};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use radsql_cache::{Cache, Description, Key, Record};
use radsql_deep::{Crop, DeepError};
use radsql_imaging::MaskOptions;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The SQL name.
pub const NAME: &str = "deep_features";

/// Raised when the preprocessing changes its numbers.
const VERSION: u32 = 1;

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Scalar,
    summary: "Features of a region from a 3D neural network.",
    syntax: "deep_features(image, mask, model)",
    arguments: &[
        ("image", reference::IMAGE),
        ("mask", reference::MASK),
        (
            "model",
            "a literal: the name of a model that `CREATE MODEL name FROM 'file.onnx'` made, or the path of a model's file",
        ),
    ],
    returns: "FixedSizeList of REAL, as many as the model has outputs. The network sees a box around the centre of the region's \
              bounding box, brought to the spacing and axes that the model's description (`name.json`) states, clipped and \
              normalised as stated there; what lies outside the image is its pad value. The image is not masked. NULL where image \
              or mask is NULL. A scan that cannot be read or measured stops the query, or gives NULL and a row in \
              `scan_errors()` when `radsql.on_error` is 'null'. What `radsql.cache_dir` keeps is not computed again.",
    example: "SELECT patient_id, deep_features(image, mask, 'examples/deep/resnet10.onnx')[1] AS deep_0 FROM scans",
    source: "outputs within 1e-5 of the framework that made the model; description in the vocabulary of MONAI bundles",
};

/// The function.
pub fn function(runtime: Arc<ScanRuntime>) -> ScalarUDF {
    AsyncScalarUDF::new(Arc::new(DeepFeatures {
        runtime,
        signature: Signature::variadic_any(Volatility::Stable),
        documentation: DOC.for_datafusion(),
    }))
    .into_scalar_udf()
}

#[derive(Debug)]
struct DeepFeatures {
    runtime: Arc<ScanRuntime>,
    signature: Signature,
    documentation: Documentation,
}

impl PartialEq for DeepFeatures {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.runtime, &other.runtime)
    }
}

impl Eq for DeepFeatures {}

impl Hash for DeepFeatures {
    fn hash<H: Hasher>(&self, state: &mut H) {
        NAME.hash(state);
    }
}

impl DeepFeatures {
    fn model(&self, literal: &ScalarValue) -> Result<Arc<Model>> {
        match literal.try_as_str() {
            Some(Some(text)) => self
                .runtime
                .models
                .find(text)
                .map_err(|e| plan_datafusion_err!("{NAME}: argument 3 (model): {e}")),
            _ => plan_err!("{NAME}: argument 3 (model) must be text; found {literal}"),
        }
    }
}

fn data_type(model: &Model) -> Result<DataType> {
    let Ok(width) = i32::try_from(model.description().output_dim()) else {
        return plan_err!("{NAME}: the model has too many outputs");
    };
    Ok(DataType::new_fixed_size_list(DataType::Float32, width, true))
}

impl ScalarUDFImpl for DeepFeatures {
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
        internal_err!("{NAME}: the type depends on the model")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if args.arg_fields.len() != 3 {
            return plan_err!(
                "{NAME}: expected {}, found {} arguments",
                DOC.syntax,
                args.arg_fields.len()
            );
        }
        reference::check(NAME, 1, &args.arg_fields[0], reference::Kind::Image)?;
        reference::check(NAME, 2, &args.arg_fields[1], reference::Kind::Mask)?;
        let Some(Some(literal)) = args.scalar_arguments.get(2).copied() else {
            return plan_err!(
                "{NAME}: argument 3 (model) must be a literal, for it decides how many features there are"
            );
        };
        let model = self.model(literal)?;
        Ok(Arc::new(Field::new(NAME, data_type(&model)?, true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{NAME} runs asynchronously")
    }
}

#[async_trait::async_trait]
impl AsyncScalarUDFImpl for DeepFeatures {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let image = args.args[0].to_array(args.number_rows)?;
        let mask = args.args[1].to_array(args.number_rows)?;
        let ColumnarValue::Scalar(literal) = &args.args[2] else {
            return internal_err!("{NAME}: the model is no literal");
        };
        let model = self.model(literal)?;
        let expected = args.return_field.data_type().clone();
        if data_type(&model)? != expected {
            return exec_err!(
                "{NAME}: argument 3 (model): the model was replaced by one of another width after the query was planned"
            );
        }
        let options = RadsqlOptions::of(&args.config_options);
        let rows = pairs(&image, Some(&mask))?;
        let width = model.description().output_dim();
        let answers = self
            .runtime
            .run(NAME, &options, rows, move |scan, job| features(scan, &model, job))
            .await?;
        Ok(ColumnarValue::Array(to_array(&expected, width, &answers)?))
    }
}

/// The features of one scan: what the cache keeps, or computed.
fn features(scan: &ScanRef, model: &Model, job: &Job) -> Result<Vec<f32>> {
    job.check()?;
    let width = model.description().output_dim();
    let kept = job.cache().and_then(|cache| Kept::of(cache, scan, model, job));
    if let Some(values) = kept.as_ref().and_then(|k| k.values(width)) {
        job.found_in_cache(width);
        return Ok(values);
    }
    let found = embed(scan, model, job)?;
    job.computed(width);
    if let Some(kept) = kept {
        kept.keep(&found);
    }
    Ok(found)
}

fn embed(scan: &ScanRef, model: &Model, job: &Job) -> Result<Vec<f32>> {
    let (image, _, mask) = open(NAME, scan, &MaskOptions::default(), job)?;
    let refused = |e: DeepError| match e {
        DeepError::Cancelled => exec_datafusion_err!("{NAME}: cancelled"),
        e => exec_datafusion_err!("{NAME}: {}: {e}", name(scan)),
    };
    let crop = job.stage(Stage::Filtering, || Crop::new(model.description(), image.grid(), &mask));
    let crop = crop.map_err(refused)?;
    let part = crop.image_box();
    let voxels = part.size.iter().product::<usize>();
    let needed = [
        voxels.saturating_mul(image.voxel_type().bytes()),
        crop.memory_needed(),
        model.embedder().memory_needed(),
    ];
    let _reserved = job.reserve(needed.iter().fold(0, |n, more| n.saturating_add(*more)))?;
    let volume = image.read_within(&part, job).map_err(|e| wrong(NAME, "image", &e))?;
    let input = job.stage(Stage::Filtering, || crop.input(&volume, &part, job.cancelled()));
    let input = input.map_err(refused)?;
    drop(volume);
    job.check()?;
    let found = job.stage(Stage::Computing, || model.embedder().embed(&input));
    found.map_err(refused)
}

/// Numbers that a record of the cache holds.
const CHUNK: usize = 128;

/// The places of one scan's features in the cache.
struct Kept<'a> {
    cache: &'a Cache,
    keys: Vec<Key>,
    about: Description,
}

impl<'a> Kept<'a> {
    /// `None` when the scan's files cannot be told by their content: the error comes when they are read.
    fn of(cache: &'a Cache, scan: &ScanRef, model: &Model, job: &Job) -> Option<Self> {
        let image = content(cache, &locate(&scan.image, job.files()).ok()?, job)?;
        let region = region(cache, scan.mask.as_deref()?, &MaskOptions::default(), job)?;
        let settings = model.key();
        let chunks = model.description().output_dim().div_ceil(CHUNK);
        let keys = (0..chunks).map(|chunk| {
            let (version, chunk) = (VERSION.to_le_bytes(), (chunk as u64).to_le_bytes());
            let parts: [&[u8]; 5] = [
                image.as_bytes(),
                region.as_bytes(),
                &version,
                settings.as_bytes(),
                &chunk,
            ];
            Key::of("deep", &parts)
        });
        Some(Self {
            cache,
            keys: keys.collect(),
            about: Description {
                kind: "deep",
                image,
                region,
                name: "deep".to_owned(),
                settings,
                version: VERSION,
            },
        })
    }

    /// All features, if all of them are there.
    fn values(&self, width: usize) -> Option<Vec<f32>> {
        let mut values = Vec::with_capacity(width);
        for record in self.cache.get(&self.keys) {
            let record = record?;
            // Every double came from a single number.
            values.extend((0..CHUNK).map_while(|at| record.get(at)).map(|v| v as f32));
        }
        (values.len() == width).then_some(values)
    }

    fn keep(&self, found: &[f32]) {
        let records: Vec<_> = self
            .keys
            .iter()
            .zip(found.chunks(CHUNK))
            .filter_map(|(key, part)| {
                let positions = u128::MAX >> (CHUNK - part.len());
                let values = part.iter().copied().map(f64::from).collect();
                Some((*key, self.about.clone(), Record::new(positions, values)?))
            })
            .collect();
        self.cache.put(&records);
    }
}

fn to_array(expected: &DataType, width: usize, rows: &[Option<Vec<f32>>]) -> Result<ArrayRef> {
    let DataType::FixedSizeList(item, size) = expected else {
        return internal_err!("{NAME}: the type is no list");
    };
    let mut values = Float32Builder::with_capacity(rows.len() * width);
    for row in rows {
        match row {
            Some(row) => values.append_slice(row),
            None => values.append_nulls(width),
        }
    }
    let values = values.finish();
    if values.len() != rows.len() * width {
        return internal_err!("{NAME}: the model gave another number of features than it says");
    }
    let nulls = NullBuffer::from_iter(rows.iter().map(Option::is_some));
    Ok(Arc::new(FixedSizeListArray::try_new(
        Arc::clone(item),
        *size,
        Arc::new(values),
        Some(nulls),
    )?))
}
