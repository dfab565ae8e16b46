//! Areas under the cumulative/dynamic ROC curve of resampled rows.

use crate::bootstrap::{BootstrapComparison, Resampling};
use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::time_roc::{ByMarker, Rows, Split, TiedTimes, censored_kaplan_meier, check};

/// What resampling says about the areas at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeRocBootstrap {
    /// The time.
    pub time: f64,
    /// The area of each marker, and their differences.
    pub areas: BootstrapComparison,
}

/// Bootstrap intervals of the area under the cumulative/dynamic ROC curve of each marker at each of `times`, and of all
/// differences of two markers. Areas are those of [`crate::time_roc`] with marginal weights; the distribution of the
/// censoring is estimated anew from the rows of each replicate.
///
/// The rows are sorted once; a replicate then takes O(n) for each marker and time. Errors as for [`crate::time_roc`].
pub fn bootstrap_time_roc(
    follow_up: &FollowUp<'_>,
    markers: &[&[f64]],
    times: &[f64],
    resampling: Resampling,
    level: ConfidenceLevel,
) -> Result<Vec<TimeRocBootstrap>, SurvivalError> {
    let named: Vec<(&str, &[f64])> = markers.iter().map(|&marker| ("marker", marker)).collect();
    check("bootstrap_time_roc", follow_up, &named, times)?;
    let rows = Rows::new(follow_up, markers, TiedTimes::Together);
    let by_marker: Vec<ByMarker> = markers.iter().map(|marker| ByMarker::new(&rows, marker)).collect();
    let splits: Vec<Split> = times.iter().map(|&time| rows.split(time)).collect();
    let mut resampled = Resampled {
        rows: &rows,
        case_weight: vec![0.0; rows.len()],
    };
    // By time, then by marker.
    let mut areas = |counts: &[u32]| {
        resampled.weigh(counts);
        let at = |split: &Split| {
            by_marker
                .iter()
                .map(|marker| resampled.area(marker, *split, counts))
                .collect()
        };
        splits.iter().map(at).collect::<Vec<Vec<f64>>>()
    };
    let estimates = areas(&vec![1; rows.len()]);
    let mut values = vec![vec![Vec::new(); markers.len()]; times.len()];
    resampling.each(rows.len(), |counts| {
        for (values, areas) in values.iter_mut().zip(areas(counts)) {
            values
                .iter_mut()
                .zip(areas)
                .for_each(|(values, area)| values.push(area));
        }
    });
    let found = times.iter().zip(estimates).zip(values);
    let found = found.map(|((&time, estimates), values)| TimeRocBootstrap {
        time,
        areas: BootstrapComparison::new(&estimates, values, level),
    });
    Ok(found.collect())
}

struct Resampled<'a> {
    rows: &'a Rows,
    /// 1/G just before each event's time, times its count; 0 for other rows.
    case_weight: Vec<f64>,
}

impl Resampled<'_> {
    fn weigh(&mut self, counts: &[u32]) {
        let curve = censored_kaplan_meier(self.rows, |position| f64::from(counts[position]));
        self.case_weight.fill(0.0);
        for (times, group) in self.rows.groups().enumerate() {
            let weight = times.checked_sub(1).map_or(1.0, |last| curve[last].recip());
            for position in group.filter(|&position| self.rows.event[position] && counts[position] > 0) {
                self.case_weight[position] = weight * f64::from(counts[position]);
            }
        }
    }

    /// NaN without a case or a control. Controls have one weight, which cancels.
    fn area(&self, by_marker: &ByMarker, split: Split, counts: &[u32]) -> f64 {
        let (mut ordered, mut all_cases, mut controls_below) = (0.0, 0.0, 0.0);
        for run in by_marker.runs() {
            let (mut cases, mut controls) = (0.0, 0.0);
            for &position in run {
                let position = position as usize;
                if position < split.before {
                    cases += self.case_weight[position];
                } else if position >= split.after {
                    controls += f64::from(counts[position]);
                }
            }
            ordered += cases * (controls_below + 0.5 * controls);
            all_cases += cases;
            controls_below += controls;
        }
        ordered / (all_cases * controls_below)
    }
}
