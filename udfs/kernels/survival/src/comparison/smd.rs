//! Standardised mean differences: how far groups lie apart, whatever their size.

use super::{Moments, check_groups, sorted};
use crate::error::SurvivalError;
use crate::ldl::{Ldl, packed};

/// Difference of means in units of the groups' standard deviation: |m1 - m2| / sqrt((v1 + v2) / 2) (R's tableone). Of more
/// than two groups, the mean over all pairs.
///
/// Infinite when means differ and neither group varies; 0 when they do not differ. NaN when there are fewer than two groups
/// or one has fewer than two values. NaN or infinite values are an error.
pub fn standardized_difference_of_means(groups: &[&[f64]]) -> Result<f64, SurvivalError> {
    check_groups(groups)?;
    let moments: Vec<Moments> = groups.iter().map(|group| Moments::of_sorted(&sorted(group))).collect();
    Ok(mean_over_pairs(&moments, |a, b| {
        let distance = (a.mean - b.mean).abs();
        let variance = f64::midpoint(a.variance(), b.variance());
        if distance == 0.0 && variance == 0.0 {
            0.0
        } else {
            distance / variance.sqrt()
        }
    }))
}

/// Distance of the levels' proportions: sqrt(d' S^-1 d) with d their difference and S the mean of the two multinomial
/// covariances (Yang and Dalton 2012; R's tableone). Of two levels it is |p1 - p2| / sqrt((p1 (1 - p1) + p2 (1 - p2)) / 2).
/// Of more than two groups, the mean over all pairs. `groups` holds for each group the counts of the levels, as many for
/// each.
///
/// Infinite when the groups have no levels in common in such a way that S says nothing about their difference (tableone
/// then leaves that difference out, or gives NaN); 0 when all are in one level. NaN when there are fewer than two groups or
/// one has no counts.
pub fn standardized_difference_of_counts(groups: &[&[u64]]) -> Result<f64, SurvivalError> {
    let levels = groups.first().map_or(0, |group| group.len());
    for (place, group) in groups.iter().enumerate() {
        crate::follow_up::check_length(&format!("group {place}"), group.len(), levels)?;
    }
    let proportions: Vec<Vec<f64>> = groups
        .iter()
        .map(|group| {
            let total = group.iter().map(|count| *count as f64).sum::<f64>();
            group.iter().map(|count| *count as f64 / total).collect()
        })
        .collect();
    Ok(mean_over_pairs(&proportions, |a, b| distance_of_proportions(a, b)))
}

fn mean_over_pairs<T>(groups: &[T], distance: impl Fn(&T, &T) -> f64) -> f64 {
    let mut sum = 0.0;
    let mut pairs = 0.0;
    for (place, a) in groups.iter().enumerate() {
        for b in &groups[place + 1..] {
            sum += distance(a, b);
            pairs += 1.0;
        }
    }
    sum / pairs
}

fn distance_of_proportions(a: &[f64], b: &[f64]) -> f64 {
    if a.iter().chain(b).any(|p| p.is_nan()) {
        return f64::NAN;
    }
    // Levels that occur, less one that follows from the others.
    let used: Vec<(f64, f64)> = a
        .iter()
        .zip(b)
        .map(|(a, b)| (*a, *b))
        .filter(|(a, b)| *a > 0.0 || *b > 0.0)
        .skip(1)
        .collect();
    let mut matrix = Vec::with_capacity(packed(used.len(), 0));
    for (row, &(a, b)) in used.iter().enumerate() {
        matrix.extend(used[..row].iter().map(|&(c, d)| -f64::midpoint(a * c, b * d)));
        matrix.push(f64::midpoint(a * (1.0 - a), b * (1.0 - b)));
    }
    let reference: Vec<f64> = (0..used.len()).map(|row| matrix[packed(row, row)]).collect();
    let mut ldl = Ldl::default();
    ldl.decompose(&matrix, &reference, 1e-12);
    let difference: Vec<f64> = used.iter().map(|(a, b)| a - b).collect();
    let mut solution = difference.clone();
    ldl.solve(&mut solution);
    // Where the matrix is singular, a difference outside its range is one that no variance accounts for.
    let at = |row: usize, column: usize| matrix[packed(row.max(column), row.min(column))];
    let reached = (0..used.len()).all(|row| {
        let product: f64 = solution.iter().enumerate().map(|(column, x)| at(row, column) * x).sum();
        (product - difference[row]).abs() <= 1e-9
    });
    if !reached {
        return f64::INFINITY;
    }
    let square: f64 = solution.iter().zip(&difference).map(|(a, b)| a * b).sum();
    square.max(0.0).sqrt()
}
