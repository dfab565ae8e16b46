//! Elements to values, where a walk has found that they fit into one another. What is never read is left out, in items too.

use crate::structure::{Encoding, Head, Stop, UNDEFINED, Walk};
use crate::wanted::is_read;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::value::{C, DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use dicom_object::InMemDicomObject;
use std::ops::Range;

/// Bytes that were walked over from end to end.
pub(crate) struct Parser<'a> {
    bytes: &'a [u8],
    walk: Walk<'a>,
    /// Elements that are never read are wanted too.
    all: bool,
}

/// How a data set is written.
#[derive(Clone)]
pub(crate) struct Written {
    encoding: Encoding,
    text: SpecificCharacterSet,
    /// Whether pixels are signed, and with them the numbers that stand for pixels.
    signed: bool,
}

impl Written {
    pub fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            text: SpecificCharacterSet::default(),
            signed: false,
        }
    }
}

impl<'a> Parser<'a> {
    pub fn new(bytes: &'a [u8], all: bool) -> Self {
        Self {
            bytes,
            walk: Walk::new(bytes, true),
            all,
        }
    }

    /// Adds the elements of a range; gives the byte behind the last, or behind the mark that ends an item.
    pub fn elements(
        &mut self,
        range: Range<usize>,
        written: &mut Written,
        to: &mut InMemDicomObject,
    ) -> Result<usize, Stop> {
        let mut at = range.start;
        while at < range.end {
            let head = self.walk.head(at, range.end, written.encoding)?;
            if head.tag.group() == 0xFFFE {
                return Ok(head.value);
            }
            at = self.element(&head, range.end, written, to)?;
        }
        Ok(at)
    }

    fn element(
        &mut self,
        head: &Head,
        end: usize,
        written: &mut Written,
        to: &mut InMemDicomObject,
    ) -> Result<usize, Stop> {
        if !self.all && !is_read(head.tag) {
            return self.walk.value(head, end, written.encoding, 0);
        }
        if head.length == UNDEFINED && matches!(head.vr, VR::OB | VR::OW) {
            // Pixels in fragments, of an icon.
            let end = self.walk.value(head, end, written.encoding, 0)?;
            to.put(DataElement::new(head.tag, head.vr, PrimitiveValue::Empty));
            return Ok(end);
        }
        if head.vr == VR::SQ || head.length == UNDEFINED {
            let mut items = Vec::new();
            let end = self.items(head, end, written, &mut items)?;
            let value = DataSetSequence::new(items, Length::UNDEFINED);
            to.put(DataElement::new(head.tag, VR::SQ, value));
            return Ok(end);
        }
        let end = head.value + head.length as usize;
        let bytes = self.bytes.get(head.value..end).unwrap_or_default();
        // Implicit VR leaves open whether numbers that stand for pixels are signed.
        let vr = match head.vr == VR::US && !written.encoding.explicit && written.signed && follows_pixels(head.tag) {
            true => VR::SS,
            false => head.vr,
        };
        let value = primitive(vr, bytes, written);
        if head.tag == tags::SPECIFIC_CHARACTER_SET {
            // Of several the first one is that of what has no escape sequences.
            let text = value.to_str();
            let code = text.split('\\').map(str::trim).find(|code| !code.is_empty());
            written.text = code.and_then(SpecificCharacterSet::from_code).unwrap_or_default();
        }
        if head.tag == tags::PIXEL_REPRESENTATION {
            written.signed = bytes.contains(&1);
        }
        to.put(DataElement::new(head.tag, vr, value));
        Ok(end)
    }

    fn items(
        &mut self,
        head: &Head,
        end: usize,
        written: &Written,
        items: &mut Vec<InMemDicomObject>,
    ) -> Result<usize, Stop> {
        let end = match head.length {
            UNDEFINED => end,
            length => head.value + length as usize,
        };
        let encoding = Walk::inner(head, written.encoding);
        let mut at = head.value;
        while at < end {
            let item = self.walk.head(at, end, encoding)?;
            if item.tag == SEQUENCE_END {
                return Ok(item.value);
            }
            let mut object = InMemDicomObject::new_empty();
            let mut written = Written {
                encoding,
                ..written.clone()
            };
            let item_end = match item.length {
                UNDEFINED => end,
                length => item.value + length as usize,
            };
            let behind = self.elements(item.value..item_end, &mut written, &mut object)?;
            at = if item.length == UNDEFINED { behind } else { item_end };
            items.push(object);
        }
        Ok(end)
    }
}

const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

fn follows_pixels(tag: Tag) -> bool {
    let entry = StandardDataDictionary.by_tag(tag);
    entry.is_some_and(|entry| entry.vr() == VirtualVr::Xs)
}

/// A value that is no sequence. A part of a number at its end is left out.
fn primitive(vr: VR, bytes: &[u8], written: &Written) -> PrimitiveValue {
    use VR::*;
    let big = written.encoding.big;
    macro_rules! numbers {
        ($variant:ident, $type:ty) => {{
            let numbers = bytes
                .chunks_exact(size_of::<$type>())
                .filter_map(|chunk| chunk.try_into().ok())
                .map(|chunk| {
                    if big {
                        <$type>::from_be_bytes(chunk)
                    } else {
                        <$type>::from_le_bytes(chunk)
                    }
                })
                .collect::<C<$type>>();
            PrimitiveValue::$variant(numbers)
        }};
    }
    match vr {
        _ if bytes.is_empty() => PrimitiveValue::Empty,
        US | OW => numbers!(U16, u16),
        SS => numbers!(I16, i16),
        UL | OL => numbers!(U32, u32),
        SL => numbers!(I32, i32),
        UV | OV => numbers!(U64, u64),
        SV => numbers!(I64, i64),
        FL | OF => numbers!(F32, f32),
        FD | OD => numbers!(F64, f64),
        AT => {
            let halves: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|two| {
                    if big {
                        u16::from_be_bytes([two[0], two[1]])
                    } else {
                        u16::from_le_bytes([two[0], two[1]])
                    }
                })
                .collect();
            PrimitiveValue::Tags(halves.chunks_exact(2).map(|two| Tag(two[0], two[1])).collect())
        }
        OB | UN | SQ => PrimitiveValue::U8(bytes.into()),
        LO | LT | PN | SH | ST | UC | UT => text(vr, written.text.decode(bytes).ok(), bytes),
        _ => text(vr, None, bytes),
    }
}

fn text(vr: VR, decoded: Option<String>, bytes: &[u8]) -> PrimitiveValue {
    let text = decoded.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    // In long texts a backslash is a letter.
    match !matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR) && text.contains('\\') {
        true => PrimitiveValue::Strs(text.split('\\').map(str::to_owned).collect()),
        false => PrimitiveValue::Str(text),
    }
}
