//! Cumulative/dynamic discrimination by survival given the marker (Heagerty, Lumley and Pepe 2000), as survivalROC
//! estimates it.

use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::time_roc::area::ByMarker;
use crate::time_roc::curve::RocPoint;
use crate::time_roc::rows::{Rows, Split};
use crate::time_roc::{TiedTimes, check};

/// The share of the rows that make up a neighbourhood on either side of a marker, above 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span(f64);

impl Span {
    /// A share such as 0.05.
    pub fn new(span: f64) -> Result<Self, SurvivalError> {
        if span > 0.0 && span <= 1.0 {
            return Ok(Self(span));
        }
        Err(SurvivalError::Parameter {
            parameter: "span",
            value: span,
            expected: "a number above 0, at most 1, such as 0.05",
        })
    }

    /// 0.25 n^-0.2, the usual choice for n rows; 0.25 for none.
    pub fn for_rows(rows: usize) -> Self {
        Self(0.25 * (rows.max(1) as f64).powf(-0.2))
    }

    /// The share itself.
    pub fn share(self) -> f64 {
        self.0
    }
}

/// How survival beyond t of the rows with a marker above a threshold is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConditionalSurvival {
    /// The mean over these rows of Kaplan-Meier estimators among the rows with near markers (Akritas 1994). The curve is
    /// monotone, and censoring may depend on the marker.
    ///
    /// With k = span n, rounded, and d the distance from a row's marker to the marker of the k-th row above the first
    /// one that equals it (or to the highest), its neighbours are the rows at most d away on either side. This is what
    /// survivalROC does for its symmetric window; so the rows with the highest marker have only themselves.
    NearestNeighbours(Span),
    /// One Kaplan-Meier estimator of these rows. The curve need not be monotone.
    KaplanMeier,
}

/// Discrimination at one time by survival given the marker.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionalRoc {
    /// The time t.
    pub time: f64,
    /// Area under the curve, by straight lines between its points. NaN when nobody has the event up to t or nobody
    /// survives t.
    pub auc: f64,
    /// Kaplan-Meier estimator of survival beyond t of all rows.
    pub survival: f64,
    /// The curve from (0, 0) for the threshold infinity down to (1, 1) for the lowest marker. NaN where `auc` is, but for
    /// these two.
    pub points: Vec<RocPoint>,
}

/// The cumulative/dynamic ROC curve by survival given the marker, for each of `times` in the order given (R's
/// `survivalROC(method = "NNE", span =)` and `survivalROC(method = "KM")`, whose cut c, exclusive, is here the threshold
/// of the next higher marker, inclusive). Rows with the event at t count as cases, as in survivalROC.
///
/// O(n log n) for the sorting, then for each time O(n m) with m rows in a neighbourhood for the nearest neighbours, and
/// O(n) for each distinct marker for `KaplanMeier`. Errors as for [`crate::time_roc`].
pub fn conditional_roc(
    follow_up: &FollowUp<'_>,
    marker: &[f64],
    times: &[f64],
    method: ConditionalSurvival,
) -> Result<Vec<ConditionalRoc>, SurvivalError> {
    check("conditional_roc", follow_up, &[("marker", marker)], times)?;
    let rows = Rows::new(follow_up, &[marker], TiedTimes::Together);
    let sorted = Sorted::new(&rows, marker);
    let at = |&time: &f64| {
        let split = rows.split(time);
        let everyone = Members::of(&rows, 0..rows.len() as u32).survival(split);
        let curve = match method {
            ConditionalSurvival::NearestNeighbours(span) => sorted.nearest_neighbours(split, span),
            ConditionalSurvival::KaplanMeier => sorted.kaplan_meier(split, everyone),
        };
        ConditionalRoc {
            time,
            auc: curve.area(),
            survival: everyone,
            points: curve.points,
        }
    };
    Ok(times.iter().map(at).collect())
}

struct Curve {
    points: Vec<RocPoint>,
    /// Survival of all rows, by which the rates are divided.
    survival: f64,
}

impl Curve {
    /// `above` are, for the threshold at each distinct marker but the lowest, from the highest on, the shares of all rows
    /// that are at or above it, and that are and survive.
    fn new(markers: impl Iterator<Item = f64>, above: impl Iterator<Item = (f64, f64)>, survival: f64) -> Self {
        let start = RocPoint {
            threshold: f64::INFINITY,
            tpr: 0.0,
            fpr: 0.0,
        };
        let above = above.map(|(all, surviving)| ((all - surviving) / (1.0 - survival), surviving / survival));
        let points = markers.zip(above.chain([(1.0, 1.0)]));
        let points = points.map(|(threshold, (tpr, fpr))| RocPoint { threshold, tpr, fpr });
        Self {
            points: std::iter::once(start).chain(points).collect(),
            survival,
        }
    }

    fn area(&self) -> f64 {
        if !(self.survival > 0.0 && self.survival < 1.0) {
            return f64::NAN;
        }
        let area = |pair: &[RocPoint]| (pair[1].fpr - pair[0].fpr) * (pair[1].tpr + pair[0].tpr) / 2.0;
        self.points.windows(2).map(area).sum()
    }
}

/// Rows by ascending marker.
struct Sorted<'a> {
    rows: &'a Rows,
    by_marker: ByMarker,
    /// Markers in that order.
    markers: Vec<f64>,
}

impl<'a> Sorted<'a> {
    fn new(rows: &'a Rows, marker: &[f64]) -> Self {
        let by_marker = ByMarker::new(rows, marker);
        let value = |&position: &u32| marker[rows.order[position as usize] as usize] + 0.0;
        Self {
            markers: by_marker.positions.iter().map(value).collect(),
            rows,
            by_marker,
        }
    }

    /// The distinct markers, from the highest to the lowest.
    fn distinct(&self) -> impl Iterator<Item = f64> {
        self.by_marker.ends.iter().rev().map(|end| self.markers[end - 1])
    }

    fn nearest_neighbours(&self, split: Split, span: Span) -> Curve {
        let all = self.rows.len();
        let neighbours = (all as f64 * span.0 + 0.5) as usize;
        let mut members = Members::of(self.rows, std::iter::empty());
        let (mut low, mut high) = (0, 0);
        let mut first = 0;
        // For each distinct marker from the lowest: rows that have it, and the survival of their neighbourhood.
        let mut survivals = Vec::with_capacity(self.by_marker.ends.len());
        for &end in &self.by_marker.ends {
            let centre = self.markers[first];
            let distance = self.markers[(first + neighbours).min(all - 1)] - centre;
            let new_low = self.markers.partition_point(|marker| marker - centre < -distance);
            let new_high = self.markers.partition_point(|marker| marker - centre <= distance);
            let positions = |from: usize, to: usize| self.by_marker.positions.get(from..to).unwrap_or(&[]);
            // What the window gains at either end comes in before what it loses leaves; the windows overlap or follow.
            positions(high, new_high)
                .iter()
                .for_each(|&position| members.insert(position));
            positions(new_high, high)
                .iter()
                .for_each(|&position| members.remove(position));
            positions(new_low, low)
                .iter()
                .for_each(|&position| members.insert(position));
            positions(low, new_low)
                .iter()
                .for_each(|&position| members.remove(position));
            (low, high) = (new_low, new_high);
            survivals.push(((end - first) as f64, members.survival(split)));
            first = end;
        }
        let count = all as f64;
        let survival = survivals
            .iter()
            .rev()
            .map(|(rows, survival)| rows * survival)
            .sum::<f64>()
            / count;
        let (mut above, mut surviving) = (0.0, 0.0);
        let shares = survivals.iter().skip(1).rev().map(|(rows, survival)| {
            above += rows;
            surviving += rows * survival;
            (above / count, surviving / count)
        });
        Curve::new(self.distinct(), shares, survival)
    }

    fn kaplan_meier(&self, split: Split, survival: f64) -> Curve {
        let mut members = Members::of(self.rows, std::iter::empty());
        let count = self.rows.len() as f64;
        let runs = self.by_marker.runs().skip(1).rev();
        let shares = runs.map(|run| {
            run.iter().for_each(|&position| members.insert(position));
            let share = members.count as f64 / count;
            (share, share * members.survival(split))
        });
        Curve::new(self.distinct(), shares, survival)
    }
}

/// A set of positions, a bit for each, so that they are met by ascending time.
struct Members<'a> {
    rows: &'a Rows,
    bits: Vec<u64>,
    count: usize,
}

impl<'a> Members<'a> {
    fn of(rows: &'a Rows, positions: impl Iterator<Item = u32>) -> Self {
        let mut members = Self {
            rows,
            bits: vec![0; rows.len().div_ceil(64)],
            count: 0,
        };
        positions.for_each(|position| members.insert(position));
        members
    }

    fn insert(&mut self, position: u32) {
        self.bits[position as usize / 64] |= 1 << (position % 64);
        self.count += 1;
    }

    fn remove(&mut self, position: u32) {
        self.bits[position as usize / 64] &= !(1 << (position % 64));
        self.count -= 1;
    }

    /// The Kaplan-Meier estimator of the members' survival beyond the time of `split`.
    fn survival(&self, split: Split) -> f64 {
        let mut survival = 1.0;
        let mut at_risk = self.count;
        let (mut group, mut leaving, mut events) = (usize::MAX, 0, 0);
        'words: for (place, &word) in self.bits.iter().enumerate() {
            let mut word = word;
            while word != 0 {
                let position = place * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                if position >= split.after {
                    break 'words;
                }
                let of_position = self.rows.group_of[position] as usize;
                if of_position != group {
                    if events > 0 {
                        survival *= 1.0 - events as f64 / at_risk as f64;
                    }
                    at_risk -= leaving;
                    (group, leaving, events) = (of_position, 0, 0);
                }
                leaving += 1;
                events += usize::from(self.rows.event[position]);
            }
        }
        if events > 0 {
            survival *= 1.0 - events as f64 / at_risk as f64;
        }
        survival
    }
}
