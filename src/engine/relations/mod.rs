//! The relation functions: `cox((query), time => c, ...)` in FROM.
//!
//! One that asks for a statistic is planned as a node of its own ([`node`]), the others as what DataFusion knows.

mod answer;
mod arguments;
mod collected;
mod execute;
mod node;
mod rows;
mod statistics;

use arguments::Arguments;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{LogicalPlan, ScalarUDF, WindowUDF};
use datafusion::sql::sqlparser::ast::{FunctionArg, TableFactor};
pub use execute::StatisticPlanner;
use radsql_udfs::relations::docs;
use radsql_udfs::survival::RELATIONS;
use std::collections::HashMap;
use std::sync::Arc;

/// Plans our relation functions.
#[derive(Debug)]
pub struct Relations {
    functions: Known,
}

/// The functions that plans are made of, by name.
#[derive(Debug)]
struct Known {
    scalar: HashMap<String, Arc<ScalarUDF>>,
    window: HashMap<String, Arc<WindowUDF>>,
}

impl Relations {
    /// A planner that builds plans from these functions.
    pub fn new(functions: &radsql_udfs::Functions) -> Self {
        Self {
            functions: Known {
                scalar: functions
                    .scalar
                    .iter()
                    .map(|f| (f.name().to_string(), Arc::new(f.clone())))
                    .collect(),
                window: functions
                    .window
                    .iter()
                    .map(|f| (f.name().to_string(), Arc::new(f.clone())))
                    .collect(),
            },
        }
    }
}

/// Whether a name is a relation function's.
pub fn is_relation(name: &str) -> bool {
    docs().any(|d| d.name == name)
}

impl RelationPlanner for Relations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let TableFactor::Table {
            name,
            args: Some(args),
            alias,
            ..
        } = &relation
        else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let function = name.to_string().to_lowercase();
        let Some(doc) = docs().find(|d| d.name == function) else {
            // No other function takes named arguments: this one is misspelt.
            if args.args.iter().any(|a| matches!(a, FunctionArg::Named { .. })) {
                let known: Vec<&str> = docs().map(|d| d.name).collect();
                return plan_err!(
                    "there is no relation function '{function}'; they are {}",
                    known.join(", ")
                );
            }
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let mut arguments = Arguments::parse(doc, &args.args, context)?;
        let plan = self.functions.plan(doc.name, &mut arguments, context)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan,
            alias.clone(),
        ))))
    }
}

impl Known {
    fn plan(
        &self,
        name: &str,
        arguments: &mut Arguments,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        if let Some(relation) = RELATIONS.iter().find(|r| r.doc.name == name) {
            return statistics::plan(relation, arguments, context);
        }
        match name {
            "train_test_split" => self.train_test_split(arguments, context),
            "unpivot_features" => self.unpivot_features(arguments, context),
            other => plan_err!("{other}: documented, and not planned"),
        }
    }
}
