//! What all sessions of a server share.

use crate::engine::Session;
use crate::server::auth::Authenticator;
use crate::server::errors::Fault;
use crate::server::metrics::Metrics;
use crate::server::pool::{SharedPool, TablesPool};
use crate::server::threads::QueryThreads;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// Limits of a server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Prepared statements, and results not fetched yet, of a session.
    pub handles: usize,
    /// Statements of a session at a time.
    pub statements_per_session: usize,
    /// Statements at a time.
    pub statements: usize,
    /// The longest that a statement may take, from its start until its last row is taken.
    pub statement_timeout: Option<Duration>,
    /// How long a result that was announced waits to be fetched.
    pub ticket_lifetime: Duration,
    /// Bytes of a statement.
    pub statement_bytes: usize,
    /// How long a connection may take until somebody has signed in on it.
    pub sign_in: Duration,
    /// Bytes of a message that a client sends.
    pub message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            handles: 256,
            statements_per_session: 16,
            statements: 256,
            statement_timeout: Some(Duration::from_secs(3600)),
            ticket_lifetime: Duration::from_secs(600),
            statement_bytes: 1 << 20,
            sign_in: Duration::from_secs(10),
            message_bytes: 64 << 20,
        }
    }
}

/// What sessions share.
pub struct Shared {
    /// Tables, models and functions; never queried itself.
    pub engine: Session,
    /// The memory of queries.
    pub pool: Arc<SharedPool>,
    /// The memory of tables.
    pub tables: Arc<TablesPool>,
    /// Users and tokens.
    pub auth: Authenticator,
    /// Where statements run.
    pub threads: QueryThreads,
    /// Limits.
    pub limits: Limits,
    /// Counts.
    pub metrics: Metrics,
    /// Grows with each statement that may change what another one means.
    pub changes: AtomicU64,
    /// Places of statements.
    pub places: Arc<Semaphore>,
    /// Places of those that plan, who wait for one: planning takes a processor and a stack.
    pub planners: Arc<Semaphore>,
    /// True when statements must end.
    pub stop: watch::Sender<bool>,
    /// Whether the server was told to stop.
    pub stopping: AtomicBool,
}

impl Shared {
    /// Whether the server was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// From now on the server is not ready.
    pub fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Statements under way.
    pub fn running(&self) -> usize {
        self.limits.statements.saturating_sub(self.places.available_permits())
    }

    /// Ends when statements must end.
    pub async fn stopped(&self) -> Fault {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as this.
        let _ = stop.wait_for(|stop| *stop).await;
        Fault::Stopping
    }
}
