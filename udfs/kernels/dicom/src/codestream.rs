//! What a compressed frame says about itself, before a decoder takes memory for it.

use crate::pixels::PixelFormat;

/// The size that a JPEG, JPEG-LS or JPEG 2000 codestream says it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Codestream {
    pub columns: u32,
    pub rows: u32,
    pub components: u32,
    /// Bits of a sample.
    pub precision: u32,
    /// JPEG by cosine transform, not predicted from neighbours.
    pub cosine: bool,
    /// Tiles of JPEG 2000; 1 for others.
    tiles: u64,
}

impl Codestream {
    /// Reads the header; none for other data, or when it is cut.
    pub fn of(packed: &[u8]) -> Option<Self> {
        match packed.get(..4)? {
            [0xFF, 0x4F, 0xFF, 0x51] => Self::of_jpeg_2000(packed),
            // A JP2 file around the codestream, against the standard but seen.
            [0, 0, 0, 0x0C] => {
                let start = packed.windows(4).position(|four| four == [0xFF, 0x4F, 0xFF, 0x51])?;
                Self::of_jpeg_2000(&packed[start..])
            }
            [0xFF, 0xD8, ..] => Self::of_jpeg(packed),
            _ => None,
        }
    }

    /// SOC, SIZ; the image is what lies beyond the offset.
    fn of_jpeg_2000(packed: &[u8]) -> Option<Self> {
        let size = |at: usize| u32_at(packed, at);
        let (right, bottom) = (size(8)?, size(12)?);
        let tiles = |whole: u32, first: u32, one: u32| Some(u64::from(whole.checked_sub(first)?.div_ceil(one.max(1))));
        let precision = packed.get(42)?;
        // One component that is not sampled more coarsely than the image.
        let components = match packed.get(43..45)? {
            [1, 1] => u16_at(packed, 40)?,
            _ => return None,
        };
        Some(Self {
            columns: right.checked_sub(size(16)?)?,
            rows: bottom.checked_sub(size(20)?)?,
            components,
            precision: u32::from(precision & 0x7F) + 1,
            cosine: false,
            tiles: tiles(right, size(32)?, size(24)?)?.checked_mul(tiles(bottom, size(36)?, size(28)?)?)?,
        })
    }

    /// Segments up to the one of the frame.
    fn of_jpeg(packed: &[u8]) -> Option<Self> {
        let mut at = 2;
        loop {
            let marker = u16_at(packed, at)?;
            match marker {
                0xFFC4 | 0xFFC8 | 0xFFCC => {}
                0xFFC0..=0xFFCF | 0xFFF7 => {
                    return Some(Self {
                        columns: u16_at(packed, at + 7)?,
                        rows: u16_at(packed, at + 5)?,
                        components: (*packed.get(at + 9)?).into(),
                        precision: (*packed.get(at + 4)?).into(),
                        cosine: !matches!(marker, 0xFFC3 | 0xFFC7 | 0xFFCB | 0xFFCF | 0xFFF7),
                        tiles: 1,
                    });
                }
                0xFFFF => {
                    at += 1;
                    continue;
                }
                _ => {}
            }
            at += 2 + u16_at(packed, at + 2)? as usize;
        }
    }

    /// Why it cannot be a frame of a file, if so.
    pub fn refuse(&self, format: &PixelFormat, bytes: usize) -> Result<(), String> {
        if (self.columns, self.rows) != (format.columns, format.rows) {
            return Err(format!(
                "it has {} columns and {} rows instead of {} and {}",
                self.columns, self.rows, format.columns, format.rows
            ));
        }
        if self.components != 1 {
            return Err(format!("it has {} components instead of 1", self.components));
        }
        if self.precision > format.allocated {
            return Err(format!(
                "it has {} bits a pixel, more than the {} of BitsAllocated",
                self.precision, format.allocated
            ));
        }
        // The header of a tile and the mark where its data begin take 14 bytes.
        if self.tiles > bytes as u64 / 14 {
            return Err(format!(
                "it declares {} tiles, which {bytes} bytes cannot hold",
                self.tiles
            ));
        }
        Ok(())
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u32> {
    let two = bytes.get(at..at.checked_add(2)?)?.first_chunk()?;
    Some(u16::from_be_bytes(*two).into())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?.first_chunk()?;
    Some(u32::from_be_bytes(*four))
}
