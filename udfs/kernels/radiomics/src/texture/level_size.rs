//! Statistics that GLDM, GLRLM and GLSZM share: all three count how often grey level i goes with size j, where the size
//! is a number of dependent voxels, a run's length or a zone's volume.

use super::entropy::Entropy;
use super::tally::Entry;

/// Statistics of a matrix n(i, j) with N = Σ n(i, j).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LevelSize {
    /// Σ n / j² / N.
    pub(super) small: f64,
    /// Σ n j² / N.
    pub(super) large: f64,
    /// Σ n / i² / N.
    pub(super) low: f64,
    /// Σ n i² / N.
    pub(super) high: f64,
    /// Σ n / (i² j²) / N.
    pub(super) small_low: f64,
    /// Σ n i² / j² / N.
    pub(super) small_high: f64,
    /// Σ n j² / i² / N.
    pub(super) large_low: f64,
    /// Σ n i² j² / N.
    pub(super) large_high: f64,
    /// Σ_i (Σ_j n)² / N.
    pub(super) level_non_uniformity: f64,
    /// Σ_i (Σ_j n)² / N².
    pub(super) level_non_uniformity_normalised: f64,
    /// Σ_j (Σ_i n)² / N.
    pub(super) size_non_uniformity: f64,
    /// Σ_j (Σ_i n)² / N².
    pub(super) size_non_uniformity_normalised: f64,
    /// Variance of i.
    pub(super) level_variance: f64,
    /// Variance of j.
    pub(super) size_variance: f64,
    /// -Σ p log2(p + ε), p = n / N.
    pub(super) entropy: f64,
    /// N / Σ n j.
    pub(super) percentage: f64,
}

impl LevelSize {
    /// From the entries of a matrix, by row and then by column: row is the rank of a level in `levels`, column the size.
    /// `None` when nothing counts.
    pub(super) fn of(entries: &[Entry], levels: &[u16]) -> Option<Self> {
        let total: f64 = entries.iter().map(|e| e.n).sum();
        if total.is_nan() || total <= 0.0 {
            return None;
        }
        let mut by_level = vec![0.0; levels.len() + 1];
        let [mut small_low, mut small_high, mut large_low, mut large_high] = [0.0; 4];
        let mut entropy = Entropy::new(total);
        for row in entries.chunk_by(|a, b| a.row == b.row) {
            let Some(rank) = row.first().map(|e| e.row as usize) else {
                continue;
            };
            let [mut n, mut small, mut large] = [0.0; 3];
            for e in row {
                let j2 = f64::from(e.column) * f64::from(e.column);
                n += e.n;
                small += e.n / j2;
                large += e.n * j2;
                entropy.add(e.n, 1.0);
            }
            let i2 = level(levels, rank) * level(levels, rank);
            by_level[rank] += n;
            small_low += small / i2;
            small_high += small * i2;
            large_low += large / i2;
            large_high += large * i2;
        }
        let rows = Marginal::of(
            (1..by_level.len()).map(|row| (level(levels, row), by_level[row])),
            total,
        );
        let by_size = by_size(entries);
        let columns = Marginal::of(by_size.iter().map(|(size, n)| (f64::from(*size), *n)), total);
        Some(Self {
            small: columns.inverse_square / total,
            large: columns.square / total,
            low: rows.inverse_square / total,
            high: rows.square / total,
            small_low: small_low / total,
            small_high: small_high / total,
            large_low: large_low / total,
            large_high: large_high / total,
            level_non_uniformity: rows.squared / total,
            level_non_uniformity_normalised: rows.squared / (total * total),
            size_non_uniformity: columns.squared / total,
            size_non_uniformity_normalised: columns.squared / (total * total),
            level_variance: rows.variance,
            size_variance: columns.variance,
            entropy: entropy.value(),
            percentage: total / columns.sum,
        })
    }
}

/// Sizes that occur, ascending, with their numbers.
fn by_size(entries: &[Entry]) -> Vec<(u32, f64)> {
    let largest = entries.iter().map(|e| e.column).max().unwrap_or(0) as usize;
    if largest <= 4 * entries.len() + 256 {
        let mut table = vec![0.0; largest + 1];
        for e in entries {
            table[e.column as usize] += e.n;
        }
        let sizes = (0..).zip(table);
        return sizes.filter(|(_, n)| *n > 0.0).collect();
    }
    let mut sizes: Vec<(u32, f64)> = entries.iter().map(|e| (e.column, e.n)).collect();
    sizes.sort_by_key(|(size, _)| *size);
    sizes.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    sizes
}

fn level(levels: &[u16], rank: usize) -> f64 {
    levels.get(rank.wrapping_sub(1)).copied().map_or(f64::NAN, f64::from)
}

/// Sums over the rows or columns of a matrix: value v, number n(v).
struct Marginal {
    /// Σ n v.
    sum: f64,
    /// Σ n v².
    square: f64,
    /// Σ n / v².
    inverse_square: f64,
    /// Σ n².
    squared: f64,
    /// Σ n (v - mean)² / N.
    variance: f64,
}

impl Marginal {
    fn of(values: impl Iterator<Item = (f64, f64)> + Clone, total: f64) -> Self {
        let [mut sum, mut square, mut inverse_square, mut squared, mut variance] = [0.0; 5];
        for (v, n) in values.clone() {
            sum += n * v;
            square += n * (v * v);
            inverse_square += n / (v * v);
            squared += n * n;
        }
        let mean = sum / total;
        for (v, n) in values {
            variance += n / total * ((v - mean) * (v - mean));
        }
        Self {
            sum,
            square,
            inverse_square,
            squared,
            variance,
        }
    }
}
