//! Voxels that the goldens' scripts make alike (`tests/golden/resample/common.py`).

use ndarray::Array3;
use radsql_volume::{Grid, Mask, Volume, VolumeError, Voxels, with_voxels};
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
            "plains" => (z / 100 * 1000 + y / 100) * 1000 + x / 100,
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

/// An ellipsoid; a radius 0 is one slice.
pub fn mask(case: &Value) -> Mask {
    let grid = grid(&case["mask"]);
    let (c, r) = (sizes(&case["centre"]), sizes(&case["radii"]));
    let n = r.map(|r| r.max(1) as i64);
    let [nx, ny, nz] = grid.size();
    let labels = Array3::from_shape_fn((nz, ny, nx), |(z, y, x)| {
        let at = [x, y, z];
        let d: i64 = (0..3)
            .map(|k| ((at[k] as i64 - c[k] as i64) * n[(k + 1) % 3] * n[(k + 2) % 3]).pow(2))
            .sum();
        let slice = (0..3).all(|k| r[k] > 0 || at[k] == c[k]);
        u8::from(slice && d <= (n[0] * n[1] * n[2]).pow(2))
    });
    Mask::from_labels(&Volume::new(grid, labels).expect("labels"), 1).expect("a mask")
}

/// Compares a mask with the box, number and hash of the golden.
pub fn same_mask(found: &Mask, expected: &Value) -> Result<(), String> {
    let (bounds, box_) = (found.bounds(), numbers(&expected["box"]));
    let own: Vec<f64> = bounds.lower.iter().chain(&bounds.size).map(|n| *n as f64).collect();
    if own != box_ || Some(found.voxels() as u64) != expected["voxels"].as_u64() {
        return Err(format!(
            "box {own:?} with {} voxels, expected {expected}",
            found.voxels()
        ));
    }
    let [nx, ny, nz] = found.grid().size();
    let mut whole = Array3::<u8>::zeros((nz, ny, nx));
    for ((z, y, x), inside) in found.inside().indexed_iter() {
        let [i, j, k] = bounds.lower;
        whole[[z + k, y + j, x + i]] = u8::from(*inside);
    }
    let hash = sha(&Volume::new(found.grid().clone(), whole).expect("a volume"));
    if expected["sha256"] == hash {
        Ok(())
    } else {
        Err("other voxels".into())
    }
}

/// Compares an error with the golden's word for it.
pub fn same_error(found: &VolumeError, expected: &Value) -> Result<(), String> {
    let word = match found {
        VolumeError::RegionOutside { .. } => "outside",
        VolumeError::Resegmented { .. } => "resegmented",
        VolumeError::EmptyMask => "empty",
        _ => "another",
    };
    if expected["error"] == word {
        Ok(())
    } else {
        Err(format!("{found}, expected {expected}"))
    }
}

/// Fails with every difference.
pub fn report(cases: usize, wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} of {cases} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
