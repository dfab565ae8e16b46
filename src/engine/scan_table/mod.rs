//! Scan tables: `CREATE EXTERNAL TABLE ... STORED AS NIFTI`, `NRRD` or `DICOM`, one row for each image and region, from
//! headers alone.

mod dicom;
mod listing;
mod template;

pub use listing::files_like;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider, TableProviderFactory};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{CreateExternalTable, Expr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use dicom::DicomListing;
use futures::stream::{self, StreamExt};
use listing::FileListing;
use radsql_udfs::FilePolicy;
use radsql_udfs::options::{OnError, RadsqlOptions};
use radsql_udfs::reference::{Kind, ScanRef};
use radsql_udfs::scan::{ScanError, ScanRuntime};
use radsql_udfs::scans::series::NUMBERS;
use radsql_udfs::scans::{self, Geometry};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// Rows of a batch. Work on scans spreads over the cores within a batch; the query sees results a batch at a time.
const BATCH: usize = 64;

/// Name of scan tables in messages and in `scan_errors()`.
const FUNCTION: &str = "scan";

/// Columns that every scan table has, in their order.
const TEXTS: [&str; 5] = ["patient_id", "study", "series", "modality", "region"];
const SIZES: [&str; 3] = ["nx", "ny", "nz"];
const SPACINGS: [&str; 3] = ["sx", "sy", "sz"];
/// A row: an image and one region of it.
#[derive(Debug, Clone, Default)]
struct Row {
    /// Reference to the image.
    image: String,
    /// Reference to the mask, where there is one.
    mask: Option<String>,
    /// File or folder of the image.
    path: String,
    /// Text columns.
    texts: BTreeMap<String, String>,
    /// Number columns.
    numbers: BTreeMap<&'static str, f64>,
    /// What the listing knows of the geometry already.
    geometry: Option<Geometry>,
}

/// What a listing found.
#[derive(Debug, Default)]
struct Found {
    /// Images with their regions.
    rows: Vec<Row>,
    /// Image, mask and reason of what is there and cannot be a row, or not a whole one.
    left_out: Vec<(Option<String>, Option<String>, String)>,
}

/// Where a table's rows come from.
#[derive(Debug)]
enum Listing {
    Files(FileListing),
    Dicom(DicomListing),
}

impl Listing {
    fn from_command(cmd: &CreateExternalTable, files: &FilePolicy) -> Result<Self> {
        match cmd.file_type.as_str() {
            "DICOM" => DicomListing::from_command(cmd, files).map(Self::Dicom),
            _ => FileListing::from_command(cmd, files).map(Self::Files),
        }
    }

    fn rows(&self, runtime: &ScanRuntime, options: &RadsqlOptions, cancelled: &AtomicBool) -> Result<Found> {
        match self {
            Self::Files(files) => files.rows(),
            Self::Dicom(dicom) => dicom.rows(runtime, options, cancelled),
        }
    }

    /// Whether rows know their geometry.
    fn knows_geometry(&self) -> bool {
        matches!(self, Self::Dicom(_))
    }

    fn extra_columns(&self) -> Vec<String> {
        match self {
            Self::Files(files) => files.extra_columns().into_iter().map(String::from).collect(),
            Self::Dicom(dicom) => dicom.extra_columns(),
        }
    }

    /// Why a table would be empty.
    fn describe_empty(&self, runtime: &ScanRuntime, options: &RadsqlOptions) -> String {
        match self {
            Self::Files(files) => files.describe_empty(),
            Self::Dicom(dicom) => dicom.describe_empty(runtime, options),
        }
    }

    /// Why no image would have a mask, when masks are asked for.
    fn describe_no_mask(&self) -> Option<String> {
        match self {
            Self::Files(files) => files.describe_no_mask(),
            Self::Dicom(dicom) => dicom.describe_no_mask(),
        }
    }
}

/// Makes scan tables of one format.
#[derive(Debug)]
pub struct ScanTableFactory {
    runtime: Arc<ScanRuntime>,
}

impl ScanTableFactory {
    /// A factory for tables whose failures go to this runtime.
    pub fn new(runtime: Arc<ScanRuntime>) -> Self {
        Self { runtime }
    }
}

#[async_trait::async_trait]
impl TableProviderFactory for ScanTableFactory {
    async fn create(&self, session: &dyn Session, cmd: &CreateExternalTable) -> Result<Arc<dyn TableProvider>> {
        if !cmd.schema.fields().is_empty() {
            return plan_err!(
                "{}: a scan table has columns of its own; leave the list of columns out",
                cmd.name
            );
        }
        let listing = Listing::from_command(cmd, self.runtime.files())?;
        let table = ScanTable {
            schema: schema(&listing),
            listing: Arc::new(listing),
            runtime: Arc::clone(&self.runtime),
        };
        // A table over nothing is a slip: better said now than seen as an empty result. What cannot be read is told by queries.
        let options = RadsqlOptions {
            on_error: OnError::Null,
            ..RadsqlOptions::of(session.config_options())
        };
        let (listing, runtime) = (Arc::clone(&table.listing), Arc::clone(&self.runtime));
        let flag = CancelOnDrop::default();
        let cancelled = Arc::clone(&flag.0);
        let looked = blocking(move || {
            let found = listing.rows(&runtime, &options, &cancelled)?;
            let reason = if found.rows.is_empty() {
                Some(listing.describe_empty(&runtime, &options))
            } else if found.rows.iter().all(|r| r.mask.is_none()) {
                listing.describe_no_mask()
            } else {
                None
            };
            Ok::<_, DataFusionError>(reason)
        });
        match looked.await?? {
            Some(reason) => plan_err!("{}: {reason}", cmd.name),
            None => Ok(Arc::new(table)),
        }
    }
}

/// Work that nobody waits for any more stops.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(f)
        .await
        .map_err(|e| DataFusionError::External(Box::new(e)))
}

fn schema(listing: &Listing) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut fields: Vec<Field> = TEXTS.iter().map(|n| text(n)).collect();
    fields.push(Kind::Image.field("image"));
    fields.push(Kind::Mask.field("mask"));
    fields.extend(SIZES.iter().map(|n| Field::new(*n, DataType::Int64, true)));
    fields.extend(SPACINGS.iter().map(|n| Field::new(*n, DataType::Float64, true)));
    fields.push(text("path"));
    if listing.knows_geometry() {
        fields.extend(NUMBERS.iter().map(|n| Field::new(*n, DataType::Float64, true)));
    }
    fields.extend(listing.extra_columns().iter().map(|n| text(n)));
    Arc::new(Schema::new(fields))
}

#[derive(Debug)]
struct ScanTable {
    listing: Arc<Listing>,
    schema: SchemaRef,
    runtime: Arc<ScanRuntime>,
}

#[async_trait::async_trait]
impl TableProvider for ScanTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(p) => Arc::new(self.schema.project(p)?),
            None => Arc::clone(&self.schema),
        };
        let stream = ScanStream {
            listing: Arc::clone(&self.listing),
            schema,
            runtime: Arc::clone(&self.runtime),
            limit: limit.unwrap_or(usize::MAX),
        };
        let schema = Arc::clone(&stream.schema);
        Ok(Arc::new(StreamingTableExec::try_new(
            schema,
            vec![Arc::new(stream)],
            None,
            vec![],
            false,
            limit,
        )?))
    }
}

#[derive(Debug)]
struct ScanStream {
    listing: Arc<Listing>,
    /// Only the columns that are read.
    schema: SchemaRef,
    runtime: Arc<ScanRuntime>,
    limit: usize,
}

impl PartitionStream for ScanStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let options = RadsqlOptions::of(context.session_config().options());
        let (listing, runtime, limit) = (Arc::clone(&self.listing), Arc::clone(&self.runtime), self.limit);
        let schema = Arc::clone(&self.schema);
        let stream = stream::once(async move {
            let flag = CancelOnDrop::default();
            let (cancelled, shared, asked) = (Arc::clone(&flag.0), Arc::clone(&runtime), options.clone());
            let known = listing.knows_geometry();
            let record = |image, mask, message| {
                runtime.record(ScanError {
                    session: options.session.clone(),
                    when: SystemTime::now(),
                    function: FUNCTION,
                    image,
                    mask,
                    message,
                });
            };
            let found = blocking(move || listing.rows(&shared, &asked, &cancelled)).await?;
            if let Err(e) = &found
                && options.record_failures
            {
                record(None, None, e.strip_backtrace());
            }
            let found = found?;
            for (image, mask, message) in found.left_out {
                record(image, mask, message);
            }
            let mut rows = found.rows;
            rows.truncate(limit);
            let chunks: Vec<Vec<Row>> = rows.chunks(BATCH).map(<[Row]>::to_vec).collect();
            let batches = stream::iter(chunks).then(move |chunk| {
                let (schema, runtime, options) = (Arc::clone(&schema), Arc::clone(&runtime), options.clone());
                async move { batch(&schema, chunk, known, &runtime, &options).await }
            });
            Ok::<_, DataFusionError>(batches)
        });
        let flat = stream.flat_map(|batches| match batches {
            Ok(batches) => batches.boxed(),
            Err(e) => stream::once(async move { Err(e) }).boxed(),
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), flat))
    }
}

/// Rows as columns; headers are read only when a column needs them.
async fn batch(
    schema: &SchemaRef,
    rows: Vec<Row>,
    known: bool,
    runtime: &Arc<ScanRuntime>,
    options: &RadsqlOptions,
) -> Result<RecordBatch> {
    let needs_header = schema
        .fields()
        .iter()
        .any(|f| SIZES.contains(&f.name().as_str()) || SPACINGS.contains(&f.name().as_str()));
    let geometry: Vec<Option<Geometry>> = if known {
        rows.iter().map(|r| r.geometry).collect()
    } else if needs_header {
        let scans = rows
            .iter()
            .map(|r| {
                Some(ScanRef {
                    image: r.image.clone(),
                    mask: None,
                })
            })
            .collect();
        runtime
            .run(FUNCTION, options, scans, |scan, job| {
                scans::geometry(FUNCTION, scan, job)
            })
            .await?
    } else {
        vec![None; rows.len()]
    };
    let columns = schema
        .fields()
        .iter()
        .map(|f| column(f.name(), &rows, &geometry))
        .collect();
    let batch = RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &RecordBatchOptions::new().with_row_count(Some(rows.len())),
    )?;
    Ok(batch)
}

fn column(name: &str, rows: &[Row], geometry: &[Option<Geometry>]) -> ArrayRef {
    if let Some(axis) = SIZES.iter().position(|n| *n == name) {
        let sizes = geometry
            .iter()
            .map(|g| g.as_ref().and_then(|g| i64::try_from(g.size[axis]).ok()));
        return Arc::new(sizes.collect::<Int64Array>());
    }
    if let Some(axis) = SPACINGS.iter().position(|n| *n == name) {
        return Arc::new(
            geometry
                .iter()
                .map(|g| g.as_ref().map(|g| g.spacing[axis]))
                .collect::<Float64Array>(),
        );
    }
    if NUMBERS.contains(&name) {
        let numbers = rows.iter().map(|r| r.numbers.get(name).copied());
        return Arc::new(numbers.collect::<Float64Array>());
    }
    let text = |r: &Row| match name {
        "image" => Some(r.image.clone()),
        "path" => Some(r.path.clone()),
        "mask" => r.mask.clone(),
        name => r.texts.get(name).cloned(),
    };
    Arc::new(rows.iter().map(text).collect::<StringArray>())
}
