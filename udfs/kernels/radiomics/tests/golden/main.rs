//! Synthetic cases against values that PyRadiomics 3.0.1 gave (tests/golden/radiomics/make_golden.py).

#![allow(clippy::unwrap_used)]

mod generator;

use generator::Case;
use radsql_radiomics::{FeatureSet, ORIGINAL, extract};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// Values that are 0 by definition and that PyRadiomics gives as the rounding of its sums. All other values must agree
/// to 1e-9 of themselves.
const ROUNDING: &[(&str, &str, &str)] = &[
    ("one_slice_y", "original_shape_Flatness", "a slice has no thickness"),
    (
        "one_slice_y",
        "original_shape_LeastAxisLength",
        "a slice has no thickness",
    ),
    ("one_slice_x", "original_shape_Flatness", "a slice has no thickness"),
    (
        "one_slice_x",
        "original_shape_LeastAxisLength",
        "a slice has no thickness",
    ),
];

fn read(file: &str) -> Vec<HashMap<String, String>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/golden/radiomics")
        .join(file);
    csv::Reader::from_path(path)
        .unwrap()
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn every_value_is_that_of_pyradiomics() {
    let values = read("values.csv");
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (line, expected) in read("cases.csv").iter().zip(&values) {
        let case = Case::read(line);
        assert_eq!(case.name, expected["case"]);
        let found = extract(
            &case.image,
            &case.mask,
            &case.settings,
            FeatureSet::all(),
            &AtomicBool::new(false),
        )
        .unwrap();
        for (feature, value) in found.iter() {
            let name = feature.full_name(ORIGINAL);
            let reference: f64 = expected[&name].parse().unwrap();
            compared += 1;
            let rounding = ROUNDING.iter().any(|(c, f, _)| *c == case.name && *f == name);
            let tolerance = if rounding { 1e-15 } else { 1e-9 * reference.abs() };
            let same = value.is_nan() && reference.is_nan() || (value - reference).abs() <= tolerance;
            if rounding {
                assert_eq!(value, 0.0, "{} {name}", case.name);
            }
            if !same {
                wrong.push(format!("{} {name}: {value:e}, PyRadiomics {reference:e}", case.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
