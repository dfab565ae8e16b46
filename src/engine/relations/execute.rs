//! How a statistic is run: rows are collected, grouped, and each group's answer becomes rows.

use super::answer::{Answer, Output};
use super::collected::Collected;
use super::node::{Question, Statistic, Typed};
use crate::engine::lake::{Pins, pinned_to};
use crate::engine::limits::plan::check_constants;
use crate::engine::limits::values::executing;
use crate::engine::scan_work::tell_scan_work;
use async_trait::async_trait;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt64Array, new_empty_array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{cast, concat, take};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, TableReference, exec_err, internal_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::TaskContext;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan, TableType, UserDefinedLogicalNodeCore};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt};
use radsql_udfs::options::RadsqlOptions;
use radsql_udfs::scan::ScanRuntime;
use radsql_udfs::survival::columns::Table;
use radsql_udfs::survival::options::Options;
use radsql_udfs::survival::{interruptible, watched};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Plans queries with statistics in them: these become tables that a session's own planner can read.
#[derive(Debug, Clone)]
pub struct StatisticPlanner {
    /// The session's own.
    pub inner: Arc<dyn QueryPlanner + Send + Sync>,
    /// Counts the steps of what takes long.
    pub runtime: Arc<ScanRuntime>,
}

#[async_trait]
impl QueryPlanner for StatisticPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        // All tables of a database are read at one snapshot.
        let pins = session.config().get_extension::<Pins>().as_deref().cloned();
        pinned_to(pins.unwrap_or_default(), self.planned(plan, session)).await
    }
}

impl StatisticPlanner {
    async fn planned(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let executing = executing(session);
        let session = match &executing {
            Some(own) => {
                check_constants(plan)?;
                own as &dyn Session
            }
            None => session,
        };
        let mut found = false;
        plan.apply_with_subqueries(|node| {
            found |= statistic(node).is_some();
            Ok(if found {
                TreeNodeRecursion::Stop
            } else {
                TreeNodeRecursion::Continue
            })
        })?;
        if !found {
            return tell_scan_work(self.inner.create_physical_plan(plan, session).await?);
        }
        let plan = plan.clone().transform_down_with_subqueries(|node| {
            let Some(statistic) = statistic(&node) else {
                return Ok(Transformed::no(node));
            };
            let answers = Answers {
                statistic: statistic.clone(),
                planner: self.clone(),
            };
            Ok(Transformed::yes(LogicalPlan::TableScan(TableScan {
                // As EXPLAIN shows it.
                table_name: TableReference::bare(statistic.question.to_string()),
                projected_schema: Arc::clone(statistic.schema()),
                source: provider_as_source(Arc::new(answers)),
                projection: None,
                filters: vec![],
                fetch: None,
                statistics_requests: Default::default(),
            })))
        })?;
        tell_scan_work(self.inner.create_physical_plan(&plan.data, session).await?)
    }
}

fn statistic(plan: &LogicalPlan) -> Option<&Statistic> {
    match plan {
        LogicalPlan::Extension(e) => e.node.as_any().downcast_ref(),
        _ => None,
    }
}

/// A statistic's answers as a table.
#[derive(Debug)]
struct Answers {
    statistic: Statistic,
    planner: StatisticPlanner,
}

#[async_trait]
impl TableProvider for Answers {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.statistic.schema().inner())
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    /// The table is read whole: it takes the place of its statistic when no rule will look for less any more.
    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Statistic {
            question, input, terms, ..
        } = &self.statistic;
        if projection.is_some() {
            return internal_err!("a statistic is not asked for a part of its answer");
        }
        let mut children = vec![self.planner.create_physical_plan(input, session).await?];
        if let Some(terms) = terms {
            children.push(self.planner.create_physical_plan(terms, session).await?);
        }
        let Typed { by, arguments, columns } = question.over(input.schema())?;
        let settings = RadsqlOptions::of(session.config_options());
        Ok(Arc::new(StatisticExec {
            question: Arc::clone(question),
            options: Arc::new(question.options.clone().in_session(&settings)),
            children,
            by,
            arguments,
            outputs: columns.into_iter().map(|(output, _)| output).collect(),
            properties: Arc::new(PlanProperties::new(
                EquivalenceProperties::new(self.schema()),
                Partitioning::UnknownPartitioning(1),
                EmissionType::Final,
                Boundedness::Bounded,
            )),
            metrics: ExecutionPlanMetricsSet::new(),
            runtime: Arc::clone(&self.planner.runtime),
        }))
    }
}

/// Collects the rows of its query and answers, a group after the other in the groups' order.
#[derive(Debug, Clone)]
struct StatisticExec {
    question: Arc<Question>,
    options: Arc<Options>,
    /// The rows, and the names of terms where they are asked for.
    children: Vec<Arc<dyn ExecutionPlan>>,
    by: Vec<usize>,
    arguments: Vec<Option<(usize, DataType)>>,
    outputs: Vec<Output>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    runtime: Arc<ScanRuntime>,
}

impl DisplayAs for StatisticExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "StatisticExec: {}", self.question)
    }
}

impl ExecutionPlan for StatisticExec {
    fn name(&self) -> &str {
        "StatisticExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    /// Statistics do not depend on the order of rows, to the last bit.
    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition; self.children.len()]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.children.iter().collect()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let mut with = Arc::unwrap_or_clone(self);
        with.children = children;
        Ok(Arc::new(with))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut children = self.children.iter();
        let (Some(rows), terms) = (children.next(), children.next()) else {
            return internal_err!("a statistic without its query");
        };
        let schema = rows.schema();
        let expected = StatisticsContext::new().compute(rows.as_ref(), &StatisticsArgs::new())?;
        let expected = expected.num_rows.get_value().copied().unwrap_or(0);
        let mut rows = rows.execute(0, Arc::clone(&context))?;
        let terms = terms.map(|t| t.execute(0, Arc::clone(&context))).transpose()?;
        let consumer = MemoryConsumer::new(self.question.function);
        let reservation = consumer.register(context.memory_pool());
        let output_rows = MetricBuilder::new(&self.metrics).output_rows(partition);
        let elapsed = MetricBuilder::new(&self.metrics).elapsed_compute(partition);
        let stop = Arc::new(AtomicBool::new(false));
        let answering = Answering {
            question: Arc::clone(&self.question),
            options: Arc::clone(&self.options),
            outputs: self.outputs.clone(),
            schema: self.schema(),
            stop: Arc::clone(&stop),
            runtime: Arc::clone(&self.runtime),
        };
        let (by, arguments) = (self.by.clone(), self.arguments.clone());
        let answers = async move {
            // A query that nobody waits for any more ends where its computation next looks.
            let _stops = StopOnDrop(stop);
            let terms = match terms {
                Some(terms) => Some(list_of_terms(terms).await?),
                None => None,
            };
            let mut collected = Collected::new(&schema, arguments, by, expected, reservation)?;
            while let Some(batch) = rows.try_next().await? {
                let _timer = elapsed.timer();
                collected.push(&batch)?;
            }
            drop(rows);
            // A fit may take long, and other queries go on meanwhile.
            let answered = SpawnedTask::spawn_blocking(move || {
                let _timer = elapsed.timer();
                answering.all(collected, terms)
            });
            let answered = answered.join_unwind().await;
            let (batch, reservation) = answered.map_err(|e| DataFusionError::External(Box::new(e)))??;
            output_rows.add(batch.num_rows());
            // The answer is accounted until it has been taken.
            drop(reservation);
            Ok(batch)
        };
        let stream = futures::stream::once(answers).boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The names of a query as one list; NULL when it has no row.
async fn list_of_terms(mut terms: SendableRecordBatchStream) -> Result<ArrayRef> {
    let mut parts: Vec<ArrayRef> = vec![];
    let mut rows = 0;
    while let Some(batch) = terms.try_next().await? {
        rows += batch.num_rows();
        let column = batch.column(0);
        if column.data_type().is_nested() {
            let lists = cast(column, &DataType::new_list(DataType::Utf8, true))?;
            let lists = lists.as_list::<i32>();
            parts.extend((0..lists.len()).filter(|i| lists.is_valid(*i)).map(|i| lists.value(i)));
        } else {
            parts.push(cast(column, &DataType::Utf8)?);
        }
    }
    let names = match parts.is_empty() {
        true => new_empty_array(&DataType::Utf8),
        false => concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?,
    };
    let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
    let there = (rows == 0).then(|| vec![false].into());
    let lengths = OffsetBuffer::from_lengths([names.len()]);
    Ok(Arc::new(ListArray::try_new(item, lengths, names, there)?))
}

/// From collected rows to the rows of the answer.
struct Answering {
    question: Arc<Question>,
    options: Arc<Options>,
    outputs: Vec<Output>,
    schema: SchemaRef,
    stop: Arc<AtomicBool>,
    runtime: Arc<ScanRuntime>,
}

impl Answering {
    /// One batch, however long: DataFusion deals batches out to its threads, and rows would lose their order.
    fn all(&self, collected: Collected, terms: Option<ArrayRef>) -> Result<(RecordBatch, MemoryReservation)> {
        let definition = self.question.definition;
        let (mut groups, reservation) = collected.into_groups(terms)?;
        let mut answers = Vec::with_capacity(groups.len());
        for group in 0..groups.len() {
            if self.stop.load(Ordering::Relaxed) {
                return exec_err!("{}: cancelled", self.question.function);
            }
            let table = Table::new(definition.name, groups.take(group)?, &self.options);
            let evaluate = || watched(&self.runtime.work.steps, || (definition.evaluate)(table, &self.options));
            let answer = interruptible(&self.stop, evaluate);
            let Ok(answer) = answer else {
                return exec_err!("{}: cancelled", self.question.function);
            };
            answers.push(Answer::of(answer?, self.question.gives)?);
        }
        let labels = std::mem::take(&mut groups.labels);
        drop(groups);
        reservation.free();
        let batch = self.batch(answers, &labels)?;
        reservation.try_grow(batch.get_array_memory_size())?;
        Ok((batch, reservation))
    }

    fn batch(&self, answers: Vec<Answer>, labels: &[ArrayRef]) -> Result<RecordBatch> {
        let rows = answers.iter().map(Answer::rows).sum();
        let groups = (0..).zip(&answers);
        let groups = groups.flat_map(|(group, answer)| std::iter::repeat_n(group, answer.rows()));
        let groups: Option<UInt64Array> = (!labels.is_empty()).then(|| UInt64Array::from_iter_values(groups));
        let mut columns = Vec::with_capacity(self.outputs.len());
        for (output, field) in self.outputs.iter().zip(self.schema.fields()) {
            if let (Output::Group(i), Some(groups)) = (output, &groups) {
                columns.push(take(&labels[*i], groups, None)?);
                continue;
            }
            let parts = answers.iter().map(|answer| answer.column(output));
            let mut parts = parts.collect::<Result<Vec<_>>>()?;
            columns.push(match parts.len() {
                0 => new_empty_array(field.data_type()),
                1 => parts.remove(0),
                _ => concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}
