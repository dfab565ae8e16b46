use crate::error::SurvivalError;

/// The follow-up of the rows: from when to when each was observed, and whether it ended in the event.
///
/// Checked on construction: the lengths agree, times are finite and not negative, intervals have a length, weights are
/// above 0 (as R's `coxph` demands; a row that shall not count is left out), in fact from 1e-9 to 1e9. There is at least
/// one row.
#[derive(Debug, Clone, Copy)]
pub struct FollowUp<'a> {
    pub(crate) start: Option<&'a [f64]>,
    pub(crate) stop: &'a [f64],
    pub(crate) event: &'a [bool],
    pub(crate) weights: Option<&'a [f64]>,
}

/// Weights within these bounds can be added and taken off again without losing the small ones.
const SMALLEST_WEIGHT: f64 = 1e-9;
const LARGEST_WEIGHT: f64 = 1e9;

impl<'a> FollowUp<'a> {
    /// Right-censored follow-up: observed from 0 to `time`, where the event occurred (`true`) or observation ended.
    pub fn right_censored(time: &'a [f64], event: &'a [bool]) -> Result<Self, SurvivalError> {
        check_length("event", event.len(), time.len())?;
        if time.is_empty() {
            return Err(SurvivalError::NoRows);
        }
        check_times("time", time)?;
        Ok(Self {
            start: None,
            stop: time,
            event,
            weights: None,
        })
    }

    /// Left-truncated or time-dependent follow-up: each row is at risk in the interval (start, stop].
    pub fn intervals(start: &'a [f64], stop: &'a [f64], event: &'a [bool]) -> Result<Self, SurvivalError> {
        check_length("event", event.len(), stop.len())?;
        check_length("start", start.len(), stop.len())?;
        if stop.is_empty() {
            return Err(SurvivalError::NoRows);
        }
        check_times("start", start)?;
        check_times("stop", stop)?;
        match start.iter().zip(stop).position(|(start, stop)| stop <= start) {
            Some(row) => Err(SurvivalError::Interval {
                row,
                start: start[row],
                stop: stop[row],
            }),
            None => Ok(Self {
                start: Some(start),
                stop,
                event,
                weights: None,
            }),
        }
    }

    /// The same follow-up with a case weight for each row.
    pub fn with_weights(self, weights: &'a [f64]) -> Result<Self, SurvivalError> {
        check_length("weights", weights.len(), self.rows())?;
        check_finite("weights", weights)?;
        match weights
            .iter()
            .position(|weight| !(SMALLEST_WEIGHT..=LARGEST_WEIGHT).contains(weight))
        {
            Some(row) => Err(SurvivalError::Weight {
                row,
                value: weights[row],
            }),
            None => Ok(Self {
                weights: Some(weights),
                ..self
            }),
        }
    }

    /// Number of rows, at least 1.
    pub fn rows(&self) -> usize {
        self.stop.len()
    }

    /// Number of rows that end in the event.
    pub fn events(&self) -> usize {
        self.event.iter().filter(|event| **event).count()
    }
}

pub(crate) fn check_length(argument: &str, found: usize, expected: usize) -> Result<(), SurvivalError> {
    if found == expected {
        return Ok(());
    }
    Err(SurvivalError::Length {
        argument: argument.to_owned(),
        found,
        expected,
    })
}

pub(crate) fn check_finite(argument: &str, values: &[f64]) -> Result<(), SurvivalError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(SurvivalError::NotFinite {
            argument: argument.to_owned(),
            row,
            value: values[row],
        }),
        None => Ok(()),
    }
}

fn check_times(argument: &'static str, times: &[f64]) -> Result<(), SurvivalError> {
    check_finite(argument, times)?;
    match times.iter().position(|time| *time < 0.0) {
        Some(row) => Err(SurvivalError::NegativeTime {
            argument,
            row,
            value: times[row],
        }),
        None => Ok(()),
    }
}
