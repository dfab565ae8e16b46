//! Small segmentations and structure sets against the masks that went into them.

mod common;

use common::{GO_ON, golden, golden_json, same_region};
use radsql_dicom::{
    DicomError, Listing, Problem, SegmentOptions, SegmentationType, find_series, list, read_region, read_roi,
    read_segment, read_segmentation, read_structure_set,
};
use radsql_volume::{Grid, Mask, VolumeError};
use std::path::PathBuf;

const IMAGE: &str = "1.2.826.0.1.3680043.10.1234.70.2";

fn file(name: &str) -> PathBuf {
    golden("masks").join(name)
}

fn grid() -> Grid {
    let series = find_series(file("image"), IMAGE, &GO_ON).expect("readable");
    series.grid().expect("readable")
}

fn segment(name: &str, selector: &str) -> Result<Mask, DicomError> {
    read_segment(file(name), selector, Some(&grid()), &SegmentOptions::default())
}

fn roi(name: &str) -> Result<Mask, DicomError> {
    read_roi(file("rtstruct.dcm"), name, &grid())
}

#[test]
fn segments_of_every_kind_are_the_masks_that_went_in() {
    let expected = golden_json("masks.json");
    for case in [
        "binary",
        "shuffled",
        "fractional",
        "labelmap",
        "double_labels",
        "part",
        "turned",
    ] {
        for (label, expected) in expected[case].as_object().unwrap() {
            eprintln!("{case} {label}");
            let mask = segment(&format!("{case}.dcm"), label).unwrap();
            assert_eq!(mask.grid(), &grid());
            same_region(&mask, expected);
        }
    }
    let options = SegmentOptions {
        fraction: 0.8,
        ..Default::default()
    };
    let mask = read_segment(file("fractional.dcm"), "Lunge", Some(&grid()), &options).unwrap();
    same_region(&mask, &expected["fractional_0.8"]["Lunge"]);
}

#[test]
fn without_an_image_a_segment_lies_on_the_files_own_grid() {
    let own = read_segment(file("binary.dcm"), "Leber", None, &SegmentOptions::default()).unwrap();
    same_region(&own, &golden_json("masks.json")["binary"]["Leber"]);
    own.grid().same_as(&grid(), 1e-5).unwrap();
}

#[test]
fn segments_have_names_and_numbers() {
    let seg = read_segmentation(file("binary.dcm")).unwrap();
    assert_eq!(seg.kind(), SegmentationType::Binary);
    assert_eq!(seg.referenced_series(), [IMAGE]);
    let labels: Vec<_> = seg.segments().iter().map(|s| seg.selector(s)).collect();
    assert_eq!(labels, ["Leber", "Tumor_1", "Größe"]);
    assert_eq!(seg.segments()[0].property.as_deref(), Some("Liver"));
    let doubles = read_segmentation(file("double_labels.dcm")).unwrap();
    let selectors: Vec<_> = doubles.segments().iter().map(|s| doubles.selector(s)).collect();
    assert_eq!(selectors, ["1", "Tumor_1", "3"]);
    let ambiguous = segment("double_labels.dcm", "Leber").expect_err("two").problem;
    assert!(matches!(ambiguous, Problem::Ambiguous { found: 2, .. }), "{ambiguous}");
    let absent = segment("binary.dcm", "Milz").expect_err("absent").problem.to_string();
    assert_eq!(absent, "has no segment 'Milz'; it has Leber, Tumor_1, Größe");
    let outside = segment("outside.dcm", "Leber").expect_err("outside").problem;
    assert!(
        matches!(outside, Problem::Mask(VolumeError::RegionOutside { .. })),
        "{outside}"
    );
    let kind = read_segmentation(file("rtstruct.dcm"))
        .expect_err("another kind")
        .problem;
    assert!(matches!(kind, Problem::Kind { .. }));
}

#[test]
fn contours_become_the_voxels_whose_centres_they_hold() {
    let expected = golden_json("masks.json");
    for name in ["plain", "xor", "keyhole", "two", "between"] {
        eprintln!("{name}");
        same_region(&roi(name).unwrap(), &expected["rtstruct"][name]);
    }
    assert!(matches!(
        roi("empty").expect_err("empty").problem,
        Problem::Mask(VolumeError::EmptyMask)
    ));
    assert!(matches!(
        roi("none").expect_err("none").problem,
        Problem::NoContour { .. }
    ));
    let beyond = roi("beyond").expect_err("beyond").problem;
    assert!(
        matches!(beyond, Problem::Mask(VolumeError::RegionOutside { .. })),
        "{beyond}"
    );
    assert!(matches!(
        roi("nothing").expect_err("absent").problem,
        Problem::Absent { .. }
    ));
    let set = read_structure_set(file("rtstruct.dcm")).unwrap();
    assert_eq!(set.referenced_series(), [IMAGE]);
    assert_eq!(set.rois()[5].contours, 0);
}

#[test]
fn contours_across_the_slices_are_an_error() {
    // The image of another orientation.
    let axial = Grid::new(
        [20, 20, 20],
        [1.0; 3],
        [-25.0, 25.0, 0.0],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    );
    let oblique = read_roi(file("rtstruct.dcm"), "plain", &axial.unwrap())
        .expect_err("oblique")
        .problem;
    assert!(matches!(oblique, Problem::ObliqueContour { .. }), "{oblique}");
}

#[test]
fn a_folder_tells_what_belongs_together() {
    let listing: Listing = list(file(""), &Default::default(), &GO_ON, &|_, _| {}).unwrap();
    assert!(listing.failures.is_empty(), "{:?}", listing.failures);
    assert_eq!(listing.series.len(), 1);
    // Six of the files have one UID and other bytes: all of them count.
    assert_eq!(listing.segmentations.len(), 8);
    assert_eq!(listing.structure_sets.len(), 1);
}

#[test]
fn copies_of_a_segmentation_count_once() {
    let dir = tempfile::tempdir().unwrap();
    for (name, of) in [
        ("a", "binary"),
        ("b", "shuffled"),
        ("c", "binary"),
        ("d", "rtstruct"),
        ("e", "rtstruct"),
    ] {
        std::fs::copy(file(&format!("{of}.dcm")), dir.path().join(name)).unwrap();
    }
    let listing: Listing = list(dir.path(), &Default::default(), &GO_ON, &|_, _| {}).unwrap();
    let names = listing.segmentations.iter().map(|s| s.path().file_name().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(listing.structure_sets.len(), 1);
}

#[test]
fn regions_are_joined_to_their_image() {
    let listing: Listing = list(file(""), &Default::default(), &GO_ON, &|_, _| {}).unwrap();
    let image = &listing.series[0];
    let grid = image.grid().unwrap();
    let regions = listing.regions_of(image);
    let names = |file: &str| -> Vec<&str> {
        let of_file = regions.iter().filter(|r| r.path.ends_with(file));
        of_file.map(|r| r.name.as_str()).collect()
    };
    assert_eq!(names("binary.dcm"), ["Leber", "Tumor_1", "Größe"]);
    assert_eq!(names("fractional.dcm"), ["Lunge"]);
    assert_eq!(names("labelmap.dcm"), ["one", "two"]);
    let drawn = ["plain", "xor", "keyhole", "two", "between", "empty", "beyond"];
    assert_eq!(names("rtstruct.dcm"), drawn);
    let expected = golden_json("masks.json");
    let find = |file: &str, name: &str| {
        let mut found = regions.iter().filter(|r| r.path.ends_with(file) && r.name == name);
        found.next().unwrap()
    };
    let read = |file: &str, name: &str| {
        let region = find(file, name);
        read_region(region.path, &region.selector, Some(&grid), &SegmentOptions::default())
    };
    same_region(&read("binary.dcm", "Tumor_1").unwrap(), &expected["binary"]["Tumor_1"]);
    same_region(&read("rtstruct.dcm", "xor").unwrap(), &expected["rtstruct"]["xor"]);
    let alone = read_region(
        find("rtstruct.dcm", "xor").path,
        "xor",
        None,
        &SegmentOptions::default(),
    )
    .expect_err("no image")
    .problem;
    assert!(matches!(alone, Problem::NeedsImage));
    assert!(listing.orphans().is_empty());
    let without: Listing = list(file("binary.dcm"), &Default::default(), &GO_ON, &|_, _| {}).unwrap();
    assert_eq!(without.orphans().len(), 3);
}

#[test]
fn a_segmentation_of_another_orientation_is_brought_to_the_image() {
    // Seen from a grid of half the spacing and other axes, a voxel is inside when the nearest voxel of the segmentation is.
    let options = SegmentOptions::default();
    let own = read_segment(file("binary.dcm"), "Leber", None, &options).unwrap();
    let grid = grid();
    let d = grid.direction();
    let far = grid.physical([12.0, 10.0, 5.0]);
    let turned = std::array::from_fn(|r| [-d[r][2], -d[r][1], -d[r][0]]);
    let fine = Grid::new([6, 11, 13], [2.5, 1.5, 0.75], far, turned).unwrap();
    let mask = read_segment(file("binary.dcm"), "Leber", Some(&fine), &options).unwrap();
    assert_eq!((mask.voxels(), mask.grid()), (own.voxels(), &fine));
    let [nx, ny, nz] = own.bounds().size;
    for ((z, y, x), inside) in own.inside().indexed_iter() {
        assert_eq!(mask.inside()[[nx - 1 - x, ny - 1 - y, nz - 1 - z]], *inside);
    }
}
