//! What a second reading of the code doubted, against pydicom, SimpleITK and highdicom.

mod common;

use common::{GO_ON, golden, golden_json, sha256_of};
use radsql_dicom::{Listing, Problem, ReadOptions, SegmentOptions, list, read_region};
use radsql_imaging::Limits;
use radsql_volume::Voxels;

fn listed(case: &str) -> Listing {
    let listing: Listing = list(golden("odd").join(case), &Default::default(), &GO_ON, &|_, _| {}).expect("a listing");
    assert!(listing.failures.is_empty(), "{case}: {:?}", listing.failures);
    listing
}

fn sha256_of_case(case: &str) -> String {
    let listing = listed(case);
    let volume = listing.series[0].read(&ReadOptions::default(), &Limits::default(), &GO_ON);
    sha256_of(&volume.expect("voxels"))
}

#[test]
fn a_table_may_begin_below_zero() {
    assert_eq!(
        sha256_of_case("negative_lut"),
        golden_json("odd.json")["negative_lut"]["sha256"]
    );
}

#[test]
fn slices_of_one_identifier_are_not_copies_of_one_slice() {
    assert_eq!(listed("one_uid").series[0].files().count(), 4);
    assert_eq!(sha256_of_case("one_uid"), golden_json("odd.json")["one_uid"]["sha256"]);
}

#[test]
fn two_echoes_at_each_place_are_no_volume() {
    let doubled = listed("echoes").series[0].grid().expect_err("two echoes").problem;
    assert!(matches!(doubled, Problem::Doubled { doubled: 2, .. }), "{doubled}");
}

#[test]
fn the_dose_of_a_series_derived_later_was_given_on_the_day_of_the_scan() {
    let volume = listed("derived_pet").series[0]
        .read(&ReadOptions { suv: true }, &Limits::default(), &GO_ON)
        .unwrap();
    let Voxels::F64(voxels) = volume.voxels() else {
        panic!("{:?}", volume.voxels().voxel_type())
    };
    let expected = golden_json("odd.json")["derived_pet"]["suv_first"].as_f64().unwrap();
    assert!((voxels[[0, 0, 0]] / expected - 1.0).abs() <= 1e-12);
}

#[test]
fn a_label_map_may_have_colours() {
    let listing = listed("coloured_labels");
    let image = &listing.series[0];
    let (grid, regions) = (image.grid().unwrap(), listing.regions_of(image));
    assert_eq!(regions.len(), 2);
    for region in regions {
        let mask = read_region(region.path, &region.selector, Some(&grid), &SegmentOptions::default()).unwrap();
        let expected = &golden_json("odd.json")["coloured_labels"][&region.name];
        assert_eq!(mask.voxels() as u64, expected.as_u64().unwrap(), "{}", region.name);
    }
}
