//! Local binary patterns against those of PyRadiomics (`tests/golden/filters/lbp*.json`).

#![allow(clippy::unwrap_used)]

mod deep;
mod flat;

use ndarray::Array3;
use radsql_volume::{Grid, Volume, Voxels, with_voxels};
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

fn size(case: &Value) -> [usize; 3] {
    let size: Vec<usize> = case["size"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_u64().unwrap() as usize)
        .collect();
    size.try_into().unwrap()
}

/// The image that a case describes (see `make_lbp.py`).
fn image(case: &Value) -> Volume {
    let modulus = case["modulus"].as_i64().unwrap();
    made_up(
        size(case),
        case["type"].as_str().unwrap(),
        modulus,
        case["shift"].as_i64().unwrap(),
    )
}

fn made_up(size: [usize; 3], voxel_type: &str, modulus: i64, shift: i64) -> Volume {
    let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let grid = Grid::new(size, [1.0; 3], [0.0; 3], identity).unwrap();
    let k = |i: i64| (7919 * i + 104_729 * (i * i % 1013)) % 2003 % modulus - shift;
    let (nz, ny, nx) = grid.shape();
    let of = |(z, y, x): (usize, usize, usize)| k(((z * ny + y) * nx + x) as i64);
    macro_rules! array {
        ($t:ty) => {
            Array3::from_shape_fn((nz, ny, nx), |i| of(i) as $t).into()
        };
    }
    let voxels: Voxels = match voxel_type {
        "uint8" => array!(u8),
        "int8" => array!(i8),
        "uint16" => array!(u16),
        "int16" => array!(i16),
        "uint32" => array!(u32),
        "int32" => array!(i32),
        "uint64" => array!(u64),
        "int64" => array!(i64),
        "float32" => Array3::from_shape_fn((nz, ny, nx), |i| of(i) as f32 / 7.0).into(),
        "float64" => Array3::from_shape_fn((nz, ny, nx), |i| of(i) as f64 / 7.0).into(),
        other => panic!("{other}"),
    };
    Volume::new(grid, voxels).unwrap()
}

/// FNV-1a over the words of the bits.
fn digest(words: impl Iterator<Item = u64>) -> String {
    let hash = words.fold(0xcbf2_9ce4_8422_2325_u64, |h, w| (h ^ w).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

#[allow(clippy::unnecessary_cast)]
fn bits(volume: &Volume) -> Vec<u64> {
    match volume.voxels() {
        Voxels::F32(a) => a.iter().map(|v| u64::from(v.to_bits())).collect(),
        Voxels::F64(a) => a.iter().map(|v| v.to_bits()).collect(),
        Voxels::I8(a) => a.iter().map(|&v| u64::from(v as u8)).collect(),
        Voxels::I16(a) => a.iter().map(|&v| u64::from(v as u16)).collect(),
        Voxels::I32(a) => a.iter().map(|&v| u64::from(v as u32)).collect(),
        other => with_voxels!(other, a => a.iter().map(|&v| v as u64).collect()),
    }
}

#[allow(clippy::unnecessary_cast)]
fn values(volume: &Volume) -> Vec<f64> {
    with_voxels!(volume.voxels(), a => a.iter().map(|&v| v as f64).collect())
}

fn number(v: &Value) -> f64 {
    match v.as_str() {
        Some("nan") => f64::NAN,
        Some("inf") => f64::INFINITY,
        Some(other) => panic!("{other}"),
        None => v.as_f64().unwrap(),
    }
}

/// The image as the golden file has it: the same type and the same bits.
fn check(what: &str, expected: &Value, found: &Volume) {
    let voxel_type = found.voxels().voxel_type().name();
    assert_eq!(expected["type"].as_str(), Some(voxel_type), "{what}");
    let found_values = values(found);
    let every = expected["every"].as_u64().unwrap() as usize;
    let samples = expected["voxels"].as_array().unwrap();
    assert_eq!(samples.len(), found_values.len().div_ceil(every), "{what}");
    for (sample, &v) in samples.iter().zip(found_values.iter().step_by(every)) {
        let sample = number(sample);
        assert!(
            sample == v || (sample.is_nan() && v.is_nan()),
            "{what}: {sample} is expected, {v} found"
        );
    }
    let hash = digest(bits(found).into_iter());
    assert_eq!(
        expected["hash"].as_str(),
        Some(hash.as_str()),
        "{what}: not the same bits"
    );
}
