//! Load on a server: many clients with small queries while features are extracted, and how fast rows stream.
//!
//! ```sh
//! cargo run --release --example load -- small grpc://127.0.0.1:50051 ada PID scans
//! cargo run --release --example load -- stream grpc://127.0.0.1:50051 ada
//! ```
//!
//! The password is that of the environment variable RADSQL_PASSWORD. `small` opens 64 connections that send 10,000 queries in all
//! while two others extract every feature of the scan table that is named (the server without a cache, `--cache ''`), and tells
//! latencies and the server's memory before, at its most, and when all clients are gone. `stream` reads 20,000,000 rows, and the
//! same batches from arrow-flight's `do_get` alone, in turns, and tells the ratio of the rates.

use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest, HandshakeResponse,
    PollInfo, PutResult, SchemaResult, Ticket,
};
use datafusion::arrow::array::{Int64Array, RecordBatch};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};

type Failure = Box<dyn Error + Send + Sync>;
type Client = FlightSqlServiceClient<Channel>;

const CONNECTIONS: usize = 64;
/// Until memory that is free has gone back to the system.
const SETTLE: Duration = Duration::from_secs(5);
const QUERIES: usize = 10_000;
const ROWS: i64 = 20_000_000;
const BATCH: i64 = 8192;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let texts: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match texts[..] {
        ["small", uri, user, pid, table] => small(uri, user, pid, table).await,
        ["stream", uri, user] => stream(uri, user).await,
        _ => Err("expected: small URI USER PID SCAN_TABLE, or stream URI USER".into()),
    }
}

async fn connect(uri: &str, user: &str) -> Result<Client, Failure> {
    let password = std::env::var("RADSQL_PASSWORD")?;
    let channel = Endpoint::from_shared(uri.replace("grpc://", "http://"))?
        .connect()
        .await?;
    let mut client = FlightSqlServiceClient::new(channel);
    client.handshake(user, &password).await?;
    Ok(client)
}

/// Runs a query and counts its rows.
async fn rows(client: &mut Client, sql: &str) -> Result<usize, Failure> {
    let info = client.execute(sql.to_owned(), None).await?;
    let ticket = info.endpoint.first().and_then(|e| e.ticket.clone());
    let mut batches = client.do_get(ticket.ok_or("no ticket")?).await?;
    let mut rows = 0;
    while let Some(batch) = batches.try_next().await? {
        rows += batch.num_rows();
    }
    Ok(rows)
}

/// MB of memory of a process: now, and at its most.
fn memory(pid: &str) -> Result<(f64, f64), Failure> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = |key: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(key))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let of = |key: &str| value(key).map(|kb| kb / 1024.0).ok_or(format!("no {key}"));
    Ok((of("VmRSS:")?, of("VmHWM:")?))
}

async fn small(uri: &str, user: &str, pid: &str, table: &str) -> Result<(), Failure> {
    // All 851 features: the whole struct is asked for.
    let extract = format!("SELECT radiomics(image, mask, 'wavelet') AS r FROM {table}");
    // What is made at first use is there, and the pages of the program that it takes.
    let mut first = connect(uri, user).await?;
    rows(&mut first, "SELECT 1").await?;
    rows(&mut first, &extract).await?;
    drop(first);
    tokio::time::sleep(SETTLE).await;
    let before = memory(pid)?;
    let (stop, stopping) = watch::channel(false);
    let mut heavy = vec![];
    for _ in 0..2 {
        let (mut client, sql, stopping) = (connect(uri, user).await?, extract.clone(), stopping.clone());
        heavy.push(tokio::spawn(async move {
            let mut done = 0;
            while !*stopping.borrow() {
                rows(&mut client, &sql).await?;
                done += 1;
            }
            Ok::<_, Failure>(done)
        }));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    let mut light = vec![];
    for k in 0..CONNECTIONS {
        let mut client = connect(uri, user).await?;
        light.push(tokio::spawn(async move {
            let mut times = vec![];
            for _ in (k..QUERIES).step_by(CONNECTIONS) {
                let begun = Instant::now();
                let found = rows(&mut client, "SELECT 1").await?;
                times.push(begun.elapsed());
                if found != 1 {
                    return Err(format!("{found} rows").into());
                }
            }
            Ok::<_, Failure>(times)
        }));
    }
    let mut times = vec![];
    for client in light {
        times.extend(client.await??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    stop.send_replace(true);
    let mut extractions = 0;
    for client in heavy {
        extractions += client.await??;
    }
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    tokio::time::sleep(SETTLE).await;
    let after = memory(pid)?;
    println!(
        "{} queries of {CONNECTIONS} connections in {seconds:.1} s while {extractions} extractions ended; none failed",
        times.len()
    );
    println!(
        "latency in ms: p50 {:.1}, p90 {:.1}, p99 {:.1}, longest {:.1}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
    println!(
        "memory in MB: {:.0} before, {:.0} at most, {:.0} when all are gone ({:.2} times)",
        before.0,
        after.1,
        after.0,
        after.0 / before.0
    );
    Ok(())
}

async fn stream(uri: &str, user: &str) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let bare = format!("http://{}", listener.local_addr()?);
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(
        Server::builder()
            .add_service(FlightServiceServer::new(Bare))
            .serve_with_incoming(incoming),
    );
    let mut ours = connect(uri, user).await?;
    let channel = Endpoint::from_shared(bare)?.connect().await?;
    let mut theirs = FlightSqlServiceClient::new(channel);
    let sql = format!("SELECT * FROM generate_series(1, {ROWS})");
    let mut best = [f64::INFINITY; 2];
    for _ in 0..5 {
        let begun = Instant::now();
        let found = rows(&mut ours, &sql).await?;
        best[0] = best[0].min(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let mut batches = theirs.do_get(Ticket::new("rows")).await?;
        let mut bare = 0;
        while let Some(batch) = batches.try_next().await? {
            bare += batch.num_rows();
        }
        best[1] = best[1].min(begun.elapsed().as_secs_f64());
        if [found, bare] != [ROWS as usize; 2] {
            return Err(format!("{found} and {bare} rows").into());
        }
    }
    let rate = |seconds: f64| ROWS as f64 / seconds / 1e6;
    println!(
        "million rows a second: radsql {:.1}, bare do_get {:.1}; ratio {:.2}",
        rate(best[0]),
        rate(best[1]),
        best[1] / best[0]
    );
    Ok(())
}

/// arrow-flight alone, with batches that it has.
struct Bare;

fn refused<T>() -> Result<T, Status> {
    Err(Status::unimplemented("do_get is all there is"))
}

#[tonic::async_trait]
impl FlightService for Bare {
    type HandshakeStream = BoxStream<'static, Result<HandshakeResponse, Status>>;
    type ListFlightsStream = BoxStream<'static, Result<FlightInfo, Status>>;
    type DoGetStream = BoxStream<'static, Result<FlightData, Status>>;
    type DoPutStream = BoxStream<'static, Result<PutResult, Status>>;
    type DoActionStream = BoxStream<'static, Result<arrow_flight::Result, Status>>;
    type ListActionsStream = BoxStream<'static, Result<ActionType, Status>>;
    type DoExchangeStream = BoxStream<'static, Result<FlightData, Status>>;

    async fn do_get(&self, _: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        let batches = (0..ROWS).step_by(BATCH as usize).map(|first| {
            let values = Int64Array::from_iter_values(first + 1..=(first + BATCH).min(ROWS));
            RecordBatch::try_from_iter([("value", Arc::new(values) as _)]).map_err(Into::into)
        });
        let encoded = FlightDataEncoderBuilder::new().build(futures::stream::iter(batches));
        Ok(Response::new(encoded.map_err(Status::from).boxed()))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        refused()
    }

    async fn list_flights(&self, _: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        refused()
    }

    async fn get_flight_info(&self, _: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        refused()
    }

    async fn poll_flight_info(&self, _: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        refused()
    }

    async fn get_schema(&self, _: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        refused()
    }

    async fn do_put(&self, _: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        refused()
    }

    async fn do_action(&self, _: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        refused()
    }

    async fn list_actions(&self, _: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        refused()
    }

    async fn do_exchange(&self, _: Request<Streaming<FlightData>>) -> Result<Response<Self::DoExchangeStream>, Status> {
        refused()
    }
}
