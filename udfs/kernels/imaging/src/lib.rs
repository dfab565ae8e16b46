//! Readers of medical images: NIfTI and NRRD to volumes.
//!
//! Geometry and voxel types are those that SimpleITK 2.5 gives for the same file, because PyRadiomics reads with it:
//! origin and directions in LPS, spacing positive, integers with a slope or intercept as float32. Formats are told by
//! content, not by name. Nothing that a file says about its own size is believed before it is checked against the bytes
//! that are there.
//!
//! Masks are read in a stream, of which only the region is kept; so is a box of an image ([`read_volume_within`]), behind
//! which reading ends.
//!
//! ```no_run
//! let reference: radsql_imaging::Reference = "patient/label.nii.gz#label=2".parse()?;
//! let mask = radsql_imaging::read_mask(&reference)?;
//! let image = radsql_imaging::read_volume_within("patient/ct.nii.gz", &mask.bounds())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod gzip;
mod header;
mod identity;
mod input;
mod mask;
mod nifti;
mod nrrd;
mod open;
mod part;
mod payload;
mod read;
mod reference;
mod sample;
mod stream;

pub use error::{FoundInstead, ImagingError, Problem};
pub use header::{Format, Header, Limits, Scaling};
pub use identity::{FileIdentity, FilesHash, content_hash, files, identity, sha256};
pub use read::{
    MaskOptions, read_header, read_header_from, read_mask, read_mask_with, read_mask_with_options, read_volume,
    read_volume_from, read_volume_with, read_volume_with_range, read_volume_with_range_with, read_volume_within,
    read_volume_within_with,
};
pub use reference::{Part, Reference, ReferenceError};
