//! Origin and directions from qform and sform, by the rules of ITK 5.4 (`NiftiImageIO::SetImageIOOrientationFromNIfTI`).

use super::fields::Fields;
use super::svd::left_vectors;
use crate::error::Problem;

/// NIFTI_XFORM_SCANNER_ANAT.
const SCANNER_ANAT: i32 = 1;

/// Rows of the affine transform from voxel index to RAS millimetres; the last column is the translation.
type Affine = [[f64; 4]; 3];
type Orientation = ([f64; 3], [[f64; 3]; 3]);

/// Origin and direction cosines in LPS of an image of `dimensions` (2 or 3) dimensions, before voxel sizes.
///
/// Neither form known: origin 0 and no rotation. The sform is taken when its axes are at right angles and either no
/// qform is known, or its code says that it is the scanner's frame, or it and the qform nearly agree. Otherwise the
/// qform. A skewed sform without a qform is an error, as in SimpleITK; so is an sform with NaN or infinity, where SimpleITK
/// gives an image that lies nowhere.
pub(super) fn orientation(fields: &Fields, dimensions: usize) -> Result<Orientation, Problem> {
    let identity = std::array::from_fn(|r| std::array::from_fn(|c| f64::from(u8::from(r == c))));
    if fields.qform_code <= 0 && fields.sform_code <= 0 {
        return Ok(([0.0; 3], identity));
    }
    if fields.sform_code > 0 && !fields.srow.iter().flatten().all(|v| v.is_finite()) {
        return Err(Problem::NotFinite);
    }
    let chosen = choose(fields).ok_or(Problem::NotOrthonormal)?;
    let (mut origin, mut direction) = ([0.0; 3], identity);
    for r in 0..dimensions {
        // NIfTI's first two axes point right and front, ITK's left and back.
        let sign = if r < 2 { -1.0 } else { 1.0 };
        origin[r] = sign * chosen[r][3];
        for c in 0..dimensions {
            direction[r][c] = sign * chosen[r][c];
        }
    }
    for c in 0..dimensions {
        let norm = (0..dimensions)
            .map(|r| direction[r][c] * direction[r][c])
            .sum::<f64>()
            .sqrt();
        if norm > 0.0 {
            for row in direction.iter_mut().take(dimensions) {
                row[c] /= norm;
            }
        }
    }
    Ok((origin, direction))
}

fn choose(fields: &Fields) -> Option<Affine> {
    let has_q = fields.qform_code > 0;
    let has_s = fields.sform_code > 0;
    let qform = if has_q { quaternion(fields) } else { scales(fields) };
    let sform = if has_s { fields.srow } else { [[0.0; 4]; 3] };
    let mut prefer_sform = has_s && nearly_equal(&sform, &qform);
    if has_s && is_invertible(&sform) && is_orthogonal(&sform) {
        prefer_sform = !has_q || fields.sform_code == SCANNER_ANAT || agree(&sform, &qform);
    }
    if prefer_sform {
        Some(sform)
    } else {
        has_q.then_some(qform)
    }
}

/// The qform: rotation by the unit quaternion (a, b, c, d), times the voxel sizes; nifti_clib's
/// `nifti_quatern_to_mat44`, whose results NIfTI-1 readers keep in single precision.
fn quaternion(fields: &Fields) -> Affine {
    let [mut b, mut c, mut d] = fields.quatern;
    let square = b * b + c * c + d * d;
    let mut a = 1.0 - square;
    if a < 1e-7 {
        // A rotation by half a turn; rounding may have made the vector too long.
        let scale = 1.0 / square.sqrt();
        (a, b, c, d) = (0.0, b * scale, c * scale, d * scale);
    } else {
        a = a.sqrt();
    }
    let length = |axis: usize| match fields.pixdim[axis] {
        l if l > 0.0 => l,
        _ => 1.0,
    };
    let (x, y) = (length(1), length(2));
    let z = if fields.pixdim[0] < 0.0 { -length(3) } else { length(3) };
    let rows = [
        [
            (a * a + b * b - c * c - d * d) * x,
            2.0 * (b * c - a * d) * y,
            2.0 * (b * d + a * c) * z,
        ],
        [
            2.0 * (b * c + a * d) * x,
            (a * a + c * c - b * b - d * d) * y,
            2.0 * (c * d - a * b) * z,
        ],
        [
            2.0 * (b * d - a * c) * x,
            2.0 * (c * d + a * b) * y,
            (a * a + d * d - c * c - b * b) * z,
        ],
    ];
    let rounded = |v: f64| if fields.precise { v } else { f64::from(v as f32) };
    std::array::from_fn(|r| {
        let [x, y, z] = rows[r].map(rounded);
        [x, y, z, fields.qoffset[r]]
    })
}

fn scales(fields: &Fields) -> Affine {
    std::array::from_fn(|r| std::array::from_fn(|c| if r == c { fields.pixdim[r + 1] } else { 0.0 }))
}

fn nearly_equal(sform: &Affine, qform: &Affine) -> bool {
    let by = |r: usize, c: usize| (sform[r][c] - qform[r][c]).abs();
    (0..3).all(|r| (0..3).all(|c| by(r, c) <= 1e-5)) && (0..3).map(|r| by(r, 3)).sum::<f64>() <= 1e-7
}

/// Whether the transform can be inverted in double precision: an estimate of the ratio of its singular values, as ITK asks
/// of it. Only translations beyond 10,000 km and scales of that order fail.
fn is_invertible(sform: &Affine) -> bool {
    let shortest = (0..3).map(|c| length(sform, c)).fold(1.0, f64::min);
    let longest = (0..4).map(|c| length(sform, c)).fold(1.0, f64::max);
    shortest / (longest * longest) > f64::EPSILON
}

/// Whether the axes, made unit vectors, are at right angles.
fn is_orthogonal(sform: &Affine) -> bool {
    let unit = rotation(sform);
    (0..3).all(|i| {
        (0..3).all(|j| {
            let product: f64 = (0..3).map(|k| unit[i][k] * unit[j][k]).sum();
            (product - f64::from(u8::from(i == j))).abs() <= 1e-4
        })
    })
}

/// Whether rotation, scales and translation all agree to 1e-4, by ITK's measure: the singular values of both, and the
/// left singular vectors of the one against those of the other.
fn agree(sform: &Affine, qform: &Affine) -> bool {
    let columns = |m: &Affine| std::array::from_fn(|c| std::array::from_fn(|r| m[r][c] as f32));
    let (Some((s_scales, s)), Some((q_scales, q))) = (left_vectors(columns(sform)), left_vectors(columns(qform)))
    else {
        return false;
    };
    // The vectors are orthonormal, so that the transpose is the inverse.
    let relative = |i: usize, j: usize| (0..3).map(|k| s[k][i] * q[k][j]).sum::<f32>();
    (0..3).all(|i| {
        (0..3).all(|j| (relative(i, j) - f32::from(u8::from(i == j))).abs() <= 1e-4)
            && (s_scales[i] - q_scales[i]).abs() <= 1e-4
            && (sform[i][3] - qform[i][3]).abs() <= 1e-4
    })
}

fn length(affine: &Affine, column: usize) -> f64 {
    affine.iter().map(|row| row[column] * row[column]).sum::<f64>().sqrt()
}

fn rotation(affine: &Affine) -> [[f64; 3]; 3] {
    let norms: [f64; 3] = std::array::from_fn(|c| match length(affine, c) {
        n if n > 0.0 => n,
        _ => 1.0,
    });
    std::array::from_fn(|r| std::array::from_fn(|c| affine[r][c] / norms[c]))
}
