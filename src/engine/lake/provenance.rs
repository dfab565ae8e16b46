//! Where a table of a database came from: its statement, settings, and what it read, back to the scans; and what changed it since.

use super::Lake;
use super::read::Entry;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::{Result, exec_datafusion_err};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

impl Lake {
    /// What is known of a table behind one version and up to another, for another database: with what is known of the tables behind it.
    pub(super) fn known(&self, id: i64, between: (i64, i64), depth: usize) -> super::Result<Value> {
        let mut steps = match depth {
            0 => vec![],
            _ => self.steps(id, between)?,
        };
        for step in &mut steps {
            for table in step["tables"].as_array_mut().into_iter().flatten() {
                if let (Some(id), Some(version)) = (table["id"].as_i64(), table["version"].as_i64()) {
                    table["record"] = self.known(id, (-1, version), depth - 1)?;
                    table["id"] = Value::Null;
                }
            }
        }
        Ok(steps.into())
    }

    /// The versions that made and changed a table, each with what was written down: those behind the first and up to the second one.
    fn steps(&self, id: i64, (after, until): (i64, i64)) -> super::Result<Vec<Value>> {
        let own = |what: &str| format!("',' || c.changes_made || ',' LIKE '%,{what}:{id},%'");
        let changes = ["inserted_into_table", "deleted_from_table", "altered_table"]
            .map(own)
            .join(" OR ");
        self.query(|c| {
            let made = "SELECT coalesce((SELECT begin_snapshot FROM ducklake_table WHERE table_id = ?1),
                                        (SELECT min(snapshot_id) FROM radsql_provenance WHERE object_id = ?1))";
            let made: Option<i64> = c.query_row(made, [id], |r| r.get(0))?;
            // Versions that ended have left their records.
            let mut statement = c.prepare(&format!(
                "SELECT v.id, p.record, c.commit_message FROM (
                    SELECT snapshot_id AS id FROM radsql_provenance WHERE object_id = ?1
                    UNION SELECT c.snapshot_id FROM ducklake_snapshot_changes c WHERE {changes}
                    UNION SELECT begin_snapshot FROM ducklake_table WHERE table_id = ?1) v
                 LEFT JOIN radsql_provenance p ON p.snapshot_id = v.id AND p.object_id = ?1
                 LEFT JOIN ducklake_snapshot_changes c ON c.snapshot_id = v.id
                 WHERE v.id > ?2 AND v.id <= ?3 ORDER BY v.id"
            ))?;
            let steps = statement.query_map([id, after, until], |r| {
                let (version, record, message): (i64, Option<String>, Option<String>) =
                    (r.get(0)?, r.get(1)?, r.get(2)?);
                let record = record.and_then(|text| serde_json::from_str(&text).ok());
                let mut step: Value = record.unwrap_or_else(|| json!({"statement": message}));
                step["version"] = version.into();
                step["made"] = (Some(version) == made).into();
                Ok(step)
            })?;
            steps.collect()
        })
    }
}

/// Where what is known of a table is.
enum Known {
    /// In this database, by the table's number.
    Here(i64),
    /// With the record of a table that was made from it, as it is one of another database.
    Elsewhere(Value),
}

/// A row of `provenance('table')`.
#[derive(Default)]
struct Row {
    step: i64,
    kind: &'static str,
    name: String,
    version: Option<i64>,
    statement: Option<String>,
    engine: Option<String>,
    settings: Option<String>,
    sha256: Option<String>,
}

impl Row {
    fn of(step: i64, name: &str, record: &Value) -> Self {
        let text = |key: &str| record[key].as_str().map(str::to_owned);
        let settings = record["settings"].as_object().filter(|s| !s.is_empty());
        Self {
            step,
            name: name.to_owned(),
            statement: text("statement"),
            engine: text("engine"),
            settings: settings.map(|s| Value::Object(s.clone()).to_string()),
            ..Self::default()
        }
    }
}

/// A table that is to be told of: its step, where it is, its name, and the version that it was read at.
type Next = (i64, Known, String, Option<i64>);

/// The files that a step read, and the tables, which come behind.
fn read(record: &Value, step: i64, rows: &mut Vec<Row>, behind: &mut Vec<Next>) {
    for input in record["inputs"].as_array().into_iter().flatten() {
        let place = input["name"].as_str().unwrap_or_default();
        for (file, hash) in input["files"].as_object().into_iter().flatten() {
            rows.push(Row {
                step,
                kind: "file",
                name: format!("{place}: {file}"),
                sha256: hash.as_str().map(str::to_owned),
                ..Row::default()
            });
        }
    }
    for table in record["tables"].as_array().into_iter().flatten() {
        let known = match table["id"].as_i64() {
            Some(id) => Known::Here(id),
            None => Known::Elsewhere(table["record"].clone()),
        };
        let name = table["table"].as_str().unwrap_or_default().to_owned();
        behind.push((step, known, name, table["version"].as_i64()));
    }
}

/// Where a table came from: its own row, those of its changes, then those of what it was made from, each step behind the one before.
pub fn provenance(lake: &Lake, schema: &str, name: &str) -> Result<Arc<dyn TableProvider>> {
    let head = lake.head()?;
    let Some(Entry::Table { id, .. }) = lake.entry(head, schema, name)? else {
        return Err(exec_datafusion_err!("there is no table '{name}' in the database"));
    };
    let mut rows = vec![];
    // Tables, and the version up to which they were told of.
    let mut told: HashMap<i64, i64> = HashMap::new();
    let mut next = vec![(0, Known::Here(id), name.to_owned(), None)];
    while !next.is_empty() {
        let mut behind = vec![];
        for (step, known, name, version) in next {
            let mut is_new = true;
            let steps = match known {
                Known::Here(id) => {
                    let until = version.unwrap_or(head);
                    let before = told.get(&id).copied();
                    if before.is_some_and(|before| before >= until) {
                        continue;
                    }
                    told.insert(id, until);
                    is_new = before.is_none();
                    lake.steps(id, (before.unwrap_or(-1), until))?
                }
                Known::Elsewhere(Value::Array(steps)) => steps,
                Known::Elsewhere(_) => vec![],
            };
            let (made, changes) = match steps.split_first() {
                Some((made, changes)) if made["made"] == true => (Some(made), changes),
                _ => (None, &steps[..]),
            };
            if is_new {
                // Of a table that was in memory nothing is known but its name.
                let is_known = version.is_some() || step == 0;
                rows.push(Row {
                    kind: if is_known { "table" } else { "memory" },
                    // That of the table itself is the one that made it; those behind it were read at theirs.
                    version: version.or_else(|| made?["version"].as_i64()),
                    ..Row::of(step, &name, made.unwrap_or(&Value::Null))
                });
            }
            read(made.unwrap_or(&Value::Null), step + 1, &mut rows, &mut behind);
            for change in changes {
                rows.push(Row {
                    kind: "change",
                    version: change["version"].as_i64(),
                    ..Row::of(step, &name, change)
                });
                read(change, step + 1, &mut rows, &mut behind);
            }
        }
        next = behind;
    }
    let texts = |of: fn(&Row) -> Option<&str>| Arc::new(StringArray::from_iter(rows.iter().map(of))) as ArrayRef;
    let batch = RecordBatch::try_from_iter_with_nullable([
        (
            "step",
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.step))) as ArrayRef,
            false,
        ),
        ("kind", texts(|r| Some(r.kind)), true),
        ("name", texts(|r| Some(&r.name)), true),
        (
            "version",
            Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.version))) as ArrayRef,
            true,
        ),
        ("statement", texts(|r| r.statement.as_deref()), true),
        ("engine", texts(|r| r.engine.as_deref()), true),
        ("settings", texts(|r| r.settings.as_deref()), true),
        ("sha256", texts(|r| r.sha256.as_deref()), true),
    ])?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}
