//! Log hazard ratios that change with time.

use crate::cox::SchoenfeldResiduals;
use crate::incident::area::RiskSetAreas;
use crate::ldl::Ldl;
use crate::time_roc::Span;

/// Epanechnikov's kernel without its factor 0.75.
fn epanechnikov(distance: f64, bandwidth: f64) -> f64 {
    if distance == 0.0 {
        return 1.0;
    }
    let share = distance / bandwidth;
    (1.0 - share * share).max(0.0)
}

/// The number that a share of a count is, rounded, at least 1.
fn share_of(span: f64, count: usize) -> usize {
    ((span * count as f64 + 0.5) as usize).clamp(1, count.max(1))
}

/// At each time the height of a straight line through the scaled residuals, weighted by nearness in time. The bandwidth
/// is the distance to the last of the nearest events that make up the span, the event itself being the first.
pub(super) fn smoothed_residuals(residuals: &SchoenfeldResiduals, times: &[(f64, f64)], span: Span) -> Vec<f64> {
    let mut events: Vec<(f64, f64)> = residuals
        .events
        .iter()
        .zip(&residuals.scaled)
        .map(|(event, &scaled)| (event.time, scaled))
        .collect();
    // Tied events come by row.
    events.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
    let nearest = share_of(span.share(), events.len());
    let mut distances: Vec<f64> = Vec::with_capacity(events.len());
    let at = |&(time, _): &(f64, f64)| {
        distances.clear();
        distances.extend(events.iter().map(|event| (event.0 - time).abs()));
        let Some(place) = nearest.checked_sub(1).filter(|place| *place < distances.len()) else {
            return f64::NAN;
        };
        let bandwidth = *distances.select_nth_unstable_by(place, f64::total_cmp).1;
        let weighted = || {
            events.iter().map(|&(event, value)| {
                let from = event - time;
                (epanechnikov(from, bandwidth), from, value)
            })
        };
        let sum = |term: fn((f64, f64, f64)) -> f64| weighted().map(term).sum::<f64>();
        let weights = sum(|(weight, ..)| weight);
        let (mean_from, mean_value) = (
            sum(|(weight, from, _)| weight * from) / weights,
            sum(|(weight, _, value)| weight * value) / weights,
        );
        let (mut squares, mut products) = (0.0, 0.0);
        for (weight, from, value) in weighted() {
            squares += weight * (from - mean_from) * (from - mean_from);
            products += weight * (from - mean_from) * (value - mean_value);
        }
        // All events in reach are at one time: their mean.
        let slope = if squares > 0.0 { products / squares } else { 0.0 };
        mean_value - slope * mean_from
    };
    times.iter().map(at).collect()
}

/// The least weight of an event, risksetROC's 1e-7 over the kernel's factor.
const LEAST_WEIGHT: f64 = 1e-7 / 0.75;

const MOST_ITERATIONS: usize = 100;

/// Cox models with a coefficient b0 + b1 (t - target).
pub(super) struct LocalLikelihood<'a> {
    areas: &'a RiskSetAreas<'a>,
    times: Vec<f64>,
    /// For each event time: rows at risk, the markers of those with the event, and the lowest and highest at risk.
    events: Vec<EventTime>,
}

struct EventTime {
    at_risk: usize,
    markers: Vec<f64>,
    range: (f64, f64),
}

/// Weighted log-likelihood, its gradient by (b0, b1) and the packed lower triangle of the information.
#[derive(Debug, Clone, Copy, Default)]
struct Likelihood {
    log: f64,
    gradient: [f64; 2],
    information: [f64; 3],
}

impl<'a> LocalLikelihood<'a> {
    pub(super) fn new(areas: &'a RiskSetAreas<'a>, times: &[(f64, f64)]) -> Self {
        let mut range = (f64::INFINITY, f64::NEG_INFINITY);
        let mut events = Vec::with_capacity(times.len());
        for group in &areas.sets.groups {
            for &marker in &areas.marker[group.rows.clone()] {
                range = (range.0.min(marker), range.1.max(marker));
            }
            if group.events > 0 {
                let with_event = group.rows.clone().filter(|&position| areas.sets.event[position]);
                events.push(EventTime {
                    at_risk: group.rows.end,
                    markers: with_event.map(|position| areas.marker[position]).collect(),
                    range,
                });
            }
        }
        events.reverse();
        Self {
            areas,
            times: times.iter().map(|time| time.0).collect(),
            events,
        }
    }

    /// b0 at each event time.
    pub(super) fn coefficients(&self, span: Span) -> Vec<f64> {
        let Some(last) = self.times.len().checked_sub(1) else {
            return Vec::new();
        };
        let reach = share_of(span.share() / 2.0, self.times.len()) - 1;
        (0..=last)
            .map(|place| {
                let target = self.times[place];
                let later = self.times[(place + reach).min(last)] - target;
                let earlier = target - self.times[place.saturating_sub(reach)];
                let weights: Vec<f64> = self
                    .times
                    .iter()
                    .map(|time| {
                        let distance = time - target;
                        let bandwidth = if distance < 0.0 { earlier } else { later };
                        let kernel = if bandwidth > 0.0 || distance == 0.0 {
                            epanechnikov(distance, bandwidth)
                        } else {
                            0.0
                        };
                        kernel.max(LEAST_WEIGHT)
                    })
                    .collect();
                self.maximise(target, &weights)
            })
            .collect()
    }

    /// Newton's method with step halving from (0, 0).
    fn maximise(&self, target: f64, weights: &[f64]) -> f64 {
        // Time in units that make both coefficients alike in size.
        let unit = self
            .times
            .last()
            .zip(self.times.first())
            .map_or(1.0, |(last, first)| last - first);
        let unit = if unit > 0.0 { unit } else { 1.0 };
        let mut at = [0.0, 0.0];
        let mut current = self.likelihood(target, unit, weights, at);
        let mut ldl = Ldl::default();
        for _ in 0..MOST_ITERATIONS {
            let information = current.information;
            ldl.decompose(&information, &[information[0], information[2]], 1e-12);
            let mut step = current.gradient;
            ldl.solve(&mut step);
            let mut next = [at[0] + step[0], at[1] + step[1]];
            let mut found = self.likelihood(target, unit, weights, next);
            // A step within rounding may lower the likelihood in its last bits.
            let allowed = current.log - current.log.abs() * 1e-12;
            let mut halvings = 0;
            while (found.log.is_nan() || found.log < allowed) && halvings < 30 {
                step = [step[0] / 2.0, step[1] / 2.0];
                next = [at[0] + step[0], at[1] + step[1]];
                found = self.likelihood(target, unit, weights, next);
                halvings += 1;
            }
            if halvings == 30 {
                break;
            }
            (at, current) = (next, found);
            let small = |step: f64, at: f64| step.abs() <= 1e-11 * (1.0 + at.abs());
            if small(step[0], at[0]) && small(step[1], at[1]) {
                break;
            }
        }
        at[0]
    }

    /// Efron's partial likelihood with a weight for each event time.
    fn likelihood(&self, target: f64, unit: f64, weights: &[f64], at: [f64; 2]) -> Likelihood {
        let mut sum = Likelihood::default();
        for ((event, &time), &weight) in self.events.iter().zip(&self.times).zip(weights) {
            let from = (time - target) / unit;
            let coefficient = at[0] + at[1] * from;
            let largest = (coefficient * event.range.0).max(coefficient * event.range.1);
            let sums = |markers: &[f64]| {
                markers.iter().fold([0.0; 3], |[zero, one, two], marker| {
                    let risk = (coefficient * marker - largest).exp();
                    [zero + risk, one + risk * marker, two + risk * marker * marker]
                })
            };
            let all = sums(&self.areas.marker[..event.at_risk]);
            let leaving = sums(&event.markers);
            let count = event.markers.len() as f64;
            let (mut log, mut slope, mut curvature) = (0.0, 0.0, 0.0);
            for (marker, k) in event.markers.iter().zip(0..) {
                let share = f64::from(k) / count;
                let [zero, one, two] = [0, 1, 2].map(|moment| all[moment] - share * leaving[moment]);
                let mean = one / zero;
                log += coefficient * marker - largest - zero.ln();
                slope += marker - mean;
                curvature += two / zero - mean * mean;
            }
            sum.log += weight * log;
            sum.gradient[0] += weight * slope;
            sum.gradient[1] += weight * slope * from;
            sum.information[0] += weight * curvature;
            sum.information[1] += weight * curvature * from;
            sum.information[2] += weight * curvature * from * from;
        }
        sum
    }
}
