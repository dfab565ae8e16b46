//! Statements under way: their places, their time limits, their rows on the way to the client, their line in the log.

use crate::server::client::Client;
use crate::server::errors::Fault;
use crate::server::log::{Fingerprint, TARGET};
use crate::server::metrics::Ended;
use crate::server::pool::Taking;
use crate::server::statement::{Kind, Ready, Statement};
use crate::server::wire;
use arrow_flight::FlightData;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{SchemaRef, UInt64Type};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// Messages on their way between the threads of queries and those of clients. A reader that has stopped costs so many.
const AHEAD: usize = 2;

/// Most bytes of a message, before one row alone is larger. Half of what gRPC clients take unless told otherwise.
const MESSAGE: usize = 2 << 20;

/// What a statement takes: its place in the session and in the server, and its part of the memory. Whatever does its work
/// holds them as well, as work within one row ends only by itself.
#[derive(Clone)]
pub struct Places {
    _held: Arc<(OwnedSemaphorePermit, OwnedSemaphorePermit, Taking)>,
}

/// A statement under way.
pub struct Running {
    client: Arc<Client>,
    fingerprint: Fingerprint,
    kind: &'static str,
    started: Instant,
    rows: Arc<AtomicU64>,
    outcome: Option<&'static str>,
    places: Places,
}

impl Running {
    /// Takes the places of a statement.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(client: &Arc<Client>, fingerprint: Fingerprint, kind: &'static str) -> Result<Self, Fault> {
        let shared = &client.shared;
        let limits = &shared.limits;
        if *shared.stop.borrow() {
            return Err(Fault::Stopping);
        }
        let own = Arc::clone(&client.places).try_acquire_owned().map_err(|_| {
            Fault::TooMuch(format!(
                "this session runs {} statements, the most allowed at a time",
                limits.statements_per_session
            ))
        })?;
        let all = Arc::clone(&shared.places).try_acquire_owned().map_err(|_| {
            Fault::TooMuch(format!(
                "the server runs {} statements, the most allowed at a time; try again later",
                limits.statements
            ))
        })?;
        shared.metrics.running.inc();
        Ok(Self {
            client: Arc::clone(client),
            fingerprint,
            kind,
            started: Instant::now(),
            rows: Arc::default(),
            outcome: None,
            places: Places {
                _held: Arc::new((own, all, client.share.begin())),
            },
        })
    }

    /// Does its work, but no longer than it may, and not when the server stops.
    async fn within<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let shared = &self.client.shared;
        let limit = shared.limits.statement_timeout;
        let late = async {
            match limit {
                Some(limit) => tokio::time::sleep_until((self.started + limit).into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = work => result,
            () = late => Err(Fault::Deadline(format!(
                "the statement took longer than {} s, the most allowed here",
                limit.unwrap_or_default().as_secs_f64()
            ))),
            fault = shared.stopped() => Err(fault),
            fault = self.client.over() => Err(fault),
            () = self.client.keep_alive() => Err(Fault::Defect),
        }
    }

    /// Does its work on the threads of queries, within its limits. Dropping the answer stops it.
    ///
    /// # Errors
    /// That of the work, or which limit was reached.
    pub async fn on_query_threads<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let places = self.places.clone();
        let task = self.client.shared.threads.handle().spawn(async move {
            let result = work.await;
            drop(places);
            result
        });
        self.within(AbortOnDrop(task).join()).await
    }

    /// Notes how it ended; without that it was cancelled.
    pub fn ended<T>(&mut self, result: &Result<T, Fault>) {
        self.outcome = Some(match result {
            Ok(_) => "ok",
            Err(fault) => fault.outcome(),
        });
    }

    /// Counts rows.
    pub fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let metrics = &self.client.shared.metrics;
        let outcome = self.outcome.unwrap_or("cancelled");
        let ended = Ended {
            kind: self.kind,
            outcome,
        };
        let (seconds, rows) = (self.started.elapsed().as_secs_f64(), self.rows.load(Ordering::Relaxed));
        metrics.running.dec();
        metrics.statements.get_or_create(&ended).inc();
        metrics.seconds.get_or_create(&ended).observe(seconds);
        metrics.rows.inc_by(rows);
        tracing::info!(
            target: TARGET,
            user = %self.client.identity.user,
            statement = %self.fingerprint,
            kind = self.kind,
            outcome,
            rows,
            seconds,
            "statement"
        );
    }
}

/// The rows of a statement, as messages for a client. It runs while they are read, on the threads of queries; dropping the
/// stream stops it, before its first row too.
///
/// # Errors
/// When the server or the session runs too many.
pub fn rows(
    client: &Arc<Client>,
    ready: Ready,
) -> Result<impl Stream<Item = Result<FlightData, Status>> + use<>, Fault> {
    let first = ready.first().cloned().ok_or(Fault::Defect)?;
    let mut running = Running::new(client, first.fingerprint, first.kind.name())?;
    let (messages, received) = mpsc::channel(AHEAD);
    let client = Arc::clone(client);
    let threads = client.shared.threads.handle().clone();
    threads.spawn(async move {
        let to = messages.clone();
        // The work is a task of its own, so that a panic in it is seen here.
        let work = {
            let (client, counted, places) = (Arc::clone(&client), Arc::clone(&running.rows), running.places.clone());
            let task = tokio::spawn(async move { send(&client, &ready, &counted, &places, &to).await });
            AbortOnDrop(task)
        };
        let result = tokio::select! {
            biased;
            () = messages.closed() => return,
            result = running.within(work.join()) => result,
        };
        running.ended(&result);
        // The place is free when the client learns that it is over.
        drop(running);
        if let Err(fault) = result {
            let _ = messages.send(Err(fault.into())).await;
        }
    });
    Ok(ReceiverStream::new(received))
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<Result<T, Fault>>);

impl<T> AbortOnDrop<T> {
    async fn join(mut self) -> Result<T, Fault> {
        match (&mut self.0).await {
            Ok(result) => result,
            Err(_) => Err(Fault::Defect),
        }
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Messages = mpsc::Sender<Result<FlightData, Status>>;

/// Runs a statement and sends its rows; ends early when nobody takes them.
async fn send(
    client: &Arc<Client>,
    ready: &Ready,
    counted: &Arc<AtomicU64>,
    places: &Places,
    to: &Messages,
) -> Result<(), Fault> {
    let schema = ready.schema();
    let batches = stream::iter(ready.statements.clone())
        .then({
            let (client, places) = (Arc::clone(client), places.clone());
            move |statement| {
                let (client, places) = (Arc::clone(&client), places.clone());
                async move { batches(&client, &statement, &places).await }
            }
        })
        .try_flatten();
    let counted = Arc::clone(counted);
    let told = Arc::clone(&schema);
    let batches = batches.and_then(move |batch| {
        counted.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
        std::future::ready(wire::batch(&batch, &told).map_err(|e| Fault::engine(e.into(), "")))
    });
    let encoded = FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .with_max_flight_data_size(MESSAGE)
        .build(batches.map_err(|fault| FlightError::from(Status::from(fault))));
    forward(encoded, to).await
}

async fn forward(
    mut encoded: impl Stream<Item = Result<FlightData, FlightError>> + Unpin,
    to: &Messages,
) -> Result<(), Fault> {
    while let Some(message) = encoded.next().await {
        let message = message.map_err(|e| match e {
            FlightError::Tonic(status) => Fault::Told(status),
            _ => Fault::Defect,
        })?;
        if to.send(Ok(message)).await.is_err() {
            return Err(Fault::Cancelled);
        }
    }
    Ok(())
}

async fn batches(
    client: &Arc<Client>,
    statement: &Arc<Statement>,
    places: &Places,
) -> Result<impl Stream<Item = Result<RecordBatch, Fault>> + use<>, Fault> {
    let rows = statement.run(client, places).await?;
    let text = statement.text.clone();
    Ok(rows.map_err(move |e| Fault::engine(e, &text)))
}

/// Runs statements for what they change, and gives the number of rows that they changed.
///
/// # Errors
/// Of the first that fails; those before it have taken effect.
pub async fn update(client: &Arc<Client>, ready: Ready) -> Result<i64, Fault> {
    let changed = collect(client, ready).await?.iter().map(count).sum::<u64>();
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}

/// Runs statements for what they change, and gives what they tell about it.
///
/// # Errors
/// As [`update`].
pub async fn collect(client: &Arc<Client>, ready: Ready) -> Result<Vec<RecordBatch>, Fault> {
    let first = ready.first().cloned().ok_or(Fault::Defect)?;
    let mut running = Running::new(client, first.fingerprint, first.kind.name())?;
    let (session, places) = (Arc::clone(client), running.places.clone());
    let is_query = first.kind == Kind::Query;
    let work = async move {
        let mut told = vec![];
        for statement in &ready.statements {
            let mut rows = Box::pin(batches(&session, statement, &places).await?);
            while let Some(batch) = rows.try_next().await? {
                // Rows of a query that is run as an update go nowhere.
                if !is_query {
                    told.push(wire::batch(&batch, &statement.schema).map_err(|e| Fault::engine(e.into(), ""))?);
                }
            }
        }
        Ok(told)
    };
    let result = running.on_query_threads(work).await;
    if let Ok(told) = &result {
        running.add_rows(told.iter().map(count).sum());
    }
    running.ended(&result);
    result
}

/// Notes a statement that could not be planned.
pub fn refused(client: &Client, fingerprint: Fingerprint, fault: &Fault) {
    let outcome = fault.outcome();
    let ended = Ended { kind: "plan", outcome };
    client.shared.metrics.statements.get_or_create(&ended).inc();
    tracing::info!(
        target: TARGET,
        user = %client.identity.user,
        statement = %fingerprint,
        kind = "plan",
        outcome,
        "statement"
    );
}

/// Rows changed, as DataFusion tells them: a column of counts.
fn count(batch: &RecordBatch) -> u64 {
    let counts = batch.columns().first().and_then(|c| c.as_primitive_opt::<UInt64Type>());
    counts.map_or(0, |counts| (0..counts.len()).map(|i| counts.value(i)).sum())
}

/// Batches that are there already, as messages for a client.
pub fn ready_made(schema: SchemaRef, batches: Vec<RecordBatch>) -> impl Stream<Item = Result<FlightData, Status>> {
    FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .with_max_flight_data_size(MESSAGE)
        .build(stream::iter(batches.into_iter().map(Ok)))
        .map_err(Status::from)
}
