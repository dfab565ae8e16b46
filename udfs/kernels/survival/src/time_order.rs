//! Rows in the order in which curves and tests count them.

use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};
use crate::radix::sort_by_key;
use crate::times::{distinct_times, key_event, key_time, time_key};

/// A row by when it leaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaver {
    key: u64,
    /// The part of the rows that it belongs to: its group, or its stratum.
    pub(crate) part: u32,
    pub(crate) row: u32,
}

impl Leaver {
    pub(crate) fn time(self) -> f64 {
        key_time(self.key)
    }

    pub(crate) fn event(self) -> bool {
        key_event(self.key)
    }
}

/// The rows by ascending part, within it by time, those without the event first, and at last by weight: rows that differ
/// in nothing that is summed may stand in any order. Without `parts` all rows are of part 0.
pub(crate) fn by_time(
    follow_up: &FollowUp<'_>,
    parts: Option<(&'static str, &[u32])>,
) -> Result<Vec<Leaver>, SurvivalError> {
    let rows = follow_up.rows();
    let last = u32::try_from(rows).map_err(|_| SurvivalError::TooLarge { rows, covariates: 0 })?;
    if let Some((argument, parts)) = parts {
        check_length(argument, parts.len(), rows)?;
    }
    let outcomes = follow_up.stop.iter().zip(follow_up.event);
    let mut leavers: Vec<Leaver> = (0..last)
        .zip(outcomes)
        .map(|(row, (&time, &event))| Leaver {
            key: time_key(time, event),
            part: parts.map_or(0, |(_, parts)| parts[row as usize]),
            row,
        })
        .collect();
    // From the last criterion to the first: each sort keeps the order of the one before.
    if let Some(weights) = follow_up.weights {
        sort_by_key(&mut leavers, |leaver| weights[leaver.row as usize].to_bits());
    }
    sort_by_key(&mut leavers, |leaver| leaver.key);
    if parts.is_some() {
        sort_by_key(&mut leavers, |leaver| u64::from(leaver.part));
    }
    Ok(leavers)
}

/// The times that count as different, of all rows together, ascending; the starts of intervals among them.
pub(crate) fn distinct_of(follow_up: &FollowUp<'_>, leavers: &[Leaver]) -> Vec<f64> {
    let mut times: Vec<f64> = leavers
        .chunk_by(|a, b| a.time() == b.time())
        .filter_map(|run| run.first().map(|leaver| leaver.time()))
        .collect();
    if let Some(start) = follow_up.start {
        times.extend(start.iter().map(|time| time + 0.0));
    }
    if !times.is_sorted() {
        sort_by_key(&mut times, |time| time.to_bits());
    }
    distinct_times(times)
}
