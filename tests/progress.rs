//! The line that tells how far a statement is, on a terminal that script(1) makes.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

const LONG: &str = "CREATE TABLE t AS SELECT (value * 7919 % 1000) / 10.0 + 0.1 AS time, value % 3 = 0 AS dead, \
                    (value * 31 % 97)::DOUBLE AS a, (value * 17 % 89)::DOUBLE AS b FROM generate_series(1, 3000); \
                    SELECT first, n FROM compare_concordance(t, time => time, event => dead, scores => [a, b], \
                    bootstrap => 20000, seed => 1)";

fn on_terminal(command: &str) -> Option<String> {
    if !Path::new("/usr/bin/script").exists() {
        eprintln!("SKIPPED: no script(1) to make a terminal");
        return None;
    }
    let output = Command::new("script")
        .args(["-qec", command, "/dev/null"])
        .env("TERM", "xterm")
        .env("XDG_CACHE_HOME", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .expect("script");
    assert!(output.status.success());
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn replicates_are_counted_on_a_terminal_and_the_line_goes() {
    let command = format!("{} -c '{LONG}' --format csv", env!("CARGO_BIN_EXE_radsql"));
    let Some(told) = on_terminal(&command) else { return };
    let at = told.find(" of 20000 replicates").unwrap_or_else(|| panic!("{told}"));
    assert!(told[..at].contains('#') && told[at..].contains(" left"), "{told}");
    // The line is cleared before the result comes.
    let result = told.find("first,n").expect("the result");
    assert!(
        told[..result].ends_with("\u{1b}[2K") || told[..result].ends_with("\u{1b}[K"),
        "{told:?}"
    );
    assert!(!told[result..].contains("replicates"), "{told:?}");
}

#[test]
fn no_line_without_a_terminal_or_for_what_is_short() {
    let output = Command::new(env!("CARGO_BIN_EXE_radsql"))
        .args(["-c", LONG])
        .env("XDG_CACHE_HOME", "/dev/null")
        .output()
        .expect("it runs");
    assert!(output.status.success() && output.stderr.is_empty());
    let command = format!("{} -c 'SELECT 1 AS a' --format csv", env!("CARGO_BIN_EXE_radsql"));
    if let Some(told) = on_terminal(&command) {
        assert_eq!(told.replace('\r', ""), "a\n1\n");
    }
}

#[cfg(unix)]
#[test]
fn scans_are_counted_with_what_the_cache_had() {
    let cohort = common::cohort(1);
    let scan = std::fs::read_dir(cohort.path().join("crlm"))
        .expect("a cohort")
        .flatten();
    let scan = scan.map(|e| e.path()).find(|p| p.is_dir()).expect("a patient");
    let copies = cohort.path().join("copies");
    std::fs::create_dir(&copies).expect("a folder");
    for i in 0..400 {
        std::os::unix::fs::symlink(&scan, copies.join(format!("c{i:03}"))).expect("a link");
    }
    let sql = format!(
        "CREATE EXTERNAL TABLE s STORED AS NIFTI LOCATION '{}/' \
         OPTIONS (image '{{patient_id}}/ct.nii.gz', mask '{{patient_id}}/seg/Tumor_1.nii.gz'); \
         SELECT count(r) AS n FROM (SELECT radiomics(image, mask, 'wavelet') AS r FROM s);",
        copies.display()
    );
    let file = cohort.path().join("scans.sql");
    std::fs::write(&file, sql).expect("a file");
    let command = format!("{} -f {} --format csv", env!("CARGO_BIN_EXE_radsql"), file.display());
    let Some(told) = on_terminal(&command) else { return };
    assert!(told.ends_with("n\r\n400\r\n"), "{told:?}");
    let at = told.find(" of 400 scans").unwrap_or_else(|| panic!("{told}"));
    assert!(told[..at].contains('#') && told[at..].contains(" a second"), "{told}");
}
