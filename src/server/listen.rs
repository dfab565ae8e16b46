//! Connections: how many, and who has signed in on each.

use crate::server::client::Client;
use crate::server::log::TARGET;
use crate::server::shared::Shared;
use crate::server::tokens::SessionId;
use futures::{Stream, stream};
use std::collections::{HashMap, HashSet};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tonic::transport::server::Connected;

/// Connections above the limit that are told so; more are closed without a word.
const TOLD: usize = 32;

/// What the calls of a connection share.
#[derive(Clone)]
pub struct Connection {
    /// Whether it is one too many.
    pub is_over: bool,
    state: Arc<State>,
}

/// By user: a tag of the password, and the session.
type SignedIn = HashMap<String, ([u8; 32], Arc<Client>)>;

struct State {
    shared: Arc<Shared>,
    /// Keys the passwords below, so that they are nowhere in memory.
    key: [u8; 32],
    signed_in: Mutex<SignedIn>,
    /// Whether somebody has.
    has_signed_in: AtomicBool,
    /// Held by the call that looks at a password.
    turn: tokio::sync::Mutex<()>,
    /// Sessions that were seen on it.
    sessions: Mutex<HashSet<SessionId>>,
    /// Held while it is open.
    open: Arc<()>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn new(shared: &Arc<Shared>, place: OwnedSemaphorePermit, is_over: bool) -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| io::Error::other("no random bytes"))?;
        shared.metrics.connections.inc();
        let state = State {
            shared: Arc::clone(shared),
            key,
            signed_in: Mutex::default(),
            has_signed_in: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
            sessions: Mutex::default(),
            open: Arc::default(),
            _place: place,
        };
        Ok(Self {
            is_over,
            state: Arc::new(state),
        })
    }

    fn known(&self) -> MutexGuard<'_, SignedIn> {
        self.state.signed_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tag(&self, password: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.state.key, password.as_bytes()).as_bytes()
    }

    /// Notes that somebody has signed in, or shown a token.
    pub fn let_in(&self, session: SessionId) {
        let state = &self.state;
        state.has_signed_in.store(true, Ordering::Relaxed);
        let mut seen = state.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.insert(session) {
            state.shared.auth.tokens().connected(session, &state.open);
        }
    }

    /// Waits until no other call of the connection looks at a password.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.state.turn.lock().await
    }

    /// The session of a user who has shown this password on this connection.
    pub fn signed_in(&self, user: &str, password: &str) -> Option<Arc<Client>> {
        let tag = self.tag(password);
        let known = self.known();
        let (stored, client) = known.get(user)?;
        bool::from(stored.ct_eq(&tag)).then(|| Arc::clone(client))
    }

    /// Keeps a session for further calls with the same password. It ends with the connection.
    pub fn remember(&self, user: &str, password: &str, client: &Arc<Client>) {
        let tag = self.tag(password);
        self.known().insert(user.to_owned(), (tag, Arc::clone(client)));
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.shared.metrics.connections.dec();
        let known = self.signed_in.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (_, client) in known.values() {
            self.shared.auth.tokens().revoke(client.identity.session);
        }
    }
}

/// A stream of bytes that knows its connection.
pub struct Wire {
    stream: TcpStream,
    connection: Connection,
    /// Until when somebody must have signed in.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Connected for Wire {
    type ConnectInfo = Connection;

    fn connect_info(&self) -> Connection {
        self.connection.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.connection.state.has_signed_in.load(Ordering::Relaxed) {
            self.deadline = None;
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            // One who only connects keeps a place from those who would sign in.
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The connections of clients, as they come.
pub fn incoming(listener: TcpListener, shared: Arc<Shared>) -> impl Stream<Item = io::Result<Wire>> {
    let places = Arc::new(Semaphore::new(shared.limits.connections));
    let told = Arc::new(Semaphore::new(TOLD));
    stream::unfold(
        (listener, shared, places, told),
        |(listener, shared, places, told)| async move {
            loop {
                let stream = match listener.accept().await {
                    Ok((stream, _)) => stream,
                    Err(e) => {
                        // Out of file descriptors, most likely: some will be free soon.
                        tracing::error!(target: TARGET, kind = ?e.kind(), "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                };
                let place = Arc::clone(&places).try_acquire_owned();
                let is_over = place.is_err();
                let Ok(place) = place.or_else(|_| Arc::clone(&told).try_acquire_owned()) else {
                    continue;
                };
                // Answers are small and awaited.
                let _ = stream.set_nodelay(true);
                let wire = Connection::new(&shared, place, is_over).map(|connection| Wire {
                    stream,
                    connection,
                    deadline: Some(Box::pin(tokio::time::sleep(shared.limits.sign_in))),
                });
                return Some((wire, (listener, shared, places, told)));
            }
        },
    )
}
