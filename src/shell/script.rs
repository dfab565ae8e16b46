//! Runs a text of statements and commands.

use crate::engine::{Explained, Piece, Place, Position, Session, Variables, message, split, substituted};
use crate::shell::commands::{self, Call, Flow, Trouble};
use crate::shell::errors::{self, Report as ErrorReport};
use crate::shell::kept::Kept;
use crate::shell::printers::Output;
use crate::shell::progress::Progress;
use crate::shell::report::Report;
use crate::shell::settings::SessionArguments;
use datafusion::arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use futures::StreamExt;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
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
    session: Arc<Session>,
    given: Variables,
    variables: Variables,
    /// Where results go.
    pub output: Output,
    /// Whether it is told how long each statement took.
    pub timing: bool,
    /// Whether each statement is shown before it runs.
    pub echo: bool,
    /// Where statements and results are written as well.
    pub log: Option<Output>,
    /// Whether no command may reach files.
    is_safe: bool,
    /// The last result, and what was run.
    pub kept: Kept,
    report: Option<Report>,
    files: Vec<String>,
    /// Names of given variables that the texts know.
    known: BTreeSet<String>,
}

/// Files within files.
const DEEPEST: usize = 16;

impl Script {
    /// A new session that writes results to `output`.
    pub fn new(output: Output, arguments: &SessionArguments) -> Result<Self, Failure> {
        Ok(Self {
            session: Arc::new(arguments.session()?),
            is_safe: arguments.safe,
            echo: false,
            log: None,
            given: Variables::new(),
            variables: Variables::new(),
            output,
            timing: false,
            kept: Kept::default(),
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

    /// Its session.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// That a command may reach a file.
    ///
    /// # Errors
    /// In safe mode.
    pub fn may_reach_files(&self) -> Result<(), String> {
        match self.is_safe {
            true => Err("commands reach no files in safe mode".into()),
            false => Ok(()),
        }
    }

    /// Its variables.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Gives a variable a value, unless it was given from outside.
    ///
    /// # Errors
    /// When the name is none.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(format!(
                "a variable's name has letters, digits and _ only, found '{name}'"
            ));
        }
        if !self.given.contains_key(name) {
            let value = expand(value, &self.variables).0;
            self.variables.insert(name.into(), value);
        }
        Ok(())
    }

    /// Takes a variable's value away; whether it had one.
    pub fn unset(&mut self, name: &str) -> bool {
        self.variables.remove(name).is_some()
    }

    /// Runs a text; `name` stands for it in messages, and files that it includes lie beside it. Stops at the first error, and
    /// where the text says so.
    pub async fn run(&mut self, text: &str, name: &str) -> Result<Flow, Failure> {
        if let Some(report) = &mut self.report {
            report.step(name, text);
        }
        self.files.push(name.into());
        self.run_text(text, name, 0).await
    }

    async fn run_text(&mut self, text: &str, name: &str, depth: usize) -> Result<Flow, Failure> {
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
                Piece::Command { text, position } => match commands::run(self, &text, name, depth).await {
                    Ok(Flow::On) => {}
                    Ok(Flow::End) => return Ok(Flow::End),
                    Err(Trouble::Here(message)) => return Err(at(position, &message)),
                    Err(Trouble::There(failure)) => return Err(failure),
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
                            told(place.map_or(s.position, |p| p.start), place, &e.message, &e.help)
                        }
                        Ended::Other(Failure::Statement(m)) => told(s.position, None, &m, &[]),
                        Ended::Other(other) => other,
                    })?;
                    self.kept.ran(&s.text);
                }
            }
        }
        Ok(Flow::On)
    }

    /// Runs a file that another includes.
    ///
    /// # Errors
    /// When it cannot be read, or a statement of it fails.
    pub async fn include(&mut self, call: Call<'_>) -> Result<Flow, Trouble> {
        let (name, text) = self.included(call.text, call.file, call.depth)?;
        if let Some(report) = &mut self.report {
            report.include(&name, &text);
        }
        let flow = Box::pin(self.run_text(&text, &name, call.depth + 1)).await;
        let flow = flow.map_err(Trouble::There)?;
        if let Some(report) = &mut self.report {
            report.included();
        }
        Ok(flow)
    }

    /// Shows the rows of a query that a command asks for: no report tells of it.
    ///
    /// # Errors
    /// That of the query.
    pub async fn show(&mut self, sql: &str) -> Result<(), Trouble> {
        let failed = |e: DataFusionError| Trouble::Here(message(&e));
        let mut stream = self
            .session
            .sql(sql)
            .await
            .map_err(failed)?
            .execute_stream()
            .await
            .map_err(failed)?;
        let mut printer = self.output.result(&stream.schema())?;
        while let Some(batch) = stream.next().await.transpose().map_err(failed)? {
            printer.batch(&batch)?;
        }
        Ok(printer.finish()?)
    }

    /// Shows rows.
    ///
    /// # Errors
    /// Those of the output.
    pub fn show_batch(&mut self, batch: &RecordBatch) -> Result<(), Trouble> {
        let mut printer = self.output.result(&batch.schema())?;
        printer.batch(batch)?;
        Ok(printer.finish()?)
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
    fn included(&self, file: &str, from: &str, depth: usize) -> Result<(String, String), String> {
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

    /// Runs one statement that begins at `position`, and writes its result.
    async fn statement(&mut self, sql: &str, position: Position) -> Result<(), Ended> {
        if self.echo {
            eprintln!("{sql};");
        }
        if let Some(log) = &mut self.log {
            log.text(&format!("{sql};")).map_err(|e| Ended::Other(e.into()))?;
        }
        let clock = Instant::now();
        if let Some(report) = &mut self.report {
            report.statement(sql, position);
        }
        let mut progress = Some(Progress::watch(&self.session));
        let session = Arc::clone(&self.session);
        let failed = |e: DataFusionError| Ended::Failed(session.explain(&e, sql));
        let frame = session.sql(sql).await.map_err(failed)?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let mut stream = frame.execute_stream().await.map_err(failed)?;
        // A statement that fails at once shows no heading of a result.
        let mut next = stream.next().await.transpose().map_err(failed)?;
        // Results on the same terminal would run into the line.
        if io::stdout().is_terminal() {
            progress = None;
        }
        let mut printer = self.output.result(&schema).map_err(|e| Ended::Other(e.into()))?;
        let mut logged = match &mut self.log {
            Some(log) => Some(log.result(&schema).map_err(|e| Ended::Other(e.into()))?),
            None => None,
        };
        if let Some(report) = &mut self.report {
            report.result(&schema);
        }
        let mut keeping = self.kept.begin(&schema);
        let gone = printer.gone();
        let mut is_left = false;
        while let Some(batch) = next {
            keeping.batch(&batch);
            if let Some(logged) = &mut logged {
                logged.batch(&batch).map_err(|e| Ended::Other(e.into()))?;
            }
            printer.batch(&batch).map_err(|e| Ended::Other(e.into()))?;
            if let Some(report) = &mut self.report {
                report.batch(&schema, &batch).map_err(|e| Ended::Other(e.into()))?;
            }
            next = tokio::select! {
                next = stream.next() => next.transpose().map_err(failed)?,
                // Nobody reads on, unless the report needs the rest.
                () = gone.wait(), if self.report.is_none() => {
                    is_left = true;
                    None
                }
            };
        }
        // The statement need not run on while the user reads.
        drop(stream);
        drop(progress);
        printer.finish().map_err(|e| Ended::Other(e.into()))?;
        if let Some(logged) = logged {
            logged.finish().map_err(|e| Ended::Other(e.into()))?;
        }
        if !is_left {
            keeping.end();
        }
        if self.timing {
            eprintln!("{:.3} s", clock.elapsed().as_secs_f64());
        }
        match &mut self.report {
            Some(report) => report.done(clock.elapsed(), &session).await.map_err(failed),
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
