//! One JSON array of objects a result. NULL and NaN are null.

use super::Printer;
use super::cell::invalid;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::json::writer::JsonArray;
use datafusion::arrow::json::{Writer, WriterBuilder};
use std::io::{self, Write};

pub struct Json<'a> {
    writer: Writer<&'a mut (dyn Write + Send), JsonArray>,
}

impl<'a> Json<'a> {
    pub fn new(_: &SchemaRef, out: &'a mut (dyn Write + Send)) -> io::Result<Self> {
        Ok(Self {
            writer: WriterBuilder::new()
                .with_explicit_nulls(true)
                .build::<_, JsonArray>(out),
        })
    }
}

impl Printer for Json<'_> {
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
