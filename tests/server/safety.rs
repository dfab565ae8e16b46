//! What no client may do, and what no client can break.

use crate::served::{SECRET, Served, alone, refused, rows, text, together, update};
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::{Action, Criteria, Empty, FlightData, FlightDescriptor, HandshakeRequest, Ticket};
use futures::TryStreamExt;
use std::time::{Duration, Instant};
use tonic::{Code, Request};

#[tokio::test]
async fn promise_01_no_text_of_sql_ends_the_server() {
    let _turn = together().await;
    let mut served = Served::start(&[]);
    let n = 10_000;
    let statements = [
        format!("SELECT {}1", "1+".repeat(n)),
        format!("SELECT 1 WHERE {}1=1", "1=2 OR ".repeat(n)),
        format!("SELECT {}'a'", "'a'||".repeat(n)),
        format!("{}SELECT 1", "SELECT 1 UNION ALL ".repeat(n)),
        format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("SELECT {}1", "NOT ".repeat(n)),
        format!("SELECT 1{}", "::int".repeat(n)),
        "SELECT array_repeat(1, 1000000000000)".into(),
        "SELECT repeat('x', 2000000000) || repeat('y', 2000000000)".into(),
        "SELECT range(1, 100000000000)".into(),
        "x".repeat((1 << 20) - 1),
        "SELECT 'x".into(),
        "\u{0}\u{1}".into(),
        String::new(),
    ];
    for sql in &statements {
        let mut client = served.client("ada").await;
        let e = refused(&mut client, sql).await;
        assert!(e.len() < 2000, "{e}");
        assert_eq!(text(&mut client, "SELECT 1").await.unwrap(), "1");
    }
    assert!(served.is_alive());
}

#[tokio::test]
async fn promise_03_04_and_05_files_and_the_network_are_shut() {
    let _turn = together().await;
    let (secret, inside, out) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let probe = secret.path().join("probe.csv");
    std::fs::write(&probe, "a\n4711\n").unwrap();
    std::fs::write(inside.path().join("ours.csv"), "a\n1\n").unwrap();
    std::os::unix::fs::symlink(&probe, inside.path().join("link.csv")).unwrap();
    let (read, probe) = (inside.path().to_str().unwrap(), probe.to_str().unwrap());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = Served::start(&["--read", read]);
    let mut ada = served.client("ada").await;
    assert_eq!(text(&mut ada, "SELECT a FROM 'ours.csv'").await.unwrap(), "1");
    let written = out.path().join("x.csv");
    let statements = [
        format!("SELECT * FROM '{probe}'"),
        format!("SELECT * FROM 'file://{probe}'"),
        "SELECT * FROM 'link.csv'".into(),
        format!("SELECT * FROM '../{}'", probe.trim_start_matches('/')),
        format!("COPY (SELECT 1) TO '{}'", written.display()),
        format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{}'", written.display()),
        "COPY (SELECT 1) TO 'y.csv'".into(),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{probe}'"),
        format!(
            "CREATE EXTERNAL TABLE t STORED AS DICOM LOCATION '{}'",
            secret.path().display()
        ),
        format!("SELECT file_hash('{probe}')"),
        format!("SELECT radiomics('{probe}', '{probe}')"),
        format!("CREATE MODEL m FROM '{probe}'"),
        format!("SET radsql.radiomics = '{probe}.yaml'"),
        format!("SELECT * FROM dicom_tags('{probe}')"),
        format!("SELECT * FROM 'http://127.0.0.1:{port}/x.csv'"),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'http://127.0.0.1:{port}/x.csv'"),
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 's3://bucket/x.csv'".into(),
    ];
    for sql in &statements {
        let e = refused(&mut ada, sql).await;
        assert!(!e.contains("4711"), "{sql}: {e}");
        let is_about_the_place = e.contains("does not have permission") || e.contains("this server");
        assert!(is_about_the_place, "{sql}: {e}");
    }
    assert!(std::fs::read_dir(out.path()).unwrap().next().is_none());
    assert_eq!(std::fs::read_dir(inside.path()).unwrap().count(), 2);
    assert!(listener.accept().is_err(), "somebody connected");
    // With a folder to write to, there and nowhere else.
    drop(served);
    let served = Served::start(&["--read", read, "--write", out.path().to_str().unwrap()]);
    let mut will = served.client("will").await;
    update(&mut will, &format!("COPY (SELECT 5 AS a) TO '{}'", written.display()))
        .await
        .unwrap();
    assert_eq!(std::fs::read_to_string(&written).unwrap(), "a\n5\n");
    refused(&mut will, "COPY (SELECT 1) TO 'y.csv'").await;
}

#[tokio::test]
async fn promise_06_limits_cannot_be_loosened() {
    let _turn = together().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let served = Served::start(&["--temp", path, "--read", path]);
    let mut ada = served.client("ada").await;
    let runtime = text(
        &mut ada,
        "SELECT string_agg(name, ',') FROM information_schema.df_settings WHERE name LIKE 'datafusion.runtime%'",
    );
    let mut names: Vec<String> = runtime.await.unwrap().split(',').map(String::from).collect();
    assert!(names.len() > 3);
    names.extend(
        [
            "radsql.memory_limit",
            "radsql.cache_dir",
            "radsql.threads",
            "datafusion.sql_parser.recursion_limit",
        ]
        .map(String::from),
    );
    for name in names {
        for sql in [
            format!("SET {name} = '1G'"),
            format!("SET {name} = '/tmp'"),
            format!("RESET {name}"),
        ] {
            let e = refused(&mut ada, &sql).await;
            assert!(
                e.contains("is set by whoever runs this server") || e.contains("cannot be changed here"),
                "{sql}: {e}"
            );
        }
    }
    let shown = text(&mut ada, "SHOW ALL").await.unwrap();
    assert!(!shown.contains(path), "{shown}");
}

#[tokio::test]
async fn promise_09_a_statement_ends_at_its_limit() {
    let _turn = alone().await;
    let served = Served::start(&["--statement-timeout", "2s"]);
    let mut ada = served.client("ada").await;
    let begun = Instant::now();
    let e = refused(&mut ada, LONG).await;
    assert!(
        e.contains("DeadlineExceeded") || e.contains("took longer than 2 s"),
        "{e}"
    );
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let begun = Instant::now();
    let e = update(&mut ada, &format!("CREATE TABLE t AS {LONG}"))
        .await
        .unwrap_err();
    assert!(e.contains("took longer than 2 s"), "{e}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    served.rest(Duration::from_secs(3)).await;
    // Work within one value goes on behind the answer, and keeps its place until it ends.
    let served = Served::start(&["--statement-timeout", "1s", "--max-statements", "1"]);
    let mut ada = served.client("ada").await;
    let e = refused(&mut ada, "SELECT levenshtein(repeat('a', 20000), repeat('b', 20000))").await;
    assert!(e.contains("took longer than 1 s"), "{e}");
    let e = refused(&mut ada, "SELECT 1").await;
    assert!(e.contains("statements, the most allowed"), "{e}");
    let begun = Instant::now();
    while text(&mut ada, "SELECT 1").await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(120));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Takes an hour.
pub const LONG: &str = "SELECT sum(a.value * b.value) AS s FROM generate_series(1, 2000000) a(value), generate_series(1, 2000000) b(value)";

#[tokio::test]
async fn promise_12_what_is_one_too_many_is_refused() {
    let _turn = together().await;
    let served = Served::start(&[
        "--max-connections",
        "4",
        "--max-sessions",
        "3",
        "--max-prepared",
        "2",
        "--max-statements",
        "1",
    ]);
    let mut will = served.client("will").await;
    let _second = served.client("will").await;
    // Statements.
    let info = will
        .execute("SELECT * FROM generate_series(1, 1000000000)".into(), None)
        .await
        .unwrap();
    let mut reading = will.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    use futures::StreamExt;
    assert!(reading.next().await.is_some());
    let e = refused(&mut will, "SELECT 1").await;
    assert!(e.contains("statements, the most allowed"), "{e}");
    drop(reading);
    // Those that SQL prepares.
    for name in ["a", "b", "a"] {
        let _ = rows(&mut will, &format!("DEALLOCATE {name}")).await;
        rows(&mut will, &format!("PREPARE {name} AS SELECT 1")).await.unwrap();
    }
    let e = refused(&mut will, "PREPARE c AS SELECT 1").await;
    assert!(e.contains("2 statements of PREPARE, the most allowed"), "{e}");
    rows(&mut will, "DEALLOCATE a").await.unwrap();
    rows(&mut will, "PREPARE c AS SELECT 1").await.unwrap();
    assert_eq!(text(&mut will, "EXECUTE c").await.unwrap(), "1");
    // Handles; the refused statement above has taken its ticket.
    let _a = will.prepare("SELECT 1".into(), None).await.unwrap();
    let _b = will.prepare("SELECT 2".into(), None).await.unwrap();
    let e = will.prepare("SELECT 3".into(), None).await.err().unwrap().to_string();
    assert!(e.contains("prepared statements") && e.contains("most allowed"), "{e}");
    // Sessions of a user.
    let mut third = FlightSqlServiceClient::new(served.channel().await);
    third.handshake("will", &format!("will{SECRET}")).await.unwrap();
    let mut fourth = FlightSqlServiceClient::new(served.channel().await);
    let e = fourth
        .handshake("will", &format!("will{SECRET}"))
        .await
        .unwrap_err()
        .to_string();
    assert!(e.contains("3 sessions, the most allowed"), "{e}");
    // Connections: four are open.
    let mut fifth = FlightSqlServiceClient::new(served.channel().await);
    let e = fifth
        .handshake("ada", &format!("ada{SECRET}"))
        .await
        .unwrap_err()
        .to_string();
    assert!(e.contains("4 connections, the most allowed"), "{e}");
    drop((third, fourth));
}

#[tokio::test]
async fn promise_12_who_does_not_sign_in_keeps_no_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let _turn = together().await;
    let served = Served::start(&["--max-connections", "4"]);
    let at = served.address.trim_start_matches("http://");
    let mut sockets = vec![];
    for hello in [
        &b""[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
    ] {
        let mut socket = tokio::net::TcpStream::connect(at).await.unwrap();
        socket.write_all(hello).await.unwrap();
        sockets.push(socket);
    }
    let begun = Instant::now();
    for mut socket in sockets {
        let left = Duration::from_secs(15).saturating_sub(begun.elapsed());
        let mut read = vec![];
        let ended = tokio::time::timeout(left, socket.read_to_end(&mut read)).await;
        assert!(ended.is_ok(), "a connection that says nothing is kept");
    }
    // One that has signed in stays.
    let mut ada = served.client("ada").await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(text(&mut ada, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn promise_13_nothing_is_answered_without_signing_in() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut raw = FlightServiceClient::new(served.channel().await);
    fn code<T>(answer: Result<T, tonic::Status>) -> Code {
        answer.err().map_or(Code::Ok, |e| e.code())
    }
    let descriptor = || FlightDescriptor::new_cmd(vec![]);
    let none = || futures::stream::iter(Vec::<FlightData>::new());
    // Every call of the service.
    let mut answers = vec![
        (
            "Handshake",
            code(
                raw.handshake(futures::stream::iter(Vec::<HandshakeRequest>::new()))
                    .await,
            ),
        ),
        ("ListFlights", code(raw.list_flights(Criteria::default()).await)),
        ("GetFlightInfo", code(raw.get_flight_info(descriptor()).await)),
        ("PollFlightInfo", code(raw.poll_flight_info(descriptor()).await)),
        ("GetSchema", code(raw.get_schema(descriptor()).await)),
        ("DoGet", code(raw.do_get(Ticket::new(vec![])).await)),
        ("DoPut", code(raw.do_put(none()).await)),
        ("DoExchange", code(raw.do_exchange(none()).await)),
        ("ListActions", code(raw.list_actions(Empty {}).await)),
    ];
    // Every action that the server lists to those who have signed in.
    let mut ada = served.client("ada").await;
    let token = format!("Bearer {}", ada.token().unwrap());
    let mut request = Request::new(Empty {});
    request.metadata_mut().insert("authorization", token.parse().unwrap());
    let actions: Vec<_> = ada
        .inner_mut()
        .list_actions(request)
        .await
        .unwrap()
        .into_inner()
        .try_collect()
        .await
        .unwrap();
    assert!(actions.len() >= 10);
    for action in actions {
        answers.push((
            "DoAction",
            code(raw.do_action(Action::new(action.r#type, vec![])).await),
        ));
    }
    for (call, found) in answers {
        assert_eq!(found, Code::Unauthenticated, "{call}");
    }
    // Wrong credentials of every kind get the same answer.
    let mut messages = vec![];
    for header in [
        "Bearer x",
        "Bearer ",
        "Basic x",
        "Basic YWRhOng=",
        "Digest x",
        "Basic bm9ib2R5Ong=",
    ] {
        let mut request = Request::new(Empty {});
        request.metadata_mut().insert("authorization", header.parse().unwrap());
        let e = raw.list_actions(request).await.unwrap_err();
        assert_eq!(e.code(), Code::Unauthenticated, "{header}");
        messages.push(e.message().to_owned());
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[tokio::test]
async fn promise_15_30_and_31_nothing_of_the_data_in_logs_and_errors() {
    let _turn = together().await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap().to_owned();
    std::fs::create_dir(folder.path().join("PHIPATH^DOE")).unwrap();
    std::fs::write(folder.path().join("PHIPATH^DOE/ct.nii"), "no image").unwrap();
    let served = Served::start(&["--read", &root, "--write", &root]);
    let mut will = served.client("will").await;
    // Passwords: a right one, a wrong one, one in place of the name.
    let mut other = FlightSqlServiceClient::new(served.channel().await);
    for (name, password) in [("will", "PHIWRONG-pass"), ("PHINAME-pass", "x")] {
        let e = other.handshake(name, password).await.unwrap_err().to_string();
        assert!(!e.contains("PHI"), "{e}");
    }
    let line = std::fs::read_to_string(format!("/proc/{}/cmdline", served.process.id())).unwrap();
    assert!(!line.contains(SECRET));

    update(
        &mut will,
        "CREATE TABLE t AS SELECT 'PHICELL^DOE' AS name, -4711.25 AS age",
    )
    .await
    .unwrap();
    let mut errors = vec![];
    for sql in [
        "SELECT CAST(name AS BIGINT) FROM t",
        "SELECT CAST(name AS DATE) FROM t",
        "SELECT CAST(name AS TIMESTAMP) FROM t",
        "SELECT arrow_cast(name, 'Decimal128(3, 1)') FROM t",
        "SELECT CAST('PHILITERAL' AS BIGINT)",
        "SELECT name + 1 FROM t",
        "SELECT CAST(age AS TINYINT UNSIGNED) * 300 FROM t",
        "SELECT * FROM cox((SELECT age AS os, true AS dead, 1.0 AS x FROM t), time => os, event => dead)",
        "SELECT * FROM kaplan_meier((SELECT name, true AS dead FROM t), time => name, event => dead)",
        "SELECT radiomics('PHIPATH^DOE/ct.nii', 'PHIPATH^DOE/ct.nii')",
        "SELECT radiomics(name, name) FROM t",
        "SELECT file_hash('PHIPATH^DOE/none.nii')",
        "SELECT * FROM dicom_tags('PHIPATH^DOE/ct.nii')",
        "SELECT require(false, name) FROM t",
        "SELECT regexp_replace(name, name || '(', '') FROM t",
    ] {
        let answer = rows(&mut will, sql).await;
        errors.push((sql, answer.err().unwrap_or_default()));
    }
    for (sql, e) in &errors {
        assert!(!e.is_empty(), "{sql} was accepted");
        for mark in ["PHI", "4711", "DOE", root.as_str(), "src/", ".rs:", "panicked"] {
            assert!(!e.contains(mark), "{sql}: {e}");
        }
    }
    // What happened is told to the session that may see the rows.
    let told = text(
        &mut will,
        "SELECT count(*) FROM scan_errors() WHERE message LIKE '%PHIPATH%'",
    )
    .await
    .unwrap();
    assert_ne!(told, "0");
    let mut prepared = will.prepare("SELECT CAST($1 AS BIGINT)".into(), None).await.unwrap();
    let values = datafusion::arrow::array::StringArray::from(vec!["PHIPARAMETER"]);
    let batch = datafusion::arrow::array::RecordBatch::try_from_iter([("p", std::sync::Arc::new(values) as _)]);
    prepared.set_parameters(batch.unwrap()).unwrap();
    let info = prepared.execute().await.unwrap();
    let rows = will.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    let e = rows.try_collect::<Vec<_>>().await.err().unwrap().to_string();
    assert!(!e.contains("PHI"), "{e}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let log = served.log();
    assert!(log.contains("\"statement\":\"") && log.lines().count() > 15, "{log}");
    for mark in ["PHI", "DOE", "4711", root.as_str(), SECRET] {
        assert!(!log.contains(mark), "{mark} in {log}");
    }
}
