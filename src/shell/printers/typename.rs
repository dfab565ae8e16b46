//! The names of types, as people who write SQL know them.

use datafusion::arrow::datatypes::DataType;

/// The name of a type, such as `double`, `text`, `struct(851)` or `double[256]`.
pub fn name(t: &DataType) -> String {
    use DataType as T;
    let simple = match t {
        T::Null => "null",
        T::Boolean => "boolean",
        T::Int8 => "tinyint",
        T::Int16 => "smallint",
        T::Int32 => "integer",
        T::Int64 => "bigint",
        T::UInt8 => "tinyint unsigned",
        T::UInt16 => "smallint unsigned",
        T::UInt32 => "integer unsigned",
        T::UInt64 => "bigint unsigned",
        T::Float16 => "half",
        T::Float32 => "real",
        T::Float64 => "double",
        T::Utf8 | T::LargeUtf8 | T::Utf8View => "text",
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => "binary",
        T::Date32 | T::Date64 => "date",
        T::Time32(_) | T::Time64(_) => "time",
        T::Timestamp(_, None) => "timestamp",
        T::Timestamp(_, Some(_)) => "timestamp with time zone",
        T::Duration(_) => "duration",
        T::Interval(_) => "interval",
        T::Map(..) => "map",
        T::Union(..) => "union",
        T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s) => {
            return format!("decimal({p},{s})");
        }
        T::Struct(fields) => return format!("struct({})", fields.len()),
        T::FixedSizeList(item, n) => return format!("{}[{n}]", name(item.data_type())),
        T::List(item) | T::LargeList(item) | T::ListView(item) | T::LargeListView(item) => {
            return format!("{}[]", name(item.data_type()));
        }
        T::Dictionary(_, value) => return name(value),
        T::RunEndEncoded(_, value) => return name(value.data_type()),
    };
    simple.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::Field;
    use std::sync::Arc;

    #[test]
    fn names_are_those_of_sql() {
        let item = Arc::new(Field::new_list_field(DataType::Float64, true));
        let pair = DataType::Struct(
            vec![
                Field::new("a", DataType::Utf8, true),
                Field::new("b", DataType::Date32, true),
            ]
            .into(),
        );
        let key = Box::new(DataType::Int32);
        for (t, text) in [
            (DataType::Int64, "bigint"),
            (DataType::Utf8View, "text"),
            (DataType::Decimal128(10, 2), "decimal(10,2)"),
            (DataType::List(item.clone()), "double[]"),
            (DataType::FixedSizeList(item, 256), "double[256]"),
            (
                DataType::List(Arc::new(Field::new_list_field(pair.clone(), true))),
                "struct(2)[]",
            ),
            (pair, "struct(2)"),
            (DataType::Dictionary(key, Box::new(DataType::Utf8)), "text"),
        ] {
            assert_eq!(name(&t), text);
        }
    }
}
