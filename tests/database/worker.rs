//! A process that works on a database until it is killed: this test binary again, told what to do by its environment.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use radsql::{Session, SessionBuilder};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a worker does.
const WORK: &str = "RADSQL_TEST_WORK";
/// The database.
const DATABASE: &str = "RADSQL_TEST_DATABASE";
/// Where it notes what was done: a line behind each statement that ended.
const NOTES: &str = "RADSQL_TEST_NOTES";
/// A number of its own.
const NUMBER: &str = "RADSQL_TEST_NUMBER";

pub fn open(path: &Path) -> Session {
    let builder = SessionBuilder {
        database: Some(path.into()),
        ..SessionBuilder::default()
    };
    builder.build().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub async fn run(session: &Session, sql: &str) -> Result<(), String> {
    let frame = session.sql(sql).await.map_err(|e| radsql::engine::message(&e))?;
    frame.collect().await.map(drop).map_err(|e| radsql::engine::message(&e))
}

/// The only number of a query.
pub async fn number(session: &Session, sql: &str) -> i64 {
    let frame = session.sql(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let batches = frame.collect().await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let first = batches.iter().find(|b| b.num_rows() > 0).expect("a row");
    first.column(0).as_primitive::<Int64Type>().value(0)
}

/// Starts a worker.
pub fn start(work: &str, database: &Path, notes: &Path, number: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["worker::child", "--exact", "--nocapture"])
        .env(WORK, work)
        .env(DATABASE, database)
        .env(NOTES, notes)
        .env(NUMBER, number.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What workers have noted.
pub fn notes(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // A line without its end was being written.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(str::to_owned).collect()
}

#[test]
fn child() {
    let Ok(work) = std::env::var(WORK) else { return };
    let of = |name: &str| std::env::var(name).unwrap();
    let (database, notes) = (PathBuf::from(of(DATABASE)), PathBuf::from(of(NOTES)));
    let number: u64 = of(NUMBER).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let session = open(&database);
        let mut file = OpenOptions::new().append(true).create(true).open(notes).unwrap();
        let mut note = |text: String| {
            file.write_all(format!("{text}\n").as_bytes()).unwrap();
            file.sync_data().unwrap();
        };
        for i in 0.. {
            let id = number * 1_000_000 + i;
            match work.as_str() {
                // Three rows at a time: all or none.
                "insert" => {
                    let sql = format!("INSERT INTO rows VALUES ({id}, 'a', 0), ({id}, 'b', 0), ({id}, 'c', 0)");
                    run(&session, &sql).await.unwrap();
                    note(format!("insert {id}"));
                }
                // Both of its rows change together.
                "update" => {
                    run(&session, "UPDATE pair SET n = n + 1").await.unwrap();
                    note("update".into());
                }
                "create" => {
                    let sql = format!(
                        "CREATE TABLE t{id} AS SELECT value AS n, 'x' || value AS x FROM generate_series(1, 300000)"
                    );
                    run(&session, &sql).await.unwrap();
                    note(format!("create {id}"));
                    if i % 3 == 2 {
                        run(&session, &format!("DROP TABLE t{id}")).await.unwrap();
                        note(format!("drop {id}"));
                    }
                }
                "replace" => {
                    let sql = format!(
                        "CREATE OR REPLACE TABLE whole AS SELECT {id} AS id, value AS n FROM generate_series(1, 100000)"
                    );
                    run(&session, &sql).await.unwrap();
                    note(format!("replace {id}"));
                }
                other => panic!("no work '{other}'"),
            }
        }
    });
}
