//! DELETE and UPDATE: new rows are made beside the old ones, and take their place when the statement is run.
//!
//! DataFusion's own tables change while the statement is planned, so that EXPLAIN deletes rows; and a change that fails
//! in its middle stays half done.

use super::rows::Counted;
use super::{Rows, Shared, take_over};
use datafusion::arrow::array::{ArrayRef, AsArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, exec_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream, collect,
};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Puts changed rows in the place of a table's, and tells how many changed.
pub struct ChangeExec {
    table: Arc<Shared>,
    /// The version of the table that was read.
    version: u64,
    changed: Mutex<Option<Vec<Rows>>>,
    count: u64,
    properties: Arc<PlanProperties>,
}

impl ChangeExec {
    /// Makes new rows with `change`, which is given a table of one batch after the other.
    pub(super) async fn plan<F>(
        table: &Arc<Shared>,
        session: &dyn Session,
        change: impl Fn(Box<dyn TableProvider>) -> F,
    ) -> Result<Arc<dyn ExecutionPlan>>
    where
        F: Future<Output = Result<Arc<dyn ExecutionPlan>>>,
    {
        let (partitions, version) = {
            let data = table.lock();
            (data.partitions.clone(), data.version)
        };
        let mut count = 0;
        let mut changed = vec![];
        for partition in &partitions {
            // What stays as it is takes no more memory.
            let mut rows = table.rows().beside(&partitions);
            for batch in partition {
                let one = MemTable::try_new(Arc::clone(&table.schema), vec![vec![batch.clone()]])?;
                let kept = Arc::clone(&one.batches[0]);
                let told = collect(change(Box::new(one)).await?, session.task_ctx()).await?;
                for batch in &told {
                    let counts = batch.column(0).as_primitive_opt::<UInt64Type>();
                    count += counts.map_or(0, |c| c.values().iter().sum::<u64>());
                }
                for batch in kept.read().await.iter() {
                    rows.push(batch)?;
                }
            }
            changed.push(rows);
        }
        let schema = Arc::new(Schema::new(vec![Field::new("count", DataType::UInt64, false)]));
        Ok(Arc::new(Self {
            table: Arc::clone(table),
            version,
            changed: Mutex::new(Some(changed)),
            count,
            properties: Arc::new(PlanProperties::new(
                EquivalenceProperties::new(schema),
                Partitioning::UnknownPartitioning(1),
                EmissionType::Final,
                Boundedness::Bounded,
            )),
        }))
    }

    fn apply(&self) -> Result<()> {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut data = self.table.lock();
        let (Some(changed), true) = (changed, data.version == self.version) else {
            return exec_err!(
                "table {} was changed meanwhile; run the statement again",
                self.table.name
            );
        };
        let mut partitions = Vec::with_capacity(changed.len());
        for rows in changed {
            let (batches, reserved) = rows.into_parts();
            take_over(&data.reservation, reserved);
            partitions.push(batches);
        }
        // Old rows are gone but for what the new ones share with them.
        data.partitions = partitions;
        let mut counted = Counted::default();
        let bytes = data.partitions.iter().flatten().map(|b| counted.add(b)).sum();
        data.reservation.resize(bytes);
        data.version += 1;
        Ok(())
    }
}

impl fmt::Debug for ChangeExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeExec({}, {} rows)", self.table.name, self.count)
    }
}

impl DisplayAs for ChangeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeExec: table={}", self.table.name)
    }
}

impl ExecutionPlan for ChangeExec {
    fn name(&self) -> &str {
        "ChangeExec"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(self.properties.eq_properties.schema())
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.apply()?;
        let count: ArrayRef = Arc::new(UInt64Array::from(vec![self.count]));
        let batch = RecordBatch::try_new(self.schema(), vec![count])?;
        let stream = futures::stream::iter([Ok(batch)]);
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}
