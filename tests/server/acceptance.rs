//! The acceptance script of Flight SQL clients, with the drivers that BI tools use: ADBC, pandas, polars, pyarrow, and the
//! SQLAlchemy dialect of Superset in an environment of its own. `scripts/python.sh` makes both environments.

use crate::served::{SECRET, Served, alone};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of an environment, if it was made.
fn python(name: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_radsql")).ancestors().nth(2)?;
    Some(target.join(name).join("bin/python")).filter(|p| p.exists())
}

fn script() -> Option<PathBuf> {
    let shared = std::env::var_os("RADSQL_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    Some(shared.join("conformance/flight/flight_acceptance.py")).filter(|p| p.exists())
}

fn run(environment: &str, more: &[&str], server: &[&str], ca: Option<&str>) {
    let (Some(python), Some(script)) = (python(environment), script()) else {
        eprintln!("SKIPPED: {environment}: needs ../shared and scripts/python.sh");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let init = folder.path().join("init.sql");
    std::fs::write(
        &init,
        "CREATE TABLE patient AS SELECT value AS id, 40.0 + value % 50 AS age FROM generate_series(1, 100)",
    )
    .unwrap();
    let mut arguments = vec!["--init", init.to_str().unwrap()];
    arguments.extend(server);
    let served = Served::start(&arguments);
    let log = folder.path().join("log");
    let uri = served
        .uri()
        .replace("127.0.0.1", if ca.is_some() { "localhost" } else { "127.0.0.1" });
    let mut command = Command::new(python);
    command
        .arg(script)
        .args(["--uri", &uri, "--user", "ada", "--password", &format!("ada{SECRET}")]);
    command
        .args(["--server-pid", &served.process.id().to_string(), "--server-log"])
        .arg(&log)
        .args(more);
    if let Some(ca) = ca {
        command.args(["--ca", ca]);
    }
    // The script reads the log while it runs.
    std::fs::write(&log, "").unwrap();
    let watching = std::sync::atomic::AtomicBool::new(true);
    let out = std::thread::scope(|scope| {
        scope.spawn(|| {
            while watching.load(std::sync::atomic::Ordering::Relaxed) {
                let _ = std::fs::write(&log, served.log());
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        });
        let out = command.output();
        watching.store(false, std::sync::atomic::Ordering::Relaxed);
        out.unwrap()
    });
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    for skipped in text.lines().filter(|l| l.starts_with("SKIP")) {
        let expected = ["server is not on TLS", "flightsql-dbapi absent"];
        assert!(expected.iter().any(|why| skipped.contains(why)), "{skipped}");
    }
    assert!(text.contains(" 0 failed"), "{text}");
}

#[tokio::test]
async fn clients_accept_the_server() {
    let _turn = alone().await;
    run("flight-clients", &[], &[], None);
}

/// The same on a database that stays.
#[tokio::test]
async fn clients_accept_a_database() {
    let _turn = alone().await;
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("study.db").display().to_string();
    run("flight-clients", &[], &["--db", &database], None);
}

#[tokio::test]
async fn clients_accept_the_server_with_tls() {
    let _turn = alone().await;
    let folder = tempfile::tempdir().unwrap();
    let (ca, cert, key) = crate::tls::files(folder.path());
    run(
        "flight-clients",
        &["--only", "AUTH,META,QUERY,CLIENTS"],
        &["--tls-cert", &cert, "--tls-key", &key],
        Some(&ca),
    );
}

#[tokio::test]
async fn superset_dialect_accepts_the_server() {
    let _turn = alone().await;
    run(
        "flight-dialect",
        &["--only", "CLIENTS.sqlalchemy_superset_dialect"],
        &[],
        None,
    );
}
