//! Rows at risk, with the event and censored at each distinct time.

use crate::double_sum::DoubleSum;
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::time_order::{Leaver, by_time, distinct_of};
use crate::times::place;

/// Counts at one time; sums of weights when there are weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeCounts {
    pub(crate) time: f64,
    pub(crate) n_risk: f64,
    pub(crate) n_event: f64,
    pub(crate) n_censor: f64,
    /// Rows with the event, whatever they weigh.
    pub(crate) event_rows: usize,
}

/// The counts of one group.
#[derive(Debug, Clone)]
pub(crate) struct GroupCounts {
    pub(crate) group: u32,
    pub(crate) rows: usize,
    pub(crate) events: usize,
    /// By ascending time.
    pub(crate) times: Vec<TimeCounts>,
}

/// Counts by group, ascending; without `groups` all rows form group 0. Near-tied times are merged over all groups
/// together, as R does.
pub(crate) fn count(follow_up: &FollowUp<'_>, groups: Option<&[u32]>) -> Result<Vec<GroupCounts>, SurvivalError> {
    let leavers = by_time(follow_up, groups.map(|groups| ("group", groups)), None)?;
    let distinct = distinct_of(follow_up, &leavers);
    let count_group = |leavers: &[Leaver]| {
        let mut times = leaving(follow_up, leavers, &distinct);
        if follow_up.start.is_none() && follow_up.weights.is_none() {
            let mut at_risk = rows_of(leavers) as f64;
            for counts in &mut times {
                counts.n_risk = at_risk;
                at_risk -= counts.n_event + counts.n_censor;
            }
        } else {
            at_risk(follow_up, leavers, &distinct, &mut times)?;
        }
        Ok(GroupCounts {
            group: leavers.first().map_or(0, |leaver| leaver.part),
            rows: rows_of(leavers),
            events: times.iter().map(|counts| counts.event_rows).sum(),
            times,
        })
    };
    leavers.chunk_by(|a, b| a.part == b.part).map(count_group).collect()
}

/// Events and censored rows at each time.
fn leaving(follow_up: &FollowUp<'_>, leavers: &[Leaver], distinct: &[f64]) -> Vec<TimeCounts> {
    let mut times: Vec<TimeCounts> = Vec::new();
    let mut current = usize::MAX;
    let mut next = f64::NEG_INFINITY;
    for leaver in leavers {
        let time = leaver.time();
        if time >= next {
            current = next_place(distinct, current, time);
            next = distinct.get(current + 1).copied().unwrap_or(f64::INFINITY);
            times.push(TimeCounts {
                time: distinct[current],
                n_risk: 0.0,
                n_event: 0.0,
                n_censor: 0.0,
                event_rows: 0,
            });
        }
        if let Some(counts) = times.last_mut() {
            let weight = weight(follow_up, leaver);
            if leaver.event() {
                counts.n_event += weight;
                counts.event_rows += leaver.rows as usize;
            } else {
                counts.n_censor += weight;
            }
        }
    }
    times
}

/// The place of a time after the one at `current`, mostly the next.
pub(crate) fn next_place(distinct: &[f64], current: usize, time: f64) -> usize {
    let next = current.wrapping_add(1);
    match (distinct.get(next), distinct.get(next + 1)) {
        (Some(&from), Some(&until)) if from <= time && time < until => next,
        _ => place(distinct, time),
    }
}

fn weight(follow_up: &FollowUp<'_>, leaver: &Leaver) -> f64 {
    follow_up
        .weights
        .map_or(f64::from(leaver.rows), |weights| weights[leaver.carried as usize])
}

/// How many rows they are.
pub(crate) fn rows_of(leavers: &[Leaver]) -> usize {
    leavers.iter().map(|leaver| leaver.rows as usize).sum()
}

/// Fills in the rows at risk, from the last time to the first: rows enter as they leave, and leave as they enter.
fn at_risk(
    follow_up: &FollowUp<'_>,
    leavers: &[Leaver],
    distinct: &[f64],
    times: &mut [TimeCounts],
) -> Result<(), SurvivalError> {
    let mut late_starts = match follow_up.start {
        Some(start) => starts(follow_up, start, leavers, distinct)?,
        None => Vec::new(),
    };
    let mut at_risk = DoubleSum::default();
    let mut entering = leavers.iter().rev().peekable();
    for counts in times.iter_mut().rev() {
        // Row by row, as they are taken off again; the sums of events and censored rows are rounded.
        while let Some(leaver) = entering.next_if(|leaver| leaver.time() >= counts.time) {
            at_risk.add(weight(follow_up, leaver));
        }
        while let Some((_, weight)) = late_starts.pop_if(|(start, _)| *start >= counts.time) {
            at_risk.add(-weight);
        }
        counts.n_risk = at_risk.sum();
    }
    Ok(())
}

/// Distinct time and weight of each row's start, ascending.
fn starts(
    follow_up: &FollowUp<'_>,
    start: &[f64],
    leavers: &[Leaver],
    distinct: &[f64],
) -> Result<Vec<(f64, f64)>, SurvivalError> {
    let mut starts = Vec::with_capacity(leavers.len());
    for leaver in leavers {
        let row = leaver.carried as usize;
        let entry = place(distinct, start[row]);
        if entry >= place(distinct, leaver.time()) {
            return Err(SurvivalError::IntervalTooShort {
                row,
                start: start[row],
                stop: leaver.time(),
            });
        }
        starts.push((distinct[entry], weight(follow_up, leaver)));
    }
    starts.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
    Ok(starts)
}
