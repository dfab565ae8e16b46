//! Real and phantom scans against PyRadiomics' own output (shared/conformance/radiomics).

#![allow(clippy::unwrap_used)]

use radsql_imaging::read_volume;
use radsql_radiomics::{Parameters, Threads};
use radsql_volume::Mask;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

mod shared;

/// Case, image and mask below shared/data.
const CASES: [(&str, &str, &str); 4] = [
    ("brain1", "nrrd/brain1_image.nrrd", "nrrd/brain1_label.nrrd"),
    (
        "sts001",
        "sts/nifti/STS_001/CT_image.nii.gz",
        "sts/nifti/STS_001/CT_mask.nii.gz",
    ),
    (
        "sts002",
        "sts/nifti/STS_002/CT_image.nii.gz",
        "sts/nifti/STS_002/CT_mask.nii.gz",
    ),
    ("ibsi1ct", "ibsi/ct_phantom/nifti/image", "ibsi/ct_phantom/nifti/mask"),
];

/// A file, or the only file of a folder.
fn file(path: PathBuf) -> PathBuf {
    if path.is_dir() {
        std::fs::read_dir(path).unwrap().next().unwrap().unwrap().path()
    } else {
        path
    }
}

fn reference(path: &Path) -> HashMap<String, f64> {
    csv::Reader::from_path(path)
        .unwrap()
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

/// Parameters of each set of reference values.
const SETS: [(&str, &str, usize); 3] = [
    ("", "imageType: {Original: {}, Wavelet: {}}", 851),
    (
        ".log_bc32",
        "{imageType: {Original: {}, LoG: {sigma: [1.0, 2.0, 3.0]}}, setting: {binCount: 32}}",
        386,
    ),
    (".resamp111", "setting: {resampledPixelSpacing: [1, 1, 1]}", 107),
];

#[test]
fn features_of_scans_are_those_of_pyradiomics() {
    let Some(shared) = shared::folder() else { return };
    let (mut values, mut close, mut far) = (0, 0, Vec::new());
    for (name, image, mask) in CASES {
        let image = read_volume(file(shared.join("data").join(image))).unwrap();
        let mask = Mask::from_labels(&read_volume(file(shared.join("data").join(mask))).unwrap(), 1).unwrap();
        for (set, parameters, count) in SETS {
            let expected = reference(&shared.join(format!("conformance/radiomics/{name}{set}.csv")));
            let parameters = Parameters::from_text(parameters).unwrap();
            let everything = parameters.everything();
            let found = parameters
                .extract(&image, &mask, everything, &Threads(2), &AtomicBool::new(false))
                .unwrap();
            let differences: Vec<(String, f64)> = found
                .iter(&parameters)
                .map(|(slot, f, v)| {
                    let feature = f.full_name(slot.image_type());
                    let by = (v - expected[&feature]).abs() / expected[&feature].abs();
                    (feature, by)
                })
                .collect();
            assert_eq!((differences.len(), expected.len()), (count, count), "{name}{set}");
            let within = |limit: f64| differences.iter().filter(|(_, by)| *by <= limit).count();
            println!(
                "{name}{set}: {count} features, {} within 1e-9, {} within 1e-6",
                within(1e-9),
                within(1e-6)
            );
            values += count;
            close += within(1e-9);
            let off = differences.iter().filter(|(_, by)| *by > 1e-9);
            off.for_each(|(feature, by)| println!("  {feature}: {by:.1e}"));
            far.extend(
                differences
                    .into_iter()
                    .filter(|(_, by)| by.is_nan() || *by > 1e-6)
                    .map(|(f, by)| (name, set, f, by)),
            );
        }
    }
    println!("all: {close} of {values} within 1e-9");
    assert!(far.is_empty(), "{far:?}");
    assert_eq!(close, values, "within 1e-9");
}
