//! Areas over risk sets.

use crate::concordance::{Ranks, scores_by_position};
use crate::error::SurvivalError;
use crate::fenwick::Fenwick;
use crate::follow_up::FollowUp;
use crate::incident::check;
use crate::risk_sets::{RiskSets, TimeGroup};
use crate::time_roc::{RocPoint, check_time};

/// A marker by position, ready for areas over risk sets.
///
/// With risk_i = exp(coefficient x_i), the case at a time is row i of those at risk with probability risk_i / sum of
/// risks, and the control any of those without the event. Positions go from the last time to the first, so that the rows
/// at risk are the first ones.
pub(super) struct RiskSetAreas<'a> {
    pub(super) sets: &'a RiskSets,
    pub(super) marker: Vec<f64>,
    ranks: Ranks,
    /// Positions by ascending marker.
    by_marker: Vec<u32>,
}

impl<'a> RiskSetAreas<'a> {
    pub(super) fn new(sets: &'a RiskSets, marker: Vec<f64>) -> Self {
        let ranks = Ranks::new(&marker);
        let mut by_marker: Vec<u32> = (0..marker.len() as u32).collect();
        by_marker.sort_by_key(|&position| ranks.rank[position as usize]);
        Self {
            sets,
            marker,
            ranks,
            by_marker,
        }
    }

    /// The groups with events, from the first time to the last.
    pub(super) fn event_groups(&self) -> impl DoubleEndedIterator<Item = &'a TimeGroup> {
        self.sets.groups.iter().rev().filter(|group| group.events > 0)
    }

    /// Areas at all event times with one coefficient, in O(n log n): each row that enters the risk set meets those in it.
    pub(super) fn at_all_events(&self, coefficient: f64) -> Vec<f64> {
        let risk = Risks::new(coefficient, self.marker.iter().copied());
        // With a coefficient below 0 the risk falls with the marker.
        let last = self.ranks.distinct as u32 - 1;
        let rank = |position: usize| match self.ranks.rank[position] {
            rank if coefficient < 0.0 => last - rank,
            rank if coefficient > 0.0 => rank,
            _ => 0,
        };
        let mut counts = Fenwick::default();
        let mut risks = Fenwick::default();
        counts.reset(self.ranks.distinct);
        risks.reset(self.ranks.distinct);
        // Over pairs of any two rows at risk, a row with itself among them: the risk of the first, if it is the higher,
        // half if equal.
        let mut ordered = 0.0;
        let mut all_risks = 0.0;
        let mut areas = Vec::new();
        for group in &self.sets.groups {
            for position in group.rows.clone() {
                let own = risk.of(self.marker[position]);
                let rows = counts.split(rank(position));
                let others = risks.split(rank(position));
                ordered += own * (rows.below + 0.5 * rows.equal) + others.above + 0.5 * others.equal + 0.5 * own;
                all_risks += own;
                counts.add(rank(position), 1.0);
                risks.add(rank(position), own);
            }
            if group.events == 0 {
                continue;
            }
            let events = group.rows.clone().filter(|&position| self.sets.event[position]);
            let of_events: f64 = events
                .map(|position| {
                    let others = risks.split(rank(position));
                    others.above + 0.5 * others.equal
                })
                .sum();
            let controls = group.rows.end - group.events;
            areas.push(area(ordered - of_events, all_risks, controls));
        }
        areas.reverse();
        areas
    }

    /// Each coefficient with the area at its event time, in O(n) each.
    pub(super) fn with(&self, coefficients: Vec<f64>) -> Vec<(f64, f64)> {
        let groups = self.event_groups().zip(coefficients);
        groups
            .map(|(group, coefficient)| {
                let mut sweep = Sweep::default();
                self.sweep(
                    group.rows.end,
                    |position| self.is_case(group, position),
                    coefficient,
                    &mut sweep,
                    |_, _| {},
                );
                (
                    coefficient,
                    area(sweep.ordered, sweep.risks, group.rows.end - group.events),
                )
            })
            .collect()
    }

    fn is_case(&self, group: &TimeGroup, position: usize) -> bool {
        group.rows.contains(&position) && self.sets.event[position]
    }

    /// From the lowest risk to the highest, over the positions before `end`. After each run of equal risks the sweep is
    /// shown, with a marker of the run.
    fn sweep(
        &self,
        end: usize,
        case: impl Fn(usize) -> bool,
        coefficient: f64,
        sweep: &mut Sweep,
        mut show: impl FnMut(&Sweep, f64),
    ) {
        let at_risk = self.marker.get(..end).unwrap_or(&[]);
        let risk = Risks::new(coefficient, at_risk.iter().copied());
        let members = self
            .by_marker
            .iter()
            .map(|&position| position as usize)
            .filter(|&position| position < end);
        let equal = |rank: u32, other: u32| rank == other || coefficient == 0.0;
        let mut add = |position: usize, run: &mut Option<Run>| {
            let rank = self.ranks.rank[position];
            if let Some(done) = run.take_if(|run| !equal(run.rank, rank)) {
                sweep.add(&done);
                show(sweep, done.marker);
            }
            let run = run.get_or_insert(Run {
                rank,
                marker: self.marker[position],
                risk: 0.0,
                controls: 0.0,
            });
            run.risk += risk.of(self.marker[position]);
            run.controls += if case(position) { 0.0 } else { 1.0 };
        };
        let mut run = None;
        if coefficient < 0.0 {
            let backwards = self.by_marker.iter().rev().map(|&position| position as usize);
            backwards
                .filter(|&position| position < end)
                .for_each(|position| add(position, &mut run));
        } else {
            members.for_each(|position| add(position, &mut run));
        }
        if let Some(done) = run {
            sweep.add(&done);
            show(sweep, done.marker);
        }
    }
}

/// Rows of one risk.
struct Run {
    rank: u32,
    marker: f64,
    risk: f64,
    controls: f64,
}

#[derive(Debug, Default)]
struct Sweep {
    /// Over pairs of a possible case and a control so far: the case's risk, if it is the higher, half if equal.
    ordered: f64,
    risks: f64,
    controls: f64,
}

impl Sweep {
    fn add(&mut self, run: &Run) {
        self.ordered += run.risk * (self.controls + 0.5 * run.controls);
        self.risks += run.risk;
        self.controls += run.controls;
    }
}

fn area(ordered: f64, risks: f64, controls: usize) -> f64 {
    if controls == 0 {
        return f64::NAN;
    }
    ordered / risks / controls as f64
}

/// exp(coefficient x), divided by the largest of them so that none overflows.
struct Risks {
    coefficient: f64,
    largest: f64,
}

impl Risks {
    fn new(coefficient: f64, markers: impl Iterator<Item = f64>) -> Self {
        Self {
            coefficient,
            largest: markers
                .map(|marker| coefficient * marker)
                .fold(f64::NEG_INFINITY, f64::max),
        }
    }

    fn of(&self, marker: f64) -> f64 {
        (self.coefficient * marker - self.largest).exp()
    }
}

/// The incident/dynamic ROC curve at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentCurve {
    /// The time.
    pub time: f64,
    /// Area under the curve. NaN when nobody is at risk, or all at risk have the event.
    pub auc: f64,
    /// The curve from (0, 0) for the threshold infinity, then a point for each distinct predictor at risk from the
    /// highest to the lowest; positive is at or above the threshold.
    pub points: Vec<RocPoint>,
}

/// The incident/dynamic ROC curve of a log hazard, such as a Cox model's linear predictor, at any time (R's
/// `CoxWeights(marker, Stime, status, predict.time)`): those who have the event at the time against those at risk then who
/// do not. Errors as for [`crate::incident_auc`].
pub fn incident_roc(
    follow_up: &FollowUp<'_>,
    linear_predictor: &[f64],
    time: f64,
) -> Result<IncidentCurve, SurvivalError> {
    check("incident_roc", follow_up, linear_predictor)?;
    check_time(time)?;
    let sets = RiskSets::new(follow_up, None)?;
    let predictor = scores_by_position(&sets, &[linear_predictor])?.remove(0);
    let areas = RiskSetAreas::new(&sets, predictor);
    let (before, upto) = crate::times::places_around(&sets.distinct_times(), time);
    let at_risk = sets.groups.iter().rfind(|group| group.time as usize >= before);
    let end = at_risk.map_or(0, |group| group.rows.end);
    let now = at_risk.filter(|group| (group.time as usize) < upto);
    let mut sweep = Sweep::default();
    let mut below = Vec::new();
    let case = |position| now.is_some_and(|group| areas.is_case(group, position));
    areas.sweep(end, case, 1.0, &mut sweep, |sweep, marker| {
        below.push((marker, sweep.risks, sweep.controls))
    });
    // Rates at or above each predictor are those not below it.
    let mut points = vec![RocPoint {
        threshold: f64::INFINITY,
        tpr: 0.0,
        fpr: 0.0,
    }];
    for (run, &(threshold, ..)) in below.iter().enumerate().rev() {
        let (risks, controls) = run
            .checked_sub(1)
            .map_or((0.0, 0.0), |run| (below[run].1, below[run].2));
        points.push(RocPoint {
            threshold,
            tpr: 1.0 - risks / sweep.risks,
            fpr: 1.0 - controls / sweep.controls,
        });
    }
    Ok(IncidentCurve {
        time,
        auc: area(sweep.ordered, sweep.risks, end - now.map_or(0, |group| group.events)),
        points,
    })
}
