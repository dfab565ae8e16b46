//! One JSON object a row, a line each. NULL and NaN are null.

use super::Printer;
use super::cell::invalid;
use super::sink::Sink;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::json::writer::LineDelimited;
use datafusion::arrow::json::{Writer, WriterBuilder};
use std::io::{self, Write};

pub struct NdJson {
    writer: Writer<Sink, LineDelimited>,
}

impl NdJson {
    pub fn new(out: Sink) -> Self {
        Self {
            writer: WriterBuilder::new().with_explicit_nulls(true).build(out),
        }
    }
}

impl Printer for NdJson {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.writer.write(batch).map_err(invalid)?;
        self.writer.get_mut().flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.finish().map_err(invalid)?;
        self.writer.get_mut().flush()
    }
}
