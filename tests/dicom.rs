//! DICOM through SQL, at the numbers of SimpleITK and PyRadiomics, and in folders that are not as they should be.

mod common;

use common::{run, runtime};
use radsql::Session;
use std::fs;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/dicom")
        .join(name)
}

async fn table(session: &Session, name: &str, folder: &Path) {
    let sql = format!(
        "CREATE EXTERNAL TABLE {name} STORED AS DICOM LOCATION '{}'",
        folder.display()
    );
    run(session, &sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => fs::copy(entry.path(), target).map(|_| ()).expect("a copy"),
        }
    }
}

#[test]
fn crlm_has_three_regions_with_the_geometry_of_simpleitk() {
    let Some(shared) = common::shared() else { return };
    let real: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(golden("real.json")).expect("a file")).expect("JSON");
    let series = &real["series"]["crlm/CRLM-CT-1004/CT"];
    let segments = &real["segments"]["crlm/CRLM-CT-1004/SEG"];
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        table(&session, "crlm", &shared.join("data/crlm")).await;
        let rows = run(
            &session,
            "SELECT patient_id, region, nx, ny, nz, sx, sy, sz, i.origin_x, i.origin_y, i.origin_z, i.min, i.max, voxels
             FROM (SELECT *, scan_info(image) AS i, mask_info(image, mask).voxels AS voxels FROM crlm)",
        )
        .await
        .expect("rows");
        assert_eq!(rows.len(), 3);
        for (row, region) in rows.iter().zip(["Liver", "Tumor_1", "Tumor_2"]) {
            let cells: Vec<&str> = row.split('|').collect();
            assert_eq!(cells[..2], ["CRLM-CT-1004", region]);
            let numbers: Vec<f64> = cells[2..].iter().map(|c| c.parse().expect("a number")).collect();
            let mut expected: Vec<f64> = ["size", "spacing", "origin"]
                .iter()
                .flat_map(|key| series[key].as_array().expect("a list"))
                .map(|v| v.as_f64().expect("a number"))
                .collect();
            expected.extend(["minimum", "maximum"].map(|key| series[key].as_f64().expect("a number")));
            expected.push(segments[region]["voxels"].as_f64().expect("a number"));
            for (found, expected) in numbers.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                    "{row}: {expected}"
                );
            }
        }
    });
}

#[test]
fn crlm_has_the_features_of_pyradiomics_on_the_converted_files() {
    let Some(shared) = common::shared() else { return };
    let text = fs::read_to_string(golden("features.csv")).expect("a file");
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let head = lines.next().expect("a head");
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        table(&session, "crlm", &shared.join("data/crlm")).await;
        let rows = run(
            &session,
            "SELECT region, f.feature, f.value
             FROM (SELECT region, unnest(feature_list(radiomics(image, mask, 'wavelet'))) AS f FROM crlm)",
        )
        .await
        .expect("rows");
        assert_eq!(rows.len(), 3 * 851);
        let found: std::collections::HashMap<(&str, &str), f64> = rows
            .iter()
            .map(|row| {
                let cells: Vec<&str> = row.split('|').collect();
                ((cells[0], cells[1]), cells[2].parse().expect("a number"))
            })
            .collect();
        let mut worst = (0.0, String::new());
        let mut compared = 0;
        for line in lines {
            for (region, expected) in head[1..].iter().zip(&line[1..]) {
                let expected: f64 = expected.parse().expect("a number");
                let value = found[&(*region, line[0])];
                let difference = (value - expected).abs() / expected.abs().max(1e-3);
                if difference.is_nan() || difference > worst.0 {
                    worst = (
                        difference,
                        format!("{region} {}: {value}, PyRadiomics {expected}", line[0]),
                    );
                }
                compared += 1;
            }
        }
        assert_eq!(compared, 3 * 851);
        assert!(worst.0 <= 1e-6, "{} ({:e})", worst.1, worst.0);
        eprintln!("largest difference: {:e} ({})", worst.0, worst.1);
    });
}

#[test]
fn dicom_and_nifti_of_one_scan_give_one_answer() {
    let Some(shared) = common::shared() else { return };
    let nifti = shared.join("data/sts/nifti/STS_001");
    let (image, mask) = (nifti.join("CT_image.nii.gz"), nifti.join("CT_mask.nii.gz"));
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        table(&session, "sts", &shared.join("data/sts/dicom")).await;
        let features = |image: &str, mask: &str, from: &str| {
            format!("SELECT unnest(feature_list(radiomics({image}, {mask}))).value {from}")
        };
        let values = |rows: Vec<String>| -> Vec<f64> { rows.iter().map(|v| v.parse().expect("a number")).collect() };
        let of_dicom = values(
            run(&session, &features("image", "mask", "FROM sts"))
                .await
                .expect("rows"),
        );
        let quoted = |p: &Path| format!("'{}'", p.display());
        let of_nifti = run(&session, &features(&quoted(&image), &quoted(&mask), ""))
            .await
            .expect("rows");
        // The label file for the DICOM image, and the structure set for the NIfTI image.
        let mixed = run(&session, &features("image", &quoted(&mask), "FROM sts"))
            .await
            .expect("rows");
        let crossed = run(&session, &features(&quoted(&image), "mask", "FROM sts"))
            .await
            .expect("rows");
        assert_eq!(of_dicom.len(), 107);
        for other in [of_nifti, mixed, crossed] {
            for (a, b) in of_dicom.iter().zip(values(other)) {
                assert!((a - b).abs() <= 1e-6 * a.abs().max(1e-3), "{a} {b}");
            }
        }
    });
}

#[test]
fn a_slice_that_cannot_be_read_is_no_shorter_series() {
    let dir = tempfile::tempdir().expect("a folder");
    copy(&golden("masks"), dir.path());
    let slice = fs::read_dir(dir.path().join("image"))
        .expect("a folder")
        .map(|e| e.expect("an entry").path())
        .max()
        .expect("a slice");
    let whole = fs::read(&slice).expect("a file");
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        table(&session, "m", dir.path()).await;
        assert_eq!(run(&session, "SELECT DISTINCT nz FROM m").await.expect("rows"), ["6"]);
        for length in [140, 400, whole.len() / 2, whole.len() - 1] {
            fs::write(&slice, &whole[..length]).expect("a file");
            let name = slice.file_name().expect("a name").to_string_lossy().into_owned();
            let e = run(&session, "SELECT nz FROM m").await.expect_err("a damaged slice");
            assert!(e.contains(&name) && e.starts_with("scan: "), "{e}");
            run(&session, "SET radsql.on_error = 'null'").await.expect("a setting");
            let rows = run(&session, "SELECT count(*), count(scan_info(image)) FROM m")
                .await
                .expect("rows");
            assert!(rows[0].ends_with("|0"), "{rows:?}");
            let said = run(
                &session,
                "SELECT message FROM scan_errors() WHERE function = 'scan_info'",
            )
            .await
            .expect("rows");
            assert!(
                said.last()
                    .is_some_and(|e| e.contains(&name) && e.contains("may be one of them")),
                "{said:?}"
            );
            run(&session, "SET radsql.on_error = 'fail'").await.expect("a setting");
        }
        fs::write(&slice, &whole).expect("a file");
        assert_eq!(run(&session, "SELECT DISTINCT nz FROM m").await.expect("rows"), ["6"]);
    });
}

#[test]
fn masks_without_their_image_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    copy(&golden("masks"), dir.path());
    fs::remove_dir_all(dir.path().join("image")).expect("no image");
    copy(&golden("cases/rle"), &dir.path().join("other"));
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        table(&session, "m", dir.path()).await;
        let rows = run(&session, "SELECT region, mask FROM m").await.expect("rows");
        assert_eq!(rows, ["NULL|NULL"]);
        let said = run(
            &session,
            "SELECT message FROM scan_errors() WHERE mask LIKE '%binary.dcm#segment=Leber'",
        )
        .await
        .expect("rows");
        assert_eq!(said, ["no image of the table belongs to this mask"]);
    });
}

#[test]
fn features_are_kept_by_what_files_hold_and_not_by_their_names() {
    let (one, two, cache) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    copy(&golden("masks/image"), &one.path().join("image"));
    fs::copy(golden("masks/binary.dcm"), one.path().join("seg.dcm")).expect("a copy");
    // The same files under other names, in another order, in several folders.
    for (i, entry) in fs::read_dir(golden("masks/image")).expect("a folder").enumerate() {
        let to = two.path().join(format!("{}/deep", i % 2));
        fs::create_dir_all(&to).expect("a folder");
        fs::copy(entry.expect("an entry").path(), to.join(format!("{}", 99 - i))).expect("a copy");
    }
    fs::copy(golden("masks/binary.dcm"), two.path().join("0/x")).expect("a copy");
    runtime(2).block_on(async {
        let session = Session::with_cache_dir(&cache.path().display().to_string()).expect("a session");
        table(&session, "one", one.path()).await;
        table(&session, "two", two.path()).await;
        let sql =
            |t: &str| format!("SELECT region, radiomics(image, mask).original_glcm_Contrast FROM {t} ORDER BY region");
        let first = run(&session, &sql("one")).await.expect("rows");
        let computed = session.work().features.load(std::sync::atomic::Ordering::Relaxed);
        assert!(computed > 0);
        let second = run(&session, &sql("two")).await.expect("rows");
        assert_eq!((second.len(), &second), (3, &first));
        let again = session.work().features.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(again, computed, "taken from the cache");
    });
    // A folder as mask: what is computed follows the file in it, though the image beside it stays as it is.
    let mixed = tempfile::tempdir().expect("a folder");
    copy(&golden("masks/image"), mixed.path());
    runtime(2).block_on(async {
        let session = Session::with_cache_dir(&cache.path().display().to_string()).expect("a session");
        let (folder, image) = (mixed.path().display(), golden("masks/image"));
        let sql = format!(
            "SELECT radiomics('{}', '{folder}').original_shape_VoxelVolume",
            image.display()
        );
        let mut answers = vec![];
        for of in ["fractional.dcm", "outside.dcm"] {
            fs::copy(golden("masks").join(of), mixed.path().join("mask")).expect("a copy");
            answers.push(run(&session, &sql).await);
        }
        assert!(answers[0].is_ok(), "{answers:?}");
        assert_ne!(answers[0], answers[1]);
    });
    // Nothing of a patient can be read in what is kept.
    for entry in fs::read_dir(cache.path()).expect("a folder") {
        let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
        for marker in [&b"MARKER"[..], b"1.2.826.0.1.3680043"] {
            assert!(!bytes.windows(marker.len()).any(|w| w == marker));
        }
    }
}
