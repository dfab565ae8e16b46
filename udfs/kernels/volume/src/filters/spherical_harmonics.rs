//! Spherical harmonics: `scipy.special.sph_harm` of SciPy 1.14, of degrees that are small.

use std::f64::consts::PI;

/// The harmonic of `degree` and an order of 0 to `degree`, real and imaginary part, at a longitude and a colatitude.
///
/// That of order -m is the conjugate, negated where m is odd.
pub(super) fn harmonic(order: usize, degree: usize, longitude: f64, colatitude: f64) -> [f64; 2] {
    let mut value = legendre(order, degree, colatitude.cos());
    value *= ((2 * degree + 1) as f64 / 4.0 / PI).sqrt();
    // (degree - order)! / (degree + order)!
    let falling = (degree - order + 1..=degree + order).fold(1.0, |r, k| r / k as f64);
    value *= falling.sqrt();
    let angle = order as f64 * longitude;
    [value * angle.cos(), value * angle.sin()]
}

/// The associated Legendre function with the sign of Condon and Shortley, upwards in degree as in Zhang and Jin's `LPMV`.
fn legendre(order: usize, degree: usize, x: f64) -> f64 {
    if degree <= 2 || degree <= order {
        return direct(order, degree, x);
    }
    let (mut before, mut value) = (direct(order, order, x), direct(order, order + 1, x));
    for j in order + 2..=degree {
        let (j, m) = (j as f64, order as f64);
        let next = ((2.0 * j - 1.0) * x * value - (j - 1.0 + m) * before) / (j - m);
        (before, value) = (value, next);
    }
    value
}

/// The sum over powers of 1 + x.
fn direct(order: usize, degree: usize, x: f64) -> f64 {
    let (m, n) = (order as f64, degree as f64);
    let sign = if degree.is_multiple_of(2) { 1.0 } else { -1.0 };
    if x.abs() == 1.0 {
        return if order > 0 {
            0.0
        } else if x > 0.0 {
            1.0
        } else {
            sign
        };
    }
    let mut first = 1.0;
    if order > 0 {
        let products = (1..order).fold(n * (n + m), |r, j| r * (n * n - (j * j) as f64));
        let sine = (1.0 - x * x).sqrt();
        first = (1..=order).fold(1.0, |r, j| 0.5 * r * sine / j as f64) * products;
    }
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..=degree - order {
        let k = k as f64;
        term = 0.5 * term * (-n + m + k - 1.0) * (n + m + k) / (k * (k + m)) * (1.0 + x);
        sum += term;
    }
    sign * first * sum
}
