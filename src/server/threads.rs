//! Where statements are planned and run: apart from the threads that talk to clients, so that a heavy query delays no other
//! client, and on stacks that are deep enough.

use crate::server::errors::Fault;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

/// Stack of a thread that plans: planning goes down a statement's expressions. Only what is touched takes memory, and the
/// thread ends with its statement.
const PLANNING_STACK: usize = 1 << 30;

/// Stack of the threads that run queries.
const RUNNING_STACK: usize = 64 << 20;

/// The threads of queries.
pub struct QueryThreads {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl QueryThreads {
    /// One thread for each processor.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn new() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("radsql-query")
            .thread_stack_size(RUNNING_STACK)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Self {
            runtime: Some(runtime),
            handle,
        })
    }

    /// To spawn work on them.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs work on a deep stack of its own. What it spawns runs on the threads of queries. Dropping the answer stops the work
    /// where it next waits.
    ///
    /// # Errors
    /// [`Fault::Defect`] when it panics.
    pub async fn deep<T, F, W>(&self, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, Fault>>,
    {
        let (answer, answered) = oneshot::channel();
        let handle = self.handle.clone();
        let thread = move || {
            let mut answer: oneshot::Sender<Result<T, Fault>> = answer;
            let run = AssertUnwindSafe(|| {
                handle.block_on(async {
                    tokio::select! {
                        biased;
                        () = answer.closed() => None,
                        result = work() => Some(result),
                    }
                })
            });
            let result = std::panic::catch_unwind(run).unwrap_or(Some(Err(Fault::Defect)));
            if let Some(result) = result {
                // Nobody may be waiting any more.
                let _ = answer.send(result);
            }
        };
        let started = std::thread::Builder::new()
            .name("radsql-plan".into())
            .stack_size(PLANNING_STACK)
            .spawn(thread);
        if started.is_err() {
            return Err(Fault::TooMuch(
                "the server has no thread left for this statement".into(),
            ));
        }
        answered.await.unwrap_or(Err(Fault::Defect))
    }
}

impl Drop for QueryThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The server may be dropped where waiting is not allowed.
            runtime.shutdown_background();
        }
    }
}
