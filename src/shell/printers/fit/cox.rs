//! A Cox model, as R's `print(summary(coxph(...)))` shows it.

use super::super::table::Look;
use super::super::text::visible;
use super::figures::{LEGEND, coefficients, format, level, one, p_values, round, stars};
use super::record::Record;
use super::{aligned, counts};

/// The figures that R gives coefficients, and p-values beside them.
const DIGITS: usize = 4;
const P_DIGITS: usize = 3;

pub fn text(fit: &Record, look: Look) -> String {
    let mut text = counts(fit);
    let terms = fit.items("terms");
    let terms = terms.as_ref().map(Record::all).unwrap_or_default();
    if terms.is_empty() {
        text.push_str("   Null model\n");
        return text;
    }
    let names: Vec<String> = terms.iter().map(|t| t.text("term").unwrap_or_default()).collect();
    let numbers = |name: &str| terms.iter().map(|t| t.number(name)).collect::<Vec<f64>>();
    text.push('\n');
    text.push_str(&coefficient_table(&names, &numbers, look));
    text.push('\n');
    text.push_str(&ratios(&names, &numbers, look));
    text.push('\n');
    text.push_str(&tests(fit));
    if let Some(warning) = fit.text("warning") {
        text.push_str(&format!("\nWarning: {}\n", visible(&warning)));
    }
    text
}

/// The coefficients, each with its error and its test.
fn coefficient_table(names: &[String], numbers: &dyn Fn(&str) -> Vec<f64>, look: Look) -> String {
    let p = numbers("p");
    let (coef, hr, se) = (numbers("coef"), numbers("hr"), numbers("se"));
    let z: Vec<f64> = numbers("z").into_iter().map(|z| round(z, DIGITS - 1)).collect();
    let mut parts = coefficients(&[&coef, &hr, &se], DIGITS).into_iter();
    let mut next = || parts.next().unwrap_or_default();
    let mut columns = vec![
        ("coef", next()),
        ("exp(coef)", next()),
        ("se(coef)", next()),
        ("z", format(&z, DIGITS)),
        ("Pr(>|z|)", p_values(&p, P_DIGITS)),
    ];
    let has_stars = p.iter().any(|p| *p < 0.1);
    if has_stars {
        columns.push(("", p.iter().map(|p| format!("{:<3}", stars(*p))).collect()));
    }
    let mut text = aligned(names, &columns, look);
    if has_stars {
        text.push_str(LEGEND);
    }
    text
}

/// The hazard ratios with their intervals.
fn ratios(names: &[String], numbers: &dyn Fn(&str) -> Vec<f64>, look: Look) -> String {
    let (hr, lower, upper) = (numbers("hr"), numbers("hr_lower"), numbers("hr_upper"));
    let inverse: Vec<f64> = numbers("coef").into_iter().map(|coef| (-coef).exp()).collect();
    // The fit does not tell the level, but its intervals show it.
    let errors = hr
        .iter()
        .zip(&upper)
        .zip(numbers("se"))
        .map(|((hr, upper), se)| (upper / hr).ln() / se);
    let level = errors.into_iter().find(|e| e.is_finite()).and_then(level);
    let named = |limit: &str| level.map_or_else(|| limit.to_owned(), |level| format!("{limit} .{level}"));
    let (lower_name, upper_name) = (named("lower"), named("upper"));
    let columns = [
        ("exp(coef)", format(&hr, DIGITS)),
        ("exp(-coef)", format(&inverse, DIGITS)),
        (&*lower_name, format(&lower, DIGITS)),
        (&*upper_name, format(&upper, DIGITS)),
    ];
    aligned(names, &columns, look)
}

/// Concordance, and the tests of the whole model.
fn tests(fit: &Record) -> String {
    let rounded = |x: f64, decimals| one(round(x, decimals), DIGITS);
    let mut text = format!(
        "Concordance= {}  (se = {} )\n",
        rounded(fit.number("concordance"), 3),
        rounded(fit.number("concordance_se"), 3)
    );
    for (name, field) in [
        ("Likelihood ratio test= ", "lr"),
        ("Wald test            = ", "wald"),
        ("Score (logrank) test = ", "score"),
    ] {
        let part = |inner| fit.number_in(field, inner);
        let p = p_values(&[part("p")], 1).pop().unwrap_or_default();
        let (chi2, df) = (rounded(part("chi2"), 2), one(part("df"), 7));
        text.push_str(&format!("{name}{chi2}  on {df} df,   p={p}\n"));
    }
    text
}
