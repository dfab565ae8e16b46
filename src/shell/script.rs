//! Runs a text of statements and commands.

use crate::engine::{Piece, Place, Position, Session, Variables, split, substituted};
use crate::shell::commands::{self, Call, Flow, Trouble};
use crate::shell::errors::{self, Report as ErrorReport};
use crate::shell::kept::Kept;
use crate::shell::printers::{Output, secure_pager};
use crate::shell::report::Report;
use crate::shell::settings::SessionArguments;
use crate::shell::statement::Ended;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    pub(super) report: Option<Report>,
    files: Vec<String>,
    /// Names of given variables that the texts know.
    known: BTreeSet<String>,
    /// Statements and commands of the text behind the one at work.
    left: usize,
}

/// Files within files.
const DEEPEST: usize = 16;

impl Script {
    /// A new session that writes results to `output`.
    pub fn new(output: Output, arguments: &SessionArguments) -> Result<Self, Failure> {
        if arguments.safe {
            secure_pager();
        }
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
            left: 0,
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

    /// Statements and commands of the last text that were not run, because one before them failed.
    pub fn left(&self) -> usize {
        self.left
    }

    /// The file that a command's text means: in quotes or without, with the values of variables in it, and `~` for the home.
    pub fn file(&self, text: &str) -> PathBuf {
        let text = text.trim();
        let text = expand(unquoted(text), &self.variables).0;
        let home = text
            .strip_prefix('~')
            .filter(|rest| rest.is_empty() || rest.starts_with('/'));
        match (home, dirs::home_dir()) {
            (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
            _ => text.into(),
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

    /// Takes a variable's value away, unless it was given from outside; whether it had one.
    pub fn unset(&mut self, name: &str) -> bool {
        self.given.contains_key(name) || self.variables.remove(name).is_some()
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
        let count = pieces.len();
        for (i, piece) in pieces.into_iter().enumerate() {
            if depth == 0 {
                self.left = count - i - 1;
            }
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

    /// Given variables that no text has: misspelt, most likely.
    pub fn unknown(&self) -> impl Iterator<Item = &String> {
        self.given.keys().filter(|name| !self.known.contains(*name))
    }

    /// Ends the script's output, and writes its report.
    pub async fn finish(self) -> Result<(), Failure> {
        self.output.finish()?;
        if let Some(log) = self.log {
            log.finish()?;
        }
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
        let file_text = file;
        let file = self.file(file);
        let path = Path::new(from).parent().unwrap_or(Path::new("")).join(&file);
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok((name, text)),
            Err(e) => Err(match expand(file_text, &self.variables).1 {
                Some(name) => format!("variable :{name} has no value; give one with --set {name}=..."),
                None => format!("'{name}' cannot be read: {e}"),
            }),
        }
    }
}

/// A text without the quotes around it.
pub fn unquoted(text: &str) -> &str {
    let between = |quote: char| text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote));
    between('\'').or_else(|| between('"')).unwrap_or(text)
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
