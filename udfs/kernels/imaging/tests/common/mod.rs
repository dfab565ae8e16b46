//! What several tests share.
#![allow(dead_code)]

use radsql_volume::Grid;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("the repository's root")
        .to_owned()
}

/// The text of a golden file of this package.
pub fn golden(file: &str) -> String {
    let path = root().join("tests/golden/imaging").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
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
        .map(|v| v.as_f64().unwrap_or(f64::NAN))
        .collect()
}

/// Compares geometry with that of SimpleITK, which may have two dimensions.
pub fn same_grid(grid: &Grid, expected: &Value) -> Result<(), String> {
    let size = numbers(&expected["size"]);
    let n = size.len();
    if n > 3 {
        return Err(format!("{n} dimensions expected"));
    }
    let mut pairs = Vec::new();
    for i in 0..3 {
        let of = |field: &str, else_: f64| if i < n { numbers(&expected[field])[i] } else { else_ };
        pairs.push((grid.size()[i] as f64, of("size", 1.0), "size"));
        pairs.push((grid.spacing()[i], of("spacing", 1.0), "spacing"));
        pairs.push((grid.origin()[i], of("origin", 0.0), "origin"));
        let direction = numbers(&expected["direction"]);
        for j in 0..3 {
            let identity = if i == j { 1.0 } else { 0.0 };
            let e = if i < n && j < n { direction[i * n + j] } else { identity };
            pairs.push((grid.direction()[i][j], e, "direction"));
        }
    }
    for (found, expected, what) in pairs {
        // The last bit of a norm may differ: sums in another order, multiplication by a reciprocal.
        if (found - expected).abs() > 1e-15 * expected.abs().max(1.0) || found.is_nan() != expected.is_nan() {
            return Err(format!("{what} {found:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

/// Writes the files of a case; gives their folder and the one to be read.
pub fn unpack(case: &Value) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = case["files"].as_object().expect("files");
    for (file, hex) in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes(hex.as_str().expect("text"))).expect("a file");
    }
    let first = folder.path().join(files.keys().next().expect("a file"));
    (folder, first)
}

/// The bytes that hexadecimal digits stand for.
pub fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hexadecimal digits"))
        .collect()
}
