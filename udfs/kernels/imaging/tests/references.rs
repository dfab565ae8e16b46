//! References as text, and masks by reference.

mod common;

use ndarray::Array3;
use radsql_imaging::{Part, Problem, Reference, ReferenceError, read_mask};
use radsql_volume::VolumeError;
use std::path::Path;

fn parsed(text: &str) -> (String, Option<Part>) {
    let reference: Reference = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(reference.to_string(), text);
    (reference.path.display().to_string(), reference.part)
}

#[test]
fn parts_are_parsed() {
    assert_eq!(parsed("a/b.nii.gz"), ("a/b.nii.gz".into(), None));
    assert_eq!(parsed("b.nii.gz#label=2"), ("b.nii.gz".into(), Some(Part::Label(2))));
    assert_eq!(parsed("b#label=4294967295"), ("b".into(), Some(Part::Label(u32::MAX))));
    assert_eq!(
        parsed("seg.dcm#segment=Tumor_1"),
        ("seg.dcm".into(), Some(Part::Segment("Tumor_1".into())))
    );
    assert_eq!(
        parsed("dir/#series=1.2.3"),
        ("dir/".into(), Some(Part::Series("1.2.3".into())))
    );
    assert_eq!(
        parsed("rt.dcm#roi=GTV"),
        ("rt.dcm".into(), Some(Part::Roi("GTV".into())))
    );
    assert_eq!(parsed("pet/#suv=1.2"), ("pet/".into(), Some(Part::Suv("1.2".into()))));
    // Names of segments are free text.
    assert_eq!(
        parsed("s.dcm#segment=GTV #2 a=b"),
        ("s.dcm".into(), Some(Part::Segment("GTV #2 a=b".into())))
    );
    assert_eq!(
        parsed("s3://bucket/a.nii#label=3"),
        ("s3://bucket/a.nii".into(), Some(Part::Label(3)))
    );
}

#[test]
fn other_number_signs_belong_to_the_path() {
    for text in [
        "scan#3.nii",
        "a#b#c.nii",
        "#",
        "x#",
        "x#2",
        "case #=1.nii",
        "a#b=1/c.nii",
        "a#B=1",
    ] {
        assert_eq!(parsed(text), (text.into(), None));
    }
    assert_eq!(
        parsed("scan#3.nii#label=5"),
        ("scan#3.nii".into(), Some(Part::Label(5)))
    );
}

#[test]
fn slips_are_errors() {
    let error = |text: &str| text.parse::<Reference>().expect_err(text);
    assert!(matches!(error(""), ReferenceError::NoPath { .. }));
    assert!(matches!(error("#label=1"), ReferenceError::NoPath { .. }));
    assert!(matches!(error("a.nii#segment="), ReferenceError::NoValue { .. }));
    assert!(matches!(error("a.nii#lable=1"), ReferenceError::UnknownKey { .. }));
    for label in ["0", "-1", "1.5", "two", "4294967296", " 1"] {
        let text = format!("a.nii#label={label}");
        assert!(matches!(error(&text), ReferenceError::Label { .. }), "{text}");
    }
    assert_eq!(
        error("a.nii#lable=1").to_string(),
        "'#lable=' in 'a.nii#lable=1' is unknown; known are #label=, #segment=, #roi=, #series= and #suv="
    );
    let part: Reference = "a.nii#label=2".parse().expect("a reference");
    assert_eq!(
        part.whole_file().expect_err("a part").to_string(),
        "'a.nii#label=2' is one part of a file (label=2); a whole image is expected"
    );
}

/// A label volume with the labels 1 and 3, as NRRD.
fn write_labels(path: &Path) {
    let labels = Array3::from_shape_fn((3, 4, 5), |(z, y, x)| match (x, y, z) {
        (1..=3, 1, 1) => 3,
        (4, 3, 2) => 1,
        _ => 0u8,
    });
    let mut bytes = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 5 4 3\nencoding: raw\n\n".to_vec();
    bytes.extend(labels.iter());
    std::fs::write(path, bytes).expect("a file");
}

#[test]
fn masks_by_reference() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("labels.nrrd");
    write_labels(&path);
    let text = path.display().to_string();
    let mask = |reference: &str| read_mask(&Reference::locate(reference).expect("a reference"));
    assert_eq!(mask(&text).expect("label 1").voxels(), 1);
    let third = mask(&format!("{text}#label=3")).expect("label 3");
    assert_eq!((third.voxels(), third.bounds().lower), (3, [1, 1, 1]));
    let absent = mask(&format!("{text}#label=2")).expect_err("no label 2");
    assert!(matches!(&absent.problem, Problem::Mask(VolumeError::LabelAbsent { found, .. }) if *found == [1, 3]));
    assert_eq!(
        absent.to_string(),
        format!("{text}#label=2 gives no mask: the mask has no voxel of label 2; labels found: 1, 3")
    );
    let segment = mask(&format!("{text}#segment=Tumor")).expect_err("no segments");
    assert!(matches!(segment.problem, Problem::Part { .. }));
}

#[test]
fn an_existing_file_of_that_name_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["scan#label=3", "scan#word=1"] {
        let path = folder.path().join(name);
        write_labels(&path);
        let found = Reference::locate(&path.display().to_string()).expect("a reference");
        assert_eq!(found, Reference::whole(&path));
        assert_eq!(read_mask(&found).expect("label 1").voxels(), 1);
    }
    let absent = folder.path().join("other#label=3").display().to_string();
    assert_eq!(
        Reference::locate(&absent).expect("a reference").part,
        Some(Part::Label(3))
    );
}

/// Large label volumes of wide types take another way; it gives the same masks.
#[test]
fn large_masks_of_wide_types() {
    let (nx, ny, nz) = (300usize, 200, 600);
    let label = |i: usize| match (i % nx, i / nx % ny, i / nx / ny) {
        (10..=40, 100, 500..=509) => 2.5f64,
        (0, 0, 0) => 7.0,
        _ => 0.0,
    };
    let head = format!("NRRD0004\ntype: double\ndimension: 3\nsizes: {nx} {ny} {nz}\nencoding: gzip\nendian: big\n\n");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("labels.nrrd");
    let mut gz = flate2::write::GzEncoder::new(head.into_bytes(), flate2::Compression::fast());
    for slice in 0..nz {
        let bytes: Vec<u8> = (0..nx * ny)
            .flat_map(|i| label(slice * nx * ny + i).to_be_bytes())
            .collect();
        std::io::Write::write_all(&mut gz, &bytes).expect("memory");
    }
    std::fs::write(&path, gz.finish().expect("memory")).expect("a file");
    let text = path.display().to_string();
    let mask = |part: &str| read_mask(&format!("{text}{part}").parse().expect("a reference"));
    let two = mask("#label=2").expect("label 2");
    assert_eq!(
        (two.voxels(), two.bounds().lower, two.bounds().size),
        (310, [10, 100, 500], [31, 1, 10])
    );
    assert_eq!(mask("#label=7").expect("label 7").voxels(), 1);
    let absent = mask("").expect_err("no label 1").to_string();
    assert!(absent.ends_with("labels found: 2, 7"), "{absent}");
}
