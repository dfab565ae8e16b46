//! The voxels of a box, and the range of all of them, without the rest ever being in memory together.

use crate::Limits;
use crate::error::Problem;
use crate::gzip;
use crate::header::Scaling;
use crate::input::Input;
use crate::payload::{Payload, check_size, no_memory, read_all, read_voxels};
use crate::sample::{Layout, Sample, with_type};
use crate::stream::Stream;
use ndarray::Array3;
use radsql_volume::{Bounds, Range, VolumeError, Voxels};
use std::io::Cursor;

/// Compressed data is decompressed at once, by libdeflate, when it and what is wanted of it take no more bytes than this;
/// larger data in steps, which takes a little more time and next to no memory.
const SMALL: u64 = 32 << 20;

/// Reads the voxels of a box. Reading ends behind the last of them; a checksum is verified only when that is in the last
/// slice.
pub(crate) fn read_part(payload: Payload<'_>, layout: &Layout, bounds: &Bounds) -> Result<Voxels, Problem> {
    with_type!(layout.voxel_type, T => Ok(part::<T>(payload, layout, bounds)?.into()))
}

/// Reads the voxels of a box, and the range of all voxels after `scaling`.
pub(crate) fn read_part_and_range(
    payload: Payload<'_>,
    layout: &Layout,
    bounds: &Bounds,
    scaling: Option<Scaling>,
    limits: &Limits,
) -> Result<(Voxels, Range), Problem> {
    with_type!(layout.voxel_type, T => {
        let (part, extremes) = part_and_extremes::<T>(payload, layout, bounds, limits)?;
        Ok((part.into(), extremes.range(scaling)))
    })
}

fn part<T: Sample>(payload: Payload<'_>, layout: &Layout, bounds: &Bounds) -> Result<Array3<T>, Problem> {
    let mut cut = Cut::<T>::new(layout, bounds)?;
    let mut buffer = Vec::new();
    match payload {
        Payload::Plain(_) => {
            let mut stream = Stream::open(payload, layout, false)?;
            for slice in 0..cut.slices {
                let (start, end) = cut.span(slice);
                stream.skip(((start - cut.at) * size_of::<T>()) as u64)?;
                cut.at = start;
                stream.in_steps(&mut buffer, end - start, 1, |step| {
                    cut.take(step);
                    Ok(())
                })?;
            }
        }
        Payload::Gzip(input) => {
            let to_end = bounds.upper()[2] == layout.size[2];
            let count = if to_end {
                layout.size.iter().product()
            } else {
                cut.span(cut.slices - 1).1
            };
            let payload = match at_once(input, layout, (count * size_of::<T>()) as u64, to_end)? {
                AtOnce::Bytes(bytes) => {
                    // The header is left out.
                    let header = bytes.len() - count * size_of::<T>();
                    cut.take_bytes(&bytes[header..]);
                    return cut.finish(layout);
                }
                AtOnce::Not(payload) => payload,
            };
            let mut stream = Stream::open(payload, layout, to_end)?;
            stream.in_steps(&mut buffer, count, 1, |step| {
                cut.take(step);
                Ok(())
            })?;
            if to_end {
                stream.finish()?;
            }
        }
    }
    cut.finish(layout)
}

/// What became of an attempt to decompress at once.
enum AtOnce<'a> {
    /// What is before the voxels, and those that are wanted.
    Bytes(Vec<u8>),
    /// Too large for that, or damaged, or of several members: nothing is lost.
    Not(Payload<'a>),
}

/// Decompresses small data at once; `to_end` when the voxels wanted are all of them.
fn at_once<'a>(input: Input<'a>, layout: &Layout, wanted: u64, to_end: bool) -> Result<AtOnce<'a>, Problem> {
    let Some(stored) = input.left() else {
        return Ok(AtOnce::Not(Payload::Gzip(input)));
    };
    check_size(layout, stored, true)?;
    let needed = layout.skip.saturating_add(wanted);
    if stored.saturating_add(needed) > SMALL {
        return Ok(AtOnce::Not(Payload::Gzip(input)));
    }
    let gz = read_all(input, &Limits::default())?;
    // Both are below `SMALL`.
    let needed = needed as usize;
    let bytes = if to_end {
        let mut bytes = vec![0; needed];
        gzip::whole(&gz, &mut bytes).then_some(bytes)
    } else {
        gzip::beginning(&gz, needed)
    };
    Ok(match bytes {
        Some(bytes) => AtOnce::Bytes(bytes),
        None => AtOnce::Not(Payload::Gzip(Input::from_reader(Cursor::new(gz)))),
    })
}

fn part_and_extremes<T: Sample>(
    payload: Payload<'_>,
    layout: &Layout,
    bounds: &Bounds,
    limits: &Limits,
) -> Result<(Array3<T>, Extremes<T>), Problem> {
    let mut cut = Cut::<T>::new(layout, bounds)?;
    let mut extremes = Extremes::new();
    let whole = layout.bytes();
    if let Payload::Gzip(input) = &payload
        && let Some(stored) = input.left()
        && whole + u128::from(stored) <= u128::from(SMALL)
        && whole <= u128::from(limits.voxel_bytes)
    {
        let voxels = read_voxels(payload, layout, limits)?;
        let all = T::array(&voxels).unwrap_or_default();
        extremes.add(all);
        // Already in this machine's byte order.
        cut.take(all);
        return Ok((cut.into_array(layout)?, extremes));
    }
    let mut stream = Stream::open(payload, layout, true)?;
    let foreign = layout.is_foreign();
    stream.in_steps(&mut Vec::new(), layout.size.iter().product(), 1, |step: &mut [T]| {
        if foreign {
            step.iter_mut().for_each(|v| *v = v.swapped());
        }
        extremes.add(step);
        cut.take(step);
        Ok(())
    })?;
    stream.finish()?;
    Ok((cut.into_array(layout)?, extremes))
}

/// Picks the voxels of a box out of a volume that passes by.
struct Cut<T> {
    voxels: Vec<T>,
    /// Voxels that have passed.
    at: usize,
    /// Runs of voxels that follow each other in the volume and in the box: rows, or whole slices of rows.
    run: usize,
    runs_per_slice: usize,
    /// Numbers of voxels from one run to the next, and from one slice to the next.
    row: usize,
    slice: usize,
    slices: usize,
    /// The first voxel of the box.
    first: usize,
    shape: (usize, usize, usize),
    /// Voxels that have been taken.
    taken: usize,
}

impl<T: Sample> Cut<T> {
    /// The box lies in the volume.
    fn new(layout: &Layout, bounds: &Bounds) -> Result<Self, Problem> {
        let ([nx, ny, _], [bx, by, bz]) = (layout.size, bounds.size);
        let [x, y, z] = bounds.lower;
        let whole_rows = bx == nx;
        Ok(Self {
            voxels: bytemuck::try_zeroed_vec(bounds.voxels())
                .map_err(|_| no_memory(bounds.voxels() as u128 * size_of::<T>() as u128))?,
            at: 0,
            run: if whole_rows { bx * by } else { bx },
            runs_per_slice: if whole_rows { 1 } else { by },
            row: nx,
            slice: nx * ny,
            slices: bz,
            first: (z * ny + y) * nx + x,
            shape: (bz, by, bx),
            taken: 0,
        })
    }

    /// The voxel that a run begins with.
    fn start(&self, run: usize) -> usize {
        self.first + run / self.runs_per_slice * self.slice + run % self.runs_per_slice * self.row
    }

    /// The first voxel that is wanted of a slice, and the one behind the last.
    fn span(&self, slice: usize) -> (usize, usize) {
        let last = (slice + 1) * self.runs_per_slice - 1;
        (self.start(slice * self.runs_per_slice), self.start(last) + self.run)
    }

    /// Lets voxels pass.
    fn take(&mut self, step: &[T]) {
        self.take_bytes(bytemuck::cast_slice(step));
    }

    /// As [`take`](Self::take), of whole voxels as bytes.
    fn take_bytes(&mut self, step: &[u8]) {
        let width = size_of::<T>();
        let (from, to) = (self.at, self.at + step.len() / width);
        self.at = to;
        while self.taken < self.voxels.len() {
            let (run, done) = (self.taken / self.run, self.taken % self.run);
            let start = self.start(run) + done;
            if start >= to {
                break;
            }
            let n = (self.run - done).min(to - start);
            let voxels: &mut [u8] = bytemuck::cast_slice_mut(&mut self.voxels);
            voxels[self.taken * width..(self.taken + n) * width]
                .copy_from_slice(&step[(start - from) * width..(start - from + n) * width]);
            self.taken += n;
        }
    }

    /// The box, from voxels in the file's byte order.
    fn finish(mut self, layout: &Layout) -> Result<Array3<T>, Problem> {
        if layout.is_foreign() {
            self.voxels.iter_mut().for_each(|v| *v = v.swapped());
        }
        self.into_array(layout)
    }

    fn into_array(self, layout: &Layout) -> Result<Array3<T>, Problem> {
        Array3::from_shape_vec(self.shape, self.voxels).map_err(|_| VolumeError::Size { size: layout.size }.into())
    }
}

/// Values that run side by side in the search for the extremes.
const LANES: usize = 32;

/// Smallest and largest of the voxels that have passed.
struct Extremes<T> {
    /// `None` before the first voxel.
    found: Option<(T, T)>,
    nan: bool,
}

impl<T: Sample> Extremes<T> {
    fn new() -> Self {
        Self {
            found: None,
            nan: false,
        }
    }

    #[allow(clippy::eq_op)] // only NaN is not itself
    fn add(&mut self, values: &[T]) {
        let Some(&first) = values.first() else { return };
        let (low, high) = self.found.unwrap_or((first, first));
        let (mut lows, mut highs, mut nan) = ([low; LANES], [high; LANES], false);
        let (lines, rest) = values.as_chunks::<LANES>();
        for line in lines {
            for ((&v, low), high) in line.iter().zip(&mut lows).zip(&mut highs) {
                *low = if v < *low { v } else { *low };
                *high = if v > *high { v } else { *high };
                nan |= v != v;
            }
        }
        let smaller = |a: T, b: &T| if *b < a { *b } else { a };
        let larger = |a: T, b: &T| if *b > a { *b } else { a };
        let low = lows.iter().chain(rest).fold(low, smaller);
        let high = highs.iter().chain(rest).fold(high, larger);
        self.nan |= nan | rest.iter().any(|v| v != v);
        self.found = Some((low, high));
    }

    /// The range after scaling, which keeps the order of numbers or turns it round.
    fn range(&self, scaling: Option<Scaling>) -> Range {
        let number = |v: T| scaling.map_or(v.number(), |s| v.scaled(s));
        let mut range = Range::EMPTY;
        if self.nan {
            range.add([f64::NAN].into_iter());
        } else if let Some((low, high)) = self.found {
            range.add([number(low), number(high)].into_iter());
        }
        range
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_of_any_number_of_voxels() {
        for n in [1, 2, 31, 32, 33, 64, 100] {
            for at in 0..n {
                if 2 * at + 1 == n {
                    continue;
                }
                let mut values = vec![0.5f32; n];
                (values[at], values[n - 1 - at]) = (-3.0, 7.0);
                let mut extremes = Extremes::new();
                extremes.add(&values[..n / 2]);
                extremes.add(&values[n / 2..]);
                let range = extremes.range(None);
                assert_eq!((range.minimum, range.maximum), (-3.0, 7.0), "{n} {at}");
                let turned = extremes.range(Some(Scaling {
                    slope: -2.0,
                    intercept: 1.0,
                }));
                assert_eq!((turned.minimum, turned.maximum), (-13.0, 7.0));
                values[at] = f32::NAN;
                extremes.add(&values);
                assert!(extremes.range(None).largest_magnitude().is_nan(), "{n} {at}");
            }
        }
    }
}
