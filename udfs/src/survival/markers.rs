//! Several markers on the same rows.

use super::columns::{Named, Outcome, Table, retain};
use super::role::Role;
use datafusion::common::Result;

/// The complete rows of several markers.
pub struct Markers {
    /// Follow-up of the complete rows.
    pub outcome: Outcome,
    /// The markers, with their names.
    pub columns: Vec<Named>,
    /// Rows that lack a value.
    pub missing: usize,
}

impl Markers {
    /// Takes the markers out of a table; rows that lack one are dropped.
    ///
    /// # Errors
    /// When a column is not what it must be.
    pub fn of(table: &mut Table) -> Result<Self> {
        let rows = table.rows();
        let mut outcome = table.take_outcome()?;
        let mut columns = table.take_all_numbers(Role::Score)?;
        for column in &columns {
            outcome.require(&column.values);
        }
        let n = outcome.n();
        outcome.complete();
        for column in &mut columns {
            retain(&mut column.values, &outcome.keep);
        }
        Ok(Self {
            outcome,
            columns,
            missing: rows - n,
        })
    }

    /// The values of each.
    pub fn values(&self) -> Vec<&[f64]> {
        self.columns.iter().map(|c| c.values.as_slice()).collect()
    }

    /// The name of one.
    pub fn name(&self, place: usize) -> Option<String> {
        self.columns.get(place).map(|c| c.name.clone())
    }
}
