//! Short forms of elements.

use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_object::InMemDicomObject;

/// Adds texts to an object.
pub(super) fn texts<'a>(object: &mut InMemDicomObject, texts: impl IntoIterator<Item = (Tag, VR, &'a str)>) {
    for (tag, vr, value) in texts {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
}

/// Adds whole numbers of 16 bits to an object.
pub(super) fn numbers(object: &mut InMemDicomObject, numbers: impl IntoIterator<Item = (Tag, u16)>) {
    for (tag, value) in numbers {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
}

/// Adds a sequence to an object.
pub(super) fn sequence(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

/// An object of these texts.
pub(super) fn item<'a>(content: impl IntoIterator<Item = (Tag, VR, &'a str)>) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    texts(&mut object, content);
    object
}

/// A sequence of one code.
pub(super) fn code(object: &mut InMemDicomObject, tag: Tag, [value, scheme, meaning]: [&str; 3]) {
    use dicom_dictionary_std::tags;
    let code = item([
        (tags::CODE_VALUE, VR::SH, value),
        (tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme),
        (tags::CODE_MEANING, VR::LO, meaning),
    ]);
    sequence(object, tag, vec![code]);
}

/// Decimals, exact: the grid's numbers have few enough digits.
pub(super) fn decimals(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(f64::to_string).collect();
    texts.join("\\")
}
