//! Harrell's concordance, as R's `concordance()` defines it.

use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::fenwick::Fenwick;
use crate::follow_up::{FollowUp, check_finite, check_length};
use crate::risk_sets::{Entries, RiskSets, Stratum};

/// How well a score orders the rows by their follow-up.
///
/// A pair is comparable when the earlier of its two times is an event and the other row was at risk then; a row censored
/// at an event's time counts as later. Counts are sums of products of weights when there are weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concordance {
    /// Rows.
    pub n: usize,
    /// (concordant + tied_x / 2) / (concordant + discordant + tied_x); NaN when no pair is comparable.
    pub c: f64,
    /// Standard error by the infinitesimal jackknife, R's `std`; NaN when no pair is comparable.
    pub se: f64,
    /// c - z se. As in R it is not cut off at 0.
    pub lower: f64,
    /// c + z se. As in R it is not cut off at 1.
    pub upper: f64,
    /// Comparable pairs in which the earlier event has the higher score.
    pub concordant: f64,
    /// Comparable pairs in which the earlier event has the lower score.
    pub discordant: f64,
    /// Comparable pairs with equal scores.
    pub tied_x: f64,
    /// Pairs of events at one time with different scores.
    pub tied_y: f64,
    /// Pairs of events at one time with equal scores.
    pub tied_xy: f64,
}

/// Harrell's concordance of a risk score: higher means an earlier event (R's `concordance(reverse = TRUE)`). With
/// `strata`, pairs are formed within strata and counted together. Near-tied times are merged first, as R does.
/// Scores count as tied when they are equal to the last bit.
///
/// All rows censored, one row, or all times tied: no comparable pair, so that `c`, `se` and the interval are NaN.
pub fn concordance(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    score: &[f64],
    level: ConfidenceLevel,
) -> Result<Concordance, SurvivalError> {
    check_length("score", score.len(), follow_up.rows())?;
    check_finite("score", score)?;
    let sets = RiskSets::new(follow_up, strata)?;
    // Adding 0 turns -0 into 0, so that the two tie.
    let mut by_position: Vec<f64> = sets.order.iter().map(|&row| score[row as usize] + 0.0).collect();
    for run in &sets.alike {
        by_position[run.clone()].sort_unstable_by(f64::total_cmp);
    }
    Ok(Sweeps::default().concordance(&sets, &by_position, level))
}

/// Counts pairs in two sweeps over the times, in O(n log n). Holds the space for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sweeps {
    /// Rank of each position's score among the distinct scores.
    rank: Vec<u32>,
    sorted: Vec<(u64, u32)>,
    tree: Fenwick,
    /// Pairs of each position with any other.
    pairs: Vec<Pairs>,
    tied: Vec<(u32, f64)>,
}

/// Weights of the rows that form comparable pairs with a row, by the score's order.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs {
    concordant: f64,
    discordant: f64,
    tied: f64,
}

impl Sweeps {
    /// The concordance of a score given by position.
    pub(crate) fn concordance(&mut self, sets: &RiskSets, score: &[f64], level: ConfidenceLevel) -> Concordance {
        self.concordance_of_clusters(sets, score, None, level)
    }

    /// The same with a standard error that takes the rows of a cluster together (R's `cluster`): their influences are
    /// added up before they are squared. `clusters` holds a code from 0 for each position.
    pub(crate) fn concordance_of_clusters(
        &mut self,
        sets: &RiskSets,
        score: &[f64],
        clusters: Option<&[u32]>,
        level: ConfidenceLevel,
    ) -> Concordance {
        self.rank_scores(score);
        self.pairs.clear();
        self.pairs.resize(sets.rows(), Pairs::default());
        let mut found = Concordance {
            n: sets.rows(),
            c: f64::NAN,
            se: f64::NAN,
            lower: f64::NAN,
            upper: f64::NAN,
            concordant: 0.0,
            discordant: 0.0,
            tied_x: 0.0,
            tied_y: 0.0,
            tied_xy: 0.0,
        };
        for stratum in sets.strata.iter().filter(|stratum| !stratum.active.is_empty()) {
            self.events_with_later_rows(sets, stratum, &mut found);
            self.rows_with_earlier_events(sets, stratum);
        }
        let comparable = found.concordant + found.discordant + found.tied_x;
        if comparable > 0.0 {
            // Somers' d is 2 c - 1; each row's influence on it is the derivative by the row's weight.
            let somers_d = (found.concordant - found.discordant) / comparable;
            let influence = |(position, pairs): (usize, &Pairs)| {
                let own = pairs.concordant + pairs.discordant + pairs.tied;
                sets.weight(position) * ((pairs.concordant - pairs.discordant) - somers_d * own) / comparable
            };
            let influences = self.pairs.iter().enumerate().map(influence);
            let variance: f64 = match clusters {
                None => influences.map(|value| value * value).sum(),
                Some(clusters) => sum_of_squares_by_cluster(influences, clusters),
            };
            found.c = (found.concordant + found.tied_x / 2.0) / comparable;
            found.se = variance.sqrt() / 2.0;
            found.lower = found.c - level.z() * found.se;
            found.upper = found.c + level.z() * found.se;
        }
        found
    }

    fn rank_scores(&mut self, score: &[f64]) {
        self.sorted.clear();
        self.sorted.extend(
            score
                .iter()
                .zip(0..)
                .map(|(&score, position)| (order_key(score), position)),
        );
        self.sorted.sort_unstable();
        self.rank.clear();
        self.rank.resize(score.len(), 0);
        let mut rank = 0;
        let mut previous = None;
        for &(key, position) in &self.sorted {
            if previous.is_some_and(|previous| previous != key) {
                rank += 1;
            }
            previous = Some(key);
            self.rank[position as usize] = rank;
        }
        self.tree.reset(rank as usize + 1);
    }

    /// From the last time to the first, with the rows at risk in the tree: each event meets the rows that outlast it.
    fn events_with_later_rows(&mut self, sets: &RiskSets, stratum: &Stratum, found: &mut Concordance) {
        let mut starting = stratum_starts(sets, stratum).iter().peekable();
        for group in &sets.groups[stratum.active.clone()] {
            for position in group.rows.clone().filter(|&position| !sets.event[position]) {
                self.tree.add(self.rank[position], sets.weight(position));
            }
            if let Some(entries) = &sets.entries {
                while let Some(&&position) = starting.peek() {
                    let position = position as usize;
                    if entries.time[position] < group.time {
                        break;
                    }
                    self.tree.add(self.rank[position], -sets.weight(position));
                    starting.next();
                }
            }
            if group.events == 0 {
                continue;
            }
            self.tied.clear();
            for position in group.rows.clone().filter(|&position| sets.event[position]) {
                let (rank, weight) = (self.rank[position], sets.weight(position));
                let split = self.tree.split(rank);
                let pairs = &mut self.pairs[position];
                pairs.concordant += split.below;
                pairs.discordant += split.above;
                pairs.tied += split.equal;
                found.concordant += weight * split.below;
                found.discordant += weight * split.above;
                found.tied_x += weight * split.equal;
                self.tied.push((rank, weight));
            }
            let (tied_y, tied_xy) = pairs_among(&mut self.tied);
            found.tied_y += tied_y;
            found.tied_xy += tied_xy;
            for &(rank, weight) in &self.tied {
                self.tree.add(rank, weight);
            }
        }
        self.clear_tree(sets, stratum);
    }

    /// From the first event to the last time, with the events so far in the tree: each row meets the events that it
    /// outlasts, less those before it started.
    fn rows_with_earlier_events(&mut self, sets: &RiskSets, stratum: &Stratum) {
        let mut starting = stratum_starts(sets, stratum).iter().rev().peekable();
        for group in sets.groups[stratum.active.clone()].iter().rev() {
            if let Some(entries) = &sets.entries {
                while let Some(&&position) = starting.peek() {
                    let position = position as usize;
                    if entries.time[position] >= group.time {
                        break;
                    }
                    self.meet_events(position, -1.0);
                    starting.next();
                }
            }
            for position in group.rows.clone().filter(|&position| sets.event[position]) {
                self.meet_events(position, 1.0);
            }
            for position in group.rows.clone().filter(|&position| sets.event[position]) {
                self.tree.add(self.rank[position], sets.weight(position));
            }
            for position in group.rows.clone().filter(|&position| !sets.event[position]) {
                self.meet_events(position, 1.0);
            }
        }
        self.clear_tree(sets, stratum);
    }

    fn meet_events(&mut self, position: usize, sign: f64) {
        let split = self.tree.split(self.rank[position]);
        let pairs = &mut self.pairs[position];
        pairs.concordant += sign * split.above;
        pairs.discordant += sign * split.below;
        pairs.tied += sign * split.equal;
    }

    fn clear_tree(&mut self, sets: &RiskSets, stratum: &Stratum) {
        if sets.strata.len() > 1 {
            self.rank[stratum.rows.clone()]
                .iter()
                .for_each(|&rank| self.tree.forget(rank));
        } else {
            self.tree.clear();
        }
    }
}

fn sum_of_squares_by_cluster(influences: impl Iterator<Item = f64>, clusters: &[u32]) -> f64 {
    let mut sums = vec![0.0; clusters.iter().max().map_or(0, |last| *last as usize + 1)];
    for (influence, cluster) in influences.zip(clusters) {
        sums[*cluster as usize] += influence;
    }
    // The order of the codes, which may be that of arrival, shall not matter.
    sums.sort_unstable_by(f64::total_cmp);
    sums.iter().map(|sum| sum * sum).sum()
}

fn stratum_starts<'a>(sets: &'a RiskSets, stratum: &Stratum) -> &'a [u32] {
    sets.entries
        .as_ref()
        .map_or(&[], |Entries { by_time, .. }| &by_time[stratum.rows.clone()])
}

/// Pairs of (rank, weight) with different and with equal ranks.
fn pairs_among(tied: &mut [(u32, f64)]) -> (f64, f64) {
    if tied.len() < 2 {
        return (0.0, 0.0);
    }
    tied.sort_by_key(|&(rank, _)| rank);
    let mut before = 0.0;
    let mut different = 0.0;
    let mut equal = 0.0;
    for run in tied.chunk_by(|a, b| a.0 == b.0) {
        let mut in_run = 0.0;
        for &(_, weight) in run {
            equal += weight * in_run;
            different += weight * before;
            in_run += weight;
        }
        before += in_run;
    }
    (different, equal)
}

/// Orders as the numbers do.
pub(crate) fn order_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}
