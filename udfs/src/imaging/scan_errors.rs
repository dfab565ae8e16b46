//! `scan_errors()`.

use crate::doc::{Doc, Kind};
use crate::live_table::LiveTable;
use crate::options::RadsqlOptions;
use crate::scan::{ScanError, ScanRuntime};
use datafusion::arrow::array::{RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, plan_err};
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
        let runtime = Arc::clone(&self.0);
        Ok(Arc::new(LiveTable::new(schema(), move |session| {
            let asking = RadsqlOptions::of(session.config_options()).session;
            rows(&runtime.errors(asking.as_deref()))
        })))
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

fn rows(errors: &[ScanError]) -> Result<RecordBatch> {
    let micros = errors.iter().map(|e| {
        let since = e.when.duration_since(UNIX_EPOCH);
        since.map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
    });
    let when: TimestampMicrosecondArray = micros.map(Some).collect();
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(when.with_timezone("+00:00")),
            Arc::new(errors.iter().map(|e| Some(e.function)).collect::<StringArray>()),
            Arc::new(errors.iter().map(|e| e.image.as_deref()).collect::<StringArray>()),
            Arc::new(errors.iter().map(|e| e.mask.as_deref()).collect::<StringArray>()),
            Arc::new(errors.iter().map(|e| Some(e.message.as_str())).collect::<StringArray>()),
        ],
    )?)
}
