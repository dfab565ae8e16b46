use std::fmt;

/// Something about a fitted model that makes its numbers other than they look.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoxWarning {
    /// No row is left after rows with missing values were dropped.
    NoRows,
    /// No row ends in the event, so that nothing can be estimated.
    NoEvents,
    /// These covariates do not vary within any risk set, or are combinations of those before them. Their coefficients
    /// are NaN.
    Collinear {
        /// Their names.
        terms: Vec<String>,
    },
    /// The likelihood has settled, but these coefficients were still moving: they may be infinite (separation).
    Infinite {
        /// Their names.
        terms: Vec<String>,
    },
    /// These coefficients have no standard error: their robust variance is 0, because no row has any influence on them.
    NoVariance {
        /// Their names.
        terms: Vec<String>,
    },
    /// The likelihood had not settled after the steps allowed.
    NotConverged {
        /// Steps taken.
        iterations: u32,
    },
}

impl fmt::Display for CoxWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRows => write!(f, "no row without missing values: no coefficient can be estimated"),
            Self::NoEvents => write!(f, "no events: no coefficient can be estimated"),
            Self::Collinear { terms } => write!(
                f,
                "no coefficient for {}: constant in every risk set, or a combination of the terms before",
                terms.join(", ")
            ),
            Self::Infinite { terms } => {
                write!(
                    f,
                    "log-likelihood converged before {}: coefficient may be infinite",
                    terms.join(", ")
                )
            }
            Self::NoVariance { terms } => {
                write!(
                    f,
                    "no standard error for {}: the robust variance is 0",
                    terms.join(", ")
                )
            }
            Self::NotConverged { iterations } => write!(f, "not converged after {iterations} iterations"),
        }
    }
}
