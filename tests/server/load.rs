//! Many clients, heavy queries, clients that go away.

use crate::safety::LONG;
use crate::served::{Served, alone, refused, rows, text, update};
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::sql::{
    CommandStatementIngest, ProstMessageExt, TableDefinitionOptions, TableExistsOption, TableNotExistOption,
};
use arrow_flight::{FlightDescriptor, error::FlightError};
use datafusion::arrow::array::{Int64Array, RecordBatch};
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MB: u64 = 1 << 20;

/// A synthetic cohort of so many patients.
fn cohort(patients: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let written = std::process::Command::new(env!("CARGO_BIN_EXE_radsql"))
        .args([
            "demo",
            &folder.path().display().to_string(),
            "--external",
            "0",
            "--patients",
        ])
        .arg(patients.to_string())
        .output()
        .unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    folder
}

const SCANS: &str = "CREATE EXTERNAL TABLE scans STORED AS NIFTI LOCATION 'crlm/' \
                     OPTIONS (image '{patient_id}/ct.nii.gz', mask '{patient_id}/seg/Tumor_1.nii.gz')";

const FEATURES: &str = "SELECT radiomics(image, mask) FROM scans";

#[tokio::test]
async fn promise_07_memory_stays_under_its_limit() {
    let _turn = alone().await;
    let mut served = Served::start(&["--memory-limit", "100MB", "--temp-limit", "4GB"]);
    let mut ada = served.client("ada").await;
    text(&mut ada, "SELECT 1").await.unwrap();
    let before = served.memory();
    // Each needs ten times the limit: 60,000,000 rows of 16 bytes and more.
    let million = "generate_series(1, 60000000)";
    for (sql, spills) in [
        (
            format!(
                "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY value % 7, value DESC) AS r FROM {million}) WHERE r > 5"
            ),
            true,
        ),
        (
            format!("SELECT count(*) FROM (SELECT value AS v, count(*) AS n FROM {million} GROUP BY value)"),
            true,
        ),
        (
            format!("SELECT count(*) FROM {million} a(v) JOIN {million} b(v) ON a.v = b.v"),
            false,
        ),
        (
            format!("CREATE TABLE t AS SELECT value, value AS w FROM {million}"),
            false,
        ),
        (
            "SELECT array_agg(value) FROM generate_series(1, 60000000)".to_owned(),
            false,
        ),
    ] {
        match rows(&mut ada, &sql).await {
            Ok(_) => {}
            Err(e) => assert!(
                !spills && (e.contains("memory") || e.contains("ResourceExhausted")),
                "{sql}: {e}"
            ),
        }
        assert!(served.is_alive());
        let grown = served.peak_memory().saturating_sub(before);
        assert!(grown < 120 * MB + 60 * MB, "{sql}: {} MB", grown / MB);
    }
    // Volumes of scans count as well, as do the copies that filters make of them.
    drop(served);
    let cohort = cohort(6);
    let served = Served::start(&[
        "--memory-limit",
        "100MB",
        "--read",
        &cohort.path().display().to_string(),
    ]);
    let mut ada = served.client("ada").await;
    text(&mut ada, "SELECT 1").await.unwrap();
    let before = served.memory();
    rows(&mut ada, SCANS).await.unwrap();
    let n = text(&mut ada, &format!("SELECT count(*) FROM ({FEATURES})"))
        .await
        .unwrap();
    assert_eq!(n, "6");
    let grown = served.peak_memory().saturating_sub(before);
    assert!(grown < 120 * MB + 60 * MB, "volumes: {} MB", grown / MB);
    // What was taken is given back.
    text(
        &mut ada,
        "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY -value) AS r FROM generate_series(1, 500000))",
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn promise_08_disk_for_queries_is_bounded_and_cleaned() {
    let _turn = alone().await;
    let folder = tempfile::tempdir().unwrap();
    let temp = folder.path().to_str().unwrap().to_owned();
    let files = || {
        let all = walk(folder.path());
        all.into_iter().filter(|f| !f.ends_with("in-use")).count()
    };
    let served = Served::start(&["--memory-limit", "60MB", "--temp", &temp, "--temp-limit", "50MB"]);
    let mut ada = served.client("ada").await;
    let sort = "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY value % 1000, value) AS r FROM generate_series(1, 60000000)) WHERE r > 5";
    let e = refused(&mut ada, sort).await;
    assert!(!e.contains(&temp), "{e}");
    assert_eq!(files(), 0, "after an error");
    drop(served);
    // Cancelled while it spills.
    let served = Served::start(&["--memory-limit", "200MB", "--temp", &temp, "--temp-limit", "4GB"]);
    let mut ada = served.client("ada").await;
    let begun = Instant::now();
    let spilling = async {
        while files() == 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "nothing was spilt");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        answer = rows(&mut ada, sort) => panic!("{:?}", answer.err()),
        () = spilling => {}
    }
    let begun = Instant::now();
    while files() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(5), "after a cancel: {}", files());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Killed while it spills, and started again.
    let mut ada = served.client("ada").await;
    tokio::select! {
        answer = rows(&mut ada, sort) => panic!("{:?}", answer.err()),
        () = async { while files() == 0 { tokio::time::sleep(Duration::from_millis(50)).await } } => {}
    }
    drop(served);
    assert!(files() > 0, "killed too late");
    let _served = Served::start(&["--temp", &temp]);
    assert_eq!(files(), 0, "after a restart");
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|e| match e.file_type() {
            Ok(kind) if kind.is_dir() => walk(&e.path()),
            _ => vec![e.path().display().to_string()],
        })
        .collect()
}

#[tokio::test]
async fn promise_10_a_client_that_goes_away_costs_nothing_more() {
    let _turn = alone().await;
    let cohort = cohort(8);
    let served = Served::start(&["--read", &cohort.path().display().to_string()]);
    // Before the first row.
    let mut ada = served.client("ada").await;
    let gone = tokio::time::timeout(Duration::from_secs(1), rows(&mut ada, LONG)).await;
    assert!(gone.is_err());
    served.rest(Duration::from_secs(2)).await;
    // After it.
    let info = ada
        .execute("SELECT * FROM generate_series(1, 100000000000)".into(), None)
        .await
        .unwrap();
    let mut reading = ada.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    assert!(reading.next().await.is_some());
    drop(reading);
    served.rest(Duration::from_secs(2)).await;
    // With its connection.
    let mut other = served.client("will").await;
    let gone = tokio::time::timeout(Duration::from_secs(1), rows(&mut other, LONG)).await;
    assert!(gone.is_err());
    drop(other);
    served.rest(Duration::from_secs(2)).await;
    // In a kernel of ours that takes minutes.
    let folds = "SELECT * FROM cox_lasso((SELECT value % 97 + 1.0 AS os, value % 3 = 0 AS dead, value % 7 + 0.5 AS a, \
                 value % 11 * 1.5 AS b, value % 13 * 0.7 AS c FROM generate_series(1, 300000)), time => os, event => dead, folds => 200)";
    let gone = tokio::time::timeout(Duration::from_secs(1), rows(&mut ada, folds)).await;
    assert!(gone.is_err(), "{:?}", gone.map(|r| r.err()));
    served.rest(Duration::from_secs(2)).await;
    // While it makes a table, which is then not there.
    let make = format!("CREATE TABLE made AS {LONG}");
    let gone = tokio::time::timeout(Duration::from_secs(1), update(&mut ada, &make)).await;
    assert!(gone.is_err(), "{gone:?}");
    served.rest(Duration::from_secs(2)).await;
    refused(&mut ada, "SELECT * FROM made").await;
    // While scans are read and measured.
    rows(&mut ada, SCANS).await.unwrap();
    let many = format!("{FEATURES} CROSS JOIN generate_series(1, 1000)");
    let gone = tokio::time::timeout(Duration::from_secs(1), rows(&mut ada, &many)).await;
    assert!(gone.is_err(), "{:?}", gone.map(|r| r.err()));
    served.rest(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn promise_11_a_heavy_query_does_not_block_others() {
    let _turn = alone().await;
    let served = Served::start(&[]);
    let mut heavy = served.client("ada").await;
    let mut light = served.client("will").await;
    text(&mut light, "SELECT 1").await.unwrap();
    let task = tokio::spawn(async move { rows(&mut heavy, LONG).await.is_ok() });
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..5 {
        let begun = Instant::now();
        assert_eq!(text(&mut light, "SELECT 1").await.unwrap(), "1");
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        let begun = Instant::now();
        let mut new = served.client("rita").await;
        assert_eq!(text(&mut new, "SELECT 1").await.unwrap(), "1");
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "a new connection: {:?}",
            begun.elapsed()
        );
    }
    task.abort();
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let _turn = alone().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    update(&mut will, "CREATE TABLE there AS SELECT CAST(1 AS BIGINT) AS id")
        .await
        .unwrap();
    let batch = RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from_iter_values(0..1000)) as _)]).unwrap();
    for round in 0..100_u64 {
        let (table, exists) = match round % 3 {
            0 => ("new", TableExistsOption::Fail),
            1 => ("there", TableExistsOption::Append),
            _ => ("there", TableExistsOption::Replace),
        };
        let command = CommandStatementIngest {
            table_definition_options: Some(TableDefinitionOptions {
                if_not_exist: TableNotExistOption::Create.into(),
                if_exists: exists.into(),
            }),
            table: table.into(),
            schema: None,
            catalog: None,
            temporary: false,
            transaction_id: None,
            options: Default::default(),
        };
        let descriptor = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
        // Some batches, then silence until the client is gone.
        let (sent, batch) = (round % 4, batch.clone());
        let batches = futures::stream::iter(0..sent).map(move |_| Ok(batch.clone()));
        let batches = batches.chain(futures::stream::pending::<Result<RecordBatch, FlightError>>());
        let schema = Arc::new(datafusion::arrow::datatypes::Schema::new(vec![
            datafusion::arrow::datatypes::Field::new("id", datafusion::arrow::datatypes::DataType::Int64, false),
        ]));
        let encoded = FlightDataEncoderBuilder::new()
            .with_schema(schema)
            .with_flight_descriptor(Some(descriptor))
            .build(batches)
            .map(|message| message.unwrap());
        let mut client = served.client("will").await;
        let sending = client.do_put(encoded);
        // Dropped: the stream is reset, or the connection is closed, now or a little later.
        let gone = tokio::time::timeout(Duration::from_millis(5 + round % 7 * 10), async {
            let answers = sending.await;
            answers.map(TryStreamExt::try_collect::<Vec<_>>)
        });
        assert!(gone.await.is_err(), "an upload without an end was answered");
        if round % 2 == 0 {
            drop(client);
        }
        if round % 10 == 9 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    refused(&mut will, "SELECT * FROM new").await;
    assert_eq!(
        text(&mut will, "SELECT count(*), max(id) FROM there").await.unwrap(),
        "1,1"
    );
}
