//! Tab-separated values, a line a row, as PostgreSQL's `COPY` writes them: NULL is `\N`, and a tab, a line's end or a
//! backslash within a cell is `\t`, `\n`, `\r` or `\\`. Structs and lists are JSON.

use super::Printer;
use super::cell::{columns, json_options};
use super::sink::Sink;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::io::{self, Write};

/// Bytes that are gathered before they are written.
const PIECE: usize = 64 << 10;

pub struct Tsv {
    schema: SchemaRef,
    out: Sink,
}

impl Tsv {
    pub fn new(schema: &SchemaRef, mut out: Sink) -> io::Result<Self> {
        let mut line = String::new();
        for (place, field) in schema.fields().iter().enumerate() {
            if place > 0 {
                line.push('\t');
            }
            escape(field.name(), &mut line);
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
        Ok(Self {
            schema: schema.clone(),
            out,
        })
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
}

impl Printer for Tsv {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let options = json_options();
        let mut cells = columns(batch, &self.schema, &options)?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            for (place, column) in cells.iter_mut().enumerate() {
                if place > 0 {
                    text.push('\t');
                }
                match column.text(row)? {
                    Some(cell) => escape(&cell, &mut text),
                    None => text.push_str("\\N"),
                }
            }
            text.push('\n');
            if text.len() >= PIECE {
                self.out.write_all(text.as_bytes())?;
                text.clear();
            }
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
