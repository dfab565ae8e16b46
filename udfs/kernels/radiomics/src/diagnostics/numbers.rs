//! Mean and range as numpy gives them for float64 numbers.

use crate::cancel::{BLOCK, Cancel};
use crate::error::RadiomicsError;
use crate::region::region_values;
use radsql_volume::{Mask, Range, Volume, with_voxels};

pub(super) struct Summary {
    pub(super) mean: f64,
    pub(super) range: Range,
}

/// Of all voxels.
#[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
pub(super) fn of_image(image: &Volume, cancel: Cancel) -> Result<Summary, RadiomicsError> {
    let sum = with_voxels!(image.voxels(), a => {
        sum(a.as_slice().unwrap_or_default(), |v| v as f64, cancel)?
    });
    cancel.check()?;
    Ok(Summary {
        mean: sum / image.voxels().len() as f64,
        range: Range::of(image),
    })
}

/// Of the voxels of a region on the image's grid.
#[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
pub(super) fn of_region(image: &Volume, mask: &Mask, cancel: Cancel) -> Result<Summary, RadiomicsError> {
    let values = with_voxels!(image.voxels(), a => region_values(a, mask, |v| *v as f64));
    let mut range = Range::EMPTY;
    range.add(values.iter().copied());
    Ok(Summary {
        mean: sum(&values, |v| v, cancel)? / values.len() as f64,
        range,
    })
}

/// Numbers that numpy sums at once.
const BUFFER: usize = 8192;

/// The sum of numbers as numpy takes it over a whole array: buffer by buffer, each by pairwise summation.
fn sum<T: Copy>(x: &[T], real: impl Fn(T) -> f64, cancel: Cancel) -> Result<f64, RadiomicsError> {
    let mut sum = 0.0;
    for large in x.chunks(BLOCK) {
        cancel.check()?;
        for buffer in large.chunks(BUFFER) {
            sum += pairwise(buffer, &real);
        }
    }
    Ok(sum)
}

/// numpy's pairwise summation: eight sums side by side up to 128 numbers, halves above.
fn pairwise<T: Copy>(x: &[T], real: &impl Fn(T) -> f64) -> f64 {
    if x.len() > 128 {
        let half = x.len() / 2;
        let (a, b) = x.split_at(half - half % 8);
        return pairwise(a, real) + pairwise(b, real);
    }
    let (rows, rest) = x.as_chunks::<8>();
    let mut sum = 0.0;
    if let Some((first, rows)) = rows.split_first() {
        let mut side = first.map(real);
        for row in rows {
            for (side, v) in side.iter_mut().zip(row) {
                *side += real(*v);
            }
        }
        let [a, b, c, d, e, f, g, h] = side;
        sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
    }
    rest.iter().fold(sum, |sum, v| sum + real(*v))
}

/// [`BLOCK`] is whole buffers.
const _: () = assert!(BLOCK.is_multiple_of(BUFFER));
