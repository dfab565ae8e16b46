//! Both forms of a cohort, through the project's own readers.

mod common;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use common::{Outcome, both_forms, folder};
use dicom_dictionary_std::tags;
use radsql_demo::{PatientTruth, Site};
use radsql_dicom::{ListOptions, Listing, ReadOptions, SegmentOptions, SegmentationType, list, read_region};
use radsql_imaging::{Reference, read_mask, read_volume};
use radsql_volume::{Volume, Voxels};

static GO_ON: AtomicBool = AtomicBool::new(false);

fn patients() -> impl Iterator<Item = &'static PatientTruth> {
    let (_, summary) = &both_forms()[0];
    summary.primary.iter().chain(&summary.external)
}

/// A patient's folders in NIfTI and in DICOM form.
fn folders(patient: &PatientTruth) -> [PathBuf; 2] {
    [0, 1].map(|form| {
        both_forms()[form]
            .0
            .path()
            .join(folder(patient.site))
            .join(&patient.patient_id)
    })
}

fn listing(folder: &Path) -> Result<Listing, Box<dyn Error>> {
    Ok(list(folder, &ListOptions::default(), &GO_ON, &|_, _| {})?)
}

/// Voxels in memory's order, whatever their type: DICOM's with an intercept are wider.
fn voxels(volume: &Volume) -> Vec<i32> {
    match volume.voxels() {
        Voxels::I16(voxels) => voxels.iter().map(|&voxel| i32::from(voxel)).collect(),
        Voxels::I32(voxels) => voxels.iter().copied().collect(),
        other => panic!("voxels of {:?}", other.voxel_type()),
    }
}

fn bits(values: [f64; 3]) -> [u64; 3] {
    values.map(f64::to_bits)
}

#[test]
fn both_forms_hold_the_same_voxels_and_regions_on_the_same_grid_to_the_last_bit() -> Outcome {
    for patient in patients() {
        let id = &patient.patient_id;
        let [nifti, dicom] = folders(patient);
        let found = listing(&dicom)?;
        let [series] = found.series.as_slice() else {
            panic!("{id}: {} series", found.series.len());
        };
        let image = read_volume(nifti.join("ct.nii.gz"))?;
        let other = series.read(&ReadOptions::default(), &Default::default(), &GO_ON)?;
        let (a, b) = (image.grid(), other.grid());
        assert_eq!(a.size(), b.size(), "{id}");
        assert_eq!(bits(a.spacing()), bits(b.spacing()), "{id}");
        assert_eq!(bits(a.origin()), bits(b.origin()), "{id}");
        assert_eq!(a.direction(), b.direction(), "{id}");
        assert_eq!(
            a.direction(),
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            "{id}"
        );
        assert!(voxels(&image) == voxels(&other), "{id}");

        let regions = found.regions_of(series);
        let names: Vec<&str> = regions.iter().map(|region| region.name.as_ref()).collect();
        let tumors = (1..=patient.lesions).map(|number| format!("Tumor_{number}"));
        let expected: Vec<String> = std::iter::once("Liver".to_owned()).chain(tumors).collect();
        assert_eq!(names, expected, "{id}");
        for region in regions {
            let path = nifti.join(format!("seg/{}.nii.gz", region.name));
            let reference: Reference = path.to_str().ok_or("a path")?.parse()?;
            let mask = read_mask(&reference)?;
            let other = read_region(region.path, &region.selector, Some(b), &SegmentOptions::default())?;
            assert_eq!(mask.bounds(), other.bounds(), "{id} {}", region.name);
            assert!(mask.inside() == other.inside(), "{id} {}", region.name);
        }
    }
    Ok(())
}

#[test]
fn the_tables_are_the_same() -> Outcome {
    for site in ["crlm", "external"] {
        let [a, b] = [0, 1].map(|form| fs::read(both_forms()[form].0.path().join(site).join("clinical.csv")));
        assert_eq!(a?, b?);
    }
    assert_eq!(both_forms()[0].1.primary, both_forms()[1].1.primary);
    assert_eq!(both_forms()[0].1.external, both_forms()[1].1.external);
    Ok(())
}

#[test]
fn the_segmentation_is_binary_and_refers_to_the_series_of_its_study() -> Outcome {
    let mut uids = Vec::new();
    for patient in patients() {
        let id = &patient.patient_id;
        let [_, dicom] = folders(patient);
        let found = listing(&dicom)?;
        let [segmentation] = found.segmentations.as_slice() else {
            panic!("{id}: {} segmentations", found.segmentations.len());
        };
        let series = &found.series[0];
        assert_eq!(segmentation.kind(), SegmentationType::Binary);
        assert_eq!(segmentation.referenced_series(), [series.uid()]);
        assert!(
            series
                .instance_uids()
                .any(|uid| Some(uid.as_str()) == segmentation.referenced_instance())
        );
        let properties: Vec<_> = segmentation
            .segments()
            .iter()
            .map(|one| one.property.as_deref())
            .collect();
        assert_eq!(properties[0], Some("Liver"));
        assert!(properties[1..].iter().all(|property| *property == Some("Neoplasm")));
        uids.extend(series.instance_uids());
        uids.extend([series.uid().to_owned(), segmentation.sop_uid().to_owned()]);
        uids.extend(segmentation.series_uid().map(str::to_owned));
    }
    for uid in &uids {
        assert!(uid.starts_with("2.25.") && uid.len() <= 64, "{uid}");
    }
    let all = uids.len();
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), all, "no two objects share an identifier");
    Ok(())
}

#[test]
fn folders_are_named_as_the_archive_names_them_and_files_go_from_the_head_to_the_feet() -> Outcome {
    for patient in patients() {
        let [_, dicom] = folders(patient);
        let inside = |folder: &Path| -> Result<Vec<PathBuf>, Box<dyn Error>> {
            let mut entries = fs::read_dir(folder)?
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>, std::io::Error>>()?;
            entries.sort();
            Ok(entries)
        };
        let name = |path: &Path| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        let [study] = inside(&dicom)?.try_into().map_err(|_| "one study")?;
        assert!(name(&study).starts_with("01-01-2000-NA-CT ABDOMEN W CONTRAST-"));
        let [segmentation, series] = inside(&study)?.try_into().map_err(|_| "two series")?;
        assert!(name(&segmentation).starts_with("100.000000-Segmentation-"));
        assert!(name(&series).starts_with("101.000000-NA-"));
        assert_eq!(
            inside(&segmentation)?.iter().map(|path| name(path)).collect::<Vec<_>>(),
            ["1-1.dcm"]
        );

        let files = inside(&series)?;
        assert_eq!(name(&files[0]), "1-01.dcm");
        let height = |path: &PathBuf| -> Result<f64, Box<dyn Error>> {
            let slice = dicom_object::open_file(path)?;
            Ok(slice.element(tags::IMAGE_POSITION_PATIENT)?.to_multi_float64()?[2])
        };
        let heights = files.iter().map(height).collect::<Result<Vec<_>, _>>()?;
        assert!(heights.is_sorted_by(|a, b| a > b), "{heights:?}");

        let text = |bytes: &[u8], words: &str| bytes.windows(words.len()).any(|window| window == words.as_bytes());
        let slice = fs::read(&files[0])?;
        let kernel = if patient.site == Site::Primary {
            "STANDARD"
        } else {
            "SHARP"
        };
        for words in [patient.patient_id.as_str(), kernel, "radsql demo", "RADSQL_DEMO"] {
            assert!(text(&slice, words), "{words}");
        }
    }
    Ok(())
}
