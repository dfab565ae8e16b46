//! Sorting by 64-bit keys in a few passes over memory instead of one per doubling of the rows.

/// Bits of a key that one pass sorts by: 2048 counters stay in the first-level cache.
const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;

/// More passes than this cost more than the sorting of the short runs that fewer leave behind.
const MOST_PASSES: usize = 3;

/// Below so many values a comparison sort is faster.
const FEW: usize = 256;

/// Sorts by `key`, ascending; values of equal keys keep their order.
///
/// A least-significant-digit radix sort over the highest bits in which the keys differ, 33 at most. Where they agree in
/// these and differ in lower ones, the runs, short unless the keys crowd together, are sorted by comparison: no input
/// takes longer than O(n log n).
pub(crate) fn sort_by_key<T: Copy>(values: &mut Vec<T>, key: impl Fn(&T) -> u64 + Copy) {
    let first = match values.first() {
        Some(first) if values.len() >= FEW && u32::try_from(values.len()).is_ok() => key(first),
        _ => return values.sort_by_key(key),
    };
    let mut differing = 0;
    let mut before = first;
    let mut ascending = true;
    for value in values.iter() {
        let key = key(value);
        differing |= key ^ first;
        ascending &= before <= key;
        before = key;
    }
    if ascending {
        return;
    }
    let digits = Digits::new(differing);
    let mut buffer = values.clone();
    for (mut place, shift) in digits.histograms(values, key).into_iter().zip(digits.shifts()) {
        let mut below = 0;
        for count in &mut place {
            (*count, below) = (below, below + *count);
        }
        for value in values.iter() {
            let slot = &mut place[bucket(key(value), shift)];
            buffer[*slot as usize] = *value;
            *slot += 1;
        }
        std::mem::swap(values, &mut buffer);
    }
    if digits.rest > 0 {
        let alike = |a: &T, b: &T| key(a) >> digits.rest == key(b) >> digits.rest;
        for run in values.chunk_by_mut(alike).filter(|run| run.len() > 1) {
            run.sort_by_key(key);
        }
    }
}

fn bucket(key: u64, shift: u32) -> usize {
    (key >> shift) as usize & (BUCKETS - 1)
}

/// The digits sorted by, and how many low bits that differ they leave out.
struct Digits {
    /// Lowest bit of each digit, from the highest digit to the lowest.
    shifts: [u32; MOST_PASSES],
    count: usize,
    rest: u32,
}

impl Digits {
    /// Digits that cover the highest of the `differing` bits; bits alike in all keys are passed over.
    fn new(differing: u64) -> Self {
        let mut left = differing;
        let mut digits = Self {
            shifts: [0; MOST_PASSES],
            count: 0,
            rest: 0,
        };
        for shift in &mut digits.shifts {
            if left == 0 {
                break;
            }
            *shift = (u64::BITS - left.leading_zeros()).saturating_sub(DIGIT_BITS);
            left &= (1 << *shift) - 1;
            digits.count += 1;
            digits.rest = if left > 0 { *shift } else { 0 };
        }
        digits
    }

    /// From the lowest digit to the highest, the order of the passes.
    fn shifts(&self) -> impl Iterator<Item = u32> {
        self.shifts[..self.count].iter().rev().copied()
    }

    /// How many values fall into each bucket of each digit, in the order of [`Digits::shifts`].
    fn histograms<T>(&self, values: &[T], key: impl Fn(&T) -> u64) -> Vec<[u32; BUCKETS]> {
        let mut counts = vec![[0; BUCKETS]; self.count];
        let shifts: Vec<u32> = self.shifts().collect();
        for value in values {
            let key = key(value);
            for (counts, &shift) in counts.iter_mut().zip(&shifts) {
                counts[bucket(key, shift)] += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted_as_by_comparison(keys: impl Iterator<Item = u64>) {
        let mut found: Vec<(u64, usize)> = keys.zip(0..).collect();
        let mut expected = found.clone();
        expected.sort_by_key(|value| value.0);
        sort_by_key(&mut found, |value| value.0);
        assert!(found == expected);
    }

    proptest! {
        #[test]
        fn sorts_as_by_comparison(
            keys in prop::collection::vec(any::<u64>(), 0..2000),
            masks in prop::array::uniform3(any::<u64>()),
        ) {
            sorted_as_by_comparison(keys.iter().copied());
            // Fewer and fewer bits that differ, with gaps between them.
            let [a, b, c] = masks;
            for mask in [a, a & b, a & b & c, 1, 1 << 63, (1 << 63) | 1, 0x7FF, 0xFFF, 0] {
                sorted_as_by_comparison(keys.iter().map(|key| key & mask));
            }
        }
    }

    /// All keys in one bucket of every pass but the runs' last bits.
    #[test]
    fn crowded_keys_are_sorted_too() {
        let crowded = (0..50_000u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40);
        sorted_as_by_comparison(crowded.chain([u64::MAX]));
        sorted_as_by_comparison((0..3000).rev());
        sorted_as_by_comparison(std::iter::repeat_n(7, 3000));
        sorted_as_by_comparison(std::iter::empty());
    }
}
