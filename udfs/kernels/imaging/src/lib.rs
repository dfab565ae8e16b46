//! Readers of medical images: NIfTI and NRRD to volumes.
//!
//! Geometry and voxel types are those that SimpleITK 2.5 gives for the same file, because PyRadiomics reads with it:
//! origin and directions in LPS, spacing positive, integers with a slope or intercept as float32. Formats are told by
//! content, not by name. Nothing that a file says about its own size is believed before it is checked against the bytes
//! that are there.
//!
//! ```no_run
//! let reference: radsql_imaging::Reference = "patient/label.nii.gz#label=2".parse()?;
//! let mask = radsql_imaging::read_mask(&reference)?;
//! let image = radsql_imaging::read_volume("patient/ct.nii.gz")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod header;
mod nifti;
mod nrrd;
mod payload;
mod reference;
mod source;

pub use error::{FoundInstead, ImagingError, Problem};
pub use header::{Format, Header, Limits, Scaling};
pub use reference::{Part, Reference, ReferenceError};
pub use source::{
    read_header, read_header_from, read_mask, read_mask_with, read_volume, read_volume_from, read_volume_with,
};
