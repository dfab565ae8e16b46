//! Numbers as journals print them.

/// `p < 0.001`, `p = 0.034`, `p = 0.27`, `p > 0.99`; nothing for what is not a probability.
pub(crate) fn p_value(p: f64) -> Option<String> {
    p_bare(p).map(|p| {
        if p.starts_with(['<', '>']) {
            format!("p {p}")
        } else {
            format!("p = {p}")
        }
    })
}

/// The same in a column of p values: `< 0.001`, `0.034`. Three digits below 0.1, so that 0.049 does not read as 0.05.
pub(crate) fn p_bare(p: f64) -> Option<String> {
    match p {
        p if !(0.0..=1.0).contains(&p) => None,
        p if p < 0.001 => Some("< 0.001".to_owned()),
        p if p < 0.0995 => Some(format!("{p:.3}")),
        p if p > 0.99 => Some("> 0.99".to_owned()),
        p => Some(format!("{p:.2}")),
    }
}

/// A ratio with two digits; what is too large or too small for them as `> 1000` and `< 0.01`.
pub(crate) fn ratio(value: f64) -> String {
    match value {
        v if v >= 999.5 => "> 1000".to_owned(),
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v if v > 0.0 && v < 0.005 => "< 0.01".to_owned(),
        v => format!("{v:.2}"),
    }
}

/// `2.67 (1.51–4.72)`; a limit that is not known is a dash of its own.
pub(crate) fn with_interval(value: f64, lower: f64, upper: f64) -> String {
    let limit = |v: f64| match v {
        v if v.is_nan() => "NA".to_owned(),
        v if v == f64::INFINITY => "∞".to_owned(),
        v => minus(&ratio(v)),
    };
    if lower.is_nan() && upper.is_nan() {
        return minus(&ratio(value));
    }
    format!("{} ({}–{})", minus(&ratio(value)), limit(lower), limit(upper))
}

/// The typographer's minus, and no minus before a rounded zero.
pub(crate) fn minus(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.contains(|c: char| ('1'..='9').contains(&c)) => format!("−{rest}"),
        Some(rest) => rest.to_owned(),
        None => text.to_owned(),
    }
}

/// A count: `12`; of weights, `12.5`.
pub(crate) fn count(value: f64) -> String {
    if (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_journals_do() {
        assert_eq!(p_value(0.0004).as_deref(), Some("p < 0.001"));
        assert_eq!(p_value(0.0).as_deref(), Some("p < 0.001"));
        assert_eq!(p_value(0.0492).as_deref(), Some("p = 0.049"));
        assert_eq!(p_value(0.0999).as_deref(), Some("p = 0.10"));
        assert_eq!(p_value(0.273).as_deref(), Some("p = 0.27"));
        assert_eq!(p_value(1.0).as_deref(), Some("p > 0.99"));
        assert_eq!(p_value(f64::NAN), None);
        assert_eq!(p_value(1.5), None);
        assert_eq!(with_interval(2.671, 1.508, 4.724), "2.67 (1.51–4.72)");
        assert_eq!(with_interval(31.24, 0.001, f64::INFINITY), "31.2 (< 0.01–∞)");
        assert_eq!(with_interval(2.0, f64::NAN, f64::NAN), "2.00");
        assert_eq!(minus("-0.00"), "0.00");
        assert_eq!(minus("-0.10"), "−0.10");
        assert_eq!(count(12.0), "12");
        assert_eq!(count(12.5), "12.5");
    }
}
