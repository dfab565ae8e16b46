//! NRRD, with the voxels in the file or beside it.

mod geometry;
mod header;
mod text;

use crate::error::Problem;
use crate::header::{Encoding, Format, Header, Opened};
use crate::input::Input;
use crate::open::Wanted;
use crate::payload::Payload;
use crate::sample::{ByteOrder, Layout};
use header::{Compression, Fields, Skip};
use std::io::BufRead;
use std::path::{Path, PathBuf};
pub(crate) use text::read_text;

/// Reads the header at the start of `input`, and finds the voxels.
pub(crate) fn open<'a>(mut input: Input<'a>, path: Option<&Path>, wanted: Wanted) -> Result<Opened<'a>, Problem> {
    let fields = Fields::read(&mut input)?;
    let (size, grid, components) = geometry::grid(&fields)?;
    let voxel_type = fields.voxel_type;
    let order = match (fields.order, fields.compression) {
        (Some(order), _) => order,
        (None, Compression::Text) => ByteOrder::Little,
        (None, _) if voxel_type.bytes() == 1 => ByteOrder::Little,
        (None, _) => return Err(Problem::FieldMissing { field: "endian" }),
    };
    let header = Header {
        format: Format::Nrrd,
        grid,
        stored_type: voxel_type,
        voxel_type,
        scaling: None,
        components: components.as_ref().map_or(1, |c| c.count),
    };
    let mut layout = Layout {
        skip: 0,
        voxel_type,
        order,
        size,
        components,
    };
    let mut beside = None;
    let payload = match wanted {
        Wanted::Header => None,
        Wanted::Voxels => {
            if let Some(name) = &fields.data_file {
                let file = data_file(path.ok_or(Problem::Detached)?, name)?;
                input = Input::open(&file)?;
                beside = Some(file);
            }
            Some(payload(input, &fields, &mut layout)?)
        }
    };
    Ok(Opened {
        header,
        layout,
        encoding: match fields.compression {
            Compression::Text => Encoding::Text,
            Compression::Raw | Compression::Gzip => Encoding::Binary,
        },
        beside,
        payload,
    })
}

fn payload<'a>(mut data: Input<'a>, fields: &Fields, layout: &mut Layout) -> Result<Payload<'a>, Problem> {
    for line in 0..fields.line_skip {
        if skip_line(&mut data)? == 0 {
            return Err(Problem::Truncated {
                what: "skipped lines",
                expected: fields.line_skip,
                found: line,
            });
        }
    }
    layout.skip = match (fields.byte_skip, fields.compression) {
        (Skip::Bytes(n), _) => n,
        // The voxels are the last bytes of the file.
        (Skip::ToEnd, Compression::Raw) => {
            let found = data.left().ok_or(Problem::Detached)?;
            let expected = u64::try_from(layout.bytes()).unwrap_or(u64::MAX);
            found.checked_sub(expected).ok_or(Problem::Truncated {
                what: "voxels",
                expected,
                found,
            })?
        }
        (Skip::ToEnd, _) => {
            return Err(Problem::FieldValue {
                field: "byte skip",
                found: "-1".into(),
                expected: "a number of bytes, as the encoding is not raw",
            });
        }
    };
    Ok(match fields.compression {
        Compression::Raw | Compression::Text => Payload::Plain(data),
        Compression::Gzip => Payload::Gzip(data),
    })
}

/// Reads over one line, whatever its length; gives the number of bytes.
fn skip_line(data: &mut impl BufRead) -> Result<u64, Problem> {
    let mut n = 0;
    loop {
        let buffer = data.fill_buf()?;
        let end = buffer.iter().position(|&b| b == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        if used == 0 {
            return Ok(n);
        }
        data.consume(used);
        n += used as u64;
        if end.is_some() {
            return Ok(n);
        }
    }
}

/// The path of a data file that a header names. It lies in the header's folder or below, links followed: a name within a
/// file must not reach anything else.
fn data_file(header: &Path, name: &str) -> Result<PathBuf, Problem> {
    use std::path::Component;
    let refused = || Problem::DataFileName { name: name.to_owned() };
    let inner = Path::new(name)
        .components()
        .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if !inner || name.contains('\0') {
        return Err(refused());
    }
    let folder = match header.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize()?;
    let path = folder.join(name);
    match path.canonicalize() {
        Ok(found) if found.starts_with(&folder) => Ok(found),
        Ok(_) => Err(refused()),
        // A link that leads outside is refused whether there is something or not.
        Err(e) => {
            let there = path.ancestors().take_while(|p| *p != folder);
            let leads_away = |p: &Path| p.is_symlink() && p.canonicalize().map_or(true, |p| !p.starts_with(&folder));
            match there.into_iter().any(leads_away) {
                true => Err(refused()),
                false => Err(e.into()),
            }
        }
    }
}
