//! The whole ROC curve at one time.

use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::time_roc::area::Area;
use crate::time_roc::rows::Rows;
use crate::time_roc::{TimeRocOptions, check};

/// One point of a ROC curve: what a test positive for markers at or above the threshold finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// The threshold; infinity for the test that is never positive.
    pub threshold: f64,
    /// True positive rate: the share of cases at or above the threshold, weighted.
    pub tpr: f64,
    /// False positive rate: the share of controls at or above the threshold, weighted.
    pub fpr: f64,
}

/// The cumulative/dynamic ROC curve at one time (timeROC's `TP` and `FP`): the point (0, 0), then one for each distinct
/// marker from the highest to the lowest, the last of which is (1, 1) up to rounding. Straight lines between them have
/// the area that [`crate::time_roc`] reports.
///
/// Without a case every `tpr`, without a control every `fpr` is NaN. Errors as for [`crate::time_roc`].
pub fn time_roc_curve(
    follow_up: &FollowUp<'_>,
    marker: &[f64],
    time: f64,
    options: &TimeRocOptions,
) -> Result<Vec<RocPoint>, SurvivalError> {
    check("time_roc_curve", follow_up, &[("marker", marker)], &[time])?;
    let rows = Rows::new(follow_up, &[marker], options.tied_times);
    let mut area = Area::new(&rows, follow_up, marker, options.weighting)?;
    let at = area.at(time, options.level);
    let share = |sum: f64, all: f64, of: usize| if of > 0 { sum / all } else { f64::NAN };
    let (case, control) = area.weights();
    let (mut cases, mut controls) = (0.0, 0.0);
    let mut points = vec![RocPoint {
        threshold: f64::INFINITY,
        tpr: share(0.0, 1.0, at.cases),
        fpr: share(0.0, 1.0, at.controls),
    }];
    for run in area.by_marker().runs().rev() {
        let mut threshold = f64::NAN;
        for &position in run {
            let position = position as usize;
            threshold = marker[rows.order[position] as usize] + 0.0;
            cases += case[position];
            controls += control[position];
        }
        points.push(RocPoint {
            threshold,
            tpr: share(cases, at.incidence, at.cases),
            fpr: share(controls, at.survival, at.controls),
        });
    }
    Ok(points)
}
