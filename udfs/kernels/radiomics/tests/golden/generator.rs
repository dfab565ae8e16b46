//! The images and masks of tests/golden/radiomics/cases.csv, as make_golden.py makes them.

#![allow(dead_code)] // each test uses its part

use ndarray::Array3;
use radsql_radiomics::{Axis, Binning, Distances, Settings};
use radsql_volume::{Grid, Mask, Volume, Voxels};
use std::collections::HashMap;

pub const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// One line of cases.csv.
pub struct Case {
    pub name: String,
    pub image: Volume,
    pub mask: Mask,
    pub settings: Settings,
}

/// Whole numbers from 0 to 2^31 - 1, from a 64-bit linear congruential generator.
pub struct Numbers(pub u64);

impl Numbers {
    fn next(&mut self) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64
    }
}

impl Case {
    pub fn read(line: &HashMap<String, String>) -> Self {
        let size: Vec<usize> = line["size"].split(' ').map(|v| v.parse().unwrap()).collect();
        let spacing: Vec<f64> = line["spacing"].split(' ').map(|v| v.parse().unwrap()).collect();
        let [nx, ny, nz] = size[..] else { panic!("{size:?}") };
        let grid = Grid::new([nx, ny, nz], [spacing[0], spacing[1], spacing[2]], [0.0; 3], IDENTITY).unwrap();
        let mut numbers = Numbers(line["seed"].parse().unwrap());
        let whole = image(&line["image"], [nx, ny, nz], &mut numbers);
        let labels = mask(&line["mask"], [nx, ny, nz], &mut numbers);
        let labels = Volume::new(grid.clone(), labels).unwrap();
        Self {
            name: line["case"].clone(),
            image: Volume::new(grid, typed(whole, &line["dtype"], line["divisor"].parse().unwrap())).unwrap(),
            mask: Mask::from_labels(&labels, 1).unwrap(),
            settings: settings(&line["settings"]),
        }
    }
}

pub fn typed(whole: Array3<i64>, dtype: &str, divisor: i64) -> Voxels {
    match dtype {
        "uint8" => whole.mapv(|v| v as u8).into(),
        "int8" => whole.mapv(|v| v as i8).into(),
        "uint16" => whole.mapv(|v| v as u16).into(),
        "int16" => whole.mapv(|v| v as i16).into(),
        "int32" => whole.mapv(|v| v as i32).into(),
        "float32" => whole.mapv(|v| v as f32 / divisor as f32).into(),
        "float64" => whole.mapv(|v| v as f64 / divisor as f64).into(),
        _ => panic!("dtype {dtype}"),
    }
}

fn each<T>([nx, ny, nz]: [usize; 3], mut value: impl FnMut(i64, i64, i64) -> T) -> Array3<T> {
    Array3::from_shape_fn((nz, ny, nx), |(z, y, x)| value(x as i64, y as i64, z as i64))
}

pub fn image(recipe: &str, size: [usize; 3], numbers: &mut Numbers) -> Array3<i64> {
    let (kind, parameters) = recipe.split_once(' ').unwrap();
    let p: Vec<i64> = parameters.split(' ').map(|v| v.parse().unwrap()).collect();
    each(size, |x, y, z| {
        let n = numbers.next();
        match kind {
            "noise" => p[0] + n % (p[1] - p[0] + 1),
            "smooth" => p[0] * x + p[1] * y + p[2] * z + n % p[3],
            "flat" => p[0],
            "pick" => p[n as usize % p.len()],
            "halves" => p[usize::from(2 * x >= size[0] as i64)],
            _ => panic!("image {recipe}"),
        }
    })
}

pub fn mask(recipe: &str, size: [usize; 3], numbers: &mut Numbers) -> Array3<u8> {
    let [nx, ny, nz] = size.map(|n| n as i64);
    let (kind, parameter) = recipe.split_once(' ').unwrap_or((recipe, ""));
    let ball = |x: i64, y: i64, z: i64| -> i64 {
        [(x, nx), (y, ny), (z, nz)]
            .map(|(a, m)| (2 * a - m + 1) * (2 * a - m + 1) * 10000 / (m * m))
            .iter()
            .sum()
    };
    let square = |v: i64| v * v;
    each(size, |x, y, z| {
        let n = numbers.next();
        u8::from(match kind {
            "box" => x < nx - 1,
            "ball" => ball(x, y, z) <= 10000,
            "shell" => (4000..=10000).contains(&ball(x, y, z)),
            "noise" => n % 100 < parameter.parse().unwrap(),
            "isolated" => x % 2 == 0 && y % 2 == 0 && z % 2 == 0,
            "two_balls" => {
                let radius = if x < 8 { 40 } else { 20 };
                square(2 * (x % 8) - 7) + square(2 * y - ny + 1) + square(2 * z - nz + 1) <= radius
            }
            "slice" => {
                let (at, m) = match parameter {
                    "x" => (x, nx),
                    "y" => (y, ny),
                    _ => (z, nz),
                };
                at == m / 2 && n % 100 < 80
            }
            "diagonal" => x == z,
            "plane" => {
                let (axis, shape) = parameter.split_once(' ').unwrap();
                let (at, u, v, m, nu, nv) = match axis {
                    "x" => (x, z, y, nx, nz, ny),
                    "y" => (y, z, x, ny, nz, nx),
                    _ => (z, y, x, nz, ny, nx),
                };
                at == m / 2 && in_plane(shape, [u, v], [nu, nv], n)
            }
            "two_by_two" => z == 1 && (1..=2).contains(&x) && (1..=2).contains(&y),
            _ => panic!("mask {recipe}"),
        })
    })
}

fn in_plane(shape: &str, [u, v]: [i64; 2], [nu, nv]: [i64; 2], n: i64) -> bool {
    let radius: i64 = [(u, nu), (v, nv)]
        .map(|(a, m)| (2 * a - m + 1) * (2 * a - m + 1) * 10000 / (m * m))
        .iter()
        .sum();
    match shape {
        "disc" => radius <= 10000,
        "ring" => (3000..=10000).contains(&radius),
        "parts" => u < 2 || (u >= nu - 3 && v < 3),
        "checker" => (u / 2 + v / 3) % 2 == 0,
        "diagonal" => u == v,
        "isolated" => u % 2 == 0 && v % 2 == 0,
        "row" => u == nu / 2,
        "column" => v == nv / 2,
        "full" => true,
        "corner" => [u, v] == [1, 2] || [u, v] == [2, 1],
        _ => n % 100 < shape.strip_prefix("noise ").unwrap().parse().unwrap(),
    }
}

fn settings(text: &str) -> Settings {
    text.split(',')
        .filter(|part| !part.is_empty())
        .fold(Settings::default(), |s, part| {
            let (name, value) = part.split_once('=').unwrap();
            let number = || value.parse::<f64>().unwrap();
            match name {
                "binWidth" => s.with_binning(Binning::width(number()).unwrap()),
                "binCount" => s.with_binning(Binning::count(value.parse().unwrap()).unwrap()),
                "distances" => {
                    let distances: Vec<usize> = value.split(';').map(|v| v.parse().unwrap()).collect();
                    s.with_distances(Distances::new(&distances).unwrap())
                }
                "weightingNorm" => s.with_weighting_norm(Some(value.parse().unwrap())),
                "force2D" => s.with_force2d(Some(Axis::from_dimension(value.parse().unwrap()).unwrap())),
                "minimumROIDimensions" => s.with_minimum_roi_dimensions(value.parse().unwrap()).unwrap(),
                "symmetricalGLCM" => s.with_symmetrical_glcm(value == "1"),
                "gldm_a" => s.with_gldm_a(value.parse().unwrap()),
                "voxelArrayShift" => s.with_voxel_array_shift(number()).unwrap(),
                _ => panic!("setting {part}"),
            }
        })
}
