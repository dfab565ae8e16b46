//! Calibration at a time: predicted against observed risk.

use super::{Prediction, check_right_censored, check_time};
use crate::confidence::ConfidenceType;
use crate::cox::{ChiSquareTest, Covariate, CoxOptions, cox};
use crate::distributions::{ConfidenceLevel, chi_square_upper, normal_two_sided};
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::kaplan_meier::{kaplan_meier, kaplan_meier_by};

/// Into how many groups rows are put by their predicted risk, at least 1; 10 by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bins(u32);

impl Bins {
    /// So many groups, 1 to 1000.
    pub fn new(bins: usize) -> Result<Self, SurvivalError> {
        match u32::try_from(bins) {
            Ok(count @ 1..=1000) => Ok(Self(count)),
            _ => Err(SurvivalError::Parameter {
                parameter: "bins",
                value: bins as f64,
                expected: "1 to 1000",
            }),
        }
    }
}

impl Default for Bins {
    fn default() -> Self {
        Self(10)
    }
}

/// Rows of like predicted risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// Number of the group from 1, among all quantile groups; those that are empty are left out.
    pub bin: u32,
    /// Rows.
    pub n: usize,
    /// Rows with the event up to the time.
    pub events: usize,
    /// Mean of the predicted risks.
    pub mean_predicted: f64,
    /// Observed risk: 1 less the Kaplan-Meier estimate.
    pub observed: f64,
    /// Its standard error (Greenwood); `None` when all have had the event.
    pub se: Option<f64>,
    /// Lower confidence limit of `observed`.
    pub lower: Option<f64>,
    /// Upper confidence limit of `observed`.
    pub upper: Option<f64>,
    /// Whether follow-up of the group ends before the time, so that its last estimate stands for it.
    pub beyond: bool,
}

/// Observed and expected risk of all rows: calibration in the large.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObservedExpected {
    /// 1 less the Kaplan-Meier estimate of all rows.
    pub observed: f64,
    /// Mean of the predicted risks.
    pub expected: f64,
    /// observed / expected; NaN when `expected` is 0.
    pub ratio: f64,
    /// Lower confidence limit of the ratio, symmetric on its log scale; NaN when nothing was observed or all was.
    pub lower: f64,
    /// Upper confidence limit.
    pub upper: f64,
}

/// The coefficient of log(-log(1 - risk)) in a Cox model: 1 of a model that is calibrated, below 1 of one whose risks are
/// too extreme. Predictions of a Cox model give the slope of its linear predictor, whatever the time. All are NaN when a
/// risk is 0 or 1, all are equal, or there is no event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// The coefficient.
    pub slope: f64,
    /// Its standard error.
    pub se: f64,
    /// slope - z se.
    pub lower: f64,
    /// slope + z se.
    pub upper: f64,
    /// Two-sided p-value of a slope of 1.
    pub p: f64,
}

/// Calibration of predicted risks at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The time.
    pub time: f64,
    /// Groups by ascending risk.
    pub bins: Vec<CalibrationBin>,
    /// All rows together.
    pub overall: ObservedExpected,
    /// Calibration slope.
    pub slope: Slope,
    /// The Greenwood-Nam-D'Agostino test (Demler, Paynter and Cook 2015): the sum over groups of (observed - mean
    /// predicted)^2 by Greenwood's variance, with one degree of freedom less than groups. Groups with fewer than about five
    /// events make it unreliable: ask for fewer groups. `df` 0, `chi2` 0 and `p` NaN with one group, or where a group has no
    /// variance, its rows having had no event or all of them.
    pub gnd: ChiSquareTest,
}

/// Compares predicted with observed risk at a time: by groups between the quantiles of the predicted risk (R's
/// `quantile(type = 7)`; a risk equal to a quantile belongs to the lower group, so that equal risks stay together), in the
/// large, by slope and by test. Intervals of the groups are those of [`kaplan_meier`] turned around.
///
/// Defined for right-censored follow-up without weights.
pub fn calibration(
    follow_up: &FollowUp<'_>,
    time: f64,
    prediction: Prediction<'_>,
    bins: Bins,
    level: ConfidenceLevel,
    confidence_type: ConfidenceType,
) -> Result<Calibration, SurvivalError> {
    check_right_censored("calibration", follow_up)?;
    check_time(time)?;
    prediction.check(follow_up.rows())?;
    let risks: Vec<f64> = (0..follow_up.rows()).map(|row| prediction.risk(row)).collect();
    let mut order: Vec<u32> = (0..follow_up.rows() as u32).collect();
    order.sort_unstable_by(|&a, &b| risks[a as usize].total_cmp(&risks[b as usize]));
    let sorted: Vec<f64> = order.iter().map(|&row| risks[row as usize]).collect();
    let cuts: Vec<f64> = (1..bins.0)
        .map(|bin| quantile(&sorted, f64::from(bin) / f64::from(bins.0)))
        .collect();
    let bin_of: Vec<u32> = risks
        .iter()
        .map(|risk| cuts.partition_point(|cut| cut < risk) as u32 + 1)
        .collect();
    let mut first = 0;
    let mut groups = Vec::new();
    for (bin, curve) in kaplan_meier_by(follow_up, &bin_of, level, confidence_type)? {
        let at = curve.at(time)?;
        groups.push(CalibrationBin {
            bin,
            n: curve.n,
            events: at.n_event as usize,
            mean_predicted: mean(&sorted[first..first + curve.n]),
            observed: 1.0 - at.survival,
            se: at.se,
            lower: at.upper.map(|upper| 1.0 - upper),
            upper: at.lower.map(|lower| 1.0 - lower),
            beyond: at.beyond,
        });
        first += curve.n;
    }
    let all = kaplan_meier(follow_up, level, confidence_type)?.at(time)?;
    let (observed, expected) = (1.0 - all.survival, mean(&sorted));
    let ratio = if expected == 0.0 { f64::NAN } else { observed / expected };
    let half = match all.se {
        Some(se) if observed > 0.0 => level.z() * se / observed,
        _ => f64::NAN,
    };
    Ok(Calibration {
        time,
        gnd: gnd(&groups),
        bins: groups,
        overall: ObservedExpected {
            observed,
            expected,
            ratio,
            lower: ratio * (-half).exp(),
            upper: ratio * half.exp(),
        },
        slope: slope(follow_up, prediction, level)?,
    })
}

/// R's `quantile(type = 7)` of ascending numbers, of which there is at least one.
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * probability;
    // A place that rounding left just below a row is that row, as in R.
    let below = (place + 4.0 * f64::EPSILON).floor();
    let part = place - below;
    let at = |place: usize| sorted[place.min(sorted.len() - 1)];
    let (low, high) = (at(below as usize), at(below as usize + 1));
    if part.abs() < 1e-12 {
        low
    } else {
        (1.0 - part) * low + part * high
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn gnd(bins: &[CalibrationBin]) -> ChiSquareTest {
    let parts: Option<Vec<f64>> = bins
        .iter()
        .map(|bin| {
            let se = bin.se.filter(|se| *se > 0.0)?;
            Some(((bin.observed - bin.mean_predicted) / se).powi(2))
        })
        .collect();
    let (chi2, df) = match parts {
        Some(parts) if parts.len() > 1 => (parts.iter().sum(), parts.len() - 1),
        _ => (0.0, 0),
    };
    ChiSquareTest {
        chi2,
        df,
        p: chi_square_upper(chi2, df),
    }
}

fn slope(follow_up: &FollowUp<'_>, prediction: Prediction<'_>, level: ConfidenceLevel) -> Result<Slope, SurvivalError> {
    let log_hazards: Vec<f64> = match prediction {
        Prediction::Survival(survival) => survival.iter().map(|survival| (-survival.ln()).ln()).collect(),
        Prediction::Risk(risk) => risk.iter().map(|risk| (-(-risk).ln_1p()).ln()).collect(),
    };
    let undefined = Slope {
        slope: f64::NAN,
        se: f64::NAN,
        lower: f64::NAN,
        upper: f64::NAN,
        p: f64::NAN,
    };
    if log_hazards.iter().any(|value| !value.is_finite()) {
        return Ok(undefined);
    }
    let covariate = Covariate {
        name: "log(-log(1 - risk))",
        values: &log_hazards,
    };
    let options = CoxOptions {
        level,
        concordance: false,
        ..CoxOptions::default()
    };
    let fit = cox(follow_up, None, &[covariate], &options)?;
    Ok(fit.terms.first().map_or(undefined, |term| Slope {
        slope: term.coef,
        se: term.se,
        lower: term.coef - level.z() * term.se,
        upper: term.coef + level.z() * term.se,
        p: normal_two_sided((term.coef - 1.0) / term.se),
    }))
}
