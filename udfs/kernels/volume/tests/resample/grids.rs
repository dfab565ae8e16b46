//! `ResampleImageFilter` on random geometries.

use crate::common::{golden, grid, image, numbers, sha};
use radsql_volume::Voxels;
use radsql_volume::resample::{Interpolator, resample_image};
use std::sync::atomic::AtomicBool;

#[test]
fn images_on_other_grids_have_simpleitks_bits() {
    let cases = golden("resample.json");
    let mut wrong = Vec::new();
    for (k, case) in cases.iter().enumerate() {
        let name = case["interpolator"].as_str().expect("a name");
        let interpolator = Interpolator::parse(name).expect("an interpolator");
        let out = resample_image(
            &image(case),
            &grid(&case["target"]),
            interpolator,
            &AtomicBool::new(false),
        )
        .expect("resampled");
        let bits = case["sha256"] == sha(&out);
        // The sum of float64 splines is taken in another order.
        let near = match (out.voxels(), case.get("values")) {
            (Voxels::F64(a), Some(values)) => {
                let values = numbers(values);
                let step = (a.len() / 25).max(1);
                let found: Vec<f64> = a.iter().copied().step_by(step).collect();
                found.len() == values.len()
                    && found
                        .iter()
                        .zip(&values)
                        .all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs().max(100.0))
            }
            _ => false,
        };
        if !bits && !near {
            wrong.push(format!("{k}: {} {name} {}", case["type"], case["kind"]));
        }
    }
    assert!(cases.len() > 200, "{} cases", cases.len());
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
