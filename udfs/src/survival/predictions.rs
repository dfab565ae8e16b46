//! Predicted probabilities, with the follow-up of their rows.

use super::columns::{Named, Outcome, Table, retain};
use super::role::Role;
use datafusion::common::{Result, exec_err};

/// Columns of predicted probabilities, of the rows that have all of them and their follow-up.
pub(super) struct Predictions {
    pub(super) outcome: Outcome,
    pub(super) columns: Vec<Named>,
    pub(super) n: usize,
    pub(super) n_missing: usize,
}

impl Predictions {
    /// From the columns of `argument`.
    ///
    /// # Errors
    /// When a row that is complete has a value outside 0 to 1.
    pub(super) fn of(argument: &str, table: &mut Table) -> Result<Self> {
        let mut outcome = table.take_outcome()?;
        let mut columns = table.take_all_numbers(Role::Score)?;
        for column in &columns {
            outcome.require(&column.values);
        }
        for column in &mut columns {
            retain(&mut column.values, &outcome.keep);
            if let Some(wrong) = column.values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
                let (function, name) = (table.function(), &column.name);
                return exec_err!("{function}: {argument} '{name}' must be a probability, 0 to 1; found {wrong}");
            }
        }
        let n = outcome.n();
        outcome.complete();
        Ok(Self {
            outcome,
            columns,
            n,
            n_missing: table.rows() - n,
        })
    }
}
