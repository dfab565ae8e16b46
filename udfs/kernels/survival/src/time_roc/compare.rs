//! Two markers on the same rows.

use crate::distributions::{ConfidenceLevel, normal_two_sided};
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::time_roc::area::{Area, standard_error};
use crate::time_roc::rows::Rows;
use crate::time_roc::{TiedTimes, TimeRoc, Weighting, check};

/// The areas of two markers at one time, compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AucDifference {
    /// The first marker.
    pub first: TimeRoc,
    /// The second marker.
    pub second: TimeRoc,
    /// Area of the first less that of the second; NaN without a case or without a control.
    pub difference: f64,
    /// Standard error of the difference, with the covariance of the two areas.
    pub se: f64,
    /// difference - z se.
    pub lower: f64,
    /// difference + z se.
    pub upper: f64,
    /// difference / se; NaN when `se` is 0, as for a marker and itself.
    pub z: f64,
    /// Two-sided p-value of `z`.
    pub p: f64,
}

/// Compares the areas under the cumulative/dynamic ROC curves of two markers at each of `times` (R's
/// `compare(timeROC(..), timeROC(..))`), by the rows' influences on both. Weights are those of
/// [`Weighting::Marginal`], for which alone the variance is known.
///
/// Errors as for [`crate::time_roc`].
pub fn compare_time_roc(
    follow_up: &FollowUp<'_>,
    first: &[f64],
    second: &[f64],
    times: &[f64],
    tied_times: TiedTimes,
    level: ConfidenceLevel,
) -> Result<Vec<AucDifference>, SurvivalError> {
    let markers = [("first", first), ("second", second)];
    check("compare_time_roc", follow_up, &markers, times)?;
    let rows = Rows::new(follow_up, &[first, second], tied_times);
    let mut first = Area::new(&rows, follow_up, first, Weighting::Marginal)?;
    let mut second = Area::new(&rows, follow_up, second, Weighting::Marginal)?;
    let compared = times.iter().map(|&time| {
        let areas = (first.at(time, level), second.at(time, level));
        let difference = areas.0.auc - areas.1.auc;
        let influences = first.influence().iter().zip(second.influence());
        let se = standard_error(influences.map(|(first, second)| first - second));
        let z = difference / se;
        AucDifference {
            first: areas.0,
            second: areas.1,
            difference,
            se,
            lower: difference - level.z() * se,
            upper: difference + level.z() * se,
            z,
            p: normal_two_sided(z),
        }
    });
    Ok(compared.collect())
}
