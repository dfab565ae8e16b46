use crate::catalogue::{FEATURE_COUNT, FeatureClass, FeatureDef, ORIGINAL, STANDARD_COUNT, catalogue};
use crate::error::RadiomicsError;

/// Which features are wanted: a subset of the catalogue, as a set of positions in it. Only what they need is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FeatureSet(u128);

impl FeatureSet {
    /// The 107 features that PyRadiomics computes unless told otherwise: neither shape2D nor deprecated ones.
    pub fn all() -> Self {
        Self((1 << STANDARD_COUNT) - 1)
    }

    /// No feature.
    pub fn none() -> Self {
        Self(0)
    }

    /// Every feature of a class but the deprecated ones.
    pub fn class(class: FeatureClass) -> Self {
        Self(((1 << class.features().len()) - 1) << class.first())
    }

    /// The features that names stand for. A name is a class (`glcm`), a feature with its class (`glcm_Contrast`) or
    /// the full name (`original_glcm_Contrast`). A deprecated feature must be named itself.
    ///
    /// # Errors
    /// [`RadiomicsError::UnknownFeature`] for the first name that is none of these.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, RadiomicsError> {
        names
            .into_iter()
            .try_fold(Self::none(), |set, name| Ok(set.union(Self::parse_one(name)?)))
    }

    fn parse_one(name: &str) -> Result<Self, RadiomicsError> {
        let short = name
            .strip_prefix(ORIGINAL)
            .and_then(|n| n.strip_prefix('_'))
            .unwrap_or(name);
        if let Ok(class) = short.parse::<FeatureClass>() {
            return Ok(Self::class(class));
        }
        short
            .split_once('_')
            .and_then(|(class, feature)| {
                let class = class.parse::<FeatureClass>().ok()?;
                let (at, _) = class.positions().find(|(_, f)| f.name == feature)?;
                Some(Self(1 << at))
            })
            .ok_or_else(|| RadiomicsError::UnknownFeature {
                name: name.to_owned(),
                nearest: nearest(short, names()),
            })
    }

    /// The features of both sets.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The features of both sets at once.
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The features that are not in `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether every feature of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        other.without(self).is_empty()
    }

    /// The features whose class passes a test.
    pub(crate) fn only(self, test: impl Fn(FeatureClass) -> bool) -> Self {
        let classes = FeatureClass::ALL.into_iter().filter(|c| test(*c));
        let bits = classes
            .flat_map(FeatureClass::positions)
            .fold(0, |bits, (at, _)| bits | 1 << at);
        Self(self.0 & bits)
    }

    /// The set as bits, the first feature of the catalogue lowest.
    pub fn bits(self) -> u128 {
        self.0
    }

    /// A set from its bits; those that stand for no feature are dropped.
    pub fn from_bits(bits: u128) -> Self {
        Self(bits & ((1 << FEATURE_COUNT) - 1))
    }

    /// Number of features.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no feature is wanted.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The features, in the order of the catalogue.
    pub fn iter(self) -> impl Iterator<Item = &'static FeatureDef> {
        catalogue()
            .enumerate()
            .filter(move |(i, _)| self.holds(*i))
            .map(|(_, f)| f)
    }

    /// The positions of the features in the catalogue, ascending: part of the definition version.
    pub fn positions(self) -> impl Iterator<Item = usize> {
        (0..FEATURE_COUNT).filter(move |at| self.holds(*at))
    }

    /// Whether a feature of the class is wanted.
    pub fn needs(self, class: FeatureClass) -> bool {
        class.positions().any(|(at, _)| self.holds(at))
    }

    /// Whether the feature at a position in the catalogue is wanted.
    pub(crate) fn holds(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }

    /// Whether one of a class's features, named as in the catalogue, is wanted.
    pub(crate) fn needs_any(self, class: FeatureClass, names: &[&str]) -> bool {
        class
            .positions()
            .any(|(at, f)| self.holds(at) && names.contains(&f.name))
    }
}

/// Every class, and every feature with its class.
fn names() -> impl Iterator<Item = String> {
    let classes = FeatureClass::ALL.iter().map(|c| c.name().to_owned());
    classes.chain(catalogue().map(|f| format!("{}_{}", f.class, f.name)))
}

/// The candidate whose name, with or without what stands before its first underscore, differs from `name` in the fewest
/// letters, capitals aside, if that is few of them.
pub(crate) fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let wanted = name.to_lowercase();
    candidates
        .map(|c| {
            let bare = c.split_once('_').map_or(c.as_str(), |(_, feature)| feature);
            let by = edit_distance(&wanted, &c.to_lowercase()).min(edit_distance(&wanted, &bare.to_lowercase()));
            (by, c)
        })
        .min_by_key(|(by, _)| *by)
        .filter(|(by, _)| *by <= 1 + name.len() / 4)
        .map(|(_, c)| c)
}

/// The part of a message that offers the nearest name.
pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default()
}

/// Levenshtein's distance between two strings.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cb, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let here = (diagonal + usize::from(ca != *cb)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = here;
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let set = FeatureSet::parse(["shape", "original_glcm_MCC", "ngtdm_Strength"]).unwrap();
        assert_eq!(set.len(), 16);
        assert!(set.needs(FeatureClass::Glcm) && !set.needs(FeatureClass::Gldm));
        assert_eq!(set.iter().last().unwrap().name, "Strength");
        assert_eq!(
            FeatureSet::parse(FeatureClass::ALL.map(FeatureClass::name)).unwrap(),
            FeatureSet::all().union(FeatureSet::class(FeatureClass::Shape2D))
        );
    }

    #[test]
    fn deprecated_features_are_named() {
        let shape = FeatureSet::parse(["shape"]).unwrap();
        let named = FeatureSet::parse(["shape_Compactness1"]).unwrap();
        assert_eq!((shape.len(), named.len(), shape.union(named).len()), (14, 1, 15));
        assert!(named.needs(FeatureClass::Shape) && named.needs_any(FeatureClass::Shape, &["Compactness1"]));
        assert!(!FeatureSet::all().needs_any(FeatureClass::FirstOrder, &["StandardDeviation"]));
        for class in FeatureClass::ALL {
            for f in class.features().iter().chain(class.deprecated()) {
                let set = FeatureSet::parse([f.full_name(ORIGINAL).as_str()]).unwrap();
                assert_eq!(set.iter().collect::<Vec<_>>(), [f]);
            }
        }
    }

    #[test]
    fn unknown_names_suggest() {
        let nearest_to = |name: &str| match FeatureSet::parse([name]) {
            Err(RadiomicsError::UnknownFeature { nearest, .. }) => nearest,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            nearest_to("original_shape_sphericity").as_deref(),
            Some("shape_Sphericity")
        );
        assert_eq!(nearest_to("Sphericty").as_deref(), Some("shape_Sphericity"));
        assert_eq!(nearest_to("first_order").as_deref(), Some("firstorder"));
        assert_eq!(nearest_to("completely_else"), None);
    }
}
