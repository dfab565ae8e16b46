//! How long patients live, and what drives it.

use crate::latents::Latents;
use crate::random::Stream;
use crate::shapes::ramp;
use crate::site::Follow;

/// The log hazard ratio: heterogeneity, log volume and clinical score, each minus its centre, times its coefficient.
pub mod effect {
    /// For one standard deviation of the lesion's heterogeneity.
    pub const HETEROGENEITY: f64 = 1.1;
    /// For one unit of ln(volume of the main lesion / 15 ml).
    pub const LOG_VOLUME: f64 = 0.55;
    /// For one point of the clinical risk score, against a score of 2.
    pub const RISK_SCORE: f64 = 0.25;
    /// Standard deviation of the frailty: normal, independent of all that can be measured.
    pub const FRAILTY: f64 = 0.25;
    /// The volume in millilitres at which its term is 0.
    pub const REFERENCE_ML: f64 = 15.0;
    /// The clinical risk score at which its term is 0.
    pub const REFERENCE_SCORE: f64 = 2.0;
    /// Shape of the Weibull distribution of survival.
    pub const SHAPE: f64 = 2.0;
    /// Relapse comes at this share of the time to death, in the median.
    pub const RELAPSE_MEDIAN: f64 = 0.3;
    /// Standard deviation of that share's logarithm, which is normal.
    pub const RELAPSE_LOG_SD: f64 = 0.65;
    /// The greatest probability that a patient never relapses: of those who live long.
    pub const CURED: f64 = 0.75;
    /// Months to death, as shares of the site's scale, between which that probability rises from 0.
    pub const CURED_BETWEEN: [f64; 2] = [0.75, 1.4];
    /// Share of the relapses that are in the liver from the first, and of those that come to the liver later.
    pub const LIVER: [f64; 2] = [0.47, 0.15];
}

/// The hazard's logarithm, relative to a patient with every term 0.
pub(crate) fn log_hazard(latents: &Latents, volume_ml: f64, score: u8, frailty: f64) -> f64 {
    effect::HETEROGENEITY * latents.heterogeneity
        + effect::LOG_VOLUME * libm::log(volume_ml / effect::REFERENCE_ML)
        + effect::RISK_SCORE * (f64::from(score) - effect::REFERENCE_SCORE)
        + frailty
}

/// What follow-up has seen. Months have one decimal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    /// Months from operation to death, whether follow-up has seen it or not.
    pub(crate) death: f64,
    pub(crate) os_months: f64,
    pub(crate) dead: bool,
    pub(crate) relapse: bool,
    /// Months to relapse, or to death or end of follow-up without one.
    pub(crate) dfs_months: f64,
    pub(crate) liver_relapse: bool,
    /// Months to relapse in the liver, or to death or end of follow-up without one.
    pub(crate) liver_months: f64,
}

impl Outcome {
    pub(crate) fn draw(follow: &Follow, log_hazard: f64, stream: &mut Stream) -> Self {
        let unit = stream.exponential() / libm::exp(log_hazard);
        let share = libm::pow(unit, 1.0 / effect::SHAPE);
        let death = follow.survival_scale * share;
        let (lost, within) = follow.lost;
        let [from, to] = if stream.chance(lost) { within } else { follow.end };
        let end = stream.between(from, to);
        let last = death.min(end);

        // All numbers are drawn whatever becomes of them, so that no patient's fate shifts the others of the stream.
        let [low, high] = effect::CURED_BETWEEN;
        let cured = stream.chance(effect::CURED * ramp(share, low, high));
        let relapse = death * effect::RELAPSE_MEDIAN * libm::exp(effect::RELAPSE_LOG_SD * stream.normal());
        let (place, later) = (stream.uniform(), stream.uniform());
        let relapsed = !cured && relapse < last;
        let [first, second] = effect::LIVER;
        let in_liver = relapsed && place < first + second;
        let liver = if place < first {
            relapse
        } else {
            relapse + later * (last - relapse)
        };
        let os_months = months(last);
        // Rounded as they are, times keep their order.
        let seen = |event: bool, time: f64| if event { months(time).min(os_months) } else { os_months };
        Self {
            death,
            os_months,
            dead: death <= end,
            relapse: relapsed,
            dfs_months: seen(relapsed, relapse),
            liver_relapse: in_liver,
            liver_months: seen(in_liver, liver),
        }
    }
}

fn months(value: f64) -> f64 {
    (value * 10.0).round().max(1.0) / 10.0
}
