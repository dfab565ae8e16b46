//! A server from start to stop.

use crate::engine::Session;
use crate::server::auth::{AuthError, AuthLimits, Authenticator};
use crate::server::client::Clients;
use crate::server::flight::FlightSql;
use crate::server::front::Front;
use crate::server::gate::GateLayer;
use crate::server::log::TARGET;
use crate::server::metrics::Metrics;
use crate::server::pool::SharedPool;
use crate::server::shared::{Limits, Shared};
use crate::server::threads::QueryThreads;
use crate::server::users::Users;
use crate::server::{http, listen, sql_info};
use arrow_flight::flight_service_server::FlightServiceServer;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

/// Certificates, as PEM.
#[derive(Clone)]
pub struct Tls {
    /// The server's, with those that lead to its authority.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
    /// The authority of clients' certificates; with it, every client must show one.
    pub client_authority: Option<Vec<u8>>,
}

/// How a server runs.
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where operators' tools ask for health and metrics.
    pub metrics: Option<SocketAddr>,
    /// Who may sign in.
    pub users: Users,
    /// Certificates; without them everything goes over the wire as plain text.
    pub tls: Option<Tls>,
    /// Whether plain text is allowed beyond this machine.
    pub plain_text_allowed: bool,
    /// Limits.
    pub limits: Limits,
    /// Limits of signing in.
    pub auth: AuthLimits,
    /// How long statements may go on after the server was told to stop.
    pub grace: Duration,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Passwords and data would go over a network as plain text.
    #[error(
        "--listen {0} can be reached from other machines, and without TLS passwords and data would go there as plain text; give \
         --tls-cert and --tls-key, listen on 127.0.0.1, or say --plain-text-allowed"
    )]
    PlainText(SocketAddr),
    /// There is nobody to sign in.
    #[error("nobody could sign in: there is no user; radsql user add NAME --users FILE makes one")]
    NoUsers,
    /// An address cannot be had.
    #[error("{address} cannot be listened on: {problem}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        problem: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("the TLS certificate or key cannot be used: {0}")]
    Tls(String),
    /// Threads could not be started.
    #[error("threads cannot be started: {0}")]
    Threads(std::io::Error),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The port failed while it was served.
    #[error("the server has failed: {0}")]
    Failed(String),
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    metrics: Option<TcpListener>,
    tls: Option<ServerTlsConfig>,
    shared: Arc<Shared>,
    clients: Arc<Clients>,
    service: Front,
    grace: Duration,
}

/// How often ended sessions are looked for.
const SWEEP: Duration = Duration::from_secs(20);

/// How long statements have to end once they were told to.
const LAST: Duration = Duration::from_secs(5);

impl Server {
    /// Listens for clients of an engine.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn bind(config: Config, engine: Session) -> Result<Self, StartError> {
        if config.tls.is_none() && !config.listen.ip().is_loopback() && !config.plain_text_allowed {
            return Err(StartError::PlainText(config.listen));
        }
        if config.users.iter().next().is_none() {
            return Err(StartError::NoUsers);
        }
        let tls = config.tls.map(tls).transpose()?;
        let failed = |e: arrow_flight::error::FlightError| StartError::Failed(e.to_string());
        let info = sql_info::data(engine.context(), config.limits.statement_bytes).map_err(failed)?;
        let types = sql_info::types().map_err(failed)?;
        let pool = SharedPool::new(Arc::clone(&engine.context().runtime_env().memory_pool));
        let shared = Arc::new(Shared {
            tables: pool.tables(),
            pool,
            auth: Authenticator::new(config.users, config.auth)?,
            threads: QueryThreads::new().map_err(StartError::Threads)?,
            places: Arc::new(Semaphore::new(config.limits.statements)),
            planners: Arc::new(Semaphore::new(
                2 * std::thread::available_parallelism().map_or(2, usize::from),
            )),
            limits: config.limits,
            metrics: Metrics::default(),
            changes: AtomicU64::new(0),
            stop: watch::Sender::new(false),
            stopping: AtomicBool::new(false),
            engine,
        });
        let clients = Arc::new(Clients::default());
        let service = Front::new(FlightSql::new(Arc::clone(&shared), Arc::clone(&clients), info, types));
        let metrics = match config.metrics {
            Some(address) => Some(listen_on(address).await?),
            None => None,
        };
        Ok(Self {
            listener: listen_on(config.listen).await?,
            metrics,
            tls,
            shared,
            clients,
            service,
            grace: config.grace,
        })
    }

    /// Where it listens: the port that was given out, where 0 was asked for.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Where health and metrics are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|l| l.local_addr().ok())
    }

    /// What its sessions share, for those who watch it or replace its users.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Serves until `stop` comes, then lets statements end for a while.
    ///
    /// # Errors
    /// [`StartError::Failed`] when a port fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), StartError> {
        let (shared, clients) = (Arc::clone(&self.shared), Arc::clone(&self.clients));
        let service = FlightServiceServer::new(self.service)
            .max_decoding_message_size(shared.limits.message_bytes)
            .max_encoding_message_size(usize::MAX);
        let mut builder = tonic::transport::Server::builder();
        if let Some(tls) = self.tls {
            builder = builder.tls_config(tls).map_err(|e| StartError::Tls(detail(&e)))?;
        }
        let router = builder
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .http2_keepalive_timeout(Some(Duration::from_secs(20)))
            .max_concurrent_streams(256)
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .layer(GateLayer::new(Arc::clone(&shared), Arc::clone(&clients)))
            .add_service(service);
        let metrics = async {
            match self.metrics {
                Some(listener) => http::serve(listener, Arc::clone(&shared)).await,
                None => std::future::pending().await,
            }
        };
        let sweep = async {
            loop {
                tokio::time::sleep(SWEEP).await;
                clients.keep_living(&shared);
            }
        };
        let incoming = listen::incoming(self.listener, Arc::clone(&shared));
        let (told, until_told) = tokio::sync::oneshot::channel::<()>();
        let stopping = {
            let (shared, grace) = (Arc::clone(&shared), self.grace);
            async move {
                stop.await;
                shared.begin_stop();
                let _ = told.send(());
                let begun = Instant::now();
                while shared.running() > 0 && begun.elapsed() < grace {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                shared.stop.send_replace(true);
                tokio::time::sleep(LAST).await;
            }
        };
        let serving = router.serve_with_incoming_shutdown(incoming, async {
            let _ = until_told.await;
        });
        tracing::info!(target: TARGET, "serving");
        let result = tokio::select! {
            result = serving => result.map_err(|e| StartError::Failed(detail(&e))),
            result = metrics => result.map_err(|e| StartError::Failed(e.to_string())),
            () = stopping => Ok(()),
            () = sweep => Ok(()),
        };
        tracing::info!(target: TARGET, "stopped");
        result
    }
}

async fn listen_on(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|problem| StartError::Listen { address, problem })
}

/// The innermost reason: what is around it only says that it is one.
fn detail(e: &dyn std::error::Error) -> String {
    e.source().map_or_else(|| e.to_string(), detail)
}

fn tls(tls: Tls) -> Result<ServerTlsConfig, StartError> {
    let config = ServerTlsConfig::new()
        .identity(Identity::from_pem(tls.certificate, tls.key))
        .timeout(Duration::from_secs(10));
    let config = match tls.client_authority {
        Some(authority) => config.client_ca_root(Certificate::from_pem(authority)),
        None => config,
    };
    // Whether they can be used is known now and not when the first client comes.
    tonic::transport::Server::builder()
        .tls_config(config.clone())
        .map_err(|e| StartError::Tls(detail(&e)))?;
    Ok(config)
}
