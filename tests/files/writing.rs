//! Promise 4: what lies on the disk afterwards.

use super::common::{run, runtime};
use super::place::{Place, works};
use std::os::unix::fs::symlink;

/// Statements that write to PATH.
const FORMS: &[&str] = &[
    "COPY (SELECT 1 AS a) TO 'PATH.csv'",
    "COPY (SELECT 1 AS a) TO 'PATH.parquet'",
    "COPY (SELECT 1 AS a) TO 'PATH.json'",
    "COPY (SELECT 1 AS a) TO 'PATH' STORED AS CSV",
    "COPY (SELECT 1 AS a) TO 'PATH/' STORED AS PARQUET",
    "COPY (SELECT 1 AS a, 'x' AS b) TO 'PATH/' STORED AS CSV PARTITIONED BY (b)",
    "COPY (SELECT 1 AS a) TO 'file://PATH.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1 AS a) TO 'PATH.csv'",
    "EXPLAIN ANALYZE VERBOSE COPY (SELECT 1 AS a) TO 'PATH.csv'",
];

/// Tables over PATH, of the number #, which INSERT would write.
const TABLES: &[&str] = &[
    "CREATE EXTERNAL TABLE t# (a INT) STORED AS CSV LOCATION 'PATH/'",
    "CREATE EXTERNAL TABLE t# (a INT) STORED AS PARQUET LOCATION 'PATH/'",
    "CREATE EXTERNAL TABLE t# (a INT) STORED AS JSON LOCATION 'PATH/'",
    "CREATE UNBOUNDED EXTERNAL TABLE t# (a INT) STORED AS CSV LOCATION 'PATH.csv'",
];

#[test]
fn promise_04_nothing_is_written_without_a_root() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        std::fs::create_dir(place.path("in/empty")).unwrap();
        let before = place.snapshot();
        for folder in ["in", "in/empty", "in/new", "out", "in/link_out", "in/../out"] {
            for (number, form) in FORMS.iter().enumerate() {
                let sql = form.replace("PATH", &place.text(&format!("{folder}/w{number}")));
                let told = run(&session, &sql).await.expect_err(&sql);
                assert!(told.contains("this server writes no files"), "{sql}\n{told}");
            }
            for (number, form) in TABLES.iter().enumerate() {
                let table = format!("{}_{number}", folder.replace(['/', '.'], "_"));
                let create = form.replace("PATH", &place.text(folder)).replace('#', &table);
                let made = run(&session, &create).await.is_ok();
                let listed = number < 3 && ["in", "in/empty", "in/new"].contains(&folder);
                assert_eq!(made, listed, "{create}");
                if made {
                    let insert = format!("INSERT INTO t{table} VALUES (1)");
                    let told = run(&session, &insert).await.expect_err(&insert);
                    assert!(told.contains("this server writes no files"), "{insert}\n{told}");
                    run(&session, &format!("EXPLAIN ANALYZE {insert}"))
                        .await
                        .expect_err(&insert);
                }
            }
        }
        for sql in [
            format!("SET radsql.cache_dir = '{}'", place.text("in/cache")),
            "RESET radsql.cache_dir".to_owned(),
            format!("SET datafusion.runtime.temp_directory = '{}'", place.text("in/temp")),
            "RESET datafusion.runtime.temp_directory".to_owned(),
        ] {
            let told = run(&session, &sql).await.expect_err(&sql);
            assert!(told.contains("cannot be changed here"), "{sql}\n{told}");
        }
        assert_eq!(place.snapshot(), before);
    });
}

#[test]
fn promise_04_what_is_written_lies_in_the_root() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        std::fs::create_dir(place.path("w")).unwrap();
        symlink(place.path("out"), place.path("w/link")).unwrap();
        symlink(place.path("out/table.csv"), place.path("w/link.csv")).unwrap();
        symlink(place.path("out/none.csv"), place.path("w/nowhere.csv")).unwrap();
        let session = place.session(Some("w"));
        let before = place.snapshot();
        for folder in [
            "in",
            "out",
            "w/link",
            "w/../out",
            "w/none/../../out",
            "w/link/deeper",
            "in/link_out",
        ] {
            for (number, form) in FORMS.iter().enumerate() {
                let sql = form.replace("PATH", &place.text(&format!("{folder}/w{number}")));
                let told = run(&session, &sql).await.expect_err(&sql);
                assert!(told.contains("lies outside the folder"), "{sql}\n{told}");
            }
        }
        for link in ["w/link.csv", "w/nowhere.csv"] {
            let sql = format!("COPY (SELECT 1 AS a) TO '{}'", place.text(link));
            let told = run(&session, &sql).await.expect_err(&sql);
            assert!(told.contains("lies outside the folder"), "{sql}\n{told}");
        }
        let create = format!(
            "CREATE EXTERNAL TABLE readable (a INT) STORED AS CSV LOCATION '{}/'",
            place.text("in/scans")
        );
        works(&session, &create).await;
        let told = run(&session, "INSERT INTO readable VALUES (1)").await.unwrap_err();
        assert!(told.contains("outside the folder"), "{told}");
        assert_eq!(place.snapshot(), before);
        // And in the root, folders made as they are needed, everything works.
        for (number, form) in FORMS.iter().enumerate() {
            works(
                &session,
                &form.replace("PATH", &place.text(&format!("w/new/w{number}"))),
            )
            .await;
        }
        for (number, form) in TABLES[..3].iter().enumerate() {
            let folder = place.text(&format!("w/table{number}"));
            std::fs::create_dir(&folder).unwrap();
            works(
                &session,
                &form.replace("PATH", &folder).replace('#', &number.to_string()),
            )
            .await;
            works(&session, &format!("INSERT INTO t{number} VALUES (1), (2)")).await;
            assert_eq!(works(&session, &format!("SELECT count(*) FROM t{number}")).await, ["2"]);
        }
        let written = place.text("w/new/w0.csv");
        assert_eq!(works(&session, &format!("SELECT * FROM '{written}'")).await, ["1"]);
        let outside = |line: &&String| !line.contains("/w/") && !line.contains("/w ");
        let after = place.snapshot();
        assert!(after.iter().filter(outside).eq(before.iter().filter(outside)));
    });
}
