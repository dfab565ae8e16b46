//! How good predicted risks are: their error, their calibration and their use for decisions.

mod brier;
mod calibration;
mod decision;

pub use brier::{BrierDifference, BrierScore, brier_score, compare_brier_scores};
pub use calibration::{Bins, Calibration, CalibrationBin, ObservedExpected, Slope, calibration};
pub use decision::{DecisionCurve, NetBenefit, decision_curve};

use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};

/// What a model predicts of each row for one time.
#[derive(Debug, Clone, Copy)]
pub enum Prediction<'a> {
    /// The probability of no event up to the time.
    Survival(&'a [f64]),
    /// The probability of the event up to the time.
    Risk(&'a [f64]),
}

impl Prediction<'_> {
    fn values(&self) -> &[f64] {
        match self {
            Self::Survival(values) | Self::Risk(values) => values,
        }
    }

    fn risk(&self, row: usize) -> f64 {
        match self {
            Self::Survival(values) => 1.0 - values[row],
            Self::Risk(values) => values[row],
        }
    }

    fn survival(&self, row: usize) -> f64 {
        match self {
            Self::Survival(values) => values[row],
            Self::Risk(values) => 1.0 - values[row],
        }
    }

    /// One probability for each row.
    fn check(&self, rows: usize) -> Result<(), SurvivalError> {
        let (argument, values) = match self {
            Self::Survival(values) => ("survival", values),
            Self::Risk(values) => ("risk", values),
        };
        check_length(argument, values.len(), rows)?;
        // NaN lies in no range.
        match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            Some(row) => Err(SurvivalError::Probability {
                argument,
                row,
                value: values[row],
            }),
            None => Ok(()),
        }
    }
}

/// All of this is defined for right-censored rows that count alike.
fn check_right_censored(function: &'static str, follow_up: &FollowUp<'_>) -> Result<(), SurvivalError> {
    let unsupported = |what| Err(SurvivalError::Unsupported { function, what });
    if follow_up.start.is_some() {
        return unsupported("intervals (start, stop]");
    }
    if follow_up.weights.is_some() {
        return unsupported("weights");
    }
    Ok(())
}

fn check_time(time: f64) -> Result<(), SurvivalError> {
    if time.is_finite() && time >= 0.0 {
        return Ok(());
    }
    Err(SurvivalError::Parameter {
        parameter: "time",
        value: time,
        expected: "a finite time of 0 or more",
    })
}
