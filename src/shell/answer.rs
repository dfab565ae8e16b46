//! A statement at work, on a thread of its own: planning it may take seconds in which nothing else would be heard.

use crate::engine::Session;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use futures::StreamExt;
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Stack of a thread that plans statements: planning goes down a statement's expressions, and a chain of ten thousand terms is that
/// deep.
pub const STACK: usize = 1 << 30;

/// Batches that wait to be shown.
const AHEAD: usize = 2;

/// What a statement answers. Dropped, the statement stops.
pub struct Answer {
    /// Its columns.
    pub schema: SchemaRef,
    first: Option<RecordBatch>,
    rest: Receiver<Result<Told>>,
}

enum Told {
    Schema(SchemaRef, Option<RecordBatch>),
    Batch(RecordBatch),
}

impl Answer {
    /// Runs a statement; the answer is here when its first rows are.
    ///
    /// # Errors
    /// Those of the statement: one that fails at once has no answer.
    pub async fn of(session: &Arc<Session>, sql: &str) -> Result<Self> {
        let (told, mut rest) = channel(AHEAD);
        let (session, sql) = (Arc::clone(session), sql.to_owned());
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || runtime.block_on(run(&session, &sql, told)))?;
        match rest.recv().await {
            Some(Ok(Told::Schema(schema, first))) => Ok(Self { schema, first, rest }),
            Some(Err(e)) => Err(e),
            Some(Ok(Told::Batch(_))) | None => Err(defect()),
        }
    }

    /// Its next rows.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        // Keys are heard between any two batches.
        tokio::task::yield_now().await;
        match self.rest.recv().await {
            Some(Ok(Told::Batch(batch))) => Ok(Some(batch)),
            Some(Ok(Told::Schema(_, None))) => Ok(None),
            Some(Err(e)) => Err(e),
            Some(Ok(Told::Schema(..))) | None => Err(defect()),
        }
    }
}

/// The thread is gone without a word.
fn defect() -> DataFusionError {
    DataFusionError::Execution("a defect in radsql ended the statement".into())
}

async fn run(session: &Session, sql: &str, told: Sender<Result<Told>>) {
    let work = async {
        let frame = session.sql(sql).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let mut stream = frame.execute_stream().await?;
        let first = stream.next().await.transpose()?;
        let mut is_heard = told.send(Ok(Told::Schema(Arc::clone(&schema), first))).await.is_ok();
        while is_heard && let Some(batch) = stream.next().await {
            is_heard = told.send(Ok(Told::Batch(batch?))).await.is_ok();
        }
        // The end is told too: a thread that is gone without it has failed.
        let _ = told.send(Ok(Told::Schema(schema, None))).await;
        Ok(())
    };
    let result: Result<()> = tokio::select! {
        result = work => result,
        // Nobody waits for the answer.
        () = told.closed() => return,
    };
    if let Err(e) = result {
        let _ = told.send(Err(e)).await;
    }
}
