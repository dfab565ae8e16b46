//! What drivers ask beyond queries.

use crate::served::{Served, fetch, refused, rows, text, together, update};
use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables, CommandGetXdbcTypeInfo, SqlInfo};
use datafusion::arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, UInt32Type};
use futures::TryStreamExt;
use std::sync::Arc;

#[tokio::test]
async fn every_code_of_sql_info_is_answered() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut rita = served.client("rita").await;
    let info = rita.get_sql_info(vec![]).await.unwrap();
    let schema = info.clone().try_decode_schema().unwrap();
    let batches = fetch(&mut rita, &info).await.unwrap();
    assert_eq!(*batches[0].schema(), schema);
    let codes: Vec<u32> = batches
        .iter()
        .flat_map(|b| b.column(0).as_primitive::<UInt32Type>().values().to_vec())
        .collect();
    // FlightSql.proto: 0 to 11, 100, 101, 500 to 576.
    let expected: Vec<u32> = (0..=11).chain([100, 101]).chain(500..=576).collect();
    assert_eq!(codes, expected);
    assert!(SqlInfo::try_from(576).is_ok() && SqlInfo::try_from(577).is_err());
}

#[tokio::test]
async fn metadata() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    update(&mut will, "CREATE TABLE patient AS SELECT 1 AS id, 'a' AS name")
        .await
        .unwrap();
    update(&mut will, "CREATE VIEW v_patient AS SELECT id FROM patient")
        .await
        .unwrap();
    update(&mut will, "CREATE TEMP TABLE scratch AS SELECT 1 AS a")
        .await
        .unwrap();
    let tables = |filter: Option<&str>, with: bool| CommandGetTables {
        catalog: None,
        db_schema_filter_pattern: Some("%".into()),
        table_name_filter_pattern: filter.map(String::from),
        table_types: vec![],
        include_schema: with,
    };
    let info = will.get_tables(tables(Some("%patient"), true)).await.unwrap();
    let found: Vec<RecordBatch> = fetch(&mut will, &info).await.unwrap();
    let names: Vec<String> = found
        .iter()
        .flat_map(|b| {
            b.column(2)
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(String::from)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(names, ["patient", "v_patient"]);
    let schemas = found[0].column(4).as_binary::<i32>();
    let schema = datafusion::arrow::ipc::convert::try_schema_from_ipc_buffer(schemas.value(0)).unwrap();
    let asked = rows(&mut will, "SELECT * FROM patient").await.unwrap();
    assert_eq!(schema.fields(), asked[0].schema().fields());
    let info = will.get_tables(tables(Some("scratch"), false)).await.unwrap();
    let found: Vec<RecordBatch> = fetch(&mut will, &info).await.unwrap();
    assert_eq!(found[0].column(3).as_string::<i32>().value(0), "LOCAL TEMPORARY");
    // Where there is nothing to tell there are no rows, and no error.
    let all = CommandGetDbSchemas {
        catalog: None,
        db_schema_filter_pattern: None,
    };
    let mut infos = vec![
        will.get_db_schemas(all).await.unwrap(),
        will.get_catalogs().await.unwrap(),
        will.get_table_types().await.unwrap(),
        will.get_xdbc_type_info(CommandGetXdbcTypeInfo { data_type: None })
            .await
            .unwrap(),
    ];
    let table = || arrow_flight::sql::CommandGetPrimaryKeys {
        catalog: None,
        db_schema: None,
        table: "patient".into(),
    };
    infos.push(will.get_primary_keys(table()).await.unwrap());
    for info in infos {
        let declared = info.clone().try_decode_schema().unwrap();
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let mut stream = will.do_get(ticket).await.unwrap();
        while let Some(batch) = stream.try_next().await.unwrap() {
            assert_eq!(*batch.schema(), declared);
        }
        assert!(info.endpoint[0].location.is_empty() && info.endpoint.len() == 1);
    }
}

#[tokio::test]
async fn prepared_statements() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    update(&mut will, "CREATE TABLE t (id BIGINT, name VARCHAR)")
        .await
        .unwrap();
    // Types of parameters come from their places; several rows are several executions.
    let mut insert = will.prepare("INSERT INTO t VALUES (?, ?)".into(), None).await.unwrap();
    let types: Vec<DataType> = insert
        .parameter_schema()
        .unwrap()
        .fields()
        .iter()
        .map(|f| f.data_type().clone())
        .collect();
    assert_eq!(types, [DataType::Int64, DataType::Utf8]);
    assert!(insert.dataset_schema().unwrap().fields().is_empty());
    let batch = RecordBatch::try_from_iter([
        ("a", Arc::new(Int64Array::from(vec![Some(1), Some(2), None])) as _),
        ("b", Arc::new(StringArray::from(vec![Some("x"), None, Some("z")])) as _),
    ]);
    insert.set_parameters(batch.unwrap()).unwrap();
    assert_eq!(insert.execute_update().await.unwrap(), 3);
    assert_eq!(
        text(&mut will, "SELECT count(*), count(id), count(name) FROM t")
            .await
            .unwrap(),
        "3,2,2"
    );
    // A prepared statement sees what was changed after it was prepared.
    let mut select = will.prepare("SELECT count(*) AS n FROM t".into(), None).await.unwrap();
    assert_eq!(select.dataset_schema().unwrap().field(0).name(), "n");
    update(&mut will, "CREATE OR REPLACE TABLE t AS SELECT 1 AS other")
        .await
        .unwrap();
    let info = select.execute().await.unwrap();
    let found: Vec<RecordBatch> = fetch(&mut will, &info).await.unwrap();
    assert_eq!(
        found[0]
            .column(0)
            .as_primitive::<datafusion::arrow::datatypes::Int64Type>()
            .value(0),
        1
    );
    let e = will
        .prepare("SELECT ?, $1".into(), None)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(e.contains("either all ?"), "{e}");
}

#[tokio::test]
async fn transactions_are_answered() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    for sql in [
        "BEGIN",
        "SELECT 1",
        "COMMIT",
        "ROLLBACK",
        "START TRANSACTION",
        "ROLLBACK",
        "BEGIN",
    ] {
        rows(&mut will, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    update(&mut will, "CREATE TABLE t AS SELECT 1 AS a").await.unwrap();
    let e = refused(&mut will, "ROLLBACK").await;
    assert!(e.contains("cannot undo"), "{e}");
    let id = will.begin_transaction().await.unwrap();
    will.end_transaction(id, arrow_flight::sql::EndTransaction::Commit)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_planned_is_what_comes() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    for sql in [
        "SELECT 'a' AS v, arrow_cast('a', 'Utf8View') AS w, arrow_cast('a', 'Dictionary(Int32, Utf8)') AS d",
        "SELECT CAST('a' AS VARCHAR) AS v, ['a'] AS l, {a: 1} AS s",
        "SELECT count(*) AS n, min(1) AS m FROM generate_series(1, 3)",
        "SELECT 1, 1, (SELECT 2), (SELECT 3)",
        "SHOW MODELS",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "SELECT * FROM generate_series(1, 5) WHERE value > 9",
    ] {
        let info = will
            .execute(sql.into(), None)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
        let declared = info.clone().try_decode_schema().unwrap();
        assert!(!declared.to_string().contains("View"), "{sql}: {declared}");
        let mut stream = will.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
        while let Some(batch) = stream.try_next().await.unwrap_or_else(|e| panic!("{sql}: {e}")) {
            assert_eq!(*batch.schema(), declared, "{sql}");
        }
    }
}

#[tokio::test]
async fn what_changes_something_has_happened_when_it_is_answered() {
    let _turn = together().await;
    let served = Served::start(&[]);
    let mut will = served.client("will").await;
    // Nobody fetches the rows of these.
    will.execute("CREATE TABLE t AS SELECT 1 AS a".into(), None)
        .await
        .unwrap();
    will.execute("INSERT INTO t VALUES (2), (3)".into(), None)
        .await
        .unwrap();
    assert_eq!(text(&mut will, "SELECT count(*) FROM t").await.unwrap(), "3");
    assert!(will.execute("DROP TABLE nothing_such".into(), None).await.is_err());
    assert_eq!(text(&mut will, "INSERT INTO t VALUES (4)").await.unwrap(), "1");
    assert_eq!(text(&mut will, "SELECT count(*) FROM t").await.unwrap(), "4");
    // To be asked for its columns runs nothing.
    let command = arrow_flight::sql::CommandStatementQuery {
        query: "INSERT INTO t VALUES (5)".into(),
        transaction_id: None,
    };
    use arrow_flight::sql::ProstMessageExt;
    use prost::Message;
    let descriptor = arrow_flight::FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
    let mut request = tonic::Request::new(descriptor);
    let token = format!("Bearer {}", will.token().unwrap()).parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    will.inner_mut().get_schema(request).await.unwrap();
    assert_eq!(text(&mut will, "SELECT count(*) FROM t").await.unwrap(), "4");
}
