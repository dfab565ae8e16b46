//! Two processes write and four read for a while: nothing fails that they were not told to do again, and counts never go back.

use crate::worker::{notes, number, open, run, start};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_never_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let (database, told) = (folder.path().join("both.db"), folder.path().join("notes.txt"));
    let session = open(&database);
    for sql in [
        "CREATE TABLE rows (id BIGINT, part VARCHAR, n BIGINT)",
        "CREATE TABLE pair AS SELECT * FROM (VALUES (1, 0), (2, 0)) AS v(id, n)",
    ] {
        run(&session, sql).await.unwrap();
    }
    drop(session);
    let seconds = std::env::var("RADSQL_SECONDS").map_or(60, |n| n.parse().unwrap());
    let mut writers = [
        start("insert", &database, &told, 1),
        start("update", &database, &told, 2),
    ];
    let readers = (0..4).map(|_| {
        let database = database.clone();
        tokio::spawn(async move {
            let session = open(&database);
            let (begun, mut rows, mut updates, mut reads) = (Instant::now(), 0, 0, 0);
            while begun.elapsed() < Duration::from_secs(seconds) {
                let now = number(&session, "SELECT count(*) FROM rows").await;
                assert!(now >= rows && now % 3 == 0, "{now} behind {rows}");
                // Both tables in one statement, at one snapshot.
                let pair = number(&session, "SELECT sum(n) FROM pair").await;
                assert!(pair >= updates && pair % 2 == 0, "{pair} behind {updates}");
                (rows, updates, reads) = (now, pair, reads + 1);
            }
            reads
        })
    });
    let mut reads = 0;
    for reader in readers.collect::<Vec<_>>() {
        reads += reader.await.unwrap();
    }
    for writer in &mut writers {
        // One that has failed is gone already.
        assert!(writer.try_wait().unwrap().is_none(), "a writer failed");
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    let told = notes(&told);
    let inserts = told.iter().filter(|line| line.starts_with("insert")).count() as i64;
    let session = open(&database);
    assert!(number(&session, "SELECT count(*) FROM rows").await >= 3 * inserts);
    assert!(reads > 20 && inserts > 20, "{reads} reads, {inserts} inserts");
}

/// Columns come, change their names and go while an UPDATE goes through all rows: each of them is as it was asked for, no value is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn columns_that_change_beside_an_update_stay() {
    const ROWS: i64 = 50_000;
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("both.db");
    let (one, other) = (open(&database), open(&database));
    let make = format!(
        "CREATE TABLE t AS SELECT value AS id, CAST(0 AS BIGINT) AS n, value AS kept0 FROM generate_series(1, {ROWS})"
    );
    run(&one, &make).await.unwrap();
    let one = std::sync::Arc::new(one);
    for round in 0..8_u64 {
        let updating = std::sync::Arc::clone(&one);
        let update = tokio::spawn(async move {
            loop {
                match run(&updating, "UPDATE t SET n = n + 1").await {
                    // What it was planned for was gone.
                    Err(e) if e.contains("run it again") => {}
                    done => return done,
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(round * 37 % 150)).await;
        let next = round + 1;
        let mut changes = vec![
            format!("ALTER TABLE t ADD COLUMN c{round} INTEGER DEFAULT 7"),
            format!("ALTER TABLE t RENAME COLUMN kept{round} TO kept{next}"),
        ];
        if let Some(before) = round.checked_sub(1) {
            changes.push(format!("ALTER TABLE t DROP COLUMN c{before}"));
        }
        for change in changes {
            run(&other, &change).await.unwrap_or_else(|e| panic!("{change}: {e}"));
        }
        update.await.unwrap().unwrap();
        let sum = async |column: &str| number(&other, &format!("SELECT CAST(sum({column}) AS BIGINT) FROM t")).await;
        assert_eq!(sum("n").await, (round as i64 + 1) * ROWS, "round {round}");
        assert_eq!(
            sum(&format!("kept{next}")).await,
            ROWS * (ROWS + 1) / 2,
            "round {round}"
        );
        assert_eq!(sum(&format!("c{round}")).await, 7 * ROWS, "round {round}");
        let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 't'";
        assert_eq!(number(&other, columns).await, 4, "round {round}");
    }
}

/// A table is dropped and made anew while an UPDATE goes through it: there is one table, and it is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_table_that_is_made_anew_beside_an_update_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("both.db");
    let (one, other) = (std::sync::Arc::new(open(&database)), open(&database));
    let make = "CREATE TABLE t AS SELECT value AS id, CAST(0 AS BIGINT) AS n FROM generate_series(1, 100000)";
    run(&other, make).await.unwrap();
    for round in 0..12_u64 {
        let updating = std::sync::Arc::clone(&one);
        let update = tokio::spawn(async move { run(&updating, "UPDATE t SET n = n + 1").await });
        tokio::time::sleep(Duration::from_millis(round * 29 % 120)).await;
        run(&other, "DROP TABLE t").await.unwrap();
        run(&other, make).await.unwrap();
        // It was there before, or is told that it is not any more.
        let _ = update.await.unwrap();
        run(&other, "UPDATE t SET n = 5").await.unwrap();
        assert_eq!(number(&other, "SELECT count(*) FROM t").await, 100_000);
        assert_eq!(
            number(&other, "SELECT count(*) FROM t WHERE n = 5").await,
            100_000,
            "round {round}"
        );
    }
    let catalog = rusqlite::Connection::open(&database).unwrap();
    let live = "SELECT count(*) FROM ducklake_table WHERE end_snapshot IS NULL";
    assert_eq!(catalog.query_row(live, [], |r| r.get::<_, i64>(0)).unwrap(), 1);
}

/// The catalog and the folder beside it are all of a database, also while somebody has it open: no log of SQLite's is part of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_both_has_all() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("one.db");
    let session = open(&database);
    for sql in [
        "CREATE TABLE t AS SELECT value AS id, CAST(0 AS BIGINT) AS n FROM generate_series(1, 100)",
        "INSERT INTO t VALUES (101, 0)",
        "DELETE FROM t WHERE id = 1",
        "UPDATE t SET n = 7 WHERE id > 50",
    ] {
        run(&session, sql).await.unwrap();
        let copy = folder.path().join("copy.db");
        std::fs::copy(&database, &copy).unwrap();
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .arg(folder.path().join("one.db.files"))
            .arg(folder.path().join("copy.db.files"))
            .status();
        assert!(copied.unwrap().success());
        let other = open(&copy);
        for query in ["SELECT count(*) FROM t", "SELECT CAST(sum(n) AS BIGINT) FROM t"] {
            assert_eq!(
                number(&other, query).await,
                number(&session, query).await,
                "{sql}: {query}"
            );
        }
        drop(other);
        std::fs::remove_dir_all(folder.path().join("copy.db.files")).unwrap();
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.path().join(format!("copy.db{ending}")));
        }
    }
}
