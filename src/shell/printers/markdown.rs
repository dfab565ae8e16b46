//! A Markdown table; numbers stand at the right.

use super::Printer;
use super::cell::{columns, is_number, json_options};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::io::{self, Write};

pub struct Markdown<'a> {
    schema: SchemaRef,
    out: &'a mut (dyn Write + Send),
}

impl<'a> Markdown<'a> {
    pub fn new(schema: &SchemaRef, out: &'a mut (dyn Write + Send)) -> io::Result<Self> {
        let names = schema.fields().iter().map(|f| escape(f.name()));
        let rules = schema
            .fields()
            .iter()
            .map(|f| if is_number(f.data_type()) { "---:" } else { "---" }.to_string());
        line(out, names)?;
        line(out, rules)?;
        Ok(Self {
            schema: schema.clone(),
            out,
        })
    }
}

fn line(out: &mut (dyn Write + Send), cells: impl Iterator<Item = String>) -> io::Result<()> {
    writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace(['\n', '\r'], " ")
}

impl Printer for Markdown<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let options = json_options();
        let mut cells = columns(batch, &self.schema, &options)?;
        for row in 0..batch.num_rows() {
            let texts = cells
                .iter_mut()
                .map(|c| Ok(escape(&c.short(row)?.unwrap_or_else(|| "NULL".into()))));
            line(self.out, texts.collect::<io::Result<Vec<_>>>()?.into_iter())?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
