//! Calls whose arguments alone make them too large, known before anything is computed.

use super::PlanLimits;
use datafusion::common::{Result, plan_err, resources_err};
use datafusion::logical_expr::{Expr, WindowFunctionDefinition};

/// Centroids of an approximate percentile: memory is taken for all of them at once.
const CENTROIDS: u64 = 10_000;

/// Whether one part of an expression asks for too much.
///
/// # Errors
/// What it asks for.
pub fn check(expr: &Expr, limits: &PlanLimits) -> Result<()> {
    match expr {
        Expr::AggregateFunction(call) => percentile(call.func.name(), &call.params.args),
        Expr::WindowFunction(call) => match &call.fun {
            WindowFunctionDefinition::AggregateUDF(f) => {
                percentile(f.name(), &call.params.args)?;
                if !limits.window_lists && matches!(f.name(), "array_agg" | "string_agg") {
                    return resources_err!(
                        "{} OVER (...) would make a list for each row, as long as there are rows; use GROUP BY, and join \
                         with it",
                        f.name()
                    );
                }
                Ok(())
            }
            WindowFunctionDefinition::WindowUDF(_) => Ok(()),
        },
        // Offsets of 64 bits let a batch grow beyond all memory, where others end it with an error.
        Expr::ScalarFunction(call)
            if !limits.large_types && matches!(call.func.name(), "arrow_cast" | "arrow_try_cast") =>
        {
            let target = match call.args.get(1) {
                Some(Expr::Literal(v, _)) => v.try_as_str().flatten(),
                _ => None,
            };
            if target.is_none_or(|t| t.contains("Large")) {
                return plan_err!("{} makes no types whose name begins with Large here", call.func.name());
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The last argument of an approximate percentile is how exact it is.
fn percentile(function: &str, args: &[Expr]) -> Result<()> {
    let position = match function {
        "approx_percentile_cont" => 2,
        "approx_percentile_cont_with_weight" => 3,
        _ => return Ok(()),
    };
    let Some(centroids) = args.get(position) else {
        return Ok(());
    };
    let number = match centroids {
        Expr::Literal(v, _) => v.to_string().parse::<u64>().ok(),
        _ => None,
    };
    match number {
        Some(1..=CENTROIDS) => Ok(()),
        _ => plan_err!("{function}: the number of centroids is written as a number from 1 to {CENTROIDS}"),
    }
}
