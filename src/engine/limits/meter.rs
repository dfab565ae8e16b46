//! Physical optimizer rule: watches rows on their way into steps that keep or multiply them without counting.
//!
//! DataFusion's window functions keep all rows of a partition, and no pool counts them. Joins and `unnest` copy a row as
//! often as it finds others, a whole batch at a time, whatever a row takes: texts of 200 kB in 100 columns make batches
//! of 160 GB of one row.

use super::values::{bytes_at, bytes_of};
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::JoinType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, internal_err, resources_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_expr::expressions::CaseExpr;
use datafusion::physical_expr::{HigherOrderFunctionExpr, PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
    SendableRecordBatchStream,
};
use datafusion::prelude::SessionContext;
use futures::{StreamExt, TryStreamExt};
use std::fmt;
use std::sync::Arc;

/// The rule. It runs last: others would not look through what it puts in.
#[derive(Debug)]
pub struct MeterRows {
    /// Bytes that a batch made of one row may take; no limit when there is none.
    pub batch: Option<u64>,
}

/// Its name.
pub const NAME: &str = "radsql_meter_rows";

/// Has a session count the rows that window functions keep, and refuse those that joins would make too much of.
pub fn install(context: &SessionContext, batch: Option<u64>) {
    let state = context.state_ref();
    let mut state = state.write();
    let session_id = state.session_id().to_string();
    let others = state.physical_optimizers().iter().filter(|r| r.name() != NAME);
    let mut rules: Vec<_> = others.cloned().collect();
    rules.push(Arc::new(MeterRows { batch }));
    *state = SessionStateBuilder::new_from_existing(state.clone())
        .with_session_id(session_id)
        .with_physical_optimizer_rules(rules)
        .build();
}

impl MeterRows {
    fn watches(&self, plan: &Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Vec<Watch>> {
        let mut watches = vec![];
        if plan.is::<WindowAggExec>() {
            watches.push(Watch::Kept);
        }
        let Some(batch) = self.batch else {
            return Ok(watches);
        };
        if let Some(unnest) = plan.downcast_ref::<UnnestExec>() {
            let lists = unnest.list_column_indices().iter().map(|l| l.index_in_input_schema);
            let lists = lists.collect();
            watches.push(Watch::Unnested { lists, batch });
        }
        let rows = (config.execution.batch_size.get() as u64).max(1);
        if multiplies(plan) {
            watches.push(Watch::Joined { rows, batch });
        }
        if let [child] = plan.children().as_slice() {
            let is_window = plan.is::<WindowAggExec>() || plan.is::<BoundedWindowAggExec>();
            let made = plan.schema();
            let mut made = made.fields().iter().skip(child.schema().fields().len());
            if is_window && made.any(|f| is_copied(f.data_type())) {
                let rows = plan.is::<BoundedWindowAggExec>().then_some(rows);
                watches.push(match rows {
                    Some(rows) => Watch::Joined { rows, batch },
                    None => Watch::Spread { batch },
                });
            }
            let copies = texts_made(plan)?;
            if copies > 1 {
                watches.push(Watch::Computed { copies, batch });
            }
        }
        Ok(watches)
    }
}

/// Whether a step is a join that may give a row many times.
fn multiplies(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let join = if plan.is::<CrossJoinExec>() {
        JoinType::Inner
    } else if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        *join.join_type()
    } else if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
        *join.join_type()
    } else if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>() {
        join.join_type()
    } else {
        return false;
    };
    matches!(
        join,
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full
    )
}

/// Whether values of a type are copied with their rows, and have no size of their own.
fn is_copied(data_type: &DataType) -> bool {
    let fixed = data_type.is_primitive() || matches!(data_type, DataType::Boolean | DataType::Null);
    // Views share what they look at.
    !fixed && !matches!(data_type, DataType::Utf8View | DataType::BinaryView)
}

/// How many texts and lists a step computes of each row.
fn texts_made(plan: &Arc<dyn ExecutionPlan>) -> Result<u64> {
    let mut made = 0;
    plan.apply_expressions(&mut |root| {
        root.apply(|e| {
            let is_made = match e.downcast_ref::<ScalarFunctionExpr>() {
                Some(function) => {
                    !function.return_type().is_primitive() && *function.return_type() != DataType::Boolean
                }
                None => e.is::<CaseExpr>() || e.is::<HigherOrderFunctionExpr>(),
            };
            made += u64::from(is_made);
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(made)
}

impl PhysicalOptimizerRule for MeterRows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let metered = plan.transform_up(|node| {
            let watches = self.watches(&node, config)?;
            if watches.is_empty() {
                return Ok(Transformed::no(node));
            }
            let children = node.children().into_iter().map(|child| {
                watches.iter().fold(Arc::clone(child), |child, watch| {
                    let watch = watch.clone();
                    Arc::new(MeterExec { child, watch })
                })
            });
            let children = children.collect();
            let same = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            Ok(Transformed::yes(node.replace_children(children, same)?))
        })?;
        Ok(metered.data)
    }

    fn name(&self) -> &str {
        NAME
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// What becomes of the rows.
#[derive(Debug, Clone)]
enum Watch {
    /// They are kept until all have been read.
    Kept,
    /// Each may fill a whole batch of so many rows.
    Joined { rows: u64, batch: u64 },
    /// Each may give its text to all rows that there are.
    Spread { batch: u64 },
    /// Each becomes as many as its longest list has elements.
    Unnested { lists: Vec<usize>, batch: u64 },
    /// So many texts are made of each at once.
    Computed { copies: u64, batch: u64 },
}

/// Hands rows on, and watches them.
#[derive(Debug, Clone)]
struct MeterExec {
    child: Arc<dyn ExecutionPlan>,
    watch: Watch,
}

impl DisplayAs for MeterExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeterExec")
    }
}

impl ExecutionPlan for MeterExec {
    fn name(&self) -> &str {
        "MeterExec"
    }

    fn schema(&self) -> SchemaRef {
        self.child.schema()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.child.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.child]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(child) if children.is_empty() => Ok(Arc::new(Self {
                child,
                watch: self.watch.clone(),
            })),
            _ => internal_err!("a meter has one child"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut seen = Seen {
            reservation: MemoryConsumer::new("window functions").register(context.memory_pool()),
            rows: 0,
            widest: 0,
        };
        let watch = self.watch.clone();
        let rows = self.child.execute(partition, context)?;
        let watched = rows.map(move |batch| watch.pass(batch?, &mut seen));
        let parts = watched.map_ok(|parts| {
            let heavy = parts.len() > 1;
            futures::stream::iter(parts).then(move |part| async move {
                // Each may take seconds: a query that is stopped ends between two.
                if heavy {
                    tokio::task::yield_now().await;
                }
                Ok(part)
            })
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            parts.try_flatten(),
        )))
    }
}

/// What is known of the rows so far.
struct Seen {
    reservation: MemoryReservation,
    rows: u128,
    /// Bytes of the largest row.
    widest: u128,
}

impl Watch {
    /// The rows, maybe in parts.
    fn pass(&self, batch: RecordBatch, seen: &mut Seen) -> Result<Vec<RecordBatch>> {
        match self {
            Self::Kept => {
                let bytes: u128 = batch.columns().iter().map(bytes_of).sum();
                // They are put into one batch in the end.
                seen.reservation
                    .try_grow(usize::try_from(2 * bytes).unwrap_or(usize::MAX))?;
                Ok(vec![batch])
            }
            Self::Joined { rows, batch: limit } => {
                let widest: u128 = batch.columns().iter().map(widest).sum();
                if widest.saturating_mul(u128::from(*rows)) > u128::from(*limit) {
                    return resources_err!(
                        "a row of {widest} bytes of text and lists is too large to be repeated in whole batches; SET \
                         datafusion.execution.batch_size = {}, or select fewer columns",
                        (u128::from(*limit) / widest).max(1)
                    );
                }
                Ok(vec![batch])
            }
            Self::Spread { batch: limit } => {
                seen.widest = seen.widest.max(batch.columns().iter().map(widest).sum());
                seen.rows += batch.num_rows() as u128;
                if seen.widest.saturating_mul(seen.rows) > u128::from(*limit) {
                    return resources_err!(
                        "a text or list of {} bytes is too large to be repeated in each row of a window; use GROUP BY, and \
                         join with it",
                        seen.widest
                    );
                }
                Ok(vec![batch])
            }
            Self::Unnested { lists, batch: limit } => {
                let cost = |row: usize| {
                    let columns = batch.columns().iter().enumerate();
                    let (longest, rest) =
                        columns.fold((1, 0), |(longest, rest), (i, column)| match lists.contains(&i) {
                            true => (length_at(column, row).max(longest), rest),
                            false => (longest, rest + bytes_at(column, row)),
                        });
                    (rest, longest)
                };
                parts(&batch, "unnest", cost, *limit)
            }
            Self::Computed { copies, batch: limit } => {
                let texts = batch.columns().iter().filter(|c| !c.data_type().is_primitive());
                let texts: Vec<&ArrayRef> = texts.collect();
                let copies = u128::from(*copies);
                let all: u128 = texts.iter().map(|c| bytes_of(c)).sum();
                if all * copies <= u128::from(*limit) / 4 {
                    return Ok(vec![batch]);
                }
                let cost = |row: usize| (texts.iter().map(|c| bytes_at(c, row)).sum(), copies);
                parts(&batch, "the statement", cost, *limit)
            }
        }
    }
}

/// Cuts rows so that each part makes no more than a quarter of `limit` bytes of rows. `cost` tells the bytes of a row,
/// and how often they are copied.
fn parts(
    batch: &RecordBatch,
    what: &str,
    cost: impl Fn(usize) -> (u128, u128),
    limit: u64,
) -> Result<Vec<RecordBatch>> {
    let limit = u128::from(limit);
    let (mut parts, mut begin, mut bytes) = (vec![], 0, 0_u128);
    for row in 0..batch.num_rows() {
        let (size, copies) = cost(row);
        let one = size.saturating_mul(copies);
        if one > limit {
            return resources_err!(
                "{what} would copy a row of {size} bytes {copies} times at once; select fewer columns or functions of it"
            );
        }
        if bytes + one > limit / 4 && row > begin {
            parts.push(batch.slice(begin, row - begin));
            (begin, bytes) = (row, 0);
        }
        bytes += one;
    }
    parts.push(batch.slice(begin, batch.num_rows() - begin));
    Ok(parts)
}

fn length_at(column: &ArrayRef, row: usize) -> u128 {
    if column.is_null(row) {
        return 0;
    }
    match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().value_length(row) as u128,
        DataType::LargeList(_) => column.as_list::<i64>().value_length(row) as u128,
        DataType::FixedSizeList(_, n) => u128::try_from(*n).unwrap_or(0),
        _ => 1,
    }
}

/// Bytes of the largest value of a column whose values have no size of their own, and are copied with their row.
fn widest(column: &ArrayRef) -> u128 {
    if !is_copied(column.data_type()) {
        return 0;
    }
    // Most columns are small as a whole.
    if bytes_of(column) < 1 << 16 {
        return 0;
    }
    (0..column.len()).map(|row| bytes_at(column, row)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Int64Array, ListArray, StringArray};
    use datafusion::arrow::datatypes::Int64Type;
    use datafusion::common::DataFusionError;
    use datafusion::execution::memory_pool::{MemoryPool, UnboundedMemoryPool};

    #[test]
    fn rows_are_cut_by_what_they_become() {
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>((0..4).map(|_| Some(vec![Some(1); 100])));
        let texts = StringArray::from(vec!["a".repeat(100); 4]);
        let lists_and_texts =
            RecordBatch::try_from_iter([("l", Arc::new(lists) as ArrayRef), ("t", Arc::new(texts) as ArrayRef)])
                .unwrap();
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let pass = |batch: &RecordBatch, watch: Watch| {
            let mut seen = Seen {
                reservation: MemoryConsumer::new("test").register(&pool),
                rows: 0,
                widest: 0,
            };
            let parts = watch.pass(batch.clone(), &mut seen)?;
            Ok::<_, DataFusionError>(parts.iter().map(RecordBatch::num_rows).collect::<Vec<_>>())
        };
        let rows = |batch| pass(&lists_and_texts, Watch::Unnested { lists: vec![0], batch });
        assert_eq!(rows(1 << 20).unwrap(), [4]);
        assert_eq!(rows(80_000).unwrap(), [2, 2]);
        assert_eq!(rows(12_000).unwrap(), [1, 1, 1, 1]);
        assert!(rows(9_999).is_err());
        let nothing = lists_and_texts.slice(0, 0);
        assert_eq!(pass(&nothing, Watch::Computed { copies: 2, batch: 1 }).unwrap(), [0]);
        // Two functions of 100 letters and 100 numbers each.
        let rows = |batch| pass(&lists_and_texts, Watch::Computed { copies: 2, batch });
        assert_eq!(rows(1 << 20).unwrap(), [4]);
        assert_eq!(rows(16_000).unwrap(), [2, 2]);
        assert!(rows(1_000).is_err());
        assert!(
            pass(
                &lists_and_texts,
                Watch::Joined {
                    rows: 10,
                    batch: 1 << 20
                }
            )
            .is_ok()
        );
    }

    #[test]
    fn the_widest_text_counts() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a".repeat(100_000), "b".into()]));
        assert_eq!(widest(&texts), 100_000);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1; 100_000]));
        assert_eq!(widest(&numbers), 0);
    }
}
