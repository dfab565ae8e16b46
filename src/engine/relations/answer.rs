//! Answers of statistics as rows.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StructArray, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::ColumnarValue;
use radsql_udfs::survival::relation::Gives;
use std::collections::HashSet;
use std::sync::Arc;

/// Where a column of the rows comes from.
#[derive(Debug, Clone)]
pub enum Output {
    /// A column of the groups, by its place.
    Group(usize),
    /// A field of the answer, or of the structs in its list, by its place; and the type that it is brought to.
    Field(usize, Option<DataType>),
    /// A field of a struct within the answer.
    Nested(usize, usize),
    /// A field of the answer that stands beside each struct of its list.
    Beside(usize),
}

/// What names rows in an answer: the column's name and type.
pub type Id = Option<(String, DataType)>;

/// The columns that an answer becomes, with where each comes from.
///
/// # Errors
/// When the statistic's answer is not what `gives` says, which is a fault of the function.
pub fn outputs(answer: &DataType, gives: Gives, id: &Id) -> Result<Vec<(Output, Field)>> {
    let mut all = vec![];
    let nullable = |f: &FieldRef| Field::new(f.name(), f.data_type().clone(), true);
    match (gives, answer) {
        (Gives::Row(without), DataType::Struct(fields)) => {
            for (i, f) in fields.iter().enumerate() {
                if without.contains(&f.name().as_str()) {
                    continue;
                }
                match f.data_type() {
                    DataType::Struct(parts) => all.extend(parts.iter().enumerate().map(|(j, part)| {
                        let name = format!("{}_{}", f.name(), part.name());
                        (Output::Nested(i, j), Field::new(name, part.data_type().clone(), true))
                    })),
                    _ => all.push((Output::Field(i, None), nullable(f))),
                }
            }
            return Ok(all);
        }
        (Gives::Rows, list) => {
            if let Some(fields) = item_fields(list) {
                all.extend(of_items(fields, id));
                return Ok(all);
            }
        }
        (Gives::RowsOf(list, beside), DataType::Struct(fields)) => {
            if let Some(items) = fields.find(list).and_then(|(_, f)| item_fields(f.data_type())) {
                all.extend(of_items(items, id));
                let beside = beside.iter().filter_map(|name| fields.find(name));
                all.extend(beside.map(|(i, f)| (Output::Beside(i), nullable(f))));
                return Ok(all);
            }
        }
        _ => {}
    }
    internal_err!("the answer {answer} has no rows")
}

/// Columns of a list's structs. What names rows has the name and the type that it came with.
fn of_items(fields: &Fields, id: &Id) -> impl Iterator<Item = (Output, Field)> {
    fields.iter().enumerate().filter_map(move |(i, f)| match id {
        Some((label, t)) if f.name() == "id" => {
            Some((Output::Field(i, Some(t.clone())), Field::new(label, t.clone(), true)))
        }
        // Rows that no column names.
        None if f.name() == "id" => None,
        _ => Some((
            Output::Field(i, None),
            Field::new(f.name(), f.data_type().clone(), true),
        )),
    })
}

fn item_fields(list: &DataType) -> Option<&Fields> {
    match list {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

/// Refuses columns of the query that would have a name twice in the answer.
///
/// # Errors
/// As said.
pub fn check_labels(function: &str, labels: &[String], id: &Id, answer: &[(Output, Field)]) -> Result<()> {
    let of_query = labels.iter().chain(id.as_ref().map(|(label, _)| label));
    let mut seen: HashSet<&str> = HashSet::new();
    for label in of_query {
        let mut own = answer
            .iter()
            .filter(|(output, _)| !matches!(output, Output::Field(_, Some(_))));
        if own.any(|(_, f)| f.name() == label) {
            return plan_err!(
                "{function}: the answer has a column '{label}' of its own; give the one in by or id another name with AS"
            );
        }
        if !seen.insert(label) {
            return plan_err!("{function}: '{label}' stands twice in by and id");
        }
    }
    Ok(())
}

/// An answer of which columns can be taken.
pub struct Answer {
    /// The answer where it is a struct.
    whole: Option<StructArray>,
    /// The structs that are rows.
    items: StructArray,
}

impl Answer {
    /// Takes a statistic's value apart.
    ///
    /// # Errors
    /// When the value is not what `gives` says, which is a fault of the function.
    pub fn of(value: ScalarValue, gives: Gives) -> Result<Self> {
        match (gives, value) {
            (Gives::Row(_), ScalarValue::Struct(row)) => Ok(Self {
                whole: None,
                items: Arc::unwrap_or_clone(row),
            }),
            (Gives::Rows, ScalarValue::List(list)) => Ok(Self {
                whole: None,
                items: items(list.as_ref()),
            }),
            (Gives::RowsOf(name, _), ScalarValue::Struct(row)) => {
                let Some(list) = row.column_by_name(name) else {
                    return internal_err!("the answer has no {name}");
                };
                let items = match row.is_null(0) {
                    true => items(new_null_array(list.data_type(), 1).as_ref()),
                    false => items(list.as_ref()),
                };
                Ok(Self {
                    whole: Some(Arc::unwrap_or_clone(row)),
                    items,
                })
            }
            (_, other) => internal_err!("a statistic gave {}", other.data_type()),
        }
    }

    /// Rows that it becomes.
    pub fn rows(&self) -> usize {
        self.items.len()
    }

    /// A column of the rows.
    ///
    /// # Errors
    /// When a value cannot be brought to the type that is asked for, or the answer has no such column: a group's own is
    /// none of it.
    pub fn column(&self, output: &Output) -> Result<ArrayRef> {
        Ok(match output {
            Output::Group(_) => return internal_err!("a group's column is none of its answer"),
            Output::Field(i, t) => {
                let column = masked(&self.items, *i);
                match t {
                    Some(t) if t != column.data_type() => {
                        ColumnarValue::Array(column).cast_to(t, None)?.into_array(self.rows())?
                    }
                    _ => column,
                }
            }
            Output::Nested(i, j) => masked(masked(&self.items, *i).as_struct(), *j),
            Output::Beside(i) => match &self.whole {
                Some(whole) => ScalarValue::try_from_array(&masked(whole, *i), 0)?.to_array_of_size(self.rows())?,
                None => return internal_err!("the answer has nothing beside its list"),
            },
        })
    }
}

/// The structs of the one list of an array; none where it is NULL.
fn items(list: &dyn Array) -> StructArray {
    let list = list.as_list::<i32>();
    let items = list.value(0);
    let items = items.as_struct();
    match list.is_null(0) {
        true => items.slice(0, 0),
        false => items.clone(),
    }
}

/// A field; NULL where its struct is.
fn masked(of: &StructArray, field: usize) -> ArrayRef {
    let column = of.column(field);
    match of.len() == 1 && of.is_null(0) {
        true => new_null_array(column.data_type(), 1),
        false => Arc::clone(column),
    }
}
