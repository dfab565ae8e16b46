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
