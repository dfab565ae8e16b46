//! A walk over the bytes of a data set before they are parsed: which elements there are, that each lies within the file and
//! within its parent, and where the pixels begin. Depth and lengths are bounded here, so that what is read of it afterwards
//! can neither exhaust the stack nor ask for memory that the file does not fill.

use crate::dataset::governs;
use crate::error::Problem;
use crate::table::{Entry, Table};
use crate::wanted::is_read;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use std::ops::Range;

/// Sequences in sequences; the standard's own information objects stay below ten.
const DEPTH: usize = 32;
/// Fragments of one file's pixels.
const FRAGMENTS: usize = 2_000_000;
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
    /// Whether elements that are never read are kept too.
    all: bool,
    kept: Table,
}

impl Head {
    /// The beginning of an element. What the bytes do not hold is 0.
    #[inline]
    pub fn at(bytes: &[u8], at: usize, encoding: Encoding) -> Self {
        let tag = tag_at(bytes, at, encoding.big);
        let short = |vr, length| Self {
            tag,
            vr,
            length,
            value: at + 8,
        };
        if tag.group() == 0xFFFE {
            return short(VR::UN, u32_at(bytes, at + 4, encoding.big));
        }
        if !encoding.explicit {
            return short(standard_vr(tag), u32_at(bytes, at + 4, encoding.big));
        }
        let vr = VR::from_binary(bytes_at(bytes, at + 4)).unwrap_or(VR::UN);
        if !has_long_length(vr) {
            return short(vr, u16_at(bytes, at + 6, encoding.big).into());
        }
        Self {
            tag,
            vr,
            length: u32_at(bytes, at + 8, encoding.big),
            value: at + 12,
        }
    }
}

impl<'a> Walk<'a> {
    pub fn new(bytes: &'a [u8], whole: bool) -> Self {
        Self {
            bytes,
            whole,
            all: false,
            kept: Table::default(),
        }
    }

    /// Walks from a byte to the pixels, or to the end. Gives where the pixels lie, and the elements before them: all, or only
    /// those that are read, in items too.
    pub fn dataset(
        mut self,
        start: usize,
        encoding: Encoding,
        all: bool,
    ) -> Result<(Option<PixelElement>, Table), Stop> {
        self.all = all;
        let mut order = Order::default();
        let mut pixels = None;
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
                pixels = Some(PixelElement {
                    tag: head.tag,
                    vr: head.vr,
                    at: head.value,
                    length: (head.length != UNDEFINED).then_some(head.length),
                });
                break;
            }
            at = self.element(at, &head, end, encoding, 0, Some(&mut order))?;
        }
        self.ordered(0, &order, encoding);
        Ok((pixels, self.kept))
    }

    /// Reads the beginning of an element.
    pub fn head(&self, at: usize, end: usize, encoding: Encoding) -> Result<Head, Stop> {
        self.within(at, 8, end)?;
        let head = Head::at(self.bytes, at, encoding);
        self.within(at, head.value - at, end)?;
        Ok(head)
    }

    /// Walks over an element of which the beginning was read; gives the byte behind it. It is kept where its data set is,
    /// whose order is then given.
    fn element(
        &mut self,
        at: usize,
        head: &Head,
        end: usize,
        encoding: Encoding,
        depth: usize,
        order: Option<&mut Order>,
    ) -> Result<usize, Stop> {
        let Some(order) = order.filter(|_| self.all || is_read(head.tag)) else {
            return self.value(head, end, encoding, depth, false);
        };
        order.broken |= order.last.is_some_and(|last| last >= head.tag);
        order.last = Some(head.tag);
        let place = self.open(at)?;
        let next = self.value(head, end, encoding, depth, true)?;
        self.kept.close(place);
        Ok(next)
    }

    fn open(&mut self, at: usize) -> Result<usize, Problem> {
        // An element has eight bytes at least.
        let more = (self.bytes.len() - at) / 8;
        let place = self.kept.open(at, more);
        place.ok_or_else(|| damaged(at, "its elements reach beyond 4 GB"))
    }

    /// Ends a data set or an item whose elements are kept from a place on.
    fn ordered(&mut self, from: usize, order: &Order, encoding: Encoding) {
        if order.broken {
            let tag = |entry: Entry| tag_at(self.bytes, entry.at as usize, encoding.big);
            match self.all {
                true => self.kept.disorder(),
                false => self.kept.drop_repeated(from, tag, governs),
            }
        }
    }

    /// Walks over a value, and keeps what stands in it or not; gives the byte behind it.
    fn value(&mut self, head: &Head, end: usize, encoding: Encoding, depth: usize, keep: bool) -> Result<usize, Stop> {
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
            let item_at = std::mem::replace(&mut at, item.value);
            if item.tag == SEQUENCE_END && undefined {
                return Ok(at);
            }
            if item.tag != ITEM {
                return Err(damaged(at, "a sequence holds something other than items").into());
            }
            if raw {
                if item.length == UNDEFINED {
                    return Err(damaged(at, "a fragment of pixels has no length").into());
                }
                self.within(at, item.length as usize, end)?;
                at += item.length as usize;
                continue;
            }
            let place = match keep {
                true => Some(self.open(item_at)?),
                false => None,
            };
            at = self.item(&item, end, inner, depth, place)?;
            if let Some(place) = place {
                self.kept.close(place);
            }
        }
        Ok(end)
    }

    /// Walks over the elements of an item, which is kept at a place or not; gives the byte behind it.
    fn item(
        &mut self,
        item: &Head,
        end: usize,
        encoding: Encoding,
        depth: usize,
        place: Option<usize>,
    ) -> Result<usize, Stop> {
        let item_end = match item.length {
            UNDEFINED => None,
            length => {
                self.within(item.value, length as usize, end)?;
                Some(item.value + length as usize)
            }
        };
        let end = item_end.unwrap_or(end);
        let mut order = Order::default();
        let mut at = item.value;
        while item_end.is_none_or(|end| at < end) {
            let head = self.head(at, end, encoding)?;
            if head.tag == ITEM_END && item_end.is_none() {
                at = head.value;
                break;
            }
            let kept = place.is_some().then_some(&mut order);
            at = self.element(at, &head, end, encoding, depth + 1, kept)?;
        }
        if let Some(place) = place {
            self.ordered(place + 1, &order, encoding);
        }
        Ok(at)
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
}

/// The order of the tags in a data set so far.
#[derive(Debug, Default)]
struct Order {
    last: Option<Tag>,
    broken: bool,
}

/// The tag at a place.
#[inline]
pub(crate) fn tag_at(bytes: &[u8], at: usize, big: bool) -> Tag {
    let [a, b, c, d] = bytes_at(bytes, at);
    match big {
        true => Tag(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
        false => Tag(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
    }
}

#[inline]
fn u16_at(bytes: &[u8], at: usize, big: bool) -> u16 {
    let b = bytes_at(bytes, at);
    if big {
        u16::from_be_bytes(b)
    } else {
        u16::from_le_bytes(b)
    }
}

#[inline]
fn u32_at(bytes: &[u8], at: usize, big: bool) -> u32 {
    let b = bytes_at(bytes, at);
    if big {
        u32::from_be_bytes(b)
    } else {
        u32::from_le_bytes(b)
    }
}

/// Bytes from a place on; zeros where there are none.
#[inline]
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    found.copied().unwrap_or([0; N])
}

/// The fragments of encapsulated pixels, the offset table first.
pub(crate) fn fragments(bytes: &[u8], start: usize) -> Result<Vec<Range<usize>>, Problem> {
    let encoding = Encoding {
        explicit: true,
        big: false,
    };
    let walk = Walk::new(bytes, true);
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
        if found.len() == FRAGMENTS {
            return Err(damaged(at, "the pixels have too many fragments"));
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
