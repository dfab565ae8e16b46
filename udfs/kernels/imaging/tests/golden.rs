//! Small files of every kind, and what SimpleITK (NIfTI-2: nibabel) reads from them: `tests/golden/imaging`.

mod common;

use common::{bytes, golden, same_grid, unpack};
use radsql_imaging::{Limits, read_volume, read_volume_from};
use radsql_volume::{Volume, with_voxels};
use serde_json::Value;
use std::collections::BTreeSet;

/// What SimpleITK reads and we refuse: name, or its beginning with a star, and what our message says.
const REFUSED: &[(&str, &str)] = &[
    // Files that do not hold the voxels that they declare; SimpleITK gives zeros, or what was in memory.
    ("too few voxels", "cut short"),
    ("gzip, too few voxels", "cut short"),
    ("gzip, cut", "cut short"),
    ("gzip, no checksum", "ends within the checksum"),
    ("axis 1 of 32767", "cut short"),
    ("axis 2 of 32767", "cut short"),
    ("axis 3 of 32767", "cut short"),
    ("vox_offset 1000000000.0", "cut short"),
    ("vox_offset 1000000000.0, gzip float64", "cannot hold"),
    // nifti_clib makes these lengths 1, and reads voxels of another place.
    ("axis 2 of 0", "0 voxels along axis 2"),
    ("axis 3 of 0", "0 voxels along axis 3"),
    ("axis 2 of -*", "voxels along axis 2"),
    ("axis 3 of -*", "voxels along axis 3"),
    // nifti_clib begins at byte 348, nibabel at 352 or not at all.
    ("vox_offset 0*", "begin at byte 0"),
    ("vox_offset 16*", "begin at byte 16"),
    ("vox_offset nan*", "begin at byte NaN"),
    ("vox_offset inf*", "begin at byte inf"),
    ("vox_offset -1*", "begin at byte -1"),
    ("vox_offset 352.5*", "begin at byte 352.5"),
    // Not one number a voxel, not one volume.
    ("two times", "holds 2 volumes"),
    ("two channels", "holds 2 volumes"),
    ("vectors", "several values a voxel"),
    ("datatype 32", "several values a voxel"),
    ("datatype 128", "several values a voxel"),
    ("datatype 1792", "several values a voxel"),
    ("datatype 2304", "several values a voxel"),
    ("nrrd kinds list domain domain", "several values a voxel"),
    ("nrrd kinds domain domain list", "several values a voxel"),
    ("nrrd kinds vector domain domain", "several values a voxel"),
    ("nrrd leading list of two*", "several values a voxel"),
    ("nrrd trailing domain of one", "4 dimensions"),
    ("nrrd trailing time of two", "4 dimensions"),
    // SimpleITK gives an image whose origin and directions are NaN.
    ("sform nan*", "not finite"),
    // No orientation is defined.
    ("analyze", "ANALYZE 7.5"),
    ("no magic", "ANALYZE 7.5"),
    ("magic n+2 in a short header", "ANALYZE 7.5"),
    // Half of an orientation is more likely a slip than a wish.
    ("nrrd direction none", "none"),
    ("nrrd direction nan", "spacing"),
    // Numbers that SimpleITK reads in part, or beyond their range.
    ("nrrd sizes '18446744073709551617 1 1'", "whole number"),
    ("nrrd sizes '4.0 3 2'", "whole number"),
    ("nrrd dimension '3.0'", "a number from 1 to 16"),
    ("nrrd byte skip -2", "or -1"),
    ("nrrd gzip byte skip -1", "encoding is not raw"),
    ("nrrd gzip is not", "damaged gzip data"),
    ("nrrd magic NRRD00.01", "line 1"),
    // Several data files.
    ("nhdr list", "the name of one file"),
    ("nhdr pattern", "the name of one file"),
];

/// What we read and SimpleITK refuses.
const READ: &[&str] = &[
    "gzip named nii",
    // Without a form nibabel puts the origin into the middle; we do as SimpleITK does with NIfTI-1.
    "nifti-2 int16 < no form",
    "nifti-2 int16 > no form",
    "nifti-2 float64 < no form",
    "nifti-2 float64 > no form",
    // nibabel scales in float64.
    "nifti-2 scaled",
    "nrrd magic NRRD0006",
    // A field without a meaning for the image.
    "nrrd other fields",
    "nrrd no space behind colon",
    "nrrd sizes before dimension",
];

#[test]
fn small_files_read_as_simpleitk_reads_them() {
    let cases: Vec<Value> = serde_json::from_str(&golden("cases.json")).expect("cases.json");
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let (_folder, path) = unpack(case);
        let found = read_volume(path).map_err(|e| e.problem.to_string());
        let expected = case.get("nibabel").unwrap_or(&case["simpleitk"]);
        let refused = REFUSED.iter().find(|(n, _)| match n.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *n,
        });
        if let Some((listed, says)) = refused {
            seen.insert(*listed);
            match found {
                Err(e) if e.contains(says) => {}
                Err(e) => wrong.push(format!("{name}: '{says}' expected in the message, found: {e}")),
                Ok(_) => wrong.push(format!("{name}: is listed as refused, but reads")),
            }
            continue;
        }
        if READ.contains(&name) {
            seen.insert(name);
            if let Err(e) = found {
                wrong.push(format!("{name}: is listed as read, but refused: {e}"));
            }
            continue;
        }
        let as_expected = match (expected.get("error"), found) {
            (Some(_), Err(_)) => Ok(()),
            (Some(e), Ok(v)) => Err(format!("reads as {:?}, SimpleITK says {e}", v.grid())),
            (None, Err(e)) => Err(format!("refused ({e}), SimpleITK reads {expected}")),
            (None, Ok(v)) => compare(&v, expected),
        };
        if let Err(e) = as_expected {
            wrong.push(format!("{name}: {e}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    let listed: BTreeSet<_> = REFUSED.iter().map(|(n, _)| *n).chain(READ.iter().copied()).collect();
    assert_eq!(listed, seen, "every entry of the list names a case");
}

/// The `nifti` crate on the files that it can read: every type in both byte orders, unscaled.
#[test]
#[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
fn the_nifti_crate_reads_the_same_types() {
    use nifti::{InMemNiftiVolume, IntoNdArray, NiftiHeader};
    let cases: Vec<Value> = serde_json::from_str(&golden("cases.json")).expect("cases.json");
    let plain = |c: &&Value| c["name"].as_str().is_some_and(|n| n.starts_with("type "));
    let mut seen = 0;
    for case in cases.iter().filter(plain) {
        let file = bytes(case["files"]["a.nii"].as_str().expect("a file"));
        let header = NiftiHeader::from_reader(&file[..]).expect("a header");
        let theirs = InMemNiftiVolume::from_reader(&file[352..], &header).expect("a volume");
        let theirs = theirs.into_ndarray::<f64>().expect("an array");
        let ours = read_volume_from(&file[..], "a file", &Limits::default()).expect("a volume");
        with_voxels!(ours.voxels(), a => {
            for ((z, y, x), v) in a.indexed_iter() {
                assert_eq!(*v as f64, theirs[[x, y, z]], "{} {x} {y} {z}", case["name"]);
            }
        });
        seen += 1;
    }
    assert_eq!(seen, 20);
}

#[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
fn compare(volume: &Volume, expected: &Value) -> Result<(), String> {
    same_grid(volume.grid(), expected)?;
    let name = volume.voxels().voxel_type().name();
    if Some(name) != expected["type"].as_str() {
        return Err(format!("type {name}, expected {}", expected["type"]));
    }
    let Some(list) = expected["voxels"].as_array() else {
        return Err("no voxels to compare".into());
    };
    with_voxels!(volume.voxels(), a => {
        if a.len() != list.len() {
            return Err(format!("{} voxels, expected {}", a.len(), list.len()));
        }
        for (i, (found, expected)) in a.iter().zip(list).enumerate() {
            let same = match expected {
                Value::Number(n) if n.is_f64() => n.as_f64().map(f64::to_bits) == Some((*found as f64).to_bits()),
                Value::Number(n) => n.to_string() == found.to_string(),
                Value::String(s) => found.to_string().eq_ignore_ascii_case(s),
                _ => false,
            };
            if !same {
                return Err(format!("voxel {i} is {found}, expected {expected}"));
            }
        }
        Ok(())
    })
}
