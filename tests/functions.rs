//! The catalogue: `FUNCTIONS.md` is what the code says, and every example in it runs.

mod common;

use radsql_udfs::catalogue;
use radsql_udfs::doc::Kind;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn functions_md_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("udfs/FUNCTIONS.md");
    let wanted = radsql_udfs::functions_md();
    if std::env::var_os("RADSQL_BLESS").is_some() {
        std::fs::write(&path, &wanted).expect("a file");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "udfs/FUNCTIONS.md is stale: RADSQL_BLESS=1 cargo test --test functions writes it"
    );
}

#[test]
fn every_example_runs() {
    let cohort = common::cohort(12);
    common::runtime(2).block_on(async {
        let session = common::session_on(cohort.path()).await;
        let cache = tempfile::tempdir().expect("a folder");
        let set = format!("SET radsql.cache_dir = '{}'", cache.path().display());
        common::run(&session, &set).await.expect("a setting");
        let folder = tempfile::tempdir().expect("a folder");
        let database = in_a_database(&folder.path().join("study.db")).await;
        for doc in catalogue() {
            let session = match IN_A_DATABASE.contains(&doc.name) {
                true => &database,
                false => &session,
            };
            let rows = common::run(session, doc.example).await;
            let rows = rows.unwrap_or_else(|e| panic!("{} ({:?}): {e}\n{}", doc.name, doc.kind, doc.example));
            let nothing_to_show = doc.name == "scan_errors";
            assert!(!rows.is_empty() || nothing_to_show, "{}: no row", doc.name);
            assert!(
                rows.iter().all(|r| !r.split('|').any(|c| c == "NULL" || c == "NaN")
                    || doc.name == "median_survival"
                    // Levels stand below their variable, which has the test.
                    || doc.name == "table_one"
                    || doc.name == "radiomics_features"),
                "{}: {rows:?}",
                doc.name
            );
        }
    });
}

/// Functions that tell of a database that stays.
const IN_A_DATABASE: [&str; 4] = ["snapshots", "table_changes", "comments", "provenance"];

/// A database for the examples of these.
async fn in_a_database(path: &Path) -> radsql::Session {
    let builder = radsql::SessionBuilder {
        database: Some(path.into()),
        ..radsql::SessionBuilder::default()
    };
    let session = builder.build().expect("a database");
    for sql in [
        "CREATE TABLE scores AS SELECT value AS patient_id, value / 10.0 AS score FROM generate_series(1, 10)",
        "UPDATE scores SET score = 0 WHERE patient_id = 3",
        "DELETE FROM scores WHERE patient_id > 8",
        "COMMENT ON TABLE scores IS 'made by a test'",
    ] {
        common::run(&session, sql)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    session
}

#[test]
fn names_stand_once_and_every_function_is_documented() {
    let docs = catalogue();
    let mut seen = BTreeSet::new();
    for doc in &docs {
        assert!(seen.insert((doc.kind, doc.name)), "{} stands twice", doc.name);
        assert!(doc.syntax.starts_with(doc.name), "{}: {}", doc.name, doc.syntax);
    }
    let session = radsql::Session::new().expect("a session");
    let state = session.context().state();
    let ours = |name: &str, kind| docs.iter().any(|d| d.name == name && d.kind == kind);
    let bare = datafusion::prelude::SessionContext::new().state();
    for name in state
        .scalar_functions()
        .keys()
        .filter(|n| !bare.scalar_functions().contains_key(*n))
    {
        assert!(
            name.starts_with("radsql_") || ours(name, Kind::Scalar),
            "{name} has no documentation"
        );
    }
    for name in state
        .aggregate_functions()
        .keys()
        .filter(|n| !bare.aggregate_functions().contains_key(*n))
    {
        assert!(
            name.starts_with("radsql_") || ours(name, Kind::Aggregate),
            "{name} has no documentation"
        );
    }
    for name in state
        .table_functions()
        .keys()
        .filter(|n| !bare.table_functions().contains_key(*n))
    {
        assert!(ours(name, Kind::Table), "{name} has no documentation");
    }
}
