//! The list of every feature: names, units, IBSI codes and definitions.
//!
//! A feature's position is its place in [`catalogue`]: first the 107 that PyRadiomics computes unless told otherwise, then
//! class shape2D, then the deprecated features, which are computed only when they are named. A
//! [`FeatureSet`](crate::FeatureSet) is a set of positions and is kept on disk, so that no position may change without a
//! new version of the definitions.

mod first_order;
mod glcm;
mod plane;
mod shape;
mod withdrawn;
mod zones;

pub use withdrawn::withdrawn;

use std::fmt;
use std::str::FromStr;

/// Image type of an image that no filter has touched.
pub const ORIGINAL: &str = "original";

/// A class of features, as PyRadiomics divides them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeatureClass {
    /// Size and form of the region, from the mask alone.
    Shape,
    /// Statistics of the intensities, wherever they lie.
    FirstOrder,
    /// Grey level co-occurrence matrix.
    Glcm,
    /// Grey level dependence matrix.
    Gldm,
    /// Grey level run length matrix.
    Glrlm,
    /// Grey level size zone matrix.
    Glszm,
    /// Neighbouring grey tone difference matrix.
    Ngtdm,
    /// Size and form of a region of one slice, from the mask alone.
    Shape2D,
}

impl FeatureClass {
    /// Every class, in the order of the catalogue.
    pub const ALL: [Self; 8] = [
        Self::Shape,
        Self::FirstOrder,
        Self::Glcm,
        Self::Gldm,
        Self::Glrlm,
        Self::Glszm,
        Self::Ngtdm,
        Self::Shape2D,
    ];

    /// PyRadiomics' name of the class.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::FirstOrder => "firstorder",
            Self::Glcm => "glcm",
            Self::Gldm => "gldm",
            Self::Glrlm => "glrlm",
            Self::Glszm => "glszm",
            Self::Ngtdm => "ngtdm",
            Self::Shape2D => "shape2D",
        }
    }

    /// Whether features of the class come from a texture matrix.
    pub fn is_texture(self) -> bool {
        !matches!(self, Self::Shape | Self::Shape2D | Self::FirstOrder)
    }

    /// Whether features of the class come from the mask alone, so that no image type changes them.
    pub fn is_shape(self) -> bool {
        matches!(self, Self::Shape | Self::Shape2D)
    }

    /// Features that the class stands for when no feature of it is named, in alphabetical order.
    pub fn features(self) -> &'static [FeatureDef] {
        match self {
            Self::Shape => shape::FEATURES,
            Self::FirstOrder => first_order::FEATURES,
            Self::Glcm => glcm::FEATURES,
            Self::Gldm => zones::GLDM,
            Self::Glrlm => zones::GLRLM,
            Self::Glszm => zones::GLSZM,
            Self::Ngtdm => zones::NGTDM,
            Self::Shape2D => plane::FEATURES,
        }
    }

    /// Features of the class that PyRadiomics calls deprecated and computes only when they are named, in alphabetical
    /// order.
    pub fn deprecated(self) -> &'static [FeatureDef] {
        match self {
            Self::Shape => shape::DEPRECATED,
            Self::FirstOrder => first_order::DEPRECATED,
            Self::Shape2D => plane::DEPRECATED,
            Self::Glcm | Self::Gldm | Self::Glrlm | Self::Glszm | Self::Ngtdm => &[],
        }
    }

    /// Position in the catalogue of the first of [`FeatureClass::features`].
    pub(crate) fn first(self) -> usize {
        count_before(self, Self::features)
    }

    /// Position in the catalogue of the first of [`FeatureClass::deprecated`].
    pub(crate) fn first_deprecated(self) -> usize {
        let features: usize = Self::ALL.iter().map(|c| c.features().len()).sum();
        features + count_before(self, Self::deprecated)
    }

    /// Features of the class with their positions in the catalogue, the deprecated ones last.
    pub(crate) fn positions(self) -> impl Iterator<Item = (usize, &'static FeatureDef)> {
        let features = (self.first()..).zip(self.features());
        features.chain((self.first_deprecated()..).zip(self.deprecated()))
    }
}

/// Number of features in the classes before one.
fn count_before(class: FeatureClass, features: fn(FeatureClass) -> &'static [FeatureDef]) -> usize {
    let before = FeatureClass::ALL.iter().take_while(|c| **c != class);
    before.map(|c| features(*c).len()).sum()
}

impl fmt::Display for FeatureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FeatureClass {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|c| c.name() == name).ok_or(())
    }
}

/// One feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureDef {
    /// The class that it belongs to.
    pub class: FeatureClass,
    /// PyRadiomics' name within the class, such as `Elongation`.
    pub name: &'static str,
    /// Unit of the value: `mm`, `mm^2`, `mm^3`, `1/mm`, `bit`, `1` for a pure number, or `intensity` for the unit of
    /// the image, and products of them.
    pub unit: &'static str,
    /// Code of the feature in the IBSI reference manual, where it has one. A definition that differs is named in
    /// `definition`.
    pub ibsi: Option<&'static str>,
    /// What the feature is, in one sentence with its formula.
    pub definition: &'static str,
}

impl FeatureDef {
    /// The full name for an image type: `original_glcm_Contrast`. Shape belongs to the mask, so that its features are
    /// called `original_shape_...` whatever the image.
    pub fn full_name(&self, image_type: &str) -> String {
        let image_type = if self.class.is_shape() { ORIGINAL } else { image_type };
        format!("{image_type}_{}_{}", self.class, self.name)
    }
}

/// Number of features.
pub const FEATURE_COUNT: usize = STANDARD_COUNT + 9 + 5;

/// Number of features that PyRadiomics computes unless told otherwise: all but class shape2D and the deprecated ones.
pub const STANDARD_COUNT: usize = 107;

/// Every feature: the 107 standard ones (14 of shape, 18 of firstorder, 24 of glcm, 14 of gldm, 16 of glrlm, 16 of glszm
/// and 5 of ngtdm), then 9 of shape2D, then the deprecated ones (3 of shape, 1 of firstorder, 1 of shape2D); each class in
/// alphabetical order, as PyRadiomics writes them.
pub fn catalogue() -> impl Iterator<Item = &'static FeatureDef> {
    let features = FeatureClass::ALL.iter().flat_map(|c| c.features());
    features.chain(FeatureClass::ALL.iter().flat_map(|c| c.deprecated()))
}

const fn feature(
    class: FeatureClass,
    name: &'static str,
    unit: &'static str,
    ibsi: &'static str,
    definition: &'static str,
) -> FeatureDef {
    FeatureDef {
        class,
        name,
        unit,
        ibsi: if ibsi.is_empty() { None } else { Some(ibsi) },
        definition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_order() {
        let counts: Vec<usize> = FeatureClass::ALL.iter().map(|c| c.features().len()).collect();
        assert_eq!(counts, [14, 18, 24, 14, 16, 16, 5, 9]);
        assert_eq!(catalogue().count(), FEATURE_COUNT);
        assert_eq!(FeatureClass::Shape2D.first(), STANDARD_COUNT);
        for class in FeatureClass::ALL {
            for features in [class.features(), class.deprecated()] {
                let names: Vec<&str> = features.iter().map(|f| f.name).collect();
                assert!(names.is_sorted(), "{class}: {names:?}");
                assert!(features.iter().all(|f| f.class == class));
            }
        }
        let all: Vec<&FeatureDef> = catalogue().collect();
        let mut placed = 0;
        for (at, feature) in FeatureClass::ALL.iter().flat_map(|c| c.positions()) {
            assert_eq!(all[at], feature);
            placed += 1;
        }
        assert_eq!(placed, FEATURE_COUNT);
    }

    #[test]
    fn withdrawn_names_are_no_features() {
        assert!(withdrawn(FeatureClass::Glcm, "Dissimilarity").is_some());
        assert!(withdrawn(FeatureClass::Gldm, "Dissimilarity").is_none());
        for f in catalogue() {
            assert_eq!(withdrawn(f.class, f.name), None, "{}", f.name);
        }
    }

    #[test]
    fn codes_are_codes() {
        let mut seen = std::collections::BTreeSet::new();
        for f in catalogue() {
            if let Some(code) = f.ibsi {
                assert_eq!(code.len(), 4, "{}", f.name);
                assert!(seen.insert(code), "{code} twice");
            }
            assert!(f.definition.ends_with('.') && !f.unit.is_empty(), "{}", f.name);
        }
    }
}
