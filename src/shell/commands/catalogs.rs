//! `\l`

use super::{Command, Flow};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use std::sync::Arc;

pub const COMMAND: Command = Command {
    name: "l",
    arguments: "",
    help: "lists databases and their schemas",
    words: &[],
    run: |script, _| {
        Box::pin(async move {
            let state = script.session().context().state();
            let catalogs = state.catalog_list();
            let mut rows = vec![];
            for name in catalogs.catalog_names() {
                let Some(catalog) = catalogs.catalog(&name) else {
                    continue;
                };
                for schema in catalog.schema_names() {
                    let tables = catalog.schema(&schema).map_or(0, |s| s.table_names().len());
                    rows.push((name.clone(), schema, tables as u64));
                }
            }
            rows.sort();
            let text = |of: fn(&(String, String, u64)) -> &String| {
                Arc::new(StringArray::from_iter_values(rows.iter().map(of))) as ArrayRef
            };
            let counts = Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| r.2))) as ArrayRef;
            let batch = RecordBatch::try_from_iter([
                ("database", text(|r| &r.0)),
                ("schema", text(|r| &r.1)),
                ("tables", counts),
            ]);
            script.show_batch(&batch.map_err(|e| e.to_string())?)?;
            Ok(Flow::On)
        })
    },
};
