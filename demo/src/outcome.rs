//! How long patients live, and what drives it.

use crate::latents::Latents;
use crate::random::Stream;
use crate::site::Profile;

/// The log hazard ratio: heterogeneity, log volume and clinical score, each minus its centre, times its coefficient.
pub mod effect {
    /// For one standard deviation of the lesion's heterogeneity.
    pub const HETEROGENEITY: f64 = 1.2;
    /// For one unit of ln(volume of the main lesion / 15 ml).
    pub const LOG_VOLUME: f64 = 0.5;
    /// For one point of the clinical risk score, against a score of 2.
    pub const RISK_SCORE: f64 = 0.3;
    /// Standard deviation of the frailty: normal, independent of all that can be measured.
    pub const FRAILTY: f64 = 0.25;
    /// The volume in millilitres at which its term is 0.
    pub const REFERENCE_ML: f64 = 15.0;
    /// The clinical risk score at which its term is 0.
    pub const REFERENCE_SCORE: f64 = 2.0;
    /// Shape of the Weibull distribution of survival.
    pub const SHAPE: f64 = 1.4;
    /// Least and greatest follow-up at which the study ends, months, uniform.
    pub const FOLLOW_UP: [f64; 2] = [30.0, 124.0];
    /// Scale of the time to relapse, as a share of that of survival.
    pub const RELAPSE_SCALE: f64 = 0.35;
    /// Share of the log hazard ratio of death that also drives relapse.
    pub const RELAPSE_SHARE: f64 = 0.6;
    /// Share of the patients who never relapse.
    pub const CURED: f64 = 0.2;
}

/// The hazard's logarithm, relative to a patient with every term 0.
pub(crate) fn log_hazard(latents: &Latents, volume_ml: f64, score: u8, frailty: f64) -> f64 {
    effect::HETEROGENEITY * latents.heterogeneity
        + effect::LOG_VOLUME * libm::log(volume_ml / effect::REFERENCE_ML)
        + effect::RISK_SCORE * (f64::from(score) - effect::REFERENCE_SCORE)
        + frailty
}

/// What follow-up has seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    /// Months from operation to death, whether follow-up has seen it or not.
    pub(crate) death: f64,
    pub(crate) os_months: f64,
    pub(crate) dead: bool,
    pub(crate) dfs_months: f64,
    pub(crate) dfs_event: bool,
    pub(crate) relapse: bool,
}

impl Outcome {
    pub(crate) fn draw(profile: &Profile, log_hazard: f64, stream: &mut Stream) -> Self {
        let weibull = |unit: f64, scale: f64, log_hazard: f64| {
            scale * libm::pow(unit / libm::exp(log_hazard), 1.0 / effect::SHAPE)
        };
        let death = weibull(stream.exponential(), profile.survival_scale, log_hazard);
        let end = stream.between(effect::FOLLOW_UP[0], effect::FOLLOW_UP[1]);
        // Relapse comes earlier, depends less on what the scan shows, and spares some.
        let cured = stream.chance(effect::CURED);
        let relapse = weibull(
            stream.exponential(),
            effect::RELAPSE_SCALE * profile.survival_scale,
            effect::RELAPSE_SHARE * log_hazard,
        );
        let months = |value: f64| (value * 10.0).round().max(1.0) / 10.0;
        let last = death.min(end);
        let relapsed = !cured && relapse < last;
        Self {
            death,
            os_months: months(last),
            dead: death <= end,
            dfs_months: months(if relapsed { relapse } else { last }),
            dfs_event: relapsed || death <= end,
            relapse: relapsed,
        }
    }

    /// The table's cells, in the order of [`COLUMNS`].
    pub(crate) fn cells(&self) -> [String; 5] {
        let flag = |value: bool| u8::from(value).to_string();
        [
            format!("{:.1}", self.os_months),
            flag(self.dead),
            format!("{:.1}", self.dfs_months),
            flag(self.dfs_event),
            flag(self.relapse),
        ]
    }
}

/// Names and meanings of the outcome's columns.
pub(crate) const COLUMNS: [(&str, &str); 5] = [
    ("os_months", "months from operation to death or end of follow-up"),
    ("dead", "1 died, 0 alive at end of follow-up"),
    (
        "dfs_months",
        "months from operation to relapse, death or end of follow-up",
    ),
    ("dfs_event", "1 relapse or death, 0 neither by the end of follow-up"),
    ("relapse", "1 relapse seen, 0 not"),
];
