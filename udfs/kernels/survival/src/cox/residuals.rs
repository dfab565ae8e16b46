//! Residuals of a fitted model, as R's `residuals.coxph` defines them.

use super::Ties;
use super::model::CoxModel;
use crate::error::SurvivalError;

/// What the model expected of each row, in the caller's order of rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowResiduals {
    /// Events expected while the row was at risk: its cumulative hazard.
    pub expected: Vec<f64>,
    /// Event (1 or 0) less expected.
    pub martingale: Vec<f64>,
    /// Martingale residuals made symmetric about 0: the signed root of the row's part of the deviance.
    pub deviance: Vec<f64>,
}

/// Influence of single rows on the coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Influence {
    /// In units of the coefficient: about what the coefficient would lose without the row (R's `dfbeta`).
    Coefficient,
    /// In standard errors of the coefficient, from the information (R's `dfbetas`).
    StandardError,
}

/// An event's covariates compared with those at risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SchoenfeldEvent {
    /// The row, from 0, in the caller's order.
    pub row: usize,
    /// Its stratum's code, 0 without strata.
    pub stratum: u32,
    /// Its time, near-tied times merged.
    pub time: f64,
}

/// Schoenfeld residuals, a line for each event, by stratum, then time, then row.
#[derive(Debug, Clone, PartialEq)]
pub struct SchoenfeldResiduals {
    /// The events, one a line.
    pub events: Vec<SchoenfeldEvent>,
    /// Covariate less its mean at risk; a number for each term, line by line. NaN for terms that are not in the model
    /// because they are constant or collinear.
    pub residuals: Vec<f64>,
    /// The same times the variance of the coefficients (from the information) and the number of events, plus the
    /// coefficient: an estimate of the coefficient at this time (Grambsch and Therneau 1994).
    pub scaled: Vec<f64>,
}

impl CoxModel<'_> {
    /// Expected events, martingale and deviance residuals of each row. With exact ties they are Breslow's, as in R.
    pub fn residuals(&self) -> Result<RowResiduals, SurvivalError> {
        let rows = self.sets.rows();
        let mut expected = vec![0.0; rows];
        self.hazards()?.each_row(self.design(), &self.coefficients, |residual| {
            expected[self.order[residual.position] as usize] = residual.expected;
        });
        let mut event = vec![false; rows];
        for (&row, &had) in self.order.iter().zip(&self.sets.event) {
            event[row as usize] = had;
        }
        let pairs = || event.iter().zip(&expected);
        let martingale = |(&event, &expected): (&bool, &f64)| f64::from(u8::from(event)) - expected;
        let deviance = |(&event, &expected): (&bool, &f64)| {
            let martingale = martingale((&event, &expected));
            let log = if event { expected.ln() } else { 0.0 };
            // Rounding may leave the sum of a row that was expected exactly a trace above 0.
            (-2.0 * (martingale + log)).max(0.0).sqrt().copysign(martingale)
        };
        Ok(RowResiduals {
            martingale: pairs().map(martingale).collect(),
            deviance: pairs().map(deviance).collect(),
            expected,
        })
    }

    /// Each row's part of the score at the coefficients, not weighted: a number for each term, row by row in the caller's
    /// order. NaN for terms that are not in the model because they are constant or collinear. Not defined for exact ties.
    pub fn score_residuals(&self) -> Result<Vec<f64>, SurvivalError> {
        self.not_exact("score residuals with exact ties")?;
        let mut table = self.table(self.sets.rows())?;
        let terms = self.fit().terms.len();
        self.hazards()?.each_row(self.design(), &self.coefficients, |residual| {
            let row = self.order[residual.position] as usize;
            for ((&place, score), scale) in self.columns.iter().zip(residual.score).zip(&self.scale) {
                table[row * terms + place] = score / scale;
            }
        });
        self.fill_unvisited(&mut table);
        Ok(table)
    }

    /// The influence of each row on each coefficient: its score residual times the inverse of the information times its
    /// weight; a number for each term, row by row in the caller's order. NaN for terms that are not in the model.
    /// Not defined for exact ties.
    pub fn dfbeta(&self, influence: Influence) -> Result<Vec<f64>, SurvivalError> {
        self.not_exact("dfbeta with exact ties")?;
        let mut table = self.table(self.sets.rows())?;
        let terms = self.fit().terms.len();
        let columns = self.columns.len();
        let unit = |column: usize| match influence {
            Influence::Coefficient => self.scale[column],
            Influence::StandardError => 1.0 / self.inverse[column * columns + column].sqrt(),
        };
        let units: Vec<f64> = (0..columns).map(unit).collect();
        self.hazards()?.each_row(self.design(), &self.coefficients, |residual| {
            let row = self.order[residual.position] as usize;
            let weight = self.sets.weight(residual.position);
            for ((&place, line), unit) in self.columns.iter().zip(self.inverse.chunks(columns.max(1))).zip(&units) {
                table[row * terms + place] = weight * product(line, residual.score) * unit;
            }
        });
        self.fill_unvisited(&mut table);
        Ok(table)
    }

    /// Schoenfeld residuals and their scaled form. Not defined for exact ties.
    pub fn schoenfeld(&self) -> Result<SchoenfeldResiduals, SurvivalError> {
        self.not_exact("Schoenfeld residuals with exact ties")?;
        let design = self.design();
        let hazards = self.hazards()?;
        let (terms, columns) = (self.fit().terms.len(), self.columns.len());
        let events = self.events_in_order();
        let mut residuals = self.table(events.len())?;
        let mut scaled = self.table(events.len())?;
        let count = events.len() as f64;
        let mut difference = vec![0.0; columns];
        for (line, event) in events.iter().enumerate() {
            let time = hazards.times.partition_point(|time| time.group < event.group);
            let mean = &hazards.mean[time * columns..(time + 1) * columns];
            for ((slot, value), mean) in difference.iter_mut().zip(design.row(event.position)).zip(mean) {
                *slot = value - mean;
            }
            for (column, &place) in self.columns.iter().enumerate() {
                let scale = self.scale[column];
                let line_of_inverse = &self.inverse[column * columns..(column + 1) * columns];
                let moved = product(line_of_inverse, &difference) * count + self.coefficients[column];
                residuals[line * terms + place] = difference[column] / scale;
                scaled[line * terms + place] = moved * scale;
            }
        }
        let distinct = self.sets.distinct_times();
        let event = |event: &EventPlace| SchoenfeldEvent {
            row: self.order[event.position] as usize,
            stratum: self.sets.stratum_code(event.position),
            time: distinct[self.sets.groups[event.group].time as usize],
        };
        Ok(SchoenfeldResiduals {
            events: events.iter().map(event).collect(),
            residuals,
            scaled,
        })
    }

    /// Events by stratum, then time, then row.
    pub(super) fn events_in_order(&self) -> Vec<EventPlace> {
        let mut events = Vec::with_capacity(self.sets.events());
        for stratum in &self.sets.strata {
            for group in stratum.active.clone().rev() {
                let first = events.len();
                let rows = self.sets.groups[group].rows.clone();
                let with_event = rows.filter(|&position| self.sets.event[position]);
                events.extend(with_event.map(|position| EventPlace { position, group }));
                events[first..].sort_unstable_by_key(|event| self.order[event.position]);
            }
        }
        events
    }

    /// Rows that were in no risk set have no influence: 0 where NaN still stands for a term of the model.
    fn fill_unvisited(&self, table: &mut [f64]) {
        let terms = self.fit().terms.len();
        for stratum in &self.sets.strata {
            let visited = self.sets.groups[stratum.active.clone()].last();
            let first = visited.map_or(stratum.rows.start, |group| group.rows.end);
            for &row in &self.order[first..stratum.rows.end] {
                for &place in &self.columns {
                    table[row as usize * terms + place] = 0.0;
                }
            }
        }
    }

    fn not_exact(&self, function: &'static str) -> Result<(), SurvivalError> {
        if self.ties == Ties::Exact {
            return Err(SurvivalError::Unsupported {
                function,
                what: "a discrete model: choose efron or breslow",
            });
        }
        Ok(())
    }
}

/// Position of an event and the index of its group.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventPlace {
    pub(super) position: usize,
    pub(super) group: usize,
}

pub(super) fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
