//! `provenance`: the scans behind a table, however a statement names them, and what changed the table since.

use crate::common::cohort;
use crate::worker::{open, run};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use radsql::Session;
use std::path::Path;
use std::process::Command;

async fn rows(session: &Session, sql: &str) -> Vec<Vec<String>> {
    let frame = session.sql(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let mut rows = vec![];
    for batch in frame.collect().await.unwrap_or_else(|e| panic!("{sql}: {e}")) {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|c| cast(c, &DataType::Utf8).unwrap())
            .collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            let text = |column: &datafusion::arrow::array::ArrayRef| column.as_string::<i32>().value(row).to_owned();
            columns.iter().map(text).collect::<Vec<_>>()
        }));
    }
    rows
}

/// As the system's own tool works it out.
fn sum(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().expect("sha256sum");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().next().expect("a hash").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_are_told_however_they_are_named() {
    let data = cohort(3);
    let folder = tempfile::tempdir().unwrap();
    let session = open(&folder.path().join("study.db"));
    let of = |patient: usize, file: &str| {
        let patients = data.path().join("crlm");
        let mut names: Vec<_> = std::fs::read_dir(&patients)
            .unwrap()
            .flatten()
            .map(|e| e.path())
            .collect();
        names.retain(|p| p.is_dir());
        names.sort();
        names[patient].join(file)
    };
    let (ct, mask) = ("ct.nii.gz", "seg/Tumor_1.nii.gz");
    let path = |patient: usize, file: &str| of(patient, file).display().to_string();
    let pair = |patient: usize| format!("'{}', '{}'", path(patient, ct), path(patient, mask));
    let files = async |table: &str| {
        let sql = format!("SELECT name, sha256 FROM provenance('{table}') WHERE kind = 'file' ORDER BY name");
        rows(&session, &sql).await
    };
    let expected = |of_patients: &[usize]| {
        let mut expected: Vec<Vec<String>> = of_patients
            .iter()
            .flat_map(|p| [ct, mask].map(|file| of(*p, file)))
            .map(|file| vec![format!("scans by name: {}", file.display()), sum(&file)])
            .collect();
        expected.sort();
        expected
    };
    for sql in [
        format!("CREATE TABLE literal AS SELECT mask_info({}) AS m", pair(0)),
        format!(
            "CREATE TABLE paths AS SELECT * FROM (VALUES (0, {}), (1, {}), (2, {})) AS v (id, image, mask)",
            pair(0),
            pair(1),
            pair(2)
        ),
        // What a condition leaves out was not read.
        "CREATE TABLE by_path AS SELECT id, mask_info(image, mask) AS m FROM paths WHERE id > 0".into(),
        "CREATE TABLE filled (id BIGINT, spacing DOUBLE)".into(),
        "INSERT INTO filled VALUES (7, 1.0)".into(),
        format!("INSERT INTO filled SELECT 1, mask_info({})['voxels']", pair(1)),
        "UPDATE filled SET spacing = 0 WHERE id = 7".into(),
        format!(
            "PREPARE more AS INSERT INTO filled SELECT $1, mask_info({})['voxels']",
            pair(2)
        ),
        "EXECUTE more(2)".into(),
        "CREATE TABLE last AS SELECT * FROM filled".into(),
        "DELETE FROM filled".into(),
    ] {
        run(&session, &sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    assert_eq!(files("literal").await, expected(&[0]));
    assert_eq!(files("by_path").await, expected(&[1, 2]));
    assert_eq!(files("filled").await, expected(&[1, 2]));
    assert_eq!(files("last").await, expected(&[1, 2]));
    let told = rows(
        &session,
        "SELECT step, kind, name, coalesce(split_part(statement, ' ', 1), '') FROM provenance('last') WHERE kind <> 'file'",
    );
    let expected = [
        ["0", "table", "last", "CREATE"],
        ["1", "table", "filled", "CREATE"],
        ["1", "change", "filled", "INSERT"],
        ["1", "change", "filled", "INSERT"],
        ["1", "change", "filled", "UPDATE"],
        ["1", "change", "filled", "EXECUTE"],
    ];
    assert_eq!(told.await, expected);
    // A scan that cannot be read is told without a hash.
    for sql in [
        "SET radsql.on_error = 'null'",
        "CREATE TABLE gone AS SELECT scan_info('gone.nii.gz') AS i",
    ] {
        run(&session, sql).await.unwrap();
    }
    let gone = "SELECT name, coalesce(sha256, 'none') FROM provenance('gone') WHERE kind = 'file'";
    assert_eq!(rows(&session, gone).await, [["scans by name: gone.nii.gz", "none"]]);
}

/// The rows that an UPDATE and a DELETE look for take memory that is accounted, and the values of rows pass through it in batches.
#[tokio::test(flavor = "multi_thread")]
async fn changes_keep_to_the_limit_of_memory() {
    let folder = tempfile::tempdir().unwrap();
    let session = open(&folder.path().join("large.db"));
    for sql in [
        "SET radsql.memory_limit = '1GB'",
        "CREATE TABLE t AS SELECT value AS id, CAST(value AS DOUBLE) AS n, 'patient ' || value AS name FROM generate_series(1, 2000000)",
        "SET radsql.memory_limit = '16MB'",
    ] {
        run(&session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    for sql in ["UPDATE t SET n = n + 1 WHERE id > 5", "DELETE FROM t WHERE id > 5"] {
        let refused = run(&session, sql).await.unwrap_err();
        assert!(refused.contains("memory"), "{sql}: {refused}");
    }
    run(&session, "SET radsql.memory_limit = '160MB'").await.unwrap();
    run(&session, "UPDATE t SET n = n + 1 WHERE id > 5").await.unwrap();
    let sum = "SELECT CAST(sum(n) AS BIGINT) FROM t";
    assert_eq!(rows(&session, sum).await, [["2000002999995"]]);
}
