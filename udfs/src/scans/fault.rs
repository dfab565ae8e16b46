//! Why a reference gave nothing.

use crate::files::Forbidden;
use radsql_dicom::DicomError;
use radsql_imaging::{ImagingError, ReferenceError};
use radsql_volume::{GridMismatch, VolumeError};

/// Why a reference gave no image or no mask. Displays as one sentence that names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The text is no reference, or one to another kind of thing.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A file that is not to be read.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// A NIfTI or NRRD file.
    #[error(transparent)]
    Imaging(#[from] ImagingError),
    /// DICOM files.
    #[error(transparent)]
    Dicom(Box<DicomError>),
    /// A folder without an image series.
    #[error("'{folder}' holds no DICOM image series ({seen})")]
    NoSeries {
        /// The folder or file.
        folder: String,
        /// What it holds.
        seen: String,
    },
    /// A folder with several image series.
    #[error("'{folder}' holds {found} DICOM image series; name one of them, as in '{folder}#series={first}'")]
    SeveralSeries {
        /// The folder.
        folder: String,
        /// How many.
        found: usize,
        /// The UID of the first.
        first: String,
    },
    /// A file beside a series' slices that may be one of them.
    #[error("a file beside the slices of this series, which may be one of them, cannot be understood: {0}")]
    Beside(String),
    /// A region that could not be taken from its file.
    #[error("{problem} (region '{region}')")]
    Region {
        /// How it was asked for.
        region: String,
        /// What is wrong.
        problem: Box<DicomError>,
    },
    /// A DICOM file that is asked for as a mask and is none.
    #[error("'{file}' is no DICOM segmentation or structure set, from which a mask could be taken")]
    NoRegions {
        /// The file.
        file: String,
    },
    /// A DICOM file, or a folder, with several regions.
    #[error("'{file}' holds {found} regions; name one of them, as in '{first}' (it has {names})")]
    SeveralRegions {
        /// The file or folder.
        file: String,
        /// How many.
        found: usize,
        /// A reference to the first.
        first: String,
        /// All of them, or the first twenty.
        names: String,
    },
    /// A mask on another grid than its image.
    #[error("mask and image lie on different grids: {0}")]
    Grids(#[from] GridMismatch),
    /// A label file that could not be brought to the grid of its DICOM image.
    #[error("'{file}' cannot be brought to the grid of the DICOM image: {problem}")]
    NotOnImage {
        /// The label file.
        file: String,
        /// What is wrong.
        problem: VolumeError,
    },
    /// A box of the image could not be cut out.
    #[error("'{image}' cannot be cut: {problem}")]
    Cut {
        /// The image.
        image: String,
        /// What is wrong.
        problem: VolumeError,
    },
}

impl From<DicomError> for Fault {
    fn from(e: DicomError) -> Self {
        Self::Dicom(Box::new(e))
    }
}
