//! What an event counts by its time.

use crate::error::SurvivalError;

/// The weight S(t-)^rho that events at time t have in the test: 0 gives the log-rank test, 1 Peto and Peto's
/// modification of the Gehan-Wilcoxon test. A finite number; 0 by default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rho(f64);

impl Rho {
    /// A finite exponent.
    pub fn new(rho: f64) -> Result<Self, SurvivalError> {
        if rho.is_finite() {
            return Ok(Self(rho));
        }
        Err(SurvivalError::Parameter {
            parameter: "rho",
            value: rho,
            expected: "a finite number, such as 0 or 1",
        })
    }
}

/// The weight of the events at a time t, with S the survival curve of all groups together (of the stratum) and n the rows
/// at risk just before. The log-rank test by default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LogRankWeight(Kind);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    FlemingHarrington { rho: f64, gamma: f64 },
    Gehan,
    TaroneWare,
}

impl Default for Kind {
    fn default() -> Self {
        Self::FlemingHarrington { rho: 0.0, gamma: 0.0 }
    }
}

impl From<Rho> for LogRankWeight {
    fn from(rho: Rho) -> Self {
        Self(Kind::FlemingHarrington { rho: rho.0, gamma: 0.0 })
    }
}

impl LogRankWeight {
    /// S(t-)^rho (1 - S(t-))^gamma (Fleming and Harrington 1991): `rho` above 0 weighs early events, `gamma` above 0 late
    /// ones. `gamma` has to be 0 or more, as 1 - S(t-) is 0 at the first event.
    pub fn fleming_harrington(rho: Rho, gamma: f64) -> Result<Self, SurvivalError> {
        if gamma.is_finite() && gamma >= 0.0 {
            return Ok(Self(Kind::FlemingHarrington { rho: rho.0, gamma }));
        }
        Err(SurvivalError::Parameter {
            parameter: "gamma",
            value: gamma,
            expected: "a finite number of 0 or more, such as 0 or 1",
        })
    }

    /// n, the generalised Wilcoxon test (Gehan 1965, Breslow 1970).
    pub fn gehan() -> Self {
        Self(Kind::Gehan)
    }

    /// The root of n (Tarone and Ware 1977).
    pub fn tarone_ware() -> Self {
        Self(Kind::TaroneWare)
    }

    pub(super) fn at(self, survival: f64, at_risk: f64) -> f64 {
        match self.0 {
            // 0 to the power 0 is 1 here, as it has to be.
            Kind::FlemingHarrington { rho, gamma } => power(survival, rho) * power(1.0 - survival, gamma),
            Kind::Gehan => at_risk,
            Kind::TaroneWare => at_risk.sqrt(),
        }
    }
}

fn power(base: f64, exponent: f64) -> f64 {
    if exponent == 0.0 { 1.0 } else { base.powf(exponent) }
}
