//! `ResampleImageFilter` on random geometries.

use crate::common::{golden, grid, image, numbers, report, sha};
use radsql_volume::Voxels;
use radsql_volume::resample::{Interpolator, resample_image};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

fn check(case: &Value) -> Result<(), String> {
    let name = case["interpolator"].as_str().expect("a name");
    let interpolator = Interpolator::parse(name).map_err(|e| e.to_string())?;
    let cancel = AtomicBool::new(false);
    let out = resample_image(&image(case), &grid(&case["target"]), interpolator, &cancel).map_err(|e| e.to_string())?;
    if case["sha256"] == sha(&out) {
        return Ok(());
    }
    // The sum of float64 splines is taken in another order.
    if let (Voxels::F64(a), Some(values)) = (out.voxels(), case.get("values")) {
        let values = numbers(values);
        let found: Vec<f64> = a.iter().copied().step_by((a.len() / 25).max(1)).collect();
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(100.0);
        if found.len() == values.len() && found.iter().zip(&values).all(near) {
            return Ok(());
        }
    }
    Err(format!("{name} {} {}: {}", case["type"], case["kind"], case["image"]))
}

fn check_all(file: &str) {
    let cases = golden(file);
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(cases.len() >= 240, "{} cases", cases.len());
    report(cases.len(), &wrong);
}

#[test]
fn images_on_other_grids_have_simpleitks_bits() {
    check_all("resample.json");
}

#[test]
fn what_lies_beyond_the_margin_does_not_matter() {
    check_all("long_resample.json");
}

#[test]
fn interpolators_have_simpleitks_names_and_numbers() {
    for (text, expected) in [
        ("sitkBSpline", Interpolator::BSpline3),
        ("23", Interpolator::BSpline3),
        ("1", Interpolator::NearestNeighbor),
        ("sitkLinear", Interpolator::Linear),
        ("25", Interpolator::BSpline5),
    ] {
        assert_eq!(Interpolator::parse(text).expect(text), expected);
    }
    for text in ["sitkGaussian", "3", "10", "linear", ""] {
        let e = Interpolator::parse(text).expect_err(text).to_string();
        assert!(e.contains("sitkBSpline (23)") && e.contains("sitkLinear (2)"), "{e}");
    }
}
