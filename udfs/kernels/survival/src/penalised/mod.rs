//! Proportional-hazards regression under a penalty (lasso, elastic net, ridge), as glmnet 4.1 defines it.

mod cholesky;
mod columns;
mod cross_validation;
mod folds;
mod gram;
mod likelihood;
mod options;
mod path;
mod solver;
mod vectors;

use std::borrow::Cow;

use crate::cox::Covariate;
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};
use crate::risk_sets::RiskSets;

use columns::Columns;
use likelihood::PartialLikelihood;
use path::fit_path;

pub use cross_validation::{CvMeasure, CvOptions, CvPoint, PenalisedCv, penalised_cox_cv, penalised_cox_cv_owned};
pub use folds::{FoldCount, Folds, assign_folds};
pub use options::ElasticNet;

/// Why a path has no further penalties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathEnd {
    /// All penalties were fitted.
    Complete,
    /// `dev_ratio` exceeded 0.99; the rest would follow noise (glmnet's `devmax`).
    DevianceExplained,
    /// `dev_ratio` grew by less than a thousandth of itself over the last four penalties (glmnet's `fdev`).
    DevianceFlat,
    /// The passes were used up at the next penalty, whose coefficients are not known (glmnet warns of this).
    PassLimit,
}

/// The coefficients at one penalty.
#[derive(Debug, Clone, PartialEq)]
pub struct PathPoint {
    /// The penalty.
    pub lambda: f64,
    /// The share of the null deviance that is explained.
    pub dev_ratio: f64,
    /// Place of the covariate and its coefficient (on the covariate's own scale), for those that are not 0, in order.
    pub coefs: Vec<(usize, f64)>,
}

impl PathPoint {
    /// Coefficients that are not 0.
    pub fn df(&self) -> usize {
        self.coefs.len()
    }
}

/// Coefficients along a sequence of penalties.
#[derive(Debug, Clone, PartialEq)]
pub struct PenalisedPath {
    /// Rows.
    pub n: usize,
    /// Rows that end in the event.
    pub events: usize,
    /// Names of the covariates.
    pub terms: Vec<String>,
    /// The mixture of the penalty.
    pub alpha: f64,
    /// 2 (log-likelihood of the saturated model - that of the null model). The saturated model has a parameter a row;
    /// its log-likelihood is `-sum W log W` over the weights W of the events at each time.
    pub null_deviance: f64,
    /// From the largest penalty to the smallest; not empty.
    pub points: Vec<PathPoint>,
    /// Passes of coordinate descent over all penalties.
    pub passes: usize,
    /// Why there are no more penalties.
    pub end: PathEnd,
}

impl PenalisedPath {
    /// The coefficients that are not 0 at any penalty, by linear interpolation between those of the path; beyond its
    /// ends those at its ends (R's `coef(fit, s =)`). For the exact coefficients at a penalty fit it by
    /// [`ElasticNet::with_lambdas`] (R's `exact = TRUE`).
    pub fn coefs_at(&self, lambda: f64) -> Vec<(usize, f64)> {
        interpolate(&self.points, lambda)
    }

    /// The log hazard of a row, relative to a row of zeros: the sum of value times coefficient at `lambda`, not centred
    /// (R's `predict(type = "link")`). An error when the number of values is not the number of terms.
    pub fn linear_predictor(&self, lambda: f64, row: &[f64]) -> Result<f64, SurvivalError> {
        check_length("row", row.len(), self.terms.len())?;
        let products = self.coefs_at(lambda).into_iter().map(|(place, coef)| row[place] * coef);
        Ok(products.fold(0.0, |sum, product| sum + product))
    }
}

/// Coefficients between two points of a path, each weighted by how near it is.
pub(crate) fn interpolate(points: &[PathPoint], lambda: f64) -> Vec<(usize, f64)> {
    let right = points.partition_point(|point| point.lambda > lambda);
    let (Some(right), Some(left)) = (points.get(right), points.get(right.wrapping_sub(1))) else {
        // Before the first point, or after the last.
        let end = points.get(right).or(points.last());
        return end.map(|point| point.coefs.clone()).unwrap_or_default();
    };
    if right.lambda == lambda {
        return right.coefs.clone();
    }
    let share = (lambda - right.lambda) / (left.lambda - right.lambda);
    let mut coefs = Vec::with_capacity(left.coefs.len().max(right.coefs.len()));
    let (mut a, mut b) = (left.coefs.iter().peekable(), right.coefs.iter().peekable());
    loop {
        let place = match (a.peek(), b.peek()) {
            (Some((a, _)), Some((b, _))) => *a.min(b),
            (Some((a, _)), None) => *a,
            (None, Some((b, _))) => *b,
            (None, None) => return coefs,
        };
        let left = a.next_if(|(at, _)| *at == place).map_or(0.0, |(_, coef)| *coef);
        let right = b.next_if(|(at, _)| *at == place).map_or(0.0, |(_, coef)| *coef);
        coefs.push((place, share * left + (1.0 - share) * right));
    }
}

/// A covariate that is lent or given away: then it is not held beside the columns that are made of it.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) values: Cow<'a, [f64]>,
}

impl<'a> From<&Covariate<'a>> for Given<'a> {
    fn from(covariate: &Covariate<'a>) -> Self {
        Self {
            name: covariate.name.into(),
            values: covariate.values.into(),
        }
    }
}

impl From<(String, Vec<f64>)> for Given<'_> {
    fn from((name, values): (String, Vec<f64>)) -> Self {
        Self {
            name: name.into(),
            values: values.into(),
        }
    }
}

/// Rows, covariates and likelihood, ready for fits.
pub(crate) struct Problem {
    pub(crate) sets: RiskSets,
    pub(crate) likelihood: PartialLikelihood,
    pub(crate) data: Columns,
    /// The caller's row at each position, finished.
    pub(crate) order: Vec<u32>,
    /// By column of `data`.
    pub(crate) factor: Vec<f64>,
    /// Names of the covariates.
    pub(crate) terms: Vec<String>,
}

impl Problem {
    pub(crate) fn new(
        follow_up: &FollowUp<'_>,
        strata: Option<&[u32]>,
        covariates: Vec<Given<'_>>,
        options: &ElasticNet,
    ) -> Result<Self, SurvivalError> {
        let terms: Vec<String> = covariates.iter().map(|covariate| covariate.name.to_string()).collect();
        if covariates.is_empty() {
            return Err(SurvivalError::NoCovariates);
        }
        if follow_up.start.is_some() {
            return Err(SurvivalError::Unsupported {
                function: "penalised_cox",
                what: "follow-up in intervals",
            });
        }
        if let Some(factors) = &options.factors {
            check_length("penalty_factor", factors.len(), covariates.len())?;
        }
        if follow_up.events() == 0 {
            return Err(SurvivalError::NoEvents);
        }
        let sets = RiskSets::with_exact_times(follow_up, strata)?;
        let likelihood = PartialLikelihood::new(&sets);
        let factors = options.factors.as_deref();
        let (data, order) = Columns::new(&sets, covariates, &likelihood.weight, factors, options.standardise)?;
        if data.len() == 0 {
            return Err(SurvivalError::AllConstant);
        }
        let scaled = options.scaled_factors(terms.len());
        let factor = data.source.iter().map(|&source| scaled[source]).collect();
        Ok(Self {
            sets,
            likelihood,
            data,
            order,
            factor,
            terms,
        })
    }

    pub(crate) fn path(&self, options: &ElasticNet, follow_up: &FollowUp<'_>) -> Result<PenalisedPath, SurvivalError> {
        let path = fit_path(&self.likelihood, &self.data, &self.factor, self.terms.len(), options)?;
        if path.points.is_empty() {
            return Err(SurvivalError::NotConverged {
                passes: options.max_passes,
            });
        }
        let weights: f64 = (0..self.sets.rows()).map(|position| self.sets.weight(position)).sum();
        let original = |(column, coef): (usize, f64)| (self.data.source[column], coef * self.data.scale[column]);
        let points = path.points.into_iter().map(|point| PathPoint {
            coefs: point.coefs.into_iter().map(original).collect(),
            ..point
        });
        Ok(PenalisedPath {
            n: follow_up.rows(),
            events: follow_up.events(),
            terms: self.terms.clone(),
            alpha: options.alpha,
            null_deviance: weights * path.null_deviance,
            points: points.collect(),
            passes: path.passes,
            end: path.end,
        })
    }
}

/// Fits a proportional-hazards model along a path of penalties (R's `glmnet(family = "cox")`).
///
/// Minimises `-loglik / n + lambda sum_j f_j (alpha |b_j| + (1 - alpha) b_j^2 / 2)` (with weights, their sum in place of
/// n), where the partial log-likelihood has Breslow's ties, columns are centred and divided by their standard deviation
/// (divisor n), and coefficients come back on the covariates' own scale. Penalties, early end and deviance are
/// glmnet's; the coefficients are those of the minimum, which glmnet approaches with its threshold: at its default of 1e-7
/// it stays a tenth of the largest coefficient away from it at the small end of a path with more covariates than rows. At the first penalty of a generated path no
/// penalised coefficient differs from 0; with `alpha` 0 this point stands for an infinite penalty.
///
/// What differs from glmnet 4.1: rows censored at the time of an event count as at risk at every time (glmnet loses
/// this order where times are 256 or more); a time of 0 is allowed. As there, and unlike [`crate::cox`], times tie only
/// when they are equal: bring times such as months made from days to whole units first where near ties matter.
///
/// With `strata` each stratum has its own risk sets and the likelihoods are multiplied (as for `stratifySurv`).
///
/// Rows may come in any order: the answer is the same to the last bit. A constant covariate gets coefficient 0. Errors:
/// no covariate or all constant, no event, NaN or infinite values, follow-up in intervals, no risk set with more than
/// its events.
pub fn penalised_cox(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    covariates: &[Covariate<'_>],
    options: &ElasticNet,
) -> Result<PenalisedPath, SurvivalError> {
    let covariates = covariates.iter().map(Given::from).collect();
    Problem::new(follow_up, strata, covariates, options)?.path(options, follow_up)
}

/// As [`penalised_cox`], of named covariates that are given away: they are not held beside the columns that are made of
/// them, which halves the memory.
pub fn penalised_cox_owned(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    covariates: Vec<(String, Vec<f64>)>,
    options: &ElasticNet,
) -> Result<PenalisedPath, SurvivalError> {
    let covariates = covariates.into_iter().map(Given::from).collect();
    Problem::new(follow_up, strata, covariates, options)?.path(options, follow_up)
}
