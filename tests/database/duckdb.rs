//! DuckDB reads what we write, and we read what it writes.

use crate::worker::{number, open, run};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The environment that `scripts/python.sh` makes.
fn python() -> Option<PathBuf> {
    // This test binary lies in `debug/deps` of the folder that has it.
    let binary = std::env::current_exe().unwrap();
    let found = binary
        .ancestors()
        .map(|folder| folder.join("duckdb-lake/bin/python"))
        .find(|python| python.exists());
    if found.is_none() {
        eprintln!("SKIPPED: no DuckDB with its extension ducklake; bash scripts/python.sh makes the environment");
    }
    found
}

fn duckdb(python: &Path, database: &Path, statements: &[&str]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/database/duckdb_run.py");
    let mut child = Command::new(python)
        .arg(script)
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_string(statements).unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{statements:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_read_and_write_in_turn() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("both.db");
    let session = open(&database);
    for sql in [
        "CREATE TABLE t AS SELECT value AS id, CAST(value AS DOUBLE) / 4 AS x, 'p' || value AS name FROM generate_series(1, 1000)",
        "CREATE TABLE s AS SELECT {a: 1, \"wavelet-LLH_glcm_Idm\": 2.5} AS r, [1.0, 2.0] AS l, DATE '2026-11-26' AS d, true AS b",
        "CREATE TABLE times AS SELECT now() AS at, TIMESTAMP '2026-11-26 10:00:00.5' AS t, TIMESTAMP '2026-11-26 10:00:00' AT TIME ZONE 'Europe/Berlin' AS zoned, arrow_cast(90, 'Duration(Second)') AS span",
        "CREATE TABLE late AS SELECT 1 AS id",
        "ALTER TABLE late ADD COLUMN c INTEGER DEFAULT 5",
        "INSERT INTO late VALUES (2, 10)",
        "UPDATE t SET x = 0 WHERE id = 5",
        "DELETE FROM t WHERE id > 990",
        "CREATE VIEW high AS SELECT id, x FROM t WHERE x > 200",
        "ALTER TABLE t ADD COLUMN site VARCHAR DEFAULT 'here'",
        "ALTER TABLE t RENAME COLUMN name TO patient",
        "INSERT INTO t VALUES (2000, 1.5, 'late', 'there')",
        "COMMENT ON TABLE t IS 'patients'",
    ] {
        run(&session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    let versions = number(&session, "SELECT max(version) FROM snapshots()").await;
    let before = format!("SELECT count(*), sum(x) FROM t AT (VERSION => {})", versions - 6);
    let answers = duckdb(
        &python,
        &database,
        &[
            "SELECT count(*), sum(id), sum(x), max(patient), min(site), max(site) FROM t",
            "SELECT r['wavelet-LLH_glcm_Idm'], l, d, b FROM s",
            "SELECT count(*) FROM high",
            "SELECT count(*) FROM late WHERE c = 5",
            "SELECT t, span FROM times",
            &before,
            "INSERT INTO t VALUES (3000, 2.5, 'of duckdb', 'duck')",
            "CREATE TABLE ducks AS SELECT 7 AS n, 'quack' AS says",
            "CREATE TABLE swans AS SELECT 1 AS a",
            "ALTER TABLE swans RENAME TO geese",
            "CREATE TABLE huge AS SELECT 1::HUGEINT AS h",
            "CREATE VIEW pond(a, \"b c\") AS SELECT n, says FROM ducks",
            "SELECT count(*) FROM t",
        ],
    );
    assert_eq!(answers[0], json!([[991, 492_545, 122_636.5, "p990", "here", "there"]]));
    assert_eq!(answers[1], json!([[2.5, [1.0, 2.0], "2026-11-26", true]]));
    assert_eq!(
        answers[2][0][0],
        json!(number(&session, "SELECT count(*) FROM high").await)
    );
    assert_eq!(answers[3], json!([[1]]));
    assert_eq!(answers[4], json!([["2026-11-26 10:00:00.500000", 90]]));
    assert_eq!(answers[12], json!([[992]]));
    // An old version is the same to both.
    let count = number(&session, &before.replace("count(*), sum(x)", "count(*)")).await;
    let sum = number(
        &session,
        &before.replace("count(*), sum(x)", "CAST(sum(x) * 4 AS BIGINT)"),
    )
    .await;
    assert_eq!(answers[5], json!([[count, sum as f64 / 4.0]]));
    // What it wrote is here, and can be changed.
    assert_eq!(number(&session, "SELECT count(*) FROM t WHERE site = 'duck'").await, 1);
    assert_eq!(number(&session, "SELECT CAST(n AS BIGINT) FROM ducks").await, 7);
    assert_eq!(
        number(&session, "SELECT CAST(a AS BIGINT) FROM pond WHERE \"b c\" = 'quack'").await,
        7
    );
    // As another database too, where names without a place are not its own.
    let beside = radsql::Session::new().unwrap();
    run(&beside, &format!("ATTACH '{}' AS x", database.display()))
        .await
        .unwrap();
    assert_eq!(number(&beside, "SELECT CAST(a AS BIGINT) FROM x.pond").await, 7);
    assert_eq!(number(&session, "SELECT CAST(a AS BIGINT) FROM geese").await, 1);
    // A type that only DuckDB has is told, and is in nobody's way.
    assert!(run(&session, "SELECT * FROM huge").await.is_err());
    run(&session, "VACUUM").await.unwrap();
    for sql in ["UPDATE t SET x = 9 WHERE site = 'duck'", "DELETE FROM t WHERE id = 1"] {
        run(&session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    let answers = duckdb(
        &python,
        &database,
        &["SELECT x FROM t WHERE id = 3000", "SELECT count(*) FROM t"],
    );
    assert_eq!(answers, [json!([[9.0]]), json!([[991]])]);
}

/// Rows that DuckDB keeps in the catalog, where its user tells it to, are read, and no change passes them by.
#[tokio::test(flavor = "multi_thread")]
async fn rows_in_the_catalog_are_not_passed_by() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("both.db");
    let session = open(&database);
    run(
        &session,
        "CREATE TABLE t AS SELECT value AS id, 0 AS n FROM generate_series(1, 5)",
    )
    .await
    .unwrap();
    duckdb(
        &python,
        &database,
        &[
            "CALL lake.set_option('data_inlining_row_limit', 100)",
            "INSERT INTO t VALUES (6, 0)",
            "DELETE FROM t WHERE id = 1",
        ],
    );
    assert_eq!(number(&session, "SELECT CAST(sum(id) AS BIGINT) FROM t").await, 20);
    for sql in ["UPDATE t SET n = 1 WHERE id < 3", "DELETE FROM t WHERE id < 3"] {
        let refused = run(&session, sql).await.unwrap_err();
        assert!(
            refused.contains("rows that DuckDB keeps in the catalog"),
            "{sql}: {refused}"
        );
    }
    duckdb(&python, &database, &["CALL ducklake_flush_inlined_data('lake')"]);
    for sql in ["UPDATE t SET n = 1 WHERE id > 4", "DELETE FROM t WHERE id = 2"] {
        run(&session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    assert_eq!(number(&session, "SELECT CAST(sum(id) AS BIGINT) FROM t").await, 18);
    let answers = duckdb(&python, &database, &["SELECT count(*), sum(id), sum(n) FROM t"]);
    assert_eq!(answers, [json!([[4, 18, 2]])]);
}
