//! The area under the curve at one time, and each row's influence on it.

use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::time_roc::censoring::Censoring;
use crate::time_roc::rows::{Rows, Split};
use crate::time_roc::{TimeRoc, Weighting};
use crate::times::order_key;

/// Positions by ascending marker, in runs of equal markers.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByMarker {
    pub(crate) positions: Vec<u32>,
    /// Where each run of equal markers ends.
    pub(crate) ends: Vec<usize>,
}

impl ByMarker {
    pub(crate) fn new(rows: &Rows, marker: &[f64]) -> Self {
        let mut keys: Vec<(u64, u32)> = rows
            .order
            .iter()
            .zip(0..)
            .map(|(&row, position)| (order_key(marker[row as usize] + 0.0), position))
            .collect();
        keys.sort_unstable();
        let mut end = 0;
        let ends = keys
            .chunk_by(|a, b| a.0 == b.0)
            .map(|run| {
                end += run.len();
                end
            })
            .collect();
        Self {
            positions: keys.iter().map(|key| key.1).collect(),
            ends,
        }
    }

    /// The runs, from the lowest marker to the highest.
    pub(crate) fn runs(&self) -> impl DoubleEndedIterator<Item = &[u32]> + ExactSizeIterator {
        (0..self.ends.len()).map(|run| {
            let first = run.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.positions[first..self.ends[run]]
        })
    }
}

/// Sums over cases and controls at one time. Weights are divided by the number of rows.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// Over pairs of a case and a control: product of their weights, once if the case has the higher marker, half if equal.
    ordered: f64,
    cases: f64,
    controls: f64,
}

/// A marker over the rows, ready to be looked at at any time.
pub(crate) struct Area<'a> {
    rows: &'a Rows,
    by_marker: ByMarker,
    censoring: Censoring,
    weighting: Weighting,
    /// 1/(n G) just before each position's time.
    case_weight: Vec<f64>,
    /// By position: weight as case and as control at the time looked at, 0 otherwise.
    case: Vec<f64>,
    control: Vec<f64>,
    /// By position: what it adds to `Sums::ordered` as case and as control.
    as_case: Vec<f64>,
    as_control: Vec<f64>,
    /// By position: the influence on the area at the time looked at.
    influence: Vec<f64>,
    terms: Vec<f64>,
}

impl<'a> Area<'a> {
    pub(crate) fn new(
        rows: &'a Rows,
        follow_up: &FollowUp<'_>,
        marker: &[f64],
        weighting: Weighting,
    ) -> Result<Self, SurvivalError> {
        let censoring = Censoring::estimate(rows, follow_up, marker, weighting)?;
        let count = rows.len();
        let mut case_weight = vec![0.0; count];
        for (times, group) in rows.groups().enumerate() {
            for position in group {
                case_weight[position] = censoring.weight(times, position) / count as f64;
            }
        }
        Ok(Self {
            rows,
            by_marker: ByMarker::new(rows, marker),
            censoring,
            weighting,
            case_weight,
            case: vec![0.0; count],
            control: vec![0.0; count],
            as_case: vec![0.0; count],
            as_control: vec![0.0; count],
            influence: vec![0.0; count],
            terms: vec![0.0; count],
        })
    }

    pub(crate) fn by_marker(&self) -> &ByMarker {
        &self.by_marker
    }

    /// Weights of cases and controls by position, as they are after [`Area::at`].
    pub(crate) fn weights(&self) -> (&[f64], &[f64]) {
        (&self.case, &self.control)
    }

    /// The influence of each position on the area, as it is after [`Area::at`]: the area's variance is that of these
    /// numbers divided by their count.
    pub(crate) fn influence(&self) -> &[f64] {
        &self.influence
    }

    pub(crate) fn at(&mut self, time: f64, level: ConfidenceLevel) -> TimeRoc {
        let split = self.rows.split(time);
        let cases = self.weigh(split);
        let controls = self.rows.len() - split.after;
        let sums = self.sum();
        let mut found = TimeRoc {
            time,
            auc: f64::NAN,
            se: f64::NAN,
            lower: f64::NAN,
            upper: f64::NAN,
            cases,
            controls,
            censored: self.rows.len() - cases - controls,
            incidence: sums.cases,
            survival: sums.controls,
        };
        self.influence.fill(f64::NAN);
        if cases > 0 && controls > 0 {
            found.auc = sums.ordered / (sums.cases * sums.controls);
            if self.weighting == Weighting::Marginal {
                self.find_influence(sums);
                found.se = standard_error(self.influence.iter().copied());
            }
            found.lower = found.auc - level.z() * found.se;
            found.upper = found.auc + level.z() * found.se;
        }
        found
    }

    /// Sets the weights of cases and controls; returns the number of cases.
    fn weigh(&mut self, split: Split) -> usize {
        self.case.fill(0.0);
        self.control.fill(0.0);
        let mut cases = 0;
        for position in (0..split.before).filter(|&position| self.rows.event[position]) {
            self.case[position] = self.case_weight[position];
            cases += 1;
        }
        let count = self.rows.len();
        for position in split.after..count {
            self.control[position] = self.censoring.weight(split.times, position) / count as f64;
        }
        cases
    }

    /// One sweep from the lowest marker to the highest.
    fn sum(&mut self) -> Sums {
        let mut sums = Sums {
            cases: self.case.iter().sum(),
            controls: self.control.iter().sum(),
            ordered: 0.0,
        };
        let (mut cases_below, mut controls_below) = (0.0, 0.0);
        for run in self.by_marker.runs() {
            let (mut cases, mut controls) = (0.0, 0.0);
            for &position in run {
                cases += self.case[position as usize];
                controls += self.control[position as usize];
            }
            let below = controls_below + 0.5 * controls;
            let above = sums.cases - (cases_below + 0.5 * cases);
            for &position in run {
                let position = position as usize;
                self.as_case[position] = self.case[position] * below;
                self.as_control[position] = self.control[position] * above;
            }
            sums.ordered += cases * below;
            cases_below += cases;
            controls_below += controls;
        }
        sums
    }

    /// The derivative of the area by each row's share in the sample: as a case, as a control, and through G. That of the
    /// controls' 1/G(t), common to all of them, cancels.
    fn find_influence(&mut self, sums: Sums) {
        let count = self.rows.len() as f64;
        let per_case = sums.ordered / sums.cases;
        let per_control = sums.ordered / sums.controls;
        for position in 0..self.rows.len() {
            let term = self.as_case[position] - per_case * self.case[position];
            self.terms[position] = term;
            self.influence[position] =
                count * (term + self.as_control[position] - per_control * self.control[position]);
        }
        self.rows.censoring_influence(&self.terms, count, &mut self.influence);
        let scale = sums.cases * sums.controls;
        self.influence.iter_mut().for_each(|value| *value /= scale);
    }
}

/// Standard error of a mean, from its rows' influences.
pub(crate) fn standard_error(influence: impl Iterator<Item = f64> + Clone) -> f64 {
    let (count, sum) = influence
        .clone()
        .fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    let mean: f64 = sum / count;
    let squares: f64 = influence.map(|value| (value - mean) * (value - mean)).sum();
    (squares / (count - 1.0) / count).sqrt()
}
