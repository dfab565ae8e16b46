//! What several tests need.

#![allow(dead_code)] // each test binary uses its part

pub mod browser;
pub mod reference;

use radsql::Session;
use radsql_demo::{CohortOptions, write_cohort};
use std::path::{Path, PathBuf};

/// The folder with data and conformance files, or `None` after a loud line.
pub fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("RADSQL_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    if path.join("data").is_dir() {
        return Some(path.canonicalize().expect("a path"));
    }
    eprintln!(
        "SKIPPED: {} is not there; set RADSQL_SHARED to test against real data",
        path.display()
    );
    None
}

/// A folder with a synthetic cohort of one hospital.
pub fn cohort(patients: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let options = CohortOptions {
        patients,
        external: 0,
        ..CohortOptions::default()
    };
    write_cohort(dir.path(), &options, |_, _| {}).expect("a cohort");
    dir
}

/// A session with tables `scans` and `patients` over a cohort.
pub async fn session_on(cohort: &Path) -> Session {
    let session = Session::new().expect("a session");
    let dir = cohort.display();
    for sql in [
        format!(
            "CREATE EXTERNAL TABLE scans STORED AS NIFTI LOCATION '{dir}/crlm/' \
             OPTIONS (image '{{patient_id}}/ct.nii.gz', mask '{{patient_id}}/seg/Tumor_1.nii.gz', modality 'CT')"
        ),
        format!(
            "CREATE EXTERNAL TABLE clinical STORED AS CSV LOCATION '{dir}/crlm/clinical.csv' OPTIONS (format.has_header true)"
        ),
        "CREATE VIEW patients AS SELECT *, overall_survival_months AS os, vital_status AS dead, \
         age / 20.0 + sex + major_comorbidity AS marker FROM clinical"
            .into(),
    ] {
        run(&session, &sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    session
}

/// Runs a statement; its rows as texts, a cell after the other, separated by `|`.
pub async fn run(session: &Session, sql: &str) -> Result<Vec<String>, String> {
    let say = |e: datafusion::common::DataFusionError| radsql::engine::message(&e);
    let batches = session.sql(sql).await.map_err(say)?.collect().await.map_err(say)?;
    let mut rows = vec![];
    for batch in batches {
        let options = datafusion::arrow::util::display::FormatOptions::default().with_null("NULL");
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|c| {
                datafusion::arrow::util::display::ArrayFormatter::try_new(c.as_ref(), &options).expect("a formatter")
            })
            .collect();
        for row in 0..batch.num_rows() {
            rows.push(
                columns
                    .iter()
                    .map(|c| c.value(row).to_string())
                    .collect::<Vec<_>>()
                    .join("|"),
            );
        }
    }
    Ok(rows)
}

/// A tokio runtime with this many threads.
pub fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .expect("threads")
}
