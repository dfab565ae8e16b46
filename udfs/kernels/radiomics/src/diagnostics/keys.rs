//! The keys of the diagnostics, which depend on the parameters alone.

use crate::parameters::Parameters;

/// The type of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiagnosticKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// A list of numbers.
    Numbers,
    /// A list of whole numbers.
    Wholes,
}

use DiagnosticKind::{Number, Numbers, Text, Whole, Wholes};

const ABOUT: [(&str, DiagnosticKind); 4] = [
    ("Versions_radsql", Text),
    ("Versions_PyRadiomics", Text),
    ("Configuration_Settings", Text),
    ("Configuration_EnabledImageTypes", Text),
];
const IMAGE_AS_READ: [(&str, DiagnosticKind); 2] = [("Hash", Text), ("Dimensionality", Text)];
const MASK_AS_READ: [(&str, DiagnosticKind); 1] = [("Hash", Text)];
const GRID: [(&str, DiagnosticKind); 2] = [("Spacing", Numbers), ("Size", Wholes)];
const PLACE: [(&str, DiagnosticKind); 5] = [
    ("BoundingBox", Wholes),
    ("VoxelNum", Whole),
    ("VolumeNum", Whole),
    ("CenterOfMassIndex", Numbers),
    ("CenterOfMass", Numbers),
];
const INTENSITIES: [(&str, DiagnosticKind); 3] = [("Mean", Number), ("Minimum", Number), ("Maximum", Number)];

/// Keys of a region in an image.
pub(super) const REGION: usize = GRID.len() + PLACE.len() + INTENSITIES.len();

/// The keys that the diagnostics of an extraction with these parameters have, and their types, in PyRadiomics' order.
///
/// 19 always: 2 versions (`Versions_radsql`, and `Versions_PyRadiomics` whose definitions are followed, in the place of
/// PyRadiomics' own, Python's and three libraries'), 2 of the configuration, 15 of image and mask as read (`original`).
/// Resampling adds the 15 of `interpolated`. `correctMask` adds the 10 of `corrected`, unless there is resampling or
/// `preCrop`, where PyRadiomics corrects the mask without a word. `resegmentRange` adds the 10 of `resegmented`.
pub fn diagnostic_keys(parameters: &Parameters) -> Vec<(String, DiagnosticKind)> {
    let p = &parameters.preprocessing;
    let mut keys = Keys(Vec::new());
    keys.add("", &[&ABOUT]);
    keys.add("Image-original_", &[&IMAGE_AS_READ, &GRID, &INTENSITIES]);
    keys.add("Mask-original_", &[&MASK_AS_READ, &GRID, &PLACE]);
    if p.resampling.is_some() {
        keys.add("Image-interpolated_", &[&GRID, &INTENSITIES]);
        keys.add("Mask-interpolated_", &[&GRID, &PLACE, &INTENSITIES]);
    } else if p.correct_mask && !p.pre_crop {
        keys.add("Mask-corrected_", &[&GRID, &PLACE, &INTENSITIES]);
    }
    if p.resegmentation.is_some() {
        keys.add("Mask-resegmented_", &[&GRID, &PLACE, &INTENSITIES]);
    }
    keys.0
}

struct Keys(Vec<(String, DiagnosticKind)>);

impl Keys {
    fn add(&mut self, prefix: &str, parts: &[&[(&str, DiagnosticKind)]]) {
        let keys = parts.iter().flat_map(|part| part.iter());
        self.0
            .extend(keys.map(|(name, kind)| (format!("diagnostics_{prefix}{name}"), *kind)));
    }
}
