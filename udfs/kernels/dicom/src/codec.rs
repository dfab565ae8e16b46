//! Decompression of a frame. What a frame says of itself is checked before a decoder sees it.

use crate::codestream::Codestream;
use crate::error::Problem;
use crate::file::DicomFile;
use crate::pixels::PixelFormat;
use crate::rle;
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

/// Lossy JPEG, baseline and extended; lossless JPEG, of any and of the first selection value.
const JPEG: &[&str] = &[
    uids::JPEG_BASELINE8_BIT,
    uids::JPEG_EXTENDED12_BIT,
    uids::JPEG_LOSSLESS,
    uids::JPEG_LOSSLESS_SV1,
];
/// JPEG-LS, lossless and near-lossless.
const JPEG_LS: &[&str] = &[uids::JPEGLS_LOSSLESS, uids::JPEGLS_NEAR_LOSSLESS];
/// JPEG 2000 and high-throughput JPEG 2000, lossless and lossy.
const JPEG_2000: &[&str] = &[
    uids::JPEG2000_LOSSLESS,
    uids::JPEG2000,
    uids::HTJ2K_LOSSLESS,
    uids::HTJ2K_LOSSLESS_RPCL,
    uids::HTJ2K,
];

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
    if uid == uids::RLE_LOSSLESS {
        let bits = format.allocated.max(8) as usize;
        let pixels = (expected * 8) as usize / bits;
        return rle::decode(packed, pixels, bits / 8).map_err(|reason| damaged(reason.to_owned()));
    }
    let syntax = TransferSyntaxRegistry.get(uid).ok_or_else(unsupported)?;
    let coded = [JPEG, JPEG_LS, JPEG_2000].concat().contains(&uid.as_str());
    if coded {
        // The decoders take memory for what the frame's own header says.
        let about = Codestream::of(packed)
            .ok_or_else(|| damaged("it does not begin as its transfer syntax asks".to_owned()))?;
        about.refuse(format, packed.len()).map_err(damaged)?;
        if JPEG.contains(&uid.as_str()) && about.cosine && about.precision != 8 {
            return Err(damaged(format!(
                "lossy JPEG of {} bits is not supported",
                about.precision
            )));
        }
    }
    if JPEG.contains(&uid.as_str()) {
        return jpeg(packed, format.allocated).map_err(damaged);
    }
    if JPEG_LS.contains(&uid.as_str()) {
        return match catch_unwind(|| jpegls::decode(packed, format.columns, format.rows)) {
            Ok(Ok((pixels, ..))) => Ok(narrowed(pixels.into_iter(), format.allocated)),
            Ok(Err(e)) => Err(damaged(e.to_string())),
            Err(_) => Err(damaged("it is not JPEG-LS of one component".to_owned())),
        };
    }
    let Codec::EncapsulatedPixelData(Some(reader), _) = syntax.codec() else {
        return Err(unsupported());
    };
    let one = OneFrame { uid, format, packed };
    let mut data = Vec::new();
    // The decoders are not ours: should one panic on odd data, the frame is at fault and nothing else.
    match catch_unwind(AssertUnwindSafe(|| reader.decode_frame(&one, 0, &mut data))) {
        Ok(Ok(())) => Ok(data),
        Ok(Err(e)) => Err(damaged(e.to_string())),
        Err(_) => Err(damaged("it is not what its header describes".to_owned())),
    }
}

/// JPEG by cosine transform with 8 bits, and lossless JPEG.
fn jpeg(packed: &[u8], allocated: u32) -> Result<Vec<u8>, String> {
    let decode = || {
        let mut decoder = jpeg_decoder::Decoder::new(packed);
        let pixels = decoder.decode()?;
        Ok::<_, jpeg_decoder::Error>((pixels, decoder.info().map(|i| i.pixel_format)))
    };
    match catch_unwind(decode) {
        // Pixels of 8 bits and less may stand in a file with 16.
        Ok(Ok((pixels, Some(jpeg_decoder::PixelFormat::L8)))) => {
            Ok(narrowed(pixels.into_iter().map(u16::from), allocated))
        }
        Ok(Ok((pixels, Some(jpeg_decoder::PixelFormat::L16)))) => {
            let wide = pixels.chunks_exact(2).map(|two| u16::from_ne_bytes([two[0], two[1]]));
            Ok(narrowed(wide, allocated))
        }
        Ok(Ok(_)) => Err("it has several components".to_owned()),
        Ok(Err(e)) => Err(e.to_string()),
        Err(_) => Err("it is not what its header describes".to_owned()),
    }
}

/// Pixels in as many bytes as the file has for each, little endian.
fn narrowed(pixels: impl Iterator<Item = u16>, allocated: u32) -> Vec<u8> {
    match allocated {
        8 => pixels.map(|p| p as u8).collect(),
        16 => pixels.flat_map(u16::to_le_bytes).collect(),
        _ => pixels.flat_map(|p| u32::from(p).to_le_bytes()).collect(),
    }
}
