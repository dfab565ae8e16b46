//! The fields of one struct, by their names.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StructArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::arrow::util::display::array_value_to_string;

/// One struct.
pub struct Record<'a> {
    array: &'a StructArray,
    row: usize,
}

/// The elements of one list; nothing where it is NULL, or no list.
pub fn items(array: &ArrayRef, row: usize) -> Option<ArrayRef> {
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::List(_) => Some(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Some(array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => Some(array.as_fixed_size_list().value(row)),
        _ => None,
    }
}

impl<'a> Record<'a> {
    /// That of a row; nothing where it is NULL, or no struct.
    pub fn at(array: &'a ArrayRef, row: usize) -> Option<Self> {
        let array = array.as_struct_opt()?;
        (row < array.len() && array.is_valid(row)).then_some(Self { array, row })
    }

    /// All of an array.
    pub fn all(array: &'a ArrayRef) -> Vec<Self> {
        (0..array.len()).filter_map(|row| Self::at(array, row)).collect()
    }

    fn value(&self, name: &str) -> Option<ArrayRef> {
        let column = self.array.column_by_name(name)?;
        column.is_valid(self.row).then(|| column.slice(self.row, 1))
    }

    /// A number; NaN where it is NULL or missing.
    pub fn number(&self, name: &str) -> f64 {
        let value = self.value(name).and_then(|v| cast(&v, &DataType::Float64).ok());
        let value = value.filter(|v| v.is_valid(0));
        value.map_or(f64::NAN, |v| v.as_primitive::<Float64Type>().value(0))
    }

    /// A whole number.
    pub fn whole(&self, name: &str) -> Option<i64> {
        let value = cast(&self.value(name)?, &DataType::Int64).ok()?;
        value.is_valid(0).then(|| value.as_primitive::<Int64Type>().value(0))
    }

    /// Any value as text.
    pub fn text(&self, name: &str) -> Option<String> {
        array_value_to_string(&self.value(name)?, 0).ok()
    }

    /// The elements of a list.
    pub fn items(&self, name: &str) -> Option<ArrayRef> {
        items(self.array.column_by_name(name)?, self.row)
    }

    /// A number of a struct in this one.
    pub fn number_in(&self, name: &str, inner: &str) -> f64 {
        let array = self.array.column_by_name(name);
        let record = array.and_then(|array| Record::at(array, self.row));
        record.map_or(f64::NAN, |r| r.number(inner))
    }
}
