//! Features of grey level co-occurrence matrices.

use super::entropy::Entropy;
use super::grid::Grid;
use super::mcc::{Counts, second_singular_value};
use super::offsets::length;
use super::tally::{Entry, add_weighted};
use crate::cancel::{BLOCK, Cancel};
use crate::error::RadiomicsError;
use crate::firstorder::EPS;
use crate::settings::Settings;
use std::f64::consts::LN_2;

/// Levels of one direction up to which HXY1 and HXY2 are summed over pairs of levels. Beyond, the sum is split into those
/// of its factors' logarithms, which is the same but for the rounding.
const BY_PAIRS: usize = 16;

/// The sums over directions of the features of their matrices.
///
/// A symmetrical matrix is given by its entries on and above the diagonal.
pub(super) struct Glcm<'a> {
    grid: &'a Grid,
    settings: &'a Settings,
    mcc: bool,
    /// Entries of all directions with their weights, when directions are weighted and not averaged.
    weighted: Vec<Entry>,
    directions: usize,
    means: Means,
    scratch: Scratch,
}

/// Mean over directions of each feature, without directions where it is NaN.
struct Means {
    sums: [f64; 24],
    counts: [usize; 24],
}

impl<'a> Glcm<'a> {
    pub(super) fn new(grid: &'a Grid, settings: &'a Settings, mcc: bool) -> Self {
        Self {
            grid,
            settings,
            mcc,
            weighted: Vec::new(),
            directions: 0,
            means: Means {
                sums: [0.0; 24],
                counts: [0; 24],
            },
            scratch: Scratch::new(grid, settings.symmetrical_glcm),
        }
    }

    /// Adds the counts in one direction.
    pub(super) fn add_direction(
        &mut self,
        entries: &[Entry],
        offset: [isize; 3],
        cancel: Cancel,
    ) -> Result<(), RadiomicsError> {
        self.directions += 1;
        match self.settings.weighting_norm {
            None => self.add_features(entries, cancel)?,
            Some(norm) => {
                let weight = length(offset, self.grid.spacing, norm).map_or(1.0, |d| (-d * d).exp());
                add_weighted(&mut self.weighted, entries, weight);
            }
        }
        Ok(())
    }

    /// The 24 features in the order of the catalogue.
    pub(super) fn features(mut self, cancel: Cancel) -> Result<[f64; 24], RadiomicsError> {
        if self.settings.weighting_norm.is_some() {
            let weighted = std::mem::take(&mut self.weighted);
            self.add_features(&weighted, cancel)?;
        }
        let Means { sums, counts } = self.means;
        // PyRadiomics leaves out directions without pairs; with one grey level it then says 1 without looking further.
        let averaged = self.directions > 1 && self.settings.weighting_norm.is_none();
        let mcc_without_pairs = self.mcc && averaged && self.grid.level_count() < 2;
        Ok(std::array::from_fn(|i| match counts[i] {
            0 if i == MCC && mcc_without_pairs => 1.0,
            0 => f64::NAN,
            n => sums[i] / n as f64,
        }))
    }

    fn add_features(&mut self, entries: &[Entry], cancel: Cancel) -> Result<(), RadiomicsError> {
        cancel.check()?;
        let Some(mut found) = self.scratch.features(entries, self.grid, cancel)? else {
            return Ok(());
        };
        if self.mcc {
            found[MCC] = if self.grid.level_count() < 2 {
                1.0
            } else {
                self.scratch.mcc(entries, cancel)?
            };
        }
        for (v, (sum, count)) in found.iter().zip(self.means.sums.iter_mut().zip(&mut self.means.counts)) {
            if !v.is_nan() {
                *sum += v;
                *count += 1;
            }
        }
        Ok(())
    }
}

/// Position of MCC among the features.
const MCC: usize = 19;

/// Marginals of one matrix.
struct Scratch {
    /// Whether the matrix is symmetrical.
    folded: bool,
    total: f64,
    /// By rank.
    px: Vec<f64>,
    /// By rank.
    py: Vec<f64>,
    /// By i + j.
    sums: Vec<f64>,
    /// By |i - j|.
    differences: Vec<f64>,
}

impl Scratch {
    fn new(grid: &Grid, folded: bool) -> Self {
        // Whole vectors of a processor.
        let ranks = (grid.level_count() + 1).next_multiple_of(8);
        let highest = usize::from(grid.highest());
        Self {
            folded,
            total: 0.0,
            px: vec![0.0; ranks],
            py: vec![0.0; ranks],
            sums: vec![0.0; 2 * highest + 1],
            differences: vec![0.0; highest],
        }
    }

    /// How often an entry is in the matrix.
    fn times(&self, e: &Entry) -> f64 {
        if self.folded && e.row != e.column { 2.0 } else { 1.0 }
    }

    /// The features of one matrix, MCC left out; `None` for one without pairs.
    fn features(
        &mut self,
        entries: &[Entry],
        grid: &Grid,
        cancel: Cancel,
    ) -> Result<Option<[f64; 24]>, RadiomicsError> {
        let total: f64 = entries.iter().map(|e| e.n * self.times(e)).sum();
        if total <= 0.0 {
            return Ok(None);
        }
        self.total = total;
        for marginal in [&mut self.px, &mut self.py, &mut self.sums, &mut self.differences] {
            marginal.fill(0.0);
        }
        let level = |rank: u32| grid.levels[rank as usize - 1];
        let few = grid.level_count() <= BY_PAIRS;
        let [mut autocorrelation, mut energy, mut maximum] = [0.0f64; 3];
        let mut hxy = if few {
            Entropy::by_term(total)
        } else {
            Entropy::new(total)
        };
        for block in entries.chunks(BLOCK) {
            cancel.check()?;
            for e in block {
                let (i, j, n) = (level(e.row), level(e.column), e.n);
                let times = self.times(e);
                let all = n * times;
                self.px[e.row as usize] += n;
                if !self.folded {
                    self.py[e.column as usize] += n;
                } else if e.row != e.column {
                    self.px[e.column as usize] += n;
                }
                self.sums[usize::from(i) + usize::from(j)] += all;
                self.differences[usize::from(i.abs_diff(j))] += all;
                autocorrelation += all * (f64::from(i) * f64::from(j));
                energy += all * n;
                hxy.add(n, times);
                maximum = maximum.max(n);
            }
        }
        if self.folded {
            self.py.copy_from_slice(&self.px);
        }
        // Whole numbers up to here: what is symmetrical cancels without a rest.
        let sum_of = |marginal: &[f64]| -> f64 {
            let terms = marginal.iter().skip(1).zip(&grid.levels);
            terms.map(|(n, i)| n * f64::from(*i)).sum()
        };
        let (ux, uy) = (sum_of(&self.px), sum_of(&self.py));
        for marginal in [&mut self.px, &mut self.py, &mut self.sums, &mut self.differences] {
            for p in marginal {
                *p /= total;
            }
        }
        let hxy = hxy.value();
        let (ux, uy) = (ux / total, uy / total);
        let of_level = |marginal: &[f64], term: &dyn Fn(f64) -> f64| -> f64 {
            let terms = marginal.iter().skip(1).zip(&grid.levels);
            terms.map(|(p, i)| p * term(f64::from(*i))).sum()
        };
        let variance_x = of_level(&self.px, &|i| (i - ux) * (i - ux));
        let variance_y = of_level(&self.py, &|i| (i - uy) * (i - uy));
        let deviations = variance_x.sqrt() * variance_y.sqrt();
        let cluster = |power: i32| -> f64 {
            let terms = self.sums.iter().enumerate().filter(|(_, p)| **p > 0.0);
            terms.map(|(k, p)| p * (k as f64 - ux - uy).powi(power)).sum()
        };
        let by_difference = |term: &dyn Fn(f64) -> f64| -> f64 {
            let terms = self.differences.iter().enumerate().filter(|(_, p)| **p > 0.0);
            terms.map(|(k, p)| p * term(k as f64)).sum()
        };
        let contrast = by_difference(&|k| k * k);
        let cluster_tendency = cluster(2);
        // Mean squares of (i - ux) + (j - uy) and of (i - ux) - (j - uy) are four covariances apart.
        let covariance = (cluster_tendency - (contrast - (ux - uy) * (ux - uy))) / 4.0;
        let highest = f64::from(grid.highest());
        let difference_average = by_difference(&|k| k);
        let (hx, hy) = (entropy(&self.px), entropy(&self.py));
        let larger = hx.max(hy);
        let (hxy1, hxy2) = self.joint_entropies(entries, grid.level_count());
        let imc1 = hxy - hxy1;
        Ok(Some([
            autocorrelation / total,
            cluster(4),
            cluster(3),
            cluster_tendency,
            contrast,
            if deviations == 0.0 {
                1.0
            } else {
                covariance / (deviations + EPS)
            },
            difference_average,
            entropy(&self.differences),
            by_difference(&|k| (k - difference_average) * (k - difference_average)),
            by_difference(&|k| 1.0 / (1.0 + k)),
            by_difference(&|k| 1.0 / (1.0 + k * k)),
            by_difference(&|k| 1.0 / (1.0 + k * k / (highest * highest))),
            by_difference(&|k| 1.0 / (1.0 + k / highest)),
            if larger == 0.0 { 0.0 } else { imc1 / larger },
            // 0 when both are equal, NaN when rounding makes HXY2 the smaller.
            if hxy2 == hxy {
                0.0
            } else {
                (1.0 - (-2.0 * (hxy2 - hxy)).exp()).sqrt()
            },
            by_difference(&|k| if k == 0.0 { 0.0 } else { 1.0 / (k * k) }),
            ux,
            energy / (total * total),
            hxy,
            f64::NAN,
            maximum / total,
            self.sums.iter().enumerate().map(|(k, p)| k as f64 * p).sum(),
            entropy(&self.sums),
            variance_x,
        ]))
    }

    /// HXY1 = -Σ p(i,j) log2(px(i) py(j) + ε) and HXY2 = -Σ px(i) py(j) log2(px(i) py(j) + ε).
    fn joint_entropies(&self, entries: &[Entry], levels: usize) -> (f64, f64) {
        let present = |marginal: &[f64]| marginal.iter().filter(|p| **p > 0.0).count();
        let (rows, columns) = (present(&self.px), present(&self.py));
        let smallest = |marginal: &[f64]| marginal.iter().copied().filter(|p| *p > 0.0).fold(1.0, f64::min);
        // Weights of directions make marginals so small that ε is no small part of their product.
        let few = levels <= BY_PAIRS || EPS > 1e-5 * smallest(&self.px) * smallest(&self.py);
        let product = |e: &Entry| self.px[e.row as usize] * self.py[e.column as usize];
        if few {
            let of_entry = |e: &Entry| e.n * self.times(e) / self.total * (product(e) + EPS).log2();
            let mut hxy2 = 0.0;
            for x in self.px.iter().filter(|p| **p > 0.0) {
                for y in self.py.iter().filter(|p| **p > 0.0) {
                    hxy2 -= x * y * (x * y + EPS).log2();
                }
            }
            return (-entries.iter().map(of_entry).sum::<f64>(), hxy2);
        }
        // log2(xy + ε) = log2 x + log2 y + t / ln 2 - t² / (2 ln 2) with t = ε / xy; the marginals add up to 1, and so
        // do the entries, by row and by column.
        let both = self.px.iter().chain(&self.py).filter(|p| **p > 0.0);
        let own = -both.map(|p| p * p.log2()).sum::<f64>();
        let by_epsilon = |e: &Entry| {
            let t = EPS / product(e);
            e.n * self.times(e) * (t - 0.5 * t * t)
        };
        let hxy1 = own - entries.iter().map(by_epsilon).sum::<f64>() / self.total / LN_2;
        (hxy1, own - (rows * columns) as f64 * EPS / LN_2)
    }

    /// The maximal correlation coefficient of the matrix whose marginals these are.
    fn mcc(&self, entries: &[Entry], cancel: Cancel) -> Result<f64, RadiomicsError> {
        let counts = Counts {
            entries,
            symmetrical: self.folded,
            total: self.total,
            px: &self.px,
            py: &self.py,
        };
        second_singular_value(counts, cancel)
    }
}

/// -Σ p log2(p + ε).
fn entropy(p: &[f64]) -> f64 {
    -p.iter()
        .filter(|p| **p > 0.0)
        .map(|p| p * (p + EPS).log2())
        .sum::<f64>()
}
