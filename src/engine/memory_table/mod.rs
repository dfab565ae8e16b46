//! Tables in memory whose rows are accounted in the session's memory pool.
//!
//! DataFusion's own take memory that nobody counts: `CREATE TABLE t AS SELECT * FROM generate_series(1, 10000000000)`
//! ends the process. Here rows are counted as they come, and a statement that fails or is stopped leaves none.

mod alter;
mod change;
mod create;
mod rows;

pub use create::{create_memory_table, replace_table};
pub use rows::Rows;

use async_trait::async_trait;
use change::change_rows;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Constraints, Result, SchemaExt, not_impl_err};
use datafusion::datasource::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::datasource::sink::{DataSink, DataSinkExec};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryPool, MemoryReservation};
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, SendableRecordBatchStream};
use futures::Stream;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A table in memory.
#[derive(Debug)]
pub struct MemoryTable {
    data: Arc<Shared>,
    constraints: Constraints,
    column_defaults: HashMap<String, Expr>,
}

/// What a table's statements share.
#[derive(Debug)]
struct Shared {
    name: String,
    schema: SchemaRef,
    pool: Arc<dyn MemoryPool>,
    data: Mutex<Data>,
}

/// Rows, and the memory that they take.
#[derive(Debug)]
struct Data {
    partitions: Vec<Vec<RecordBatch>>,
    /// Given back when the table is gone.
    reservation: MemoryReservation,
    /// How often rows have changed.
    version: u64,
}

impl Shared {
    /// A statement that panicked has changed nothing: changes are made of whole vectors.
    fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for rows of this table.
    fn rows(&self) -> Rows {
        Rows::new(&self.name, Arc::clone(&self.schema), &self.pool)
    }

    fn append(&self, rows: Rows) -> u64 {
        let count = rows.count();
        let (batches, reserved) = rows.into_parts();
        let mut data = self.lock();
        let partitions = data.partitions.len().max(1);
        data.partitions.resize_with(partitions, Vec::new);
        for (i, batch) in batches.into_iter().enumerate() {
            data.partitions[i % partitions].push(batch);
        }
        take_over(&data.reservation, reserved);
        data.version += 1;
        count
    }
}

/// Moves what is reserved from one to another. The pool's sum is never less than what is taken.
fn take_over(into: &MemoryReservation, from: MemoryReservation) {
    into.grow(from.size());
    from.free();
}

impl MemoryTable {
    /// A table of rows that were collected apart, each part in an order of its own.
    pub fn new(name: &str, schema: SchemaRef, pool: &Arc<dyn MemoryPool>, parts: Vec<Rows>) -> Self {
        let reservation = Rows::new(name, Arc::clone(&schema), pool).into_parts().1;
        let mut partitions = Vec::with_capacity(parts.len().max(1));
        for rows in parts {
            let (batches, reserved) = rows.into_parts();
            take_over(&reservation, reserved);
            partitions.push(batches);
        }
        if partitions.is_empty() {
            partitions.push(vec![]);
        }
        let data = Data {
            partitions,
            reservation,
            version: 0,
        };
        Self {
            data: Arc::new(Shared {
                name: name.into(),
                schema,
                pool: Arc::clone(pool),
                data: Mutex::new(data),
            }),
            constraints: Constraints::default(),
            column_defaults: HashMap::new(),
        }
    }

    /// A table of all rows of a stream. When the stream fails, or the future is dropped, all memory is given back.
    ///
    /// # Errors
    /// The stream's; when a batch does not fit `schema`; when memory does not suffice.
    pub async fn collect(
        name: &str,
        schema: SchemaRef,
        pool: &Arc<dyn MemoryPool>,
        stream: impl Stream<Item = Result<RecordBatch>>,
    ) -> Result<Self> {
        let mut rows = Rows::new(name, Arc::clone(&schema), pool);
        rows.extend(stream).await?;
        Ok(Self::new(name, schema, pool, vec![rows]))
    }

    /// With constraints, as `PRIMARY KEY`.
    pub fn with_constraints(self, constraints: Constraints) -> Self {
        Self { constraints, ..self }
    }

    /// With values of columns that an INSERT leaves out.
    pub fn with_column_defaults(self, column_defaults: HashMap<String, Expr>) -> Self {
        Self {
            column_defaults,
            ..self
        }
    }

    /// An empty place for rows of this table, which [`MemoryTable::append`] takes.
    pub fn rows(&self) -> Rows {
        self.data.rows()
    }

    /// Appends rows, all at once. Returns how many.
    pub fn append(&self, rows: Rows) -> u64 {
        self.data.append(rows)
    }

    /// Bytes of the pool that the table holds.
    pub fn reserved(&self) -> usize {
        self.data.lock().reservation.size()
    }
}

#[async_trait]
impl TableProvider for MemoryTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.data.schema)
    }

    fn constraints(&self) -> Option<&Constraints> {
        Some(&self.constraints)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_column_default(&self, column: &str) -> Option<&Expr> {
        self.column_defaults.get(column)
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = self.data.lock().partitions.clone();
        let source = MemorySourceConfig::try_new(&partitions, self.schema(), projection.cloned())?
            .with_show_sizes(session.config_options().explain.show_sizes);
        Ok(DataSourceExec::from_data_source(source))
    }

    async fn insert_into(
        &self,
        _: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        op: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.schema().logically_equivalent_names_and_types(&input.schema())?;
        if op != InsertOp::Append {
            return not_impl_err!("{op} is not possible for a table in memory");
        }
        let sink = Append(Arc::clone(&self.data));
        Ok(Arc::new(DataSinkExec::new(input, Arc::new(sink), None)))
    }

    async fn delete_from(&self, session: &dyn Session, filters: Vec<Expr>) -> Result<Arc<dyn ExecutionPlan>> {
        let change = |table: Box<dyn TableProvider>| {
            let filters = filters.clone();
            async move { table.delete_from(session, filters).await }
        };
        change_rows(&self.data, session, change).await
    }

    async fn truncate(&self, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        self.delete_from(session, vec![]).await
    }

    async fn update(
        &self,
        session: &dyn Session,
        assignments: Vec<(String, Expr)>,
        filters: Vec<Expr>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let change = |table: Box<dyn TableProvider>| {
            let (assignments, filters) = (assignments.clone(), filters.clone());
            async move { table.update(session, assignments, filters).await }
        };
        change_rows(&self.data, session, change).await
    }
}

/// Appends what a query answers.
struct Append(Arc<Shared>);

impl fmt::Debug for Append {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Append({})", self.0.name)
    }
}

impl DisplayAs for Append {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match t {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "MemoryTable (partitions={})", self.0.lock().partitions.len())
            }
            DisplayFormatType::TreeRender => Ok(()),
        }
    }
}

#[async_trait]
impl DataSink for Append {
    fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }

    async fn write_all(&self, data: SendableRecordBatchStream, _: &Arc<TaskContext>) -> Result<u64> {
        let mut rows = self.0.rows();
        rows.extend(data).await?;
        Ok(self.0.append(rows))
    }
}

#[cfg(test)]
mod tests;
