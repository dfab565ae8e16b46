//! Relation functions that ask for a statistic: planned from what they say that they take and give.

use super::Known;
use super::arguments::Arguments;
use super::rows::{field, names_of, rows_only};
use datafusion::arrow::datatypes::{DataType, FieldRef, Fields};
use datafusion::common::{Column, Result, TableReference, plan_err};
use datafusion::functions_nested::expr_fn::{array_length, gen_series};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, col, lit};
use radsql_udfs::survival::options::Options;
use radsql_udfs::survival::relation::{Gives, Relation, Takes};
use radsql_udfs::survival::role::Role;
use std::collections::HashMap;

/// The column in which the whole answer stands before it is taken apart.
pub const ANSWER: &str = "__radsql_answer";

/// Columns of the aggregate that a call comes to, in their order.
#[derive(Default)]
struct Call {
    columns: Vec<Expr>,
    roles: Vec<Role>,
    /// Groups, each of which has an answer of its own.
    by: Vec<Expr>,
    /// The name and the type of the column that names rows.
    id: Option<(String, DataType)>,
}

impl Known {
    pub(super) fn statistic(
        &self,
        relation: &Relation,
        a: &mut Arguments,
        c: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
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
        let answer = relation.statistic.output;
        check_labels(name, &labels, &columns_of(&answer(), relation.gives))?;
        let columns = call.coerced(name, &options.names, a.input())?;
        options.roles = call.roles;
        let Some(function) = self.aggregate.get(&format!("radsql_{}", relation.statistic.name)) else {
            return plan_err!("{name}: not registered");
        };
        let arguments = std::iter::once(lit(options.to_text())).chain(columns).collect();
        let plan = LogicalPlanBuilder::from(a.input().clone())
            .aggregate(call.by, [function.call(arguments).alias(ANSWER)])?
            .build()?;
        let groups = plan.schema().columns().into_iter().take(labels.len());
        let groups: Vec<(Expr, String)> = groups.map(Expr::Column).zip(labels).collect();
        match relation.gives {
            Gives::Row(without) => one_row(plan, groups, &answer(), without),
            Gives::Rows => many_rows(plan, groups, None, &[], &answer(), call.id),
            Gives::RowsOf(list, beside) => many_rows(plan, groups, Some(list), beside, &answer(), call.id),
        }
    }
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

    /// The columns as their roles need them.
    fn coerced(&self, function: &str, names: &[String], input: &LogicalPlan) -> Result<Vec<Expr>> {
        let mut columns = Vec::with_capacity(self.columns.len());
        // A schema looks for a column from its first on, which takes long when there are thousands.
        let types: HashMap<(Option<&TableReference>, &str), &DataType> = input
            .schema()
            .iter()
            .map(|(table, f)| ((table, f.name().as_str()), f.data_type()))
            .collect();
        for ((column, role), name) in self.columns.iter().zip(&self.roles).zip(names) {
            let known = match column {
                Expr::Column(c) => types.get(&(c.relation.as_ref(), c.name.as_str())),
                _ => None,
            };
            let found = match known {
                Some(found) => (*found).clone(),
                None => column.get_type(input.schema())?,
            };
            match role.coerce(&found) {
                Ok(wanted) if wanted == found => columns.push(column.clone()),
                Ok(wanted) => columns.push(cast(column.clone(), wanted)),
                Err(expected) => {
                    let what = role.name().trim_end_matches(", ...");
                    return plan_err!("{function}: column '{name}' ({what}) must be {expected}; found {found}");
                }
            }
        }
        Ok(columns)
    }
}

/// The names of the columns that an answer becomes.
fn columns_of(answer: &DataType, gives: Gives) -> Vec<String> {
    let names = |fields: &Fields| fields.iter().map(|f| f.name().clone()).collect::<Vec<_>>();
    match gives {
        Gives::Row(_) => match answer {
            DataType::Struct(fields) => fields.iter().flat_map(flat_names).collect(),
            _ => vec![],
        },
        Gives::Rows => item_fields(answer).as_ref().map(names).unwrap_or_default(),
        Gives::RowsOf(list, beside) => {
            let mut all: Vec<String> = beside.iter().map(|b| (*b).to_string()).collect();
            if let DataType::Struct(fields) = answer
                && let Some((_, f)) = fields.find(list)
            {
                all.extend(item_fields(f.data_type()).as_ref().map(names).unwrap_or_default());
            }
            all
        }
    }
}

fn flat_names(f: &FieldRef) -> Vec<String> {
    match f.data_type() {
        DataType::Struct(parts) => parts.iter().map(|p| format!("{}_{}", f.name(), p.name())).collect(),
        _ => vec![f.name().clone()],
    }
}

fn item_fields(list: &DataType) -> Option<Fields> {
    match list {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => Some(fields.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn check_labels(function: &str, labels: &[String], answer: &[String]) -> Result<()> {
    match labels.iter().find(|l| answer.contains(l)) {
        Some(clash) => plan_err!(
            "{function}: the answer has a column '{clash}' of its own; give the one in by another name with AS"
        ),
        None => Ok(()),
    }
}

/// A struct as a row a group.
fn one_row(plan: LogicalPlan, groups: Vec<(Expr, String)>, answer: &DataType, without: &[&str]) -> Result<LogicalPlan> {
    let n = groups.len();
    let mut columns: Vec<Expr> = groups.into_iter().map(|(g, label)| g.alias(label)).collect();
    if let DataType::Struct(fields) = answer {
        for f in fields.iter().filter(|f| !without.contains(&f.name().as_str())) {
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
    }
    let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
    if n == 0 {
        return Ok(plan);
    }
    // Groups in their order: aggregation gives none.
    let order: Vec<_> = plan
        .schema()
        .columns()
        .into_iter()
        .take(n)
        .map(|c| Expr::Column(c).sort(true, false))
        .collect();
    LogicalPlanBuilder::from(plan).sort(order)?.build()
}

/// A list of structs as a row each, groups in their order and within them the list's.
///
/// What stands beside the list travels in a struct: DataFusion goes on to think that a key of the rows (the columns of
/// GROUP BY, say) is a key of the items, and drops what is sorted or grouped by behind it.
fn many_rows(
    plan: LogicalPlan,
    groups: Vec<(Expr, String)>,
    list: Option<&str>,
    beside: &[&str],
    answer: &DataType,
    id: Option<(String, DataType)>,
) -> Result<LogicalPlan> {
    const LIST: &str = "__radsql_list";
    const BESIDE: &str = "__radsql_beside";
    const ORDER: &str = "__radsql_order";
    let (items, fields) = match (list, answer) {
        (Some(name), DataType::Struct(fields)) => {
            let fields = fields.find(name).and_then(|(_, f)| item_fields(f.data_type()));
            (field(col(ANSWER), name), fields)
        }
        _ => (col(ANSWER), item_fields(answer)),
    };
    let Some(fields) = fields else {
        return plan_err!("the answer has no list");
    };
    let mut columns = vec![items.clone().alias(LIST)];
    let mut unnested: Vec<Column> = vec![LIST.into()];
    let grouped = groups.len();
    let mut carried: Vec<Expr> = vec![];
    for (place, (group, _)) in groups.iter().enumerate() {
        carried.extend([lit(place.to_string()), group.clone()]);
    }
    for name in beside {
        carried.extend([lit(*name), field(col(ANSWER), name)]);
    }
    if !carried.is_empty() {
        columns.push(datafusion::functions::core::expr_fn::named_struct(carried).alias(BESIDE));
    }
    // DataFusion deals batches out to its threads; nothing but a number for each row brings their order back.
    columns.push(gen_series(lit(1_i64), cast(array_length(items), DataType::Int64), lit(1_i64)).alias(ORDER));
    unnested.push(ORDER.into());
    let rows = LogicalPlanBuilder::from(plan)
        .project(columns)?
        .unnest_columns_with_options(unnested, rows_only())?;
    let mut columns: Vec<Expr> = vec![];
    for (place, (_, label)) in groups.iter().enumerate() {
        columns.push(field(col(BESIDE), &place.to_string()).alias(label));
    }
    for f in &fields {
        let value = field(col(LIST), f.name());
        match &id {
            Some((label, t)) if f.name() == "id" => columns.push(cast(value, t.clone()).alias(label)),
            // Rows that no column names.
            None if f.name() == "id" => {}
            _ => columns.push(value.alias(f.name())),
        }
    }
    columns.extend(beside.iter().map(|name| field(col(BESIDE), name).alias(*name)));
    let wanted = columns.len();
    columns.push(col(ORDER));
    let rows = rows.project(columns)?.build()?;
    let all = rows.schema().columns();
    let order = all.iter().take(grouped).chain(all.last());
    let order: Vec<_> = order.map(|c| Expr::Column(c.clone()).sort(true, false)).collect();
    let shown: Vec<Expr> = all.iter().take(wanted).cloned().map(Expr::Column).collect();
    LogicalPlanBuilder::from(rows).sort(order)?.project(shown)?.build()
}
