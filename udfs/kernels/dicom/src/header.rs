//! What one file is, from the elements before its pixels.

use crate::attributes::{item, text};
use crate::dataset::Dataset;
use crate::error::Problem;
use crate::file::{DicomFile, Wanted, read};
use crate::pixels::{PixelFormat, Rescale, Stored, per_frame, plausible};
use crate::plane::Plane;
use crate::rtstruct::{self, StructureSet};
use crate::seg::{self, Segmentation};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// What tells about a series beside its geometry; nothing of it identifies a person by the standard's list (PS3.15 annex E)
/// but the patient's identifier, which collections replace by a code, and the description, which is free text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SeriesTags {
    /// Patient ID.
    pub patient_id: Option<String>,
    /// Study Instance UID.
    pub study_uid: Option<String>,
    /// CT, MR, PT, SEG, ...
    pub modality: Option<String>,
    /// Series Description.
    pub description: Option<String>,
    /// Slice Thickness, mm.
    pub slice_thickness: Option<f64>,
    /// Peak kilovoltage.
    pub kvp: Option<f64>,
    /// Convolution Kernel.
    pub kernel: Option<String>,
    /// Manufacturer.
    pub manufacturer: Option<String>,
    /// Contrast/Bolus Agent.
    pub contrast: Option<String>,
    /// Frame of Reference UID: what has the same one shares a coordinate system.
    pub frame_of_reference: Option<String>,
    /// Keyword and value of tags that may identify a person, when they were asked for.
    #[serde(skip)]
    pub identifying: Vec<(&'static str, String)>,
}

/// Identifying attributes that are given on request, by keyword.
const IDENTIFYING: [(&str, Tag); 16] = [
    ("PatientName", tags::PATIENT_NAME),
    ("PatientBirthDate", tags::PATIENT_BIRTH_DATE),
    ("PatientSex", tags::PATIENT_SEX),
    ("PatientAge", tags::PATIENT_AGE),
    ("PatientWeight", tags::PATIENT_WEIGHT),
    ("PatientSize", tags::PATIENT_SIZE),
    ("StudyDate", tags::STUDY_DATE),
    ("StudyDescription", tags::STUDY_DESCRIPTION),
    ("SeriesDate", tags::SERIES_DATE),
    ("AcquisitionDate", tags::ACQUISITION_DATE),
    ("AccessionNumber", tags::ACCESSION_NUMBER),
    ("InstitutionName", tags::INSTITUTION_NAME),
    ("ReferringPhysicianName", tags::REFERRING_PHYSICIAN_NAME),
    ("StationName", tags::STATION_NAME),
    ("DeviceSerialNumber", tags::DEVICE_SERIAL_NUMBER),
    ("ProtocolName", tags::PROTOCOL_NAME),
];

/// The keywords of [`SeriesTags::identifying`], in its order.
pub fn identifying_keywords() -> impl Iterator<Item = &'static str> {
    IDENTIFYING.iter().map(|(keyword, _)| *keyword)
}

/// Whether identifying tags are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TagOptions {
    /// Give [`SeriesTags::identifying`], and the values of identifying tags in [`tags`](crate::tags).
    pub identifying: bool,
}

impl SeriesTags {
    pub(crate) fn of(object: Dataset<'_>, options: TagOptions) -> Self {
        let get = |tag| text(object, tag);
        let number = |tag| get(tag).and_then(|t| t.parse().ok());
        let frame_of_reference = get(tags::FRAME_OF_REFERENCE_UID);
        let slice_thickness = number(tags::SLICE_THICKNESS).or_else(|| {
            let shared = item(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)?;
            text(item(shared, tags::PIXEL_MEASURES_SEQUENCE)?, tags::SLICE_THICKNESS)?
                .parse()
                .ok()
        });
        Self {
            patient_id: get(tags::PATIENT_ID),
            study_uid: get(tags::STUDY_INSTANCE_UID),
            modality: get(tags::MODALITY),
            description: get(tags::SERIES_DESCRIPTION),
            slice_thickness,
            kvp: number(tags::KVP),
            kernel: get(tags::CONVOLUTION_KERNEL),
            manufacturer: get(tags::MANUFACTURER),
            contrast: get(tags::CONTRAST_BOLUS_AGENT),
            frame_of_reference,
            identifying: match options.identifying {
                true => IDENTIFYING
                    .iter()
                    .filter_map(|(keyword, tag)| Some((*keyword, get(*tag)?)))
                    .collect(),
                false => Vec::new(),
            },
        }
    }
}

/// One frame of an image: where it lies and how its numbers become values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frame {
    pub position: [f64; 3],
    pub view: Arc<View>,
}

/// What most frames of a series have in common, kept once for all of them.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct View {
    /// With zeros as position.
    plane: Plane,
    rescale: Option<Rescale>,
}

impl Frame {
    fn new(plane: Plane, rescale: Option<Rescale>) -> Self {
        let position = plane.position;
        let plane = Plane {
            position: [0.0; 3],
            ..plane
        };
        Self {
            position,
            view: Arc::new(View { plane, rescale }),
        }
    }

    pub fn plane(&self) -> Plane {
        Plane {
            position: self.position,
            ..self.view.plane
        }
    }

    /// None where stored numbers are the values.
    pub fn rescale(&self) -> Option<&Rescale> {
        self.view.rescale.as_ref()
    }
}

/// What one image file of a series is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub sop_uid: Box<str>,
    pub kind: Arc<Kind>,
    /// Why it cannot be part of a volume, instead of its frames.
    #[serde(with = "crate::cache::understood")]
    pub frames: Result<Box<[Frame]>, Box<Problem>>,
}

/// What most instances of a series have in common, kept once for all of them.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kind {
    /// Attributes that tell repeated acquisitions apart.
    pub acquisition: [Option<Box<str>>; 3],
    pub format: PixelFormat,
}

/// Makes one hold what one before it holds, where that is the same.
fn share<T: PartialEq>(known: &mut Vec<Arc<T>>, one: &mut Arc<T>) {
    /// Where there are more, most will be different.
    const MOST: usize = 16;
    match known.iter().find(|k| k == &one) {
        Some(same) => *one = Arc::clone(same),
        None if known.len() < MOST => known.push(Arc::clone(one)),
        None => {}
    }
}

/// Names of [`Kind::acquisition`].
pub(crate) const ACQUISITION: [(&str, Tag); 3] = [
    ("AcquisitionNumber", tags::ACQUISITION_NUMBER),
    ("EchoNumbers", tags::ECHO_NUMBERS),
    ("TemporalPositionIdentifier", tags::TEMPORAL_POSITION_IDENTIFIER),
];

/// What a file is, without its name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Content {
    Image {
        series_uid: String,
        tags: Box<SeriesTags>,
        instance: Box<Instance>,
    },
    Segmentation(Box<Segmentation>),
    StructureSet(Box<StructureSet>),
    /// DICOM, but neither image nor region: reports, presentation states, DICOMDIR.
    Other,
    /// Not DICOM.
    Foreign,
}

/// Reads what a file is, without its pixels.
pub(crate) fn content(path: &Path, options: TagOptions) -> Result<Content, Problem> {
    let file = match read(path, Wanted::Header) {
        Err(Problem::NotDicom) => return Ok(Content::Foreign),
        read => read?,
    };
    let class = text(file.object(), tags::SOP_CLASS_UID).unwrap_or_default();
    if SEGMENTATIONS.contains(&class.as_str()) {
        let tags = SeriesTags::of(file.object(), options);
        return Ok(Content::Segmentation(Box::new(seg::header(&file, tags)?)));
    }
    if class == uids::RT_STRUCTURE_SET_STORAGE {
        let tags = SeriesTags::of(file.object(), options);
        return Ok(Content::StructureSet(Box::new(rtstruct::header(&file, tags)?)));
    }
    if file.pixels.is_none() || class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE || class == uids::RT_DOSE_STORAGE {
        return Ok(Content::Other);
    }
    let series_uid = file.uid(tags::SERIES_INSTANCE_UID, "SeriesInstanceUID")?;
    let tags = Box::new(SeriesTags::of(file.object(), options));
    let instance = Box::new(instance(&file)?);
    Ok(Content::Image {
        series_uid,
        tags,
        instance,
    })
}

/// Segmentation Storage, Label Map Segmentation Storage.
pub(crate) const SEGMENTATIONS: [&str; 2] = [uids::SEGMENTATION_STORAGE, "1.2.840.10008.5.1.4.1.1.66.7"];

/// One image file: its frames and how they are stored.
pub(crate) fn instance(file: &DicomFile) -> Result<Instance, Problem> {
    let object = file.object();
    let mut format = PixelFormat::of(object)?;
    match file.pixels.map(|p| p.tag) {
        Some(tags::FLOAT_PIXEL_DATA) => format.kind = Stored::Float,
        Some(tags::DOUBLE_FLOAT_PIXEL_DATA) => format.kind = Stored::Double,
        _ => {}
    }
    plausible(file, &format)?;
    Ok(Instance {
        sop_uid: file.uid(tags::SOP_INSTANCE_UID, "SOPInstanceUID")?.into(),
        frames: frames(object, &format).map_err(Box::new),
        kind: Arc::new(Kind {
            acquisition: ACQUISITION.map(|(_, tag)| text(object, tag).map(Into::into)),
            format,
        }),
    })
}

fn frames(object: Dataset<'_>, format: &PixelFormat) -> Result<Box<[Frame]>, Problem> {
    let (rows, columns) = (format.rows, format.columns);
    let groups = per_frame(object);
    let shared = item(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    if groups.clone().next().is_none() && shared.is_none() {
        if format.frames > 1 {
            return Err(Problem::Missing {
                keyword: "PerFrameFunctionalGroupsSequence",
            });
        }
        let plane = Plane::of(object, rows, columns)?;
        return Ok([Frame::new(plane, Rescale::of(object)?)].into());
    }
    if groups.clone().count() != format.frames as usize {
        return Err(Problem::Value {
            keyword: "NumberOfFrames",
            found: format.frames.to_string(),
            expected: "as many as PerFrameFunctionalGroupsSequence has items",
        });
    }
    let of_group = |group: Option<Dataset<'_>>| {
        group
            .and_then(|g| item(g, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE))
            .map_or(Ok(None), Rescale::of)
    };
    let common = match of_group(shared)? {
        Some(common) => Some(common),
        None => Rescale::of(object)?,
    };
    // Files of very many frames are read here, of which all but a few look the same way.
    let mut views = Vec::new();
    let mut frames = Vec::new();
    frames.reserve_exact(format.frames as usize);
    for group in groups {
        let plane = Plane::of_frame(Some(group), shared, rows, columns)?;
        let mut frame = Frame::new(plane, of_group(Some(group))?.or_else(|| common.clone()));
        share(&mut views, &mut frame.view);
        frames.push(frame);
    }
    Ok(frames.into())
}
