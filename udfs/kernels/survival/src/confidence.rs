//! Confidence intervals of curves, as R's `survfit_confint` defines them.

use std::f64::consts::FRAC_PI_2;

/// The scale on which a survival curve's confidence interval is symmetric (R's `conf.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ConfidenceType {
    /// log S; R's default, and ours.
    #[default]
    Log,
    /// log(-log S); lifelines' default. Not defined where S is 1.
    LogLog,
    /// S itself, cut off at 0 and 1.
    Plain,
    /// log(S / (1 - S)). Not defined where S is 1.
    Logit,
    /// The arc sine of the root of S. Not defined where S is 1.
    ArcSine,
    /// No interval: both limits are `None`.
    None,
}

/// Lower and upper limit.
pub(crate) type Interval = (Option<f64>, Option<f64>);

/// The interval of a survival probability above 0, from the standard error of its logarithm.
pub(crate) fn survival_interval(survival: f64, se_of_log: f64, z: f64, confidence_type: ConfidenceType) -> Interval {
    let half = z * se_of_log;
    match confidence_type {
        ConfidenceType::None => (None, None),
        ConfidenceType::Log => {
            let log = survival.ln();
            (Some((log - half).exp()), Some((log + half).exp().min(1.0)))
        }
        ConfidenceType::Plain => {
            let half = half * survival;
            (Some((survival - half).max(0.0)), Some((survival + half).min(1.0)))
        }
        ConfidenceType::LogLog | ConfidenceType::Logit | ConfidenceType::ArcSine if survival >= 1.0 => (None, None),
        ConfidenceType::LogLog => {
            let log = survival.ln();
            let centre = (-log).ln();
            let half = half / log;
            (
                Some((-(centre - half).exp()).exp()),
                Some((-(centre + half).exp()).exp()),
            )
        }
        ConfidenceType::Logit => {
            let odds = survival / (1.0 - survival);
            let half = half * (1.0 + odds);
            let limit = |logit: f64| Some(1.0 - 1.0 / (1.0 + logit.exp()));
            (limit(odds.ln() - half), limit(odds.ln() + half))
        }
        ConfidenceType::ArcSine => {
            let angle = survival.sqrt().asin();
            let half = 0.5 * half * (survival / (1.0 - survival)).sqrt();
            let limit = |angle: f64| Some(angle.sin().powi(2));
            (limit((angle - half).max(0.0)), limit((angle + half).min(FRAC_PI_2)))
        }
    }
}
