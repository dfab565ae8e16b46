//! Rows in the order in which risk sets are built.

use std::cmp::Ordering;
use std::ops::Range;

use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};
use crate::radix;
use crate::times::{distinct_times, key_event, key_time, place, time_key};

/// Follow-up made ready for fitting: rows sorted, near-tied times merged, strata separated. Many models can be fitted
/// from it without sorting again.
///
/// Rows are held by stratum and within it from the last time to the first, the order in which they enter the risk set.
#[derive(Debug, Clone)]
pub struct RiskSets {
    /// The caller's row at each position.
    pub(crate) order: Vec<u32>,
    pub(crate) event: Vec<bool>,
    /// `None` when every row weighs 1.
    pub(crate) weight: Option<Vec<f64>>,
    pub(crate) groups: Vec<TimeGroup>,
    pub(crate) strata: Vec<Stratum>,
    /// For follow-up in intervals: when each row enters.
    pub(crate) entries: Option<Entries>,
    /// Runs of positions that are alike in all that is held here; covariates decide their order.
    pub(crate) alike: Vec<Range<usize>>,
    events: usize,
    sorted: Sorted,
}

/// Rows of one stratum that leave at one time.
#[derive(Debug, Clone)]
pub(crate) struct TimeGroup {
    /// Their positions.
    pub(crate) rows: Range<usize>,
    /// How many of them end in the event.
    pub(crate) events: usize,
    /// Place of the time among the distinct times.
    pub(crate) time: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Stratum {
    pub(crate) rows: Range<usize>,
    pub(crate) groups: Range<usize>,
    /// The groups from the last time to the first event: later ones are in no risk set.
    pub(crate) active: Range<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entries {
    /// Place of each position's start among the distinct times.
    pub(crate) time: Vec<u32>,
    /// Positions by stratum, and within it from the last start to the first.
    pub(crate) by_time: Vec<u32>,
}

/// The follow-up by position, as it was given.
#[derive(Debug, Clone, Default)]
struct Sorted {
    stratum: Vec<u32>,
    stop: Vec<f64>,
    start: Option<Vec<f64>>,
    /// Whether times tie only when they are equal to the last bit.
    exact: bool,
}

impl RiskSets {
    /// Sorts the rows. Times that differ by less than 1.5e-8, absolutely or relative to their mean, count as one, so that
    /// months made from days by a division tie where the days do (R's `timefix`, `aeqSurv`). An interval that this makes
    /// empty is an error.
    pub fn new(follow_up: &FollowUp<'_>, strata: Option<&[u32]>) -> Result<Self, SurvivalError> {
        Self::sort(follow_up, strata, false)
    }

    /// The same with times that tie only when they are equal, as glmnet takes them.
    pub(crate) fn with_exact_times(follow_up: &FollowUp<'_>, strata: Option<&[u32]>) -> Result<Self, SurvivalError> {
        Self::sort(follow_up, strata, true)
    }

    fn sort(follow_up: &FollowUp<'_>, strata: Option<&[u32]>, exact: bool) -> Result<Self, SurvivalError> {
        let rows = follow_up.rows();
        let too_large = SurvivalError::TooLarge { rows, covariates: 0 };
        let last = u32::try_from(rows).map_err(|_| too_large)?;
        if let Some(strata) = strata {
            check_length("strata", strata.len(), rows)?;
        }
        let stratum = |row: u32| strata.map_or(0, |strata| strata[row as usize]);
        // Inverted keys sort from the last time to the first.
        let key = |row: u32| !time_key(follow_up.stop[row as usize], follow_up.event[row as usize]);
        let mut keys: Vec<(u64, u32)> = (0..last).map(|row| (key(row), row)).collect();
        radix::sort_by_key(&mut keys, |key| key.0);
        if strata.is_some() {
            radix::sort_by_key(&mut keys, |key| u64::from(stratum(key.1)));
        }
        if follow_up.start.is_some() || follow_up.weights.is_some() {
            let alike = |a: &(u64, u32), b: &(u64, u32)| a.0 == b.0 && stratum(a.1) == stratum(b.1);
            let compare = |values: Option<&[f64]>, a: u32, b: u32| {
                values.map_or(Ordering::Equal, |values| {
                    values[a as usize].total_cmp(&values[b as usize])
                })
            };
            for run in keys.chunk_by_mut(alike).filter(|run| run.len() > 1) {
                run.sort_unstable_by(|&(_, a), &(_, b)| {
                    compare(follow_up.start, a, b).then_with(|| compare(follow_up.weights, a, b))
                });
            }
        }
        let gather = |values: &[f64]| keys.iter().map(|&(_, row)| values[row as usize]).collect::<Vec<f64>>();
        let sorted = Sorted {
            stratum: keys.iter().map(|key| stratum(key.1)).collect(),
            stop: keys.iter().map(|key| key_time(!key.0)).collect(),
            start: follow_up.start.map(gather),
            exact,
        };
        let event = keys.iter().map(|key| key_event(!key.0)).collect();
        let weight = follow_up.weights.map(gather);
        Self::build(keys.iter().map(|key| key.1).collect(), event, weight, sorted)
    }

    /// Rows in all.
    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// Rows that end in the event.
    pub fn events(&self) -> usize {
        self.events
    }

    pub(crate) fn weight(&self, position: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |weight| weight[position])
    }

    /// The distinct times, ascending: `TimeGroup::time` is a place among them.
    pub(crate) fn distinct_times(&self) -> Vec<f64> {
        self.sorted.distinct()
    }

    /// Start (of intervals) and stop of each position, as they were given.
    pub(crate) fn times_by_position(&self) -> (Option<&[f64]>, &[f64]) {
        (self.sorted.start.as_deref(), &self.sorted.stop)
    }

    /// The caller's code of a position's stratum, 0 without strata.
    pub(crate) fn stratum_code(&self, position: usize) -> u32 {
        self.sorted.stratum[position]
    }

    /// The same without the rows at the positions for which `keep` is false.
    pub(crate) fn subset(&self, keep: &[bool]) -> Result<Self, SurvivalError> {
        fn filter<T: Copy>(values: &[T], keep: &[bool]) -> Vec<T> {
            values
                .iter()
                .zip(keep)
                .filter(|(_, keep)| **keep)
                .map(|(value, _)| *value)
                .collect()
        }
        let sorted = Sorted {
            stratum: filter(&self.sorted.stratum, keep),
            stop: filter(&self.sorted.stop, keep),
            start: self.sorted.start.as_ref().map(|start| filter(start, keep)),
            exact: self.sorted.exact,
        };
        let weight = self.weight.as_ref().map(|weight| filter(weight, keep));
        Self::build(filter(&self.order, keep), filter(&self.event, keep), weight, sorted)
    }

    fn build(
        order: Vec<u32>,
        event: Vec<bool>,
        weight: Option<Vec<f64>>,
        sorted: Sorted,
    ) -> Result<Self, SurvivalError> {
        let distinct = sorted.distinct();
        let mut strata: Vec<Stratum> = Vec::new();
        let mut groups: Vec<TimeGroup> = Vec::new();
        for (position, &event) in event.iter().enumerate() {
            let new_stratum = position == 0 || sorted.stratum[position] != sorted.stratum[position - 1];
            let time = match groups.last() {
                Some(group) if !new_stratum && sorted.stop[position] == sorted.stop[position - 1] => group.time,
                _ => place(&distinct, sorted.stop[position]) as u32,
            };
            if new_stratum {
                strata.push(Stratum {
                    rows: position..position,
                    groups: groups.len()..groups.len(),
                    active: groups.len()..groups.len(),
                });
            }
            if new_stratum || groups.last().is_none_or(|group| group.time != time) {
                groups.push(TimeGroup {
                    rows: position..position,
                    events: 0,
                    time,
                });
            }
            if let (Some(group), Some(stratum)) = (groups.last_mut(), strata.last_mut()) {
                group.rows.end = position + 1;
                group.events += usize::from(event);
                stratum.rows.end = position + 1;
            }
            if let Some(stratum) = strata.last_mut() {
                stratum.groups.end = groups.len();
                if event {
                    stratum.active.end = groups.len();
                }
            }
        }
        let entries = match &sorted.start {
            Some(start) => Some(Entries::new(start, &sorted, &order, &groups, &distinct)?),
            None => None,
        };
        let alike = alike_runs(order.len(), |a, b| {
            sorted.stratum[a] == sorted.stratum[b]
                && sorted.stop[a] == sorted.stop[b]
                && event[a] == event[b]
                && sorted.start.as_ref().is_none_or(|start| start[a] == start[b])
                && weight.as_ref().is_none_or(|weight| weight[a] == weight[b])
        });
        let events = event.iter().filter(|event| **event).count();
        Ok(Self {
            order,
            event,
            weight,
            groups,
            strata,
            entries,
            alike,
            events,
            sorted,
        })
    }
}

impl Sorted {
    fn distinct(&self) -> Vec<f64> {
        let mut times: Vec<f64> = self.stop.iter().rev().copied().collect();
        if let Some(start) = &self.start {
            times.extend(start.iter().map(|time| time + 0.0));
        }
        if !times.is_sorted() {
            times.sort_unstable_by(f64::total_cmp);
        }
        if self.exact {
            times.dedup();
            return times;
        }
        distinct_times(times)
    }
}

impl Entries {
    fn new(
        start: &[f64],
        sorted: &Sorted,
        order: &[u32],
        groups: &[TimeGroup],
        distinct: &[f64],
    ) -> Result<Self, SurvivalError> {
        let time: Vec<u32> = start.iter().map(|&start| place(distinct, start) as u32).collect();
        for group in groups {
            if let Some(position) = group.rows.clone().find(|&position| time[position] >= group.time) {
                return Err(SurvivalError::IntervalTooShort {
                    row: order[position] as usize,
                    start: start[position],
                    stop: sorted.stop[position],
                });
            }
        }
        let mut by_time: Vec<u32> = (0..order.len() as u32).collect();
        by_time.sort_by_key(|&position| {
            let position = position as usize;
            (sorted.stratum[position], std::cmp::Reverse(time[position]))
        });
        Ok(Self { time, by_time })
    }
}

/// Runs of two or more neighbouring positions that are `same`.
fn alike_runs(len: usize, same: impl Fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut first = 0;
    for position in 1..=len {
        if position < len && same(first, position) {
            continue;
        }
        if position - first > 1 {
            runs.push(first..position);
        }
        first = position;
    }
    runs
}
