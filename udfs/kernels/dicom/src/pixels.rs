//! Pixels: how the numbers are stored, and the bytes of each frame, decompressed.

use crate::attributes::{get, item, items, number, numbers, text, whole};
use crate::codec;
use crate::dataset::{Dataset, Element, Items, Number};
use crate::error::Problem;
use crate::file::DicomFile;
use crate::structure::fragments;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// What the stored numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stored {
    Unsigned,
    Signed,
    Float,
    Double,
}

/// How a file's pixels are stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PixelFormat {
    pub rows: u32,
    pub columns: u32,
    pub frames: u32,
    /// Bits a pixel takes, and bits that count.
    pub allocated: u32,
    pub stored: u32,
    pub high: u32,
    pub kind: Stored,
}

impl PixelFormat {
    /// From the elements before the pixels.
    pub fn of(object: Dataset<'_>) -> Result<Self, Problem> {
        let need = |tag, keyword| whole(object, tag, keyword)?.ok_or(Problem::Missing { keyword });
        let samples = whole(object, tags::SAMPLES_PER_PIXEL, "SamplesPerPixel")?.unwrap_or(1);
        let photometric = text(object, tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
        // The colours of a label map are for looking at it; its numbers are the labels.
        let labels = text(object, tags::SEGMENTATION_TYPE).as_deref() == Some("LABELMAP");
        if samples != 1 || (photometric == "PALETTE COLOR" && !labels) {
            return Err(Problem::SeveralValues { samples, photometric });
        }
        let rows = need(tags::ROWS, "Rows")?;
        let columns = need(tags::COLUMNS, "Columns")?;
        for (found, keyword) in [(rows, "Rows"), (columns, "Columns")] {
            if found == 0 || found > 65535 {
                return Err(Problem::Value {
                    keyword,
                    found: found.to_string(),
                    expected: "1 to 65535",
                });
            }
        }
        let frames = whole(object, tags::NUMBER_OF_FRAMES, "NumberOfFrames")?
            .unwrap_or(1)
            .max(1);
        let allocated = need(tags::BITS_ALLOCATED, "BitsAllocated")?;
        if ![1, 8, 16, 32, 64].contains(&allocated) {
            return Err(Problem::Value {
                keyword: "BitsAllocated",
                found: allocated.to_string(),
                expected: "1, 8, 16 or 32 (64 for floating point)",
            });
        }
        let stored = whole(object, tags::BITS_STORED, "BitsStored")?.unwrap_or(allocated);
        if stored == 0 || stored > allocated {
            return Err(Problem::Value {
                keyword: "BitsStored",
                found: stored.to_string(),
                expected: "1 to BitsAllocated",
            });
        }
        let high = whole(object, tags::HIGH_BIT, "HighBit")?.unwrap_or(stored - 1);
        if high + 1 < stored || high >= allocated {
            return Err(Problem::Value {
                keyword: "HighBit",
                found: high.to_string(),
                expected: "BitsStored - 1 to BitsAllocated - 1",
            });
        }
        let signed = whole(object, tags::PIXEL_REPRESENTATION, "PixelRepresentation")?.unwrap_or(0) == 1;
        Ok(Self {
            rows,
            columns,
            frames,
            allocated,
            stored,
            high,
            kind: if signed { Stored::Signed } else { Stored::Unsigned },
        })
    }

    /// Pixels of a frame.
    pub fn frame_pixels(&self) -> usize {
        self.rows as usize * self.columns as usize
    }

    /// Least and largest number that can be stored.
    pub fn range(&self) -> (f64, f64) {
        let bits = self.stored.min(63) as i32;
        match self.kind {
            Stored::Unsigned => (0.0, 2f64.powi(bits) - 1.0),
            Stored::Signed => (-2f64.powi(bits - 1), 2f64.powi(bits - 1) - 1.0),
            Stored::Float | Stored::Double => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }
}

/// How stored numbers become values (the Modality LUT module).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Rescale {
    Linear {
        slope: f64,
        intercept: f64,
    },
    /// The first number that is mapped, and the values from there on; what lies outside takes the nearest.
    Table {
        first: i64,
        values: Arc<[u16]>,
    },
}

impl Rescale {
    /// Of an object or of a Pixel Value Transformation item; none when it says nothing.
    pub fn of(object: Dataset<'_>) -> Result<Option<Self>, Problem> {
        if let Some(table) = item(object, tags::MODALITY_LUT_SEQUENCE) {
            let signed = whole(object, tags::PIXEL_REPRESENTATION, "PixelRepresentation")? == Some(1);
            return Self::table(table, signed).map(Some);
        }
        let slope = number(object, tags::RESCALE_SLOPE, "RescaleSlope")?;
        let intercept = number(object, tags::RESCALE_INTERCEPT, "RescaleIntercept")?;
        if slope == Some(0.0) {
            return Err(Problem::Value {
                keyword: "RescaleSlope",
                found: "0".to_owned(),
                expected: "a number other than 0",
            });
        }
        Ok((slope.is_some() || intercept.is_some()).then(|| Self::Linear {
            slope: slope.unwrap_or(1.0),
            intercept: intercept.unwrap_or(0.0),
        }))
    }

    fn table(table: Dataset<'_>, signed: bool) -> Result<Self, Problem> {
        let wrong = |found| Problem::Value {
            keyword: "ModalityLUTSequence",
            found,
            expected: "a descriptor of 3 numbers and as many entries as it says",
        };
        let descriptor = numbers(table, tags::LUT_DESCRIPTOR, "LUTDescriptor")?
            .filter(|d| d.len() == 3)
            .ok_or(Problem::Missing {
                keyword: "LUTDescriptor",
            })?;
        // 16 bits that are never signed, whatever the VR; 0 stands for one more than they hold.
        let count = match (descriptor[0] as i64).rem_euclid(0x10000) {
            0 => 0x10000,
            n => n as usize,
        };
        // In implicit VR the sign of the first number is not written: it is that of the pixels, and 16 bits wide.
        let first = match descriptor[1] as i64 {
            first @ 0x8000..=0xFFFF if signed => first - 0x10000,
            first => first,
        };
        let data = get(table, tags::LUT_DATA)
            .filter(|data| data.items().is_none())
            .ok_or(Problem::Missing { keyword: "LUTData" })?;
        let entry = |number: Number| Some(number.value()? as u16).filter(|n| number.value() == Some(f64::from(*n)));
        let entries = data.numbers().map(entry);
        // Entries of 8 bits that are too few may be halves of entries of 16.
        let halves = data.number_bytes() >= 2 * count && data.numbers().count() < count;
        let values: Arc<[u16]> = match halves || data.is_text() || entries.clone().any(|entry| entry.is_none()) {
            true => halves_joined(&data).take(count).collect(),
            false => entries.flatten().take(count).collect(),
        };
        if values.len() < count {
            return Err(wrong(format!("{} entries instead of {count}", values.len())));
        }
        Ok(Self::Table { first, values })
    }

    /// The value of a stored number.
    pub fn apply(&self, stored: f64) -> f64 {
        match self {
            Self::Linear { slope, intercept } => stored * slope + intercept,
            Self::Table { first, values } => {
                let at = (stored as i64 - first).clamp(0, values.len() as i64 - 1);
                values.get(at as usize).map_or(0.0, |v| f64::from(*v))
            }
        }
    }
}

fn halves_joined(data: &Element<'_>) -> impl Iterator<Item = u16> {
    let mut bytes = data.little_endian();
    std::iter::from_fn(move || Some(u16::from_le_bytes([bytes.next()?, bytes.next()?])))
}

/// The pixels of a file.
pub(crate) struct Frames<'a> {
    file: &'a DicomFile,
    pub format: PixelFormat,
    /// Native pixels, little endian; or the fragments of each frame.
    place: Place<'a>,
}

enum Place<'a> {
    Native(Cow<'a, [u8]>),
    Encapsulated(Vec<Vec<Range<usize>>>),
}

impl<'a> Frames<'a> {
    /// Finds the pixels of a file that was read with [`Wanted::Pixels`](crate::file::Wanted::Pixels).
    pub fn of(file: &'a DicomFile) -> Result<Self, Problem> {
        let mut format = PixelFormat::of(file.object())?;
        let pixels = file.pixels.ok_or(Problem::Missing { keyword: "PixelData" })?;
        let (kind, bits) = match pixels.tag {
            tags::FLOAT_PIXEL_DATA => (Stored::Float, 32),
            tags::DOUBLE_FLOAT_PIXEL_DATA => (Stored::Double, 64),
            _ => (format.kind, format.allocated),
        };
        format.kind = kind;
        if bits != format.allocated || (bits == 64 && kind != Stored::Double) {
            return Err(Problem::Value {
                keyword: "BitsAllocated",
                found: format.allocated.to_string(),
                expected: "32 for FloatPixelData, 64 for DoubleFloatPixelData, at most 32 for PixelData",
            });
        }
        plausible(file, &format)?;
        let place = match pixels.length {
            Some(length) => Place::Native(native(file, &format, pixels.at, length as usize, pixels.vr)?),
            None => Place::Encapsulated(frames_of(file, &format, pixels.at)?),
        };
        Ok(Self { file, format, place })
    }

    /// The bytes of a frame, counted from 0, little endian.
    ///
    /// Of pixels of one bit the whole bytes that hold the frame, and how many bits of the first belong to the frame before.
    pub fn frame(&self, index: usize) -> Result<(Cow<'_, [u8]>, usize), Problem> {
        if index >= self.format.frames as usize {
            return Err(Problem::Value {
                keyword: "NumberOfFrames",
                found: self.format.frames.to_string(),
                expected: "at least as many as are described",
            });
        }
        let pixels = self.format.frame_pixels();
        let bits = pixels as u128 * u128::from(self.format.allocated);
        let (from, to) = (index as u128 * bits, (index as u128 + 1) * bits);
        match &self.place {
            Place::Native(bytes) => {
                let range = (from / 8) as usize..to.div_ceil(8) as usize;
                let found = bytes.len() as u64;
                let frame = bytes.get(range).ok_or(Problem::PixelBytes {
                    found,
                    expected: to.div_ceil(8) as u64,
                })?;
                Ok((Cow::Borrowed(frame), (from % 8) as usize))
            }
            Place::Encapsulated(frames) => {
                let parts = frames.get(index).map_or(&[][..], Vec::as_slice);
                let packed: Cow<'_, [u8]> = match parts {
                    [one] => Cow::Borrowed(&self.file.bytes[one.clone()]),
                    several => several
                        .iter()
                        .flat_map(|r| &self.file.bytes[r.clone()])
                        .copied()
                        .collect::<Vec<u8>>()
                        .into(),
                };
                let decoded = codec::decode(self.file, &self.format, &packed, index)?;
                let expected = bits.div_ceil(8) as u64;
                if (decoded.len() as u64) < expected {
                    return Err(Problem::PixelBytes {
                        found: decoded.len() as u64,
                        expected,
                    });
                }
                Ok((decoded.into(), 0))
            }
        }
    }
}

/// Checks rows, columns and frames against the bytes that are there, before memory is taken for them.
pub(crate) fn plausible(file: &DicomFile, format: &PixelFormat) -> Result<(), Problem> {
    let Some(pixels) = file.pixels else {
        return Ok(());
    };
    let bits = format.frame_pixels() as u128 * u128::from(format.frames) * u128::from(format.allocated);
    let expected = bits.div_ceil(8);
    if let Some(length) = pixels.length {
        if u128::from(length) < expected {
            return Err(Problem::PixelBytes {
                found: length.into(),
                expected: u64::try_from(expected).unwrap_or(u64::MAX),
            });
        }
        let end = pixels.at as u64 + u64::from(length);
        if end > file.length {
            return Err(Problem::Truncated {
                what: "the pixels",
                expected: end,
                found: file.length,
            });
        }
    } else if expected > u128::from(file.length) * MOST_COMPRESSED {
        return Err(Problem::Implausible {
            declared: expected,
            stored: file.length,
        });
    }
    Ok(())
}

/// Bytes of pixels that a byte of a compressed file may stand for: frames of one value are some thousand times smaller.
const MOST_COMPRESSED: u128 = 4096;

/// Native pixels, in little endian.
fn native<'a>(
    file: &'a DicomFile,
    format: &PixelFormat,
    at: usize,
    length: usize,
    vr: VR,
) -> Result<Cow<'a, [u8]>, Problem> {
    let end = at.saturating_add(length);
    let bytes = file.bytes.get(at..end).ok_or(Problem::Truncated {
        what: "the pixels",
        expected: end as u64,
        found: file.bytes.len() as u64,
    })?;
    let word = match (file.encoding.big, format.allocated) {
        (false, _) => return Ok(bytes.into()),
        (true, 8 | 1) if vr != VR::OW => return Ok(bytes.into()),
        (true, bits) => (bits as usize / 8).max(2),
    };
    let mut swapped = bytes.to_vec();
    swapped.chunks_exact_mut(word).for_each(<[u8]>::reverse);
    Ok(swapped.into())
}

/// The fragments of each frame.
fn frames_of(file: &DicomFile, format: &PixelFormat, at: usize) -> Result<Vec<Vec<Range<usize>>>, Problem> {
    let mut parts = fragments(&file.bytes, at)?.into_iter();
    let table = parts.next().unwrap_or(0..0);
    let parts: Vec<_> = parts.collect();
    let frames = format.frames as usize;
    if frames == 1 {
        return Ok(vec![parts]);
    }
    if parts.len() == frames {
        return Ok(parts.into_iter().map(|p| vec![p]).collect());
    }
    let mismatch = || Problem::Value {
        keyword: "NumberOfFrames",
        found: format.frames.to_string(),
        expected: "as many as its offset table or its fragments of pixels",
    };
    let offsets: Vec<u64> = match get(file.object(), tags::EXTENDED_OFFSET_TABLE) {
        Some(extended) => extended
            .value()
            .chunks_exact(8)
            .map(|b| b.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
            .collect(),
        None => file.bytes[table]
            .chunks_exact(4)
            .map(|b| b.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
            .collect(),
    };
    let first = parts.first().ok_or_else(mismatch)?.start as u64 - 8;
    if offsets.len() != frames || offsets.first() != Some(&0) || !offsets.is_sorted() {
        return Err(mismatch());
    }
    let mut of_frames = vec![Vec::new(); frames];
    for part in parts {
        let offset = part.start as u64 - 8 - first;
        let frame = offsets.partition_point(|o| *o <= offset) - 1;
        of_frames[frame].push(part);
    }
    Ok(of_frames)
}

/// Pixels of one bit: sets `inside` where the bit is 1. `skip` bits of the first byte come before.
pub(crate) fn unpack_bits(bytes: &[u8], skip: usize, pixels: usize) -> impl Iterator<Item = bool> + '_ {
    (skip..skip + pixels).map(|bit| bytes.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1))
}

/// Calls `each` with the stored number of every pixel of a frame.
pub(crate) fn each_stored(format: &PixelFormat, bytes: &[u8], skip: usize, mut each: impl FnMut(usize, f64)) {
    let pixels = format.frame_pixels();
    let down = format.high + 1 - format.stored;
    let (unsigned, full) = (format.kind == Stored::Unsigned, format.stored == format.allocated);
    // What lies above the high bit is not part of the number: it is shifted out, and the sign back in.
    let i16s = bytes
        .chunks_exact(2)
        .take(pixels)
        .map(|b| i16::from_le_bytes([b[0], b[1]]));
    let i32s = bytes
        .chunks_exact(4)
        .take(pixels)
        .map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    match (format.kind, format.allocated) {
        (Stored::Float, _) => i32s
            .enumerate()
            .for_each(|(i, v)| each(i, f32::from_bits(v as u32).into())),
        (Stored::Double, _) => bytes.chunks_exact(8).take(pixels).enumerate().for_each(|(i, b)| {
            let bits = b.iter().rev().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
            each(i, f64::from_bits(bits));
        }),
        (_, 1) => unpack_bits(bytes, skip, pixels)
            .enumerate()
            .for_each(|(i, v)| each(i, u8::from(v).into())),
        (_, 8) => {
            let up = 7 - format.high;
            let back = 8 - format.stored;
            debug_assert_eq!(up + down, back);
            for (i, b) in bytes.iter().take(pixels).enumerate() {
                let b = b << up;
                each(
                    i,
                    match unsigned {
                        true => (b >> back).into(),
                        false => (b.cast_signed() >> back).into(),
                    },
                );
            }
        }
        (_, 16) if full && unsigned => i16s.enumerate().for_each(|(i, v)| each(i, v.cast_unsigned().into())),
        (_, 16) if full => i16s.enumerate().for_each(|(i, v)| each(i, v.into())),
        (_, 16) => {
            let (up, back) = (15 - format.high, 16 - format.stored);
            for (i, v) in i16s.enumerate() {
                let v = v << up;
                each(
                    i,
                    match unsigned {
                        true => (v.cast_unsigned() >> back).into(),
                        false => (v >> back).into(),
                    },
                );
            }
        }
        _ => {
            let (up, back) = (31 - format.high, 32 - format.stored);
            for (i, v) in i32s.enumerate() {
                let v = v << up;
                each(
                    i,
                    match unsigned {
                        true => (v.cast_unsigned() >> back).into(),
                        false => (v >> back).into(),
                    },
                );
            }
        }
    }
}

/// The frames' own items, when there are any.
pub(crate) fn per_frame(object: Dataset<'_>) -> Items<'_> {
    items(object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
}
