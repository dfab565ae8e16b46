//! Normalisation of a whole image, PyRadiomics' `normalizeImage`.

use crate::error::VolumeError;
use crate::voxels::Volume;
use crate::with_voxels;
use ndarray::Array3;
use std::sync::atomic::{AtomicBool, Ordering};

/// Voxels between two looks at `cancel`.
const CHUNK: usize = 1 << 16;

/// The image as float64, `scale · (x - mean) / sigma` with the mean and the sample standard deviation of all its voxels.
///
/// With `remove_outliers` the normalised values are cut to that many standard deviations before they are scaled. An image of
/// one value becomes NaN, as in SimpleITK's `Normalize`. Sums are compensated as in ITK's `StatisticsImageFilter`; ITK adds
/// up what its threads found, so the last bit of mean and sigma could differ there.
///
/// # Errors
/// [`VolumeError::Cancelled`].
pub fn normalise(
    image: &Volume,
    scale: f64,
    remove_outliers: Option<f64>,
    cancel: &AtomicBool,
) -> Result<Volume, VolumeError> {
    with_voxels!(image.voxels(), a => {
        let voxels = a.as_slice().unwrap_or(&[]);
        let (mean, sigma) = moments(voxels, cancel)?;
        // ITK's ShiftScaleImageFilter multiplies.
        let factor = 1.0 / sigma;
        let mut out = Array3::<f64>::zeros(a.dim());
        for (from, to) in voxels.chunks(CHUNK).zip(out.as_slice_mut().unwrap_or(&mut []).chunks_mut(CHUNK)) {
            go_on(cancel)?;
            for (v, to) in from.iter().zip(to) {
                let mut x = (v.real() - mean) * factor;
                if let Some(n) = remove_outliers {
                    // One after the other, as PyRadiomics does: NaN stays.
                    x = if x > n { n } else { x };
                    x = if x < -n { -n } else { x };
                }
                *to = x * scale;
            }
        }
        Volume::new(image.grid().clone(), out)
    })
}

fn go_on(cancel: &AtomicBool) -> Result<(), VolumeError> {
    if cancel.load(Ordering::Relaxed) {
        Err(VolumeError::Cancelled)
    } else {
        Ok(())
    }
}

/// A voxel as f64.
trait Real: Copy {
    fn real(self) -> f64;
}

macro_rules! real {
    ($($type:ty)*) => {$(
        impl Real for $type {
            fn real(self) -> f64 {
                self as f64
            }
        }
    )*};
}
real!(u8 i8 u16 i16 u32 i32 u64 i64 f32);
impl Real for f64 {
    fn real(self) -> f64 {
        self
    }
}

/// Sums that run side by side.
const LANES: usize = 8;

/// A sum and what rounding took from it (Neumaier, 1974, in Knuth's form without a branch).
#[derive(Clone, Copy, Default)]
struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    #[inline]
    fn add(&mut self, v: f64) {
        let total = self.total + v;
        let part = total - self.total;
        self.lost += (self.total - (total - part)) + (v - part);
        self.total = total;
    }
}

/// The sum of eight sums.
fn together(sums: &[Sum; LANES]) -> f64 {
    let mut all = Sum::default();
    for s in sums {
        all.add(s.total);
        all.lost += s.lost;
    }
    // Infinite totals leave no meaningful rest.
    if all.total.is_finite() {
        all.total + all.lost
    } else {
        all.total
    }
}

/// Mean and sample standard deviation.
fn moments<T: Real>(voxels: &[T], cancel: &AtomicBool) -> Result<(f64, f64), VolumeError> {
    let (mut sums, mut squares) = ([Sum::default(); LANES], [Sum::default(); LANES]);
    for chunk in voxels.chunks(CHUNK) {
        go_on(cancel)?;
        let rows = chunk.chunks_exact(LANES);
        let rest = rows.remainder();
        for row in rows {
            for ((v, sum), square) in row.iter().zip(&mut sums).zip(&mut squares) {
                let v = v.real();
                sum.add(v);
                square.add(v * v);
            }
        }
        for ((v, sum), square) in rest.iter().zip(&mut sums).zip(&mut squares) {
            let v = v.real();
            sum.add(v);
            square.add(v * v);
        }
    }
    let n = voxels.len() as f64;
    let (sum, squares) = (together(&sums), together(&squares));
    let variance = (squares - sum * sum / n) / (n - 1.0);
    Ok((sum / n, variance.sqrt()))
}
