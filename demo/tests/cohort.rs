//! The cohort as others read it: files through the nifti and csv crates, the truth through the summary.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use ndarray::{Array3, Ix3};
use nifti::{IntoNdArray, NiftiHeader, NiftiObject, ReaderOptions};
use radsql_demo::{CohortOptions, CohortSummary, DemoError, PatientTruth, effect, write_cohort};
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

fn options(patients: u32, seed: u64, threads: usize) -> CohortOptions {
    CohortOptions {
        patients,
        seed,
        threads: NonZeroUsize::new(threads),
        ..CohortOptions::default()
    }
}

/// The cohort that a user gets without a choice, written once for all tests.
fn demo() -> &'static (TempDir, CohortSummary) {
    static DEMO: OnceLock<(TempDir, CohortSummary)> = OnceLock::new();
    DEMO.get_or_init(|| {
        let dir = TempDir::new().expect("a temporary folder");
        let summary = write_cohort(dir.path(), &CohortOptions::default(), |_, _| {}).expect("the demo is written");
        (dir, summary)
    })
}

/// Every file's path and bytes.
fn files(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir)?.to_string_lossy().into_owned();
                found.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

struct Scan {
    header: NiftiHeader,
    hu: Array3<i16>,
    mask: Array3<u8>,
}

fn read_scan(dir: &Path, patient_id: &str) -> Result<Scan, Box<dyn Error>> {
    let folder = dir.join("scans").join(patient_id);
    let ct = ReaderOptions::new().read_file(folder.join("ct.nii.gz"))?;
    let mask = ReaderOptions::new().read_file(folder.join("mask.nii.gz"))?;
    let (a, b) = (ct.header(), mask.header());
    assert_eq!((a.datatype, b.datatype), (4, 2), "int16 and uint8");
    assert_eq!(
        (a.dim, a.pixdim, a.srow_x, a.srow_y, a.srow_z),
        (b.dim, b.pixdim, b.srow_x, b.srow_y, b.srow_z)
    );
    Ok(Scan {
        header: a.clone(),
        hu: ct.into_volume().into_ndarray::<i16>()?.into_dimensionality::<Ix3>()?,
        mask: mask.into_volume().into_ndarray::<u8>()?.into_dimensionality::<Ix3>()?,
    })
}

fn mean_hu(scan: &Scan, label: u8) -> f64 {
    let inside = scan.hu.iter().zip(&scan.mask).filter(|(_, found)| **found == label);
    let (sum, n) = inside.fold((0.0, 0.0), |(sum, n), (hu, _)| (sum + f64::from(*hu), n + 1.0));
    sum / n
}

fn table(dir: &Path) -> Result<Vec<BTreeMap<String, String>>, Box<dyn Error>> {
    Ok(csv::Reader::from_path(dir.join("clinical.csv"))?
        .deserialize()
        .collect::<Result<_, _>>()?)
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
    let reference = TempDir::new()?;
    let summary = write_cohort(reference.path(), &options(5, 3, 1), |_, _| {})?;
    let expected = files(reference.path())?;
    assert_eq!(expected.len(), summary.files);
    assert_eq!(
        expected.values().map(|bytes| bytes.len() as u64).sum::<u64>(),
        summary.bytes
    );
    for threads in [2, 4] {
        let dir = TempDir::new()?;
        assert_eq!(write_cohort(dir.path(), &options(5, 3, threads), |_, _| {})?, summary);
        assert!(files(dir.path())? == expected, "{threads} threads");
    }
    assert_eq!(write_cohort(reference.path(), &options(5, 3, 2), |_, _| {})?, summary);
    assert!(files(reference.path())? == expected, "written again");
    Ok(())
}

#[test]
fn another_seed_gives_other_patients_and_more_patients_leave_the_first_as_they_are() -> Outcome {
    let (dir, few) = demo();
    let (other, fewer) = (TempDir::new()?, TempDir::new()?);
    write_cohort(other.path(), &options(2, 2, 2), |_, _| {})?;
    let summary = write_cohort(fewer.path(), &options(2, 1, 2), |_, _| {})?;
    assert_eq!(summary.patients, few.patients[..2]);
    for name in [
        "scans/DEMO-0001/ct.nii.gz",
        "scans/DEMO-0001/mask.nii.gz",
        "scans/DEMO-0002/ct.nii.gz",
    ] {
        let read = |dir: &TempDir| fs::read(dir.path().join(name));
        assert!(read(dir)? == read(&fewer)?, "{name}");
        assert!(read(dir)? != read(&other)?, "{name}");
    }
    Ok(())
}

#[test]
fn scans_are_plausible_and_masks_name_what_is_there() -> Outcome {
    let (dir, summary) = demo();
    assert_eq!(summary.patients.len(), 40);
    let mut spacings = Vec::new();
    for patient in &summary.patients {
        let id = &patient.patient_id;
        let scan = read_scan(dir.path(), id)?;
        let count = |label: u8| scan.mask.iter().filter(|found| **found == label).count();
        assert_eq!(count(1), patient.lesion_voxels, "{id}");
        assert!(patient.lesion_voxels >= 200, "{id}: {}", patient.lesion_voxels);
        assert_eq!(count(3) > 0, patient.lesions > 1, "{id}");
        assert!(scan.mask.iter().all(|label| *label <= 3), "{id}");
        let spacing = [1, 2, 3].map(|axis| f64::from(scan.header.pixdim[axis]));
        let ml = |voxels: usize| voxels as f64 * spacing.iter().product::<f64>() / 1000.0;
        assert!(
            (ml(count(1)) - patient.lesion_ml).abs() < 1e-6 * patient.lesion_ml,
            "{id}"
        );
        assert!(
            (500.0..2200.0).contains(&ml(count(2))),
            "{id}: liver of {} ml",
            ml(count(2))
        );

        let (liver, lesion) = (mean_hu(&scan, 2), mean_hu(&scan, 1));
        assert!((90.0..130.0).contains(&liver), "{id}: liver {liver}");
        assert!(
            lesion < liver - 8.0 && lesion > 30.0,
            "{id}: lesion {lesion}, liver {liver}"
        );
        // Nothing labelled lies in air, in the lung or in fat, but for blur and noise at the border.
        let labelled = scan.hu.iter().zip(&scan.mask).filter(|(_, label)| **label > 0);
        let dark = labelled.clone().filter(|(hu, _)| **hu < -150).count();
        assert!(dark * 200 < labelled.count(), "{id}: {dark} dark voxels in the mask");
        for ((x, y, z), label) in scan.mask.indexed_iter() {
            let [nx, ny, _] = [scan.hu.dim().0, scan.hu.dim().1, 0];
            if x == 0 || y == 0 || x + 1 == nx || y + 1 == ny {
                assert_eq!(*label, 0, "{id}");
                assert!(scan.hu[[x, y, z]] < -900, "{id}: air around the body");
            }
        }
        assert!(scan.hu.iter().all(|hu| (-1024..1500).contains(hu)), "{id}");
        assert!(scan.hu.iter().any(|hu| *hu > 300), "{id}: bone");

        assert!((1.8..3.0).contains(&spacing[0]) && spacing[0] == spacing[1], "{id}");
        assert!((2.5..=5.0).contains(&spacing[2]), "{id}");
        spacings.push(spacing[2]);
        let bytes = fs::metadata(dir.path().join("scans").join(id).join("ct.nii.gz"))?.len();
        assert!(bytes < 1_200_000, "{id}: {bytes} bytes");
    }
    spacings.sort_by(f64::total_cmp);
    spacings.dedup();
    assert!(spacings.len() >= 3, "{spacings:?}");
    Ok(())
}

#[test]
fn the_header_gives_the_same_place_by_quaternion_and_by_matrix() -> Outcome {
    let (dir, _) = demo();
    let header = read_scan(dir.path(), "DEMO-0001")?.header;
    assert_eq!((header.qform_code, header.sform_code, header.xyzt_units), (1, 1, 2));
    assert_eq!((header.quatern_b, header.quatern_c, header.quatern_d), (0.0, 0.0, 0.0));
    let [_, sx, sy, sz, ..] = header.pixdim;
    assert_eq!(header.pixdim[0], 1.0);
    assert_eq!(header.srow_x, [sx, 0.0, 0.0, header.quatern_x]);
    assert_eq!(header.srow_y, [0.0, sy, 0.0, header.quatern_y]);
    assert_eq!(header.srow_z, [0.0, 0.0, sz, header.quatern_z]);
    assert_eq!((header.scl_slope, header.scl_inter), (1.0, 0.0));
    Ok(())
}

#[test]
fn survival_follows_the_hazard_and_the_hazard_the_readme() -> Outcome {
    let (dir, summary) = demo();
    let patients = &summary.patients;
    let hazard = concordance(patients, |patient| patient.log_hazard);
    assert!((0.70..0.95).contains(&hazard), "{hazard}");
    assert!(concordance(patients, |patient| patient.latents.heterogeneity) > 0.62);
    let frailty = concordance(patients, |patient| patient.frailty);
    assert!((0.3..0.7).contains(&frailty), "{frailty}");
    for patient in patients {
        let expected = effect::HETEROGENEITY * patient.latents.heterogeneity
            + effect::LOG_VOLUME * (patient.lesion_ml / effect::REFERENCE_ML).ln()
            + effect::RISK_SCORE * (f64::from(patient.risk_score) - effect::REFERENCE_SCORE)
            + patient.frailty;
        assert!((patient.log_hazard - expected).abs() < 1e-12);
    }
    let deaths = summary.deaths();
    assert!((18..=28).contains(&deaths), "{deaths} deaths of 40");
    let readme = fs::read_to_string(dir.path().join("README.md"))?;
    let model = format!("s = {} z + {} ln(V", effect::HETEROGENEITY, effect::LOG_VOLUME);
    for words in [model.as_str(), "40 patients, seed 1", "CC0", "made up by a program"] {
        assert!(readme.contains(words), "{words}");
    }
    Ok(())
}

#[test]
fn the_table_shows_what_a_table_shows() -> Outcome {
    let (dir, summary) = demo();
    let rows = table(dir.path())?;
    assert_eq!(rows.len(), summary.patients.len());
    let mut missing = 0;
    for (row, patient) in rows.iter().zip(&summary.patients) {
        let id = &patient.patient_id;
        let number = |name: &str| row[name].parse::<f64>();
        assert_eq!(&row["patient_id"], id);
        assert_eq!(number("os_months")?, patient.os_months, "{id}");
        assert_eq!(number("dead")? == 1.0, patient.dead, "{id}");
        assert!(
            number("dfs_months")? > 0.0 && number("dfs_months")? <= patient.os_months,
            "{id}"
        );
        assert!(number("dfs_event")? >= number("dead")?.max(number("relapse")?), "{id}");
        assert!(
            patient.dead == (patient.death_months <= patient.os_months + 0.051),
            "{id}"
        );
        assert_eq!(number("multiple_metastases")? == 1.0, patient.lesions > 1, "{id}");
        assert!((2.0..10.0).contains(&number("max_tumor_size")?), "{id}");
        assert!((30.0..=88.0).contains(&number("age")?), "{id}");
        match row["clinrisk_score"].as_str() {
            "" => missing += 1,
            score => assert_eq!(score, patient.risk_score.to_string(), "{id}"),
        }
        assert!(
            !row.keys()
                .any(|name| name.contains("hazard") || name.contains("heterogeneity"))
        );
    }
    assert!((1..=15).contains(&missing), "{missing} missing scores");
    Ok(())
}

#[test]
fn nothing_else_is_overwritten() -> Outcome {
    let dir = TempDir::new()?;
    fs::write(dir.path().join("thesis.docx"), "years of work")?;
    let error = write_cohort(dir.path(), &options(1, 1, 1), |_, _| {}).err();
    assert!(
        matches!(&error, Some(DemoError::NotADemo { entry, .. }) if entry == "thesis.docx"),
        "{error:?}"
    );
    assert_eq!(files(dir.path())?.len(), 1);

    let dir = TempDir::new()?;
    write_cohort(&dir.path().join("a/b"), &options(1, 1, 1), |_, _| {})?;
    let error = write_cohort(&dir.path().join("a/b"), &options(1, 2, 1), |_, _| {}).err();
    let message = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("(1 patients, seed 1, site primary"), "{message}");
    assert!(message.contains("not 1 patients, seed 2, site primary"), "{message}");

    let file = dir.path().join("file");
    fs::write(&file, "")?;
    assert!(matches!(
        write_cohort(&file, &options(1, 1, 1), |_, _| {}),
        Err(DemoError::Io { .. })
    ));
    for patients in [0, 10_000] {
        let error = write_cohort(&dir.path().join("new"), &options(patients, 1, 1), |_, _| {}).err();
        assert!(matches!(error, Some(DemoError::Patients { found, limit: 9999 }) if found == patients));
    }
    assert!(!dir.path().join("new").exists());
    Ok(())
}

#[test]
fn progress_counts_up_to_the_end() -> Outcome {
    let dir = TempDir::new()?;
    let heard = Mutex::new(Vec::new());
    write_cohort(dir.path(), &options(3, 1, 3), |done, total| {
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
    let (dir, _) = demo();
    let fnv = |bytes: &mut dyn Iterator<Item = u8>| {
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let scan = read_scan(dir.path(), "DEMO-0001")?;
    let voxels = fnv(&mut scan.hu.iter().flat_map(|hu| hu.to_le_bytes()));
    let labels = fnv(&mut scan.mask.iter().copied());
    let table = fnv(&mut fs::read(dir.path().join("clinical.csv"))?.into_iter());
    assert_eq!(
        (radsql_demo::DEFINITION, voxels, labels, table),
        (
            1,
            4_202_619_782_765_139_094,
            1_223_271_241_328_664_417,
            1_892_734_311_880_640_450
        )
    );
    Ok(())
}
