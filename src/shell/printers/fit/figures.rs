//! Numbers as R prints them: `format`, `format.pval` and the columns of `printCoefmat`.

/// R's `.Machine$double.eps`: a p-value below it is told as such.
const EPSILON: f64 = f64::EPSILON;

/// `format(x, digits)`: all numbers with the same decimals, so many that each shows at least `digits` figures (its last
/// zeros may go), and the same width; with an exponent where that is shorter. NaN is `NA`.
pub fn format(numbers: &[f64], digits: usize) -> Vec<String> {
    let mut left = 1;
    let mut decimals = 0;
    let mut mantissa = 0;
    let mut exponent_width = 2;
    let mut is_negative = false;
    for x in numbers.iter().filter(|x| x.is_finite()) {
        let (exponent, figures) = scientific(*x, digits);
        let negative = *x < 0.0;
        is_negative |= negative;
        left = left.max(exponent.max(0) + 1 + i32::from(negative));
        decimals = decimals.max(figures - exponent - 1);
        mantissa = mantissa.max(figures - 1);
        if exponent.abs() >= 100 {
            exponent_width = 3;
        }
    }
    let fixed = left + decimals + i32::from(decimals > 0);
    let with_exponent = i32::from(is_negative) + 1 + i32::from(mantissa > 0) + mantissa + 2 + exponent_width;
    let places = |n: i32| usize::try_from(n).unwrap_or(0);
    let width = places(fixed.min(with_exponent));
    let texts = numbers.iter().map(|x| {
        if x.is_nan() {
            "NA".into()
        } else if x.is_infinite() {
            if *x > 0.0 { "Inf".into() } else { "-Inf".into() }
        } else if fixed <= with_exponent {
            format!("{x:.*}", places(decimals))
        } else {
            let text = format!("{x:.*e}", places(mantissa));
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
            format!("{mantissa}e{sign}{exponent:0>2}")
        }
    });
    texts.map(|text: String| format!("{text:>width$}")).collect()
}

/// The exponent of a number of so many figures, and how many of the figures are left when the zeros at its end go.
fn scientific(x: f64, digits: usize) -> (i32, i32) {
    let text = format!("{:.*e}", digits.saturating_sub(1), x.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let figures = mantissa
        .trim_end_matches('0')
        .chars()
        .filter(char::is_ascii_digit)
        .count();
    (
        exponent.parse().unwrap_or(0),
        i32::try_from(figures.max(1)).unwrap_or(1),
    )
}

/// `format` of one number.
pub fn one(x: f64, digits: usize) -> String {
    format(&[x], digits).pop().unwrap_or_default()
}

/// `round(x, decimals)`.
pub fn round(x: f64, decimals: usize) -> f64 {
    format!("{x:.decimals$}").parse().unwrap_or(x)
}

/// `format.pval(p, digits)`: small ones with an exponent, and below the machine's precision `<2e-16`. NaN is `NA`.
pub fn p_values(p: &[f64], digits: usize) -> Vec<String> {
    let is_small = |p: f64| {
        let exponent = p.log10().floor();
        exponent < -4.0 || (exponent < -3.0 && digits <= 1)
    };
    let of = |small: bool| {
        let which = |p: &f64| *p >= EPSILON && is_small(*p) == small;
        format(&p.iter().copied().filter(which).collect::<Vec<_>>(), digits)
    };
    let (fixed, small) = (of(false), of(true));
    let widest = fixed.iter().chain(&small).map(String::len).max();
    let mut fixed = fixed.into_iter();
    let mut small = small.into_iter();
    // As R has it: the bound's figures and a space before it depend on the width of the others.
    let mut bound_digits = digits.saturating_sub(2).max(1);
    if let Some(widest) = widest
        && bound_digits > 1
        && bound_digits + 6 > widest
    {
        bound_digits = widest.saturating_sub(7).max(1);
    }
    let space = if bound_digits == 1 && widest.unwrap_or(0) <= 6 {
        ""
    } else {
        " "
    };
    let texts = p.iter().map(|p| {
        if p.is_nan() {
            Some("NA".into())
        } else if *p < EPSILON {
            Some(format!("<{space}{}", one(EPSILON, bound_digits)))
        } else if is_small(*p) {
            small.next()
        } else {
            fixed.next()
        }
    });
    texts.map(Option::unwrap_or_default).collect()
}

/// Coefficients and their standard errors, as `printCoefmat` has them: all columns with the same decimals.
pub fn coefficients(columns: &[&[f64]], digits: usize) -> Vec<Vec<String>> {
    let all: Vec<f64> = columns.iter().flat_map(|c| c.iter().copied()).collect();
    let sizes = all.iter().map(|x| x.abs()).filter(|x| x.is_finite() && *x > 0.0);
    let smallest = sizes.fold(f64::INFINITY, f64::min);
    let leading = if smallest.is_finite() {
        1 + smallest.log10().floor() as i64
    } else {
        1
    };
    let decimals = (i64::try_from(digits).unwrap_or(4) - leading).max(1);
    let decimals = usize::try_from(decimals).unwrap_or(1);
    let rounded: Vec<f64> = all.iter().map(|x| round(*x, decimals)).collect();
    let texts = format(&rounded, digits);
    let rows = columns.first().map_or(1, |c| c.len()).max(1);
    texts.chunks(rows).map(<[String]>::to_vec).collect()
}

/// The marks beside p-values.
pub fn stars(p: f64) -> &'static str {
    match p {
        _ if p <= 0.001 => "***",
        _ if p <= 0.01 => "**",
        _ if p <= 0.05 => "*",
        _ if p <= 0.1 => ".",
        _ => "",
    }
}

/// What the marks mean.
pub const LEGEND: &str = "---\nSignif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1\n";

/// The level of an interval that goes so many standard errors to each side, in per cent; none for one that is not usual.
pub fn level(errors: f64) -> Option<&'static str> {
    const LEVELS: [(f64, &str); 5] = [
        (1.281_551_565_544_6, "80"),
        (1.644_853_626_951_472_6, "90"),
        (1.959_963_984_540_054, "95"),
        (2.326_347_874_040_841, "98"),
        (2.575_829_303_548_900_4, "99"),
    ];
    let near = LEVELS.iter().find(|(quantile, _)| (errors - quantile).abs() < 1e-6);
    near.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each text was printed by R 4.2.2.
    #[test]
    fn numbers_are_printed_as_r_prints_them() {
        for (numbers, digits, texts) in [
            (
                &[0.5754446, 1.011128, 1.589991][..],
                4,
                &["0.5754", "1.0111", "1.5900"][..],
            ),
            (&[5.0, 1022.0, 0.5], 3, &["   5.0", "1022.0", "   0.5"]),
            (&[1e-10, 1.0], 4, &["1e-10", "1e+00"]),
            (&[123456.789, 0.001234], 4, &["1.235e+05", "1.234e-03"]),
            (&[-1.5, f64::NAN, 2.25], 4, &["-1.50", "   NA", " 2.25"]),
            (&[1e-120, 2.0], 3, &["1e-120", " 2e+00"]),
            (&[100000.0], 4, &["1e+05"]),
            (&[0.0, 0.1], 4, &["0.0", "0.1"]),
        ] {
            assert_eq!(format(numbers, digits), texts, "{numbers:?}");
        }
        assert_eq!(
            p_values(&[0.232416, 0.000986, 4.45e-5], 3),
            ["0.232416", "0.000986", "4.45e-05"]
        );
        assert_eq!(p_values(&[1e-20, 0.03], 3), ["<2e-16", "0.03"]);
        assert_eq!(p_values(&[1e-20, 0.0123456, 0.5], 3), ["<2e-16", "0.0123", "0.5000"]);
        assert_eq!(
            p_values(&[1e-20, 0.000123456, 0.5], 3),
            ["< 2e-16", "0.000123", "0.500000"]
        );
        let p = [0.5, 0.00009, 0.000_001_2, 0.00013];
        assert_eq!(p_values(&p, 3), ["0.50000", "9.0e-05", "1.2e-06", "0.00013"]);
        assert_eq!(p_values(&[1.1e-6], 1), ["1e-06"]);
        assert_eq!(stars(0.001), "***");
        assert_eq!(level(1.959963984540054), Some("95"));
        assert_eq!(level(1.5), None);
    }
}
