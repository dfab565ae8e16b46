//! `resampleImage`, `_correctMask` and `resegmentMask` of PyRadiomics.

use crate::common::{golden, grid, image, mask, numbers, report, same_error, same_mask, sha, triple};
use radsql_volume::resample::{Interpolator, Target};
use radsql_volume::{Mask, ResegmentMode, VolumeError, Voxels, correct_mask, resegment};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

fn compare(found: Result<Mask, VolumeError>, expected: &Value) -> Result<(), String> {
    match (found, expected.get("error")) {
        (Ok(found), None) => same_mask(&found, expected),
        (Ok(_), Some(e)) => Err(format!("a mask, expected {e}")),
        (Err(e), _) => same_error(&e, expected),
    }
}

fn resampled(case: &Value) -> Result<(), String> {
    let (image, mask, expected) = (image(case), mask(case), &case["result"]);
    let interpolator =
        Interpolator::parse(case["interpolator"].as_str().expect("a name")).map_err(|e| e.to_string())?;
    let pad = case["pad"].as_u64().expect("a number") as usize;
    let cancel = AtomicBool::new(false);
    let target = Target::new(&mask, image.grid(), triple(&case["spacing"]), pad);
    let (volume, region) = match target.and_then(|t| t.apply(&image, &mask, interpolator, &cancel)) {
        Ok(both) => both,
        Err(e) => return same_error(&e, expected),
    };
    if let Some(e) = expected.get("error") {
        return Err(format!("resampled, expected {e}"));
    }
    same_mask(&region, &expected["mask"])?;
    if volume.grid() != region.grid() || volume.grid() != &grid(&expected["grid"]) {
        return Err(format!("grid {:?}, expected {}", volume.grid(), expected["grid"]));
    }
    match (volume.voxels(), expected["image"].get("values")) {
        (Voxels::F64(a), Some(values)) => {
            let values = numbers(values);
            let found: Vec<f64> = a.iter().copied().step_by((a.len() / 25).max(1)).collect();
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(100.0);
            if found.len() != values.len() || !found.iter().zip(&values).all(near) {
                return Err("other values".into());
            }
        }
        _ if expected["image"]["sha256"] != sha(&volume) => return Err("other bits".into()),
        _ => {}
    }
    Ok(())
}

fn check_all(file: &str, check: fn(&Value) -> Result<(), String>) {
    let cases = golden(file);
    let wrong: Vec<String> = cases
        .iter()
        .enumerate()
        .filter_map(|(k, case)| check(case).err().map(|e| format!("{k}: {e}")))
        .collect();
    assert!(cases.len() >= 100);
    report(cases.len(), &wrong);
}

#[test]
fn image_and_mask_are_resampled_as_pyradiomics_does() {
    check_all("target.json", resampled);
}

#[test]
fn masks_are_corrected_as_pyradiomics_does() {
    check_all("target.json", |case| {
        compare(correct_mask(&mask(case), &grid(&case["image"])), &case["corrected"])
    });
}

#[test]
fn masks_are_resegmented_as_pyradiomics_does() {
    check_all("resegment.json", |case| {
        let mode = ResegmentMode::parse(case["mode"].as_str().expect("a name")).expect("a mode");
        compare(
            resegment(&image(case), &mask(case), &numbers(&case["range"]), mode),
            &case["result"],
        )
    });
}

#[test]
fn what_cannot_be_done_is_said() {
    let cases = golden("resegment.json");
    let (volume, region) = (image(&cases[0]), mask(&cases[0]));
    for range in [&[][..], &[1.0, 2.0, 3.0]] {
        let e = resegment(&volume, &region, range, ResegmentMode::Absolute);
        assert_eq!(e, Err(VolumeError::Thresholds { found: range.len() }));
    }
    for spacing in [[1.0, -1.0, 1.0], [f64::NAN, 1.0, 1.0]] {
        let e = Target::new(&region, volume.grid(), spacing, 5);
        assert!(matches!(e, Err(VolumeError::Spacing { .. })), "{e:?}");
    }
    assert_eq!(ResegmentMode::parse("Absolute"), None);
}
