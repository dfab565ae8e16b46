//! The product-limit estimator (Kaplan and Meier 1958), as R's `survfit` defines it.

use crate::confidence::{ConfidenceType, survival_interval};
use crate::counts::{GroupCounts, TimeCounts, count};
use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;

/// A survival curve at one time. Numbers at risk, of events and of censored rows are sums of weights when there are
/// weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalStep {
    /// The time.
    pub time: f64,
    /// Rows at risk just before.
    pub n_risk: f64,
    /// Events at this time.
    pub n_event: f64,
    /// Rows censored at this time.
    pub n_censor: f64,
    /// Probability of surviving beyond this time.
    pub survival: f64,
    /// Standard error of `survival` (Greenwood); `None` where `survival` is 0.
    pub se: Option<f64>,
    /// Lower confidence limit; `None` where it is not defined: `survival` is 0, or 1 on the log-log, logit and arc sine
    /// scales.
    pub lower: Option<f64>,
    /// Upper confidence limit, at most 1; `None` as for `lower`.
    pub upper: Option<f64>,
    /// Nelson and Aalen's cumulative hazard up to and at this time.
    pub hazard: f64,
    /// Its standard error.
    pub hazard_se: f64,
}

/// A survival curve.
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    /// Rows.
    pub n: usize,
    /// Rows that end in the event (not weighted).
    pub events: usize,
    /// Every distinct time, ascending, those at which rows were only censored among them.
    pub steps: Vec<SurvivalStep>,
}

/// Estimates the survival curve of the rows (R's `survfit(Surv(time, event) ~ 1)`), with near-tied times merged first.
/// With intervals (start, stop] the rows at risk at t are those with start < t <= stop.
///
/// The standard error is Greenwood's; the interval is that of the `confidence_type`. Weights count as so many rows
/// (R's `survfit(robust = FALSE)`, which R does by itself when the weights are whole numbers).
///
/// No events: every step has survival 1 and standard error 0. All times tied: one step.
pub fn kaplan_meier(
    follow_up: &FollowUp<'_>,
    level: ConfidenceLevel,
    confidence_type: ConfidenceType,
) -> Result<KaplanMeier, SurvivalError> {
    let groups = count(follow_up, None)?;
    // There is a row, so that there is a group.
    let group = groups.into_iter().next().ok_or(SurvivalError::NoRows)?;
    Ok(curve(group, level, confidence_type))
}

/// Estimates the survival curve of each group (R's `survfit(Surv(time, event) ~ group)`), by ascending code. Near-tied
/// times are merged over all groups together.
pub fn kaplan_meier_by(
    follow_up: &FollowUp<'_>,
    groups: &[u32],
    level: ConfidenceLevel,
    confidence_type: ConfidenceType,
) -> Result<Vec<(u32, KaplanMeier)>, SurvivalError> {
    let groups = count(follow_up, Some(groups))?;
    let curves = groups
        .into_iter()
        .map(|group| (group.group, curve(group, level, confidence_type)));
    Ok(curves.collect())
}

/// S is the product of 1 - d/n; the variance of log S is the sum of d / (n (n - d)) (Greenwood 1926). The cumulative hazard
/// is the sum of d/n, its variance that of d/n^2, as [`crate::cumulative_hazard`] has them.
fn curve(group: GroupCounts, level: ConfidenceLevel, confidence_type: ConfidenceType) -> KaplanMeier {
    let mut survival = 1.0;
    let mut variance_of_log = 0.0;
    let mut last = (None, (None, None));
    let mut hazard = 0.0;
    let mut hazard_variance = 0.0;
    let mut hazard_se = 0.0_f64;
    let step = |counts: &TimeCounts| {
        if counts.n_event > 0.0 {
            let surviving = counts.n_risk - counts.n_event;
            // Of weights, rounding may leave a trace where everyone had the event.
            if surviving <= counts.n_risk * f64::EPSILON * 8.0 {
                survival = 0.0;
            }
            survival *= surviving / counts.n_risk;
            variance_of_log += counts.n_event / (counts.n_risk * surviving);
            hazard += counts.n_event / counts.n_risk;
            hazard_variance += counts.n_event / (counts.n_risk * counts.n_risk);
            hazard_se = f64::sqrt(hazard_variance);
        }
        if counts.n_event > 0.0 || last.0.is_none() {
            last = (None, (None, None));
            if survival > 0.0 {
                let se_of_log = variance_of_log.sqrt();
                let interval = survival_interval(survival, se_of_log, level.z(), confidence_type);
                last = (Some(se_of_log * survival), interval);
            }
        }
        let (se, (lower, upper)) = last;
        SurvivalStep {
            time: counts.time,
            n_risk: counts.n_risk,
            n_event: counts.n_event,
            n_censor: counts.n_censor,
            survival,
            se,
            lower,
            upper,
            hazard,
            hazard_se,
        }
    };
    KaplanMeier {
        n: group.rows,
        events: group.events,
        steps: group.times.iter().map(step).collect(),
    }
}
