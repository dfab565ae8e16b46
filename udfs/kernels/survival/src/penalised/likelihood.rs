//! The partial likelihood with Breslow's ties, as a function of the linear predictor.

use std::ops::Range;

use crate::risk_sets::RiskSets;

/// Linear predictors this far below the largest of their stratum count as this far, so that no sum of risks is 0.
const DEPTH: f64 = 340.0;

/// Risk sets with weights that sum to 1, ready for many linear predictors.
///
/// The likelihood is `sum w d eta - sum_t W_t log(sum_{at risk} w exp(eta))`, with `W_t` the weight of the events at t
/// (Breslow 1974; Simon, Friedman, Hastie and Tibshirani 2011).
#[derive(Debug, Clone)]
pub(crate) struct PartialLikelihood {
    /// By position; their sum is 1.
    pub(crate) weight: Vec<f64>,
    /// The weight where the row ends in the event, else 0.
    event_weight: Vec<f64>,
    segments: Vec<Segment>,
    /// The segments of each stratum.
    strata: Vec<Range<usize>>,
    /// Log-likelihood of the model with a parameter for each row: `-sum W_t log W_t`.
    pub(crate) saturated: f64,
}

/// The rows that enter the risk set before a time with events does its part, that time's own rows included.
#[derive(Debug, Clone)]
struct Segment {
    rows: Range<usize>,
    event_weight: f64,
}

/// The likelihood at one linear predictor.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluation {
    pub(crate) predictor: Vec<f64>,
    pub(crate) loglik: f64,
    /// Derivative of the log-likelihood by each row's linear predictor.
    pub(crate) residual: Vec<f64>,
    pub(crate) curvature: Curvature,
}

/// Less the second derivative of the log-likelihood by the linear predictors: a diagonal less a matrix of rank one for
/// each time with events. It is never written out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Curvature {
    /// `w exp(eta)`, to the scale of its stratum; 0 for rows in no risk set.
    risk: Vec<f64>,
    /// `w exp(eta)` times the cumulative hazard.
    hazard: Vec<f64>,
    /// `W_t` over the squared sum of risks, by segment.
    squares: Vec<f64>,
}

impl PartialLikelihood {
    pub(crate) fn new(sets: &RiskSets) -> Self {
        let rows = sets.rows();
        let total: f64 = (0..rows).map(|position| sets.weight(position)).sum();
        let weight: Vec<f64> = (0..rows).map(|position| sets.weight(position) / total).collect();
        let event_weight: Vec<f64> = weight
            .iter()
            .zip(&sets.event)
            .map(|(weight, &event)| if event { *weight } else { 0.0 })
            .collect();
        let mut segments = Vec::new();
        let mut strata = Vec::with_capacity(sets.strata.len());
        for stratum in &sets.strata {
            let first = segments.len();
            let mut start = stratum.rows.start;
            for group in sets.groups[stratum.active.clone()]
                .iter()
                .filter(|group| group.events > 0)
            {
                let own = &event_weight[group.rows.clone()];
                segments.push(Segment {
                    rows: start..group.rows.end,
                    event_weight: own.iter().sum(),
                });
                start = group.rows.end;
            }
            strata.push(first..segments.len());
        }
        let saturated = segments
            .iter()
            .map(|segment| -segment.event_weight * segment.event_weight.ln())
            .sum();
        Self {
            weight,
            event_weight,
            segments,
            strata,
            saturated,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.weight.len()
    }

    /// Twice what `loglik` falls short of the saturated model, for weights that sum to 1.
    pub(crate) fn deviance(&self, loglik: f64) -> f64 {
        2.0 * (self.saturated - loglik)
    }

    /// Fills `found` from its linear predictor.
    pub(crate) fn evaluate(&self, found: &mut Evaluation) {
        let Evaluation {
            predictor,
            loglik,
            residual,
            curvature: Curvature { risk, hazard, squares },
        } = found;
        let rows = self.rows();
        for column in [&mut *residual, &mut *risk, &mut *hazard] {
            column.resize(rows, 0.0);
        }
        squares.resize(self.segments.len(), 0.0);
        *loglik = 0.0;
        for stratum in &self.strata {
            let segments = &self.segments[stratum.clone()];
            let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
                continue;
            };
            let active = first.rows.start..last.rows.end;
            let top = predictor[active.clone()]
                .iter()
                .fold(f64::NEG_INFINITY, |top, value| top.max(*value));
            for position in active {
                let exponent = (predictor[position] - top).max(-DEPTH);
                risk[position] = self.weight[position] * exponent.exp();
                *loglik += self.event_weight[position] * exponent;
            }
            let mut at_risk = 0.0;
            let squares = &mut squares[stratum.clone()];
            for (segment, square) in segments.iter().zip(squares.iter_mut()) {
                at_risk += risk[segment.rows.clone()].iter().sum::<f64>();
                *loglik -= segment.event_weight * at_risk.ln();
                *square = segment.event_weight / (at_risk * at_risk);
                // Holds the increment of the hazard until the way back.
                hazard[segment.rows.start] = segment.event_weight / at_risk;
            }
            let mut cumulative = 0.0;
            for segment in segments.iter().rev() {
                cumulative += hazard[segment.rows.start];
                for position in segment.rows.clone() {
                    hazard[position] = risk[position] * cumulative;
                    residual[position] = self.event_weight[position] - hazard[position];
                }
            }
        }
    }

    /// The log-likelihood at a linear predictor.
    pub(crate) fn loglik(&self, predictor: &[f64]) -> f64 {
        let mut loglik = 0.0;
        for stratum in &self.strata {
            let segments = &self.segments[stratum.clone()];
            let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
                continue;
            };
            let active = &predictor[first.rows.start..last.rows.end];
            let top = active.iter().fold(f64::NEG_INFINITY, |top, value| top.max(*value));
            let mut at_risk = 0.0;
            for segment in segments {
                for position in segment.rows.clone() {
                    let exponent = (predictor[position] - top).max(-DEPTH);
                    at_risk += self.weight[position] * exponent.exp();
                    loglik += self.event_weight[position] * exponent;
                }
                loglik -= segment.event_weight * at_risk.ln();
            }
        }
        loglik
    }

    /// `product = curvature * vector`. `product` is 0 where it was 0 before and the row is in no risk set.
    pub(crate) fn multiply(&self, curvature: &Curvature, vector: &[f64], product: &mut [f64], sums: &mut Vec<f64>) {
        sums.resize(self.segments.len(), 0.0);
        let Curvature { risk, hazard, squares } = curvature;
        for stratum in &self.strata {
            let segments = &self.segments[stratum.clone()];
            let mut sum = 0.0;
            for (segment, (square, slot)) in segments
                .iter()
                .zip(squares[stratum.clone()].iter().zip(&mut sums[stratum.clone()]))
            {
                let rows = segment.rows.clone();
                for (risk, value) in risk[rows.clone()].iter().zip(&vector[rows]) {
                    sum += risk * value;
                }
                *slot = square * sum;
            }
            let mut outer = 0.0;
            for (segment, slot) in segments.iter().zip(&sums[stratum.clone()]).rev() {
                outer += slot;
                for position in segment.rows.clone() {
                    product[position] = hazard[position] * vector[position] - risk[position] * outer;
                }
            }
        }
    }

    /// The diagonal of the curvature.
    pub(crate) fn diagonal(&self, curvature: &Curvature, diagonal: &mut [f64]) {
        let Curvature { risk, hazard, squares } = curvature;
        for stratum in &self.strata {
            let mut sum = 0.0;
            let segments = &self.segments[stratum.clone()];
            for (segment, square) in segments.iter().zip(&squares[stratum.clone()]).rev() {
                sum += square;
                for position in segment.rows.clone() {
                    diagonal[position] = hazard[position] - risk[position] * risk[position] * sum;
                }
            }
        }
    }
}
