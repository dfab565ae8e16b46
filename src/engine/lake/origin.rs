//! What is written down of rows on their way into a database: their statement, its settings, and what it reads.

use super::Lake;
use super::definition::in_folder;
use super::read::Entry;
use super::table::LakeTable;
use crate::engine::inputs::{Source, calls, hashed, inside, sources, whole_file};
use crate::engine::memory_table::MemoryTable;
use crate::engine::scan_work::keep_references;
use crate::engine::session::Session;
use datafusion::catalog::TableProvider;
use datafusion::common::config::ExtensionOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, TableReference};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;
use radsql_udfs::deep::deep_features;
use radsql_udfs::imaging::file_hash::hashes;
use radsql_udfs::options::RadsqlOptions;
use radsql_udfs::scan::{Asked, ScanRuntime};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where rows come from that are on their way into a table.
#[derive(Debug)]
pub struct Origin {
    /// All but the scans.
    record: Value,
    /// Tables of scans, and where their files are.
    scans: Vec<(String, String)>,
    /// Scans that functions are asked for while the rows are made.
    asked: Arc<Asked>,
    runtime: Arc<ScanRuntime>,
    options: RadsqlOptions,
}

impl Origin {
    /// A plan that tells which scans it reads while it is run.
    ///
    /// # Errors
    /// That of rewriting the plan.
    pub fn listening(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        keep_references(plan, &self.asked)
    }

    /// What is written down, when the rows are made: JSON, without values of rows. `None` for rows that the statement itself lists.
    pub async fn record(&self) -> Option<String> {
        let mut record = self.record.clone();
        if let Some(inputs) = record["inputs"].as_array_mut() {
            inputs.extend(self.scans_read().await);
        }
        let is_listed = ["inputs", "tables"]
            .iter()
            .all(|of| record[of].as_array().is_none_or(Vec::is_empty));
        (!is_listed).then(|| record.to_string())
    }

    /// The scans that functions were asked for, by the tables that have them.
    async fn scans_read(&self) -> Vec<Value> {
        let mut files = vec![Map::new(); self.scans.len()];
        let mut by_name = Map::new();
        let found = hashes(&self.runtime, &self.options, self.asked.references()).await;
        for (reference, hash) in found {
            let file = whole_file(&reference);
            let places = self.scans.iter().map(|(_, location)| inside(file, location));
            match places.enumerate().find_map(|(at, name)| Some((at, name?))) {
                Some((at, name)) => files[at].insert(name, hash.into()),
                None => by_name.insert(file.to_owned(), hash.into()),
            };
        }
        let mut inputs = vec![];
        for ((table, location), mut files) in self.scans.iter().zip(files) {
            if files.is_empty() {
                files.insert("the list of its files".into(), Value::Null);
            }
            inputs.push(json!({"name": table, "location": location, "files": files}));
        }
        if !by_name.is_empty() {
            inputs.push(json!({"name": "scans by name", "location": "", "files": by_name}));
        }
        inputs
    }

    /// As [`Origin::record`], also where nothing was read.
    pub async fn whole_record(&self) -> String {
        self.record().await.unwrap_or_else(|| self.record.to_string())
    }
}

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
    /// Where the rows of a plan come from, for a table of a database.
    ///
    /// # Errors
    /// When something that it reads is gone.
    pub(crate) async fn origin(&self, lake: &Arc<Lake>, statement: Option<&str>, plan: &LogicalPlan) -> Result<Origin> {
        let mut tables = BTreeSet::new();
        let mut others: BTreeMap<TableReference, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut failed = None;
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node
                && let Ok(provider) = source_as_provider(&scan.source)
            {
                match provider.downcast_ref::<LakeTable>() {
                    Some(table) => match from(table, lake) {
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
        }
        let models = models(plan)?;
        if !models.is_empty() {
            read.push(Source::Models);
        }
        let (mut in_memory, mut scans) = (vec![], vec![]);
        for (reference, provider) in others {
            let (name, quoted) = (reference.table().to_owned(), reference.to_quoted_string());
            if provider.downcast_ref::<MemoryTable>().is_some() {
                // What is known of it goes with it.
                in_memory.push(json!({"schema": "memory", "table": name, "version": null, "record": null}));
            } else if let Some(text) = self.external_text(&reference, &*provider)?
                && let calls::Kind::External { format, location, .. } = calls::kind(&text)
            {
                match format.to_uppercase().as_str() {
                    "NIFTI" | "NRRD" | "DICOM" => {
                        scans.push((quoted, location.strip_prefix("file://").unwrap_or(&location).to_owned()));
                    }
                    _ => read.push(Source::Files { name, location }),
                }
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
                        .filter(|(name, _)| *source != Source::Models || models.iter().any(|m| is_of(name, m.as_deref())))
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
        let options = RadsqlOptions::of(state.config_options());
        let now = options.entries();
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
        Ok(Origin {
            record,
            scans,
            asked: Arc::default(),
            runtime: self.runtime(),
            options,
        })
    }
}

/// The models that a plan asks for by name; `None` is one whose name it works out.
fn models(plan: &LogicalPlan) -> Result<BTreeSet<Option<String>>> {
    let mut models = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|e| {
            e.apply(|e| {
                if let Expr::ScalarFunction(call) = e
                    && call.name() == deep_features::NAME
                {
                    models.insert(match call.args.get(2) {
                        Some(Expr::Literal(name, _)) => name.try_as_str().flatten().map(str::to_owned),
                        _ => None,
                    });
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(models)
}

/// Whether a file is a model's: `net`, or `net, its description`.
fn is_of(file: &str, model: Option<&str>) -> bool {
    model.is_none_or(|model| {
        file.strip_prefix(model)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(", "))
    })
}

/// A table that is read, and what another database than this one knows of it.
fn from(table: &LakeTable, lake: &Arc<Lake>) -> super::Result<From> {
    let elsewhere = match Arc::ptr_eq(&table.lake, lake) {
        true => None,
        false => Some(
            table
                .lake
                .known(table.id, (-1, table.snapshot()?), DEEPEST)?
                .to_string(),
        ),
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
