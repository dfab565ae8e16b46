//! The list of every feature: names, units, IBSI codes and definitions, in PyRadiomics' order.

mod first_order;
mod glcm;
mod shape;
mod zones;

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
}

impl FeatureClass {
    /// Every class, in the order of the catalogue.
    pub const ALL: [Self; 7] = [
        Self::Shape,
        Self::FirstOrder,
        Self::Glcm,
        Self::Gldm,
        Self::Glrlm,
        Self::Glszm,
        Self::Ngtdm,
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
        }
    }

    /// Whether features of the class come from a texture matrix.
    pub fn is_texture(self) -> bool {
        !matches!(self, Self::Shape | Self::FirstOrder)
    }

    /// Features of the class, in alphabetical order.
    pub fn features(self) -> &'static [FeatureDef] {
        match self {
            Self::Shape => shape::FEATURES,
            Self::FirstOrder => first_order::FEATURES,
            Self::Glcm => glcm::FEATURES,
            Self::Gldm => zones::GLDM,
            Self::Glrlm => zones::GLRLM,
            Self::Glszm => zones::GLSZM,
            Self::Ngtdm => zones::NGTDM,
        }
    }

    /// Position in the catalogue of the first feature of the class.
    pub(crate) fn first(self) -> usize {
        Self::ALL
            .iter()
            .take_while(|c| **c != self)
            .map(|c| c.features().len())
            .sum()
    }
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
        let image_type = if self.class == FeatureClass::Shape {
            ORIGINAL
        } else {
            image_type
        };
        format!("{image_type}_{}_{}", self.class, self.name)
    }
}

/// Number of features.
pub const FEATURE_COUNT: usize = 107;

/// Every feature: 14 of shape, 18 of firstorder, 24 of glcm, 14 of gldm, 16 of glrlm, 16 of glszm and 5 of ngtdm, each
/// class in alphabetical order, as PyRadiomics writes them.
pub fn catalogue() -> impl Iterator<Item = &'static FeatureDef> {
    FeatureClass::ALL.iter().flat_map(|c| c.features())
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
        assert_eq!(counts, [14, 18, 24, 14, 16, 16, 5]);
        assert_eq!(catalogue().count(), FEATURE_COUNT);
        for class in FeatureClass::ALL {
            let names: Vec<&str> = class.features().iter().map(|f| f.name).collect();
            assert!(names.is_sorted(), "{class}: {names:?}");
            assert!(class.features().iter().all(|f| f.class == class));
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
