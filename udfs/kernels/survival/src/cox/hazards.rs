//! The baseline hazard at each time with events, and what each row makes of it.

use std::ops::Range;

use super::Ties;
use super::evaluate::{Design, Evaluation, EventTime};
use crate::error::SurvivalError;
use crate::risk_sets::Stratum;

/// The baseline hazard of the scaled covariates at one time with events.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hazard {
    /// Index of the time's group of rows.
    pub(crate) group: usize,
    /// Its increment for rows at risk.
    pub(crate) full: f64,
    /// Its increment for the rows with the event, which are there in part only.
    own: f64,
    /// The increment of its variance, coefficients taken as known.
    pub(crate) variance: f64,
    /// The increments summed from the stratum's first event to this time.
    cumulative: f64,
}

/// The hazards of all strata, each from its last time to its first, with the same times the mean of the covariates:
/// `covariates` numbers for each time.
#[derive(Debug, Default)]
pub(crate) struct Hazards {
    pub(crate) times: Vec<Hazard>,
    pub(crate) full: Vec<f64>,
    own: Vec<f64>,
    cumulative: Vec<f64>,
    /// The mean that an event is compared with.
    pub(crate) mean: Vec<f64>,
    /// For each stratum, its part of `times`.
    pub(crate) strata: Vec<Range<usize>>,
}

/// A row's part of the score and of the number of events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowResidual<'a> {
    pub(crate) position: usize,
    /// The events that the model expects of the row while it was at risk.
    pub(crate) expected: f64,
    /// The row's part of the score, by (scaled) covariate, not weighted.
    pub(crate) score: &'a [f64],
}

/// Places, among the times of a stratum (last to first), of a row's exit and entry, and the end of the stratum.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: usize,
    entry: usize,
    end: usize,
}

impl Hazards {
    pub(crate) fn collect(
        design: Design<'_>,
        ties: Ties,
        coefficients: &[f64],
        evaluation: &mut Evaluation,
    ) -> Result<Self, SurvivalError> {
        let covariates = design.covariates;
        let times = design.sets.groups.iter().filter(|group| group.events > 0).count();
        let too_large = || SurvivalError::TooLarge {
            rows: design.sets.rows(),
            covariates,
        };
        let len = times.checked_mul(covariates).ok_or_else(too_large)?;
        let mut hazards = Self::default();
        for numbers in [
            &mut hazards.full,
            &mut hazards.own,
            &mut hazards.cumulative,
            &mut hazards.mean,
        ] {
            numbers.try_reserve_exact(len).map_err(|_| too_large())?;
        }
        evaluation.at_with(design, coefficients, ties.of_hazard(), &|_| 1.0, &mut |time| {
            hazards.add(time)
        });
        let mut first = 0;
        for stratum in &design.sets.strata {
            let count = hazards.times[first..].partition_point(|time| time.group < stratum.groups.end);
            hazards.strata.push(first..first + count);
            hazards.accumulate(first..first + count, covariates);
            first += count;
        }
        Ok(hazards)
    }

    fn add(&mut self, time: EventTime<'_>) {
        self.times.push(Hazard {
            group: time.group,
            full: time.hazard,
            own: time.own_hazard,
            variance: time.variance,
            cumulative: 0.0,
        });
        self.full.extend_from_slice(time.moment);
        self.own.extend_from_slice(time.own_moment);
        self.mean.extend_from_slice(time.mean);
        self.cumulative.resize(self.full.len(), 0.0);
    }

    /// Sums the increments from the stratum's first event on, which is the last of `times`.
    fn accumulate(&mut self, times: Range<usize>, covariates: usize) {
        let end = times.end;
        for time in times.rev() {
            let later = if time + 1 < end {
                self.times[time + 1].cumulative
            } else {
                0.0
            };
            self.times[time].cumulative = later + self.times[time].full;
            for column in 0..covariates {
                let place = time * covariates + column;
                let later = if time + 1 < end {
                    self.cumulative[place + covariates]
                } else {
                    0.0
                };
                self.cumulative[place] = later + self.full[place];
            }
        }
    }

    /// Visits every row that was in a risk set, in the order of positions.
    ///
    /// A row's score residual is its part of the score: for an event x - mean, less for every row its risk times the sum
    /// of (x - mean) times the increments of the baseline hazard while it is at risk. With Efron's ties, a time's events
    /// meet each of its terms with the fraction in which they are in its risk set (Therneau and Grambsch 2000, 4.2 and
    /// 7.1).
    pub(crate) fn each_row(&self, design: Design<'_>, coefficients: &[f64], mut visit: impl FnMut(RowResidual<'_>)) {
        let mut residual = vec![0.0; design.covariates];
        for (stratum, times) in design.sets.strata.iter().zip(&self.strata) {
            self.each_row_of(design, stratum, times, coefficients, &mut residual, &mut visit);
        }
    }

    fn each_row_of(
        &self,
        design: Design<'_>,
        stratum: &Stratum,
        times: &Range<usize>,
        coefficients: &[f64],
        residual: &mut [f64],
        visit: &mut impl FnMut(RowResidual<'_>),
    ) {
        let sets = design.sets;
        let mut at = times.start;
        for index in stratum.active.clone() {
            let group = &sets.groups[index];
            // Times run backwards: this group's own, if it has events, is the first that is not after it.
            while at < times.end && self.times[at].group < index {
                at += 1;
            }
            for position in group.rows.clone() {
                let before_entry = sets.entries.as_ref().map(|entries| {
                    let entry = entries.time[position];
                    let after = |time: &Hazard| sets.groups[time.group].time > entry;
                    times.start + self.times[times.clone()].partition_point(after)
                });
                let span = Span {
                    at,
                    entry: before_entry.unwrap_or(times.end),
                    end: times.end,
                };
                let risk = design.predictor(position, coefficients).exp();
                let expected = self.residual(design.row(position), risk, sets.event[position], span, residual);
                visit(RowResidual {
                    position,
                    expected,
                    score: residual,
                });
            }
        }
    }

    /// Fills in the score residual; gives the expected events.
    fn residual(&self, row: &[f64], risk: f64, event: bool, span: Span, residual: &mut [f64]) -> f64 {
        let covariates = row.len();
        let until = |time: usize| {
            if time < span.end {
                self.times[time].cumulative
            } else {
                0.0
            }
        };
        let from = if event { span.at + 1 } else { span.at };
        let own = if event { self.times[span.at].own } else { 0.0 };
        let hazard = until(from) - until(span.entry) + own;
        for (column, (slot, value)) in residual.iter_mut().zip(row).enumerate() {
            let number = |numbers: &[f64], time: usize| numbers[time * covariates + column];
            let until = |time: usize| {
                if time < span.end {
                    number(&self.cumulative, time)
                } else {
                    0.0
                }
            };
            let mut moment = until(from) - until(span.entry);
            *slot = 0.0;
            if event {
                moment += number(&self.own, span.at);
                *slot = value - number(&self.mean, span.at);
            }
            *slot -= risk * (value * hazard - moment);
        }
        risk * hazard
    }
}
