//! NIfTI-1 and NIfTI-2.

mod fields;
mod orientation;
mod svd;

use crate::error::Problem;
use crate::header::{Format, Header, Scaling};
use crate::sample::{Components, Layout};
use fields::Fields;
pub(crate) use fields::{NIFTI1_BYTES, NIFTI2_BYTES, length, recognise};
use radsql_volume::{Grid, VoxelType};

/// Codes of intents whose values lie along the fifth axis.
const INTENT_GENERAL_MATRIX: i32 = 1004;
const INTENT_SYMMETRIC_MATRIX: i32 = 1005;
const INTENT_VECTOR: i32 = 1007;

/// What a NIfTI header says, and where its voxels are.
pub(crate) struct Parsed {
    pub header: Header,
    pub layout: Layout,
    /// Whether the voxels follow the header in the same file.
    pub single_file: bool,
}

/// Interprets a header as ITK's `NiftiImageIO` and the nifti_clib under it do, with these exceptions, all of them
/// errors here: an axis of no or negative length (nifti_clib makes it 1), and voxels that would begin within the header
/// (nifti_clib begins at byte 348, nibabel at 352).
pub(crate) fn parse(bytes: &[u8], format: Format) -> Result<Parsed, Problem> {
    let fields = Fields::read(bytes, format);
    let (stored_type, colours) = voxel_type(fields.datatype)?;
    let (dimensions, size, vector) = size(&fields)?;
    let components = match (colours, vector) {
        (1, None) => None,
        // The values of one component follow each other.
        (1, Some(count)) => Some(Components {
            count,
            run: size.iter().fold(1, |n, &k| n.saturating_mul(k)),
            kind: "vectors".into(),
        }),
        (count, None) => Some(Components {
            count,
            run: 1,
            kind: "colours".into(),
        }),
        (_, Some(_)) => {
            return Err(Problem::SeveralValues {
                kind: "vectors of colours".into(),
            });
        }
    };
    let grid = grid(&fields, dimensions, size)?;
    let scaling = scaling(&fields);
    let voxel_type = match (scaling, stored_type) {
        (None, t) | (Some(_), t @ VoxelType::F64) => t,
        (Some(_), _) => VoxelType::F32,
    };
    Ok(Parsed {
        layout: Layout {
            skip: offset(&fields)?,
            voxel_type: stored_type,
            order: fields.order,
            size,
            components: components.clone(),
        },
        header: Header {
            format,
            grid,
            stored_type,
            voxel_type,
            scaling,
            components: components.map_or(1, |c| c.count),
        },
        single_file: fields.single_file,
    })
}

/// The type of a number, and how many of them make one voxel.
fn voxel_type(code: i16) -> Result<(VoxelType, usize), Problem> {
    let single = match code {
        2 => VoxelType::U8,
        4 => VoxelType::I16,
        8 => VoxelType::I32,
        16 => VoxelType::F32,
        64 => VoxelType::F64,
        256 => VoxelType::I8,
        512 => VoxelType::U16,
        768 => VoxelType::U32,
        1024 => VoxelType::I64,
        1280 => VoxelType::U64,
        32 | 1792 | 2048 => {
            return Err(Problem::SeveralValues {
                kind: "complex numbers".into(),
            });
        }
        128 => return Ok((VoxelType::U8, 3)),
        2304 => return Ok((VoxelType::U8, 4)),
        other => {
            return Err(Problem::VoxelType {
                found: match other {
                    0 => "unknown (code 0)".into(),
                    1 => "binary (code 1)".into(),
                    1536 => "float128 (code 1536)".into(),
                    _ => format!("code {other}"),
                },
            });
        }
    };
    Ok((single, 1))
}

/// Number of dimensions that count, voxels along x, y, z, and numbers a voxel where these lie along the fifth axis.
fn size(fields: &Fields) -> Result<(usize, [usize; 3], Option<usize>), Problem> {
    let found = fields.dim[0];
    let dimensions = usize::try_from(found)
        .ok()
        .filter(|n| (2..=7).contains(n))
        .ok_or(Problem::Dimensions { found })?;
    let lengths = &fields.dim[1..=dimensions];
    if let Some(at) = lengths.iter().position(|&n| n < 1) {
        return Err(Problem::AxisLength {
            axis: at + 1,
            found: lengths[at],
        });
    }
    let mut vector = None;
    if let Some(&count) = lengths.get(4).filter(|&&n| n > 1) {
        match fields.intent_code {
            INTENT_VECTOR => vector = usize::try_from(count).ok(),
            INTENT_GENERAL_MATRIX | INTENT_SYMMETRIC_MATRIX => {
                return Err(Problem::SeveralValues {
                    kind: "matrices".into(),
                });
            }
            _ => {}
        }
    }
    let volumes = |at: usize, n: i64| at >= 3 && n != 1 && !(at == 4 && vector.is_some());
    if let Some((at, &found)) = lengths.iter().enumerate().find(|&(at, &n)| volumes(at, n)) {
        return Err(Problem::SeveralVolumes { axis: at + 1, found });
    }
    let mut size = [1; 3];
    for (axis, (n, &length)) in size.iter_mut().zip(lengths).enumerate() {
        *n = usize::try_from(length).map_err(|_| Problem::AxisLength {
            axis: axis + 1,
            found: length,
        })?;
    }
    // ITK: vectors on one slice are an image of two dimensions.
    let dimensions = match vector {
        Some(_) if size[2] == 1 => 2,
        _ => dimensions,
    };
    Ok((dimensions, size, vector))
}

fn grid(fields: &Fields, dimensions: usize, size: [usize; 3]) -> Result<Grid, Problem> {
    // Bits 0 to 2 of xyzt_units are the unit of space.
    let millimetres = match fields.xyzt_units & 7 {
        1 => 1e3,
        3 => 1e-3,
        _ => 1.0,
    };
    let (origin, mut direction) = orientation::orientation(fields, dimensions.min(3))?;
    let origin = origin.map(|v| v * millimetres);
    let mut spacing = [1.0; 3];
    for axis in 0..dimensions.min(3) {
        let length = fields.pixdim[axis + 1] * millimetres;
        spacing[axis] = length.abs();
        // ITK's ImageFileReader turns the axis round.
        if length < 0.0 {
            for row in &mut direction {
                row[axis] = -row[axis];
            }
        }
    }
    Ok(Grid::new(size, spacing, origin, direction)?)
}

/// Slope and intercept as ITK applies them: what is not finite counts as 0, and a slope of 0 as 1, whereupon the
/// intercept still counts.
fn scaling(fields: &Fields) -> Option<Scaling> {
    let finite = |v: f64| if v.is_finite() { v } else { 0.0 };
    let intercept = finite(fields.scl_inter);
    let slope = match finite(fields.scl_slope) {
        s if s.abs() < f64::EPSILON => 1.0,
        s => s,
    };
    let changes = (slope - 1.0).abs() > f64::EPSILON || intercept.abs() > f64::EPSILON;
    changes.then_some(Scaling { slope, intercept })
}

/// Bytes before the first voxel.
fn offset(fields: &Fields) -> Result<u64, Problem> {
    let least = match (fields.single_file, fields.precise) {
        (false, _) => 0,
        (true, false) => NIFTI1_BYTES as u64,
        (true, true) => NIFTI2_BYTES as u64,
    };
    let found = fields.vox_offset;
    // Larger than any file; f64 holds every whole number below exactly.
    if found.fract() == 0.0 && found >= least as f64 && found < 2f64.powi(53) {
        Ok(found as u64)
    } else {
        Err(Problem::Offset { found, least })
    }
}
