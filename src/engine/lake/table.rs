//! A table of a database: read and changed by `datafusion-ducklake`, with Arrow's own types put back.

use super::Lake;
use super::catalog::statement;
use super::commit::Note;
use super::create::{ColumnRow, insert};
use super::error::LakeError;
use super::origin::Origin;
use super::read::Entry;
use super::restore::{RestoreExec, restored_expression};
use super::rows::Change;
use super::types;
use crate::engine::action::ActionExec;
use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, SchemaExt, exec_err, not_impl_err, plan_err};
use datafusion::datasource::TableType;
use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, cast as cast_to};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_ducklake::DuckLakeTable;
use datafusion_ducklake::types::ducklake_to_arrow_type;
use futures::future::BoxFuture;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The snapshots that a statement reads, by database.
#[derive(Debug, Clone, Default)]
pub struct Pins(Arc<Mutex<HashMap<usize, i64>>>);

tokio::task_local! {
    /// Those of the statement at work.
    static PINNED: Pins;
}

/// Plans in which all tables of a database are read at one snapshot: the last one when the first of them is looked at.
pub async fn pinned<T>(work: impl Future<Output = T>) -> T {
    pinned_to(Pins::default(), work).await
}

/// As [`pinned`], where some of them were looked at already.
pub async fn pinned_to<T>(pins: Pins, work: impl Future<Output = T>) -> T {
    match PINNED.try_with(|_| ()) {
        Ok(()) => work.await,
        Err(_) => PINNED.scope(pins, work).await,
    }
}

/// A table.
#[derive(Debug, Clone)]
pub struct LakeTable {
    pub(super) lake: Arc<Lake>,
    pub(super) schema_name: String,
    pub(super) name: String,
    pub(super) id: i64,
    /// Below the folder of the database's files.
    pub(super) folder: String,
    /// The snapshot that is read; the last one without.
    at: Option<i64>,
    schema: SchemaRef,
    defaults: HashMap<String, Expr>,
    /// The statement that names it.
    statement: Option<Arc<str>>,
    /// Where the rows come from that the statement adds to it.
    pub(super) origin: Option<Arc<Origin>>,
}

impl LakeTable {
    /// A table as it is at a snapshot. `at` says whether it is read there always.
    ///
    /// # Errors
    /// Those of the catalog.
    pub(super) async fn open(
        lake: &Arc<Lake>,
        (schema_name, name): (&str, &str),
        (id, folder): (i64, String),
        snapshot: i64,
        at: Option<i64>,
    ) -> super::Result<Self> {
        let schema = match lake.declared(snapshot, id)? {
            Some(schema) => schema,
            None => {
                let inner = inner(lake, name, id, &folder, snapshot).await?;
                let plain = |f: &Field| Field::new(f.name(), f.data_type().clone(), f.is_nullable());
                Arc::new(Schema::new(
                    inner.schema().fields().iter().map(|f| plain(f)).collect::<Vec<_>>(),
                ))
            }
        };
        let mut defaults = HashMap::new();
        for (column, text) in lake.defaults(snapshot, id)? {
            if let Ok(field) = schema.field_with_name(&column) {
                let value = cast_to(datafusion::logical_expr::lit(text), field.data_type().clone());
                defaults.insert(column, value);
            }
        }
        Ok(Self {
            lake: Arc::clone(lake),
            schema_name: schema_name.into(),
            name: name.into(),
            id,
            folder,
            at,
            schema,
            defaults,
            statement: statement(),
            origin: None,
        })
    }

    /// What is written down of a change.
    pub(super) fn note(&self) -> Note {
        Note {
            statement: self.statement.as_deref().map(str::to_owned),
            ..Note::default()
        }
    }

    /// The same table, that keeps where new rows come from.
    pub(super) fn with_origin(&self, origin: Origin) -> Self {
        Self {
            origin: Some(Arc::new(origin)),
            ..self.clone()
        }
    }

    /// Its columns.
    pub(super) fn schema_ref(&self) -> &SchemaRef {
        &self.schema
    }

    /// The snapshot that the statement at work reads.
    pub(super) fn snapshot(&self) -> super::Result<i64> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        let key = Arc::as_ptr(&self.lake) as usize;
        let known = PINNED.try_with(|pinned| {
            let mut pinned = pinned.0.lock().unwrap_or_else(PoisonError::into_inner);
            match pinned.get(&key) {
                Some(snapshot) => Ok(*snapshot),
                None => {
                    let head = self.lake.head()?;
                    pinned.insert(key, head);
                    Ok(head)
                }
            }
        });
        known.unwrap_or_else(|_| self.lake.head())
    }

    /// The table at a snapshot, if it is still this one with these columns.
    pub(super) async fn inner(&self, snapshot: i64) -> super::Result<DuckLakeTable> {
        let changed = || {
            LakeError::Changed(format!(
                "table '{}' was changed while the statement was planned; run it again",
                self.name
            ))
        };
        match self.lake.entry(snapshot, &self.schema_name, &self.name)? {
            Some(Entry::Table { id, .. }) if id == self.id => {}
            _ => return Err(changed()),
        }
        let inner = inner(&self.lake, &self.name, self.id, &self.folder, snapshot).await?;
        let there = inner.schema();
        match self
            .schema
            .fields()
            .iter()
            .all(|f| there.field_with_name(f.name()).is_ok())
        {
            true => Ok(inner),
            false => Err(changed()),
        }
    }

    fn refuse_change(&self) -> Result<()> {
        match self.at {
            Some(at) => plan_err!("table '{}' at version {at} cannot be changed: it is history", self.name),
            None => Ok(()),
        }
    }

    /// What is to be done to the rows of the table, at the last snapshot, again when somebody else was faster.
    fn change(&self, session: &dyn Session, what: &'static str, change: Change) -> Result<Arc<dyn ExecutionPlan>> {
        self.refuse_change()?;
        let Some(state) = session.as_any().downcast_ref::<SessionState>() else {
            return not_impl_err!("{what} outside of a session of radsql");
        };
        let (table, state, change) = (self.clone(), state.clone(), Arc::new(change));
        let work = move |task: Arc<TaskContext>| {
            let (table, state, change) = (table.clone(), state.clone(), Arc::clone(&change));
            Box::pin(async move { table.changed(&state, &change, task).await }) as BoxFuture<'static, Result<u64>>
        };
        Ok(Arc::new(ActionExec::new(
            format!("{what} {}", self.name),
            Arc::new(work),
        )))
    }

    async fn changed(&self, state: &SessionState, change: &Change, task: Arc<TaskContext>) -> Result<u64> {
        const TRIES: u32 = 50;
        let _writing = self.lake.writes().await?;
        let mut tried = 0;
        loop {
            match self.change_rows(state, change, &task).await {
                Err(LakeError::Conflict(_)) if tried < TRIES => {
                    tried += 1;
                    tokio::time::sleep(Duration::from_millis(u64::from(2 * tried.min(25)))).await;
                }
                Err(LakeError::Conflict(_)) => return Err(LakeError::Conflict(self.name.clone()).into()),
                done => return Ok(done?),
            }
        }
    }

    /// Conditions on the table's columns as conditions on those of its files.
    pub(super) fn within(&self, filters: &[Expr], there: &Schema) -> Result<Vec<Expr>> {
        let mapped = filters.iter().map(|filter| {
            let mapped = filter.clone().transform(|e| match &e {
                Expr::Column(c) => {
                    let (declared, stored) = (self.schema.field_with_name(&c.name)?, there.field_with_name(&c.name)?);
                    match declared.data_type() == stored.data_type() {
                        true => Ok(Transformed::no(e)),
                        // It is not looked at again: the column stands within.
                        false => Ok(Transformed::new(
                            restored_expression(e, stored.data_type(), declared.data_type()),
                            true,
                            TreeNodeRecursion::Jump,
                        )),
                    }
                }
                _ => Ok(Transformed::no(e)),
            });
            mapped.map(|t| t.data)
        });
        mapped.collect()
    }
}

pub(super) async fn inner(
    lake: &Lake,
    name: &str,
    id: i64,
    folder: &str,
    snapshot: i64,
) -> super::Result<DuckLakeTable> {
    let path = format!("{}/{folder}", lake.location.files.display());
    let provider = lake.provider().await?;
    Ok(DuckLakeTable::new(
        id,
        name,
        provider,
        snapshot,
        Arc::clone(&lake.url),
        path,
    )?)
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_column_default(&self, column: &str) -> Option<&Expr> {
        self.defaults.get(column)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Before the files are chosen.
        let reading = Arc::new(self.lake.reads().await?);
        let snapshot = self.snapshot()?;
        let inner = self.inner(snapshot).await?;
        let there = inner.schema();
        let wanted = match projection {
            Some(projection) => Arc::new(self.schema.project(projection)?),
            None => self.schema(),
        };
        let columns: Vec<usize> = wanted
            .fields()
            .iter()
            .map(|f| there.index_of(f.name()))
            .collect::<std::result::Result<_, _>>()?;
        let filters = self.within(filters, &there)?;
        let plan = inner.scan(session, Some(&columns), &filters, limit).await?;
        // VACUUM ends versions while nobody reads, which is not now: what was there is there.
        if !self.lake.has_snapshot(snapshot)? {
            return exec_err!(
                "table '{}': version {snapshot} is gone: it is older than the history that VACUUM keeps",
                self.name
            );
        }
        Ok(Arc::new(RestoreExec::new(plan, wanted, reading)))
    }

    async fn insert_into(
        &self,
        _: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        op: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.refuse_change()?;
        self.schema().logically_equivalent_names_and_types(&input.schema())?;
        if op != InsertOp::Append {
            return not_impl_err!("{op} is not possible; make a new table with CREATE OR REPLACE TABLE ... AS");
        }
        insert(self, input)
    }

    async fn delete_from(&self, session: &dyn Session, filters: Vec<Expr>) -> Result<Arc<dyn ExecutionPlan>> {
        match filters.is_empty() {
            true => self.truncate(session).await,
            false => self.change(session, "DELETE", Change::Delete(filters)),
        }
    }

    async fn update(
        &self,
        session: &dyn Session,
        assignments: Vec<(String, Expr)>,
        filters: Vec<Expr>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(filter) = filters.iter().find(|f| f.is_volatile()) {
            return plan_err!(
                "UPDATE ... WHERE {filter}: the condition must say the same of a row each time; keep it in a column first"
            );
        }
        self.change(session, "UPDATE", Change::Update(assignments, filters))
    }

    async fn truncate(&self, _: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        self.refuse_change()?;
        let table = self.clone();
        let work = move |_: Arc<TaskContext>| {
            let table = table.clone();
            Box::pin(async move { table.emptied() }) as BoxFuture<'static, Result<u64>>
        };
        Ok(Arc::new(ActionExec::new(
            format!("TRUNCATE {}", self.name),
            Arc::new(work),
        )))
    }
}

impl LakeTable {
    /// Ends all rows; they stay in the snapshots before.
    fn emptied(&self) -> Result<u64> {
        let rows = self.lake.commit(&self.note(), |commit| {
            let live = "SELECT coalesce(sum(f.record_count - coalesce(d.delete_count, 0)), 0) FROM ducklake_data_file f
                 LEFT JOIN ducklake_delete_file d ON d.data_file_id = f.data_file_id AND d.end_snapshot IS NULL
                 WHERE f.table_id = ?1 AND f.end_snapshot IS NULL";
            let rows: i64 = commit.one(live, [self.id], |r| r.get(0))?.unwrap_or_default();
            for part in ["data_file", "delete_file"] {
                let text = format!(
                    "UPDATE ducklake_{part} SET end_snapshot = ?1 WHERE table_id = ?2 AND end_snapshot IS NULL"
                );
                commit.execute(&text, [commit.snapshot, self.id])?;
            }
            commit.execute(
                "UPDATE ducklake_table_stats SET record_count = 0, file_size_bytes = 0 WHERE table_id = ?1",
                [self.id],
            )?;
            commit.execute("DELETE FROM ducklake_table_column_stats WHERE table_id = ?1", [self.id])?;
            if rows == 0 {
                return Ok(None);
            }
            commit.changed(format!("deleted_from_table:{}", self.id));
            Ok(Some(rows))
        })?;
        Ok(rows.unwrap_or_default().try_into().unwrap_or_default())
    }
}

/// The columns of a table as the catalog holds them, for a file that an INSERT makes.
pub(super) fn layout_columns(stored: &Schema, there: &[ColumnRow]) -> super::Result<Vec<types::Column>> {
    let mut columns = types::columns(stored, stored, 1, 0)?;
    // Two words for one type, as of two programs, are one.
    let kind = |text: &str| ducklake_to_arrow_type(text).map_err(|_| text.to_owned());
    let is_same = |(c, (_, name, there)): (&types::Column, &ColumnRow)| c.name == *name && kind(&c.kind) == kind(there);
    match columns.len() == there.len() && columns.iter().zip(there).all(is_same) {
        true => {
            for (column, (id, ..)) in columns.iter_mut().zip(there) {
                column.id = *id;
            }
            Ok(columns)
        }
        false => Err(LakeError::Changed(
            "the table was changed while the statement was planned, and it must be run again; or it has columns of types that only another program writes"
                .into(),
        )),
    }
}
