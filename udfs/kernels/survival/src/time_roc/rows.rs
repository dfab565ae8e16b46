//! Rows by time, and what the estimation of the censoring adds to a standard error.

use std::cmp::Ordering;

use crate::follow_up::FollowUp;
use crate::time_roc::TiedTimes;
use crate::times::{distinct_times, places_around, time_key};

/// Rows by ascending time; at one time those without the event come first, then lower markers.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// The caller's row at each position.
    pub(crate) order: Vec<u32>,
    pub(crate) event: Vec<bool>,
    /// The distinct times, ascending.
    pub(crate) times: Vec<f64>,
    /// Place of each position's time among the distinct times.
    pub(crate) group_of: Vec<u32>,
    /// First position of each distinct time, and at last the number of rows.
    pub(crate) firsts: Vec<usize>,
    tied: TiedTimes,
}

/// Where the rows stand to a time t.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    /// Positions before this end before t.
    pub(crate) before: usize,
    /// Positions from this on end after t.
    pub(crate) after: usize,
    /// Distinct times that are not after t.
    pub(crate) times: usize,
}

impl Rows {
    pub(crate) fn new(follow_up: &FollowUp<'_>, markers: &[&[f64]], tied: TiedTimes) -> Self {
        let rows = follow_up.rows() as u32;
        let time = |row: u32| follow_up.stop[row as usize];
        let mut order: Vec<u32> = (0..rows).collect();
        match tied {
            TiedTimes::Together => {
                let mut keys: Vec<(u64, u32)> = order
                    .iter()
                    .map(|&row| (time_key(time(row), follow_up.event[row as usize]), row))
                    .collect();
                keys.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| by_markers(markers, a.1, b.1)));
                order.clear();
                order.extend(keys.iter().map(|key| key.1));
            }
            TiedTimes::InRowOrder => order.sort_by(|&a, &b| (time(a) + 0.0).total_cmp(&(time(b) + 0.0))),
        }
        let times = distinct_times(order.iter().map(|&row| time(row) + 0.0).collect());
        let mut firsts: Vec<usize> = times
            .iter()
            .map(|&first| order.partition_point(|&row| time(row) < first))
            .collect();
        firsts.push(order.len());
        let mut group_of = Vec::with_capacity(order.len());
        for (group, pair) in (0..).zip(firsts.windows(2)) {
            group_of.resize(pair[1], group);
        }
        Self {
            event: order.iter().map(|&row| follow_up.event[row as usize]).collect(),
            order,
            times,
            group_of,
            firsts,
            tied,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn split(&self, time: f64) -> Split {
        let (before, upto) = places_around(&self.times, time);
        Split {
            before: self.firsts.get(before).copied().unwrap_or(self.len()),
            after: self.firsts.get(upto).copied().unwrap_or(self.len()),
            times: upto,
        }
    }

    /// Ranges of positions by distinct time.
    pub(crate) fn groups(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        self.firsts.windows(2).map(|pair| pair[0]..pair[1])
    }

    /// What each row adds, through the estimated censoring, to the influence on a sum over cases whose terms are
    /// proportional to 1/G just before their time. `terms` are these, by position; what is
    /// added is multiplied by `scale`.
    ///
    /// With Y rows at risk and dN of them censored at each time, row l changes -log G(u) by dM_l = 1[censored]/Y less the
    /// sum of dN/Y^2 over the times it was at risk, up to u (Blanche et al. 2013, there over an n x n matrix). Sums from
    /// either end over the positions give the total over all cases in O(n).
    pub(crate) fn censoring_influence(&self, terms: &[f64], scale: f64, influence: &mut [f64]) {
        let total: f64 = terms.iter().sum();
        // Terms, and terms times the compensator at their time, of the positions so far.
        let mut passed = 0.0;
        let mut passed_compensated = 0.0;
        let mut compensator = 0.0;
        for group in self.groups() {
            let all = self.len() as f64;
            match self.tied {
                TiedTimes::Together => {
                    let at_risk = all - group.start as f64;
                    let censored = group.clone().filter(|&position| !self.event[position]).count() as f64;
                    let of_group: f64 = terms[group.clone()].iter().sum();
                    passed += of_group;
                    passed_compensated += of_group * compensator;
                    compensator += censored / (at_risk * at_risk);
                    let later = total - passed;
                    let compensated = passed_compensated + compensator * later;
                    for position in group {
                        let jump = if self.event[position] { 0.0 } else { later / at_risk };
                        influence[position] += scale * (jump - compensated);
                    }
                }
                TiedTimes::InRowOrder => {
                    let (first_at_risk, from_first) = (all - group.start as f64, total - passed);
                    for position in group {
                        let at_risk = all - position as f64;
                        if !self.event[position] {
                            compensator += 1.0 / (at_risk * at_risk);
                        }
                        passed += terms[position];
                        passed_compensated += terms[position] * compensator;
                        let jump = if self.event[position] {
                            0.0
                        } else {
                            from_first / first_at_risk
                        };
                        let compensated = passed_compensated + compensator * (total - passed);
                        influence[position] += scale * (jump - compensated);
                    }
                }
            }
        }
    }
}

fn by_markers(markers: &[&[f64]], a: u32, b: u32) -> Ordering {
    markers.iter().fold(Ordering::Equal, |order, marker| {
        order.then_with(|| (marker[a as usize] + 0.0).total_cmp(&(marker[b as usize] + 0.0)))
    })
}
