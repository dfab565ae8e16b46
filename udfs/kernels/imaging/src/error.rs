use crate::reference::Part;
use radsql_volume::{VolumeError, VoxelType};
use std::fmt;

/// A file that could not be read as an image, and why.
///
/// Displays as one sentence, the file and what is wrong with it; [`problem`](Self::problem) alone names no file, for messages that must not.
#[derive(Debug, thiserror::Error)]
#[error("{file} {problem}")]
pub struct ImagingError {
    /// The file, or the display name that came with a reader.
    pub file: Box<str>,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What can be wrong with an image file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system could not open or read it.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is in no format that is read here.
    #[error("is not a NIfTI or NRRD file: it {0}")]
    UnknownFormat(FoundInstead),
    /// The file ends before its voxels do.
    #[error("is cut short: {expected} bytes of {what} expected, {found} found")]
    Truncated {
        /// What the bytes were to hold.
        what: &'static str,
        /// Bytes that the header asks for.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The compressed data is damaged.
    #[error("has damaged gzip data: {reason} after {decoded} decompressed bytes")]
    Gzip {
        /// What the decompressor says.
        reason: String,
        /// Bytes that came out before.
        decoded: u64,
    },
    /// The header asks for more voxels than a file of this length can hold, even when compressed.
    #[error("declares {declared} bytes of voxels, which {stored} bytes of file cannot hold")]
    Implausible {
        /// Bytes that the header asks for.
        declared: u128,
        /// Bytes of the file, compressed if it is.
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
    /// An axis has no voxel, or a negative number of them.
    #[error("has {found} voxels along axis {axis}; at least 1 is needed")]
    AxisLength {
        /// Counted from 1.
        axis: usize,
        /// The length found.
        found: i64,
    },
    /// Not a volume of two or three dimensions.
    #[error("has {found} dimensions; an image has 2 or 3")]
    Dimensions {
        /// Number of dimensions.
        found: i64,
    },
    /// Several volumes in one file, as a time series has.
    #[error(
        "holds {found} volumes (axis {axis} has {found} elements); one is expected: split the series into single volumes"
    )]
    SeveralVolumes {
        /// Axis along which they lie, counted from 1.
        axis: usize,
        /// How many.
        found: i64,
    },
    /// Several values a voxel, as colours, vectors and tensors have.
    #[error("holds several values a voxel ({kind}); one number a voxel is expected")]
    SeveralValues {
        /// What they are.
        kind: String,
    },
    /// A component of a vector mask that is not there.
    #[error("holds {components} values a voxel; there is no channel {channel}: channels are counted from 0")]
    Channel {
        /// The channel asked for.
        channel: usize,
        /// Values a voxel.
        components: usize,
    },
    /// A voxel type that is not one integer or float.
    #[error(
        "has voxels of type {found}, which is not supported; expected is one of int8, uint8, int16, uint16, int32, \
         uint32, int64, uint64, float32, float64"
    )]
    VoxelType {
        /// The format's name or number of the type.
        found: String,
    },
    /// The voxels begin at an impossible place.
    #[error("says that its voxels begin at byte {found}; expected is a whole number of {least} or more")]
    Offset {
        /// The offset found.
        found: f64,
        /// The least that is possible.
        least: u64,
    },
    /// The header's transforms give no orientation.
    #[error(
        "has no usable orientation: its sform is not a rotation (its axes are not at right angles) and it has no qform"
    )]
    NotOrthonormal,
    /// The header's sform holds NaN or infinity.
    #[error("has no usable orientation: its sform holds a number that is not finite")]
    NotFinite,
    /// The geometry that the header gives is impossible.
    #[error("has an impossible geometry: {0}")]
    Geometry(#[from] VolumeError),
    /// A header line of an NRRD file that is not understood.
    #[error("has an NRRD header whose line {line} is not understood: '{text}'")]
    HeaderLine {
        /// Counted from 1.
        line: usize,
        /// Its beginning.
        text: String,
    },
    /// An NRRD header without a field that is needed.
    #[error("has an NRRD header without the field '{field}'")]
    FieldMissing {
        /// The field's name.
        field: &'static str,
    },
    /// An NRRD header with one field twice.
    #[error("has an NRRD header with the field '{field}' twice")]
    FieldTwice {
        /// The field's name.
        field: &'static str,
    },
    /// An NRRD field with a value that is not understood.
    #[error("has '{found}' in the NRRD field '{field}'; expected is {expected}")]
    FieldValue {
        /// The field's name.
        field: &'static str,
        /// Its value, or the part of it that is wrong.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A header that does not end within a reasonable number of bytes.
    #[error("has a header that does not end within {limit} bytes")]
    HeaderTooLong {
        /// Bytes read before giving up.
        limit: u64,
    },
    /// The voxels lie in another file, whose name is not acceptable.
    #[error("names '{name}' as its data file; only a file in the header's own folder or below is read")]
    DataFileName {
        /// The name in the header.
        name: String,
    },
    /// The voxels lie in another file, which cannot be reached from a reader.
    #[error("keeps its voxels in another file, which can be read by path only")]
    Detached,
    /// A number in an ASCII encoded NRRD that is not a number of the file's type.
    #[error("has '{found}' as voxel {index}, which is not a number of type {}", voxel_type.name())]
    Text {
        /// The word found.
        found: String,
        /// Index of the voxel, from 0.
        index: usize,
        /// The type expected.
        voxel_type: VoxelType,
    },
    /// A part that only DICOM has.
    #[error("holds no '{part}': segments and series are parts of DICOM files, label volumes have '#label='")]
    Part {
        /// The part asked for.
        part: Part,
    },
    /// The box that was asked for is empty or leaves the image.
    #[error("cannot be cut: {0}")]
    Bounds(VolumeError),
    /// The caller asked to stop.
    #[error("was not read to its end: cancelled")]
    Cancelled,
    /// The mask that the file should hold is not there.
    #[error("gives no mask: {0}")]
    Mask(VolumeError),
}

/// What a file is when it is not an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FoundInstead {
    /// No bytes at all.
    Empty,
    /// A DICOM file, which has a reader of its own.
    Dicom,
    /// The older ANALYZE 7.5, whose orientation is undefined.
    Analyze,
    /// A gzip file within a gzip file.
    NestedGzip,
    /// An NRRD file that is compressed as a whole.
    CompressedNrrd,
    /// A zip archive.
    Zip,
    /// An HDF5 file.
    Hdf5,
    /// Something else.
    Unknown {
        /// Its first bytes.
        begins: [u8; 4],
    },
}

impl fmt::Display for FoundInstead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Dicom => "is a DICOM file",
            Self::Analyze => "is an ANALYZE 7.5 file, which defines no orientation",
            Self::NestedGzip => "is compressed twice",
            Self::CompressedNrrd => {
                "is an NRRD file compressed as a whole, where NRRD compresses the voxels only (encoding: gzip)"
            }
            Self::Zip => "is a zip archive",
            Self::Hdf5 => "is an HDF5 file",
            Self::Unknown { begins: [a, b, c, d] } => {
                return write!(f, "begins with the bytes {a:02x} {b:02x} {c:02x} {d:02x}");
            }
        })
    }
}

impl Problem {
    pub(crate) fn of(self, file: &str) -> ImagingError {
        ImagingError {
            file: file.into(),
            problem: self,
        }
    }
}
