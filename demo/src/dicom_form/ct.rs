//! The CT series: one object a slice.

use dicom_core::value::{C, PrimitiveValue};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::elements::{decimals, numbers, texts};
use super::{DATE, MANUFACTURER, STUDY, Study, TIME};

/// What is added to a stored number to give Hounsfield units.
const INTERCEPT: i16 = -1024;

/// The attributes of patient and study, which the segmentation shares.
pub(super) fn patient_and_study(study: &Study) -> InMemDicomObject {
    let (patient, identifiers) = (study.patient, &study.identifiers);
    let clinical = &patient.clinical;
    let mut object = InMemDicomObject::new_empty();
    texts(
        &mut object,
        [
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
            (tags::STUDY_DATE, VR::DA, DATE),
            (tags::SERIES_DATE, VR::DA, DATE),
            (tags::CONTENT_DATE, VR::DA, DATE),
            (tags::STUDY_TIME, VR::TM, TIME),
            (tags::SERIES_TIME, VR::TM, TIME),
            (tags::CONTENT_TIME, VR::TM, TIME),
            (tags::ACCESSION_NUMBER, VR::SH, ""),
            (tags::MANUFACTURER, VR::LO, MANUFACTURER),
            (tags::REFERRING_PHYSICIAN_NAME, VR::PN, ""),
            (tags::STUDY_DESCRIPTION, VR::LO, STUDY),
            (tags::PATIENT_NAME, VR::PN, &patient.truth.patient_id),
            (tags::PATIENT_ID, VR::LO, &patient.truth.patient_id),
            (tags::PATIENT_BIRTH_DATE, VR::DA, ""),
            (tags::PATIENT_SEX, VR::CS, if clinical.male { "M" } else { "F" }),
            (tags::PATIENT_AGE, VR::AS, &format!("{:03}Y", clinical.age)),
            (tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES"),
            (
                tags::DEIDENTIFICATION_METHOD,
                VR::LO,
                "Synthetic: there is no such person",
            ),
            (tags::STUDY_INSTANCE_UID, VR::UI, &identifiers.study),
            (tags::STUDY_ID, VR::SH, ""),
            (tags::FRAME_OF_REFERENCE_UID, VR::UI, &identifiers.frame_of_reference),
            (tags::POSITION_REFERENCE_INDICATOR, VR::LO, ""),
        ],
    );
    object
}

/// The attributes that all slices share.
pub(super) fn common(study: &Study) -> InMemDicomObject {
    let (scanner, grid) = (study.scanner, &study.scan.grid);
    let [sx, sy, sz] = grid.spacing;
    let mut object = patient_and_study(study);
    texts(
        &mut object,
        [
            (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
            (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
            (tags::ACQUISITION_DATE, VR::DA, DATE),
            (tags::ACQUISITION_TIME, VR::TM, TIME),
            (tags::MODALITY, VR::CS, "CT"),
            (tags::SERIES_DESCRIPTION, VR::LO, "PORTAL VENOUS"),
            (tags::MANUFACTURER_MODEL_NAME, VR::LO, scanner.model),
            (tags::CONTRAST_BOLUS_AGENT, VR::LO, "SYNTHETIC"),
            (tags::BODY_PART_EXAMINED, VR::CS, "LIVER"),
            (tags::SLICE_THICKNESS, VR::DS, &decimals(&[sz])),
            (tags::KVP, VR::DS, &scanner.kvp.to_string()),
            (tags::CONVOLUTION_KERNEL, VR::SH, scanner.kernel),
            (tags::PATIENT_POSITION, VR::CS, "HFS"),
            (tags::SERIES_INSTANCE_UID, VR::UI, &study.identifiers.series),
            (tags::SERIES_NUMBER, VR::IS, "101"),
            (tags::ACQUISITION_NUMBER, VR::IS, "1"),
            (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0"),
            (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            (tags::PIXEL_SPACING, VR::DS, &decimals(&[sy, sx])),
            (tags::WINDOW_CENTER, VR::DS, "60"),
            (tags::WINDOW_WIDTH, VR::DS, "400"),
            (tags::RESCALE_INTERCEPT, VR::DS, &INTERCEPT.to_string()),
            (tags::RESCALE_SLOPE, VR::DS, "1"),
            (tags::RESCALE_TYPE, VR::LO, "HU"),
        ],
    );
    numbers(
        &mut object,
        [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, grid.size[1] as u16),
            (tags::COLUMNS, grid.size[0] as u16),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 16),
            (tags::HIGH_BIT, 15),
            (tags::PIXEL_REPRESENTATION, 1),
        ],
    );
    object
}

/// One slice.
pub(super) fn slice(study: &Study, common: &InMemDicomObject, slice: usize) -> InMemDicomObject {
    let layer = study.layer(slice);
    let position = study.position(layer);
    let mut object = common.clone();
    texts(
        &mut object,
        [
            (
                tags::SOP_INSTANCE_UID,
                VR::UI,
                study.identifiers.instances[slice].as_str(),
            ),
            (tags::INSTANCE_NUMBER, VR::IS, &(slice + 1).to_string()),
            (tags::IMAGE_POSITION_PATIENT, VR::DS, &decimals(&position)),
            (tags::SLICE_LOCATION, VR::DS, &decimals(&position[2..])),
        ],
    );
    // Two's complement, as signed pixels are written. Hounsfield units are kept to what 12 bits hold.
    let stored = study.scan.hu[study.voxels(layer)]
        .iter()
        .map(|hu| (hu - INTERCEPT) as u16);
    let pixels: C<u16> = stored.collect();
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels)));
    object
}
