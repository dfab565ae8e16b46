//! The bytes of the voxels: plain or compressed, straight into an array of the type that the file stored.

use crate::Limits;
use crate::error::Problem;
use flate2::bufread::GzDecoder;
use ndarray::{Array1, Array3, Axis, Slice};
use radsql_volume::{VolumeError, VoxelType, Voxels};
use std::io::{ErrorKind, Read};

/// gzip cannot shrink data more than this: a match of 258 bytes costs at least two bits.
const DEFLATE_RATIO: u64 = 1032;
/// Bytes behind the volume that are read for the sake of the checksum.
const AFTERWARDS: usize = 16 << 20;
/// Voxels are read in steps of this many bytes, which stay in the processor's cache.
const STEP: usize = 1 << 18;

/// Order of the bytes of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// Where the bytes come from.
pub(crate) enum Payload<'a> {
    /// As they are, with their number where it is known.
    Plain {
        reader: Box<dyn Read + 'a>,
        bytes: Option<u64>,
    },
    /// gzip members, whole.
    Gzip(Vec<u8>),
}

/// What to take from a payload.
pub(crate) struct Layout {
    /// Decompressed bytes before the first voxel.
    pub skip: u64,
    pub voxel_type: VoxelType,
    pub order: ByteOrder,
    /// Voxels along x, y, z.
    pub size: [usize; 3],
}

impl Layout {
    fn voxels(&self) -> u128 {
        self.size.iter().map(|&n| n as u128).product()
    }

    /// Whether the bytes of each number are in the order that this machine does not use.
    fn is_foreign(&self) -> bool {
        (self.order == ByteOrder::Big) != cfg!(target_endian = "big") && self.voxel_type.bytes() > 1
    }

    /// Bytes of the voxels.
    pub fn bytes(&self) -> u128 {
        self.voxels().saturating_mul(self.voxel_type.bytes() as u128)
    }
}

/// A number as files store it.
pub(crate) trait Sample: bytemuck::Pod {
    fn swapped(self) -> Self;
    fn number(self) -> f64;
}

/// Runs one expression with the type that a [`VoxelType`] names: `with_type!(voxel_type, T => expression)`.
macro_rules! with_type {
    ($voxel_type:expr, $t:ident => $body:expr) => {
        match $voxel_type {
            VoxelType::U8 => {
                type $t = u8;
                $body
            }
            VoxelType::I8 => {
                type $t = i8;
                $body
            }
            VoxelType::U16 => {
                type $t = u16;
                $body
            }
            VoxelType::I16 => {
                type $t = i16;
                $body
            }
            VoxelType::U32 => {
                type $t = u32;
                $body
            }
            VoxelType::I32 => {
                type $t = i32;
                $body
            }
            VoxelType::U64 => {
                type $t = u64;
                $body
            }
            VoxelType::I64 => {
                type $t = i64;
                $body
            }
            VoxelType::F32 => {
                type $t = f32;
                $body
            }
            VoxelType::F64 => {
                type $t = f64;
                $body
            }
        }
    };
}
pub(crate) use with_type;

macro_rules! samples {
    ($($type:ty),*) => { $(impl Sample for $type {
        fn number(self) -> f64 { self as f64 }
        fn swapped(self) -> Self { let mut b = self.to_ne_bytes(); b.reverse(); Self::from_ne_bytes(b) }
    })* };
}
samples!(u8, i8, u16, i16, u32, i32, u64, i64, f32, f64);

/// Reads the voxels that `layout` describes.
pub(crate) fn read_voxels(payload: Payload<'_>, layout: &Layout, limits: &Limits) -> Result<Voxels, Problem> {
    check_size(&payload, layout, limits)?;
    with_type!(layout.voxel_type, T => Ok(read::<T>(payload, layout)?.into()))
}

/// Reads which voxels pass a test, 1 for those and 0 for the others, without the voxels themselves ever being in memory
/// together: for label volumes of wide types.
pub(crate) fn read_marks(
    payload: Payload<'_>,
    layout: &Layout,
    limits: &Limits,
    test: impl Fn(f64) -> bool,
) -> Result<Array3<u8>, Problem> {
    check_size(&payload, layout, limits)?;
    with_type!(layout.voxel_type, T => marks::<T>(payload, layout, test))
}

/// Refuses what cannot be there before any memory is asked for.
fn check_size(payload: &Payload<'_>, layout: &Layout, limits: &Limits) -> Result<(), Problem> {
    let needed = layout.bytes();
    let total = needed + u128::from(layout.skip);
    match payload {
        Payload::Plain { bytes: Some(found), .. } => {
            if total > u128::from(*found) {
                return Err(match u64::try_from(needed) {
                    Ok(expected) => Problem::Truncated {
                        what: "voxels",
                        expected,
                        found: found.saturating_sub(layout.skip),
                    },
                    Err(_) => Problem::Implausible {
                        declared: needed,
                        stored: *found,
                    },
                });
            }
        }
        Payload::Plain { bytes: None, .. } => {}
        Payload::Gzip(gz) => {
            let stored = gz.len() as u64;
            if total > u128::from(stored.saturating_mul(DEFLATE_RATIO)) {
                return Err(Problem::Implausible {
                    declared: needed,
                    stored,
                });
            }
        }
    }
    if needed > u128::from(limits.voxel_bytes) {
        return Err(Problem::TooLarge {
            needed,
            limit: limits.voxel_bytes,
        });
    }
    Ok(())
}

fn read<T: Sample>(payload: Payload<'_>, layout: &Layout) -> Result<Array3<T>, Problem> {
    let [nx, ny, nz] = layout.size;
    let too_large = || Problem::TooLarge {
        needed: layout.bytes(),
        limit: usize::MAX as u64,
    };
    let count = usize::try_from(layout.voxels()).map_err(|_| too_large())?;
    let mut flat = match payload {
        Payload::Plain { mut reader, bytes } => {
            skip(&mut reader, layout.skip)?;
            match bytes {
                Some(_) => exact(&mut reader, count).ok_or_else(too_large)??,
                None => growing(&mut reader, count)?,
            }
        }
        Payload::Gzip(gz) => match inflate_at_once(&gz, layout.skip, count) {
            Some(flat) => flat,
            None => {
                let mut members = Members::new(&gz);
                members.skip(layout.skip, layout.bytes())?;
                let flat = growing(&mut members, count).map_err(|p| members.explain(p))?;
                members.finish()?;
                flat
            }
        },
    };
    if layout.is_foreign() {
        flat.mapv_inplace(Sample::swapped);
    }
    flat.into_shape_with_order((nz, ny, nx))
        .map_err(|_| VolumeError::Size { size: layout.size }.into())
}

fn marks<T: Sample>(payload: Payload<'_>, layout: &Layout, test: impl Fn(f64) -> bool) -> Result<Array3<u8>, Problem> {
    let [nx, ny, nz] = layout.size;
    let swap = layout.is_foreign();
    let mut marks: Vec<u8> = Vec::new();
    let take = |step: &[T]| {
        let number = |v: &T| if swap { v.swapped().number() } else { v.number() };
        marks.extend(step.iter().map(|v| u8::from(test(number(v)))));
    };
    let count = nx * ny * nz;
    match payload {
        Payload::Plain { mut reader, .. } => {
            skip(&mut reader, layout.skip)?;
            in_steps(&mut reader, count, take)?;
        }
        Payload::Gzip(gz) => {
            let mut members = Members::new(&gz);
            members.skip(layout.skip, layout.bytes())?;
            in_steps(&mut members, count, take).map_err(|p| members.explain(p))?;
            members.finish()?;
        }
    }
    Array3::from_shape_vec((nz, ny, nx), marks).map_err(|_| VolumeError::Size { size: layout.size }.into())
}

/// Hands over `count` numbers, some at a time.
fn in_steps<T: Sample>(reader: &mut impl Read, count: usize, mut take: impl FnMut(&[T])) -> Result<(), Problem> {
    let width = size_of::<T>();
    let mut buffer = vec![T::zeroed(); STEP / width];
    let mut at = 0;
    while at < count {
        let step = &mut buffer[..(count - at).min(STEP / width)];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(step);
        let expected = bytes.len();
        let found = fill(reader, bytes)?;
        if found < expected {
            return Err(Problem::Truncated {
                what: "voxels",
                expected: (count * width) as u64,
                found: (at * width + found) as u64,
            });
        }
        take(step);
        at += step.len();
    }
    Ok(())
}

/// The usual case, twice as fast as decompressing in steps: one gzip member that ends with the last voxel, decompressed
/// by libdeflate straight into the array. `None` when the file is not such, to be read (or refused) in steps.
///
/// The array begins with the header, which is then left out of the view: nothing is copied. Pages of the array are
/// taken from the system only as data arrives.
fn inflate_at_once<T: Sample>(gz: &[u8], skip: u64, count: usize) -> Option<Array1<T>> {
    let width = size_of::<T>();
    let skip = usize::try_from(skip).ok().filter(|s| s % width == 0)? / width;
    let mut flat = bytemuck::try_zeroed_vec::<T>(count.checked_add(skip)?).ok()?;
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut flat);
    let expected = bytes.len();
    let found = libdeflater::Decompressor::new().gzip_decompress(gz, bytes).ok()?;
    (found == expected).then(|| {
        let mut flat = Array1::from_vec(flat);
        flat.slice_axis_inplace(Axis(0), Slice::from(skip..));
        flat
    })
}

fn skip(reader: &mut impl Read, bytes: u64) -> Result<(), Problem> {
    let found = std::io::copy(&mut reader.by_ref().take(bytes), &mut std::io::sink())?;
    if found < bytes {
        return Err(Problem::Truncated {
            what: "data before the voxels",
            expected: bytes,
            found,
        });
    }
    Ok(())
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

/// Reads until `bytes` is full or the source ends; gives the number of bytes read.
pub(crate) fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<usize> {
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

/// The decompressed content of all gzip members of a file, as pigz and bgzip write several. What follows the last
/// member and is no gzip (padding) is ignored, as gzip itself does.
struct Members<'a> {
    decoder: Option<GzDecoder<&'a [u8]>>,
    decoded: u64,
    failure: Option<String>,
}

impl<'a> Members<'a> {
    fn new(gz: &'a [u8]) -> Self {
        Self {
            decoder: Some(GzDecoder::new(gz)),
            decoded: 0,
            failure: None,
        }
    }

    fn skip(&mut self, bytes: u64, voxels: u128) -> Result<(), Problem> {
        let expected = u64::try_from(voxels).unwrap_or(u64::MAX);
        skip(self, bytes).map_err(|p| match self.explain(p) {
            Problem::Truncated { .. } => Problem::Truncated {
                what: "voxels",
                expected,
                found: 0,
            },
            p => p,
        })
    }

    /// Names damage as damage; a file that merely ends too early is told by its number of bytes.
    fn explain(&self, problem: Problem) -> Problem {
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
    fn finish(&mut self) -> Result<(), Problem> {
        let mut left = AFTERWARDS;
        let mut buffer = [0; 4096];
        while let Some(decoder) = &mut self.decoder {
            match decoder.read(&mut buffer) {
                Ok(n) if n > 0 && n < left => left -= n,
                Ok(_) => break,
                Err(e) => {
                    return Err(Problem::Gzip {
                        reason: match e.kind() {
                            ErrorKind::UnexpectedEof => "the file ends within the checksum or before".into(),
                            _ => e.to_string(),
                        },
                        decoded: self.decoded,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Read for Members<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            match decoder.read(buffer) {
                Ok(0) if !buffer.is_empty() => {
                    let rest = *decoder.get_ref();
                    self.decoder = rest.starts_with(&[0x1f, 0x8b]).then(|| GzDecoder::new(rest));
                }
                Ok(n) => {
                    self.decoded += n as u64;
                    return Ok(n);
                }
                // A cut file: what has come so far is told as such.
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(0);
                }
                Err(e) => {
                    self.failure = Some(e.to_string());
                    return Err(e);
                }
            }
        }
        Ok(0)
    }
}
