//! The voxels of a file one after the other, never all of them in memory.

use crate::error::Problem;
use crate::gzip::Members;
use crate::input::{Input, fill};
use crate::payload::{Payload, STEP, check_size, skip_packed, skip_plain, truncated};
use crate::sample::{Layout, Sample};

/// A payload from its first voxel on.
pub(crate) struct Stream<'a, 'l> {
    source: Source<'a>,
    layout: &'l Layout,
    /// Bytes of voxels so far.
    at: u64,
}

enum Source<'a> {
    Plain(Input<'a>),
    // Much larger than the other.
    Gzip(Box<Members<Input<'a>>>),
}

impl<'a, 'l> Stream<'a, 'l> {
    /// Steps to the first voxel. With `verify`, gzip checksums are compared where they are met.
    pub fn open(payload: Payload<'a>, layout: &'l Layout, verify: bool) -> Result<Self, Problem> {
        let source = match payload {
            Payload::Plain(mut input) => {
                if let Some(stored) = input.left() {
                    check_size(layout, stored, false)?;
                }
                skip_plain(&mut input, layout.skip)?;
                Source::Plain(input)
            }
            Payload::Gzip(input) => {
                if let Some(stored) = input.left() {
                    check_size(layout, stored, true)?;
                }
                let mut members = Box::new(Members::new(input, verify));
                skip_packed(&mut members, layout.skip, layout)?;
                Source::Gzip(members)
            }
        };
        Ok(Self { source, layout, at: 0 })
    }

    /// Steps over bytes.
    pub fn skip(&mut self, bytes: u64) -> Result<(), Problem> {
        let found = match &mut self.source {
            Source::Plain(input) => input.skip(bytes)?,
            Source::Gzip(members) => members.skip(bytes).map_err(|e| members.explain(e.into()))?,
        };
        self.moved(bytes, found)
    }

    /// Reads numbers in the file's byte order.
    pub fn fill<T: Sample>(&mut self, numbers: &mut [T]) -> Result<(), Problem> {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(numbers);
        let found = match &mut self.source {
            Source::Plain(input) => fill(input, bytes)?,
            Source::Gzip(members) => fill(members, bytes).map_err(|e| members.explain(e.into()))?,
        };
        self.moved(bytes.len() as u64, found as u64)
    }

    fn moved(&mut self, expected: u64, found: u64) -> Result<(), Problem> {
        self.at += found;
        if found < expected {
            return Err(truncated(self.layout, self.at));
        }
        Ok(())
    }

    /// Hands over the next `count` numbers, some at a time and always whole units of `unit` numbers, of which `count` is a
    /// multiple. They pass through `buffer`, which may be empty at first.
    pub fn in_steps<T: Sample>(
        &mut self,
        buffer: &mut Vec<T>,
        count: usize,
        unit: usize,
        mut take: impl FnMut(&mut [T]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let most = (STEP / size_of::<T>() / unit).max(1) * unit;
        if buffer.len() < most.min(count) {
            buffer.resize(most.min(count), T::zeroed());
        }
        let mut left = count;
        while left > 0 {
            let n = left.min(most);
            self.fill(&mut buffer[..n])?;
            take(&mut buffer[..n])?;
            left -= n;
        }
        Ok(())
    }

    /// After the last voxel: reads on to the checksum of compressed data, so that damage is found.
    pub fn finish(self) -> Result<(), Problem> {
        match self.source {
            Source::Plain(_) => Ok(()),
            Source::Gzip(mut members) => members.finish(),
        }
    }
}
