//! The cumulative hazard (Nelson 1972, Aalen 1978; Fleming and Harrington 1984), as R's `survfit` defines it.

use crate::counts::{TimeCounts, count};
use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;

/// How events at one time add to the cumulative hazard (R's `ctype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HazardType {
    /// d / n, as if all happened at once (R's `ctype = 1`).
    #[default]
    NelsonAalen,
    /// 1 / n + 1 / (n - 1) + ..., one after the other (R's `ctype = 2`).
    FlemingHarrington,
}

/// The scale on which a cumulative hazard's confidence interval is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HazardConfidence {
    /// log H; not defined where H is 0.
    #[default]
    Log,
    /// H itself, cut off at 0.
    Plain,
}

/// A cumulative hazard at one time. Counts are sums of weights when there are weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CumulativeHazardStep {
    /// The time.
    pub time: f64,
    /// Rows at risk just before.
    pub n_risk: f64,
    /// Events at this time.
    pub n_event: f64,
    /// Rows censored at this time.
    pub n_censor: f64,
    /// Cumulative hazard up to and at this time.
    pub hazard: f64,
    /// Its standard error.
    pub se: f64,
    /// Lower confidence limit; `None` where `hazard` is 0 on the log scale.
    pub lower: Option<f64>,
    /// Upper confidence limit; `None` as for `lower`.
    pub upper: Option<f64>,
}

/// A cumulative hazard.
#[derive(Debug, Clone, PartialEq)]
pub struct CumulativeHazard {
    /// Rows.
    pub n: usize,
    /// Rows that end in the event (not weighted).
    pub events: usize,
    /// Every distinct time, ascending, those at which rows were only censored among them.
    pub steps: Vec<CumulativeHazardStep>,
}

/// How a cumulative hazard is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HazardOptions {
    /// How events at one time count.
    pub hazard_type: HazardType,
    /// Coverage of the intervals.
    pub level: ConfidenceLevel,
    /// Their scale.
    pub confidence: HazardConfidence,
}

/// Estimates the cumulative hazard of each group, by ascending code (`cumhaz` and `std.chaz` of R's
/// `survfit(Surv(time, event) ~ group, ctype =)`, the interval that of R's `survfit_confint`); without `groups` all rows
/// form group 0. Near-tied times are merged over all groups together. Weights count as so many rows.
///
/// No events: every step has hazard 0 and standard error 0.
pub fn cumulative_hazard(
    follow_up: &FollowUp<'_>,
    groups: Option<&[u32]>,
    options: &HazardOptions,
) -> Result<Vec<(u32, CumulativeHazard)>, SurvivalError> {
    let groups = count(follow_up, groups)?;
    let estimates = groups.into_iter().map(|group| {
        let mut sum = Sum::default();
        let hazard = CumulativeHazard {
            n: group.rows,
            events: group.events,
            steps: group.times.iter().map(|counts| sum.step(counts, options)).collect(),
        };
        (group.group, hazard)
    });
    Ok(estimates.collect())
}

#[derive(Debug, Default)]
struct Sum {
    hazard: f64,
    variance: f64,
}

impl Sum {
    fn step(&mut self, counts: &TimeCounts, options: &HazardOptions) -> CumulativeHazardStep {
        match options.hazard_type {
            _ if counts.event_rows == 0 => {}
            HazardType::NelsonAalen => {
                self.hazard += counts.n_event / counts.n_risk;
                self.variance += counts.n_event / (counts.n_risk * counts.n_risk);
            }
            HazardType::FlemingHarrington => {
                let each = counts.n_event / counts.event_rows as f64;
                for before in 0..counts.event_rows {
                    let at_risk = counts.n_risk - each * before as f64;
                    self.hazard += each / at_risk;
                    self.variance += each / (at_risk * at_risk);
                }
            }
        }
        let (hazard, se) = (self.hazard, self.variance.sqrt());
        let (lower, upper) = match options.confidence {
            HazardConfidence::Log if hazard == 0.0 => (None, None),
            HazardConfidence::Log => {
                let factor = (options.level.z() * se / hazard).exp();
                (Some(hazard / factor), Some(hazard * factor))
            }
            HazardConfidence::Plain => {
                let half = options.level.z() * se;
                (Some((hazard - half).max(0.0)), Some(hazard + half))
            }
        };
        CumulativeHazardStep {
            time: counts.time,
            n_risk: counts.n_risk,
            n_event: counts.n_event,
            n_censor: counts.n_censor,
            hazard,
            se,
            lower,
            upper,
        }
    }
}
