//! Pairs counted by sweeps over the times.

use crate::concordance::Concordance;
use crate::distributions::ConfidenceLevel;
use crate::fenwick::Fenwick;
use crate::pair_counts::{CountedRow, MOST_ROWS, PairTotals, count_pairs};
use crate::radix;
use crate::risk_sets::{Entries, RiskSets, Stratum};
use crate::times::order_key;

/// Counts pairs in O(n log n): without weights and intervals by [`count_pairs`], else in two sweeps over the times. Holds
/// the space for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sweeps {
    ranks: Ranks,
    tree: Fenwick,
    /// Pairs of each position with any other.
    pairs: Vec<Pairs>,
    tied: Vec<(u32, f64)>,
    counted: Vec<CountedRow>,
    buffer: Vec<CountedRow>,
    keys: Vec<u64>,
}

/// The order of a score. Holds the space for sorting it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ranks {
    /// Rank of each position's score among the distinct scores, from 0.
    pub(crate) rank: Vec<u32>,
    /// Number of distinct scores.
    pub(crate) distinct: usize,
    sorted: Vec<(u64, u32)>,
}

impl Ranks {
    pub(crate) fn new(score: &[f64]) -> Self {
        let mut ranks = Self::default();
        ranks.find(score);
        ranks
    }

    fn find(&mut self, score: &[f64]) {
        self.sorted.clear();
        self.sorted.extend(
            score
                .iter()
                .zip(0..)
                .map(|(&score, position)| (order_key(score + 0.0), position)),
        );
        radix::sort_by_key(&mut self.sorted, |value| value.0);
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
        self.distinct = rank as usize + 1;
    }
}

/// Weights of the rows that form comparable pairs with a row.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs {
    /// Of concordant pairs less those of discordant ones.
    net: f64,
    /// Of all comparable pairs.
    all: f64,
}

impl Sweeps {
    /// Harrell's concordance of a score given by position. With `clusters`, a code from 0 for each position, the standard
    /// error takes the rows of a cluster together (R's `cluster`): their influences are added up before they are squared.
    pub(crate) fn concordance_of_clusters(
        &mut self,
        sets: &RiskSets,
        score: &[f64],
        clusters: Option<&[u32]>,
        level: ConfidenceLevel,
    ) -> Concordance {
        self.weighted(sets, score, &[], clusters, level)
    }

    /// The same with weights of the events at each of the sets' groups; where there is none it is 1.
    pub(crate) fn weighted(
        &mut self,
        sets: &RiskSets,
        score: &[f64],
        time_weights: &[f64],
        clusters: Option<&[u32]>,
        level: ConfidenceLevel,
    ) -> Concordance {
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
        let strata = sets.strata.iter().filter(|stratum| !stratum.active.is_empty());
        let whole = time_weights.is_empty() && sets.weight.is_none() && sets.entries.is_none();
        if whole && sets.rows() < MOST_ROWS {
            strata.for_each(|stratum| self.whole_pairs(sets, stratum, score, &mut found));
        } else {
            self.ranks.find(score);
            self.tree.reset(self.ranks.distinct);
            for stratum in strata {
                self.events_with_later_rows(sets, stratum, time_weights, &mut found);
                self.rows_with_earlier_events(sets, stratum, time_weights);
            }
        }
        if found.concordant + found.discordant + found.tied_x > 0.0 {
            let comparable = found.concordant + found.discordant + found.tied_x;
            found.c = (found.concordant + found.tied_x / 2.0) / comparable;
            let influences = self.influence(sets, &found);
            let variance: f64 = match clusters {
                None => influences.map(|value| value * value).sum(),
                Some(clusters) => sum_of_squares_by_cluster(influences, clusters),
            };
            found.se = variance.sqrt();
            found.lower = found.c - level.z() * found.se;
            found.upper = found.c + level.z() * found.se;
        }
        found
    }

    /// The influence of each position on the concordance found last: its derivative by the row's weight, times that.
    pub(crate) fn influence(&self, sets: &RiskSets, found: &Concordance) -> impl Iterator<Item = f64> {
        // Somers' d is 2 c - 1.
        let comparable = found.concordant + found.discordant + found.tied_x;
        let somers_d = (found.concordant - found.discordant) / comparable;
        self.pairs
            .iter()
            .enumerate()
            .map(move |(position, pairs)| sets.weight(position) * (pairs.net - somers_d * pairs.all) / comparable / 2.0)
    }

    /// Counts the pairs of a stratum, each as 1.
    fn whole_pairs(&mut self, sets: &RiskSets, stratum: &Stratum, score: &[f64], found: &mut Concordance) {
        let groups = &sets.groups[stratum.active.clone()];
        let mut earlier_events: usize = groups.iter().map(|group| group.events).sum();
        let (mut comparable, mut different) = (0.0, 0.0);
        self.counted.clear();
        let key = |position: usize| order_key(score[position] + 0.0);
        for group in groups {
            let censored = group.rows.len() - group.events;
            let later = group.rows.start - stratum.rows.start + censored;
            comparable += (group.events * later) as f64;
            let of_censored = earlier_events as f64;
            earlier_events -= group.events;
            for position in group.rows.clone().filter(|&position| !sets.event[position]) {
                self.pairs[position].all = of_censored;
                self.counted
                    .push(CountedRow::new(key(position), position as u32, false));
            }
            let first = self.counted.len();
            for position in group.rows.clone().filter(|&position| sets.event[position]) {
                self.pairs[position].all = (later + earlier_events) as f64;
                self.counted.push(CountedRow::new(key(position), position as u32, true));
            }
            // Events of one time are no pairs, but are counted like those of a row and an earlier event. In the order of
            // their scores all such pairs are concordant, so that it is known what is to be taken off.
            let tied = &mut self.counted[first..];
            if tied.len() < 2 {
                continue;
            }
            tied.sort_unstable_by_key(|row| row.key);
            for equal in tied.chunk_by(|a, b| a.key == b.key) {
                let others = (group.events - equal.len()) as f64;
                different += equal.len() as f64 * others / 2.0;
                found.tied_xy += (equal.len() * (equal.len() - 1) / 2) as f64;
                equal.iter().for_each(|row| self.pairs[row.place()].net -= others);
            }
        }
        let Self {
            counted,
            buffer,
            keys,
            pairs,
            ..
        } = self;
        let totals = count_pairs(counted, buffer, keys, |position, net| pairs[position].net += net as f64);
        let PairTotals { concordant, discordant } = totals;
        let concordant = concordant as f64 - different;
        found.concordant += concordant;
        found.discordant += discordant as f64;
        found.tied_x += comparable - concordant - discordant as f64;
        found.tied_y += different;
    }

    /// From the last time to the first, with the rows at risk in the tree: each event meets the rows that outlast it.
    fn events_with_later_rows(
        &mut self,
        sets: &RiskSets,
        stratum: &Stratum,
        time_weights: &[f64],
        found: &mut Concordance,
    ) {
        let mut starting = stratum_starts(sets, stratum).iter().peekable();
        for place in stratum.active.clone() {
            let group = &sets.groups[place];
            for position in group.rows.clone().filter(|&position| !sets.event[position]) {
                self.tree.add(self.ranks.rank[position], sets.weight(position));
            }
            if let Some(entries) = &sets.entries {
                while let Some(&&position) = starting.peek() {
                    let position = position as usize;
                    if entries.time[position] < group.time {
                        break;
                    }
                    self.tree.add(self.ranks.rank[position], -sets.weight(position));
                    starting.next();
                }
            }
            if group.events == 0 {
                continue;
            }
            let time_weight = time_weights.get(place).copied().unwrap_or(1.0);
            self.tied.clear();
            for position in group.rows.clone().filter(|&position| sets.event[position]) {
                let (rank, weight) = (self.ranks.rank[position], sets.weight(position));
                let split = self.tree.split(rank).times(time_weight);
                let pairs = &mut self.pairs[position];
                pairs.net += split.below - split.above;
                pairs.all += split.below + split.above + split.equal;
                found.concordant += weight * split.below;
                found.discordant += weight * split.above;
                found.tied_x += weight * split.equal;
                self.tied.push((rank, weight));
            }
            let (tied_y, tied_xy) = pairs_among(&mut self.tied);
            found.tied_y += time_weight * tied_y;
            found.tied_xy += time_weight * tied_xy;
            for &(rank, weight) in &self.tied {
                self.tree.add(rank, weight);
            }
        }
        self.clear_tree(sets, stratum);
    }

    /// From the first event to the last time, with the events so far in the tree: each row meets the events that it
    /// outlasts, less those before it started.
    fn rows_with_earlier_events(&mut self, sets: &RiskSets, stratum: &Stratum, time_weights: &[f64]) {
        let mut starting = stratum_starts(sets, stratum).iter().rev().peekable();
        for place in stratum.active.clone().rev() {
            let group = &sets.groups[place];
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
            let time_weight = time_weights.get(place).copied().unwrap_or(1.0);
            for position in group.rows.clone().filter(|&position| sets.event[position]) {
                self.tree
                    .add(self.ranks.rank[position], time_weight * sets.weight(position));
            }
            for position in group.rows.clone().filter(|&position| !sets.event[position]) {
                self.meet_events(position, 1.0);
            }
        }
        self.clear_tree(sets, stratum);
    }

    fn meet_events(&mut self, position: usize, sign: f64) {
        let split = self.tree.split(self.ranks.rank[position]);
        let pairs = &mut self.pairs[position];
        pairs.net += sign * (split.above - split.below);
        pairs.all += sign * (split.above + split.below + split.equal);
    }

    fn clear_tree(&mut self, sets: &RiskSets, stratum: &Stratum) {
        if sets.strata.len() > 1 {
            self.ranks.rank[stratum.rows.clone()]
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

/// Positions of a stratum from the last start to the first; none without intervals.
pub(crate) fn stratum_starts<'a>(sets: &'a RiskSets, stratum: &Stratum) -> &'a [u32] {
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
