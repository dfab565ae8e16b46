//! Table functions whose rows are those of the moment when the query runs, not when it is planned.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use std::fmt;
use std::sync::Arc;

/// A table that is made anew for each query.
pub struct LiveTable<F> {
    schema: SchemaRef,
    rows: F,
}

impl<F: Fn(&dyn Session) -> Result<RecordBatch> + Send + Sync> LiveTable<F> {
    /// A table with the rows that `rows` gives when a query runs.
    pub fn new(schema: SchemaRef, rows: F) -> Self {
        Self { schema, rows }
    }
}

impl<F> fmt::Debug for LiveTable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveTable").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl<F: Fn(&dyn Session) -> Result<RecordBatch> + Send + Sync + 'static> TableProvider for LiveTable<F> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table = MemTable::try_new(Arc::clone(&self.schema), vec![vec![(self.rows)(state)?]])?;
        table.scan(state, projection, filters, limit).await
    }
}
