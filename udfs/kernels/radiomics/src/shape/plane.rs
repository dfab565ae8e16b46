//! Size and form of a region of one slice.
//!
//! Marching squares: a square has its corners at four pixel centres, and the outline crosses a side halfway wherever one
//! end is inside and the other outside. Lines and area of a square depend on its corners alone, so that they follow from
//! how many squares there are of each kind; pixels that touch at a corner only are cut apart, as in PyRadiomics.

use super::axes::in_plane;
use super::diameter::{EMPTY, hull, longest_of_all};
use crate::cancel::Cancel;
use crate::catalogue::FeatureClass;
use crate::error::RadiomicsError;
use crate::request::FeatureSet;
use crate::settings::Axis;
use ndarray::ArrayView2;
use radsql_volume::Mask;
use std::f64::consts::PI;

/// The 9 features in the order of the catalogue, then the deprecated one; those that are not wanted may be NaN. `spacing`
/// is (x, y, z) in mm, `plane` the axis across the slice.
///
/// PyRadiomics 3.0.1 looks along another axis when it asks whether the region is flat, and so never gives a value for
/// slices along y, nor for a line that lies along y or z; here they have the values that its formulas give.
///
/// # Errors
/// [`RadiomicsError::NoPlane`] without a plane, [`RadiomicsError::NotOneSlice`] when the region is not one slice.
pub(crate) fn features(
    mask: &Mask,
    spacing: [f64; 3],
    plane: Option<Axis>,
    wanted: FeatureSet,
    cancel: Cancel,
) -> Result<[f64; 10], RadiomicsError> {
    let dimension = plane.ok_or(RadiomicsError::NoPlane)?.dimension();
    let across = ndarray::Axis(dimension);
    let slices = mask.inside().len_of(across);
    if slices != 1 {
        return Err(RadiomicsError::NotOneSlice { dimension, slices });
    }
    let inside = mask.inside().index_axis(across, 0);
    let [sx, sy, sz] = spacing;
    let spacing = match dimension {
        0 => [sy, sx],
        1 => [sz, sx],
        _ => [sz, sy],
    };
    let needs = |names: &[&str]| wanted.needs_any(FeatureClass::Shape2D, names);
    let needs_axes = needs(&["Elongation", "MajorAxisLength", "MinorAxisLength"]);
    let [minor, major] = if needs_axes {
        eigenvalues(inside, spacing, cancel)?
    } else {
        [f64::NAN; 2]
    };
    let Outline {
        perimeter,
        area,
        diameter,
    } = outline(inside, spacing, needs(&["MaximumDiameter"]), cancel)?;
    let circle = 2.0 * (PI * area).sqrt();
    Ok([
        (minor / major).sqrt(),
        4.0 * major.sqrt(),
        diameter,
        area,
        4.0 * minor.sqrt(),
        perimeter,
        perimeter / area,
        mask.voxels() as f64 * (spacing[1] * spacing[0]),
        circle / perimeter,
        perimeter / circle,
    ])
}

/// The outline of a region.
struct Outline {
    /// Length in mm.
    perimeter: f64,
    /// Area within in mm².
    area: f64,
    /// Largest distance between vertices in mm, NaN when not asked for.
    diameter: f64,
}

/// Walks the squares of a region with a margin of one pixel around its box. `inside` and `spacing` are by row, then
/// column.
fn outline(
    inside: ArrayView2<bool>,
    spacing: [f64; 2],
    needs_diameter: bool,
    cancel: Cancel,
) -> Result<Outline, RadiomicsError> {
    let (rows, columns) = inside.dim();
    // Squares by their corners: bit 0 and 1 for the upper left and right one, bit 2 and 3 for the lower ones.
    let mut squares = [0u64; 16];
    // First and last vertex on each line along the columns, in half pixels.
    let mut extremes = vec![EMPTY; if needs_diameter { 2 * rows + 4 } else { 0 }];
    let mut add = |row: usize, column: usize| {
        if let Some((first, last)) = extremes.get_mut(row) {
            *first = (*first).min(column as i32);
            *last = (*last).max(column as i32);
        }
    };
    let (mut upper, mut lower) = (vec![0u8; columns + 2], vec![0u8; columns + 2]);
    for row in 0..=rows {
        cancel.check_at(row)?;
        std::mem::swap(&mut upper, &mut lower);
        lower.fill(0);
        if row < rows {
            for (pixel, inside) in lower.iter_mut().skip(1).zip(inside.row(row)) {
                *pixel = u8::from(*inside);
            }
        }
        let mut left = 0;
        for (column, (above, below)) in upper.iter().zip(&lower).skip(1).map(|(a, b)| (*a, *b)).enumerate() {
            let right = above << 1 | below << 3;
            let square = left | right;
            squares[usize::from(square)] += 1;
            // The sides to the right of and below the square's upper right and lower left corner belong to it.
            if needs_diameter && square != 0 && square != 15 {
                if (square >> 1 ^ square >> 3) & 1 == 1 {
                    add(2 * row + 1, 2 * column + 2);
                }
                if (square >> 2 ^ square >> 3) & 1 == 1 {
                    add(2 * row + 2, 2 * column + 1);
                }
            }
            left = right >> 1;
        }
    }
    let [height, width] = spacing;
    let total = |kinds: &[usize]| kinds.iter().map(|k| squares[*k]).sum::<u64>();
    let one = total(&[1, 2, 4, 8]);
    let three = total(&[7, 11, 13, 14]);
    let opposite = total(&[6, 9]);
    let (flat, upright) = (total(&[3, 12]), total(&[5, 10]));
    let cut = (one + three + 2 * opposite) as f64 * (height.hypot(width) / 2.0);
    let eighths = one + 7 * three + 2 * opposite + 4 * (flat + upright) + 8 * squares[15];
    let diameter = if needs_diameter {
        let corners = hull(extremes.into_iter().enumerate());
        let vertices: Vec<[i32; 3]> = corners.into_iter().map(|(u, v)| [0, u, v]).collect();
        longest_of_all(&vertices, [0.0, height, width]).sqrt()
    } else {
        f64::NAN
    };
    Ok(Outline {
        perimeter: cut + flat as f64 * width + upright as f64 * height,
        area: eighths as f64 / 8.0 * (height * width),
        diameter,
    })
}

/// Eigenvalues of the covariance of the pixel centres in mm, divided by the number of pixels, ascending. `inside` and
/// `spacing` are by row, then column.
fn eigenvalues(inside: ArrayView2<bool>, spacing: [f64; 2], cancel: Cancel) -> Result<[f64; 2], RadiomicsError> {
    let (mut n, mut first, mut second) = (0i128, [0i128; 2], [0i128; 3]);
    for (at, line) in inside.rows().into_iter().enumerate() {
        cancel.check_at(at)?;
        let row = at as i128;
        let (mut count, mut sum, mut squares) = (0u64, 0u64, 0u64);
        for (column, _) in (0u64..).zip(line).filter(|(_, inside)| **inside) {
            count += 1;
            sum += column;
            squares += column * column;
        }
        let (count, sum) = (i128::from(count), i128::from(sum));
        n += count;
        first[0] += row * count;
        first[1] += sum;
        second[0] += row * row * count;
        second[1] += row * sum;
        second[2] += i128::from(squares);
    }
    // Central moments times n².
    let vertical = n * second[0] - first[0] * first[0];
    let both = n * second[1] - first[0] * first[1];
    let horizontal = n * second[2] - first[1] * first[1];
    Ok(in_plane(n, [vertical, both, horizontal], spacing))
}
