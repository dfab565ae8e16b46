//! The rows of a group on their way to a statistic.

use super::columns::Table;
use super::gathered::Gathered;
use super::options::Options;
use super::statistic::Definition;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, UInt64Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use std::collections::HashSet;
use std::mem::size_of_val;
use std::sync::Arc;

/// Collects rows and gives them to the statistic at the end.
///
/// What is collected is held once, and given away at the end: a statistic over n rows and p columns begins with little more
/// than these.
pub struct Rows {
    definition: &'static Definition,
    fields: Fields,
    options: Options,
    /// Whether equal rows count once.
    distinct: bool,
    columns: Vec<Gathered>,
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
            columns: fields.iter().map(|f| Gathered::new(f.data_type().clone())).collect(),
            fields,
            options,
            distinct,
            rows: 0,
        }
    }

    fn push(&mut self, columns: &[ArrayRef], own: bool) -> Result<()> {
        for (gathered, column) in self.columns.iter_mut().zip(columns) {
            gathered.push(column, own)?;
        }
        self.rows += columns.first().map_or(0, |c| c.len());
        Ok(())
    }

    /// The columns, each in one piece. They are kept here only when they will be asked for again.
    fn whole(&mut self, keep: bool) -> Result<Vec<ArrayRef>> {
        if !keep {
            self.rows = 0;
        }
        self.columns.iter_mut().map(|column| column.whole(keep)).collect()
    }
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.push(values, false)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        for i in 0..lists.len() {
            if lists.is_valid(i) {
                let rows = lists.value(i);
                // A state that has a batch of its own is taken as it is.
                let own = rows.len() == lists.values().len();
                self.push(rows.as_struct().columns(), own)?;
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
        size_of_val(self) + self.columns.iter().map(Gathered::size).sum::<usize>()
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
