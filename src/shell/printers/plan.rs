//! The plans of `EXPLAIN` on a terminal: texts of many lines, of which nothing is cut.

use super::sink::Sink;
use super::table::{Body, Look};
use super::text::{dim, lines};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::util::display::array_value_to_string;
use std::io::{self, Write};

pub struct Plan {
    out: Sink,
    look: Look,
    plans: usize,
}

/// Whether a result is that of `EXPLAIN`.
pub fn is_plan(schema: &Schema) -> bool {
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    names == ["plan_type", "plan"] && schema.fields().iter().all(|f| *f.data_type() == DataType::Utf8)
}

impl Plan {
    pub fn new(look: Look, out: Sink) -> Self {
        Self { out, look, plans: 0 }
    }
}

impl Body for Plan {
    fn rows(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let [names, plans] = batch.columns() else {
            return Ok(());
        };
        for row in 0..batch.num_rows() {
            let told = |array| array_value_to_string(array, row).map_err(super::cell::invalid);
            let (name, plan) = (told(names)?, told(plans)?);
            if self.plans > 0 {
                writeln!(self.out)?;
            }
            self.plans += 1;
            for line in lines(&name) {
                writeln!(self.out, "{}", dim(&line, self.look.colours))?;
            }
            for line in lines(plan.trim_end()) {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }

    fn gap(&mut self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: usize, _: usize) -> io::Result<()> {
        self.out.flush()
    }
}
