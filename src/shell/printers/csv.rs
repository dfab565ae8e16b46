//! Comma-separated values (RFC 4180): NULL is an empty cell, structs and lists are JSON.

use super::Printer;
use super::cell::{columns, json_options};
use super::sink::Sink;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::io;

pub struct Csv {
    schema: SchemaRef,
    writer: csv::Writer<Sink>,
}

impl Csv {
    pub fn new(schema: &SchemaRef, out: Sink) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer
            .write_record(schema.fields().iter().map(|f| f.name()))
            .map_err(output)?;
        Ok(Self {
            schema: schema.clone(),
            writer,
        })
    }
}

/// The error of the output itself, so that a closed pipe is known as one.
fn output(e: csv::Error) -> io::Error {
    match e.into_kind() {
        csv::ErrorKind::Io(e) => e,
        other => io::Error::other(format!("{other:?}")),
    }
}

impl Printer for Csv {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let options = json_options();
        let mut cells = columns(batch, &self.schema, &options)?;
        for row in 0..batch.num_rows() {
            for column in &mut cells {
                self.writer
                    .write_field(column.text(row)?.unwrap_or_default())
                    .map_err(output)?;
            }
            self.writer.write_record(None::<&[u8]>).map_err(output)?;
        }
        self.writer.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
