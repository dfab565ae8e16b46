//! What lies in files as what the table says it is.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::{can_cast_types, cast};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, exec_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, cast as cast_to};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::ExecutionPlanProperties;
use datafusion::physical_plan::filter_pushdown::{FilterDescription, FilterPushdownPhase};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;
use std::fmt;
use std::fs::File;
use std::sync::Arc;

/// Gives columns the types that the table has in Arrow, and keeps the files from VACUUM.
#[derive(Debug)]
pub struct RestoreExec {
    input: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    reading: Arc<File>,
    properties: Arc<PlanProperties>,
}

impl RestoreExec {
    /// Batches of `input` with the columns of `schema`; `reading` is a lock that lives as long as the plan.
    pub fn new(input: Arc<dyn ExecutionPlan>, schema: SchemaRef, reading: Arc<File>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self {
            input,
            schema,
            reading,
            properties: Arc::new(properties),
        }
    }

    /// Whether columns pass as they are.
    fn is_plain(&self) -> bool {
        self.input.schema() == self.schema
    }
}

impl DisplayAs for RestoreExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match kind {
            DisplayFormatType::TreeRender => Ok(()),
            _ => f.write_str("RestoreExec"),
        }
    }
}

impl ExecutionPlan for RestoreExec {
    fn name(&self) -> &str {
        "RestoreExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema);
        if let Some(input) = inputs.first() {
            statistics.num_rows = input.num_rows;
        }
        Ok(Arc::new(statistics))
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => {
                let (schema, reading) = (Arc::clone(&self.schema), Arc::clone(&self.reading));
                Ok(Arc::new(Self::new(input, schema, reading)))
            }
            _ => exec_err!("RestoreExec has one input"),
        }
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        match self.is_plain() {
            true => FilterDescription::from_children(filters, &self.children()),
            false => Ok(FilterDescription::all_unsupported(&filters, &self.children())),
        }
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, task)?;
        let (schema, is_plain, reading) = (Arc::clone(&self.schema), self.is_plain(), Arc::clone(&self.reading));
        let restored = input.map(move |batch| {
            let (batch, _) = (batch?, &reading);
            if is_plain {
                return Ok(batch);
            }
            let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
                Ok(match column.data_type() == field.data_type() {
                    true => Arc::clone(column),
                    false => restored(column, field.data_type())?,
                })
            });
            let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(
                Arc::clone(&schema),
                columns,
                &options,
            )?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            restored,
        )))
    }
}

/// The type without views, from which there is a way to types that views do not become.
fn without_views(kind: &DataType) -> DataType {
    let field = |f: &Field| Arc::new(f.clone().with_data_type(without_views(f.data_type())));
    match kind {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(f) => DataType::List(field(f)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|f| field(f)).collect()),
        other => other.clone(),
    }
}

fn restored(column: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    Ok(match can_cast_types(column.data_type(), to) {
        true => cast(column, to)?,
        false => cast(&cast(column, &without_views(column.data_type()))?, to)?,
    })
}

/// An expression of a type of the files as one of the table's type.
pub fn restored_expression(e: Expr, from: &DataType, to: &DataType) -> Expr {
    match can_cast_types(from, to) {
        true => cast_to(e, to.clone()),
        false => cast_to(cast_to(e, without_views(from)), to.clone()),
    }
}
