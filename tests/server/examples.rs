//! `examples/python` and `examples/server/init.sql`, as users run them, on the demo cohort.

use crate::served::{SECRET, Served, together};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of an environment of `scripts/python.sh`, if it was made.
fn python(name: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_radsql")).ancestors().nth(2)?;
    let found = Some(target.join(name).join("bin/python")).filter(|p| p.exists());
    if found.is_none() {
        eprintln!("SKIPPED: {name}: needs scripts/python.sh");
    }
    found
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// A small demo cohort in a folder.
fn cohort(folder: &Path) -> PathBuf {
    let cohort = folder.join("cohort");
    let made = Command::new(env!("CARGO_BIN_EXE_radsql"))
        .arg("demo")
        .arg(&cohort)
        .args(["--patients", "12", "--external", "0"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    cohort
}

/// What a script prints.
fn printed(command: &mut Command) -> String {
    let out = command.output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    text
}

fn study(python: &Path, served: &Served, user: &str, cohort: &Path) -> String {
    let mut command = Command::new(python);
    command
        .arg(example("python/study.py"))
        .arg("--clinical")
        .arg(cohort.join("crlm/clinical.csv"));
    command
        .env("RADSQL_URI", served.uri())
        .env("RADSQL_USER", user)
        .env("RADSQL_PASSWORD", format!("{user}{SECRET}"))
        // polars draws its tables with other characters than ASCII.
        .env("PYTHONUTF8", "1");
    printed(&mut command)
}

#[tokio::test]
async fn a_notebook_runs_a_study() {
    let _turn = together().await;
    let Some(python) = python("flight-clients") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let cohort = cohort(folder.path());
    let read = cohort.to_str().unwrap();
    let expected = [
        "patients sent: 12",
        "scans of adults: 12",
        "in pandas: 12 4",
        "in polars: 12 2",
        "split: train 8 test 4",
        "volume_ml",
        "log-rank test, volume_ml above ",
    ];
    let check = |out: &str| {
        for line in expected {
            assert!(out.contains(line), "{line}: {out}");
        }
    };
    // A reader, where the operator made the tables; then a writer, who makes what is missing.
    let init = example("server/init.sql");
    let served = Served::start(&["--read", read, "--init", init.to_str().unwrap()]);
    let first = study(&python, &served, "rita", &cohort);
    check(&first);
    // What a study makes is its connection's own: again, with the same answer.
    assert_eq!(study(&python, &served, "rita", &cohort), first);
    drop(served);
    let served = Served::start(&["--read", read]);
    check(&study(&python, &served, "will", &cohort));
}

#[tokio::test]
async fn superset_finds_tables_and_rows() {
    let _turn = together().await;
    let Some(python) = python("flight-dialect") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let cohort = cohort(folder.path());
    let init = example("server/init.sql");
    let served = Served::start(&["--read", cohort.to_str().unwrap(), "--init", init.to_str().unwrap()]);
    let port = served.address.rsplit(':').next().unwrap();
    let mut command = Command::new(python);
    command
        .arg(example("python/superset.py"))
        .args(["--port", port, "--user", "rita", "--sql"])
        .arg("SELECT patient_id, volume_mm3 FROM lesions ORDER BY patient_id LIMIT 3")
        .env("RADSQL_PASSWORD", format!("rita{SECRET}"));
    let out = printed(&mut command);
    for line in [
        "connected: True",
        "schemas: information_schema, main",
        "table main.lesions: patient_id TEXT, volume_mm3 FLOAT, mean_hu FLOAT, entropy FLOAT",
        "table main.patients: patient_id TEXT, os_months FLOAT, dead BIGINT",
        "query: patient_id, volume_mm3",
        "row: CRLM-DEMO-0001 ",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    assert_eq!(out.lines().filter(|l| l.starts_with("row: ")).count(), 3, "{out}");
    assert!(!out.contains(SECRET), "{out}");
}
