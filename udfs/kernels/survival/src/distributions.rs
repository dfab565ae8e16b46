//! Tails of the normal and chi-square distributions, accurate where they are small.

use statrs::distribution::{ChiSquared, ContinuousCDF};
use statrs::function::erf::erf_inv;
use std::f64::consts::FRAC_1_SQRT_2;

use crate::error::SurvivalError;

/// Two-sided p-value of a standard normal statistic, `2 * pnorm(-|z|)`, down to the smallest number above 0. NaN gives NaN.
///
/// By libm: statrs' erfc is off by 9e-11 (relative) at z = 1.
pub fn normal_two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() * FRAC_1_SQRT_2)
}

/// Upper tail of the chi-square distribution, `pchisq(statistic, df, lower.tail = FALSE)`.
/// NaN when the statistic is NaN or `df` is 0; a statistic of 0 or below gives 1.
pub fn chi_square_upper(statistic: f64, df: usize) -> f64 {
    match ChiSquared::new(df as f64) {
        Ok(_) if statistic.is_nan() => f64::NAN,
        Ok(distribution) => distribution.sf(statistic),
        Err(_) => f64::NAN,
    }
}

/// The coverage of a confidence interval, above 0 and below 1; 0.95 by default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfidenceLevel {
    level: f64,
    z: f64,
}

impl ConfidenceLevel {
    /// A level such as 0.95.
    pub fn new(level: f64) -> Result<Self, SurvivalError> {
        if level > 0.0 && level < 1.0 {
            return Ok(Self {
                level,
                z: normal_quantile_two_sided(level),
            });
        }
        Err(SurvivalError::Parameter {
            parameter: "conf_level",
            value: level,
            expected: "a number above 0 and below 1, such as 0.95",
        })
    }

    /// The level itself.
    pub fn level(self) -> f64 {
        self.level
    }

    /// Half the width of the interval in standard errors: `qnorm(1 - (1 - level) / 2)`, 1.959964 for 0.95.
    pub fn z(self) -> f64 {
        self.z
    }
}

impl Default for ConfidenceLevel {
    fn default() -> Self {
        Self {
            level: 0.95,
            z: normal_quantile_two_sided(0.95),
        }
    }
}

/// The z with `2 * pnorm(-z) = 1 - level`.
fn normal_quantile_two_sided(level: f64) -> f64 {
    std::f64::consts::SQRT_2 * erf_inv(level)
}
