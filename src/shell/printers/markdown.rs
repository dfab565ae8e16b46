//! A Markdown table; numbers stand at the right.

use super::Printer;
use super::cell::{columns, is_number, json_options};
use super::sink::Sink;
use super::text::visible;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::io::{self, Write};

pub struct Markdown {
    schema: SchemaRef,
    out: Sink,
}

impl Markdown {
    pub fn new(schema: &SchemaRef, mut out: Sink) -> io::Result<Self> {
        let names = schema.fields().iter().map(|f| escape(f.name()));
        let rules = schema
            .fields()
            .iter()
            .map(|f| if is_number(f.data_type()) { "---:" } else { "---" }.to_string());
        line(&mut out, names)?;
        line(&mut out, rules)?;
        Ok(Self {
            schema: schema.clone(),
            out,
        })
    }
}

fn line(out: &mut Sink, cells: impl Iterator<Item = String>) -> io::Result<()> {
    writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// Text as text: no cell ends early, becomes markup or moves a terminal's cursor.
fn escape(text: &str) -> String {
    let text = text.replace("\r\n", " ").replace(['\n', '\r'], " ");
    let mut out = String::with_capacity(text.len());
    for c in visible(&text.replace('\\', "\\\\")).chars() {
        if matches!(c, '|' | '<' | '*' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

impl Printer for Markdown {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let options = json_options();
        let mut cells = columns(batch, &self.schema, &options)?;
        for row in 0..batch.num_rows() {
            let texts = cells
                .iter_mut()
                .map(|c| Ok(escape(&c.short(row)?.unwrap_or_else(|| "NULL".into()))));
            line(&mut self.out, texts.collect::<io::Result<Vec<_>>>()?.into_iter())?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
