//! `--report FILE`: one self-contained page about a run: what was asked, what came out, and where it comes from.

mod checklist;
mod comments;
mod evidence;
pub(super) mod figure;
mod page;

use super::printers::cell::{columns, is_number, json_options, without_figure};
use super::printers::{Beside, unwritable};
use super::script::Failure;
use crate::engine::inputs::calls::{self, Kind};
use crate::engine::inputs::{self, Source};
use crate::engine::{Position, Session, Variables};
use comments::Comments;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::Result;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// Rows of a result that the page shows, and whose figures it shows. It says how many there were.
const ROWS_SHOWN: usize = 100;
/// Figures of a result that the page shows.
const FIGURES_SHOWN: usize = 24;
/// What the text of a figure begins with.
pub(super) const FIGURE: &str = "<svg";

/// The command that repeats a run.
fn command(given: &Variables, files: &[String]) -> String {
    let quoted = |text: &str| match text.chars().all(|c| c.is_alphanumeric() || "_-./=%+,:@".contains(c)) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    };
    let files = files.iter().map(|file| quoted(file));
    let sets = given
        .iter()
        .map(|(name, value)| format!("--set {}", quoted(&format!("{name}={value}"))));
    let words: Vec<String> = ["radsql run".to_owned()].into_iter().chain(files).chain(sets).collect();
    words.join(" ")
}

/// A run that is being recorded.
pub struct Report {
    file: File,
    beside: Beside,
    path: PathBuf,
    title: Option<String>,
    began: SystemTime,
    clock: Instant,
    steps: Vec<Step>,
    sources: Vec<Source>,
    /// Every file of the run, those that others include among them.
    files: Vec<String>,
}

/// A file of the run.
#[derive(Debug, Default)]
struct Step {
    /// The file's name as it was given.
    file: String,
    /// The first line of its first comment.
    title: String,
    /// The rest of that comment.
    text: Vec<String>,
    /// Of the file, and of those that it includes at this place.
    comments: Vec<Comments>,
    /// Line of the last statement.
    line: Option<u64>,
    statements: Vec<Recorded>,
}

/// A statement of the run.
#[derive(Debug)]
struct Recorded {
    /// The comment that stands before it.
    text: Vec<String>,
    /// With the values of variables in it.
    sql: String,
    took: Duration,
    kind: Kind,
    result: Option<Shown>,
    figures: Vec<Figure>,
    /// Rows of the table that it made.
    made: Option<u64>,
}

/// A figure of a result, and the cell that it stands in.
#[derive(Debug)]
struct Figure {
    svg: String,
    row: usize,
    column: usize,
}

/// A result as the page shows it.
#[derive(Debug, Default)]
struct Shown {
    columns: Vec<Column>,
    rows: Vec<Vec<Option<String>>>,
    /// Rows that there were.
    total: usize,
}

#[derive(Debug)]
struct Column {
    name: String,
    is_number: bool,
}

impl Report {
    /// Begins a report. The file is opened at once: a wrong name must not be found after an hour of work.
    pub fn new(path: PathBuf) -> std::result::Result<Self, Failure> {
        if path.is_dir() {
            return Err(unwritable(&path, &io::ErrorKind::IsADirectory.into()));
        }
        let (file, beside) = Beside::create(&path).map_err(|e| unwritable(&path, &e))?;
        Ok(Self {
            file,
            beside,
            path,
            title: None,
            began: SystemTime::now(),
            clock: Instant::now(),
            steps: vec![],
            sources: vec![],
            files: vec![],
        })
    }

    /// Begins a file of the run.
    pub fn step(&mut self, file: &str, text: &str) {
        if !file.is_empty() {
            self.files.push(file.into());
        }
        let comments = Comments::of(text);
        let mut head = comments.head().into_iter();
        self.steps.push(Step {
            file: file.into(),
            title: head.next().unwrap_or_else(|| file.into()),
            text: head.collect(),
            comments: vec![comments],
            line: None,
            statements: vec![],
        });
    }

    /// Begins a file that a file of the run includes: its statements are of the same step.
    pub fn include(&mut self, name: &str, text: &str) {
        self.files.push(name.into());
        if let Some(step) = self.steps.last_mut() {
            step.comments.push(Comments::of_part(text));
        }
    }

    /// Ends it.
    pub fn included(&mut self) {
        if let Some(step) = self.steps.last_mut() {
            step.comments.pop();
        }
    }

    /// Begins a statement.
    pub fn statement(&mut self, sql: &str, position: Position) {
        if self.steps.is_empty() {
            self.step("", "");
        }
        if let Some(step) = self.steps.last_mut() {
            // Of several statements in a line the comment is the first one's.
            let text = match step.line.replace(position.line) == Some(position.line) {
                true => vec![],
                false => step.comments.last().map_or(vec![], |c| c.before(position.line)),
            };
            step.statements.push(Recorded {
                text,
                sql: sql.into(),
                took: Duration::ZERO,
                kind: calls::kind(sql),
                result: None,
                figures: vec![],
                made: None,
            });
        }
    }

    /// Takes the columns of the statement's result; one that makes something has none.
    pub fn result(&mut self, schema: &SchemaRef) {
        let recorded = self.steps.last_mut().and_then(|s| s.statements.last_mut());
        if let Some(recorded) = recorded.filter(|_| !schema.fields().is_empty()) {
            let column = |field: &FieldRef| Column {
                name: field.name().clone(),
                is_number: is_number(field.data_type()),
            };
            recorded.result = Some(Shown {
                columns: schema.fields().iter().map(column).collect(),
                ..Shown::default()
            });
        }
    }

    /// Takes rows of the statement's result.
    pub fn batch(&mut self, schema: &SchemaRef, batch: &RecordBatch) -> io::Result<()> {
        let Some(recorded) = self.steps.last_mut().and_then(|s| s.statements.last_mut()) else {
            return Ok(());
        };
        let Some(shown) = &mut recorded.result else {
            return Ok(());
        };
        let options = json_options();
        let mut cells = columns(batch, schema, &options)?;
        let rows = batch.num_rows().min(ROWS_SHOWN - shown.rows.len());
        shown.total += batch.num_rows();
        for row in 0..rows {
            let mut line = vec![];
            for (place, column) in cells.iter_mut().enumerate() {
                let mut cell = column.short(row)?;
                if let Some(svg) = cell.take_if(|text| figure::is_plain(text)) {
                    cell = Some("figure".into());
                    if recorded.figures.len() < FIGURES_SHOWN {
                        let row = shown.rows.len();
                        recorded.figures.push(Figure {
                            svg,
                            row,
                            column: place,
                        });
                    }
                }
                line.push(cell.map(without_figure));
            }
            shown.rows.push(line);
        }
        Ok(())
    }

    /// Ends the statement.
    pub async fn done(&mut self, took: Duration, session: &Session) -> Result<()> {
        let Some(recorded) = self.steps.last_mut().and_then(|s| s.statements.last_mut()) else {
            return Ok(());
        };
        recorded.took = took;
        match &recorded.kind {
            Kind::Table { name } => recorded.made = inputs::count(session, name).await?,
            Kind::External { .. } | Kind::Model | Kind::Other => {}
        }
        self.sources.extend(inputs::sources(&recorded.sql, &recorded.kind));
        Ok(())
    }

    /// Writes the page, once all has gone well.
    pub async fn finish(
        mut self,
        session: &Session,
        variables: &Variables,
        given: &Variables,
        files: &[String],
    ) -> std::result::Result<(), Failure> {
        let told = |e| Failure::Statement(format!("the report: {}", crate::engine::message(&e)));
        self.title = variables.get("title").cloned().filter(|t| !t.is_empty());
        let ran = self.clock.elapsed();
        let mut inputs = inputs::hashed(session, &self.sources).await.map_err(told)?;
        inputs.extend(inputs::read_by_name(session, &inputs).await.map_err(told)?);
        inputs.push(inputs::statements(session, &self.files).await.map_err(told)?);
        let evidence = evidence::gather(session, &self.steps, variables, &inputs)
            .await
            .map_err(told)?;
        let page = page::render(&self, &evidence, &inputs, ran, &command(given, files));
        self.file
            .write_all(page.as_bytes())
            .map_err(|e| unwritable(&self.path, &e))?;
        let path = self.path;
        self.beside.persist().map_err(|e| unwritable(&path, &e))
    }
}
