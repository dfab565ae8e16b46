//! Optimizer rule: scans that a filter drops are not worked on.
//!
//! DataFusion moves the fields of a struct towards the table, past filters, because that is cheap as a rule. Where the struct
//! comes from an extraction it is anything but cheap, and a scan that the query leaves out could fail it. This rule moves
//! such filters below the extraction again. And where one filter has conditions on the table and conditions on features,
//! features would be computed for every row before any condition is looked at: it becomes two.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::async_udf::AsyncScalarUDF;
use datafusion::logical_expr::utils::{conjunction, split_conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, Projection};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use std::collections::HashMap;
use std::sync::Arc;

/// The rule.
#[derive(Debug)]
pub struct FilterFirst;

impl OptimizerRule for FilterFirst {
    fn name(&self) -> &str {
        "radsql_filter_first"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Filter(filter) = plan else {
            return Ok(Transformed::no(plan));
        };
        if let Some((scans, others)) = divided(&filter.predicate)? {
            let below = LogicalPlan::Filter(Filter::try_new(others, filter.input)?);
            return Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(
                scans,
                Arc::new(below),
            )?)));
        }
        let projection = match filter.input.as_ref() {
            LogicalPlan::Projection(p) if below_is_scan_work(filter.input.as_ref())? => p.clone(),
            _ => return Ok(Transformed::no(LogicalPlan::Filter(filter))),
        };
        let passed = columns_passed_on(&projection);
        let (mut below, mut above) = (vec![], vec![]);
        for predicate in split_conjunction_owned(filter.predicate.clone()) {
            let movable = predicate.column_refs().iter().all(|c| passed.contains_key(*c));
            if movable {
                below.push(renamed(predicate, &passed)?)
            } else {
                above.push(predicate)
            }
        }
        let Some(below) = conjunction(below) else {
            return Ok(Transformed::no(LogicalPlan::Filter(filter)));
        };
        let input = LogicalPlan::Filter(Filter::try_new(below, Arc::clone(&projection.input))?);
        let schema = Arc::clone(&projection.schema);
        let moved = LogicalPlan::Projection(Projection::try_new_with_schema(
            projection.expr,
            Arc::new(input),
            schema,
        )?);
        Ok(Transformed::yes(match conjunction(above) {
            Some(rest) => LogicalPlan::Filter(Filter::try_new(rest, Arc::new(moved))?),
            None => moved,
        }))
    }
}

/// The conditions that work on scans and those that do not, where there are both.
fn divided(predicate: &Expr) -> Result<Option<(Expr, Expr)>> {
    let (mut scans, mut others) = (vec![], vec![]);
    for condition in split_conjunction(predicate) {
        let side = if does_scan_work(condition)? {
            &mut scans
        } else {
            &mut others
        };
        side.push(condition.clone());
    }
    Ok(conjunction(scans).zip(conjunction(others)))
}

/// Whether a projection, or one right below it, works on scans.
fn below_is_scan_work(plan: &LogicalPlan) -> Result<bool> {
    let LogicalPlan::Projection(p) = plan else {
        return Ok(false);
    };
    for e in &p.expr {
        if does_scan_work(e)? {
            return Ok(true);
        }
    }
    below_is_scan_work(&p.input)
}

fn does_scan_work(e: &Expr) -> Result<bool> {
    let mut found = false;
    e.apply(|e| {
        found |= matches!(e, Expr::ScalarFunction(f) if f.func.inner().downcast_ref::<AsyncScalarUDF>().is_some());
        Ok(if found {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })?;
    Ok(found)
}

/// Columns of a projection that are columns of its input, perhaps under another name.
fn columns_passed_on(p: &Projection) -> HashMap<Column, Column> {
    let pairs = p.expr.iter().zip(p.schema.columns());
    pairs
        .filter_map(|(e, name)| match e.clone().unalias_nested().data {
            Expr::Column(c) => Some((name, c)),
            _ => None,
        })
        .collect()
}

fn renamed(e: Expr, to: &HashMap<Column, Column>) -> Result<Expr> {
    let renamed = e.transform_up(|e| match &e {
        Expr::Column(c) => match to.get(c) {
            Some(below) if below != c => Ok(Transformed::yes(Expr::Column(below.clone()))),
            _ => Ok(Transformed::no(e)),
        },
        _ => Ok(Transformed::no(e)),
    })?;
    Ok(renamed.data)
}
