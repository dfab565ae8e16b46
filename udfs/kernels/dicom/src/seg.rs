//! DICOM segmentations: binary, fractional and label map.

use crate::attributes::{item, items, text, whole};
use crate::dataset::Dataset;
use crate::error::{DicomError, Problem};
use crate::file::{DicomFile, Wanted, read};
use crate::header::{SEGMENTATIONS, SeriesTags};
use crate::pixels::{Frames, PixelFormat, each_stored, per_frame, unpack_bits};
use crate::place::{Slice, assemble, offset_on};
use crate::plane::{Plane, dot, grid, minus};
use crate::selector::{Numbered, few, find, selector};
use dicom_dictionary_std::tags;
use radsql_imaging::Limits;
use radsql_volume::{Grid, Mask, correct_mask};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How the segments' pixels are written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SegmentationType {
    /// One bit a pixel, frames for each segment.
    Binary,
    /// A number from 0 to `maximum` a pixel, frames for each segment.
    Fractional {
        /// The number that stands for 1.
        maximum: u32,
    },
    /// The segment's number in each pixel.
    LabelMap,
}

/// One segment of a segmentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Segment {
    /// Segment Number, by which frames refer to it.
    pub number: u32,
    /// Segment Label; empty when the file has none.
    pub label: String,
    /// Segment Description.
    pub description: Option<String>,
    /// Meaning of the Segmented Property Type Code: liver, neoplasm, ...
    pub property: Option<String>,
    /// Segment Algorithm Type: MANUAL, SEMIAUTOMATIC, AUTOMATIC.
    pub algorithm: Option<String>,
}

/// A segmentation as its header describes it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Segmentation {
    /// Not yet known when it is made from the file's bytes.
    #[serde(skip)]
    pub(crate) path: PathBuf,
    sop_uid: String,
    series_uid: Option<String>,
    tags: SeriesTags,
    kind: SegmentationType,
    segments: Vec<Segment>,
    referenced_series: Vec<String>,
    referenced_instance: Option<String>,
}

/// How a segment becomes a mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentOptions {
    /// The least fraction (of 1) at which a pixel of a fractional segmentation is inside.
    pub fraction: f64,
    /// What may be kept in memory: a byte a pixel of the segment's frames.
    pub limits: Limits,
}

impl Default for SegmentOptions {
    /// One half, and the default limits.
    fn default() -> Self {
        Self {
            fraction: 0.5,
            limits: Limits::default(),
        }
    }
}

/// Reads the header of a segmentation.
///
/// # Errors
/// [`DicomError`] when the file cannot be read or is no segmentation.
pub fn read_segmentation(path: impl AsRef<Path>) -> Result<Segmentation, DicomError> {
    let path = path.as_ref();
    let open = || {
        let file = read(path, Wanted::Header)?;
        check_class(&file)?;
        let found = header(&file, SeriesTags::of(file.object(), Default::default()))?;
        Ok(Segmentation {
            path: path.to_owned(),
            ..found
        })
    };
    open().map_err(|p: Problem| p.of(path))
}

fn check_class(file: &DicomFile) -> Result<(), Problem> {
    let class = text(file.object(), tags::SOP_CLASS_UID).unwrap_or_default();
    match SEGMENTATIONS.contains(&class.as_str()) {
        true => Ok(()),
        false => Err(Problem::Kind {
            found: format!("a DICOM object of class {class}"),
            expected: "a segmentation (SEG)",
        }),
    }
}

pub(crate) fn header(file: &DicomFile, tags: SeriesTags) -> Result<Segmentation, Problem> {
    let object = file.object();
    let found = items(object, tags::SEGMENT_SEQUENCE);
    let mut segments = Vec::new();
    segments.reserve_exact(few(found.clone(), "SegmentSequence")?);
    for one in found {
        segments.push(Segment {
            number: whole(one, tags::SEGMENT_NUMBER, "SegmentNumber")?.ok_or(Problem::Missing {
                keyword: "SegmentNumber",
            })?,
            label: text(one, tags::SEGMENT_LABEL).unwrap_or_default(),
            description: text(one, tags::SEGMENT_DESCRIPTION),
            property: item(one, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE).and_then(|c| text(c, tags::CODE_MEANING)),
            algorithm: text(one, tags::SEGMENT_ALGORITHM_TYPE),
        });
    }
    let kind = match text(object, tags::SEGMENTATION_TYPE).as_deref() {
        Some("BINARY") => SegmentationType::Binary,
        Some("LABELMAP") => SegmentationType::LabelMap,
        Some("FRACTIONAL") => SegmentationType::Fractional {
            maximum: whole(object, tags::MAXIMUM_FRACTIONAL_VALUE, "MaximumFractionalValue")?
                .filter(|m| *m > 0)
                .unwrap_or(255),
        },
        None => {
            return Err(Problem::Missing {
                keyword: "SegmentationType",
            });
        }
        Some(other) => {
            return Err(Problem::Value {
                keyword: "SegmentationType",
                found: other.to_owned(),
                expected: "BINARY, FRACTIONAL or LABELMAP",
            });
        }
    };
    let referenced_series: BTreeSet<String> = items(object, tags::REFERENCED_SERIES_SEQUENCE)
        .filter_map(|s| text(s, tags::SERIES_INSTANCE_UID))
        .collect();
    Ok(Segmentation {
        path: PathBuf::new(),
        sop_uid: file.uid(tags::SOP_INSTANCE_UID, "SOPInstanceUID")?,
        series_uid: text(object, tags::SERIES_INSTANCE_UID),
        tags,
        kind,
        segments,
        referenced_series: referenced_series.into_iter().collect(),
        referenced_instance: source_instance(object),
    })
}

/// An image from which the first frame that says so was derived.
fn source_instance(object: Dataset<'_>) -> Option<String> {
    let shared = item(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    per_frame(object).chain(shared).find_map(|group| {
        let source = item(
            item(group, tags::DERIVATION_IMAGE_SEQUENCE)?,
            tags::SOURCE_IMAGE_SEQUENCE,
        )?;
        text(source, tags::REFERENCED_SOP_INSTANCE_UID)
    })
}

impl Segmentation {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SOP Instance UID.
    pub fn sop_uid(&self) -> &str {
        &self.sop_uid
    }

    /// Series Instance UID of the segmentation itself.
    pub fn series_uid(&self) -> Option<&str> {
        self.series_uid.as_deref()
    }

    /// What else the header tells.
    pub fn tags(&self) -> &SeriesTags {
        &self.tags
    }

    /// How the pixels are written.
    pub fn kind(&self) -> SegmentationType {
        self.kind
    }

    /// The segments, in the file's order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Series Instance UIDs of the images that it refers to.
    pub fn referenced_series(&self) -> &[String] {
        &self.referenced_series
    }

    /// SOP Instance UID of one image from which it was made, for files that name no series.
    pub fn referenced_instance(&self) -> Option<&str> {
        self.referenced_instance.as_deref()
    }

    /// The text by which [`read_segment`] finds a segment: its label, or its number where the label is empty, a number, or
    /// that of several segments.
    pub fn selector(&self, segment: &Segment) -> String {
        selector(&self.segments, segment)
    }

    pub(crate) fn key(&self) -> (&str, &Path) {
        (&self.sop_uid, &self.path)
    }
}

impl Numbered for Segment {
    const KIND: &'static str = "segment";

    fn number(&self) -> u32 {
        self.number
    }

    fn name(&self) -> &str {
        &self.label
    }
}

/// Reads one segment, by label or number (see [`Segmentation::selector`]).
///
/// With the grid of its image the mask lies on that grid: frames whose pixels are voxels of the image (to 0.01 voxels) are
/// put where they belong, whatever their order, wherever frames lack and whatever part of the image they cover. Frames that
/// lie otherwise, in another orientation or spacing, are brought to it by nearest neighbour ([`correct_mask`]).
/// Without a grid it lies on the segmentation's own: all places at which any segment has a frame, and those between.
///
/// Several frames of a segment at one place are united.
///
/// # Errors
/// [`DicomError`] when the file cannot be read, is no segmentation, has no such segment or several of that label, when the
/// segment has no pixel, or when it leaves the image.
pub fn read_segment(
    path: impl AsRef<Path>,
    selector: &str,
    image: Option<&Grid>,
    options: &SegmentOptions,
) -> Result<Mask, DicomError> {
    let path = path.as_ref();
    segment_mask(path, selector, image, options).map_err(|p| p.of(path))
}

fn segment_mask(path: &Path, selector: &str, image: Option<&Grid>, options: &SegmentOptions) -> Result<Mask, Problem> {
    let file = read(path, Wanted::Pixels)?;
    check_class(&file)?;
    let about = header(&file, SeriesTags::default())?;
    let wanted = find(&about.segments, selector)?.number;
    let frames = Frames::of(&file)?;
    let described = descriptions(file.object(), &frames.format)?;
    let mine: Vec<usize> = described
        .iter()
        .enumerate()
        .filter(|(_, d)| about.kind == SegmentationType::LabelMap || d.segment == Some(wanted))
        .map(|(i, _)| i)
        .collect();
    let pixels = frames.format.frame_pixels();
    let needed = mine.len() as u128 * pixels as u128;
    if needed > options.limits.voxel_bytes.into() {
        return Err(Problem::TooLarge {
            needed,
            limit: options.limits.voxel_bytes,
        });
    }
    let mut found: Vec<(Plane, Vec<bool>)> = Vec::new();
    for i in mine {
        let (bytes, skip) = frames.frame(i)?;
        let inside = inside(about.kind, wanted, &frames.format, &bytes, skip, options.fraction);
        if inside.contains(&true) {
            found.push((described[i].plane, inside));
        }
    }
    let columns = frames.format.columns as usize;
    if let Some(image) = image {
        let offsets: Option<Vec<_>> = found.iter().map(|(plane, _)| offset_on(image, plane)).collect();
        if let Some(offsets) = offsets {
            return assemble(image, &slices(found, offsets, columns));
        }
    }
    let planes: Vec<Plane> = described.into_iter().map(|d| d.plane).collect();
    let own = own_grid(&planes)?;
    let offsets: Option<Vec<_>> = found.iter().map(|(plane, _)| offset_on(&own, plane)).collect();
    let offsets = offsets.ok_or(Problem::Mixed {
        what: "ImagePositionPatient across the frames",
        found: 2,
    })?;
    let mask = assemble(&own, &slices(found, offsets, columns))?;
    match image {
        Some(image) => correct_mask(&mask, image).map_err(Problem::Mask),
        None => Ok(mask),
    }
}

fn slices(found: Vec<(Plane, Vec<bool>)>, offsets: Vec<[i64; 3]>, columns: usize) -> Vec<Slice> {
    let pairs = found.into_iter().zip(offsets);
    pairs
        .map(|((_, inside), offset)| Slice {
            offset,
            columns,
            inside,
        })
        .collect()
}

/// Which pixels of a frame belong to a segment.
fn inside(
    kind: SegmentationType,
    wanted: u32,
    format: &PixelFormat,
    bytes: &[u8],
    skip: usize,
    fraction: f64,
) -> Vec<bool> {
    let pixels = format.frame_pixels();
    if format.allocated == 1 {
        return unpack_bits(bytes, skip, pixels).collect();
    }
    let mut inside = vec![false; pixels];
    let wanted = f64::from(wanted);
    each_stored(format, bytes, skip, |i, v| {
        inside[i] = match kind {
            SegmentationType::Binary => v != 0.0,
            SegmentationType::Fractional { maximum } => v > 0.0 && v >= fraction * f64::from(maximum),
            SegmentationType::LabelMap => v == wanted,
        };
    });
    inside
}

/// What the header says of a frame.
struct Described {
    plane: Plane,
    segment: Option<u32>,
}

fn descriptions(object: Dataset<'_>, format: &PixelFormat) -> Result<Vec<Described>, Problem> {
    let groups = per_frame(object);
    let shared = item(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    if groups.clone().count() != format.frames as usize {
        return Err(Problem::Value {
            keyword: "NumberOfFrames",
            found: format.frames.to_string(),
            expected: "as many as PerFrameFunctionalGroupsSequence has items",
        });
    }
    let mut described = Vec::with_capacity(format.frames as usize);
    for group in groups {
        let mut segment = None;
        for group in [Some(group), shared].into_iter().flatten() {
            let identification = item(group, tags::SEGMENT_IDENTIFICATION_SEQUENCE);
            if let (None, Some(found)) = (segment, identification) {
                segment = whole(found, tags::REFERENCED_SEGMENT_NUMBER, "ReferencedSegmentNumber")?;
            }
        }
        described.push(Described {
            plane: Plane::of_frame(Some(group), shared, format.rows, format.columns)?,
            segment,
        });
    }
    Ok(described)
}

/// The grid of all places at which there is a frame, and those between: from the first to the last along the normal, by the
/// spacing that the file gives or, when frames do not lie on it, the least distance of two frames.
fn own_grid(planes: &[Plane]) -> Result<Grid, Problem> {
    let first = planes.first().ok_or(Problem::Missing {
        keyword: "PerFrameFunctionalGroupsSequence",
    })?;
    if planes.iter().any(|p| !p.same_orientation(first)) {
        return Err(Problem::Mixed {
            what: "ImageOrientationPatient across the frames",
            found: 2,
        });
    }
    let normal = first.normal();
    let mut places: Vec<(f64, &Plane)> = planes.iter().map(|p| (dot(p.position, normal), p)).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (lowest, head) = places[0];
    let highest = places[places.len() - 1];
    let extent = minus(highest.1.position, head.position);
    let extent = dot(extent, extent).sqrt();
    let least = places
        .windows(2)
        .map(|w| w[1].0 - w[0].0)
        .filter(|g| *g > 1e-3)
        .fold(f64::INFINITY, f64::min);
    if !least.is_finite() {
        let thickness = if first.thickness > 0.0 { first.thickness } else { 1.0 };
        return grid(head, 1, thickness);
    }
    let fits = |by: f64| {
        places.iter().all(|(d, _)| {
            let slot = (d - lowest) / by;
            (slot - slot.round()).abs() <= 0.01
        })
    };
    let by = if first.thickness > 0.0 && fits(first.thickness) {
        first.thickness
    } else {
        least
    };
    let slots = (extent / by).round();
    if slots > 65535.0 {
        return Err(Problem::Uneven { least, most: extent });
    }
    // The mean distance, as for images: positions are rounded.
    let between = if slots >= 1.0 { extent / slots } else { by };
    grid(head, slots as usize + 1, between)
}
