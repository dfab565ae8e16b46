//! Curves, medians, tests and concordance: statistics that may be asked for by group.

use super::Known;
use super::arguments::Arguments;
use super::fits::ANSWER;
use super::rows::{field, names_of, unnest_answer};
use datafusion::arrow::datatypes::Fields;
use datafusion::common::{Column, Result, plan_err};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col};
use radsql_udfs::survival::{concordance, kaplan_meier, log_rank, median_survival};

impl Known {
    pub(super) fn concordance(&self, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let args = vec![a.column("time", c)?, a.column("event", c)?, a.column("score", c)?];
        self.by_group("concordance", args, &concordance::row_fields(), false, a, c)
    }

    pub(super) fn kaplan_meier(&self, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let args = vec![a.column("time", c)?, a.column("event", c)?];
        self.by_group("kaplan_meier", args, &kaplan_meier::row_fields(), true, a, c)
    }

    pub(super) fn median_survival(&self, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let args = vec![a.column("time", c)?, a.column("event", c)?];
        self.by_group("median_survival", args, &median_survival::row_fields(), false, a, c)
    }

    pub(super) fn log_rank(&self, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let mut args = vec![a.column("time", c)?, a.column("event", c)?, a.column("by", c)?];
        let strata = a.columns("strata", c)?;
        let mut options = a.options(c)?;
        options.rho = a.number("rho", c)?.unwrap_or(0.0);
        options.strata = strata.len();
        args.extend(strata);
        options.names = names_of(&args);
        let plan = self.statistic("log_rank", options, args, vec![], a)?;
        let columns = fields_of_answer(&log_rank::test_fields());
        LogicalPlanBuilder::from(plan).project(columns)?.build()
    }

    fn by_group(
        &self,
        name: &str,
        args: Vec<Expr>,
        answer: &Fields,
        is_list: bool,
        a: &mut Arguments,
        c: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let by = a.columns("by", c)?;
        let mut options = a.options(c)?;
        options.names = names_of(&args);
        let labels: Vec<String> = names_of(&by);
        if let Some(clash) = labels.iter().find(|l| answer.iter().any(|f| f.name() == *l)) {
            return plan_err!(
                "{name}: the answer has a column '{clash}' of its own; give the one in by another name with AS"
            );
        }
        let plan = self.statistic(name, options, args, by, a)?;
        let groups: Vec<Column> = plan.schema().columns().into_iter().take(labels.len()).collect();
        let groups = groups.into_iter().map(Expr::Column);
        let (plan, mut columns) = if is_list {
            unnest_answer(plan, groups.collect(), &labels)?
        } else {
            (
                LogicalPlanBuilder::from(plan),
                groups.zip(&labels).map(|(g, label)| g.alias(label)).collect(),
            )
        };
        columns.extend(fields_of_answer(answer));
        let plan = plan.project(columns)?.build()?;
        // Groups in their order, and a curve in the order of time: aggregation gives neither.
        let order = labels.len() + usize::from(is_list);
        if labels.is_empty() {
            return Ok(plan);
        }
        let order: Vec<_> = plan
            .schema()
            .columns()
            .into_iter()
            .take(order)
            .map(|c| Expr::Column(c).sort(true, false))
            .collect();
        LogicalPlanBuilder::from(plan).sort(order)?.build()
    }
}

fn fields_of_answer(answer: &Fields) -> Vec<Expr> {
    answer
        .iter()
        .map(|f| field(col(ANSWER), f.name()).alias(f.name()))
        .collect()
}
