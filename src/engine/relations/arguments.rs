//! Arguments of relation functions.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, DFSchema, DFSchemaRef, Result, ScalarValue, plan_datafusion_err, plan_err};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datafusion::sql::sqlparser::ast::{
    Array, Expr as Ast, FunctionArg, FunctionArgExpr, Query, SetExpr, TableFactor, UnaryOperator,
};
use radsql_udfs::doc::Doc;
use radsql_udfs::options::{RadsqlOptions, listed};
use radsql_udfs::survival::relation::Setting;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The query and the named arguments of one call. Each is taken once.
pub struct Arguments {
    doc: &'static Doc,
    input: LogicalPlan,
    named: BTreeMap<String, Ast>,
    /// Columns that have a role, and are no covariates.
    used: Vec<Column>,
    /// The query of the terms' names, where it is given.
    terms: Option<LogicalPlan>,
    /// Names of the columns of the rows to predict for, where there are any.
    new: Option<Vec<String>>,
}

/// The column that tells the rows to predict for.
const NEW: &str = "__radsql_new";

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
                    let key = key.value.to_lowercase();
                    if named.insert(key.clone(), e.clone()).is_some() {
                        return plan_err!("{name}: argument {key} stands twice");
                    }
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
                terms: None,
                new: None,
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
            None => self.missing(key),
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
        if expr.column_refs().is_empty() {
            return self.fail(&format!(
                "{key} => {text} names no column{}",
                if matches!(expr, Expr::Literal(..)) {
                    "; columns stand there without quotes"
                } else {
                    ""
                }
            ));
        }
        let over_rows = |e: &Expr| Ok(matches!(e, Expr::AggregateFunction(_) | Expr::WindowFunction(_)));
        if expr.exists(over_rows)? {
            return self.fail(&format!(
                "{key} => {text} is over several rows; compute it in the query"
            ));
        }
        expr.column_refs().into_iter().for_each(|c| self.used.push(c.clone()));
        Ok(expr)
    }

    /// Columns of the query that no argument has taken, in their order.
    pub fn rest(&self) -> Vec<Expr> {
        let columns = self.input.schema().columns();
        columns
            .into_iter()
            .filter(|c| !self.used.contains(c) && c.name != NEW)
            .map(Expr::Column)
            .collect()
    }

    /// As [`Arguments::rest`], for covariates: at least one.
    pub fn covariates(&self) -> Result<Vec<Expr>> {
        let rest = self.rest();
        if rest.is_empty() {
            return self.fail("the query has no column left for a covariate");
        }
        self.in_new(&rest, "a covariate")?;
        Ok(rest)
    }

    /// Checks that the rows to predict for, where there are any, have all columns of these expressions.
    pub fn in_new(&self, columns: &[Expr], what: &str) -> Result<()> {
        let Some(new) = &self.new else { return Ok(()) };
        let mut used = columns.iter().flat_map(Expr::column_refs);
        match used.find(|c| !new.contains(&c.name)) {
            Some(c) => self.fail(&format!("the rows of new have no column '{}', {what}", c.name)),
            None => Ok(()),
        }
    }

    /// The error for an argument that must be given.
    pub fn missing<T>(&self, key: &str) -> Result<T> {
        self.fail(&format!("argument {key} is missing; expected {}", self.doc.syntax))
    }

    /// Plans the query of `terms`, where the argument is given. A list of names is a query of one row.
    pub fn add_terms(&mut self, context: &mut dyn RelationPlannerContext) -> Result<()> {
        let Some(ast) = self.named.remove("terms") else {
            return Ok(());
        };
        let plan = match ast {
            Ast::Array(_) => {
                let list = context.sql_to_expr(ast, &DFSchema::empty())?;
                LogicalPlanBuilder::empty(true).project([list])?.build()?
            }
            Ast::Subquery(_) => plan_input(self.doc, &ast, context)?,
            _ => {
                return self.fail(&format!(
                    "terms must be a list of names or a query in parentheses; found {ast}"
                ));
            }
        };
        let [names] = &plan.schema().fields()[..] else {
            return self.fail("the query of terms must have one column, of names");
        };
        match names.data_type() {
            t if t.is_string() => {}
            DataType::List(item) | DataType::LargeList(item) if item.data_type().is_string() => {}
            t => return self.fail(&format!("terms must give names; found {t}")),
        }
        self.terms = Some(plan);
        Ok(())
    }

    /// What stands for the names of the terms among the arguments, where there are any.
    pub fn terms(&self) -> Option<Expr> {
        self.terms.as_ref().map(|_| lit("terms"))
    }

    /// The query of the names, where there is one.
    pub fn take_terms(&mut self) -> Option<LogicalPlan> {
        self.terms.take()
    }

    /// Adds the rows of the query `new`, where the argument is given, to those of the main one. A column that one of the
    /// two lacks is NULL in its rows.
    pub fn add_new_rows(&mut self, context: &mut dyn RelationPlannerContext) -> Result<()> {
        let Some(ast) = self.named.remove("new") else {
            return Ok(());
        };
        let Ast::Subquery(_) = ast else {
            return self.fail(&format!("new must be a query in parentheses; found {ast}"));
        };
        let new = plan_input(self.doc, &ast, context)?;
        let (old_schema, new_schema) = (self.schema(), Arc::clone(new.schema()));
        let mut sides = [vec![], vec![]];
        let mut only_new = vec![];
        // The first of a name counts.
        let by_name = |schema: &DFSchema| -> HashMap<String, Column> {
            let columns = schema.columns().into_iter().rev();
            columns.map(|c| (c.name.clone(), c)).collect()
        };
        let (in_old, in_new) = (by_name(&old_schema), by_name(&new_schema));
        for (c, f) in old_schema.columns().into_iter().zip(old_schema.fields()) {
            let [old, other] = &mut sides;
            other.push(match in_new.get(&c.name) {
                Some(n) => cast(Expr::Column(n.clone()), f.data_type().clone()).alias(&c.name),
                None => lit(ScalarValue::try_from(f.data_type())?).alias(&c.name),
            });
            old.push(Expr::Column(c.clone()).alias(&c.name));
        }
        for (n, f) in new_schema.columns().into_iter().zip(new_schema.fields()) {
            if !in_old.contains_key(&n.name) {
                let [old, other] = &mut sides;
                old.push(lit(ScalarValue::try_from(f.data_type())?).alias(&n.name));
                other.push(Expr::Column(n.clone()).alias(&n.name));
                only_new.push(n.name);
            }
        }
        let [mut old, mut other] = sides;
        old.push(lit(false).alias(NEW));
        other.push(lit(true).alias(NEW));
        let new = LogicalPlanBuilder::from(new).project(other)?.build()?;
        let mut union = LogicalPlanBuilder::from(self.input.clone()).project(old)?.union(new)?;
        // Columns go on to answer to the name of their table.
        let mut tables = old_schema.iter().map(|(table, _)| table);
        if let Some(Some(table)) = tables.next()
            && tables.all(|other| other == Some(table))
        {
            union = union.alias(table.clone())?;
        }
        self.input = union.build()?;
        // They are no covariates: nothing can be learnt from them.
        let columns = self.input.schema().columns().into_iter();
        self.used.extend(columns.filter(|c| only_new.contains(&c.name)));
        self.new = Some(new_schema.columns().into_iter().map(|c| c.name).collect());
        Ok(())
    }

    /// The column that tells the rows to predict for, where there are any.
    pub fn new_rows(&self) -> Option<Expr> {
        self.new.as_ref()?;
        let columns = self.input.schema().columns().into_iter();
        columns.rev().find(|c| c.name == NEW).map(Expr::Column)
    }

    /// A setting that may be given, as it travels in the plan.
    pub fn setting(
        &mut self,
        key: &str,
        setting: Setting,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Option<serde_json::Value>> {
        let items = match self.named.get(key) {
            None => return Ok(None),
            Some(Ast::Array(Array { elem, .. })) if matches!(setting, Setting::Numbers(..)) => elem.clone(),
            Some(_) => vec![],
        };
        if !items.is_empty() {
            let Setting::Numbers(right, expected) = setting else {
                return self.fail(&format!("{key} must be one value"));
            };
            let mut numbers = vec![];
            for ast in items {
                self.named.insert(key.into(), ast);
                match self.number(key, context)? {
                    Some(v) if right(v) => numbers.push(v),
                    Some(v) => return self.fail(&format!("{key} must be {expected}; found {v}")),
                    None => {}
                }
            }
            return Ok(Some(numbers.into()));
        }
        let wrong = |a: &Self, expected: &str, found: &dyn std::fmt::Display| {
            a.fail(&format!("{key} must be {expected}; found {found}"))
        };
        match setting {
            Setting::Number(right, expected) | Setting::Numbers(right, expected) => match self.number(key, context)? {
                Some(v) if right(v) => Ok(Some(v.into())),
                Some(v) => wrong(self, expected, &v),
                None => Ok(None),
            },
            Setting::Whole => Ok(self.whole(key, context)?.map(Into::into)),
            Setting::Truth => match self.literal(key, context)? {
                Some(ScalarValue::Boolean(Some(v))) => Ok(Some(v.into())),
                Some(v) => wrong(self, "true or false", &v),
                None => Ok(None),
            },
            Setting::Choice(words) => match self.literal(key, context)? {
                Some(v) => match word(&v, words) {
                    Some(w) => Ok(Some(w.into())),
                    None => wrong(self, &listed(words), &v),
                },
                None => Ok(None),
            },
            Setting::NumberOr(right, words) => {
                let Some(v) = self.literal(key, context)? else {
                    return Ok(None);
                };
                if let Some(w) = word(&v, words) {
                    return Ok(Some(w.into()));
                }
                let number = match (v.try_as_str().is_some(), v.cast_to(&DataType::Float64)) {
                    (false, Ok(ScalarValue::Float64(Some(n)))) if right(n) => Some(n),
                    _ => None,
                };
                match number {
                    Some(n) => Ok(Some(n.into())),
                    None => wrong(self, &format!("a number, {}", listed(words)), &v),
                }
            }
        }
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

    /// Settings of the session.
    pub fn settings(&self, context: &dyn RelationPlannerContext) -> RadsqlOptions {
        RadsqlOptions::of(context.context_provider().options())
    }
}

/// The word that a text is, whatever its capitals.
fn word(value: &ScalarValue, words: &[&'static str]) -> Option<&'static str> {
    let text = value.try_as_str().flatten()?;
    words.iter().find(|w| w.eq_ignore_ascii_case(text)).copied()
}

fn plan_input(doc: &Doc, e: &Ast, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    match e {
        Ast::Subquery(query) => {
            let subquery = unwrap(query);
            if let Some(table) = whole_table(&subquery) {
                return context.plan(table);
            }
            context.plan(TableFactor::Derived {
                lateral: false,
                subquery,
                alias: None,
                sample: None,
            })
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

/// The table of `SELECT * FROM table`: to list its columns once more costs DataFusion time by the square of their number.
fn whole_table(query: &Query) -> Option<TableFactor> {
    let SetExpr::Select(select) = &*query.body else {
        return None;
    };
    let [from] = &select.from[..] else { return None };
    let table = match &from.relation {
        TableFactor::Table { args: None, .. } if from.joins.is_empty() => from.relation.clone(),
        _ => return None,
    };
    // Whatever else the query says, it would say in its text.
    (query.to_string() == format!("SELECT * FROM {table}")).then_some(table)
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
