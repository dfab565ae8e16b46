//! Features through SQL: PyRadiomics' numbers from file to row, and what the cache makes of a second query.

mod common;

use common::run;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Float64Type;
use radsql::Session;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Feature and value of every row, from rows (feature, value).
async fn features(session: &Session, sql: &str) -> BTreeMap<String, f64> {
    let frame = session.sql(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let batches = frame.collect().await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let mut found = BTreeMap::new();
    for batch in batches {
        let names = datafusion::arrow::compute::cast(batch.column(0), &datafusion::arrow::datatypes::DataType::Utf8);
        let names = names.expect("texts");
        let (names, values) = (names.as_string::<i32>(), batch.column(1).as_primitive::<Float64Type>());
        found.extend(
            names
                .iter()
                .flatten()
                .map(String::from)
                .zip(values.values().iter().copied()),
        );
    }
    found
}

const SETS: [(&str, &str, usize); 4] = [
    (".orig107", "default", 107),
    ("", "wavelet", 851),
    (
        ".log_bc32",
        "{imageType: {Original: {}, LoG: {sigma: [1.0, 2.0, 3.0]}}, setting: {binCount: 32}}",
        386,
    ),
    (".resamp111", "setting: {resampledPixelSpacing: [1, 1, 1]}", 107),
];

#[test]
fn features_equal_pyradiomics() {
    let Some(shared) = common::shared() else { return };
    let data = shared.join("data");
    let (mut compared, mut worst, mut wrong) = (0, 0.0f64, Vec::new());
    common::runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        for (case, format, image, mask) in [
            ("brain1", "NRRD", "nrrd/brain1_image.nrrd", "nrrd/brain1_label.nrrd"),
            (
                "sts001",
                "NIFTI",
                "sts/nifti/STS_001/CT_image.nii.gz",
                "sts/nifti/STS_001/CT_mask.nii.gz",
            ),
            (
                "sts002",
                "NIFTI",
                "sts/nifti/STS_002/CT_image.nii.gz",
                "sts/nifti/STS_002/CT_mask.nii.gz",
            ),
            (
                "ibsi1ct",
                "NIFTI",
                "ibsi/ct_phantom/nifti/image/phantom.nii.gz",
                "ibsi/ct_phantom/nifti/mask/mask.nii.gz",
            ),
        ] {
            let table = format!(
                "CREATE EXTERNAL TABLE {case} STORED AS {format} LOCATION '{}' OPTIONS (image '{image}', mask '{mask}')",
                data.display()
            );
            run(&session, &table).await.unwrap_or_else(|e| panic!("{table}: {e}"));
            for (set, settings, count) in SETS {
                let long = format!(
                    "SELECT feature, value FROM unpivot_features((SELECT patient_id, radiomics(image, mask, '{settings}') AS r \
                     FROM {case}), id => patient_id)"
                );
                let found = features(&session, &long).await;
                let file = shared.join(format!("conformance/radiomics/{case}{set}.csv"));
                let mut expected = csv::Reader::from_path(file).expect("a file");
                for row in expected.deserialize() {
                    let (name, expected): (String, f64) = row.expect("a row");
                    let by = (found[&name] - expected).abs() / expected.abs();
                    compared += 1;
                    worst = worst.max(by);
                    if by.is_nan() || by > 1e-9 {
                        wrong.push(format!("{case}{set} {name}: {by:e}"));
                    }
                }
                assert_eq!(found.len(), count, "{case}{set}");
            }
        }
    });
    eprintln!("{compared} values, largest relative difference {worst:.1e}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(compared, 4 * (107 + 851 + 386 + 107));
}

/// Features that were computed and that the cache gave, since the last call.
struct Counts<'a>(&'a Session, u64, u64);

impl Counts<'_> {
    fn since(&mut self) -> (u64, u64) {
        let now = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
        let (computed, cached) = (now(&self.0.work().features), now(&self.0.work().cached_features));
        let since = (computed - self.1, cached - self.2);
        (self.1, self.2) = (computed, cached);
        since
    }
}

async fn cached_session(cohort: &Path, cache: &Path) -> Session {
    let session = common::session_on(cohort).await;
    let set = format!("SET radsql.cache_dir = '{}'", cache.display());
    run(&session, &set).await.expect("a setting");
    session
}

fn cache_file(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder)
        .expect("a folder")
        .map(|e| e.expect("an entry").path());
    let mut files = files.filter(|p| p.extension().is_some_and(|e| e == "sqlite"));
    files.next().expect("a cache")
}

const ALL: &str = "SELECT patient_id, radiomics(image, mask, 'wavelet') AS r FROM scans ORDER BY patient_id";

#[test]
fn what_was_computed_is_not_computed_again() {
    let (cohort, cache) = (common::cohort(3), tempfile::tempdir().expect("a folder"));
    common::runtime(2).block_on(async {
        let session = cached_session(cohort.path(), cache.path()).await;
        let plain = common::session_on(cohort.path()).await;
        let mut counts = Counts(&session, 0, 0);
        let two = "SELECT r['original_glcm_Idm'], r['wavelet-HHH_glcm_Idm'] FROM (SELECT radiomics(image, mask, 'wavelet') AS r FROM scans)";
        run(&session, two).await.expect("features");
        assert_eq!(counts.since(), (6, 0));
        // Other features of the same scans are added, under the name of other settings too.
        let three = "SELECT r['original_glcm_Idm'], r['original_shape_Sphericity'] FROM (SELECT radiomics(image, mask) AS r FROM scans)";
        run(&session, three).await.expect("features");
        assert_eq!(counts.since(), (3, 3));
        let first = run(&session, ALL).await.expect("features");
        assert_eq!(counts.since(), (3 * 848, 9));
        let second = run(&session, ALL).await.expect("features");
        assert_eq!(counts.since(), (0, 3 * 851));
        assert_eq!(first, second);
        assert_eq!(first, run(&plain, ALL).await.expect("features"));
        // Settings that the values depend on are told apart.
        let other = "SELECT r['original_glcm_Idm'], r['original_shape_Sphericity'] FROM \
                     (SELECT radiomics(image, mask, 'setting: {binWidth: 10}') AS r FROM scans)";
        run(&session, other).await.expect("features");
        assert_eq!(counts.since(), (3, 3));
        // Another session, as of another process.
        let later = cached_session(cohort.path(), cache.path()).await;
        assert_eq!(run(&later, ALL).await.expect("features"), first);
        assert_eq!(Counts(&later, 0, 0).since(), (0, 3 * 851));
        let listed = run(&session, "SELECT count(*), sum(features), count(DISTINCT image) FROM radsql_cache()").await;
        assert_eq!(listed.expect("a list"), [format!("{}|{}|3", 3 * 11, 3 * 852)]);
        run(&session, "SET radsql.cache_dir = ''").await.expect("a setting");
        run(&session, two).await.expect("features");
        assert_eq!(counts.since(), (6, 0));
    });
    // No path, no name.
    let bytes = fs::read(cache_file(cache.path())).expect("a cache");
    for word in ["DEMO", "nii", "scans", "tmp"] {
        assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
    }
}

#[test]
fn a_changed_file_is_another_scan() {
    let (cohort, cache) = (common::cohort(2), tempfile::tempdir().expect("a folder"));
    common::runtime(2).block_on(async {
        let session = cached_session(cohort.path(), cache.path()).await;
        let mut counts = Counts(&session, 0, 0);
        let sql =
            "SELECT patient_id, radiomics(image, mask)['original_firstorder_Mean'] FROM scans ORDER BY patient_id";
        let before = run(&session, sql).await.expect("features");
        let (a, b) = (
            cohort.path().join("crlm/CRLM-DEMO-0001"),
            cohort.path().join("crlm/CRLM-DEMO-0002"),
        );
        // The same bytes under another name are the same scan.
        let link = cohort.path().join("crlm/CRLM-DEMO-0003");
        fs::create_dir_all(link.join("seg")).expect("a folder");
        for file in ["ct.nii.gz", "seg/Tumor_1.nii.gz"] {
            fs::copy(a.join(file), link.join(file)).expect("a copy");
        }
        counts.since();
        let with_copy = run(&session, sql).await.expect("features");
        assert_eq!((counts.since(), with_copy.len()), ((0, 3), 3));
        assert_eq!(
            with_copy[2].split_once('|').map(|p| p.1),
            before[0].split_once('|').map(|p| p.1)
        );
        // Another mask in its place, which is not asked for by name or time.
        fs::copy(b.join("ct.nii.gz"), a.join("ct.nii.gz")).expect("a copy");
        fs::copy(b.join("seg/Tumor_1.nii.gz"), a.join("seg/Tumor_1.nii.gz")).expect("a copy");
        let after = run(&session, sql).await.expect("features");
        assert_eq!(counts.since(), (0, 3));
        assert_eq!(
            after[0].split_once('|').map(|p| p.1),
            before[1].split_once('|').map(|p| p.1)
        );
    });
}

#[test]
fn a_damaged_or_missing_cache_is_no_error() {
    let (cohort, cache) = (common::cohort(2), tempfile::tempdir().expect("a folder"));
    common::runtime(2).block_on(async {
        let plain = common::session_on(cohort.path()).await;
        let expected = run(&plain, ALL).await.expect("features");
        for damage in 0..4 {
            let session = cached_session(cohort.path(), cache.path()).await;
            assert_eq!(run(&session, ALL).await.expect("features"), expected, "{damage}");
            drop(session);
            let file = cache_file(cache.path());
            let mut bytes = fs::read(&file).expect("a cache");
            match damage {
                0 => bytes.truncate(bytes.len() / 2),
                1 => bytes.iter_mut().skip(5000).step_by(97).for_each(|b| *b ^= 0xff),
                2 => bytes = b"no database".to_vec(),
                _ => bytes.clear(),
            }
            for beside in ["-wal", "-shm"] {
                let mut name = file.clone().into_os_string();
                name.push(beside);
                let _ = fs::remove_file(name);
            }
            fs::write(&file, bytes).expect("damage");
        }
        let session = cached_session(cohort.path(), cache.path()).await;
        fs::remove_dir_all(cache.path()).expect("removed");
        assert_eq!(run(&session, ALL).await.expect("features"), expected);
    });
}

#[test]
fn one_scan_is_shared_by_the_threads() {
    let cohort = common::cohort(1);
    let bits = |threads: usize| {
        common::runtime(4).block_on(async {
            let session = common::session_on(cohort.path()).await;
            run(&session, &format!("SET radsql.threads = {threads}"))
                .await
                .expect("a setting");
            run(&session, ALL).await.expect("features")
        })
    };
    let alone = bits(1);
    assert!(bits(2) == alone && bits(4) == alone);
}
