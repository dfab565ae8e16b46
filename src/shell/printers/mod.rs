//! How results are written, one format a file.

pub(super) mod cell;
mod csv;
mod json;
mod markdown;
mod table;

use super::OutputArguments;
use super::script::Failure;
use clap::ValueEnum;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// The formats of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines and columns for people.
    Table,
    /// Comma-separated values; structs and lists as JSON.
    Csv,
    /// One JSON array a result.
    Json,
    /// A Markdown table.
    Markdown,
}

/// Where results go.
pub struct Output {
    format: Format,
    out: Box<dyn Write + Send>,
    written: usize,
    /// Whether an empty line stands between results.
    gaps: bool,
    /// A file under construction, and the name it gets.
    file: Option<(TempPath, PathBuf)>,
}

impl Output {
    /// Opens the file asked for, or standard output.
    pub fn open(arguments: &OutputArguments) -> Result<Self, Failure> {
        let terminal = arguments.output.is_none() && io::stdout().is_terminal();
        let format = arguments
            .format
            .unwrap_or(if terminal { Format::Table } else { Format::Csv });
        let (out, file): (Box<dyn Write + Send>, _) = match &arguments.output {
            None => (Box::new(io::stdout()), None),
            // A pipe or a device has no content to keep.
            Some(path) if path.exists() && !path.is_file() => {
                let file = File::options()
                    .write(true)
                    .open(path)
                    .map_err(|e| unwritable(path, &e))?;
                (Box::new(BufWriter::new(file)), None)
            }
            Some(path) => {
                let file = beside(path).map_err(|e| unwritable(path, &e))?;
                let (file, temporary) = file.into_parts();
                (Box::new(BufWriter::new(file)), Some((temporary, path.clone())))
            }
        };
        Ok(Self {
            format,
            out,
            written: 0,
            gaps: true,
            file,
        })
    }

    /// Ends the output when all has gone well: only now does a file get its name, so that a query may read the file that
    /// it replaces, and a failure leaves the old one.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.out.flush()?;
        match self.file.take() {
            Some((temporary, path)) => temporary.persist(&path).map_err(|e| unwritable(&path, &e.error)),
            None => Ok(()),
        }
    }

    /// Results without empty lines between them, for a shell whose prompts divide them.
    pub fn without_gaps(self) -> Self {
        Self { gaps: false, ..self }
    }

    /// Begins a result. A statement without columns has none to show.
    pub fn result(&mut self, schema: &SchemaRef) -> io::Result<Box<dyn Printer + Send + '_>> {
        if schema.fields().is_empty() {
            return Ok(Box::new(Nothing));
        }
        if self.gaps && self.written > 0 {
            writeln!(self.out)?;
        }
        self.written += 1;
        let out = &mut *self.out;
        Ok(match self.format {
            Format::Table => Box::new(table::Table::new(schema, out)),
            Format::Csv => Box::new(csv::Csv::new(schema, out)?),
            Format::Json => Box::new(json::Json::new(schema, out)?),
            Format::Markdown => Box::new(markdown::Markdown::new(schema, out)?),
        })
    }
}

impl Output {
    pub fn set_format(&mut self, format: Format) {
        self.format = format;
    }
    pub fn format(&self) -> Format {
        self.format
    }
    pub fn set_expanded(&mut self, _: Expanded) {}
    pub fn expanded(&self) -> Expanded {
        Expanded::Off
    }
    pub fn set_pager(&mut self, _: bool) {}
    pub fn pager(&self) -> bool {
        false
    }
    pub fn redirect(&mut self, _: Option<&Path>) -> Result<(), Failure> {
        Ok(())
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expanded {
    On,
    Off,
    Auto,
}
pub fn type_name(t: &datafusion::arrow::datatypes::DataType) -> String {
    t.to_string()
}

pub(super) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".radsql-");
    #[cfg(unix)]
    {
        // The same rights as any new file has; a temporary one would be private.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

pub(super) fn unwritable(path: &Path, e: &io::Error) -> Failure {
    // tempfile adds the name that it tried, which is not the user's.
    let reason = e.to_string();
    let reason = reason.split(" at path ").next().unwrap_or_default();
    Failure::Usage(format!("{}: cannot be written: {reason}", path.display()))
}

/// Writes one result.
pub trait Printer {
    /// Writes some of its rows.
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()>;
    /// Writes what stands at its end.
    fn finish(&mut self) -> io::Result<()>;
}

struct Nothing;

impl Printer for Nothing {
    fn batch(&mut self, _: &RecordBatch) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
