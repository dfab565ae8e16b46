//! The segmentation (SEG) of a scan: one segment a region, one bit a voxel.

use dicom_core::value::{C, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::elements::{code, decimals, item, numbers, sequence, texts};
use super::{DATE, MANUFACTURER, Study, TIME, ct};
use crate::scan::Region;

/// A slice on which a segment has voxels.
struct Frame {
    /// The segment's number, counted from 1.
    segment: usize,
    slice: usize,
}

pub(super) fn object(study: &Study) -> InMemDicomObject {
    let regions: Vec<Region> = study.scan.regions().collect();
    let (frames, bits) = frames(study, &regions);
    let mut object = ct::patient_and_study(study);
    texts(
        &mut object,
        [
            (tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY"),
            (tags::SOP_CLASS_UID, VR::UI, uids::SEGMENTATION_STORAGE),
            (tags::SOP_INSTANCE_UID, VR::UI, study.identifiers.segmentation.as_str()),
            (tags::INSTANCE_CREATION_DATE, VR::DA, DATE),
            (tags::INSTANCE_CREATION_TIME, VR::TM, TIME),
            (tags::MODALITY, VR::CS, "SEG"),
            (tags::SERIES_DESCRIPTION, VR::LO, "Segmentation"),
            (tags::MANUFACTURER_MODEL_NAME, VR::LO, MANUFACTURER),
            (tags::DEVICE_SERIAL_NUMBER, VR::LO, "1"),
            (tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION")),
            (
                tags::SERIES_INSTANCE_UID,
                VR::UI,
                &study.identifiers.segmentation_series,
            ),
            (tags::SERIES_NUMBER, VR::IS, "100"),
            (tags::INSTANCE_NUMBER, VR::IS, "1"),
            (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            (tags::NUMBER_OF_FRAMES, VR::IS, &frames.len().to_string()),
            (tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00"),
            (tags::SEGMENTATION_TYPE, VR::CS, "BINARY"),
            // A metastasis lies in the liver.
            (tags::SEGMENTS_OVERLAP, VR::CS, "YES"),
            (tags::CONTENT_LABEL, VR::CS, "SEGMENTATION"),
            (tags::CONTENT_DESCRIPTION, VR::LO, "Liver and metastases"),
            (tags::CONTENT_CREATOR_NAME, VR::PN, ""),
        ],
    );
    let [columns, rows, _] = study.scan.grid.size;
    numbers(
        &mut object,
        [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, rows as u16),
            (tags::COLUMNS, columns as u16),
            (tags::BITS_ALLOCATED, 1),
            (tags::BITS_STORED, 1),
            (tags::HIGH_BIT, 0),
            (tags::PIXEL_REPRESENTATION, 0),
        ],
    );
    references(&mut object, study);
    dimensions(&mut object, &study.identifiers.dimensions);
    let segments = regions.iter().zip(1..).map(|(region, number)| segment(*region, number));
    sequence(&mut object, tags::SEGMENT_SEQUENCE, segments.collect());
    sequence(
        &mut object,
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![shared(study)],
    );
    let groups = frames.iter().map(|frame| group(study, frame)).collect();
    sequence(&mut object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bits)));
    object
}

/// The slices on which segments have voxels, and those voxels: a bit each, the lowest of a byte first, frames end to end.
fn frames(study: &Study, regions: &[Region]) -> (Vec<Frame>, C<u8>) {
    let (mut frames, mut bits) = (Vec::new(), C::new());
    let mut len = 0;
    for (region, segment) in regions.iter().zip(1..) {
        for slice in 0..study.slices() {
            let labels = &study.scan.labels[study.voxels(study.layer(slice))];
            if !labels.iter().any(|&label| region.holds(label)) {
                continue;
            }
            for &label in labels {
                if len % 8 == 0 {
                    bits.push(0);
                }
                if let Some(byte) = bits.last_mut() {
                    *byte |= u8::from(region.holds(label)) << (len % 8);
                }
                len += 1;
            }
            frames.push(Frame { segment, slice });
        }
    }
    if bits.len() % 2 == 1 {
        bits.push(0);
    }
    (frames, bits)
}

/// A reference to a slice of the series.
fn reference(study: &Study, slice: usize) -> InMemDicomObject {
    item([
        (tags::REFERENCED_SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        (
            tags::REFERENCED_SOP_INSTANCE_UID,
            VR::UI,
            study.identifiers.instances[slice].as_str(),
        ),
    ])
}

/// The series that was segmented.
fn references(object: &mut InMemDicomObject, study: &Study) {
    let mut series = item([(tags::SERIES_INSTANCE_UID, VR::UI, study.identifiers.series.as_str())]);
    let slices = (0..study.slices()).map(|slice| reference(study, slice));
    sequence(&mut series, tags::REFERENCED_INSTANCE_SEQUENCE, slices.collect());
    sequence(object, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
}

/// Frames are told apart by segment, then by place.
fn dimensions(object: &mut InMemDicomObject, organization: &str) {
    let organized = || item([(tags::DIMENSION_ORGANIZATION_UID, VR::UI, organization)]);
    sequence(object, tags::DIMENSION_ORGANIZATION_SEQUENCE, vec![organized()]);
    let index = |pointer: Tag, group: Tag, label: &str| {
        let mut index = organized();
        texts(&mut index, [(tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, label)]);
        for (tag, pointer) in [
            (tags::DIMENSION_INDEX_POINTER, pointer),
            (tags::FUNCTIONAL_GROUP_POINTER, group),
        ] {
            index.put(DataElement::new(tag, VR::AT, PrimitiveValue::from(pointer)));
        }
        index
    };
    let indices = vec![
        index(
            tags::REFERENCED_SEGMENT_NUMBER,
            tags::SEGMENT_IDENTIFICATION_SEQUENCE,
            "Referenced Segment Number",
        ),
        index(
            tags::IMAGE_POSITION_PATIENT,
            tags::PLANE_POSITION_SEQUENCE,
            "Image Position Patient",
        ),
    ];
    sequence(object, tags::DIMENSION_INDEX_SEQUENCE, indices);
}

fn segment(region: Region, number: u16) -> InMemDicomObject {
    let name = region.name();
    let mut segment = item([
        (tags::SEGMENT_LABEL, VR::LO, name.as_str()),
        (tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "AUTOMATIC"),
        (tags::SEGMENT_ALGORITHM_NAME, VR::LO, MANUFACTURER),
    ]);
    numbers(&mut segment, [(tags::SEGMENT_NUMBER, number)]);
    let (category, kind) = match region {
        Region::Liver => (
            ["91723000", "SCT", "Anatomical Structure"],
            ["10200004", "SCT", "Liver"],
        ),
        Region::Tumor(_) => (
            ["49755003", "SCT", "Morphologically Abnormal Structure"],
            ["108369006", "SCT", "Neoplasm"],
        ),
    };
    code(&mut segment, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, category);
    code(&mut segment, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, kind);
    segment
}

/// What all frames share.
fn shared(study: &Study) -> InMemDicomObject {
    let [sx, sy, sz] = study.scan.grid.spacing;
    let mut shared = InMemDicomObject::new_empty();
    let orientation = item([(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0")]);
    sequence(&mut shared, tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation]);
    let measures = item([
        (tags::SLICE_THICKNESS, VR::DS, decimals(&[sz]).as_str()),
        (tags::SPACING_BETWEEN_SLICES, VR::DS, &decimals(&[sz])),
        (tags::PIXEL_SPACING, VR::DS, &decimals(&[sy, sx])),
    ]);
    sequence(&mut shared, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
    shared
}

/// What is a frame's own: its segment, its place and the slice that it was made from.
fn group(study: &Study, frame: &Frame) -> InMemDicomObject {
    let mut group = InMemDicomObject::new_empty();
    let mut source = reference(study, frame.slice);
    texts(&mut source, [(tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, "YES")]);
    code(
        &mut source,
        tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
        ["121322", "DCM", "Source image for image processing operation"],
    );
    let mut derivation = InMemDicomObject::new_empty();
    sequence(&mut derivation, tags::SOURCE_IMAGE_SEQUENCE, vec![source]);
    code(
        &mut derivation,
        tags::DERIVATION_CODE_SEQUENCE,
        ["113076", "DCM", "Segmentation"],
    );
    sequence(&mut group, tags::DERIVATION_IMAGE_SEQUENCE, vec![derivation]);

    let mut content = InMemDicomObject::new_empty();
    let index = [frame.segment as u32, frame.slice as u32 + 1];
    content.put(DataElement::new(
        tags::DIMENSION_INDEX_VALUES,
        VR::UL,
        PrimitiveValue::U32(index.into_iter().collect()),
    ));
    sequence(&mut group, tags::FRAME_CONTENT_SEQUENCE, vec![content]);

    let position = decimals(&study.position(study.layer(frame.slice)));
    let position = item([(tags::IMAGE_POSITION_PATIENT, VR::DS, position.as_str())]);
    sequence(&mut group, tags::PLANE_POSITION_SEQUENCE, vec![position]);

    let mut identification = InMemDicomObject::new_empty();
    numbers(
        &mut identification,
        [(tags::REFERENCED_SEGMENT_NUMBER, frame.segment as u16)],
    );
    sequence(&mut group, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![identification]);
    group
}
