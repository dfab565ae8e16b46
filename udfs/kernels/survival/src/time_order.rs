//! Rows in the order in which curves and tests count them.

use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};
use crate::radix::sort_by_key;
use crate::times::{distinct_times, key_event, key_time, time_key};

/// A row by when it leaves; or several that differ in nothing that is summed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaver {
    key: u64,
    /// How many they are.
    pub(crate) rows: u32,
    /// The part of the rows that it belongs to: its group, or its stratum.
    pub(crate) part: u32,
    /// The row, or the number that it was asked to carry in its place; of several rows that were to carry nothing, none.
    pub(crate) carried: u32,
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
/// in nothing that is summed may stand in any order, or as one. Without `parts` all rows are of part 0. What is to `carry`
/// spares a look-up by row, which at random places costs more than all else. Rows that carry nothing are told apart only
/// where there are weights or starts.
pub(crate) fn by_time(
    follow_up: &FollowUp<'_>,
    parts: Option<(&'static str, &[u32])>,
    carry: Option<&[u32]>,
) -> Result<Vec<Leaver>, SurvivalError> {
    let rows = follow_up.rows();
    let last = u32::try_from(rows).map_err(|_| SurvivalError::TooLarge { rows, covariates: 0 })?;
    if let Some((argument, parts)) = parts {
        check_length(argument, parts.len(), rows)?;
    }
    if let Some(carry) = carry {
        check_length("group", carry.len(), rows)?;
    }
    let part = |row: u32| parts.map_or(0, |(_, parts)| parts[row as usize]);
    let carried = |row: u32| carry.map_or(row, |carry| carry[row as usize]);
    if follow_up.weights.is_none() {
        let alike = carry.is_none() && follow_up.start.is_none();
        if let Some(packing) = Packing::new(follow_up, parts.map(|(_, parts)| parts), carry, alike) {
            return Ok(packing.order(follow_up, last, part, |row| if alike { 0 } else { carried(row) }));
        }
    }
    let outcomes = follow_up.stop.iter().zip(follow_up.event);
    let mut leavers: Vec<Leaver> = (0..last)
        .zip(outcomes)
        .map(|(row, (&time, &event))| Leaver {
            key: time_key(time, event),
            rows: 1,
            part: part(row),
            carried: row,
        })
        .collect();
    // From the last criterion to the first: each sort keeps the order of the one before.
    if let Some(weights) = follow_up.weights {
        sort_by_key(&mut leavers, |leaver| weights[leaver.carried as usize].to_bits());
    }
    sort_by_key(&mut leavers, |leaver| leaver.key);
    if parts.is_some() {
        sort_by_key(&mut leavers, |leaver| u64::from(leaver.part));
    }
    for leaver in &mut leavers {
        leaver.carried = carried(leaver.carried);
    }
    Ok(leavers)
}

/// How part, time, event and what is carried go into 64 bits, where the times leave room: those recorded to the day
/// differ in few of their bits. Half the memory moves, in fewer passes.
#[derive(Debug, Clone, Copy)]
struct Packing {
    /// Key of the earliest time, and how many low bits of its distance to each key are 0.
    earliest: u64,
    zeros: u32,
    time_bits: u32,
    carried_bits: u32,
    /// Those of part, time, event and what is carried.
    all_bits: u32,
    /// Whether rows that are packed alike may stand as one.
    as_one: bool,
}

impl Packing {
    /// `None` where 64 bits are too few. Rows that are `alike` carry nothing.
    fn new(follow_up: &FollowUp<'_>, parts: Option<&[u32]>, carry: Option<&[u32]>, alike: bool) -> Option<Self> {
        let keys = || follow_up.stop.iter().map(|&time| time_key(time, false));
        let earliest = keys().min()?;
        let (mut latest, mut set) = (0, 0);
        for distance in keys().map(|key| key - earliest) {
            latest = distance.max(latest);
            set |= distance;
        }
        let width = |value: u64| u64::BITS - value.leading_zeros();
        // A key's lowest bit is that of the event, so that distances are even.
        let zeros = if set == 0 { 1 } else { set.trailing_zeros() };
        let highest = |codes: &[u32]| u64::from(codes.iter().copied().max().unwrap_or(0));
        let carried_bits = match carry {
            Some(carry) => width(highest(carry)),
            None if alike => 0,
            None => width(follow_up.rows() as u64),
        };
        let time_bits = width(latest >> zeros);
        let all_bits = width(parts.map_or(0, highest)) + time_bits + 1 + carried_bits;
        (all_bits <= u64::BITS).then_some(Self {
            earliest,
            zeros,
            time_bits,
            carried_bits,
            all_bits,
            as_one: alike || carry.is_some(),
        })
    }

    /// The rows in their order.
    fn order(
        self,
        follow_up: &FollowUp<'_>,
        rows: u32,
        part: impl Fn(u32) -> u32,
        carried: impl Fn(u32) -> u32,
    ) -> Vec<Leaver> {
        let outcomes = follow_up.stop.iter().zip(follow_up.event);
        let packed = (0..rows).zip(outcomes).map(|(row, (&time, &event))| {
            let time = (time_key(time, false) - self.earliest) >> self.zeros;
            let outcome = (u64::from(part(row)) << self.time_bits | time) << 1 | u64::from(event);
            outcome << self.carried_bits | u64::from(carried(row))
        });
        // Where rows are more than what tells them apart, they are counted, in one pass and in less memory.
        let cells = 1_usize
            .checked_shl(self.all_bits)
            .filter(|cells| *cells <= 2 * rows as usize);
        if let Some(cells) = cells.filter(|_| self.as_one) {
            let mut counts = vec![0_u32; cells];
            packed.for_each(|cell| counts[cell as usize] += 1);
            let counted = (0..).zip(counts).filter(|(_, rows)| *rows > 0);
            return counted.map(|(cell, rows)| self.unpack(cell, rows)).collect();
        }
        let mut packed: Vec<u64> = packed.collect();
        sort_by_key(&mut packed, |packed| packed >> self.carried_bits);
        packed.iter().map(|packed| self.unpack(*packed, 1)).collect()
    }

    fn unpack(self, packed: u64, rows: u32) -> Leaver {
        let low = |value: u64, bits: u32| value & ((1 << bits) - 1);
        let outcome = packed >> self.carried_bits;
        let time = low(outcome >> 1, self.time_bits);
        Leaver {
            key: ((time << self.zeros) + self.earliest) | (outcome & 1),
            rows,
            part: (outcome >> 1 >> self.time_bits) as u32,
            carried: low(packed, self.carried_bits) as u32,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows that stand as one, each by itself.
    fn all(leavers: &[Leaver]) -> Vec<Leaver> {
        let repeated = leavers.iter().flat_map(|l| std::iter::repeat_n(*l, l.rows as usize));
        repeated.map(|leaver| Leaver { rows: 1, ..leaver }).collect()
    }

    proptest! {
        #[test]
        fn sorts_packed_and_unpacked_alike(
            rows in prop::collection::vec((0u16..200, any::<bool>(), any::<u32>(), 1u8..4), 1..600),
            part_bits in 0u32..33,
            scale in prop::sample::select(vec![1.0, 1e-300, 1e300, 0.1, 0.0]),
        ) {
            // A third of a day fills every bit of a time.
            for unit in [1.0, 1.0 / 3.0] {
                let time: Vec<f64> = rows.iter().map(|row| f64::from(row.0) * unit * scale).collect();
                let event: Vec<bool> = rows.iter().map(|row| row.1).collect();
                let parts: Vec<u32> = rows.iter().map(|row| row.2.checked_shr(part_bits).unwrap_or(0)).collect();
                let weights: Vec<f64> = rows.iter().map(|row| f64::from(row.3)).collect();
                let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
                let mut expected: Vec<usize> = (0..rows.len()).collect();
                expected.sort_by(|&a, &b| {
                    let key = |row: usize| (parts[row], (time[row] + 0.0).to_bits(), event[row]);
                    key(a).cmp(&key(b))
                });
                let found = all(&by_time(&follow_up, Some(("parts", &parts)), None).expect("rows"));
                prop_assert_eq!(found.len(), rows.len());
                for (leaver, &row) in found.iter().zip(&expected) {
                    prop_assert_eq!((leaver.part, leaver.time(), leaver.event()), (parts[row], time[row], event[row]));
                }
                let carrying = all(&by_time(&follow_up, None, Some(&parts)).expect("rows"));
                let mut carried: Vec<u32> = carrying.iter().map(|leaver| leaver.carried).collect();
                carried.sort_unstable();
                let mut sorted = parts.clone();
                sorted.sort_unstable();
                prop_assert_eq!(carried, sorted);
                prop_assert!(carrying.is_sorted_by_key(|leaver| (leaver.time().to_bits(), leaver.event())));
                let weighted = follow_up.with_weights(&weights).expect("weights");
                let weighted = by_time(&weighted, Some(("parts", &parts)), None).expect("rows");
                let by_weight = |leaver: &Leaver| {
                    let weight = weights[leaver.carried as usize];
                    (leaver.part, leaver.time().to_bits(), leaver.event(), weight.to_bits())
                };
                prop_assert!(weighted.is_sorted_by_key(by_weight));
            }
        }
    }
}
