//! Where a table of a database came from: its statement, settings, and what it read, back to the scans.

use super::Lake;
use super::definition::in_folder;
use super::read::Entry;
use super::session::InLake;
use super::table::LakeTable;
use crate::engine::inputs::{Source, calls, hashed, sources};
use crate::engine::memory_table::MemoryTable;
use crate::engine::session::Session;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::config::ExtensionOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, TableReference, exec_datafusion_err};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::LogicalPlan;
use radsql_udfs::options::RadsqlOptions;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A table that another came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct From {
    schema: String,
    table: String,
    id: i64,
    version: i64,
    /// What another database knows of its own, as JSON.
    elsewhere: Option<String>,
}

/// Databases whose tables come from each other's, at most.
const DEEPEST: usize = 32;

impl Session {
    /// What is written down of a table that is made: as JSON, without values of rows.
    ///
    /// # Errors
    /// When something that it reads is gone.
    pub(crate) async fn provenance(
        &self,
        place: &InLake,
        statement: Option<&str>,
        plan: &LogicalPlan,
    ) -> Result<String> {
        let mut tables = BTreeSet::new();
        let mut others: BTreeMap<TableReference, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut failed = None;
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node
                && let Ok(provider) = source_as_provider(&scan.source)
            {
                match provider.downcast_ref::<LakeTable>() {
                    Some(table) => match from(table, &place.lake) {
                        Ok(from) => {
                            tables.insert(from);
                        }
                        Err(e) => failed = Some(e),
                    },
                    None => {
                        others.insert(scan.table_name.clone(), Arc::clone(&provider));
                    }
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        if let Some(e) = failed {
            return Err(e.into());
        }
        let mut read = vec![];
        if let Some(statement) = statement {
            read.extend(sources(statement, &calls::kind(statement)));
            if !calls::calls(statement).0.is_empty() && statement.to_lowercase().contains("deep_features") {
                read.push(Source::Models);
            }
        }
        let mut in_memory = vec![];
        for (reference, provider) in others {
            let (name, quoted) = (reference.table().to_owned(), reference.to_quoted_string());
            if provider.downcast_ref::<MemoryTable>().is_some() {
                // What is known of it goes with it.
                in_memory.push(json!({"schema": "memory", "table": name, "version": null, "record": null}));
            } else if let Some(text) = self.external_text(&reference, &*provider)?
                && let calls::Kind::External { format, location, .. } = calls::kind(&text)
            {
                read.push(match format.to_uppercase().as_str() {
                    "NIFTI" | "NRRD" | "DICOM" => Source::Scans {
                        table: quoted,
                        format,
                        location,
                    },
                    _ => Source::Files { name, location },
                });
            }
        }
        let mut inputs: Vec<Value> = vec![];
        for (i, source) in read
            .iter()
            .enumerate()
            .filter(|(i, source)| !read[..*i].contains(source))
        {
            match hashed(self, &read[i..=i]).await {
                Ok(found) => inputs.extend(found.into_iter().map(|input| {
                    let files: Map<String, Value> = input
                        .files
                        .into_iter()
                        .map(|(name, hash)| (name, hash.into()))
                        .collect();
                    json!({"name": input.name, "location": input.location, "files": files})
                })),
                // Whether the statement goes on without a file is the statement's own business (radsql.on_error).
                Err(_) => inputs.push(json!({
                    "name": source.name(), "location": source.location(), "files": {"not all of its files could be read": null},
                })),
            }
        }
        let state = self.context().state();
        let now = RadsqlOptions::of(state.config_options()).entries();
        let before: BTreeMap<_, _> = self
            .defaults
            .iter()
            .map(|e| (e.key.as_str(), e.value.as_deref()))
            .collect();
        let settings: Map<String, Value> = now
            .into_iter()
            .filter(|e| before.get(e.key.as_str()) != Some(&e.value.as_deref()) || e.key.ends_with(".seed"))
            .filter(|e| !e.key.ends_with("cache_dir"))
            .map(|e| (e.key, e.value.into()))
            .collect();
        let tables: Vec<Value> = tables
            .into_iter()
            .map(|t| match t.elsewhere.as_deref().map(serde_json::from_str::<Value>) {
                Some(record) => json!({
                    "schema": t.schema, "table": t.table, "version": t.version, "record": record.unwrap_or_default(),
                }),
                None => json!({"schema": t.schema, "table": t.table, "id": t.id, "version": t.version}),
            })
            .chain(in_memory)
            .collect();
        let record = json!({
            "statement": statement,
            "engine": concat!("radsql ", env!("CARGO_PKG_VERSION")),
            "settings": settings,
            "tables": tables,
            "inputs": inputs,
        });
        Ok(record.to_string())
    }
}

/// A table that is read, and what another database than this one knows of it.
fn from(table: &LakeTable, lake: &Arc<Lake>) -> super::Result<From> {
    let elsewhere = match Arc::ptr_eq(&table.lake, lake) {
        true => None,
        false => Some(table.lake.whole_record(table.id, DEEPEST)?.to_string()),
    };
    Ok(From {
        schema: table.schema_name.clone(),
        table: table.name.clone(),
        id: table.id,
        version: table.snapshot()?,
        elsewhere,
    })
}

impl Session {
    /// The statement that makes an external table of a database, if the name means one.
    fn external_text(&self, name: &TableReference, table: &dyn TableProvider) -> Result<Option<String>> {
        let Some(place) = self.in_lake(name) else {
            return Ok(table.get_table_definition().map(str::to_owned));
        };
        let lake = &place.lake;
        Ok(match lake.entry(lake.head()?, &place.schema, &place.table)? {
            Some(Entry::External { statement, .. }) => Some(in_folder(&statement, lake.folder())),
            _ => None,
        })
    }
}

impl Lake {
    /// The record of a table with those of the tables behind it, for another database.
    fn whole_record(&self, id: i64, depth: usize) -> super::Result<Value> {
        let Some((made, text)) = self.record(id)?.filter(|_| depth > 0) else {
            return Ok(Value::Null);
        };
        let mut record: Value = serde_json::from_str(&text).unwrap_or_default();
        record["made"] = made.into();
        for table in record["tables"].as_array_mut().into_iter().flatten() {
            if let Some(id) = table["id"].as_i64() {
                table["record"] = self.whole_record(id, depth - 1)?;
                table["id"] = Value::Null;
            }
        }
        Ok(record)
    }

    /// The record of a table, and the version that made it.
    fn record(&self, id: i64) -> super::Result<Option<(i64, String)>> {
        self.query(|c| {
            let mut statement =
                c.prepare_cached("SELECT snapshot_id, record FROM radsql_provenance WHERE object_id = ?1")?;
            let mut rows = statement.query_map([id], |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.next().transpose()
        })
    }
}

/// Where the record of a table is.
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

/// Where a table came from: its own row, then those of what it was made from, each step behind the one before.
pub fn provenance(lake: &Lake, schema: &str, name: &str) -> Result<Arc<dyn TableProvider>> {
    let head = lake.head()?;
    let Some(Entry::Table { id, .. }) = lake.entry(head, schema, name)? else {
        return Err(exec_datafusion_err!("there is no table '{name}' in the database"));
    };
    let mut rows = vec![];
    let mut seen = BTreeSet::new();
    let mut next = vec![(0, Known::Here(id), name.to_owned(), None)];
    while !next.is_empty() {
        let mut behind = vec![];
        for (step, known, name, version) in next {
            let (made, record) = match known {
                Known::Here(id) if !seen.insert(id) => continue,
                Known::Here(id) => match lake.record(id)? {
                    Some((made, text)) => {
                        let record: Value = serde_json::from_str(&text)
                            .map_err(|e| exec_datafusion_err!("the record of '{name}' is broken: {e}"))?;
                        (Some(made), record)
                    }
                    None => (None, Value::Null),
                },
                Known::Elsewhere(record) => (record["made"].as_i64(), record),
            };
            let text = |key: &str| record[key].as_str().map(str::to_owned);
            // Of a table that was in memory nothing is known but its name.
            let is_known = made.or(version).is_some() || step == 0;
            rows.push(Row {
                step,
                kind: if is_known { "table" } else { "memory" },
                name: name.clone(),
                // That of the table itself is the one that made it; those behind it were read at theirs.
                version: if step == 0 { made } else { version.or(made) },
                statement: text("statement"),
                engine: text("engine"),
                settings: record["settings"]
                    .as_object()
                    .filter(|s| !s.is_empty())
                    .map(|s| Value::Object(s.clone()).to_string()),
                sha256: None,
            });
            for input in record["inputs"].as_array().into_iter().flatten() {
                let place = input["name"].as_str().unwrap_or_default();
                for (file, hash) in input["files"].as_object().into_iter().flatten() {
                    rows.push(Row {
                        step: step + 1,
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
                behind.push((step + 1, known, name, table["version"].as_i64()));
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
