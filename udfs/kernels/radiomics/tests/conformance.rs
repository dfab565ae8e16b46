//! Real and phantom scans against PyRadiomics' own output (shared/conformance/radiomics).

#![allow(clippy::unwrap_used)]

use radsql_imaging::read_volume;
use radsql_radiomics::{FeatureSet, ORIGINAL, Settings, extract};
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

#[test]
fn features_of_scans_are_those_of_pyradiomics() {
    let Some(shared) = shared::folder() else { return };
    for (name, image, mask) in CASES {
        let image = read_volume(file(shared.join("data").join(image))).unwrap();
        let mask = Mask::from_labels(&read_volume(file(shared.join("data").join(mask))).unwrap(), 1).unwrap();
        let expected = reference(&shared.join(format!("conformance/radiomics/{name}.orig107.csv")));
        let found = extract(
            &image,
            &mask,
            &Settings::default(),
            FeatureSet::all(),
            &AtomicBool::new(false),
        )
        .unwrap();
        let differences: Vec<(String, f64)> = found
            .iter()
            .map(|(f, v)| {
                let feature = f.full_name(ORIGINAL);
                let by = (v - expected[&feature]).abs() / expected[&feature].abs();
                (feature, by)
            })
            .collect();
        let within = |limit: f64| differences.iter().filter(|(_, by)| *by <= limit).count();
        println!("{name}: {} within 1e-9, {} within 1e-12", within(1e-9), within(1e-12));
        let far: Vec<_> = differences.iter().filter(|(_, by)| by.is_nan() || *by > 1e-9).collect();
        assert!(far.is_empty(), "{name}: {far:?}");
        assert_eq!(differences.len(), 107);
    }
}
