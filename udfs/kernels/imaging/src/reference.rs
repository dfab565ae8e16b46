use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What SQL calls an image or a mask: a file, and which part of it when it holds several.
///
/// Written as text: a path, then optionally `#label=2` (one label of a label volume), `#segment=Tumor_1` (one segment of
/// a DICOM SEG), `#roi=GTV` (one region of a DICOM RTSTRUCT), `#series=1.2.3` (one series of a folder) or `#suv=1.2.3` (a PET
/// series as standardised uptake values). The first `#` with such a key behind it ends the path, and what
/// follows the `=` is its value, `#` and all; any other `#` belongs to the path. A `#` with an unknown key of the same shape (`#lable=2`) is an error, as it is
/// more often a slip than a file's name; [`Reference::locate`] takes it as a name when a file of that name exists.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The file or folder.
    pub path: PathBuf,
    /// The part of it, or `None` for the whole.
    pub part: Option<Part>,
}

/// A part of a file that holds several images or regions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The voxels of a label volume that have this number; never 0, which is the background.
    Label(u32),
    /// The segment of a DICOM SEG that has this name.
    Segment(String),
    /// The region of a DICOM RTSTRUCT that has this name.
    Roi(String),
    /// The series of a folder of DICOM files that has this UID.
    Series(String),
    /// The PET series that has this UID, as standardised uptake values by body weight.
    Suv(String),
}

/// A text that is no reference to an image or a mask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// No path.
    #[error("'{text}' names no file")]
    NoPath {
        /// The whole text.
        text: String,
    },
    /// A part of an unknown kind.
    #[error("'#{key}=' in '{text}' is unknown; known are #label=, #segment=, #roi=, #series= and #suv=")]
    UnknownKey {
        /// The key found.
        key: String,
        /// The whole text.
        text: String,
    },
    /// A label that is no label.
    #[error("'{found}' in '{text}' is no label: a whole number from 1 to 4294967295 is expected")]
    Label {
        /// The value found.
        found: String,
        /// The whole text.
        text: String,
    },
    /// A key without a value.
    #[error("'#{key}=' in '{text}' has no value")]
    NoValue {
        /// The key found.
        key: String,
        /// The whole text.
        text: String,
    },
    /// A part where a whole image is expected.
    #[error("'{text}' is one part of a file ({part}); a whole image is expected")]
    NotWhole {
        /// The part found.
        part: Part,
        /// The whole text.
        text: String,
    },
}

impl Reference {
    /// A whole file.
    pub fn whole(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            part: None,
        }
    }

    /// Parses a reference; an existing file whose name is the whole text, `#` and all, wins over a part.
    ///
    /// # Errors
    /// As for [`FromStr`].
    pub fn locate(text: &str) -> Result<Self, ReferenceError> {
        if text.contains('#') && Path::new(text).is_file() {
            return Ok(Self::whole(text));
        }
        text.parse()
    }

    /// The path of an image that is a whole file.
    ///
    /// # Errors
    /// [`ReferenceError::NotWhole`] when the reference is to a part.
    pub fn whole_file(&self) -> Result<&Path, ReferenceError> {
        match &self.part {
            None => Ok(&self.path),
            Some(part) => Err(ReferenceError::NotWhole {
                part: part.clone(),
                text: self.to_string(),
            }),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Parses a reference without looking at the disk.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let no_path = || ReferenceError::NoPath { text: text.to_owned() };
        let Some((path, key, value)) = split(text) else {
            return if text.is_empty() {
                Err(no_path())
            } else {
                Ok(Self::whole(text))
            };
        };
        if path.is_empty() {
            return Err(no_path());
        }
        if value.is_empty() {
            return Err(ReferenceError::NoValue {
                key: key.to_owned(),
                text: text.to_owned(),
            });
        }
        let part = match key {
            "label" => match value.parse() {
                Ok(n) if n > 0 => Part::Label(n),
                _ => {
                    return Err(ReferenceError::Label {
                        found: value.to_owned(),
                        text: text.to_owned(),
                    });
                }
            },
            "segment" => Part::Segment(value.to_owned()),
            "roi" => Part::Roi(value.to_owned()),
            "series" => Part::Series(value.to_owned()),
            "suv" => Part::Suv(value.to_owned()),
            _ => {
                return Err(ReferenceError::UnknownKey {
                    key: key.to_owned(),
                    text: text.to_owned(),
                });
            }
        };
        Ok(Self {
            path: path.into(),
            part: Some(part),
        })
    }
}

/// Path, key and value of a text that ends in `#key=value`. A value may hold any character, `#` and `=` too: names of
/// segments do.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let known = ["label", "segment", "roi", "series", "suv"];
    let mut unknown = None;
    for (at, _) in text.match_indices('#') {
        let Some((key, value)) = text[at + 1..].split_once('=') else {
            continue;
        };
        if known.contains(&key) {
            return Some((&text[..at], key, value));
        }
        if !key.is_empty() && !value.contains('/') && key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            unknown = Some((&text[..at], key, value));
        }
    }
    unknown
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(n) => write!(f, "label={n}"),
            Self::Segment(name) => write!(f, "segment={name}"),
            Self::Roi(name) => write!(f, "roi={name}"),
            Self::Series(uid) => write!(f, "series={uid}"),
            Self::Suv(uid) => write!(f, "suv={uid}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match &self.part {
            Some(part) => write!(f, "#{part}"),
            None => Ok(()),
        }
    }
}
