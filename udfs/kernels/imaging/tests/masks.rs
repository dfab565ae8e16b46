//! Masks read in a stream: what whole label volumes give; and one component of vectors, as PyRadiomics takes it
//! (`tests/golden/imaging/make_vectors.py`).

mod common;

use common::{golden, same_grid, unpack};
use ndarray::Array3;
use radsql_imaging::{
    Limits, MaskOptions, Part, Problem, Reference, read_header, read_mask, read_mask_with, read_mask_with_options,
    read_volume,
};
use radsql_volume::{Mask, Volume, VolumeError, with_voxels};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

fn labelled(path: &Path, label: u32) -> Reference {
    Reference {
        path: path.to_owned(),
        part: Some(Part::Label(label)),
    }
}

/// SimpleITK's cast to UInt32, of numbers that fit.
#[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
fn labels(volume: &Volume) -> BTreeSet<u32> {
    with_voxels!(volume.voxels(), a => {
        a.iter().map(|v| *v as f64).filter(|v| (1.0..4_294_967_296.0).contains(v)).map(|v| v as u32).collect()
    })
}

#[test]
fn masks_of_small_files_of_every_kind() {
    let cases: Vec<Value> = serde_json::from_str(&golden("cases.json")).expect("cases.json");
    let mut seen = [0; 3];
    for case in &cases {
        let (_folder, path) = unpack(case);
        let name = &case["name"];
        match read_volume(&path) {
            Ok(volume) => {
                let mut wanted = labels(&volume);
                wanted.extend([1, 7, 4_294_967_295]);
                for label in wanted {
                    let found = read_mask(&labelled(&path, label));
                    match (found, Mask::from_labels(&volume, label)) {
                        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{name} {label}"),
                        (Err(found), Err(expected)) => {
                            assert_eq!(
                                found.problem.to_string(),
                                format!("gives no mask: {expected}"),
                                "{name} {label}"
                            );
                            seen[1] += 1;
                        }
                        other => panic!("{name} {label}: {other:?}"),
                    }
                    seen[0] += 1;
                }
            }
            Err(expected) => {
                // Vectors are no images, but they may be masks.
                if read_header(&path).is_ok_and(|h| h.components > 1) {
                    assert!(matches!(expected.problem, Problem::SeveralValues { .. }), "{name}");
                    continue;
                }
                let found = read_mask(&Reference::whole(&path)).expect_err("no mask");
                // The whole volume may be beyond the limit, which counts for less here.
                if !matches!(expected.problem, Problem::TooLarge { .. }) {
                    assert_eq!(found.to_string(), expected.to_string());
                }
                seen[2] += 1;
            }
        }
    }
    assert!(seen[0] > 5000 && seen[1] > 400 && seen[2] > 100, "{seen:?}");
}

#[test]
fn one_component_of_vectors() {
    let cases: Vec<Value> = serde_json::from_str(&golden("vectors.json")).expect("vectors.json");
    let mut compared = 0;
    for case in &cases {
        let (_folder, path) = unpack(case);
        let name = case["name"].as_str().expect("a name");
        let expected = &case["simpleitk"];
        let read = |label, channel| {
            let options = MaskOptions {
                label: Some(label),
                channel,
            };
            read_mask_with_options(&Reference::whole(&path), &options)
        };
        if expected.is_null() {
            assert!(read(1, 0).is_err(), "{name}: reads");
            continue;
        }
        let channels = expected["channels"].as_array().expect("channels");
        let header = read_header(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(header.components, channels.len(), "{name}");
        same_grid(&header.grid, expected).unwrap_or_else(|e| panic!("{name}: {e}"));
        for (channel, voxels) in channels.iter().enumerate() {
            let voxels: Vec<u32> = serde_json::from_value(voxels.clone()).expect("numbers");
            let voxels = Array3::from_shape_vec(header.grid.shape(), voxels).expect("a volume");
            let volume = Volume::new(header.grid.clone(), voxels).expect("a volume");
            for label in 1..=6 {
                match (read(label, channel), Mask::from_labels(&volume, label)) {
                    (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{name} {channel} {label}"),
                    (Err(found), Err(expected)) => {
                        assert_eq!(
                            found.problem.to_string(),
                            format!("gives no mask: {expected}"),
                            "{name}"
                        )
                    }
                    (found, _) => panic!("{name} {channel} {label}: {found:?}"),
                }
                compared += 1;
            }
        }
        let beyond = read(1, channels.len());
        if channels.len() == 1 {
            // PyRadiomics does not look at the channel then.
            assert_eq!(beyond.expect("a mask"), read(1, 0).expect("a mask"), "{name}");
        } else {
            let n = channels.len();
            assert_eq!(
                beyond.expect_err("no such channel").problem.to_string(),
                format!("holds {n} values a voxel; there is no channel {n}: channels are counted from 0")
            );
            let image = read_volume(&path).expect_err("no image").problem;
            assert!(matches!(image, Problem::SeveralValues { .. }), "{name}: {image}");
        }
    }
    assert!(compared > 1000, "{compared} masks");
}

#[test]
fn the_label_of_the_reference_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("labels.nrrd");
    let head = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 1\nencoding: raw\n\n";
    std::fs::write(&path, [&head[..], &[1, 2, 2, 0]].concat()).expect("a file");
    let options = |label| MaskOptions { label, channel: 0 };
    let voxels = |reference: &Reference, label| {
        let mask = read_mask_with_options(reference, &options(label)).expect("a mask");
        mask.voxels()
    };
    assert_eq!(voxels(&Reference::whole(&path), None), 1);
    assert_eq!(voxels(&Reference::whole(&path), Some(2)), 2);
    assert_eq!(voxels(&labelled(&path, 1), Some(2)), 1);
}

#[test]
fn the_checksum_and_the_limit_count() {
    let size = [256usize, 256, 40];
    let labels: Vec<u8> = (0..size.iter().product())
        .map(|i| u8::from((100..140).contains(&(i % 256)) && (50..90).contains(&(i / 256 % 256)) && i / 65536 == 20))
        .collect();
    let head = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 256 256 40\nencoding: gzip\n\n";
    let mut gz = flate2::write::GzEncoder::new(head.to_vec(), flate2::Compression::fast());
    gz.write_all(&labels).expect("memory");
    let whole = gz.finish().expect("memory");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let reference = Reference::whole(file.path());
    std::fs::write(file.path(), &whole).expect("a file");
    // The limit is far below the label volume.
    let limits = |voxel_bytes| Limits { voxel_bytes };
    let mask = read_mask_with(&reference, &limits(1600)).expect("a mask");
    assert_eq!((mask.voxels(), mask.bounds().lower), (1600, [100, 50, 20]));
    let large = read_mask_with(&reference, &limits(1599)).expect_err("too large");
    assert!(matches!(large.problem, Problem::TooLarge { .. }), "{large}");
    for at in [whole.len() - 8, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(file.path(), damaged).expect("a file");
        let found = read_mask(&reference).expect_err("a wrong checksum").problem;
        assert!(matches!(found, Problem::Gzip { .. }), "{found}");
    }
    std::fs::write(file.path(), &whole[..whole.len() - 4]).expect("a file");
    assert!(read_mask(&reference).is_err());
}

/// At most twenty labels are named, the smallest.
#[test]
fn many_labels() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    for background in [0u8, 200] {
        let mut bytes = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 10 10 1\nencoding: raw\n\n".to_vec();
        bytes.extend((0..100u8).rev().map(|i| if i < 40 { 3 * i + 5 } else { background }));
        std::fs::write(file.path(), bytes).expect("a file");
        let problem = read_mask(&Reference::whole(file.path()))
            .expect_err("no label 1")
            .problem;
        let Problem::Mask(VolumeError::LabelAbsent { label: 1, found }) = problem else {
            panic!("{problem}");
        };
        assert_eq!(found, (0..20).map(|i| 3 * i + 5).collect::<Vec<u32>>());
    }
}
