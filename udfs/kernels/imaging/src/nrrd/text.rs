use crate::error::Problem;
use crate::header::Limits;
use crate::payload::Payload;
use crate::sample::{Layout, with_type};
use ndarray::Array3;
use radsql_volume::{VolumeError, Voxels};
use std::io::Read;
use std::str::FromStr;

/// Reads voxels, of one number each, that are written as decimal numbers with white space between them.
pub(crate) fn read_text(payload: Payload<'_>, layout: &Layout, limits: &Limits) -> Result<Voxels, Problem> {
    let Payload::Plain(mut input) = payload else {
        return Err(Problem::Detached);
    };
    // A number and the space behind it take two bytes at least, but for the last one.
    let needed = layout.bytes() / layout.voxel_type.bytes() as u128 * 2 - 1 + u128::from(layout.skip);
    if let Some(found) = input.left().filter(|&n| u128::from(n) < needed) {
        return Err(Problem::Implausible {
            declared: layout.bytes(),
            stored: found,
        });
    }
    input.skip(layout.skip)?;
    // No number needs more than 32 characters.
    let most = limits.voxel_bytes.saturating_mul(32);
    let mut text = String::new();
    input.take(most).read_to_string(&mut text)?;
    with_type!(layout.voxel_type, T => Ok(parse::<T>(&text, layout)?.into()))
}

fn parse<T: FromStr>(text: &str, layout: &Layout) -> Result<Array3<T>, Problem> {
    let [nx, ny, nz] = layout.size;
    let expected = nx * ny * nz;
    let voxels = text
        .split_ascii_whitespace()
        .take(expected)
        .enumerate()
        .map(|(index, word)| {
            word.parse().map_err(|_| Problem::Text {
                found: word.chars().take(40).flat_map(char::escape_debug).collect(),
                index,
                voxel_type: layout.voxel_type,
            })
        })
        .collect::<Result<Vec<T>, _>>()?;
    if voxels.len() < expected {
        return Err(Problem::Truncated {
            what: "numbers",
            expected: expected as u64,
            found: voxels.len() as u64,
        });
    }
    Array3::from_shape_vec((nz, ny, nx), voxels).map_err(|_| VolumeError::Size { size: layout.size }.into())
}
