//! One statement: run, shown, logged and kept.

use super::answer::Answer;
use super::commands::Trouble;
use super::printers::visible;
use super::progress::Progress;
use super::script::{Failure, Script};
use super::terminal;
use crate::engine::{Explained, Position};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// Why a statement ended before its end.
pub enum Ended {
    /// It failed.
    Failed(Explained),
    /// Its result could not be written.
    Other(Failure),
}

impl From<io::Error> for Ended {
    fn from(e: io::Error) -> Self {
        Self::Other(e.into())
    }
}

impl Script {
    /// Runs one statement that begins at `position`, and writes its result.
    pub(super) async fn statement(&mut self, sql: &str, position: Position) -> Result<(), Ended> {
        if self.echo {
            terminal::tell(&format!("{};", shown(sql)));
        }
        if let Some(log) = &mut self.log {
            log.text(&format!("{sql};"))?;
        }
        let clock = Instant::now();
        if let Some(report) = &mut self.report {
            report.statement(sql, position);
        }
        self.answer(sql).await?;
        if self.timing {
            terminal::tell(&format!("{:.3} s", clock.elapsed().as_secs_f64()));
        }
        let session = Arc::clone(self.session());
        match &mut self.report {
            Some(report) => {
                let done = report.done(clock.elapsed(), &session).await;
                done.map_err(|e| Ended::Failed(session.explain(&e, sql)))
            }
            None => Ok(()),
        }
    }

    async fn answer(&mut self, sql: &str) -> Result<(), Ended> {
        let mut progress = Some(Progress::watch(self.session()));
        let session = Arc::clone(self.session());
        let failed = |e: DataFusionError| Ended::Failed(session.explain(&e, sql));
        let mut answer = Answer::of(&session, sql).await.map_err(failed)?;
        let schema = Arc::clone(&answer.schema);
        let has_columns = !schema.fields().is_empty();
        // Results on the same terminal would run into the line.
        if self.output.is_terminal() && has_columns {
            progress = None;
        }
        let mut printer = self.output.result(&schema)?;
        let mut logged = self.log.as_mut().map(|log| log.result(&schema)).transpose()?;
        if let Some(report) = &mut self.report {
            report.result(&schema);
        }
        let mut keeping = self.kept.begin(&schema);
        let gone = printer.gone();
        let mut is_left = false;
        loop {
            let next = tokio::select! {
                next = answer.next() => next.map_err(failed)?,
                // Nobody reads on, unless the report needs the rest.
                () = gone.wait(), if self.report.is_none() => {
                    is_left = true;
                    None
                }
            };
            let Some(batch) = next else { break };
            keeping.batch(&batch);
            if let Some(logged) = &mut logged {
                logged.batch(&batch)?;
            }
            printer.batch(&batch)?;
            if let Some(report) = &mut self.report {
                report.batch(&schema, &batch)?;
            }
        }
        // The statement need not run on while the user reads.
        drop(answer);
        drop(progress);
        printer.finish()?;
        if let Some(logged) = logged {
            logged.finish()?;
        }
        match (is_left, &mut self.log) {
            (false, _) => keeping.end(),
            (true, Some(log)) => log.text("(the pager was left: the result has more rows)")?,
            (true, None) => {}
        }
        Ok(())
    }

    /// Shows the answer of a query that a command asks for: no report tells of it, and it is not kept.
    ///
    /// # Errors
    /// That of the query.
    pub async fn show(&mut self, sql: &str) -> Result<(), Trouble> {
        let session = Arc::clone(self.session());
        let failed = |e: DataFusionError| Trouble::Here(session.explain(&e, sql).message);
        let mut progress = Some(Progress::watch(&session));
        let mut answer = Answer::of(&session, sql).await.map_err(failed)?;
        if self.output.is_terminal() {
            progress = None;
        }
        let mut shown = self.shown(&answer.schema)?;
        while let Some(batch) = answer.next().await.map_err(failed)? {
            shown.batch(&batch)?;
        }
        drop(progress);
        Ok(shown.finish()?)
    }

    /// Shows rows.
    ///
    /// # Errors
    /// Those of the output.
    pub fn show_batch(&mut self, batch: &RecordBatch) -> Result<(), Trouble> {
        let mut shown = self.shown(&batch.schema())?;
        shown.batch(batch)?;
        Ok(shown.finish()?)
    }

    fn shown(&mut self, schema: &SchemaRef) -> io::Result<Shown> {
        Ok(Shown {
            printer: self.output.result(schema)?,
            logged: self.log.as_mut().map(|log| log.result(schema)).transpose()?,
        })
    }

    /// Says a text where results go.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say(&mut self, text: &str) -> Result<(), Trouble> {
        let text = text.trim_end();
        if let Some(log) = &mut self.log {
            log.text(text)?;
        }
        Ok(self.output.text(text)?)
    }

    /// Says a text beside a result: where results go if they are for people, else on standard error.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say_beside(&mut self, text: &str) -> Result<(), Trouble> {
        match self.output.format().is_for_people() {
            true => self.say(text),
            false => {
                terminal::tell(text.trim_end());
                Ok(())
            }
        }
    }

    /// Tells of an error on standard error and in the log.
    pub fn tell(&mut self, message: &str) {
        terminal::tell(message);
        if let Some(log) = &mut self.log {
            // One error is enough.
            let _ = log.text(message);
        }
    }
}

/// A result on its way to the output and the log.
struct Shown {
    printer: super::printers::Running,
    logged: Option<super::printers::Running>,
}

impl Shown {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.printer.batch(batch)?;
        self.logged.as_mut().map_or(Ok(()), |logged| logged.batch(batch))
    }

    fn finish(self) -> io::Result<()> {
        self.printer.finish()?;
        self.logged.map_or(Ok(()), super::printers::Running::finish)
    }
}

/// A text of several lines in which nothing acts.
pub fn shown(text: &str) -> String {
    let lines: Vec<_> = text
        .split('\n')
        .map(|line| visible(line.trim_end_matches('\r')))
        .collect();
    lines.join("\n")
}
