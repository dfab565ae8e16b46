//! Analyzer rule: makes our functions say all they mean.
//!
//! A call as users write it depends on the session (settings) and on names (columns become terms of a model). The rule
//! writes both into the call, so that the plan means the same wherever and whenever it runs.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFunctionDefinition, lit};
use datafusion::optimizer::AnalyzerRule;
use radsql_udfs::options::RadsqlOptions;
use radsql_udfs::radiomics::radiomics::Radiomics;
use radsql_udfs::survival::statistic::Statistic;
use std::collections::HashMap;
use std::sync::Arc;

/// The rule, with the forms of our functions that carry what they mean.
#[derive(Debug)]
pub struct BindFunctions {
    scalar: HashMap<String, Arc<ScalarUDF>>,
}

const BOUND: &str = "radsql_";

impl BindFunctions {
    /// A rule that binds to those of `functions` whose name begins with `radsql_`.
    pub fn new(functions: &radsql_udfs::Functions) -> Self {
        let scalar = functions.scalar.iter();
        Self {
            scalar: scalar
                .filter_map(|f| Some((f.name().strip_prefix(BOUND)?.to_string(), Arc::new(f.clone()))))
                .collect(),
        }
    }

    fn bind(&self, expr: Expr, settings: &RadsqlOptions) -> Result<Transformed<Expr>> {
        match expr {
            Expr::ScalarFunction(call) => self.bind_scalar(call),
            Expr::AggregateFunction(call) => match bound(&call.func, &call.params.args, settings, false) {
                Some(func) => Ok(Transformed::yes(Expr::AggregateFunction(AggregateFunction {
                    func,
                    ..call
                }))),
                None => Ok(Transformed::no(Expr::AggregateFunction(call))),
            },
            Expr::WindowFunction(mut call) => {
                let with_options = match &call.fun {
                    WindowFunctionDefinition::AggregateUDF(f) => bound(f, &call.params.args, settings, true),
                    WindowFunctionDefinition::WindowUDF(_) => None,
                };
                let changed = with_options.is_some();
                if let Some(function) = with_options {
                    call.fun = WindowFunctionDefinition::AggregateUDF(function);
                }
                Ok(Transformed::new_transformed(Expr::WindowFunction(call), changed))
            }
            other => Ok(Transformed::no(other)),
        }
    }

    fn bind_scalar(&self, call: ScalarFunction) -> Result<Transformed<Expr>> {
        let Some(bound) = self.scalar.get(call.func.name()) else {
            return Ok(Transformed::no(Expr::ScalarFunction(call)));
        };
        let mut args = call.args;
        if let Some(radiomics) = call.func.inner().downcast_ref::<Radiomics>() {
            let literal = args.get(2).map(|e| match e {
                Expr::Literal(v, _) => Some(v),
                _ => None,
            });
            let parsed = radiomics.settings(literal)?;
            args.truncate(2);
            args.push(lit(parsed.text));
        } else {
            // A model stands first in rad_score; its name does not count.
            let features = if call.func.name() == "rad_score" {
                args.get(1..)
            } else {
                args.get(..)
            };
            let names: Vec<String> = features.unwrap_or_default().iter().map(name_of).collect();
            args.insert(0, lit(serde_json::Value::from(names).to_string()));
        }
        Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(
            Arc::clone(bound),
            args,
        ))))
    }
}

/// A node with other expressions whose columns keep their names.
pub fn with_names(
    node: LogicalPlan,
    mut rewrite: impl FnMut(Expr) -> Result<Transformed<Expr>>,
) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&node);
    let rewritten = node.map_expressions(|e| {
        let name = names.save(&e);
        let e = rewrite(e)?;
        Ok(if e.transformed {
            e.update_data(|e| name.restore(e))
        } else {
            e
        })
    })?;
    if rewritten.transformed {
        rewritten.map_data(LogicalPlan::recompute_schema)
    } else {
        Ok(rewritten)
    }
}

/// A statistic with the options of this call; `None` where it has them, and for other functions.
fn bound(function: &AggregateUDF, args: &[Expr], settings: &RadsqlOptions, window: bool) -> Option<Arc<AggregateUDF>> {
    let definition = function.inner().downcast_ref::<Statistic>()?.unbound()?;
    let call = definition.positional(args.iter().map(name_of).collect());
    let mut options = call.in_session(settings);
    options.window = window;
    Some(Arc::new(Statistic::bound(definition, options)))
}

/// The name that a user would give to an argument: a column's, a field's, an alias.
pub fn name_of(expr: &Expr) -> String {
    match expr {
        Expr::Column(c) => c.name.clone(),
        Expr::Alias(a) => a.name.clone(),
        Expr::Cast(c) => name_of(&c.expr),
        Expr::TryCast(c) => name_of(&c.expr),
        Expr::ScalarFunction(f) if f.func.name() == "get_field" => match f.args.last() {
            Some(Expr::Literal(v, _)) => v.try_as_str().flatten().map_or_else(|| v.to_string(), String::from),
            _ => expr.schema_name().to_string(),
        },
        _ => expr.schema_name().to_string(),
    }
}

impl AnalyzerRule for BindFunctions {
    fn name(&self) -> &str {
        "radsql_bind_functions"
    }

    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        let settings = RadsqlOptions::of(config);
        let bound = plan
            .transform_up_with_subqueries(|node| with_names(node, |e| e.transform_up(|e| self.bind(e, &settings))))?;
        Ok(bound.data)
    }
}
