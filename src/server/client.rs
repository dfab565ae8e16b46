//! A session: what one signed-in client has, seen by nobody else.

use crate::engine::Session;
use crate::server::errors::Fault;
use crate::server::log::TARGET;
use crate::server::names::Role;
use crate::server::pool::SharePool;
use crate::server::shared::Shared;
use crate::server::statement::{Prepared, Ready};
use crate::server::tokens::{Identity, SessionId};
use radsql_udfs::options::RadsqlOptions;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{Semaphore, watch};

/// Names something that a session keeps: 128 random bits, known to that session alone.
pub type Handle = [u8; 16];

enum Kept {
    Prepared(Arc<Prepared>),
    Ready(Ready),
}

/// A session.
pub struct Client {
    /// Whose it is.
    pub identity: Identity,
    /// Runs its statements.
    pub engine: Session,
    /// What all sessions share.
    pub shared: Arc<Shared>,
    /// Its part of the memory.
    pub share: Arc<SharePool>,
    /// Places of its statements.
    pub places: Arc<Semaphore>,
    /// True when its token has ended: then its statements end.
    ended: watch::Sender<bool>,
    /// Grows with each of its settings.
    pub changes: AtomicU64,
    /// Names of what it has prepared in SQL.
    prepared_in_sql: Mutex<HashSet<String>>,
    /// Whether it has said BEGIN, and has written since.
    transaction: Mutex<Option<Transaction>>,
    handles: Mutex<HashMap<Handle, (Instant, Kept)>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Transaction {
    written: bool,
}

impl Client {
    /// The session of somebody who has signed in.
    ///
    /// # Errors
    /// When the engine refuses a setting.
    pub fn new(identity: Identity, shared: &Arc<Shared>) -> Result<Self, Fault> {
        let options = RadsqlOptions {
            session: Some(identity.session.to_string().into()),
            record_failures: true,
            identifying_allowed: identity.role == Role::Admin,
            ..RadsqlOptions::of(shared.engine.context().state().config_options())
        };
        let share = shared.pool.share();
        let engine = shared
            .engine
            .fork(options, Arc::clone(&share) as _, Arc::clone(&shared.tables) as _);
        let places = Arc::new(Semaphore::new(shared.limits.statements_per_session));
        Ok(Self {
            identity,
            engine: engine.map_err(|e| Fault::engine(e, ""))?,
            shared: Arc::clone(shared),
            share,
            places,
            ended: watch::Sender::new(false),
            changes: AtomicU64::new(0),
            prepared_in_sql: Mutex::default(),
            transaction: Mutex::default(),
            handles: Mutex::default(),
        })
    }

    fn handles(&self) -> MutexGuard<'_, HashMap<Handle, (Instant, Kept)>> {
        // No code that holds the lock leaves the map half changed.
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, kept: Kept) -> Result<Handle, Fault> {
        let mut handle = [0; 16];
        getrandom::fill(&mut handle).map_err(|_| Fault::Defect)?;
        let (now, limits) = (Instant::now(), &self.shared.limits);
        let mut handles = self.handles();
        handles.retain(|_, (since, kept)| {
            matches!(kept, Kept::Prepared(_)) || now.duration_since(*since) < limits.ticket_lifetime
        });
        if handles.len() >= limits.handles {
            return Err(Fault::TooMuch(format!(
                "this session has {} prepared statements and results not fetched, the most allowed; close some",
                limits.handles
            )));
        }
        handles.insert(handle, (now, kept));
        Ok(handle)
    }

    /// Keeps a prepared statement.
    ///
    /// # Errors
    /// When there are too many.
    pub fn keep_prepared(&self, prepared: Prepared) -> Result<Handle, Fault> {
        self.keep(Kept::Prepared(Arc::new(prepared)))
    }

    /// Keeps a statement until its rows are asked for.
    ///
    /// # Errors
    /// When there are too many.
    pub fn keep_ready(&self, ready: Ready) -> Result<Handle, Fault> {
        self.keep(Kept::Ready(ready))
    }

    /// A prepared statement.
    ///
    /// # Errors
    /// When this session has none of the handle: closed, another session's, or made up.
    pub fn prepared(&self, handle: &[u8]) -> Result<Arc<Prepared>, Fault> {
        let handle = Handle::try_from(handle).ok();
        match handle.and_then(|handle| self.handles().get(&handle)?.1.prepared()) {
            Some(prepared) => Ok(prepared),
            None => Err(Fault::NotFound("this session has no such prepared statement".into())),
        }
    }

    /// Takes a statement whose rows are asked for; they can be had once.
    ///
    /// # Errors
    /// As [`Client::prepared`].
    pub fn take_ready(&self, handle: &[u8]) -> Result<Ready, Fault> {
        let absent = || Fault::NotFound("this session has no such result, or it was fetched".into());
        let handle = Handle::try_from(handle).map_err(|_| absent())?;
        let mut handles = self.handles();
        match handles.get(&handle) {
            Some((_, Kept::Ready(_))) => match handles.remove(&handle) {
                Some((_, Kept::Ready(ready))) => Ok(ready),
                _ => Err(absent()),
            },
            _ => Err(absent()),
        }
    }

    /// Forgets what a handle names; whether there was something.
    pub fn forget(&self, handle: &[u8]) -> bool {
        Handle::try_from(handle).is_ok_and(|handle| self.handles().remove(&handle).is_some())
    }

    /// Ends when the session has ended.
    pub async fn over(&self) -> Fault {
        let mut ended = self.ended.subscribe();
        // The sender lives as long as this.
        let _ = ended.wait_for(|ended| *ended).await;
        Fault::Cancelled
    }

    /// Keeps the session alive while a statement of it runs. Never ends.
    pub async fn keep_alive(&self) {
        let idle = self.shared.auth.idle();
        loop {
            tokio::time::sleep(idle / 4).await;
            self.shared.auth.is_living(self.identity.session);
        }
    }

    /// Notes that SQL prepares a statement of this name.
    ///
    /// # Errors
    /// When there are too many.
    pub fn prepares(&self, name: &str) -> Result<(), Fault> {
        let mut names = self.prepared_in_sql.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.shared.limits.handles;
        if !names.contains(name) && names.len() >= most {
            return Err(Fault::TooMuch(format!(
                "this session has {most} statements of PREPARE, the most allowed; DEALLOCATE some"
            )));
        }
        names.insert(name.to_owned());
        Ok(())
    }

    /// Notes that SQL forgets a prepared statement.
    pub fn deallocates(&self, name: &str) {
        let mut names = self.prepared_in_sql.lock().unwrap_or_else(PoisonError::into_inner);
        names.remove(name);
    }

    fn transaction(&self) -> MutexGuard<'_, Option<Transaction>> {
        self.transaction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// BEGIN: each statement still takes effect at once.
    ///
    /// # Errors
    /// When one was begun.
    pub fn begin(&self) -> Result<(), Fault> {
        let mut transaction = self.transaction();
        if transaction.is_some() {
            return Err(Fault::Invalid("a transaction was begun already; COMMIT ends it".into()));
        }
        *transaction = Some(Transaction::default());
        Ok(())
    }

    /// COMMIT, or ROLLBACK where nothing was written.
    ///
    /// # Errors
    /// When a rollback would have to undo something.
    pub fn end(&self, commit: bool) -> Result<(), Fault> {
        let ended = self.transaction().take();
        match ended {
            Some(Transaction { written: true }) if !commit => Err(Fault::Unsupported(
                "ROLLBACK cannot undo: each statement has taken effect when it ended. The transaction is over".into(),
            )),
            // Drivers say COMMIT and ROLLBACK when they close, whether anything was begun or not.
            _ => Ok(()),
        }
    }

    /// Notes that something was written.
    pub fn wrote(&self) {
        if let Some(transaction) = &mut *self.transaction() {
            transaction.written = true;
        }
    }
}

impl Kept {
    fn prepared(&self) -> Option<Arc<Prepared>> {
        match self {
            Self::Prepared(prepared) => Some(Arc::clone(prepared)),
            Self::Ready(_) => None,
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.metrics.sessions.dec();
        tracing::info!(target: TARGET, user = %self.identity.user, "session ended");
    }
}

/// The open sessions.
#[derive(Default)]
pub struct Clients {
    open: Mutex<HashMap<SessionId, Arc<Client>>>,
}

impl Clients {
    fn open(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Client>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session of a token, made at its first use.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn of(&self, identity: Identity, shared: &Arc<Shared>) -> Result<Arc<Client>, Fault> {
        if let Some(client) = self.open().get(&identity.session) {
            return Ok(Arc::clone(client));
        }
        let session = identity.session;
        let made = Arc::new(Client::new(identity, shared)?);
        shared.metrics.sessions.inc();
        Ok(Arc::clone(self.open().entry(session).or_insert(made)))
    }

    /// Drops sessions whose tokens have ended.
    pub fn keep_living(&self, shared: &Shared) {
        let now = crate::server::throttle::now();
        shared.auth.tokens().sweep(now);
        let living: HashSet<SessionId> = shared
            .auth
            .tokens()
            .list(now)
            .iter()
            .map(|s| s.identity.session)
            .collect();
        // Dropped outside the lock: tables may be large.
        let mut open = self.open();
        let ended: Vec<_> = open.extract_if(|session, _| !living.contains(session)).collect();
        drop(open);
        for (_, client) in &ended {
            client.ended.send_replace(true);
        }
        drop(ended);
    }
}
