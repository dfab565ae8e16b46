//! What a penalised fit can be asked for.

use crate::error::SurvivalError;
use crate::follow_up::check_finite;

/// The elastic net penalty `lambda sum_j f_j (alpha |b_j| + (1 - alpha) b_j^2 / 2)` and how its path is fitted.
///
/// `ElasticNet::lasso()` is glmnet's default, but exact: 100 penalties, columns standardised.
#[derive(Debug, Clone, PartialEq)]
pub struct ElasticNet {
    pub(crate) alpha: f64,
    pub(crate) lambdas: Lambdas,
    pub(crate) standardise: bool,
    pub(crate) factors: Option<Vec<f64>>,
    pub(crate) precision: f64,
    pub(crate) max_passes: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lambdas {
    /// A geometric sequence from the largest useful one; `ratio` of its ends, `None` for glmnet's.
    Path { count: usize, ratio: Option<f64> },
    /// From the largest to the smallest.
    Given(Vec<f64>),
}

impl ElasticNet {
    /// Alpha 1: only absolute values are penalised, so that coefficients become 0 (Tibshirani 1997).
    pub fn lasso() -> Self {
        Self {
            alpha: 1.0,
            lambdas: Lambdas::Path {
                count: 100,
                ratio: None,
            },
            standardise: true,
            factors: None,
            precision: 1e-7,
            max_passes: 100_000,
        }
    }

    /// A mixture from 0 (ridge: only squares) to 1 (lasso).
    pub fn new(alpha: f64) -> Result<Self, SurvivalError> {
        if !(0.0..=1.0).contains(&alpha) {
            return Err(SurvivalError::Parameter {
                parameter: "alpha",
                value: alpha,
                expected: "a number from 0 (ridge) to 1 (lasso)",
            });
        }
        Ok(Self { alpha, ..Self::lasso() })
    }

    /// `count` penalties, each the same multiple of the one before, the last `ratio` times the first. Without `ratio`
    /// it is glmnet's: 0.01 with fewer rows than covariates, else 0.0001. A path ends early as glmnet's does, see
    /// [`super::PathEnd`].
    pub fn with_path(mut self, count: usize, ratio: Option<f64>) -> Result<Self, SurvivalError> {
        if count == 0 || count > 10_000 {
            return Err(SurvivalError::Parameter {
                parameter: "nlambda",
                value: count as f64,
                expected: "1 to 10,000 penalties",
            });
        }
        if let Some(value) = ratio.filter(|ratio| !(*ratio > 0.0 && *ratio < 1.0)) {
            return Err(SurvivalError::Parameter {
                parameter: "lambda_min_ratio",
                value,
                expected: "a number above 0 and below 1",
            });
        }
        self.lambdas = Lambdas::Path { count, ratio };
        Ok(self)
    }

    /// These penalties, in any order; the path goes from the largest to the smallest and does not end early.
    pub fn with_lambdas(mut self, mut lambdas: Vec<f64>) -> Result<Self, SurvivalError> {
        check_finite("lambda", &lambdas)?;
        if let Some(&value) = lambdas.iter().find(|lambda| **lambda < 0.0) {
            return Err(SurvivalError::Parameter {
                parameter: "lambda",
                value,
                expected: "0 or more",
            });
        }
        if lambdas.is_empty() {
            return Err(SurvivalError::Parameter {
                parameter: "lambda",
                value: f64::NAN,
                expected: "at least one penalty",
            });
        }
        lambdas.sort_unstable_by(|a, b| b.total_cmp(a));
        self.lambdas = Lambdas::Given(lambdas);
        Ok(self)
    }

    /// Penalise the coefficients of the covariates as they are, not as if each had standard deviation 1.
    pub fn without_standardising(self) -> Self {
        Self {
            standardise: false,
            ..self
        }
    }

    /// A factor of the penalty for each covariate, in their order (glmnet's `penalty.factor`): 0 for a covariate that is
    /// not penalised, infinity for one that stays out. As in glmnet they are made to sum to the number of covariates,
    /// those of infinity counting as 1.
    pub fn with_penalty_factors(mut self, factors: Vec<f64>) -> Result<Self, SurvivalError> {
        if let Some(&value) = factors.iter().find(|factor| factor.is_nan() || **factor < 0.0) {
            return Err(SurvivalError::Parameter {
                parameter: "penalty_factor",
                value,
                expected: "0 or more",
            });
        }
        if !factors.iter().any(|factor| *factor > 0.0) {
            return Err(SurvivalError::Parameter {
                parameter: "penalty_factor",
                value: 0.0,
                expected: "at least one factor above 0",
            });
        }
        self.factors = Some(factors);
        Ok(self)
    }

    /// How exact coefficients are: to within about this part of the largest one, on the scale on which they are penalised
    /// (1e-7 by default). It is judged from how fast Newton's steps shrink, which glmnet's `thresh` cannot: that bounds
    /// the change in one pass of coordinate descent, of which many small ones may be left.
    pub fn with_precision(self, precision: f64) -> Result<Self, SurvivalError> {
        if !(1e-10..=1e-2).contains(&precision) {
            return Err(SurvivalError::Parameter {
                parameter: "precision",
                value: precision,
                expected: "a number from 1e-10 to 1e-2, such as 1e-7",
            });
        }
        Ok(Self { precision, ..self })
    }

    /// The passes of coordinate descent that a path may take in all (glmnet's `maxit`, 100,000).
    pub fn with_max_passes(self, max_passes: u32) -> Result<Self, SurvivalError> {
        if max_passes == 0 {
            return Err(SurvivalError::Parameter {
                parameter: "max_passes",
                value: 0.0,
                expected: "1 or more",
            });
        }
        Ok(Self { max_passes, ..self })
    }

    /// Factors that sum to the number of covariates; those of infinity are meaningless.
    pub(crate) fn scaled_factors(&self, covariates: usize) -> Vec<f64> {
        let Some(factors) = &self.factors else {
            return vec![1.0; covariates];
        };
        let finite = |factor: &f64| if factor.is_infinite() { 1.0 } else { *factor };
        let sum: f64 = factors.iter().map(finite).sum();
        factors
            .iter()
            .map(|factor| finite(factor) * covariates as f64 / sum)
            .collect()
    }
}

impl Default for ElasticNet {
    fn default() -> Self {
        Self::lasso()
    }
}
