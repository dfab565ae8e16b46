//! What several tests share.
#![allow(dead_code)]

use radsql_volume::{Grid, Mask, Volume, with_voxels};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

pub static GO_ON: AtomicBool = AtomicBool::new(false);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("the repository's root")
        .to_owned()
}

/// A file or folder of this package's golden values.
pub fn golden(name: &str) -> PathBuf {
    root().join("tests/golden/dicom").join(name)
}

/// A golden file of JSON.
pub fn golden_json(name: &str) -> Value {
    let path = golden(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// The folder of data that is not part of the repository, or `None`, said loudly, where it is missing.
pub fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("RADSQL_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    if path.join("data").is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: no shared data at {} (set RADSQL_SHARED)", path.display());
    None
}

pub fn numbers(list: &Value) -> Vec<f64> {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|v| v.as_f64().expect("a number"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 of the voxels, x fastest, little endian.
pub fn sha256_of(volume: &Volume) -> String {
    with_voxels!(volume.voxels(), a => {
        let bytes: Vec<u8> = a.iter().flat_map(|v| v.to_le_bytes()).collect();
        hex(&bytes)
    })
}

/// Compares geometry with that of SimpleITK.
pub fn same_grid(grid: &Grid, expected: &Value) {
    let direction: Vec<f64> = grid.direction().iter().flatten().copied().collect();
    let pairs = [
        (grid.size().map(|n| n as f64).to_vec(), "size"),
        (grid.spacing().to_vec(), "spacing"),
        (grid.origin().to_vec(), "origin"),
        (direction, "direction"),
    ];
    for (found, what) in pairs {
        let expected = numbers(&expected[what]);
        let close = found
            .iter()
            .zip(&expected)
            .all(|(f, e)| (f - e).abs() <= 1e-15 * e.abs().max(1.0));
        assert!(
            close && found.len() == expected.len(),
            "{what} {found:?}, expected {expected:?}"
        );
    }
}

/// Compares geometry, type and voxels with SimpleITK's.
pub fn same_volume(volume: &Volume, expected: &Value) {
    same_grid(volume.grid(), expected);
    assert_eq!(volume.voxels().voxel_type().name(), expected["type"]);
    assert_eq!(sha256_of(volume), expected["sha256"]);
}

/// Compares a region: voxels, box, and which voxels of the box are inside.
pub fn same_region(mask: &Mask, expected: &Value) {
    assert_eq!(mask.voxels() as u64, expected["voxels"].as_u64().expect("voxels"));
    let bounds = mask.bounds();
    assert_eq!(bounds.lower.map(|n| n as f64).to_vec(), numbers(&expected["lower"]));
    assert_eq!(bounds.size.map(|n| n as f64).to_vec(), numbers(&expected["size"]));
    let bytes: Vec<u8> = mask.inside().iter().map(|v| u8::from(*v)).collect();
    assert_eq!(hex(&bytes), expected["sha256"]);
}
