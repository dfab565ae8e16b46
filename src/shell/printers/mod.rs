//! How results are written, one format a file.

pub(super) mod cell;
mod csv;
mod file;
mod fit;
mod format;
mod grid;
mod html;
mod json;
mod latex;
mod limit;
mod markdown;
mod ndjson;
mod output;
mod pager;
mod parquet;
mod plan;
mod sink;
mod table;
mod text;
mod tsv;
mod typename;
mod vertical;
mod visible;

pub(super) use file::{Beside, end_all, unwritable, write as write_file};
pub use format::{Expanded, Format};
pub use output::{Output, Running};
pub(super) use pager::{is_open as is_paging, secure as secure_pager};
pub(super) use text::visible;
pub use typename::name as type_name;

use datafusion::arrow::array::RecordBatch;
use std::io;

/// Writes one result.
pub trait Printer {
    /// Writes some of its rows.
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()>;
    /// Writes what stands at its end.
    fn finish(&mut self) -> io::Result<()>;
}

#[cfg(test)]
mod tests;
