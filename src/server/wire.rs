//! Types as they go over the wire: those that every client reads.
//!
//! Views of text and bytes, and dictionaries, are Arrow types that older drivers do not know; they go as plain text, bytes and
//! values. The schema that is told before a query runs and the one of its batches are made by the same rule.

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use std::sync::Arc;

/// A schema as clients see it.
pub fn schema(schema: &Schema) -> SchemaRef {
    let fields: Fields = schema.fields().iter().map(field).collect();
    // The session's own notes on a plan are none of the client's.
    Arc::new(Schema::new(fields))
}

fn field(field: &FieldRef) -> FieldRef {
    match data_type(field.data_type()) {
        Some(plain) => Arc::new(Field::clone(field).with_data_type(plain)),
        None => Arc::clone(field),
    }
}

/// The plain type for one that some clients do not know; `None` for others.
fn data_type(of: &DataType) -> Option<DataType> {
    let inner = |f: &FieldRef| data_type(f.data_type()).is_some().then(|| field(f));
    match of {
        DataType::Utf8View => Some(DataType::Utf8),
        DataType::BinaryView => Some(DataType::Binary),
        DataType::Dictionary(_, values) => Some(data_type(values).unwrap_or_else(|| (**values).clone())),
        DataType::List(f) => inner(f).map(DataType::List),
        DataType::ListView(f) => Some(DataType::List(field(f))),
        DataType::LargeListView(f) => Some(DataType::LargeList(field(f))),
        DataType::LargeList(f) => inner(f).map(DataType::LargeList),
        DataType::FixedSizeList(f, n) => inner(f).map(|f| DataType::FixedSizeList(f, *n)),
        DataType::Map(f, sorted) => inner(f).map(|f| DataType::Map(f, *sorted)),
        DataType::Struct(fields) => {
            let changed = fields.iter().any(|f| data_type(f.data_type()).is_some());
            changed.then(|| DataType::Struct(fields.iter().map(field).collect()))
        }
        _ => None,
    }
}

/// A batch with the schema that was told.
///
/// # Errors
/// When a column is not what was told.
pub fn batch(batch: &RecordBatch, told: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.schema_ref() == told {
        return Ok(batch.clone());
    }
    let column = |(column, field): (&ArrayRef, &FieldRef)| match column.data_type() == field.data_type() {
        true => Ok(Arc::clone(column)),
        false => cast(column, field.data_type()),
    };
    let columns = batch.columns().iter().zip(told.fields()).map(column);
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(told), columns, &options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Array, DictionaryArray, Int64Array, ListArray, StringViewArray, StructArray};
    use datafusion::arrow::datatypes::Int32Type;

    #[test]
    fn views_and_dictionaries_go_as_plain_values() {
        let views: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        let item = Arc::new(Field::new("x", DataType::Utf8View, true));
        let inner: ArrayRef = Arc::new(StructArray::from(vec![(item, Arc::clone(&views))]));
        let dictionary: DictionaryArray<Int32Type> = vec!["b", "c"].into_iter().collect();
        let list = ListArray::from_iter_primitive::<datafusion::arrow::datatypes::Int64Type, _, _>([
            Some(vec![Some(1)]),
            None,
        ]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("v", views),
            ("s", inner),
            ("d", Arc::new(dictionary)),
            ("l", Arc::new(list)),
            ("n", Arc::new(Int64Array::from(vec![1, 2]))),
        ];
        let given = RecordBatch::try_from_iter(columns).unwrap();
        let told = schema(given.schema_ref());
        let types: Vec<String> = told.fields().iter().map(|f| f.data_type().to_string()).collect();
        assert_eq!(types[0], "Utf8");
        assert!(types[1].contains("Utf8") && !types[1].contains("View"), "{}", types[1]);
        assert_eq!(types[2], "Utf8");
        let sent = batch(&given, &told).unwrap();
        assert_eq!(sent.schema_ref(), &told);
        assert_eq!(sent.column(0).null_count(), 1);
    }
}
