//! Tables that are made, and rows that come to them: streamed into files, then one commit.

use super::change::with_article;
use super::commit::{Note, UUID, quoted};
use super::error::{LakeError, Result};
use super::origin::Origin;
use super::table::{LakeTable, layout_columns};
use super::write::{Layout, Part, Written, finish};
use super::{Lake, types};
use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::datasource::sink::{DataSink, DataSinkExec};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan};
use futures::StreamExt;
use rusqlite::params;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What to do when there is something of a new table's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// An error.
    Refuse,
    /// The new one takes its place, in the same commit.
    Replace,
}

/// A table that is to be made.
#[derive(Debug)]
pub struct NewTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// Values of columns where a statement gives none, by name.
    pub defaults: HashMap<String, String>,
    /// What to do when there is one.
    pub existing: Existing,
    /// Where its rows come from.
    pub origin: Option<Origin>,
}

impl Lake {
    /// Makes a table of the rows of these streams, in their order. It is there when all of them are.
    ///
    /// # Errors
    /// The streams'; when the format does not hold a name or a type; when there is a table and must not be; when the disk is full.
    /// Nothing is left then.
    pub async fn create(
        &self,
        table: NewTable,
        streams: Vec<SendableRecordBatchStream>,
        pool: &Arc<dyn MemoryPool>,
        note: &Note,
    ) -> Result<u64> {
        check_table(&table.schema, &table.name)?;
        let declared = types::with_values(&table.columns);
        let stored = types::stored(&declared)?;
        let mut columns = types::columns(&declared, &stored, 1, 0)?;
        for column in columns.iter_mut().filter(|c| c.parent.is_none()) {
            column.default = table.defaults.get(&column.name).cloned();
        }
        // Before hours of work rather than behind them.
        self.is_free(&table)?;
        let layout = Arc::new(Layout::new(
            &table.name,
            &stored,
            &columns,
            self.staging.path().to_owned(),
        ));
        let written = write(streams, &layout, pool).await?;
        let record = match &table.origin {
            Some(origin) => Some(origin.whole_record().await),
            None => None,
        };
        let rows = written.rows();
        let _writing = self.writes().await?;
        let folder = self.location.files.join(&table.schema).join(&table.name);
        let placed = written.place(&folder)?;
        let files = placed.files();
        let done = self.commit(note, |commit| {
            let (schema, _) = commit.schema(&table.schema)?;
            self.end_existing(commit, schema, &table)?;
            let id = commit.catalog_id();
            commit.execute(
                &format!(
                    "INSERT INTO ducklake_table (table_id, table_uuid, begin_snapshot, schema_id, table_name, path, path_is_relative)
                     VALUES (?1, {UUID}, ?2, ?3, ?4, ?5, 1)"
                ),
                params![id, commit.snapshot, schema, table.name, format!("{}/", table.name)],
            )?;
            commit.add_columns(id, &columns)?;
            commit.changes_schema(Some(id));
            commit.changed(format!("created_table:{}", quoted(&table.schema, &table.name)));
            commit.add_files(id, &files)?;
            if !files.is_empty() {
                commit.changed(format!("inserted_into_table:{id}"));
            }
            commit.comes_from(id, record.as_deref())?;
            Ok(Some(()))
        });
        placed.settle(done)?;
        Ok(rows.try_into().unwrap_or_default())
    }

    fn is_free(&self, table: &NewTable) -> Result<()> {
        let note = Note::default();
        // Looked at as a commit would, which makes nothing.
        self.commit(&note, |commit| {
            let (schema, _) = commit.schema(&table.schema)?;
            self.end_existing(commit, schema, table)?;
            Ok(None::<()>)
        })?;
        Ok(())
    }

    /// Ends the table that a new one takes the place of.
    fn end_existing(&self, commit: &mut super::Commit<'_>, schema: i64, table: &NewTable) -> Result<()> {
        let Some((kind, name)) = commit.named(schema, &table.name)? else {
            return Ok(());
        };
        if name != table.name {
            return Err(LakeError::Refused(format!(
                "there is {} '{name}', and a database does not tell it from '{}'",
                with_article(&kind),
                table.name
            )));
        }
        match (table.existing, kind.as_str()) {
            (Existing::Refuse, "table") => Err(LakeError::Refused(format!("table '{name}' already exists"))),
            (Existing::Refuse, kind) => Err(LakeError::Refused(format!(
                "there is {} '{name}' already",
                with_article(kind)
            ))),
            (Existing::Replace, "table") => match commit.table(schema, &name)? {
                Some(row) => commit.end_table(row.id),
                None => Ok(()),
            },
            (Existing::Replace, kind) => Err(LakeError::Refused(format!(
                "'{name}' is {}; drop it first",
                with_article(kind)
            ))),
        }
    }
}

/// A column in the catalog: its number, its name, and its type in the format's words.
pub type ColumnRow = (i64, String, String);

/// The columns of a table, those within others behind them.
///
/// # Errors
/// SQLite's.
pub fn columns_of(c: &rusqlite::Connection, table: i64) -> rusqlite::Result<Vec<ColumnRow>> {
    let mut statement = c.prepare_cached(
        "SELECT column_id, column_name, column_type FROM ducklake_column WHERE table_id = ?1 AND end_snapshot IS NULL
         ORDER BY column_order",
    )?;
    let rows = statement.query_map([table], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    rows.collect()
}

/// That a table's name is one of a folder too, which it becomes.
pub(super) fn check_table(schema: &str, name: &str) -> Result<()> {
    types::check_name(schema, "a schema")?;
    types::check_name(name, "a table")?;
    let is_folder = |name: &str| {
        !name.contains(['/', '\\', super::read::VERSION]) && !name.chars().all(|c| c == '.') && name.len() < 200
    };
    // Files on their way have that folder.
    if schema.eq_ignore_ascii_case("tmp") {
        return Err(LakeError::Refused("'tmp' cannot be the name of a schema".into()));
    }
    match is_folder(name) && is_folder(schema) {
        true => Ok(()),
        false => Err(LakeError::Refused(format!(
            "'{name}' cannot be the name of a table in a database: it is the name of a folder too"
        ))),
    }
}

/// Writes the rows of streams into files, each on a thread of its own.
async fn write(
    streams: Vec<SendableRecordBatchStream>,
    layout: &Arc<Layout>,
    pool: &Arc<dyn MemoryPool>,
) -> DataFusionResult<Written> {
    let parts = streams.into_iter().map(|mut stream| {
        let mut part = Part::new(layout, pool);
        SpawnedTask::spawn(async move {
            while let Some(batch) = stream.next().await {
                part.push(&batch?)?;
            }
            Ok::<_, DataFusionError>(part)
        })
    });
    let joined = parts.map(|part| async {
        let part = part.join_unwind().await;
        part.map_err(|e| DataFusionError::External(Box::new(e)))?
    });
    let parts = futures::future::try_join_all(joined).await?;
    let pool = Arc::clone(pool);
    // Files are put on the disk, which may take seconds.
    let finished = SpawnedTask::spawn_blocking(move || finish(parts, &pool));
    finished
        .join_unwind()
        .await
        .map_err(|e| DataFusionError::External(Box::new(e)))?
}

/// A plan that adds the rows of another to a table.
///
/// # Errors
/// That of rewriting the plan.
pub fn insert(table: &LakeTable, input: Arc<dyn ExecutionPlan>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let input = match &table.origin {
        Some(origin) => origin.listening(input)?,
        None => input,
    };
    Ok(Arc::new(DataSinkExec::new(
        input,
        Arc::new(Insert(table.clone())),
        None,
    )))
}

struct Insert(LakeTable);

impl fmt::Debug for Insert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Insert({})", self.0.name)
    }
}

impl DisplayAs for Insert {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match kind {
            DisplayFormatType::TreeRender => Ok(()),
            _ => write!(f, "table {}", self.0.name),
        }
    }
}

#[async_trait]
impl DataSink for Insert {
    fn schema(&self) -> &SchemaRef {
        self.0.schema_ref()
    }

    async fn write_all(&self, rows: SendableRecordBatchStream, task: &Arc<TaskContext>) -> DataFusionResult<u64> {
        Ok(append(&self.0, rows, &task.runtime_env().memory_pool).await?)
    }
}

/// Adds rows to a table, all or none.
///
/// # Errors
/// The stream's; when rows do not fit; when the table is gone meanwhile; when the disk is full.
pub async fn append(table: &LakeTable, rows: SendableRecordBatchStream, pool: &Arc<dyn MemoryPool>) -> Result<u64> {
    let lake = Arc::clone(&table.lake);
    let declared = table.schema_ref();
    let stored = types::stored(declared)?;
    let there = lake.query(|c| columns_of(c, table.id))?;
    let columns = layout_columns(&stored, &there)?;
    let layout = Arc::new(Layout::new(
        &table.name,
        &stored,
        &columns,
        lake.staging.path().to_owned(),
    ));
    let written = write(vec![rows], &layout, pool).await?;
    let count = written.rows();
    if count == 0 {
        return Ok(0);
    }
    let record = match &table.origin {
        Some(origin) => origin.record().await,
        None => None,
    };
    let _writing = lake.writes().await?;
    let placed = written.place(&lake.location.files.join(&table.folder))?;
    let files = placed.files();
    let done = lake.commit(&table.note(), |commit| {
        let live = "SELECT 1 FROM ducklake_table WHERE table_id = ?1 AND end_snapshot IS NULL";
        if commit.one(live, [table.id], |_| Ok(()))?.is_none() {
            let name = &table.name;
            return Err(LakeError::Changed(format!(
                "table '{name}' was dropped or replaced while rows came to it"
            )));
        }
        if !commit.columns(table.id)?.iter().eq(there.iter()) {
            let name = &table.name;
            return Err(LakeError::Changed(format!(
                "the columns of table '{name}' were changed while rows came to it; run the statement again"
            )));
        }
        commit.add_files(table.id, &files)?;
        commit.changed(format!("inserted_into_table:{}", table.id));
        commit.comes_from(table.id, record.as_deref())?;
        Ok(Some(()))
    });
    placed.settle(done)?;
    Ok(count.try_into().unwrap_or_default())
}

/// The columns of a table made by a query: none of them must have a value because its first rows do.
pub fn relaxed(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
}
