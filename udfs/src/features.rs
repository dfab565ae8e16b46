//! Features as SQL gives them, taken apart: a struct means all its fields, a list `deep` means `deep_0, deep_1, ...`.

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, GenericListArray, OffsetSizeTrait,
};
use datafusion::arrow::buffer::ScalarBuffer;
use datafusion::arrow::compute::{cast, nullif};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, exec_err};
use std::sync::Arc;

/// Adds the plain columns that `array` stands for to `into`, with their names.
///
/// # Errors
/// When the lists of a column differ in length.
pub fn flatten(function: &str, name: &str, array: ArrayRef, into: &mut Vec<(String, ArrayRef)>) -> Result<()> {
    match array.data_type() {
        DataType::Struct(fields) => {
            let fields = fields.clone();
            // The whole is let go, so that each column is held by nothing else.
            let (_, columns, nulls) = array.as_struct().clone().into_parts();
            drop(array);
            // A NULL struct has no fields: its own nulls win over what lies below them.
            let no_struct = nulls
                .filter(|n| n.null_count() > 0)
                .map(|n| BooleanArray::new(!n.inner(), None));
            for (field, column) in fields.iter().zip(columns) {
                let column = match &no_struct {
                    Some(gone) => nullif(&column, gone)?,
                    None => column,
                };
                flatten(function, field.name(), column, into)?;
            }
            Ok(())
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            flatten_list(function, name, &array, into)
        }
        _ => {
            into.push((name.to_string(), array));
            Ok(())
        }
    }
}

fn flatten_list(function: &str, name: &str, array: &ArrayRef, into: &mut Vec<(String, ArrayRef)>) -> Result<()> {
    // Where each row's list begins, and how long it is; none where it is NULL.
    let mut places: Vec<Option<(usize, usize)>> = Vec::with_capacity(array.len());
    let values = match array.data_type() {
        DataType::FixedSizeList(_, _) => {
            let lists = array.as_fixed_size_list();
            let width = usize::try_from(lists.value_length()).unwrap_or(0);
            places.extend((0..lists.len()).map(|i| lists.is_valid(i).then_some((i * width, width))));
            Arc::clone(lists.values())
        }
        DataType::LargeList(_) => list_places(array.as_list::<i64>(), &mut places),
        _ => list_places(array.as_list::<i32>(), &mut places),
    };
    let width = match array.data_type() {
        DataType::FixedSizeList(_, n) => usize::try_from(*n).unwrap_or(0),
        _ => places.iter().flatten().map(|(_, len)| *len).next().unwrap_or(0),
    };
    if let Some((_, other)) = places.iter().flatten().find(|(_, len)| *len != width) {
        return exec_err!("{function}: lists in '{name}' must have one length; found {width} and {other}");
    }
    if width == 0 {
        // Nobody knows how wide: one column in which every row lacks its value, so that none is taken for complete.
        into.push((
            name.to_string(),
            Arc::new(Float64Array::from(vec![f64::NAN; array.len()])),
        ));
        return Ok(());
    }
    let values = into_numbers(values)?;
    for i in 0..width {
        let item = |place: &Option<(usize, usize)>| place.and_then(|(start, _)| values.get(start + i).copied());
        let column: Vec<f64> = places.iter().map(|p| item(p).unwrap_or(f64::NAN)).collect();
        into.push((format!("{name}_{i}"), Arc::new(Float64Array::from(column))));
    }
    Ok(())
}

fn list_places<O: OffsetSizeTrait>(lists: &GenericListArray<O>, places: &mut Vec<Option<(usize, usize)>>) -> ArrayRef {
    let offsets = lists.value_offsets();
    places.extend(offsets.windows(2).enumerate().map(|(i, pair)| {
        let (start, end) = (pair[0].as_usize(), pair[1].as_usize());
        lists.is_valid(i).then_some((start, end - start))
    }));
    Arc::clone(lists.values())
}

/// Numbers of a column; NaN where the cell is NULL.
///
/// # Errors
/// When the column is not numeric.
pub fn numbers(array: &ArrayRef) -> Result<Vec<f64>> {
    into_numbers(Arc::clone(array))
}

/// As [`numbers`], without a copy where nothing else holds the column.
///
/// # Errors
/// As there.
pub fn into_numbers(array: ArrayRef) -> Result<Vec<f64>> {
    let t = array.data_type();
    if !(t.is_numeric() || t.is_null() || *t == DataType::Boolean) {
        return exec_err!("expected numbers, found {t}");
    }
    let array = if *t == DataType::Float64 {
        array
    } else {
        cast(&array, &DataType::Float64)?
    };
    let column = array.as_primitive::<Float64Type>().clone();
    drop(array);
    let (_, values, nulls) = column.into_parts();
    let len = values.len();
    let mut numbers = match values.into_inner().into_vec::<f64>() {
        Ok(numbers) if numbers.len() == len => numbers,
        Ok(numbers) => numbers.into_iter().take(len).collect(),
        Err(buffer) => ScalarBuffer::<f64>::from(buffer).to_vec(),
    };
    if let Some(nulls) = nulls.filter(|n| n.null_count() > 0) {
        for (value, there) in numbers.iter_mut().zip(nulls.iter()) {
            if !there {
                *value = f64::NAN;
            }
        }
    }
    Ok(numbers)
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
        flatten("f", "s", Arc::new(s), &mut out).unwrap();
        assert_eq!(out[0].0, "a");
        let v = numbers(&out[0].1).unwrap();
        assert!(v[0] == 1.0 && v[1].is_nan());
    }
}
