//! Cubic splines through an image: `scipy.ndimage.spline_filter` and the weights of `scipy.ndimage.map_coordinates`, of order 3
//! and mode "constant", with SciPy's bits. For the filter the image goes on mirrored at its first and last voxels.

use super::go_on;
use super::sampling::Voxel;
use crate::error::VolumeError;
use crate::mask::Bounds;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

/// Coefficients that a sample needs below the voxel before it, and above.
const BELOW: usize = 1;
const ABOVE: usize = 2;

/// sqrt(3) - 2
const POLE: f64 = -0.267_949_192_431_122_7;

/// The coefficients around a box of an image.
pub(super) struct Coefficients {
    values: Vec<f64>,
    /// First index and number along x, y, z.
    from: [i64; 3],
    len: [usize; 3],
    /// How far [`Coefficients::near`] may be off.
    error: f64,
}

/// Rounding errors of two sums of 64 products, relative to the largest coefficient, are well below.
const ERROR: f64 = 1e-13;

impl Coefficients {
    /// Those that samples between the voxels of `bounds` need, in an image of `size` voxels along x, y, z.
    pub(super) fn new<S: Voxel>(
        image: &[S],
        size: [usize; 3],
        bounds: &Bounds,
        cancel: &AtomicBool,
    ) -> Result<Self, VolumeError> {
        let [nx, ny, nz] = size;
        let from: [i64; 3] = std::array::from_fn(|d| bounds.lower[d] as i64 - BELOW as i64);
        let len: [usize; 3] = std::array::from_fn(|d| bounds.size[d] + BELOW + ABOVE);
        let at = |d: usize| (0..len[d]).map(move |i| mirror(from[d] + i as i64, size[d]));
        let [xs, ys, zs]: [Vec<usize>; 3] = std::array::from_fn(|d| at(d).collect());

        // Along z, for every x and y.
        let mut along_z = vec![0.0; nx * ny * len[2]];
        let mut lines = vec![0.0; nz * nx];
        for y in 0..ny {
            go_on(cancel)?;
            for (z, to) in lines.chunks_exact_mut(nx).enumerate() {
                for (to, v) in to.iter_mut().zip(&image[(z * ny + y) * nx..]) {
                    *to = v.double();
                }
            }
            filter(&mut lines, nz, nx);
            for (i, &z) in zs.iter().enumerate() {
                along_z[(i * ny + y) * nx..][..nx].copy_from_slice(&lines[z * nx..][..nx]);
            }
        }
        // Along y for the planes that count, then along x for the rows that do.
        let mut values = Vec::with_capacity(len.iter().product());
        let mut row = vec![0.0; nx];
        for plane in along_z.chunks_exact_mut(nx * ny) {
            go_on(cancel)?;
            filter(plane, ny, nx);
            for &y in &ys {
                row.copy_from_slice(&plane[y * nx..][..nx]);
                filter(&mut row, nx, 1);
                values.extend(xs.iter().map(|&x| row[x]));
            }
        }
        let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        Ok(Self {
            values,
            from,
            len,
            error: ERROR * largest,
        })
    }

    /// The row of coefficients at `y` and `z`.
    fn row(&self, y: i64, z: i64) -> &[f64] {
        let [_, fy, fz] = self.from;
        let at = |i: i64, from: i64| usize::try_from(i - from).unwrap_or(0);
        &self.values[(at(z, fz) * self.len[1] + at(y, fy)) * self.len[0]..][..self.len[0]]
    }

    /// What [`Coefficients::sample`] gives but for an error that is returned too, with a fifth of the work.
    pub(super) fn near(
        &self,
        (x, run): (&Line, &Range<usize>),
        y: &Knot,
        z: &Knot,
        products: &mut [f64],
        out: &mut [f64],
    ) -> f64 {
        let inside = run.start.max(x.inside.start)..run.end.min(x.inside.end);
        if inside.is_empty() || !x.regular {
            self.sample((x, run), y, z, products, out);
            return 0.0;
        }
        out.fill(0.0);
        let knots = inside.start - x.inside.start..inside.end - x.inside.start;
        let out = &mut out[inside.start - run.start..][..knots.len()];
        let n = out.len();
        let first = usize::try_from(x.starts[knots.start] - self.from[0]).unwrap_or(0);
        let p = &mut products[..n + 3];
        p.fill(0.0);
        for (k, &wz) in z.weights.iter().enumerate() {
            let [a, b, c, d] = [0, 1, 2, 3].map(|j| &self.row(y.start + j, z.start + k as i64)[first..][..n + 3]);
            let [wa, wb, wc, wd] = y.weights.map(|w| w * wz);
            for i in 0..n + 3 {
                p[i] += (a[i] * wa + b[i] * wb) + (c[i] * wc + d[i] * wd);
            }
        }
        let [w0, w1, w2, w3] = [0, 1, 2, 3].map(|k| &x.weights[k][knots.clone()]);
        let (p0, p1, p2, p3) = (&p[..n], &p[1..][..n], &p[2..][..n], &p[3..][..n]);
        for i in 0..n {
            out[i] = (p0[i] * w0[i] + p1[i] * w1[i]) + (p2[i] * w2[i] + p3[i] * w3[i]);
        }
        self.error
    }

    /// One sample for each voxel of a `run` of the row that `x` is about, with SciPy's order of products and sums. `products`
    /// has room for three values more than a run has.
    pub(super) fn sample(
        &self,
        (x, run): (&Line, &Range<usize>),
        y: &Knot,
        z: &Knot,
        products: &mut [f64],
        out: &mut [f64],
    ) {
        out.fill(0.0);
        let inside = run.start.max(x.inside.start)..run.end.min(x.inside.end);
        if inside.is_empty() {
            return;
        }
        let knots = inside.start - x.inside.start..inside.end - x.inside.start;
        let out = &mut out[inside.start - run.start..][..knots.len()];
        let n = out.len();
        let first = |start: i64| usize::try_from(start - self.from[0]).unwrap_or(0);
        let starts = &x.starts[knots.clone()];
        let p = &mut products[..n + 3];
        let [w0, w1, w2, w3] = [0, 1, 2, 3].map(|k| &x.weights[k][knots.clone()]);
        for (k, &wz) in z.weights.iter().enumerate() {
            for (j, &wy) in y.weights.iter().enumerate() {
                let row = self.row(y.start + j as i64, z.start + k as i64);
                if !x.regular {
                    for i in 0..n {
                        let c = &row[first(starts[i])..];
                        for (c, w) in c.iter().zip([w0[i], w1[i], w2[i], w3[i]]) {
                            out[i] += c * wz * wy * w;
                        }
                    }
                    continue;
                }
                for (to, c) in p.iter_mut().zip(&row[first(starts[0])..]) {
                    *to = c * wz * wy;
                }
                let (p0, p1, p2, p3) = (&p[..n], &p[1..][..n], &p[2..][..n], &p[3..][..n]);
                for i in 0..n {
                    let mut t = out[i];
                    t += p0[i] * w0[i];
                    t += p1[i] * w1[i];
                    t += p2[i] * w2[i];
                    t += p3[i] * w3[i];
                    out[i] = t;
                }
            }
        }
    }
}

/// The index within an axis of `len` voxels that the mirrored axis has at `i`.
fn mirror(i: i64, len: usize) -> usize {
    let last = len as i64 - 1;
    if last == 0 {
        return 0;
    }
    let i = i.rem_euclid(2 * last);
    i.min(2 * last - i) as usize
}

/// Turns `n` rows of `width` values into coefficients along the columns.
fn filter(values: &mut [f64], n: usize, width: usize) {
    if n < 2 {
        return;
    }
    let z = POLE;
    let gain = (1.0 - z) * (1.0 - 1.0 / z);
    for v in values.iter_mut() {
        *v *= gain;
    }
    // The first value of the forward pass sums the mirrored columns.
    let whole = z.powf((n - 1) as f64);
    let (first, rest) = values.split_at_mut(width);
    let row = |i: usize| &rest[(i - 1) * width..][..width];
    for (c, last) in first.iter_mut().zip(row(n - 1)) {
        *c += whole * last;
    }
    let mut power = z;
    for i in 1..n - 1 {
        for ((c, a), b) in first.iter_mut().zip(row(i)).zip(row(n - 1 - i)) {
            *c += power * (a + whole * b);
        }
        power *= z;
    }
    for c in first.iter_mut() {
        *c /= 1.0 - whole * whole;
    }
    for i in 1..n {
        let (before, here) = values.split_at_mut(i * width);
        for (c, b) in here[..width].iter_mut().zip(&before[(i - 1) * width..]) {
            *c += z * b;
        }
    }
    let (before, last) = values.split_at_mut((n - 1) * width);
    for (c, b) in last.iter_mut().zip(&before[(n - 2) * width..]) {
        *c = (z * b + *c) * z / (z * z - 1.0);
    }
    for i in (0..n - 1).rev() {
        let (here, after) = values.split_at_mut((i + 1) * width);
        for (c, a) in here[i * width..].iter_mut().zip(after.iter()) {
            *c = z * (a - *c);
        }
    }
}

/// What a sample at one position of an axis reads: the first coefficient and the weights of four.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knot {
    start: i64,
    weights: [f64; 4],
}

impl Knot {
    /// None beyond the first and last voxel, where a sample is 0.
    pub(super) fn at(position: f64, len: usize) -> Option<Self> {
        if !(position >= 0.0 && position <= (len - 1) as f64) {
            return None;
        }
        let y = position - position.floor();
        let z = 1.0 - y;
        let mut weights = [
            z * z * z / 6.0,
            (y * y * (y - 2.0) * 3.0 + 4.0) / 6.0,
            (z * z * (z - 2.0) * 3.0 + 4.0) / 6.0,
            0.0,
        ];
        weights[3] = 1.0 - weights[0] - weights[1] - weights[2];
        Some(Self {
            start: position.floor() as i64 - BELOW as i64,
            weights,
        })
    }
}

/// The knots of a row of voxels, all moved by the same distance.
pub(super) struct Line {
    /// The voxels of the row that are moved to a place within the image.
    inside: Range<usize>,
    starts: Vec<i64>,
    weights: [Vec<f64>; 4],
    /// Whether each knot starts one after the one before, which rounding can prevent.
    regular: bool,
}

impl Line {
    /// Voxels `from` on, `n` of them, of an axis of `len`.
    pub(super) fn new(from: usize, n: usize, offset: f64, len: usize) -> Self {
        let knots: Vec<_> = (from..from + n).map(|i| Knot::at(i as f64 + offset, len)).collect();
        let first = knots.iter().take_while(|k| k.is_none()).count();
        let knots: Vec<Knot> = knots.into_iter().flatten().collect();
        Self {
            inside: first..first + knots.len(),
            starts: knots.iter().map(|k| k.start).collect(),
            weights: std::array::from_fn(|w| knots.iter().map(|k| k.weights[w]).collect()),
            regular: knots.windows(2).all(|k| k[1].start == k[0].start + 1),
        }
    }
}
