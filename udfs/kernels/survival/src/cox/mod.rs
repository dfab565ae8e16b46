//! Proportional-hazards regression (Cox 1972), as R's `coxph` defines it.

mod baseline;
mod design;
mod evaluate;
mod exact;
mod fit;
mod gram;
mod hazards;
mod model;
mod newton;
mod residuals;
mod right_censored;
mod robust;
mod summary;
mod warning;
mod zph;

use crate::concordance::Concordance;
use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::risk_sets::RiskSets;

pub use baseline::{CoxBaseline, HazardAt, HazardStep, PredictedStep};
pub use model::CoxModel;
pub use residuals::{Influence, RowResiduals, SchoenfeldEvent, SchoenfeldResiduals};
pub use warning::CoxWarning;
pub use zph::{TermGroup, TimeTransform, Zph, ZphTest};

/// How events at one time enter the partial likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Ties {
    /// Efron (1977): each of d tied events leaves the risk set by 1/d in turn. R's default, and ours.
    #[default]
    Efron,
    /// Breslow (1974): every tied event sees the whole risk set.
    Breslow,
    /// The exact partial likelihood of times that are truly discrete (Cox 1972): which of the rows at risk have the event,
    /// given how many do; with one event a stratum, conditional logistic regression. It takes time in proportion to the
    /// number of tied events (Gail, Lubin and Rubinstein 1981). As in R it is not defined for weights nor for the robust
    /// variance, and hazards and martingale residuals are Breslow's.
    Exact,
}

impl Ties {
    /// How ties enter the baseline hazard.
    fn of_hazard(self) -> Self {
        match self {
            Self::Exact => Self::Breslow,
            other => other,
        }
    }
}

/// Which variance of the coefficients is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Variance {
    /// R's choice: robust when a weight is not a whole number, else from the information. (Whole weights count as
    /// so many equal rows; others are taken for sampling weights, for which the information says too much.)
    #[default]
    Automatic,
    /// The inverse of the observed information.
    Information,
    /// Robust (Lin and Wei 1989): the sum of squares of each row's influence on the coefficients. Rows are taken as
    /// independent.
    Robust,
}

/// When Newton's iteration ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Convergence {
    tolerance: f64,
    max_iterations: u32,
    polish: bool,
}

impl Convergence {
    /// Iterate until the log-likelihood changes by less than `tolerance`, relative to itself (R's `eps`), or
    /// `max_iterations` steps are done (R's `iter.max`, at least 1).
    pub fn new(tolerance: f64, max_iterations: u32) -> Result<Self, SurvivalError> {
        if !(tolerance > 0.0 && tolerance < 1.0) {
            return Err(SurvivalError::Parameter {
                parameter: "tolerance",
                value: tolerance,
                expected: "a number above 0 and below 1, such as 1e-9",
            });
        }
        if max_iterations == 0 {
            return Err(SurvivalError::Parameter {
                parameter: "max_iterations",
                value: 0.0,
                expected: "1 or more",
            });
        }
        Ok(Self {
            tolerance,
            max_iterations,
            polish: true,
        })
    }

    /// Stop exactly where R stops. By default a fit that has met R's rule and does not diverge takes further Newton
    /// steps to the maximum itself, because R's default leaves coefficients up to 5e-8 (relative) away from it.
    /// These steps are not counted in `iterations`.
    pub fn without_polishing(self) -> Self {
        Self { polish: false, ..self }
    }
}

impl Default for Convergence {
    /// R's rule, 1e-9 and 20 iterations, then polishing.
    fn default() -> Self {
        Self {
            tolerance: 1e-9,
            max_iterations: 20,
            polish: true,
        }
    }
}

/// What a fit can be asked for. `CoxOptions::default()` is R's default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoxOptions {
    /// Handling of tied events.
    pub ties: Ties,
    /// Variance of the coefficients.
    pub variance: Variance,
    /// Coverage of the hazard ratios' confidence intervals.
    pub level: ConfidenceLevel,
    /// When to stop.
    pub convergence: Convergence,
    /// Whether the concordance of the linear predictor is worked out; without it `CoxFit::concordance` is `None`.
    pub concordance: bool,
}

impl Default for CoxOptions {
    fn default() -> Self {
        Self {
            ties: Ties::default(),
            variance: Variance::default(),
            level: ConfidenceLevel::default(),
            convergence: Convergence::default(),
            concordance: true,
        }
    }
}

/// A column of the model: a name for the answer, a number for each row.
#[derive(Debug, Clone, Copy)]
pub struct Covariate<'a> {
    /// The term's name.
    pub name: &'a str,
    /// One value a row, in the order of the follow-up's rows.
    pub values: &'a [f64],
}

/// One covariate's line in a fitted model. Every number but `name` is NaN when the coefficient cannot be estimated.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The covariate.
    pub name: String,
    /// Log hazard ratio for one unit.
    pub coef: f64,
    /// Hazard ratio, exp(coef).
    pub hr: f64,
    /// Lower end of the Wald interval of the hazard ratio.
    pub hr_lower: f64,
    /// Upper end of the Wald interval of the hazard ratio.
    pub hr_upper: f64,
    /// Standard error of `coef`, from [`CoxFit::variance`].
    pub se: f64,
    /// coef / se.
    pub z: f64,
    /// Two-sided p-value of `z`.
    pub p: f64,
}

/// A chi-square test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquareTest {
    /// The statistic.
    pub chi2: f64,
    /// Degrees of freedom: coefficients that could be estimated, or groups that could be compared less one.
    pub df: usize,
    /// Upper-tail p-value. NaN when `df` is 0.
    pub p: f64,
}

/// A fitted proportional-hazards model.
#[derive(Debug, Clone, PartialEq)]
pub struct CoxFit {
    /// Rows used.
    pub n: usize,
    /// Rows used that end in the event (not weighted).
    pub events: usize,
    /// One line a covariate, in the order given.
    pub terms: Vec<Term>,
    /// Variance of the coefficients, row by row: `terms.len()` squared numbers. Rows and columns of coefficients that
    /// cannot be estimated are 0, as in R.
    pub variance: Vec<f64>,
    /// Whether `variance`, and all that rests on it (standard errors, intervals, z, p, Wald test), is the robust one.
    pub robust: bool,
    /// Log partial likelihood at coefficients 0.
    pub loglik_null: f64,
    /// Log partial likelihood at the coefficients found.
    pub loglik: f64,
    /// Likelihood-ratio test of all coefficients being 0.
    pub lr: ChiSquareTest,
    /// Wald test of all coefficients being 0.
    pub wald: ChiSquareTest,
    /// Score test at coefficients 0, never robust; with one two-valued covariate and Breslow or no ties the log-rank test.
    pub score: ChiSquareTest,
    /// Concordance of the linear predictor with the follow-up, within strata; `None` if not asked for.
    pub concordance: Option<Concordance>,
    /// What R subtracts from each covariate: its weighted mean (not weighted for follow-up in intervals), 0 for columns
    /// that hold only -1, 0 and 1.
    pub means: Vec<f64>,
    /// Newton steps taken until R's rule was met.
    pub iterations: u32,
    /// Whether R's rule was met within the allowed number of steps and every coefficient asked for was estimated
    /// without a sign that it is infinite.
    pub converged: bool,
    /// What a reader has to know about these numbers; empty when there is nothing.
    pub warnings: Vec<CoxWarning>,
}

impl CoxFit {
    /// The warnings as one text, or `None`.
    pub fn warning(&self) -> Option<String> {
        if self.warnings.is_empty() {
            return None;
        }
        Some(
            self.warnings
                .iter()
                .map(CoxWarning::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        )
    }

    /// Akaike's criterion, `-2 loglik + 2 df` with df the coefficients estimated, as R's `AIC`.
    pub fn aic(&self) -> f64 {
        -2.0 * self.loglik + 2.0 * self.lr.df as f64
    }

    /// Schwarz's criterion, `-2 loglik + df log(events)`, as R's `BIC` of a `coxph` (which counts events, not rows).
    pub fn bic(&self) -> f64 {
        -2.0 * self.loglik + self.lr.df as f64 * (self.events as f64).ln()
    }

    /// The linear predictor of a row that may be new: the sum of value times coefficient over the terms, in their
    /// order, **not centred**. R's `predict(type = "lp")` is this less [`CoxFit::centre`]. Coefficients that could not be
    /// estimated count as 0, as in R. An error when the number of values is not the number of terms.
    pub fn linear_predictor(&self, row: &[f64]) -> Result<f64, SurvivalError> {
        crate::follow_up::check_length("row", row.len(), self.terms.len())?;
        Ok(sum_of_products(&self.terms, row))
    }

    /// The linear predictor at `means`: subtract it from [`CoxFit::linear_predictor`] to have R's `predict(type = "lp")`.
    pub fn centre(&self) -> f64 {
        sum_of_products(&self.terms, &self.means)
    }
}

fn sum_of_products(terms: &[Term], row: &[f64]) -> f64 {
    let products = terms
        .iter()
        .zip(row)
        .filter(|(term, _)| !term.coef.is_nan())
        .map(|(term, value)| term.coef * value);
    products.fold(0.0, |sum, product| sum + product)
}

/// Fits a proportional-hazards model (R's `coxph`): Newton's method on the partial likelihood from coefficients 0, with
/// step halving, columns centred and scaled for the arithmetic, near-tied times merged first ([`RiskSets::new`]).
///
/// `strata`, one code a row, lets each stratum have its own baseline hazard. The codes' order is the order in which strata
/// are summed, so that codes have to follow the strata's values, not the order of arrival, for bit-equal answers.
///
/// The answer does not depend on the order of the rows, to the last bit. NaN and infinite covariates are errors: rows
/// with missing values are the caller's to leave out.
///
/// Degenerate data give an answer with [`CoxFit::warnings`], never an error: no events, a constant or collinear column
/// (the later one of a collinear set gets NaN), a coefficient that runs to infinity, no convergence.
pub fn cox(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    covariates: &[Covariate<'_>],
    options: &CoxOptions,
) -> Result<CoxFit, SurvivalError> {
    RiskSets::new(follow_up, strata)?.fit(covariates, options)
}

/// Fits one model a covariate over the same follow-up. A row whose covariate is NaN is left out of that covariate's fit
/// alone; an infinite value is an error. A covariate with no row left gives a fit with `n` 0 and a warning.
///
/// The rows are sorted and their risk sets found once for all covariates; see [`RiskSets::univariate`] to keep them.
pub fn univariate_cox(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    covariates: &[Covariate<'_>],
    options: &CoxOptions,
) -> Result<Vec<CoxFit>, SurvivalError> {
    RiskSets::new(follow_up, strata)?.univariate(covariates, options)
}
