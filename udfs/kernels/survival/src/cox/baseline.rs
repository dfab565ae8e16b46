//! The baseline hazard and the survival curves that come from it, as R's `basehaz` and `survfit.coxph` define them.

use super::model::CoxModel;
use super::residuals::product;
use crate::confidence::{ConfidenceType, survival_interval};
use crate::distributions::ConfidenceLevel;
use crate::double_sum::DoubleSum;
use crate::error::SurvivalError;
use crate::follow_up::check_length;
use crate::risk_sets::{RiskSets, Stratum};

/// What predictions need of a fitted model: the cumulative baseline hazard of each stratum and its uncertainty. It holds a
/// few numbers for each distinct time and stands on its own, without the rows.
///
/// Hazards are Efron's after a fit with Efron's ties, else Breslow's; survival is exp(-cumulative hazard).
#[derive(Debug, Clone, PartialEq)]
pub struct CoxBaseline {
    /// Number of terms, and the places among them of the columns below.
    terms: usize,
    columns: Vec<usize>,
    scale: Vec<f64>,
    coefficients: Vec<f64>,
    variance: Vec<f64>,
    means: Vec<f64>,
    strata: Vec<StratumHazard>,
}

#[derive(Debug, Clone, PartialEq)]
struct StratumHazard {
    code: u32,
    /// The covariates at which the hazard below holds.
    centres: Vec<f64>,
    times: Vec<TimeHazard>,
    /// For each time, the increments of the hazard times the mean of the scaled covariates, summed up to it.
    moments: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct TimeHazard {
    time: f64,
    n_risk: f64,
    n_event: f64,
    n_censor: f64,
    /// Cumulative hazard, and its variance with the coefficients taken as known.
    cumulative: f64,
    variance: f64,
}

/// The covariates at which a baseline hazard is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HazardAt {
    /// [`super::CoxFit::means`]; R's default (`centered = TRUE`).
    #[default]
    Means,
    /// All covariates 0.
    Zero,
}

/// A cumulative baseline hazard at one time. Numbers at risk, of events and of censored rows are sums of weights when
/// there are weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HazardStep {
    /// The stratum's code, 0 without strata.
    pub stratum: u32,
    /// The time, near-tied times merged.
    pub time: f64,
    /// Rows at risk just before.
    pub n_risk: f64,
    /// Events at this time.
    pub n_event: f64,
    /// Rows censored at this time.
    pub n_censor: f64,
    /// The cumulative hazard up to and including this time.
    pub hazard: f64,
}

/// A predicted survival curve at one time. All but the time is NaN where it is not known: for a row with a missing value,
/// and after the stratum's last time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictedStep {
    /// The time.
    pub time: f64,
    /// Rows of the stratum at risk just before this time, events and censored rows at it (of the fitted rows, weighted). At
    /// a time asked for, those of the last time of the fitted rows that is not after it.
    pub n_risk: f64,
    /// Events.
    pub n_event: f64,
    /// Censored rows.
    pub n_censor: f64,
    /// Cumulative hazard.
    pub cumulative_hazard: f64,
    /// Its standard error, which is that of log survival (R's `std.err`): of the hazard and of the coefficients.
    pub se_cumulative_hazard: f64,
    /// Probability of surviving beyond this time.
    pub survival: f64,
    /// Standard error of `survival`.
    pub se: f64,
    /// Lower confidence limit; NaN where it is not defined: `survival` is 0, or 1 on the log-log scale.
    pub lower: f64,
    /// Upper confidence limit, at most 1; NaN as for `lower`.
    pub upper: f64,
}

impl CoxModel<'_> {
    /// The baseline hazard of each stratum, at every distinct time of its rows.
    pub fn baseline(&self) -> Result<CoxBaseline, SurvivalError> {
        let hazards = self.hazards()?;
        let columns = self.columns.len();
        let distinct = self.sets.distinct_times();
        let count = self.sets.strata.len();
        let strata = self.sets.strata.iter().zip(&hazards.strata).enumerate();
        let strata = strata.map(|(place, (stratum, found))| {
            let mut times = counts(self.sets, stratum, &distinct);
            let mut moments = vec![0.0; times.len() * columns];
            let mut current = vec![0.0; columns];
            let (mut cumulative, mut variance) = (0.0, 0.0);
            // Groups and hazards run backwards.
            let mut next = found.end;
            for (step, group) in stratum.groups.clone().rev().enumerate() {
                if next > found.start && hazards.times[next - 1].group == group {
                    next -= 1;
                    cumulative += hazards.times[next].full;
                    variance += hazards.times[next].variance;
                    let moment = &hazards.full[next * columns..(next + 1) * columns];
                    current.iter_mut().zip(moment).for_each(|(sum, value)| *sum += value);
                }
                times[step].cumulative = cumulative;
                times[step].variance = variance;
                moments[step * columns..(step + 1) * columns].copy_from_slice(&current);
            }
            StratumHazard {
                code: self.sets.stratum_code(stratum.rows.start),
                centres: (0..columns)
                    .map(|column| self.centres[column * count + place])
                    .collect(),
                times,
                moments,
            }
        });
        Ok(CoxBaseline {
            terms: self.fit().terms.len(),
            columns: self.columns.clone(),
            scale: self.scale.clone(),
            coefficients: self.coefficients.clone(),
            variance: self.variance.clone(),
            means: self.fit().means.clone(),
            strata: strata.collect(),
        })
    }
}

impl CoxBaseline {
    /// Codes of the strata, ascending; only 0 without strata.
    pub fn strata(&self) -> impl Iterator<Item = u32> + '_ {
        self.strata.iter().map(|stratum| stratum.code)
    }

    /// The cumulative baseline hazard at every distinct time, by stratum and time (R's `basehaz`).
    pub fn hazard(&self, at: HazardAt) -> Vec<HazardStep> {
        let zero = vec![0.0; self.terms];
        let row = match at {
            HazardAt::Means => &self.means,
            HazardAt::Zero => &zero,
        };
        let steps = self.strata.iter().flat_map(|stratum| {
            let risk = self.risk(stratum, |place| row[place]);
            stratum.times.iter().map(move |time| HazardStep {
                stratum: stratum.code,
                time: time.time,
                n_risk: time.n_risk,
                n_event: time.n_event,
                n_censor: time.n_censor,
                hazard: time.cumulative * risk,
            })
        });
        steps.collect()
    }

    /// The survival curve of one row of covariates at every distinct time of its stratum (R's `survfit` with `newdata`).
    /// An error when the row has not as many values as there are terms, or the stratum is not known.
    pub fn curve(
        &self,
        row: &[f64],
        stratum: u32,
        level: ConfidenceLevel,
        confidence_type: ConfidenceType,
    ) -> Result<Vec<PredictedStep>, SurvivalError> {
        let stratum = self.stratum(stratum)?;
        let scaled = self.scaled(stratum, row)?;
        let step = |(place, time): (usize, &TimeHazard)| {
            self.step(stratum, &scaled, time.time, Some(place), level, confidence_type)
        };
        Ok(stratum.times.iter().enumerate().map(step).collect())
    }

    /// The same curve at the `times` asked for, in their order. Before the first event survival is 1; after the last time
    /// of the stratum it is not known.
    pub fn curve_at(
        &self,
        row: &[f64],
        stratum: u32,
        times: &[f64],
        level: ConfidenceLevel,
        confidence_type: ConfidenceType,
    ) -> Result<Vec<PredictedStep>, SurvivalError> {
        let stratum = self.stratum(stratum)?;
        let scaled = self.scaled(stratum, row)?;
        let step = |&time: &f64| {
            let scaled = if stratum.is_known(time) {
                &scaled[..]
            } else {
                &[f64::NAN]
            };
            self.step(stratum, scaled, time, stratum.last_until(time), level, confidence_type)
        };
        Ok(times.iter().map(step).collect())
    }

    /// The survival probability of many rows at some times, a line of `times.len()` numbers for each row.
    ///
    /// `columns` holds a slice for each term, a value a row; `strata` a code a row where the model has strata. NaN for a
    /// row with a missing value and after the last time of its stratum. An error when lengths disagree or a stratum is not
    /// known.
    pub fn survival_at(
        &self,
        columns: &[&[f64]],
        strata: Option<&[u32]>,
        times: &[f64],
    ) -> Result<Vec<f64>, SurvivalError> {
        check_length("columns", columns.len(), self.terms)?;
        let rows = columns.first().map_or(0, |column| column.len());
        for column in columns {
            check_length("column", column.len(), rows)?;
        }
        if let Some(strata) = strata {
            check_length("strata", strata.len(), rows)?;
        }
        let hazards: Vec<Vec<f64>> = self.strata.iter().map(|stratum| stratum.hazards_at(times)).collect();
        let mut survival = Vec::with_capacity(rows * times.len());
        for row in 0..rows {
            let place = self.stratum_place(strata.map_or(0, |strata| strata[row]))?;
            let risk = self.risk(&self.strata[place], |place| columns[place][row]);
            survival.extend(hazards[place].iter().map(|hazard| (-hazard * risk).exp()));
        }
        Ok(survival)
    }

    fn stratum_place(&self, code: u32) -> Result<usize, SurvivalError> {
        self.strata
            .binary_search_by_key(&code, |stratum| stratum.code)
            .map_err(|_| SurvivalError::UnknownStratum { stratum: code })
    }

    fn stratum(&self, code: u32) -> Result<&StratumHazard, SurvivalError> {
        Ok(&self.strata[self.stratum_place(code)?])
    }

    /// exp() of the linear predictor relative to the stratum's centre. Terms without a coefficient count as 0.
    fn risk(&self, stratum: &StratumHazard, value: impl Fn(usize) -> f64) -> f64 {
        let terms = self.columns.iter().zip(&self.scale).zip(&stratum.centres);
        let terms = terms.zip(&self.coefficients);
        terms
            .map(|(((&place, scale), centre), coefficient)| (value(place) - centre) * scale * coefficient)
            .sum::<f64>()
            .exp()
    }

    fn scaled(&self, stratum: &StratumHazard, row: &[f64]) -> Result<Vec<f64>, SurvivalError> {
        check_length("row", row.len(), self.terms)?;
        let columns = self.columns.iter().zip(&self.scale).zip(&stratum.centres);
        Ok(columns
            .map(|((&place, scale), centre)| (row[place] - centre) * scale)
            .collect())
    }

    /// The curve at `time`, which the stratum's time at `place` stands for; `None` is before all of them. Of a
    /// `scaled` row with NaN nothing is known.
    ///
    /// The variance of the cumulative hazard H of a row x is that of the baseline plus d' V d with V the variance of the
    /// coefficients and d the derivative of H by them: x times H less the sum of the hazard's increments times the means.
    fn step(
        &self,
        stratum: &StratumHazard,
        scaled: &[f64],
        time: f64,
        place: Option<usize>,
        level: ConfidenceLevel,
        confidence_type: ConfidenceType,
    ) -> PredictedStep {
        let nan = f64::NAN;
        let mut step = PredictedStep {
            time,
            n_risk: nan,
            n_event: nan,
            n_censor: nan,
            cumulative_hazard: nan,
            se_cumulative_hazard: nan,
            survival: nan,
            se: nan,
            lower: nan,
            upper: nan,
        };
        let columns = self.columns.len();
        if scaled.len() != columns || scaled.iter().any(|value| value.is_nan()) {
            return step;
        }
        let risk = product(scaled, &self.coefficients).exp();
        let (mut hazard, mut variance) = (0.0, 0.0);
        if let Some(place) = place {
            let found = &stratum.times[place];
            (step.n_risk, step.n_event, step.n_censor) = (found.n_risk, found.n_event, found.n_censor);
            hazard = found.cumulative;
            let moments = &stratum.moments[place * columns..(place + 1) * columns];
            let derivative: Vec<f64> = scaled
                .iter()
                .zip(moments)
                .map(|(x, moment)| x * hazard - moment)
                .collect();
            variance = found.variance;
            for (slope, line) in derivative.iter().zip(self.variance.chunks(columns.max(1))) {
                variance += slope * product(line, &derivative);
            }
        }
        step.cumulative_hazard = hazard * risk;
        step.se_cumulative_hazard = variance.sqrt() * risk;
        step.survival = (-step.cumulative_hazard).exp();
        step.se = step.survival * step.se_cumulative_hazard;
        if step.survival > 0.0 {
            let (lower, upper) =
                survival_interval(step.survival, step.se_cumulative_hazard, level.z(), confidence_type);
            step.lower = lower.unwrap_or(nan);
            step.upper = upper.unwrap_or(nan);
        }
        step
    }
}

impl StratumHazard {
    /// The place of the last time that is not after `time`.
    fn last_until(&self, time: f64) -> Option<usize> {
        self.times.partition_point(|step| step.time <= time).checked_sub(1)
    }

    /// Whether follow-up reaches `time`.
    fn is_known(&self, time: f64) -> bool {
        self.times.last().is_some_and(|last| time <= last.time)
    }

    fn hazards_at(&self, times: &[f64]) -> Vec<f64> {
        let hazard = |&time: &f64| match self.last_until(time) {
            _ if !self.is_known(time) => f64::NAN,
            Some(place) => self.times[place].cumulative,
            None => 0.0,
        };
        times.iter().map(hazard).collect()
    }
}

/// The times of a stratum, ascending, with those at risk, events and censored rows.
fn counts(sets: &RiskSets, stratum: &Stratum, distinct: &[f64]) -> Vec<TimeHazard> {
    let mut times = Vec::with_capacity(stratum.groups.len());
    let mut at_risk = DoubleSum::default();
    let starts = sets.entries.as_ref();
    let mut starting = starts
        .map_or(&[][..], |entries| &entries.by_time[stratum.rows.clone()])
        .iter()
        .peekable();
    for group in &sets.groups[stratum.groups.clone()] {
        let (mut n_event, mut n_censor) = (0.0, 0.0);
        for position in group.rows.clone() {
            let weight = sets.weight(position);
            at_risk.add(weight);
            *if sets.event[position] {
                &mut n_event
            } else {
                &mut n_censor
            } += weight;
        }
        if let Some(entries) = starts {
            while let Some(&position) = starting.next_if(|&&position| entries.time[position as usize] >= group.time) {
                at_risk.add(-sets.weight(position as usize));
            }
        }
        times.push(TimeHazard {
            time: distinct[group.time as usize],
            n_risk: at_risk.sum(),
            n_event,
            n_censor,
            cumulative: 0.0,
            variance: 0.0,
        });
    }
    times.reverse();
    times
}
