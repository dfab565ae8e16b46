//! Filtered images against those of PyRadiomics (`tests/golden/filters`), and filtered crops against filtered images.

#![allow(clippy::unwrap_used)]

mod gradient;
mod log;
mod pointwise;
mod wavelet;

use ndarray::Array3;
use radsql_volume::{Bounds, Grid, Volume, Voxels};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

static GO: AtomicBool = AtomicBool::new(false);

/// The cases of a golden file.
fn cases(name: &str) -> Vec<Value> {
    let path = format!(
        "{}/../../../tests/golden/filters/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!cases.is_empty());
    cases
}

fn triple<T>(v: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<[T; 3]> {
    let v = v.as_array()?.iter().map(|v| read(v).unwrap()).collect::<Vec<_>>();
    v.try_into().ok()
}

fn grid(size: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::new(
        size,
        spacing,
        [0.0; 3],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    )
    .unwrap()
}

/// The image that a case describes (see `make_filters.py`).
fn image(case: &Value) -> Volume {
    let size = triple(&case["size"], |v| v.as_u64().map(|v| v as usize)).unwrap();
    let spacing = triple(&case["spacing"], Value::as_f64).unwrap_or([1.0; 3]);
    let shift = case["shift"].as_i64().unwrap_or(0);
    let scale = case["scale"].as_f64().unwrap_or(1.0);
    made_up(grid(size, spacing), case["type"].as_str().unwrap(), shift, scale)
}

fn made_up(grid: Grid, voxel_type: &str, shift: i64, scale: f64) -> Volume {
    let k = |i: i64| (7919 * i + 104_729 * (i * i % 1013)) % 2003 - shift;
    let (nz, ny, nx) = grid.shape();
    let of = |(z, y, x): (usize, usize, usize)| k(((z * ny + y) * nx + x) as i64) as f64 * scale;
    macro_rules! array {
        ($t:ty) => {
            Array3::from_shape_fn((nz, ny, nx), |i| of(i) as i64 as $t).into()
        };
    }
    let voxels: Voxels = match voxel_type {
        "uint8" => Array3::from_shape_fn((nz, ny, nx), |i| (of(i) as i64).rem_euclid(256) as u8).into(),
        "uint16" => array!(u16),
        "int16" => array!(i16),
        "int32" => array!(i32),
        "int64" => array!(i64),
        "float32" => Array3::from_shape_fn((nz, ny, nx), |i| of(i) as f32 / 7.0).into(),
        "float64" => Array3::from_shape_fn((nz, ny, nx), |i| of(i) / 7.0).into(),
        other => panic!("{other}"),
    };
    Volume::new(grid, voxels).unwrap()
}

fn bits(volume: &Volume) -> Vec<u64> {
    match volume.voxels() {
        Voxels::F32(a) => a.iter().map(|v| u64::from(v.to_bits())).collect(),
        Voxels::F64(a) => a.iter().map(|v| v.to_bits()).collect(),
        _ => panic!("not a filtered image"),
    }
}

/// FNV-1a over the words of the bits.
fn digest(volume: &Volume) -> String {
    let hash = bits(volume)
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, w| (h ^ w).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

/// Name and image as the golden file has them: the same type, and the same bits unless `tolerance` allows for more.
fn check(what: &str, expected: &Value, name: &str, found: &Volume, tolerance: f64) {
    let what = format!("{what}: {name}");
    assert_eq!(expected[0].as_str(), Some(name), "{what}");
    let expected = &expected[1];
    assert_eq!(
        expected["type"].as_str(),
        Some(found.voxels().voxel_type().name()),
        "{what}"
    );
    let values: Vec<f64> = match found.voxels() {
        Voxels::F32(a) => a.iter().map(|&v| f64::from(v)).collect(),
        Voxels::F64(a) => a.iter().copied().collect(),
        _ => panic!("not a filtered image"),
    };
    let every = expected["every"].as_u64().unwrap() as usize;
    let samples = expected["voxels"].as_array().unwrap();
    assert_eq!(samples.len(), values.len().div_ceil(every), "{what}");
    for (sample, &v) in samples.iter().zip(values.iter().step_by(every)) {
        let sample = match sample.as_str() {
            Some("nan") => f64::NAN,
            Some("inf") => f64::INFINITY,
            Some("-inf") => f64::NEG_INFINITY,
            Some(other) => panic!("{other}"),
            None => sample.as_f64().unwrap(),
        };
        let near = (sample - v).abs() <= tolerance * sample.abs();
        assert!(
            near || sample == v || (sample.is_nan() && v.is_nan()),
            "{what}: {sample} is expected, {v} found"
        );
    }
    if tolerance == 0.0 {
        assert_eq!(
            expected["hash"].as_str(),
            Some(digest(found).as_str()),
            "{what}: not the same bits"
        );
    }
}

/// Some boxes of a grid: one voxel, corners, the middle, all of it.
fn boxes(grid: &Grid) -> Vec<Bounds> {
    let size = grid.size();
    let at = |part: [usize; 3], of: usize| {
        let lower = std::array::from_fn(|d| (size[d] * part[d] / of).min(size[d] - 1));
        Bounds {
            lower,
            size: std::array::from_fn(|d| (size[d] / of).clamp(1, size[d] - lower[d])),
        }
    };
    vec![
        Bounds::whole(grid),
        at([0, 0, 0], 3),
        at([1, 1, 1], 3),
        at([2, 2, 2], 3),
        at([0, 2, 1], 3),
        at([2, 3, 1], 5),
        at([4, 4, 4], 5),
        at([7, 8, 7], 17),
    ]
}
