//! What the pairs of each event count.

use crate::concordance::{ConcordanceOptions, stratum_starts};
use crate::error::SurvivalError;
use crate::risk_sets::{RiskSets, Stratum};

/// What the pairs of an event at time t count (R's `timewt`). S is the Kaplan-Meier estimator of survival, G that of not
/// being censored, both just before t and of the stratum; n(t) rows are at risk at t, n in all, or their weights. In a
/// stratum with fewer than two events every pair counts 1, as in R.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TimeWeight {
    /// 1: Harrell's concordance (R's "n").
    #[default]
    Harrell,
    /// n S / n(t): Peto and Wilcoxon's weights (R's "S").
    Survival,
    /// n S / (n(t) G): Schemper's weights (R's "S/G"). Without ties n(t) is n S G, so that this is `Uno`.
    SurvivalOverCensoring,
    /// 1 / G^2: Uno's concordance (R's "n/G2").
    Uno,
    /// 1 / n(t): every event time counts alike, as in a Cox model (R's "I").
    AtRisk,
}

/// The weights at each of the sets' groups; empty when all are 1.
pub(super) fn time_weights(sets: &RiskSets, options: &ConcordanceOptions) -> Result<Vec<f64>, SurvivalError> {
    let kind = options.time_weight;
    if sets.entries.is_some() && matches!(kind, TimeWeight::Uno | TimeWeight::SurvivalOverCensoring) {
        return Err(SurvivalError::Unsupported {
            function: "a concordance weighted by the censoring",
            what: "intervals (start, stop]",
        });
    }
    match options.ymax {
        Some(ymax) if !ymax.is_finite() => {
            return Err(SurvivalError::Parameter {
                parameter: "ymax",
                value: ymax,
                expected: "a finite number",
            });
        }
        None if kind == TimeWeight::Harrell => return Ok(Vec::new()),
        _ => {}
    }
    let mut weights = vec![1.0; sets.groups.len()];
    for stratum in &sets.strata {
        let events: usize = sets.groups[stratum.groups.clone()]
            .iter()
            .map(|group| group.events)
            .sum();
        if events > 1 && kind != TimeWeight::Harrell {
            weigh_stratum(sets, stratum, kind, &mut weights);
        }
    }
    if let Some(ymax) = options.ymax {
        let times = sets.distinct_times();
        for (weight, group) in weights.iter_mut().zip(&sets.groups) {
            if times[group.time as usize] > ymax {
                *weight = 0.0;
            }
        }
    }
    Ok(weights)
}

fn weigh_stratum(sets: &RiskSets, stratum: &Stratum, kind: TimeWeight, weights: &mut [f64]) {
    // Rows at risk, from the last time to the first.
    let mut at_risk = 0.0;
    let mut starting = stratum_starts(sets, stratum).iter().peekable();
    for (weight, group) in weights[stratum.groups.clone()]
        .iter_mut()
        .zip(&sets.groups[stratum.groups.clone()])
    {
        at_risk += group.rows.clone().map(|position| sets.weight(position)).sum::<f64>();
        if let Some(entries) = &sets.entries {
            while let Some(&position) = starting.next_if(|&&position| entries.time[position as usize] >= group.time) {
                at_risk -= sets.weight(position as usize);
            }
        }
        *weight = at_risk;
    }
    let all: f64 = stratum.rows.clone().map(|position| sets.weight(position)).sum();
    let (mut survival, mut uncensored) = (1.0, 1.0);
    for place in stratum.groups.clone().rev() {
        let group = &sets.groups[place];
        let at_risk = weights[place];
        let (mut events, mut censored) = (0.0, 0.0);
        for position in group.rows.clone() {
            let slot = if sets.event[position] {
                &mut events
            } else {
                &mut censored
            };
            *slot += sets.weight(position);
        }
        weights[place] = match kind {
            TimeWeight::Harrell => 1.0,
            TimeWeight::Survival => all * survival / at_risk,
            TimeWeight::SurvivalOverCensoring => all * survival / (uncensored * at_risk),
            TimeWeight::Uno => 1.0 / (uncensored * uncensored),
            TimeWeight::AtRisk => 1.0 / at_risk,
        };
        survival *= (at_risk - events) / at_risk;
        // Events leave before those that are censored at the same time.
        if censored > 0.0 {
            uncensored *= (at_risk - events - censored) / (at_risk - events);
        }
    }
}
