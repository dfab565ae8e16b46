//! Real scans, with geometry and sums as SimpleITK reads them (`tests/golden/imaging/make.py`), and PyRadiomics'
//! diagnostics of the conformance cases.

mod common;

use common::{golden, numbers, same_grid, shared};
use radsql_imaging::{
    Limits, Reference, read_header, read_mask, read_volume, read_volume_from, read_volume_with_range,
    read_volume_within,
};
use radsql_volume::{Bounds, Mask, Range, with_voxels};
use serde_json::Value;
use std::fs::File;
use std::path::Path;

#[test]
fn every_real_image_reads_as_simpleitk_reads_it() {
    let Some(shared) = shared() else { return };
    let cases: Vec<Value> = serde_json::from_str(&golden("real.json")).expect("real.json");
    let mut wrong = Vec::new();
    for case in &cases {
        let file = case["file"].as_str().expect("a file");
        let path = shared.join("data").join(file);
        if let Err(e) = check(&path, case) {
            wrong.push(format!("{file}: {e}"));
        }
    }
    assert!(cases.len() > 100, "{} images", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
fn check(path: &Path, case: &Value) -> Result<(), String> {
    let volume = read_volume(path).map_err(|e| e.to_string())?;
    same_grid(volume.grid(), case)?;
    let name = volume.voxels().voxel_type().name();
    if case["type"].as_str() != Some(name) {
        return Err(format!("type {name}, expected {}", case["type"]));
    }
    // One after the other, as numpy's add.accumulate, so that even the sums have the same bits.
    let (sum, weighted) = with_voxels!(volume.voxels(), a => {
        a.iter().enumerate().fold((0.0, 0.0), |(sum, weighted), (i, v)| {
            (sum + *v as f64, weighted + *v as f64 * (i % 1009) as f64)
        })
    });
    let range = volume.intensities().ok_or("no finite voxel")?;
    for (what, found, tolerance) in [
        ("sum", sum, 0.0),
        ("weighted", weighted, 0.0),
        ("min", range.minimum, 0.0),
        ("max", range.maximum, 0.0),
        ("mean", range.mean, 1e-11),
    ] {
        let expected = case[what].as_f64().ok_or("no number")?;
        if (found - expected).abs() > tolerance * expected.abs() {
            return Err(format!("{what} {found:?}, expected {expected:?}"));
        }
    }
    let header = read_header(path).map_err(|e| e.to_string())?;
    if header.grid != *volume.grid() || header.voxel_type != volume.voxels().voxel_type() {
        return Err("header and volume differ".into());
    }
    // The same from a reader, whose length is not known.
    let file = File::open(path).map_err(|e| e.to_string())?;
    let again = read_volume_from(file, "a reader", &Limits::default()).map_err(|e| e.to_string())?;
    if again.content_hash() != volume.content_hash() {
        return Err("a reader gives another volume".into());
    }
    // A box in the middle, alone.
    let size = volume.grid().size();
    let bounds = Bounds {
        lower: size.map(|n| n / 3),
        size: size.map(|n| n.div_ceil(3)),
    };
    let part = volume.crop(&bounds).map_err(|e| e.to_string())?;
    let within = read_volume_within(path, &bounds).map_err(|e| e.to_string())?;
    let (with_range, range) = read_volume_with_range(path, &bounds).map_err(|e| e.to_string())?;
    if within.content_hash() != part.content_hash() || with_range.content_hash() != part.content_hash() {
        return Err("a box gives other voxels".into());
    }
    if range != Range::of(&volume) {
        return Err(format!("range {range:?}"));
    }
    // As a mask, whatever it is.
    let mask = read_mask(&Reference::whole(path)).map_err(|e| e.problem.to_string());
    let expected = Mask::from_labels(&volume, 1).map_err(|e| format!("gives no mask: {e}"));
    if mask != expected {
        return Err("a stream gives another mask".into());
    }
    Ok(())
}

#[test]
fn diagnostics_are_those_of_pyradiomics() {
    let Some(shared) = shared() else { return };
    let data = shared.join("data");
    for (case, image, mask) in [
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
            "ibsi1ct",
            "ibsi/ct_phantom/nifti/image/phantom.nii.gz",
            "ibsi/ct_phantom/nifti/mask/mask.nii.gz",
        ),
    ] {
        let golden = shared.join(format!("conformance/radiomics/{case}.diag.csv"));
        let Ok(text) = std::fs::read_to_string(&golden) else {
            eprintln!("SKIPPED: no {}", golden.display());
            continue;
        };
        let field = |name: &str| -> Vec<f64> {
            let line = text
                .lines()
                .find_map(|l| l.strip_prefix(&format!("diagnostics_{name},")))
                .unwrap_or_else(|| panic!("{name} in {case}"));
            line.replace("np.float64", "")
                .split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | 'e' | '+')))
                .filter(|word| !word.is_empty())
                .map(|word| word.parse().unwrap_or_else(|_| panic!("{word} in {name}")))
                .collect()
        };
        let volume = read_volume(data.join(image)).expect("an image");
        let mask = read_mask(&Reference::whole(data.join(mask))).expect("a mask");
        let range = volume.intensities().expect("intensities");
        let bounds = mask.bounds();
        let near = |name: &str, found: &[f64]| {
            let expected = field(name);
            assert_eq!(found.len(), expected.len(), "{case} {name}");
            for (f, e) in found.iter().zip(&expected) {
                assert!(
                    (f - e).abs() <= 1e-12 * e.abs().max(1.0),
                    "{case} {name}: {found:?}, expected {expected:?}"
                );
            }
        };
        let integers = |list: [usize; 3]| list.map(|n| n as f64);
        near("Image-original_Spacing", &volume.grid().spacing());
        near("Image-original_Size", &integers(volume.grid().size()));
        near("Image-original_Mean", &[range.mean]);
        near("Image-original_Minimum", &[range.minimum]);
        near("Image-original_Maximum", &[range.maximum]);
        near("Mask-original_Spacing", &mask.grid().spacing());
        near("Mask-original_Size", &integers(mask.grid().size()));
        near(
            "Mask-original_BoundingBox",
            &[integers(bounds.lower), integers(bounds.size)].concat(),
        );
        near("Mask-original_VoxelNum", &[mask.voxels() as f64]);
        near("Mask-original_VolumeNum", &[mask.components().len() as f64]);
        near("Mask-original_CenterOfMassIndex", &mask.centre_index());
        near("Mask-original_CenterOfMass", &mask.centre());
        assert!(volume.grid().same_as(mask.grid(), 1e-6).is_ok());
    }
}

/// The `nifti` crate, where it is right: plain NIfTI-1 files.
#[test]
#[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
fn the_nifti_crate_reads_the_same_voxels() {
    use nifti::{IntoNdArray, NiftiObject, ReaderOptions};
    let Some(shared) = shared() else { return };
    for case in serde_json::from_str::<Vec<Value>>(&golden("real.json")).expect("real.json") {
        let file = case["file"].as_str().expect("a file");
        if !file.ends_with(".nii.gz") || !file.contains("STS_00") {
            continue;
        }
        let path = shared.join("data").join(file);
        let theirs = ReaderOptions::new().read_file(&path).expect("an object").into_volume();
        let theirs = theirs.into_ndarray::<f64>().expect("an array");
        let ours = read_volume(&path).expect("a volume");
        let size: Vec<f64> = numbers(&case["size"]);
        with_voxels!(ours.voxels(), a => {
            assert_eq!(theirs.shape().iter().map(|&n| n as f64).collect::<Vec<_>>(), size);
            for ((z, y, x), v) in a.indexed_iter() {
                assert_eq!(*v as f64, theirs[[x, y, z]], "{file} {x} {y} {z}");
            }
        });
    }
}
