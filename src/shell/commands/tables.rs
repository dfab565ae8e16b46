//! `\dt`

use super::{Command, Flow, Trouble};
use crate::shell::script::Script;
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use datafusion::logical_expr::TableType;
use std::sync::Arc;

pub const COMMAND: Command = Command {
    name: "dt",
    arguments: "[PATTERN]",
    help: "lists tables and views; a pattern may have * and ?",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            list(script, call.text).await?;
            Ok(Flow::On)
        })
    },
};

/// Lists the tables whose names fit a pattern; all that fit none.
pub async fn list(script: &mut Script, pattern: &str) -> Result<(), Trouble> {
    let state = script.session().context().state();
    let default = state.config_options().catalog.default_catalog.clone();
    let mut rows = vec![];
    if let Some(catalog) = state.catalog_list().catalog(&default) {
        for schema in catalog.schema_names().into_iter().filter(|s| s != "information_schema") {
            let Some(tables) = catalog.schema(&schema) else {
                continue;
            };
            for name in tables.table_names() {
                if !fits(&name, pattern) {
                    continue;
                }
                // One that cannot be opened is there nevertheless.
                let Ok(Some(table)) = tables.table(&name).await else {
                    rows.push((schema.clone(), name, "table", None));
                    continue;
                };
                let kind = match table.table_type() {
                    TableType::View => "view",
                    _ if schema == "temp" => "temporary table",
                    _ => "table",
                };
                rows.push((schema.clone(), name, kind, Some(table.schema().fields().len() as u64)));
            }
        }
    }
    rows.sort();
    let batch = RecordBatch::try_from_iter([
        (
            "schema",
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.0))) as ArrayRef,
        ),
        (
            "name",
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.1))),
        ),
        (
            "kind",
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.2))),
        ),
        ("columns", Arc::new(UInt64Array::from_iter(rows.iter().map(|r| r.3)))),
    ]);
    script.show_batch(&batch.map_err(|e| e.to_string())?)
}

/// Whether a name fits a pattern of `*` and `?`, whatever its case; without either it need only be a part of the name.
pub fn fits(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.to_lowercase(), pattern.to_lowercase());
    if !pattern.contains(['*', '?']) {
        return name.contains(&pattern);
    }
    let (name, pattern): (Vec<char>, Vec<char>) = (name.chars().collect(), pattern.chars().collect());
    // The places in the pattern that the name so far can have led to.
    let mut at = vec![false; pattern.len() + 1];
    at[0] = true;
    let skip_stars = |at: &mut Vec<bool>| {
        for i in 0..pattern.len() {
            at[i + 1] |= at[i] && pattern[i] == '*';
        }
    };
    skip_stars(&mut at);
    for c in name {
        let mut next = vec![false; pattern.len() + 1];
        for i in 0..pattern.len() {
            next[i] |= at[i] && pattern[i] == '*';
            next[i + 1] |= at[i] && (pattern[i] == '?' || pattern[i] == c);
        }
        at = next;
        skip_stars(&mut at);
    }
    at[pattern.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (name, pattern, is) in [
            ("scans", "", true),
            ("scans", "can", true),
            ("Scans", "SC*", true),
            ("scans", "s?ans", true),
            ("scans", "*s", true),
            ("scans", "*x*", false),
            ("scans", "c*", false),
            ("scans", "s*a*s", true),
            ("", "*", true),
            ("", "?", false),
        ] {
            assert_eq!(fits(name, pattern), is, "{name} {pattern}");
        }
    }
}
