//! Opening files: which format they are in, where their voxels lie.

use crate::error::{FoundInstead, Problem};
use crate::gzip::is_gzip;
use crate::header::{Encoding, Opened};
use crate::input::Input;
use crate::payload::Payload;
use crate::{nifti, nrrd};
use flate2::bufread::MultiGzDecoder;
use radsql_volume::VolumeError;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes that tell the format; a NIfTI header fits in.
const PREFIX: usize = 1024;
/// Compressed bytes in which [`PREFIX`] bytes are looked for: first, and at most. gzip's own header may hold a file name
/// and a comment of any length.
const PREFIX_COMPRESSED: [usize; 2] = [1 << 14, 1 << 20];

/// How much of a file to find.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    Header,
    Voxels,
}

/// Opens a file by its name.
pub(crate) fn open(path: &Path, wanted: Wanted) -> Result<Opened<'static>, Problem> {
    let header = header_of(path);
    open_input(Input::open(&header)?, Some(&header), wanted)
}

/// The file of the header: the image of a pair has no magic number.
pub(crate) fn header_of(path: &Path) -> PathBuf {
    sibling(path, "img", "hdr").unwrap_or_else(|| path.to_owned())
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

/// Opens what has no name, or a file whose name is `path`.
pub(crate) fn open_input<'a>(mut input: Input<'a>, path: Option<&Path>, wanted: Wanted) -> Result<Opened<'a>, Problem> {
    let prefix = input.peek(PREFIX)?;
    if prefix.starts_with(b"NRRD") {
        return checked(nrrd::open(input, path, wanted)?);
    }
    let compressed = is_gzip(prefix);
    let parsed = if compressed {
        let decoded = decoded_prefix(&mut input)?;
        let format = nifti::recognise(&decoded).ok_or_else(|| match unknown(&decoded) {
            Problem::UnknownFormat(_) if is_gzip(&decoded) => Problem::UnknownFormat(FoundInstead::NestedGzip),
            Problem::UnknownFormat(_) if decoded.starts_with(b"NRRD") => {
                Problem::UnknownFormat(FoundInstead::CompressedNrrd)
            }
            problem => problem,
        })?;
        nifti::parse(&decoded, format)?
    } else {
        let format = nifti::recognise(prefix).ok_or_else(|| unknown(prefix))?;
        nifti::parse(prefix, format)?
    };
    checked(nifti_voxels(parsed, input, compressed, path, wanted)?)
}

/// Refuses numbers of voxels and components that no memory could address.
fn checked(opened: Opened<'_>) -> Result<Opened<'_>, Problem> {
    if opened.layout.bytes() > isize::MAX as u128 {
        return Err(VolumeError::Size {
            size: opened.layout.size,
        }
        .into());
    }
    Ok(opened)
}

/// The first decompressed bytes, or as many as come before the data ends or is damaged.
fn decoded_prefix(input: &mut Input<'_>) -> Result<Vec<u8>, Problem> {
    let [mut wanted, most] = PREFIX_COMPRESSED;
    loop {
        let packed = input.peek(wanted)?;
        let is_all = packed.len() < wanted || wanted >= most;
        let mut decoder = MultiGzDecoder::new(packed);
        let mut decoded = vec![0; PREFIX];
        let mut found = 0;
        let mut failure = None;
        while found < PREFIX {
            match decoder.read(&mut decoded[found..]) {
                Ok(0) => break,
                Ok(n) => found += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    failure = Some(e);
                    break;
                }
            }
        }
        decoded.truncate(found);
        match failure {
            _ if found < PREFIX && !is_all => wanted *= 4,
            // The header is there; the voxels tell the rest.
            Some(e) if found < nifti::NIFTI1_BYTES => {
                return Err(Problem::Gzip {
                    reason: e.to_string(),
                    decoded: found as u64,
                });
            }
            _ => return Ok(decoded),
        }
    }
}

/// Finds the voxels of a NIfTI file: behind the header, or in the image file beside it.
fn nifti_voxels<'a>(
    parsed: nifti::Parsed,
    mut input: Input<'a>,
    mut compressed: bool,
    path: Option<&Path>,
    wanted: Wanted,
) -> Result<Opened<'a>, Problem> {
    let mut beside = None;
    let payload = match wanted {
        Wanted::Header => None,
        Wanted::Voxels => {
            if !parsed.single_file {
                let image = path.and_then(|p| sibling(p, "hdr", "img")).ok_or(Problem::Detached)?;
                input = Input::open(&image)?;
                compressed = is_gzip(input.peek(2)?);
                beside = Some(image);
            }
            Some(if compressed {
                Payload::Gzip(input)
            } else {
                Payload::Plain(input)
            })
        }
    };
    Ok(Opened {
        header: parsed.header,
        layout: parsed.layout,
        encoding: Encoding::Binary,
        beside,
        payload,
    })
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
