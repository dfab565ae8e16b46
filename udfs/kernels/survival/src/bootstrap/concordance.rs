//! Harrell's concordance of resampled rows.

use crate::bootstrap::{BootstrapComparison, Resampling};
use crate::concordance::{Ranks, scores_by_position, stratum_starts};
use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::risk_sets::{RiskSets, Stratum};

/// Bootstrap intervals of Harrell's concordance of each score, and of all differences of two. Pairs are those of
/// [`crate::concordance`]; a row drawn twice is two rows. With `strata`, rows are drawn from all strata together.
///
/// The rows are sorted once; a replicate then takes O(n log n) additions of whole numbers, and no memory of its own.
/// Not defined for weights.
pub fn bootstrap_concordance(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    scores: &[&[f64]],
    resampling: Resampling,
    level: ConfidenceLevel,
) -> Result<BootstrapComparison, SurvivalError> {
    if follow_up.weights.is_some() {
        return Err(SurvivalError::Unsupported {
            function: "bootstrap_concordance",
            what: "weights",
        });
    }
    let sets = RiskSets::new(follow_up, strata)?;
    let by_position = scores_by_position(&sets, scores)?;
    let ranks: Vec<Ranks> = by_position.iter().map(|score| Ranks::new(score)).collect();
    let mut tree = CountTree::default();
    let all = vec![1; sets.rows()];
    let estimates: Vec<f64> = ranks.iter().map(|ranks| tree.concordance(&sets, ranks, &all)).collect();
    let mut values = vec![Vec::new(); scores.len()];
    resampling.each(sets.rows(), |counts| {
        for (values, ranks) in values.iter_mut().zip(&ranks) {
            values.push(tree.concordance(&sets, ranks, counts));
        }
    });
    Ok(BootstrapComparison::new(&estimates, values, level))
}

/// Rows by rank of their score, with sums over ranks below in O(log n) (Fenwick 1994), in whole numbers.
#[derive(Debug, Default)]
struct CountTree {
    sums: Vec<u32>,
    at: Vec<u32>,
    total: u32,
}

/// Numbers of pairs.
#[derive(Debug, Default)]
struct PairCounts {
    concordant: u64,
    tied: u64,
    comparable: u64,
}

impl CountTree {
    /// Harrell's concordance with `counts` rows at each position.
    fn concordance(&mut self, sets: &RiskSets, ranks: &Ranks, counts: &[u32]) -> f64 {
        self.sums.clear();
        self.sums.resize(ranks.distinct + 1, 0);
        self.at.clear();
        self.at.resize(ranks.distinct, 0);
        self.total = 0;
        let mut found = PairCounts::default();
        for stratum in sets.strata.iter().filter(|stratum| !stratum.active.is_empty()) {
            self.count_pairs(sets, stratum, &ranks.rank, counts, &mut found);
        }
        (found.concordant as f64 + found.tied as f64 / 2.0) / found.comparable as f64
    }

    /// From the last time to the first, with the rows at risk in the tree: each event meets the rows that outlast it.
    fn count_pairs(
        &mut self,
        sets: &RiskSets,
        stratum: &Stratum,
        rank: &[u32],
        counts: &[u32],
        found: &mut PairCounts,
    ) {
        let mut starting = stratum_starts(sets, stratum).iter().peekable();
        let drawn = |position: &usize| counts[*position] > 0;
        for group in &sets.groups[stratum.active.clone()] {
            for position in group
                .rows
                .clone()
                .filter(drawn)
                .filter(|&position| !sets.event[position])
            {
                self.add(rank[position], counts[position]);
            }
            if let Some(entries) = &sets.entries {
                while let Some(&position) = starting.next_if(|&&position| entries.time[position as usize] >= group.time)
                {
                    // Of whole numbers nothing is left behind when they are taken off again.
                    self.add(rank[position as usize], counts[position as usize].wrapping_neg());
                }
            }
            let events = || {
                group
                    .rows
                    .clone()
                    .filter(drawn)
                    .filter(|&position| sets.event[position])
            };
            for position in events() {
                let own = u64::from(counts[position]);
                found.concordant += own * u64::from(self.below(rank[position]));
                found.tied += own * u64::from(self.at[rank[position] as usize]);
                found.comparable += own * u64::from(self.total);
            }
            events().for_each(|position| self.add(rank[position], counts[position]));
        }
        if sets.strata.len() > 1 {
            for rank in &rank[stratum.rows.clone()] {
                self.add(*rank, self.at[*rank as usize].wrapping_neg());
            }
        }
    }

    fn add(&mut self, rank: u32, count: u32) {
        self.total = self.total.wrapping_add(count);
        self.at[rank as usize] = self.at[rank as usize].wrapping_add(count);
        let mut place = rank as usize + 1;
        while place < self.sums.len() {
            self.sums[place] = self.sums[place].wrapping_add(count);
            place += place & place.wrapping_neg();
        }
    }

    fn below(&self, rank: u32) -> u32 {
        let mut below: u32 = 0;
        let mut place = rank as usize;
        while place > 0 {
            below = below.wrapping_add(self.sums[place]);
            place &= place - 1;
        }
        below
    }
}
