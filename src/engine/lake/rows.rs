//! DELETE and UPDATE: which rows go is a small file beside that of the rows; changed rows come to the table as new ones, which keep
//! their identity. Both are one commit.
//!
//! `datafusion-ducklake` finds the rows and reads them. Its own UPDATE holds all of them in memory.

use super::create::columns_of;
use super::error::{LakeError, Result};
use super::table::{LakeTable, layout_columns};
use super::types;
use super::write::{Layout, Part, Written, finish};
use datafusion::arrow::array::{Int64Array, RecordBatch, StringArray};
use datafusion::catalog::TableProvider;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DFSchema, DataFusionError, Result as DataFusionResult, exec_err};
use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionState;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, cast as cast_to};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, lit};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion_ducklake::DuckLakeTable;
use datafusion_ducklake::metadata_provider::DuckLakeTableFile;
use datafusion_ducklake::table::delete_file_schema;
use futures::TryStreamExt;
use std::path::Path;
use std::sync::Arc;

/// Rows of a delete file that are made at once.
const ROWS: usize = 1 << 16;

/// Bytes that a position takes while positions are looked for.
const POSITION: usize = 24;

/// Bytes that a value takes whose type does not say.
const VALUE: usize = 32;

/// What is done to rows.
pub enum Change {
    /// Those that meet all conditions go.
    Delete(Vec<Expr>),
    /// Columns get other values in those that meet all conditions.
    Update(Vec<(String, Expr)>, Vec<Expr>),
}

/// The rows of a file that go.
struct Gone {
    file: DuckLakeTableFile,
    /// Where they are in the file, those that went before among them, in their order.
    positions: Vec<i64>,
}

impl LakeTable {
    /// Changes the rows that are there now; how many they were.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] when somebody else was faster; those of expressions, of memory and of the disk. Then nothing has changed.
    pub(super) async fn change_rows(
        &self,
        state: &SessionState,
        change: &Change,
        task: &Arc<TaskContext>,
    ) -> Result<u64> {
        let head = self.lake.head()?;
        let there = self.inner(head).await?;
        let columns = self.lake.query(|c| columns_of(c, self.id))?;
        let schema = there.schema();
        let names = DFSchema::try_from(schema.as_ref().clone())?;
        let physical = |e: Expr| state.create_physical_expr(e, &names);
        let filters = match change {
            Change::Delete(filters) | Change::Update(_, filters) => self.within(filters, &schema)?,
        };
        let condition = conjunction(filters.clone()).map(physical).transpose()?;
        let pool = &task.runtime_env().memory_pool;
        let mut held = MemoryConsumer::new(format!("table {}", self.name)).register(pool);
        let (gone, count) = gone(state, &there, condition.as_ref(), &mut held).await?;
        if count == 0 {
            return Ok(0);
        }
        let changed = match change {
            Change::Delete(_) => None,
            Change::Update(assignments, _) => {
                let mut values = vec![];
                for (at, field) in schema.fields().iter().enumerate() {
                    let assigned = assignments.iter().find(|(column, _)| column == field.name());
                    let value = match assigned {
                        Some((_, value)) => {
                            let value = self.within(std::slice::from_ref(value), &schema)?.remove(0);
                            physical(cast_to(value, field.data_type().clone()))?
                        }
                        None => Arc::new(Column::new(field.name(), at)),
                    };
                    values.push((value, field.name().clone()));
                }
                let lineage = self.inner(head).await?.with_row_lineage(true);
                let rows = changed_rows(&lineage, state, (&filters, condition), values).await?;
                let stored = types::stored(self.schema_ref())?;
                let numbered = layout_columns(&stored, &columns)?;
                let layout = Layout::new(&self.name, &stored, &numbered, self.lake.staging().to_owned());
                let mut part = Part::new(&Arc::new(layout.with_identities()), pool);
                let mut written = 0;
                // One partition behind the other: rows stay in their order.
                for partition in 0..rows.output_partitioning().partition_count() {
                    let mut stream = rows.execute(partition, Arc::clone(task))?;
                    while let Some(batch) = stream.try_next().await? {
                        written += batch.num_rows();
                        part.push(&batch)?;
                    }
                }
                if written != count {
                    return Err(LakeError::Changed(format!(
                        "table '{}': the condition met {count} rows and then {written}; it must say the same of a row each time",
                        self.name
                    )));
                }
                Some(part)
            }
        };
        let (pool, staging) = (Arc::clone(pool), self.lake.staging().to_owned());
        let (made, deletions) = SpawnedTask::spawn_blocking(move || {
            let changed = finish(changed.into_iter().collect(), &pool)?;
            let mut deletions = vec![];
            let mut made = vec![changed];
            for gone in gone {
                if !gone.is_all() {
                    made.push(gone.written(&staging, &pool)?);
                }
                deletions.push(((gone.file.data_file_id, gone.file.delete_file_id), gone.is_all()));
            }
            Ok::<_, DataFusionError>((made, deletions))
        })
        .join_unwind()
        .await
        .map_err(|e| DataFusionError::External(Box::new(e)))??;
        drop(held);
        let new = made[0].len();
        let placed = Written::of(made).place(&self.lake.location.files.join(&self.folder))?;
        let files = placed.files();
        let done = self.lake.commit(&self.note(), |commit| {
            commit.is_as_it_was(self.id, &self.name, &columns)?;
            let mut by = files[new..].iter();
            for (of, is_all) in &deletions {
                commit.delete_rows(self.id, *of, if *is_all { None } else { by.next() })?;
            }
            commit.changed(format!("deleted_from_table:{}", self.id));
            if new > 0 {
                commit.add_files(self.id, &files[..new])?;
                commit.changed(format!("inserted_into_table:{}", self.id));
            }
            Ok(Some(()))
        });
        placed.settle(done)?;
        Ok(count as u64)
    }
}

/// The rows that meet a condition, file by file, and how many they are.
async fn gone(
    state: &SessionState,
    table: &DuckLakeTable,
    condition: Option<&Arc<dyn PhysicalExpr>>,
    held: &mut MemoryReservation,
) -> Result<(Vec<Gone>, usize)> {
    let condition = match condition {
        Some(condition) => Arc::clone(condition),
        None => lit(true),
    };
    let schema = table.schema();
    let width = |column: &Column| {
        let kind = schema.field(column.index()).data_type();
        kind.primitive_width().unwrap_or(VALUE)
    };
    let read: usize = collect_columns(&condition).iter().map(width).sum();
    let (mut found, mut count, mut kept) = (vec![], 0, 0);
    for file in table.files_matching(&condition)? {
        let rows = usize::try_from(file.max_row_count.unwrap_or_default()).unwrap_or_default();
        held.try_resize(kept + rows * (read + POSITION))?;
        let mut positions = table
            .resolve_positions(state, &file.file, Arc::clone(&condition))
            .await?;
        if let Some(deleted) = file.delete_file.as_ref().filter(|_| !positions.is_empty()) {
            let before = table.read_delete_file_positions(state, deleted).await?;
            positions.retain(|at| !before.contains(at));
            if !positions.is_empty() {
                count += positions.len();
                positions.extend(before);
            }
        } else {
            count += positions.len();
        }
        if !positions.is_empty() {
            let mut positions: Vec<i64> = positions.into_iter().collect();
            positions.sort_unstable();
            kept += positions.len() * size_of::<i64>();
            found.push(Gone { file, positions });
        }
        held.try_resize(kept)?;
    }
    Ok((found, count))
}

/// The rows that meet a condition, with their new values and their identities.
async fn changed_rows(
    table: &DuckLakeTable,
    state: &SessionState,
    (filters, condition): (&[Expr], Option<Arc<dyn PhysicalExpr>>),
    mut values: Vec<(Arc<dyn PhysicalExpr>, String)>,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let mut rows = table.scan(state, None, filters, None).await?;
    if let Some(condition) = condition {
        rows = Arc::new(FilterExec::try_new(condition, rows)?);
    }
    let schema = rows.schema();
    let identity = schema.fields().len() - 1;
    let name = schema.field(identity).name();
    values.push((Arc::new(Column::new(name, identity)), name.clone()));
    Ok(Arc::new(ProjectionExec::try_new(values, rows)?))
}

impl Gone {
    /// Whether nothing of the file is left.
    fn is_all(&self) -> bool {
        self.file.max_row_count == i64::try_from(self.positions.len()).ok()
    }

    /// The file that says which rows of another one went.
    fn written(&self, staging: &Path, pool: &Arc<dyn MemoryPool>) -> DataFusionResult<Written> {
        let schema = delete_file_schema();
        let layout = Layout {
            table: self.file.file.path.clone(),
            schema: Arc::clone(&schema),
            ids: vec![],
            staging: staging.to_owned(),
        };
        let mut part = Part::new(&Arc::new(layout), pool);
        for positions in self.positions.chunks(ROWS) {
            let paths = StringArray::from(vec![self.file.file.path.as_str(); positions.len()]);
            let positions = Int64Array::from(positions.to_vec());
            part.push(&RecordBatch::try_new(
                Arc::clone(&schema),
                vec![Arc::new(paths), Arc::new(positions)],
            )?)?;
        }
        let written = finish(vec![part], pool)?;
        match written.len() {
            1 => Ok(written),
            n => exec_err!("{} deleted rows of one file make {n} files", self.positions.len()),
        }
    }
}
