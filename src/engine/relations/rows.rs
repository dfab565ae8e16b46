//! Relation functions that give the query's own rows again: split and unpivoted.

use super::Known;
use super::arguments::Arguments;
use crate::engine::bind::name_of;
use datafusion::common::{Column, Result, ScalarValue, UnnestOptions, plan_err};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, WindowFunctionDefinition, col, lit};
use radsql_udfs::survival::train_test_split;
use std::sync::Arc;

/// The column in which a list stands before it is taken apart.
const ANSWER: &str = "__radsql_answer";
/// And the one that stands beside each of its items.
const BESIDE: &str = "__radsql_beside";

/// A field of a struct.
fn field(of: Expr, name: &str) -> Expr {
    datafusion::functions::core::expr_fn::get_field(of, name)
}

/// An empty answer gives no row.
fn rows_only() -> UnnestOptions {
    UnnestOptions::new().with_preserve_nulls(false)
}

/// The names that users know arguments by.
pub fn names_of(args: &[Expr]) -> Vec<String> {
    args.iter().map(name_of).collect()
}

impl Known {
    pub(super) fn train_test_split(
        &self,
        a: &mut Arguments,
        c: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let id = a.column("id", c)?;
        let stratum = a
            .optional_column("stratify", c)?
            .unwrap_or_else(|| lit(ScalarValue::Null));
        let train = a.number("train", c)?.unwrap_or(0.7);
        if !(0.0..=1.0).contains(&train) {
            return plan_err!("train_test_split: train must be a fraction from 0 to 1; found {train}");
        }
        let seed = match a.whole("seed", c)? {
            Some(seed) => seed,
            None => a.settings(c).seed,
        };
        if a.input().schema().fields().iter().any(|f| f.name() == "split") {
            return plan_err!("train_test_split: the query has a column 'split' already; give it another name with AS");
        }
        let Some(function) = self.window.get(train_test_split::NAME) else {
            return plan_err!("train_test_split: not registered");
        };
        let args = vec![id, stratum, lit(train), lit(seed)];
        let definition = WindowFunctionDefinition::WindowUDF(Arc::clone(function));
        let call: Expr = WindowFunction::new(definition, args).into();
        let name = call.schema_name().to_string();
        let mut columns: Vec<Expr> = a.input().schema().columns().into_iter().map(Expr::Column).collect();
        columns.push(Expr::Column(Column::from_name(name)).alias("split"));
        LogicalPlanBuilder::from(a.input().clone())
            .window([call])?
            .project(columns)?
            .build()
    }

    pub(super) fn unpivot_features(
        &self,
        a: &mut Arguments,
        c: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let id = a.column("id", c)?;
        let label = name_of(&id);
        if ["feature", "value"].contains(&label.as_str()) {
            return plan_err!(
                "unpivot_features: the answer has a column '{label}' of its own; give the id another name with AS"
            );
        }
        let features = a.covariates()?;
        let Some(function) = self.scalar.get("feature_list") else {
            return plan_err!("unpivot_features: not registered");
        };
        // The id travels in a struct: DataFusion goes on to think that a key of the rows is a key of the items, and drops
        // what is sorted or grouped by behind it.
        let beside = datafusion::functions::core::expr_fn::named_struct(vec![lit("id"), id]).alias(BESIDE);
        let mut columns = vec![field(col(BESIDE), "id").alias(label)];
        columns.extend(["feature", "value"].map(|f| field(col(ANSWER), f).alias(f)));
        LogicalPlanBuilder::from(a.input().clone())
            .project([beside, function.call(features).alias(ANSWER)])?
            .unnest_columns_with_options(vec![ANSWER.into()], rows_only())?
            .project(columns)?
            .build()
    }
}
