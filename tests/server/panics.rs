//! A defect ends its own query and nothing else. The server runs in this process, so that it can be given a function that
//! panics.

use crate::served::{SECRET, text, together};
use arrow_flight::sql::client::FlightSqlServiceClient;
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use radsql::Session;
use radsql::server::auth::AuthLimits;
use radsql::server::passwords::{Argon2id, Password, StoredHash};
use radsql::server::shared::Limits;
use radsql::server::users::{Account, Users};
use radsql::server::{Config, Server};
use std::sync::Arc;
use std::time::Duration;
use tonic::transport::Endpoint;

#[tokio::test(flavor = "multi_thread")]
async fn promise_02_a_panic_ends_its_query_only() {
    let _turn = together().await;
    let engine = Session::new().unwrap();
    for (name, volatility) in [
        ("panics", Volatility::Volatile),
        ("panics_while_planned", Volatility::Immutable),
    ] {
        let panics =
            Arc::new(|_: &[ColumnarValue]| -> datafusion::common::Result<ColumnarValue> { panic!("PHI in a panic") });
        engine.context().register_udf(create_udf(
            name,
            vec![DataType::Int64],
            DataType::Int64,
            volatility,
            panics,
        ));
    }
    let password = Password::new(format!("ada{SECRET}").into()).unwrap();
    let mut users = Users::default();
    let hash = Arc::new(StoredHash::new(&password, &Argon2id).unwrap());
    users.set(
        "ada".parse().unwrap(),
        Account {
            role: "admin".parse().unwrap(),
            hash,
        },
    );
    let config = Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        metrics: None,
        users,
        tls: None,
        plain_text_allowed: false,
        limits: Limits::default(),
        auth: AuthLimits::default(),
        grace: Duration::ZERO,
    };
    let server = Server::bind(config, engine).await.unwrap();
    let address = format!("http://{}", server.address().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    let channel = Endpoint::from_shared(address).unwrap().connect().await.unwrap();
    let mut ada = FlightSqlServiceClient::new(channel);
    ada.handshake("ada", &format!("ada{SECRET}")).await.unwrap();
    for sql in [
        "SELECT panics(value) FROM generate_series(1, 100000)",
        "SELECT panics_while_planned(1)",
        "CREATE TABLE t AS SELECT panics(value) AS a FROM generate_series(1, 10)",
        "SELECT count(*) FROM generate_series(1, 100000) WHERE panics(value) > 1 GROUP BY value % 7",
    ] {
        let e = text(&mut ada, sql).await.unwrap_err();
        assert!(e.contains("a defect in radsql"), "{sql}: {e}");
        assert!(!e.contains("PHI") && !e.contains(".rs"), "{e}");
        assert_eq!(text(&mut ada, "SELECT 1").await.unwrap(), "1");
    }
    drop(ada);
    let _ = stop.send(());
    tokio::time::timeout(Duration::from_secs(10), serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
