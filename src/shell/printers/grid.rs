//! A table: numbers stand at the right, NULL is visible. On a terminal types stand below the names, long cells are cut, and
//! columns in the middle are left out where all of them would not fit.

use super::cell::{Cells, columns, invalid, is_number, json_options, without_figure};
use super::fit;
use super::sink::Sink;
use super::table::{Body, Look};
use super::text::{REST, counted, cut, dim, lines, pad, visible, width};
use super::typename;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::borrow::Cow;
use std::io::{self, Write};

/// Longest struct or list, in characters. One of features would fill pages.
const LONGEST: usize = 60;
/// A column of text is not made narrower than this for others to have room.
const NARROW: usize = 20;
/// Columns that the name of a type may ask for.
const TYPE: usize = 11;
/// Bytes that are gathered before they are written.
const PIECE: usize = 64 << 10;
/// Most lines of one cell.
const TALLEST: usize = 200;

struct Column {
    /// Its place in the result.
    place: usize,
    name: String,
    type_name: String,
    is_number: bool,
    is_nested: bool,
    width: usize,
}

/// A table whose columns' widths are known.
pub struct Grid {
    out: Sink,
    look: Look,
    schema: SchemaRef,
    columns: Vec<Column>,
    /// How many columns stand before those that are left out, and how many those are.
    left_out: Option<(usize, usize)>,
}

/// Whether a table is wider than a terminal, were nothing cut.
pub fn is_wider(schema: &SchemaRef, rows: &[RecordBatch], terminal: usize) -> io::Result<bool> {
    // The narrowest column, with its line, takes four.
    if schema.fields().len() * 4 >= terminal {
        return Ok(true);
    }
    let places: Vec<usize> = (0..schema.fields().len()).collect();
    let columns = measured(schema, &places, rows, true)?;
    Ok(total(&columns) > terminal)
}

/// Columns of a table, with its lines.
fn total(columns: &[Column]) -> usize {
    columns.iter().map(|c| c.width + 3).sum::<usize>() + 1
}

/// Columns, as wide as their widest cell.
fn measured(schema: &SchemaRef, places: &[usize], rows: &[RecordBatch], types: bool) -> io::Result<Vec<Column>> {
    let mut columns = vec![];
    for place in places {
        let field = schema.field(*place);
        let name = visible(field.name()).into_owned();
        let type_name = if types {
            typename::name(field.data_type())
        } else {
            String::new()
        };
        columns.push(Column {
            place: *place,
            // Long names of types are cut sooner than columns become wide by them.
            width: width(&name).max(width(&type_name).min(TYPE)),
            name,
            type_name,
            is_number: is_number(field.data_type()),
            is_nested: field.data_type().is_nested(),
        });
    }
    let mut widths: Vec<usize> = columns.iter().map(|c| c.width).collect();
    for batch in rows {
        each_row(schema, &columns, batch, |cells| {
            for (widest, cell) in widths.iter_mut().zip(cells) {
                let lines = cell.as_deref().map(lines);
                let width = lines.map_or(4, |lines| lines.iter().map(|l| width(l)).max().unwrap_or(0));
                *widest = width.max(*widest);
            }
            Ok(())
        })?;
    }
    for (column, width) in columns.iter_mut().zip(widths) {
        column.width = width;
    }
    Ok(columns)
}

/// Calls for each row with the texts of these columns.
fn each_row(
    schema: &SchemaRef,
    of: &[Column],
    batch: &RecordBatch,
    mut work: impl FnMut(Vec<Option<String>>) -> io::Result<()>,
) -> io::Result<()> {
    let places: Vec<usize> = of.iter().map(|c| c.place).collect();
    let schema = schema.project(&places).map_err(invalid)?;
    let batch = batch.project(&places).map_err(invalid)?;
    let options = json_options();
    let mut cells = columns(&batch, &schema, &options)?;
    for row in 0..batch.num_rows() {
        let texts = cells.iter_mut().zip(of).map(|(cells, column)| cell(cells, column, row));
        work(texts.collect::<io::Result<Vec<_>>>()?)?;
    }
    Ok(())
}

/// The text of a cell for a narrow place.
fn cell(cells: &mut Cells<'_>, column: &Column, row: usize) -> io::Result<Option<String>> {
    let text = cells.short(row)?;
    Ok(text.map(|text| match column.is_nested {
        true if text.chars().count() > LONGEST => text.chars().take(LONGEST - 1).chain(REST.chars()).collect(),
        true => text,
        false => without_figure(text),
    }))
}

impl Grid {
    /// A table whose columns are as wide as these rows need, and its head.
    pub fn new(schema: &SchemaRef, look: Look, out: Sink, rows: &[RecordBatch]) -> io::Result<Self> {
        let all = schema.fields().len();
        // Of very many columns only those can be shown that lie near one of the ends.
        let near = look.width.map_or(all, |width| width / 4);
        let places: Vec<usize> = (0..all).filter(|place| *place < near || all - place <= near).collect();
        let mut columns = measured(schema, &places, rows, look.width.is_some())?;
        let mut left_out = None;
        if let Some(terminal) = look.width {
            for column in &mut columns {
                column.width = column.width.min(terminal.saturating_sub(4).max(1));
            }
            narrow(&mut columns, terminal);
            left_out = leave_out(&mut columns, all, terminal);
        }
        let mut grid = Self {
            out,
            look,
            schema: schema.clone(),
            columns,
            left_out,
        };
        grid.head()?;
        Ok(grid)
    }

    fn head(&mut self) -> io::Result<()> {
        let mut text = self.rule(['┌', '─', '┬', '┐']);
        // Where there is no terminal the names stand as they always have, for scripts.
        let is_terminal = self.look.width.is_some();
        let names: Vec<Option<Cow<'_, str>>> = self.columns.iter().map(|c| Some(Cow::Borrowed(&*c.name))).collect();
        self.line(&mut text, &names, Style::Name);
        if is_terminal {
            let types: Vec<_> = self
                .columns
                .iter()
                .map(|c| Some(Cow::Borrowed(&*c.type_name)))
                .collect();
            self.line(&mut text, &types, Style::Type);
        }
        text.push_str(&self.rule(['╞', '═', '╪', '╡']));
        self.out.write_all(text.as_bytes())
    }

    /// A line across the table.
    fn rule(&self, [left, stroke, cross, right]: [char; 4]) -> String {
        let mut text = String::from(left);
        let mut widths: Vec<usize> = self.columns.iter().map(|c| c.width + 2).collect();
        if let Some((before, _)) = self.left_out {
            widths.insert(before, 3);
        }
        for (place, width) in widths.into_iter().enumerate() {
            if place > 0 {
                text.push(cross);
            }
            text.extend(std::iter::repeat_n(stroke, width));
        }
        text.push(right);
        text.push('\n');
        text
    }

    /// A row, of as many lines as its tallest cell.
    fn row(&self, cells: &[Option<String>], out: &mut String) {
        let cells: Vec<Option<Vec<Cow<'_, str>>>> = cells.iter().map(|c| c.as_deref().map(lines)).collect();
        let tallest = cells.iter().flatten().map(Vec::len).max().unwrap_or(1);
        for line in 0..tallest.min(TALLEST) {
            let is_last = line + 1 == TALLEST;
            let parts = cells.iter().map(|cell| match cell {
                None if line == 0 => None,
                None => Some(Cow::Borrowed("")),
                Some(parts) if is_last && parts.len() > TALLEST => Some(Cow::Borrowed(REST)),
                Some(parts) => Some(parts.get(line).cloned().unwrap_or_default()),
            });
            self.line(out, &parts.collect::<Vec<_>>(), Style::Cell);
        }
    }

    /// A line of cells.
    fn line(&self, out: &mut String, cells: &[Option<Cow<'_, str>>], style: Style) {
        let marker = self.left_out.map(|(before, _)| before);
        let colours = self.look.colours;
        for (place, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            if marker == Some(place) {
                out.push_str("┆ … ");
            }
            out.push(if place == 0 { '│' } else { '┆' });
            out.push(' ');
            let text = match cell {
                Some(text) if self.look.width.is_some() && !(column.is_number && style == Style::Cell) => {
                    cut(text, column.width)
                }
                Some(text) => Cow::Borrowed(&**text),
                None => Cow::Borrowed("NULL"),
            };
            let right = column.is_number && (style != Style::Name || self.look.width.is_some());
            let mut padded = String::new();
            pad(&mut padded, &text, column.width, right);
            let is_dim = cell.is_none() || matches!(style, Style::Type | Style::Gap);
            out.push_str(&dim(&padded, colours && is_dim));
            out.push(' ');
        }
        if marker == Some(self.columns.len()) {
            out.push_str("┆ … ");
        }
        out.push_str("│\n");
    }
}

/// What stands in a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Name,
    Type,
    Cell,
    Gap,
}

/// Makes the widest columns of text narrower, as far as there is need and not below what can be read.
fn narrow(columns: &mut [Column], terminal: usize) {
    let is_wide = |c: &Column| !c.is_number && c.width > NARROW;
    while total(columns) > terminal {
        let Some(widest) = columns.iter().filter(|c| is_wide(c)).map(|c| c.width).max() else {
            return;
        };
        let others = columns.iter().filter(|c| is_wide(c) && c.width < widest);
        let next = others.map(|c| c.width).max().unwrap_or(NARROW);
        let many = columns.iter().filter(|c| is_wide(c) && c.width == widest).count();
        let need = (total(columns) - terminal).div_ceil(many);
        let narrower = widest.saturating_sub(need).max(next);
        for column in columns.iter_mut().filter(|c| is_wide(c) && c.width == widest) {
            column.width = narrower;
        }
    }
}

/// Takes columns out of the middle until the others fit. One stays, however wide.
fn leave_out(columns: &mut Vec<Column>, all: usize, terminal: usize) -> Option<(usize, usize)> {
    if columns.len() == all && total(columns) <= terminal {
        return None;
    }
    // The mark that columns are missing takes four.
    let room = terminal.saturating_sub(4 + 1);
    let (mut before, mut after, mut used) = (0, 0, 0);
    while before + after < columns.len() {
        // By turns from both ends, the first column first.
        let place = match before <= after {
            true => before,
            false => columns.len() - 1 - after,
        };
        let width = columns.get(place).map_or(0, |c| c.width + 3);
        if used + width > room && before > 0 {
            break;
        }
        used += width;
        if before <= after {
            before += 1;
        } else {
            after += 1;
        }
    }
    columns.drain(before..columns.len() - after);
    if let [column] = columns.as_mut_slice() {
        column.width = column.width.min(room.saturating_sub(3).max(1));
    }
    Some((before, all - before - after)).filter(|(_, hidden)| *hidden > 0)
}

impl Body for Grid {
    fn rows(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let mut out = self.out.clone();
        let mut text = String::new();
        each_row(&self.schema, &self.columns, batch, |cells| {
            self.row(&cells, &mut text);
            if text.len() > PIECE {
                out.write_all(text.as_bytes())?;
                text.clear();
            }
            Ok(())
        })?;
        out.write_all(text.as_bytes())
    }

    fn gap(&mut self, _: usize) -> io::Result<()> {
        let mut text = String::new();
        let cells: Vec<_> = self.columns.iter().map(|_| Some(Cow::Borrowed(REST))).collect();
        self.line(&mut text, &cells, Style::Gap);
        self.out.write_all(text.as_bytes())
    }

    fn end(&mut self, total: usize, hidden: usize) -> io::Result<()> {
        let mut text = self.rule(['└', '─', '┴', '┘']);
        text.push_str(&footer(total, hidden));
        if let Some((_, hidden)) = self.left_out {
            let all = self.schema.fields().len();
            text.push_str(&format!(", {all} columns, {} shown ({hidden} not)", all - hidden));
        }
        text.push('\n');
        if self.look.width.is_some() && fit::is_curve(self.schema.fields()) {
            text.push_str(&dim(fit::CURVE_HINT, self.look.colours));
            text.push('\n');
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

/// How many rows there are, and how many of them are not shown.
pub fn footer(total: usize, hidden: usize) -> String {
    let rows = counted(total, "row");
    match hidden {
        0 => rows,
        _ => format!("{rows}, {} shown ({hidden} not)", total - hidden),
    }
}
