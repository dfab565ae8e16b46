//! Deriche's recursive approximation of a Gaussian and of its second derivative along one axis, as ITK has it
//! (`RecursiveGaussianImageFilter`, `RecursiveSeparableImageFilter`): coefficients, edges, and the order of every sum.
//!
//! R. Deriche, "Recursively implementing the Gaussian and its derivatives", INRIA report 1893, 1993; G. Farnebäck and C.-F.
//! Westin, "Improving Deriche-style recursive Gaussian filters", 2006.

use super::go_on;
use super::sampling::Voxel;
use crate::error::VolumeError;
use pulp::{Arch, Simd, WithSimd};
use std::sync::atomic::AtomicBool;

/// Lines that are filtered side by side.
const LANES: usize = 16;
type Row = [f64; LANES];

/// The coefficients of one recursive filter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recursion {
    /// Of the samples at 0, -1, -2, -3 in the causal pass.
    n: [f64; 4],
    /// Of the results at 1, 2, 3, 4 steps back in both passes.
    d: [f64; 4],
    /// Of the samples at 1, 2, 3, 4 in the anticausal pass.
    m: [f64; 4],
    /// In place of `d` times a result before the first sample: the sample at the edge goes on for ever.
    edge_n: [f64; 4],
    /// The same behind the last sample.
    edge_m: [f64; 4],
}

/// A numerator, and its sum with its first two moments.
struct Numerator {
    n: [f64; 4],
    s: f64,
    d: f64,
    e: f64,
}

// The exponential series: frequencies, decays, and amplitudes for the Gaussian and for its second derivative.
const W: [f64; 2] = [0.6681, 2.0787];
const L: [f64; 2] = [-1.3932, -1.3732];
const GAUSSIAN: [[f64; 2]; 2] = [[1.3530, 1.8151], [-0.3531, 0.0902]];
const SECOND: [[f64; 2]; 2] = [[-1.3563, 5.2318], [0.3446, -2.2355]];

/// What the coefficients share: sines, cosines and exponentials at `sigma` samples.
struct Series {
    sin: [f64; 2],
    cos: [f64; 2],
    exp: [f64; 2],
}

impl Series {
    fn new(sigma: f64) -> Self {
        Self {
            sin: W.map(|w| (w / sigma).sin()),
            cos: W.map(|w| (w / sigma).cos()),
            exp: L.map(|l| (l / sigma).exp()),
        }
    }

    fn numerator(&self, [[a1, b1], [a2, b2]]: [[f64; 2]; 2]) -> Numerator {
        let Self {
            sin: [sin1, sin2],
            cos: [cos1, cos2],
            exp: [exp1, exp2],
        } = *self;
        let n0 = a1 + a2;
        let mut n1 = exp2 * (b2 * sin2 - (a2 + 2.0 * a1) * cos2);
        n1 += exp1 * (b1 * sin1 - (a1 + 2.0 * a2) * cos1);
        let mut n2 = (a1 + a2) * cos2 * cos1;
        n2 -= b1 * cos2 * sin1 + b2 * cos1 * sin2;
        n2 *= 2.0 * exp1 * exp2;
        n2 += a2 * exp1 * exp1 + a1 * exp2 * exp2;
        let mut n3 = exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2);
        n3 += exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1);
        Numerator {
            n: [n0, n1, n2, n3],
            s: n0 + n1 + n2 + n3,
            d: n1 + 2.0 * n2 + 3.0 * n3,
            e: n1 + 4.0 * n2 + 9.0 * n3,
        }
    }

    fn denominator(&self) -> [f64; 4] {
        let Self {
            cos: [cos1, cos2],
            exp: [exp1, exp2],
            ..
        } = *self;
        let mut d3 = -2.0 * cos1 * exp1 * exp2 * exp2;
        d3 += -2.0 * cos2 * exp2 * exp1 * exp1;
        let mut d2 = 4.0 * cos2 * cos1 * exp1 * exp2;
        d2 += exp1 * exp1 + exp2 * exp2;
        let d1 = -2.0 * (exp2 * cos2 + exp1 * cos1);
        [d1, d2, d3, exp1 * exp1 * exp2 * exp2]
    }
}

impl Recursion {
    /// A Gaussian of `sigma` samples with a sum of one.
    pub fn gaussian(sigma: f64) -> Self {
        let series = Series::new(sigma);
        let [d1, d2, d3, d4] = series.denominator();
        let sd = 1.0 + d1 + d2 + d3 + d4;
        let g = series.numerator(GAUSSIAN);
        let alpha = 2.0 * g.s / sd - g.n[0];
        Self::symmetric(g.n.map(|n| n * (1.0 / alpha)), [d1, d2, d3, d4])
    }

    /// The second derivative of a Gaussian of `sigma` samples, times `scale`.
    pub fn second_derivative(sigma: f64, scale: f64) -> Self {
        let series = Series::new(sigma);
        let [d1, d2, d3, d4] = series.denominator();
        let sd = 1.0 + d1 + d2 + d3 + d4;
        let dd = d1 + 2.0 * d2 + 3.0 * d3 + 4.0 * d4;
        let ed = d1 + 4.0 * d2 + 9.0 * d3 + 16.0 * d4;
        let (g, c) = (series.numerator(GAUSSIAN), series.numerator(SECOND));
        // So much of the Gaussian is added that the sum becomes zero.
        let beta = -(2.0 * c.s - sd * c.n[0]) / (2.0 * g.s - sd * g.n[0]);
        let n: [f64; 4] = std::array::from_fn(|k| c.n[k] + beta * g.n[k]);
        let (sn, dn, en) = (c.s + beta * g.s, c.d + beta * g.d, c.e + beta * g.e);
        let mut alpha = en * sd * sd - ed * sn * sd - 2.0 * dn * dd * sd + 2.0 * dd * dd * sn;
        alpha /= sd * sd * sd;
        Self::symmetric(n.map(|n| n * (scale / alpha)), [d1, d2, d3, d4])
    }

    fn symmetric(n: [f64; 4], d: [f64; 4]) -> Self {
        let m = [n[1] - d[0] * n[0], n[2] - d[1] * n[0], n[3] - d[2] * n[0], -d[3] * n[0]];
        let sn = n[0] + n[1] + n[2] + n[3];
        let sm = m[0] + m[1] + m[2] + m[3];
        let sd = 1.0 + d[0] + d[1] + d[2] + d[3];
        Self {
            n,
            d,
            m,
            edge_n: d.map(|d| d * sn / sd),
            edge_m: d.map(|d| d * sm / sd),
        }
    }
}

/// Filters [`LANES`] lines of at least 4 samples each and puts the results `from..from + out.len()` in `out`; sample i of the
/// lines is row i. The causal pass does not go beyond these results, the anticausal one not below them.
struct Lines<'a> {
    recursion: &'a Recursion,
    samples: &'a [Row],
    from: usize,
    work: &'a mut [Row],
    out: &'a mut [Row],
}

impl WithSimd for Lines<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // No closures here: they would be compiled without the vector instructions.
        let r = self.recursion;
        let (n, m, d) = (splat(simd, r.n), splat(simd, r.m), splat(simd, r.d));
        let (edge_n, edge_m) = (splat(simd, r.edge_n), splat(simd, r.edge_m));
        // A row is so many vectors.
        let width = LANES / S::F64_LANES;
        let (x, _) = S::as_simd_f64s(self.samples.as_flattened());
        let (y, _) = S::as_mut_simd_f64s(self.work.as_flattened_mut());
        let (out, _) = S::as_mut_simd_f64s(self.out.as_flattened_mut());
        let (from, to) = (self.from * width, self.from * width + out.len());
        let last = x.len() - 1;

        let edge = 4 * width;
        for at in 0..to.min(edge) {
            let (row, first) = (at / width, at % width);
            let (mut xs, mut ys, mut of_y) = ([x[first]; 4], [x[first]; 4], edge_n);
            for k in 0..4 {
                if row >= k {
                    xs[k] = x[at - k * width];
                }
                if row > k {
                    (ys[k], of_y[k]) = (y[at - (k + 1) * width], d[k]);
                }
            }
            y[at] = step(simd, xs, n, ys, of_y);
        }
        for at in edge..to {
            let (x, before) = (&x[at - 3 * width..=at], &y[at - edge..at]);
            let xs = [x[3 * width], x[2 * width], x[width], x[0]];
            let ys = [before[3 * width], before[2 * width], before[width], before[0]];
            y[at] = step(simd, xs, n, ys, d);
        }
        out.copy_from_slice(&y[from..to]);

        // The same from the end, where `back` counts.
        let to = x.len() - from;
        for back in 0..to.min(edge) {
            let (row, at, end) = (back / width, last - back, last - back % width);
            let (mut xs, mut ys, mut of_y) = ([x[end]; 4], [x[end]; 4], edge_m);
            for k in 0..4 {
                if row > k {
                    let before = at + (k + 1) * width;
                    (xs[k], ys[k], of_y[k]) = (x[before], y[before], d[k]);
                }
            }
            y[at] = step(simd, xs, m, ys, of_y);
        }
        for at in (from..x.len().saturating_sub(edge)).rev() {
            let (x, after) = (&x[at + 1..=at + edge], &y[at + 1..=at + edge]);
            let xs = [x[width - 1], x[2 * width - 1], x[3 * width - 1], x[4 * width - 1]];
            let ys = [
                after[width - 1],
                after[2 * width - 1],
                after[3 * width - 1],
                after[4 * width - 1],
            ];
            y[at] = step(simd, xs, m, ys, d);
        }
        for (out, anticausal) in out.iter_mut().zip(&y[from..]) {
            *out = simd.add_f64s(*out, *anticausal);
        }
    }
}

/// One result of a recursion: the samples' sum less that of the results before. Each is summed from the nearest one on.
#[inline(always)]
fn step<S: Simd>(simd: S, x: [S::f64s; 4], of_x: [S::f64s; 4], y: [S::f64s; 4], of_y: [S::f64s; 4]) -> S::f64s {
    simd.sub_f64s(sum(simd, x, of_x), sum(simd, y, of_y))
}

#[inline(always)]
fn sum<S: Simd>(simd: S, v: [S::f64s; 4], c: [S::f64s; 4]) -> S::f64s {
    let two = simd.add_f64s(simd.mul_f64s(v[0], c[0]), simd.mul_f64s(v[1], c[1]));
    let three = simd.add_f64s(two, simd.mul_f64s(v[2], c[2]));
    simd.add_f64s(three, simd.mul_f64s(v[3], c[3]))
}

#[inline(always)]
fn splat<S: Simd>(simd: S, c: [f64; 4]) -> [S::f64s; 4] {
    [
        simd.splat_f64s(c[0]),
        simd.splat_f64s(c[1]),
        simd.splat_f64s(c[2]),
        simd.splat_f64s(c[3]),
    ]
}

/// A box of voxels in a larger array.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a, S> {
    pub voxels: &'a [S],
    /// Index of the box's first voxel.
    pub first: usize,
    /// Distance of neighbours along x, y, z.
    pub strides: [usize; 3],
    /// Voxels of the box along x, y, z.
    pub size: [usize; 3],
}

impl<'a> View<'a, f32> {
    /// All of an array of this size.
    pub fn whole(voxels: &'a [f32], size: [usize; 3]) -> Self {
        Self {
            voxels,
            first: 0,
            strides: [1, size[0], size[0] * size[1]],
            size,
        }
    }
}

impl<S: Voxel> View<'_, S> {
    /// Filters every line along `axis` and gives of each the results `from..from + len`, rounded to float32. Voxels that are
    /// no numbers spread along their lines.
    #[inline(always)]
    pub fn filter(
        &self,
        axis: usize,
        recursion: &Recursion,
        from: usize,
        len: usize,
        cancel: &AtomicBool,
    ) -> Result<Vec<f32>, VolumeError> {
        let mut size = self.size;
        size[axis] = len;
        let strides = [1, size[0], size[0] * size[1]];
        let mut out = vec![0.0f32; size[2] * strides[2]];
        // Lines are counted along the two other axes, the lower one fastest.
        let (a, b) = [(1, 2), (0, 2), (0, 1)][axis];
        let lines = size[a] * size[b];
        let starts = |strides: [usize; 3], line: usize| {
            let line: [usize; LANES] = std::array::from_fn(|l| (line + l).min(lines - 1));
            line.map(|line| line % size[a] * strides[a] + line / size[a] * strides[b])
        };
        let arch = Arch::new();
        let count = self.size[axis];
        let mut samples = vec![[0.0; LANES]; count];
        let mut work = vec![[0.0; LANES]; count];
        let mut results = vec![[0.0; LANES]; len];
        for line in (0..lines).step_by(LANES) {
            go_on(cancel)?;
            let start = starts(self.strides, line).map(|s| s + self.first);
            let step = self.strides[axis];
            if in_one_piece(&start) {
                let mut at = start[0];
                for row in &mut samples {
                    let voxels = &self.voxels[at..at + LANES];
                    for l in 0..LANES {
                        row[l] = voxels[l].double();
                    }
                    at += step;
                }
            } else {
                for (l, &start) in start.iter().enumerate() {
                    let mut at = start;
                    for row in &mut samples {
                        row[l] = self.voxels[at].double();
                        at += step;
                    }
                }
            }
            arch.dispatch(Lines {
                recursion,
                samples: &samples,
                from,
                work: &mut work,
                out: &mut results,
            });
            let start = starts(strides, line);
            let step = strides[axis];
            if in_one_piece(&start) {
                let mut at = start[0];
                for row in &results {
                    let voxels = &mut out[at..at + LANES];
                    for l in 0..LANES {
                        voxels[l] = row[l] as f32;
                    }
                    at += step;
                }
            } else {
                for (l, &start) in start.iter().enumerate() {
                    let mut at = start;
                    for row in &results {
                        out[at] = row[l] as f32;
                        at += step;
                    }
                }
            }
        }
        Ok(out)
    }
}

fn in_one_piece(start: &[usize; LANES]) -> bool {
    start.iter().enumerate().all(|(l, &s)| s == start[0] + l)
}
