//! Every row of the comparison of shells has a test: `features.md`.

use std::collections::BTreeSet;
use std::path::Path;

const TABLE: &str = include_str!("features.md");

/// The cells of a table's rows, without its head.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text
        .lines()
        .skip_while(|l| !l.starts_with("| Feature"))
        .take_while(|l| l.starts_with('|'));
    lines
        .skip(2)
        .map(|l| l.trim_matches('|').split('|').map(str::trim).collect())
}

#[test]
fn every_row_is_yes_and_has_tests() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut count = 0;
    for row in rows(TABLE) {
        let [feature, answer, named] = row[..] else {
            panic!("three cells, found {row:?}");
        };
        assert_eq!(answer, "yes", "{feature}");
        for name in named.split(", ") {
            let (file, function) = name.trim_matches('`').split_once("::").unwrap();
            let text = std::fs::read_to_string(tests.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let at = lines
                .iter()
                .position(|l| l.trim_start_matches("async ").starts_with(&format!("fn {function}(")));
            let at = at.unwrap_or_else(|| panic!("{feature}: there is no {name}"));
            let above: Vec<&&str> = lines[..at].iter().rev().take_while(|l| l.starts_with('#')).collect();
            assert!(above.iter().any(|l| l.contains("test")), "{name} is no test");
            assert!(!above.iter().any(|l| l.contains("ignore")), "{name} is ignored");
        }
        count += 1;
    }
    assert!(count > 20, "{count} rows");
}

#[test]
fn no_row_of_the_comparison_is_left_out() {
    let Some(shared) = crate::common::shared() else {
        return;
    };
    let text = std::fs::read_to_string(shared.join("reference/shell.md")).unwrap();
    let ours: BTreeSet<&str> = rows(TABLE).map(|row| row[0]).collect();
    let theirs: BTreeSet<&str> = rows(&text).map(|row| row[0]).collect();
    assert_eq!(ours, theirs);
}
