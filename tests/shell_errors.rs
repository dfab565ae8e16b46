//! Errors of the command line, to the letter: `shell_errors.txt` holds wrong statements and what standard error says of each.
//!
//! `RADSQL_WRITE=1 cargo test --test shell_errors` writes what is said now in the place of what was; look at the difference.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shell_errors.txt");

/// Tables that the statements are about.
const TABLES: &str =
    "CREATE TABLE patients AS SELECT * FROM (VALUES (1, 12.5, 1, 'a', 61.0, {'x_mean': 1, 'y_mean': 2}), \
                      (2, 9.0, 0, 'b', 55.0, {'x_mean': 1, 'y_mean': 2})) \
                      AS t(patient_id, survival_time, dead, sex, Age, shape);
CREATE TABLE visits AS SELECT 1 AS patient_id, 'x' AS \"note-1\";
CREATE MODEL liver FROM 'resnet10.onnx';
";

fn radsql(dir: &Path, args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_radsql"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .env("XDG_CACHE_HOME", "/dev/null")
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stderr).expect("text");
    (output.status.code().unwrap_or(-1), text)
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/deep/resnet10");
    for ending in ["onnx", "json"] {
        let to = dir.path().join("resnet10").with_extension(ending);
        fs::copy(format!("{models}.{ending}"), to).expect("the model");
    }
    fs::write(dir.path().join("tables.sql"), TABLES).expect("a file");
    dir
}

/// A statement of the file, as it stands there, and what is expected of it.
struct Case {
    statement: String,
    expected: String,
}

/// Comments, and then cases: lines that begin with `> `, and what follows up to the next such line or an empty one.
fn cases(text: &str) -> (String, Vec<Case>) {
    let mut comment = String::new();
    let mut cases: Vec<Case> = vec![];
    let mut asked = false;
    for line in text.lines() {
        match (line.strip_prefix("> "), cases.last_mut()) {
            (Some(part), Some(case)) if asked => case.statement += &format!("\n{part}"),
            (Some(part), _) => {
                asked = true;
                cases.push(Case {
                    statement: part.into(),
                    expected: String::new(),
                });
            }
            (None, None) => comment += &format!("{line}\n"),
            (None, Some(case)) => {
                asked = false;
                if !line.is_empty() {
                    case.expected += &format!("{line}\n");
                }
            }
        }
    }
    (comment, cases)
}

#[test]
fn every_wrong_statement_is_explained() {
    let dir = folder();
    let file = fs::read_to_string(CASES).expect("the cases");
    let (comment, cases) = cases(&file);
    assert!(cases.len() >= 30, "{}", cases.len());
    let write = std::env::var_os("RADSQL_WRITE").is_some();
    let mut written = comment;
    let mut wrong = vec![];
    for Case { statement, expected } in cases {
        // Tabs are written as such in the file; the statement begins in the second line.
        fs::write(dir.path().join("study.sql"), format!("\\i tables.sql\n{statement};\n")).expect("a file");
        let (status, told) = radsql(dir.path(), &["run", "study.sql"]);
        assert_eq!(status, 1, "{statement}: {told}");
        written += &format!("> {}\n{told}\n", statement.replace('\n', "\n> "));
        if told != expected {
            wrong.push(format!("{statement}\n--- expected\n{expected}--- found\n{told}"));
        }
    }
    match write {
        true => fs::write(CASES, written.trim_end().to_owned() + "\n").expect("written"),
        false => assert!(wrong.is_empty(), "{}", wrong.join("\n")),
    }
}

#[test]
fn a_place_behind_a_variable_is_that_of_the_file() {
    let dir = folder();
    let sql = "\\set cutoff 61.12345678\n\\i tables.sql\nSELECT Age > :cutoff AS old, surival_time FROM patients;";
    fs::write(dir.path().join("v.sql"), sql).expect("a file");
    let (_, told) = radsql(dir.path(), &["run", "v.sql"]);
    let column = sql.lines().nth(2).and_then(|l| l.find("surival")).expect("there") + 1;
    let mark = format!("\n    | {}^^^^^^^^^^^^\n", " ".repeat(column - 1));
    assert!(
        told.starts_with(&format!("v.sql:3:{column}: ")) && told.contains(&mark),
        "{told}"
    );
}

#[test]
fn errors_in_included_files_show_the_lines_of_those() {
    let dir = folder();
    fs::write(dir.path().join("inner.sql"), "\nSELECT oops").expect("a file");
    fs::write(dir.path().join("outer.sql"), "SELECT 1;\n\\i inner.sql\n").expect("a file");
    let (_, told) = radsql(dir.path(), &["run", "outer.sql"]);
    assert_eq!(
        told,
        "inner.sql:2:8: No field named oops\n  2 | SELECT oops\n    |        ^^^^\n"
    );
    let (_, told) = radsql(dir.path(), &["-c", "SELECT 1;\n\\nonsense"]);
    assert!(
        told.starts_with("-c:2:1: ") && told.ends_with("\n  2 | \\nonsense\n    | ^\n"),
        "{told}"
    );
}

#[test]
fn a_thousand_columns_are_not_listed() {
    let dir = folder();
    let columns: Vec<String> = (0..1000).map(|i| format!("{i} AS feature_number_{i}")).collect();
    let sql = format!(
        "CREATE TABLE t AS SELECT {};\nSELECT zzzz FROM t;\nSELECT 1",
        columns.join(", ")
    );
    fs::write(dir.path().join("wide.sql"), &sql).expect("a file");
    let (_, told) = radsql(dir.path(), &["run", "wide.sql"]);
    assert!(told.len() < 400 && told.contains(" and 990 more"), "{told}");
    let long = format!("SELECT {}oops FROM t", "feature_number_0 + ".repeat(50));
    fs::write(
        dir.path().join("long.sql"),
        format!("{}\n{long}", sql.lines().next().unwrap_or_default()),
    )
    .expect("a file");
    let (_, told) = radsql(dir.path(), &["run", "long.sql"]);
    assert!(told.lines().all(|l| l.chars().count() < 250), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let at = lines[2].find('^').expect("a mark");
    let under: String = lines[1].chars().skip(at).take(4).collect();
    assert_eq!(under, "oops", "{told}");
}

#[test]
fn radiomics_features_of_a_subquery_are_found() {
    let dir = folder();
    let sql = "SELECT r['original_shape_Spherisity'] FROM (SELECT radiomics('a.nii', 'b.nii') AS r)";
    let (_, told) = radsql(dir.path(), &["-c", sql]);
    assert!(told.contains("did you mean 'original_shape_Sphericity'?"), "{told}");
}

#[test]
fn no_colours_without_a_terminal_and_colours_on_one() {
    let dir = folder();
    let (_, told) = radsql(dir.path(), &["-c", "SELECT oops"]);
    assert!(!told.contains('\u{1b}'), "{told}");
    if !Path::new("/usr/bin/script").exists() {
        eprintln!("SKIPPED: no script(1) to make a terminal");
        return;
    }
    for (no_colour, coloured) in [("", true), ("1", false)] {
        let command = format!("{} -c 'SELECT oops'", env!("CARGO_BIN_EXE_radsql"));
        let output = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .env("NO_COLOR", no_colour)
            .env("TERM", "xterm")
            .env("XDG_CACHE_HOME", "/dev/null")
            .stdin(Stdio::null())
            .output()
            .expect("script");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("No field named oops"), "{told}");
        assert_eq!(
            told.contains("\u{1b}[1;31m^^^^"),
            coloured,
            "NO_COLOR={no_colour}: {told:?}"
        );
    }
}
