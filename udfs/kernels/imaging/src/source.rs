//! Opening files: which format they are in, where their voxels lie.

use crate::error::{FoundInstead, ImagingError, Problem};
use crate::header::{Encoding, Header, Limits, Opened, Scaling};
use crate::payload::{Payload, fill, read_marks, read_voxels};
use crate::reference::{Part, Reference};
use crate::{nifti, nrrd};
use flate2::bufread::MultiGzDecoder;
use radsql_volume::{Mask, Volume, Voxels};
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes that tell the format; a NIfTI header fits in.
const PREFIX: usize = 1024;
/// Most compressed bytes that are read for the header of a compressed file: gzip's own header may hold a file name and
/// a comment of any length.
const PREFIX_COMPRESSED: u64 = 1 << 20;

/// What a file says about its image, reading at most 2 MiB of it, whatever its size.
///
/// # Errors
/// [`ImagingError`] with the file's path when it cannot be read or is no such image.
pub fn read_header(path: impl AsRef<Path>) -> Result<Header, ImagingError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    open(path, Wanted::Header).map(|o| o.header).map_err(|p| p.of(&name))
}

/// As [`read_header`], from a reader; `name` stands for it in messages.
///
/// # Errors
/// As [`read_header`]; [`Problem::Detached`] when header and voxels are two files.
pub fn read_header_from(reader: impl Read, name: &str) -> Result<Header, ImagingError> {
    open_reader(reader, None, None, Wanted::Header)
        .map(|o| o.header)
        .map_err(|p| p.of(name))
}

/// Reads an image with the default [`Limits`].
///
/// What follows the last voxel is ignored, as SimpleITK does; a gzip checksum is verified when the compressed data ends
/// with the last voxel.
///
/// # Errors
/// [`ImagingError`] with the file's path when it cannot be read, is no such image, or is incomplete.
pub fn read_volume(path: impl AsRef<Path>) -> Result<Volume, ImagingError> {
    read_volume_with(path, &Limits::default())
}

/// Reads an image within limits.
///
/// # Errors
/// As [`read_volume`].
pub fn read_volume_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Volume, ImagingError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    open(path, Wanted::Voxels(limits))
        .and_then(|o| load(o, limits))
        .map_err(|p| p.of(&name))
}

/// As [`read_volume_with`], from a reader; `name` stands for it in messages.
///
/// # Errors
/// As [`read_volume`]; [`Problem::Detached`] when header and voxels are two files.
pub fn read_volume_from(reader: impl Read, name: &str, limits: &Limits) -> Result<Volume, ImagingError> {
    open_reader(reader, None, None, Wanted::Voxels(limits))
        .and_then(|o| load(o, limits))
        .map_err(|p| p.of(name))
}

/// Reads one label of a label volume, label 1 when the reference names none, as PyRadiomics does.
///
/// # Errors
/// As [`read_volume`], and [`Problem::Mask`] when no voxel has the label.
pub fn read_mask(reference: &Reference) -> Result<Mask, ImagingError> {
    read_mask_with(reference, &Limits::default())
}

/// Reads one label of a label volume within limits.
///
/// # Errors
/// As [`read_mask`].
pub fn read_mask_with(reference: &Reference, limits: &Limits) -> Result<Mask, ImagingError> {
    let name = reference.to_string();
    let label = match &reference.part {
        None => 1,
        Some(Part::Label(label)) => *label,
        Some(part) => return Err(Problem::Part { part: part.clone() }.of(&name)),
    };
    mask(&reference.path, label, limits).map_err(|p| p.of(&name))
}

/// Label volumes of wide types become large: above this many bytes they are read in steps, which takes twice the time.
const SPARE_ABOVE: u128 = 256 << 20;

fn mask(path: &Path, label: u32, limits: &Limits) -> Result<Mask, Problem> {
    let mut opened = open(path, Wanted::Voxels(limits))?;
    let wide = opened.layout.voxel_type.bytes() > 1 && opened.layout.bytes() > SPARE_ABOVE;
    if wide && opened.header.scaling.is_none() && opened.encoding == Encoding::Binary {
        let payload = opened.payload.take().ok_or(Problem::Detached)?;
        // As `Mask::from_labels` compares: fractions are cut.
        let is_inside = |v: f64| v < 4_294_967_296.0 && v as u32 == label;
        let marks = read_marks(payload, &opened.layout, limits, is_inside)?;
        if let Ok(mask) = Mask::from_labels(&Volume::new(opened.header.grid, marks)?, 1) {
            return Ok(mask);
        }
        // Another look, to tell which labels there are.
        opened = open(path, Wanted::Voxels(limits))?;
    }
    Mask::from_labels(&load(opened, limits)?, label).map_err(Problem::Mask)
}

/// How much of a file to read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'l> {
    Header,
    Voxels(&'l Limits),
}

fn open(path: &Path, wanted: Wanted<'_>) -> Result<Opened<'static>, Problem> {
    // The image of a pair has no magic number: its header tells.
    let header = sibling(path, "img", "hdr").unwrap_or_else(|| path.to_owned());
    let (file, bytes) = open_file(&header)?;
    open_reader(file, bytes, Some(&header), wanted)
}

/// A file, and its length if it is a regular one.
pub(crate) fn open_file(path: &Path) -> Result<(File, Option<u64>), Problem> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    Ok((file, about.is_file().then_some(about.len())))
}

/// `path` with the extension `from` (or `from.gz`) replaced by `to`, as `to` or `to.gz`, whichever exists.
fn sibling(path: &Path, from: &str, to: &str) -> Option<PathBuf> {
    let is = |p: &Path, extension: &str| p.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension));
    let stem = match is(path, "gz") {
        true => path.with_extension(""),
        false => path.to_owned(),
    };
    if !is(&stem, from) {
        return None;
    }
    let plain = stem.with_extension(to);
    let packed = stem.with_extension(format!("{to}.gz"));
    Some(if packed.is_file() && !plain.is_file() {
        packed
    } else {
        plain
    })
}

fn open_reader<'a>(
    mut reader: impl Read + 'a,
    bytes: Option<u64>,
    path: Option<&Path>,
    wanted: Wanted<'_>,
) -> Result<Opened<'a>, Problem> {
    let mut prefix = vec![0; PREFIX];
    let found = fill(&mut reader, &mut prefix)?;
    prefix.truncate(found);
    if is_gzip(&prefix) {
        return open_compressed(prefix, reader, bytes, path, wanted);
    }
    if prefix.starts_with(b"NRRD") {
        let whole = BufReader::new(Cursor::new(prefix).chain(reader));
        return nrrd::open(whole, bytes, path, wanted);
    }
    let format = nifti::recognise(&prefix).ok_or_else(|| unknown(&prefix))?;
    let parsed = nifti::parse(&prefix, format)?;
    let whole = Box::new(Cursor::new(prefix).chain(reader));
    nifti_voxels(parsed, path, wanted, || Ok(Payload::Plain { reader: whole, bytes }))
}

fn open_compressed<'a>(
    prefix: Vec<u8>,
    reader: impl Read + 'a,
    bytes: Option<u64>,
    path: Option<&Path>,
    wanted: Wanted<'_>,
) -> Result<Opened<'a>, Problem> {
    let (gz, decoded) = match wanted {
        Wanted::Voxels(limits) => {
            let gz = read_all(prefix, reader, bytes, limits)?;
            let decoded = decoded_prefix(&gz[..])?;
            (gz, decoded)
        }
        Wanted::Header => {
            let start = Cursor::new(prefix).chain(reader).take(PREFIX_COMPRESSED);
            (Vec::new(), decoded_prefix(BufReader::new(start))?)
        }
    };
    let format = nifti::recognise(&decoded).ok_or_else(|| match unknown(&decoded) {
        Problem::UnknownFormat(_) if is_gzip(&decoded) => Problem::UnknownFormat(FoundInstead::NestedGzip),
        Problem::UnknownFormat(_) if decoded.starts_with(b"NRRD") => {
            Problem::UnknownFormat(FoundInstead::CompressedNrrd)
        }
        problem => problem,
    })?;
    let parsed = nifti::parse(&decoded, format)?;
    nifti_voxels(parsed, path, wanted, || Ok(Payload::Gzip(gz)))
}

/// The first decompressed bytes, or as many as come before the data ends or is damaged.
fn decoded_prefix(gz: impl BufRead) -> Result<Vec<u8>, Problem> {
    let mut decoder = MultiGzDecoder::new(gz);
    let mut decoded = vec![0; PREFIX];
    let mut found = 0;
    while found < PREFIX {
        match decoder.read(&mut decoded[found..]) {
            Ok(0) => break,
            Ok(n) => found += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            // The header is there; the voxels tell the rest.
            Err(_) if found >= nifti::NIFTI1_BYTES => break,
            Err(e) => {
                return Err(Problem::Gzip {
                    reason: e.to_string(),
                    decoded: found as u64,
                });
            }
        }
    }
    decoded.truncate(found);
    Ok(decoded)
}

/// Finds the voxels of a NIfTI file: behind the header, or in the image file beside it.
fn nifti_voxels<'a>(
    parsed: nifti::Parsed,
    path: Option<&Path>,
    wanted: Wanted<'_>,
    own: impl FnOnce() -> Result<Payload<'a>, Problem>,
) -> Result<Opened<'a>, Problem> {
    let payload = match wanted {
        Wanted::Header => None,
        Wanted::Voxels(_) if parsed.single_file => Some(own()?),
        Wanted::Voxels(limits) => {
            let image = path.and_then(|p| sibling(p, "hdr", "img")).ok_or(Problem::Detached)?;
            let (file, bytes) = open_file(&image)?;
            Some(maybe_compressed(file, bytes, limits)?)
        }
    };
    Ok(Opened {
        header: parsed.header,
        layout: parsed.layout,
        encoding: Encoding::Binary,
        payload,
    })
}

fn maybe_compressed<'a>(
    mut reader: impl Read + 'a,
    bytes: Option<u64>,
    limits: &Limits,
) -> Result<Payload<'a>, Problem> {
    let mut prefix = vec![0; 2];
    let found = fill(&mut reader, &mut prefix)?;
    prefix.truncate(found);
    Ok(if is_gzip(&prefix) {
        Payload::Gzip(read_all(prefix, reader, bytes, limits)?)
    } else {
        Payload::Plain {
            reader: Box::new(Cursor::new(prefix).chain(reader)),
            bytes,
        }
    })
}

/// Everything that a reader gives, after `start`: compressed voxels, which are not much longer than the voxels themselves
/// may be.
pub(crate) fn read_all(
    mut start: Vec<u8>,
    reader: impl Read,
    bytes: Option<u64>,
    limits: &Limits,
) -> Result<Vec<u8>, Problem> {
    let limit = limits.voxel_bytes.saturating_add(limits.voxel_bytes / 64 + (16 << 20));
    let too_large = |needed: u64| Problem::TooLarge {
        needed: needed.into(),
        limit,
    };
    if let Some(needed) = bytes.filter(|&n| n > limit) {
        return Err(too_large(needed));
    }
    if let Some(rest) = bytes.and_then(|n| usize::try_from(n).ok()?.checked_sub(start.len())) {
        // One byte more lets `read_to_end` see the end without growing.
        start
            .try_reserve_exact(rest.saturating_add(1))
            .map_err(std::io::Error::other)?;
    }
    reader.take(limit.saturating_add(1)).read_to_end(&mut start)?;
    if start.len() as u64 > limit {
        return Err(too_large(start.len() as u64));
    }
    Ok(start)
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// What a file is that begins like this and is no image.
fn unknown(prefix: &[u8]) -> Problem {
    for (length, expected) in [(348, nifti::NIFTI1_BYTES), (540, nifti::NIFTI2_BYTES)] {
        if nifti::length(prefix, length).is_some() && prefix.len() < expected {
            return Problem::Truncated {
                what: "header",
                expected: expected as u64,
                found: prefix.len() as u64,
            };
        }
    }
    Problem::UnknownFormat(if prefix.is_empty() {
        FoundInstead::Empty
    } else if prefix.get(128..132) == Some(b"DICM") {
        FoundInstead::Dicom
    } else if nifti::length(prefix, 348).is_some() {
        FoundInstead::Analyze
    } else if prefix.starts_with(b"PK\x03\x04") {
        FoundInstead::Zip
    } else if prefix.starts_with(b"\x89HDF") {
        FoundInstead::Hdf5
    } else {
        FoundInstead::Unknown {
            begins: std::array::from_fn(|i| prefix.get(i).copied().unwrap_or(0)),
        }
    })
}

fn load(opened: Opened<'_>, limits: &Limits) -> Result<Volume, Problem> {
    let Opened {
        header,
        layout,
        encoding,
        payload,
    } = opened;
    let payload = payload.ok_or(Problem::Detached)?;
    if header.voxel_bytes() > limits.voxel_bytes {
        return Err(Problem::TooLarge {
            needed: header.voxel_bytes().into(),
            limit: limits.voxel_bytes,
        });
    }
    let voxels = match encoding {
        Encoding::Binary => read_voxels(payload, &layout, limits)?,
        Encoding::Text => nrrd::read_text(payload, &layout, limits)?,
    };
    let voxels = match header.scaling {
        Some(scaling) => scaled(voxels, scaling),
        None => voxels,
    };
    Ok(Volume::new(header.grid, voxels)?)
}

/// ITK's arithmetic: integers become float32 first, then the product and the sum are taken in double precision.
fn scaled(voxels: Voxels, Scaling { slope, intercept }: Scaling) -> Voxels {
    let one = move |v: f32| (f64::from(v) * slope + intercept) as f32;
    match voxels {
        Voxels::U8(a) => a.mapv(|v| one(v.into())).into(),
        Voxels::I8(a) => a.mapv(|v| one(v.into())).into(),
        Voxels::U16(a) => a.mapv(|v| one(v.into())).into(),
        Voxels::I16(a) => a.mapv(|v| one(v.into())).into(),
        Voxels::U32(a) => a.mapv(|v| one(v as f32)).into(),
        Voxels::I32(a) => a.mapv(|v| one(v as f32)).into(),
        Voxels::U64(a) => a.mapv(|v| one(v as f32)).into(),
        Voxels::I64(a) => a.mapv(|v| one(v as f32)).into(),
        Voxels::F32(mut a) => {
            a.mapv_inplace(one);
            a.into()
        }
        Voxels::F64(mut a) => {
            a.mapv_inplace(|v| v * slope + intercept);
            a.into()
        }
    }
}
