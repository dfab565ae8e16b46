//! Ranks of numbers.

/// Replaces numbers by their ranks from 1, equal ones by the average of theirs (R's `rank`). Returns the sum of t^3 - t
/// over the groups of t equal numbers, 0 when all differ. Not for NaN.
pub(crate) fn average_ranks(values: &mut [f64]) -> f64 {
    let mut order: Vec<(f64, usize)> = values
        .iter()
        .enumerate()
        .map(|(row, value)| (value + 0.0, row))
        .collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ties = 0.0;
    let mut before = 0;
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let rank = before as f64 + (tied.len() + 1) as f64 / 2.0;
        for &(_, row) in tied {
            values[row] = rank;
        }
        before += tied.len();
        let count = tied.len() as f64;
        ties += count * count * count - count;
    }
    ties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_average() {
        let mut values = [3.0, -1.0, 3.0, 0.0, -0.0, 3.0];
        assert_eq!(average_ranks(&mut values), 24.0 + 6.0);
        assert_eq!(values, [5.0, 1.0, 5.0, 2.5, 2.5, 5.0]);
        assert_eq!(average_ranks(&mut []), 0.0);
    }
}
