//! RT structure sets: closed planar contours to voxels.

use crate::attributes::{items, numbers, text, whole};
use crate::dataset::Dataset;
use crate::error::{DicomError, Problem};
use crate::file::{DicomFile, Wanted, read};
use crate::header::SeriesTags;
use crate::place::{Slice, assemble, index_of};
use crate::polygon::Polygons;
use crate::selector::{Numbered, few, find, selector};
use dicom_dictionary_std::{tags, uids};
use radsql_volume::{Grid, Mask, VolumeError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Contours nearer than this, in slices, lie in one plane.
const ONE_PLANE: f64 = 0.01;
/// A contour may reach over so many slices.
const FLAT: f64 = 0.1;

/// One region of a structure set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Roi {
    /// ROI Number.
    pub number: u32,
    /// ROI Name; empty when the file has none.
    pub name: String,
    /// Closed planar contours; a region with none has no mask.
    pub contours: usize,
}

/// A structure set as its header describes it.
#[derive(Debug, Serialize, Deserialize)]
pub struct StructureSet {
    /// Not yet known when it is made from the file's bytes.
    #[serde(skip)]
    pub(crate) path: PathBuf,
    sop_uid: String,
    series_uid: Option<String>,
    tags: SeriesTags,
    rois: Vec<Roi>,
    referenced_series: Vec<String>,
    frames_of_reference: Vec<String>,
}

/// Reads what regions a structure set has.
///
/// # Errors
/// [`DicomError`] when the file cannot be read or is no structure set.
pub fn read_structure_set(path: impl AsRef<Path>) -> Result<StructureSet, DicomError> {
    let path = path.as_ref();
    let open = || {
        let file = structure_set_file(path)?;
        let found = header(&file, SeriesTags::of(file.object(), Default::default()))?;
        Ok(StructureSet {
            path: path.to_owned(),
            ..found
        })
    };
    open().map_err(|p: Problem| p.of(path))
}

fn structure_set_file(path: &Path) -> Result<DicomFile, Problem> {
    let file = read(path, Wanted::Header)?;
    let class = text(file.object(), tags::SOP_CLASS_UID).unwrap_or_default();
    match class == uids::RT_STRUCTURE_SET_STORAGE {
        true => Ok(file),
        false => Err(Problem::Kind {
            found: format!("a DICOM object of class {class}"),
            expected: "an RT structure set (RTSTRUCT)",
        }),
    }
}

/// The number of a region whose contours an item has.
fn region_of(contours: Dataset<'_>) -> Option<u32> {
    whole(contours, tags::REFERENCED_ROI_NUMBER, "ReferencedROINumber")
        .ok()
        .flatten()
}

/// The closed contours of an item.
fn closed(contours: Dataset<'_>) -> impl Iterator<Item = Dataset<'_>> {
    items(contours, tags::CONTOUR_SEQUENCE).filter(|c| {
        text(*c, tags::CONTOUR_GEOMETRIC_TYPE)
            .is_some_and(|kind| ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"].contains(&kind.as_str()))
    })
}

pub(crate) fn header(file: &DicomFile, tags: SeriesTags) -> Result<StructureSet, Problem> {
    let object = file.object();
    let found = items(object, tags::STRUCTURE_SET_ROI_SEQUENCE);
    let mut rois = Vec::new();
    rois.reserve_exact(few(found.clone(), "StructureSetROISequence")?);
    for one in found {
        let number = whole(one, tags::ROI_NUMBER, "ROINumber")?.ok_or(Problem::Missing { keyword: "ROINumber" })?;
        rois.push(Roi {
            number,
            name: text(one, tags::ROI_NAME).unwrap_or_default(),
            contours: 0,
        });
    }
    let mut contours: HashMap<u32, usize> = rois.iter().map(|roi| (roi.number, 0)).collect();
    for item in items(object, tags::ROI_CONTOUR_SEQUENCE) {
        if let Some(count) = region_of(item).and_then(|number| contours.get_mut(&number)) {
            *count += closed(item).count();
        }
    }
    for roi in &mut rois {
        roi.contours = contours.get(&roi.number).copied().unwrap_or(0);
    }
    let frames = items(object, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE);
    let referenced_series: BTreeSet<String> = frames
        .clone()
        .flat_map(|f| items(f, tags::RT_REFERENCED_STUDY_SEQUENCE))
        .flat_map(|s| items(s, tags::RT_REFERENCED_SERIES_SEQUENCE))
        .filter_map(|s| text(s, tags::SERIES_INSTANCE_UID))
        .collect();
    let frames_of_reference: BTreeSet<String> = frames.filter_map(|f| text(f, tags::FRAME_OF_REFERENCE_UID)).collect();
    Ok(StructureSet {
        path: PathBuf::new(),
        sop_uid: file.uid(tags::SOP_INSTANCE_UID, "SOPInstanceUID")?,
        series_uid: text(object, tags::SERIES_INSTANCE_UID),
        tags,
        rois,
        referenced_series: referenced_series.into_iter().collect(),
        frames_of_reference: frames_of_reference.into_iter().collect(),
    })
}

impl StructureSet {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SOP Instance UID.
    pub fn sop_uid(&self) -> &str {
        &self.sop_uid
    }

    /// Series Instance UID of the structure set itself.
    pub fn series_uid(&self) -> Option<&str> {
        self.series_uid.as_deref()
    }

    /// What else the header tells.
    pub fn tags(&self) -> &SeriesTags {
        &self.tags
    }

    /// The regions, in the file's order.
    pub fn rois(&self) -> &[Roi] {
        &self.rois
    }

    /// Series Instance UIDs of the images that it refers to.
    pub fn referenced_series(&self) -> &[String] {
        &self.referenced_series
    }

    /// The coordinate systems that it refers to, for files that name no series.
    pub fn frames_of_reference(&self) -> &[String] {
        &self.frames_of_reference
    }

    /// The text by which [`read_roi`] finds a region: its name, or its number where the name is empty, a number, or that of
    /// several regions.
    pub fn selector(&self, roi: &Roi) -> String {
        selector(&self.rois, roi)
    }

    pub(crate) fn key(&self) -> (&str, &Path) {
        (&self.sop_uid, &self.path)
    }
}

impl Numbered for Roi {
    const KIND: &'static str = "region";

    fn number(&self) -> u32 {
        self.number
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Reads one region, by name or number (see [`StructureSet::selector`]), onto the grid of its image.
///
/// A voxel belongs to the region when its centre lies inside the region's contours of its slice by the even-odd rule: all
/// contours of a plane count together, so that a hole is cut by a contour within another as well as by a keyhole. A centre
/// on a contour belongs when the region lies on the side of growing index.
///
/// Contours between slices go to the nearest slice; of several planes that are nearest to one slice, only the one that is
/// nearest to it counts, so that a structure set on thinner slices than the image's is sampled at the slices. Slices between
/// contours that lie further apart than the image's slices stay empty: nothing is interpolated. What lies beyond the image's
/// borders within a slice is cut; contours before its first or behind its last slice are an error.
///
/// # Errors
/// [`DicomError`] when the file cannot be read, is no structure set, has no such region or several of that name, when the
/// region has no closed contour, contours that are not parallel to the slices, or no voxel's centre inside.
pub fn read_roi(path: impl AsRef<Path>, selector: &str, image: &Grid) -> Result<Mask, DicomError> {
    let path = path.as_ref();
    roi_mask(path, selector, image).map_err(|p| p.of(path))
}

/// Contours of one plane of the region.
struct PlaneContours {
    /// Index of the plane along z.
    z: f64,
    polygons: Polygons,
}

fn roi_mask(path: &Path, selector: &str, image: &Grid) -> Result<Mask, Problem> {
    let file = structure_set_file(path)?;
    let about = header(&file, SeriesTags::default())?;
    let roi = find(&about.rois, selector)?;
    let region = || about.selector(roi);
    let mut contours: Vec<(f64, Vec<[f64; 2]>)> = Vec::new();
    let mine = items(file.object(), tags::ROI_CONTOUR_SEQUENCE);
    for contour in mine
        .filter(|item| region_of(*item) == Some(roi.number))
        .flat_map(closed)
    {
        let points = points_of(contour, image)?;
        let [low, high] = points
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], p| {
                [low.min(p[2]), high.max(p[2])]
            });
        if high - low > FLAT {
            return Err(Problem::ObliqueContour {
                region: region(),
                extent: high - low,
            });
        }
        // One or two points enclose nothing.
        if points.len() > 2 {
            let flat = points.iter().map(|p| [p[0], p[1]]).collect();
            contours.push(((low + high) / 2.0, flat));
        }
    }
    if contours.is_empty() {
        return Err(Problem::NoContour { region: region() });
    }
    contours.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [nx, ny, nz] = image.size();
    let mut planes: Vec<PlaneContours> = Vec::new();
    for (z, points) in contours {
        match planes.last_mut() {
            Some(plane) if z - plane.z <= ONE_PLANE => plane.polygons.add(points),
            _ => {
                let mut polygons = Polygons::default();
                polygons.add(points);
                planes.push(PlaneContours { z, polygons });
            }
        }
    }
    let (lowest, highest) = (planes[0].z, planes[planes.len() - 1].z);
    if lowest < -0.5 - ONE_PLANE || highest > nz as f64 - 0.5 + ONE_PLANE {
        let [low, high] = planes
            .iter()
            .fold([[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]], |[low, high], p| {
                let (l, h) = p.polygons.bounds();
                [[0, 1].map(|d| low[d].min(l[d])), [0, 1].map(|d| high[d].max(h[d]))]
            });
        return Err(Problem::Mask(VolumeError::RegionOutside {
            lower: [low[0], low[1], lowest],
            upper: [high[0], high[1], highest],
            image: image.size(),
        }));
    }
    let slice_of = |p: &PlaneContours| (p.z.round().max(0.0) as usize).min(nz - 1);
    let mut slices = Vec::new();
    for group in planes.chunk_by(|a, b| slice_of(a) == slice_of(b)) {
        let z = slice_of(&group[0]);
        let off = |p: &PlaneContours| (p.z - z as f64).abs();
        let Some(nearest) = group.iter().min_by(|a, b| off(a).total_cmp(&off(b))) else {
            continue;
        };
        if let Some((lower, columns, inside)) = nearest.polygons.fill(nx, ny) {
            slices.push(Slice {
                offset: [lower[0] as i64, lower[1] as i64, z as i64],
                columns,
                inside,
            });
        }
    }
    assemble(image, &slices)
}

/// The points of a contour, as indices of the image's grid.
fn points_of(contour: Dataset<'_>, image: &Grid) -> Result<Vec<[f64; 3]>, Problem> {
    let data = numbers(contour, tags::CONTOUR_DATA, "ContourData")?.unwrap_or_default();
    if data.len() % 3 != 0 {
        return Err(Problem::Value {
            keyword: "ContourData",
            found: format!("{} numbers", data.len()),
            expected: "three for each point",
        });
    }
    let declared = whole(contour, tags::NUMBER_OF_CONTOUR_POINTS, "NumberOfContourPoints")?;
    if declared.is_some_and(|n| n as usize != data.len() / 3) {
        return Err(Problem::Value {
            keyword: "NumberOfContourPoints",
            found: declared.unwrap_or(0).to_string(),
            expected: "as many as ContourData has",
        });
    }
    Ok(data
        .chunks_exact(3)
        .map(|p| index_of(image, [p[0], p[1], p[2]]))
        .collect())
}
