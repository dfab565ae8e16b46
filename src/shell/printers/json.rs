//! One JSON array of objects a result. NULL and NaN are null.

use super::Printer;
use super::cell::invalid;
use super::sink::Sink;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::json::writer::JsonArray;
use datafusion::arrow::json::{Writer, WriterBuilder};
use std::io::{self, Write};

pub struct Json {
    writer: Writer<Sink, JsonArray>,
}

impl Json {
    pub fn new(out: Sink) -> Self {
        Self {
            writer: WriterBuilder::new().with_explicit_nulls(true).build(out),
        }
    }
}

impl Printer for Json {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.writer.write(batch).map_err(invalid)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.finish().map_err(invalid)?;
        let out = self.writer.get_mut();
        writeln!(out)?;
        out.flush()
    }
}
