//! `normalizeImage` of PyRadiomics.

use crate::common::{golden, image, numbers, report, sha};
use radsql_volume::{VolumeError, Voxels, normalise};
use std::sync::atomic::AtomicBool;

#[test]
fn images_are_normalised_with_pyradiomics_bits() {
    let cases = golden("normalise.json");
    let mut wrong = Vec::new();
    for case in &cases {
        let scale = case["scale"].as_f64().expect("a scale");
        let out =
            normalise(&image(case), scale, case["outliers"].as_f64(), &AtomicBool::new(false)).expect("normalised");
        let Voxels::F64(a) = out.voxels() else {
            panic!("float64")
        };
        let first: Vec<f64> = a.iter().copied().take(3).collect();
        // The squares of these types are rounded, and ITK's compensated sum of them is not the nearest number to the sum.
        let rounded = ["int32", "uint32", "int64", "uint64"].contains(&case["type"].as_str().expect("a type"));
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-14 * b.abs();
        if case["sha256"] != sha(&out) && !(rounded && first.iter().zip(&numbers(&case["values"])).all(near)) {
            wrong.push(format!(
                "{}: {first:?}, expected {:?}",
                case["type"],
                numbers(&case["values"])
            ));
        }
    }
    assert_eq!(cases.len(), 30);
    report(cases.len(), &wrong);
}

#[test]
fn work_that_is_not_wanted_stops() {
    let cases = golden("normalise.json");
    let e = normalise(&image(&cases[0]), 1.0, None, &AtomicBool::new(true));
    assert_eq!(e, Err(VolumeError::Cancelled));
}
