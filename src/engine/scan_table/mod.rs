//! Scan tables: `CREATE EXTERNAL TABLE ... STORED AS NIFTI` or `NRRD`, one row for each image and region, from headers alone.

mod listing;
mod template;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider, TableProviderFactory};
use datafusion::common::{Result, plan_err};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{CreateExternalTable, Expr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::stream::{self, StreamExt};
use listing::{Listing, Row};
use radsql_udfs::options::RadsqlOptions;
use radsql_udfs::reference::{Kind, ScanRef};
use radsql_udfs::scan::{ScanError, ScanRuntime};
use radsql_udfs::scans::{self, Geometry};
use std::sync::Arc;
use std::time::SystemTime;

/// Rows of a batch. Work on scans spreads over the cores within a batch; the query sees results a batch at a time.
const BATCH: usize = 64;

/// Name of scan tables in messages and in `scan_errors()`.
const FUNCTION: &str = "scan";

/// Columns that every scan table has, in their order.
const TEXTS: [&str; 5] = ["patient_id", "study", "series", "modality", "region"];
const SIZES: [&str; 3] = ["nx", "ny", "nz"];
const SPACINGS: [&str; 3] = ["sx", "sy", "sz"];

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
    async fn create(&self, _: &dyn Session, cmd: &CreateExternalTable) -> Result<Arc<dyn TableProvider>> {
        if !cmd.schema.fields().is_empty() {
            return plan_err!(
                "{}: a scan table has columns of its own; leave the list of columns out",
                cmd.name
            );
        }
        let listing = Listing::from_command(cmd)?;
        let table = ScanTable {
            schema: schema(&listing),
            listing: Arc::new(listing),
            runtime: Arc::clone(&self.runtime),
        };
        // A table over nothing is a slip: better said now than seen as an empty result.
        let listing = Arc::clone(&table.listing);
        let found = blocking(move || listing.rows()).await??;
        if found.rows.is_empty() {
            return plan_err!("{}: {}", cmd.name, table.listing.describe_empty());
        }
        if let (Some(reason), true) = (
            table.listing.describe_no_mask(),
            found.rows.iter().all(|r| r.mask.is_none()),
        ) {
            return plan_err!("{}: {reason}", cmd.name);
        }
        Ok(Arc::new(table))
    }
}

async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(f)
        .await
        .map_err(|e| datafusion::common::DataFusionError::External(Box::new(e)))
}

fn schema(listing: &Listing) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut fields: Vec<Field> = TEXTS.iter().map(|n| text(n)).collect();
    fields.push(Kind::Image.field("image"));
    fields.push(Kind::Mask.field("mask"));
    fields.extend(SIZES.iter().map(|n| Field::new(*n, DataType::Int64, true)));
    fields.extend(SPACINGS.iter().map(|n| Field::new(*n, DataType::Float64, true)));
    fields.push(text("path"));
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
            let found = blocking(move || listing.rows()).await??;
            for mask in found.masks_alone {
                runtime.record(ScanError {
                    when: SystemTime::now(),
                    function: FUNCTION,
                    image: None,
                    mask: Some(mask),
                    message: "no image belongs to this mask".into(),
                });
            }
            let mut rows = found.rows;
            rows.truncate(limit);
            let chunks: Vec<Vec<Row>> = rows.chunks(BATCH).map(<[Row]>::to_vec).collect();
            let batches = stream::iter(chunks).then(move |chunk| {
                let (schema, runtime, options) = (Arc::clone(&schema), Arc::clone(&runtime), options.clone());
                async move { batch(&schema, chunk, &runtime, &options).await }
            });
            Ok::<_, datafusion::common::DataFusionError>(batches)
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
    runtime: &Arc<ScanRuntime>,
    options: &RadsqlOptions,
) -> Result<RecordBatch> {
    let needs_header = schema
        .fields()
        .iter()
        .any(|f| SIZES.contains(&f.name().as_str()) || SPACINGS.contains(&f.name().as_str()));
    let geometry: Vec<Option<Geometry>> = if needs_header {
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
            .run(FUNCTION, options, scans, |scan, _| scans::geometry(FUNCTION, scan))
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
    let text = |r: &Row| match name {
        "image" | "path" => Some(r.image.clone()),
        "mask" => r.mask.clone(),
        name => r.texts.get(name).cloned(),
    };
    Arc::new(rows.iter().map(text).collect::<StringArray>())
}
