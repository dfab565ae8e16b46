//! `radsql_cache()`.

use crate::doc::{Doc, Kind};
use crate::live_table::LiveTable;
use crate::options::RadsqlOptions;
use crate::scan::ScanRuntime;
use datafusion::arrow::array::{Int64Array, RecordBatch, StringArray, TimestampSecondArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, plan_err};
use radsql_cache::Entry;
use std::sync::Arc;

/// The SQL name.
pub const NAME: &str = "radsql_cache";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Table,
    summary: "Lists the computed features that `radsql.cache_dir` keeps.",
    syntax: "radsql_cache()",
    arguments: &[],
    returns: "Rows (image, region, image_type, settings, version, features, stored, used), oldest first; none when the cache is \
              off. `image` and `region` are hashes of the files' contents (and of the label): no path or name is kept. \
              `settings` are those that the features depend on, `version` is that of their definitions, `features` their \
              number. To empty the cache, delete the folder.",
    example: "SELECT image_type, sum(features) AS features FROM radsql_cache() GROUP BY image_type",
    source: "",
};

/// The table function.
#[derive(Debug)]
pub struct RadsqlCache(pub Arc<ScanRuntime>);

impl TableFunctionImpl for RadsqlCache {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        if !args.exprs().is_empty() {
            return plan_err!("{NAME}: expected no argument, found {}", args.exprs().len());
        }
        let runtime = Arc::clone(&self.0);
        Ok(Arc::new(LiveTable::new(schema(), move |session| {
            let cache = runtime.cache(&RadsqlOptions::of(session.config_options()).cache_dir);
            rows(&cache.map(|c| c.list()).unwrap_or_default())
        })))
    }
}

fn schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let whole = |name| Field::new(name, DataType::Int64, false);
    let time = |name| {
        Field::new(
            name,
            DataType::Timestamp(TimeUnit::Second, Some("+00:00".into())),
            false,
        )
    };
    Arc::new(Schema::new(vec![
        text("image"),
        text("region"),
        text("image_type"),
        text("settings"),
        whole("version"),
        whole("features"),
        time("stored"),
        time("used"),
    ]))
}

fn rows(entries: &[Entry]) -> Result<RecordBatch> {
    let text = |f: fn(&Entry) -> &str| Arc::new(entries.iter().map(|e| Some(f(e))).collect::<StringArray>());
    let whole = |f: fn(&Entry) -> i64| Arc::new(entries.iter().map(f).collect::<Int64Array>());
    let time = |f: fn(&Entry) -> i64| {
        let times: TimestampSecondArray = entries.iter().map(|e| Some(f(e))).collect();
        Arc::new(times.with_timezone("+00:00"))
    };
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            text(|e| &e.image),
            text(|e| &e.region),
            text(|e| &e.name),
            text(|e| &e.settings),
            whole(|e| e.version),
            whole(|e| e.numbers),
            time(|e| e.stored),
            time(|e| e.used),
        ],
    )?)
}
