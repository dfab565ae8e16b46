//! A line a column, for people. Structs stand as blocks of names and values, lists of structs as small tables, fits as R prints
//! them. A value is never cut; of a struct or list with very many parts the first ones are shown.

use super::cell::{Cells, columns, invalid, json_options, without_figure};
use super::fit::{self, items};
use super::grid::footer;
use super::sink::Sink;
use super::table::{Body, Look};
use super::text::{REST, counted, dim, lines, pad, visible, width};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::io::{self, Write};
use std::sync::Arc;

/// Most fields of a struct that are all shown, and how many of a larger one are.
const FIELDS: usize = 40;
const FIRST_FIELDS: usize = 10;
/// Most rows of a list of structs.
const ITEMS: usize = 40;
/// Most elements of any other list.
const ELEMENTS: usize = 16;
/// A name that is longer does not move the values of the others.
const NAME: usize = 40;
/// Structs within structs that stand as blocks.
const DEEPEST: usize = 4;

pub struct Vertical {
    schema: SchemaRef,
    look: Look,
    out: Sink,
    /// Rows that were written or left out.
    rows: usize,
}

impl Vertical {
    pub fn new(schema: &SchemaRef, look: Look, out: Sink) -> Self {
        Self {
            schema: schema.clone(),
            look,
            out,
            rows: 0,
        }
    }
}

impl Body for Vertical {
    fn rows(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let options = json_options();
        let mut cells = columns(batch, &self.schema, &options)?;
        for place in 0..batch.num_rows() {
            self.rows += 1;
            let head = format!("─[ row {} ]", self.rows);
            let line = "─".repeat(self.look.width.unwrap_or(60).min(60).saturating_sub(width(&head)));
            let text = row(batch, &mut cells, place, self.look)?;
            let head = dim(&format!("{head}{line}"), self.look.colours).into_owned();
            writeln!(self.out, "{head}\n{text}")?;
        }
        self.out.flush()
    }

    fn gap(&mut self, hidden: usize) -> io::Result<()> {
        self.rows += hidden;
        writeln!(self.out, "{REST} {} not shown {REST}\n", counted(hidden, "row"))
    }

    fn end(&mut self, total: usize, hidden: usize) -> io::Result<()> {
        writeln!(self.out, "{}", footer(total, hidden))?;
        self.out.flush()
    }
}

/// The lines of a row.
pub fn row(batch: &RecordBatch, cells: &mut [Cells<'_>], row: usize, look: Look) -> io::Result<String> {
    let schema = batch.schema();
    let mut values = vec![];
    for ((field, array), cells) in schema.fields().iter().zip(batch.columns()).zip(cells) {
        values.push((
            field.name().as_str(),
            value(array, cells, row, look, &quoted(field.name()))?,
        ));
    }
    Ok(block(&values, look))
}

/// The name of a column, as SQL takes it.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A field of a struct, as SQL takes it.
fn within(path: &str, field: &str) -> String {
    format!("{path}['{}']", field.replace('\'', "''"))
}

/// A value as people read it.
enum Value {
    Null,
    Lines(Vec<String>),
    /// Lines that stand below the name.
    Below(String),
}

fn value(array: &ArrayRef, cells: &mut Cells<'_>, row: usize, look: Look, path: &str) -> io::Result<Value> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    if let Some(text) = fit::text(array, row, look)? {
        return Ok(Value::Below(text));
    }
    let text = match array.data_type() {
        DataType::Struct(_) if path.matches('[').count() < DEEPEST => {
            return Ok(Value::Below(of_struct(array.as_struct(), row, look, path)?));
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => match items(array, row) {
            Some(items) if matches!(items.data_type(), DataType::Struct(_)) && !items.is_empty() => {
                return Ok(Value::Below(table(items.as_struct())?));
            }
            Some(items) => list(&items)?,
            None => return Ok(Value::Null),
        },
        _ => match cells.short(row)? {
            Some(text) => without_figure(text),
            None => return Ok(Value::Null),
        },
    };
    Ok(Value::Lines(lines(&text).into_iter().map(Into::into).collect()))
}

/// A struct's fields: all of them, or the first.
fn of_struct(array: &StructArray, row: usize, look: Look, path: &str) -> io::Result<String> {
    let all = array.fields().len();
    let shown = if all > FIELDS { FIRST_FIELDS } else { all };
    let options = json_options();
    let one = RecordBatch::from(array.slice(row, 1));
    let one = one.project(&(0..shown).collect::<Vec<_>>()).map_err(invalid)?;
    let schema = one.schema();
    let mut cells = columns(&one, &schema, &options)?;
    let mut values = vec![];
    for ((field, array), cells) in schema.fields().iter().zip(one.columns()).zip(&mut cells) {
        values.push((
            field.name().as_str(),
            value(array, cells, 0, look, &within(path, field.name()))?,
        ));
    }
    let mut text = block(&values, look);
    if let Some(field) = array.fields().get(shown) {
        let example = within(path, field.name());
        let more = format!("{REST} and {} more of {all} fields, such as {example}", all - shown);
        text.push_str(&dim(&visible(&more), look.colours));
        text.push('\n');
    }
    Ok(text)
}

/// The elements of a list, as JSON: all of them, or the first.
fn list(items: &ArrayRef) -> io::Result<String> {
    let all = items.len();
    let shown = items.slice(0, all.min(ELEMENTS));
    let field = Field::new("item", items.data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(schema.clone(), vec![shown]).map_err(invalid)?;
    let options = json_options();
    let mut cells = columns(&batch, &schema, &options)?;
    let mut texts = vec![];
    for row in 0..batch.num_rows() {
        for cells in &mut cells {
            texts.push(cells.short(row)?.unwrap_or_else(|| "NULL".into()));
        }
    }
    let rest = if all > ELEMENTS {
        format!(", {REST}] ({all} elements)")
    } else {
        "]".into()
    };
    Ok(format!("[{}{rest}", texts.join(", ")))
}

/// A list of structs as columns.
fn table(items: &StructArray) -> io::Result<String> {
    let batch = RecordBatch::from(items.slice(0, items.len().min(ITEMS)));
    let schema = batch.schema();
    let options = json_options();
    let mut cells = columns(&batch, &schema, &options)?;
    let mut columns = vec![];
    for (field, cells) in schema.fields().iter().zip(&mut cells) {
        let mut texts = vec![visible(field.name()).into_owned()];
        for row in 0..batch.num_rows() {
            let text = cells.short(row)?.unwrap_or_else(|| "NULL".into());
            texts.push(visible(&without_figure(text)).into_owned());
        }
        let widest = texts.iter().map(|t| width(t)).max().unwrap_or(0);
        columns.push((texts, widest, field.data_type().is_numeric()));
    }
    let mut text = String::new();
    for row in 0..=batch.num_rows() {
        let mut line = String::new();
        for (texts, widest, right) in &columns {
            pad(&mut line, texts.get(row).map_or("", String::as_str), *widest, *right);
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if items.len() > ITEMS {
        text.push_str(&format!("{REST} and {} more of {}\n", items.len() - ITEMS, items.len()));
    }
    Ok(text)
}

/// Names and values, the values below one another.
fn block(values: &[(&str, Value)], look: Look) -> String {
    let names: Vec<_> = values.iter().map(|(name, _)| visible(name)).collect();
    let beside = names
        .iter()
        .zip(values)
        .filter(|(_, (_, value))| !matches!(value, Value::Below(_)));
    let column = beside
        .map(|(name, _)| width(name))
        .filter(|w| *w <= NAME)
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (name, (_, value)) in names.iter().zip(values) {
        match value {
            Value::Below(lines) => {
                text.push_str(&format!("{name}\n"));
                for line in lines.trim_end().lines() {
                    text.push_str(format!("  {line}").trim_end());
                    text.push('\n');
                }
            }
            Value::Null => {
                pad(&mut text, name, column, false);
                text.push_str(&format!("  {}\n", dim("NULL", look.colours)));
            }
            Value::Lines(lines) => {
                for (place, line) in lines.iter().enumerate() {
                    let mut whole = String::new();
                    pad(&mut whole, if place == 0 { name } else { "" }, column, false);
                    whole.push_str("  ");
                    whole.push_str(line);
                    text.push_str(whole.trim_end());
                    text.push('\n');
                }
            }
        }
    }
    text
}
