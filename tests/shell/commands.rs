//! Lines that begin with a backslash.

use crate::terminal::Terminal;

#[test]
fn tables_and_their_columns() {
    let mut t = Terminal::start();
    t.run("CREATE TABLE patients AS SELECT 'a' AS patient_id, 3.5 AS survival_months;");
    t.run("CREATE VIEW grades AS SELECT 1 AS grade;");
    let text = t.run("\\dt");
    assert!(
        text.contains("patients") && text.contains("grades") && text.contains("view"),
        "{text}"
    );
    assert_eq!(t.run("\\d"), text);
    let text = t.run("\\dt pat*");
    assert!(text.contains("patients") && !text.contains("grades"), "{text}");
    let text = t.run("\\d patients");
    assert!(
        text.contains("survival_months") && text.contains("patient_id"),
        "{text}"
    );
    let text = t.run("\\d nothing_like_it");
    assert!(
        text.contains("no table, view or function is called 'nothing_like_it'"),
        "{text}"
    );
    let text = t.run("\\l");
    assert!(text.contains("memory") && text.contains("main"), "{text}");
}

#[test]
fn functions_models_errors_and_the_cache() {
    let mut t = Terminal::start();
    let text = t.run("\\df train_test_split");
    assert!(text.contains("seed") && text.contains("Example"), "{text}");
    let text = t.run("\\df *_plot");
    assert!(text.contains("km_plot") && !text.contains("radiomics"), "{text}");
    let text = t.run("\\df to_hex");
    assert!(text.contains("hexadecimal"), "{text}");
    let text = t.run("\\df xyzzy");
    assert!(text.contains("no function's name fits 'xyzzy'"), "{text}");
    for command in ["\\dm", "\\errors"] {
        let text = t.run(command);
        assert!(text.contains("0 rows"), "{command}: {text}");
    }
    assert!(!t.run("\\cache").contains("line:"));
}

#[test]
fn help_names_every_command() {
    let mut t = Terminal::start();
    let text = t.run("\\?");
    for command in ["\\d ", "\\df", "\\plot", "\\timing", "\\q"] {
        assert!(text.contains(command), "{command}: {text}");
    }
    assert!(t.run("\\? o").contains("extension"));
    let text = t.run("\\timng");
    assert!(text.contains("did you mean \\timing"), "{text}");
}

#[test]
fn settings_of_the_shell() {
    let mut t = Terminal::start();
    t.run("\\timing on");
    let text = t.run("SELECT 1;");
    assert!(text.lines().last().unwrap().ends_with(" s"), "{text}");
    t.run("\\timing");
    assert!(!t.run("SELECT 1;").lines().last().unwrap().ends_with(" s"));
    t.run("\\format csv");
    assert_eq!(t.run("SELECT 1 AS a, 'x' AS b;"), "a,b\n1,x");
    let text = t.run("\\format nonsense");
    assert!(
        text.contains("there is no format 'nonsense'") && text.contains("markdown"),
        "{text}"
    );
    t.run("\\set name Ada Lovelace");
    assert_eq!(t.run("SELECT :name AS n;"), "n\nAda Lovelace");
    assert_eq!(t.run("\\set"), "name = 'Ada Lovelace'");
    t.run("\\unset name");
    assert!(t.run("SELECT :name AS n;").contains("variable :name has no value"));
    let text = t.run("\\explain SELECT 1 + 1");
    assert!(text.contains("Projection"), "{text}");
    t.run("\\set x 3");
    t.run("\\format table");
    let text = t.run("\\explain analyze SELECT :x AS x;");
    assert!(
        text.contains("Plan with Metrics") && text.contains("output_rows") && !text.contains("row 1"),
        "{text}"
    );
}

#[test]
fn files() {
    let mut t = Terminal::start();
    std::fs::write(t.path().join("step.sql"), "CREATE TABLE made AS SELECT 11 AS n;\n").unwrap();
    t.run("\\i step.sql");
    assert!(t.run("SELECT n FROM made;").contains("11"));
    t.run("\\save result.csv");
    assert_eq!(std::fs::read_to_string(t.path().join("result.csv")).unwrap(), "n\n11\n");
    t.run("\\set x 1");
    t.run("SELECT :x AS x;");
    t.run("\\set x 2");
    t.send("SELECT :x + 20 AS x -- a comment\r;\r");
    t.see("22");
    t.run("\\save all.sql;");
    let text = std::fs::read_to_string(t.path().join("all.sql")).unwrap();
    assert!(
        text.contains("CREATE TABLE made") && text.contains("SELECT n FROM made;"),
        "{text}"
    );
    // It gives the same again.
    assert!(t.run("DROP TABLE made;").is_empty());
    t.run("\\format csv");
    assert_eq!(t.run("\\i all.sql"), "n\n11\nx\n1\nx\n22");
    assert!(t.run("\\save x.xyz").contains(".parquet") && t.run("\\save x.svg").contains("\\plot"));
    assert!(t.run("\\o |cat").contains("not to programs"));
    t.run("\\o out.csv");
    t.run("SELECT 5 AS five;");
    t.run("\\o");
    assert_eq!(std::fs::read_to_string(t.path().join("out.csv")).unwrap(), "five\n5\n");
    assert!(t.run("SELECT 6 AS six;").contains("six"));
}

#[test]
fn statements_are_shown_and_logged() {
    let mut t = Terminal::start();
    t.run("\\log session.txt");
    t.run("\\set n 21");
    t.run("\\echo on");
    assert!(t.run("SELECT :n * 2 AS twice;").contains("SELECT 21 * 2 AS twice;"));
    t.run("\\log");
    let text = std::fs::read_to_string(t.path().join("session.txt")).unwrap();
    assert!(
        text.starts_with("SELECT 21 * 2 AS twice;") && text.contains("42"),
        "{text}"
    );
}

#[test]
fn safe_mode_reaches_no_other_files() {
    let home = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let other = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("own.csv"), "a\n5\n").unwrap();
    std::fs::write(other.path().join("other.csv"), "a\n6\n").unwrap();
    let mut t = Terminal::start_in(home, &["--safe", "--memory-limit", "300MB"], &[]);
    assert!(t.run("SELECT a FROM 'own.csv';").contains('5'));
    let text = t.run(&format!("SELECT a FROM '{}/other.csv';", other.path().display()));
    assert!(text.contains("line:1:"), "{text}");
    for sql in [
        "COPY (SELECT 1) TO 'x.csv';",
        "\\o x.csv",
        "\\save x.sql",
        "\\log x.txt",
        "\\i own.csv",
    ] {
        assert!(t.run(sql).contains("line:1:"), "{sql}");
    }
    assert!(!t.path().join("x.csv").exists() && !t.path().join("x.sql").exists());
    assert!(t.run("SHOW radsql.memory_limit;").contains("300"));
}

#[test]
fn limits_are_options() {
    let home = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let mut t = Terminal::start_in(home, &["--memory-limit", "300MB", "--temp-limit", "1MB"], &[]);
    assert!(t.run("SHOW radsql.memory_limit;").contains("300"));
    // One sorter: several would take the memory from each other before any of them writes to the disk.
    t.run("SET datafusion.execution.target_partitions = 1;");
    // Four times the memory to sort, and nowhere to put it.
    let text = t.run(
        "SELECT repeat(CAST(value AS VARCHAR), 8) AS text FROM generate_series(1, 20000000) ORDER BY text OFFSET 19999999;",
    );
    assert!(text.contains("line:1:") && text.contains("temp"), "{text}");
    assert!(t.run("SELECT 7 AS n;").contains("1 row"));
}
