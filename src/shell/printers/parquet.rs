//! One result as a Parquet file. Row groups are written as they fill, so that a long result needs little memory.

use super::Printer;
use super::sink::Sink;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;
use std::io;

/// Bytes of a row group, at most.
const GROUP: usize = 64 << 20;

pub struct Parquet {
    writer: Option<ArrowWriter<Sink>>,
}

impl Parquet {
    pub fn new(schema: &SchemaRef, out: Sink) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_bytes(Some(GROUP))
            .build();
        Ok(Self {
            writer: Some(ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(told)?),
        })
    }
}

/// An error of the writer's as one of output: what the output itself said stays what it was.
fn told(e: ParquetError) -> io::Error {
    match e {
        ParquetError::External(e) => match e.downcast::<io::Error>() {
            Ok(e) => *e,
            Err(e) => io::Error::other(e),
        },
        e => io::Error::new(io::ErrorKind::InvalidData, format!("Parquet: {e}")),
    }
}

impl Printer for Parquet {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.writer
            .as_mut()
            .map_or(Ok(()), |writer| writer.write(batch).map_err(told))
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.writer.take() {
            Some(writer) => writer.close().map(|_| ()).map_err(told),
            None => Ok(()),
        }
    }
}
