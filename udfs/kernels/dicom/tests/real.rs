//! Real scans against SimpleITK, highdicom and the NIfTI files that lie beside them.

mod common;

use common::{GO_ON, golden_json, same_region, same_volume, shared};
use radsql_dicom::{ListOptions, Listing, ReadOptions, SegmentOptions, list, read_roi, read_segment};
use radsql_imaging::Limits;
use std::path::Path;

fn listed(folder: &Path) -> Listing {
    list(folder, &ListOptions::default(), &GO_ON, &|_, _| {}).expect("a listing")
}

#[test]
fn series_are_simpleitks() {
    let Some(shared) = shared() else { return };
    for (folder, expected) in golden_json("real.json")["series"].as_object().unwrap() {
        let listing = listed(&shared.join("data").join(folder));
        assert!(listing.failures.is_empty(), "{folder}: {:?}", listing.failures);
        let series = &listing.series[0];
        let volume = series
            .read(&ReadOptions::default(), &Limits::default(), &GO_ON)
            .unwrap();
        same_volume(&volume, expected);
        assert_eq!(volume.grid(), &series.grid().unwrap());
        // That SimpleITK's voxels are those of the NIfTI beside it was seen when the golden values were made.
        assert_ne!(expected["equal_to_nifti"], false);
    }
}

#[test]
fn segments_are_highdicoms() {
    let Some(shared) = shared() else { return };
    for (folder, segments) in golden_json("real.json")["segments"].as_object().unwrap() {
        let folder = shared.join("data").join(folder);
        let patient = listed(folder.parent().unwrap());
        let (image, seg) = (&patient.series[0], &patient.segmentations[0]);
        let grid = image.grid().unwrap();
        let labels: Vec<_> = seg.segments().iter().map(|s| s.label.as_str()).collect();
        assert_eq!(
            labels,
            segments
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
        );
        for (label, expected) in segments.as_object().unwrap() {
            let options = SegmentOptions::default();
            let mask = read_segment(seg.path(), label, Some(&grid), &options).unwrap();
            assert_eq!(mask.grid(), &grid);
            same_region(&mask, expected);
            let own = read_segment(seg.path(), label, None, &options).unwrap();
            assert_eq!(own.voxels() as u64, expected["own_voxels"]);
        }
    }
}

#[test]
fn the_scan_table_has_three_rows_of_one_patient() {
    let Some(shared) = shared() else { return };
    let listing = listed(&shared.join("data/crlm/CRLM-CT-1004"));
    let (image, seg) = (&listing.series[0], &listing.segmentations[0]);
    assert_eq!(seg.referenced_series(), [image.uid()]);
    let tags = image.tags();
    assert_eq!(tags.patient_id.as_deref(), Some("CRLM-CT-1004"));
    assert_eq!(tags.modality.as_deref(), Some("CT"));
    assert_eq!(tags.slice_thickness, Some(5.0));
    assert!(tags.identifying.is_empty());
    let regions: Vec<_> = seg.segments().iter().map(|s| seg.selector(s)).collect();
    assert_eq!(regions, ["Liver", "Tumor_1", "Tumor_2"]);
}

#[test]
fn regions_are_the_nifti_masks() {
    let Some(shared) = shared() else { return };
    for (folder, expected) in golden_json("real.json")["regions"].as_object().unwrap() {
        let folder = shared.join("data").join(folder);
        let listing = listed(&folder);
        let (image, set) = (&listing.series[0], &listing.structure_sets[0]);
        assert!(set.referenced_series().contains(&image.uid().to_owned()));
        let grid = image.grid().unwrap();
        let [roi] = set.rois() else { panic!("{:?}", set.rois()) };
        same_region(&read_roi(set.path(), &roi.name, &grid).unwrap(), expected);
    }
}
