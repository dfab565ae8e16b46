//! Runs a text of statements and commands.

use crate::engine::{Explained, Piece, Place, Position, Session, Variables, message, split, substituted};
use crate::shell::errors::{self, Report as ErrorReport};
use crate::shell::printers::Output;
use crate::shell::progress::Progress;
use crate::shell::report::Report;
use datafusion::common::DataFusionError;
use futures::StreamExt;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Instant;

/// Why a script ended before its end.
#[derive(Debug)]
pub enum Failure {
    /// A statement failed.
    Statement(String),
    /// The command was called in a wrong way.
    Usage(String),
    /// The reader of the results is gone, which is no error.
    ClosedPipe,
    /// The user stopped it.
    Interrupted,
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Statement(format!("results cannot be written: {e}")),
        }
    }
}

/// Why a statement ended before its end.
enum Ended {
    /// It failed.
    Failed(Explained),
    /// Its result could not be written.
    Other(Failure),
}

/// A session with the variables of its script and a place for results.
pub struct Script {
    session: Session,
    given: Variables,
    variables: Variables,
    output: Output,
    report: Option<Report>,
    files: Vec<String>,
    /// Names of given variables that the texts know.
    known: BTreeSet<String>,
}

/// Files within files.
const DEEPEST: usize = 16;

impl Script {
    /// A new session that writes results to `output`.
    pub fn new(output: Output) -> Result<Self, Failure> {
        let session = Session::with_cache_dir(&super::cache_folder()).map_err(|e| Failure::Statement(message(&e)))?;
        Ok(Self {
            session,
            given: Variables::new(),
            variables: Variables::new(),
            output,
            report: None,
            files: vec![],
            known: BTreeSet::new(),
        })
    }

    /// With values that `\set` in a script does not change.
    pub fn with_variables(self, given: Variables) -> Self {
        Self {
            variables: given.clone(),
            given,
            ..self
        }
    }

    /// That writes a report about what it runs.
    pub fn with_report(self, report: Option<Report>) -> Self {
        if report.is_some() {
            self.session.runtime().keep_references();
        }
        Self { report, ..self }
    }

    /// Runs a text; `name` stands for it in messages, and files that it includes lie beside it. Stops at the first error.
    pub async fn run(&mut self, text: &str, name: &str) -> Result<(), Failure> {
        if let Some(report) = &mut self.report {
            report.step(name, text);
        }
        self.files.push(name.into());
        self.run_text(text, name, 0).await
    }

    async fn run_text(&mut self, text: &str, name: &str, depth: usize) -> Result<(), Failure> {
        let has = |name: &&String| text.contains(&format!(":{name}")) || text.contains(&format!("\\set {name}"));
        self.known.extend(self.given.keys().filter(has).cloned());
        let told = |position: Position, place: Option<Place>, message: &str, help: &[String]| {
            let report = ErrorReport {
                name,
                text,
                position,
                message,
                place,
                help,
            };
            Failure::Statement(report.render(errors::colours()))
        };
        let at = |start: Position, message: &str| told(start, Some(Place { start, length: 1 }), message, &[]);
        let pieces = split(text).map_err(|e| at(e.position, &e.message))?;
        for piece in pieces {
            match piece {
                Piece::Command { text, position } => match text
                    .strip_prefix('i')
                    .filter(|rest| rest.starts_with(char::is_whitespace))
                {
                    Some(file) => {
                        let included = self.include(file, name, depth).map_err(|m| at(position, &m))?;
                        if let Some(report) = &mut self.report {
                            report.include(&included.0, &included.1);
                        }
                        Box::pin(self.run_text(&included.1, &included.0, depth + 1)).await?;
                        if let Some(report) = &mut self.report {
                            report.included();
                        }
                    }
                    None => self.command(&text).map_err(|m| at(position, &m))?,
                },
                Piece::Statement(s) => {
                    let sql = substituted(&s.text, &self.variables)
                        .map_err(|e| at(shift(e.position, s.position), &e.message))?;
                    let origin = |p: Position| shift(sql.origin(p, &s.text), s.position);
                    self.statement(&sql.text, s.position).await.map_err(|e| match e {
                        Ended::Failed(e) => {
                            let place = e.place.map(|p| Place {
                                start: origin(p.start),
                                length: p.length,
                            });
                            told(e.told.map_or(s.position, origin), place, &e.message, &e.help)
                        }
                        Ended::Other(f) => f,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Given variables that no text has: misspelt, most likely.
    pub fn unknown(&self) -> impl Iterator<Item = &String> {
        self.given.keys().filter(|name| !self.known.contains(*name))
    }

    /// Ends the script's output, and writes its report.
    pub async fn finish(self) -> Result<(), Failure> {
        self.output.finish()?;
        match self.report {
            Some(report) => {
                report
                    .finish(&self.session, &self.variables, &self.given, &self.files)
                    .await
            }
            None => Ok(()),
        }
    }

    /// The name and the text of a file that the file `from` includes: beside it, unless its path is absolute.
    fn include(&self, file: &str, from: &str, depth: usize) -> Result<(String, String), String> {
        if depth >= DEEPEST {
            return Err(format!("files include one another {DEEPEST} deep"));
        }
        let file = file.trim().trim_end_matches(';').trim_end().trim_matches('\'');
        let (file, unknown) = expand(file, &self.variables);
        if let Some(name) = unknown {
            return Err(format!("variable :{name} has no value; give one with --set {name}=..."));
        }
        let path = Path::new(from).parent().unwrap_or(Path::new("")).join(&file);
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok((name, text)),
            Err(e) => Err(format!("'{name}' cannot be read: {e}")),
        }
    }

    fn command(&mut self, text: &str) -> Result<(), String> {
        let mut words = text.splitn(3, char::is_whitespace);
        match (words.next(), words.next(), words.next()) {
            (Some("set"), Some(name), value) if !name.is_empty() => {
                if !self.given.contains_key(name) {
                    let value = expand(value.unwrap_or_default().trim(), &self.variables).0;
                    self.variables.insert(name.into(), value);
                }
                Ok(())
            }
            _ => Err(format!(
                "'\\{text}' is no command here; \\set NAME VALUE and \\i FILE are"
            )),
        }
    }

    /// Runs one statement that begins at `position`, and writes its result.
    async fn statement(&mut self, sql: &str, position: Position) -> Result<(), Ended> {
        let clock = Instant::now();
        if let Some(report) = &mut self.report {
            report.statement(sql, position);
        }
        let mut progress = Some(Progress::watch(&self.session));
        let session = &self.session;
        let failed = |e: DataFusionError| Ended::Failed(session.explain(&e, sql));
        let frame = session.sql(sql).await.map_err(failed)?;
        let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
        let mut stream = frame.execute_stream().await.map_err(failed)?;
        // A statement that fails at once shows no heading of a result.
        let mut next = stream.next().await.transpose().map_err(failed)?;
        // Results on the same terminal would run into the line.
        if io::stdout().is_terminal() {
            progress = None;
        }
        let mut printer = self.output.result(&schema).map_err(|e| Ended::Other(e.into()))?;
        if let Some(report) = &mut self.report {
            report.result(&schema);
        }
        while let Some(batch) = next {
            printer.batch(&batch).map_err(|e| Ended::Other(e.into()))?;
            if let Some(report) = &mut self.report {
                report.batch(&schema, &batch).map_err(|e| Ended::Other(e.into()))?;
            }
            next = stream.next().await.transpose().map_err(failed)?;
        }
        drop(progress);
        printer.finish().map_err(|e| Ended::Other(e.into()))?;
        match &mut self.report {
            Some(report) => report.done(clock.elapsed(), session).await.map_err(failed),
            None => Ok(()),
        }
    }
}

/// A text with the values of variables in it, as in `scans/:format.sql`, and the first name that has no value and stays.
fn expand(text: &str, variables: &Variables) -> (String, Option<String>) {
    let mut parts = text.split(':');
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut unknown = None;
    for part in parts {
        let end = part
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        match variables.get(name) {
            Some(value) => out.push_str(value),
            None => {
                out.push(':');
                out.push_str(name);
                unknown = unknown.or_else(|| Some(name.to_owned()).filter(|n| !n.is_empty()));
            }
        }
        out.push_str(rest);
    }
    (out, unknown)
}

/// A place in a statement, as a place in the text that the statement stands in.
fn shift(within: Position, statement: Position) -> Position {
    if within.line <= 1 {
        Position {
            line: statement.line,
            column: statement.column + within.column.saturating_sub(1),
        }
    } else {
        Position {
            line: statement.line + within.line - 1,
            column: within.column,
        }
    }
}
