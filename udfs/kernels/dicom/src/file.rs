//! One DICOM file: its elements, and its pixels where they lie.

use crate::dataset::Dataset;
use crate::error::Problem;
use crate::structure::{Encoding, PixelElement, Stop, Walk};
use crate::table::Table;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use flate2::read::DeflateDecoder;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

/// Bytes read first: most headers of slices fit in.
const FIRST: usize = 1 << 13;
const META: Encoding = Encoding {
    explicit: true,
    big: false,
};

/// How much of a file to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// What this package reads of that which stands before the pixels.
    Header,
    /// Everything before the pixels.
    WholeHeader,
    /// What this package reads, and the pixels.
    Pixels,
}

/// A file that was read.
#[derive(Debug)]
pub(crate) struct DicomFile {
    elements: Table,
    pub transfer_syntax: String,
    pub encoding: Encoding,
    pub pixels: Option<PixelElement>,
    /// Bytes of the whole file, or of what it inflates to.
    pub length: u64,
    /// The data that [`pixels`](Self::pixels) counts in; what was read of it.
    pub bytes: Vec<u8>,
}

/// Reads a file.
pub(crate) fn read(path: &Path, wanted: Wanted) -> Result<DicomFile, Problem> {
    let mut file = File::open(path)?;
    let length = file.seek(std::io::SeekFrom::End(0))?;
    file.rewind()?;
    let mut bytes = Vec::new();
    let mut next = match wanted {
        Wanted::Pixels => length.max(1),
        _ => FIRST as u64,
    };
    loop {
        let missing = next - bytes.len() as u64;
        let there = length.saturating_sub(bytes.len() as u64).min(missing);
        bytes.reserve_exact(usize::try_from(there).unwrap_or(0));
        let got = (&mut file).take(missing).read_to_end(&mut bytes)?;
        let whole = (got as u64) < missing || bytes.len() as u64 >= length;
        if bytes.get(128..132) != Some(b"DICM") {
            return Err(Problem::NotDicom);
        }
        match located(&bytes, whole, wanted) {
            Ok(Located {
                elements,
                transfer_syntax,
                encoding,
                pixels,
                inflated,
            }) => {
                return Ok(DicomFile {
                    elements,
                    transfer_syntax,
                    encoding,
                    pixels,
                    length: inflated.as_ref().map_or(length, |data| data.len() as u64),
                    bytes: inflated.unwrap_or(bytes),
                });
            }
            Err(Stop::Problem(problem)) => return Err(problem),
            Err(Stop::More) => {}
        }
        next = next.saturating_mul(4).max(bytes.len() as u64 + 1);
    }
}

/// What is found in the first bytes of a file, or in all of them.
struct Located {
    elements: Table,
    transfer_syntax: String,
    encoding: Encoding,
    pixels: Option<PixelElement>,
    inflated: Option<Vec<u8>>,
}

fn located(bytes: &[u8], whole: bool, wanted: Wanted) -> Result<Located, Stop> {
    let (transfer_syntax, start) = meta(bytes, whole)?;
    let encoding = Encoding {
        explicit: transfer_syntax != uids::IMPLICIT_VR_LITTLE_ENDIAN,
        big: transfer_syntax == BIG_ENDIAN,
    };
    let mut inflated = None;
    if DEFLATED.contains(&transfer_syntax.as_str()) {
        if !whole {
            return Err(Stop::More);
        }
        inflated = Some(inflate(&bytes[start..])?);
    }
    let (data, start, whole) = match &inflated {
        Some(data) => (data.as_slice(), 0, true),
        None => (bytes, start, whole),
    };
    let all = wanted == Wanted::WholeHeader;
    let (pixels, elements) = Walk::new(data, whole).dataset(start, encoding, all)?;
    Ok(Located {
        elements,
        transfer_syntax,
        encoding,
        pixels,
        inflated,
    })
}

/// Explicit VR big endian, retired.
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// Data sets that are deflated as a whole.
const DEFLATED: [&str; 1] = [uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN];

/// The transfer syntax, and where the data set begins.
fn meta(bytes: &[u8], whole: bool) -> Result<(String, usize), Stop> {
    let walk = Walk::new(bytes, whole);
    let mut at = 132;
    let mut syntax = None;
    while at < bytes.len() {
        let head = walk.head(at, bytes.len(), META)?;
        if head.tag.group() != 2 {
            break;
        }
        let end = head.value.saturating_add(head.length as usize);
        let value = bytes.get(head.value..end);
        let Some(value) = value else {
            return Err(match whole {
                false => Stop::More,
                true => Stop::Problem(Problem::Truncated {
                    what: "the file's meta information",
                    expected: end as u64,
                    found: bytes.len() as u64,
                }),
            });
        };
        if head.tag == tags::TRANSFER_SYNTAX_UID && head.vr == VR::UI {
            let text = String::from_utf8_lossy(value);
            syntax = Some(text.trim_matches(['\0', ' ']).to_owned());
        }
        at = end;
    }
    syntax.map(|s| (s, at)).ok_or(Stop::Problem(Problem::Missing {
        keyword: "TransferSyntaxUID",
    }))
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, Problem> {
    let limit = (16 << 20) + 256 * packed.len() as u64;
    let mut data = Vec::new();
    let ended = DeflateDecoder::new(packed).take(limit).read_to_end(&mut data);
    if ended.is_err() || data.len() as u64 >= limit {
        return Err(Problem::Deflate { limit });
    }
    Ok(data)
}

impl DicomFile {
    /// The elements before the pixels.
    pub fn object(&self) -> Dataset<'_> {
        Dataset::new(&self.bytes, &self.elements, self.encoding)
    }

    /// The name of the transfer syntax, for messages.
    pub fn syntax_name(&self) -> String {
        TransferSyntaxRegistry
            .get(&self.transfer_syntax)
            .map_or_else(|| "unknown".to_owned(), |ts| ts.name().to_owned())
    }

    /// A UID of the object, for what must be one.
    pub fn uid(&self, tag: Tag, keyword: &'static str) -> Result<String, Problem> {
        crate::attributes::text(self.object(), tag).ok_or(Problem::Missing { keyword })
    }
}
