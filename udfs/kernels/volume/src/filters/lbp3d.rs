//! Local binary patterns in 3-D: `getLBP3DImage` of PyRadiomics.
//!
//! Banerjee, Moelker, Niessen, van Walsum: 3D LBP-based rotationally invariant region description (2012). Around each voxel of
//! the region a sphere is sampled with cubic splines, in voxels whatever the spacing is; outside the image a sample is 0. A
//! sample that is not below the voxel gives a 1. The pattern is split into spherical harmonics, whose parts by degree do not
//! change when it is rotated.
//!
//! The samples, and so the patterns, and the kurtosis have SciPy's bits (1.14 on x86-64). The maps of the harmonics are sums in
//! another order than numpy's, whose last bits depend on the processor: they agree to some 1e-15 of their size.

use super::go_on;
use super::icosphere;
use super::sphere_samples::Sample;
use super::spherical_harmonics::harmonic;
use super::spline::{Coefficients, Knot, Line};
use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::{Bounds, Mask};
use crate::voxels::Volume;
use crate::with_voxels;
use ndarray::Array3;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

/// PyRadiomics' name of the map of the spheres' kurtosis.
pub const KURTOSIS: &str = "lbp-3D-k";

/// Degrees and subdivisions beyond these are refused.
const MOST_LEVELS: usize = 32;
const MOST_SUBDIVISIONS: usize = 6;

/// How patterns are taken. The default is that of PyRadiomics: two levels, 42 samples at radius 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    levels: usize,
    radius: f64,
    subdivisions: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            levels: 2,
            radius: 1.0,
            subdivisions: 1,
        }
    }
}

impl Settings {
    /// Maps by level, besides that of kurtosis (`lbp3DLevels`).
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// PyRadiomics' settings `lbp3DLevels`, how many degrees of harmonics there are from 0 on, `lbp3DIcosphereRadius` in voxels,
    /// and `lbp3DIcosphereSubdivision`, how often the faces of an icosahedron are divided into four.
    ///
    /// # Errors
    /// [`VolumeError::LocalBinaryPattern`] when there are less than 2 levels, with which PyRadiomics fails, or more than 32, when
    /// the radius is not a positive finite number, or when there are more than 6 subdivisions.
    pub fn new(levels: usize, radius: f64, subdivisions: usize) -> Result<Self, VolumeError> {
        let wrong = |setting, found: String, expected| VolumeError::LocalBinaryPattern {
            setting,
            found,
            expected,
        };
        if !(2..=MOST_LEVELS).contains(&levels) {
            return Err(wrong("lbp3DLevels", levels.to_string(), "2 to 32"));
        }
        if !(radius.is_finite() && radius > 0.0) {
            let expected = "a positive finite number";
            return Err(wrong("lbp3DIcosphereRadius", radius.to_string(), expected));
        }
        if subdivisions > MOST_SUBDIVISIONS {
            return Err(wrong("lbp3DIcosphereSubdivision", subdivisions.to_string(), "0 to 6"));
        }
        Ok(Self {
            levels,
            radius,
            subdivisions,
        })
    }
}

/// The names of the maps in PyRadiomics' order: `lbp-3D-m1`, ... for each of `levels`, and `lbp-3D-k`.
pub fn names(levels: usize) -> Vec<String> {
    let levels = (1..=levels).map(|level| format!("lbp-3D-m{level}"));
    levels.chain([KURTOSIS.to_owned()]).collect()
}

/// The voxels of an image on `grid` that the maps need: all, because a spline reaches from edge to edge.
pub fn support(grid: &Grid) -> Bounds {
    Bounds::whole(grid)
}

/// The maps of `output` that `wanted` accepts by name, in the order of [`names`], as float64.
///
/// Voxels outside the region are 0 (PyRadiomics leaves whatever is in memory there). `lbp-3D-m<n>` is the norm over the sphere
/// of the pattern's part of degree n - 1. `lbp-3D-k` is the excess kurtosis of the samples, NaN where they are all equal;
/// for a float32 image it is computed in float32.
///
/// # Errors
/// [`VolumeError::Grid`] when mask and image lie on different grids, [`VolumeError::Outside`] when the box leaves the image,
/// [`VolumeError::Cancelled`].
pub fn maps(
    image: &Volume,
    mask: &Mask,
    settings: &Settings,
    wanted: &dyn Fn(&str) -> bool,
    output: &Bounds,
    cancel: &AtomicBool,
) -> Result<Vec<(String, Volume)>, VolumeError> {
    image.grid().same_as(mask.grid(), TOLERANCE)?;
    let grid = image.grid().crop(output)?;
    let given = names(settings.levels)
        .into_iter()
        .enumerate()
        .filter(|(_, name)| wanted(name));
    let given: Vec<_> = given.collect();
    let mut maps = vec![Vec::new(); settings.levels + 1];
    for (i, _) in &given {
        if let Some(map) = maps.get_mut(*i) {
            map.resize(grid.voxels(), 0.0);
        }
    }
    if !given.is_empty() {
        with_voxels!(image.voxels(), a => fill(a, mask, settings, output, &mut maps, cancel))?;
    }
    let volume = |(i, name): (usize, String)| {
        let map = maps.get_mut(i).map(std::mem::take).unwrap_or_default();
        let found = map.len();
        let voxels = Array3::from_shape_vec(grid.shape(), map).map_err(|_| VolumeError::VoxelCount {
            found,
            expected: grid.voxels(),
        })?;
        Ok((name, Volume::new(grid.clone(), voxels)?))
    };
    given.into_iter().map(volume).collect()
}

/// Of positions and directions, which the grids of image and mask may differ by.
const TOLERANCE: f64 = 1e-6;

/// Fills those maps that have room: one for each level, the kurtosis last.
fn fill<S: Sample>(
    image: &Array3<S>,
    mask: &Mask,
    settings: &Settings,
    output: &Bounds,
    maps: &mut [Vec<f64>],
    cancel: &AtomicBool,
) -> Result<(), VolumeError> {
    let (nz, ny, nx) = image.dim();
    let size = [nx, ny, nz];
    let voxels = image.as_slice().unwrap_or(&[]);
    let Some(region) = overlap(&mask.bounds(), output) else {
        return Ok(());
    };
    let sphere = Sphere::new(settings, &region, size);
    let Some((kurtosis, parts)) = maps.split_last_mut() else {
        return Ok(());
    };
    // The levels that are wanted and their maps.
    let mut parts: Vec<(Level, &mut Vec<f64>)> = parts
        .iter_mut()
        .enumerate()
        .filter(|(_, map)| !map.is_empty())
        .map(|(degree, map)| (Level::new(degree, &sphere.vertices, settings.radius), map))
        .collect();
    let coefficients = Coefficients::new(voxels, size, &sphere.reach(&region, size), cancel)?;

    let count = sphere.vertices.len();
    let width = region.size[0];
    let mut samples = vec![0.0; count * width];
    let mut products = vec![0.0; width + 3];
    let mut rounded = vec![0.0; width];
    let mut work = Work::new(width, settings.levels);
    let mut one = vec![S::Real::default(); count];
    let inside = mask.inside();
    let [mx, my, mz] = mask.bounds().lower;
    for z in 0..region.size[2] {
        for y in 0..region.size[1] {
            go_on(cancel)?;
            let (vy, vz) = (region.lower[1] + y, region.lower[2] + z);
            let first = ((vz - mz) * inside.dim().1 + vy - my) * inside.dim().2 + region.lower[0] - mx;
            let row = inside
                .as_slice()
                .unwrap_or(&[])
                .get(first..first + width)
                .unwrap_or(&[]);
            for run in runs(row) {
                let n = run.len();
                let samples = &mut samples[..count * n];
                for (v, to) in samples.chunks_exact_mut(n).enumerate() {
                    let knots = (&sphere.rows[v][y], &sphere.slices[v][z]);
                    let (Some(ky), Some(kz)) = knots else {
                        to.fill(0.0);
                        continue;
                    };
                    let line = &sphere.lines[v];
                    if S::AS_IT_IS {
                        coefficients.sample((line, &run), ky, kz, &mut products, to);
                        continue;
                    }
                    // Only samples that might be rounded the other way need SciPy's bits.
                    let error = coefficients.near((line, &run), ky, kz, &mut products, to);
                    let mut doubt = false;
                    for (t, stored) in to.iter().zip(&mut rounded) {
                        *stored = S::stored(t - error);
                        doubt |= *stored != S::stored(t + error);
                    }
                    if doubt {
                        for (i, t) in to.iter_mut().enumerate() {
                            if S::stored(*t - error) != S::stored(*t + error) {
                                let one = run.start + i..run.start + i + 1;
                                coefficients.sample((line, &one), ky, kz, &mut products, std::slice::from_mut(t));
                            }
                            *t = S::stored(*t);
                        }
                    } else {
                        to.copy_from_slice(&rounded[..n]);
                    }
                }
                let first = region.lower[0] + run.start;
                let centre = &voxels[(vz * ny + vy) * nx + first..][..n];
                let [ox, oy, oz] = output.lower;
                let at = ((vz - oz) * output.size[1] + vy - oy) * output.size[0] + first - ox;
                if !parts.is_empty() {
                    let ones = samples.chunks_exact_mut(n).flat_map(|s| s.iter_mut().zip(centre));
                    work.pattern.clear();
                    work.pattern
                        .extend(ones.map(|(s, c)| f64::from(u8::from(*s >= c.double()))));
                }
                for (level, map) in &mut parts {
                    work.norm(level, &mut map[at..][..n]);
                }
                if kurtosis.is_empty() {
                    continue;
                }
                for (x, to) in kurtosis[at..][..n].iter_mut().enumerate() {
                    for (one, s) in one.iter_mut().zip(samples[x..].iter().step_by(n)) {
                        *one = S::real(*s);
                    }
                    *to = S::kurtosis(&mut one);
                }
            }
        }
    }
    Ok(())
}

/// The box that two boxes have in common.
fn overlap(a: &Bounds, b: &Bounds) -> Option<Bounds> {
    let lower = std::array::from_fn(|d| a.lower[d].max(b.lower[d]));
    let upper: [usize; 3] = std::array::from_fn(|d| a.upper()[d].min(b.upper()[d]));
    (0..3).all(|d| lower[d] < upper[d]).then(|| Bounds {
        lower,
        size: std::array::from_fn(|d| upper[d] - lower[d]),
    })
}

/// The stretches of a row that lie inside.
fn runs(row: &[bool]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + row[from..].iter().position(|&inside| inside)?;
        let len = row[start..].iter().position(|&inside| !inside);
        from = len.map_or(row.len(), |len| start + len);
        Some(start..from)
    })
}

/// Where the samples around the voxels of a box lie.
struct Sphere {
    /// Offsets along z, y, x: PyRadiomics adds the mesh's x to numpy's first axis.
    vertices: Vec<[f64; 3]>,
    /// Along x, for each vertex.
    lines: Vec<Line>,
    /// Along y and z, for each vertex and each row or slice of the box.
    rows: Vec<Vec<Option<Knot>>>,
    slices: Vec<Vec<Option<Knot>>>,
    radius: f64,
}

impl Sphere {
    fn new(settings: &Settings, region: &Bounds, size: [usize; 3]) -> Self {
        let vertices = icosphere::vertices(settings.subdivisions, settings.radius);
        let (from, to) = (region.lower, region.upper());
        let knots = |d: usize| -> Vec<Vec<Option<Knot>>> {
            let at = |v: &[f64; 3]| {
                (from[d]..to[d])
                    .map(|i| Knot::at(i as f64 + v[2 - d], size[d]))
                    .collect()
            };
            vertices.iter().map(at).collect()
        };
        Self {
            lines: vertices
                .iter()
                .map(|v| Line::new(from[0], region.size[0], v[2], size[0]))
                .collect(),
            rows: knots(1),
            slices: knots(2),
            vertices,
            radius: settings.radius,
        }
    }

    /// The voxels of the image between which the samples of a box lie.
    fn reach(&self, region: &Bounds, size: [usize; 3]) -> Bounds {
        // One more for the vertices' rounding.
        let reach = (self.radius.ceil() as usize).saturating_add(1);
        let lower: [usize; 3] = std::array::from_fn(|d| region.lower[d].saturating_sub(reach));
        let upper: [usize; 3] = std::array::from_fn(|d| region.upper()[d].saturating_add(reach).min(size[d]));
        Bounds {
            lower,
            size: std::array::from_fn(|d| upper[d] - lower[d]),
        }
    }
}

/// The harmonics of one degree at the vertices.
///
/// Those of order -m are the conjugates of those of order m but for the sign, so that a part of a pattern is real: the sum over
/// the orders from 0 on, twice from 1 on, of the products' real parts.
struct Level {
    /// The real parts, and from order 1 on the imaginary ones, with the factor of their products.
    terms: Vec<(f64, Vec<f64>)>,
}

impl Level {
    fn new(degree: usize, vertices: &[[f64; 3]], radius: f64) -> Self {
        let mut terms = Vec::new();
        for order in 0..=degree {
            // PyRadiomics gives the polar angle first, where SciPy has the longitude.
            let value = |v: &[f64; 3]| harmonic(order, degree, (v[2] / radius).acos(), v[1].atan2(v[0]));
            let (real, imaginary): (Vec<f64>, Vec<f64>) = vertices.iter().map(value).map(|[re, im]| (re, im)).unzip();
            terms.push((if order == 0 { 1.0 } else { 2.0 }, real));
            if order > 0 {
                terms.push((-2.0, imaginary));
            }
        }
        Self { terms }
    }
}

/// Room for what is made of the patterns of one run of voxels.
struct Work {
    /// 1 or 0 for each vertex and voxel.
    pattern: Vec<f64>,
    /// The pattern's parts by term and voxel.
    parts: Vec<f64>,
    /// One part's value at a vertex.
    value: Vec<f64>,
}

impl Work {
    fn new(width: usize, levels: usize) -> Self {
        Self {
            pattern: Vec::new(),
            parts: vec![0.0; width * (2 * levels)],
            value: vec![0.0; width],
        }
    }

    /// The norms of the patterns' parts of one level.
    fn norm(&mut self, level: &Level, out: &mut [f64]) {
        let n = out.len();
        let parts = &mut self.parts[..level.terms.len() * n];
        parts.fill(0.0);
        for ((_, values), part) in level.terms.iter().zip(parts.chunks_exact_mut(n)) {
            for (v, ones) in values.iter().zip(self.pattern.chunks_exact(n)) {
                for (part, one) in part.iter_mut().zip(ones) {
                    *part += v * one;
                }
            }
        }
        for ((factor, _), part) in level.terms.iter().zip(parts.chunks_exact_mut(n)) {
            part.iter_mut().for_each(|p| *p *= factor);
        }
        out.fill(0.0);
        let value = &mut self.value[..n];
        for v in 0..self.pattern.len() / n {
            value.fill(0.0);
            for ((_, values), part) in level.terms.iter().zip(parts.chunks_exact(n)) {
                let y = values.get(v).copied().unwrap_or(0.0);
                for (value, p) in value.iter_mut().zip(part) {
                    *value += p * y;
                }
            }
            for (out, value) in out.iter_mut().zip(&*value) {
                *out += value * value;
            }
        }
        out.iter_mut().for_each(|v| *v = v.sqrt());
    }
}
