//! Processes are killed at random moments: what they said is done is there, and nothing half done is.

use crate::worker::{notes, number, open, run, start};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Rounds of three processes; `RADSQL_ROUNDS` says otherwise.
const ROUNDS: u64 = 200;

/// A number that looks like chance, the same in every run.
fn random(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_there_and_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let (database, told) = (folder.path().join("crash.db"), folder.path().join("notes.txt"));
    let session = open(&database);
    for sql in [
        "CREATE TABLE rows (id BIGINT, part VARCHAR, n BIGINT)",
        "CREATE TABLE pair AS SELECT * FROM (VALUES (1, 0), (2, 0)) AS v(id, n)",
        "CREATE TABLE whole AS SELECT CAST(0 AS BIGINT) AS id, value AS n FROM generate_series(1, 100000)",
    ] {
        run(&session, sql).await.unwrap();
    }
    drop(session);
    let rounds = std::env::var("RADSQL_ROUNDS").map_or(ROUNDS, |n| n.parse().unwrap());
    let mut seed = 20_261_126;
    for round in 1..=rounds {
        let works = match round % 2 {
            0 => ["insert", "update", "create"],
            _ => ["insert", "replace", "create"],
        };
        let mut children: Vec<_> = (0..)
            .zip(works)
            .map(|(i, work)| start(work, &database, &told, round * 10 + i))
            .collect();
        std::thread::sleep(Duration::from_millis(250 + random(&mut seed) % 900));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        if round % 10 == 0 || round == rounds {
            check(&database, &told).await;
        }
    }
    let session = open(&database);
    run(&session, "VACUUM").await.unwrap();
    drop(session);
    check(&database, &told).await;
    assert_eq!(orphans(&database), Vec::<String>::new(), "VACUUM leaves none");
}

async fn check(database: &Path, told: &Path) {
    let session = open(database);
    let told = notes(told);
    let ids = |what: &str| -> BTreeSet<i64> {
        let found = told
            .iter()
            .filter_map(|line| line.strip_prefix(what)?.trim().parse().ok());
        found.collect()
    };
    // Each insert is whole, and each that was told is there.
    let torn = "SELECT count(*) FROM (SELECT id FROM rows GROUP BY id HAVING count(*) <> 3)";
    assert_eq!(number(&session, torn).await, 0);
    let inserted = ids("insert");
    let there = number(&session, "SELECT count(DISTINCT id) FROM rows").await;
    assert!(there >= inserted.len() as i64, "{there} of {}", inserted.len());
    for chunk in inserted.iter().collect::<Vec<_>>().chunks(500) {
        let list: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let sql = format!("SELECT count(DISTINCT id) FROM rows WHERE id IN ({})", list.join(", "));
        assert_eq!(number(&session, &sql).await, chunk.len() as i64);
    }
    // Both rows of the pair have the same number, at least that which was told.
    let updates = told.iter().filter(|line| *line == "update").count() as i64;
    assert_eq!(number(&session, "SELECT max(n) - min(n) FROM pair").await, 0);
    assert_eq!(number(&session, "SELECT count(*) FROM pair").await, 2);
    assert!(number(&session, "SELECT max(n) FROM pair").await >= updates);
    // The replaced table is one that was made as a whole.
    assert_eq!(number(&session, "SELECT count(DISTINCT id) FROM whole").await, 1);
    assert_eq!(number(&session, "SELECT count(*) FROM whole").await, 100_000);
    // Tables that were told are there, others are whole.
    let sql = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 't%' AND table_schema = 'main'";
    let frame = session.sql(sql).await.unwrap().collect().await.unwrap();
    let mut names = BTreeSet::new();
    for batch in frame {
        let column =
            datafusion::arrow::compute::cast(batch.column(0), &datafusion::arrow::datatypes::DataType::Utf8).unwrap();
        let column = datafusion::arrow::array::AsArray::as_string::<i32>(&column).clone();
        names.extend(column.iter().flatten().map(str::to_owned));
    }
    let dropped = ids("drop");
    for id in ids("create").difference(&dropped) {
        // One that was being dropped may be there or not.
        assert!(names.contains(&format!("t{id}")) || id % 3 == 2, "t{id}");
    }
    for id in &dropped {
        assert!(!names.contains(&format!("t{id}")), "t{id}");
    }
    for name in names.iter().rev().take(5) {
        assert_eq!(
            number(&session, &format!("SELECT count(*) FROM {name}")).await,
            300_000,
            "{name}"
        );
    }
    assert_eq!(integrity(database), "ok");
}

fn integrity(database: &Path) -> String {
    let catalog = rusqlite::Connection::open(database).unwrap();
    catalog.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap()
}

/// Files that the catalog does not name; those that it names are there.
fn orphans(database: &Path) -> Vec<String> {
    let catalog = rusqlite::Connection::open(database).unwrap();
    let mut named = BTreeSet::new();
    for table in ["data_file", "delete_file"] {
        let sql = format!("SELECT path FROM ducklake_{table}");
        let mut statement = catalog.prepare(&sql).unwrap();
        let rows = statement.query_map([], |r| r.get::<_, String>(0)).unwrap();
        named.extend(rows.map(Result::unwrap));
    }
    let mut files = database.to_owned().into_os_string();
    files.push(".files");
    let there: BTreeSet<String> = walkdir::WalkDir::new(files)
        .into_iter()
        .flatten()
        .filter(|e| e.file_type().is_file() && e.path().extension().is_some_and(|e| e == "parquet"))
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        named.difference(&there).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "files that are gone"
    );
    there.difference(&named).cloned().collect()
}
