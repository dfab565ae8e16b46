//! Reader of DICOM: image series to volumes, SEG and RTSTRUCT to masks.
//!
//! A folder of any layout is [listed](list) by its headers: which image series, segmentations and structure sets there are,
//! and what they refer to. Voxels are read on demand ([`Series::read`], [`read_segment`], [`read_roi`]). Geometry and voxel
//! types are those that SimpleITK 2.5 gives for the same series, except where it would give a grid that is not that of the
//! slices: there an error says why.
//!
//! Slope and intercept are applied for every modality, each slice's own. Where SimpleITK goes another way than the standard,
//! the standard is followed: tables of the Modality LUT are applied, bits above the high bit are cut, frames of enhanced
//! objects are put in the order of their places.
//!
//! Nothing that a file says about itself is believed before it is checked against the bytes that are there. Errors name
//! files, but no patient, date or identifier.
//!
//! ```no_run
//! use radsql_dicom::{ListOptions, ReadOptions, SegmentOptions, list, read_region};
//! use std::sync::atomic::AtomicBool;
//!
//! let go_on = AtomicBool::new(false);
//! let found = list("patient/", &ListOptions::default(), &go_on, &|_, _| {})?;
//! for series in &found.series {
//!     let image = series.read(&ReadOptions::default(), &Default::default(), &go_on)?;
//!     for region in found.regions_of(series) {
//!         let options = SegmentOptions::default();
//!         let mask = read_region(region.path, &region.selector, Some(image.grid()), &options)?;
//!         println!("{}: {} voxels", region.name, mask.voxels());
//!     }
//! }
//! # Ok::<(), radsql_dicom::DicomError>(())
//! ```

mod attributes;
mod cache;
mod codec;
mod codestream;
mod column;
mod dataset;
mod error;
mod file;
mod folder;
mod header;
mod identity;
mod instances;
mod pixels;
mod place;
mod plane;
mod polygon;
mod regions;
mod rle;
mod rtstruct;
mod seg;
mod selector;
mod series;
mod structure;
mod suv;
mod table;
mod tags;
mod texts;
mod wanted;

pub use cache::HeaderCache;
pub use error::{DicomError, Problem};
pub use folder::{Links, ListOptions, Listing, find_series, find_series_with, list, list_with};
pub use header::{SeriesTags, TagOptions, identifying_keywords};
pub use identity::file_hash;
pub use regions::{Region, RegionKind, read_region};
pub use rtstruct::{Roi, StructureSet, read_roi, read_structure_set};
pub use seg::{Segment, SegmentOptions, Segmentation, SegmentationType, read_segment, read_segmentation};
pub use series::{ReadOptions, Series};
pub use tags::{TagRow, tags};

/// What there is instead, as the end of a sentence; at most twenty names.
fn names(names: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = names.take(21).collect();
    match all.len() {
        0 => "; it has none".to_owned(),
        21 => format!("; it has {}, ...", all[..20].join(", ")),
        _ => format!("; it has {}", all.join(", ")),
    }
}
