//! Results for people: a grid, a line a column, or, where a fit is all that there is, what R would print of it.

use super::Printer;
use super::fit;
use super::format::Expanded;
use super::grid::{self, Grid};
use super::limit::Ends;
use super::plan::{self, Plan};
use super::sink::Sink;
use super::vertical::Vertical;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use std::io::{self, Write};

/// How people see a result.
#[derive(Clone, Copy)]
pub struct Look {
    /// Columns of the terminal; none where there is no terminal, and then nothing is cut.
    pub width: Option<usize>,
    pub colours: bool,
    pub expanded: Expanded,
    /// How many rows are shown; all of them without a number.
    pub rows: Option<usize>,
}

/// Rows that tell how wide columns are, where there are few columns, and where there are many.
const SAMPLE: usize = 10_000;
const SMALL_SAMPLE: usize = 1000;
const SAMPLE_CELLS: usize = 1_000_000;

/// One way to write rows.
pub trait Body {
    /// Writes some rows.
    fn rows(&mut self, batch: &RecordBatch) -> io::Result<()>;
    /// Says that rows are left out here.
    fn gap(&mut self, hidden: usize) -> io::Result<()>;
    /// Ends after so many rows, of which some were left out.
    fn end(&mut self, total: usize, hidden: usize) -> io::Result<()>;
}

/// A result for people.
pub struct Table {
    schema: SchemaRef,
    look: Look,
    out: Sink,
    state: Held,
    total: usize,
    /// Rows that tell how wide columns are.
    sample: usize,
}

/// What is known of the rows so far.
enum Held {
    /// The first and the last of them: not all are shown.
    Ends(Ends),
    /// All of them, as there are too few yet to tell how wide they are.
    Sample(Vec<RecordBatch>),
    /// None: they are written as they come.
    Body(Box<dyn Body + Send>),
}

impl Table {
    pub fn new(schema: &SchemaRef, look: Look, out: Sink, vertical: bool) -> io::Result<Self> {
        let look = Look {
            expanded: if vertical { Expanded::On } else { look.expanded },
            ..look
        };
        let most = if look.width.is_some() { SMALL_SAMPLE } else { SAMPLE };
        let mut table = Self {
            schema: schema.clone(),
            look,
            out,
            state: look
                .rows
                .map_or(Held::Sample(vec![]), |rows| Held::Ends(Ends::new(rows))),
            total: 0,
            sample: (SAMPLE_CELLS / schema.fields().len().max(1)).clamp(100, most),
        };
        if look.rows.is_none() && look.expanded == Expanded::On {
            table.state = Held::Body(table.body(&[])?);
        }
        Ok(table)
    }

    /// How rows like these are written.
    fn body(&self, rows: &[RecordBatch]) -> io::Result<Box<dyn Body + Send>> {
        let (schema, look, out) = (&self.schema, self.look, self.out.clone());
        let expanded = match look.expanded {
            Expanded::On => true,
            Expanded::Off => false,
            Expanded::Alone if self.total != 1 || schema.fields().len() < 2 || plan::is_plan(schema) => false,
            Expanded::Auto | Expanded::Alone => match look.width {
                Some(width) => grid::is_wider(schema, rows, width)?,
                None => false,
            },
        };
        if look.width.is_some() && !expanded && plan::is_plan(schema) {
            return Ok(Box::new(Plan::new(look, out)));
        }
        Ok(match expanded {
            true => Box::new(Vertical::new(schema, look, out)),
            false => Box::new(Grid::new(schema, look, out, rows)?),
        })
    }

    /// Writes all that was kept.
    fn write(&mut self, head: &[RecordBatch], tail: &[RecordBatch]) -> io::Result<()> {
        let counted = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        let hidden = self.total - counted(head) - counted(tail);
        if self.total == 1
            && self.look.expanded != Expanded::On
            && let Some(batch) = head.iter().find(|b| b.num_rows() > 0)
            && let Some(text) = fit::of_row(batch, self.look)?
        {
            self.out.write_all(text.as_bytes())?;
            return self.out.flush();
        }
        let mut body = self.body(&[head, tail].concat())?;
        for batch in head {
            body.rows(batch)?;
        }
        if hidden > 0 {
            body.gap(hidden)?;
        }
        for batch in tail {
            body.rows(batch)?;
        }
        body.end(self.total, hidden)
    }
}

impl Printer for Table {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.total += batch.num_rows();
        match &mut self.state {
            Held::Ends(ends) => ends.push(batch),
            Held::Body(body) => body.rows(batch)?,
            Held::Sample(held) => {
                held.push(batch.clone());
                if self.total >= self.sample {
                    let held = std::mem::take(held);
                    let mut body = self.body(&held)?;
                    for batch in &held {
                        body.rows(batch)?;
                    }
                    self.state = Held::Body(body);
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.state, Held::Sample(vec![])) {
            Held::Ends(ends) => {
                let (head, tail) = ends.take();
                self.write(&head, &tail)
            }
            Held::Sample(held) => self.write(&held, &[]),
            Held::Body(mut body) => body.end(self.total, 0),
        }
    }
}
