//! Fits, as R prints them. A fit is known by the names of its fields, whatever made it.

mod cox;
mod curve;
mod figures;
mod lasso;
mod record;

use super::cell::{columns, json_options};
use super::table::Look;
use super::text::{pad, visible, width};
use super::vertical;
use datafusion::arrow::array::{ArrayRef, RecordBatch, StructArray};
use datafusion::arrow::datatypes::{DataType, Fields};
pub use record::{Record, items};
use std::io;
use std::sync::Arc;

/// What tells people of the picture of a curve.
pub const CURVE_HINT: &str = "\\plot shows its curve";

/// The kinds of fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A Cox model with its tests.
    Cox,
    /// A penalised Cox model.
    Lasso,
    /// A survival curve, a row a step.
    Curve,
}

/// The fields of a list's structs.
fn item_fields(t: &DataType) -> Option<&Fields> {
    match t {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => match item.data_type() {
            DataType::Struct(fields) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

fn has(fields: &Fields, names: &[&str]) -> bool {
    names.iter().all(|name| fields.find(name).is_some())
}

/// Whether rows with these columns are the steps of a survival curve.
pub fn is_curve(fields: &Fields) -> bool {
    has(fields, &["time", "n_risk", "n_event", "survival"])
}

fn of_fields(fields: &Fields) -> Option<Kind> {
    let (_, terms) = fields.find("terms")?;
    let terms = item_fields(terms.data_type())?;
    if has(terms, &["term", "coef", "hr", "hr_lower", "hr_upper", "se", "z", "p"])
        && has(fields, &["n", "events", "lr", "wald", "score", "concordance"])
    {
        return Some(Kind::Cox);
    }
    (has(terms, &["term", "coef"]) && has(fields, &["lambda", "alpha", "nonzero"])).then_some(Kind::Lasso)
}

fn kind(t: &DataType) -> Option<Kind> {
    match t {
        DataType::Struct(fields) => of_fields(fields),
        list => item_fields(list).filter(|f| is_curve(f)).map(|_| Kind::Curve),
    }
}

/// What R would print of a value; nothing where it is no fit, or NULL.
pub fn text(array: &ArrayRef, row: usize, look: Look) -> io::Result<Option<String>> {
    let Some(kind) = kind(array.data_type()) else {
        return Ok(None);
    };
    if kind == Kind::Curve {
        return Ok(items(array, row).map(|steps| curve::text(&Record::all(&steps), look)));
    }
    let Some(record) = Record::at(array, row) else {
        return Ok(None);
    };
    Ok(Some(match kind {
        Kind::Cox => cox::text(&record, look),
        _ => lasso::text(&record, look),
    }))
}

/// A result of one row that holds a fit, or is one; nothing where there is none.
pub fn of_row(batch: &RecordBatch, look: Look) -> io::Result<Option<String>> {
    let schema = batch.schema();
    if of_fields(schema.fields()).is_some() {
        let row: ArrayRef = Arc::new(StructArray::from(batch.clone()));
        return text(&row, 0, look);
    }
    if !schema.fields().iter().any(|f| kind(f.data_type()).is_some()) {
        return Ok(None);
    }
    if let [array] = batch.columns() {
        return text(array, 0, look);
    }
    let options = json_options();
    let mut cells = columns(batch, &schema, &options)?;
    vertical::row(batch, &mut cells, 0, look).map(Some)
}

/// Lines of right-aligned columns, the first one's cells, which name the lines, at the left.
fn aligned(names: &[String], columns: &[(&str, Vec<String>)], look: Look) -> String {
    let widths: Vec<usize> = columns
        .iter()
        .map(|(head, cells)| cells.iter().map(|c| width(c)).max().unwrap_or(0).max(width(head)))
        .collect();
    // On a terminal long names give way to the numbers.
    let room = look.width.map_or(usize::MAX, |terminal| {
        terminal
            .saturating_sub(widths.iter().map(|w| w + 1).sum::<usize>())
            .max(12)
    });
    let names: Vec<_> = names
        .iter()
        .map(|n| super::text::cut(&visible(n), room).into_owned())
        .collect();
    let first = names.iter().map(|n| width(n)).max().unwrap_or(0);
    let mut text = String::new();
    let mut line = |name: &str, cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        pad(&mut line, name, first, false);
        for (cell, columns) in cells.zip(&widths) {
            line.push(' ');
            pad(&mut line, cell, *columns, true);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line("", &mut columns.iter().map(|(head, _)| *head));
    for (row, name) in names.iter().enumerate() {
        line(
            name,
            &mut columns
                .iter()
                .map(|(_, cells)| cells.get(row).map_or("", String::as_str)),
        );
    }
    text
}

/// How many rows and events a fit is of.
fn counts(record: &Record) -> String {
    let whole = |name| record.whole(name);
    let mut text = String::new();
    if let Some(n) = whole("n") {
        text.push_str(&format!("  n= {n}"));
        if let Some(events) = whole("events") {
            text.push_str(&format!(", number of events= {events}"));
        }
        text.push('\n');
    }
    match whole("n_missing") {
        None | Some(0) => {}
        Some(1) => text.push_str("   (1 observation deleted due to missingness)\n"),
        Some(n) => text.push_str(&format!("   ({n} observations deleted due to missingness)\n")),
    }
    text
}

#[cfg(test)]
mod tests;
