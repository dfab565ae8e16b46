//! gzip data (RFC 1952): decompressed in steps, or at once.

use crate::error::Problem;
use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::{Crc, DecompressionError, Decompressor};
use std::io::{self, BufRead, Error, ErrorKind, Read};

/// gzip cannot shrink data more than this: a match of 258 bytes costs at least two bits.
pub(crate) const RATIO: u64 = 1032;
/// Bytes behind the volume that are read for the sake of the checksum.
const AFTERWARDS: usize = 16 << 20;
const SCRATCH: usize = 1 << 16;
/// What libdeflate may leave out at the end of a buffer that is too short: a stored block, or a match.
const LEFT_OUT: usize = (1 << 16) + 258;

/// Whether bytes begin as gzip data does.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Decompresses data of one member that fills `bytes` exactly, and whose checksum is right; says whether it was such.
pub(crate) fn whole(gz: &[u8], bytes: &mut [u8]) -> bool {
    let expected = bytes.len();
    Decompressor::new().gzip_decompress(gz, bytes) == Ok(expected)
}

/// The first `wanted` bytes of data whose first member has more than that. `None` when the data is not such, or damaged.
///
/// libdeflate decompresses in order and stops where the buffer ends; the buffer is longer by what it may leave out there.
pub(crate) fn beginning(gz: &[u8], wanted: usize) -> Option<Vec<u8>> {
    let mut bytes = bytemuck::try_zeroed_vec::<u8>(wanted.checked_add(LEFT_OUT)?).ok()?;
    match Decompressor::new().gzip_decompress(gz, &mut bytes) {
        Ok(found) if found < wanted => None,
        Ok(_) | Err(DecompressionError::InsufficientSpace) => {
            bytes.truncate(wanted);
            Some(bytes)
        }
        Err(_) => None,
    }
}

/// The decompressed content of all gzip members of a source, as pigz and bgzip write several. What follows the last
/// member and is no gzip (padding) is ignored, as gzip itself does.
///
/// Reads into large buffers are fast, small ones are not.
pub(crate) struct Members<R> {
    source: R,
    inflate: Decompress,
    state: State,
    /// Checksum of the member so far, when checksums are to be verified.
    checksum: Option<Crc>,
    /// Bytes of the member so far.
    member: u64,
    decoded: u64,
    failure: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Before { first: bool },
    Within,
    Trailer,
    End,
}

impl<R: BufRead> Members<R> {
    /// With `verify`, checksums are compared wherever a member's end is reached.
    pub fn new(source: R, verify: bool) -> Self {
        Self {
            source,
            inflate: Decompress::new(false),
            state: State::Before { first: true },
            checksum: verify.then(Crc::new),
            member: 0,
            decoded: 0,
            failure: None,
        }
    }

    /// Decompresses bytes that are not wanted; gives how many there were.
    pub fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        let mut scratch = vec![0; SCRATCH.min(usize::try_from(bytes).unwrap_or(SCRATCH))];
        let mut stepped = 0;
        while stepped < bytes {
            let n = scratch.len().min(usize::try_from(bytes - stepped).unwrap_or(SCRATCH));
            match self.read(&mut scratch[..n])? {
                0 => break,
                n => stepped += n as u64,
            }
        }
        Ok(stepped)
    }

    /// Names damage as damage; a file that merely ends too early is told by its number of bytes.
    pub fn explain(&self, problem: Problem) -> Problem {
        match (&self.failure, problem) {
            (Some(reason), Problem::Io(_)) => Problem::Gzip {
                reason: reason.clone(),
                decoded: self.decoded,
            },
            (_, problem) => problem,
        }
    }

    /// Reads on to the end of the member that the volume ends in, where its checksum is, so that damage is found. Gives
    /// up without an error after `AFTERWARDS` bytes: the file holds something else behind the volume.
    pub fn finish(&mut self) -> Result<(), Problem> {
        let mut left = AFTERWARDS;
        let mut scratch = [0; 4096];
        while matches!(self.state, State::Within | State::Trailer) {
            match self.advance(&mut scratch) {
                Ok(n) if n < left => left -= n,
                Ok(_) => break,
                Err(e) => {
                    let cut = e.kind() == ErrorKind::UnexpectedEof;
                    return Err(Problem::Gzip {
                        reason: match cut {
                            true => "the file ends within the checksum or before".into(),
                            false => self.failure.clone().unwrap_or_else(|| e.to_string()),
                        },
                        decoded: self.decoded,
                    });
                }
            }
        }
        Ok(())
    }

    /// Decompresses some bytes of the member at hand; 0 when it is at its end.
    fn advance(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.state == State::Within {
            let packed = self.source.fill_buf()?;
            let cut = packed.is_empty();
            let (before, behind) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(packed, bytes, FlushDecompress::None);
            let used = (self.inflate.total_in() - before) as usize;
            let found = (self.inflate.total_out() - behind) as usize;
            self.source.consume(used);
            match status {
                Err(e) => return Err(self.damaged(e.to_string())),
                Ok(Status::StreamEnd) => self.state = State::Trailer,
                Ok(_) => {}
            }
            if found > 0 {
                if let Some(checksum) = &mut self.checksum {
                    checksum.update(&bytes[..found]);
                }
                self.member += found as u64;
                self.decoded += found as u64;
                return Ok(found);
            }
            if self.state == State::Within && cut {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if self.state == State::Within && used == 0 {
                return Err(self.damaged("the decompressor is stuck".into()));
            }
        }
        if self.state == State::Trailer {
            let mut trailer = [0; 8];
            self.source.read_exact(&mut trailer)?;
            let trailer = u64::from_le_bytes(trailer);
            if let Some(checksum) = &self.checksum
                && (u64::from(checksum.sum()) != trailer & 0xffff_ffff || self.member & 0xffff_ffff != trailer >> 32)
            {
                return Err(self.damaged("the checksum is wrong".into()));
            }
            self.state = State::Before { first: false };
        }
        Ok(0)
    }

    /// Reads the header of a member.
    fn begin(&mut self, first: bool) -> io::Result<()> {
        let magic = [self.byte()?, self.byte()?];
        if !is_gzip(&magic) && !first {
            self.state = State::End;
            return Ok(());
        }
        let [method, flags] = [self.byte()?, self.byte()?];
        if !is_gzip(&magic) || method != 8 || flags & 0xe0 != 0 {
            return Err(self.damaged("it has no gzip header".into()));
        }
        // Time, level and system.
        self.pass(6)?;
        if flags & 4 != 0 {
            let length = u16::from_le_bytes([self.byte()?, self.byte()?]);
            self.pass(length)?;
        }
        for text in [8, 16] {
            if flags & text != 0 {
                while self.byte()? != 0 {}
            }
        }
        if flags & 2 != 0 {
            self.pass(2)?;
        }
        self.inflate.reset(false);
        self.checksum = self.checksum.is_some().then(Crc::new);
        self.member = 0;
        self.state = State::Within;
        Ok(())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.source.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    fn pass(&mut self, bytes: u16) -> io::Result<()> {
        for _ in 0..bytes {
            self.byte()?;
        }
        Ok(())
    }

    fn damaged(&mut self, reason: String) -> Error {
        self.state = State::End;
        self.failure = Some(reason.clone());
        Error::new(ErrorKind::InvalidData, reason)
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            let found = match self.state {
                State::End => return Ok(0),
                State::Before { first } => self.begin(first).map(|()| 0),
                State::Within | State::Trailer => self.advance(bytes),
            };
            match found {
                Ok(0) => {}
                // A cut file: what has come so far is told as such.
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                found => return found,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::bufread::GzEncoder;

    /// Bytes of which stretches repeat, and others do not.
    fn data(bytes: usize) -> Vec<u8> {
        let mut state = 7u32;
        let mut all = Vec::new();
        while all.len() < bytes {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (n, at) = ((state >> 20) as usize % 600, state as usize % (all.len() + 1));
            if state >> 31 == 0 {
                all.extend((0..n).map(|i| (state >> (i % 24)) as u8));
            } else {
                all.extend_from_within(at..(at + n).min(all.len()));
            }
        }
        all.truncate(bytes);
        all
    }

    fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut gz = Vec::new();
        GzEncoder::new(bytes, Compression::new(level))
            .read_to_end(&mut gz)
            .unwrap();
        gz
    }

    #[test]
    fn beginnings_of_every_length() {
        let data = data(400_000);
        for level in [0, 1, 6, 9] {
            let gz = gzip(&data, level);
            for wanted in (0..3000).chain((3000..400_000).step_by(1777)).chain([399_999, 400_000]) {
                let found = beginning(&gz, wanted).unwrap();
                assert!(found == data[..wanted], "{wanted} at level {level}");
            }
            assert!(beginning(&gz, 400_001).is_none());
            assert!(beginning(&gz[..gz.len() / 2], 400_000).is_none());
        }
    }

    #[test]
    fn members_with_every_field() {
        let (one, two) = (data(100_000), data(70_000));
        let mut gz = gzip(&one, 6);
        // Extra field, name, comment and checksum of the header.
        gz[3] = 2 | 4 | 8 | 16;
        gz.splice(10..10, [3, 0, 1, 2, 3].into_iter().chain(*b"name\0comment\0hc"));
        gz.extend(gzip(&two, 1));
        let both = [one, two].concat();
        for behind in [&b""[..], b"\0\0\0", b"\x1f", b"rubbish"] {
            let file = [&gz, behind].concat();
            let mut members = Members::new(&file[..], true);
            let mut found = Vec::new();
            members.read_to_end(&mut found).unwrap();
            assert!(found == both);
            members.finish().unwrap();
        }
        let mut members = Members::new(&gz[..], true);
        assert_eq!(members.skip(120_000).unwrap(), 120_000);
        let mut some = vec![0; 10];
        members.read_exact(&mut some).unwrap();
        assert_eq!(some, both[120_000..120_010]);
        members.finish().unwrap();
        // Damage of the first member's checksum, of its length, and a cut.
        let at = gz.len() - gzip(&data(70_000), 1).len();
        for (byte, verify) in [(at - 8, true), (at - 1, true), (at - 8, false)] {
            let mut damaged = gz.clone();
            damaged[byte] ^= 4;
            let found = Members::new(&damaged[..], verify).read_to_end(&mut Vec::new());
            assert_eq!(found.is_ok(), !verify);
        }
        let mut found = Vec::new();
        Members::new(&gz[..at / 2], true).read_to_end(&mut found).unwrap();
        assert!(found == both[..found.len()] && found.len() < 100_000);
        let mut members = Members::new(&gz[..at - 3], true);
        members.skip(100_000).unwrap();
        assert!(members.finish().is_err());
    }
}
