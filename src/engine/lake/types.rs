//! What columns are in Arrow, and what DuckLake holds of that.
//!
//! The format has fewer types than Arrow: a list of a fixed size is a list, an image's reference is a text. Values are kept as the nearest
//! type that it has, and Arrow's own is kept beside (`radsql_column`), so that a column comes back as what it was.

use super::error::{LakeError, Result};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion_ducklake::types::{arrow_to_ducklake_type, ducklake_to_arrow_type};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A column of the catalog: a table's, or one within another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its number, which its values in files have too.
    pub id: i64,
    /// Its place among its table's.
    pub order: i64,
    /// Its name.
    pub name: String,
    /// Its type in the format's words.
    pub kind: String,
    /// Whether it may have no value.
    pub nullable: bool,
    /// The column that it is within.
    pub parent: Option<i64>,
    /// The value that it has where none is given.
    pub default: Option<String>,
    /// Arrow's type, where the format's is another.
    pub field: Option<Vec<u8>>,
}

/// The types that are kept in place of those of a table.
///
/// # Errors
/// When a name or a type is none that the format holds.
pub fn stored(schema: &Schema) -> Result<SchemaRef> {
    let mut names = HashMap::new();
    let mut fields = vec![];
    for field in schema.fields() {
        check_name(field.name(), "a column")?;
        if let Some(other) = names.insert(field.name().to_lowercase(), field.name()) {
            return Err(LakeError::Refused(match other == field.name() {
                true => format!("there are two columns called '{other}'"),
                false => format!(
                    "columns '{other}' and '{}' differ in capitals alone, which a database does not tell apart; rename one",
                    field.name()
                ),
            }));
        }
        fields.push(stored_field(field, field.name())?);
    }
    if fields.is_empty() {
        return Err(LakeError::Refused("a table has one column at least".into()));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Columns that readers of the format add to a table's own.
pub const IDENTITIES: [&str; 3] = ["rowid", "_ducklake_internal_row_id", "_ducklake_internal_snapshot_id"];

/// That a name of a table, a schema or a column is one that the format holds.
///
/// # Errors
/// When it is not.
pub fn check_name(name: &str, what: &str) -> Result<()> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > 1024 {
        "it is longer than 1,024 bytes"
    } else if name.chars().any(char::is_control) {
        "it has a control character"
    } else if what == "a column" && IDENTITIES.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        "the format means a row's identity by it"
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(40).collect();
    Err(LakeError::Refused(format!(
        "'{}' cannot be the name of {what}: {why}",
        shown.escape_debug()
    )))
}

/// Columns of a type that has no values, as NULL alone makes, are INTEGER: every program knows that.
pub fn with_values(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(
        schema.fields().iter().map(with_values_field).collect::<Vec<_>>(),
    ))
}

fn with_values_field(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::Null => DataType::Int32,
        DataType::List(f) => DataType::List(with_values_field(f)),
        DataType::LargeList(f) => DataType::LargeList(with_values_field(f)),
        DataType::FixedSizeList(f, n) => DataType::FixedSizeList(with_values_field(f), *n),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(with_values_field).collect()),
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

fn stored_field(field: &Field, column: &str) -> Result<Field> {
    Ok(Field::new(
        field.name(),
        stored_type(field.data_type(), column)?,
        field.is_nullable(),
    ))
}

fn stored_type(kind: &DataType, column: &str) -> Result<DataType> {
    use DataType as T;
    let refused = |why: &str| {
        Err(LakeError::Refused(format!(
            "column '{column}': {why}; cast it to another type"
        )))
    };
    Ok(match kind {
        T::Null => T::Int32,
        T::Utf8 | T::LargeUtf8 | T::Utf8View => T::Utf8View,
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => T::BinaryView,
        T::Float16 => T::Float32,
        T::Date64 => T::Timestamp(TimeUnit::Microsecond, None),
        T::Time32(_) | T::Time64(_) => T::Time64(TimeUnit::Microsecond),
        T::Interval(_) => return refused("intervals cannot be kept"),
        T::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, None) => T::Timestamp(TimeUnit::Microsecond, None),
        // Of a time with a zone the format knows microseconds.
        T::Timestamp(_, Some(_)) => T::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        T::Duration(_) => T::Int64,
        T::Decimal256(..) => return refused("decimals of more than 38 digits cannot be kept"),
        T::Dictionary(_, value) => stored_type(value, column)?,
        T::List(f) | T::LargeList(f) | T::FixedSizeList(f, _) => {
            T::List(Arc::new(stored_field(f, column)?.with_name("element")))
        }
        T::Struct(fields) => T::Struct(stored_fields(fields, column)?),
        other => match arrow_to_ducklake_type(other) {
            Ok(name) if ducklake_to_arrow_type(&name).is_ok_and(|back| back == *other) => other.clone(),
            _ => return refused(&format!("its type {other} cannot be kept")),
        },
    })
}

fn stored_fields(fields: &Fields, column: &str) -> Result<Fields> {
    let mut names = HashSet::new();
    let mut stored = vec![];
    if fields.is_empty() {
        return Err(LakeError::Refused(format!(
            "column '{column}': a structure without fields cannot be kept"
        )));
    }
    for field in fields {
        let name = field.name();
        // The format's library writes types as text, and these have a meaning there.
        if let Some(c) = name.chars().find(|c| ":,<>()".contains(*c)) {
            return Err(LakeError::Refused(format!(
                "column '{column}': its field '{name}' has a '{c}' in its name, which cannot be kept; rename it"
            )));
        }
        if name.trim() != name || name.is_empty() {
            return Err(LakeError::Refused(format!(
                "column '{column}': a field's name cannot be empty or begin or end with a blank; found '{name}'"
            )));
        }
        if !names.insert(name.to_lowercase()) {
            return Err(LakeError::Refused(format!(
                "column '{column}' has two fields called '{name}', whatever their capitals; rename one"
            )));
        }
        stored.push(Arc::new(stored_field(field, column)?));
    }
    Ok(stored.into())
}

/// The columns of a new table, those within others behind them; numbers begin with `first`, places with `order`.
///
/// # Errors
/// When a type has no name in the format.
pub fn columns(declared: &Schema, stored: &Schema, first: i64, order: i64) -> Result<Vec<Column>> {
    let mut columns = vec![];
    for (declared, stored) in declared.fields().iter().zip(stored.fields()) {
        let at = columns.len();
        append(stored, None, first, order, &mut columns)?;
        let is_same = declared.metadata().is_empty() && declared.data_type() == stored.data_type();
        // What columns within this one are is told by it alone.
        columns[at].field = match is_same && !declared.data_type().is_nested() {
            true => None,
            false => Some(encode(declared)?),
        };
    }
    Ok(columns)
}

fn append(field: &Field, parent: Option<i64>, first: i64, order: i64, into: &mut Vec<Column>) -> Result<()> {
    let at = into.len() as i64;
    let (id, kind) = (
        first + at,
        match field.data_type() {
            DataType::List(_) => "list".into(),
            DataType::Struct(_) => "struct".into(),
            other => arrow_to_ducklake_type(other)?,
        },
    );
    into.push(Column {
        id,
        order: order + at,
        name: field.name().clone(),
        kind,
        nullable: field.is_nullable(),
        parent,
        default: None,
        field: None,
    });
    match field.data_type() {
        DataType::List(element) => append(element, Some(id), first, order, into),
        DataType::Struct(fields) => fields.iter().try_for_each(|f| append(f, Some(id), first, order, into)),
        _ => Ok(()),
    }
}

/// The rows of the catalog that a column has, if its type in the format is `kind`; another program may have changed it.
pub fn nodes(field: &Field, kind: &str) -> Option<usize> {
    let stored = stored_field(field, field.name()).ok()?;
    let columns = columns(&Schema::new(vec![field.clone()]), &Schema::new(vec![stored]), 1, 0).ok()?;
    (columns.first()?.kind == kind).then_some(columns.len())
}

/// What Parquet calls a column's number.
const FIELD_ID: &str = "PARQUET:field_id";

/// A schema whose columns have numbers, in the order in which [`columns`] gives them.
pub fn numbered(stored: &Schema, ids: &[i64]) -> SchemaRef {
    let mut ids = ids.iter();
    let fields: Vec<FieldRef> = stored.fields().iter().map(|f| numbered_field(f, &mut ids)).collect();
    Arc::new(Schema::new(fields))
}

fn numbered_field<'a>(field: &Field, ids: &mut impl Iterator<Item = &'a i64>) -> FieldRef {
    let id = ids.next().copied().unwrap_or_default();
    let kind = match field.data_type() {
        DataType::List(element) => DataType::List(numbered_field(element, ids)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|f| numbered_field(f, ids)).collect()),
        other => other.clone(),
    };
    let metadata = HashMap::from([(FIELD_ID.to_owned(), id.to_string())]);
    Arc::new(Field::new(field.name(), kind, field.is_nullable()).with_metadata(metadata))
}

fn encode(field: &Field) -> Result<Vec<u8>> {
    let schema = Schema::new(vec![field.clone()]);
    let mut bytes = vec![];
    let mut writer = StreamWriter::try_new(&mut bytes, &schema).map_err(query)?;
    writer.finish().map_err(query)?;
    drop(writer);
    Ok(bytes)
}

/// Arrow's type of a column, as the catalog keeps it.
///
/// # Errors
/// When the bytes are none.
pub fn decode(bytes: &[u8]) -> Result<Field> {
    let reader = StreamReader::try_new(bytes, None).map_err(query)?;
    let schema = reader.schema();
    match schema.fields().first() {
        Some(field) => Ok(field.as_ref().clone()),
        None => Err(LakeError::Refused("a column's type in the catalog is broken".into())),
    }
}

fn query(e: datafusion::arrow::error::ArrowError) -> LakeError {
    LakeError::Query(e.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(kinds: Vec<DataType>) -> Schema {
        Schema::new(
            kinds
                .into_iter()
                .enumerate()
                .map(|(i, k)| Field::new(format!("c{i}"), k, true))
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn types_come_back() {
        let item = |kind| Arc::new(Field::new_list_field(kind, true));
        let fields = Fields::from(vec![
            Field::new("wavelet-LLH_glcm_Idm", DataType::Float64, true),
            Field::new("b c", DataType::List(item(DataType::Utf8)), true),
        ]);
        let declared = schema(vec![
            DataType::Utf8,
            DataType::FixedSizeList(item(DataType::Float32), 256),
            DataType::Struct(fields),
            DataType::Timestamp(TimeUnit::Second, None),
            DataType::Int64,
        ]);
        let stored = stored(&declared).unwrap();
        let columns = columns(&declared, &stored, 1, 0).unwrap();
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "c0",
                "c1",
                "element",
                "c2",
                "wavelet-LLH_glcm_Idm",
                "b c",
                "element",
                "c3",
                "c4"
            ]
        );
        assert_eq!(columns[6].parent, Some(6));
        assert!(columns[8].field.is_none());
        assert_eq!(nodes(declared.field(2), "struct"), Some(4));
        assert_eq!(nodes(declared.field(2), "list"), None);
        for (column, field) in columns.iter().filter(|c| c.parent.is_none()).zip(declared.fields()) {
            if let Some(bytes) = &column.field {
                assert_eq!(decode(bytes).unwrap(), **field);
            }
        }
        let ids: Vec<i64> = columns.iter().map(|c| c.id).collect();
        assert_eq!(numbered(&stored, &ids).field(4).metadata()[FIELD_ID], "9");
    }

    #[test]
    fn what_the_format_does_not_hold_is_refused() {
        let one = |name: &str, kind| stored(&Schema::new(vec![Field::new(name, kind, true)]));
        let within = |name: &str| {
            one(
                "s",
                DataType::Struct(Fields::from(vec![Field::new(name, DataType::Int32, true)])),
            )
        };
        for name in ["a:b", "a,b", "a<b", "a(b", " a", ""] {
            assert!(within(name).is_err(), "{name}");
        }
        assert!(within("wavelet-LLH_glcm_Idm").is_ok());
        assert!(one("", DataType::Int32).is_err() && one("a\nb", DataType::Int32).is_err());
        assert!(one("a:b", DataType::Int32).is_ok());
        let two = |a: &str, b: &str| {
            stored(&Schema::new(vec![
                Field::new(a, DataType::Int8, true),
                Field::new(b, DataType::Int8, true),
            ]))
        };
        assert!(two("Age", "age").unwrap_err().to_string().contains("capitals"));
        assert!(stored(&Schema::empty()).is_err());
    }
}
