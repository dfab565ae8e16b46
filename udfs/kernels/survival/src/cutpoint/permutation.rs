//! The permutation distribution of the maximally selected statistic (Hothorn and Lausen 2003).

use super::maximal::Candidates;

/// Numbers of subsets that are held: 64 MB.
const MOST_CELLS: usize = 8_000_000;

/// The probability that some candidate's statistic is above `statistic`, by Hothorn and Lausen's lower bound: over the
/// candidates, that it is above there, less that it was above one row earlier and cannot have come below since. Scores are
/// whole numbers. With a single candidate: the exact two-sided probability of its statistic. NaN when the table of counts
/// would be too large.
pub(super) fn hothorn_lausen(statistic: f64, candidates: &Candidates) -> f64 {
    let rows = candidates.rows();
    let least = candidates.scores.iter().fold(f64::INFINITY, |a, b| a.min(*b));
    let scores: Vec<usize> = candidates.scores.iter().map(|score| (score - least) as usize).collect();
    let width = scores.iter().sum::<usize>() + 1;
    if width.checked_mul(rows).is_none_or(|cells| cells > MOST_CELLS) {
        return f64::NAN;
    }
    let subsets = Subsets::new(&scores, width);
    let (Some(&first), Some(&last)) = (candidates.below.first(), candidates.below.last()) else {
        return f64::NAN;
    };
    let step = scores.iter().copied().max().unwrap_or(0);
    // The sum of scores counted from the least one has another mean, and the same variance.
    let total = (width - 1) as f64;
    let n = rows as f64;
    let squares: f64 = scores.iter().map(|score| (score * score) as f64).sum();
    // Mean and standard deviation of the sum of so many scores.
    let moments: Vec<(f64, f64)> = (0..rows)
        .map(|below| {
            let m = below as f64;
            let variance = m * (n - m) / (n * n * (n - 1.0)) * (n * squares - total * total);
            (m / n * total, variance.sqrt())
        })
        .collect();
    if first == last {
        let (mean, deviation) = moments[first];
        let distance = statistic * deviation * (1.0 - 1e-9);
        return subsets
            .probability(first, |sum| (sum as f64 - mean).abs() >= distance)
            .min(1.0);
    }
    let exceeds = |below: usize, sum: usize| {
        let (mean, deviation) = moments[below];
        sum > 0 && subsets.count(below, sum) > 0.0 && ((sum as f64 - mean) / deviation).abs() > statistic
    };
    let mut p = 0.0;
    for &below in &candidates.below {
        p += subsets.probability(below, |sum| exceeds(below, sum));
        if below > first {
            let (mean, _) = moments[below - 1];
            p -= subsets.probability(below - 1, |sum| {
                // The next score moves the sum up by 0 to `step`.
                let stays = if (sum as f64) < mean {
                    exceeds(below, sum + step)
                } else {
                    (sum as f64) > mean && exceeds(below, sum)
                };
                stays && exceeds(below - 1, sum)
            });
        }
    }
    p.clamp(0.0, 1.0)
}

/// How many subsets of the scores have each size and sum.
struct Subsets {
    width: usize,
    counts: Vec<f64>,
    totals: Vec<f64>,
}

impl Subsets {
    /// Adds one score after the other (Streitberg and Röhmel 1986).
    fn new(scores: &[usize], width: usize) -> Self {
        let mut counts = vec![0.0; scores.len() * width];
        if let Some(empty) = counts.first_mut() {
            *empty = 1.0;
        }
        let mut reach = 0;
        for (taken, &score) in scores.iter().enumerate() {
            // No more than `taken` scores, adding up to `reach`, have been seen; the set of all is not needed.
            for size in (1..=(taken + 1).min(scores.len() - 1)).rev() {
                let (smaller, larger) = counts.split_at_mut(size * width);
                let smaller = &smaller[(size - 1) * width..];
                for (count, before) in larger[score..=score + reach].iter_mut().zip(smaller) {
                    *count += before;
                }
            }
            reach += score;
        }
        let totals = counts.chunks(width.max(1)).map(|line| line.iter().sum()).collect();
        Self { width, counts, totals }
    }

    fn count(&self, size: usize, sum: usize) -> f64 {
        if sum < self.width {
            self.counts[size * self.width + sum]
        } else {
            0.0
        }
    }

    /// The fraction of the subsets of a size whose sum is chosen.
    fn probability(&self, size: usize, chosen: impl Fn(usize) -> bool) -> f64 {
        let line = &self.counts[size * self.width..(size + 1) * self.width];
        let sum: f64 = line
            .iter()
            .enumerate()
            .filter(|&(sum, &count)| count > 0.0 && chosen(sum))
            .map(|(_, count)| count)
            .sum();
        sum / self.totals[size]
    }
}
