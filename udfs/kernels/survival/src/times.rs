//! Order and equality of times.

/// Two times at most this far apart, absolutely or relative to the mean of all times, count as one: the square root of
/// the machine epsilon, as in R's `aeqSurv`.
const TOLERANCE: f64 = 1.490_116_119_384_765_6e-8;

/// A key that orders times (0 or more) as their values, and at equal times rows without the event before those with it.
pub(crate) fn time_key(time: f64, event: bool) -> u64 {
    // The bits of numbers that are not negative order as the numbers; adding 0 turns -0 into 0. The sign bit is free.
    ((time + 0.0).to_bits() << 1) | u64::from(event)
}

/// A key that orders as numbers of either sign do, -0 before 0.
pub(crate) fn order_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The time of a key.
pub(crate) fn key_time(key: u64) -> f64 {
    f64::from_bits(key >> 1)
}

/// Whether a key is that of a row with the event.
pub(crate) fn key_event(key: u64) -> bool {
    key & 1 == 1
}

/// Finds the times that count as different (R's `aeqSurv`, applied by `coxph`, `survfit`, `survdiff` and `concordance`):
/// of a chain of near-tied times the first stands for all. `times` are ascending; repeated ones are allowed.
pub(crate) fn distinct_times(mut times: Vec<f64>) -> Vec<f64> {
    times.dedup();
    // Divided before it is summed, so that the largest times do not overflow.
    let count = times.len() as f64;
    let mean: f64 = times.iter().map(|time| time / count).sum();
    let mut previous = f64::NEG_INFINITY;
    times.retain(|&time| {
        let gap = time - previous;
        previous = time;
        !(gap <= TOLERANCE || gap / mean <= TOLERANCE)
    });
    times
}

/// The place among `distinct` times of a time: that of the last one not after it.
pub(crate) fn place(distinct: &[f64], time: f64) -> usize {
    distinct.partition_point(|&cut| cut <= time).saturating_sub(1)
}

/// How many of the `distinct` times are before `time`, and how many are not after it. A time that counts as equal to it is
/// not after it and not before it.
pub(crate) fn places_around(distinct: &[f64], time: f64) -> (usize, usize) {
    let count = distinct.len() as f64;
    let mean: f64 = distinct.iter().map(|time| time / count).sum();
    let same = |other: f64| {
        let gap = (other - time).abs();
        gap <= TOLERANCE || gap / mean <= TOLERANCE
    };
    (
        distinct.partition_point(|&cut| cut < time && !same(cut)),
        distinct.partition_point(|&cut| cut <= time || same(cut)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_times_then_events() {
        let mut keys =
            [(1.5, true), (0.0, true), (1.5, false), (-0.0, false), (1e300, false)].map(|(t, e)| time_key(t, e));
        keys.sort_unstable();
        let found: Vec<_> = keys.iter().map(|&key| (key_time(key), key_event(key))).collect();
        assert_eq!(
            found,
            [(0.0, false), (0.0, true), (1.5, false), (1.5, true), (1e300, false)]
        );
    }

    #[test]
    fn a_time_lies_among_others() {
        let distinct = [1.0, 2.0, 3.0];
        assert_eq!(places_around(&distinct, 0.5), (0, 0));
        assert_eq!(places_around(&distinct, 2.0), (1, 2));
        assert_eq!(places_around(&distinct, 2.0 + 1e-9), (1, 2));
        assert_eq!(places_around(&distinct, 2.0 - 1e-9), (1, 2));
        assert_eq!(places_around(&distinct, 2.5), (2, 2));
        assert_eq!(places_around(&distinct, 9.0), (3, 3));
    }

    #[test]
    fn times_that_differ_by_rounding_are_one() {
        let a = 28.0 / 30.0;
        let b = 0.933_333_333_333_333;
        assert!(a != b);
        assert_eq!(distinct_times(vec![b, a, 5.0]).len(), 2);
        assert_eq!(distinct_times(vec![1.0, 1.0 + 1.4e-8]), vec![1.0]);
        assert_eq!(distinct_times(vec![1.0, 1.0 + 1.6e-8]).len(), 2);
        // A chain takes the first of its times.
        assert_eq!(distinct_times(vec![1.0, 1.0 + 1e-8, 1.0 + 2e-8, 1.0 + 3e-8]), vec![1.0]);
    }
}
