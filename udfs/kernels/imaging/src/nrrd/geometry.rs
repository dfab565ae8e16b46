//! From NRRD's axes to a grid, as ITK's `NrrdImageIO` does.

use super::header::{Center, Fields, Space};
use crate::error::Problem;
use crate::sample::Components;
use radsql_volume::Grid;

/// Voxels along x, y, z, the grid of them, and the numbers of each where there are several.
pub(super) fn grid(fields: &Fields) -> Result<([usize; 3], Grid, Option<Components>), Problem> {
    let (axes, values) = domain(fields)?;
    if !(2..=3).contains(&axes.len()) {
        return Err(Problem::Dimensions {
            found: axes.len() as i64,
        });
    }
    let mut size = [1; 3];
    for (n, &axis) in size.iter_mut().zip(&axes) {
        let found = fields.sizes[axis];
        *n = usize::try_from(found)
            .ok()
            .filter(|&n| n > 0)
            .ok_or(Problem::AxisLength { axis: axis + 1, found })?;
    }
    let Placement {
        spacing,
        origin,
        direction,
    } = match fields.space {
        Some(space) => in_space(fields, space, &axes)?,
        None => along_axes(fields, &axes)?,
    };
    let components = values.map(|axis| Components {
        // Checked by `domain`.
        count: usize::try_from(fields.sizes[axis]).unwrap_or(1),
        run: size[..axis.min(3)].iter().fold(1, |n, &k| n.saturating_mul(k)),
        kind: format!("axis {} of kind '{}'", axis + 1, fields.kinds[axis]),
    });
    Ok((size, Grid::new(size, spacing, origin, direction)?, components))
}

struct Placement {
    spacing: [f64; 3],
    origin: [f64; 3],
    direction: [[f64; 3]; 3],
}

impl Placement {
    fn plain() -> Self {
        Self {
            spacing: [1.0; 3],
            origin: [0.0; 3],
            direction: std::array::from_fn(|r| std::array::from_fn(|c| f64::from(u8::from(r == c)))),
        }
    }
}

/// The axes of space, in order, and the one axis of values (colours, vectors) of more than one element that may be there
/// beside them.
fn domain(fields: &Fields) -> Result<(Vec<usize>, Option<usize>), Problem> {
    let is_domain = |axis: usize| match fields.kinds.get(axis) {
        Some(kind) => matches!(kind.as_str(), "domain" | "space" | "time" | "???" | "none"),
        None => true,
    };
    let (axes, values): (Vec<usize>, Vec<usize>) = (0..fields.sizes.len()).partition(|&a| is_domain(a));
    match values.as_slice() {
        [] => Ok((axes, None)),
        [axis] if fields.sizes[*axis] == 1 => Ok((axes, None)),
        [axis] if is_vector(&fields.kinds[*axis], fields.sizes[*axis]) => Ok((axes, Some(*axis))),
        [axis, ..] => Err(Problem::SeveralValues {
            kind: format!(
                "axis {} of kind '{}' with {} elements",
                axis + 1,
                fields.kinds[*axis],
                fields.sizes[*axis]
            ),
        }),
    }
}

/// Whether an axis of this kind and length makes a vector image of SimpleITK. Complex numbers and symmetric matrices do
/// not.
fn is_vector(kind: &str, length: i64) -> bool {
    match kind {
        "list" | "point" | "vector" | "covariant-vector" | "normal" => length > 1,
        "2-vector" => length == 2,
        "3-color" | "rgb-color" | "hsv-color" | "xyz-color" | "3-vector" | "3-normal" => length == 3,
        "4-color" | "rgba-color" | "4-vector" | "quaternion" | "2d-matrix" => length == 4,
        "3d-matrix" => length == 9,
        _ => false,
    }
}

/// Placement by vectors in the patient's (or another) space.
fn in_space(fields: &Fields, space: Space, axes: &[usize]) -> Result<Placement, Problem> {
    for (field, given) in [
        ("spacings", &fields.spacings),
        ("axis mins", &fields.axis_mins),
        ("axis maxs", &fields.axis_maxs),
    ] {
        if let Some(length) = given.iter().flatten().find(|v| !v.is_nan()) {
            return Err(Problem::FieldValue {
                field,
                found: length.to_string(),
                expected: "nothing, because the directions in space give it",
            });
        }
    }
    let n = fields.space_dimension;
    if n != axes.len() {
        return Err(Problem::FieldValue {
            field: "space",
            found: format!("{n} dimensions"),
            expected: "as many as the image has",
        });
    }
    let flip = match space {
        Space::Ras => [-1.0, -1.0, 1.0],
        Space::Las => [1.0, -1.0, 1.0],
        Space::Lps | Space::Other => [1.0; 3],
    };
    let mut placement = Placement::plain();
    if let Some(directions) = &fields.directions {
        for (c, &axis) in axes.iter().enumerate() {
            let vector = directions[axis]
                .as_ref()
                .filter(|v| v.len() == n)
                .ok_or(Problem::FieldValue {
                    field: "space directions",
                    found: "a vector of another length, or none".into(),
                    expected: "a vector as long as the space has dimensions, for each axis in it",
                })?;
            let norm = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
            placement.spacing[c] = norm;
            for r in 0..n {
                // The reciprocal first, as NrrdIO: the last bit depends on it.
                placement.direction[r][c] = flip[r] * (vector[r] * (1.0 / norm));
            }
        }
    }
    // NaN stands for unknown.
    if let Some(given) = fields
        .origin
        .as_ref()
        .filter(|o| !o.first().is_some_and(|v| v.is_nan()))
    {
        if given.len() != n {
            return Err(Problem::FieldValue {
                field: "space origin",
                found: format!("a vector of {} numbers", given.len()),
                expected: "a vector as long as the space has dimensions",
            });
        }
        for r in 0..n {
            placement.origin[r] = flip[r] * given[r];
        }
    }
    Ok(placement)
}

/// Placement by spacings and ends along the axes, where no space is known.
fn along_axes(fields: &Fields, axes: &[usize]) -> Result<Placement, Problem> {
    if fields.directions.is_some() || fields.origin.is_some() {
        return Err(Problem::FieldMissing { field: "space" });
    }
    let mut placement = Placement::plain();
    for (c, &axis) in axes.iter().enumerate() {
        let length = fields.spacings.as_ref().map_or(f64::NAN, |s| s[axis]);
        // NaN stands for unknown.
        if !length.is_nan() {
            placement.spacing[c] = length.abs();
        }
        // ITK's ImageFileReader turns the axis round.
        if length < 0.0 {
            placement.direction[c][c] = -1.0;
        }
    }
    let ends: Option<Vec<f64>> = axes.iter().map(|&axis| first_centre(fields, axis)).collect();
    if let Some(ends) = ends {
        placement.origin[..axes.len()].copy_from_slice(&ends);
    }
    Ok(placement)
}

/// The first voxel's centre by the axis' ends: NrrdIO's `nrrdOriginCalculate`, voxels being cells unless the file says
/// otherwise. `None` when an end is unknown.
fn first_centre(fields: &Fields, axis: usize) -> Option<f64> {
    let known = |list: &Option<Vec<f64>>| list.as_ref().map(|l| l[axis]).filter(|v| !v.is_nan());
    let min = known(&fields.axis_mins)?;
    let cell = fields.centers[axis] != Some(Center::Node);
    let spacing = known(&fields.spacings).or_else(|| {
        let intervals = fields.sizes[axis] - i64::from(!cell);
        Some((known(&fields.axis_maxs)? - min) / intervals as f64)
    })?;
    Some(if cell { min + spacing / 2.0 } else { min })
}
