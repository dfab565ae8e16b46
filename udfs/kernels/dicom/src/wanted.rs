//! The attributes that are read. Parsing all others would take most of the time in which a header is read.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// Every attribute that this package asks a data set or an item for, and what text needs to be decoded; in ascending order.
const READ: [Tag; 95] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::SERIES_DATE,
    tags::ACQUISITION_DATE,
    tags::SERIES_TIME,
    tags::ACQUISITION_TIME,
    tags::ACCESSION_NUMBER,
    tags::MODALITY,
    tags::MANUFACTURER,
    tags::INSTITUTION_NAME,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::CODE_MEANING,
    tags::STATION_NAME,
    tags::STUDY_DESCRIPTION,
    tags::SERIES_DESCRIPTION,
    tags::REFERENCED_SERIES_SEQUENCE,
    tags::REFERENCED_SOP_INSTANCE_UID,
    tags::SOURCE_IMAGE_SEQUENCE,
    tags::DERIVATION_IMAGE_SEQUENCE,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::PATIENT_AGE,
    tags::PATIENT_SIZE,
    tags::PATIENT_WEIGHT,
    tags::CONTRAST_BOLUS_AGENT,
    tags::SLICE_THICKNESS,
    tags::KVP,
    tags::ECHO_NUMBERS,
    tags::SPACING_BETWEEN_SLICES,
    tags::DEVICE_SERIAL_NUMBER,
    tags::PROTOCOL_NAME,
    tags::RADIOPHARMACEUTICAL_START_TIME,
    tags::RADIONUCLIDE_TOTAL_DOSE,
    tags::RADIONUCLIDE_HALF_LIFE,
    tags::RADIOPHARMACEUTICAL_START_DATE_TIME,
    tags::CONVOLUTION_KERNEL,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::ACQUISITION_NUMBER,
    tags::IMAGE_POSITION_PATIENT,
    tags::IMAGE_ORIENTATION_PATIENT,
    tags::FRAME_OF_REFERENCE_UID,
    tags::TEMPORAL_POSITION_IDENTIFIER,
    tags::PLANE_POSITION_SEQUENCE,
    tags::PLANE_ORIENTATION_SEQUENCE,
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::PIXEL_SPACING,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::MODALITY_LUT_SEQUENCE,
    tags::LUT_DESCRIPTOR,
    tags::LUT_DATA,
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
    tags::UNITS,
    tags::SUV_TYPE,
    tags::DECAY_CORRECTION,
    tags::SEGMENTATION_TYPE,
    tags::SEGMENT_SEQUENCE,
    tags::SEGMENT_NUMBER,
    tags::SEGMENT_LABEL,
    tags::SEGMENT_DESCRIPTION,
    tags::SEGMENT_ALGORITHM_TYPE,
    tags::SEGMENT_IDENTIFICATION_SEQUENCE,
    tags::REFERENCED_SEGMENT_NUMBER,
    tags::MAXIMUM_FRACTIONAL_VALUE,
    tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE,
    tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
    tags::RT_REFERENCED_STUDY_SEQUENCE,
    tags::RT_REFERENCED_SERIES_SEQUENCE,
    tags::STRUCTURE_SET_ROI_SEQUENCE,
    tags::ROI_NUMBER,
    tags::ROI_NAME,
    tags::ROI_CONTOUR_SEQUENCE,
    tags::CONTOUR_SEQUENCE,
    tags::CONTOUR_GEOMETRIC_TYPE,
    tags::NUMBER_OF_CONTOUR_POINTS,
    tags::CONTOUR_DATA,
    tags::REFERENCED_ROI_NUMBER,
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::EXTENDED_OFFSET_TABLE,
];

/// Whether an attribute is ever asked for.
pub(crate) fn is_read(tag: Tag) -> bool {
    READ.binary_search(&tag).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attributes_ascend() {
        assert!(READ.is_sorted_by(|a, b| a < b));
    }
}
