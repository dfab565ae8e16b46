//! RLE Lossless (PS3.5 annex G): PackBits, the bytes of each significance apart.

/// The bytes of a frame, little endian, of `pixels` pixels of `width` bytes each.
pub(crate) fn decode(packed: &[u8], pixels: usize, width: usize) -> Result<Vec<u8>, &'static str> {
    let number = |i: usize| {
        let four = packed.get(4 * i..4 * i + 4)?.first_chunk()?;
        Some(u32::from_le_bytes(*four) as usize)
    };
    if number(0) != Some(width) {
        return Err("it has another number of segments than a pixel has bytes");
    }
    let mut frame = vec![0; pixels * width];
    for segment in 0..width {
        let from = number(segment + 1).unwrap_or(0);
        let to = match segment + 1 == width {
            true => packed.len(),
            false => number(segment + 2).unwrap_or(0),
        };
        let bytes = match from >= 64 {
            true => packed.get(from..to),
            false => None,
        };
        let bytes = bytes.ok_or("its segments do not lie one behind another")?;
        // The most significant bytes come first.
        let places = frame.iter_mut().skip(width - 1 - segment).step_by(width);
        unpack(bytes, places)?;
    }
    Ok(frame)
}

/// Fills all places; what is left over is padding.
fn unpack<'a>(mut packed: &[u8], mut places: impl ExactSizeIterator<Item = &'a mut u8>) -> Result<(), &'static str> {
    const SHORT: &str = "a segment ends before the frame is full";
    while places.len() > 0 {
        let (&count, rest) = packed.split_first().ok_or(SHORT)?;
        packed = rest;
        match count.cast_signed() {
            -128 => {}
            literal @ 0.. => {
                let literal = (literal as usize + 1).min(places.len());
                let (bytes, rest) = packed.split_at_checked(literal).ok_or(SHORT)?;
                packed = rest;
                places.by_ref().zip(bytes).for_each(|(place, byte)| *place = *byte);
            }
            run => {
                let (&byte, rest) = packed.split_first().ok_or(SHORT)?;
                packed = rest;
                let run = 1 + usize::from(run.unsigned_abs());
                places.by_ref().take(run).for_each(|place| *place = byte);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header and its segments.
    fn packed(segments: &[&[u8]]) -> Vec<u8> {
        let mut header = [0; 64];
        header[0] = segments.len() as u8;
        let mut at = 64;
        for (i, segment) in segments.iter().enumerate() {
            header[4 * i + 4] = at;
            at += segment.len() as u8;
        }
        [&header[..], &segments.concat()].concat()
    }

    #[test]
    fn runs_and_literals_are_unpacked() {
        // The example of Apple's technical note 1023, from which PackBits is known.
        let example = [
            0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA,
        ];
        let unpacked = [
            0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22, 0xAA, 0xAA, 0xAA, 0xAA,
            0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
        ];
        assert_eq!(decode(&packed(&[&example]), 24, 1).unwrap(), unpacked);
        let two = decode(&packed(&[&[0xFF, 0x12], &[1, 0x34, 0x56]]), 2, 2).unwrap();
        assert_eq!(two, [0x34, 0x12, 0x56, 0x12]);
    }

    #[test]
    fn what_does_not_fill_the_frame_is_an_error() {
        assert!(decode(&packed(&[&[0xFF, 0x12]]), 3, 1).is_err());
        assert!(decode(&packed(&[&[5, 1, 2]]), 6, 1).is_err());
        assert!(decode(&packed(&[&[0xFF, 0x12]]), 2, 2).is_err());
        assert!(decode(&[], 2, 1).is_err());
        let mut backwards = packed(&[&[0xFF, 1], &[0xFF, 2]]);
        backwards[8] = 10;
        assert!(decode(&backwards, 2, 2).is_err());
    }
}
