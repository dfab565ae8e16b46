//! Relation functions that ask for a statistic: planned from what they say that they take and give.

use super::answer::{Id, Output, check_labels, outputs};
use super::arguments::Arguments;
use super::node::{Places, Question, Statistic};
use super::rows::names_of;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DFSchema, ExprSchema, Result, plan_err};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, ExprSchemable, Extension, LogicalPlan, LogicalPlanBuilder};
use radsql_udfs::survival::options::Options;
use radsql_udfs::survival::relation::{Relation, Takes};
use radsql_udfs::survival::role::Role;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What the names of computed columns begin with.
const COMPUTED: &str = "__radsql_computed_";

/// What a call asks for, in the order of its arguments.
#[derive(Default)]
struct Call {
    columns: Vec<Expr>,
    roles: Vec<Role>,
    /// Groups, each of which has an answer of its own.
    by: Vec<Expr>,
    /// The column that names rows.
    id: Id,
}

/// Plans a call of a function that asks for a statistic.
pub fn plan(relation: &Relation, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    let name = relation.doc.name;
    let mut options = Options::of_session(&a.settings(c));
    // Queries beside the main one come first: what they add is a column like any other.
    for takes in relation.takes {
        match takes {
            Takes::Terms => a.add_terms(c)?,
            Takes::New => a.add_new_rows(c)?,
            _ => {}
        }
    }
    let mut call = Call::default();
    for takes in relation.takes {
        match *takes {
            Takes::Column(key, role) => {
                let column = a.column(key, c)?;
                call.add_column(role, column, a.input())?;
            }
            Takes::Optional(key, role) => {
                if let Some(column) = a.optional_column(key, c)? {
                    call.add_column(role, column, a.input())?;
                }
            }
            Takes::Columns(key, role) => {
                let columns = a.columns(key, c)?;
                if columns.is_empty() {
                    return a.missing(key);
                }
                call.add(role, columns);
            }
            Takes::OptionalColumns(key, role) => {
                let columns = a.columns(key, c)?;
                if role == Role::Strata {
                    a.in_new(&columns, "of strata")?;
                }
                call.add(role, columns);
            }
            Takes::Terms => call.add(Role::Terms, a.terms()),
            Takes::New => call.add(Role::New, a.new_rows()),
            Takes::By => call.by = a.columns("by", c)?,
            Takes::Setting(key, setting) => {
                if let Some(value) = a.setting(key, setting, c)? {
                    options.set(key, value);
                }
            }
            Takes::Required(key, setting) => match a.setting(key, setting, c)? {
                Some(value) => options.set(key, value),
                None => return a.missing(key),
            },
            Takes::ColumnsOrRest(..) | Takes::Rest => {}
        }
    }
    // What is left is known when all else is taken.
    for takes in relation.takes {
        match *takes {
            Takes::ColumnsOrRest(key, role) => {
                let columns = a.columns(key, c)?;
                call.add(role, if columns.is_empty() { a.covariates()? } else { columns });
            }
            Takes::Rest => call.add(Role::Covariates, a.covariates()?),
            _ => {}
        }
    }
    options.names = names_of(&call.columns);
    let labels = names_of(&call.by);
    let answer = (relation.statistic.output)();
    let rows = outputs(&answer, relation.gives, &call.id)?;
    check_labels(name, &labels, &rows)?;
    let (input, by, arguments) = call.over(name, &options.names, a.input())?;
    options.roles = call.roles;
    let groups = labels.iter().zip(&by).enumerate().map(|(place, (label, column))| {
        let t = input.schema().data_type(column)?.clone();
        Ok((Output::Group(place), Field::new(label, t, true)))
    });
    let columns = groups.chain(rows.into_iter().map(Ok)).collect::<Result<Vec<_>>>()?;
    let (outputs, fields): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let question = Question {
        function: name,
        definition: relation.statistic,
        options,
        by,
        arguments,
        gives: relation.gives,
        outputs,
        schema: Arc::new(DFSchema::from_unqualified_fields(fields.into(), HashMap::new())?),
    };
    let node = Statistic {
        question: Arc::new(question),
        input,
        terms: a.take_terms(),
    };
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

impl Call {
    fn add(&mut self, role: Role, columns: impl IntoIterator<Item = Expr>) {
        for column in columns {
            self.columns.push(column);
            self.roles.push(role);
        }
    }

    /// A column of its own; one that names rows keeps its name and its type in the answer.
    fn add_column(&mut self, role: Role, column: Expr, input: &LogicalPlan) -> Result<()> {
        if role == Role::Id {
            let name = names_of(std::slice::from_ref(&column)).remove(0);
            self.id = Some((name, column.get_type(input.schema())?));
        }
        self.add(role, [column]);
        Ok(())
    }

    /// The query with a column for whatever is computed of its own, the groups' columns, and the arguments with the types
    /// that their roles need.
    fn over(
        &self,
        function: &str,
        names: &[String],
        input: &LogicalPlan,
    ) -> Result<(LogicalPlan, Vec<Column>, Vec<Option<(Column, DataType)>>)> {
        let mut computed = vec![];
        let mut column_of = |e: &Expr| match e {
            Expr::Column(c) => c.clone(),
            other => {
                let name = format!("{COMPUTED}{}", computed.len());
                computed.push(other.clone().alias(&name));
                Column::from_name(name)
            }
        };
        let by: Vec<Column> = self.by.iter().map(&mut column_of).collect();
        let columns = self.columns.iter().zip(&self.roles);
        let columns: Vec<Option<Column>> = columns
            .map(|(e, role)| (*role != Role::Terms).then(|| column_of(e)))
            .collect();
        let input = if computed.is_empty() {
            input.clone()
        } else {
            let mut seen = HashSet::new();
            let plain = by.iter().chain(columns.iter().flatten());
            let plain = plain.filter(|c| !c.name.starts_with(COMPUTED) && seen.insert(*c));
            let all: Vec<Expr> = plain.cloned().map(Expr::Column).chain(computed).collect();
            LogicalPlanBuilder::from(input.clone()).project(all)?.build()?
        };
        let places = Places::of(input.schema());
        let mut arguments = Vec::with_capacity(columns.len());
        for ((column, role), name) in columns.into_iter().zip(&self.roles).zip(names) {
            let Some(column) = column else {
                arguments.push(None);
                continue;
            };
            let found = input.schema().field(places.find(&column)?).data_type();
            match role.coerce(found) {
                Ok(wanted) => arguments.push(Some((column, wanted))),
                Err(expected) => {
                    let what = role.name().trim_end_matches(", ...");
                    return plan_err!("{function}: column '{name}' ({what}) must be {expected}; found {found}");
                }
            }
        }
        drop(places);
        Ok((input, by, arguments))
    }
}
