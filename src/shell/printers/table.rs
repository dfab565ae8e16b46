//! A table for people: numbers stand at the right, NULL is visible, long cells are cut.

use super::Printer;
use super::cell::{columns, is_number, json_options, without_figure};
use comfy_table::{Cell, CellAlignment, ContentArrangement, presets};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::io::{self, Write};

/// Longest struct or list, in characters. One of features would fill pages.
const LONGEST: usize = 60;

pub struct Table<'a> {
    schema: SchemaRef,
    out: &'a mut (dyn Write + Send),
    table: comfy_table::Table,
    rows: usize,
}

impl<'a> Table<'a> {
    pub fn new(schema: &SchemaRef, out: &'a mut (dyn Write + Send)) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_preset(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(schema.fields().iter().map(|f| f.name().clone()));
        Self {
            schema: schema.clone(),
            out,
            table,
            rows: 0,
        }
    }
}

fn cut(text: String) -> String {
    if text.chars().count() <= LONGEST {
        return text;
    }
    let mut short: String = text.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

impl Printer for Table<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let options = json_options();
        let mut cells = columns(batch, &self.schema, &options)?;
        for row in 0..batch.num_rows() {
            let mut line = vec![];
            for (column, field) in cells.iter_mut().zip(self.schema.fields()) {
                let text = column.short(row)?.unwrap_or_else(|| "NULL".into());
                let text = if field.data_type().is_nested() {
                    cut(text)
                } else {
                    without_figure(text)
                };
                let side = if is_number(field.data_type()) {
                    CellAlignment::Right
                } else {
                    CellAlignment::Left
                };
                line.push(Cell::new(text).set_alignment(side));
            }
            self.table.add_row(line);
            self.rows += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        writeln!(self.out, "{}", self.table)?;
        writeln!(
            self.out,
            "{} {}",
            self.rows,
            if self.rows == 1 { "row" } else { "rows" }
        )?;
        self.out.flush()
    }
}
