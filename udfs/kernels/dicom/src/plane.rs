//! Where frames lie in space, and the grid that a stack of them makes.

use crate::attributes::{array, item, number};
use crate::dataset::Dataset;
use crate::error::Problem;
use dicom_dictionary_std::tags;
use radsql_volume::Grid;
use serde::{Deserialize, Serialize};

/// Largest difference of a direction cosine between slices of one volume.
const COSINE: f64 = 1e-4;
/// Largest relative difference of spacings between slices, and of gaps between slices.
const SPACING: f64 = 1e-4;
const GAP: f64 = 0.01;
/// A gap may differ by so much too, mm: positions are often rounded to this.
const ROUNDING: f64 = 0.01;
/// Slices may lie off the line through the first one's corner by this part of a pixel.
const SIDEWAYS: f64 = 0.1;

/// Position and orientation of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plane {
    /// Centre of the first pixel, LPS, mm.
    pub position: [f64; 3],
    /// Direction of growing column index, then of growing row index.
    pub along: [[f64; 3]; 2],
    /// Distance of columns, then of rows.
    pub spacing: [f64; 2],
    /// Spacing between slices or, failing that, slice thickness; 0 if neither is known.
    pub thickness: f64,
    pub columns: u32,
    pub rows: u32,
}

impl Plane {
    /// Of a single-frame object.
    pub fn of(object: Dataset<'_>, rows: u32, columns: u32) -> Result<Self, Problem> {
        Self::from_parts(&[object], &[object], &[object], rows, columns)
    }

    /// Of one frame of a multi-frame object: its own functional groups win over the shared ones.
    pub fn of_frame(
        frame: Option<Dataset<'_>>,
        shared: Option<Dataset<'_>>,
        rows: u32,
        columns: u32,
    ) -> Result<Self, Problem> {
        let group = |tag| -> Vec<_> {
            [frame, shared]
                .into_iter()
                .flatten()
                .filter_map(|g| item(g, tag))
                .collect()
        };
        Self::from_parts(
            &group(tags::PLANE_POSITION_SEQUENCE),
            &group(tags::PLANE_ORIENTATION_SEQUENCE),
            &group(tags::PIXEL_MEASURES_SEQUENCE),
            rows,
            columns,
        )
    }

    fn from_parts(
        position: &[Dataset<'_>],
        orientation: &[Dataset<'_>],
        measures: &[Dataset<'_>],
        rows: u32,
        columns: u32,
    ) -> Result<Self, Problem> {
        let position = first::<3>(position, tags::IMAGE_POSITION_PATIENT, "ImagePositionPatient")?;
        let cosines = first::<6>(orientation, tags::IMAGE_ORIENTATION_PATIENT, "ImageOrientationPatient")?;
        let spacing = first::<2>(measures, tags::PIXEL_SPACING, "PixelSpacing")?;
        if spacing.iter().any(|s| *s <= 0.0) {
            return Err(Problem::Value {
                keyword: "PixelSpacing",
                found: format!("{} and {}", spacing[0], spacing[1]),
                expected: "two numbers above 0",
            });
        }
        let along = [0, 3].map(|i| [cosines[i], cosines[i + 1], cosines[i + 2]]);
        let (lengths, between) = (along.map(|a| dot(a, a).sqrt()), dot(along[0], along[1]));
        if lengths.iter().any(|l| (l - 1.0).abs() > 1e-2) || between.abs() > 1e-3 {
            return Err(Problem::Value {
                keyword: "ImageOrientationPatient",
                found: "two vectors that are not of length 1 or not at right angles".to_owned(),
                expected: "two unit vectors at right angles",
            });
        }
        let mut thickness = 0.0;
        for m in measures {
            for (tag, keyword) in [
                (tags::SPACING_BETWEEN_SLICES, "SpacingBetweenSlices"),
                (tags::SLICE_THICKNESS, "SliceThickness"),
            ] {
                // Only a single slice needs it: what cannot be understood is as good as absent.
                let found = number(*m, tag, keyword).ok().flatten().map_or(0.0, f64::abs);
                if thickness == 0.0 && found > 0.0 {
                    thickness = found;
                }
            }
        }
        Ok(Self {
            position,
            along: [0, 1].map(|i| along[i].map(|c| c / lengths[i])),
            spacing: [spacing[1], spacing[0]],
            thickness,
            columns,
            rows,
        })
    }

    /// Unit vector at right angles to the frame, so that columns, rows and slices are right-handed.
    pub fn normal(&self) -> [f64; 3] {
        let [a, b] = self.along;
        let n = cross(a, b);
        let length = dot(n, n).sqrt();
        n.map(|c| c / length)
    }

    pub fn same_orientation(&self, other: &Self) -> bool {
        let pairs = self.along.iter().flatten().zip(other.along.iter().flatten());
        pairs.into_iter().all(|(a, b)| (a - b).abs() <= COSINE)
    }

    pub fn same_spacing(&self, other: &Self) -> bool {
        self.spacing
            .iter()
            .zip(&other.spacing)
            .all(|(a, b)| (a - b).abs() <= SPACING * a.max(*b))
    }
}

fn first<const N: usize>(
    objects: &[Dataset<'_>],
    tag: dicom_core::Tag,
    keyword: &'static str,
) -> Result<[f64; N], Problem> {
    for object in objects {
        if let Some(found) = array::<N>(*object, tag, keyword)? {
            return Ok(found);
        }
    }
    Err(Problem::Missing { keyword })
}

pub(crate) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(crate) fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// The grid of frames that make one volume without gaps, and their order in it, by place along the normal.
///
/// Sizes, spacings and orientations must be the same. No two frames may lie at one place, and none may lack: distances
/// differ by 1 % or 0.01 mm at most. Nor may frames be shifted against one another by more than a tenth of a pixel.
///
/// The grid is SimpleITK's for the same files in this order: origin and pixel spacing of the first slice; between slices,
/// the distance from the first to the last over their number less one.
pub(crate) fn stack(planes: &[Plane]) -> Result<(Grid, Vec<usize>), Problem> {
    let (Some(&one), normal) = (planes.first(), planes.first().map_or([0.0; 3], Plane::normal)) else {
        return Err(Problem::Missing {
            keyword: "ImagePositionPatient",
        });
    };
    alike(planes)?;
    let place = |i: &usize| dot(planes[*i].position, normal);
    let mut order: Vec<usize> = (0..planes.len()).collect();
    order.sort_by(|a, b| place(a).total_cmp(&place(b)));
    let gaps: Vec<f64> = order.windows(2).map(|w| place(&w[1]) - place(&w[0])).collect();
    let first = planes[order[0]].position;
    let last = planes[order[order.len() - 1]].position;

    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let distinct = sorted.iter().copied().find(|g| *g > ROUNDING).unwrap_or(0.0);
    let near = ROUNDING.min(0.1 * distinct.max(usual)).max(1e-6);
    let doubled = gaps.iter().filter(|g| **g < near).count();
    if let Some(at) = gaps.iter().position(|g| *g < near) {
        return Err(Problem::Doubled {
            doubled,
            at: place(&order[at]),
            hint: String::new(),
        });
    }
    for &i in &order {
        let shift = minus(planes[i].position, first);
        let along = dot(shift, normal);
        let off = minus(shift, normal.map(|c| c * along));
        let sideways = dot(off, off).sqrt();
        if sideways > SIDEWAYS * one.spacing[0].min(one.spacing[1]) {
            let shift = minus(last, first);
            let along = dot(shift, normal);
            let off = minus(shift, normal.map(|c| c * along));
            return Err(Problem::Tilted {
                degrees: dot(off, off).sqrt().atan2(along).to_degrees(),
            });
        }
    }
    let uneven = |gap: f64| (gap - usual).abs() > (GAP * usual).max(ROUNDING.min(0.1 * usual));
    if let Some(at) = gaps.iter().position(|g| uneven(*g)) {
        let slots = |g: f64| (g / usual).round();
        let whole = gaps.iter().all(|g| {
            let n = slots(*g);
            n >= 1.0 && (g - n * usual).abs() <= (GAP * usual).max(ROUNDING) * n
        });
        if whole {
            return Err(Problem::MissingSlices {
                missing: gaps.iter().map(|g| slots(*g) as usize - 1).sum(),
                spacing: usual,
                gap: gaps[at],
                at: place(&order[at]),
            });
        }
        return Err(Problem::Uneven {
            least: sorted[0],
            most: sorted[sorted.len() - 1],
        });
    }
    let between = match order.len() {
        1 if one.thickness > 0.0 => one.thickness,
        1 => 1.0,
        n => {
            let shift = minus(last, first);
            dot(shift, shift).sqrt() / (n - 1) as f64
        }
    };
    let head = planes[order[0]];
    let grid = grid(&head, order.len(), between)?;
    Ok((grid, order))
}

/// A grid whose first slice is a plane.
pub(crate) fn grid(first: &Plane, slices: usize, between: f64) -> Result<Grid, Problem> {
    // Written cosines are rounded; ITK takes those of x from the other two axes, so that all are at right angles.
    let (b, n) = (first.along[1], first.normal());
    let a = cross(b, n);
    Ok(Grid::new(
        [first.columns as usize, first.rows as usize, slices],
        [first.spacing[0], first.spacing[1], between],
        first.position,
        std::array::from_fn(|r| [a[r], b[r], n[r]]),
    )?)
}

/// Whether two planes are alike in one respect.
type Same<'a> = &'a dyn Fn(&Plane, &Plane) -> bool;

/// Frames of one volume have one size, spacing and orientation.
fn alike(planes: &[Plane]) -> Result<(), Problem> {
    let different = |same: Same<'_>| {
        let mut kinds: Vec<&Plane> = Vec::new();
        for plane in planes {
            // Hundreds of kinds are no better told than a few.
            if kinds.len() < 20 && !kinds.iter().any(|k| same(k, plane)) {
                kinds.push(plane);
            }
        }
        kinds.len()
    };
    let checks: [(&'static str, Same<'_>); 3] = [
        ("Rows and Columns", &|a, b| (a.rows, a.columns) == (b.rows, b.columns)),
        ("ImageOrientationPatient", &|a, b| a.same_orientation(b)),
        ("PixelSpacing", &|a, b| a.same_spacing(b)),
    ];
    for (what, same) in checks {
        let found = different(same);
        if found > 1 {
            return Err(Problem::Mixed { what, found });
        }
    }
    Ok(())
}
