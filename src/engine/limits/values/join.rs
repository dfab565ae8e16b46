//! What `||` does to texts and bytes: puts them together, and is NULL when one of them is.

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BinaryViewBuilder, LargeBinaryBuilder, LargeStringBuilder, StringBuilder,
    StringViewBuilder, new_null_array,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// `||` of any number of texts, all of one type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Join {
    signature: Signature,
}

/// Whether `||` of this type is done here.
pub fn takes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
    )
}

impl Join {
    pub fn new() -> Self {
        Self {
            signature: Signature::variadic_any(Volatility::Immutable),
        }
    }

    fn written(args: &[Expr], name: impl Fn(&Expr) -> String) -> Result<String> {
        Ok(args.iter().map(name).collect::<Vec<_>>().join(" || "))
    }
}

impl ScalarUDFImpl for Join {
    fn name(&self) -> &str {
        "||"
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        Self::written(args, ToString::to_string)
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Self::written(args, |e| e.schema_name().to_string())
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [first, rest @ ..] if takes(first) && rest.iter().all(|t| t == first) => Ok(first.clone()),
            _ => internal_err!("|| of {types:?}"),
        }
    }

    /// As of the operator: NULL comes of NULL alone.
    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        let nullable = args.arg_fields.iter().any(|f| f.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, nullable)))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        // One row of each constant is enough.
        let parts: Vec<(ArrayRef, bool)> = args
            .args
            .iter()
            .map(|a| match a {
                ColumnarValue::Array(a) => Ok((ArrayRef::clone(a), false)),
                ColumnarValue::Scalar(s) => Ok((s.to_array_of_size(1)?, true)),
            })
            .collect::<Result<_>>()?;
        let joined = join(args.return_type(), &parts, rows)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&joined, 0)?));
        }
        Ok(ColumnarValue::Array(joined))
    }
}

fn join(data_type: &DataType, parts: &[(ArrayRef, bool)], rows: usize) -> Result<ArrayRef> {
    // A NULL for all rows makes all of them NULL.
    if parts.iter().any(|(p, one)| *one && p.is_null(0)) {
        return Ok(new_null_array(data_type, rows));
    }
    let of_rows = parts.iter().filter(|(_, one)| !one);
    let nulls = of_rows.fold(None, |nulls, (p, _)| NullBuffer::union(nulls.as_ref(), p.nulls()));
    macro_rules! build {
        ($builder:ty, $buffer:ty, $push:ident, $($column:tt)*) => {{
            let columns: Vec<_> = parts.iter().map(|(p, one)| (p.$($column)*(), *one)).collect();
            let mut builder = <$builder>::new();
            let mut joined = <$buffer>::new();
            for row in 0..rows {
                if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
                    builder.append_null();
                    continue;
                }
                joined.clear();
                for (column, one) in &columns {
                    joined.$push(column.value(if *one { 0 } else { row }));
                }
                builder.append_value(&joined);
            }
            Arc::new(builder.finish())
        }};
    }
    Ok(match data_type {
        DataType::Utf8 => build!(StringBuilder, String, push_str, as_string::<i32>),
        DataType::LargeUtf8 => build!(LargeStringBuilder, String, push_str, as_string::<i64>),
        DataType::Utf8View => build!(StringViewBuilder, String, push_str, as_string_view),
        DataType::Binary => build!(BinaryBuilder, Vec<u8>, extend_from_slice, as_binary::<i32>),
        DataType::LargeBinary => build!(LargeBinaryBuilder, Vec<u8>, extend_from_slice, as_binary::<i64>),
        DataType::BinaryView => build!(BinaryViewBuilder, Vec<u8>, extend_from_slice, as_binary_view),
        other => return internal_err!("|| of {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::StringArray;
    use datafusion::arrow::compute::cast;

    #[test]
    fn texts_and_bytes_of_every_type() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("é"), Some("")]));
        let one: ArrayRef = Arc::new(StringArray::from(vec!["-"]));
        let expected: ArrayRef = Arc::new(StringArray::from(vec![Some("a-a"), None, Some("é-é"), Some("-")]));
        for data_type in [
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Utf8View,
            DataType::Binary,
            DataType::LargeBinary,
            DataType::BinaryView,
        ] {
            let to = |a: &ArrayRef| cast(a, &data_type).unwrap();
            let parts = [(to(&texts), false), (to(&one), true), (to(&texts), false)];
            assert_eq!(&join(&data_type, &parts, 4).unwrap(), &to(&expected), "{data_type}");
            let null = (new_null_array(&data_type, 1), true);
            assert_eq!(
                join(&data_type, &[(to(&texts), false), null], 4).unwrap().null_count(),
                4
            );
        }
    }
}
