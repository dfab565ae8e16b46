//! Small files of every odd kind against SimpleITK and the numbers that were written.

mod common;

use common::{GO_ON, golden, golden_json, same_volume};
use radsql_dicom::{
    DicomError, Links, ListOptions, Listing, Problem, ReadOptions, file_hash, find_series, find_series_with, list,
};
use radsql_imaging::Limits;
use radsql_volume::{Volume, Voxels};

fn listed(case: &str) -> Listing {
    list(golden("cases").join(case), &ListOptions::default(), &GO_ON, &|_, _| {}).expect("readable")
}

fn read_with(case: &str, options: &ReadOptions) -> Result<Volume, DicomError> {
    let listing = listed(case);
    assert!(listing.failures.is_empty(), "{case}: {:?}", listing.failures);
    assert_eq!(listing.series.len(), 1, "{case}");
    listing.series[0].read(options, &Limits::default(), &GO_ON)
}

fn read(case: &str) -> Result<Volume, DicomError> {
    read_with(case, &ReadOptions::default())
}

fn problem(case: &str) -> Problem {
    read(case).expect_err(case).problem
}

#[test]
fn every_kind_of_series_gives_its_voxels() {
    let expected = golden_json("cases.json");
    for (case, expected) in expected.as_object().unwrap() {
        if expected.get("size").is_some() {
            eprintln!("{case}");
            same_volume(&read(case).unwrap(), expected);
        }
    }
}

#[test]
fn slices_that_form_no_grid_are_an_error_that_says_why() {
    let tilted = problem("tilted");
    assert!(
        matches!(tilted, Problem::Tilted { degrees } if (degrees - 13.4957).abs() < 1e-3),
        "{tilted}"
    );
    let lacking = problem("missing");
    assert!(
        matches!(lacking, Problem::MissingSlices { missing: 2, spacing, gap, .. } if spacing == 2.5 && gap == 7.5),
        "{lacking}"
    );
    let doubled = problem("doubled");
    assert!(matches!(doubled, Problem::Doubled { doubled: 4, .. }), "{doubled}");
    assert!(
        doubled
            .to_string()
            .ends_with("; its slices differ in AcquisitionNumber (2 values)"),
        "{doubled}"
    );
    assert!(matches!(problem("uneven"), Problem::Uneven { .. }));
    let orientations = problem("two_orientations");
    assert!(
        matches!(
            orientations,
            Problem::Mixed {
                what: "ImageOrientationPatient",
                found: 2
            }
        ),
        "{orientations}"
    );
    assert!(matches!(
        problem("two_sizes"),
        Problem::Mixed {
            what: "Rows and Columns",
            found: 2
        }
    ));
    assert!(matches!(
        problem("unplaced"),
        Problem::Missing {
            keyword: "ImagePositionPatient"
        }
    ));
    let lying = &listed("frame_count").failures[0].problem;
    assert!(matches!(lying, Problem::PixelBytes { .. }), "{lying}");
}

#[test]
fn what_cannot_be_decoded_is_named() {
    let video = read("video").expect_err("video").to_string();
    assert!(video.contains("1.2.840.10008.1.2.4.102 (MPEG-4"), "{video}");
    let colour = &listed("colour").failures[0].problem;
    assert!(matches!(colour, Problem::SeveralValues { samples: 3, .. }), "{colour}");
}

#[test]
fn pet_becomes_suv_by_option() {
    let suv = ReadOptions { suv: true };
    for (case, expected) in golden_json("cases.json").as_object().unwrap() {
        let Some(first) = expected.get("suv_first") else {
            continue;
        };
        let volume = read_with(case, &suv).unwrap();
        let Voxels::F64(voxels) = volume.voxels() else {
            panic!("{case}")
        };
        let first_found = voxels[[0, 0, 0]];
        let first = first.as_f64().unwrap();
        assert!(
            (first_found - first).abs() <= 1e-12 * first,
            "{case}: {first_found}, expected {first}"
        );
        let (mean, expected) = (voxels.mean().unwrap(), expected["suv_mean"].as_f64().unwrap());
        assert!((mean - expected).abs() <= 1e-12 * expected, "{case}");
    }
    let refused = read_with("pet_counts", &suv).expect_err("counts").problem;
    assert!(refused.to_string().contains("Units are CNTS"), "{refused}");
    let refused = read_with("oblique", &suv).expect_err("no PET").problem;
    assert!(matches!(refused, Problem::Suv { .. }));
}

#[test]
fn a_folder_of_any_layout_is_listed() {
    let done = std::sync::atomic::AtomicUsize::new(0);
    let folder = golden("cases/layout");
    for threads in [1, 3] {
        let options = ListOptions {
            threads,
            ..Default::default()
        };
        let listing = list(&folder, &options, &GO_ON, &|_, all| {
            assert_eq!(all, 13);
            done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        })
        .unwrap();
        let slices: Vec<_> = listing
            .series
            .iter()
            .map(|s| (s.uid().to_owned(), s.files().count()))
            .collect();
        let root = "1.2.826.0.1.3680043.10.1234";
        assert_eq!(slices, [(format!("{root}.60.2"), 4), (format!("{root}.61.2"), 4)]);
        assert_eq!((listing.others, listing.foreign, listing.failures.len()), (2, 2, 0));
    }
    assert_eq!(done.into_inner(), 26);
    let uid = "1.2.826.0.1.3680043.10.1234.61.2";
    assert_eq!(find_series(&folder, uid, &GO_ON).unwrap().uid(), uid);
    let absent = find_series(&folder, "../../x", &GO_ON).expect_err("absent").problem;
    assert!(matches!(absent, Problem::Absent { .. }));
    assert!(list(folder.join("nowhere"), &ListOptions::default(), &GO_ON, &|_, _| {}).is_err());
}

#[cfg(unix)]
#[test]
fn links_that_are_not_followed_are_not_there() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let (folder, outside) = (dir.path().join("in"), golden("cases/layout/a"));
    std::fs::create_dir_all(folder.join("own")).unwrap();
    std::fs::copy(outside.join("deep/02"), folder.join("own/02")).unwrap();
    symlink(outside.join("deep/03"), folder.join("file")).unwrap();
    symlink(&outside, folder.join("folder")).unwrap();
    symlink(folder.join("own"), folder.join("again")).unwrap();
    symlink(folder.join("none"), folder.join("nowhere")).unwrap();
    let slices = |links: Links| {
        let options = ListOptions {
            links,
            ..ListOptions::default()
        };
        let listing = list(&folder, &options, &GO_ON, &|_, _| {}).unwrap();
        let found = listing.series[0].files().count();
        let uid = listing.series[0].uid();
        assert_eq!(
            find_series_with(&folder, uid, &options, &GO_ON)
                .unwrap()
                .files()
                .count(),
            found
        );
        found
    };
    let inside = folder.clone();
    let within = move |link: &std::path::Path| link.canonicalize().is_ok_and(|to| to.starts_with(&inside));
    let own = slices(Links::only(|_| false));
    assert_eq!((own, slices(Links::only(within))), (1, 1));
    assert_eq!(slices(Links::default()), 4);
}

#[test]
fn the_content_hash_knows_no_names_and_no_order() {
    let folder = golden("cases/layout");
    let series = find_series(&folder, "1.2.826.0.1.3680043.10.1234.60.2", &GO_ON).unwrap();
    let moved = tempfile::tempdir().unwrap();
    for (i, path) in series.files().enumerate() {
        std::fs::copy(path, moved.path().join(format!("{}", 9 - i))).unwrap();
    }
    let again = find_series(moved.path(), series.uid(), &GO_ON).unwrap();
    assert_eq!(
        series.content_hash(&GO_ON).unwrap(),
        again.content_hash(&GO_ON).unwrap()
    );
    let other = find_series(&folder, "1.2.826.0.1.3680043.10.1234.61.2", &GO_ON).unwrap();
    assert_ne!(
        series.content_hash(&GO_ON).unwrap(),
        other.content_hash(&GO_ON).unwrap()
    );
    std::fs::remove_file(moved.path().join("9")).unwrap();
    let one = file_hash(folder.join("a/deep/02"), &GO_ON).unwrap();
    assert_eq!(
        one,
        file_hash(golden("cases/layout/b/copy of a slice.dcm"), &GO_ON).unwrap()
    );
    let fewer = find_series(moved.path(), series.uid(), &GO_ON).unwrap();
    assert_ne!(
        series.content_hash(&GO_ON).unwrap(),
        fewer.content_hash(&GO_ON).unwrap()
    );
}
