//! A walk over the bytes of a data set before they are parsed: which elements there are, that each lies within the file and
//! within its parent, and where the pixels begin. Depth and lengths are bounded here, so that what is parsed afterwards can
//! neither exhaust the stack nor ask for memory that the file does not fill.

use crate::error::Problem;
use crate::wanted::is_read;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use std::ops::Range;

/// Sequences in sequences; the standard's own information objects stay below ten.
const DEPTH: usize = 32;
/// Elements of one file, nested ones included.
const ELEMENTS: usize = 2_000_000;
pub(crate) const UNDEFINED: u32 = u32::MAX;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub explicit: bool,
    pub big: bool,
}

/// Where the pixels lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PixelElement {
    pub tag: Tag,
    pub vr: VR,
    /// First byte of the value.
    pub at: usize,
    /// Bytes of the value; none when it is encapsulated.
    pub length: Option<u32>,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The elements before the pixels that are to be parsed.
    pub elements: Vec<Range<usize>>,
    pub pixels: Option<PixelElement>,
}

/// Why a walk ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The bytes are only the beginning of the file, and do not suffice.
    More,
    Problem(Problem),
}

impl From<Problem> for Stop {
    fn from(p: Problem) -> Self {
        Self::Problem(p)
    }
}

/// The beginning of an element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub tag: Tag,
    pub vr: VR,
    pub length: u32,
    /// First byte of the value.
    pub value: usize,
}

/// Bytes to be walked over.
pub(crate) struct Walk<'a> {
    bytes: &'a [u8],
    /// Whether the file has no more bytes than these.
    whole: bool,
    elements: usize,
}

impl<'a> Walk<'a> {
    pub fn new(bytes: &'a [u8], whole: bool) -> Self {
        Self {
            bytes,
            whole,
            elements: 0,
        }
    }

    /// Walks from a byte to the pixels, or to the end. All elements are kept, or only those that are read.
    pub fn dataset(&mut self, start: usize, encoding: Encoding, all: bool) -> Result<Layout, Stop> {
        let mut layout = Layout::default();
        let mut at = start;
        let end = self.bytes.len();
        // The byte behind the last that is not zero, once it is looked for.
        let mut behind = None;
        while at < end || !self.whole {
            // Some writers pad a file with zeros.
            if self.whole && self.bytes[at..].starts_with(&[0; 4]) {
                let behind =
                    *behind.get_or_insert_with(|| self.bytes.iter().rposition(|b| *b != 0).map_or(0, |p| p + 1));
                if at >= behind {
                    break;
                }
            }
            let head = self.head(at, end, encoding)?;
            if is_pixels(head.tag) {
                layout.pixels = Some(PixelElement {
                    tag: head.tag,
                    vr: head.vr,
                    at: head.value,
                    length: (head.length != UNDEFINED).then_some(head.length),
                });
                break;
            }
            let next = self.value(&head, end, encoding, 0)?;
            if all || is_read(head.tag) {
                match layout.elements.last_mut() {
                    Some(last) if last.end == at => last.end = next,
                    _ => layout.elements.push(at..next),
                }
            }
            at = next;
        }
        Ok(layout)
    }

    /// Reads the beginning of an element.
    pub fn head(&mut self, at: usize, end: usize, encoding: Encoding) -> Result<Head, Stop> {
        self.elements += 1;
        if self.elements > ELEMENTS {
            return Err(damaged(at, "it has too many elements").into());
        }
        self.within(at, 8, end)?;
        let tag = Tag(self.u16(at, encoding.big), self.u16(at + 2, encoding.big));
        if tag.group() == 0xFFFE {
            return Ok(Head {
                tag,
                vr: VR::UN,
                length: self.u32(at + 4, encoding.big),
                value: at + 8,
            });
        }
        if !encoding.explicit {
            return Ok(Head {
                tag,
                vr: standard_vr(tag),
                length: self.u32(at + 4, encoding.big),
                value: at + 8,
            });
        }
        let vr = VR::from_binary([self.bytes[at + 4], self.bytes[at + 5]]).unwrap_or(VR::UN);
        if !has_long_length(vr) {
            return Ok(Head {
                tag,
                vr,
                length: self.u16(at + 6, encoding.big).into(),
                value: at + 8,
            });
        }
        self.within(at, 12, end)?;
        Ok(Head {
            tag,
            vr,
            length: self.u32(at + 8, encoding.big),
            value: at + 12,
        })
    }

    /// Walks over a value; gives the byte behind it.
    pub fn value(&mut self, head: &Head, end: usize, encoding: Encoding, depth: usize) -> Result<usize, Stop> {
        if depth >= DEPTH {
            return Err(Problem::Nesting { limit: DEPTH }.into());
        }
        if head.tag.group() == 0xFFFE {
            return Err(damaged(head.value, "an item stands outside a sequence").into());
        }
        let undefined = head.length == UNDEFINED;
        if !undefined {
            self.within(head.value, head.length as usize, end)?;
            if head.vr != VR::SQ {
                return Ok(head.value + head.length as usize);
            }
        }
        let end = if undefined {
            end
        } else {
            head.value + head.length as usize
        };
        let raw = undefined && matches!(head.vr, VR::OB | VR::OW);
        let inner = Self::inner(head, encoding);
        let mut at = head.value;
        while undefined || at < end {
            let item = self.head(at, end, inner)?;
            at = item.value;
            if item.tag == SEQUENCE_END && undefined {
                return Ok(at);
            }
            if item.tag != ITEM {
                return Err(damaged(at, "a sequence holds something other than items").into());
            }
            if item.length != UNDEFINED {
                self.within(at, item.length as usize, end)?;
                let item_end = at + item.length as usize;
                while !raw && at < item_end {
                    let head = self.head(at, item_end, inner)?;
                    at = self.value(&head, item_end, inner, depth + 1)?;
                }
                at = item_end;
                continue;
            }
            if raw {
                return Err(damaged(at, "a fragment of pixels has no length").into());
            }
            loop {
                let head = self.head(at, end, inner)?;
                if head.tag == ITEM_END {
                    at = head.value;
                    break;
                }
                at = self.value(&head, end, inner, depth + 1)?;
            }
        }
        Ok(end)
    }

    /// How the items of a sequence are written: those of unknown elements in implicit VR, little endian (PS3.5 6.2.2).
    pub fn inner(head: &Head, encoding: Encoding) -> Encoding {
        match head.length == UNDEFINED && head.vr == VR::UN {
            true => Encoding {
                explicit: false,
                big: false,
            },
            false => encoding,
        }
    }

    /// Whether so many bytes from a place lie before the end.
    fn within(&self, at: usize, bytes: usize, end: usize) -> Result<(), Stop> {
        let needed = at.saturating_add(bytes);
        if needed <= end {
            return Ok(());
        }
        if end < self.bytes.len() {
            return Err(damaged(at, "an element reaches beyond its parent").into());
        }
        if !self.whole {
            return Err(Stop::More);
        }
        Err(Problem::Truncated {
            what: "an element",
            expected: needed as u64,
            found: self.bytes.len() as u64,
        }
        .into())
    }

    fn u16(&self, at: usize, big: bool) -> u16 {
        let b = [self.bytes[at], self.bytes[at + 1]];
        if big {
            u16::from_be_bytes(b)
        } else {
            u16::from_le_bytes(b)
        }
    }

    fn u32(&self, at: usize, big: bool) -> u32 {
        let b = [0, 1, 2, 3].map(|i| self.bytes[at + i]);
        if big {
            u32::from_be_bytes(b)
        } else {
            u32::from_le_bytes(b)
        }
    }
}

/// The fragments of encapsulated pixels, the offset table first.
pub(crate) fn fragments(bytes: &[u8], start: usize) -> Result<Vec<Range<usize>>, Problem> {
    let encoding = Encoding {
        explicit: true,
        big: false,
    };
    let mut walk = Walk::new(bytes, true);
    let mut found = Vec::new();
    let mut at = start;
    let problem = |stop| match stop {
        Stop::More => damaged(start, "the pixels do not end"),
        Stop::Problem(p) => p,
    };
    loop {
        let head = walk.head(at, bytes.len(), encoding).map_err(problem)?;
        at = head.value;
        if head.tag == SEQUENCE_END {
            return Ok(found);
        }
        if head.tag != ITEM || head.length == UNDEFINED {
            return Err(damaged(at, "the pixels hold something other than fragments"));
        }
        walk.within(at, head.length as usize, bytes.len()).map_err(problem)?;
        found.push(at..at + head.length as usize);
        at += head.length as usize;
    }
}

fn damaged(at: usize, reason: &'static str) -> Problem {
    Problem::Structure { at: at as u64, reason }
}

fn is_pixels(tag: Tag) -> bool {
    [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA].contains(&tag)
}

/// The VR that the dictionary has for a tag; what is a sequence matters here.
fn standard_vr(tag: Tag) -> VR {
    if is_pixels(tag) {
        return VR::OW;
    }
    StandardDataDictionary
        .by_tag(tag)
        .map_or(VR::UN, |entry| entry.vr().relaxed())
}

fn has_long_length(vr: VR) -> bool {
    use VR::*;
    matches!(vr, OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV)
}
