//! The README's tour and its statistics work as printed.

mod common;

use std::path::Path;
use std::process::Command;

/// The n-th block of SQL, from 1.
fn block(n: usize) -> String {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    let block = readme.split("```sql\n").nth(n).and_then(|t| t.split("```").next());
    block.expect("a block of SQL").to_string()
}

#[test]
fn the_lines_on_dicom_work_as_printed() {
    let Some(shared) = common::shared() else { return };
    let cache = tempfile::tempdir().expect("a folder");
    let sql = block(2).replace("../shared", &shared.display().to_string());
    assert!(sql.contains("STORED AS DICOM"));
    let output = Command::new(env!("CARGO_BIN_EXE_radsql"))
        .args(["-c", &sql])
        .env("XDG_CACHE_HOME", cache.path())
        .output()
        .expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = String::from_utf8(output.stdout).expect("text");
    let rows: Vec<usize> = out.split("\n\n").map(|r| r.trim().lines().count() - 1).collect();
    assert_eq!(rows, [3, 2, 20], "{out}");
}

#[test]
fn the_tour_works_as_printed() {
    let (tour, statistics, deep, database) = (block(1), block(4), block(5), block(6));
    assert_eq!(tour.lines().count(), 10, "a ten-line tour");
    let dir = tempfile::tempdir().expect("a folder");
    let radsql = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_radsql"))
            .args(args)
            .current_dir(dir.path())
            .env("XDG_CACHE_HOME", dir.path().join("cache"))
            .output()
            .expect("run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    radsql(&["demo", "demo-cohort", "--patients", "40", "--external", "0"]);
    assert!(statistics.contains("correlation_filter"), "the statistics");
    let out = radsql(&["-c", &format!("{tour}{statistics}{deep}{database}")]);
    let results: Vec<&str> = out.split("\n\n").collect();
    assert_eq!(results.len(), 14, "{out}");
    assert!(results.iter().all(|r| r.trim().lines().count() >= 2), "{out}");
    // The made-up hazard depends on texture and size: the score finds it.
    let c: f64 = results[2]
        .lines()
        .nth(1)
        .and_then(|l| l.split(',').next())
        .and_then(|c| c.parse().ok())
        .expect("c");
    assert!(c > 0.65, "{out}");
    let p: f64 = results[3]
        .lines()
        .nth(1)
        .and_then(|l| l.split(',').nth(1))
        .and_then(|p| p.parse().ok())
        .expect("p");
    assert!(p < 0.05, "{out}");
    let rows = |result: &str| result.trim().lines().count() - 1;
    assert_eq!([4, 5, 6, 7, 8].map(|n| rows(results[n])), [2, 4, 5, 1, 3], "{out}");
    assert!(results[4].contains("rad_score"), "{out}");
    // The database: an update, its versions, sums, changes, and where a table came from.
    let updated = rows_of(results[9]);
    assert!(updated > 0, "{out}");
    let number = |i: usize, column: usize| {
        results[i]
            .lines()
            .nth(1)
            .and_then(|l| l.split(',').nth(column)?.parse::<f64>().ok())
    };
    assert_eq!(
        number(11, 0).expect("a sum"),
        number(11, 1).expect("a sum") + updated as f64
    );
    assert_eq!(rows(results[10]), 3, "{out}");
    assert!(results[12].contains(&format!("update_postimage,{updated}")), "{out}");
    // What the first table was made from was in memory, of which nothing is known but the name; then it was updated.
    assert_eq!(rows(results[13]), 4, "{out}");
    assert!(results[13].contains("1,change,judged,"), "{out}");
    // It is there tomorrow.
    let again = radsql(&[
        "study.db",
        "-c",
        "SELECT count(*) AS n FROM old WHERE rad_score IS NOT NULL",
    ]);
    assert!(
        again
            .lines()
            .nth(1)
            .and_then(|n| n.parse::<u64>().ok())
            .expect("a count")
            > 0
    );
}

/// The count that a statement answers with.
fn rows_of(result: &str) -> u64 {
    let line = result.lines().nth(1).expect("a count");
    line.parse().expect("a number")
}
