//! Running a server: users read again, health, metrics, a stop that lets statements end.

use crate::safety::LONG;
use crate::served::{SECRET, Served, rows, text, together};
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::client::FlightSqlServiceClient;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn signal(served: &Served, name: &str) {
    let sent = Command::new("kill")
        .args([name, &served.process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test]
async fn health_metrics_and_a_graceful_stop() {
    let _turn = together().await;
    let mut served = Served::start(&["--grace", "20s"]);
    let metrics = served.metrics.clone().unwrap();
    assert!(get(&metrics, "/health").ends_with("ok\n"));
    assert!(get(&metrics, "/ready").contains("200 OK"));
    let mut will = served.client("will").await;
    rows(&mut will, "SELECT * FROM generate_series(1, 1000)").await.unwrap();
    rows(&mut will, "SELECT no_such_column").await.unwrap_err();
    let counts = get(&metrics, "/metrics");
    for line in [
        "radsql_statements_total{kind=\"query\",outcome=\"ok\"} 1",
        "radsql_rows_total 1000",
        "radsql_sessions 1",
        "radsql_sign_ins_total{outcome=\"ok\"} 1",
        "radsql_statement_seconds_count{",
    ] {
        assert!(counts.contains(line), "{line} not in {counts}");
    }
    assert!(get(&metrics, "/").contains("404"));
    // A statement that is under way ends; nothing new begins.
    let slow = "SELECT count(*) AS n FROM generate_series(1, 30000) a(v), generate_series(1, 3000) b(v) WHERE a.v * b.v % 7 = 1";
    let running = tokio::spawn(async move { text(&mut will, slow).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    signal(&served, "-TERM");
    let answer = running.await.unwrap();
    assert!(answer.is_ok(), "{answer:?}");
    let begun = Instant::now();
    while served.is_alive() {
        assert!(begun.elapsed() < Duration::from_secs(15), "does not stop");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(served.process.wait().unwrap().success());
}

#[tokio::test]
async fn users_are_read_again() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    text(&mut will, "SELECT 1").await.unwrap();
    let mut busy = served.client("will").await;
    let busy = tokio::spawn(async move { rows(&mut busy, LONG).await });
    let file = served.folder.path().join("users");
    let user = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_radsql"));
        let done = command
            .arg("user")
            .args(arguments)
            .arg("--users")
            .arg(&file)
            .env("RADSQL_PASSWORD", format!("new{SECRET}"));
        assert!(done.output().unwrap().status.success());
    };
    user(&["remove", "will"]);
    user(&["add", "new"]);
    signal(&served, "-HUP");
    let begun = Instant::now();
    while !served.log().contains("users read again") {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let e = text(&mut will, "SELECT 1").await.unwrap_err();
    assert!(e.contains("authentication failed"), "{e}");
    // What ran for the user has ended.
    let ended = tokio::time::timeout(Duration::from_secs(5), busy).await;
    assert!(ended.unwrap().unwrap().is_err());
    let mut new = FlightSqlServiceClient::new(served.channel().await);
    new.handshake("new", &format!("new{SECRET}")).await.unwrap();
    text(&mut new, "SELECT 1").await.unwrap();
}

#[tokio::test]
async fn calls_with_a_password_share_the_session_of_their_connection() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let channel = served.channel().await;
    let basic = format!("Basic {}", STANDARD.encode(format!("ada:ada{SECRET}")));
    let calls = (0..8).map(|_| {
        let mut client = FlightServiceClient::new(channel.clone());
        let mut request = tonic::Request::new(arrow_flight::Empty::default());
        let basic = basic.parse().unwrap();
        request.metadata_mut().insert("authorization", basic);
        async move { client.list_actions(request).await.unwrap() }
    });
    futures::future::join_all(calls).await;
    let metrics = get(served.metrics.as_ref().unwrap(), "/metrics");
    assert!(
        metrics.contains("radsql_sign_ins_total{outcome=\"ok\"} 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn clients_that_go_without_a_word_keep_nobody_out() {
    let _turn = together().await;
    let served = Served::start(&["--max-sessions", "3"]);
    let mut stays = served.client("will").await;
    rows(&mut stays, "CREATE TEMP TABLE t AS SELECT 7 AS a").await.unwrap();
    for _ in 0..10 {
        let mut client = served.client("will").await;
        text(&mut client, "SELECT 1").await.unwrap();
        drop(client);
        // The server hears of it.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(text(&mut stays, "SELECT a FROM t").await.unwrap(), "7");
}

#[tokio::test]
async fn a_session_ends_when_nothing_runs_in_it() {
    let _turn = together().await;
    let served = Served::start(&["--idle", "2s"]);
    let mut ada = served.client("ada").await;
    let info = ada
        .execute("SELECT value FROM generate_series(1, 3000000)".into(), None)
        .await
        .unwrap();
    let mut reading = ada.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    let mut n = reading.next().await.unwrap().unwrap().num_rows();
    // Runs as long as its reader takes.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(text(&mut ada, "SELECT 1").await.unwrap(), "1");
    while let Some(batch) = reading.next().await {
        n += batch.unwrap().num_rows();
    }
    assert_eq!(n, 3_000_000);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let e = text(&mut ada, "SELECT 1").await.unwrap_err();
    assert!(e.contains("authentication failed"), "{e}");
}

#[tokio::test]
async fn tables_of_an_init_file_are_served() {
    let _turn = together().await;
    let folder = tempfile::tempdir().unwrap();
    let init = folder.path().join("init.sql");
    std::fs::write(
        &init,
        "CREATE TABLE a AS SELECT 1 AS x;\nCREATE VIEW b AS SELECT x + 1 AS y FROM a;",
    )
    .unwrap();
    let served = Served::start(&["--init", init.to_str().unwrap()]);
    let mut rita = served.client("rita").await;
    assert_eq!(text(&mut rita, "SELECT y FROM b").await.unwrap(), "2");
}
