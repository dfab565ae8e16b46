//! A server on a database that is killed while clients write: what it acknowledged is there, nothing half done is.

use crate::served::{Client, Served, alone, text, update, write_users};
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::sql::{
    CommandStatementIngest, ProstMessageExt, TableDefinitionOptions, TableExistsOption, TableNotExistOption,
};
use arrow_flight::{FlightDescriptor, error::FlightError};
use datafusion::arrow::array::{Int64Array, RecordBatch, StringArray};
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Times that the server is killed; `RADSQL_ROUNDS` says otherwise.
const ROUNDS: u64 = 30;

/// Rows of an upload, in batches of a hundred.
const UPLOADED: i64 = 1000;

/// Sends an upload of [`UPLOADED`] rows that have the number `id`. It is there when this says so.
async fn upload(client: &mut Client, table: &str, exists: TableExistsOption, id: i64) -> Result<(), String> {
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
    let batch = RecordBatch::try_from_iter([
        (
            "id",
            Arc::new(Int64Array::from_iter_values(std::iter::repeat_n(id, 100))) as _,
        ),
        (
            "name",
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n("a", 100))) as _,
        ),
    ])
    .unwrap();
    let batches = futures::stream::iter((0..UPLOADED / 100).map(move |_| Ok::<_, FlightError>(batch.clone())));
    let encoded = FlightDataEncoderBuilder::new()
        .with_flight_descriptor(Some(descriptor))
        .build(batches)
        .map(|message| message.unwrap());
    let answers = client.do_put(encoded).await.map_err(|e| e.to_string())?;
    answers.try_collect::<Vec<_>>().await.map_err(|e| e.to_string())?;
    Ok(())
}

#[derive(Debug, Clone, Default)]
struct Told {
    uploads: Vec<i64>,
    tables: Vec<i64>,
    inserts: Vec<i64>,
    updates: i64,
}

#[tokio::test]
async fn what_a_killed_server_acknowledged_is_there() {
    let _turn = alone().await;
    let folder = tempfile::tempdir().unwrap();
    let users = write_users(folder.path());
    let database = folder.path().join("study.db").display().to_string();
    let start = || Served::start_in(tempfile::tempdir().unwrap(), &users, &["--db", &database]);
    let mut served = start();
    let mut ada = served.client("ada").await;
    for sql in [
        "CREATE TABLE inserted (id BIGINT, part VARCHAR)",
        "CREATE TABLE pair AS SELECT * FROM (VALUES (1, 0), (2, 0)) AS v(id, n)",
        "CREATE TABLE whole AS SELECT CAST(0 AS BIGINT) AS id, value AS n FROM generate_series(1, 50000)",
    ] {
        update(&mut ada, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    upload(&mut ada, "uploaded", TableExistsOption::Append, -1)
        .await
        .unwrap();
    let told = Arc::new(Mutex::new(Told {
        uploads: vec![-1],
        ..Told::default()
    }));
    let rounds = std::env::var("RADSQL_ROUNDS").map_or(ROUNDS, |n| n.parse().unwrap());
    for round in 0..rounds {
        // Three clients write until the server is gone.
        let mut writing = vec![];
        for work in 0..3 {
            let (mut client, told) = (served.client("will").await, Arc::clone(&told));
            writing.push(tokio::spawn(async move {
                for i in 0.. {
                    let id = (round as i64) * 10_000 + i;
                    let done = match (work, i % 2) {
                        (0, 0) => upload(&mut client, "uploaded", TableExistsOption::Append, id).await,
                        (0, _) => upload(&mut client, &format!("u{id}"), TableExistsOption::Fail, id).await,
                        (1, 0) => {
                            let sql = format!("INSERT INTO inserted VALUES ({id}, 'a'), ({id}, 'b'), ({id}, 'c')");
                            update(&mut client, &sql).await.map(drop)
                        }
                        (1, _) => update(&mut client, "UPDATE pair SET n = n + 1").await.map(drop),
                        _ => {
                            let sql = format!(
                                "CREATE OR REPLACE TABLE whole AS SELECT CAST({id} AS BIGINT) AS id, value AS n \
                                 FROM generate_series(1, 50000)"
                            );
                            update(&mut client, &sql).await.map(drop)
                        }
                    };
                    done?;
                    let mut told = told.lock().unwrap();
                    match (work, i % 2) {
                        (0, 0) => told.uploads.push(id),
                        (0, _) => told.tables.push(id),
                        (1, 0) => told.inserts.push(id),
                        (1, _) => told.updates += 1,
                        _ => {}
                    }
                }
                Ok::<_, String>(())
            }));
        }
        tokio::time::sleep(Duration::from_millis(150 + round * 7919 % 700)).await;
        served.process.kill().unwrap();
        served.process.wait().unwrap();
        for writer in writing {
            // Each ended because the server was gone, and not by an error of its own.
            let e = writer.await.unwrap().unwrap_err().to_lowercase();
            let is_gone = [
                "transport",
                "connection",
                "broken pipe",
                "h2 protocol",
                "unavailable",
                "stream",
            ];
            assert!(is_gone.iter().any(|word| e.contains(word)), "{e}");
        }
        served = start();
        check(&served, &told).await;
    }
    let told = told.lock().unwrap();
    let all = [&told.uploads, &told.tables, &told.inserts].map(Vec::len);
    assert!(
        all.iter().all(|n| *n > rounds as usize / 4),
        "{all:?} were acknowledged"
    );
}

async fn check(served: &Served, told: &Mutex<Told>) {
    let mut rita = served.client("rita").await;
    let told = told.lock().unwrap().clone();
    let list = |ids: &[i64]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    // Uploads and inserts are whole, and those that were acknowledged are there.
    for (table, rows, ids) in [("uploaded", UPLOADED, &told.uploads), ("inserted", 3, &told.inserts)] {
        let torn = format!("SELECT count(*) FROM (SELECT id FROM {table} GROUP BY id HAVING count(*) <> {rows})");
        assert_eq!(text(&mut rita, &torn).await.unwrap(), "0", "{table}");
        if !ids.is_empty() {
            let there = format!("SELECT count(DISTINCT id) FROM {table} WHERE id IN ({})", list(ids));
            assert_eq!(text(&mut rita, &there).await.unwrap(), ids.len().to_string(), "{table}");
        }
    }
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'u%' AND table_name <> 'uploaded' \
                  AND table_schema = 'main'";
    let tables = text(&mut rita, tables).await.unwrap();
    let tables: Vec<&str> = tables.split(';').filter(|t| !t.is_empty()).collect();
    for id in &told.tables {
        assert!(tables.contains(&format!("u{id}").as_str()), "u{id}");
    }
    for table in &tables {
        let rows = text(&mut rita, &format!("SELECT count(*) FROM {table}")).await.unwrap();
        assert_eq!(rows, UPLOADED.to_string(), "{table}");
    }
    let pair = text(&mut rita, "SELECT count(*), max(n) - min(n), max(n) FROM pair")
        .await
        .unwrap();
    let n: i64 = pair
        .strip_prefix("2,0,")
        .unwrap_or_else(|| panic!("{pair}"))
        .parse()
        .unwrap();
    assert!(n >= told.updates, "{n} of {}", told.updates);
    let whole = "SELECT count(DISTINCT id), count(*) FROM whole";
    assert_eq!(text(&mut rita, whole).await.unwrap(), "1,50000");
}
