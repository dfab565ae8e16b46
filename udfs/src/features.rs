//! Features as SQL gives them, taken apart: a struct means all its fields, a list `deep` means `deep_0, deep_1, ...`.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use datafusion::arrow::compute::{cast, nullif};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, exec_err};
use std::sync::Arc;

/// Adds the plain columns that `array` stands for to `into`, with their names.
///
/// # Errors
/// When the lists of a column differ in length.
pub fn flatten(function: &str, name: &str, array: &ArrayRef, into: &mut Vec<(String, ArrayRef)>) -> Result<()> {
    match array.data_type() {
        DataType::Struct(fields) => {
            let s = array.as_struct();
            // A NULL struct has no fields: its own nulls win over what lies below them.
            let no_struct = s.nulls().map(|n| BooleanArray::new(!n.inner(), None));
            for (field, column) in fields.iter().zip(s.columns()) {
                let column = match &no_struct {
                    Some(gone) => nullif(column, gone)?,
                    None => Arc::clone(column),
                };
                flatten(function, field.name(), &column, into)?;
            }
            Ok(())
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            flatten_list(function, name, array, into)
        }
        _ => {
            into.push((name.to_string(), Arc::clone(array)));
            Ok(())
        }
    }
}

fn flatten_list(function: &str, name: &str, array: &ArrayRef, into: &mut Vec<(String, ArrayRef)>) -> Result<()> {
    let rows: Vec<Option<ArrayRef>> = match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().iter().collect(),
        DataType::LargeList(_) => array.as_list::<i64>().iter().collect(),
        _ => array.as_fixed_size_list().iter().collect(),
    };
    let width = match array.data_type() {
        DataType::FixedSizeList(_, n) => usize::try_from(*n).unwrap_or(0),
        _ => rows.iter().flatten().map(|r| r.len()).next().unwrap_or(0),
    };
    let mut columns = vec![Vec::with_capacity(rows.len()); width];
    for row in rows {
        match row {
            None => columns.iter_mut().for_each(|c| c.push(f64::NAN)),
            Some(r) if r.len() != width => {
                return exec_err!(
                    "{function}: lists in '{name}' must have one length; found {width} and {}",
                    r.len()
                );
            }
            Some(r) => numbers(&r)?.into_iter().zip(&mut columns).for_each(|(v, c)| c.push(v)),
        }
    }
    if width == 0 {
        // Nobody knows how wide: one column in which every row lacks its value, so that none is taken for complete.
        into.push((
            name.to_string(),
            Arc::new(Float64Array::from(vec![f64::NAN; array.len()])),
        ));
    }
    for (i, values) in columns.into_iter().enumerate() {
        into.push((format!("{name}_{i}"), Arc::new(Float64Array::from(values))));
    }
    Ok(())
}

/// Numbers of a column; NaN where the cell is NULL.
///
/// # Errors
/// When the column is not numeric.
pub fn numbers(array: &ArrayRef) -> Result<Vec<f64>> {
    let t = array.data_type();
    if !(t.is_numeric() || t.is_null() || *t == DataType::Boolean) {
        return exec_err!("expected numbers, found {t}");
    }
    let array = cast(array, &DataType::Float64)?;
    Ok(array
        .as_primitive::<Float64Type>()
        .iter()
        .map(|v| v.unwrap_or(f64::NAN))
        .collect())
}

/// Texts of a column; `None` where the cell is NULL.
///
/// # Errors
/// When the column cannot be text.
pub fn texts(array: &ArrayRef) -> Result<Vec<Option<String>>> {
    if array.data_type().is_floating() {
        // 0 and -0 are one value.
        let values = cast(array, &DataType::Float64)?;
        let values: Float64Array = values
            .as_primitive::<Float64Type>()
            .iter()
            .map(|v| v.map(|v| v + 0.0))
            .collect();
        let values = cast(&values, &DataType::Utf8)?;
        return Ok(values.as_string::<i32>().iter().map(|v| v.map(String::from)).collect());
    }
    let array = cast(array, &DataType::Utf8)?;
    Ok(array.as_string::<i32>().iter().map(|v| v.map(String::from)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Int32Array, StructArray};
    use datafusion::arrow::buffer::NullBuffer;
    use datafusion::arrow::datatypes::{Field, Fields};

    #[test]
    fn structs_become_their_fields_and_a_null_struct_has_none() {
        let fields: Fields = vec![Field::new("a", DataType::Int32, true)].into();
        let s = StructArray::new(
            fields,
            vec![Arc::new(Int32Array::from(vec![1, 2]))],
            Some(NullBuffer::from(vec![true, false])),
        );
        let mut out = vec![];
        flatten("f", "s", &(Arc::new(s) as ArrayRef), &mut out).unwrap();
        assert_eq!(out[0].0, "a");
        let v = numbers(&out[0].1).unwrap();
        assert!(v[0] == 1.0 && v[1].is_nan());
    }
}
