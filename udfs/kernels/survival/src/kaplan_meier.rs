//! The product-limit estimator (Kaplan and Meier 1958), as R's `survfit` defines it.

use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::radix::sort_by_key;
use crate::times::{distinct_times, key_event, key_time, place, time_key};

/// The scale on which a survival curve's confidence interval is symmetric (R's `conf.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ConfidenceType {
    /// log S; R's default, and ours.
    #[default]
    Log,
    /// log(-log S); lifelines' default. Not defined where S is 1.
    LogLog,
    /// S itself, cut off at 0 and 1.
    Plain,
}

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
    /// Lower confidence limit; `None` where it is not defined: `survival` is 0, or 1 on the log-log scale.
    pub lower: Option<f64>,
    /// Upper confidence limit, at most 1; `None` as for `lower`.
    pub upper: Option<f64>,
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
/// The standard error is Greenwood's; the interval is that of the `confidence_type`. Weights count as so many rows.
///
/// No events: every step has survival 1 and standard error 0. All times tied: one step.
pub fn kaplan_meier(
    follow_up: &FollowUp<'_>,
    level: ConfidenceLevel,
    confidence_type: ConfidenceType,
) -> Result<KaplanMeier, SurvivalError> {
    let mut steps = match follow_up.weights {
        Some(weights) => {
            let keys = sorted_keys(follow_up);
            let mut leaving: Vec<(u64, f64)> = keys.zip(weights.iter().copied()).collect();
            leaving.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
            count(follow_up, &leaving, |leaver| leaver.0, |leaver| leaver.1)?
        }
        None => {
            let mut leaving: Vec<u64> = sorted_keys(follow_up).collect();
            sort_by_key(&mut leaving, |leaver| *leaver);
            count(follow_up, &leaving, |leaver| *leaver, |_| 1.0)?
        }
    };
    estimate(&mut steps, level, confidence_type);
    Ok(KaplanMeier {
        n: follow_up.rows(),
        events: follow_up.events(),
        steps,
    })
}

fn sorted_keys(follow_up: &FollowUp<'_>) -> impl Iterator<Item = u64> {
    follow_up
        .stop
        .iter()
        .zip(follow_up.event)
        .map(|(&time, &event)| time_key(time, event))
}

/// The steps with their counts; `leaving` are the rows by ascending time.
fn count<T>(
    follow_up: &FollowUp<'_>,
    leaving: &[T],
    key: impl Fn(&T) -> u64,
    weight: impl Fn(&T) -> f64,
) -> Result<Vec<SurvivalStep>, SurvivalError> {
    let mut times: Vec<f64> = leaving.iter().map(|leaver| key_time(key(leaver))).collect();
    if let Some(start) = follow_up.start {
        times.extend(start.iter().map(|time| time + 0.0));
        times.sort_unstable_by(f64::total_cmp);
    }
    let distinct = distinct_times(times);
    let mut steps: Vec<SurvivalStep> = Vec::new();
    let mut current = usize::MAX;
    let mut next = 0.0;
    for leaver in leaving {
        let time = key_time(key(leaver));
        if current == usize::MAX || time >= next {
            current = place(&distinct, time);
            next = distinct.get(current + 1).copied().unwrap_or(f64::INFINITY);
            steps.push(SurvivalStep {
                time: distinct[current],
                n_risk: 0.0,
                n_event: 0.0,
                n_censor: 0.0,
                survival: 1.0,
                se: None,
                lower: None,
                upper: None,
            });
        }
        if let Some(step) = steps.last_mut() {
            let slot = if key_event(key(leaver)) {
                &mut step.n_event
            } else {
                &mut step.n_censor
            };
            *slot += weight(leaver);
        }
    }
    let mut late_starts = match follow_up.start {
        Some(start) => starts(follow_up, start, &distinct)?,
        None => Vec::new(),
    };
    let mut at_risk = DoubleSum::default();
    let mut entering = leaving.iter().rev().peekable();
    for step in steps.iter_mut().rev() {
        // Row by row, as they are taken off again; the step's own sums are rounded.
        while let Some(leaver) = entering.next_if(|leaver| key_time(key(leaver)) >= step.time) {
            at_risk.add(weight(leaver));
        }
        while let Some((_, weight)) = late_starts.pop_if(|(start, _)| *start >= step.time) {
            at_risk.add(-weight);
        }
        step.n_risk = at_risk.sum();
    }
    Ok(steps)
}

/// A sum that keeps what rounding drops, so that weights can be taken off again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DoubleSum {
    sum: f64,
    dropped: f64,
}

impl DoubleSum {
    pub(crate) fn add(&mut self, value: f64) {
        let (sum, dropped) = two_sum(self.sum, value);
        (self.sum, self.dropped) = two_sum(sum, self.dropped + dropped);
    }

    pub(crate) fn sum(self) -> f64 {
        self.sum
    }
}

/// A sum and its rounding error, exactly (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// Distinct time and weight of each row's start, ascending.
fn starts(follow_up: &FollowUp<'_>, start: &[f64], distinct: &[f64]) -> Result<Vec<(f64, f64)>, SurvivalError> {
    let mut starts = Vec::with_capacity(start.len());
    for (row, (&start, &stop)) in start.iter().zip(follow_up.stop).enumerate() {
        let entry = place(distinct, start);
        if entry >= place(distinct, stop) {
            return Err(SurvivalError::IntervalTooShort { row, start, stop });
        }
        starts.push((distinct[entry], follow_up.weights.map_or(1.0, |weights| weights[row])));
    }
    starts.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
    Ok(starts)
}

/// S is the product of 1 - d/n; the variance of log S is the sum of d / (n (n - d)) (Greenwood 1926).
fn estimate(steps: &mut [SurvivalStep], level: ConfidenceLevel, confidence_type: ConfidenceType) {
    let mut survival = 1.0;
    let mut variance_of_log = 0.0;
    for step in steps {
        if step.n_event > 0.0 {
            let surviving = step.n_risk - step.n_event;
            // Of weights, rounding may leave a trace where everyone had the event.
            if surviving <= step.n_risk * f64::EPSILON * 8.0 {
                survival = 0.0;
            }
            survival *= surviving / step.n_risk;
            variance_of_log += step.n_event / (step.n_risk * surviving);
        }
        step.survival = survival;
        if survival > 0.0 {
            let se_of_log = variance_of_log.sqrt();
            step.se = Some(se_of_log * survival);
            (step.lower, step.upper) = interval(survival, se_of_log, level.z(), confidence_type);
        }
    }
}

/// Confidence limits of a survival probability above 0.
pub(crate) fn interval(
    survival: f64,
    se_of_log: f64,
    z: f64,
    confidence_type: ConfidenceType,
) -> (Option<f64>, Option<f64>) {
    let half = z * se_of_log;
    match confidence_type {
        ConfidenceType::Log => {
            let log = survival.ln();
            (Some((log - half).exp()), Some((log + half).exp().min(1.0)))
        }
        ConfidenceType::LogLog if survival == 1.0 => (None, None),
        ConfidenceType::LogLog => {
            let log = survival.ln();
            let centre = (-log).ln();
            let half = half / log;
            (
                Some((-(centre - half).exp()).exp()),
                Some((-(centre + half).exp()).exp()),
            )
        }
        ConfidenceType::Plain => {
            let half = half * survival;
            (Some((survival - half).max(0.0)), Some((survival + half).min(1.0)))
        }
    }
}
