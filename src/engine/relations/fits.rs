//! Cox models.

use super::Known;
use super::arguments::Arguments;
use super::rows::{field, names_of, rows_only};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col, lit};
use radsql_udfs::survival::options::Options;
use radsql_udfs::survival::{cox, univariate_cox};

/// The column in which the whole answer stands before it is taken apart.
pub const ANSWER: &str = "__radsql_answer";

impl Known {
    pub(super) fn cox(&self, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let fit = self.fit("cox", a, c)?;
        let terms = field(col(ANSWER), "terms").alias("__radsql_terms");
        let plan = LogicalPlanBuilder::from(fit)
            .project([terms, field(col(ANSWER), "warning").alias("warning")])?
            .unnest_columns_with_options(vec!["__radsql_terms".into()], rows_only())?;
        let mut columns: Vec<Expr> = ["term", "coef", "hr", "hr_lower", "hr_upper", "se", "z", "p"]
            .map(|name| field(col("__radsql_terms"), name).alias(name))
            .into();
        columns.push(col("warning"));
        plan.project(columns)?.build()
    }

    pub(super) fn cox_summary(&self, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let fit = self.fit("cox", a, c)?;
        let mut columns = vec![];
        for f in cox::fit_fields().iter().filter(|f| f.name() != "terms") {
            let value = field(col(ANSWER), f.name());
            match f.data_type() {
                DataType::Struct(parts) => columns.extend(
                    parts
                        .iter()
                        .map(|p| field(value.clone(), p.name()).alias(format!("{}_{}", f.name(), p.name()))),
                ),
                _ => columns.push(value.alias(f.name())),
            }
        }
        LogicalPlanBuilder::from(fit).project(columns)?.build()
    }

    pub(super) fn univariate_cox(&self, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let fit = self.fit("univariate_cox", a, c)?;
        let columns: Vec<Expr> = univariate_cox::row_fields()
            .iter()
            .map(|f| field(col(ANSWER), f.name()).alias(f.name()))
            .collect();
        LogicalPlanBuilder::from(fit)
            .unnest_columns_with_options(vec![ANSWER.into()], rows_only())?
            .project(columns)?
            .build()
    }

    /// One row with the answer of a fit on every column that has no other role.
    fn fit(&self, name: &str, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let mut args = vec![a.column("time", c)?, a.column("event", c)?];
        let start = if name == "cox" {
            a.optional_column("start", c)?
        } else {
            None
        };
        let strata = a.columns("strata", c)?;
        let mut options = a.options(c)?;
        args.extend(a.covariates()?);
        options.start = start.is_some();
        options.strata = strata.len();
        args.extend(start);
        args.extend(strata);
        options.names = names_of(&args);
        self.statistic(name, options, args, vec![], a)
    }

    /// The answer of a statistic over the query, a row a group.
    pub(super) fn statistic(
        &self,
        name: &str,
        options: Options,
        args: Vec<Expr>,
        groups: Vec<Expr>,
        a: &Arguments,
    ) -> Result<LogicalPlan> {
        let Some(function) = self.aggregate.get(&format!("radsql_{name}")) else {
            return plan_err!("{name}: not registered");
        };
        let call = function
            .call(std::iter::once(lit(options.to_text())).chain(args).collect())
            .alias(ANSWER);
        LogicalPlanBuilder::from(a.input().clone())
            .aggregate(groups, [call])?
            .build()
    }
}
