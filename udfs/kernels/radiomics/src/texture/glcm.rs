//! Grey level co-occurrence matrices and their features.

use super::grid::Grid;
use super::mcc::second_singular_value;
use super::offsets::length;
use super::tally::{Entry, Tally, add_weighted};
use crate::cancel::{BLOCK, Cancel};
use crate::error::RadiomicsError;
use crate::firstorder::EPS;
use crate::settings::Settings;

/// Levels of one direction up to which HXY2 is summed over all pairs of levels. Beyond, the sum is split into those of
/// its factors' logarithms, which is the same but for the rounding.
const HXY2_BY_PAIRS: usize = 256;

/// The co-occurrence matrix of one direction at a time, and the sums over directions of the features.
pub(super) struct Glcm<'a> {
    grid: &'a Grid,
    settings: &'a Settings,
    mcc: bool,
    tally: Tally,
    entries: Vec<Entry>,
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
            tally: Tally::new(grid.level_count(), grid.level_count()),
            entries: Vec::new(),
            weighted: Vec::new(),
            directions: 0,
            means: Means {
                sums: [0.0; 24],
                counts: [0; 24],
            },
            scratch: Scratch::new(grid),
        }
    }

    /// Counts voxels `a` with their neighbours `b`.
    pub(super) fn count(&mut self, a: &[u16], b: &[u16]) {
        match &mut self.tally {
            Tally::Dense { columns, cells } => {
                for (a, b) in a.iter().zip(b) {
                    // Ranks are below the number of columns.
                    cells[usize::from(*a) * *columns + usize::from(*b)] += 1;
                }
            }
            Tally::Listed { .. } => {
                for (a, b) in a.iter().zip(b) {
                    self.tally.add(u32::from(*a), u32::from(*b));
                }
            }
        }
    }

    /// Ends the counting of one direction.
    pub(super) fn finish_direction(&mut self, offset: [isize; 3], cancel: Cancel) -> Result<(), RadiomicsError> {
        self.directions += 1;
        self.tally
            .drain(&mut self.entries, self.settings.symmetrical_glcm, cancel)?;
        let Some(norm) = self.settings.weighting_norm else {
            return self.add_features(cancel);
        };
        let weight = length(offset, self.grid.spacing, norm).map_or(1.0, |d| (-d * d).exp());
        add_weighted(&mut self.weighted, &self.entries, weight);
        Ok(())
    }

    /// The 24 features in the order of the catalogue.
    pub(super) fn features(mut self, cancel: Cancel) -> Result<[f64; 24], RadiomicsError> {
        if self.settings.weighting_norm.is_some() {
            self.entries = std::mem::take(&mut self.weighted);
            self.add_features(cancel)?;
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

    fn add_features(&mut self, cancel: Cancel) -> Result<(), RadiomicsError> {
        let total: f64 = self.entries.iter().map(|e| e.n).sum();
        if total <= 0.0 {
            return Ok(());
        }
        cancel.check()?;
        for e in &mut self.entries {
            e.n /= total;
        }
        let mut found = self.scratch.features(&self.entries, self.grid, cancel)?;
        if self.mcc {
            found[MCC] = if self.grid.level_count() < 2 {
                1.0
            } else {
                second_singular_value(&self.entries, &self.scratch.px, &self.scratch.py, cancel)?
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
    fn new(grid: &Grid) -> Self {
        let (ranks, highest) = (grid.level_count() + 1, usize::from(grid.highest()));
        Self {
            px: vec![0.0; ranks],
            py: vec![0.0; ranks],
            sums: vec![0.0; 2 * highest + 1],
            differences: vec![0.0; highest],
        }
    }

    /// The features of one normalised matrix, MCC left out.
    fn features(&mut self, entries: &[Entry], grid: &Grid, cancel: Cancel) -> Result<[f64; 24], RadiomicsError> {
        for marginal in [&mut self.px, &mut self.py, &mut self.sums, &mut self.differences] {
            marginal.fill(0.0);
        }
        let level = |rank: u32| grid.levels[rank as usize - 1];
        let [mut autocorrelation, mut ux, mut uy, mut energy, mut hxy, mut maximum] = [0.0f64; 6];
        for block in entries.chunks(BLOCK) {
            cancel.check()?;
            for e in block {
                let (i, j, p) = (level(e.row), level(e.column), e.n);
                self.px[e.row as usize] += p;
                self.py[e.column as usize] += p;
                self.sums[usize::from(i) + usize::from(j)] += p;
                self.differences[usize::from(i.abs_diff(j))] += p;
                let (i, j) = (f64::from(i), f64::from(j));
                ux += i * p;
                uy += j * p;
                autocorrelation += p * (i * j);
                energy += p * p;
                hxy -= p * (p + EPS).log2();
                maximum = maximum.max(p);
            }
        }
        let [mut contrast, mut covariance, mut hxy1] = [0.0; 3];
        for block in entries.chunks(BLOCK) {
            cancel.check()?;
            for e in block {
                let (i, j) = (f64::from(level(e.row)), f64::from(level(e.column)));
                contrast += e.n * ((i - j) * (i - j));
                covariance += e.n * (i - ux) * (j - uy);
                hxy1 -= e.n * (self.px[e.row as usize] * self.py[e.column as usize] + EPS).log2();
            }
        }
        let variance = |marginal: &[f64], mean: f64| -> f64 {
            let deviations = marginal.iter().skip(1).zip(&grid.levels);
            deviations
                .map(|(p, i)| p * (f64::from(*i) - mean) * (f64::from(*i) - mean))
                .sum()
        };
        let (variance_x, variance_y) = (variance(&self.px, ux), variance(&self.py, uy));
        let deviations = variance_x.sqrt() * variance_y.sqrt();
        let cluster = |power: i32| -> f64 {
            let terms = self.sums.iter().enumerate().filter(|(_, p)| **p > 0.0);
            terms.map(|(k, p)| p * (k as f64 - ux - uy).powi(power)).sum()
        };
        let by_difference = |term: &dyn Fn(f64) -> f64| -> f64 {
            let terms = self.differences.iter().enumerate().filter(|(_, p)| **p > 0.0);
            terms.map(|(k, p)| p * term(k as f64)).sum()
        };
        let highest = f64::from(grid.highest());
        let difference_average = by_difference(&|k| k);
        let (hx, hy) = (entropy(&self.px), entropy(&self.py));
        let larger = hx.max(hy);
        let imc1 = hxy - hxy1;
        Ok([
            autocorrelation,
            cluster(4),
            cluster(3),
            cluster(2),
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
            self.imc2(hxy),
            by_difference(&|k| if k == 0.0 { 0.0 } else { 1.0 / (k * k) }),
            ux,
            energy,
            hxy,
            f64::NAN,
            maximum,
            self.sums.iter().enumerate().map(|(k, p)| k as f64 * p).sum(),
            entropy(&self.sums),
            variance_x,
        ])
    }

    /// sqrt(1 - exp(-2 (HXY2 - HXY))): 0 when both are equal, NaN when rounding makes HXY2 the smaller.
    fn imc2(&self, hxy: f64) -> f64 {
        let present = |marginal: &[f64]| -> Vec<f64> { marginal.iter().copied().filter(|p| *p > 0.0).collect() };
        let (px, py) = (present(&self.px), present(&self.py));
        let mut hxy2 = 0.0;
        if px.len().max(py.len()) <= HXY2_BY_PAIRS {
            for x in &px {
                for y in &py {
                    hxy2 -= x * y * (x * y + EPS).log2();
                }
            }
        } else {
            // log2(xy + ε) = log2 x + log2 y + ε / (xy ln 2), and the marginals add up to 1.
            let own: f64 = px.iter().chain(&py).map(|p| p * p.log2()).sum();
            hxy2 = -own - (px.len() * py.len()) as f64 * EPS / std::f64::consts::LN_2;
        }
        if hxy2 == hxy {
            0.0
        } else {
            (1.0 - (-2.0 * (hxy2 - hxy)).exp()).sqrt()
        }
    }
}

/// -Σ p log2(p + ε).
fn entropy(p: &[f64]) -> f64 {
    -p.iter()
        .filter(|p| **p > 0.0)
        .map(|p| p * (p + EPS).log2())
        .sum::<f64>()
}
