//! How results look on a terminal, and the pager: the real binary on a terminal that `script` makes.

#![cfg(unix)]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a terminal of this size shows while the program runs there; nothing where there is no terminal to be made.
fn terminal(columns: usize, lines: usize, variables: &[(&str, &str)], sql: &str) -> Option<String> {
    if !Command::new("script")
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
    {
        eprintln!("SKIPPED: script (util-linux), which makes terminals, is not here");
        return None;
    }
    let line = format!("stty cols {columns} rows {lines}; \"$RADSQL\" -c \"$STATEMENTS\"; echo status $?");
    let mut command = Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::null())
        .env("RADSQL", env!("CARGO_BIN_EXE_radsql"))
        .env("STATEMENTS", sql)
        .env("XDG_CACHE_HOME", "/dev/null")
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env("RADSQL_PAGER", "");
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().expect("it runs");
    Some(String::from_utf8(output.stdout).expect("text").replace("\r\n", "\n"))
}

/// A text without the styles that we write.
fn plain(text: &str) -> String {
    text.replace("\u{1b}[2m", "").replace("\u{1b}[0m", "")
}

#[test]
fn a_terminal_shows_types_and_what_is_null() {
    let sql = "SELECT 1 AS id, 'x' || chr(27) || '[31mred' AS name, NULL::DOUBLE AS v, {a: 1, b: 2} AS s";
    let Some(out) = terminal(80, 24, &[], sql) else { return };
    assert_eq!(
        plain(&out),
        "┌────────┬──────────────┬────────┬───────────────┐\n\
         │     id ┆ name         ┆      v ┆ s             │\n\
         │ bigint ┆ text         ┆ double ┆ struct(2)     │\n\
         ╞════════╪══════════════╪════════╪═══════════════╡\n\
         │      1 ┆ x\\x1b[31mred ┆   NULL ┆ {\"a\":1,\"b\":2} │\n\
         └────────┴──────────────┴────────┴───────────────┘\n\
         1 row\nstatus 0\n"
    );
    assert!(
        out.contains("\u{1b}[2mbigint\u{1b}[0m") && out.contains("\u{1b}[2m  NULL\u{1b}[0m"),
        "dim: {out}"
    );
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let out = terminal(80, 24, &[variable], sql).expect("a terminal");
        assert!(!out.contains('\u{1b}'), "{variable:?}: {out}");
    }
}

#[test]
fn a_terminal_shows_the_ends_of_what_is_too_large() {
    let columns: Vec<String> = (0..60).map(|i| format!("{i} AS column_{i}")).collect();
    let sql = format!("SELECT {}, '{}' AS last", columns.join(", "), "漢".repeat(300));
    let Some(out) = terminal(72, 24, &[], &sql) else { return };
    // A row alone is shown whole, a line a column.
    let alone = plain(&out);
    assert!((0..60).all(|i| alone.contains(&format!("column_{i} "))), "{alone}");
    let sql = format!("{sql} FROM generate_series(1, 2)");
    let out = plain(&terminal(72, 24, &[], &sql).expect("a terminal"));
    // Each of these characters takes two columns.
    let width = |line: &str| line.chars().map(|c| if c == '漢' { 2 } else { 1 }).sum::<usize>();
    assert!(out.lines().all(|line| width(line) <= 72), "{out}");
    assert!(
        out.contains("column_0") && out.contains("┆ … ┆") && out.contains("漢…"),
        "{out}"
    );
    assert!(out.contains("2 rows, 61 columns, 4 shown (57 not)\n"), "{out}");
    let out = plain(&terminal(72, 24, &[], "SELECT value FROM generate_series(1, 5000)").expect("a terminal"));
    let values: Vec<i64> = out
        .lines()
        .filter_map(|l| l.trim_matches(['│', ' ']).parse().ok())
        .collect();
    let wanted: Vec<i64> = (1..=20).chain(4981..=5000).collect();
    assert_eq!(values, wanted, "{out}");
    assert!(out.contains("\n5000 rows, 40 shown (4960 not)\n"), "{out}");
    // A plan is shown as it is, however wide.
    let out = plain(&terminal(40, 50, &[], "EXPLAIN SELECT count(*) FROM generate_series(1, 4)").expect("a terminal"));
    assert!(
        out.starts_with("logical_plan\nProjection: ") && out.contains("\n\nphysical_plan\n") && !out.contains('…'),
        "{out}"
    );
    let km = "SELECT * FROM kaplan_meier((SELECT * FROM (VALUES (1, 1), (2, 0), (3, 1)) AS t(os, dead)), time => os, event => dead)";
    let out = plain(&terminal(200, 24, &[], km).expect("a terminal"));
    assert!(out.contains("\n\\plot shows its curve\n"), "{out}");
}

#[test]
fn long_results_go_through_the_pager() {
    let sql = "SELECT value FROM generate_series(1, 3000)";
    let pager = [("RADSQL_PAGER", "sed s/^/P:/")];
    let Some(out) = terminal(80, 24, &pager, sql) else {
        return;
    };
    let out = plain(&out);
    let rows = out.lines().filter(|l| l.starts_with("P:│") && l.ends_with('│')).count();
    assert_eq!(rows, 3000 + 2, "names, types and every row");
    assert!(out.ends_with("P:3000 rows\nstatus 0\n"), "{out}");
    let out = terminal(80, 24, &pager, "SELECT 1 AS a").expect("a terminal");
    assert!(!out.contains("P:"), "short: {out}");
    // The user's own, for lack of ours; and what cannot be started is not needed.
    let given = |ours: Option<&str>, theirs: &str| {
        let mut variables = vec![("PAGER", theirs)];
        variables.extend(ours.map(|o| ("RADSQL_PAGER", o)));
        terminal(80, 24, &variables, sql).expect("a terminal")
    };
    assert!(given(Some("sed s/^/P:/"), "sed s/^/T:/").contains("P:3000 rows"));
    let out = given(Some("/no/such/pager"), "cat");
    assert!(
        out.contains("cannot be started") && out.contains("\n3000 rows\n"),
        "{out}"
    );
}

#[test]
fn leaving_the_pager_ends_the_query() {
    // Rows without end; and some rows, after which none comes for very long.
    for sql in [
        "SELECT value FROM generate_series(1, 100000000000)",
        "SELECT value FROM generate_series(1, 3000) UNION ALL SELECT count(*) FROM generate_series(1, 100000) AS a(x), generate_series(1, 10000000) AS b(y) WHERE x % 7 = y % 11",
    ] {
        let began = Instant::now();
        let Some(out) = terminal(80, 24, &[("RADSQL_PAGER", "head -3")], sql) else {
            return;
        };
        assert!(out.ends_with("status 0\n") && plain(&out).contains("value"), "{out}");
        assert!(began.elapsed().as_secs() < 20, "{:?}: {sql}", began.elapsed());
    }
}

#[test]
fn in_the_pager_ctrl_c_is_the_pager_s() {
    // The pager takes all rows and stays; the key then comes from the terminal, to all that run there.
    let pager = "trap 'echo HEARD' INT; cat > /dev/null; sleep 30 & wait; kill $!; echo ENDS";
    // The shell around it goes on as well.
    let line = "trap : INT; \"$RADSQL\" -c 'SELECT value FROM generate_series(1, 3000)'; echo status $?";
    let child = Command::new("script")
        .args(["-qec", line, "/dev/null"])
        .env("RADSQL", env!("CARGO_BIN_EXE_radsql"))
        .env("XDG_CACHE_HOME", "/dev/null")
        .env("RADSQL_PAGER", pager)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: script (util-linux), which makes terminals, is not here");
        return;
    };
    let mut keys = child.stdin.take().expect("a pipe");
    std::thread::sleep(Duration::from_secs(3));
    keys.write_all(b"\x03").expect("a key");
    let output = child.wait_with_output().expect("it ends");
    drop(keys);
    let out = String::from_utf8(output.stdout).expect("text").replace("\r\n", "\n");
    assert!(out.ends_with("HEARD\nENDS\nstatus 0\n"), "{out}");
}
