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
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::cast::as_boolean_array;
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
use datafusion::physical_plan::ExecutionPlanProperties;
use datafusion_ducklake::DuckLakeTable;
use datafusion_ducklake::metadata_provider::DuckLakeTableFile;
use datafusion_ducklake::table::delete_file_schema;
use futures::TryStreamExt;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;

/// Rows of a delete file that are made at once.
const ROWS: usize = 1 << 16;

/// Bytes that a position takes while positions are looked for.
const POSITION: usize = 24;

/// Bytes of a value beside its own, where its type does not tell these.
const VALUE: usize = 16;

/// How many times a file of ours its values are, about.
const PACKED: usize = 3;

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
        // Read first: what changes behind this is a conflict.
        let columns = self.lake.query(|c| columns_of(c, self.id))?;
        let head = self.lake.head()?;
        let there = self.inner(head).await?;
        let schema = there.schema();
        let own = |name: &str| schema.fields().iter().any(|f| f.name().eq_ignore_ascii_case(name));
        if let Some(name) = types::IDENTITIES.iter().find(|name| own(name)) {
            return Err(LakeError::Refused(format!(
                "table '{}' has a column '{name}', by which the format means a row's identity: its rows cannot be changed",
                self.name
            )));
        }
        self.lake.query(|c| Ok(none_inlined(c, self.id, &self.name)))??;
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
        let part = match change {
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
                        None => Arc::new(Column::new(field.name(), at)) as Arc<dyn PhysicalExpr>,
                    };
                    values.push(value);
                }
                let lineage = self.inner(head).await?.with_row_lineage(true);
                let rows = lineage.scan(state, None, &filters, None).await?;
                let stored = types::stored(self.schema_ref())?;
                let numbered = layout_columns(&stored, &columns)?;
                let layout = Layout::new(&self.name, &stored, &numbered, self.lake.staging().to_owned());
                let mut part = Part::new(&Arc::new(layout.with_identities()), pool);
                let mut written = 0;
                // One partition behind the other: rows stay in their order.
                for partition in 0..rows.output_partitioning().partition_count() {
                    let mut stream = rows.execute(partition, Arc::clone(task))?;
                    while let Some(batch) = stream.try_next().await? {
                        let batch = changed(&batch, condition.as_ref(), &values)?;
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
            let changed = finish(part.into_iter().collect(), &pool)?;
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
    let read = collect_columns(&condition);
    let widths = read
        .iter()
        .map(|column| schema.field(column.index()).data_type().primitive_width());
    // What is no number may be as large as the whole file, which is compressed.
    let (width, is_open) = widths.fold((0, false), |(sum, open), width| match width {
        Some(width) => (sum + width, open),
        None => (sum + VALUE, true),
    });
    let (mut found, mut count, mut kept) = (vec![], 0, 0);
    for file in table.files_matching(&condition)? {
        let rows = usize::try_from(file.max_row_count.unwrap_or_default()).unwrap_or_default();
        let deleted = file
            .delete_file
            .as_ref()
            .map_or(0, |f| usize::try_from(f.file_size_bytes).unwrap_or_default());
        let bytes = usize::try_from(file.file.file_size_bytes).unwrap_or_default();
        let open = if is_open { PACKED * bytes } else { 0 };
        held.try_resize(kept + rows * (width + POSITION) + open + PACKED * deleted)?;
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

/// The rows of a batch that meet a condition, with new values. Their identities stand behind the columns, where no expression sees them:
/// what a lambda names is told by the number of columns.
fn changed(
    batch: &RecordBatch,
    condition: Option<&Arc<dyn PhysicalExpr>>,
    values: &[Arc<dyn PhysicalExpr>],
) -> DataFusionResult<RecordBatch> {
    let own: Vec<usize> = (0..values.len()).collect();
    let kept = match condition {
        Some(condition) => {
            let meets = condition
                .evaluate(&batch.project(&own)?)?
                .into_array(batch.num_rows())?;
            filter_record_batch(batch, as_boolean_array(&meets)?)?
        }
        None => batch.clone(),
    };
    let rows = kept.project(&own)?;
    let mut fields = vec![];
    let mut columns = vec![];
    for (value, field) in values.iter().zip(rows.schema().fields()) {
        let column = value.evaluate(&rows)?.into_array(rows.num_rows())?;
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    fields.push(kept.schema().field(values.len()).clone());
    columns.push(Arc::clone(kept.column(values.len())));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// DuckDB may keep few rows, and which rows went, in the catalog rather than in files, where it is told to.
///
/// # Errors
/// When there are such rows: changes would pass them by.
pub(super) fn none_inlined(c: &Connection, table: i64, name: &str) -> Result<()> {
    let has = |text: &str| c.query_row(text, [], |r| r.get::<_, bool>(0)).unwrap_or_default();
    let mut tables: Vec<String> = vec![format!("ducklake_inlined_delete_{table}")];
    if let Ok(mut known) = c.prepare_cached("SELECT table_name FROM ducklake_inlined_data_tables WHERE table_id = ?1")
        && let Ok(rows) = known.query_map([table], |r| r.get::<_, String>(0))
    {
        tables.extend(rows.flatten());
    }
    // Where a table is not there, nothing is in it.
    match tables
        .iter()
        .any(|t| has(&format!("SELECT EXISTS (SELECT 1 FROM \"{}\")", t.replace('"', "\"\""))))
    {
        false => Ok(()),
        true => Err(LakeError::Refused(format!(
            "table '{name}' has rows that DuckDB keeps in the catalog; CALL ducklake_flush_inlined_data('...') in DuckDB puts them into files"
        ))),
    }
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
