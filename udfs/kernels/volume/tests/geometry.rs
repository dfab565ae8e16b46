//! Whether image and mask occupy one space: SimpleITK's verdict at the edges of its tolerance
//! (`tests/golden/imaging/geometry.py`).

use radsql_volume::{Difference, Grid};
use serde_json::Value;
use std::path::Path;

fn grid(base: &Value, change: &Value) -> Grid {
    let list = |field: &str| -> Vec<f64> {
        let values = change.get(field).unwrap_or(&base[field]);
        values
            .as_array()
            .expect("a list")
            .iter()
            .map(|v| v.as_f64().expect("a number"))
            .collect()
    };
    let triple = |v: &[f64]| [v[0], v[1], v[2]];
    let direction = list("direction");
    Grid::new(
        triple(&list("size")).map(|n| n as usize),
        triple(&list("spacing")),
        triple(&list("origin")),
        [
            triple(&direction[0..3]),
            triple(&direction[3..6]),
            triple(&direction[6..9]),
        ],
    )
    .expect("a grid")
}

#[test]
fn same_space_as_simpleitk_finds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/imaging/geometry.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("geometry.json")).expect("JSON");
    let cases = golden["cases"].as_array().expect("a list");
    assert!(cases.len() > 300);
    for case in cases {
        let (image, mask) = (
            grid(&golden["base"], &case["image"]),
            grid(&golden["base"], &case["mask"]),
        );
        let found = match image.same_as(&mask, case["tolerance"].as_f64().expect("a number")) {
            Ok(()) => "same",
            Err(e) if matches!(e.differences[0], Difference::Size { .. }) => "size",
            Err(_) => "space",
        };
        assert_eq!(Some(found), case["verdict"].as_str(), "{case}");
    }
}
