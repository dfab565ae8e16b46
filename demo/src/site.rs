//! What is particular to the scanner and the patients of one hospital.

use std::fmt;

/// A hospital of the cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// Where a signature is found: patients CRLM-DEMO-0001 and on, in the folder `crlm`.
    Primary,
    /// Where it is tried, with another scanner and a shorter follow-up: patients EXT-DEMO-0001 and on, in the folder
    /// `external`.
    External,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.profile().name)
    }
}

/// The site in numbers.
#[derive(Debug)]
pub(crate) struct Profile {
    /// The site's name in the README.
    pub(crate) name: &'static str,
    /// The folder that holds its patients.
    pub(crate) folder: &'static str,
    /// What the patients' identifiers start with.
    pub(crate) prefix: &'static str,
    /// The site's number in the random streams' key.
    pub(crate) stream: u64,
    pub(crate) scanner: Scanner,
    pub(crate) mix: Mix,
    pub(crate) outcome: Follow,
}

/// How the site's scans look.
#[derive(Debug)]
pub(crate) struct Scanner {
    pub(crate) model: &'static str,
    /// The reconstruction kernel's name.
    pub(crate) kernel: &'static str,
    /// Peak voltage of the tube in kilovolts.
    pub(crate) kvp: u32,
    /// Distances between slices in millimetres; one is drawn for each patient.
    pub(crate) slice_spacings: &'static [f64],
    /// Blur within the slice: standard deviation of the point spread in voxels.
    pub(crate) blur: f64,
    /// Least and greatest standard deviation of the noise in Hounsfield units.
    pub(crate) noise_hu: [f64; 2],
    /// Smoothing of the noise within the slice, the standard deviation in voxels.
    pub(crate) noise_correlation: f64,
}

/// Who the site's patients are: means, and probabilities of what is true or false.
#[derive(Debug)]
pub(crate) struct Mix {
    /// Mean and standard deviation, years.
    pub(crate) age: [f64; 2],
    pub(crate) male: f64,
    pub(crate) comorbidity: f64,
    pub(crate) chemo: f64,
    pub(crate) node_positive: f64,
    pub(crate) synchronous: f64,
    pub(crate) extrahepatic: f64,
    /// More than one metastasis; then each further one.
    pub(crate) multiple: [f64; 2],
    /// The clinical risk score is not known.
    pub(crate) score_missing: f64,
}

/// How long the site's patients live, and how long they are followed.
#[derive(Debug)]
pub(crate) struct Follow {
    /// Weibull scale of survival in months for a patient of log hazard ratio 0.
    pub(crate) survival_scale: f64,
    /// Share of patients lost before the study ends, and the months within which they are lost.
    pub(crate) lost: (f64, [f64; 2]),
    /// Months within which follow-up ends for all others.
    pub(crate) end: [f64; 2],
}

impl Site {
    /// Both sites.
    pub(crate) const ALL: [Self; 2] = [Self::Primary, Self::External];

    pub(crate) fn profile(self) -> &'static Profile {
        match self {
            Site::Primary => &Profile {
                name: "primary",
                folder: "crlm",
                prefix: "CRLM-DEMO-",
                stream: 1,
                scanner: Scanner {
                    model: "Synthetic A",
                    kernel: "STANDARD",
                    kvp: 120,
                    slice_spacings: &[2.5, 3.0, 3.75, 4.0, 5.0],
                    blur: 0.6,
                    noise_hu: [6.0, 10.0],
                    noise_correlation: 0.55,
                },
                mix: Mix {
                    age: [59.7, 12.3],
                    male: 0.59,
                    comorbidity: 0.55,
                    chemo: 0.62,
                    node_positive: 0.62,
                    synchronous: 0.55,
                    extrahepatic: 0.09,
                    multiple: [0.5, 0.5],
                    score_missing: 0.147,
                },
                outcome: Follow {
                    survival_scale: 100.0,
                    lost: (0.18, [10.0, 75.0]),
                    end: [75.0, 132.0],
                },
            },
            Site::External => &Profile {
                name: "external",
                folder: "external",
                prefix: "EXT-DEMO-",
                stream: 2,
                scanner: Scanner {
                    model: "Synthetic B",
                    kernel: "SHARP",
                    kvp: 100,
                    slice_spacings: &[2.0, 3.25, 4.5],
                    blur: 0.45,
                    noise_hu: [11.0, 15.0],
                    noise_correlation: 0.35,
                },
                mix: Mix {
                    age: [63.5, 11.0],
                    male: 0.66,
                    comorbidity: 0.6,
                    chemo: 0.74,
                    node_positive: 0.68,
                    synchronous: 0.64,
                    extrahepatic: 0.17,
                    multiple: [0.62, 0.5],
                    score_missing: 0.2,
                },
                outcome: Follow {
                    survival_scale: 32.0,
                    lost: (0.15, [6.0, 18.0]),
                    end: [18.0, 48.0],
                },
            },
        }
    }
}

impl Profile {
    /// A patient's identifier, `number` counted from 1.
    pub(crate) fn patient_id(&self, number: u32) -> String {
        format!("{}{number:04}", self.prefix)
    }
}
