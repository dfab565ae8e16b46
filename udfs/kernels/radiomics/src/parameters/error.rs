use crate::error::RadiomicsError;
use radsql_volume::VolumeError;

/// What can be wrong with a parameter file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The text is neither YAML nor JSON.
    #[error("the settings are neither YAML nor JSON: {reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// The file is no map of sections, or a section no map.
    #[error("{what} must be {expected}; found {found}")]
    Shape {
        /// The part of the file.
        what: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A name is not one of those known.
    #[error("there is no {what} '{name}'{}; the known are {}", crate::request::did_you_mean(nearest.as_deref()), known.join(", "))]
    Unknown {
        /// What the name should name, such as `setting`.
        what: &'static str,
        /// The name found.
        name: String,
        /// The known name that is closest, if one is close.
        nearest: Option<String>,
        /// All known names.
        known: Vec<&'static str>,
    },
    /// A setting has an impossible value.
    #[error("setting '{key}' must be {expected}; found {found}")]
    Value {
        /// The setting.
        key: String,
        /// What is possible.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Settings that are possible alone and not together.
    #[error("{reason}")]
    Together {
        /// Which, and why.
        reason: String,
    },
    /// A value that a feature class refuses.
    #[error(transparent)]
    Radiomics(#[from] RadiomicsError),
    /// A value that a filter refuses.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}
