//! What a plan may hold, looked at before anything optimizes it.
//!
//! A plan shares parts: a view or a table defined WITH is one object wherever it stands. Optimizing takes them apart, and
//! puts the expressions of a projection into the conditions above it, so what is small here can grow without end there.
//! All is counted as often as it is reached, and counting stops at the limit.

use super::calls;
use super::expansion::NESTED;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion, TreeNodeVisitor};
use datafusion::common::{Result, resources_datafusion_err, resources_err};
use datafusion::logical_expr::{Distinct, Expr, FetchType, LogicalPlan};
use std::collections::HashMap;

/// The most that a plan may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanLimits {
    /// Steps: scans, joins, filters.
    pub nodes: usize,
    /// Steps on one another.
    pub depth: usize,
    /// Joins in all.
    pub joins: usize,
    /// Parts of expressions in all.
    pub expressions: usize,
    /// Parts of expressions by how deep each of them is, and columns by columns: the time that planning takes.
    pub work: u64,
    /// Columns of one step.
    pub columns: usize,
    /// Columns of all steps together, and parts of their types.
    pub fields: usize,
    /// Parts of one condition, with every name in it replaced by what it stands for.
    pub condition: u64,
    /// Bytes of text written in the statement that each of many rows repeats.
    pub constants: u64,
    /// Whether `array_agg(...) OVER (...)` is possible, which makes a list for each row.
    pub window_lists: bool,
    /// Whether texts and lists with offsets of 64 bits may be made.
    pub large_types: bool,
    /// Bytes of a batch that a join or `unnest` may make of one row, again and again.
    pub batch: u64,
    /// Bytes that every value of a type takes, whatever it is.
    pub fixed_width: u64,
}

impl PlanLimits {
    /// For statements that others send: no plan takes more than some seconds to make.
    pub fn served() -> Self {
        Self {
            nodes: 10_000,
            joins: 250,
            window_lists: false,
            large_types: false,
            work: 100_000_000,
            ..Self::default()
        }
    }
}

impl Default for PlanLimits {
    /// For those who wait for their own statement.
    fn default() -> Self {
        Self {
            nodes: 20_000,
            depth: 12_000,
            joins: 12_000,
            expressions: 2_000_000,
            work: 1_000_000_000,
            columns: 20_000,
            fields: 5_000_000,
            condition: 100_000,
            constants: 128 << 10,
            window_lists: true,
            batch: 1 << 30,
            large_types: true,
            fixed_width: 1 << 20,
        }
    }
}

/// Whether a plan that no rule has changed yet holds no more than it may.
///
/// # Errors
/// `ResourcesExhausted`, with what it has too much of.
pub fn check(plan: &LogicalPlan, limits: &PlanLimits) -> Result<()> {
    Check {
        limits,
        nodes: 0,
        joins: 0,
        expressions: 0,
        work: 0,
        fields: 0,
        nested: 0,
    }
    .plan(plan)
    .map(drop)
}

/// Whether a plan that is optimized repeats no more text in its rows than it may: constants that functions have made are
/// in it now.
///
/// # Errors
/// As [`check`].
pub fn check_constants(plan: &LogicalPlan) -> Result<()> {
    let constants_alone = PlanLimits {
        nodes: usize::MAX,
        depth: usize::MAX,
        joins: usize::MAX,
        expressions: usize::MAX,
        work: u64::MAX,
        columns: usize::MAX,
        fields: usize::MAX,
        condition: u64::MAX,
        ..PlanLimits::default()
    };
    check(plan, &constants_alone)
}

/// What a column stands for, when it is more than one part.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    parts: u64,
    /// Bytes of text in it.
    text: u64,
}

/// Columns that stand for more than themselves. Names without their tables: of two with one name the heavier counts.
type Weights = HashMap<String, Weight>;

struct Check<'a> {
    limits: &'a PlanLimits,
    nodes: usize,
    joins: usize,
    expressions: usize,
    work: u64,
    fields: usize,
    /// Queries in expressions that the present one stands in.
    nested: usize,
}

enum Step<'a> {
    Enter(&'a LogicalPlan, usize),
    /// The weights of this many inputs are known.
    Leave(&'a LogicalPlan, usize),
}

impl Check<'_> {
    /// What the columns of a plan stand for. Without recursion of its own: plans are deep.
    fn plan(&mut self, plan: &LogicalPlan) -> Result<Weights> {
        let mut steps = vec![Step::Enter(plan, 1)];
        let mut known: Vec<Weights> = vec![];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(plan, depth) => {
                    self.enter(plan, depth)?;
                    let inputs = plan.inputs();
                    steps.push(Step::Leave(plan, inputs.len()));
                    steps.extend(inputs.into_iter().map(|p| Step::Enter(p, depth + 1)));
                }
                Step::Leave(plan, inputs) => {
                    // The last input is left first.
                    let mut inputs = known.split_off(known.len().saturating_sub(inputs));
                    inputs.reverse();
                    let weights = self.weigh(plan, inputs)?;
                    known.push(weights);
                }
            }
        }
        Ok(known.pop().unwrap_or_default())
    }

    /// A query in an expression.
    fn subquery(&mut self, plan: &LogicalPlan) -> Result<()> {
        if self.nested >= NESTED {
            return resources_err!(
                "queries in expressions stand more than {NESTED} deep in one another once views and tables defined WITH \
                 are put in their places; make tables of them with CREATE TABLE ... AS"
            );
        }
        self.nested += 1;
        let columns = self.plan(plan)?;
        self.nested -= 1;
        // `a IN (SELECT b ...)` becomes a join on what b stands for.
        columns.values().try_for_each(|weight| self.condition(weight.parts))
    }

    fn enter(&mut self, plan: &LogicalPlan, depth: usize) -> Result<()> {
        let limits = self.limits;
        self.nodes += 1;
        if self.nodes > limits.nodes || depth > limits.depth {
            return resources_err!(
                "the statement has more than {} steps once its views and tables defined WITH are put in their places; \
                 make tables of them with CREATE TABLE ... AS",
                limits.nodes.min(limits.depth)
            );
        }
        self.joins += usize::from(matches!(plan, LogicalPlan::Join(_)));
        if self.joins > limits.joins {
            return resources_err!(
                "the statement has more than {} joins; make tables of some of them with CREATE TABLE ... AS",
                limits.joins
            );
        }
        let fields = plan.schema().fields();
        if fields.len() > limits.columns {
            return resources_err!(
                "a part of the statement has {} columns and may have {}; put values of one kind into an array, or rows",
                fields.len(),
                limits.columns
            );
        }
        for field in fields {
            self.data_type(field.data_type())?;
        }
        // Names are looked up among all others, for each of them.
        let width = fields.len() as u64;
        self.work(width * width / 8)
    }

    fn work(&mut self, steps: u64) -> Result<()> {
        self.work = self.work.saturating_add(steps);
        if self.expressions > self.limits.expressions || self.work > self.limits.work {
            return resources_err!(
                "the expressions of the statement are too long, or its columns too many; make tables of parts of it, and \
                 use IN (...) or concat(...) for long chains of operators"
            );
        }
        Ok(())
    }

    /// Counts the parts of a type, and refuses one whose every value is huge.
    fn data_type(&mut self, data_type: &DataType) -> Result<()> {
        let limits = self.limits;
        let mut left = limits.fields.saturating_sub(self.fields);
        let width = measure(data_type, &mut left);
        self.fields = limits.fields - left;
        if left == 0 {
            return resources_err!(
                "the steps of the statement have more than {} columns and fields together; select fewer in its parts",
                limits.fields
            );
        }
        refuse_width(width, limits.fixed_width)
    }

    /// Counts the expressions of a step, and tells what its columns stand for.
    fn weigh(&mut self, plan: &LogicalPlan, mut inputs: Vec<Weights>) -> Result<Weights> {
        // What stands behind positions is of use in a UNION alone.
        if let LogicalPlan::Union(union) = plan {
            let mut weights = Weights::new();
            for (input, known) in union.inputs.iter().zip(&inputs) {
                if known.is_empty() {
                    continue;
                }
                for (own, out) in input.schema().fields().iter().zip(plan.schema().fields()) {
                    if let Some(weight) = known.get(own.name()) {
                        heavier(&mut weights, out.name(), *weight);
                    }
                }
            }
            return Ok(weights);
        }
        let mut below = inputs.pop().unwrap_or_default();
        for other in inputs {
            for (name, weight) in other {
                heavier(&mut below, &name, weight);
            }
        }
        let mut out = match plan {
            LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(Distinct::On(_)) => {
                Weights::new()
            }
            _ => below.clone(),
        };
        let first = match plan {
            LogicalPlan::Window(w) => w.input.schema().fields().len(),
            _ => 0,
        };
        let is_named = matches!(
            plan,
            LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)
        );
        let mut position = first;
        let schema = plan.schema();
        let width = schema.fields().len();
        plan.apply_expressions(|e| {
            let before = self.expressions;
            let weight = self.expression(e, &below)?;
            let written = (self.expressions - before) as u64;
            match plan {
                // What rows are ordered and grouped by is put in its place as conditions are.
                LogicalPlan::Filter(_) | LogicalPlan::Join(_) | LogicalPlan::Sort(_) => {
                    self.condition(weight.parts.saturating_sub(written))?;
                }
                LogicalPlan::Values(_) if width > 0 => {
                    let field = schema.field(position % width);
                    if weight.text > 0 {
                        heavier(&mut out, field.name(), Weight { parts: 1, ..weight });
                    }
                }
                _ if is_named && position < width => {
                    // What aggregates and windows compute is never put into what stands above.
                    let computed = matches!(plan, LogicalPlan::Window(_))
                        || matches!(plan, LogicalPlan::Aggregate(a) if position >= a.group_expr.len());
                    if weight.text > 0 || (weight.parts > 2 && !computed) {
                        let parts = if computed { 1 } else { weight.parts };
                        heavier(&mut out, schema.field(position).name(), Weight { parts, ..weight });
                    }
                }
                _ => {}
            }
            position += 1;
            Ok(TreeNodeRecursion::Continue)
        })?;
        let text = out.values().fold(0_u64, |sum, w| sum.saturating_add(w.text));
        if text > self.limits.constants && !has_one_row(plan) {
            return resources_err!(
                "each row would repeat {text} bytes of text that the statement holds or makes; {} are possible: put the \
                 text into a table of its own",
                self.limits.constants
            );
        }
        Ok(out)
    }

    fn condition(&self, parts: u64) -> Result<()> {
        if parts > self.limits.condition {
            return resources_err!(
                "a condition or an order has more than {} parts once the names in it are replaced by what they stand for; \
                 make a table of the columns with CREATE TABLE ... AS, and use that",
                self.limits.condition
            );
        }
        Ok(())
    }

    fn expression(&mut self, expression: &Expr, below: &Weights) -> Result<Weight> {
        let mut counter = Counter {
            check: self,
            below,
            weight: Weight::default(),
            own: 0,
            depth: 0,
            deepest: 0,
        };
        expression.visit(&mut counter)?;
        let Counter {
            weight, own, deepest, ..
        } = counter;
        self.work(own.saturating_mul(deepest))?;
        Ok(weight)
    }
}

/// Counts the parts of an expression.
struct Counter<'a, 'b> {
    check: &'a mut Check<'b>,
    below: &'a Weights,
    weight: Weight,
    /// Parts, names counting as one.
    own: u64,
    depth: u64,
    deepest: u64,
}

impl<'n> TreeNodeVisitor<'n> for Counter<'_, '_> {
    type Node = Expr;

    fn f_down(&mut self, e: &'n Expr) -> Result<TreeNodeRecursion> {
        self.check.expressions += 1;
        self.own += 1;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        calls::check(e, self.check.limits)?;
        let weight = &mut self.weight;
        weight.parts = weight.parts.saturating_add(1);
        match e {
            Expr::Column(column) => {
                if let Some(w) = self.below.get(&column.name) {
                    weight.parts = weight.parts.saturating_add(w.parts);
                    weight.text = weight.text.saturating_add(w.text);
                }
            }
            Expr::Literal(value, _) => {
                let bytes = match value.try_as_str() {
                    Some(text) => text.map_or(0, str::len),
                    None => value.size(),
                };
                // Numbers and short words are no constants to speak of.
                if bytes > 64 {
                    weight.text = weight.text.saturating_add(bytes as u64);
                }
            }
            Expr::Cast(c) => self.check.data_type(c.field.data_type())?,
            Expr::TryCast(c) => self.check.data_type(c.field.data_type())?,
            Expr::ScalarSubquery(s) => self.check.subquery(&s.subquery)?,
            Expr::InSubquery(s) => self.check.subquery(&s.subquery.subquery)?,
            Expr::Exists(s) => self.check.subquery(&s.subquery.subquery)?,
            Expr::SetComparison(s) => self.check.subquery(&s.subquery.subquery)?,
            _ => {}
        }
        // The rest is counted by the caller, who knows the limit's words.
        Ok(if self.check.expressions > self.check.limits.expressions {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    }

    fn f_up(&mut self, _: &'n Expr) -> Result<TreeNodeRecursion> {
        self.depth -= 1;
        Ok(TreeNodeRecursion::Continue)
    }
}

fn heavier(weights: &mut Weights, name: &str, weight: Weight) {
    match weights.get_mut(name) {
        Some(known) => {
            known.parts = known.parts.max(weight.parts);
            known.text = known.text.max(weight.text);
        }
        None => _ = weights.insert(name.to_owned(), weight),
    }
}

/// Whether a plan has one row at most, as `SELECT 'a long text'`.
fn has_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::EmptyRelation(_) => true,
        LogicalPlan::Values(v) => v.values.len() <= 1,
        LogicalPlan::Projection(p) => has_one_row(&p.input),
        LogicalPlan::SubqueryAlias(a) => has_one_row(&a.input),
        LogicalPlan::Filter(f) => has_one_row(&f.input),
        LogicalPlan::Sort(s) => has_one_row(&s.input),
        LogicalPlan::Aggregate(a) => a.group_expr.is_empty(),
        LogicalPlan::Limit(l) => {
            matches!(l.get_fetch_type(), Ok(FetchType::Literal(Some(0 | 1)))) || has_one_row(&l.input)
        }
        // Values are as many as the text writes; statements are no rows.
        LogicalPlan::Explain(_)
        | LogicalPlan::Analyze(_)
        | LogicalPlan::Dml(_)
        | LogicalPlan::Ddl(_)
        | LogicalPlan::Copy(_)
        | LogicalPlan::Statement(_) => true,
        _ => false,
    }
}

/// Refuses a type whose every value takes too much, by what [`measure`] found.
fn refuse_width(width: u64, limit: u64) -> Result<()> {
    if width > limit {
        return Err(resources_datafusion_err!(
            "each value of a type would take {width} bytes, and may take {limit}; use a type without a size, or fewer fields"
        ));
    }
    Ok(())
}

/// Bytes that every value of a type takes, were it NULL. Takes the type's parts off `left`, and ends when none is left.
pub fn measure(data_type: &DataType, left: &mut usize) -> u64 {
    *left = left.saturating_sub(1);
    if *left == 0 {
        return 0;
    }
    match data_type {
        DataType::FixedSizeBinary(n) => u64::try_from(*n).unwrap_or(u64::MAX),
        DataType::FixedSizeList(f, n) => {
            measure(f.data_type(), left).saturating_mul(u64::try_from(*n).unwrap_or(u64::MAX))
        }
        DataType::Struct(fields) => fields
            .iter()
            .fold(0, |sum: u64, f| sum.saturating_add(measure(f.data_type(), left))),
        DataType::Union(fields, _) => fields
            .iter()
            .fold(0, |sum: u64, (_, f)| sum.saturating_add(measure(f.data_type(), left))),
        DataType::List(f)
        | DataType::LargeList(f)
        | DataType::ListView(f)
        | DataType::LargeListView(f)
        | DataType::Map(f, _) => {
            // A list holds as many as it holds, but each of them is of its own size.
            measure(f.data_type(), left).max(8)
        }
        DataType::Dictionary(_, v) => measure(v, left).max(8),
        DataType::RunEndEncoded(_, f) => measure(f.data_type(), left).max(8),
        _ => 8,
    }
}
