//! A server as its users start it, and clients of it.

use arrow_flight::FlightInfo;
use arrow_flight::sql::client::FlightSqlServiceClient;
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use futures::TryStreamExt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tonic::transport::{Channel, Endpoint};

pub type Client = FlightSqlServiceClient<Channel>;

/// Passwords of the users in [`Served`]'s file: each is the name with this behind.
pub const SECRET: &str = "-pass-word-1";

/// Tests that measure time or CPU run alone; all others together.
static QUIET: LazyLock<RwLock<()>> = LazyLock::new(|| RwLock::new(()));

pub async fn alone() -> RwLockWriteGuard<'static, ()> {
    QUIET.write().await
}

pub async fn together() -> RwLockReadGuard<'static, ()> {
    QUIET.read().await
}

/// A process of `radsql serve` with the users rita (reader), will (writer), wilma (writer) and ada (admin).
pub struct Served {
    pub process: Child,
    pub address: String,
    pub metrics: Option<String>,
    pub folder: TempDir,
    log: Arc<Mutex<Vec<String>>>,
}

fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_radsql"))
}

/// A file of the users that [`Served`] has.
pub fn write_users(folder: &Path) -> PathBuf {
    let file = folder.join("users");
    for (name, role) in [
        ("rita", "reader"),
        ("will", "writer"),
        ("wilma", "writer"),
        ("ada", "admin"),
    ] {
        let added = binary()
            .args(["user", "add", name, "--role", role, "--users"])
            .arg(&file)
            .env("RADSQL_PASSWORD", format!("{name}{SECRET}"))
            .output()
            .unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    file
}

impl Served {
    pub fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = write_users(folder.path());
        Self::start_in(folder, &users, arguments)
    }

    pub fn start_in(folder: TempDir, users: &Path, arguments: &[&str]) -> Self {
        let mut command = binary();
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics",
            "127.0.0.1:0",
            "--cache",
            "",
            "--users",
        ]);
        command.arg(users).args(arguments);
        let mut process = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (log, lines) = (
            Arc::new(Mutex::new(vec![])),
            BufReader::new(process.stderr.take().unwrap()),
        );
        let (tell, told) = std::sync::mpsc::channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let _ = tell.send(line.clone());
                kept.lock().unwrap().push(line);
            }
        });
        let (mut address, mut metrics) = (None, None);
        while address.is_none() || metrics.is_none() {
            let Ok(line) = told.recv_timeout(Duration::from_secs(60)) else {
                let _ = process.kill();
                panic!("the server does not start: {:?}", log.lock().unwrap());
            };
            if let Some((_, at)) = line.split_once(" serves grpc://") {
                address = Some(format!("http://{at}"));
            }
            if let Some((_, at)) = line.split_once(" serves grpc+tls://") {
                address = Some(format!("https://{at}"));
            }
            if let Some((_, at)) = line.split_once("metrics: http://") {
                metrics = Some(at.trim_end_matches("/metrics").to_owned());
            }
        }
        Self {
            process,
            address: address.unwrap(),
            metrics,
            folder,
            log,
        }
    }

    pub fn uri(&self) -> String {
        self.address
            .replace("http://", "grpc://")
            .replace("https://", "grpc+tls://")
    }

    pub async fn channel(&self) -> Channel {
        Endpoint::from_shared(self.address.clone())
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    /// A client on a connection of its own that has signed in.
    pub async fn client(&self, name: &str) -> Client {
        let mut client = FlightSqlServiceClient::new(self.channel().await);
        client.handshake(name, &format!("{name}{SECRET}")).await.unwrap();
        client
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    fn status(&self, key: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = text.lines().find_map(|l| l.strip_prefix(key)).unwrap();
        line.trim_start_matches(':')
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Bytes that the process has in memory.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS") << 10
    }

    /// The most that it had.
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM") << 10
    }

    /// Seconds of CPU that it has used.
    pub fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ticks as f64 / 100.0
    }

    /// Waits until the process is at rest: under 30 % of one processor. The seconds that it took.
    pub async fn rest(&self, most: Duration) -> Duration {
        let begun = Instant::now();
        loop {
            let before = self.cpu();
            // The client must get its turn to say that it is gone.
            tokio::time::sleep(Duration::from_millis(250)).await;
            if self.cpu() - before < 0.3 * 0.25 {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < most, "the server does not come to rest");
        }
    }

    pub fn is_alive(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// The rows of an announced result.
pub async fn fetch(client: &mut Client, info: &FlightInfo) -> Result<Vec<RecordBatch>, String> {
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let stream = client.do_get(ticket).await.map_err(|e| e.to_string())?;
    stream.try_collect().await.map_err(|e| e.to_string())
}

/// Runs a query and gives its rows.
pub async fn rows(client: &mut Client, sql: &str) -> Result<Vec<RecordBatch>, String> {
    let info = client.execute(sql.to_owned(), None).await.map_err(|e| e.to_string())?;
    fetch(client, &info).await
}

/// A query's rows as text, cells with commas and rows with semicolons between them.
pub async fn text(client: &mut Client, sql: &str) -> Result<String, String> {
    let batches = rows(client, sql).await?;
    let mut out = vec![];
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cell = |c: &ArrayRef| datafusion::arrow::util::display::array_value_to_string(c, row).unwrap();
            out.push(batch.columns().iter().map(cell).collect::<Vec<_>>().join(","));
        }
    }
    Ok(out.join(";"))
}

/// A statement that must be refused: its error.
pub async fn refused(client: &mut Client, sql: &str) -> String {
    match rows(client, sql).await {
        Ok(_) => panic!("was accepted: {}", &sql[..sql.len().min(200)]),
        Err(e) => e,
    }
}

pub async fn update(client: &mut Client, sql: &str) -> Result<i64, String> {
    client
        .execute_update(sql.to_owned(), None)
        .await
        .map_err(|e| e.to_string())
}
