//! A region cut to a range of intensities, PyRadiomics' `resegmentMask`.

use crate::error::VolumeError;
use crate::grid::{Difference, GridMismatch};
use crate::mask::Mask;
use crate::voxels::Volume;
use crate::with_voxels;
use ndarray::Array3;

/// What the thresholds of a resegmentation count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ResegmentMode {
    /// Intensities.
    #[default]
    Absolute,
    /// Fractions of the region's largest intensity.
    Relative,
    /// Population standard deviations of the region's intensities from their mean.
    Sigma,
}

impl ResegmentMode {
    /// The mode of PyRadiomics' name for it: `absolute`, `relative` or `sigma`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "absolute" => Some(Self::Absolute),
            "relative" => Some(Self::Relative),
            "sigma" => Some(Self::Sigma),
            _ => None,
        }
    }
}

/// The voxels of the region whose intensity is at least the smaller threshold and, where there are two, at most the larger.
///
/// Thresholds of a float32 image are float32 numbers, and so are the maximum, mean and deviation that they are made from,
/// summed in numpy's order.
///
/// # Errors
/// [`VolumeError::Thresholds`] unless one or two are given, [`VolumeError::Grid`] when image and mask have different sizes,
/// [`VolumeError::Resegmented`] when fewer than two voxels are left.
pub fn resegment(image: &Volume, mask: &Mask, range: &[f64], mode: ResegmentMode) -> Result<Mask, VolumeError> {
    let mut range = range.to_vec();
    range.sort_by(f64::total_cmp);
    let (lower, upper) = match range[..] {
        [lower] => (lower, None),
        [lower, upper] => (lower, Some(upper)),
        _ => return Err(VolumeError::Thresholds { found: range.len() }),
    };
    let (size, other) = (image.grid().size(), mask.grid().size());
    if size != other {
        let differences = vec![Difference::Size {
            image: size,
            mask: other,
        }];
        return Err(GridMismatch { differences }.into());
    }
    let inside = with_voxels!(image.voxels(), a => cut(a, mask, lower, upper, mode));
    let left = inside.iter().filter(|v| **v).count();
    if left <= 1 {
        return Err(VolumeError::Resegmented {
            left,
            voxels: mask.voxels(),
        });
    }
    Mask::from_inside(mask.grid().clone(), mask.bounds(), &inside)
}

fn cut<T: Intensity>(
    voxels: &Array3<T>,
    mask: &Mask,
    lower: f64,
    upper: Option<f64>,
    mode: ResegmentMode,
) -> Array3<bool> {
    let bounds = mask.bounds();
    let [x, y, z] = bounds.lower;
    let mut out = Array3::from_elem(mask.inside().dim(), false);
    let box_ = || {
        let rows = mask.inside().rows().into_iter().enumerate();
        rows.filter_map(|(row, inside)| {
            let at = [z + row / bounds.size[1], y + row % bounds.size[1]];
            let start = (at[0] * voxels.dim().1 + at[1]) * voxels.dim().2 + x;
            let line = voxels.as_slice()?.get(start..start + bounds.size[0])?;
            Some((inside, line))
        })
    };
    let own: Vec<T::Own> = match mode {
        ResegmentMode::Absolute => Vec::new(),
        _ => box_()
            .flat_map(|(inside, line)| line.iter().zip(inside).filter(|(_, i)| **i).map(|(v, _)| v.own()))
            .collect(),
    };
    let threshold = |t: f64| T::Own::threshold(&own, t, mode);
    let (lower, upper) = (threshold(lower), upper.map(threshold));
    for ((inside, line), mut row) in box_().zip(out.rows_mut()) {
        for ((v, i), out) in line.iter().zip(inside).zip(row.iter_mut()) {
            let v = v.own();
            *out = *i && v >= lower && upper.is_none_or(|u| v <= u);
        }
    }
    out
}

/// A voxel, in the type in which numpy compares and sums it.
trait Intensity: Copy {
    type Own: Number;
    fn own(self) -> Self::Own;
}

macro_rules! intensities {
    ($($type:ty)*) => {$(
        impl Intensity for $type {
            type Own = f64;
            fn own(self) -> f64 {
                self as f64
            }
        }
    )*};
}
intensities!(u8 i8 u16 i16 u32 i32 u64 i64);
impl Intensity for f32 {
    type Own = f32;
    fn own(self) -> f32 {
        self
    }
}
impl Intensity for f64 {
    type Own = f64;
    fn own(self) -> f64 {
        self
    }
}

trait Number: Copy + PartialOrd {
    fn threshold(values: &[Self], t: f64, mode: ResegmentMode) -> Self;
}

macro_rules! numbers {
    ($($type:ident)*) => {$(
        impl Number for $type {
            fn threshold(values: &[Self], t: f64, mode: ResegmentMode) -> Self {
                #[allow(clippy::unnecessary_cast)] // f64 is one of the types
                let t = t as $type;
                let n = values.len() as $type;
                match mode {
                    ResegmentMode::Absolute => t,
                    ResegmentMode::Relative => {
                        let largest = values.iter().fold($type::NEG_INFINITY, |m, v| if v.is_nan() || m < *v { *v } else { m });
                        largest * t
                    }
                    ResegmentMode::Sigma => {
                        let mean = $type::sum(values) / n;
                        let squares: Vec<$type> = values.iter().map(|v| (v - mean) * (v - mean)).collect();
                        mean + ($type::sum(&squares) / n).sqrt() * t
                    }
                }
            }
        }

        impl NumpySum for $type {
            fn sum(values: &[Self]) -> Self {
                values.chunks(8192).map(pairwise).reduce(|a, b| a + b).unwrap_or(0.0)
            }
        }
    )*};
}
numbers!(f32 f64);

/// numpy's sum: pairwise within each of its buffers of 8192 numbers, these one after the other.
trait NumpySum: Sized {
    fn sum(values: &[Self]) -> Self;
}

/// numpy's pairwise summation: eight sums side by side up to 128 numbers, halves above.
fn pairwise<T: Copy + std::ops::Add<Output = T> + Default>(values: &[T]) -> T {
    let add = |a: T, b: &T| a + *b;
    if values.len() < 8 {
        return values.iter().fold(T::default(), add);
    }
    if values.len() <= 128 {
        let mut rows = values.chunks_exact(8);
        let mut r = [T::default(); 8];
        if let Some(first) = rows.next() {
            r.copy_from_slice(first);
        }
        let rest = rows.remainder();
        for row in rows {
            for (r, v) in r.iter_mut().zip(row) {
                *r = *r + *v;
            }
        }
        let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
        return rest.iter().fold(sum, add);
    }
    let half = values.len() / 2;
    let (a, b) = values.split_at(half - half % 8);
    pairwise(a) + pairwise(b)
}
