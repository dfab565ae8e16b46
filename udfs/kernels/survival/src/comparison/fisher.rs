//! Fisher's exact test of tables of any size.

use std::collections::BTreeMap;

use super::contingency::ContingencyTable;
use crate::error::SurvivalError;

/// How much work an exact test may be. Tables in which counts are large everywhere have too many others with the same
/// margins; the chi-square test is good for these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FisherLimit(usize);

impl FisherLimit {
    /// At most this many steps, 1 or more. A step takes some 20 nanoseconds and 16 bytes.
    pub fn new(steps: usize) -> Result<Self, SurvivalError> {
        if steps > 0 {
            return Ok(Self(steps));
        }
        Err(SurvivalError::Parameter {
            parameter: "limit",
            value: 0.0,
            expected: "1 or more",
        })
    }
}

impl Default for FisherLimit {
    /// 5,000,000 steps: a tenth of a second, 80 MB.
    fn default() -> Self {
        Self(5_000_000)
    }
}

/// Tables of this total and more are not compared exactly.
const MOST: u64 = 1_000_000;

/// P-value of Fisher's exact test (R's `fisher.test`): the probability, given the margins, of all tables that are at most as
/// probable as this one. As in R, tables that are more probable by rounding only count as equal: by 1e-7 of the
/// probability of a two by two table, by 3.4525e-7 of larger ones.
///
/// NaN when fewer than two lines or columns have counts. `None` when the answer would take more steps than `limit`, or the
/// total is above 1,000,000.
pub fn fisher_exact(table: &ContingencyTable, limit: FisherLimit) -> Option<f64> {
    if !table.is_comparable() {
        return Some(f64::NAN);
    }
    if table.line_sums().iter().sum::<u64>() > MOST {
        return None;
    }
    if table.size() == (2, 2) {
        return two_by_two(table, limit);
    }
    Network::new(table).p_value(limit)
}

fn two_by_two(table: &ContingencyTable, limit: FisherLimit) -> Option<f64> {
    let (&[first, second], &[line, _], &[observed, ..]) = (table.column_sums(), table.line_sums(), table.counts())
    else {
        return None;
    };
    let (low, high) = (line.saturating_sub(second), line.min(first));
    if (high - low) as usize > limit.0 {
        return None;
    }
    // Probabilities relative to the largest, from it to both sides by the ratio of neighbours.
    let mode = ((u128::from(line) + 1) * (u128::from(first) + 1) / (u128::from(first) + u128::from(second) + 2)) as u64;
    let mode = mode.clamp(low, high);
    let ratio = |x: u64| ((first - x) as f64 * (line - x) as f64) / ((x + 1) as f64 * (second + x + 1 - line) as f64);
    let mut probabilities = vec![0.0; (high - low) as usize + 1];
    let at = |x: u64| (x - low) as usize;
    probabilities[at(mode)] = 1.0;
    for x in mode..high {
        probabilities[at(x + 1)] = probabilities[at(x)] * ratio(x);
    }
    for x in (low..mode).rev() {
        probabilities[at(x)] = probabilities[at(x + 1)] / ratio(x);
    }
    let most = probabilities[at(observed)] * (1.0 + 1e-7);
    let total: f64 = probabilities.iter().sum();
    let below: f64 = probabilities.iter().filter(|probability| **probability <= most).sum();
    Some((below / total).min(1.0))
}

/// Columns are taken off the table one by one. A node is what is left of the lines' sums, in descending order; paths to it
/// with the same probability are one. (The network of Mehta and Patel, JASA 1983, with bounds that need no search.)
struct Network {
    /// Sums of the lines, of which there are fewer than columns or as many.
    lines: Vec<u32>,
    /// Sums of the columns, the largest first.
    columns: Vec<u32>,
    /// ln(i!) at i.
    log_factorials: Vec<f64>,
    /// The log probability up to which tables count.
    threshold: f64,
}

/// Paths to a node: their log probability, and the probability of all of them.
type Paths = Vec<(f64, f64)>;

/// Log probabilities that differ by less are the same but for rounding.
const SAME: f64 = 1e-9;

impl Network {
    fn new(table: &ContingencyTable) -> Self {
        let narrow = |sums: &[u64]| {
            let mut sums: Vec<u32> = sums.iter().map(|sum| *sum as u32).collect();
            sums.sort_unstable_by(|a, b| b.cmp(a));
            sums
        };
        let (mut lines, mut columns) = (narrow(table.line_sums()), narrow(table.column_sums()));
        if lines.len() > columns.len() {
            std::mem::swap(&mut lines, &mut columns);
        }
        let total: u32 = lines.iter().sum();
        let log_factorials: Vec<f64> = (0..=total).map(|i| libm::lgamma(f64::from(i) + 1.0)).collect();
        let sum = |counts: &mut dyn Iterator<Item = usize>| counts.map(|count| log_factorials[count]).sum::<f64>();
        let margins = sum(&mut lines.iter().chain(&columns).map(|sum| *sum as usize)) - log_factorials[total as usize];
        let mut counts: Vec<usize> = table.counts().iter().map(|count| *count as usize).collect();
        counts.sort_unstable();
        let observed = margins - sum(&mut counts.into_iter());
        Self {
            lines,
            columns,
            threshold: observed + 3.4525e-7,
            log_factorials,
        }
    }

    fn p_value(&self, limit: FisherLimit) -> Option<f64> {
        let mut nodes: BTreeMap<Vec<u32>, Paths> = BTreeMap::from([(self.lines.clone(), vec![(0.0, 1.0)])]);
        let mut steps = limit.0;
        let mut p = 0.0;
        for place in 0..self.columns.len() {
            let columns = &self.columns[place..];
            let mut next: BTreeMap<Vec<u32>, Paths> = BTreeMap::new();
            for (lines, mut paths) in nodes {
                merge(&mut paths);
                let (least, most) = self.bounds(&lines, columns);
                paths.retain(|&(past, probability)| {
                    // Whatever comes, its conditional probabilities add up to 1.
                    let all = past + most <= self.threshold;
                    if all {
                        p += probability;
                    }
                    !all && past + least <= self.threshold
                });
                if paths.is_empty() {
                    continue;
                }
                let mut expansion = Expansion {
                    log_factorials: &self.log_factorials,
                    lines: &lines,
                    paths: &paths,
                    rest: lines.clone(),
                    next: &mut next,
                    steps: &mut steps,
                };
                let total: u32 = lines.iter().sum();
                let column = columns[0];
                expansion.take(0, column, total, -self.log_choose(total, column))?;
            }
            nodes = next;
        }
        // At the end nothing is left of any line, and no bound is open.
        Some(p.min(1.0))
    }

    fn log_factorial(&self, count: u32) -> f64 {
        self.log_factorials[count as usize]
    }

    fn log_choose(&self, total: u32, part: u32) -> f64 {
        self.log_factorial(total) - self.log_factorial(part) - self.log_factorial(total - part)
    }

    /// A lower bound of the smallest and an upper bound of the largest log probability that a table with these margins
    /// can have. Tables are as probable as the sum of ln(x!) over their cells is small.
    fn bounds(&self, lines: &[u32], columns: &[u32]) -> (f64, f64) {
        let sum = |counts: &[u32]| counts.iter().map(|count| self.log_factorial(*count)).sum::<f64>();
        let total: u32 = lines.iter().sum();
        let margins = sum(lines) + sum(columns) - self.log_factorial(total);
        if columns.len() == 1 {
            // The column takes what is left.
            return (margins - sum(lines), margins - sum(lines));
        }

        // Largest sum: the cells refine the lines and the columns, so that their vector is majorised by the one whose
        // partial sums are the smaller of those of the lines and of the columns, and ln(x!) is convex.
        let (mut of_lines, mut of_columns, mut before) = (0, 0, 0);
        let mut largest = 0.0;
        for place in 0..lines.len().max(columns.len()) {
            of_lines += lines.get(place).copied().unwrap_or(0);
            of_columns += columns.get(place).copied().unwrap_or(0);
            let now = of_lines.min(of_columns);
            largest += self.log_factorial(now - before);
            before = now;
        }

        // Smallest sum: Lagrange multipliers ln(a) and ln(b) for lines and columns give a lower bound whatever they are,
        // each cell then being floor(a b). These are near the best ones.
        let half = 0.5 * (lines.len() * columns.len()) as f64;
        let line_factors: Vec<f64> = lines
            .iter()
            .map(|line| f64::from(*line) + 0.5 * columns.len() as f64)
            .collect();
        let column_factors: Vec<f64> = columns
            .iter()
            .map(|column| (f64::from(*column) + 0.5 * lines.len() as f64) / (f64::from(total) + half))
            .collect();
        let mut smallest = 0.0;
        for (line, a) in lines.iter().zip(&line_factors) {
            smallest += f64::from(*line) * a.ln();
        }
        for (column, b) in columns.iter().zip(&column_factors) {
            smallest += f64::from(*column) * b.ln();
            for a in &line_factors {
                let cell = ((a * b) as u32).min(total);
                smallest += self.log_factorial(cell) - f64::from(cell) * (a * b).ln();
            }
        }
        // Rounding of the sums must not exclude a table.
        let margin = 1e-10;
        (margins - largest - margin, margins - smallest.max(0.0) + margin)
    }
}

/// Makes one of paths that have the same probability. Paths end in ascending order.
fn merge(paths: &mut Paths) {
    paths.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    paths.dedup_by(|later, earlier| {
        let same = later.0 - earlier.0 <= SAME;
        if same {
            earlier.1 += later.1;
        }
        same
    });
}

/// Spreads a column over the lines in every way, and notes the paths to what is left.
struct Expansion<'a> {
    log_factorials: &'a [f64],
    lines: &'a [u32],
    paths: &'a Paths,
    /// What is left of each line so far.
    rest: Vec<u32>,
    next: &'a mut BTreeMap<Vec<u32>, Paths>,
    steps: &'a mut usize,
}

impl Expansion<'_> {
    /// Gives `left` of the column to the lines from `line` on, which hold `available` together. `log_probability` is that
    /// of what was given before. `None` when the steps are used up.
    fn take(&mut self, line: usize, left: u32, available: u32, log_probability: f64) -> Option<()> {
        let Some(&sum) = self.lines.get(line) else {
            let mut key = self.rest.clone();
            key.sort_unstable_by(|a, b| b.cmp(a));
            let paths = self.next.entry(key).or_default();
            let probability = log_probability.exp();
            paths.extend(
                self.paths
                    .iter()
                    .map(|(past, weight)| (past + log_probability, weight * probability)),
            );
            *self.steps = self.steps.checked_sub(self.paths.len())?;
            return Some(());
        };
        *self.steps = self.steps.checked_sub(1)?;
        let others = available - sum;
        for part in left.saturating_sub(others)..=left.min(sum) {
            self.rest[line] = sum - part;
            let choose = self.log_factorials[sum as usize]
                - self.log_factorials[part as usize]
                - self.log_factorials[(sum - part) as usize];
            self.take(line + 1, left - part, others, log_probability + choose)?;
        }
        Some(())
    }
}
