//! A database as a catalog of DataFusion: schemas, tables, views, and tables over files of others.

use super::definition::{in_catalog, in_folder};
use super::read::{Entry, VERSION, split_version};
use super::table::LakeTable;
use super::{Lake, LakeError};
use crate::engine::limits::{self, PlanLimits};
use crate::engine::message;
use crate::engine::resolve::resolve_relations;
use crate::engine::session::parse;
use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{CatalogProvider, SchemaProvider, Session, TableProvider};
use datafusion::common::{DataFusionError, Result, TableReference, exec_err, plan_err};
use datafusion::datasource::{TableType, ViewTable};
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::{DdlStatement, Expr, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

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

/// A view, whatever its database is called: the database, the schema, the name.
type Key = (usize, String, String);

/// Views within views, at most.
const DEEPEST: usize = 64;

/// A statement that is being planned.
pub struct Planning {
    limits: PlanLimits,
    /// Its text.
    statement: Option<Arc<str>>,
    /// Views that were planned for it, by the snapshot that they are read at.
    views: Mutex<HashMap<(Key, i64), Arc<dyn TableProvider>>>,
}

tokio::task_local! {
    /// The views that are being planned, each within the one before, and the snapshot that they are read at.
    static WITHIN: (Vec<Key>, Option<i64>);
    static PLANNING: Planning;
}

/// Plans a statement: a view is planned once for it, and must not be larger than a statement may be. Its text is kept with what it changes.
pub async fn planning<T>(limits: PlanLimits, text: Option<&str>, work: impl Future<Output = T>) -> T {
    let planning = Planning {
        limits,
        statement: text.map(Arc::from),
        views: Mutex::default(),
    };
    PLANNING.scope(planning, work).await
}

/// The text of the statement that is being planned.
pub(super) fn statement() -> Option<Arc<str>> {
    PLANNING.try_with(|p| p.statement.clone()).ok().flatten()
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
        let key: Key = (Arc::as_ptr(&self.lake) as usize, self.name.clone(), name.to_owned());
        let known = (key.clone(), self.snapshot()?);
        let planned = |views: &Mutex<HashMap<_, Arc<dyn TableProvider>>>| lock(views).get(&known).cloned();
        if let Ok(Some(view)) = PLANNING.try_with(|p| planned(&p.views)) {
            return Ok(view);
        }
        let mut within = WITHIN.try_with(|(views, _)| views.clone()).unwrap_or_default();
        if within.contains(&key) {
            return plan_err!("view '{name}' reads itself");
        }
        if within.len() >= DEEPEST {
            return plan_err!("view '{name}': more than {DEEPEST} views stand within each other");
        }
        within.push(key);
        let mut statement = parse(&in_catalog(&sql, &self.catalog))?;
        resolve_relations(&mut statement)?;
        let mut state = self.state()?;
        // Names without a place mean what is beside the view, as DuckDB's views have them.
        let names = &mut state.config_mut().options_mut().catalog;
        names.default_catalog.clone_from(&self.catalog);
        names.default_schema.clone_from(&self.name);
        let work = async move { state.statement_to_plan(statement).await };
        let plan = WITHIN.scope((within, self.at), Box::pin(work)).await;
        let plan = plan.map_err(|e| e.context(format!("view '{name}'")))?;
        if let Ok(limits) = PLANNING.try_with(|p| p.limits) {
            limits::plan::check(&plan, &limits)?;
        }
        let view: Arc<dyn TableProvider> = Arc::new(ViewTable::new(plan, Some(in_catalog(&sql, &self.catalog))));
        let _ = PLANNING.try_with(|p| lock(&p.views).insert(known, Arc::clone(&view)));
        Ok(view)
    }

    async fn external(&self, name: &str, id: i64, statement: &str) -> Result<Arc<dyn TableProvider>> {
        if let Some(known) = lock(&self.opened).get(&id) {
            return Ok(Arc::clone(known));
        }
        let state = self.state()?;
        let statement = in_folder(statement, self.lake.folder());
        let plan = state.statement_to_plan(parse(&statement)?).await?;
        let LogicalPlan::Ddl(DdlStatement::CreateExternalTable(mut command)) = plan else {
            return exec_err!("the catalog is broken: an external table is made by another statement");
        };
        command.name = TableReference::bare(name);
        // As its author wrote it: folders of this machine are nobody's business.
        command.definition = self.lake.text_of(id)?;
        let Some(factory) = state.table_factories().get(&command.file_type.to_uppercase()).cloned() else {
            return exec_err!("there is no format '{}'", command.file_type);
        };
        let table = factory.create(&state, &command).await?;
        lock(&self.opened).insert(id, Arc::clone(&table));
        Ok(table)
    }

    async fn table_of(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let snapshot = self.snapshot()?;
        Ok(match self.lake.entry(snapshot, &self.name, name)? {
            None => None,
            Some(Entry::Table { id, folder }) => {
                let table = LakeTable::open(&self.lake, (&self.name, name), (id, folder), snapshot, self.at).await;
                Some(Arc::new(table?))
            }
            Some(Entry::View { sql }) => Some(self.view(name, sql).await?),
            Some(Entry::External { id, statement }) => Some(self.external(name, id, &statement).await?),
        })
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A view or a table over files of others that cannot be read as things are: it tells why when it is read. Lists of tables and columns
/// have it without columns.
#[derive(Debug)]
struct Broken {
    why: String,
}

#[async_trait]
impl TableProvider for Broken {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::empty())
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        exec_err!("{}", self.why)
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
        if PLANNING.try_with(|_| ()).is_ok() {
            return self.table_of(name).await;
        }
        // Nobody's statement names it: somebody lists what there is.
        match planning(PlanLimits::served(), None, self.table_of(name)).await {
            Err(e) => Ok(Some(Arc::new(Broken { why: message(&e) }))),
            found => found,
        }
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
