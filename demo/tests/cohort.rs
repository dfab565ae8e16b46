//! The cohort as others read it: files through the nifti and csv crates, the truth through the summary.

mod common;

use std::fs;
use std::sync::Mutex;

use common::{Outcome, count, demo, files, fnv, folder, options, read_scan, table};
use ndarray::Array3;
use radsql_demo::{CohortOptions, DemoError, Form, PatientTruth, Site, effect, write_cohort};
use tempfile::TempDir;

/// The columns of the collection's table.
const COLUMNS: &str = "patient_id,age,sex,major_comorbidity,chemo_before_liver_resection,clinrisk_score,\
clinrisk_stratified,extrahep_disease,steatosis_yesno,presence_sinusoidal_dilata,NASH_score,NASH_yesno,NASH_greater_4,\
total_response_percent,necrosis_percent,fibrosis_percent,fibrosis_greater_40_percent,mucin_percent,\
overall_survival_months,vital_status,progression_or_recurrence,months_to_DFS_progression,vital_status_DFS,\
progression_or_recurrence_liveronly,months_to_liver_DFS_progression,vital_status_liver_DFS,relevant_notes";

fn mean_hu(hu: &Array3<i16>, inside: impl Iterator<Item = bool>) -> f64 {
    let inside = hu.iter().zip(inside).filter(|(_, inside)| *inside);
    let (sum, n) = inside.fold((0.0, 0.0), |(sum, n), (hu, _)| (sum + f64::from(*hu), n + 1.0));
    sum / n
}

/// Harrell's C by its definition: the share of usable pairs in which the one with the higher score dies first.
fn concordance(patients: &[PatientTruth], score: impl Fn(&PatientTruth) -> f64) -> f64 {
    let (mut usable, mut right) = (0.0, 0.0);
    for a in patients.iter().filter(|patient| patient.dead) {
        for b in patients.iter().filter(|b| b.os_months > a.os_months) {
            usable += 1.0;
            right += if score(a) > score(b) { 1.0 } else { 0.0 };
        }
    }
    right / usable
}

#[test]
fn the_files_are_the_same_at_any_number_of_threads_and_when_written_again() -> Outcome {
    for form in [Form::Nifti, Form::Dicom] {
        let options = |threads| CohortOptions {
            form,
            ..options(2, 1, 3, threads)
        };
        let reference = TempDir::new()?;
        let summary = write_cohort(reference.path(), &options(1), |_, _| {})?;
        let expected = files(reference.path())?;
        assert_eq!(expected.len(), summary.files);
        assert_eq!(
            expected.values().map(|bytes| bytes.len() as u64).sum::<u64>(),
            summary.bytes
        );
        let dir = TempDir::new()?;
        assert_eq!(write_cohort(dir.path(), &options(3), |_, _| {})?, summary);
        assert!(files(dir.path())? == expected, "3 threads");
        // What the program puts beside is no other cohort.
        fs::create_dir(dir.path().join("models"))?;
        assert_eq!(write_cohort(dir.path(), &options(2), |_, _| {})?, summary);
        assert!(files(dir.path())? == expected, "written again");
    }
    Ok(())
}

#[test]
fn another_seed_gives_other_patients_and_more_patients_leave_the_first_as_they_are() -> Outcome {
    let (dir, many) = demo();
    let (other, fewer) = (TempDir::new()?, TempDir::new()?);
    write_cohort(other.path(), &options(2, 1, 2, 2), |_, _| {})?;
    let summary = write_cohort(fewer.path(), &options(2, 1, 1, 2), |_, _| {})?;
    assert_eq!(summary.primary, many.primary[..2]);
    assert_eq!(summary.external, many.external[..1]);
    for name in [
        "crlm/CRLM-DEMO-0001/ct.nii.gz",
        "crlm/CRLM-DEMO-0001/seg/Tumor_1.nii.gz",
        "crlm/CRLM-DEMO-0002/ct.nii.gz",
        "external/EXT-DEMO-0001/seg/Liver.nii.gz",
    ] {
        let read = |dir: &TempDir| fs::read(dir.path().join(name));
        assert!(read(dir)? == read(&fewer)?, "{name}");
        assert!(read(dir)? != read(&other)?, "{name}");
    }
    for (few, many) in [Site::Primary, Site::External].map(|site| (table(fewer.path(), site), table(dir.path(), site)))
    {
        let (few, many) = (few?, many?);
        assert_eq!(few, many[..few.len()]);
    }
    let none = TempDir::new()?;
    let summary = write_cohort(none.path(), &options(1, 0, 1, 1), |_, _| {})?;
    assert!(summary.external.is_empty() && !none.path().join("external").exists());
    Ok(())
}

#[test]
fn scans_are_plausible_and_masks_name_what_is_there() -> Outcome {
    let (dir, summary) = demo();
    assert_eq!((summary.primary.len(), summary.external.len()), (40, 20));
    for patient in summary.primary.iter().chain(&summary.external) {
        let id = &patient.patient_id;
        let scan = read_scan(dir.path(), patient)?;
        let spacing = scan.spacing();
        let ml = |voxels: usize| voxels as f64 * spacing.iter().product::<f64>() / 1000.0;

        // The main lesion is the largest, and by more than a voxel or two.
        let sizes: Vec<usize> = scan.tumors.iter().map(count).collect();
        let main = sizes[patient.main_lesion - 1];
        assert_eq!(main, patient.lesion_voxels, "{id}");
        assert!(main >= 200, "{id}: {main}");
        let second = sizes.iter().enumerate().filter(|(at, _)| at + 1 != patient.main_lesion);
        assert!(
            second.clone().all(|(_, size)| *size > 0 && 4 * size <= 3 * main),
            "{id}: {sizes:?}"
        );
        assert!((ml(main) - patient.lesion_ml).abs() < 1e-6 * patient.lesion_ml, "{id}");

        // Tumours lie in the liver and not in one another.
        let mut without_tumors = scan.liver.clone();
        for tumor in &scan.tumors {
            for (left, inside) in without_tumors.iter_mut().zip(tumor) {
                assert!(*inside <= *left, "{id}");
                *left -= inside;
            }
        }
        let liver = count(&scan.liver);
        assert!((500.0..2300.0).contains(&ml(liver)), "{id}: liver of {} ml", ml(liver));
        let parenchyma = mean_hu(&scan.hu, without_tumors.iter().map(|inside| *inside == 1));
        let lesion = mean_hu(
            &scan.hu,
            scan.tumors[patient.main_lesion - 1].iter().map(|inside| *inside == 1),
        );
        assert!((90.0..130.0).contains(&parenchyma), "{id}: liver {parenchyma}");
        assert!(
            lesion < parenchyma - 8.0 && lesion > 30.0,
            "{id}: lesion {lesion}, liver {parenchyma}"
        );
        // Nothing of the liver lies in air, in the lung or in fat, but for blur and noise at the border.
        let inside = scan.hu.iter().zip(&scan.liver).filter(|(_, inside)| **inside == 1);
        let dark = inside.filter(|(hu, _)| **hu < -150).count();
        assert!(dark * 200 < liver, "{id}: {dark} dark voxels in the liver");
        let (nx, ny, _) = scan.hu.dim();
        for ((x, y, z), inside) in scan.liver.indexed_iter() {
            if x == 0 || y == 0 || x + 1 == nx || y + 1 == ny {
                assert_eq!(*inside, 0, "{id}");
                assert!(scan.hu[[x, y, z]] < -880, "{id}: air around the body");
            }
            // The liver is on the patient's right: the first columns, for x goes to the left.
            assert!(*inside == 0 || x < nx * 3 / 4, "{id}");
        }
        assert!(scan.hu.iter().all(|hu| (-1024..1500).contains(hu)), "{id}");
        assert!(scan.hu.iter().any(|hu| *hu > 300), "{id}: bone");
        assert!((1.8..3.0).contains(&spacing[0]) && spacing[0] == spacing[1], "{id}");
    }
    let numbered = |patient: &&PatientTruth| patient.main_lesion > 1;
    assert!(summary.primary.iter().filter(numbered).count() > 3);
    Ok(())
}

/// What a scanner leaves in the air around the body: the noise, its correlation between neighbours in a row, and the slice
/// spacing.
fn scanner(patients: &[PatientTruth]) -> Result<(f64, f64, Vec<f64>), Box<dyn std::error::Error>> {
    let (mut square, mut product, mut n) = (0.0, 0.0, 0.0);
    let mut spacings = Vec::new();
    for patient in patients {
        let scan = read_scan(demo().0.path(), patient)?;
        for z in 0..scan.hu.dim().2 {
            // The front corner, far from body and table.
            for (x, y) in (0..12).flat_map(|x| (0..6).map(move |y| (x, y))) {
                let [a, b] = [x, x + 1].map(|x| f64::from(scan.hu[[x, y, z]]) + 1000.0);
                square += a * a;
                product += a * b;
                n += 1.0;
            }
        }
        spacings.push(scan.spacing()[2]);
    }
    spacings.sort_by(f64::total_cmp);
    spacings.dedup();
    Ok(((square / n).sqrt(), product / square, spacings))
}

#[test]
fn the_external_scanner_has_more_and_finer_noise_and_other_slices() -> Outcome {
    let (_, summary) = demo();
    let (noise, correlation, slices) = scanner(&summary.primary[..12])?;
    let (external_noise, external_correlation, external_slices) = scanner(&summary.external[..12])?;
    assert!(external_noise > 1.3 * noise, "{noise} and {external_noise}");
    assert!(
        correlation > 0.35 && external_correlation < 0.2,
        "{correlation} and {external_correlation}"
    );
    assert!(slices.len() >= 3 && external_slices.len() == 3, "{slices:?}");
    assert!(!external_slices.iter().any(|spacing| slices.contains(spacing)));
    Ok(())
}

#[test]
fn the_header_gives_the_same_place_by_quaternion_and_by_matrix_in_the_order_of_dicom() -> Outcome {
    let (dir, summary) = demo();
    for patient in &summary.primary[..8] {
        let header = read_scan(dir.path(), patient)?.header;
        assert_eq!((header.qform_code, header.sform_code, header.xyzt_units), (1, 1, 2));
        assert_eq!((header.quatern_b, header.quatern_c, header.quatern_d), (0.0, 0.0, 1.0));
        let [_, sx, sy, sz, ..] = header.pixdim;
        assert_eq!(header.pixdim[0], 1.0);
        assert_eq!(header.srow_x, [-sx, 0.0, 0.0, header.quatern_x]);
        assert_eq!(header.srow_y, [0.0, -sy, 0.0, header.quatern_y]);
        assert_eq!(header.srow_z, [0.0, 0.0, sz, header.quatern_z]);
        assert_eq!((header.scl_slope, header.scl_inter), (1.0, 0.0));
        // Few enough binary digits that nothing is lost in any form.
        for value in [sx, sy, sz, header.quatern_x, header.quatern_y, header.quatern_z] {
            assert_eq!((value * 128.0).fract(), 0.0, "{value}");
        }
    }
    Ok(())
}

#[test]
fn survival_follows_the_hazard_and_the_hazard_the_readme() -> Outcome {
    let (dir, summary) = demo();
    let patients = &summary.primary;
    let hazard = concordance(patients, |patient| patient.log_hazard);
    assert!((0.65..0.95).contains(&hazard), "{hazard}");
    assert!(concordance(patients, |patient| patient.latents.heterogeneity) > 0.6);
    assert!(concordance(&summary.external, |patient| patient.log_hazard) > 0.6);
    let frailty = concordance(patients, |patient| patient.frailty);
    assert!((0.3..0.7).contains(&frailty), "{frailty}");
    for patient in patients.iter().chain(&summary.external) {
        let expected = effect::HETEROGENEITY * patient.latents.heterogeneity
            + effect::LOG_VOLUME * (patient.lesion_ml / effect::REFERENCE_ML).ln()
            + effect::RISK_SCORE * (f64::from(patient.risk_score) - effect::REFERENCE_SCORE)
            + patient.frailty;
        assert!((patient.log_hazard - expected).abs() < 1e-12);
    }
    let readme = fs::read_to_string(dir.path().join("README.md"))?;
    let model = format!("s = {} z + {} ln(V", effect::HETEROGENEITY, effect::LOG_VOLUME);
    for words in [
        model.as_str(),
        "<!-- radsql demo: 40 + 20 patients, seed 1, NIfTI, definition 2 -->",
        "CC0",
        "made up by a program",
        "| kernel | STANDARD | SHARP |",
        "1 anatomy and field of view, 2 vessels",
        "`models/`",
        "| relevant_notes |",
    ] {
        assert!(readme.contains(words), "{words}");
    }
    Ok(())
}

#[test]
fn the_table_is_that_of_the_collection_and_of_the_truth() -> Outcome {
    let (dir, summary) = demo();
    for (site, patients) in [(Site::Primary, &summary.primary), (Site::External, &summary.external)] {
        let text = fs::read_to_string(dir.path().join(folder(site)).join("clinical.csv"))?;
        assert_eq!(text.lines().next(), Some(COLUMNS));
        let rows = table(dir.path(), site)?;
        assert_eq!(rows.len(), patients.len());
        let mut missing = 0;
        for (row, patient) in rows.iter().zip(patients) {
            let id = &patient.patient_id;
            let number = |name: &str| row[name].parse::<f64>();
            assert_eq!(&row["patient_id"], id);
            assert_eq!(patient.site, site);
            assert_eq!(number("overall_survival_months")?, patient.os_months, "{id}");
            assert_eq!(number("vital_status")? == 1.0, patient.dead, "{id}");
            assert_eq!(patient.dead, patient.death_months <= patient.os_months + 0.051, "{id}");
            assert!(
                row["overall_survival_months"]
                    .split_once('.')
                    .is_some_and(|(_, decimals)| decimals.len() == 1)
            );
            assert!((30.0..=88.0).contains(&number("age")?), "{id}");
            match row["clinrisk_score"].as_str() {
                "-999" => missing += 1,
                score => assert_eq!(score, patient.risk_score.to_string(), "{id}"),
            }
        }
        assert!((1..=15).contains(&missing), "{missing} missing scores");
    }
    Ok(())
}

#[test]
fn nothing_else_is_overwritten() -> Outcome {
    let dir = TempDir::new()?;
    fs::write(dir.path().join("thesis.docx"), "years of work")?;
    let error = write_cohort(dir.path(), &options(1, 0, 1, 1), |_, _| {}).err();
    assert!(
        matches!(&error, Some(DemoError::NotADemo { entry, .. }) if entry == "thesis.docx"),
        "{error:?}"
    );
    assert_eq!(files(dir.path())?.len(), 1);

    let dir = TempDir::new()?;
    write_cohort(&dir.path().join("a/b"), &options(1, 0, 1, 1), |_, _| {})?;
    let dicom = CohortOptions {
        form: Form::Dicom,
        ..options(1, 0, 1, 1)
    };
    for (other, name) in [
        (options(1, 0, 2, 1), "1 + 0 patients, seed 2, NIfTI"),
        (options(2, 0, 1, 1), "2 + 0 patients, seed 1, NIfTI"),
        (options(1, 1, 1, 1), "1 + 1 patients, seed 1, NIfTI"),
        (dicom, "1 + 0 patients, seed 1, DICOM"),
    ] {
        let error = write_cohort(&dir.path().join("a/b"), &other, |_, _| {}).err();
        let message = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("(1 + 0 patients, seed 1, NIfTI, "), "{message}");
        assert!(message.contains(&format!("not {name}")), "{message}");
    }

    let file = dir.path().join("file");
    fs::write(&file, "")?;
    assert!(matches!(
        write_cohort(&file, &options(1, 0, 1, 1), |_, _| {}),
        Err(DemoError::Io { .. })
    ));
    for (primary, external, said) in [
        (0, 1, "the primary site has 1 to 9999 patients, not 0"),
        (10_000, 0, "the primary site has 1 to 9999 patients, not 10000"),
        (1, 10_000, "the external site has 0 to 9999 patients, not 10000"),
    ] {
        let error = write_cohort(&dir.path().join("new"), &options(primary, external, 1, 1), |_, _| {}).err();
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(said));
    }
    assert!(!dir.path().join("new").exists());
    Ok(())
}

#[test]
fn progress_counts_up_to_the_end_over_both_sites() -> Outcome {
    let dir = TempDir::new()?;
    let heard = Mutex::new(Vec::new());
    write_cohort(dir.path(), &options(2, 1, 1, 3), |done, total| {
        if let Ok(mut heard) = heard.lock() {
            heard.push((done, total));
        }
    })?;
    assert_eq!(heard.into_inner()?, [(1, 3), (2, 3), (3, 3)]);
    Ok(())
}

/// A change here changes every cohort that has been written: raise `DEFINITION`, then these.
#[test]
fn this_definition_gives_these_voxels() -> Outcome {
    let (dir, summary) = demo();
    let mut found = vec![u64::from(radsql_demo::DEFINITION)];
    for patient in [&summary.primary[1], &summary.external[0]] {
        let scan = read_scan(dir.path(), patient)?;
        found.push(fnv(scan.hu.iter().flat_map(|hu| hu.to_le_bytes())));
        let masks = std::iter::once(&scan.liver).chain(&scan.tumors);
        found.push(fnv(masks.flatten().copied()));
        let table = dir.path().join(folder(patient.site)).join("clinical.csv");
        found.push(fnv(fs::read(table)?.into_iter()));
    }
    assert_eq!(
        found,
        [
            2,
            16_999_296_414_781_765_573,
            476_247_988_780_440_678,
            7_825_468_623_501_011_415,
            4_698_523_272_235_708_980,
            1_492_470_709_784_555_693,
            11_274_340_193_559_846_075,
        ]
    );
    Ok(())
}
