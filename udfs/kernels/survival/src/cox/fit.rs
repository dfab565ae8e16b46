//! One fit from risk sets to summary.

use super::design::Columns;
use super::evaluate::{Design, Evaluation};
use super::newton::{COLLINEAR, Maximum, maximise};
use super::robust::robust_variance;
use super::summary::{Parts, summarise};
use super::{Covariate, CoxFit, CoxOptions, CoxWarning, Ties, Variance};
use crate::concordance::Sweeps;
use crate::error::SurvivalError;
use crate::follow_up::{check_finite, check_length};
use crate::ldl::{Ldl, packed};
use crate::risk_sets::RiskSets;

/// Space that fits over the same rows reuse.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) columns: Columns,
    pub(super) evaluation: Evaluation,
    sweeps: Sweeps,
    predictor: Vec<f64>,
}

/// A fit and what its summary was made of.
pub(super) struct Fitted {
    pub(super) fit: CoxFit,
    /// Whether each covariate is in the model that was maximised; the others are constant or collinear.
    pub(super) kept: Vec<bool>,
    pub(super) maximum: Maximum,
    /// Variance of the scaled coefficients, row by row: the inverse of the information, and the one reported.
    pub(super) inverse: Vec<f64>,
    pub(super) variance: Vec<f64>,
}

impl RiskSets {
    /// Fits one model with all `covariates`; see [`crate::cox`].
    pub fn fit(&self, covariates: &[Covariate<'_>], options: &CoxOptions) -> Result<CoxFit, SurvivalError> {
        self.check(covariates)?;
        Ok(self
            .fit_in(&mut Workspace::default(), covariates, None, false, options)?
            .fit)
    }

    /// Fits one model for each of `covariates`; see [`crate::univariate_cox`].
    pub fn univariate(&self, covariates: &[Covariate<'_>], options: &CoxOptions) -> Result<Vec<CoxFit>, SurvivalError> {
        let mut workspace = Workspace::default();
        let mut progress = crate::progress::Loop::of("models", covariates.len());
        let mut fit = |covariate| {
            let fitted = self.fit_one(&mut workspace, covariate, options);
            progress.step();
            fitted
        };
        covariates.iter().map(&mut fit).collect()
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
            return Ok(self.fit_in(workspace, covariates, None, true, options)?.fit);
        }
        let keep: Vec<bool> = self
            .order
            .iter()
            .map(|&row| !covariate.values[row as usize].is_nan())
            .collect();
        Ok(self
            .subset(&keep)?
            .fit_in(workspace, covariates, None, true, options)?
            .fit)
    }

    pub(super) fn check(&self, covariates: &[Covariate<'_>]) -> Result<(), SurvivalError> {
        if covariates.is_empty() {
            return Err(SurvivalError::NoCovariates);
        }
        for covariate in covariates {
            check_length(covariate.name, covariate.values.len(), self.rows())?;
            check_finite(covariate.name, covariate.values)?;
        }
        Ok(())
    }

    /// `covariates` hold a finite value for every row of these risk sets; `clusters` a code for each row. Where the design
    /// is not kept in `workspace`, its memory is given back before the concordance needs some.
    pub(super) fn fit_in(
        &self,
        workspace: &mut Workspace,
        covariates: &[Covariate<'_>],
        clusters: Option<&[u32]>,
        keep_design: bool,
        options: &CoxOptions,
    ) -> Result<Fitted, SurvivalError> {
        let Workspace {
            columns,
            evaluation,
            sweeps,
            predictor,
        } = workspace;
        let count = covariates.len();
        check_memory(self.rows(), count)?;
        let robust = self.is_robust(clusters.is_some(), options)?;
        let values: Vec<&[f64]> = covariates.iter().map(|covariate| covariate.values).collect();
        columns.fill(self, &values)?;
        let clusters = clusters.filter(|_| robust);
        let clusters = clusters.map(|clusters| codes_by_position(clusters, &columns.order));

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
        let warnings = warnings_beforehand(self, covariates, &kept, evaluation, &factors);
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
        let inverse = maximum.factors.inverse();
        let mut variance = inverse.clone();
        if robust {
            let clusters = clusters.as_deref();
            variance = robust_variance(
                design,
                options.ties,
                &maximum.coefficients,
                &inverse,
                clusters,
                evaluation,
            )?;
        }
        predictor.clear();
        if options.concordance {
            predictor.extend((0..self.rows()).map(|position| design.predictor(position, &maximum.coefficients)));
        }
        if !keep_design {
            columns.values = Vec::new();
        }
        let clusters = clusters.as_deref();
        let concordance = options
            .concordance
            .then(|| sweeps.concordance_of_clusters(self, predictor, clusters, options.level));
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
        let fit = summarise(parts, options);
        Ok(Fitted {
            fit,
            kept,
            maximum,
            inverse,
            variance,
        })
    }

    /// Whether the robust variance is reported; an error where it, or the fit, is not defined.
    fn is_robust(&self, clustered: bool, options: &CoxOptions) -> Result<bool, SurvivalError> {
        let weight = |test: fn(f64) -> bool| {
            let weights = self.weight.as_ref();
            weights.is_some_and(|weights| weights.iter().any(|weight| test(*weight)))
        };
        let robust = match options.variance {
            Variance::Automatic => clustered || weight(|weight| weight.fract() != 0.0),
            Variance::Information => false,
            Variance::Robust => true,
        };
        let unsupported = |what| SurvivalError::Unsupported {
            function: "cox with exact ties",
            what,
        };
        if options.ties == Ties::Exact && weight(|weight| weight != 1.0) {
            return Err(unsupported("weights"));
        }
        if options.ties == Ties::Exact && robust {
            return Err(unsupported("the robust variance"));
        }
        Ok(robust)
    }
}

/// What the rows and the covariates say before the search: nothing to fit, or columns that cannot be fitted.
/// `evaluation` and `factors` stand at coefficients 0.
fn warnings_beforehand(
    sets: &RiskSets,
    covariates: &[Covariate<'_>],
    kept: &[bool],
    evaluation: &Evaluation,
    factors: &Ldl,
) -> Vec<CoxWarning> {
    let name = |column: usize| covariates[column].name.to_owned();
    if sets.rows() == 0 {
        return vec![CoxWarning::NoRows];
    }
    if sets.events() == 0 {
        let terms = (0..kept.len()).map(name).collect();
        return vec![CoxWarning::NoEvents { terms }];
    }
    let mut constant = Vec::new();
    let mut warnings = Vec::new();
    for column in (0..kept.len()).filter(|&column| !kept[column]) {
        let of = combination(evaluation, factors, column);
        if of.is_empty() {
            constant.push(name(column));
        } else {
            warnings.push(CoxWarning::Collinear {
                term: name(column),
                of: of.into_iter().map(name).collect(),
            });
        }
    }
    if !constant.is_empty() {
        warnings.insert(0, CoxWarning::Constant { terms: constant });
    }
    warnings
}

/// A part of a column's mean square that counts as more than rounding.
const NOTICEABLE: f64 = 1e-6;

/// The columns before `column`, which was left out, of which it is a combination: those with a noticeable part in its
/// regression on all that were kept. None for a column that does not vary.
fn combination(evaluation: &Evaluation, factors: &Ldl, column: usize) -> Vec<usize> {
    let information = &evaluation.information;
    if information[packed(column, column)] <= COLLINEAR * evaluation.mean_squares[column] {
        return Vec::new();
    }
    let mut parts = information[packed(column, 0)..packed(column, column)].to_vec();
    factors.solve_leading(column, &mut parts);
    let noticeable = |&other: &usize| {
        let square = parts[other] * parts[other] * information[packed(other, other)];
        square > NOTICEABLE * NOTICEABLE * information[packed(column, column)]
    };
    (0..column).filter(noticeable).collect()
}

/// Codes from 0 without gaps, by position.
fn codes_by_position(codes: &[u32], order: &[u32]) -> Vec<u32> {
    let mut distinct = codes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let code = |&row: &u32| distinct.partition_point(|code| *code < codes[row as usize]) as u32;
    order.iter().map(code).collect()
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
