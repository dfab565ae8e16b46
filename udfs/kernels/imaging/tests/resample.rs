//! Real scans resampled with the settings of the conformance's `.resamp111` cases: the voxels that PyRadiomics makes of them,
//! to the last bit (`tests/golden/resample/make_real.py`).

mod common;

use common::{numbers, same_grid, shared};
use ndarray::Array3;
use radsql_imaging::{Reference, read_mask, read_volume};
use radsql_volume::resample::{Interpolator, Target, resample_part};
use radsql_volume::{Mask, Volume, Voxels, with_voxels};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn sha(volume: &Volume) -> String {
    let mut bytes = Vec::with_capacity(volume.bytes());
    with_voxels!(volume.voxels(), a => {
        for v in a {
            bytes.extend_from_slice(&v.to_le_bytes());
        }
    });
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn labels(mask: &Mask) -> Volume {
    let [nx, ny, nz] = mask.grid().size();
    let mut whole = Array3::<u8>::zeros((nz, ny, nx));
    let [i, j, k] = mask.bounds().lower;
    for ((z, y, x), inside) in mask.inside().indexed_iter() {
        whole[[z + k, y + j, x + i]] = u8::from(*inside);
    }
    Volume::new(mask.grid().clone(), whole).expect("a volume")
}

/// The scan as int16, as SimpleITK casts it.
#[allow(clippy::unnecessary_cast)] // one arm of the macro is int16 already
fn int16(volume: &Volume) -> Volume {
    let voxels: Voxels = with_voxels!(volume.voxels(), a => a.mapv(|v| v as i16)).into();
    Volume::new(volume.grid().clone(), voxels).expect("a volume")
}

#[test]
fn real_scans_are_resampled_to_pyradiomics_bits() {
    let Some(shared) = shared() else { return };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/resample/real.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).expect("real.json")).expect("JSON");
    assert_eq!(cases.len(), 8);
    for case in &cases {
        let path = |field: &str| shared.join("data").join(case[field].as_str().expect("a path"));
        let mut volume = read_volume(path("image")).expect("an image");
        if case["int16"] == true {
            volume = int16(&volume);
        }
        let mask = read_mask(&Reference::whole(path("mask"))).expect("a mask");
        let cancel = AtomicBool::new(false);
        let start = Instant::now();
        let target = Target::new(&mask, volume.grid(), [1.0; 3], 5).expect("a target");
        let (image, region) = target
            .apply(&volume, &mask, Interpolator::BSpline3, &cancel)
            .expect("resampled");
        let name = format!("{} {}", case["case"], volume.voxels().voxel_type().name());
        println!("{name}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
        same_grid(image.grid(), &case["grid"]).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(case["voxels"].as_u64(), Some(region.voxels() as u64), "{name}");
        assert_eq!(case["image_sha256"], sha(&image), "{name}: image");
        assert_eq!(case["mask_sha256"], sha(&labels(&region)), "{name}: mask");
        assert_eq!(
            numbers(&case["grid"]["size"]),
            image.grid().size().map(|n| n as f64),
            "{name}"
        );

        // Read only the box that matters.
        let bounds = target.image_box(volume.grid(), Interpolator::BSpline3);
        let part = volume.crop(&bounds).expect("a part");
        let grid = target.grid(volume.grid()).expect("a grid");
        let again =
            resample_part(&part, &bounds, volume.grid(), &grid, Interpolator::BSpline3, &cancel).expect("resampled");
        println!(
            "{name}: {bounds:?} {}",
            if again.is_some() {
                "is enough"
            } else {
                "is not proved enough"
            }
        );
        assert!(again.is_none_or(|again| again == image), "{name}: from its box");
    }
}
