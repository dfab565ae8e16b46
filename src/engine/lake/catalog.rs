//! A database as a catalog of DataFusion: schemas, tables, views, and tables over files of others.

use super::definition::here;
use super::read::{Entry, VERSION, split_version};
use super::table::LakeTable;
use super::{Lake, LakeError};
use crate::engine::resolve::resolve_relations;
use crate::engine::session::parse;
use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Result, exec_err, plan_err};
use datafusion::datasource::{TableType, ViewTable};
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::{DdlStatement, LogicalPlan};
use datafusion::prelude::SessionContext;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The state of the session that plans views, wherever they are asked for; none when it is gone.
#[derive(Clone)]
pub struct Planner(Arc<dyn Fn() -> Option<SessionState> + Send + Sync>);

impl Planner {
    /// The state of this session, as it is whenever it is asked for.
    pub fn of(context: &SessionContext) -> Self {
        let state = context.state_weak_ref();
        Self(Arc::new(move || Some(state.upgrade()?.read().clone())))
    }
}

impl fmt::Debug for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Planner")
    }
}

tokio::task_local! {
    /// The views that are being planned, each within the one before, and the snapshot that they are read at.
    static WITHIN: (Vec<String>, Option<i64>);
}

/// A database as a catalog.
#[derive(Debug)]
pub struct LakeCatalog {
    lake: Arc<Lake>,
    /// Its name in SQL.
    name: String,
    planner: OnceLock<Planner>,
    /// Tables over files of others that were looked at: listing their folders may take long.
    opened: Arc<Mutex<HashMap<i64, Arc<dyn TableProvider>>>>,
}

impl LakeCatalog {
    /// The catalog of a database, by a name.
    pub fn new(lake: Arc<Lake>, name: &str) -> Self {
        Self {
            lake,
            name: name.into(),
            planner: OnceLock::new(),
            opened: Arc::default(),
        }
    }

    /// The database.
    pub fn lake(&self) -> &Arc<Lake> {
        &self.lake
    }

    /// Tells which session plans views.
    pub fn plan_with(&self, planner: Planner) {
        // The first one stays.
        let _ = self.planner.set(planner);
    }
}

/// The name of a table as it was at a version, for names in plans.
pub fn at_version(table: &str, version: &str) -> String {
    format!("{table}{VERSION}{version}")
}

impl CatalogProvider for LakeCatalog {
    fn schema_names(&self) -> Vec<String> {
        let names = self.lake.head().and_then(|head| self.lake.schemas(head));
        names.unwrap_or_default()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        // A view at a version reads its tables there.
        let at = WITHIN.try_with(|(_, at)| *at).ok().flatten();
        let snapshot = match at {
            None => self.lake.head().ok()?,
            Some(at) => at,
        };
        let there = self.lake.schemas(snapshot).ok()?;
        there.iter().any(|schema| schema == name).then(|| {
            Arc::new(LakeSchema {
                lake: Arc::clone(&self.lake),
                catalog: self.name.clone(),
                name: name.to_owned(),
                at,
                planner: self.planner.get().cloned(),
                opened: Arc::clone(&self.opened),
            }) as Arc<dyn SchemaProvider>
        })
    }

    fn register_schema(&self, name: &str, _: Arc<dyn SchemaProvider>) -> Result<Option<Arc<dyn SchemaProvider>>> {
        self.lake.create_schema(name)?;
        Ok(None)
    }

    fn deregister_schema(&self, name: &str, cascade: bool) -> Result<Option<Arc<dyn SchemaProvider>>> {
        let schema = self.schema(name);
        self.lake.drop_schema(name, cascade)?;
        Ok(schema)
    }
}

impl Lake {
    /// The snapshot that a version or a time means.
    ///
    /// # Errors
    /// When there is none.
    pub fn version(&self, text: &str) -> super::Result<i64> {
        match text.parse::<i64>() {
            Ok(version) if self.has_snapshot(version)? => Ok(version),
            Ok(version) => Err(LakeError::Refused(format!(
                "there is no version {version}; the last one is {}, and snapshots() lists all",
                self.head()?
            ))),
            Err(_) => self.snapshot_at(text),
        }
    }
}

#[derive(Debug, Clone)]
struct LakeSchema {
    lake: Arc<Lake>,
    catalog: String,
    name: String,
    /// The snapshot that is read; the last one without.
    at: Option<i64>,
    planner: Option<Planner>,
    opened: Arc<Mutex<HashMap<i64, Arc<dyn TableProvider>>>>,
}

impl LakeSchema {
    fn snapshot(&self) -> super::Result<i64> {
        match self.at {
            Some(at) => Ok(at),
            None => self.lake.head(),
        }
    }

    fn state(&self) -> Result<SessionState> {
        match self.planner.as_ref().and_then(|planner| planner.0()) {
            Some(state) => Ok(state),
            None => exec_err!("the session of the database is gone"),
        }
    }

    /// A view: its query, planned.
    async fn view(&self, name: &str, sql: String) -> Result<Arc<dyn TableProvider>> {
        let mut within = WITHIN.try_with(|(views, _)| views.clone()).unwrap_or_default();
        if within.iter().any(|view| view == name) {
            return plan_err!("view '{name}' reads itself");
        }
        within.push(name.to_owned());
        let mut statement = parse(&here(&sql, &self.catalog, self.lake.folder()))?;
        resolve_relations(&mut statement)?;
        let state = self.state()?;
        let work = async move { state.statement_to_plan(statement).await };
        let plan = WITHIN.scope((within, self.at), Box::pin(work)).await;
        let plan = plan.map_err(|e| e.context(format!("view '{name}'")))?;
        Ok(Arc::new(ViewTable::new(plan, Some(sql))))
    }

    async fn external(&self, id: i64, statement: &str) -> Result<Arc<dyn TableProvider>> {
        let known = self
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let state = self.state()?;
        let statement = here(statement, &self.catalog, self.lake.folder());
        let plan = state.statement_to_plan(parse(&statement)?).await?;
        let LogicalPlan::Ddl(DdlStatement::CreateExternalTable(command)) = plan else {
            return exec_err!("the catalog is broken: an external table is made by another statement");
        };
        let Some(factory) = state.table_factories().get(&command.file_type.to_uppercase()).cloned() else {
            return exec_err!("there is no format '{}'", command.file_type);
        };
        let table = factory.create(&state, &command).await?;
        self.opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&table));
        Ok(table)
    }
}

#[async_trait]
impl SchemaProvider for LakeSchema {
    fn table_names(&self) -> Vec<String> {
        let names = self.snapshot().and_then(|s| self.lake.names(s, &self.name));
        names.unwrap_or_default().into_iter().map(|n| n.name).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let (name, Some(version)) = split_version(name) {
            let then = Self {
                at: Some(self.lake.version(version)?),
                ..self.clone()
            };
            return then.table(name).await;
        }
        let snapshot = self.snapshot()?;
        Ok(match self.lake.entry(snapshot, &self.name, name)? {
            None => None,
            Some(Entry::Table { id, folder }) => {
                let table = LakeTable::open(&self.lake, (&self.name, name), (id, folder), snapshot, self.at).await;
                Some(Arc::new(table?))
            }
            Some(Entry::View { sql }) => Some(self.view(name, sql).await?),
            Some(Entry::External { id, statement }) => Some(self.external(id, &statement).await?),
        })
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        let names = self.snapshot().and_then(|s| self.lake.names(s, &self.name));
        Ok(names?.into_iter().find(|n| n.name == name).map(|n| match n.is_view {
            true => TableType::View,
            false => TableType::Base,
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        let entry = self.snapshot().and_then(|s| self.lake.entry(s, &self.name, name));
        matches!(entry, Ok(Some(_)))
    }

    /// Statements that make tables go past this; what comes here is a table in memory.
    fn register_table(&self, name: String, _: Arc<dyn TableProvider>) -> Result<Option<Arc<dyn TableProvider>>> {
        exec_err!("'{name}': a database keeps tables of its own only; CREATE TABLE ... AS copies another")
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        exec_err!("'{name}': DROP TABLE drops it")
    }
}

impl From<LakeError> for Box<DataFusionError> {
    fn from(e: LakeError) -> Self {
        Box::new(e.into())
    }
}
