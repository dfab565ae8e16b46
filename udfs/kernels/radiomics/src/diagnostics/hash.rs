//! `sitk.Hash`: SHA-1 of the voxels, x fastest, little-endian, in hexadecimal.

use crate::cancel::{BLOCK, Cancel};
use crate::error::RadiomicsError;
use radsql_volume::{Volume, with_voxels};
use sha1::{Digest, Sha1};
use std::fmt::Write;

/// Of an image, in its own voxel type.
pub(super) fn of_image(image: &Volume, cancel: Cancel) -> Result<String, RadiomicsError> {
    let mut hasher = Sha1::new();
    with_voxels!(image.voxels(), a => {
        for block in a.as_slice().unwrap_or_default().chunks(BLOCK) {
            cancel.check()?;
            if cfg!(target_endian = "little") {
                hasher.update(bytemuck::cast_slice(block));
            } else {
                block.iter().for_each(|v| hasher.update(v.to_le_bytes()));
            }
        }
    });
    Ok(hexadecimal(hasher))
}

/// Of a label volume cast to unsigned 32-bit numbers, as PyRadiomics' `getMask` does: fractions are cut, and of what does
/// not fit the lowest 32 bits stay.
#[allow(clippy::unnecessary_cast)] // one arm of the macro is i64 already
pub(super) fn of_labels(labels: &Volume, cancel: Cancel) -> Result<String, RadiomicsError> {
    let mut hasher = Sha1::new();
    let mut bytes = Vec::with_capacity(4 * BLOCK.min(labels.voxels().len()));
    with_voxels!(labels.voxels(), a => {
        for block in a.as_slice().unwrap_or_default().chunks(BLOCK) {
            cancel.check()?;
            bytes.clear();
            bytes.extend(block.iter().flat_map(|v| (*v as i64 as u32).to_le_bytes()));
            hasher.update(&bytes);
        }
    });
    Ok(hexadecimal(hasher))
}

fn hexadecimal(hasher: Sha1) -> String {
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
