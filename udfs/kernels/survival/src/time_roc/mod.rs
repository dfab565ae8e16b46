//! Cumulative/dynamic discrimination of a marker over time, as timeROC estimates it (Uno et al. 2007; Hung and Chiang
//! 2010; Blanche, Dartigues and Jacqmin-Gadda 2013).

mod area;
pub(crate) mod censoring;
mod compare;
mod conditional;
mod curve;
pub(crate) mod rows;

pub use compare::{AucDifference, compare_time_roc};
pub use conditional::{ConditionalRoc, ConditionalSurvival, Span, conditional_roc};
pub use curve::{RocPoint, time_roc_curve};

use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_finite, check_length};
use area::Area;

pub(crate) use area::ByMarker;
pub(crate) use censoring::kaplan_meier as censored_kaplan_meier;
pub(crate) use rows::{Rows, Split};

/// How the probability G of not being censored is estimated. Cases weigh 1/G just before their time, controls 1/G at t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Weighting {
    /// By the Kaplan-Meier estimator of the censoring, events before censorings at one time: for censoring that does not
    /// depend on the marker.
    #[default]
    Marginal,
    /// By a proportional-hazards model of the censoring given the marker (Efron's ties and baseline hazard). As in
    /// timeROC there is no standard error.
    Cox,
}

/// How rows with one time enter the standard error; the area itself does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TiedTimes {
    /// They leave together, so that the order of the rows does not matter: riskRegression's `Score`.
    #[default]
    Together,
    /// They leave one after the other in the order in which the rows are given, to have timeROC's digits. Of the digits
    /// of an `se` of data with ties about the sixth depends on that order. Without ties the same as `Together`.
    InRowOrder,
}

/// What [`time_roc`] can be asked for. `TimeRocOptions::default()` is timeROC's default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TimeRocOptions {
    /// Estimator of the censoring.
    pub weighting: Weighting,
    /// Rows with one time in the standard error.
    pub tied_times: TiedTimes,
    /// Coverage of the confidence intervals.
    pub level: ConfidenceLevel,
}

/// Discrimination of a marker at one time t between cases, who had the event before t, and controls, who were observed
/// beyond t. Rows that end at t itself are neither, as in timeROC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeRoc {
    /// The time t.
    pub time: f64,
    /// Area under the ROC curve: the probability that a case has the higher marker, ties counted half. NaN without a case
    /// or without a control.
    pub auc: f64,
    /// Standard error of `auc`, with the estimation of G accounted for. NaN when `auc` is, for [`Weighting::Cox`], and of one
    /// row.
    pub se: f64,
    /// auc - z se; not cut off at 0.
    pub lower: f64,
    /// auc + z se; not cut off at 1.
    pub upper: f64,
    /// Rows with the event before t.
    pub cases: usize,
    /// Rows observed beyond t.
    pub controls: usize,
    /// The other rows: censored before t, or observed to t itself.
    pub censored: usize,
    /// Estimated probability of the event before t (timeROC's `CumulativeIncidence`).
    pub incidence: f64,
    /// Estimated probability of no event up to t (timeROC's `survProb`). Together with `incidence` this is 1 up to rounding
    /// for [`Weighting::Marginal`] when no row ends at t.
    pub survival: f64,
}

/// The area under the cumulative/dynamic ROC curve of `marker`, higher meaning earlier events, at each of `times`, in the
/// order given (R's `timeROC(T, delta, marker, cause = 1, times, iid = TRUE)`).
///
/// O(n log n) for the sorting and O(n) for each time, the standard error included. Near-tied times are merged first, and a
/// row within the same tolerance of t counts as at t. Markers tie when they are equal to the last bit.
///
/// No case or no control at t, t beyond the last time, all rows censored: `auc`, `se` and the interval are NaN beside the
/// counts. A constant marker has 0.5 with `se` 0. A time that is not above 0 or not finite is an error, and so are
/// intervals and weights, for which this is not defined.
pub fn time_roc(
    follow_up: &FollowUp<'_>,
    marker: &[f64],
    times: &[f64],
    options: &TimeRocOptions,
) -> Result<Vec<TimeRoc>, SurvivalError> {
    check("time_roc", follow_up, &[("marker", marker)], times)?;
    let rows = Rows::new(follow_up, &[marker], options.tied_times);
    let mut area = Area::new(&rows, follow_up, marker, options.weighting)?;
    Ok(times.iter().map(|&time| area.at(time, options.level)).collect())
}

pub(crate) fn check(
    function: &'static str,
    follow_up: &FollowUp<'_>,
    markers: &[(&str, &[f64])],
    times: &[f64],
) -> Result<(), SurvivalError> {
    let unsupported = |what| SurvivalError::Unsupported { function, what };
    if follow_up.start.is_some() {
        return Err(unsupported("intervals (start, stop]"));
    }
    if follow_up.weights.is_some() {
        return Err(unsupported("weights"));
    }
    for (name, marker) in markers {
        check_length(name, marker.len(), follow_up.rows())?;
        check_finite(name, marker)?;
    }
    if u32::try_from(follow_up.rows()).is_err() {
        return Err(SurvivalError::TooLarge {
            rows: follow_up.rows(),
            covariates: markers.len(),
        });
    }
    times.iter().try_for_each(|&time| check_time(time))
}

pub(crate) fn check_time(time: f64) -> Result<(), SurvivalError> {
    if time > 0.0 && time.is_finite() {
        return Ok(());
    }
    Err(SurvivalError::Parameter {
        parameter: "time",
        value: time,
        expected: "a finite number above 0",
    })
}
