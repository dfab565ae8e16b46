//! A penalised Cox model: its penalty, and the terms that it keeps.

use super::super::table::Look;
use super::super::text::{counted, visible};
use super::figures::{coefficients, one, round};
use super::record::Record;
use super::{aligned, counts};

const DIGITS: usize = 4;

pub fn text(fit: &Record, look: Look) -> String {
    let number = |name: &str| one(fit.number(name), DIGITS);
    let known = |name: &str| !fit.number(name).is_nan();
    let alpha = fit.number("alpha");
    let kind = match alpha {
        1.0 => "LASSO".to_owned(),
        0.0 => "Ridge".to_owned(),
        _ => format!("Elastic-net (alpha {})", one(alpha, DIGITS)),
    };
    let mut text = format!("{kind} Cox model\n\n{}\n", counts(fit));
    text.push_str(&format!("lambda= {}", number("lambda")));
    let others = [("min", "lambda_min"), ("1se", "lambda_1se")];
    let others: Vec<String> = others
        .iter()
        .filter(|(_, name)| known(name))
        .map(|(label, name)| format!("{label}= {}", number(name)))
        .collect();
    if !others.is_empty() {
        text.push_str(&format!("  ({})", others.join(", ")));
    }
    text.push('\n');
    if known("cv_error") {
        let measure = fit.text("measure").unwrap_or_else(|| "error".into());
        text.push_str(&format!(
            "Cross-validated {}= {}",
            visible(&measure),
            number("cv_error")
        ));
        if known("cv_error_se") {
            text.push_str(&format!("  (se = {} )", number("cv_error_se")));
        }
        if let Some(folds) = fit.whole("folds") {
            text.push_str(&format!(", {folds} folds"));
        }
        if let Some(seed) = fit.whole("seed") {
            text.push_str(&format!(", seed {seed}"));
        }
        text.push('\n');
    }
    if known("dev_ratio") {
        let share = one(round(fit.number("dev_ratio") * 100.0, 2), DIGITS);
        text.push_str(&format!("Deviance explained= {share} %\n"));
    }
    let terms = fit.items("terms");
    let terms = terms.as_ref().map(Record::all).unwrap_or_default();
    if terms.is_empty() {
        text.push_str("\nNo term is kept: every coefficient is 0.\n");
        return text;
    }
    text.push_str(&format!("{} kept\n\n", counted(terms.len(), "term")));
    let names: Vec<String> = terms.iter().map(|t| t.text("term").unwrap_or_default()).collect();
    let coef: Vec<f64> = terms.iter().map(|t| t.number("coef")).collect();
    let hr: Vec<f64> = coef.iter().map(|c| c.exp()).collect();
    let mut parts = coefficients(&[&coef, &hr], DIGITS).into_iter();
    let mut next = || parts.next().unwrap_or_default();
    let columns = [("coef", next()), ("exp(coef)", next())];
    text.push_str(&aligned(&names, &columns, look));
    text
}
