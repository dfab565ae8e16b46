//! Plots and pages.

use crate::terminal::Terminal;
use std::sync::Arc;

const PATIENTS: &str = "CREATE TABLE p AS SELECT value * 3 % 40 + 1.0 AS months, value % 3 = 0 AS dead, value % 2 = 0 AS high, \
                        value * 7 % 30 + 0.5 AS volume FROM generate_series(1, 60);";

#[test]
fn results_are_drawn() {
    let mut t = Terminal::start();
    assert!(t.run("\\plot").contains("there is no result yet"));
    t.run(PATIENTS);
    t.run("\\format csv");
    t.run("SELECT * FROM kaplan_meier(p, time => months, event => dead, by => high) LIMIT 1000;");
    let text = t.run("\\plot");
    let braille = |text: &str| text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
    assert!(braille(&text) && text.contains("Time"), "{text}");
    t.run("\\plot km.svg");
    let svg = std::fs::read_to_string(t.path().join("km.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    t.run("SELECT volume FROM p LIMIT 20;");
    let text = t.run("\\plot");
    assert!(text.contains("volume"), "{text}");
    assert!(t.run("\\plot km.doc").contains("svg"));
    t.run("SELECT 'a' AS a;");
    assert!(t.run("\\plot").contains("line:1:1"));
}

#[test]
fn long_results_go_through_a_pager() {
    if !std::path::Path::new("/usr/bin/less").exists() {
        eprintln!("SKIPPED: there is no less here");
        return;
    }
    let home = Arc::new(tempfile::tempdir().unwrap());
    let mut t = Terminal::start_in(home, &[], &[("PAGER", "less -SFRX")]);
    t.send("SELECT value FROM generate_series(1, 500);\r");
    let text = t.wait("a page", |text| text.ends_with(':'));
    assert!(!text.contains("500"), "{text}");
    t.send("G");
    t.see("500 rows");
    t.send("q");
    t.wait("the prompt", |text| text.ends_with("radsql>"));
    t.run("\\pager off");
    t.run("\\rows 10");
    let text = t.run("SELECT value FROM generate_series(1, 500);");
    assert!(text.contains("500") && text.lines().count() < 30, "{text}");
}
