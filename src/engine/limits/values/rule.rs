//! Analyzer rule: puts bounded functions into plans. Some calls never pass the session's registry: `[a, b]`, `a || b`.

use super::Bounded;
use super::join::takes;
use crate::engine::bind::with_names;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, ScalarUDF};
use datafusion::optimizer::AnalyzerRule;
use std::collections::HashMap;
use std::sync::Arc;

/// The rule, with the functions by the names of those that they stand for.
#[derive(Debug)]
pub struct BoundValues {
    pub bounded: HashMap<String, Arc<ScalarUDF>>,
    /// Puts texts together, as `||` does.
    pub text: Arc<ScalarUDF>,
}

impl BoundValues {
    fn bind(&self, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        match expr {
            Expr::ScalarFunction(mut call) => {
                let bounded = self.bounded.get(call.func.name());
                let Some(bounded) = bounded.filter(|_| !call.func.inner().is::<Bounded>()) else {
                    return Ok(Transformed::no(Expr::ScalarFunction(call)));
                };
                call.func = Arc::clone(bounded);
                Ok(Transformed::yes(Expr::ScalarFunction(call)))
            }
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::StringConcat,
                right,
            }) => {
                // Both sides have one type here. That of the right is found soon in a chain.
                if !takes(&right.get_type(schema)?) {
                    let op = Operator::StringConcat;
                    return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })));
                }
                // `a || b || c` is one call: each text is copied once, and a chain is not as deep as it is long.
                let mut args = match *left {
                    Expr::ScalarFunction(call) if Arc::ptr_eq(&call.func, &self.text) => call.args,
                    other => vec![other],
                };
                match *right {
                    Expr::ScalarFunction(call) if Arc::ptr_eq(&call.func, &self.text) => args.extend(call.args),
                    other => args.push(other),
                }
                let func = Arc::clone(&self.text);
                Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })))
            }
            other => Ok(Transformed::no(other)),
        }
    }
}

impl AnalyzerRule for BoundValues {
    fn name(&self) -> &str {
        "radsql_bound_values"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let bound = plan.transform_up_with_subqueries(|node| {
            let mut schema = merge_schema(&node.inputs());
            if let LogicalPlan::TableScan(scan) = &node {
                schema.merge(&DFSchema::try_from_qualified_schema(
                    scan.table_name.clone(),
                    &scan.source.schema(),
                )?);
            }
            with_names(node, |e| e.transform_up(|e| self.bind(e, &schema)))
        })?;
        Ok(bound.data)
    }
}
