//! What is particular to the scanner and the patients of one hospital.

/// The hospital that the cohort comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Site {
    /// The cohort on which a signature is found: patients DEMO-0001 and on.
    #[default]
    Primary,
}

/// The site in numbers.
#[derive(Debug)]
pub(crate) struct Profile {
    /// The site's name in the README.
    pub(crate) name: &'static str,
    /// What the patients' identifiers start with.
    pub(crate) prefix: &'static str,
    /// The site's number in the random streams' key.
    pub(crate) stream: u64,
    /// Distances between slices in millimetres; one is drawn for each patient.
    pub(crate) slice_spacings: &'static [f64],
    /// Least and greatest standard deviation of the scanner's noise in Hounsfield units.
    pub(crate) noise_hu: [f64; 2],
    /// Weibull scale of survival in months for a patient of log hazard ratio 0.
    pub(crate) survival_scale: f64,
}

impl Site {
    pub(crate) fn profile(self) -> &'static Profile {
        match self {
            Site::Primary => &Profile {
                name: "primary",
                prefix: "DEMO-",
                stream: 1,
                slice_spacings: &[2.5, 3.0, 3.75, 4.0, 5.0],
                noise_hu: [6.0, 10.0],
                survival_scale: 92.0,
            },
        }
    }
}
