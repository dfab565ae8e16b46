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
        pairwise(a.as_slice().unwrap_or_default(), &|v| v as f64, cancel)?
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
        mean: pairwise(&values, &|v| v, cancel)? / values.len() as f64,
        range,
    })
}

/// numpy's pairwise summation: eight sums side by side up to 128 numbers, halves above.
fn pairwise<T: Copy>(x: &[T], real: &impl Fn(T) -> f64, cancel: Cancel) -> Result<f64, RadiomicsError> {
    if x.len() > 128 {
        if x.len() > BLOCK / 2 {
            cancel.check()?;
        }
        let half = x.len() / 2;
        let (a, b) = x.split_at(half - half % 8);
        return Ok(pairwise(a, real, cancel)? + pairwise(b, real, cancel)?);
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
    Ok(rest.iter().fold(sum, |sum, v| sum + real(*v)))
}
