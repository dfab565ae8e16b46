//! The rows of a group on their way to a statistic.

use super::columns::Table;
use super::options::Options;
use super::statistic::Definition;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, StructArray, UInt32Array, UInt64Array, new_empty_array,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use std::collections::HashSet;
use std::mem::size_of_val;
use std::sync::Arc;

/// Collects rows and gives them to the statistic at the end.
///
/// What is collected is held once. At the end it is handed over column by column, each part let go as soon as it has been
/// joined to the others, so that a statistic over n rows and p columns begins with little more than these.
pub struct Rows {
    definition: &'static Definition,
    fields: Fields,
    options: Options,
    /// Whether equal rows count once.
    distinct: bool,
    /// Of each column the parts that came so far.
    columns: Vec<Vec<ArrayRef>>,
    rows: usize,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("name", &self.definition.name)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl Rows {
    /// No rows yet, of these fields.
    pub fn new(definition: &'static Definition, fields: Fields, options: Options, distinct: bool) -> Self {
        Self {
            definition,
            columns: vec![vec![]; fields.len()],
            fields,
            options,
            distinct,
            rows: 0,
        }
    }

    fn push(&mut self, columns: &[ArrayRef], copy: bool) -> Result<()> {
        let rows = columns.first().map_or(0, |c| c.len());
        if rows == 0 {
            return Ok(());
        }
        // A copy of just these rows: a slice would keep its whole batch alive, and be counted as it.
        let indices = copy.then(|| UInt32Array::from_iter_values(0..u32::try_from(rows).unwrap_or(u32::MAX)));
        for (place, column) in columns.iter().enumerate() {
            let part = match &indices {
                Some(indices) => take(column, indices, None)?,
                None => Arc::clone(column),
            };
            self.columns[place].push(part);
        }
        self.rows += rows;
        Ok(())
    }

    /// The columns, each in one piece. They are kept here only when they will be asked for again.
    fn whole(&mut self, keep: bool) -> Result<Vec<ArrayRef>> {
        let mut whole = Vec::with_capacity(self.columns.len());
        for (parts, field) in self.columns.iter_mut().zip(&self.fields) {
            let column = match parts.len() {
                0 => new_empty_array(field.data_type()),
                1 if !keep => parts.pop().unwrap_or_else(|| new_empty_array(field.data_type())),
                _ => {
                    let column = concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?;
                    parts.clear();
                    if keep {
                        parts.push(Arc::clone(&column));
                    }
                    column
                }
            };
            whole.push(column);
        }
        if !keep {
            self.rows = 0;
        }
        Ok(whole)
    }
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.push(values, true)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        for i in 0..lists.len() {
            if lists.is_valid(i) {
                let rows = lists.value(i);
                // A state that has a batch of its own is taken as it is.
                let copy = rows.len() < lists.values().len();
                self.push(rows.as_struct().columns(), copy)?;
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let rows = self.rows;
        let columns = self.whole(self.options.window)?;
        let structs = StructArray::try_new_with_length(self.fields.clone(), columns, None, rows)?;
        let item = Arc::new(Field::new_list_field(DataType::Struct(self.fields.clone()), true));
        let list = ListArray::try_new(item, OffsetBuffer::from_lengths([rows]), Arc::new(structs), None)?;
        Ok(vec![ScalarValue::List(Arc::new(list))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut columns = self.whole(self.options.window)?;
        if self.distinct {
            columns = distinct(columns)?;
        }
        let table = Table::new(self.definition.name, columns, &self.options);
        (self.definition.evaluate)(table, &self.options)
    }

    fn size(&self) -> usize {
        let parts = self.columns.iter().flatten();
        size_of_val(self) + parts.map(|p| p.get_array_memory_size()).sum::<usize>()
    }
}

/// The first of equal rows each.
fn distinct(columns: Vec<ArrayRef>) -> Result<Vec<ArrayRef>> {
    let fields = columns.iter().map(|c| SortField::new(c.data_type().clone()));
    let rows = RowConverter::new(fields.collect())?.convert_columns(&columns)?;
    let mut seen = HashSet::new();
    let firsts = (0..).zip(&rows).filter(|(_, row)| seen.insert(*row)).map(|(i, _)| i);
    let firsts = UInt64Array::from_iter_values(firsts);
    Ok(columns
        .iter()
        .map(|c| take(c, &firsts, None))
        .collect::<Result<_, _>>()?)
}
