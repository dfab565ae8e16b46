//! Where results go: standard output, or a file.

use super::file::OutputFile;
use super::format::{Expanded, Format};
use super::pager::{self, Gone};
use super::sink::Sink;
use super::table::{Look, Table};
use super::{Printer, csv, html, json, latex, markdown, ndjson, parquet, tsv};
use crate::shell::OutputArguments;
use crate::shell::script::Failure;
use crate::shell::terminal;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Rows that a terminal without a pager shows of a longer result: half of them its first, half its last.
const ROWS: usize = 40;

/// Where results go, and how they look.
pub struct Output {
    /// What the user has asked for; what fits the place, without it.
    format: Option<Format>,
    expanded: Expanded,
    pager: bool,
    /// Whether the user has said how many rows are shown, and how many: all of them, without a number.
    rows: Option<Option<usize>>,
    /// Whether an empty line stands between results.
    gaps: bool,
    /// Results on standard output.
    written: usize,
    /// Whether one of them was HTML, so that its page has begun.
    has_page: bool,
    file: Option<OutputFile>,
    /// The format of the file.
    file_format: Format,
    /// Results that were begun in it.
    file_results: usize,
    /// Whether it holds a Parquet file, which is one result.
    is_parquet: bool,
}

impl Output {
    /// Opens the file asked for, or standard output.
    pub fn open(arguments: &OutputArguments) -> Result<Self, Failure> {
        let mut output = Self {
            format: arguments.format,
            expanded: Expanded::default(),
            pager: true,
            rows: None,
            gaps: true,
            written: 0,
            has_page: false,
            file: None,
            file_format: Format::Csv,
            file_results: 0,
            is_parquet: false,
        };
        match &arguments.output {
            Some(path) => {
                output.redirect(Some(path))?;
                // The command line names both at once.
                output.file_format = arguments.format.unwrap_or(output.file_format);
            }
            None if arguments.format == Some(Format::Parquet) => {
                return Err(Failure::Usage(
                    "Parquet is no text for a terminal or a pipe: name a file with -o FILE".into(),
                ));
            }
            None => {}
        }
        Ok(output)
    }

    /// Ends the output when all has gone well: only now does a file get its name, so that a query may read the file that
    /// it replaces, and a failure leaves the old one.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.redirect(None)?;
        Ok(io::stdout().flush()?)
    }

    /// Results without empty lines between them, for a shell whose prompts divide them.
    pub fn without_gaps(self) -> Self {
        Self { gaps: false, ..self }
    }

    /// Sends the results that follow to a file, or to standard output again; the file before it gets its name then, without
    /// a result in it that did not come to its end. The file's extension names its format; without one that is known it is the
    /// format that was asked for, or csv.
    pub fn redirect(&mut self, path: Option<&Path>) -> Result<(), Failure> {
        // First the new one: where it cannot be opened, all stays as it is.
        let next = path.map(OutputFile::create).transpose()?;
        self.send(path, next)
    }

    /// Writes results as tables for people to a file that grows with each.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn log(path: &Path) -> Result<Self, Failure> {
        let mut output = Self::open(&OutputArguments {
            format: Some(Format::Table),
            output: None,
        })?;
        output.send(Some(path), Some(OutputFile::grow(path)?))?;
        output.file_format = Format::Table;
        Ok(output)
    }

    /// The file that results go to.
    pub fn path(&self) -> Option<PathBuf> {
        self.file.as_ref().map(OutputFile::path)
    }

    fn send(&mut self, path: Option<&Path>, next: Option<OutputFile>) -> Result<(), Failure> {
        let before = self.file_format;
        if let Some(path) = path {
            self.file_format = match (Format::of_file(path), self.format) {
                // Plain text may be anything.
                (Some(Format::Table) | None, Some(asked)) => asked,
                (known, _) => known.unwrap_or(Format::Csv),
            };
        }
        let is_empty = std::mem::take(&mut self.file_results) == 0;
        self.is_parquet = false;
        let Some(file) = std::mem::replace(&mut self.file, next) else {
            return Ok(());
        };
        let name = file.path();
        // A Parquet file of no result is none.
        if is_empty && before == Format::Parquet {
            let name = name.display();
            return Err(Failure::Statement(format!(
                "{name}: not written, because there was no result for it"
            )));
        }
        match (file.finish()?, file.results()) {
            (true, _) => Ok(()),
            (false, 0) => Err(Failure::Statement(format!(
                "{}: not written, because no result in it came to its end",
                name.display()
            ))),
            (false, _) => Err(Failure::Statement(format!(
                "{}: written without the result that did not come to its end",
                name.display()
            ))),
        }
    }

    /// Sets the format of the results that follow.
    pub fn set_format(&mut self, format: Format) {
        match &self.file {
            Some(_) => self.file_format = format,
            None => self.format = Some(format),
        }
    }

    /// The format of the results that follow.
    pub fn format(&self) -> Format {
        match &self.file {
            Some(_) => self.file_format,
            None if self.is_terminal() => self.format.unwrap_or(Format::Table),
            None => self.format.unwrap_or(Format::Csv),
        }
    }

    /// Sets when tables are written as a line a column.
    pub fn set_expanded(&mut self, expanded: Expanded) {
        self.expanded = expanded;
    }

    /// When tables are written as a line a column.
    pub fn expanded(&self) -> Expanded {
        self.expanded
    }

    /// Sets whether results that are longer than the terminal go through a pager.
    pub fn set_pager(&mut self, pager: bool) {
        self.pager = pager;
    }

    /// Whether results that are longer than the terminal go through a pager.
    pub fn pager(&self) -> bool {
        self.pager
    }

    /// Sets how many rows of a result a terminal shows, half of them its first, half its last; `None` is all.
    pub fn set_max_rows(&mut self, rows: Option<usize>) {
        self.rows = Some(rows);
    }

    /// How many rows of a result a terminal shows. Unless the user has set it, all that a pager can, else 40.
    pub fn max_rows(&self) -> Option<usize> {
        self.rows.unwrap_or(if self.pages() { None } else { Some(ROWS) })
    }

    /// Writes a text between results.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        match &self.file {
            Some(file) => file.line(text),
            None => {
                let mut sink = match self.pages() {
                    true => Sink::screen(Gone::default()),
                    false => Sink::standard(),
                };
                writeln!(sink, "{text}")?;
                sink.end()
            }
        }
    }

    /// Whether results go to a terminal.
    pub fn is_terminal(&self) -> bool {
        self.file.is_none() && terminal::shows_results()
    }

    fn pages(&self) -> bool {
        self.pager && self.is_terminal() && terminal::is_attended() && pager::exists()
    }

    /// Begins a result. A statement without columns has none to show.
    pub fn result(&mut self, schema: &SchemaRef) -> io::Result<Running> {
        if schema.fields().is_empty() {
            return Ok(Running::nothing());
        }
        let format = self.format();
        let look = self.look();
        let gone = Gone::default();
        let pages = self.pages();
        let (mut sink, is_first) = match &self.file {
            Some(file) => {
                if self.is_parquet || (format == Format::Parquet && self.file_results > 0) {
                    let name = file.path();
                    let told = format!(
                        "{}: a Parquet file holds one result, and this is another",
                        name.display()
                    );
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
                }
                self.is_parquet = format == Format::Parquet;
                self.file_results += 1;
                file.begins()?;
                (Sink::file(file), file.results() == 0)
            }
            None => {
                if format == Format::Parquet {
                    let told = "Parquet is no text for a terminal or a pipe; send it to a file";
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
                }
                self.written += 1;
                let sink = match pages {
                    true => Sink::screen(gone.clone()),
                    false => Sink::standard(),
                };
                (sink, self.written == 1)
            }
        };
        // Lines of JSON need none.
        if self.gaps && !is_first && format != Format::NdJson {
            writeln!(sink)?;
        }
        // Tables write what acts on a terminal out by themselves, and have styles of their own.
        let is_raw = self.is_terminal() && !matches!(format, Format::Table | Format::Vertical);
        let out = match is_raw {
            true => sink.clone().visible(),
            false => sink.clone(),
        };
        let begins_page = is_first || (self.file.is_none() && !self.has_page);
        self.has_page |= self.file.is_none() && format == Format::Html;
        let printer: Box<dyn Printer + Send> = match format {
            Format::Table | Format::Vertical => Box::new(Table::new(schema, look, out, format == Format::Vertical)?),
            Format::Csv => Box::new(csv::Csv::new(schema, out)?),
            Format::Tsv => Box::new(tsv::Tsv::new(schema, out)?),
            Format::Json => Box::new(json::Json::new(out)),
            Format::NdJson => Box::new(ndjson::NdJson::new(out)),
            Format::Markdown => Box::new(markdown::Markdown::new(schema, out)?),
            Format::Latex => Box::new(latex::Latex::new(schema, out)?),
            Format::Html => Box::new(html::Html::new(schema, out, begins_page)?),
            Format::Parquet => Box::new(parquet::Parquet::new(schema, out)?),
        };
        Ok(Running {
            printer: Some(printer),
            sink: Some(sink),
            gone,
            file: self.file.clone(),
        })
    }

    /// How people see a result: only on a terminal is there a width to keep.
    fn look(&self) -> Look {
        let is_terminal = self.is_terminal();
        Look {
            width: is_terminal.then(terminal::width),
            colours: terminal::colours(is_terminal),
            expanded: self.expanded,
            rows: if is_terminal { self.max_rows() } else { None },
        }
    }
}

/// A result that is being written.
pub struct Running {
    printer: Option<Box<dyn Printer + Send>>,
    sink: Option<Sink>,
    gone: Gone,
    file: Option<OutputFile>,
}

impl Running {
    fn nothing() -> Self {
        Self {
            printer: None,
            sink: None,
            gone: Gone::default(),
            file: None,
        }
    }

    /// Writes some of its rows.
    pub fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        match &mut self.printer {
            Some(printer) if !self.gone.is_gone() => printer.batch(batch),
            _ => Ok(()),
        }
    }

    /// Tells when the user leaves the pager: nobody reads the rows that would follow.
    pub fn gone(&self) -> Gone {
        self.gone.clone()
    }

    /// Writes what stands at its end, and waits for the user where he reads it in a pager.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(mut printer) = self.printer.take() {
            printer.finish()?;
        }
        if let Some(file) = &self.file {
            file.ends()?;
        }
        self.sink.take().map_or(Ok(()), |sink| sink.end())
    }
}

/// A result that breaks off: what there is of it is shown.
impl Drop for Running {
    fn drop(&mut self) {
        self.printer.take();
        if let Some(sink) = self.sink.take() {
            let _ = sink.end();
        }
    }
}
