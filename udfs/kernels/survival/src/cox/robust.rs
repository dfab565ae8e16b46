//! The robust variance of the coefficients (Lin and Wei 1989).

use super::Ties;
use super::evaluate::{Design, Evaluation, EventTime};
use crate::error::SurvivalError;

/// The baseline hazard and what it weighs, at one time with events.
#[derive(Debug, Clone, Copy, Default)]
struct Hazard {
    /// Index of the time's group of rows.
    group: usize,
    /// Its increment for rows at risk, and for the rows with the event, which are there in part only.
    full: f64,
    own: f64,
    /// The same summed from the stratum's first event to this time.
    cumulative: f64,
}

/// What [`Hazard`] holds, times the mean of the covariates: `covariates` numbers for each time.
#[derive(Debug, Default)]
struct Hazards {
    times: Vec<Hazard>,
    full: Vec<f64>,
    own: Vec<f64>,
    cumulative: Vec<f64>,
    /// The mean that an event is compared with.
    mean: Vec<f64>,
}

/// The sum over rows of d d', with d the row's weight times its score residual times `variance`, the inverse of the
/// information (all `covariates` squared elements). Rows count as independent.
///
/// A row's score residual is its part of the score: for an event x - mean, less for every row its risk times the sum of
/// (x - mean) times the increments of the baseline hazard while it is at risk. With Efron's ties, a time's events meet
/// each of its terms with the fraction in which they are in its risk set (Therneau and Grambsch 2000, 4.2 and 7.1).
pub(crate) fn robust_variance(
    design: Design<'_>,
    ties: Ties,
    coefficients: &[f64],
    variance: &[f64],
    evaluation: &mut Evaluation,
) -> Result<Vec<f64>, SurvivalError> {
    let covariates = design.covariates;
    let sets = design.sets;
    if covariates == 0 {
        return Ok(Vec::new());
    }
    let mut hazards = Hazards::collect(design, ties, coefficients, evaluation)?;
    let mut robust = vec![0.0; covariates * covariates];
    let mut residual = vec![0.0; covariates];
    let mut influence = vec![0.0; covariates];
    let mut first_time = 0;
    for stratum in &sets.strata {
        let times = first_time
            ..first_time + hazards.times[first_time..].partition_point(|time| time.group < stratum.groups.end);
        first_time = times.end;
        hazards.accumulate(times.clone(), covariates);
        for index in stratum.active.clone() {
            let group = &sets.groups[index];
            // Times run backwards: this group's own, if it has events, is the first that is not before it.
            let at = times.start + hazards.times[times.clone()].partition_point(|time| time.group < index);
            for position in group.rows.clone() {
                let before_entry = sets.entries.as_ref().map(|entries| {
                    let entry = entries.time[position];
                    let after = |time: &Hazard| sets.groups[time.group].time > entry;
                    times.start + hazards.times[times.clone()].partition_point(after)
                });
                let risk = design.predictor(position, coefficients).exp();
                let event = sets.event[position];
                let span = Span {
                    at,
                    entry: before_entry.unwrap_or(times.end),
                    end: times.end,
                };
                hazards.residual(design.row(position), risk, event, span, &mut residual);
                let weight = sets.weight(position);
                for (column, influence) in influence.iter_mut().enumerate() {
                    let line = &variance[column * covariates..(column + 1) * covariates];
                    *influence = weight * line.iter().zip(&residual).map(|(v, r)| v * r).sum::<f64>();
                }
                for (row, line) in influence.iter().zip(robust.chunks_exact_mut(covariates)) {
                    for (slot, column) in line.iter_mut().zip(&influence) {
                        *slot += row * column;
                    }
                }
            }
        }
    }
    Ok(robust)
}

/// Places, among the times of a stratum (last to first), of a row's exit and entry, and the end of the stratum.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: usize,
    entry: usize,
    end: usize,
}

impl Hazards {
    fn collect(
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
        evaluation.at_with(design, coefficients, ties, &mut |time| hazards.add(time));
        Ok(hazards)
    }

    fn add(&mut self, time: EventTime<'_>) {
        self.times.push(Hazard {
            group: time.group,
            full: time.hazard,
            own: time.own_hazard,
            cumulative: 0.0,
        });
        self.full.extend_from_slice(time.moment);
        self.own.extend_from_slice(time.own_moment);
        self.mean.extend_from_slice(time.mean);
        self.cumulative.resize(self.full.len(), 0.0);
    }

    /// Sums the increments from the stratum's first event on, which is the last of `times`.
    fn accumulate(&mut self, times: std::ops::Range<usize>, covariates: usize) {
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

    fn residual(&self, row: &[f64], risk: f64, event: bool, span: Span, residual: &mut [f64]) {
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
    }
}
