//! Singular values and left singular vectors of a 3 × 3 matrix in single precision, by the algorithm that ITK uses.

/// Golub and Reinsch's method as in LINPACK's SSVDC (Dongarra, Moler, Bunch and Stewart, LINPACK Users' Guide, 1979,
/// chapter 11): the columns of `a` are reduced to a bidiagonal by Householder transformations, then swept by shifted QR
/// steps. Gives the singular values in descending order and the left vectors as columns.
///
/// Where two singular values are equal (voxels that are as long as wide) the vectors are arbitrary within a plane, and
/// which ones come out depends on the order of the operations and on the rounding to single precision. ITK's choice
/// between qform and sform depends on them, hence the same algorithm here and no other. `None` when a value vanishes or
/// the sweeps do not end.
pub(super) fn left_vectors(a: [[f32; 3]; 3]) -> Option<([f32; 3], [[f32; 3]; 3])> {
    let mut d = Decomposition::bidiagonal(a);
    let mut end = 3;
    let mut sweeps = 0;
    while end > 0 {
        let begin = d.unreduced(end)?;
        if begin == end - 1 {
            d.converged(begin);
            end -= 1;
            sweeps = 0;
        } else if sweeps == 1000 {
            return None;
        } else {
            d.sweep(begin, end - 1);
            sweeps += 1;
        }
    }
    Some((d.s, d.u))
}

struct Decomposition {
    /// Diagonal.
    s: [f32; 3],
    /// Superdiagonal.
    e: [f32; 3],
    /// Left vectors: `u[c]` is column c.
    u: [[f32; 3]; 3],
}

impl Decomposition {
    fn bidiagonal(mut x: [[f32; 3]; 3]) -> Self {
        let (mut s, mut e, mut u) = ([0f32; 3], [0f32; 3], [[0f32; 3]; 3]);
        for l in 0..2 {
            s[l] = householder(&mut x[l][l..]);
            for j in l + 1..3 {
                if s[l] != 0.0 {
                    let [pivot, column] = two(&mut x, l, j);
                    reflect(&pivot[l..], &mut column[l..]);
                }
                e[j] = x[j][l];
            }
            u[l][l..].copy_from_slice(&x[l][l..]);
            if l == 0 {
                e[0] = householder(&mut e[1..]);
                if e[0] != 0.0 {
                    let mut work = [0f32; 3];
                    for j in 1..3 {
                        for r in 1..3 {
                            work[r] += e[j] * x[j][r];
                        }
                    }
                    for j in 1..3 {
                        let t = -e[j] / e[1];
                        for r in 1..3 {
                            x[j][r] += t * work[r];
                        }
                    }
                }
            }
        }
        s[2] = x[2][2];
        e[1] = x[2][1];
        e[2] = 0.0;
        u[2] = [0.0, 0.0, 1.0];
        for l in [1, 0] {
            if s[l] == 0.0 {
                u[l] = std::array::from_fn(|r| f32::from(u8::from(r == l)));
                continue;
            }
            for j in l + 1..3 {
                let [pivot, column] = two(&mut u, l, j);
                reflect(&pivot[l..], &mut column[l..]);
            }
            for v in &mut u[l][l..] {
                *v = -*v;
            }
            u[l][l] += 1.0;
            u[l][..l].fill(0.0);
        }
        Self { s, e, u }
    }

    /// First row of the unreduced block that ends before `end`. `None` when a singular value in it is negligible.
    fn unreduced(&mut self, end: usize) -> Option<usize> {
        let mut begin = end - 1;
        while begin > 0 {
            let test = self.s[begin - 1].abs() + self.s[begin].abs();
            if test + self.e[begin - 1].abs() == test {
                self.e[begin - 1] = 0.0;
                break;
            }
            begin -= 1;
        }
        for k in (begin..end).rev().filter(|_| begin + 1 < end) {
            let above = if k > begin { self.e[k - 1].abs() } else { 0.0 };
            let test = if k + 1 < end { self.e[k].abs() } else { 0.0 } + above;
            let grown = test + self.s[k].abs();
            if grown == test || grown.is_nan() {
                return None;
            }
        }
        Some(begin)
    }

    /// One QR step on the rows from `first` to `last`.
    fn sweep(&mut self, first: usize, last: usize) {
        let Self { s, e, u } = self;
        let scale = [s[last], s[last - 1], e[last - 1], s[first], e[first]]
            .into_iter()
            .fold(0f32, |m, v| m.max(v.abs()));
        let [sm, smm1, emm1] = [s[last], s[last - 1], e[last - 1]].map(|v| v / scale);
        let [sl, el] = [s[first], e[first]].map(|v| v / scale);
        let b = ((smm1 + sm) * (smm1 - sm) + emm1 * emm1) / 2.0;
        let c = (sm * emm1) * (sm * emm1);
        let mut shift = 0.0;
        if b != 0.0 || c != 0.0 {
            shift = (b * b + c).sqrt();
            if b < 0.0 {
                shift = -shift;
            }
            shift = c / (b + shift);
        }
        let mut f = (sl + sm) * (sl - sm) + shift;
        let mut g = sl * el;
        for k in first..last {
            let (r, cs, sn) = rotation(f, g);
            if k != first {
                e[k - 1] = r;
            }
            f = cs * s[k] + sn * e[k];
            e[k] = cs * e[k] - sn * s[k];
            g = sn * s[k + 1];
            s[k + 1] *= cs;
            let (r, cs, sn) = rotation(f, g);
            s[k] = r;
            f = cs * e[k] + sn * s[k + 1];
            s[k + 1] = -sn * e[k] + cs * s[k + 1];
            g = sn * e[k + 1];
            e[k + 1] *= cs;
            let [a, b] = two(u, k, k + 1);
            for (a, b) in a.iter_mut().zip(b) {
                (*a, *b) = (cs * *a + sn * *b, cs * *b - sn * *a);
            }
        }
        e[last - 1] = f;
    }

    /// A value that has been found is made positive and put in its place.
    fn converged(&mut self, mut at: usize) {
        if self.s[at] < 0.0 {
            self.s[at] = -self.s[at];
        }
        while at < 2 && self.s[at] < self.s[at + 1] {
            self.s.swap(at, at + 1);
            self.u.swap(at, at + 1);
            at += 1;
        }
    }
}

fn two(columns: &mut [[f32; 3]; 3], a: usize, b: usize) -> [&mut [f32; 3]; 2] {
    let (left, right) = columns.split_at_mut(b);
    [&mut left[a], &mut right[0]]
}

/// Makes `v` a Householder vector and gives the diagonal element that it leaves.
fn householder(v: &mut [f32]) -> f32 {
    let mut norm = norm(v);
    if norm != 0.0 {
        if v[0] != 0.0 {
            norm = norm.copysign(v[0]);
        }
        let by = 1.0 / norm;
        for x in v.iter_mut() {
            *x *= by;
        }
        v[0] += 1.0;
    }
    -norm
}

fn reflect(pivot: &[f32], column: &mut [f32]) {
    let dot = pivot.iter().zip(&*column).fold(0f32, |sum, (p, c)| sum + p * c);
    let t = -dot / pivot[0];
    for (c, p) in column.iter_mut().zip(pivot) {
        *c += t * p;
    }
}

/// Euclidean norm as in the reference BLAS: scaled, the root in double precision.
fn norm(v: &[f32]) -> f32 {
    if let [one] = v {
        return one.abs();
    }
    let (mut scale, mut sum) = (0f32, 1f32);
    for x in v.iter().map(|x| x.abs()).filter(|x| *x != 0.0) {
        if scale < x {
            let ratio = scale / x;
            sum = sum * (ratio * ratio) + 1.0;
            scale = x;
        } else {
            let ratio = x / scale;
            sum += ratio * ratio;
        }
    }
    (f64::from(scale) * f64::from(sum).sqrt()) as f32
}

/// Plane rotation that turns (a, b) into (r, 0): r, cosine, sine.
fn rotation(a: f32, b: f32) -> (f32, f32, f32) {
    let scale = a.abs() + b.abs();
    if scale == 0.0 {
        return (0.0, 1.0, 0.0);
    }
    let (p, q) = (a / scale, b / scale);
    let r = (f64::from(scale) * f64::from(p * p + q * q).sqrt()) as f32;
    let sign = if a.abs() > b.abs() { a } else { b };
    let r = if sign < 0.0 { -r } else { r };
    (r, a / r, b / r)
}
