//! The elements of one file, for looking at it.

use crate::attributes::text_of;
use crate::dataset::{Dataset, Element};
use crate::error::{DicomError, Problem};
use crate::file::{Wanted, read};
use crate::header::TagOptions;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags as t};
use std::collections::BTreeMap;
use std::path::Path;

/// Characters of a value that are given.
const LONGEST: usize = 256;
/// Bytes of a value that are decoded for them.
const DECODED: usize = 1 << 16;

/// One element of a file.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TagRow {
    /// Keywords from the data set to the element, with the number of the item, counted from 0:
    /// `SegmentSequence[0].SegmentLabel`. Unknown tags stand as `(0009,1001)`.
    pub path: String,
    /// `(0008,0060)`.
    pub tag: String,
    /// `CS`.
    pub vr: &'static str,
    /// `Modality`; none for private and unknown tags.
    pub keyword: Option<&'static str>,
    /// The value as text, several values with `\` between them, cut after 256 characters. None for sequences, empty
    /// elements, and values that are withheld.
    pub value: Option<String>,
    /// Whether the value is withheld because it may identify a person.
    pub withheld: bool,
}

/// Lists the elements of a file in their order, those of sequences under them; of pixels only their length.
///
/// Without [`TagOptions::identifying`] values are given only of what cannot identify a person: numbers and codes outside
/// the patient's group, the names of classes and transfer syntaxes, and a list of texts about device settings and segments.
/// Dates, times, names, instance UIDs, free text and private elements are withheld.
///
/// # Errors
/// [`DicomError`] when the file cannot be read or is damaged.
pub fn tags(path: impl AsRef<Path>, options: TagOptions) -> Result<Vec<TagRow>, DicomError> {
    let path = path.as_ref();
    rows(path, options).map_err(|p| p.of(path))
}

fn rows(path: &Path, options: TagOptions) -> Result<Vec<TagRow>, Problem> {
    let file = read(path, Wanted::WholeHeader)?;
    let mut rows = vec![TagRow {
        path: "TransferSyntaxUID".to_owned(),
        tag: "(0002,0010)".to_owned(),
        vr: "UI",
        keyword: Some("TransferSyntaxUID"),
        value: Some(file.transfer_syntax.clone()),
        withheld: false,
    }];
    collect(file.object(), "", options, &mut rows);
    if let Some(pixels) = file.pixels {
        let keyword = keyword(pixels.tag);
        rows.push(TagRow {
            path: keyword.unwrap_or_default().to_owned(),
            tag: name(pixels.tag),
            vr: pixels.vr.to_string(),
            keyword,
            value: Some(match pixels.length {
                Some(length) => format!("{length} bytes"),
                None => "encapsulated".to_owned(),
            }),
            withheld: false,
        });
    }
    Ok(rows)
}

fn collect(object: Dataset<'_>, above: &str, options: TagOptions, rows: &mut Vec<TagRow>) {
    for element in in_order(object) {
        let (tag, vr) = (element.tag, element.vr);
        let keyword = keyword(tag);
        let path = format!("{above}{}", keyword.map_or_else(|| name(tag), str::to_owned));
        let shown = options.identifying || is_safe(tag, vr);
        let value = value(&element);
        rows.push(TagRow {
            tag: name(tag),
            vr: vr.to_string(),
            keyword,
            withheld: !shown && value.is_some(),
            value: value.filter(|_| shown),
            path: path.clone(),
        });
        for (i, item) in element.items().into_iter().flatten().enumerate() {
            collect(item, &format!("{path}[{i}]."), options, rows);
        }
    }
}

/// The elements in the order of their tags; of those with one tag the last.
fn in_order(object: Dataset<'_>) -> Box<dyn Iterator<Item = Element<'_>> + '_> {
    if object.ascends() {
        return Box::new(object.elements());
    }
    let found: BTreeMap<Tag, Element<'_>> = object.elements().map(|element| (element.tag, element)).collect();
    Box::new(found.into_values())
}

fn value(element: &Element<'_>) -> Option<String> {
    if matches!(element.vr, VR::OB | VR::OW | VR::UN | VR::OD | VR::OF | VR::OL | VR::OV) {
        let bytes = element.number_bytes();
        return (bytes > 0).then(|| format!("{bytes} bytes"));
    }
    let text = text_of(element, DECODED)?;
    let mut chars = text.chars();
    let cut: String = chars.by_ref().take(LONGEST).collect();
    match (cut.is_empty(), chars.next()) {
        (true, _) => None,
        (_, None) => Some(cut),
        (_, Some(_)) => Some(cut + "..."),
    }
}

fn name(tag: Tag) -> String {
    format!("({:04X},{:04X})", tag.group(), tag.element())
}

fn keyword(tag: Tag) -> Option<&'static str> {
    StandardDataDictionary.by_tag(tag).map(|entry| entry.alias())
}

/// Texts that say nothing about a person: settings of the device, and what segments and regions are called.
const SAFE: [Tag; 19] = [
    t::SOP_CLASS_UID,
    t::TRANSFER_SYNTAX_UID,
    t::REFERENCED_SOP_CLASS_UID,
    t::MANUFACTURER,
    t::MANUFACTURER_MODEL_NAME,
    t::SOFTWARE_VERSIONS,
    t::CONVOLUTION_KERNEL,
    t::CONTRAST_BOLUS_AGENT,
    t::CONTRAST_BOLUS_ROUTE,
    t::SEQUENCE_NAME,
    t::RADIOPHARMACEUTICAL,
    t::SEGMENT_LABEL,
    t::ROI_NAME,
    t::CODE_VALUE,
    t::CODING_SCHEME_DESIGNATOR,
    t::CODE_MEANING,
    t::RESCALE_TYPE,
    t::LUT_EXPLANATION,
    t::DIMENSION_DESCRIPTION_LABEL,
];

fn is_safe(tag: Tag, vr: VR) -> bool {
    use VR::*;
    if SAFE.contains(&tag) {
        return true;
    }
    let numbers = matches!(
        vr,
        US | SS | UL | SL | UV | SV | FL | FD | DS | IS | AT | CS | OB | OW | OF | OD | OL | OV
    );
    // The patient's group, the visit's, and what private elements hold is not known to be harmless.
    numbers && tag.group().is_multiple_of(2) && ![0x0010, 0x0032, 0x0038, 0x0040, 0x4008].contains(&tag.group())
}
