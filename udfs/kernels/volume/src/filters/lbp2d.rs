//! Local binary patterns slice by slice: `getLBP2DImage` of PyRadiomics, `skimage.feature.local_binary_pattern`.
//!
//! Ojala, Pietikainen, Maenpaa: Multiresolution gray-scale and rotation invariant texture classification with local binary
//! patterns (2002). Around each voxel a circle is sampled bilinearly, in voxels whatever the spacing is; outside the slice the
//! image is 0. A sample that is not below the voxel gives a 1. Where they are equal but for the last bits these decide, and they
//! are those of scikit-image 0.26 on x86-64 (where products and sums are rounded each).

use super::cast::Code;
use super::go_on;
use super::sampling::Voxel;
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::Bounds;
use crate::voxels::{Volume, Voxels};
use crate::with_voxels;
use ndarray::Array3;
use std::sync::atomic::AtomicBool;

/// PyRadiomics' name of the filtered image.
pub const NAME: &str = "lbp-2D";

/// What is made of the pattern of zeros and ones: PyRadiomics' setting `lbp2DMethod`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// The pattern as a binary number (`default`).
    Default,
    /// The least number that a rotation of the pattern has (`ror`).
    RotationInvariant,
    /// The ones of a pattern with at most two changes between neighbours, else one more than there are samples (`uniform`).
    #[default]
    Uniform,
    /// As uniform, but rotations of a pattern differ (`nri_uniform`).
    NonRotationInvariantUniform,
    /// No pattern but the variance of the samples, NaN where it is 0 (`var`).
    Variance,
}

impl Method {
    /// The method that scikit-image calls `name`, in letters of any case.
    ///
    /// # Errors
    /// [`VolumeError::LocalBinaryPattern`] when there is none.
    pub fn named(name: &str) -> Result<Self, VolumeError> {
        match name.to_lowercase().as_str() {
            "default" => Ok(Self::Default),
            "ror" => Ok(Self::RotationInvariant),
            "uniform" => Ok(Self::Uniform),
            "nri_uniform" => Ok(Self::NonRotationInvariantUniform),
            "var" => Ok(Self::Variance),
            _ => Err(VolumeError::LocalBinaryPattern {
                setting: "lbp2DMethod",
                found: name.to_owned(),
                expected: "default, ror, uniform, nri_uniform or var",
            }),
        }
    }
}

/// How patterns are taken. The default is that of PyRadiomics: 8 samples at radius 1, uniform, slices across z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    radius: f64,
    samples: usize,
    method: Method,
    axis: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            radius: 1.0,
            samples: 8,
            method: Method::Uniform,
            axis: 0,
        }
    }
}

impl Settings {
    /// PyRadiomics' settings `lbp2DRadius` in voxels, `lbp2DSamples`, `lbp2DMethod` and `force2Ddimension`: the axis that the
    /// slices lie across, 0 for z, 1 for y, 2 for x.
    ///
    /// # Errors
    /// [`VolumeError::LocalBinaryPattern`] when the radius is not finite, when there are no samples, more than 64, or more
    /// than 31 with a method whose numbers would not fit scikit-image's int32, or when there is no such axis.
    pub fn new(radius: f64, samples: usize, method: Method, axis: usize) -> Result<Self, VolumeError> {
        let wrong = |setting, found: String, expected| VolumeError::LocalBinaryPattern {
            setting,
            found,
            expected,
        };
        if !radius.is_finite() {
            return Err(wrong("lbp2DRadius", radius.to_string(), "a finite number"));
        }
        let as_number = matches!(method, Method::Default | Method::RotationInvariant);
        if as_number && !(1..=31).contains(&samples) {
            return Err(wrong("lbp2DSamples", samples.to_string(), "1 to 31 for this method"));
        }
        if !(1..=64).contains(&samples) {
            return Err(wrong("lbp2DSamples", samples.to_string(), "1 to 64"));
        }
        if axis > 2 {
            return Err(wrong("force2Ddimension", axis.to_string(), "0, 1 or 2"));
        }
        Ok(Self {
            radius,
            samples,
            method,
            axis,
        })
    }
}

/// The voxels of an image on `grid` that the filtered `output` needs: whole slices.
///
/// Weights depend on where a voxel lies in its slice by their last bits, which decide where samples and voxel are equal.
pub fn support(grid: &Grid, settings: &Settings, output: &Bounds) -> Bounds {
    let across = 2 - settings.axis;
    let mut bounds = Bounds::whole(grid);
    (bounds.lower[across], bounds.size[across]) = (output.lower[across], output.size[across]);
    bounds
}

/// The patterns of `output`, in the type of the image.
///
/// Codes that an integer type cannot hold are cut as numpy does on x86-64: fractions are dropped, high bits are lost, and NaN
/// is 0 in types of 8 and 16 bits, the least number in wider signed ones, and 2^31 or 2^63 in wider unsigned ones (numpy's
/// uint32 may have 0 there, which depends on the voxel's place in a vector register).
///
/// # Errors
/// [`VolumeError::Outside`] when the box leaves the image, [`VolumeError::Cancelled`].
pub fn patterns(
    image: &Volume,
    settings: &Settings,
    output: &Bounds,
    cancel: &AtomicBool,
) -> Result<Volume, VolumeError> {
    let grid = image.grid().crop(output)?;
    let voxels = with_voxels!(image.voxels(), a => filter(a, settings, output, &grid, cancel))?;
    Volume::new(grid, voxels)
}

fn filter<S: Code>(
    image: &Array3<S>,
    settings: &Settings,
    output: &Bounds,
    grid: &Grid,
    cancel: &AtomicBool,
) -> Result<Voxels, VolumeError>
where
    Voxels: From<Array3<S>>,
{
    let voxels = image.as_slice().unwrap_or(&[]);
    let slices = Layout::new(image.dim().into(), settings.axis);
    let target = Layout::new(grid.shape().into(), settings.axis);
    let from = Layout::order([output.lower[2], output.lower[1], output.lower[0]], settings.axis);
    let mut circle = Circle::new(settings, &slices, from, target.size);
    let mut codes = Codes::new(settings.method, settings.samples);
    let mut out = vec![S::default(); output.voxels()];
    for s in 0..target.size[0] {
        circle.load(voxels, &slices, from[0] + s);
        for r in 0..target.size[1] {
            go_on(cancel)?;
            let codes = codes.row(&circle, r);
            let first = s * target.stride[0] + r * target.stride[1];
            for (to, &code) in out[first..].iter_mut().step_by(target.stride[2]).zip(codes) {
                *to = S::from_code(code);
            }
        }
    }
    let found = out.len();
    let voxels = Array3::from_shape_vec(grid.shape(), out).map_err(|_| VolumeError::VoxelCount {
        found,
        expected: grid.voxels(),
    })?;
    Ok(voxels.into())
}

/// Sizes and steps of an array as slices, rows and columns.
struct Layout {
    size: [usize; 3],
    stride: [usize; 3],
}

impl Layout {
    fn new(shape: [usize; 3], axis: usize) -> Self {
        Self {
            size: Self::order(shape, axis),
            stride: Self::order([shape[1] * shape[2], shape[2], 1], axis),
        }
    }

    /// z, y, x as slices, rows and columns: numpy's `swapaxes(0, axis)`.
    fn order(mut zyx: [usize; 3], axis: usize) -> [usize; 3] {
        zyx.swap(0, axis);
        zyx
    }
}

/// Where a sample lies from a position on one axis: in voxels to both sides, and the weight of the second.
struct Side {
    low: isize,
    high: isize,
    offset: f64,
}

impl Side {
    /// A sample beyond the image is 0 however far it is.
    fn new(offset: f64, size: usize) -> Self {
        let size = size as isize;
        Self {
            low: (offset.floor() as isize).clamp(-size, size),
            high: (offset.ceil() as isize).clamp(-size, size),
            offset,
        }
    }

    /// The weight of the second side at `position`, with scikit-image's rounding.
    fn weight(&self, position: usize) -> f64 {
        let at = position as f64 + self.offset;
        at - at.floor()
    }
}

struct Sample {
    row: Side,
    column: Side,
    /// Weights of the two columns at every column.
    left: Vec<f64>,
    right: Vec<f64>,
}

/// The samples around the voxels of one slice.
struct Circle {
    samples: Vec<Sample>,
    /// The slice with zeros around it.
    padded: Vec<f64>,
    /// Whether all voxels of the slice are finite, so that 0 times any is 0.
    finite: bool,
    /// Rows and columns of zeros on each side.
    padding: [usize; 2],
    /// First row and column of the output in the slice, and how many there are.
    from: [usize; 2],
    len: [usize; 2],
}

impl Circle {
    fn new(settings: &Settings, slices: &Layout, from: [usize; 3], len: [usize; 3]) -> Self {
        let radius = settings.radius;
        let n = settings.samples as f64;
        let round = |v: f64| (v * 1e5).round_ties_even() / 1e5;
        let sample = |i: usize| {
            let angle = 2.0 * std::f64::consts::PI * i as f64 / n;
            let row = Side::new(round(-radius * angle.sin()), slices.size[1]);
            let column = Side::new(round(radius * angle.cos()), slices.size[2]);
            let right: Vec<f64> = (0..len[2]).map(|c| column.weight(from[2] + c)).collect();
            Sample {
                left: right.iter().map(|w| 1.0 - w).collect(),
                right,
                row,
                column,
            }
        };
        let samples: Vec<Sample> = (0..settings.samples).map(sample).collect();
        let most = |side: fn(&Sample) -> &Side| {
            let reach = |s| side(s).low.unsigned_abs().max(side(s).high.unsigned_abs());
            samples.iter().map(reach).max().unwrap_or(0)
        };
        let padding = [most(|s| &s.row), most(|s| &s.column)];
        Self {
            padded: vec![0.0; (len[1] + 2 * padding[0]) * (len[2] + 2 * padding[1])],
            finite: true,
            padding,
            from: [from[1], from[2]],
            len: [len[1], len[2]],
            samples,
        }
    }

    fn width(&self) -> usize {
        self.len[1] + 2 * self.padding[1]
    }

    /// Reads a slice of the image.
    fn load<S: Voxel>(&mut self, voxels: &[S], slices: &Layout, slice: usize) {
        let width = self.width();
        // The part of the slice at hand, and where it lies in the padded one.
        let part = |d: usize, size: usize| {
            let first = self.from[d].saturating_sub(self.padding[d]);
            let end = (self.from[d] + self.len[d] + self.padding[d]).min(size);
            (first..end, first + self.padding[d] - self.from[d])
        };
        let (rows, top) = part(0, slices.size[1]);
        let (columns, left) = part(1, slices.size[2]);
        for (row, to) in rows.zip(self.padded.chunks_exact_mut(width).skip(top)) {
            let first = slice * slices.stride[0] + row * slices.stride[1] + columns.start * slices.stride[2];
            let line = voxels[first..].iter().step_by(slices.stride[2]);
            for (to, v) in to[left..][..columns.len()].iter_mut().zip(line) {
                *to = v.double();
            }
        }
        // Any other sum of products with 0 is NaN.
        self.finite = self.padded.iter().fold(0.0, |sum, v| sum + 0.0 * v) == 0.0;
    }

    /// Columns of the padded slice from `column` on, as many as the output has; both count from the output's first voxel.
    fn line(&self, row: usize, down: isize, right: isize) -> &[f64] {
        let row = (row + self.padding[0]).saturating_add_signed(down);
        let column = self.padding[1].saturating_add_signed(right);
        &self.padded[row * self.width() + column..][..self.len[1]]
    }

    /// One sample at every column of a row.
    fn sample(&self, i: usize, row: usize, out: &mut [f64]) {
        let Sample {
            row: side,
            column,
            left,
            right,
        } = &self.samples[i];
        let high = side.weight(self.from[0] + row);
        let low = 1.0 - high;
        if self.finite && high == 0.0 && column.low == column.high {
            // The voxel itself: the other three count by 0.
            out.copy_from_slice(self.line(row, side.low, column.low));
            return;
        }
        let n = out.len();
        let (a, b) = (
            self.line(row, side.low, column.low),
            self.line(row, side.low, column.high),
        );
        let (c, d) = (
            self.line(row, side.high, column.low),
            self.line(row, side.high, column.high),
        );
        let (left, right, a, b, c, d) = (&left[..n], &right[..n], &a[..n], &b[..n], &c[..n], &d[..n]);
        for x in 0..n {
            let top = left[x] * a[x] + right[x] * b[x];
            let bottom = left[x] * c[x] + right[x] * d[x];
            out[x] = low * top + high * bottom;
        }
    }
}

/// Turns patterns into codes.
struct Codes {
    method: Method,
    samples: usize,
    /// The codes of all patterns, where these are few.
    table: Vec<f64>,
    patterns: Vec<u64>,
    /// One sample at every voxel of a row, the sum of those so far, and of their squares.
    texture: Vec<f64>,
    sums: Vec<f64>,
    squares: Vec<f64>,
    codes: Vec<f64>,
}

impl Codes {
    fn new(method: Method, samples: usize) -> Self {
        let patterns = if samples <= 12 { 1 << samples } else { 0 };
        Self {
            method,
            samples,
            table: (0..patterns).map(|p| code(method, samples, p)).collect(),
            patterns: Vec::new(),
            texture: Vec::new(),
            sums: Vec::new(),
            squares: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// The codes of one row of the output.
    fn row(&mut self, circle: &Circle, row: usize) -> &[f64] {
        self.texture.resize(circle.len[1], 0.0);
        self.codes.clear();
        if self.method == Method::Variance {
            self.variances(circle, row);
        } else {
            self.patterns(circle, row);
            let code_of = |&p: &u64| match self.table.get(p as usize) {
                Some(code) => *code,
                None => code(self.method, self.samples, p),
            };
            self.codes.extend(self.patterns.iter().map(code_of));
        }
        &self.codes
    }

    fn patterns(&mut self, circle: &Circle, row: usize) {
        self.patterns.clear();
        self.patterns.resize(circle.len[1], 0);
        let centre = circle.line(row, 0, 0);
        for i in 0..self.samples {
            circle.sample(i, row, &mut self.texture);
            for ((p, t), c) in self.patterns.iter_mut().zip(&self.texture).zip(centre) {
                *p |= u64::from(*t - c >= 0.0) << i;
            }
        }
    }

    /// By the sums of samples and squares, as scikit-image does it: what cancels out counts.
    fn variances(&mut self, circle: &Circle, row: usize) {
        for sums in [&mut self.sums, &mut self.squares] {
            sums.clear();
            sums.resize(circle.len[1], 0.0);
        }
        for i in 0..self.samples {
            circle.sample(i, row, &mut self.texture);
            for ((sum, square), t) in self.sums.iter_mut().zip(&mut self.squares).zip(&self.texture) {
                *sum += t;
                *square += t * t;
            }
        }
        let n = self.samples as f64;
        let variance = |(sum, square): (&f64, &f64)| match (square - (sum * sum) / n) / n {
            0.0 => f64::NAN,
            variance => variance,
        };
        self.codes.extend(self.sums.iter().zip(&self.squares).map(variance));
    }
}

/// The code of a pattern whose first sample is the lowest bit.
fn code(method: Method, samples: usize, pattern: u64) -> f64 {
    let n = samples as u32;
    let ones = pattern.count_ones();
    let pairs = (1u64 << (n - 1)) - 1;
    // The last sample and the first are not compared.
    let uniform = ((pattern ^ (pattern >> 1)) & pairs).count_ones() <= 2;
    let code = match method {
        Method::Default => pattern,
        Method::RotationInvariant => {
            let rotated = |k: u32| (pattern >> k) | ((pattern & ((1 << k) - 1)) << (n - k));
            (0..n).map(rotated).min().unwrap_or(0)
        }
        Method::Uniform | Method::Variance => u64::from(if uniform { ones } else { n + 1 }),
        Method::NonRotationInvariantUniform => {
            let rotations = match pattern.trailing_zeros() {
                0 => ones - pattern.trailing_ones().min(ones),
                first => n - first.min(n),
            };
            u64::from(match ones {
                _ if !uniform => n * (n - 1) + 2,
                0 => 0,
                _ if ones == n => n * (n - 1) + 1,
                _ => 1 + (ones - 1) * n + rotations,
            })
        }
    };
    code as f64
}
