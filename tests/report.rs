//! `radsql run --report`: the page, as a reader and a browser see it.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn radsql(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_radsql"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", "/dev/null")
        .output()
        .expect("radsql runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

const FIRST: &str = "-- What is there?
--
-- A few patients, with <b>names</b> & an ampersand.
-- In two lines.

\\set title A study of < and >
\\i sources/:kind.sql

-- How many?
SELECT count(*) AS n FROM patients;
SELECT * FROM patients ORDER BY id;
";

const SECOND: &str = "-- Do they live?
CREATE TABLE curves AS SELECT arm, km_plot(os, dead, arm) AS svg FROM patients GROUP BY arm;
SELECT arm, svg FROM curves ORDER BY arm;
SELECT svg FROM km_plot(patients, time => os, event => dead, by => arm);
SELECT arm, CASE WHEN arm = 'b' THEN NULL ELSE svg END AS svg, '<svg><script>1</script></svg>' AS bad FROM curves ORDER BY arm;
SELECT n, n_missing, c FROM concordance(patients, time => os, event => dead, score => marker);
SELECT range AS many FROM (SELECT unnest(range(1, 251)) AS range);
SELECT split, count(*) AS n FROM train_test_split(patients, id => id, train => 0.5, seed => 7) GROUP BY split ORDER BY split;
";

/// A folder with a study of two files.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    fs::create_dir(folder.path().join("sources")).expect("a folder");
    write("01.sql", FIRST);
    write("02.sql", SECOND);
    write(
        "sources/csv.sql",
        "-- The table of the file.\nCREATE EXTERNAL TABLE patients STORED AS CSV LOCATION ':data' OPTIONS (format.has_header true);\n",
    );
    let rows: Vec<String> = (1..=20)
        .map(|i| {
            format!(
                "P{i:02},{},{},{},{}",
                i * 37 % 101 + 1,
                i % 2,
                if i % 3 == 0 { "<i>a" } else { "b" },
                if i == 4 {
                    String::new()
                } else {
                    (i * 7 % 11).to_string()
                }
            )
        })
        .collect();
    write("p.csv", &format!("id,os,dead,arm,marker\n{}\n", rows.join("\n")));
    folder
}

fn report(folder: &Path) -> String {
    let arguments = [
        "run",
        "01.sql",
        "02.sql",
        "--set",
        "data=p.csv",
        "--set",
        "kind=csv",
        "--report",
        "r.html",
    ];
    let (status, out, err) = radsql(folder, &arguments);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.starts_with("n\n20\n"), "results are printed as well: {out}");
    fs::read_to_string(folder.join("r.html")).expect("a report")
}

#[test]
fn the_page_has_everything_of_the_run() {
    let folder = study();
    let page = report(folder.path());
    let has = |text: &str| assert!(page.contains(text), "the page lacks {text}");
    for text in [
        "<title>A study of &lt; and &gt;</title>",
        "1. What is there?",
        "<p>A few patients, with &lt;b&gt;names&lt;/b&gt; &amp; an ampersand. In two lines.</p>",
        "<p>The table of the file.</p>",
        "<p>How many?</p>",
        "2. Do they live?",
        // With the values of variables in it.
        "LOCATION 'p.csv'",
        ", made 2 rows",
        "The first 100 of 250 rows",
        "arm &lt;i&gt;a",
        "train_test_split: 7 (step 2)",
        "statement 5: 1 row",
        // A figure that is NULL, and a text that only looks like one.
        "arm b, bad &lt;svg ...&gt; (29 characters): nothing to draw",
        "radsql.conf_level",
        "kind</td>",
        "Definition of the reference standard (outcome variable)",
        "train_test_split(train =&gt; 0.5, seed =&gt; 7) in step 2",
        "for the authors",
        "External testing",
        "radsql run 01.sql 02.sql",
    ] {
        has(text);
    }
    assert!(!page.contains("<i>a") && !page.contains("<script"));
    assert_eq!(page.matches("<svg").count(), 4);
    let sum = Command::new("sha256sum")
        .arg("p.csv")
        .current_dir(folder.path())
        .output()
        .expect("sha256sum");
    has(&String::from_utf8_lossy(&sum.stdout)[..64]);
    // Nothing is fetched: what stands in the page as an address is the name of SVG alone.
    for (at, _) in page.match_indices("http") {
        let rest = &page[at..];
        assert!(
            rest.starts_with("http://www.w3.org/2000/svg") || rest.starts_with("http-equiv"),
            "{}",
            &rest[..60]
        );
    }
}

#[test]
fn no_report_of_a_run_that_failed_and_a_wrong_place_is_found_first() {
    let folder = study();
    fs::write(folder.path().join("r.html"), "old").expect("a file");
    fs::write(folder.path().join("bad.sql"), "SELECT 1;\nSELECT nothing;\n").expect("a file");
    let (status, _, err) = radsql(folder.path(), &["run", "bad.sql", "--report", "r.html"]);
    assert_eq!(status, 1);
    assert!(err.starts_with("bad.sql:2:8: "), "{err}");
    assert_eq!(
        fs::read_to_string(folder.path().join("r.html")).expect("the old one"),
        "old"
    );
    assert_eq!(
        fs::read_dir(folder.path()).expect("a folder").count(),
        6,
        "nothing else is left"
    );

    let (status, out, err) = radsql(folder.path(), &["run", "01.sql", "--report", "nowhere/r.html"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.starts_with("nowhere/r.html: cannot be written"), "{err}");
    let (status, out, err) = radsql(folder.path(), &["run", "01.sql", "--report", "sources"]);
    assert_eq!(
        (status, out.as_str(), err.as_str()),
        (2, "", "sources: cannot be written: is a directory\n")
    );
}

#[test]
fn what_a_run_read_by_name_and_how_to_repeat_it() {
    let Some(shared) = common::shared() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let scan = shared.join("data/sts/nifti/STS_001");
    let sql = format!(
        "SELECT mask_info('{0}/CT_image.nii.gz', '{0}/CT_mask.nii.gz')['voxels'] AS voxels;\nSELECT 1 AS x WHERE :n > 2;\n",
        scan.display()
    );
    let sql = sql + "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'tables/*.csv' OPTIONS (format.has_header true);\n";
    fs::create_dir(folder.path().join("tables")).expect("a folder");
    let tables = ["1", "2"].map(|n| folder.path().join(format!("tables/{n}.csv")));
    for (n, table) in tables.iter().enumerate() {
        fs::write(table, format!("x\n{n}\n")).expect("a file");
    }
    fs::write(folder.path().join("a b.sql"), sql).expect("a file");
    let (status, _, err) = radsql(
        folder.path(),
        &["run", "a b.sql", "--set", "n=1", "--set", "m=2", "--report", "r.html"],
    );
    assert_eq!(
        (status, err.as_str()),
        (0, "--set m: no file has a variable of that name\n")
    );
    let page = fs::read_to_string(folder.path().join("r.html")).expect("a report");
    let scans = ["CT_image.nii.gz", "CT_mask.nii.gz"].map(|file| scan.join(file));
    let statements = folder.path().join("a b.sql");
    for file in scans.iter().chain(&tables).chain([&statements]) {
        let sum = Command::new("sha256sum").arg(file).output().expect("sha256sum");
        let sum = String::from_utf8_lossy(&sum.stdout)[..64].to_owned();
        assert!(page.contains(&sum), "the page lacks the hash of {}", file.display());
    }
    assert!(page.contains("radsql run 'a b.sql' --set m=2 --set n=1"));
    assert!(page.contains("No rows"), "the columns of an empty result are shown");
}

#[test]
fn a_run_does_not_write_over_its_own_files() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.sql"), "SELECT 1").expect("a file");
    for option in ["--report", "-o"] {
        let (status, _, err) = radsql(folder.path(), &["run", "a.sql", option, "./a.sql"]);
        assert_eq!(
            (status, err.as_str()),
            (2, "./a.sql: is one of the files to run, and would be overwritten\n")
        );
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("a.sql")).expect("the file"),
        "SELECT 1"
    );
}

#[test]
fn a_file_that_is_included() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    fs::create_dir(folder.path().join("a")).expect("a folder");
    write("a/one.sql", "\\i two.sql\nSELECT :x + 1 AS y;");
    write("a/two.sql", "\\set x 41\n");
    let (status, out, err) = radsql(folder.path(), &["run", "a/one.sql"]);
    assert_eq!((status, out.as_str(), err.as_str()), (0, "y\n42\n", ""));

    for written in ["\\i\ttwo.sql", "\\i 'two.sql';", "\\i  two.sql ;"] {
        write("a/one.sql", &format!("{written}\nSELECT :x + 1 AS y;"));
        assert_eq!(radsql(folder.path(), &["run", "a/one.sql"]).1, "y\n42\n", "{written}");
    }

    for (text, expected) in [
        ("\\i gone.sql", "a/bad.sql:1:1: 'a/gone.sql' cannot be read: "),
        (
            "\\i :nothing.sql",
            "a/bad.sql:1:1: variable :nothing has no value; give one with --set",
        ),
        ("SELECT 1;\n\\i wrong.sql", "a/wrong.sql:2:9: "),
        ("\\i bad.sql", "a/bad.sql:1:1: files include one another 16 deep"),
    ] {
        write("a/bad.sql", text);
        write("a/wrong.sql", "\n  SELECT;;");
        let (status, _, err) = radsql(folder.path(), &["run", "a/bad.sql"]);
        assert_eq!(status, 1);
        assert!(err.starts_with(expected), "{err}");
    }
}

#[test]
fn a_browser_shows_all_of_it() {
    let folder = study();
    report(folder.path());
    let page: PathBuf = folder.path().join("r.html");
    for (width, dark) in [(1200, false), (1200, true), (390, false)] {
        let Some(found) = common::browser::seen(&page, width, dark) else {
            return;
        };
        let number = |key: &str| found[key].as_i64().unwrap_or(-1);
        assert_eq!(number("figures"), 4, "{found}");
        for none in ["hidden", "unnamed", "broken", "unheaded", "resources"] {
            assert_eq!(number(none), 0, "{none} at {width}: {found}");
        }
        assert_eq!(
            found["low"],
            serde_json::json!([]),
            "text that is hard to read, dark {dark}"
        );
        assert!(number("wide") <= 0, "the page is wider than {width}: {found}");
        assert_eq!(
            (found["language"].as_str(), found["title"].as_str()),
            (Some("en"), Some("A study of < and >"))
        );
        let ground = if dark { "rgb(22, 25, 29)" } else { "rgb(255, 255, 255)" };
        assert_eq!(found["ground"].as_str(), Some(ground));
    }
}
