//! The robust variance of the coefficients (Lin and Wei 1989).

use std::cmp::Ordering;

use super::Ties;
use super::evaluate::{Design, Evaluation};
use super::hazards::{Hazards, RowResidual};
use crate::error::SurvivalError;

/// The sum over rows of d d', with d the row's weight times its score residual times `variance`, the inverse of the
/// information (all `covariates` squared elements). With `clusters`, one code a position, the d of a cluster's rows are
/// added up first; without, rows count as independent.
pub(crate) fn robust_variance(
    design: Design<'_>,
    ties: Ties,
    coefficients: &[f64],
    variance: &[f64],
    clusters: Option<&[u32]>,
    evaluation: &mut Evaluation,
) -> Result<Vec<f64>, SurvivalError> {
    let covariates = design.covariates;
    if covariates == 0 {
        return Ok(Vec::new());
    }
    let hazards = Hazards::collect(design, ties, coefficients, evaluation)?;
    let mut robust = vec![0.0; covariates * covariates];
    let mut influence = vec![0.0; covariates];
    let influence_of = |row: RowResidual<'_>, influence: &mut [f64]| {
        let weight = design.sets.weight(row.position);
        for (influence, line) in influence.iter_mut().zip(variance.chunks_exact(covariates)) {
            *influence = weight * line.iter().zip(row.score).map(|(v, r)| v * r).sum::<f64>();
        }
    };
    let Some(clusters) = clusters else {
        hazards.each_row(design, coefficients, |row| {
            influence_of(row, &mut influence);
            add_square(&mut robust, &influence);
        });
        return Ok(robust);
    };
    let count = clusters.iter().max().map_or(0, |last| *last as usize + 1);
    let mut sums = vec![0.0; count * covariates];
    hazards.each_row(design, coefficients, |row| {
        let cluster = clusters[row.position] as usize;
        influence_of(row, &mut influence);
        let sum = &mut sums[cluster * covariates..(cluster + 1) * covariates];
        sum.iter_mut().zip(&influence).for_each(|(sum, value)| *sum += value);
    });
    // The order of the codes, which may be that of arrival, shall not matter.
    let mut sums: Vec<&[f64]> = sums.chunks_exact(covariates).collect();
    sums.sort_unstable_by(|a, b| {
        let pairs = a.iter().zip(*b).map(|(a, b)| a.total_cmp(b));
        pairs.fold(Ordering::Equal, Ordering::then)
    });
    for sum in sums {
        add_square(&mut robust, sum);
    }
    Ok(robust)
}

fn add_square(matrix: &mut [f64], vector: &[f64]) {
    for (row, line) in vector.iter().zip(matrix.chunks_exact_mut(vector.len())) {
        for (slot, column) in line.iter_mut().zip(vector) {
            *slot += row * column;
        }
    }
}
