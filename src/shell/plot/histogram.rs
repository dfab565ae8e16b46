//! Results that are a number a row.

use super::Plot;
use super::rows::{Rows, grouped};
use radsql_udfs::plots::figures::{Breaks, HistogramPlot, ScoreGroup};

/// Most groups that are told apart.
const GROUPS: usize = 6;

/// The histogram of the only column of numbers, by the first column of text or truth values that divides its rows into few
/// groups; `None` where there is no such column of numbers, or there are several.
pub fn find(rows: &Rows) -> Option<Result<Plot, String>> {
    let [name] = rows.numeric()[..] else {
        return None;
    };
    let values = rows.numbers(name)?;
    let present: Vec<usize> = (0..rows.len()).filter(|row| !values[*row].is_nan()).collect();
    if present.is_empty() {
        return Some(Err(format!("column {name} has no number to draw")));
    }
    let by = rows.categories().into_iter().find_map(|category| {
        let labels: Vec<String> = rows
            .labels(category)
            .into_iter()
            .map(|l| l.unwrap_or_else(|| "NULL".into()))
            .collect();
        let plain = rows.is_text(category);
        let of = |row: &usize| labels.get(*row).cloned().unwrap_or_default();
        let groups = grouped(&[present.iter().map(of).collect()], present.len());
        // A name a row is no group.
        let few = (2..=GROUPS).contains(&groups.len()) && groups.len() * 2 <= present.len();
        few.then_some((category, plain, groups))
    });
    let scores = |places: &[usize]| -> Vec<f64> {
        let rows = places.iter().filter_map(|i| present.get(*i));
        rows.map(|row| values[*row]).collect()
    };
    let groups = match by {
        None => vec![ScoreGroup {
            name: "All".into(),
            scores: present.iter().map(|row| values[*row]).collect(),
        }],
        Some((category, plain, groups)) => {
            let group = |group: &super::rows::Group| {
                let text = group.key.concat();
                ScoreGroup {
                    name: if plain { text } else { format!("{category} = {text}") },
                    scores: scores(&group.rows),
                }
            };
            groups.iter().map(group).collect()
        }
    };
    Some(Ok(Plot::Histogram(HistogramPlot {
        label: name.to_owned(),
        groups,
        breaks: Breaks::Sturges,
    })))
}
