//! Rule: an extraction computes only the features that are used.
//!
//! Within a node, all `get_field(extraction, 'name')` of one scan become fields of one extraction of just these names.
//! [`radsql_udfs::radiomics::feature_set`] takes the place of `get_field`, which DataFusion would push down again and so
//! multiply the extraction, or move it below a filter. A common-subexpression pass must follow.
//!
//! The rule runs twice: in the analyzer, on fields taken where the function is called, and at the end of the optimizer, on
//! those that DataFusion has brought to the call from outside a subquery or view.

use datafusion::arrow::array::StringArray;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDF, lit};
use datafusion::optimizer::{AnalyzerRule, ApplyOrder, OptimizerConfig, OptimizerRule};
use radsql_udfs::radiomics::{extract, feature_set};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The rule.
#[derive(Debug)]
pub struct PushFeatureSet {
    feature: Arc<ScalarUDF>,
}

impl Default for PushFeatureSet {
    fn default() -> Self {
        Self {
            feature: Arc::new(feature_set::function()),
        }
    }
}

/// An extraction and the name of the field taken from it.
fn as_field(e: &Expr) -> Option<(&ScalarFunction, &str)> {
    let Expr::ScalarFunction(get) = e else { return None };
    let ("get_field", [inner, Expr::Literal(name, _)]) = (get.func.name(), &get.args[..]) else {
        return None;
    };
    Some((as_extraction(inner)?, name.try_as_str().flatten()?))
}

/// An extraction whose features are still all that the settings ask for.
fn as_extraction(e: &Expr) -> Option<&ScalarFunction> {
    match e {
        Expr::ScalarFunction(f) if f.func.name() == extract::NAME && f.args.len() == 3 => Some(f),
        _ => None,
    }
}

impl OptimizerRule for PushFeatureSet {
    fn name(&self) -> &str {
        "radsql_push_feature_set"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        self.push(plan)
    }
}

impl AnalyzerRule for PushFeatureSet {
    fn name(&self) -> &str {
        "radsql_push_feature_set"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(|node| self.push(node))?.data)
    }
}

impl PushFeatureSet {
    /// Rewrites the expressions of one node.
    fn push(&self, plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        let mut wanted: HashMap<Vec<Expr>, BTreeSet<String>> = HashMap::new();
        let mut whole: HashSet<Vec<Expr>> = HashSet::new();
        plan.apply_expressions(|e| {
            e.apply(|e| {
                if let Some((extraction, field)) = as_field(e) {
                    wanted
                        .entry(extraction.args.clone())
                        .or_default()
                        .insert(field.to_string());
                    return Ok(TreeNodeRecursion::Jump);
                }
                if let Some(extraction) = as_extraction(e) {
                    whole.insert(extraction.args.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        // Where the struct is used whole as well, its fields come from that one extraction, by CSE.
        if wanted.is_empty() {
            return Ok(Transformed::no(plan));
        }
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|e| {
            let name = names.save(&e);
            let e = e.transform_down(|e| {
                let Some((extraction, field)) = as_field(&e) else {
                    return Ok(Transformed::no(e));
                };
                let mut args = extraction.args.clone();
                if let (Some(fields), false) = (wanted.get(&args), whole.contains(&args)) {
                    args.push(Expr::Literal(list(fields), None));
                }
                let inner = Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&extraction.func), args));
                let taken = ScalarFunction::new_udf(Arc::clone(&self.feature), vec![inner, lit(field)]);
                Ok(Transformed::new(
                    Expr::ScalarFunction(taken),
                    true,
                    TreeNodeRecursion::Jump,
                ))
            })?;
            Ok(if e.transformed {
                e.update_data(|e| name.restore(e))
            } else {
                e
            })
        })
    }
}

fn list(names: &BTreeSet<String>) -> ScalarValue {
    let array = StringArray::from_iter_values(names);
    SingleRowListArrayBuilder::new(Arc::new(array)).build_list_scalar()
}
