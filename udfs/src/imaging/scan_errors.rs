//! `scan_errors()`.

use crate::doc::{Doc, Kind};
use crate::scan::ScanRuntime;
use datafusion::arrow::array::{RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{MemTable, Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, plan_err};
use datafusion::datasource::TableType;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// The SQL name.
pub const NAME: &str = "scan_errors";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Table,
    summary: "Lists the scans of this session that could not be read or measured.",
    syntax: "scan_errors()",
    arguments: &[],
    returns: "Rows (when, function, image, mask, message), oldest first; the last 100,000 are kept. Scans come here when \
              `radsql.on_error` is 'null'; with 'fail' the first one stops its query.",
    example: "SELECT image, message FROM scan_errors()",
    source: "",
};

/// The table function.
#[derive(Debug)]
pub struct ScanErrors(pub Arc<ScanRuntime>);

impl TableFunctionImpl for ScanErrors {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        if !args.exprs().is_empty() {
            return plan_err!("{NAME}: expected no argument, found {}", args.exprs().len());
        }
        Ok(Arc::new(ErrorTable {
            runtime: Arc::clone(&self.0),
            schema: schema(),
        }))
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new(
            "when",
            DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
            false,
        ),
        Field::new("function", DataType::Utf8, false),
        Field::new("image", DataType::Utf8, true),
        Field::new("mask", DataType::Utf8, true),
        Field::new("message", DataType::Utf8, false),
    ]))
}

/// The failures as they are when the query runs, not when it is planned.
#[derive(Debug)]
struct ErrorTable {
    runtime: Arc<ScanRuntime>,
    schema: SchemaRef,
}

#[async_trait::async_trait]
impl TableProvider for ErrorTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let errors = self.runtime.errors();
        let micros = errors.iter().map(|e| {
            e.when
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
        });
        let when: TimestampMicrosecondArray = micros.map(Some).collect();
        let batch = RecordBatch::try_new(
            Arc::clone(&self.schema),
            vec![
                Arc::new(when.with_timezone("+00:00")),
                Arc::new(errors.iter().map(|e| Some(e.function)).collect::<StringArray>()),
                Arc::new(errors.iter().map(|e| e.image.as_deref()).collect::<StringArray>()),
                Arc::new(errors.iter().map(|e| e.mask.as_deref()).collect::<StringArray>()),
                Arc::new(errors.iter().map(|e| Some(e.message.as_str())).collect::<StringArray>()),
            ],
        )?;
        let table = MemTable::try_new(Arc::clone(&self.schema), vec![vec![batch]])?;
        table.scan(state, projection, filters, limit).await
    }
}
