//! Promises 3 and 5 for statements: every form that reads.

use super::common::{run, runtime};
use super::place::{CSV, DICOM, MODEL, PARQUET, Place, SECRET, SETTINGS, refused, works};
use std::net::TcpListener;
use std::os::unix::fs::symlink;

/// Statements that read a file, of which PATH stands for the path and # for a number.
const FORMS: &[(&str, &str)] = &[
    (CSV, "SELECT * FROM 'PATH'"),
    (CSV, "SELECT * FROM \"PATH\""),
    (CSV, "EXPLAIN SELECT * FROM 'PATH'"),
    (CSV, "EXPLAIN ANALYZE SELECT * FROM 'PATH'"),
    (CSV, "CREATE VIEW v# AS SELECT * FROM 'PATH'"),
    (CSV, "CREATE TABLE t# AS SELECT * FROM 'PATH'"),
    (CSV, "SELECT 1 WHERE EXISTS (SELECT * FROM 'PATH')"),
    (CSV, "PREPARE p# AS SELECT * FROM 'PATH'"),
    (CSV, "DESCRIBE 'PATH'"),
    (CSV, "CREATE EXTERNAL TABLE c# STORED AS CSV LOCATION 'PATH'"),
    (
        CSV,
        "CREATE EXTERNAL TABLE d# (a INT, b TEXT) STORED AS CSV LOCATION 'PATH'",
    ),
    (
        CSV,
        "CREATE EXTERNAL TABLE IF NOT EXISTS e# STORED AS CSV LOCATION 'PATH' OPTIONS (format.has_header true)",
    ),
    (PARQUET, "SELECT * FROM 'PATH'"),
    (PARQUET, "CREATE EXTERNAL TABLE f# STORED AS PARQUET LOCATION 'PATH'"),
    ("scans", "CREATE EXTERNAL TABLE g# STORED AS NIFTI LOCATION 'PATH'"),
    (
        "scans",
        "CREATE EXTERNAL TABLE h# STORED AS NIFTI LOCATION 'PATH' OPTIONS (image '{patient_id}.nii.gz')",
    ),
    ("scans", "CREATE EXTERNAL TABLE i# STORED AS NRRD LOCATION 'PATH'"),
    (DICOM, "CREATE EXTERNAL TABLE j# STORED AS DICOM LOCATION 'PATH'"),
    (MODEL, "CREATE OR REPLACE MODEL k# FROM 'PATH'"),
    (SETTINGS, "SET radsql.radiomics = 'PATH'"),
];

#[test]
fn promise_03_no_statement_reads_what_lies_outside() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        let mut number = 0;
        for (file, form) in FORMS {
            for way in place.ways_out(file) {
                number += 1;
                let with = |path: &str| form.replace("PATH", path).replace('#', &number.to_string());
                refused(&session, &way, with).await;
            }
            number += 1;
            let inside = place.text(&format!("in/{file}"));
            works(
                &session,
                &form.replace("PATH", &inside).replace('#', &number.to_string()),
            )
            .await;
        }
        works(&session, "SET radsql.radiomics = 'default'").await;
        let link = place.text("in/link_in/../table.csv");
        assert_eq!(works(&session, &format!("SELECT count(*) FROM '{link}'")).await, ["1"]);
    });
}

#[test]
fn promise_03_addresses_of_files_are_paths_too() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        let of = |path: &str| format!("file://{path}");
        for address in [
            of(&place.text("out/table.csv")),
            of(&place.text("in/../out/table.csv")),
            of(&place.text("in/link_out/table.csv")),
            of(&place.text("in/%2e%2e/out/table.csv")),
            of(&place.text("in/link_table.csv")),
            format!("  {}", of(&place.text("out/table.csv"))),
            of(&place.text("out/table.csv")).replace("file", "FILE"),
            of(&place.text("out/table.csv")).replace("://", ":"),
        ] {
            let select = |path: &str| format!("SELECT * FROM '{path}'");
            refused(&session, &address, select).await;
            let create = |path: &str| format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{path}'");
            refused(&session, &address, create).await;
        }
        let elsewhere = format!("SELECT * FROM 'file://host{}'", place.text("in/table.csv"));
        assert!(
            run(&session, &elsewhere)
                .await
                .is_err_and(|e| e.contains("local files only"))
        );
        let inside = of(&place.text("in/table.csv"));
        assert_eq!(
            works(&session, &format!("SELECT count(*) FROM '{inside}'")).await,
            ["1"]
        );
    });
}

#[test]
fn promise_03_folders_and_patterns_end_where_links_lead_away() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        std::fs::create_dir(place.path("in/tables")).unwrap();
        std::fs::write(place.path("in/tables/a.csv"), "a,b\n1,x\n").unwrap();
        symlink(place.path("out/table.csv"), place.path("in/tables/b.csv")).unwrap();
        symlink(place.path("out"), place.path("in/tables/c")).unwrap();
        symlink(place.path("out/none.csv"), place.path("in/tables/d.csv")).unwrap();
        let folder = place.text("in/tables");
        for from in [format!("{folder}/"), format!("{folder}/*.csv"), folder.clone()] {
            let rows = works(&session, &format!("SELECT * FROM '{from}'")).await;
            assert_eq!(rows, ["1|x"], "{from}");
        }
        let create =
            format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{folder}/' OPTIONS (format.has_header true)");
        works(&session, &create).await;
        assert_eq!(works(&session, "SELECT * FROM t").await, ["1|x"]);
        for pattern in ["out/*.csv", "in/../out/*.csv", "in/link_out/*.csv", "*/table.csv"] {
            let told = run(&session, &format!("SELECT * FROM '{}'", place.text(pattern))).await;
            let told = told.expect_err(pattern);
            assert!(told.contains("lies outside") && !told.contains(SECRET), "{told}");
        }
        // Scan tables.
        symlink(place.path("out/ct.nii.gz"), place.path("in/scans/b.nii.gz")).unwrap();
        symlink(place.path("out"), place.path("in/scans/c")).unwrap();
        for (name, location, options) in [
            ("u", "in/scans", ""),
            ("v", "in/scans", " OPTIONS (image '{x}.nii.gz')"),
            ("w", "in/scans", " OPTIONS (image 'a.nii.gz', mask '*/mask.nii.gz')"),
        ] {
            let location = place.text(location);
            let create = format!("CREATE EXTERNAL TABLE {name} STORED AS NIFTI LOCATION '{location}'{options}");
            let rows = match run(&session, &create).await {
                Ok(_) => works(&session, &format!("SELECT image, mask FROM {name}")).await,
                Err(e) => {
                    assert!(name == "w" && e.contains("no file below"), "{e}");
                    continue;
                }
            };
            assert_eq!(rows, [format!("{location}/a.nii.gz|NULL")], "{name}");
        }
        for option in ["c/{x}.nii.gz", "*/{x}.nii.gz", "b.nii.gz"] {
            let location = place.text("in/scans");
            let create =
                format!("CREATE EXTERNAL TABLE x STORED AS NIFTI LOCATION '{location}' OPTIONS (image '{option}')");
            let told = run(&session, &create).await.expect_err(option);
            assert!(told.contains("no file below"), "{told}");
        }
    });
}

#[test]
fn promise_03_nothing_is_read_past_the_stores() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        for file in ["in/table.csv", "out/table.csv"] {
            let create = format!(
                "CREATE UNBOUNDED EXTERNAL TABLE t (a INT, b TEXT) STORED AS CSV LOCATION '{}'",
                place.text(file)
            );
            let told = run(&session, &create).await.unwrap_err();
            assert!(told.contains("UNBOUNDED tables are not possible"), "{told}");
        }
        // A name that is no path is a table that is not there.
        let told = run(&session, "SELECT * FROM nothing").await.unwrap_err();
        assert!(told.contains("not found"), "{told}");
        // With no folder at all everything else still works.
        let none = radsql::SessionBuilder {
            files: radsql::FilePolicy::within(&[], None).unwrap(),
            ..radsql::SessionBuilder::default()
        };
        let none = none.build().unwrap();
        assert_eq!(works(&none, "SELECT 1").await, ["1"]);
        refused(&none, &place.text("in/table.csv"), |path| {
            format!("SELECT * FROM '{path}'")
        })
        .await;
    });
}

#[test]
fn promise_05_no_socket_is_opened() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(Some("in"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for address in [
            format!("http://127.0.0.1:{port}/x.csv"),
            format!("https://127.0.0.1:{port}/x.csv"),
            format!("HTTP://127.0.0.1:{port}/x.csv"),
            format!("s3://127.0.0.1:{port}/x.csv"),
            format!("s3a://bucket.127.0.0.1:{port}/x.csv"),
            format!("gs://127.0.0.1:{port}/x.csv"),
            format!("az://127.0.0.1:{port}/x.csv"),
            format!("hdfs://127.0.0.1:{port}/x.csv"),
            format!("ftp://127.0.0.1:{port}/x.csv"),
            "memory:///x.csv".to_owned(),
            format!("file://127.0.0.1:{port}/x.csv"),
        ] {
            for sql in [
                format!("SELECT * FROM '{address}'"),
                format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{address}'"),
                format!("CREATE EXTERNAL TABLE t (a INT) STORED AS CSV LOCATION '{address}'"),
                format!(
                    "CREATE EXTERNAL TABLE t (a INT) STORED AS CSV LOCATION '{address}' \
                     OPTIONS ('aws.endpoint' 'http://127.0.0.1:{port}', 'aws.allow_http' 'true')"
                ),
                format!("COPY (SELECT 1) TO '{address}'"),
                format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{address}'"),
            ] {
                let told = run(&session, &sql).await.expect_err(&sql);
                let plain = told.contains("local files only") || told.contains("is no address");
                assert!(plain, "{sql}\n{told}");
            }
            for sql in [
                format!("SELECT scan_info('{address}')"),
                format!("SELECT file_hash('{address}')"),
                format!("CREATE MODEL m FROM '{address}.onnx'"),
                format!("CREATE EXTERNAL TABLE t STORED AS NIFTI LOCATION '{address}'"),
                format!("CREATE EXTERNAL TABLE t STORED AS DICOM LOCATION '{address}'"),
            ] {
                run(&session, &sql).await.expect_err(&sql);
            }
        }
        assert!(
            listener
                .accept()
                .is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
        );
    });
}
