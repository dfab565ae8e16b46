//! The feature classes of real scans and of their wavelet sub-bands, each class on its own and all together.
//!
//! `cargo bench -p radsql-radiomics --bench images -- sts001` for one scan; the data are those of the conformance test.
//! A class on its own is charged for the cutting out and the grey levels that all of them share.

#![allow(clippy::expect_used, missing_docs)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use radsql_imaging::read_volume;
use radsql_radiomics::{FeatureClass, FeatureSet, Settings, extract};
use radsql_volume::filters::Wavelet;
use radsql_volume::filters::wavelet::{WaveletLevels, decompose, support};
use radsql_volume::{Mask, Volume};
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

#[path = "../tests/shared/mod.rs"]
mod shared;

const CASES: [(&str, &str, &str); 5] = [
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
    (
        "sts004",
        "sts/nifti/STS_004/CT_image.nii.gz",
        "sts/nifti/STS_004/CT_mask.nii.gz",
    ),
    ("ibsi1ct", "ibsi/ct_phantom/nifti/image", "ibsi/ct_phantom/nifti/mask"),
];

/// Sub-bands beside the original: the widest range, an ordinary one, and the narrowest.
const BANDS: [&str; 3] = ["wavelet-LLL", "wavelet-LLH", "wavelet-HHH"];

/// A file, or the only file of a folder.
fn file(path: PathBuf) -> PathBuf {
    let inside = std::fs::read_dir(&path)
        .ok()
        .and_then(|mut entries| entries.next()?.ok());
    inside.map_or(path, |entry| entry.path())
}

/// The region's box of the image and of its sub-bands, with their names.
fn images(image: &Volume, mask: &Mask) -> Vec<(String, Volume)> {
    let output = mask.bounds();
    let wavelet = Wavelet::named("coif1").expect("PyWavelets has it");
    let levels = WaveletLevels::default();
    let around = support(image.grid(), &wavelet, levels, [true; 3], &output);
    let mut within = output;
    for d in 0..3 {
        within.lower[d] -= around.lower[d];
    }
    let part = image.crop(&around).expect("the box lies in the image");
    let wanted = |name: &str| BANDS.contains(&name);
    let go = AtomicBool::new(false);
    let bands = decompose(&part, &wavelet, levels, [true; 3], &wanted, &within, &go);
    let original = image.crop(&output).expect("the box lies in the image");
    let mut images = vec![("original".to_owned(), original)];
    images.extend(bands.expect("the box lies in the part"));
    images
}

fn classes(c: &mut Criterion) {
    let Some(shared) = shared::folder() else { return };
    let data = shared.join("data");
    for (name, image, mask) in CASES {
        let image = read_volume(file(data.join(image))).expect("the image can be read");
        let labels = read_volume(file(data.join(mask))).expect("the mask can be read");
        let mask = Mask::from_labels(&labels, 1).expect("label 1 is there");
        let region = mask.crop(&mask.bounds()).expect("the box lies in the image");
        let intensities = FeatureSet::all().without(FeatureSet::class(FeatureClass::Shape));
        for (band, image) in images(&image, &mask) {
            let mut group = c.benchmark_group(format!("{name} {band}"));
            let class = |name| (name, FeatureSet::parse([name]).expect("a class"));
            let sets = ["firstorder", "glcm", "gldm", "ngtdm", "glrlm", "glszm"].map(class);
            for (set, wanted) in sets.into_iter().chain([("all", intensities)]) {
                let go = AtomicBool::new(false);
                group.bench_function(BenchmarkId::from_parameter(set), |b| {
                    b.iter(|| extract(black_box(&image), &region, &Settings::default(), wanted, &go));
                });
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = classes
}
criterion_main!(benches);
