//! Image and mask references: text with a tag that says what it points at.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, plan_err};
use std::collections::HashMap;

/// Name of Arrow's key for extension types.
const EXTENSION: &str = "ARROW:extension:name";

/// What may stand for an image, in the documentation of functions.
pub const IMAGE: &str = "the image: path of a NIfTI or NRRD file; or a DICOM series: its folder, with `#series=UID` behind it where \
                         the folder holds several, `#suv=UID` for PET as standardised uptake values by body weight";

/// What may stand for a region, in the documentation of functions.
pub const MASK: &str = "the region: path of a label file on the image's grid, `#label=N` behind it for a label other than 1; or of a \
                        DICOM file, with `#segment=` (SEG) or `#roi=` (RTSTRUCT) and the name or number of one of its regions where \
                        it holds several. Regions of DICOM files, and label files for a DICOM image, may lie on another grid: \
                        they are brought to the image's by nearest neighbour";

/// What a reference points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An image: extension type `radsql.image`.
    Image,
    /// A mask: extension type `radsql.mask`.
    Mask,
}

impl Kind {
    /// Name of the Arrow extension type.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Image => "radsql.image",
            Self::Mask => "radsql.mask",
        }
    }

    /// A nullable text column that is tagged as such references.
    pub fn field(self, name: &str) -> Field {
        Field::new(name, DataType::Utf8, true)
            .with_metadata(HashMap::from([(EXTENSION.to_string(), self.extension().to_string())]))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Mask => "mask",
        }
    }
}

/// Checks that argument `position` (from 1) of `function` is text, and not a reference to the other kind of thing.
///
/// # Errors
/// A plan error that names the function, the argument and what was found.
pub fn check(function: &str, position: usize, field: &FieldRef, kind: Kind) -> Result<()> {
    if !field.data_type().is_string() && !field.data_type().is_null() {
        return plan_err!(
            "{function}: argument {position} ({}) must be text, a path; found {}",
            kind.name(),
            field.data_type()
        );
    }
    let other = if kind == Kind::Image { Kind::Mask } else { Kind::Image };
    if field.metadata().get(EXTENSION).is_some_and(|e| e == other.extension()) {
        return plan_err!(
            "{function}: argument {position} must be the {}, and column '{}' is {} {}",
            kind.name(),
            field.name(),
            if other == Kind::Image { "an" } else { "a" },
            other.name()
        );
    }
    Ok(())
}

/// The references of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRef {
    /// The image, as given.
    pub image: String,
    /// The mask, as given, where the function takes one.
    pub mask: Option<String>,
}

/// Pairs up image and mask columns; a row in which one is NULL is `None`.
///
/// # Errors
/// When a column is not text.
pub fn pairs(image: &ArrayRef, mask: Option<&ArrayRef>) -> Result<Vec<Option<ScanRef>>> {
    let image = cast(image, &DataType::Utf8)?;
    let mask = mask.map(|m| cast(m, &DataType::Utf8)).transpose()?;
    let at = |a: &ArrayRef, i: usize| {
        let a = a.as_string::<i32>();
        a.is_valid(i).then(|| a.value(i).to_string())
    };
    Ok((0..image.len())
        .map(|i| {
            let image = at(&image, i)?;
            let mask = match &mask {
                Some(m) => Some(at(m, i)?),
                None => None,
            };
            Some(ScanRef { image, mask })
        })
        .collect())
}
