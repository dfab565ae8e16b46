//! Counting pairs of rows by time and score without weights, in O(n log n) and mostly within the cache.

/// At most so many rows are compared pair by pair.
const FEW: usize = 16;

/// A part smaller than the whole by less than this factor makes the next pivot an exact median.
const LOPSIDED: usize = 16;

/// A row on its way through the partitions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CountedRow {
    /// Orders as the score.
    pub(crate) key: u64,
    /// Twice the row's place in the caller's count, plus 1 for an event.
    place_and_event: u32,
    /// Concordant less discordant pairs so far.
    net: i32,
}

impl CountedRow {
    pub(crate) fn new(key: u64, place: u32, event: bool) -> Self {
        Self {
            key,
            place_and_event: place << 1 | u32::from(event),
            net: 0,
        }
    }

    fn is_event(self) -> i32 {
        (self.place_and_event & 1) as i32
    }

    pub(crate) fn place(self) -> usize {
        (self.place_and_event >> 1) as usize
    }
}

/// Sums over all pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PairTotals {
    pub(crate) concordant: u64,
    pub(crate) discordant: u64,
}

/// Rows whose numbers of pairs fit the counters.
pub(crate) const MOST_ROWS: usize = 1 << 30;

/// For all pairs of an event and a row before it in `rows`: concordant if the event's key is higher, discordant if it is
/// lower. Tells `settle` of every row's place and its concordant pairs less its discordant ones, on either side of a pair.
///
/// Rows are split by the median of their keys, each part staying in order: a pair whose rows part ways is counted then, in
/// one pass that remembers how many rows of each part came before. The parts are split in turn, until few rows are left.
/// `rows` is used up; it holds fewer than [`MOST_ROWS`].
pub(crate) fn count_pairs(
    rows: &mut [CountedRow],
    buffer: &mut Vec<CountedRow>,
    keys: &mut Vec<u64>,
    settle: impl FnMut(usize, i64),
) -> PairTotals {
    buffer.clear();
    buffer.resize(rows.len(), CountedRow::default());
    let mut counter = Counter {
        keys,
        settle,
        totals: PairTotals::default(),
    };
    counter.count(rows, buffer, 0, false);
    counter.totals
}

struct Counter<'a, S> {
    keys: &'a mut Vec<u64>,
    settle: S,
    totals: PairTotals,
}

/// What a pass over a part has seen of one of its halves.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    rows: i32,
    events: i32,
}

impl<S: FnMut(usize, i64)> Counter<'_, S> {
    /// `offset` is to be added to the net pairs of each row.
    fn count(&mut self, rows: &mut [CountedRow], buffer: &mut [CountedRow], offset: i64, exact: bool) {
        if rows.len() <= FEW {
            self.count_few(rows);
            self.settle(rows, offset);
            return;
        }
        let Some(pivot) = self.pivot(rows, exact) else {
            self.settle(rows, offset);
            return;
        };
        let lower = rows.iter().filter(|row| row.key < pivot).count();
        let (low_seen, high_seen) = self.split(rows, pivot, lower, buffer);
        // Every row counted the events of the other half that came before it as if they came after: all of them less
        // those seen is right, and all of them is the same for every row of a half.
        let (low_offset, high_offset) = (i64::from(high_seen.events), -i64::from(low_seen.events));
        let exact = lower.min(rows.len() - lower) * LOPSIDED < rows.len();
        let (low, high) = buffer.split_at_mut(lower);
        let (low_rows, high_rows) = rows.split_at_mut(lower);
        self.count(low, low_rows, offset + low_offset, exact);
        self.count(high, high_rows, offset + high_offset, exact);
    }

    /// Moves rows below the pivot, `lower` of them, to the start of `buffer` and others to its end, and counts the pairs
    /// between the two. It takes no branch that depends on the keys, which nothing could foresee.
    fn split(&mut self, rows: &[CountedRow], pivot: u64, lower: usize, buffer: &mut [CountedRow]) -> (Seen, Seen) {
        let (mut low, mut high) = (Seen::default(), Seen::default());
        let (mut all, mut concordant) = (0, 0);
        for row in rows {
            let is_high = row.key >= pivot;
            let (above, event) = (i32::from(is_high), row.is_event());
            let other = if is_high { low } else { high };
            // As an event: rows before it of the other half. As a row: events before it, to be taken off those of all.
            let pairs = event * other.rows;
            let sum = pairs + other.events;
            all += pairs as u64;
            concordant += (above * pairs) as u64;
            let slot = if is_high { lower as i32 + high.rows } else { low.rows };
            if let Some(slot) = buffer.get_mut(slot as usize) {
                *slot = CountedRow {
                    net: row.net + if is_high { sum } else { -sum },
                    ..*row
                };
            }
            high.rows += above;
            high.events += above * event;
            low.rows += 1 - above;
            low.events += (1 - above) * event;
        }
        self.totals.concordant += concordant;
        self.totals.discordant += all - concordant;
        (low, high)
    }

    fn count_few(&mut self, rows: &mut [CountedRow]) {
        for place in 1..rows.len() {
            let (before, rest) = rows.split_at_mut(place);
            let Some(row) = rest.first_mut().filter(|row| row.is_event() == 1) else {
                continue;
            };
            let (mut concordant, mut discordant) = (0, 0);
            for other in before {
                let (above, below) = (i32::from(other.key < row.key), i32::from(other.key > row.key));
                other.net += above - below;
                concordant += above;
                discordant += below;
            }
            row.net += concordant - discordant;
            self.totals.concordant += concordant as u64;
            self.totals.discordant += discordant as u64;
        }
    }

    fn settle(&mut self, rows: &[CountedRow], offset: i64) {
        for row in rows {
            (self.settle)(row.place(), i64::from(row.net) + offset);
        }
    }

    /// A key that about half of the rows are below, and at least one is; none when all are equal. `exact` where a sample
    /// has misled.
    fn pivot(&mut self, rows: &[CountedRow], exact: bool) -> Option<u64> {
        let step = if exact {
            1
        } else {
            rows.len() / (rows.len().isqrt() | 3)
        };
        self.keys.clear();
        self.keys.extend(rows.iter().step_by(step.max(1)).map(|row| row.key));
        let middle = self.keys.len() / 2;
        let median = *self.keys.select_nth_unstable(middle).1;
        if rows.iter().any(|row| row.key < median) {
            return Some(median);
        }
        // Nothing is below it: the next key above it parts those equal to it from the others.
        rows.iter().map(|row| row.key).filter(|key| *key > median).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_as_pair_by_pair(rows in prop::collection::vec((any::<u16>(), any::<bool>()), 0..400), most in 1u16..1000) {
            let rows: Vec<(u64, bool)> = rows.into_iter().map(|(key, event)| (u64::from(key % most), event)).collect();
            let mut expected = vec![0; rows.len()];
            let mut totals = PairTotals::default();
            for (place, &(key, event)) in rows.iter().enumerate() {
                for (other_place, &(other, _)) in rows[..place].iter().enumerate().filter(|_| event) {
                    let sign = i64::from(other < key) - i64::from(other > key);
                    expected[place] += sign;
                    expected[other_place] += sign;
                    totals.concordant += u64::from(sign > 0);
                    totals.discordant += u64::from(sign < 0);
                }
            }
            let counted = rows.iter().zip(0..).map(|(&(key, event), place)| CountedRow::new(key, place, event));
            let mut net = vec![0; rows.len()];
            let mut counted: Vec<CountedRow> = counted.collect();
            let found = count_pairs(&mut counted, &mut Vec::new(), &mut Vec::new(), |place, pairs| net[place] += pairs);
            prop_assert_eq!(found, totals);
            prop_assert_eq!(net, expected);
        }
    }
}
