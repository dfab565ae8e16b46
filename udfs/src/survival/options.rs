//! The options that travel with a statistic inside its plan.

use crate::options::{CoxTies, RadsqlOptions};
use datafusion::common::{Result, internal_datafusion_err};
use serde_json::{Value, json};

/// Options of a statistic. They are written into the plan as text, so that a plan means the same wherever it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Names of the arguments, as users wrote them; covariates take their terms' names from here.
    pub names: Vec<String>,
    /// Tied event times in Cox fits.
    pub ties: CoxTies,
    /// Level of confidence intervals.
    pub conf_level: f64,
    /// Whether an argument after the statistic's own ones is the start of a (start, stop] interval.
    pub start: bool,
    /// How many arguments at the very end are strata.
    pub strata: usize,
    /// Weight of the G-rho family of log-rank tests: 0 for log-rank, 1 for Peto and Peto.
    pub rho: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            names: vec![],
            ties: CoxTies::Efron,
            conf_level: 0.95,
            start: false,
            strata: 0,
            rho: 0.0,
        }
    }
}

impl Options {
    /// The session's settings.
    pub fn of_session(settings: &RadsqlOptions) -> Self {
        Self {
            ties: settings.cox_ties,
            conf_level: settings.conf_level,
            ..Self::default()
        }
    }

    /// As text for the plan.
    pub fn to_text(&self) -> String {
        json!({
            "names": self.names, "ties": self.ties.to_string(), "conf_level": self.conf_level,
            "start": self.start, "strata": self.strata, "rho": self.rho,
        })
        .to_string()
    }

    /// From the plan's text.
    ///
    /// # Errors
    /// When the text was not written by [`Options::to_text`].
    pub fn from_text(text: &str) -> Result<Self> {
        let read = || -> Option<Self> {
            let v: Value = serde_json::from_str(text).ok()?;
            Some(Self {
                names: v["names"]
                    .as_array()?
                    .iter()
                    .map(|n| n.as_str().map(String::from))
                    .collect::<Option<_>>()?,
                ties: v["ties"].as_str()?.parse().ok()?,
                conf_level: v["conf_level"].as_f64()?,
                start: v["start"].as_bool()?,
                strata: usize::try_from(v["strata"].as_u64()?).ok()?,
                rho: v["rho"].as_f64()?,
            })
        };
        read().ok_or_else(|| internal_datafusion_err!("options of a statistic were not understood"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_the_plan() {
        let o = Options {
            names: vec!["os".into(), "a \"b\"".into()],
            ties: CoxTies::Breslow,
            conf_level: 0.9,
            start: true,
            strata: 2,
            rho: 1.0,
        };
        assert_eq!(Options::from_text(&o.to_text()).unwrap(), o);
        assert!(Options::from_text("{}").is_err());
    }
}
