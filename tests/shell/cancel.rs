//! Ctrl-C stops a query and keeps the shell.

use crate::terminal::{CTRL_C, Terminal};

#[test]
fn ctrl_c_stops_a_query_and_keeps_the_shell() {
    let mut t = Terminal::start();
    t.run("CREATE TABLE kept AS SELECT 9 AS n;");
    t.send(
        "SELECT sum(a.value * b.value) FROM generate_series(1, 2000000) a(value), generate_series(1, 2000000) b(value);\r",
    );
    std::thread::sleep(std::time::Duration::from_secs(1));
    t.send(CTRL_C);
    t.see("stopped");
    assert!(t.run("SELECT n FROM kept;").contains('9'));
}

#[test]
fn ctrl_c_is_heard_while_a_statement_is_planned() {
    let mut t = Terminal::start();
    // A constant is computed when the statement is planned.
    t.send("SELECT levenshtein(repeat('a', 60000), repeat('b', 60000));\r");
    std::thread::sleep(std::time::Duration::from_secs(1));
    t.send(CTRL_C);
    t.see("stopped");
    assert!(t.run("SELECT 8 AS n;").contains("1 row"));
}

#[test]
fn ctrl_c_stops_rows_that_scroll_by() {
    let mut t = Terminal::start();
    t.run("\\pager off");
    t.run("\\rows all");
    t.send("SELECT * FROM generate_series(1, 300000000);\r");
    t.wait("rows", |text| text.contains("100"));
    t.send(CTRL_C);
    t.see("stopped");
    assert!(t.run("SELECT 8 AS n;").contains("1 row"));
}

#[test]
fn whole_results_stay_in_a_file_when_another_breaks_off() {
    let mut t = Terminal::start();
    t.run("\\o out.csv");
    t.run("SELECT 1 AS first;");
    t.send("SELECT * FROM generate_series(1, 300000000);\r");
    std::thread::sleep(std::time::Duration::from_secs(1));
    t.send(CTRL_C);
    t.see("stopped");
    t.run("SELECT 2 AS last;");
    t.run("\\o");
    assert_eq!(
        std::fs::read_to_string(t.path().join("out.csv")).unwrap(),
        "first\n1\nlast\n2\n"
    );
    // And nothing else is taken for the last result.
    t.run("SELECT 42 AS older;");
    t.send("SELECT a.value FROM generate_series(1, 300000000) a(value) WHERE a.value < 0;\r");
    std::thread::sleep(std::time::Duration::from_millis(700));
    t.send(CTRL_C);
    t.wait("the prompt", |text| text.ends_with("radsql>"));
    assert!(t.run("\\save newest.csv").contains("not read to its end"));
}
