//! Restricted mean survival time, and its difference and ratio between two groups.

use crate::distributions::{ConfidenceLevel, normal_two_sided};
use crate::error::SurvivalError;
use crate::kaplan_meier::KaplanMeier;

/// The mean of the time survived up to `tau`, the area below the curve from 0 to `tau`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// Where the time is cut off.
    pub tau: f64,
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub se: f64,
    /// `mean` less so many standard errors as the confidence level takes, at least 0.
    pub lower: f64,
    /// `mean` and so many standard errors, at most `tau`.
    pub upper: f64,
    /// Whether `tau` lies beyond the last time of a curve that has not come down to 0, so that the curve's last value had
    /// to stand for what was not observed.
    pub extrapolated: bool,
}

/// A difference or a ratio of two restricted means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error; of a ratio, that of its logarithm.
    pub se: f64,
    /// Lower confidence limit.
    pub lower: f64,
    /// Upper confidence limit.
    pub upper: f64,
    /// Two-sided p-value of no difference.
    pub p: f64,
}

/// Restricted means of two independent groups compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMeanComparison {
    /// The first less the second.
    pub difference: Contrast,
    /// The first by the second, with limits symmetric on the log scale; NaN when a mean is 0.
    pub ratio: Contrast,
}

impl KaplanMeier {
    /// The restricted mean up to `tau`, as R's `print(survfit, rmean = tau)`: the area below the curve, with variance
    /// sum over events of (area from there to tau)^2 d / (n (n - d)). Beyond the last time the curve goes on level, as in
    /// R; `extrapolated` tells. R's default for tau is the
    /// latest [`KaplanMeier::last_time`] of all groups.
    ///
    /// `tau` below 0 or not finite is an error. No events: `mean` is `tau`, `se` 0.
    pub fn restricted_mean(&self, tau: f64, level: ConfidenceLevel) -> Result<RestrictedMean, SurvivalError> {
        if !(tau.is_finite() && tau >= 0.0) {
            return Err(SurvivalError::Parameter {
                parameter: "tau",
                value: tau,
                expected: "a finite time of 0 or more",
            });
        }
        let observed = &self.steps[..self.steps.partition_point(|step| step.time <= tau)];
        let mut until = tau;
        let mut area = 0.0;
        let mut variance = 0.0;
        for step in observed.iter().rev() {
            area += (until - step.time) * step.survival;
            until = step.time;
            let surviving = step.n_risk - step.n_event;
            // With nobody left the curve is 0 and no area follows.
            if step.n_event > 0.0 && step.survival > 0.0 {
                variance += area * area * (step.n_event / (step.n_risk * surviving));
            }
        }
        let mean = area + until;
        let se = variance.sqrt();
        let extrapolated = self
            .steps
            .last()
            .is_some_and(|last| tau > last.time && last.survival > 0.0);
        Ok(RestrictedMean {
            tau,
            mean,
            se,
            lower: (mean - level.z() * se).max(0.0),
            upper: (mean + level.z() * se).min(tau),
            extrapolated,
        })
    }

    /// The last time of the curve, with or without an event.
    pub fn last_time(&self) -> f64 {
        self.steps.last().map_or(0.0, |step| step.time)
    }
}

impl RestrictedMean {
    /// Compares this mean with that of another, independent group, as `survRM2::rmst2` does (Uno et al. 2014): the
    /// difference is normal with the sum of the variances, the log ratio with the sum of the variances each by its
    /// squared mean. The same `tau` in both makes the comparison one; another is an error.
    ///
    /// Both standard errors 0 (no events before tau): `se` 0, and `p` NaN.
    pub fn compare(&self, other: &Self, level: ConfidenceLevel) -> Result<RestrictedMeanComparison, SurvivalError> {
        if self.tau != other.tau {
            return Err(SurvivalError::Parameter {
                parameter: "tau",
                value: other.tau,
                expected: "the same time in both groups",
            });
        }
        let contrast = |estimate: f64, se: f64| Contrast {
            estimate,
            se,
            lower: estimate - level.z() * se,
            upper: estimate + level.z() * se,
            p: normal_two_sided(estimate / se),
        };
        let log_ratio = contrast(
            (self.mean / other.mean).ln(),
            (self.se / self.mean).hypot(other.se / other.mean),
        );
        Ok(RestrictedMeanComparison {
            difference: contrast(self.mean - other.mean, self.se.hypot(other.se)),
            ratio: Contrast {
                estimate: log_ratio.estimate.exp(),
                lower: log_ratio.lower.exp(),
                upper: log_ratio.upper.exp(),
                ..log_ratio
            },
        })
    }
}
