//! Arguments of relation functions.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchemaRef, Result, ScalarValue, plan_datafusion_err, plan_err};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::sqlparser::ast::{
    Array, Expr as Ast, FunctionArg, FunctionArgExpr, Query, SetExpr, TableFactor, UnaryOperator,
};
use radsql_udfs::doc::Doc;
use radsql_udfs::options::RadsqlOptions;
use radsql_udfs::survival::options::Options;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The query and the named arguments of one call. Each is taken once.
pub struct Arguments {
    doc: &'static Doc,
    input: LogicalPlan,
    named: BTreeMap<String, Ast>,
    /// Columns that have a role, and are no covariates.
    used: Vec<Column>,
}

impl Arguments {
    /// Reads the arguments of a call and plans its query.
    pub fn parse(doc: &'static Doc, args: &[FunctionArg], context: &mut dyn RelationPlannerContext) -> Result<Self> {
        let name = doc.name;
        let (mut input, mut named) = (None, BTreeMap::new());
        for arg in args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) if input.is_none() => {
                    input = Some(plan_input(doc, e, context)?)
                }
                FunctionArg::Named {
                    name: key,
                    arg: FunctionArgExpr::Expr(e),
                    ..
                } => {
                    let key = key.value.to_lowercase();
                    if named.insert(key.clone(), e.clone()).is_some() {
                        return plan_err!("{name}: argument {key} stands twice");
                    }
                }
                FunctionArg::ExprNamed {
                    name: Ast::Identifier(key),
                    arg: FunctionArgExpr::Expr(e),
                    ..
                } => {
                    named.insert(key.value.to_lowercase(), e.clone());
                }
                other => {
                    return plan_err!(
                        "{name}: expected {}; did not understand '{other}' (arguments have names)",
                        doc.syntax
                    );
                }
            }
        }
        let known: Vec<&str> = doc.arguments.iter().skip(1).map(|(name, _)| *name).collect();
        if let Some(key) = named.keys().find(|k| !known.contains(&k.as_str())) {
            return plan_err!(
                "{name}: there is no argument '{key}'; the arguments are {}",
                known.join(", ")
            );
        }
        match input {
            Some(input) => Ok(Self {
                doc,
                input,
                named,
                used: vec![],
            }),
            None => plan_err!("{name}: expected {}; the query is missing", doc.syntax),
        }
    }

    /// The query's plan.
    pub fn input(&self) -> &LogicalPlan {
        &self.input
    }

    fn schema(&self) -> DFSchemaRef {
        Arc::clone(self.input.schema())
    }

    fn fail<T>(&self, message: &str) -> Result<T> {
        plan_err!("{}: {message}", self.doc.name)
    }

    /// A column that must be given.
    pub fn column(&mut self, key: &str, context: &mut dyn RelationPlannerContext) -> Result<Expr> {
        match self.optional_column(key, context)? {
            Some(e) => Ok(e),
            None => self.fail(&format!("argument {key} is missing; expected {}", self.doc.syntax)),
        }
    }

    /// A column that may be given.
    pub fn optional_column(&mut self, key: &str, context: &mut dyn RelationPlannerContext) -> Result<Option<Expr>> {
        match self.named.remove(key) {
            Some(ast) => Ok(Some(self.resolve_column(key, ast, context)?)),
            None => Ok(None),
        }
    }

    /// A column or a list of columns; empty when not given.
    pub fn columns(&mut self, key: &str, context: &mut dyn RelationPlannerContext) -> Result<Vec<Expr>> {
        match self.named.remove(key) {
            None => Ok(vec![]),
            Some(Ast::Array(Array { elem, .. })) => elem
                .into_iter()
                .map(|ast| self.resolve_column(key, ast, context))
                .collect(),
            Some(ast) => Ok(vec![self.resolve_column(key, ast, context)?]),
        }
    }

    fn resolve_column(&mut self, key: &str, ast: Ast, context: &mut dyn RelationPlannerContext) -> Result<Expr> {
        let schema = self.schema();
        let text = ast.to_string();
        let expr = context.sql_to_expr(ast, &schema).map_err(|e| {
            let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).take(20).collect();
            // DataFusion's own list of columns, in the lines behind the first, may be of any length.
            let message = e.strip_backtrace();
            let reason = message
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("Schema error: ")
                .trim_end_matches('.');
            plan_datafusion_err!(
                "{}: {key} => {text}: {reason}; the query has {}",
                self.doc.name,
                known.join(", ")
            )
        })?;
        expr.column_refs().into_iter().for_each(|c| self.used.push(c.clone()));
        Ok(expr)
    }

    /// Columns of the query that no argument has taken, in their order.
    pub fn rest(&self) -> Vec<Expr> {
        let columns = self.input.schema().columns();
        columns
            .into_iter()
            .filter(|c| !self.used.contains(c))
            .map(Expr::Column)
            .collect()
    }

    /// As [`Arguments::rest`], for covariates: at least one.
    pub fn covariates(&self) -> Result<Vec<Expr>> {
        let rest = self.rest();
        if rest.is_empty() {
            return self.fail("the query has no column left for a covariate");
        }
        Ok(rest)
    }

    fn literal(&mut self, key: &str, context: &mut dyn RelationPlannerContext) -> Result<Option<ScalarValue>> {
        let Some(ast) = self.named.remove(key) else {
            return Ok(None);
        };
        let text = ast.to_string();
        let (negative, ast) = match ast {
            Ast::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => (true, *expr),
            other => (false, other),
        };
        match context.sql_to_expr(ast, &self.schema()) {
            Ok(Expr::Literal(v, _)) if negative => Ok(Some(v.arithmetic_negate()?)),
            Ok(Expr::Literal(v, _)) => Ok(Some(v)),
            _ => self.fail(&format!("{key} must be a literal; found {text}")),
        }
    }

    /// A number that may be given.
    pub fn number(&mut self, key: &str, context: &mut dyn RelationPlannerContext) -> Result<Option<f64>> {
        let Some(v) = self.literal(key, context)? else {
            return Ok(None);
        };
        let cast = v.cast_to(&DataType::Float64);
        match (v.try_as_str().is_some(), cast) {
            (false, Ok(ScalarValue::Float64(Some(n)))) => Ok(Some(n)),
            _ => self.fail(&format!("{key} must be a number; found {v}")),
        }
    }

    /// A whole number that may be given.
    pub fn whole(&mut self, key: &str, context: &mut dyn RelationPlannerContext) -> Result<Option<u64>> {
        match self.literal(key, context)? {
            None => Ok(None),
            Some(ScalarValue::Int64(Some(n))) if n >= 0 => Ok(Some(n.unsigned_abs())),
            Some(ScalarValue::UInt64(Some(n))) => Ok(Some(n)),
            Some(v) => self.fail(&format!("{key} must be a whole number, 0 or more; found {v}")),
        }
    }

    /// Options of a statistic: the session's settings, and those arguments that stand in their place.
    pub fn options(&mut self, context: &mut dyn RelationPlannerContext) -> Result<Options> {
        let mut options = Options::of_session(&self.settings(context));
        if let Some(level) = self.number("conf_level", context)? {
            if !(level > 0.0 && level < 1.0) {
                return self.fail(&format!(
                    "conf_level must lie between 0 and 1, such as 0.95; found {level}"
                ));
            }
            options.conf_level = level;
        }
        if let Some(ties) = self.literal("ties", context)? {
            options.ties = match ties.try_as_str().flatten().map(str::parse) {
                Some(Ok(ties)) => ties,
                _ => return self.fail(&format!("ties must be 'efron' or 'breslow'; found {ties}")),
            };
        }
        Ok(options)
    }

    /// Settings of the session.
    pub fn settings(&self, context: &dyn RelationPlannerContext) -> RadsqlOptions {
        RadsqlOptions::of(context.context_provider().options())
    }
}

fn plan_input(doc: &Doc, e: &Ast, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    match e {
        Ast::Subquery(query) => {
            let derived = TableFactor::Derived {
                lateral: false,
                subquery: unwrap(query),
                alias: None,
                sample: None,
            };
            context.plan(derived)
        }
        Ast::Identifier(_) | Ast::CompoundIdentifier(_) => {
            plan_err!(
                "{}: this session does not resolve table names here; write (SELECT * FROM {e})",
                doc.name
            )
        }
        other => plan_err!(
            "{}: expected {}; found '{other}' in the place of the query",
            doc.name,
            doc.syntax
        ),
    }
}

/// `((SELECT ...))` is the query within.
fn unwrap(query: &Query) -> Box<Query> {
    match &*query.body {
        SetExpr::Query(inner) if query.order_by.is_none() && query.limit_clause.is_none() && query.with.is_none() => {
            unwrap(inner)
        }
        _ => Box::new(query.clone()),
    }
}
