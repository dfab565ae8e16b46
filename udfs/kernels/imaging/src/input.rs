//! A file or another source of bytes: buffered, with a look ahead and a step over what is not wanted.

use std::fs::File;
use std::io::{self, BufRead, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes that are read ahead.
const BUFFER: usize = 1 << 16;

/// Buffered bytes of a file or a reader.
pub(crate) struct Input<'a> {
    origin: Origin<'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes behind the buffer, of a regular file.
    behind: Option<u64>,
}

enum Origin<'a> {
    File(File),
    Reader(Box<dyn Read + 'a>),
}

impl Input<'static> {
    /// The bytes of a file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        let bytes = about.is_file().then_some(about.len());
        Ok(Self::new(Origin::File(file), bytes))
    }
}

impl<'a> Input<'a> {
    /// The bytes of a reader; how many they are is not known.
    pub fn from_reader(reader: impl Read + 'a) -> Self {
        Self::new(Origin::Reader(Box::new(reader)), None)
    }

    fn new(origin: Origin<'a>, behind: Option<u64>) -> Self {
        Self {
            origin,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            behind,
        }
    }

    /// Bytes that are left, where it is known: in a regular file.
    pub fn left(&self) -> Option<u64> {
        Some(self.behind?.saturating_add((self.end - self.start) as u64))
    }

    /// The next `wanted` bytes, or all that are left, which stay to be read.
    pub fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted {
            let free = &mut self.buffer[self.end..];
            match pull(&mut self.origin, &mut self.behind, free)? {
                0 => break,
                n => self.end += n,
            }
        }
        Ok(&self.buffer[..self.end.min(wanted)])
    }

    /// Steps over bytes; gives how many there were, at most `bytes`.
    pub fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        let buffered = ((self.end - self.start) as u64).min(bytes);
        self.start += buffered as usize;
        let mut stepped = buffered;
        if let (Origin::File(file), Some(behind)) = (&mut self.origin, &mut self.behind) {
            let far = (bytes - stepped).min(*behind).min(i64::MAX as u64);
            if far > 0 {
                file.seek(SeekFrom::Current(far as i64))?;
                *behind -= far;
            }
            return Ok(stepped + far);
        }
        while stepped < bytes {
            let n = (self.fill_buf()?.len() as u64).min(bytes - stepped);
            if n == 0 {
                break;
            }
            self.consume(n as usize);
            stepped += n;
        }
        Ok(stepped)
    }
}

/// One read, begun again when it is interrupted.
fn pull(origin: &mut Origin<'_>, behind: &mut Option<u64>, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        let found = match origin {
            Origin::File(file) => file.read(bytes),
            Origin::Reader(reader) => reader.read(bytes),
        };
        match found {
            Ok(n) => {
                *behind = behind.map(|b| b.saturating_sub(n as u64));
                return Ok(n);
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.end = pull(&mut self.origin, &mut self.behind, &mut self.buffer)?;
            self.start = 0;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }
}

impl Read for Input<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end && bytes.len() >= BUFFER {
            return pull(&mut self.origin, &mut self.behind, bytes);
        }
        let found = self.fill_buf()?;
        let n = found.len().min(bytes.len());
        bytes[..n].copy_from_slice(&found[..n]);
        self.consume(n);
        Ok(n)
    }
}

/// Reads until `bytes` is full or the source ends; gives the number of bytes read.
pub(crate) fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut at = 0;
    while at < bytes.len() {
        match reader.read(&mut bytes[at..]) {
            Ok(0) => break,
            Ok(n) => at += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Drops(Vec<u8>);

    impl Read for Drops {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            let n = bytes.len().min(self.0.len()).min(7);
            bytes[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    #[test]
    fn looks_and_steps() {
        let bytes: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        for mut input in [
            Input::open(file.path()).unwrap(),
            Input::from_reader(Drops(bytes.clone())),
        ] {
            let length = input.left();
            assert_eq!(input.peek(100_000).unwrap(), &bytes[..100_000]);
            assert_eq!(input.left(), length);
            let mut some = [0; 10];
            assert_eq!(fill(&mut input, &mut some).unwrap(), 10);
            assert_eq!(some, bytes[..10]);
            assert_eq!(input.skip(150_000).unwrap(), 150_000);
            assert_eq!(input.peek(3).unwrap(), &bytes[150_010..150_013]);
            assert_eq!(input.left(), length.map(|n| n - 150_010));
            let mut rest = Vec::new();
            input.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, &bytes[150_010..]);
            assert_eq!(input.skip(1).unwrap(), 0);
        }
    }
}
