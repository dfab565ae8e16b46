//! The bytes of the voxels: plain or compressed, whole into an array of the type that the file stored, or in steps.

use crate::Limits;
use crate::error::Problem;
use crate::gzip::{self, Members};
use crate::input::{Input, fill};
use crate::sample::{Layout, Sample, with_type};
use ndarray::{Array1, Array3, Axis, Slice};
use radsql_volume::{VolumeError, Voxels};
use std::io::{BufRead, Read};

/// Voxels are read in steps of this many bytes, which stay in the processor's cache.
pub(crate) const STEP: usize = 1 << 18;

/// Where the bytes come from.
pub(crate) enum Payload<'a> {
    /// As they are.
    Plain(Input<'a>),
    /// gzip members.
    Gzip(Input<'a>),
}

/// Reads the voxels that `layout` describes.
pub(crate) fn read_voxels(payload: Payload<'_>, layout: &Layout, limits: &Limits) -> Result<Voxels, Problem> {
    check_memory(layout.bytes(), limits)?;
    with_type!(layout.voxel_type, T => Ok(read::<T>(payload, layout, limits)?.into()))
}

/// Refuses what cannot be there before any memory is asked for. `stored` is the number of bytes of the payload.
pub(crate) fn check_size(layout: &Layout, stored: u64, compressed: bool) -> Result<(), Problem> {
    let needed = layout.bytes();
    let total = needed.saturating_add(layout.skip.into());
    let implausible = Problem::Implausible {
        declared: needed,
        stored,
    };
    if compressed {
        return if total > u128::from(stored.saturating_mul(gzip::RATIO)) {
            Err(implausible)
        } else {
            Ok(())
        };
    }
    if total <= u128::from(stored) {
        return Ok(());
    }
    Err(match u64::try_from(needed) {
        Ok(expected) => Problem::Truncated {
            what: "voxels",
            expected,
            found: stored.saturating_sub(layout.skip),
        },
        Err(_) => implausible,
    })
}

pub(crate) fn check_memory(needed: u128, limits: &Limits) -> Result<(), Problem> {
    if needed > u128::from(limits.voxel_bytes) {
        return Err(Problem::TooLarge {
            needed,
            limit: limits.voxel_bytes,
        });
    }
    Ok(())
}

/// No memory for that much, whatever the limit.
pub(crate) fn no_memory(needed: u128) -> Problem {
    Problem::TooLarge {
        needed,
        limit: usize::MAX as u64,
    }
}

fn read<T: Sample>(payload: Payload<'_>, layout: &Layout, limits: &Limits) -> Result<Array3<T>, Problem> {
    let [nx, ny, nz] = layout.size;
    let too_large = || no_memory(layout.bytes());
    let count = usize::try_from(layout.bytes()).map_err(|_| too_large())? / size_of::<T>();
    let mut flat = match payload {
        Payload::Plain(mut input) => {
            let known = input.left();
            if let Some(stored) = known {
                check_size(layout, stored, false)?;
            }
            skip_plain(&mut input, layout.skip)?;
            match known {
                Some(_) => exact(&mut input, count).ok_or_else(too_large)??,
                None => growing(&mut input, count)?,
            }
        }
        Payload::Gzip(input) => {
            let gz = read_all(input, limits)?;
            check_size(layout, gz.len() as u64, true)?;
            match inflate_at_once(&gz, layout.skip, count) {
                Some(flat) => flat,
                None => {
                    let mut members = Members::new(&gz[..], true);
                    skip_packed(&mut members, layout.skip, layout)?;
                    let flat = growing(&mut members, count).map_err(|p| members.explain(p))?;
                    members.finish()?;
                    flat
                }
            }
        }
    };
    if layout.is_foreign() {
        flat.mapv_inplace(Sample::swapped);
    }
    flat.into_shape_with_order((nz, ny, nx))
        .map_err(|_| VolumeError::Size { size: layout.size }.into())
}

/// Everything that an input still has: compressed voxels, which are not much longer than the voxels themselves may be.
pub(crate) fn read_all(input: Input<'_>, limits: &Limits) -> Result<Vec<u8>, Problem> {
    let limit = limits.voxel_bytes.saturating_add(limits.voxel_bytes / 64 + (16 << 20));
    let too_large = |needed: u64| Problem::TooLarge {
        needed: needed.into(),
        limit,
    };
    let mut all = Vec::new();
    if let Some(stored) = input.left() {
        if stored > limit {
            return Err(too_large(stored));
        }
        // One byte more lets `read_to_end` see the end without growing.
        let space = usize::try_from(stored).unwrap_or(usize::MAX).saturating_add(1);
        all.try_reserve_exact(space).map_err(std::io::Error::other)?;
    }
    input.take(limit.saturating_add(1)).read_to_end(&mut all)?;
    if all.len() as u64 > limit {
        return Err(too_large(all.len() as u64));
    }
    Ok(all)
}

/// The usual case: one gzip member that ends with the last voxel, decompressed by libdeflate straight into the array.
/// `None` when the file is not such, to be read (or refused) in steps.
///
/// The array begins with the header, which is then left out of the view: nothing is copied. Pages of the array are
/// taken from the system only as data arrives.
fn inflate_at_once<T: Sample>(gz: &[u8], skip: u64, count: usize) -> Option<Array1<T>> {
    let width = size_of::<T>();
    let skip = usize::try_from(skip).ok().filter(|s| s % width == 0)? / width;
    let mut flat = bytemuck::try_zeroed_vec::<T>(count.checked_add(skip)?).ok()?;
    gzip::whole(gz, bytemuck::cast_slice_mut(&mut flat)).then(|| {
        let mut flat = Array1::from_vec(flat);
        flat.slice_axis_inplace(Axis(0), Slice::from(skip..));
        flat
    })
}

/// Steps to the first voxel of a plain file.
pub(crate) fn skip_plain(input: &mut Input<'_>, bytes: u64) -> Result<(), Problem> {
    let found = input.skip(bytes)?;
    if found < bytes {
        return Err(Problem::Truncated {
            what: "data before the voxels",
            expected: bytes,
            found,
        });
    }
    Ok(())
}

/// Steps to the first voxel of compressed data.
pub(crate) fn skip_packed<R: BufRead>(members: &mut Members<R>, bytes: u64, layout: &Layout) -> Result<(), Problem> {
    let found = members.skip(bytes).map_err(|e| members.explain(e.into()))?;
    if found < bytes {
        return Err(truncated(layout, 0));
    }
    Ok(())
}

/// A payload that ended after so many bytes of voxels.
pub(crate) fn truncated(layout: &Layout, found: u64) -> Problem {
    Problem::Truncated {
        what: "voxels",
        expected: u64::try_from(layout.bytes()).unwrap_or(u64::MAX),
        found,
    }
}

/// Reads voxels whose presence has been checked. `None` when there is not that much memory.
fn exact<T: Sample>(reader: &mut impl Read, count: usize) -> Option<Result<Array1<T>, Problem>> {
    let mut flat = bytemuck::try_zeroed_vec::<T>(count).ok()?;
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut flat);
    let expected = bytes.len() as u64;
    Some(match fill(reader, bytes) {
        Ok(found) if found as u64 == expected => Ok(Array1::from_vec(flat)),
        Ok(found) => Err(Problem::Truncated {
            what: "voxels",
            expected,
            found: found as u64,
        }),
        Err(e) => Err(e.into()),
    })
}

/// Reads voxels of a source whose length is unknown: memory grows with what arrives.
fn growing<T: Sample>(reader: &mut impl Read, count: usize) -> Result<Array1<T>, Problem> {
    let width = size_of::<T>();
    let mut flat: Vec<T> = Vec::new();
    while flat.len() < count {
        let at = flat.len();
        let more = (count - at).min(STEP / width);
        if flat.try_reserve(more).is_err() {
            return Err(Problem::TooLarge {
                needed: (count as u128) * (width as u128),
                limit: (at * width) as u64,
            });
        }
        flat.resize(at + more, T::zeroed());
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut flat[at..]);
        let expected = bytes.len();
        let found = fill(reader, bytes)?;
        if found < expected {
            return Err(Problem::Truncated {
                what: "voxels",
                expected: (count * width) as u64,
                found: (at * width + found) as u64,
            });
        }
    }
    flat.shrink_to_fit();
    Ok(Array1::from_vec(flat))
}
