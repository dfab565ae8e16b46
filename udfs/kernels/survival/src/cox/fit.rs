//! One fit from risk sets to summary.

use super::design::Columns;
use super::evaluate::{Design, Evaluation};
use super::newton::{COLLINEAR, maximise};
use super::robust::robust_variance;
use super::summary::{Parts, summarise};
use super::{Covariate, CoxFit, CoxOptions, CoxWarning, Variance};
use crate::concordance::Sweeps;
use crate::error::SurvivalError;
use crate::follow_up::{check_finite, check_length};
use crate::ldl::Ldl;
use crate::risk_sets::RiskSets;

/// Space that fits over the same rows reuse.
#[derive(Debug, Default)]
struct Workspace {
    columns: Columns,
    evaluation: Evaluation,
    sweeps: Sweeps,
    predictor: Vec<f64>,
}

impl RiskSets {
    /// Fits one model with all `covariates`; see [`crate::cox`].
    pub fn fit(&self, covariates: &[Covariate<'_>], options: &CoxOptions) -> Result<CoxFit, SurvivalError> {
        if covariates.is_empty() {
            return Err(SurvivalError::NoCovariates);
        }
        for covariate in covariates {
            check_length(covariate.name, covariate.values.len(), self.rows())?;
            check_finite(covariate.name, covariate.values)?;
        }
        self.fit_in(&mut Workspace::default(), covariates, options)
    }

    /// Fits one model for each of `covariates`; see [`crate::univariate_cox`].
    pub fn univariate(&self, covariates: &[Covariate<'_>], options: &CoxOptions) -> Result<Vec<CoxFit>, SurvivalError> {
        let mut workspace = Workspace::default();
        covariates
            .iter()
            .map(|covariate| self.fit_one(&mut workspace, covariate, options))
            .collect()
    }

    fn fit_one(
        &self,
        workspace: &mut Workspace,
        covariate: &Covariate<'_>,
        options: &CoxOptions,
    ) -> Result<CoxFit, SurvivalError> {
        check_length(covariate.name, covariate.values.len(), self.rows())?;
        if let Some(row) = covariate.values.iter().position(|value| value.is_infinite()) {
            let value = covariate.values[row];
            return Err(SurvivalError::NotFinite {
                argument: covariate.name.to_owned(),
                row,
                value,
            });
        }
        let covariates = std::slice::from_ref(covariate);
        if !covariate.values.iter().any(|value| value.is_nan()) {
            return self.fit_in(workspace, covariates, options);
        }
        let keep: Vec<bool> = self
            .order
            .iter()
            .map(|&row| !covariate.values[row as usize].is_nan())
            .collect();
        self.subset(&keep)?.fit_in(workspace, covariates, options)
    }

    /// `covariates` hold a finite value for every row of these risk sets.
    fn fit_in(
        &self,
        workspace: &mut Workspace,
        covariates: &[Covariate<'_>],
        options: &CoxOptions,
    ) -> Result<CoxFit, SurvivalError> {
        let Workspace {
            columns,
            evaluation,
            sweeps,
            predictor,
        } = workspace;
        let count = covariates.len();
        check_memory(self.rows(), count)?;
        let values: Vec<&[f64]> = covariates.iter().map(|covariate| covariate.values).collect();
        columns.fill(self, &values)?;

        let mut coefficients = vec![0.0; count];
        let design = Design {
            sets: self,
            values: &columns.values,
            covariates: count,
        };
        evaluation.at(design, &coefficients, options.ties);
        let mut factors = Ldl::default();
        factors.decompose(&evaluation.information, &evaluation.mean_squares, COLLINEAR);
        let kept: Vec<bool> = (0..count).map(|column| !factors.is_left_out(column)).collect();
        if kept.contains(&false) {
            columns.retain(&kept);
            coefficients.truncate(factors.rank());
        }
        let design = Design {
            sets: self,
            values: &columns.values,
            covariates: coefficients.len(),
        };
        if coefficients.len() < count {
            evaluation.at(design, &coefficients, options.ties);
        }
        let loglik_null = evaluation.loglik;
        factors.decompose(&evaluation.information, &evaluation.mean_squares, COLLINEAR);
        let mut step = evaluation.score.clone();
        factors.solve(&mut step);
        let score_statistic = step
            .iter()
            .zip(&evaluation.score)
            .map(|(step, score)| step * score)
            .sum();

        let maximum = maximise(design, options.ties, options.convergence, evaluation);
        let concordance = options.concordance.then(|| {
            predictor.clear();
            predictor.extend((0..self.rows()).map(|position| design.predictor(position, &maximum.coefficients)));
            sweeps.concordance(self, predictor, options.level)
        });
        let robust = match options.variance {
            Variance::Automatic => self
                .weight
                .as_ref()
                .is_some_and(|weight| weight.iter().any(|weight| weight.fract() != 0.0)),
            Variance::Information => false,
            Variance::Robust => true,
        };
        let mut variance = maximum.factors.inverse();
        if robust {
            variance = robust_variance(design, options.ties, &maximum.coefficients, &variance, evaluation)?;
        }
        let warnings = match (self.rows(), self.events()) {
            (0, _) => vec![CoxWarning::NoRows],
            (_, 0) => vec![CoxWarning::NoEvents],
            _ => Vec::new(),
        };
        let parts = Parts {
            n: self.rows(),
            events: self.events(),
            covariates,
            kept: &kept,
            scale: &columns.scale,
            means: &columns.means,
            loglik_null,
            score_statistic,
            maximum: &maximum,
            variance: &variance,
            robust,
            concordance,
            warnings,
        };
        Ok(summarise(parts, options))
    }
}

/// Refuses a model whose matrices cannot be had, before anything asks for them.
fn check_memory(rows: usize, covariates: usize) -> Result<(), SurvivalError> {
    let too_large = || SurvivalError::TooLarge { rows, covariates };
    let squared = covariates
        .checked_mul(covariates)
        .and_then(|squared| squared.checked_mul(8))
        .ok_or_else(too_large)?;
    // Two squares (inverse, variance) and about ten triangles are held at once.
    Vec::<f64>::new().try_reserve_exact(squared).map_err(|_| too_large())
}
