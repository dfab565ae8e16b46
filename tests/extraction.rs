//! What work on scans costs: only what is used is computed, once for each node, in the same bits whatever the threads and
//! batches; within memory, and stopped when the query is.

mod common;

use common::{run, runtime};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Float64Type;
use futures::StreamExt;
use radsql::Session;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

fn scans_done(session: &Session) -> u64 {
    session.work().scans.load(Ordering::Relaxed)
}

fn matrices(session: &Session) -> u64 {
    session.work().texture_matrices.load(Ordering::Relaxed)
}

#[test]
fn only_what_is_used_is_computed() {
    let cohort = common::cohort(4);
    runtime(2).block_on(async {
        let session = common::session_on(cohort.path()).await;
        let shape = "radiomics(image, mask)['original_shape_Sphericity']";
        let rows = run(&session, &format!("SELECT {shape} FROM scans"))
            .await
            .expect("rows");
        assert_eq!((rows.len(), scans_done(&session), matrices(&session)), (4, 4, 0));
        assert_eq!(session.work().features.load(Ordering::Relaxed), 4, "one feature a scan");
        run(
            &session,
            &format!("SELECT {shape}, radiomics(image, mask).original_firstorder_Mean FROM scans"),
        )
        .await
        .expect("rows");
        assert_eq!(
            (scans_done(&session), matrices(&session)),
            (8, 0),
            "two features, one extraction, no matrix"
        );
        run(
            &session,
            "SELECT radiomics(image, mask)['original_glcm_Contrast'] FROM scans",
        )
        .await
        .expect("rows");
        assert_eq!(matrices(&session), 4, "one texture matrix a scan");
        run(&session, "SELECT radiomics(image, mask) FROM scans")
            .await
            .expect("rows");
        assert_eq!(matrices(&session), 4 + 5 * 4, "all five of them");

        // No row, no work: LIMIT 0, a filter that nothing passes, EXPLAIN.
        let before = scans_done(&session);
        for sql in [
            format!("EXPLAIN SELECT {shape} FROM scans"),
            format!("EXPLAIN VERBOSE SELECT {shape} FROM scans"),
            format!("SELECT {shape} FROM scans LIMIT 0"),
            format!("SELECT {shape} FROM scans WHERE patient_id = 'nobody'"),
            "SELECT patient_id FROM (SELECT patient_id, radiomics(image, mask) AS r FROM scans)".into(),
            "SELECT count(*) FROM (SELECT patient_id, radiomics(image, mask) AS r FROM scans)".into(),
            "SELECT patient_id, image, mask FROM scans".into(),
        ] {
            run(&session, &sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
            assert_eq!(scans_done(&session), before, "{sql}");
        }
    });
}

/// Statements over four scans, and how many extractions they may cost: one a scan in each node that looks at features.
#[rustfmt::skip]
const COSTS: &[(&str, u64)] = &[
    ("SELECT r['original_shape_Sphericity'], r['original_glcm_Contrast'], r['original_firstorder_Mean'] FROM (SELECT radiomics(image, mask) AS r FROM scans)", 4),
    ("SELECT radiomics(image, mask)['original_shape_Sphericity'] AS a, radiomics(image, mask)['original_glcm_Contrast'] + radiomics(image, mask)['original_firstorder_Mean'] AS b FROM scans", 4),
    ("SELECT r.original_shape_Sphericity, r.original_glcm_Contrast FROM features", 4),
    ("WITH f AS (SELECT patient_id, radiomics(image, mask) AS r FROM scans) SELECT r['original_shape_Sphericity'] FROM f", 4),
    ("SELECT max(r['original_shape_Sphericity']), avg(r['original_glcm_Contrast']), min(r['original_firstorder_Mean']) FROM features", 4),
    ("SELECT r['original_shape_Sphericity'] > 0.5 AS compact, avg(r['original_glcm_Contrast']), count(*) FROM features GROUP BY r['original_shape_Sphericity'] > 0.5", 4),
    ("SELECT patient_id FROM features ORDER BY r['original_shape_Sphericity'], r['original_glcm_Contrast']", 4),
    ("SELECT patient_id, r['original_shape_Sphericity'] AS s FROM features ORDER BY s", 4),
    ("SELECT patient_id FROM features WHERE r['original_shape_Sphericity'] > 0 AND r['original_firstorder_Mean'] IS NOT NULL", 4),
    ("SELECT unnest(feature_list(r)) FROM features", 4),
    ("SELECT f.feature, f.value FROM unpivot_features((SELECT patient_id, r FROM features), id => patient_id) AS f", 4),
    ("SELECT r FROM features", 4),
    ("SELECT patient_id, rank() OVER (ORDER BY r['original_shape_Sphericity']) FROM features", 4),
    ("SELECT term FROM univariate_cox((SELECT os, dead, r FROM features JOIN patients USING (patient_id)), time => os, event => dead)", 4),
    ("SELECT scan_info(image)['nx'], scan_info(image)['mean'] FROM scans", 4),
    ("SELECT r['original_shape_Sphericity'] FROM features WHERE patient_id = 'CRLM-DEMO-0002'", 1),
    ("SELECT patient_id FROM features WHERE patient_id = 'CRLM-DEMO-0002' AND r['original_shape_Sphericity'] > 0", 1),
    ("SELECT r['original_shape_Sphericity'] FROM features LIMIT 1", 1),
    ("SELECT patient_id FROM features WHERE r['original_shape_Sphericity'] > 0 AND patient_id <> 'CRLM-DEMO-0002' AND r['original_shape_Sphericity'] < 2", 3),
    // A filter is a node of its own: its features are computed for all rows, those of SELECT for the rows that pass.
    ("SELECT r['original_glcm_Contrast'] FROM features WHERE r['original_shape_Sphericity'] > 0", 8),
    ("SELECT r['original_glcm_Contrast'] FROM features WHERE r['original_shape_Sphericity'] < 0", 4),
    ("SELECT avg(r['original_glcm_Contrast']) AS c FROM features WHERE r['original_shape_Sphericity'] > 0 GROUP BY r['original_firstorder_Mean'] ORDER BY c", 8),
];

#[test]
fn a_node_extracts_a_scan_once() {
    let cohort = common::cohort(4);
    runtime(2).block_on(async {
        let session = common::session_on(cohort.path()).await;
        let plain = common::session_on(cohort.path()).await;
        run(&plain, "SET datafusion.optimizer.max_passes = 0")
            .await
            .expect("a setting");
        let view = "CREATE VIEW features AS SELECT patient_id, radiomics(image, mask) AS r FROM scans";
        for s in [&session, &plain] {
            run(s, view).await.expect("a view");
        }
        let mut wrong = vec![];
        for (sql, cost) in COSTS {
            let before = scans_done(&session);
            let mut rows = run(&session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
            let found = scans_done(&session) - before;
            if found != *cost {
                wrong.push(format!("{found} extractions, expected {cost}: {sql}"));
            }
            // The plan before all rules gives the same rows.
            let mut same = run(&plain, sql).await.unwrap_or_else(|e| panic!("plain: {sql}: {e}"));
            rows.sort();
            same.sort();
            assert_eq!(rows, same, "{sql}");
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        // A table of features is computed once, and read as often as one likes.
        let before = scans_done(&session);
        run(
            &session,
            "CREATE TABLE stored AS SELECT patient_id, radiomics(image, mask) AS r FROM scans",
        )
        .await
        .expect("a table");
        assert_eq!(scans_done(&session) - before, 4);
        run(
            &session,
            "SELECT avg(r['original_glcm_Contrast']) FROM stored WHERE r['original_shape_Sphericity'] > 0",
        )
        .await
        .expect("a row");
        assert_eq!(scans_done(&session) - before, 4);
    });
}

#[test]
fn the_same_bits_on_any_number_of_threads_and_batches() {
    let cohort = common::cohort(6);
    let mut first: Option<Vec<u64>> = None;
    for workers in [1, 2, 8] {
        for (threads, batch) in [(1, 8192), (2, 1), (8, 7)] {
            let bits = runtime(workers).block_on(async {
                let session = common::session_on(cohort.path()).await;
                run(&session, &format!("SET radsql.threads = {threads}"))
                    .await
                    .expect("a setting");
                run(&session, &format!("SET datafusion.execution.batch_size = {batch}"))
                    .await
                    .expect("a setting");
                let sql = "SELECT radiomics(image, mask) AS r FROM scans ORDER BY patient_id";
                let batches = session.sql(sql).await.expect("planned").collect().await.expect("run");
                let whole = concat_batches(&batches[0].schema(), &batches).expect("one batch");
                let mut bits = vec![];
                for column in whole.column(0).as_struct().columns() {
                    bits.extend(
                        column
                            .as_primitive::<Float64Type>()
                            .values()
                            .iter()
                            .map(|v| v.to_bits()),
                    );
                }
                let fit = "SELECT cox(os, dead, radiomics(image, mask)['original_shape_Sphericity'])['loglik'] \
                           FROM scans JOIN patients USING (patient_id)";
                let batches = session.sql(fit).await.expect("planned").collect().await.expect("run");
                bits.push(batches[0].column(0).as_primitive::<Float64Type>().value(0).to_bits());
                bits
            });
            assert_eq!(bits.len(), 107 * 6 + 1);
            match &first {
                None => first = Some(bits),
                Some(first) => assert!(
                    *first == bits,
                    "{workers} workers, {threads} threads, batches of {batch}"
                ),
            }
        }
    }
}

/// The big scan of a query over `rows` copies of it.
fn copies_of_a_big_scan(shared: &Path, rows: usize) -> String {
    let scan = shared.join("data/sts/nifti/STS_001");
    let (image, mask) = (scan.join("CT_image.nii.gz"), scan.join("CT_mask.nii.gz"));
    // The name of each copy differs, so that no rule may take them for one.
    format!(
        "SELECT avg(radiomics(image, mask)['original_glcm_Contrast']), count(*) FROM (SELECT concat(repeat('/', value), '{}') AS image, '{}' AS mask FROM generate_series(1, {rows}))",
        image.display(),
        mask.display()
    )
}

#[test]
fn a_dropped_query_stops_within_a_second() {
    let Some(shared) = common::shared() else { return };
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        let sql = copies_of_a_big_scan(&shared, 30);
        let mut stream = session
            .sql(&sql)
            .await
            .expect("planned")
            .execute_stream()
            .await
            .expect("begun");
        // Polled until work goes on, then dropped in the middle of it.
        let begun = Instant::now();
        while scans_done(&session) == 0 && begun.elapsed() < Duration::from_secs(60) {
            let _ = tokio::time::timeout(Duration::from_millis(5), stream.next()).await;
        }
        let pool = std::sync::Arc::clone(&session.context().runtime_env().memory_pool);
        let dropped = Instant::now();
        let before = scans_done(&session);
        drop(stream);
        let (mut done, mut stopped) = (before, Duration::ZERO);
        while dropped.elapsed() < Duration::from_millis(1500) {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let now = scans_done(&session);
            if now != done || pool.reserved() > 0 {
                (done, stopped) = (now, dropped.elapsed());
            }
        }
        eprintln!("{before} of 30 scans were done; the last work ended {stopped:?} after the drop");
        assert!(stopped < Duration::from_secs(1), "{stopped:?}");
        // Those that were being worked on ended; no other was begun.
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        assert!(
            done - before <= cores && done < 30,
            "{before} before the drop, {done} at the end"
        );
        assert_eq!(pool.reserved(), 0);
        // The cores are free again.
        let rows = run(&session, &copies_of_a_big_scan(&shared, 1)).await.expect("a row");
        assert!(rows[0].ends_with("|1"), "{rows:?}");
    });
}

#[test]
fn little_memory_makes_scans_wait_and_too_little_is_said() {
    let Some(shared) = common::shared() else { return };
    runtime(4).block_on(async {
        let session = Session::new().expect("a session");
        let pool = std::sync::Arc::clone(&session.context().runtime_env().memory_pool);
        let sql = copies_of_a_big_scan(&shared, 6);
        let free = run(&session, &sql).await.expect("a row");
        assert_eq!(pool.reserved(), 0, "after success");
        run(&session, "SET radsql.threads = 4").await.expect("a setting");
        // One of these scans asks for some 31 MB: there is no room for two.
        run(&session, "SET radsql.memory_limit = '40MB'")
            .await
            .expect("a setting");
        let tight = run(&session, &sql).await.expect("one scan after the other");
        assert_eq!(free, tight);
        assert_eq!(pool.reserved(), 0, "after waiting");
        for on_error in ["fail", "null"] {
            // A full pool is no fault of the scan: it is an error whatever on_error says.
            run(&session, &format!("SET radsql.on_error = '{on_error}'"))
                .await
                .expect("a setting");
            run(&session, "SET radsql.memory_limit = '1MB'")
                .await
                .expect("a setting");
            let message = run(&session, &sql).await.expect_err("too little");
            assert!(
                message.contains("radsql.memory_limit = 1048576") && message.contains("radiomics needs"),
                "{message}"
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(pool.reserved(), 0, "after an error");
        }
        run(&session, "RESET radsql.memory_limit").await.expect("a setting");
        assert_eq!(run(&session, &sql).await.expect("a row"), free);
    });
}
