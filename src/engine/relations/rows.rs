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

/// A field of a struct.
fn field(of: Expr, name: &str) -> Expr {
    datafusion::functions::core::expr_fn::get_field(of, name)
}

/// An empty answer gives no row.
fn rows_only() -> UnnestOptions {
    UnnestOptions::new().with_preserve_nulls(false)
}

/// A row for each item of the list `ANSWER`, and the expressions that give the columns beside it under `labels`.
///
/// The columns travel in a struct: DataFusion goes on to think that a key of the rows (the columns of GROUP BY, say) is a
/// key of the items, and drops what is sorted or grouped by behind it.
fn unnest_answer(plan: LogicalPlan, columns: Vec<Expr>, labels: &[String]) -> Result<(LogicalPlanBuilder, Vec<Expr>)> {
    const BESIDE: &str = "__radsql_beside";
    if columns.is_empty() {
        let rows = LogicalPlanBuilder::from(plan).unnest_columns_with_options(vec![ANSWER.into()], rows_only())?;
        return Ok((rows, vec![]));
    }
    let names: Vec<String> = (0..columns.len()).map(|i| i.to_string()).collect();
    let fields = names
        .iter()
        .zip(columns)
        .flat_map(|(name, column)| [lit(name), column])
        .collect();
    let beside = datafusion::functions::core::expr_fn::named_struct(fields).alias(BESIDE);
    let rows = LogicalPlanBuilder::from(plan)
        .project([beside, col(ANSWER)])?
        .unnest_columns_with_options(vec![ANSWER.into()], rows_only())?;
    let columns = names
        .iter()
        .zip(labels)
        .map(|(name, label)| field(col(BESIDE), name).alias(label))
        .collect();
    Ok((rows, columns))
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
        let lists = LogicalPlanBuilder::from(a.input().clone())
            .project([id.alias(&label), function.call(features).alias(ANSWER)])?
            .build()?;
        let (rows, mut columns) = unnest_answer(lists, vec![col(Column::from_name(&label))], &[label])?;
        columns.extend(["feature", "value"].map(|f| field(col(ANSWER), f).alias(f)));
        rows.project(columns)?.build()
    }
}
