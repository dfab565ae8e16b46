//! `radsql serve` and `radsql user`.

use crate::engine::{PlanLimits, Session, SessionBuilder, SpillFolder, StatementLimits, message};
use crate::server::auth::AuthLimits;
use crate::server::log;
use crate::server::names::{Role, UserName};
use crate::server::passwords::{Argon2id, Password, StoredHash};
use crate::server::serve::{Config, Server, StartError, Tls};
use crate::server::shared::{Limits, Shared};
use crate::server::user_command::{self, Added, PASSWORD_VARIABLE, Process, Surroundings as _};
use crate::server::users::{Account, Users};
use crate::shell::Failure;
use crate::shell::settings::size;
use crate::shell::terminal;
use base64::Engine as _;
use clap::{Args, Subcommand};
use radsql_udfs::FilePolicy;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Serve tables, features and fits to BI tools and notebooks (Arrow Flight SQL).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  radsql serve --init tables.sql --read /data/crlm
  radsql serve --db study.db --read /data/crlm
  radsql serve --listen 0.0.0.0:50051 --tls-cert server.pem --tls-key server.key --users radsql.users")]
pub struct Serve {
    /// Address and port for clients.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50051")]
    listen: SocketAddr,
    /// File with the users, as `radsql user` makes it; without it one user, radsql, whose password is that of the environment
    /// variable RADSQL_PASSWORD, or made and shown at start.
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// The server's certificate, with those that lead to its authority (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Authority of clients' certificates (PEM); with it every client must show one.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
    /// Allow other machines to connect without TLS, as behind a proxy that has it.
    #[arg(long)]
    plain_text_allowed: bool,
    /// A folder that SQL may read; may be given several times. Relative paths in SQL begin at the first.
    #[arg(long, value_name = "FOLDER")]
    read: Vec<PathBuf>,
    /// The folder that SQL may write to (COPY).
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// Keep tables, views and their history in this database; it is made if it is not there.
    #[arg(long = "db", value_name = "DATABASE")]
    database: Option<PathBuf>,
    /// A file of statements that make the tables to serve; may be given several times.
    #[arg(long, value_name = "FILE")]
    init: Vec<PathBuf>,
    /// Address and port for health (/health, /ready) and metrics (/metrics), for operators alone.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// Memory that queries may use, such as 8GB; without it four fifths of the machine's.
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<String>,
    /// Disk that queries may use for what does not fit into memory.
    #[arg(long, value_name = "SIZE", default_value = "32GB")]
    temp_limit: String,
    /// The folder for that; without it one in the system's folder for temporary files.
    #[arg(long, value_name = "FOLDER")]
    temp: Option<PathBuf>,
    /// The folder that keeps computed features; '' keeps none. Without it the one of the shell.
    #[arg(long, value_name = "FOLDER")]
    cache: Option<String>,
    /// The longest that a statement may take, such as 90s or 2h; 0s is no limit.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    statement_timeout: Duration,
    /// How long statements may go on when the server is told to stop.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    grace: Duration,
    /// Sessions unused for this long end.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = humantime::parse_duration)]
    idle: Duration,
    /// Connections at a time.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_connections: usize,
    /// Sessions at a time, of one user.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_sessions: usize,
    /// Statements at a time.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_statements: usize,
    /// Prepared statements of a session.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_prepared: usize,
}

fn usage(e: impl std::fmt::Display) -> Failure {
    Failure::Usage(e.to_string())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|e| usage(format!("'{}' cannot be read: {e}", file.display())))
}

impl Serve {
    /// Serves until the process is told to stop.
    ///
    /// # Errors
    /// Why it does not start, or has failed.
    pub async fn execute(mut self) -> Result<(), Failure> {
        // The working folder will be another one.
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.users = self.users.as_deref().map(absolute);
        self.temp = self.temp.as_deref().map(absolute);
        let cache = self.cache.as_deref().filter(|folder| !folder.is_empty());
        if let Some(folder) = cache {
            self.cache = Some(absolute(Path::new(folder)).display().to_string());
        }
        let (users, shown) = self.users()?;
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls {
                certificate: read(certificate)?,
                key: read(key)?,
                client_authority: self.tls_client_ca.as_deref().map(read).transpose()?,
            }),
            _ => None,
        };
        let texts = self
            .init
            .iter()
            .map(|file| Ok((file.display().to_string(), read(file)?)));
        let texts = texts.collect::<Result<Vec<_>, Failure>>()?;
        let (engine, _spill) = self.engine()?;
        if let Some(first) = self.read.first() {
            // Relative paths in SQL mean the same wherever the server was started, and results and messages need not tell where
            // that is.
            std::env::set_current_dir(first).map_err(|e| usage(format!("--read '{}': {e}", first.display())))?;
        }
        prepare(&engine, texts).await?;
        let mut auth = AuthLimits::default();
        auth.tokens.idle = self.idle;
        auth.tokens.per_user = self.max_sessions;
        let config = Config {
            listen: self.listen,
            metrics: self.metrics,
            users,
            tls,
            plain_text_allowed: self.plain_text_allowed,
            limits: Limits {
                connections: self.max_connections,
                statements: self.max_statements,
                handles: self.max_prepared,
                statement_timeout: Some(self.statement_timeout).filter(|limit| !limit.is_zero()),
                ..Limits::default()
            },
            auth,
            grace: self.grace,
        };
        let scheme = if config.tls.is_some() { "grpc+tls" } else { "grpc" };
        let server = Server::bind(config, engine).await.map_err(|e| match e {
            StartError::Listen { .. } | StartError::Failed(_) | StartError::Threads(_) => {
                Failure::Statement(e.to_string())
            }
            e => usage(e),
        })?;
        log::start();
        if let Some(address) = server.address() {
            terminal::tell(&format!(
                "radsql {} serves {scheme}://{address}",
                env!("CARGO_PKG_VERSION")
            ));
        }
        if let Some(address) = server.metrics_address() {
            terminal::tell(&format!("health and metrics: http://{address}/metrics"));
        }
        if let Some(password) = shown {
            terminal::tell(&Zeroizing::new(format!("user radsql, password {}", password.as_str())));
        }
        let reloading = reload(server.shared(), self.users.clone());
        tokio::select! {
            result = server.run(told_to_stop()) => result.map_err(|e| Failure::Statement(e.to_string())),
            () = reloading => Ok(()),
        }
    }

    /// The engine, and the folder of what does not fit into memory, which is removed when that is dropped.
    fn engine(&self) -> Result<(Session, SpillFolder), Failure> {
        let cache_dir = match &self.cache {
            Some(folder) => folder.clone(),
            None => crate::shell::cache_folder(),
        };
        let limit = self
            .memory_limit
            .as_deref()
            .map(|text| size("--memory-limit", text))
            .transpose()?;
        let temp = self.temp.clone().unwrap_or_else(std::env::temp_dir);
        let at = |e: std::io::Error| usage(format!("--temp '{}': {e}", temp.display()));
        let spill = SpillFolder::new(&temp).map_err(at)?;
        for (option, folder) in self
            .read
            .iter()
            .map(|f| ("--read", f))
            .chain(self.write.iter().map(|f| ("--write", f)))
        {
            if !folder.is_dir() {
                return Err(usage(format!("{option} '{}' is no folder", folder.display())));
            }
        }
        let files = FilePolicy::within(&self.read, self.write.as_deref());
        let builder = SessionBuilder {
            cache_dir,
            files: files.map_err(|e| usage(format!("--read or --write: {e}")))?,
            memory_limit: limit,
            database: self.database.clone(),
            temp_dir: Some(spill.path().to_owned()),
            temp_limit: Some(size("--temp-limit", &self.temp_limit)? as u64),
            ..SessionBuilder::default()
        };
        let session = builder.build().map_err(|e| Failure::Usage(message(&e)))?;
        session.take_temporary_folder();
        Ok((
            session.with_limits(StatementLimits::default(), PlanLimits::served()),
            spill,
        ))
    }

    /// The users, and the password that was made for the only one.
    fn users(&self) -> Result<(Users, Option<Zeroizing<String>>), Failure> {
        if let Some(file) = &self.users {
            return Ok((Users::read(file).map_err(usage)?, None));
        }
        let mut made = None;
        let text = match Process::default().variable() {
            Some(text) => Zeroizing::new(
                text.into_string()
                    .map_err(|_| usage(format!("{PASSWORD_VARIABLE} is no text")))?,
            ),
            None => {
                let mut bytes = Zeroizing::new([0; 18]);
                getrandom::fill(&mut *bytes).map_err(|_| usage("no random bytes from the operating system"))?;
                let text = Zeroizing::new(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice()));
                made = Some(text.clone());
                text
            }
        };
        let password = Password::new(text).map_err(|e| usage(format!("{PASSWORD_VARIABLE}: {e}")))?;
        let account = Account {
            role: Role::Admin,
            hash: Arc::new(StoredHash::new(&password, &Argon2id).map_err(usage)?),
        };
        let mut users = Users::default();
        users.set("radsql".parse::<UserName>().map_err(usage)?, account);
        Ok((users, made))
    }
}

/// Runs the statements that make the tables to serve.
async fn prepare(engine: &Session, texts: Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
    for (name, bytes) in texts {
        let text = String::from_utf8(bytes).map_err(|_| usage(format!("'{name}' is no text")))?;
        let at = |position, m: &str| Failure::Statement(format!("{name}:{position}: {m}"));
        for piece in crate::engine::split(&text).map_err(|e| at(e.position, &e.message))? {
            match piece {
                crate::engine::Piece::Statement(s) => {
                    let ran = async { engine.sql(&s.text).await?.collect().await };
                    ran.await.map_err(|e| at(s.position, &message(&e)))?;
                }
                crate::engine::Piece::Command { position, .. } => {
                    return Err(at(position, "commands of the shell are not possible in --init"));
                }
            }
        }
    }
    Ok(())
}

/// Ends when the process is told to stop: Ctrl-C, or TERM from a service manager.
async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}

/// Reads the users anew each time the process gets HUP. Never ends.
async fn reload(shared: Arc<Shared>, file: Option<PathBuf>) {
    #[cfg(unix)]
    if let Some(file) = file {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut hangup) = signal(SignalKind::hangup()) {
            while hangup.recv().await.is_some() {
                let read = Users::read(&file).map_err(|e| e.to_string());
                match read.and_then(|users| shared.auth.replace_users(users).map_err(|e| e.to_string())) {
                    Ok(()) => tracing::info!(target: log::TARGET, "users read again"),
                    // The file's lines hold no password; its name is the operator's own.
                    Err(problem) => tracing::error!(target: log::TARGET, problem, "users stay as they were"),
                }
            }
        }
    }
    std::future::pending::<()>().await;
}

/// Add, list or remove users of a server.
///
/// A password comes from the environment variable RADSQL_PASSWORD, else from the terminal, else from standard input. A running
/// server reads the file again when it gets the signal HUP.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  radsql user add anna --role writer
  radsql user list")]
pub struct User {
    #[command(subcommand)]
    command: UserCommand,
    /// The users' file.
    #[arg(long, value_name = "FILE", global = true, default_value = "radsql.users")]
    users: PathBuf,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user, or give one another password or role.
    Add {
        /// The user's name.
        name: String,
        /// What the user may do: reader (query), writer (change tables too) or admin (see identifying tags too); reader for a
        /// new user.
        #[arg(long)]
        role: Option<String>,
    },
    /// List users and roles.
    List,
    /// Remove a user.
    Remove {
        /// The user's name.
        name: String,
    },
}

impl User {
    /// Does what was asked.
    ///
    /// # Errors
    /// Names the file and what is wrong.
    pub fn execute(self) -> Result<(), Failure> {
        match self.command {
            UserCommand::Add { name, role } => {
                let name: UserName = name.parse().map_err(usage)?;
                let role = role.map(|role| role.parse::<Role>()).transpose().map_err(usage)?;
                let added =
                    user_command::add(&self.users, &name, role, &mut Process::default(), &Argon2id).map_err(usage)?;
                match added {
                    Added::New(role) => terminal::tell(&format!("{name} is a new {role}")),
                    Added::Changed(role) => terminal::tell(&format!("{name} has another password and is a {role}")),
                }
                Ok(())
            }
            UserCommand::List => user_command::list(&self.users, &mut std::io::stdout().lock()).map_err(usage),
            UserCommand::Remove { name } => {
                let name: UserName = name.parse().map_err(usage)?;
                user_command::remove(&self.users, &name).map_err(usage)
            }
        }
    }
}
