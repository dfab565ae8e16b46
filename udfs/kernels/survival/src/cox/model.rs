//! A fitted model with the rows it was fitted to, for what comes after the fit.

use super::evaluate::{Design, Evaluation};
use super::fit::{Fitted, Workspace};
use super::hazards::Hazards;
use super::{Covariate, CoxFit, CoxOptions, Ties};
use crate::error::SurvivalError;
use crate::follow_up::check_length;
use crate::risk_sets::RiskSets;

/// A fitted proportional-hazards model and the rows that it was fitted to: what residuals, the baseline hazard and the
/// test of proportional hazards are made from. See [`RiskSets::model`].
#[derive(Debug, Clone)]
pub struct CoxModel<'a> {
    pub(super) sets: &'a RiskSets,
    fit: CoxFit,
    pub(super) ties: Ties,
    /// Places, among the terms, of the columns of the design.
    pub(super) columns: Vec<usize>,
    /// The design: scaled, row by row by position.
    values: Vec<f64>,
    /// The caller's row at each position.
    pub(super) order: Vec<u32>,
    /// Of each column of the design: from a scaled coefficient to the term's, and the value of each stratum that is 0.
    pub(super) scale: Vec<f64>,
    pub(super) centres: Vec<f64>,
    /// Of the scaled columns. Coefficients that could not be estimated are 0.
    pub(super) coefficients: Vec<f64>,
    /// Inverse of the information, and the variance reported.
    pub(super) inverse: Vec<f64>,
    pub(super) variance: Vec<f64>,
}

impl RiskSets {
    /// Fits one model with all `covariates` as [`crate::cox`] does, and keeps what is needed for residuals, predictions
    /// and tests: as much memory as the covariates themselves.
    ///
    /// `clusters`, one code a row, makes the variance robust and takes the rows of a cluster together in it and in the
    /// standard error of the concordance (R's `cluster`); with [`crate::Variance::Information`] it has no effect. The
    /// codes themselves do not matter.
    pub fn model(
        &self,
        covariates: &[Covariate<'_>],
        clusters: Option<&[u32]>,
        options: &CoxOptions,
    ) -> Result<CoxModel<'_>, SurvivalError> {
        self.check(covariates)?;
        if let Some(clusters) = clusters {
            check_length("cluster", clusters.len(), self.rows())?;
        }
        let mut workspace = Workspace::default();
        let fitted = self.fit_in(&mut workspace, covariates, clusters, true, options)?;
        Ok(CoxModel::new(self, workspace, fitted, options.ties))
    }
}

impl<'a> CoxModel<'a> {
    fn new(sets: &'a RiskSets, workspace: Workspace, fitted: Fitted, ties: Ties) -> Self {
        let Workspace { columns: design, .. } = workspace;
        let columns: Vec<usize> = (0..fitted.kept.len()).filter(|&place| fitted.kept[place]).collect();
        let strata = sets.strata.len();
        let centres = |&place: &usize| design.centres[place * strata..(place + 1) * strata].iter().copied();
        let mut coefficients = fitted.maximum.coefficients;
        for (column, coefficient) in coefficients.iter_mut().enumerate() {
            if fitted.maximum.factors.is_left_out(column) {
                *coefficient = 0.0;
            }
        }
        Self {
            sets,
            fit: fitted.fit,
            ties,
            scale: columns.iter().map(|&place| design.scale[place]).collect(),
            centres: columns.iter().flat_map(centres).collect(),
            columns,
            values: design.values,
            order: design.order,
            coefficients,
            inverse: fitted.inverse,
            variance: fitted.variance,
        }
    }

    /// The fit.
    pub fn fit(&self) -> &CoxFit {
        &self.fit
    }

    /// The fit alone, giving the rest back.
    pub fn into_fit(self) -> CoxFit {
        self.fit
    }

    pub(super) fn design(&self) -> Design<'_> {
        Design {
            sets: self.sets,
            values: &self.values,
            covariates: self.columns.len(),
        }
    }

    pub(super) fn hazards(&self) -> Result<Hazards, SurvivalError> {
        Hazards::collect(self.design(), self.ties, &self.coefficients, &mut Evaluation::default())
    }

    /// A table of NaN with a line for each of `lines` and a column for each term.
    pub(super) fn table(&self, lines: usize) -> Result<Vec<f64>, SurvivalError> {
        let covariates = self.fit.terms.len();
        let too_large = || SurvivalError::TooLarge {
            rows: lines,
            covariates,
        };
        let len = lines.checked_mul(covariates).ok_or_else(too_large)?;
        let mut table = Vec::new();
        table.try_reserve_exact(len).map_err(|_| too_large())?;
        table.resize(len, f64::NAN);
        Ok(table)
    }
}
