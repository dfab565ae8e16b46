//! Results as Arrow values: structs, and lists of structs.

use datafusion::arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue};
use std::sync::Arc;

/// A column of a result under construction.
pub enum Values {
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Numbers; NaN becomes NULL.
    Float(Vec<f64>),
    /// Truth values.
    Bool(Vec<Option<bool>>),
    /// Texts.
    Text(Vec<Option<String>>),
    /// Anything nested: one row only.
    Nested(ScalarValue),
    /// A column that is one already.
    Array(ArrayRef),
}

impl Values {
    /// One whole number.
    pub fn int(n: usize) -> Self {
        Self::Int(vec![i64::try_from(n).ok()])
    }

    /// One number; NaN becomes NULL.
    pub fn float(v: f64) -> Self {
        Self::Float(vec![v])
    }

    /// One text.
    pub fn text(v: Option<String>) -> Self {
        Self::Text(vec![v])
    }

    fn into_array(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Int(v) => Arc::new(Int64Array::from(v)),
            Self::Float(v) => Arc::new(
                v.into_iter()
                    .map(|v| (!v.is_nan()).then_some(v))
                    .collect::<Float64Array>(),
            ),
            Self::Bool(v) => Arc::new(BooleanArray::from(v)),
            Self::Text(v) => Arc::new(StringArray::from(v)),
            Self::Nested(v) => v.to_array()?,
            Self::Array(v) => v,
        })
    }
}

/// Nullable fields of a struct.
pub fn fields<const N: usize>(list: [(&str, DataType); N]) -> Fields {
    list.into_iter().map(|(name, t)| Field::new(name, t, true)).collect()
}

/// The type LIST(STRUCT(fields)).
pub fn list_of(fields: Fields) -> DataType {
    DataType::new_list(DataType::Struct(fields), true)
}

fn struct_array(fields: Fields, columns: Vec<Values>) -> Result<StructArray> {
    let arrays = columns
        .into_iter()
        .map(Values::into_array)
        .collect::<Result<Vec<_>>>()?;
    Ok(StructArray::try_new(fields, arrays, None)?)
}

/// One STRUCT, from columns of one row each.
///
/// # Errors
/// When the columns are not those of `fields`.
pub fn one_struct(fields: Fields, columns: Vec<Values>) -> Result<ScalarValue> {
    Ok(ScalarValue::Struct(Arc::new(struct_array(fields, columns)?)))
}

/// One LIST(STRUCT), a struct for each row of the columns.
///
/// # Errors
/// When the columns are not those of `fields`.
pub fn one_list(fields: Fields, columns: Vec<Values>) -> Result<ScalarValue> {
    Ok(SingleRowListArrayBuilder::new(Arc::new(struct_array(fields, columns)?)).build_list_scalar())
}
