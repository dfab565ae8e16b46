//! The inverse of a 3 x 3 matrix with the bits that ITK gives it.
//!
//! ITK inverts an image's index-to-point matrix through a singular value decomposition (`itk::Matrix::GetInverse`, which
//! calls LINPACK's `dsvdc`). Its last bits decide which of two voxels a point halfway between them belongs to, so the same
//! sequence of operations is done here: Golub and Reinsch's algorithm as in Dongarra et al., LINPACK Users' Guide, 1979,
//! chapter 11.

type Matrix = [[f64; 3]; 3];

/// The inverse of `m[row][column]`, which is not singular.
pub(super) fn inverse(m: &Matrix) -> Matrix {
    let (u, s, v) = decompose(m);
    // V W^-1 U', summed from the first column on; columns are the outer index of u and v.
    let scaled: Matrix = std::array::from_fn(|r| std::array::from_fn(|c| v[c][r] * (1.0 / s[c])));
    std::array::from_fn(|r| std::array::from_fn(|c| (0..3).fold(0.0, |sum, k| sum + scaled[r][k] * u[k][c])))
}

/// Most QR steps for one singular value; LINPACK's limit is never near for 3 x 3.
const STEPS: usize = 1000;

/// Columns of U, singular values in descending order, columns of V.
fn decompose(m: &Matrix) -> (Matrix, [f64; 3], Matrix) {
    // x[column][row], so that a column is a slice.
    let mut x: Matrix = std::array::from_fn(|c| std::array::from_fn(|r| m[r][c]));
    let (mut s, mut e) = ([0.0; 3], [0.0; 3]);
    let (mut u, mut v): (Matrix, Matrix) = ([[0.0; 3]; 3], [[0.0; 3]; 3]);

    // To bidiagonal form by Householder reflections: two of columns, one of a row.
    for l in 0..2 {
        s[l] = norm(&x[l][l..]);
        if s[l] != 0.0 {
            if x[l][l] != 0.0 {
                s[l] = s[l].copysign(x[l][l]);
            }
            let factor = 1.0 / s[l];
            x[l][l..].iter_mut().for_each(|a| *a *= factor);
            x[l][l] += 1.0;
        }
        s[l] = -s[l];
        for j in l + 1..3 {
            if s[l] != 0.0 {
                let pivot = x[l];
                let t = -dot(&pivot[l..], &x[j][l..]) / pivot[l];
                add(t, &pivot[l..], &mut x[j][l..]);
            }
            e[j] = x[j][l];
        }
        u[l][l..].copy_from_slice(&x[l][l..]);
        if l > 0 {
            continue;
        }
        e[0] = norm(&e[1..]);
        if e[0] != 0.0 {
            if e[1] != 0.0 {
                e[0] = e[0].copysign(e[1]);
            }
            let factor = 1.0 / e[0];
            e[1..].iter_mut().for_each(|a| *a *= factor);
            e[1] += 1.0;
        }
        e[0] = -e[0];
        if e[0] != 0.0 {
            let mut work = [0.0; 3];
            for j in 1..3 {
                add(e[j], &x[j][1..], &mut work[1..]);
            }
            for j in 1..3 {
                add(-e[j] / e[1], &work[1..], &mut x[j][1..]);
            }
        }
        v[0][1..].copy_from_slice(&e[1..]);
    }
    s[2] = x[2][2];
    e[1] = x[2][1];
    e[2] = 0.0;

    // The reflections multiplied out.
    u[2] = [0.0, 0.0, 1.0];
    for l in [1, 0] {
        if s[l] == 0.0 {
            u[l] = [0.0; 3];
            u[l][l] = 1.0;
            continue;
        }
        let pivot = u[l];
        for column in &mut u[l + 1..] {
            let t = -dot(&pivot[l..], &column[l..]) / pivot[l];
            add(t, &pivot[l..], &mut column[l..]);
        }
        u[l][l..].iter_mut().for_each(|a| *a *= -1.0);
        u[l][l] += 1.0;
        u[l][..l].fill(0.0);
    }
    let row = v[0];
    v[2] = [0.0, 0.0, 1.0];
    v[1] = [0.0, 1.0, 0.0];
    if e[0] != 0.0 {
        for column in &mut v[1..] {
            let t = -dot(&row[1..], &column[1..]) / row[1];
            add(t, &row[1..], &mut column[1..]);
        }
    }
    v[0] = [1.0, 0.0, 0.0];

    iterate(&mut s, &mut e, &mut u, &mut v);
    (u, s, v)
}

/// QR steps until the superdiagonal `e` is negligible.
fn iterate(s: &mut [f64; 3], e: &mut [f64; 3], u: &mut Matrix, v: &mut Matrix) {
    let mut m = 3; // values not found yet
    let mut steps = 0;
    while m > 0 && steps < STEPS {
        // From the end, the first element of e that adds nothing: the block l..m is not split.
        let mut l = m - 1;
        while l > 0 {
            let test = s[l - 1].abs() + s[l].abs();
            if test + e[l - 1].abs() == test {
                e[l - 1] = 0.0;
                break;
            }
            l -= 1;
        }
        if l == m - 1 {
            found(l, s, u, v);
            steps = 0;
            m -= 1;
            continue;
        }
        // A negligible diagonal element of the block, from its end.
        let mut zero = None;
        for k in (l..m).rev() {
            let mut test = 0.0;
            if k != m - 1 {
                test += e[k].abs();
            }
            if k != l {
                test += e[k - 1].abs();
            }
            if test + s[k].abs() == test {
                s[k] = 0.0;
                zero = Some(k);
                break;
            }
        }
        match zero {
            None => {
                step(l, m, s, e, u, v);
                steps += 1;
            }
            Some(k) if k == m - 1 => deflate(l, m, s, e, v),
            Some(k) => split(k, m, s, e, u),
        }
    }
}

/// One QR step with shift on the block l..m.
fn step(l: usize, m: usize, s: &mut [f64; 3], e: &mut [f64; 3], u: &mut Matrix, v: &mut Matrix) {
    let scale = [s[m - 2], e[m - 2], s[l], e[l]]
        .iter()
        .fold(s[m - 1].abs(), |a, b| a.max(b.abs()));
    let (sm, smm1, emm1) = (s[m - 1] / scale, s[m - 2] / scale, e[m - 2] / scale);
    let (sl, el) = (s[l] / scale, e[l] / scale);
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
    for k in l..m - 1 {
        let (r, cs, sn) = givens(f, g);
        if k != l {
            e[k - 1] = r;
        }
        f = cs * s[k] + sn * e[k];
        e[k] = cs * e[k] - sn * s[k];
        g = sn * s[k + 1];
        s[k + 1] *= cs;
        rotate(v, k, k + 1, cs, sn);
        let (r, cs, sn) = givens(f, g);
        s[k] = r;
        f = cs * e[k] + sn * s[k + 1];
        s[k + 1] = -sn * e[k] + cs * s[k + 1];
        g = sn * e[k + 1];
        e[k + 1] *= cs;
        rotate(u, k, k + 1, cs, sn);
    }
    e[m - 2] = f;
}

/// The last diagonal element of the block is 0: its column of V is rotated away.
fn deflate(l: usize, m: usize, s: &mut [f64; 3], e: &mut [f64; 3], v: &mut Matrix) {
    let mut f = e[m - 2];
    e[m - 2] = 0.0;
    for k in (l..m - 1).rev() {
        let (r, cs, sn) = givens(s[k], f);
        s[k] = r;
        if k != l {
            f = -sn * e[k - 1];
            e[k - 1] *= cs;
        }
        rotate(v, k, m - 1, cs, sn);
    }
}

/// Diagonal element `zero` is 0: the block is split there.
fn split(zero: usize, m: usize, s: &mut [f64; 3], e: &mut [f64; 3], u: &mut Matrix) {
    let mut f = e[zero];
    e[zero] = 0.0;
    for k in zero + 1..m {
        let (r, cs, sn) = givens(s[k], f);
        s[k] = r;
        f = -sn * e[k];
        e[k] *= cs;
        rotate(u, k, zero, cs, sn);
    }
}

/// Makes the value that was found positive and puts it in its place.
fn found(at: usize, s: &mut [f64; 3], u: &mut Matrix, v: &mut Matrix) {
    if s[at] < 0.0 {
        s[at] = -s[at];
        v[at].iter_mut().for_each(|a| *a *= -1.0);
    }
    let mut l = at;
    while l < 2 && s[l] < s[l + 1] {
        s.swap(l, l + 1);
        v.swap(l, l + 1);
        u.swap(l, l + 1);
        l += 1;
    }
}

/// BLAS `drotg`: length, cosine and sine of the rotation that makes (a, b) to (length, 0).
fn givens(a: f64, b: f64) -> (f64, f64, f64) {
    let scale = a.abs() + b.abs();
    if scale == 0.0 {
        return (0.0, 1.0, 0.0);
    }
    let larger = if a.abs() > b.abs() { a } else { b };
    let (p, q) = (a / scale, b / scale);
    let r = (scale * (p * p + q * q).sqrt()) * 1f64.copysign(larger);
    (r, a / r, b / r)
}

fn rotate(m: &mut Matrix, i: usize, j: usize, c: f64, s: f64) {
    let (a, b) = (m[i], m[j]);
    m[i] = std::array::from_fn(|r| c * a[r] + s * b[r]);
    m[j] = std::array::from_fn(|r| c * b[r] - s * a[r]);
}

/// BLAS `dnrm2`, with its scaling.
fn norm(a: &[f64]) -> f64 {
    if let [one] = a {
        return one.abs();
    }
    let (mut scale, mut sum) = (0.0, 1.0);
    for v in a.iter().filter(|v| **v != 0.0).map(|v| v.abs()) {
        if scale < v {
            let ratio: f64 = scale / v;
            sum = sum * (ratio * ratio) + 1.0;
            scale = v;
        } else {
            let ratio = v / scale;
            sum += ratio * ratio;
        }
    }
    scale * sum.sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

fn add(factor: f64, a: &[f64], to: &mut [f64]) {
    if factor != 0.0 {
        for (to, a) in to.iter_mut().zip(a) {
            *to += factor * a;
        }
    }
}
