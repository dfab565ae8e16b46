//! The incomplete beta function, and with it the F and t distributions: tails that keep their digits where they are small.
//!
//! statrs' version ends its continued fraction after 140 terms and takes differences of large logarithms of gamma
//! functions.

use std::f64::consts::TAU;

/// Terms after which the continued fraction has converged for parameters far beyond 1e9.
const MOST_TERMS: u32 = 200_000;

/// I_x(a, b) and 1 - I_x(a, b), given x and y = 1 - x, which the caller works out without cancellation.
/// `a` and `b` are above 0.
fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let density = beta_density(a, b, x, y);
    let lambda = a * y - b * x;
    if lambda >= 0.0 {
        let lower = (density / fraction(a, b, x, lambda)).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (density / fraction(b, a, y, -lambda)).min(1.0);
        (1.0 - upper, upper)
    }
}

/// x^a y^b / B(a, b) by Loader's saddle-point expansion of the binomial probability ("Fast and accurate computation of
/// binomial probabilities", 2000), which loses no digits for large parameters.
fn beta_density(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y);
    // The square root of n / (2 pi a b), times a b / n.
    exponent.exp() * (a / TAU * (b / n)).sqrt()
}

/// ln(z!) less Stirling's approximation of it.
fn stirling_error(z: f64) -> f64 {
    if z < 16.0 {
        return libm::lgamma(z + 1.0) - (z + 0.5) * z.ln() + z - 0.5 * TAU.ln();
    }
    let square = z * z;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / z
}

/// x ln(x / mean) + mean - x, without cancellation where the two are near.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    // 2 x artanh(v) - difference with v = (x - mean) / (x + mean).
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut power = 2.0 * x * v;
    for term in 1..1000_u32 {
        power *= v * v;
        let next = sum + power / f64::from(2 * term + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The continued fraction by which x^a y^b / B(a, b) is divided to give I_x(a, b) (Didonato and Morris, TOMS 18, 1992,
/// equation 9), by Lentz's method. For `lambda` = a y - b x at 0 or above: then all but far terms are positive.
fn fraction(a: f64, b: f64, x: f64, lambda: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut value = guard(a * (lambda + 1.0) / (a + 1.0));
    let (mut c, mut d) = (value, 0.0);
    for term in 1..MOST_TERMS {
        let m = f64::from(term);
        let odd = a + 2.0 * m - 1.0;
        let numerator = (a + m - 1.0) / odd * ((a + b + m - 1.0) / odd) * (m * x) * ((b - m) * x);
        let denominator = m + m * (b - m) * x / odd + (a + m) / (odd + 2.0) * (lambda + 1.0 + m * (2.0 - x));
        d = 1.0 / guard(denominator + numerator * d);
        c = guard(denominator + numerator / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 2e-16 {
            break;
        }
    }
    value
}

/// Both tails of the F distribution at `statistic`, and their derivative by the logarithm of it.
fn f_tails(statistic: f64, df1: f64, df2: f64) -> (f64, f64, f64) {
    let total = df1 * statistic + df2;
    let (x, y) = if total.is_finite() {
        (df1 * statistic / total, df2 / total)
    } else {
        (1.0, df2 / df1 / statistic)
    };
    let (lower, upper) = beta_tails(df1 / 2.0, df2 / 2.0, x, y);
    let density = if x > 0.0 && y > 0.0 {
        beta_density(df1 / 2.0, df2 / 2.0, x, y)
    } else {
        0.0
    };
    (lower, upper, density)
}

fn degrees_are_sound(df1: f64, df2: f64) -> bool {
    df1 > 0.0 && df2 > 0.0 && df1.is_finite() && df2.is_finite()
}

/// Upper tail of the F distribution, `pf(statistic, df1, df2, lower.tail = FALSE)`; degrees of freedom need not be whole.
/// NaN when the statistic is NaN or a `df` is not a finite number above 0; a statistic of 0 or below gives 1.
pub fn f_upper(statistic: f64, df1: f64, df2: f64) -> f64 {
    if statistic.is_nan() || !degrees_are_sound(df1, df2) {
        return f64::NAN;
    }
    if statistic <= 0.0 {
        return 1.0;
    }
    f_tails(statistic, df1, df2).1
}

/// Two-sided p-value of a t statistic, `2 * pt(-|t|, df)`. NaN when `t` is NaN or `df` not a finite number above 0.
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_nan() || !degrees_are_sound(1.0, df) {
        return f64::NAN;
    }
    let square = t * t;
    if square.is_finite() {
        return beta_tails(df / 2.0, 0.5, df / (df + square), square / (df + square)).0;
    }
    // t squared is beyond the range of numbers: the first term of the tail is all of it.
    let logarithm = df * (df.sqrt() / t.abs()).ln() - libm::lgamma(df / 2.0) - libm::lgamma(0.5)
        + libm::lgamma((df + 1.0) / 2.0)
        - (df / 2.0).ln();
    logarithm.exp()
}

/// The value that the F distribution exceeds with probability `upper`, `qf(upper, df1, df2, lower.tail = FALSE)`: 0 for
/// 1, infinite for 0. NaN when `upper` is not in 0 to 1 or a `df` not a finite number above 0.
pub fn f_quantile_upper(upper: f64, df1: f64, df2: f64) -> f64 {
    if !(0.0..=1.0).contains(&upper) || !degrees_are_sound(df1, df2) {
        return f64::NAN;
    }
    if upper == 0.0 {
        return f64::INFINITY;
    }
    if upper == 1.0 {
        return 0.0;
    }
    // The log odds of the tails are close to a straight line in the logarithm of the statistic: Newton's method, within
    // a bracket.
    let goal = upper.ln() - (-upper).ln_1p();
    let (mut low, mut high) = (-745.0_f64, 709.0_f64);
    let mut z = 0.0_f64;
    for _ in 0..200 {
        let (lower, upper, density) = f_tails(z.exp(), df1, df2);
        let distance = upper.ln() - lower.ln() - goal;
        if distance > 0.0 {
            low = z;
        } else {
            high = z;
        }
        let step = distance * lower * upper / density;
        let newton = z + step;
        let next = if newton > low && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        if (next - z).abs() <= 4.0 * f64::EPSILON * z.abs().max(0.25) {
            z = next;
            break;
        }
        z = next;
    }
    z.exp()
}
