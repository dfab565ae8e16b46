//! Regions joined to the images on which they were drawn, whichever way they are written.

use crate::attributes::text;
use crate::error::{DicomError, Problem};
use crate::file::{Wanted, read};
use crate::folder::Listing;
use crate::rtstruct::{StructureSet, read_roi};
use crate::seg::{SegmentOptions, Segmentation, read_segment};
use crate::selector::selectors;
use crate::series::Series;
use dicom_dictionary_std::{tags, uids};
use radsql_volume::{Grid, Mask};
use std::path::Path;

/// How a region is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegionKind {
    /// A segment of a segmentation.
    Segment,
    /// A region of a structure set.
    Roi,
}

/// A region of a listing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Region<'a> {
    /// Segment Label or ROI Name, as written.
    pub name: String,
    /// By what [`read_region`] finds it in its file: the name, or the number where the name does not suffice.
    pub selector: String,
    /// The file.
    pub path: &'a Path,
    /// How it is written.
    pub kind: RegionKind,
}

impl Listing {
    /// The regions of a series: those of segmentations first, then those of structure sets, in the order of the listing. A
    /// region of a structure set without closed contours is none.
    ///
    /// A file belongs to the series that it names; if it names none, to that of the image from which it was made; and if it
    /// names no image either, to every series of its coordinate system (Frame of Reference UID). A label map's background is no
    /// region.
    pub fn regions_of(&self, series: &Series) -> Vec<Region<'_>> {
        let segments = self
            .segmentations
            .iter()
            .filter(|s| is_of(s, series))
            .flat_map(of_segmentation);
        let rois = self
            .structure_sets
            .iter()
            .filter(|s| is_set_of(s, series))
            .flat_map(of_set);
        segments.chain(rois).collect()
    }

    /// Regions whose image is not in the listing.
    pub fn orphans(&self) -> Vec<Region<'_>> {
        let none = |is: &dyn Fn(&Series) -> bool| !self.series.iter().any(is);
        let segments = self.segmentations.iter().filter(|s| none(&|series| is_of(s, series)));
        let sets = self
            .structure_sets
            .iter()
            .filter(|s| none(&|series| is_set_of(s, series)));
        segments
            .flat_map(of_segmentation)
            .chain(sets.flat_map(of_set))
            .collect()
    }
}

fn of_segmentation(seg: &Segmentation) -> impl Iterator<Item = Region<'_>> {
    // Number 0 is a label map's background.
    let all = seg.segments().iter().zip(selectors(seg.segments()));
    all.filter(|(s, _)| s.number != 0).map(|(segment, selector)| Region {
        name: segment.label.clone(),
        selector,
        path: seg.path(),
        kind: RegionKind::Segment,
    })
}

fn of_set(set: &StructureSet) -> impl Iterator<Item = Region<'_>> {
    let all = set.rois().iter().zip(selectors(set.rois()));
    all.filter(|(roi, _)| roi.contours > 0).map(|(roi, selector)| Region {
        name: roi.name.clone(),
        selector,
        path: set.path(),
        kind: RegionKind::Roi,
    })
}

fn is_of(seg: &Segmentation, series: &Series) -> bool {
    if !seg.referenced_series().is_empty() {
        return seg.referenced_series().iter().any(|uid| uid == series.uid());
    }
    match seg.referenced_instance() {
        Some(uid) => series.has_instance(uid),
        None => {
            let frame = seg.tags().frame_of_reference.as_ref();
            frame.is_some() && frame == series.tags().frame_of_reference.as_ref()
        }
    }
}

fn is_set_of(set: &StructureSet, series: &Series) -> bool {
    if !set.referenced_series().is_empty() {
        return set.referenced_series().iter().any(|uid| uid == series.uid());
    }
    let frame = series.tags().frame_of_reference.as_ref();
    frame.is_some_and(|frame| set.frames_of_reference().contains(frame))
}

/// Reads a region of a segmentation ([`read_segment`]) or of a structure set ([`read_roi`]), whichever the file is.
///
/// # Errors
/// As these, and [`Problem::NeedsImage`] for a structure set without the grid of its image.
pub fn read_region(
    path: impl AsRef<Path>,
    selector: &str,
    image: Option<&Grid>,
    options: &SegmentOptions,
) -> Result<Mask, DicomError> {
    let path = path.as_ref();
    let header = read(path, Wanted::Header).map_err(|p| p.of(path))?;
    if text(header.object(), tags::SOP_CLASS_UID).as_deref() != Some(uids::RT_STRUCTURE_SET_STORAGE) {
        return read_segment(path, selector, image, options);
    }
    let image = image.ok_or_else(|| Problem::NeedsImage.of(path))?;
    read_roi(path, selector, image)
}
