//! Physical optimizer rule: operators that make many rows out of few let others run in between.
//!
//! DataFusion makes sources give way. A join makes millions of rows from a batch of its source without asking for another, and
//! all that time nobody can cancel it and nothing else runs on its thread.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use std::sync::Arc;

/// The rule.
#[derive(Debug)]
pub struct YieldOften;

fn multiplies(plan: &dyn ExecutionPlan) -> bool {
    let name = plan.name();
    name.ends_with("JoinExec") || name == "UnnestExec"
}

impl PhysicalOptimizerRule for YieldOften {
    fn name(&self) -> &str {
        "radsql_yield_often"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let wrapped = plan.transform_up(|node| match multiplies(&*node) {
            true => Ok(Transformed::yes(
                Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>
            )),
            false => Ok(Transformed::no(node)),
        });
        wrapped.map(|t| t.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}
