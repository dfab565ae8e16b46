//! Relation functions that ask for a statistic: planned from what they say that they take and give.

use super::arguments::Arguments;
use super::node::{Question, Statistic};
use super::rows::names_of;
use crate::engine::bind::name_of;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, LogicalPlanBuilder};
use radsql_udfs::survival::options::Options;
use radsql_udfs::survival::relation::{Relation, Takes};
use radsql_udfs::survival::role::Role;
use std::collections::HashSet;
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
    /// The column that names rows: its place among the arguments, and its name.
    id: Option<(usize, String)>,
}

/// Plans a call of a function that asks for a statistic.
pub fn plan(relation: &Relation, a: &mut Arguments, c: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    let mut options = Options::default();
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
                call.add_column(role, column);
            }
            Takes::Optional(key, role) => {
                if let Some(column) = a.optional_column(key, c)? {
                    call.add_column(role, column);
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
    options.roles = std::mem::take(&mut call.roles);
    let labels = names_of(&call.by);
    let (input, by, arguments) = call.over(&options.roles, a.input())?;
    let question = Question {
        function: relation.doc.name,
        definition: relation.statistic,
        options,
        by,
        labels,
        arguments,
        gives: relation.gives,
        id: call.id,
    };
    let node = Statistic::try_new(Arc::new(question), input, a.take_terms())?;
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
    fn add_column(&mut self, role: Role, column: Expr) {
        if role == Role::Id {
            self.id = Some((self.columns.len(), name_of(&column)));
        }
        self.add(role, [column]);
    }

    /// The query with a column of its own for whatever is computed, the groups' columns, and the arguments.
    fn over(&self, roles: &[Role], input: &LogicalPlan) -> Result<(LogicalPlan, Vec<Column>, Vec<Option<Column>>)> {
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
        let columns = self.columns.iter().zip(roles);
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
        Ok((input, by, columns))
    }
}
