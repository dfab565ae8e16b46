//! What functions of a fitted Cox model share: the rows that it is fitted to, and how rows are named.

use super::codes::Codes;
use super::columns::{Outcome, Table};
use super::covariates::{Covariates, Term, as_covariates};
use super::options::Options;
use super::{cox_options, failed};
use datafusion::common::{Result, exec_err};
use radsql_survival::{CoxModel, RiskSets, SurvivalError};

/// The rows that a model is fitted to.
pub(super) struct Training {
    function: &'static str,
    /// The follow-up of the complete rows; `keep` tells which of all rows they are.
    pub(super) outcome: Outcome,
    /// The terms, in the complete rows.
    pub(super) terms: Vec<Term>,
    /// The name of each covariate.
    pub(super) covariates: Vec<String>,
}

impl Training {
    /// Takes out the complete rows of a table.
    pub(super) fn take(table: &mut Table) -> Result<Self> {
        let mut outcome = table.take_outcome()?;
        let covariates = table.take_covariates(&mut outcome.keep, true)?;
        Ok(Self::new(table.function(), outcome, covariates))
    }

    /// Those rows of `outcome` and `covariates` that are complete.
    pub(super) fn new(function: &'static str, mut outcome: Outcome, mut covariates: Covariates) -> Self {
        outcome.complete();
        let names = std::mem::take(&mut covariates.names);
        Self {
            function,
            terms: covariates.complete(&outcome.keep),
            covariates: names,
            outcome,
        }
    }

    /// Whether there is no complete row.
    pub(super) fn is_empty(&self) -> bool {
        self.outcome.time.is_empty()
    }

    /// Fits the model and gives it to `ask`.
    ///
    /// # Errors
    /// When a kernel refuses the data, or no covariate has two values.
    pub(super) fn with_model<T>(
        &self,
        options: &Options,
        ask: impl FnOnce(&CoxModel<'_>) -> Result<T, SurvivalError>,
    ) -> Result<T> {
        let function = self.function;
        if self.terms.is_empty() {
            let names = self.covariates.join(", ");
            return exec_err!("{function}: no covariate has two values in complete rows; found {names}");
        }
        let settings = cox_options(function, options, false)?;
        let follow_up = self.outcome.follow_up()?;
        let answer = || {
            let sets = RiskSets::new(&follow_up, self.outcome.strata())?;
            ask(&sets.model(&as_covariates(&self.terms), self.outcome.cluster(), &settings)?)
        };
        answer().map_err(failed(function))
    }

    /// The value of a stratum; `None` without strata.
    pub(super) fn stratum(&self, code: u32) -> Option<String> {
        self.outcome.strata.as_ref()?.level(code).map(String::from)
    }

    /// Of each complete row its place among all rows.
    pub(super) fn places(&self) -> Vec<usize> {
        let rows = self.outcome.keep.iter().enumerate();
        rows.filter(|(_, keep)| **keep).map(|(place, _)| place).collect()
    }
}

/// The names of rows, where a column gives them.
pub(super) struct Ids(Option<Codes>);

impl Ids {
    /// Takes them out of a table.
    pub(super) fn take(table: &mut Table) -> Result<Self> {
        Ok(Self(table.take_codes(super::role::Role::Id)?))
    }

    /// The place of a row's name among all names, for an order of rows that does not depend on theirs.
    pub(super) fn rank(&self, row: usize) -> u32 {
        let codes = self.0.as_ref();
        codes.and_then(|c| c.codes.get(row)).copied().unwrap_or(Codes::NONE)
    }

    /// The name of a row.
    pub(super) fn name(&self, row: usize) -> Option<String> {
        self.0.as_ref()?.level(self.rank(row)).map(String::from)
    }
}
