use std::fmt;

/// Something about a fitted model that makes its numbers other than they look.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoxWarning {
    /// No row is left after rows with missing values were dropped.
    NoRows,
    /// No row ends in the event, so that no coefficient can be estimated.
    NoEvents {
        /// The covariates' names.
        terms: Vec<String>,
    },
    /// These covariates do not vary within any risk set. Their coefficients are NaN.
    Constant {
        /// Their names.
        terms: Vec<String>,
    },
    /// This covariate is a combination of others before it. Its coefficient is NaN.
    Collinear {
        /// Its name.
        term: String,
        /// The names of the others.
        of: Vec<String>,
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
        /// The coefficients that the next step would still have moved.
        terms: Vec<String>,
    },
}

impl fmt::Display for CoxWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRows => write!(f, "no row without missing values: no coefficient can be estimated"),
            Self::NoEvents { terms } => write!(f, "no events: no coefficient for {}", terms.join(", ")),
            Self::Constant { terms } => {
                write!(f, "no coefficient for {}: constant in every risk set", terms.join(", "))
            }
            Self::Collinear { term, of } => {
                write!(f, "no coefficient for {term}: a combination of {}", of.join(", "))
            }
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
            Self::NotConverged { iterations, terms } if terms.is_empty() => {
                write!(f, "not converged after {iterations} iterations")
            }
            Self::NotConverged { iterations, terms } => {
                write!(
                    f,
                    "not converged after {iterations} iterations: still moving: {}",
                    terms.join(", ")
                )
            }
        }
    }
}
