//! Voxels that the goldens' scripts make alike (`tests/golden/resample/common.py`).

use ndarray::Array3;
use radsql_volume::{Grid, Volume, Voxels, with_voxels};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;

pub fn golden(file: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/resample");
    let text = std::fs::read_to_string(folder.join(file)).expect("the golden file");
    serde_json::from_str(&text).expect("JSON")
}

pub fn numbers(list: &Value) -> Vec<f64> {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|v| v.as_f64().expect("a number"))
        .collect()
}

pub fn triple(list: &Value) -> [f64; 3] {
    numbers(list).try_into().expect("three numbers")
}

pub fn sizes(list: &Value) -> [usize; 3] {
    triple(list).map(|n| n as usize)
}

pub fn grid(of: &Value) -> Grid {
    let d = numbers(&of["direction"]);
    let direction = [[d[0], d[1], d[2]], [d[3], d[4], d[5]], [d[6], d[7], d[8]]];
    Grid::new(
        sizes(&of["size"]),
        triple(&of["spacing"]),
        triple(&of["origin"]),
        direction,
    )
    .expect("a grid")
}

/// The i-th number of SplitMix64.
pub fn splitmix(seed: u64, i: u64) -> u64 {
    let mut z = seed.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

pub fn image(case: &Value) -> Volume {
    let text = |field: &str| case[field].as_str().expect("text");
    let (kind, seed) = (text("kind"), case["seed"].as_u64().expect("a seed"));
    let grid = grid(&case["image"]);
    let voxels = voxels(kind, text("type"), grid.size(), seed);
    Volume::new(grid, voxels).expect("a volume")
}

fn make<T>(kind: &str, [nx, ny, nz]: [usize; 3], seed: u64, value: impl Fn(u64) -> T) -> Array3<T> {
    Array3::from_shape_fn((nz, ny, nx), |(z, y, x)| {
        let i = match kind {
            "noise" => (z * ny + y) * nx + x,
            "blocks" => (z / 6 * 1000 + y / 6) * 1000 + x / 6,
            _ => 0,
        };
        value(splitmix(seed, i as u64))
    })
}

pub fn voxels(kind: &str, name: &str, size: [usize; 3], seed: u64) -> Voxels {
    let real = |h: u64| (h % 4_500_001) as f64 / 1000.0 - 1500.0;
    let whole = |low: i64, span: u64| move |h: u64| (h % span) as i64 + low;
    macro_rules! whole {
        ($type:ty, $low:expr, $span:expr) => {{
            let value = whole($low, $span);
            make(kind, size, seed, |h| value(h) as $type).into()
        }};
    }
    match name {
        "uint8" => whole!(u8, 0, 256),
        "int8" => whole!(i8, -128, 256),
        "uint16" => whole!(u16, 0, 65536),
        "int16" => whole!(i16, -1500, 4500),
        "uint32" => whole!(u32, 0, 1_000_000_000),
        "int32" => whole!(i32, -1_000_000_000, 2_000_000_000),
        "uint64" => whole!(u64, 0, 1_000_000_000_000),
        "int64" => whole!(i64, -1_000_000_000_000, 2_000_000_000_000),
        "float32" => make(kind, size, seed, |h| real(h) as f32).into(),
        "float64" => make(kind, size, seed, real).into(),
        other => panic!("type {other}"),
    }
}

/// SHA-256 of the voxels' bytes, little-endian.
pub fn sha(volume: &Volume) -> String {
    let mut hash = Sha256::new();
    with_voxels!(volume.voxels(), a => {
        for v in a {
            hash.update(v.to_le_bytes());
        }
    });
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
