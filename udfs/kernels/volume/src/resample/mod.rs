//! Resampling to another grid, as PyRadiomics does it through SimpleITK's `ResampleImageFilter`.

mod bspline;
mod linear;
mod lines;
mod nearest;
mod sample;
mod spline;
mod svd;
mod target;

use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::Bounds;
use crate::voxels::Volume;
use crate::with_voxels;
use bspline::{Coefficients, Part, Support};
use lines::Lines;
use ndarray::Array3;
use sample::Sample;
use spline::Spline;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use lines::Frame;
pub use nearest::resample_mask;
pub use target::{Target, contains_roi};

/// Voxels on either side of what is needed that decide a cubic spline's coefficients to the last bit: an outer voxel counts
/// 0.268 to the power of its distance.
pub(crate) const MARGIN: usize = 64;

/// How values between voxels are found: the interpolators of SimpleITK that PyRadiomics can be given and that are supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Interpolator {
    /// `sitkNearestNeighbor`, 1.
    NearestNeighbor,
    /// `sitkLinear`, 2.
    Linear,
    /// `sitkBSpline1`, 21: linear, but mirrored at the edges.
    BSpline1,
    /// `sitkBSpline2`, 22.
    BSpline2,
    /// `sitkBSpline`, `sitkBSpline3`, 23: the cubic spline, PyRadiomics' default.
    #[default]
    BSpline3,
    /// `sitkBSpline4`, 24.
    BSpline4,
    /// `sitkBSpline5`, 25.
    BSpline5,
}

const INTERPOLATORS: [(&str, i64, Interpolator); 8] = [
    ("sitkNearestNeighbor", 1, Interpolator::NearestNeighbor),
    ("sitkLinear", 2, Interpolator::Linear),
    ("sitkBSpline", 23, Interpolator::BSpline3),
    ("sitkBSpline1", 21, Interpolator::BSpline1),
    ("sitkBSpline2", 22, Interpolator::BSpline2),
    ("sitkBSpline3", 23, Interpolator::BSpline3),
    ("sitkBSpline4", 24, Interpolator::BSpline4),
    ("sitkBSpline5", 25, Interpolator::BSpline5),
];

impl Interpolator {
    /// The interpolator of SimpleITK's name (`sitkBSpline`) or number (`23`), as PyRadiomics' setting `interpolator` takes
    /// them.
    ///
    /// # Errors
    /// [`VolumeError::Interpolator`] for any other text. PyRadiomics takes `sitkBSpline` for a name that it does not know.
    pub fn parse(text: &str) -> Result<Self, VolumeError> {
        let number = text.trim().parse::<i64>().ok();
        INTERPOLATORS
            .iter()
            .find(|(name, n, _)| *name == text.trim() || Some(*n) == number)
            .map(|(_, _, interpolator)| *interpolator)
            .ok_or_else(|| VolumeError::Interpolator {
                found: text.to_owned(),
                supported: INTERPOLATORS
                    .iter()
                    .map(|(name, n, _)| format!("{name} ({n})"))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// The order of the spline, None for the two that are not splines.
    fn order(self) -> Option<usize> {
        match self {
            Self::NearestNeighbor | Self::Linear => None,
            Self::BSpline1 => Some(1),
            Self::BSpline2 => Some(2),
            Self::BSpline3 => Some(3),
            Self::BSpline4 => Some(4),
            Self::BSpline5 => Some(5),
        }
    }

    /// The voxels of `image` that the voxels of `target` may take their values from directly.
    fn support(self, lines: &Lines, target: &Grid) -> Bounds {
        lines.reach([0; 3], target.size(), if self.order().is_some() { 4 } else { 2 })
    }
}

/// The box of voxels of an image on the grid `image` that decides its values on the grid `target`: what the interpolator
/// reaches, for splines with the margin that decides their coefficients (whole lines for orders 4 and 5).
pub fn image_box(image: &Grid, target: &Grid, interpolator: Interpolator) -> Bounds {
    let support = interpolator.support(&Lines::new(target, image), target);
    let margin = match interpolator.order().map(|order| Spline::new(order).margin()) {
        None => 0,
        Some(Some(margin)) => margin,
        Some(None) => return Bounds::whole(image),
    };
    support.grown([margin; 3], [margin; 3], image)
}

/// An image on another grid, in its own voxel type.
///
/// Whole numbers, float32, and float64 other than by splines have SimpleITK's bits. float64 by splines is within 1e-12 of
/// the largest coefficient: the sum over the neighbours is taken axis by axis. Voxels outside the image are 0, whole numbers
/// are cut, not rounded: ITK's `ResampleImageFilter`.
///
/// # Errors
/// [`VolumeError::Cancelled`].
pub fn resample_image(
    image: &Volume,
    target: &Grid,
    interpolator: Interpolator,
    cancel: &AtomicBool,
) -> Result<Volume, VolumeError> {
    let bounds = Bounds::whole(image.grid());
    resample_part(image, &bounds, image.grid(), target, interpolator, cancel)?.ok_or(VolumeError::Outside {
        lower: bounds.lower,
        size: bounds.size,
        grid: image.grid().size(),
    })
}

/// As [`resample_image`], from the voxels in the box `bounds` of an image on the grid `image`.
///
/// None when these voxels do not decide the answer to the last bit. With the box of [`image_box`] that is so only for
/// whole-number types around long stretches of one value, where the rounding of the spline's recursion may never forget its
/// start: the whole image has to be read then.
///
/// # Errors
/// [`VolumeError::Outside`] when the box leaves the image or is not `part`'s, [`VolumeError::Cancelled`].
pub fn resample_part(
    part: &Volume,
    bounds: &Bounds,
    image: &Grid,
    target: &Grid,
    interpolator: Interpolator,
    cancel: &AtomicBool,
) -> Result<Option<Volume>, VolumeError> {
    if part.grid().size() != bounds.size || !Bounds::whole(image).contains(bounds) {
        return Err(VolumeError::Outside {
            lower: bounds.lower,
            size: bounds.size,
            grid: image.size(),
        });
    }
    let lines = Lines::new(target, image);
    let support = interpolator.support(&lines, target);
    if !bounds.contains(&support) {
        return Ok(None);
    }
    let coefficients = match interpolator.order() {
        None => None,
        Some(order) => {
            let part = Part {
                voxels: part.voxels(),
                bounds: *bounds,
                whole: image.size(),
            };
            let Some(found) = Coefficients::of(&part, &support, Spline::new(order), cancel)? else {
                return Ok(None);
            };
            Some(found)
        }
    };
    let resampler = Resampler {
        lines,
        target,
        whole: image.size(),
        cancel,
    };
    with_voxels!(part.voxels(), a => {
        let from = a.as_slice().unwrap_or(&[]);
        let mut out = Array3::from_elem(target.shape(), sample::outside(from));
        if let Some(to) = out.as_slice_mut() {
            match (&coefficients, interpolator) {
                (Some(c), _) => resampler.spline(c, to)?,
                (None, Interpolator::Linear) => {
                    resampler.points(to, |index| linear::value(from, bounds, image.size(), index))?;
                }
                (None, _) => resampler.points(to, |index| {
                    let at: [usize; 3] =
                        std::array::from_fn(|d| nearest::nearest(index[d]).min(image.size()[d] - 1) - bounds.lower[d]);
                    from.get((at[2] * bounds.size[1] + at[1]) * bounds.size[0] + at[0]).map_or(f64::NAN, |v| v.real())
                })?,
            }
        }
        Volume::new(target.clone(), out).map(Some)
    })
}

/// The values of an image on another grid as float32, by linear interpolation, `outside` where the grid leaves the image:
/// SimpleITK's resampling of the image cast to float32 (`sitkLinear`, default pixel value `outside`). `part` holds the voxels
/// in the box `bounds` of an image on the grid `image`, which has to hold [`image_box`]'s.
///
/// Indexed `[[z, y, x]]` of the target.
///
/// # Errors
/// [`VolumeError::Outside`] when the box leaves the image, is not `part`'s or does not hold what is needed,
/// [`VolumeError::Cancelled`].
pub fn resample_linear(
    part: &Volume,
    bounds: &Bounds,
    image: &Grid,
    target: &Grid,
    outside: f32,
    cancel: &AtomicBool,
) -> Result<Array3<f32>, VolumeError> {
    let lines = Lines::new(target, image);
    let held = part.grid().size() == bounds.size && Bounds::whole(image).contains(bounds);
    if !held || !bounds.contains(&Interpolator::Linear.support(&lines, target)) {
        return Err(VolumeError::Outside {
            lower: bounds.lower,
            size: bounds.size,
            grid: image.size(),
        });
    }
    let whole = image.size();
    let resampler = Resampler {
        lines,
        target,
        whole,
        cancel,
    };
    let mut out = Array3::from_elem(target.shape(), outside);
    if let Some(to) = out.as_slice_mut() {
        with_voxels!(part.voxels(), a => {
            let from = a.as_slice().unwrap_or(&[]);
            resampler.points(to, |index| linear::value(from, bounds, whole, index))?;
        });
    }
    Ok(out)
}

struct Resampler<'a> {
    lines: Lines,
    target: &'a Grid,
    whole: [usize; 3],
    cancel: &'a AtomicBool,
}

impl Resampler<'_> {
    fn go_on(&self) -> Result<(), VolumeError> {
        if self.cancel.load(Ordering::Relaxed) {
            Err(VolumeError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Every voxel by its own continuous index.
    fn points<T: Sample>(&self, to: &mut [T], value: impl Fn(&[f64; 3]) -> f64) -> Result<(), VolumeError> {
        let [nx, ny, _] = self.target.size();
        let mut indices = vec![[0.0; 3]; nx];
        for (row, to) in to.chunks_exact_mut(nx).enumerate() {
            if row % ny == 0 {
                self.go_on()?;
            }
            self.lines.fill(row % ny, row / ny, &mut indices);
            for (to, index) in to.iter_mut().zip(&indices) {
                if self.lines.holds(index) {
                    *to = T::of(value(index));
                }
            }
        }
        Ok(())
    }

    /// The spline's value at one continuous index, as ITK sums it.
    fn exact(&self, c: &Coefficients, index: &[f64; 3]) -> f64 {
        c.value(
            &c.support(0, index[0]),
            &c.support(1, index[1]),
            &c.support(2, index[2]),
        )
    }

    fn spline<T: Sample>(&self, c: &Coefficients, to: &mut [T]) -> Result<(), VolumeError> {
        let axes = self.lines.axes().map(|(axes, error)| {
            // Rounding of both sums, and the slope of the spline (below 2 per voxel for its weights) times the error of the
            // index, each relative to the largest coefficient.
            (axes, error, 256.0 * f64::EPSILON + 4.0 * error.iter().sum::<f64>())
        });
        let Some((axes, error, relative)) = axes.filter(|(_, _, relative)| *relative <= T::ERROR) else {
            return self.points(to, |index| self.exact(c, index));
        };
        let axis = |d: usize| -> Vec<Place> {
            axes[d]
                .iter()
                .map(|&x| Place::new(c.support(d, x), x, self.whole[d], error[d]))
                .collect()
        };
        let (xs, ys, zs) = (axis(0), axis(1), axis(2));
        let [nx, ny, _] = self.target.size();
        let mut plane = vec![0.0; c.size()[0] * c.size()[1]];
        let mut line = vec![0.0; c.size()[0]];
        for ((k, z), to) in zs.iter().enumerate().zip(to.chunks_exact_mut(nx * ny)) {
            self.go_on()?;
            if z.inside == Inside::No {
                continue;
            }
            c.plane(&z.support, &mut plane);
            for ((j, y), to) in ys.iter().enumerate().zip(to.chunks_exact_mut(nx)) {
                if y.inside == Inside::No {
                    continue;
                }
                c.row(&plane, &y.support, &mut line);
                let guard = relative * c.largest(&y.support, &z.support);
                let certain = y.inside == Inside::Yes && z.inside == Inside::Yes;
                let whole_line = self.lines.line(j, k);
                for ((i, x), to) in xs.iter().enumerate().zip(to) {
                    if certain && x.inside == Inside::Yes {
                        let value = c.point(&line, &x.support);
                        if T::settled(value, guard) {
                            *to = T::of(value);
                            continue;
                        }
                    } else if x.inside == Inside::No {
                        continue;
                    }
                    let index = self.lines.at(&whole_line, i);
                    if self.lines.holds(&index) {
                        *to = T::of(self.exact(c, &index));
                    }
                }
            }
        }
        Ok(())
    }
}

/// One coordinate of the target along one axis.
struct Place {
    support: Support,
    inside: Inside,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Inside {
    Yes,
    No,
    /// Too near to the edge to tell.
    Perhaps,
}

impl Place {
    fn new(support: Support, x: f64, whole: usize, error: f64) -> Self {
        let holds = |x: f64| x >= -0.5 && x < whole as f64 - 0.5;
        let inside = match (holds(x - error), holds(x + error)) {
            (true, true) => Inside::Yes,
            (false, false) => Inside::No,
            _ => Inside::Perhaps,
        };
        Self { support, inside }
    }
}
