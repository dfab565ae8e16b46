//! What a caller asks of a file: its header, its image or a part of it, a mask.

use crate::error::{ImagingError, Problem};
use crate::header::{Encoding, Header, Limits, Opened, Scaling};
use crate::input::Input;
use crate::mask;
use crate::nrrd;
use crate::open::{Wanted, open, open_input};
use crate::part::{read_part, read_part_and_range};
use crate::payload::{check_memory, read_voxels};
use crate::reference::{Part, Reference};
use radsql_volume::{Bounds, Grid, Mask, Range, Volume, Voxels, with_voxels};
use std::io::Read;
use std::path::Path;

/// What a file says about its image, reading at most 2 MiB of it, whatever its size.
///
/// # Errors
/// [`ImagingError`] with the file's path when it cannot be read or is no such image.
pub fn read_header(path: impl AsRef<Path>) -> Result<Header, ImagingError> {
    named(path.as_ref(), |path| Ok(open(path, Wanted::Header)?.header))
}

/// As [`read_header`], from a reader; `name` stands for it in messages.
///
/// # Errors
/// As [`read_header`]; [`Problem::Detached`] when header and voxels are two files.
pub fn read_header_from(reader: impl Read, name: &str) -> Result<Header, ImagingError> {
    open_input(Input::from_reader(reader), None, Wanted::Header)
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
    named(path.as_ref(), |path| load(open(path, Wanted::Voxels)?, limits))
}

/// As [`read_volume_with`], from a reader; `name` stands for it in messages.
///
/// # Errors
/// As [`read_volume`]; [`Problem::Detached`] when header and voxels are two files.
pub fn read_volume_from(reader: impl Read, name: &str, limits: &Limits) -> Result<Volume, ImagingError> {
    open_input(Input::from_reader(reader), None, Wanted::Voxels)
        .and_then(|o| load(o, limits))
        .map_err(|p| p.of(name))
}

/// Reads the voxels of a box: the same volume as [`read_volume`] and [`Volume::crop`] give, on [`Grid::crop`] of the
/// file's grid.
///
/// Of larger files only the box and some hundred kilobytes are in memory; of compressed ones that hold no more than 32 MiB
/// together with what they are decompressed to, both may be. Voxels written as text are read whole.
///
/// Reading ends behind the last voxel of the box. Damage behind it is not seen, nor is damage before it that only the
/// checksum at the end of compressed data would show: that is verified when the box has voxels of the last slice, as
/// [`read_volume`] does. A plain file that is too short for its header is an error wherever the box lies.
///
/// # Errors
/// As [`read_volume`], and [`Problem::Bounds`] when the box is empty or leaves the image.
pub fn read_volume_within(path: impl AsRef<Path>, bounds: &Bounds) -> Result<Volume, ImagingError> {
    read_volume_within_with(path, bounds, &Limits::default())
}

/// As [`read_volume_within`], within limits, which count for the box.
///
/// # Errors
/// As [`read_volume_within`].
pub fn read_volume_within_with(
    path: impl AsRef<Path>,
    bounds: &Bounds,
    limits: &Limits,
) -> Result<Volume, ImagingError> {
    named(path.as_ref(), |path| {
        let opened = open(path, Wanted::Voxels)?;
        let grid = cropped(&opened, bounds, limits)?;
        if opened.encoding == Encoding::Text {
            return load(opened, limits)?.crop(bounds).map_err(Problem::Bounds);
        }
        let payload = opened.payload.ok_or(Problem::Detached)?;
        let voxels = read_part(payload, &opened.layout, bounds)?;
        Ok(Volume::new(grid, scaled(voxels, opened.header.scaling))?)
    })
}

/// Reads the voxels of a box as [`read_volume_within`] does, and finds the range of all voxels of the image, for filters
/// whose scale depends on it. NaN if any voxel is NaN, as numpy.
///
/// The file is read to its end, and a checksum verified as by [`read_volume`].
///
/// # Errors
/// As [`read_volume_within`].
pub fn read_volume_with_range(path: impl AsRef<Path>, bounds: &Bounds) -> Result<(Volume, Range), ImagingError> {
    read_volume_with_range_with(path, bounds, &Limits::default())
}

/// As [`read_volume_with_range`], within limits, which count for the box.
///
/// # Errors
/// As [`read_volume_within`].
pub fn read_volume_with_range_with(
    path: impl AsRef<Path>,
    bounds: &Bounds,
    limits: &Limits,
) -> Result<(Volume, Range), ImagingError> {
    named(path.as_ref(), |path| {
        let opened = open(path, Wanted::Voxels)?;
        let grid = cropped(&opened, bounds, limits)?;
        if opened.encoding == Encoding::Text {
            let whole = load(opened, limits)?;
            return Ok((whole.crop(bounds).map_err(Problem::Bounds)?, Range::of(&whole)));
        }
        let scaling = opened.header.scaling;
        let payload = opened.payload.ok_or(Problem::Detached)?;
        let (voxels, range) = read_part_and_range(payload, &opened.layout, bounds, scaling, limits)?;
        Ok((Volume::new(grid, scaled(voxels, scaling))?, range))
    })
}

/// Which voxels of a label volume are the mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MaskOptions {
    /// The label, when the reference names none; `None` for 1, as PyRadiomics.
    pub label: Option<u32>,
    /// PyRadiomics' `label_channel`: which component of the file's vectors holds the labels, counted from 0. Files with
    /// one number a voxel have no use for it, as in PyRadiomics.
    pub channel: usize,
}

/// Reads one label of a label volume, label 1 when the reference names none, as PyRadiomics does; of vectors, the first
/// component.
///
/// Only the rows of the label are kept while the file is read, from their first voxel of the label to the last, a byte a
/// voxel. A checksum is verified as by [`read_volume`].
///
/// # Errors
/// As [`read_volume`], and [`Problem::Mask`] when no voxel has the label.
pub fn read_mask(reference: &Reference) -> Result<Mask, ImagingError> {
    read_mask_with(reference, &Limits::default())
}

/// Reads one label of a label volume within limits, which count for the rows that are kept.
///
/// # Errors
/// As [`read_mask`].
pub fn read_mask_with(reference: &Reference, limits: &Limits) -> Result<Mask, ImagingError> {
    mask_within(reference, &MaskOptions::default(), limits)
}

/// Reads one label, of one component, of a label volume. A label in the reference wins over that of the options.
///
/// # Errors
/// As [`read_mask`], and [`Problem::Channel`] when the file's vectors have no such component.
pub fn read_mask_with_options(reference: &Reference, options: &MaskOptions) -> Result<Mask, ImagingError> {
    mask_within(reference, options, &Limits::default())
}

fn mask_within(reference: &Reference, options: &MaskOptions, limits: &Limits) -> Result<Mask, ImagingError> {
    let name = reference.to_string();
    let label = match &reference.part {
        None => options.label.unwrap_or(1),
        Some(Part::Label(label)) => *label,
        Some(part) => return Err(Problem::Part { part: part.clone() }.of(&name)),
    };
    let again = || open(&reference.path, Wanted::Voxels);
    again()
        .and_then(|opened| mask::read_mask(opened, again, label, options.channel, limits))
        .map_err(|p| p.of(&name))
}

/// Names the file in whatever goes wrong.
fn named<T>(path: &Path, read: impl FnOnce(&Path) -> Result<T, Problem>) -> Result<T, ImagingError> {
    read(path).map_err(|p| p.of(&path.display().to_string()))
}

/// The grid of a box, whose voxels are to be read.
fn cropped(opened: &Opened<'_>, bounds: &Bounds, limits: &Limits) -> Result<Grid, Problem> {
    one_number(opened)?;
    let grid = opened.header.grid.crop(bounds).map_err(Problem::Bounds)?;
    let bytes = opened.header.voxel_type.bytes().max(opened.header.stored_type.bytes());
    check_memory((grid.voxels() * bytes) as u128, limits)?;
    Ok(grid)
}

/// Images have one number a voxel.
fn one_number(opened: &Opened<'_>) -> Result<(), Problem> {
    match &opened.layout.components {
        Some(components) => Err(Problem::SeveralValues {
            kind: components.kind.clone(),
        }),
        None => Ok(()),
    }
}

fn load(opened: Opened<'_>, limits: &Limits) -> Result<Volume, Problem> {
    one_number(&opened)?;
    let Opened {
        header,
        layout,
        encoding,
        payload,
        ..
    } = opened;
    let payload = payload.ok_or(Problem::Detached)?;
    check_memory(header.voxel_bytes().into(), limits)?;
    let voxels = match encoding {
        Encoding::Binary => read_voxels(payload, &layout, limits)?,
        Encoding::Text => nrrd::read_text(payload, &layout, limits)?,
    };
    Ok(Volume::new(header.grid, scaled(voxels, header.scaling))?)
}

/// ITK's arithmetic: integers become float32 first, then the product and the sum are taken in double precision.
#[allow(clippy::unnecessary_cast)] // one arm of the macro is f32 already
fn scaled(voxels: Voxels, scaling: Option<Scaling>) -> Voxels {
    let Some(Scaling { slope, intercept }) = scaling else {
        return voxels;
    };
    let one = move |v: f32| (f64::from(v) * slope + intercept) as f32;
    match voxels {
        Voxels::F32(mut a) => {
            a.mapv_inplace(one);
            a.into()
        }
        Voxels::F64(mut a) => {
            a.mapv_inplace(|v| v * slope + intercept);
            a.into()
        }
        integers => with_voxels!(integers, a => a.mapv(|v| one(v as f32)).into()),
    }
}
