//! Analyzer rule: moves work on scans below the nodes that cannot do it.
//!
//! DataFusion runs asynchronous functions in projections and filters alone. `GROUP BY`, `ORDER BY`, aggregates and windows
//! over `radiomics(...)` need the features from a projection below them.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::async_udf::AsyncScalarUDF;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::AnalyzerRule;
use radsql_udfs::radiomics::feature_set;

/// The rule.
#[derive(Debug)]
pub struct HoistScans;

impl AnalyzerRule for HoistScans {
    fn name(&self) -> &str {
        "radsql_hoist_scans"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(hoist)?.data)
    }
}

fn hoist(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    if !matches!(
        node,
        LogicalPlan::Aggregate(_) | LogicalPlan::Window(_) | LogicalPlan::Sort(_)
    ) {
        return Ok(Transformed::no(node));
    }
    let Some(input) = node.inputs().first().map(|i| (*i).clone()) else {
        return Ok(Transformed::no(node));
    };
    let mut found: Vec<Expr> = vec![];
    let names = NamePreserver::new(&node);
    let original = node.schema().columns();
    let is_sort = matches!(node, LogicalPlan::Sort(_));
    let rewritten = node.map_expressions(|e| {
        let name = names.save(&e);
        let e = e.transform_down(|e| {
            if !is_scan_work(&e) {
                return Ok(Transformed::no(e));
            }
            let at = found.iter().position(|f| f == &e).unwrap_or_else(|| {
                found.push(e.clone());
                found.len() - 1
            });
            let column = Expr::Column(Column::from_name(hoisted_name(at)));
            Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
        })?;
        Ok(if e.transformed && !is_sort {
            e.update_data(|e| name.restore(e))
        } else {
            e
        })
    })?;
    if found.is_empty() {
        return Ok(Transformed::no(rewritten.data));
    }
    let mut columns: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
    columns.extend(found.into_iter().enumerate().map(|(i, e)| e.alias(hoisted_name(i))));
    let below = LogicalPlanBuilder::from(input).project(columns)?.build()?;
    let expressions = rewritten.data.expressions();
    let node = rewritten.data.with_new_exprs(expressions, vec![below])?;
    // A sort and a window hand their input's columns on: the hoisted ones end here.
    let node = if node.schema().columns() == original {
        node
    } else {
        LogicalPlanBuilder::from(node)
            .project(original.into_iter().map(Expr::Column))?
            .build()?
    };
    Ok(Transformed::yes(node))
}

fn hoisted_name(i: usize) -> String {
    format!("__radsql_scan_{i}")
}

/// An asynchronous call, or a field of one.
fn is_scan_work(e: &Expr) -> bool {
    let Expr::ScalarFunction(f) = e else { return false };
    if f.func.inner().downcast_ref::<AsyncScalarUDF>().is_some() {
        return true;
    }
    let takes_field = ["get_field", feature_set::NAME].contains(&f.func.name());
    takes_field && f.args.first().is_some_and(is_scan_work)
}
