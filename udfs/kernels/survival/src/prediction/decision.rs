//! Decision curves for a time with censoring (Vickers and Elkin 2006; Vickers et al. 2008).

use super::{Prediction, check_right_censored, check_time};
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::time_roc::TiedTimes;
use crate::time_roc::rows::Rows;

/// What acting on a model is worth at one threshold of risk. Acting on no row is worth 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetBenefit {
    /// The risk from which on one acts.
    pub threshold: f64,
    /// Rows whose predicted risk is the threshold or more.
    pub positives: usize,
    /// True positives less false positives times the odds of the threshold, by all rows. 0 without positives.
    pub net_benefit: f64,
    /// The same for acting on every row.
    pub net_benefit_all: f64,
    /// `net_benefit` by the risk of all rows, its largest possible value; NaN when that risk is 0.
    pub standardised: f64,
    /// Interventions that the model spares against acting on every row, with no event missed more, by all rows: the gain in
    /// net benefit by the odds of the threshold.
    pub interventions_avoided: f64,
    /// Whether follow-up of the positives ends before the time, so that their last estimate stands for it.
    pub beyond: bool,
}

/// A decision curve.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionCurve {
    /// The time.
    pub time: f64,
    /// Risk of all rows up to the time: 1 less the Kaplan-Meier estimate.
    pub risk: f64,
    /// One for each threshold, in the order given.
    pub points: Vec<NetBenefit>,
}

/// Weighs acting on predicted risks against acting on all rows, at each of the thresholds (above 0 and below 1). Among
/// the x of n rows at or above the threshold, x (1 - S) have the event by the time and x S do not, where S is their own
/// Kaplan-Meier estimate; beyond their follow-up it goes on level, which `beyond` tells.
///
/// O(n log n), and O(n) for each threshold. Defined for right-censored follow-up without weights.
pub fn decision_curve(
    follow_up: &FollowUp<'_>,
    time: f64,
    prediction: Prediction<'_>,
    thresholds: &[f64],
) -> Result<DecisionCurve, SurvivalError> {
    check_right_censored("the decision curve", follow_up)?;
    check_time(time)?;
    prediction.check(follow_up.rows())?;
    if let Some(&value) = thresholds.iter().find(|value| !(**value > 0.0 && **value < 1.0)) {
        return Err(SurvivalError::Parameter {
            parameter: "threshold",
            value,
            expected: "a number above 0 and below 1",
        });
    }
    let rows = Rows::new(follow_up, &[], TiedTimes::Together);
    let risks: Vec<f64> = rows.order.iter().map(|&row| prediction.risk(row as usize)).collect();
    let n = rows.len() as f64;
    let all = Acting::new(&rows, time, |_| true);
    let risk = 1.0 - all.survival;
    let points = thresholds.iter().map(|&threshold| {
        let odds = threshold / (1.0 - threshold);
        let acting = Acting::new(&rows, time, |position| risks[position] >= threshold);
        let net_benefit = acting.net_benefit(odds, n);
        let net_benefit_all = all.net_benefit(odds, n);
        NetBenefit {
            threshold,
            positives: acting.positives,
            net_benefit,
            net_benefit_all,
            standardised: if risk == 0.0 { f64::NAN } else { net_benefit / risk },
            interventions_avoided: (net_benefit - net_benefit_all) / odds,
            beyond: acting.beyond,
        }
    });
    Ok(DecisionCurve {
        time,
        risk,
        points: points.collect(),
    })
}

/// The rows acted on, and how many of them survive.
struct Acting {
    positives: usize,
    survival: f64,
    beyond: bool,
}

impl Acting {
    fn new(rows: &Rows, time: f64, positive: impl Fn(usize) -> bool) -> Self {
        let positives = (0..rows.len()).filter(|&position| positive(position)).count();
        let split = rows.split(time);
        let mut at_risk = positives as f64;
        let mut survival = 1.0;
        for group in rows.groups().take(split.times) {
            let mut leaving = 0.0;
            let mut events = 0.0;
            for position in group.filter(|&position| positive(position)) {
                leaving += 1.0;
                events += f64::from(u8::from(rows.event[position]));
            }
            if events > 0.0 {
                survival *= (at_risk - events) / at_risk;
            }
            at_risk -= leaving;
        }
        Self {
            positives,
            survival,
            beyond: positives > 0 && !(split.before..rows.len()).any(positive),
        }
    }

    fn net_benefit(&self, odds: f64, n: f64) -> f64 {
        let acted_on = self.positives as f64 / n;
        (1.0 - self.survival) * acted_on - self.survival * acted_on * odds
    }
}
