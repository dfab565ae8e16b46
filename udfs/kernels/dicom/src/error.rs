use radsql_volume::VolumeError;
use std::path::Path;

/// A DICOM file, series or folder that could not be read, and why.
///
/// Displays as one sentence. [`problem`](Self::problem) alone names no file. Neither tells names, dates or identifiers of
/// patients or studies.
#[derive(Debug, thiserror::Error)]
#[error("{file} {problem}")]
pub struct DicomError {
    /// The file or folder.
    pub file: Box<str>,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What can be wrong with DICOM files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system could not open or read it.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// No `DICM` behind the preamble.
    #[error("is not a DICOM file: it has no 'DICM' at byte 128")]
    NotDicom,
    /// The file ends before what it announces.
    #[error("is cut short: {what} ends at byte {expected}, the file at byte {found}")]
    Truncated {
        /// What is cut.
        what: &'static str,
        /// Where it should end.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The elements do not fit into one another.
    #[error("is damaged at byte {at}: {reason}")]
    Structure {
        /// Where in the (inflated) data.
        at: u64,
        /// What does not fit.
        reason: &'static str,
    },
    /// Sequences in sequences, more deeply than any true file has.
    #[error("has sequences nested more than {limit} deep")]
    Nesting {
        /// The limit.
        limit: usize,
    },
    /// A data set that the parser refuses.
    #[error("has a data set that is not understood")]
    Dataset,
    /// Deflated data that is damaged or inflates to too much.
    #[error("has damaged deflated data, or data that inflates to more than {limit} bytes")]
    Deflate {
        /// Most bytes that are inflated.
        limit: u64,
    },
    /// A transfer syntax whose pixels cannot be decoded.
    #[error(
        "has pixels in transfer syntax {uid} ({name}), which is not supported; supported are uncompressed, deflated, RLE, \
             JPEG, JPEG lossless, JPEG-LS, JPEG 2000 and HTJ2K"
    )]
    TransferSyntax {
        /// Its UID.
        uid: String,
        /// Its name, if it is known.
        name: String,
    },
    /// Compressed pixels that are damaged.
    #[error("has damaged pixels in frame {frame} (transfer syntax {uid}): {reason}")]
    Codec {
        /// Counted from 1.
        frame: usize,
        /// Its transfer syntax.
        uid: String,
        /// What the decoder says.
        reason: String,
    },
    /// An attribute that is needed.
    #[error("has no {keyword}")]
    Missing {
        /// DICOM's keyword.
        keyword: &'static str,
    },
    /// An attribute with an impossible value.
    #[error("has {found} as {keyword}; expected is {expected}")]
    Value {
        /// DICOM's keyword.
        keyword: &'static str,
        /// What it is; never a value that could identify a person.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Pixels that are not one number.
    #[error("has {samples} samples a pixel ({photometric}); one number a pixel is expected")]
    SeveralValues {
        /// Samples per Pixel.
        samples: u32,
        /// Photometric Interpretation.
        photometric: String,
    },
    /// Fewer or more bytes of pixels than rows, columns and frames ask for.
    #[error("has {found} bytes of pixels; {expected} are needed for its rows, columns and frames")]
    PixelBytes {
        /// Bytes that are there.
        found: u64,
        /// Bytes that are needed.
        expected: u64,
    },
    /// More pixels than a file of this length can hold, even when compressed.
    #[error("declares {declared} bytes of pixels, which {stored} bytes of file cannot hold")]
    Implausible {
        /// Bytes that the header asks for.
        declared: u128,
        /// Bytes of the file.
        stored: u64,
    },
    /// The voxels need more memory than is allowed.
    #[error("needs {needed} bytes of memory, more than the limit of {limit}")]
    TooLarge {
        /// Bytes of the voxels.
        needed: u128,
        /// The limit.
        limit: u64,
    },
    /// A series whose slices do not belong to one volume.
    #[error("holds slices that do not form one volume: {found} different values of {what}")]
    Mixed {
        /// What differs.
        what: &'static str,
        /// How many values there are.
        found: usize,
    },
    /// Several slices at one place.
    #[error(
        "has {doubled} slices at places where another slice lies (the first at {at:.3} mm along the normal), so that it \
             does not form one volume{hint}"
    )]
    Doubled {
        /// Slices too many.
        doubled: usize,
        /// Place of the first of them along the normal.
        at: f64,
        /// By which attributes they differ.
        hint: String,
    },
    /// Slices lack.
    #[error(
        "lacks {missing} slices: slices lie {spacing:.3} mm apart, but there are {gap:.3} mm behind the one at {at:.3} mm \
             along the normal"
    )]
    MissingSlices {
        /// How many lack.
        missing: usize,
        /// The usual distance.
        spacing: f64,
        /// The first gap.
        gap: f64,
        /// Where it begins.
        at: f64,
    },
    /// Distances that vary.
    #[error("has slices at uneven distances: {least:.3} to {most:.3} mm")]
    Uneven {
        /// Least distance.
        least: f64,
        /// Largest distance.
        most: f64,
    },
    /// Slices that are shifted against one another.
    #[error(
        "has slices that are shifted sideways by {degrees:.2} degrees (gantry tilt): resample it to a rectangular grid first"
    )]
    Tilted {
        /// Angle between the normal and the line through the slices' corners.
        degrees: f64,
    },
    /// No such series, segment or region.
    #[error("has no {kind} '{asked}'{found}")]
    Absent {
        /// Series, segment or region.
        kind: &'static str,
        /// What was asked for.
        asked: String,
        /// What there is, as the end of the sentence.
        found: String,
    },
    /// Several segments or regions of one name.
    #[error("has {found} {kind}s named '{asked}'; ask by number")]
    Ambiguous {
        /// Segment or region.
        kind: &'static str,
        /// What was asked for.
        asked: String,
        /// How many.
        found: usize,
    },
    /// A region without closed contours.
    #[error("has no closed contour for the region '{region}'")]
    NoContour {
        /// The region.
        region: String,
    },
    /// Contours that do not lie in the image's slices.
    #[error(
        "has contours of the region '{region}' that do not lie in the image's slices (they reach over {extent:.3} slices)"
    )]
    ObliqueContour {
        /// The region.
        region: String,
        /// Slices from one end of a contour to the other.
        extent: f64,
    },
    /// A structure set, whose contours mean nothing without slices.
    #[error("is an RT structure set, which needs the image that it was drawn on")]
    NeedsImage,
    /// A file of another kind.
    #[error("is {found}; expected is {expected}")]
    Kind {
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The files are not those that were listed.
    #[error("has changed since it was listed")]
    Changed,
    /// Standardised uptake cannot be computed.
    #[error("cannot be given as SUV: {reason}")]
    Suv {
        /// Why not.
        reason: String,
    },
    /// The geometry is impossible.
    #[error("has an impossible geometry: {0}")]
    Geometry(#[from] VolumeError),
    /// The mask that the file should hold is not there.
    #[error("gives no mask: {0}")]
    Mask(VolumeError),
    /// The caller asked to stop.
    #[error("was not read to its end: cancelled")]
    Cancelled,
}

impl Problem {
    /// The same problem, told a second time.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Missing { keyword } => Self::Missing { keyword },
            Self::Value {
                keyword,
                found,
                expected,
            } => Self::Value {
                keyword,
                found: found.clone(),
                expected,
            },
            _ => Self::Dataset,
        }
    }

    pub(crate) fn of(self, file: &Path) -> DicomError {
        DicomError {
            file: file.display().to_string().into(),
            problem: self,
        }
    }
}
