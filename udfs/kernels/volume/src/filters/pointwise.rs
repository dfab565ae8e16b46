//! Filters of single voxels: `getSquareImage`, `getSquareRootImage`, `getLogarithmImage` and `getExponentialImage` of
//! PyRadiomics, in numpy's float64 arithmetic.
//!
//! Each is scaled by the largest magnitude max|x| of the whole image, which a caller who does not have the whole image at hand
//! can give. An image of zeros, or one with a voxel that is not a number, becomes NaN as in PyRadiomics (the square root alone
//! leaves zeros as they are).

use super::go_on;
use super::sampling::Voxel;
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::Bounds;
use crate::voxels::Volume;
use crate::with_voxels;
use ndarray::{Array3, AxisDescription, Slice};
use std::sync::atomic::AtomicBool;

/// A filter of single voxels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pointwise {
    /// (c x)², c = 1 / sqrt(max|x|).
    Square,
    /// sign(x) sqrt(c |x|), c = max|x|.
    SquareRoot,
    /// c sign(x) log(|x| + 1), c = max|x| / log(max|x| + 1).
    Logarithm,
    /// exp(c x), c = log(max|x|) / max|x|.
    Exponential,
}

/// Voxels that are filtered before the caller is asked again whether to go on.
const BLOCK: usize = 1 << 16;

impl Pointwise {
    /// All four, in PyRadiomics' order.
    pub const ALL: [Self; 4] = [Self::Square, Self::SquareRoot, Self::Logarithm, Self::Exponential];

    /// PyRadiomics' name of the filtered image.
    pub fn name(self) -> &'static str {
        match self {
            Self::Square => "square",
            Self::SquareRoot => "squareroot",
            Self::Logarithm => "logarithm",
            Self::Exponential => "exponential",
        }
    }

    /// The voxels of an image on `grid` that the filtered `output` needs: the output alone when max|x| is known, all otherwise.
    pub fn support(grid: &Grid, largest: Option<f64>, output: &Bounds) -> Bounds {
        largest.map_or_else(|| Bounds::whole(grid), |_| *output)
    }

    /// The filtered voxels of `output`, float64 whatever the type of the image is. `largest` is max|x| of the whole image as
    /// [`largest_magnitude`] gives it; without it, `image` is the whole image.
    ///
    /// # Errors
    /// [`VolumeError::Outside`] when the box leaves the image, [`VolumeError::Cancelled`].
    pub fn filter(
        self,
        image: &Volume,
        largest: Option<f64>,
        output: &Bounds,
        cancel: &AtomicBool,
    ) -> Result<Volume, VolumeError> {
        let grid = image.grid().crop(output)?;
        let largest = match largest {
            Some(largest) => largest,
            None => largest_magnitude(image, cancel)?,
        };
        let mut voxels = with_voxels!(image.voxels(), a => doubles(a, output));
        for block in voxels.as_slice_mut().unwrap_or(&mut []).chunks_mut(BLOCK) {
            go_on(cancel)?;
            self.apply(block, largest);
        }
        Volume::new(grid, voxels)
    }

    fn apply(self, voxels: &mut [f64], largest: f64) {
        match self {
            Self::Square => {
                let c = 1.0 / largest.sqrt();
                for v in voxels {
                    *v = (c * *v) * (c * *v);
                }
            }
            Self::SquareRoot => {
                for v in voxels {
                    // Zeros keep their sign, as in numpy's two masked assignments.
                    let root = (v.abs() * largest).sqrt().copysign(*v);
                    *v = if *v == 0.0 { *v } else { root };
                }
            }
            Self::Logarithm => {
                // The logarithm rises with |x|, so that its largest magnitude is that of the largest |x|.
                let c = largest / (largest + 1.0).ln();
                for v in voxels {
                    let log = (v.abs() + 1.0).ln().copysign(*v);
                    *v = if *v == 0.0 { *v * c } else { log * c };
                }
            }
            Self::Exponential => {
                let c = largest.ln() / largest;
                for v in voxels {
                    *v = (c * *v).exp();
                }
            }
        }
    }
}

/// max|x| over an image, NaN when a voxel is not a number. That of an image read in parts is the [`larger`] of the parts'.
///
/// # Errors
/// [`VolumeError::Cancelled`].
pub fn largest_magnitude(image: &Volume, cancel: &AtomicBool) -> Result<f64, VolumeError> {
    with_voxels!(image.voxels(), a => {
        let mut largest = 0.0;
        for block in a.as_slice().unwrap_or(&[]).chunks(BLOCK) {
            go_on(cancel)?;
            largest = larger(largest, largest_of(block));
        }
        Ok(largest)
    })
}

/// The larger of two magnitudes; NaN when either is.
pub fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

fn largest_of<S: Voxel>(voxels: &[S]) -> f64 {
    // Side by side, because a single chain of comparisons waits for itself.
    let mut lanes = [0.0f64; 8];
    let mut any_nan = false;
    for group in voxels.chunks(lanes.len()) {
        for (lane, v) in lanes.iter_mut().zip(group) {
            let v = v.double().abs();
            any_nan |= v.is_nan();
            *lane = if v > *lane { v } else { *lane };
        }
    }
    if any_nan {
        f64::NAN
    } else {
        lanes.into_iter().fold(0.0, f64::max)
    }
}

fn doubles<S: Voxel>(image: &Array3<S>, output: &Bounds) -> Array3<f64> {
    let (from, to) = (output.lower, output.upper());
    // Axis 0 of the array is z.
    let part = |axis: AxisDescription| Slice::from(from[2 - axis.axis.index()]..to[2 - axis.axis.index()]);
    let part = image.slice_each_axis(part);
    let mut voxels = Array3::zeros(part.raw_dim());
    voxels.zip_mut_with(&part, |to: &mut f64, v| *to = v.double());
    voxels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voxel_that_is_no_number_makes_the_largest_one_none() {
        assert_eq!(largest_of(&[1.0f32, -7.0, 3.0]), 7.0);
        assert!(largest_of(&[1.0f32, f32::NAN, 3.0]).is_nan());
        assert_eq!(largest_of(&[i16::MIN]), 32768.0);
        assert!(larger(f64::NAN, 1.0).is_nan() && larger(1.0, f64::NAN).is_nan());
        assert_eq!(larger(1.0, 2.0), larger(2.0, 1.0));
    }
}
