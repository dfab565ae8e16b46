//! Statements on a database, from making it to opening it again.

use crate::engine::{Session, SessionBuilder, message};
use datafusion::arrow::util::pretty::pretty_format_batches;
use std::path::Path;

fn open(path: &Path) -> Session {
    let builder = SessionBuilder {
        database: Some(path.into()),
        ..SessionBuilder::default()
    };
    builder.build().unwrap()
}

async fn run(session: &Session, sql: &str) -> Result<String, String> {
    let told = |e| message(&e);
    let batches = session.sql(sql).await.map_err(told)?.collect().await.map_err(told)?;
    Ok(pretty_format_batches(&batches).unwrap().to_string())
}

async fn all(session: &Session, statements: &[&str]) -> String {
    let mut last = String::new();
    for sql in statements {
        last = run(session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let session = open(&path);
    all(
        &session,
        &[
            "CREATE TABLE t AS SELECT value AS id, CAST(value AS DOUBLE) / 2 AS x, 'p' || value AS name, {a: value, b: [value, 1]} AS s \
             FROM generate_series(1, 1000)",
            "INSERT INTO t VALUES (1001, NULL, 'late', NULL)",
            "DELETE FROM t WHERE id <= 10",
            "UPDATE t SET x = 0, name = 'changed' WHERE id = 500",
        ],
    )
    .await;
    let query = "SELECT count(*) AS n, sum(id) AS ids, sum(x) AS x, count(s) AS s, max(name) FILTER (WHERE id = 500) AS c FROM t";
    let before = run(&session, query).await.unwrap();
    assert!(before.contains("991 |"), "{before}");
    drop(session);
    let session = open(&path);
    assert_eq!(run(&session, query).await.unwrap(), before);
    let e = run(&session, "CREATE TABLE t AS SELECT 1 AS a").await.unwrap_err();
    assert!(e.contains("already exists"), "{e}");
    let e = run(
        &session,
        "CREATE TABLE u AS SELECT 1 / (value - 5) AS a FROM generate_series(1, 9)",
    )
    .await;
    assert!(e.is_err());
    assert!(run(&session, "SELECT * FROM u").await.is_err());
    all(
        &session,
        &[
            "CREATE OR REPLACE TABLE t AS SELECT 'other' AS id",
            "DROP TABLE IF EXISTS u",
        ],
    )
    .await;
    assert!(run(&session, "SELECT id FROM t").await.unwrap().contains("other"));
    all(&session, &["TRUNCATE TABLE t", "DROP TABLE t"]).await;
    assert!(run(&session, "SELECT * FROM t").await.is_err());
}
