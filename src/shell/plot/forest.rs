//! Results that are ratios with their limits.

use super::Plot;
use super::rows::{Keys, Rows};
use radsql_udfs::plots::figures::{ForestPlot, ForestRow};

/// Names of a column of ratios, and what journals call it, short and long.
const RATIOS: [(&str, &str, &str); 5] = [
    ("hr", "HR", "Hazard ratio"),
    ("hazard_ratio", "HR", "Hazard ratio"),
    ("odds_ratio", "OR", "Odds ratio"),
    ("risk_ratio", "RR", "Risk ratio"),
    ("ratio", "Ratio", "Ratio"),
];
/// Names of a column that names the rows; the first column of text without one of these.
const NAMES: [&str; 6] = ["term", "variable", "covariate", "feature", "marker", "name"];

/// The rows with a ratio and its limits; `None` without these.
pub fn find(rows: &Rows) -> Option<Result<Plot, String>> {
    let column = |(name, short, long)| rows.numbers(name).map(|values| (name, values, short, long));
    let (name, ratio, short, long) = RATIOS.into_iter().find_map(column)?;
    let limit = |side: &str| rows.numbers(&format!("{name}_{side}")).or_else(|| rows.numbers(side));
    let (lower, upper) = (limit("lower")?, limit("upper")?);
    let p = rows.numbers("p");
    let texts: Vec<&str> = rows.categories().into_iter().filter(|t| *t != "warning").collect();
    let named = NAMES.into_iter().find(|n| texts.contains(n)).or(texts.first().copied());
    let names = named.map(|n| rows.labels(n)).unwrap_or_default();
    // What else tells rows apart, as the half of a cohort does.
    let others: Vec<&str> = texts.into_iter().filter(|t| Some(*t) != named).collect();
    let keys = Keys::of(rows, &others);
    let row = |row: usize| {
        let name = names
            .get(row)
            .cloned()
            .flatten()
            .unwrap_or_else(|| format!("row {}", row + 1));
        let group = super::rows::Group {
            key: keys.texts.iter().filter_map(|k| k.get(row).cloned()).collect(),
            rows: vec![],
        };
        let other = keys.name(&group);
        ForestRow {
            name: if other.is_empty() {
                name
            } else {
                format!("{name}, {other}")
            },
            ratio: ratio[row],
            lower: lower[row],
            upper: upper[row],
            p: p.as_ref().and_then(|p| p.get(row).copied()).filter(|p| !p.is_nan()),
        }
    };
    Some(Ok(Plot::Forest(ForestPlot {
        name_label: "Variable".into(),
        ratio_label: format!("{short} (CI)"),
        axis_label: long.into(),
        rows: (0..rows.len()).map(row).collect(),
    })))
}
