//! Results that are ROC curves.

use super::Plot;
use super::rows::{Keys, Rows, grouped};
use radsql_udfs::plots::figures::{RocCurve, TimeRocPlot};

/// Columns of whole numbers that belong to a curve.
const OWN: [&str; 5] = ["n", "n_missing", "cases", "controls", "censored"];

/// The curves of rows with rates of true and false positives; `None` without these.
pub fn find(rows: &Rows) -> Option<Result<Plot, String>> {
    let (fpr, tpr) = (rows.numbers("fpr")?, rows.numbers("tpr")?);
    let names = rows.keys().into_iter().filter(|k| !OWN.contains(k) && *k != "t");
    let names: Vec<&str> = names.chain(rows.numbers("t").map(|_| "t")).collect();
    let keys = Keys::of(rows, &names);
    let (auc, lower, upper) = (rows.numbers("auc"), rows.numbers("lower"), rows.numbers("upper"));
    let mut curves = vec![];
    for group in grouped(&keys.texts, rows.len()) {
        let name = match keys.name(&group) {
            name if name.is_empty() => match rows.labels("t").into_iter().flatten().next() {
                Some(t) => format!("t = {}", t.strip_suffix(".0").unwrap_or(&t)),
                None => "ROC".into(),
            },
            name => name,
        };
        let first = |column: &Option<Vec<f64>>| {
            let values = column.as_ref().zip(group.rows.first());
            values.and_then(|(c, row)| c.get(*row).copied()).unwrap_or(f64::NAN)
        };
        let points = group.rows.iter().map(|row| (fpr[*row], tpr[*row]));
        let mut points: Vec<(f64, f64)> = points.filter(|(f, t)| !f.is_nan() && !t.is_nan()).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let known = first(&auc);
        curves.push(RocCurve {
            name,
            auc: if auc.is_some() { known } else { area(&points) },
            auc_lower: if auc.is_some() { first(&lower) } else { f64::NAN },
            auc_upper: if auc.is_some() { first(&upper) } else { f64::NAN },
            false_positive: points.iter().map(|p| p.0).collect(),
            true_positive: points.iter().map(|p| p.1).collect(),
        });
    }
    Some(Ok(Plot::Roc(TimeRocPlot { curves })))
}

/// The area under the lines between points, where these go from corner to corner; else NaN.
fn area(points: &[(f64, f64)]) -> f64 {
    let near = |a: (f64, f64), b: f64| (a.0 - b).abs() < 1e-9 && (a.1 - b).abs() < 1e-9;
    match (points.first(), points.last()) {
        (Some(first), Some(last)) if near(*first, 0.0) && near(*last, 1.0) => {}
        _ => return f64::NAN,
    }
    let trapezoids = points.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0);
    trapezoids.sum()
}
