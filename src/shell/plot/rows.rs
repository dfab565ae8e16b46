//! A result's columns by name.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{cast, concat_batches, take};
use datafusion::arrow::datatypes::{DataType, Float64Type, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// Columns of one length.
#[derive(Debug, Clone)]
pub struct Rows {
    columns: Vec<(String, ArrayRef)>,
    rows: usize,
}

impl Rows {
    /// Those of a result.
    ///
    /// # Errors
    /// When its batches do not fit its schema.
    pub fn new(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self, String> {
        // Batches may know more of their columns than the plan did, as that a value is never NULL.
        let own = batches
            .first()
            .map_or_else(|| SchemaRef::clone(schema), RecordBatch::schema);
        let whole = concat_batches(&own, batches).map_err(|e| e.to_string())?;
        let names = schema.fields().iter().map(|f| f.name().clone());
        Ok(Self {
            rows: whole.num_rows(),
            columns: names.zip(whole.columns().iter().cloned()).collect(),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    fn column(&self, name: &str) -> Option<&ArrayRef> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, array)| array)
    }

    /// Names of the columns of which this is true.
    fn names(&self, good: fn(&DataType) -> bool) -> Vec<&str> {
        let good = self.columns.iter().filter(|(_, array)| good(array.data_type()));
        good.map(|(name, _)| name.as_str()).collect()
    }

    /// Names of the columns of numbers.
    pub fn numeric(&self) -> Vec<&str> {
        self.names(DataType::is_numeric)
    }

    /// Names of the columns of text.
    pub fn texts(&self) -> Vec<&str> {
        self.names(|t| matches!(t, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View))
    }

    /// Names of the columns that may tell groups apart: text, truth values, whole numbers.
    pub fn keys(&self) -> Vec<&str> {
        self.names(|t| {
            t.is_integer()
                || matches!(
                    t,
                    DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean
                )
                || matches!(t, DataType::Dictionary(_, _))
        })
    }

    /// Names of the columns of text or truth values.
    pub fn categories(&self) -> Vec<&str> {
        self.names(|t| {
            matches!(
                t,
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean
            )
        })
    }

    /// Whether the column holds text.
    pub fn is_text(&self, name: &str) -> bool {
        self.texts().contains(&name)
    }

    /// A column of numbers; NaN for NULL. `None` where there is none of this name.
    pub fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let column = self.column(name).filter(|c| c.data_type().is_numeric())?;
        let column = cast(column, &DataType::Float64).ok()?;
        let numbers = column.as_primitive_opt::<Float64Type>()?;
        Some(numbers.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
    }

    /// A column as text; `None` for NULL. Empty where there is no such column or it cannot be shown.
    pub fn labels(&self, name: &str) -> Vec<Option<String>> {
        let Some(column) = self.column(name) else {
            return vec![];
        };
        let Ok(formatter) = ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default()) else {
            return vec![];
        };
        let text = |row: usize| {
            let shown = column.is_valid(row).then(|| formatter.value(row).try_to_string());
            shown.and_then(Result::ok)
        };
        (0..column.len()).map(text).collect()
    }

    /// These rows with one column of structs replaced by its fields, or one of lists of structs by a row each; a choice for each
    /// such column. Fields come before columns of the same name.
    pub fn nested(&self) -> impl Iterator<Item = Self> {
        self.columns
            .iter()
            .enumerate()
            .filter_map(|(i, (_, array))| match array.data_type() {
                DataType::Struct(_) => self.with_fields(i, array, None),
                DataType::List(item) if matches!(item.data_type(), DataType::Struct(_)) => {
                    let list = array.as_list_opt::<i32>()?;
                    let (items, places) = unnested(list)?;
                    self.with_fields(i, &items, Some(&places))
                }
                _ => None,
            })
    }

    /// The fields of a struct and the other columns, whose rows are taken at `places`.
    fn with_fields(&self, at: usize, structs: &ArrayRef, places: Option<&UInt32Array>) -> Option<Self> {
        let structs = structs.as_struct_opt()?;
        let mut columns: Vec<(String, ArrayRef)> = structs
            .fields()
            .iter()
            .map(|f| f.name().clone())
            .zip(structs.columns().iter().cloned())
            .collect();
        for (_, (name, array)) in self.columns.iter().enumerate().filter(|(i, _)| *i != at) {
            if columns.iter().any(|(n, _)| n == name) {
                continue;
            }
            // Other lists would be repeated for every row, and are not looked into.
            let array = match places {
                None => array.clone(),
                Some(_) if array.data_type().is_nested() => continue,
                Some(places) => take(array, places, None).ok()?,
            };
            columns.push((name.clone(), array));
        }
        Some(Self {
            columns,
            rows: places.map_or(self.rows, UInt32Array::len),
        })
    }
}

/// The items of all lists, and the row of each.
fn unnested(list: &ListArray) -> Option<(ArrayRef, UInt32Array)> {
    let (mut places, mut items) = (vec![], vec![]);
    for (row, pair) in list.value_offsets().windows(2).enumerate() {
        if list.is_valid(row) {
            for item in pair[0]..pair[1] {
                places.push(u32::try_from(row).ok()?);
                items.push(u32::try_from(item).ok()?);
            }
        }
    }
    let items = take(list.values(), &UInt32Array::from(items), None).ok()?;
    Some((items, UInt32Array::from(places)))
}

/// Rows of one group, in the order of the groups' names.
pub struct Group {
    /// What tells the group from the others, one text a column.
    pub key: Vec<String>,
    pub rows: Vec<usize>,
}

/// Rows with the same texts in these columns. Groups are ordered by their texts, and by value where these are numbers: the
/// order of a result's rows may be another tomorrow.
pub fn grouped(keys: &[Vec<String>], rows: usize) -> Vec<Group> {
    let mut groups: std::collections::BTreeMap<Vec<Part>, Vec<usize>> = std::collections::BTreeMap::new();
    for row in 0..rows {
        let key = keys.iter().map(|k| Part(k.get(row).cloned().unwrap_or_default()));
        groups.entry(key.collect()).or_default().push(row);
    }
    let group = |(key, rows): (Vec<Part>, Vec<usize>)| Group {
        key: key.into_iter().map(|part| part.0).collect(),
        rows,
    };
    groups.into_iter().map(group).collect()
}

/// A text that is ordered by value where it is a number, before what is none.
#[derive(PartialEq, Eq)]
struct Part(String);

impl Ord for Part {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let number = |text: &str| text.parse::<f64>().ok();
        let by_value = match (number(&self.0), number(&other.0)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        by_value.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The columns that tell groups apart: their names, and the text of each row.
pub struct Keys {
    names: Vec<String>,
    /// Whether a column's values speak for themselves: `high` and not `1`.
    plain: Vec<bool>,
    pub texts: Vec<Vec<String>>,
}

impl Keys {
    /// Those of `names` in which there are two values at least.
    pub fn of(rows: &Rows, names: &[&str]) -> Self {
        let mut keys = Self {
            names: vec![],
            plain: vec![],
            texts: vec![],
        };
        for name in names {
            let texts = rows
                .labels(name)
                .into_iter()
                .map(|t| t.unwrap_or_else(|| "NULL".into()));
            let texts: Vec<String> = texts.collect();
            if texts.iter().any(|t| Some(t) != texts.first()) {
                keys.names.push((*name).to_owned());
                keys.plain.push(rows.is_text(name));
                keys.texts.push(texts);
            }
        }
        keys
    }

    /// What a legend calls a group: `high`, `dead = true`, `a, t = 12`; nothing where there is only one.
    pub fn name(&self, group: &Group) -> String {
        let part = |((text, name), plain): ((&String, &String), &bool)| match plain {
            true => text.clone(),
            // A time of 12 is 12.0 as a floating point number.
            false => format!("{name} = {}", text.strip_suffix(".0").unwrap_or(text)),
        };
        let parts = group.key.iter().zip(&self.names).zip(&self.plain).map(part);
        parts.collect::<Vec<_>>().join(", ")
    }
}
