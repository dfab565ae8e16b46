//! Synthetic cases against values that PyRadiomics 3.0.1 gave (tests/golden/radiomics/make_golden.py).

#![allow(clippy::unwrap_used)]

mod generator;

use generator::Case;
use radsql_radiomics::{FeatureClass, FeatureSet, ORIGINAL, extract};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// Whether a value is 0 by definition, where PyRadiomics gives the root of the rounding of its sums. All other values must
/// agree to 1e-9 of themselves.
fn is_zero(case: &str, feature: &str) -> bool {
    let axis = ["_x", "_y", "_z"].iter().any(|axis| case.ends_with(axis));
    let slice = axis && !case.starts_with("force2d");
    let line = axis && ["diagonal", "line", "two_pixels"].iter().any(|l| case.starts_with(l));
    match feature.rsplit('_').next().unwrap() {
        "Flatness" | "LeastAxisLength" => slice,
        "Elongation" | "MinorAxisLength" => line,
        _ => false,
    }
}

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
    let (values, named_values) = (read("values.csv"), read("named_values.csv"));
    let deprecated = FeatureClass::ALL.iter().flat_map(|c| c.deprecated());
    let named = deprecated.filter(|f| f.class != FeatureClass::Shape2D);
    let named: Vec<String> = named.map(|f| f.full_name(ORIGINAL)).collect();
    let in_space = FeatureSet::all().union(FeatureSet::parse(named.iter().map(String::as_str)).unwrap());
    let in_plane = FeatureSet::parse(["shape2D", "shape2D_SphericalDisproportion"]).unwrap();
    let (mut compared, mut slices) = (0, 0);
    let mut wrong = Vec::new();
    for ((line, expected), named) in read("cases.csv").iter().zip(&values).zip(&named_values) {
        let case = Case::read(line);
        assert!(case.name == expected["case"] && case.name == named["case"]);
        let wanted = match named["original_shape2D_Sphericity"].as_str() {
            "" => in_space,
            _ => in_space.union(in_plane),
        };
        slices += usize::from(wanted != in_space);
        let found = extract(&case.image, &case.mask, &case.settings, wanted, &AtomicBool::new(false)).unwrap();
        for (feature, value) in found.iter() {
            let name = feature.full_name(ORIGINAL);
            let reference = expected.get(&name).or_else(|| named.get(&name)).unwrap();
            let reference: f64 = reference.parse().unwrap();
            compared += 1;
            let zero = is_zero(&case.name, &name);
            let tolerance = if zero { 2e-7 } else { 1e-9 * reference.abs() };
            let same = value.is_nan() && reference.is_nan() || (value - reference).abs() <= tolerance;
            if !same || zero && value != 0.0 {
                wrong.push(format!("{} {name}: {value:e}, PyRadiomics {reference:e}", case.name));
            }
        }
    }
    assert_eq!((compared, slices), (values.len() * 111 + slices * 10, 23));
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
