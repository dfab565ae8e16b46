//! Incident/dynamic discrimination of a marker (Heagerty and Zheng 2005), as risksetROC estimates it.

mod area;
mod local;

pub use area::{IncidentCurve, incident_roc};

use crate::concordance::scores_by_position;
use crate::cox::{Covariate, CoxOptions};
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_finite, check_length};
use crate::kaplan_meier::kaplan_meier;
use crate::risk_sets::RiskSets;
use crate::time_roc::Span;
use crate::{ConfidenceLevel, ConfidenceType};
use area::RiskSetAreas;
use local::{LocalLikelihood, smoothed_residuals};

/// How the marker's log hazard ratio at each time is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum HazardRatio {
    /// One for all times, by a Cox model with Efron's ties (risksetROC's "Cox").
    #[default]
    Proportional,
    /// Scaled Schoenfeld residuals of that model, smoothed by straight lines with Epanechnikov's kernel over the given
    /// share of the events, the nearest in time (risksetROC's "Schoenfeld" with `order = 1`; its span is 0.4).
    SmoothedResiduals(Span),
    /// A Cox model with a coefficient linear in time, fitted to events weighted by Epanechnikov's kernel, half the given
    /// share of the distinct event times on either side (risksetROC's "LocalCox"; its span is 0.4). As there, the kernel
    /// is at least 1e-7 everywhere.
    LocalLikelihood(Span),
}

/// Discrimination at one event time t between those who have the event at t and those at risk who do not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IncidentAuc {
    /// The time t.
    pub time: f64,
    /// Kaplan-Meier estimator of survival beyond t.
    pub survival: f64,
    /// The marker's log hazard ratio at t; NaN when it cannot be estimated.
    pub coefficient: f64,
    /// The probability that who has the event at t has the higher risk than who does not, by the model. NaN when all at
    /// risk have the event, or `coefficient` is NaN.
    pub auc: f64,
}

/// Discrimination at all event times.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentDiscrimination {
    /// Every distinct event time, ascending.
    pub points: Vec<IncidentAuc>,
    /// The mean of `auc` over the event times up to `tmax`, weighted by 2 f S with f the drop of S at the time: the
    /// probability that of two rows the one with the earlier event has the higher risk, given that it is before `tmax`
    /// (risksetROC's `Cindex`). NaN when no event is up to `tmax`, S drops to 0 at the only one, or an area is NaN.
    pub c_index: f64,
}

/// Areas under the incident/dynamic ROC curve of a marker, and their mean (R's
/// `risksetAUC(Stime, status, marker, method, tmax)`). `tmax` is the last event time by default.
///
/// Near-tied times are merged first. Of markers that are equal, half of the pairs count as ordered; risksetROC orders
/// them as the rows come, so that its area of data with ties depends on that order.
///
/// O(n log n) for [`HazardRatio::Proportional`]; with n rows and d event times O(n d) for
/// [`HazardRatio::SmoothedResiduals`] and O(n d^2) for [`HazardRatio::LocalLikelihood`].
///
/// No events: no points and `c_index` NaN. A constant marker has 0.5 everywhere. Intervals and weights are an error, and so
/// is a `tmax` that is not finite and above 0.
pub fn incident_auc(
    follow_up: &FollowUp<'_>,
    marker: &[f64],
    hazard_ratio: HazardRatio,
    tmax: Option<f64>,
) -> Result<IncidentDiscrimination, SurvivalError> {
    check("incident_auc", follow_up, marker)?;
    if let Some(tmax) = tmax.filter(|tmax| !(tmax.is_finite() && *tmax > 0.0)) {
        return Err(SurvivalError::Parameter {
            parameter: "tmax",
            value: tmax,
            expected: "a finite number above 0",
        });
    }
    let sets = RiskSets::new(follow_up, None)?;
    let columns = [Covariate {
        name: "marker",
        values: marker,
    }];
    let options = CoxOptions {
        concordance: false,
        ..CoxOptions::default()
    };
    let model = sets.model(&columns, None, &options)?;
    let fitted = model.fit().terms.first().map_or(f64::NAN, |term| term.coef);
    // A coefficient that cannot be estimated because the marker does not vary orders nothing.
    let fitted = if fitted.is_nan() { 0.0 } else { fitted };
    let by_position = scores_by_position(&sets, &[marker])?.remove(0);
    let areas = RiskSetAreas::new(&sets, by_position);
    let curve = kaplan_meier(follow_up, ConfidenceLevel::default(), ConfidenceType::default())?;
    let at_events = curve.steps.iter().filter(|step| step.n_event > 0.0);
    let times: Vec<(f64, f64)> = at_events.map(|step| (step.time, step.survival)).collect();
    let found: Vec<(f64, f64)> = match hazard_ratio {
        HazardRatio::Proportional => areas
            .at_all_events(fitted)
            .into_iter()
            .map(|auc| (fitted, auc))
            .collect(),
        HazardRatio::SmoothedResiduals(_) if fitted == 0.0 => areas.with(vec![0.0; times.len()]),
        HazardRatio::SmoothedResiduals(span) => areas.with(smoothed_residuals(&model.schoenfeld()?, &times, span)),
        HazardRatio::LocalLikelihood(span) => areas.with(LocalLikelihood::new(&areas, &times).coefficients(span)),
    };
    let points: Vec<IncidentAuc> = times
        .iter()
        .zip(found)
        .map(|(&(time, survival), (coefficient, auc))| IncidentAuc {
            time,
            survival,
            coefficient,
            auc,
        })
        .collect();
    Ok(IncidentDiscrimination {
        c_index: mean(&points, tmax),
        points,
    })
}

fn mean(points: &[IncidentAuc], tmax: Option<f64>) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    let mut before = 1.0;
    for point in points {
        if tmax.is_some_and(|tmax| point.time > tmax) {
            break;
        }
        let weight = 2.0 * (before - point.survival) * point.survival;
        before = point.survival;
        // Where nobody survives the area does not count, even when it is not defined.
        if weight > 0.0 {
            sum += weight * point.auc;
            weights += weight;
        }
    }
    sum / weights
}

fn check(function: &'static str, follow_up: &FollowUp<'_>, marker: &[f64]) -> Result<(), SurvivalError> {
    let unsupported = |what| SurvivalError::Unsupported { function, what };
    if follow_up.start.is_some() {
        return Err(unsupported("intervals (start, stop]"));
    }
    if follow_up.weights.is_some() {
        return Err(unsupported("weights"));
    }
    check_length("marker", marker.len(), follow_up.rows())?;
    check_finite("marker", marker)
}
