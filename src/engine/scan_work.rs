//! `EXPLAIN ANALYZE` tells what functions did on scans.
//!
//! DataFusion has metrics of operators and none of functions, and its rules for physical plans do not see that a plan is to be
//! analyzed: the session's query planner calls this. Above each operator that calls functions on scans stands a node of
//! ours, in such plans alone. While it polls its input the functions that are begun count for it ([`Watch`]), so that each
//! operator has numbers of its own, whatever else the query extracts. For each function it shows
//!
//! - `_scans`, scans that it was asked for, and `_scans_read`, those whose files were read;
//! - `_features_computed` and `_features_from_cache`;
//! - the seconds of its stages, summed over threads: `_reading`, `_filtering`, `_computing`, `_waiting_for_memory`
//!   ([`radsql_udfs::tally::Stage`] says what belongs to which).
//!
//! The same node listens to which scans functions are asked for, where a database keeps that with a table ([`Asked`]).

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::analyze::AnalyzeExec;
use datafusion::physical_plan::async_func::AsyncFuncExec;
use datafusion::physical_plan::metrics::{Count, Metric, MetricType, MetricValue, MetricsSet, Time};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{Stream, StreamExt};
use radsql_udfs::scan::Asked;
use radsql_udfs::tally::{STAGES, Watch};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

/// The plan, with nodes that tell what functions did on scans where it is of an `EXPLAIN ANALYZE`.
///
/// # Errors
/// That of rewriting the plan.
pub fn tell_scan_work(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    if !plan.is::<AnalyzeExec>() {
        return Ok(plan);
    }
    above_functions(plan, || Observer::Work(Arc::default()))
}

/// The plan, with nodes that keep which scans its functions are asked for.
///
/// # Errors
/// That of rewriting the plan.
pub fn keep_references(plan: Arc<dyn ExecutionPlan>, asked: &Arc<Asked>) -> Result<Arc<dyn ExecutionPlan>> {
    above_functions(plan, || Observer::References(Arc::clone(asked)))
}

fn above_functions(plan: Arc<dyn ExecutionPlan>, observer: impl Fn() -> Observer) -> Result<Arc<dyn ExecutionPlan>> {
    let observed = plan.transform_up(|node| match node.is::<AsyncFuncExec>() {
        true => Ok(Transformed::yes(Arc::new(ScanWorkExec {
            input: node,
            observer: observer(),
        }) as Arc<dyn ExecutionPlan>)),
        false => Ok(Transformed::no(node)),
    });
    observed.map(|t| t.data)
}

/// What is seen while functions are called.
#[derive(Debug, Clone)]
enum Observer {
    /// What they do, each node's own.
    Work(Arc<Watch>),
    /// Which scans they are asked for, in the whole plan.
    References(Arc<Asked>),
}

impl Observer {
    fn over<T>(&self, work: impl FnOnce() -> T) -> T {
        match self {
            Self::Work(watch) => watch.over(work),
            Self::References(asked) => asked.over(work),
        }
    }
}

/// Its input, and what is seen of the functions that it calls.
#[derive(Debug)]
struct ScanWorkExec {
    input: Arc<dyn ExecutionPlan>,
    observer: Observer,
}

impl DisplayAs for ScanWorkExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScanWorkExec")
    }
}

impl ExecutionPlan for ScanWorkExec {
    fn name(&self) -> &str {
        "ScanWorkExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) => Ok(Arc::new(Self {
                input,
                observer: self.observer.clone(),
            })),
            None => Ok(self),
        }
    }

    fn metrics(&self) -> Option<MetricsSet> {
        let Observer::Work(watch) = &self.observer else {
            return None;
        };
        let mut set = MetricsSet::new();
        let mut push = |value| set.push(Arc::new(Metric::new(value, None).with_type(MetricType::Summary)));
        for (function, tally) in watch.tallies() {
            let mut count = |what: &str, counter: &AtomicU64| {
                let count = Count::new();
                count.add(usize::try_from(counter.load(Ordering::Relaxed)).unwrap_or(usize::MAX));
                push(MetricValue::Count {
                    name: format!("{function}_{what}").into(),
                    count,
                });
            };
            count("scans", &tally.scans);
            count("scans_read", &tally.scans_read);
            count("features_computed", &tally.features);
            count("features_from_cache", &tally.cached_features);
            for stage in STAGES {
                let time = Time::new();
                // As with DataFusion's own, a stage that was never entered shows 1ns.
                time.add_duration(tally.time(stage));
                push(MetricValue::Time {
                    name: format!("{function}_{}", stage.name()).into(),
                    time,
                });
            }
        }
        Some(set)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        Ok(Box::pin(Watching {
            inner: self.input.execute(partition, context)?,
            observer: self.observer.clone(),
        }))
    }
}

struct Watching {
    inner: SendableRecordBatchStream,
    observer: Observer,
}

impl Stream for Watching {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let observer = self.observer.clone();
        observer.over(|| self.inner.poll_next_unpin(cx))
    }
}

impl RecordBatchStream for Watching {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }
}
