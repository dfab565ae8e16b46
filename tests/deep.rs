//! Deep features through SQL, at the numbers of SimpleITK and PyTorch (tests/golden/deep/scans.csv).

mod common;

use common::{run, runtime};
use radsql::Session;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

async fn models(session: &Session) {
    for (name, file) in [
        ("tiny", "tests/golden/deep/models/tiny.onnx"),
        ("resnet10", "examples/deep/resnet10.onnx"),
    ] {
        let sql = format!("CREATE MODEL {name} FROM '{}'", root(file).display());
        run(session, &sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

/// The features of a scan, one a row.
fn features(image: &Path, mask: &Path, model: &str) -> String {
    format!(
        "SELECT unnest(deep_features('{}', '{}', '{model}'))",
        image.display(),
        mask.display()
    )
}

async fn numbers(session: &Session, sql: &str) -> Vec<f64> {
    let rows = run(session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    rows.iter().map(|v| v.parse().expect("a number")).collect()
}

#[test]
fn features_of_scans_are_those_of_simpleitk_and_pytorch() {
    let text = std::fs::read_to_string(root("tests/golden/deep/scans.csv")).expect("a file");
    let shared = common::shared();
    let mut compared = 0;
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        models(&session).await;
        for line in text.lines() {
            let cells: Vec<&str> = line.split(',').collect();
            let (image, mask) = match (cells[0], &shared) {
                ("small", _) => (
                    root("tests/golden/dicom/masks/image"),
                    root("tests/golden/dicom/labels/same.nii.gz"),
                ),
                (_, Some(shared)) => {
                    let folder = shared.join("data/sts/nifti/STS_001");
                    (folder.join("CT_image.nii.gz"), folder.join("CT_mask.nii.gz"))
                }
                (_, None) => continue,
            };
            let found = numbers(&session, &features(&image, &mask, cells[1])).await;
            assert_eq!(found.len(), cells.len() - 2, "{} {}", cells[0], cells[1]);
            for (found, expected) in found.iter().zip(&cells[2..]) {
                let expected: f64 = expected.parse().expect("a number");
                assert!(
                    (found - expected).abs() <= 1e-5,
                    "{} {}: {found}, PyTorch {expected}",
                    cells[0],
                    cells[1]
                );
                compared += 1;
            }
        }
    });
    assert!(compared >= 272, "{compared}");
}

#[test]
fn the_same_bits_on_any_number_of_threads_and_batches() {
    let cohort = common::cohort(6);
    let mut answers = vec![];
    for (threads, batch) in [(1, 8192), (2, 1), (8, 4)] {
        runtime(threads).block_on(async {
            let session = common::session_on(cohort.path()).await;
            models(&session).await;
            for sql in [
                format!("SET radsql.threads = {threads}"),
                format!("SET datafusion.execution.batch_size = {batch}"),
            ] {
                run(&session, &sql).await.expect("a setting");
            }
            let sql = "SELECT patient_id, deep_features(image, mask, 'resnet10') FROM scans ORDER BY patient_id";
            let rows = run(&session, sql).await.expect("rows");
            assert_eq!(rows.len(), 6);
            answers.push(rows);
        });
    }
    assert!(answers.iter().all(|a| *a == answers[0]));
}

#[test]
fn what_was_computed_is_kept_by_model_and_scan() {
    let (cohort, cache) = (common::cohort(3), tempfile::tempdir().expect("a folder"));
    runtime(2).block_on(async {
        let work = |session: &Session| {
            let work = session.work();
            (
                work.features.load(Ordering::Relaxed),
                work.cached_features.load(Ordering::Relaxed),
            )
        };
        let sql = "SELECT patient_id, deep_features(image, mask, 'resnet10') FROM scans ORDER BY patient_id";
        let first = {
            let session = common::session_on(cohort.path()).await;
            models(&session).await;
            let place = format!("SET radsql.cache_dir = '{}'", cache.path().display());
            run(&session, &place).await.expect("a setting");
            let rows = run(&session, sql).await.expect("rows");
            assert_eq!(work(&session), (3 * 256, 0));
            rows
        };
        let session = Session::with_cache_dir(&cache.path().display().to_string()).expect("a session");
        models(&session).await;
        let dir = cohort.path().display();
        run(
            &session,
            &format!(
                "CREATE EXTERNAL TABLE scans STORED AS NIFTI LOCATION '{dir}/crlm/' \
                 OPTIONS (image '{{patient_id}}/ct.nii.gz', mask '{{patient_id}}/seg/Tumor_1.nii.gz')"
            ),
        )
        .await
        .expect("a table");
        assert_eq!(run(&session, sql).await.expect("rows"), first);
        assert_eq!(work(&session), (0, 3 * 256), "all from the cache");
        let kept = run(
            &session,
            "SELECT DISTINCT image_type, settings LIKE 'sha256=%' FROM radsql_cache()",
        )
        .await;
        assert_eq!(kept.expect("rows"), ["deep|true"]);
        // Another preprocessing of the same weights is another model.
        let change = format!(
            "CREATE OR REPLACE MODEL resnet10 FROM '{}' WITH (spacing = [2, 2, 2])",
            root("examples/deep/resnet10.onnx").display()
        );
        run(&session, &change).await.expect("a model");
        assert_ne!(run(&session, sql).await.expect("rows"), first);
        assert_eq!(work(&session).0, 3 * 256);
    });
}

#[test]
fn deep_features_are_covariates_beside_radiomics() {
    let cohort = common::cohort(24);
    runtime(2).block_on(async {
        let session = common::session_on(cohort.path()).await;
        models(&session).await;
        run(
            &session,
            "CREATE TABLE f AS SELECT clinical.*, radiomics(image, mask).original_firstorder_Mean AS mean,
                    deep_features(image, mask, 'tiny') AS deep
             FROM scans JOIN clinical USING (patient_id)",
        )
        .await
        .expect("a table");
        let rows = run(
            &session,
            "SELECT term FROM univariate_cox((SELECT overall_survival_months, vital_status, mean, deep FROM f), time => overall_survival_months, event => vital_status)",
        )
        .await
        .expect("rows");
        assert_eq!(rows.len(), 17);
        assert!(rows.contains(&"mean".to_string()) && rows.contains(&"deep_15".to_string()), "{rows:?}");
        let kept = run(&session, "SELECT count(*) FROM correlation_filter((SELECT deep FROM f), cutoff => 0.9)").await;
        assert_eq!(kept.expect("rows"), ["16"]);
    });
}

#[test]
fn a_scan_that_fails_is_told_and_loses_no_other() {
    let cohort = common::cohort(2);
    let first = cohort.path().join("crlm/CRLM-DEMO-0001");
    let bytes = std::fs::read(first.join("ct.nii.gz")).expect("a file");
    std::fs::write(first.join("ct.nii.gz"), &bytes[..bytes.len() / 3]).expect("a file");
    runtime(2).block_on(async {
        let session = common::session_on(cohort.path()).await;
        models(&session).await;
        let sql = "SELECT count(deep_features(image, mask, 'tiny')), count(*) FROM scans";
        let e = run(&session, sql).await.expect_err("a damaged file");
        assert!(
            e.starts_with("deep_features: image: ") && e.contains("ct.nii.gz"),
            "{e}"
        );
        run(&session, "SET radsql.on_error = 'null'").await.expect("a setting");
        assert_eq!(run(&session, sql).await.expect("rows"), ["1|2"]);
        let told = run(&session, "SELECT DISTINCT function FROM scan_errors()").await;
        assert_eq!(told.expect("rows"), ["deep_features"]);
    });
}
