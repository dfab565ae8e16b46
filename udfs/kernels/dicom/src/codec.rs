//! Decompression of a frame: the codecs of dicom-rs, and one for JPEG-LS.

use crate::error::Problem;
use crate::file::DicomFile;
use crate::pixels::PixelFormat;
use dicom_dictionary_std::uids;
use dicom_encoding::TransferSyntaxIndex;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::transfer_syntax::Codec;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use flate2::read::DeflateDecoder;
use std::borrow::Cow;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Each frame deflated by itself, which segmentations use.
const DEFLATED_FRAMES: &str = "1.2.840.10008.1.2.8.1";

/// JPEG-LS, lossless and near-lossless.
const JPEG_LS: [&str; 2] = [uids::JPEGLS_LOSSLESS, uids::JPEGLS_NEAR_LOSSLESS];

/// One frame, as the codecs ask for it.
struct OneFrame<'a> {
    uid: &'a str,
    format: &'a PixelFormat,
    packed: &'a [u8],
}

impl PixelDataObject for OneFrame<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        self.uid
    }
    fn rows(&self) -> Option<u16> {
        self.format.rows.try_into().ok()
    }
    fn cols(&self) -> Option<u16> {
        self.format.columns.try_into().ok()
    }
    fn samples_per_pixel(&self) -> Option<u16> {
        Some(1)
    }
    fn bits_allocated(&self) -> Option<u16> {
        self.format.allocated.try_into().ok()
    }
    fn bits_stored(&self) -> Option<u16> {
        self.format.stored.try_into().ok()
    }
    fn photometric_interpretation(&self) -> Option<&str> {
        Some("MONOCHROME2")
    }
    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }
    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }
    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(self.packed))
    }
    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        None
    }
    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        Some(RawPixelData {
            fragments: [self.packed.to_vec()].into_iter().collect(),
            offset_table: Default::default(),
        })
    }
}

/// The bytes of a frame, little endian.
pub(crate) fn decode(file: &DicomFile, format: &PixelFormat, packed: &[u8], frame: usize) -> Result<Vec<u8>, Problem> {
    let uid = &file.transfer_syntax;
    let damaged = |reason: String| Problem::Codec {
        frame: frame + 1,
        uid: uid.clone(),
        reason,
    };
    let unsupported = || Problem::TransferSyntax {
        uid: uid.clone(),
        name: file.syntax_name(),
    };
    let expected = (format.frame_pixels() as u64 * u64::from(format.allocated)).div_ceil(8);
    if uid == DEFLATED_FRAMES {
        let mut data = Vec::new();
        DeflateDecoder::new(packed)
            .take(expected)
            .read_to_end(&mut data)
            .map_err(|e| damaged(e.to_string()))?;
        return Ok(data);
    }
    // The codecs take memory for what the frame's own header says.
    if let Some((columns, rows)) = own_size(packed)
        && (columns, rows) != (format.columns, format.rows)
    {
        return Err(damaged(format!(
            "it has {columns} columns and {rows} rows instead of {} and {}",
            format.columns, format.rows
        )));
    }
    if JPEG_LS.contains(&uid.as_str()) {
        return match catch_unwind(|| jpegls::decode(packed, format.columns, format.rows)) {
            Ok(Ok((pixels, ..))) => Ok(match format.allocated {
                8 => pixels.iter().map(|p| *p as u8).collect(),
                _ => pixels.iter().flat_map(|p| p.to_le_bytes()).collect(),
            }),
            Ok(Err(e)) => Err(damaged(e.to_string())),
            Err(_) => Err(damaged("it is not JPEG-LS of one component".to_owned())),
        };
    }
    let syntax = TransferSyntaxRegistry.get(uid).ok_or_else(unsupported)?;
    let Codec::EncapsulatedPixelData(Some(reader), _) = syntax.codec() else {
        return Err(unsupported());
    };
    let one = OneFrame { uid, format, packed };
    let mut data = Vec::new();
    // The codecs index what they decoded by what the header said; a frame of another size makes them panic.
    match catch_unwind(AssertUnwindSafe(|| reader.decode_frame(&one, 0, &mut data))) {
        Ok(Ok(())) => Ok(data),
        Ok(Err(e)) => Err(damaged(e.to_string())),
        Err(_) => Err(damaged("it is not what its header describes".to_owned())),
    }
}

/// Columns and rows that a JPEG, JPEG-LS or JPEG 2000 codestream says it has; none for other data.
fn own_size(packed: &[u8]) -> Option<(u32, u32)> {
    let u16 = |at: usize| Some(u32::from(u16::from_be_bytes([*packed.get(at)?, *packed.get(at + 1)?])));
    let u32 = |at: usize| Some(u16(at)? << 16 | u16(at + 2)?);
    match packed.get(..4)? {
        // JPEG 2000: SOC, SIZ; the image is what lies beyond the offset.
        [0xFF, 0x4F, 0xFF, 0x51] => Some((u32(8)?.saturating_sub(u32(16)?), u32(12)?.saturating_sub(u32(20)?))),
        // JPEG and JPEG-LS: segments up to the one of the frame.
        [0xFF, 0xD8, ..] => {
            let mut at = 2;
            loop {
                let marker = u16(at)?;
                match marker {
                    0xFFC4 | 0xFFC8 | 0xFFCC => {}
                    0xFFC0..=0xFFCF | 0xFFF7 => return Some((u16(at + 7)?, u16(at + 5)?)),
                    0xFFFF => {
                        at += 1;
                        continue;
                    }
                    _ => {}
                }
                at += 2 + u16(at + 2)? as usize;
            }
        }
        _ => None,
    }
}
