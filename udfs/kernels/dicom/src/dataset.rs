//! A data set as it lies in the file. Values are decoded when they are asked for.

use crate::structure::{Encoding, Head, UNDEFINED, Walk, tag_at};
use crate::table::{Entry, Table};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use std::borrow::Cow;

/// A data set, or an item of a sequence.
#[derive(Clone, Copy)]
pub(crate) struct Dataset<'a> {
    bytes: &'a [u8],
    entries: &'a [Entry],
    /// Whether its tags ascend.
    ascends: bool,
    written: Written<'a>,
}

/// How values are written.
#[derive(Clone, Copy)]
struct Written<'a> {
    encoding: Encoding,
    /// The value of Specific Character Set.
    text: &'a [u8],
    /// Whether pixels are signed, and with them the numbers that stand for pixels.
    signed: bool,
}

/// An element of a data set.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub tag: Tag,
    pub vr: VR,
    head: Head,
    /// The data set of which only what stands in the element is left, written as the element is.
    inside: Dataset<'a>,
}

/// Items of a sequence.
#[derive(Clone)]
pub(crate) struct Items<'a>(Option<Dataset<'a>>);

/// Whether an element tells how those behind it are written.
pub(crate) fn governs(tag: Tag) -> bool {
    tag == tags::SPECIFIC_CHARACTER_SET || tag == tags::PIXEL_REPRESENTATION
}

impl<'a> Dataset<'a> {
    /// What a walk over these bytes found.
    pub fn new(bytes: &'a [u8], table: &'a Table, encoding: Encoding) -> Self {
        Self {
            bytes,
            entries: table.entries(),
            ascends: table.ascends(),
            written: Written {
                encoding,
                text: &[],
                signed: false,
            },
        }
    }

    /// The element of a tag; the last one if there are several.
    pub fn get(mut self, wanted: Tag) -> Option<Element<'a>> {
        let mut found = None;
        let (number, big) = (
            |tag: Tag| u32::from(tag.group()) << 16 | u32::from(tag.element()),
            self.written.encoding.big,
        );
        let wanted = number(wanted);
        // Most elements are passed over: no more is looked at than their tags.
        while let Some(first) = self.entries.first() {
            let tag = tag_at(self.bytes, first.at as usize, big);
            if number(tag) >= wanted {
                if number(tag) == wanted {
                    found = Some(self);
                }
                if self.ascends {
                    break;
                }
            }
            if governs(tag) {
                self.step();
            } else {
                self.entries = self.entries.get(first.size as usize..)?;
            }
        }
        let (_, element) = found?.step()?;
        Some(Element::new(element))
    }

    /// Whether the tags ascend, here and in all items.
    pub fn ascends(self) -> bool {
        self.ascends
    }

    /// The elements in the order of the file.
    pub fn elements(mut self) -> impl Iterator<Item = Element<'a>> {
        std::iter::from_fn(move || self.step()).map(|(_, element)| Element::new(element))
    }

    /// Takes the first element off, its own entry still among those of what stands in it.
    fn step(&mut self) -> Option<(Tag, Self)> {
        let first = self.entries.first()?;
        let (entries, rest) = self.entries.split_at_checked(first.size as usize)?;
        let element = Self { entries, ..*self };
        self.entries = rest;
        let tag = tag_at(self.bytes, first.at as usize, self.written.encoding.big);
        if governs(tag) {
            let element = Element::new(element);
            let value = element.value();
            match tag {
                _ if element.items().is_some() => {}
                tags::PIXEL_REPRESENTATION => self.written.signed = value.contains(&1),
                _ => self.written.text = value,
            }
        }
        Some((tag, element))
    }
}

impl<'a> Element<'a> {
    /// From a data set whose first entry is the element's, the others those of what stands in it.
    fn new(set: Dataset<'a>) -> Self {
        let (first, inside) = set.entries.split_first().unwrap_or((&Entry { at: 0, size: 0 }, &[]));
        let Written { encoding, signed, .. } = set.written;
        let head = Head::at(set.bytes, first.at as usize, encoding);
        let vr = match head.vr {
            VR::OB | VR::OW => head.vr,
            _ if head.length == UNDEFINED => VR::SQ,
            // Implicit VR leaves open whether numbers that stand for pixels are signed.
            VR::US if signed && !encoding.explicit && follows_pixels(head.tag) => VR::SS,
            vr => vr,
        };
        Self {
            tag: head.tag,
            vr,
            head,
            inside: Dataset { entries: inside, ..set },
        }
    }

    /// The value's bytes; none of sequences, nor of pixels in fragments, as those of an icon.
    pub fn value(&self) -> &'a [u8] {
        if self.vr == VR::SQ || self.head.length == UNDEFINED {
            return &[];
        }
        let end = self.head.value.saturating_add(self.head.length as usize);
        self.inside.bytes.get(self.head.value..end).unwrap_or_default()
    }

    /// The items; none when it is no sequence.
    pub fn items(&self) -> Option<Items<'a>> {
        let mut items = self.inside;
        items.written.encoding = Walk::inner(&self.head, items.written.encoding);
        (self.vr == VR::SQ).then_some(Items(Some(items)))
    }

    /// Whether the value is written as text.
    pub fn is_text(&self) -> bool {
        use VR::*;
        !matches!(
            self.vr,
            US | OW | SS | UL | OL | SL | UV | OV | SV | FL | OF | FD | OD | AT | OB | UN | SQ
        )
    }

    /// The characters of a value that is text, of the first of its bytes; padding and all.
    pub fn characters(&self, most: usize) -> Cow<'a, str> {
        use VR::*;
        let bytes = self.value();
        let bytes = bytes.get(..most).unwrap_or(bytes);
        if matches!(self.vr, LO | LT | PN | SH | ST | UC | UT)
            && let Ok(text) = character_set(self.inside.written.text).decode(bytes)
        {
            return text.into();
        }
        String::from_utf8_lossy(bytes)
    }

    /// The values of a text: in long texts a backslash is a letter.
    pub fn parts<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> + use<'t> {
        let one = matches!(self.vr, VR::LT | VR::ST | VR::UT | VR::UR);
        text.split(move |c| c == '\\' && !one)
    }

    /// The numbers of a value that is neither text nor sequence. A part of a number at its end is left out.
    pub fn numbers(&self) -> impl Iterator<Item = Number> + Clone + use<'a> {
        let (vr, big) = (self.vr, self.inside.written.encoding.big);
        self.value().chunks_exact(width(vr)).map(move |bytes| {
            let join = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
            let bits = match big && vr != VR::AT {
                true => bytes.iter().fold(0, join),
                false => bytes.iter().rev().fold(0, join),
            };
            match vr {
                VR::SS => Number::Signed((bits as i16).into()),
                VR::SL => Number::Signed((bits as i32).into()),
                VR::SV => Number::Signed(bits as i64),
                VR::FL | VR::OF => Number::Single(f32::from_bits(bits as u32)),
                VR::FD | VR::OD => Number::Double(f64::from_bits(bits)),
                VR::AT => Number::Tag(tag_at(bytes, 0, big)),
                _ => Number::Unsigned(bits),
            }
        })
    }

    /// Bytes of all its numbers.
    pub fn number_bytes(&self) -> usize {
        self.value().len() / width(self.vr) * width(self.vr)
    }

    /// The value's bytes, those of numbers in little endian.
    pub fn little_endian(&self) -> impl Iterator<Item = u8> + use<'a> {
        let (width, big) = (width(self.vr), self.inside.written.encoding.big);
        let bytes = self.value();
        let at = move |i: usize| if big { i ^ (width - 1) } else { i };
        (0..self.number_bytes()).filter_map(move |i| bytes.get(at(i)).copied())
    }
}

/// A number that is not written as text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Unsigned(u64),
    Signed(i64),
    Single(f32),
    Double(f64),
    /// None that can be reckoned with.
    Tag(Tag),
}

impl Number {
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Unsigned(n) => Some(n as f64),
            Self::Signed(n) => Some(n as f64),
            Self::Single(n) => Some(n.into()),
            Self::Double(n) => Some(n),
            Self::Tag(_) => None,
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsigned(n) => n.fmt(f),
            Self::Signed(n) => n.fmt(f),
            Self::Single(n) => n.fmt(f),
            Self::Double(n) => n.fmt(f),
            Self::Tag(tag) => tag.fmt(f),
        }
    }
}

/// Bytes of a number.
fn width(vr: VR) -> usize {
    use VR::*;
    match vr {
        US | OW | SS => 2,
        UL | OL | SL | FL | OF | AT => 4,
        UV | OV | SV | FD | OD => 8,
        _ => 1,
    }
}

impl<'a> Items<'a> {
    /// Those of a sequence that is not there.
    pub fn none() -> Self {
        Self(None)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Dataset<'a>;

    fn next(&mut self) -> Option<Dataset<'a>> {
        let left = self.0.as_mut()?;
        let first = left.entries.first()?;
        let (item, rest) = left.entries.split_at_checked(first.size as usize)?;
        left.entries = rest;
        let entries = item.get(1..)?;
        Some(Dataset { entries, ..*left })
    }
}

fn follows_pixels(tag: Tag) -> bool {
    let entry = StandardDataDictionary.by_tag(tag);
    entry.is_some_and(|entry| entry.vr() == VirtualVr::Xs)
}

/// Of several codes the first one is that of what has no escape sequences.
fn character_set(codes: &[u8]) -> SpecificCharacterSet {
    let codes = String::from_utf8_lossy(codes);
    let mut codes = codes.split('\\').map(|code| code.trim_end_matches([' ', '\0']).trim());
    let code = codes.find(|code| !code.is_empty());
    code.and_then(SpecificCharacterSet::from_code).unwrap_or_default()
}
