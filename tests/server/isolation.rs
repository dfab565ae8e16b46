//! What one user has is nobody else's.

use crate::served::{Client, Served, refused, rows, text, together, update};
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
    Any, CommandPreparedStatementQuery, CommandStatementIngest, ProstMessageExt, TicketStatementQuery,
};
use arrow_flight::sql::{TableDefinitionOptions, TableExistsOption, TableNotExistOption};
use arrow_flight::{Action, FlightDescriptor, Ticket};
use datafusion::arrow::array::{Int64Array, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::datatypes::Schema;
use futures::TryStreamExt;
use prost::Message;
use std::sync::Arc;
use tonic::{Code, Request};

#[tokio::test]
async fn promise_14_tickets_and_handles_are_worth_nothing_to_others() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let (mut will, mut ada) = (served.client("will").await, served.client("ada").await);
    let info = will.execute("SELECT 42".into(), None).await.unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    // It holds no statement.
    assert!(!String::from_utf8_lossy(&ticket.ticket).contains("42"));
    // Another user.
    let e = ada.do_get(ticket.clone()).await.err().unwrap().to_string();
    assert!(e.contains("no such result"), "{e}");
    // The same user in another session.
    let e = served
        .client("will")
        .await
        .do_get(ticket.clone())
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(e.contains("no such result"), "{e}");
    // Its owner, once.
    let batches: Vec<_> = will.do_get(ticket.clone()).await.unwrap().try_collect().await.unwrap();
    assert_eq!(batches[0].num_rows(), 1);
    assert!(will.do_get(ticket).await.is_err());
    // Made up ones, of any length.
    for forged in [vec![], vec![0; 16], vec![255; 16], vec![7; 15], vec![7; 100_000]] {
        let forged = TicketStatementQuery {
            statement_handle: forged.into(),
        };
        let ticket = Ticket::new(forged.as_any().encode_to_vec());
        assert!(will.do_get(ticket).await.is_err());
    }
    for garbage in [&b""[..], b"SELECT 1", &[255; 64]] {
        let e = will
            .do_get(Ticket::new(garbage.to_vec()))
            .await
            .err()
            .unwrap()
            .to_string();
        assert!(!e.contains("DecodeError") && !e.contains("ParseError"), "{e}");
    }
    // A prepared statement: not by another session, not after it is closed.
    let create = ActionCreatePreparedStatementRequest {
        query: "SELECT 7 AS n".into(),
        transaction_id: None,
    };
    let action = Action::new("CreatePreparedStatement", create.as_any().encode_to_vec());
    let mut answers = will.do_action(Request::new(action)).await.unwrap();
    let answer = answers.try_next().await.unwrap().unwrap();
    let made = Any::decode(&*answer.body)
        .unwrap()
        .unpack::<ActionCreatePreparedStatementResult>();
    let handle = made.unwrap().unwrap().prepared_statement_handle;
    let ask = || {
        let command = CommandPreparedStatementQuery {
            prepared_statement_handle: handle.clone(),
        };
        Request::new(FlightDescriptor::new_cmd(command.as_any().encode_to_vec()))
    };
    let token = |client: &Client| format!("Bearer {}", client.token().unwrap()).parse().unwrap();
    let authorized = |client: &Client| {
        let mut request = ask();
        request.metadata_mut().insert("authorization", token(client));
        request
    };
    let request = authorized(&will);
    assert!(will.inner_mut().get_flight_info(request).await.is_ok());
    let request = authorized(&ada);
    let e = ada.inner_mut().get_flight_info(request).await.unwrap_err();
    assert_eq!(e.code(), Code::NotFound);
    let close = ActionClosePreparedStatementRequest {
        prepared_statement_handle: handle.clone(),
    };
    let close = Action::new("ClosePreparedStatement", close.as_any().encode_to_vec());
    will.do_action(Request::new(close)).await.unwrap();
    let request = authorized(&will);
    let e = will.inner_mut().get_flight_info(request).await.unwrap_err();
    assert_eq!(e.code(), Code::NotFound);
}

#[tokio::test]
async fn promise_16_parameters_are_data() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    update(&mut will, "CREATE TABLE patients AS SELECT 1 AS id, 'a' AS name")
        .await
        .unwrap();
    for value in [
        "1' OR '1'='1",
        "'; DROP TABLE patients; --",
        "\\'; DROP TABLE patients; --",
        "$1",
        "?",
        "{{7*7}}",
        "\u{0}",
        "\u{feff}é\"`\u{202e}",
        "' UNION ALL SELECT name FROM patients --",
    ] {
        let batch = RecordBatch::try_from_iter([("v", Arc::new(StringArray::from(vec![value])) as _)]).unwrap();
        for (sql, expected) in [
            ("SELECT CAST($1 AS VARCHAR) AS v", vec![value]),
            ("SELECT name FROM patients WHERE name = ?", vec![]),
        ] {
            let mut prepared = will.prepare(sql.into(), None).await.unwrap();
            prepared.set_parameters(batch.clone()).unwrap();
            let info = prepared.execute().await.unwrap();
            let ticket = info.endpoint[0].ticket.clone().unwrap();
            let got: Vec<_> = will.do_get(ticket).await.unwrap().try_collect().await.unwrap();
            let cells: Vec<String> = got
                .iter()
                .flat_map(|b| {
                    use datafusion::arrow::array::AsArray;
                    let column = b.column(0).as_string::<i32>().clone();
                    (0..b.num_rows())
                        .map(move |i| column.value(i).to_owned())
                        .collect::<Vec<_>>()
                })
                .collect();
            assert_eq!(cells, expected, "{sql}");
        }
    }
    assert_eq!(text(&mut will, "SELECT count(*) FROM patients").await.unwrap(), "1");
}

#[tokio::test]
async fn promise_17_settings_temporary_tables_and_prepared_names_are_ones_own() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let (mut will, mut wilma) = (served.client("will").await, served.client("wilma").await);
    let mut again = served.client("will").await;
    let seed = "SELECT value FROM information_schema.df_settings WHERE name = 'radsql.seed'";
    let before = text(&mut wilma, seed).await.unwrap();
    rows(&mut will, "SET radsql.seed = 4711").await.unwrap();
    assert_eq!(text(&mut will, seed).await.unwrap(), "4711");
    assert_eq!(text(&mut wilma, seed).await.unwrap(), before);
    assert_eq!(text(&mut again, seed).await.unwrap(), before);

    rows(&mut will, "CREATE TEMP TABLE mine AS SELECT 1 AS a")
        .await
        .unwrap();
    assert_eq!(text(&mut will, "SELECT a FROM mine").await.unwrap(), "1");
    assert_eq!(text(&mut will, "SELECT a FROM temp.mine").await.unwrap(), "1");
    for other in [&mut wilma, &mut again] {
        refused(other, "SELECT a FROM mine").await;
        refused(other, "SELECT a FROM temp.mine").await;
        let listed = text(
            other,
            "SELECT count(*) FROM information_schema.tables WHERE table_name = 'mine'",
        )
        .await;
        assert_eq!(listed.unwrap(), "0");
    }
    rows(&mut wilma, "CREATE TEMP TABLE mine AS SELECT 2 AS a")
        .await
        .unwrap();
    assert_eq!(text(&mut will, "SELECT a FROM mine").await.unwrap(), "1");

    rows(&mut will, "PREPARE p AS SELECT 3").await.unwrap();
    assert_eq!(text(&mut will, "EXECUTE p").await.unwrap(), "3");
    refused(&mut wilma, "EXECUTE p").await;
    refused(&mut again, "EXECUTE p").await;
    // A failure of a scan is told to whom it happened.
    rows(&mut will, "SET radsql.on_error = 'null'").await.unwrap();
    rows(&mut will, "SELECT radiomics('nowhere.nii.gz', 'nowhere.nii.gz')")
        .await
        .unwrap();
    assert_eq!(
        text(&mut will, "SELECT count(*) FROM scan_errors()").await.unwrap(),
        "1"
    );
    assert_eq!(
        text(&mut wilma, "SELECT count(*) FROM scan_errors()").await.unwrap(),
        "0"
    );
}

#[tokio::test]
async fn roles() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let (mut rita, mut will) = (served.client("rita").await, served.client("will").await);
    update(&mut will, "CREATE TABLE t AS SELECT 1 AS a").await.unwrap();
    assert_eq!(text(&mut rita, "SELECT a FROM t").await.unwrap(), "1");
    for sql in [
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET a = 3",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE u AS SELECT 1",
        "CREATE OR REPLACE TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "CREATE SCHEMA s",
        "EXPLAIN ANALYZE INSERT INTO t VALUES (2)",
        "PREPARE p AS INSERT INTO t VALUES (2)",
        "COPY t TO 'x.csv'",
        "CREATE MODEL m FROM 'x.onnx'",
        "DROP MODEL m",
    ] {
        let e = refused(&mut rita, sql).await;
        assert!(e.contains("reader") || e.contains("PermissionDenied"), "{sql}: {e}");
    }
    rows(&mut rita, "CREATE TEMP TABLE r AS SELECT 5 AS a").await.unwrap();
    rows(&mut rita, "INSERT INTO r VALUES (6)").await.unwrap();
    assert_eq!(text(&mut rita, "SELECT sum(a) FROM r").await.unwrap(), "11");
    rows(&mut rita, "DROP TABLE r").await.unwrap();
    assert_eq!(text(&mut will, "SELECT a FROM t").await.unwrap(), "1");
}

#[tokio::test]
async fn a_temporary_name_opens_no_shared_table() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let (mut rita, mut will) = (served.client("rita").await, served.client("will").await);
    update(&mut will, "CREATE TABLE t AS SELECT 1 AS a").await.unwrap();
    // A reader's own table of the same name, and statements that would mean the shared one afterwards.
    rows(&mut rita, "CREATE TEMP TABLE t AS SELECT 5 AS a").await.unwrap();
    let mut drop_it = rita.prepare("DROP TABLE t".into(), None).await.unwrap();
    drop_it.execute_update().await.unwrap();
    assert!(drop_it.execute_update().await.is_err());
    assert_eq!(text(&mut rita, "SELECT a FROM t").await.unwrap(), "1");
    // Rows without columns would run a statement several times.
    rows(&mut rita, "CREATE TEMP TABLE u AS SELECT 5 AS a").await.unwrap();
    let mut drop_it = rita.prepare("DROP TABLE u".into(), None).await.unwrap();
    let options = RecordBatchOptions::new().with_row_count(Some(2));
    let nothing = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    drop_it.set_parameters(nothing).unwrap();
    assert!(drop_it.execute_update().await.is_err());
    for sql in [
        "CREATE OR REPLACE TABLE u AS SELECT 666 AS a",
        "CREATE OR REPLACE VIEW u AS SELECT 666 AS a",
        "CREATE TABLE public.u AS SELECT 666 AS a",
        "CREATE TABLE v AS SELECT 666 AS a",
    ] {
        let e = refused(&mut rita, sql).await;
        assert!(e.contains("your role is reader"), "{sql}: {e}");
    }
    for mode in [
        TableExistsOption::Replace,
        TableExistsOption::Append,
        TableExistsOption::Fail,
    ] {
        let command = CommandStatementIngest {
            table_definition_options: Some(TableDefinitionOptions {
                if_not_exist: TableNotExistOption::Create.into(),
                if_exists: mode.into(),
            }),
            table: "u".into(),
            ..Default::default()
        };
        let rows = RecordBatch::try_from_iter([("a", Arc::new(Int64Array::from(vec![666])) as _)]).unwrap();
        let sent = rita.execute_ingest(command, futures::stream::iter([Ok(rows)])).await;
        assert!(sent.unwrap_err().to_string().contains("your role is reader"));
    }
    assert_eq!(text(&mut rita, "SELECT a FROM u").await.unwrap(), "5");
    refused(&mut will, "SELECT a FROM u").await;
    assert_eq!(text(&mut will, "SELECT a FROM t").await.unwrap(), "1");
    // A writer replaces the shared one, whatever is temporary.
    rows(&mut will, "CREATE TEMP TABLE t AS SELECT 7 AS a").await.unwrap();
    rows(&mut will, "CREATE OR REPLACE TABLE t AS SELECT 2 AS a")
        .await
        .unwrap();
    assert_eq!(text(&mut will, "SELECT a FROM t").await.unwrap(), "7");
    rows(&mut will, "DROP TABLE t").await.unwrap();
    assert_eq!(text(&mut will, "SELECT a FROM t").await.unwrap(), "2");
}

#[tokio::test]
async fn a_condition_that_would_be_dropped_is_refused_wherever_it_stands() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    update(
        &mut will,
        "CREATE TABLE t AS SELECT value AS id FROM generate_series(1, 10)",
    )
    .await
    .unwrap();
    for sql in [
        "DELETE FROM t WHERE id IN (SELECT 3)",
        "EXPLAIN ANALYZE DELETE FROM t WHERE id IN (SELECT 3)",
        "PREPARE p AS DELETE FROM t WHERE id IN (SELECT 3)",
    ] {
        let e = refused(&mut will, sql).await;
        assert!(e.contains("subquery"), "{sql}: {e}");
    }
    rows(&mut will, "EXPLAIN DELETE FROM t WHERE id = 3").await.unwrap();
    assert_eq!(text(&mut will, "SELECT count(*) FROM t").await.unwrap(), "10");
    rows(&mut will, "PREPARE p AS DELETE FROM t WHERE id = $1")
        .await
        .unwrap();
    rows(&mut will, "EXECUTE p(3)").await.unwrap();
    assert_eq!(text(&mut will, "SELECT count(*) FROM t").await.unwrap(), "9");
}

#[tokio::test]
async fn promise_14_nothing_is_left_of_a_closed_session() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    let info = will.execute("SELECT 1".into(), None).await.unwrap();
    let close = Action::new("CloseSession", vec![]);
    will.do_action(Request::new(close))
        .await
        .unwrap()
        .try_next()
        .await
        .unwrap();
    let e = will
        .do_get(info.endpoint[0].ticket.clone().unwrap())
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(e.contains("authentication failed"), "{e}");
}
