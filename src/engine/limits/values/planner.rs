//! Structs and maps as they are written, `{'a': 1}` and `MAP {'a': 1}`, made by bounded functions: a type that doubles
//! with every table defined WITH must be refused while the statement is planned, which walks through types.

use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawDictionaryExpr};
use datafusion::logical_expr::{Expr, ScalarUDF};
use std::collections::HashMap;
use std::sync::Arc;

/// Plans what is written with the functions of the session, where DataFusion takes its own.
#[derive(Debug)]
pub struct BoundedPlanner(pub HashMap<String, Arc<ScalarUDF>>);

impl BoundedPlanner {
    fn call(&self, function: &str, args: Vec<Expr>) -> PlannerResult<Vec<Expr>> {
        match self.0.get(function) {
            Some(f) => {
                let func = Arc::clone(f);
                PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction { func, args }))
            }
            None => PlannerResult::Original(args),
        }
    }
}

impl ExprPlanner for BoundedPlanner {
    fn plan_dictionary_literal(
        &self,
        expr: RawDictionaryExpr,
        _: &DFSchema,
    ) -> Result<PlannerResult<RawDictionaryExpr>> {
        let Some(func) = self.0.get("named_struct").cloned() else {
            return Ok(PlannerResult::Original(expr));
        };
        let args = expr
            .keys
            .into_iter()
            .zip(expr.values)
            .flat_map(|(k, v)| [k, v])
            .collect();
        Ok(PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction {
            func,
            args,
        })))
    }

    fn plan_struct_literal(&self, args: Vec<Expr>, is_named: bool) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(self.call(if is_named { "named_struct" } else { "struct" }, args))
    }

    fn plan_make_map(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        let Some(make_array) = self.0.get("make_array").filter(|_| args.len().is_multiple_of(2)) else {
            return Ok(PlannerResult::Original(args));
        };
        let (mut keys, mut values) = (vec![], vec![]);
        for (i, arg) in args.into_iter().enumerate() {
            if i % 2 == 0 { &mut keys } else { &mut values }.push(arg);
        }
        let array = |args| {
            let func = Arc::clone(make_array);
            Expr::ScalarFunction(ScalarFunction { func, args })
        };
        Ok(self.call("map", vec![array(keys), array(values)]))
    }
}
