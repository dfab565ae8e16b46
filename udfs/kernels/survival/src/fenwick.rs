//! Running sums by rank.

/// Weights by rank, with sums over ranks below in O(log n) (Fenwick 1994).
#[derive(Debug, Clone, Default)]
pub(crate) struct Fenwick {
    /// Element i, from 1, holds the sum of the last `i & -i` ranks up to rank i - 1.
    sums: Vec<f64>,
    at: Vec<f64>,
    total: f64,
}

/// Weights below, at and above a rank.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    pub(crate) below: f64,
    pub(crate) equal: f64,
    pub(crate) above: f64,
}

impl Split {
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            below: self.below * factor,
            equal: self.equal * factor,
            above: self.above * factor,
        }
    }
}

impl Fenwick {
    /// Makes room for ranks 0 to `ranks - 1`, all of weight 0.
    pub(crate) fn reset(&mut self, ranks: usize) {
        self.sums.clear();
        self.sums.resize(ranks + 1, 0.0);
        self.at.clear();
        self.at.resize(ranks, 0.0);
        self.total = 0.0;
    }

    /// Sets all weights to 0.
    pub(crate) fn clear(&mut self) {
        self.sums.fill(0.0);
        self.at.fill(0.0);
        self.total = 0.0;
    }

    pub(crate) fn add(&mut self, rank: u32, weight: f64) {
        self.total += weight;
        self.at[rank as usize] += weight;
        let mut place = rank as usize + 1;
        while place < self.sums.len() {
            self.sums[place] += weight;
            place += place & place.wrapping_neg();
        }
    }

    /// Sets to exactly 0 all that holds this rank. Forgetting every rank that was added clears the tree.
    pub(crate) fn forget(&mut self, rank: u32) {
        self.total = 0.0;
        self.at[rank as usize] = 0.0;
        let mut place = rank as usize + 1;
        while place < self.sums.len() {
            self.sums[place] = 0.0;
            place += place & place.wrapping_neg();
        }
    }

    pub(crate) fn split(&self, rank: u32) -> Split {
        let mut below = 0.0;
        let mut place = rank as usize;
        while place > 0 {
            below += self.sums[place];
            place &= place - 1;
        }
        let equal = self.at[rank as usize];
        Split {
            below,
            equal,
            above: self.total - below - equal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_weights_by_rank() {
        let mut tree = Fenwick::default();
        tree.reset(5);
        for (rank, weight) in [(0, 1.0), (4, 2.0), (2, 4.0), (2, 8.0), (3, 16.0)] {
            tree.add(rank, weight);
        }
        let split = tree.split(2);
        assert_eq!((split.below, split.equal, split.above), (1.0, 12.0, 18.0));
        for rank in [0, 4, 2, 3] {
            tree.forget(rank);
        }
        assert_eq!(tree.split(4).below, 0.0);
        assert_eq!(tree.total, 0.0);
    }
}
