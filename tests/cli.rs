//! The command, as users and their scripts meet it: the real binary.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn radsql(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_radsql"));
    // No folder can be made there: nothing that another version of the kernels computed is taken for an answer.
    command
        .args(args)
        .stdin(Stdio::null())
        .env("XDG_CACHE_HOME", "/dev/null");
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    told(radsql(args).output().expect("it runs"))
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Runs with this text on standard input.
fn pipe(args: &[&str], text: &str) -> (i32, String, String) {
    let mut child = radsql(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(text.as_bytes())
        .expect("it listens");
    told(child.wait_with_output().expect("it ends"))
}

/// Writes a file and runs it.
fn run_file(dir: &Path, sql: &str, more: &[&str]) -> (i32, String, String) {
    fs::write(dir.join("study.sql"), sql).expect("a file");
    let mut command = radsql(&["run", "study.sql"]);
    told(command.args(more).current_dir(dir).output().expect("it runs"))
}

const ROWS: &str = "SELECT * FROM (VALUES (1, 'a|b', 0.1, {n: 1, m: NULL}, [1.5, 2.0]), (NULL, NULL, NULL, NULL, NULL)) AS t(id, name, x, s, l)";

#[test]
fn every_format() {
    let (status, out, err) = run(&["-c", ROWS]);
    assert_eq!((status, err.as_str()), (0, ""));
    let csv = "id,name,x,s,l\n1,a|b,0.1,\"{\"\"n\"\":1,\"\"m\"\":null}\",\"[1.5,2.0]\"\n,,,,\n";
    assert_eq!(out, csv, "csv where no terminal is");
    assert_eq!(run(&["-c", ROWS, "--format", "csv"]).1, csv);
    let (_, out, _) = run(&["-c", ROWS, "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        rows,
        serde_json::json!([
            {"id": 1, "name": "a|b", "x": 0.1, "s": {"n": 1, "m": null}, "l": [1.5, 2.0]},
            {"id": null, "name": null, "x": null, "s": null, "l": null}
        ])
    );
    let (_, out, _) = run(&["-c", ROWS, "--format", "markdown"]);
    assert_eq!(
        out,
        "| id | name | x | s | l |\n| ---: | --- | ---: | --- | --- |\n\
         | 1 | a\\|b | 0.1 | {\"n\":1,\"m\":null} | [1.5,2.0] |\n| NULL | NULL | NULL | NULL | NULL |\n"
    );
    let (_, out, _) = run(&["-c", ROWS, "--format", "table"]);
    assert!(
        out.contains("a|b") && out.contains("NULL") && out.ends_with("2 rows\n"),
        "{out}"
    );
    assert!(!out.contains('\u{1b}'), "no colour where no terminal is");
    // No row: the names are there all the same.
    for (format, wanted) in [("csv", "a\n"), ("json", "[]\n"), ("markdown", "| a |\n| ---: |\n")] {
        assert_eq!(
            run(&["-c", "SELECT 1 AS a WHERE false", "--format", format]).1,
            wanted,
            "{format}"
        );
    }
}

#[test]
fn numbers_keep_every_digit_in_data() {
    let sql = "SELECT 0.1::DOUBLE + 0.2 AS a, 1e300 AS b, 'NaN'::DOUBLE AS c, 9007199254740993 AS d, 'é\"\n' AS e, 1 / 3.0::DOUBLE AS f";
    let (status, out, _) = run(&["-c", sql]);
    assert_eq!(status, 0);
    let wanted = "a,b,c,d,e,f\n0.30000000000000004,1e300,NaN,9007199254740993,\"é\"\"\n\",0.3333333333333333\n";
    assert_eq!(out, wanted);
    let (_, out, _) = run(&["-c", sql, "--format", "table"]);
    assert!(out.contains(" 0.3333333 "), "seven figures for people: {out}");
}

#[test]
fn several_statements_and_an_output_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let sql = "CREATE TABLE t AS SELECT 1 AS a; SELECT a FROM t; SET radsql.seed = 3; SELECT a + 1 AS b FROM t";
    assert_eq!(run(&["-c", sql]), (0, "a\n1\n\nb\n2\n".into(), String::new()));
    let file = dir.path().join("out.csv");
    let (status, out, err) = run(&["-c", sql, "-o", &file.display().to_string()]);
    assert_eq!((status, out.as_str(), err.as_str()), (0, "", ""));
    assert_eq!(fs::read_to_string(&file).expect("a file"), "a\n1\n\nb\n2\n");
    let (status, out, err) = run(&["-c", sql, "-o", &dir.path().join("no/folder.csv").display().to_string()]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("folder.csv: cannot be written"), "{err}");
}

#[test]
fn statements_through_a_pipe() {
    assert_eq!(
        pipe(&[], "SELECT 1 AS a;\n-- no; statement\nSELECT ';' AS b"),
        (0, "a\n1\n\nb\n;\n".into(), String::new())
    );
    assert_eq!(
        pipe(&["--format", "json"], "SELECT 1 AS a"),
        (0, "[{\"a\":1}]\n".into(), String::new())
    );
    assert_eq!(pipe(&[], ""), (0, String::new(), String::new()));
    let (status, out, err) = pipe(&[], "SELECT 1 AS a;\n\nSELECT nothing FROM nowhere;\nSELECT 3");
    assert_eq!((status, out.as_str()), (1, "a\n1\n"));
    assert!(err.starts_with("stdin:3:") && err.contains("nowhere"), "{err}");
}

#[test]
fn statements_end_where_the_tokenizer_says() {
    let dir = tempfile::tempdir().expect("a folder");
    let sql = "/* a; b */ SELECT 'x;y' AS a, \"b;c\" -- ; \n FROM (SELECT 1 AS \"b;c\");;\n\
               SELECT $$;$$ AS d\n;SELECT 'it''s; fine' AS e";
    assert_eq!(
        run_file(dir.path(), sql, &[]),
        (0, "a,b;c\nx;y,1\n\nd\n;\n\ne\nit's; fine\n".into(), String::new())
    );
}

#[test]
fn errors_stand_at_file_line_and_column() {
    let dir = tempfile::tempdir().expect("a folder");
    for (sql, place, part) in [
        (
            "SELECT 1 AS a;\n\n-- the second\n\n  SELEC 2;",
            "study.sql:5:3: ",
            "SELEC",
        ),
        (
            "SELECT 1 AS a;\n\nSELECT a,\n       b\nFROM (SELECT 1 AS a);",
            "study.sql:4:8: ",
            "b",
        ),
        ("SELECT 1 AS a; SELECT *\nFROM nowhere", "study.sql:2:6: ", "nowhere"),
        ("SELECT 1 AS a;\nSELECT 1 +\n  * 2", "study.sql:3:3: ", "*"),
        ("SELECT 1 AS a;\nSELECT 'abc", "study.sql:2:8: ", "Unterminated"),
        (
            "SELECT 1 AS a;\nSELECT\n  :missing",
            "study.sql:3:3: ",
            "variable :missing has no value; give one with --set missing=",
        ),
        (
            "SELECT 1 AS a;\n  \\nonsense 3",
            "study.sql:2:3: ",
            "there is no command \\nonsense",
        ),
        (
            "SELECT 1 AS a;\nSELECT cox(1, 2)",
            "study.sql:2:8: ",
            "cox: expected cox(time, event, x, ...), found 2 arguments",
        ),
        (
            "SELECT 1 AS a;\n\nSELECT kaplan_meier(a, 2) FROM (SELECT 1 AS a)",
            "study.sql:3:24: ",
            "must be 0 or 1",
        ),
    ] {
        let (status, out, err) = run_file(dir.path(), sql, &[]);
        assert_eq!(status, 1, "{sql}: {err}");
        assert!(err.starts_with(place), "{sql}: expected {place}, found {err}");
        assert!(err.contains(part), "{sql}: {err}");
        assert!(err.lines().count() <= 4, "short: {err}");
        // A text that cannot be cut into statements runs none of them.
        assert_eq!(out, if part == "Unterminated" { "" } else { "a\n1\n" }, "{sql}");
    }
    fs::write(
        dir.path().join("steps.sql"),
        "SELECT 1 AS a;\nSELECT\n  nothing;\nSELECT 2 AS a;",
    )
    .expect("a file");
    let (status, out, err) = run(&["-f", &dir.path().join("steps.sql").display().to_string()]);
    assert_eq!((status, out.as_str()), (1, "a\n1\n"), "{err}");
    assert!(err.contains("steps.sql:3:3: "), "{err}");
    let (status, _, err) = run(&["-c", "SELECT 1;\nSELECT nothing"]);
    assert_eq!(status, 1);
    assert!(err.starts_with("-c:2:8: "), "{err}");
}

#[test]
fn variables_of_a_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let sql = "\\set n 2\n\\set name it's\nSELECT :n + 1 AS a, :name AS b, 'x :n' AS c, {n: 1}['n'] AS d, 1::INT AS e;";
    assert_eq!(run_file(dir.path(), sql, &[]).1, "a,b,c,d,e\n3,it's,x :n,1,1\n");
    assert_eq!(
        run_file(dir.path(), sql, &["--set", "n=40", "--set", "name=x' OR 1=1 --"]).1,
        "a,b,c,d,e\n41,x' OR 1=1 --,x :n,1,1\n"
    );
    fs::write(dir.path().join("t.csv"), "a\n7\n").expect("a file");
    let table = "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION ':dir/t.csv' OPTIONS (format.has_header true);\nSELECT a FROM t;";
    assert_eq!(
        run_file(dir.path(), table, &["--set", &format!("dir={}", dir.path().display())]).1,
        "a\n7\n"
    );
    let (status, _, err) = run_file(dir.path(), table, &[]);
    assert_eq!(status, 1);
    assert!(
        err.starts_with("study.sql:1:") && err.contains(":dir has no value"),
        "{err}"
    );
    let (status, out, err) = run_file(dir.path(), sql, &["--set", "n"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("name=value"), "{err}");
}

#[test]
fn several_files_are_one_session() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(
        dir.path().join("01.sql"),
        "\\set n 5\nCREATE TABLE t AS SELECT :n AS a;\n",
    )
    .expect("a file");
    fs::write(dir.path().join("02.sql"), "SELECT a + :n AS b FROM t").expect("a file");
    let run = |args: &[&str]| told(radsql(args).current_dir(dir.path()).output().expect("it runs"));
    assert_eq!(run(&["run", "01.sql", "02.sql"]), (0, "b\n10\n".into(), String::new()));
    // A name that is wrong is found before anything runs.
    let (status, out, err) = run(&["run", "01.sql", "03.sql"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.starts_with("03.sql: cannot be read"), "{err}");
    fs::write(dir.path().join("bad.sql"), "SELECT 1 AS a;\nSELECT oops;").expect("a file");
    let (status, out, err) = run(&["run", "bad.sql", "02.sql"]);
    assert_eq!((status, out.as_str()), (1, "a\n1\n"));
    assert!(err.starts_with("bad.sql:2:8: "), "{err}");
}

#[test]
fn usage() {
    for args in [&["--help"][..], &["run", "--help"], &["demo", "--help"], &["--version"]] {
        let (status, out, err) = run(args);
        assert_eq!((status, err.as_str()), (0, ""), "{args:?}");
        assert!(out.contains("radsql") || out.contains("Usage"), "{out}");
    }
    let (_, out, _) = run(&["--help"]);
    for word in [
        "run", "demo", "-c", "--format", "-o", "table", "csv", "json", "markdown",
    ] {
        assert!(out.contains(word), "{word} is not in: {out}");
    }
    for args in [
        &["--nonsense"][..],
        &["run"],
        &["nonsense"],
        &["-c", "SELECT 1", "--format", "xml"],
        &["demo"],
        &["run", "absent.sql"],
    ] {
        let (status, out, err) = run(args);
        assert_eq!((status, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(!err.is_empty(), "{args:?}");
    }
}

#[test]
fn the_demo_writes_a_cohort_and_spares_other_folders() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| told(radsql(args).current_dir(dir.path()).output().expect("it runs"));
    let (status, out, err) = run(&["demo", "cohort", "--patients", "3", "--external", "1", "--seed", "5"]);
    assert_eq!((status, out.as_str()), (0, ""), "{err}");
    assert!(
        err.contains("3 patients written to cohort/crlm and 1 of another hospital to cohort/external"),
        "{err}"
    );
    let sql = "CREATE EXTERNAL TABLE s STORED AS NIFTI LOCATION 'cohort/crlm/' OPTIONS (image '{patient_id}/ct.nii.gz', mask '{patient_id}/seg/Tumor_1.nii.gz'); \
               SELECT count(*) AS n, min(mask_info(image, mask)['voxels']) > 1 AS ok FROM s";
    assert_eq!(run(&["-c", sql]).1, "n,ok\n3,true\n");
    assert_eq!(
        fs::read_to_string(dir.path().join("cohort/crlm/clinical.csv"))
            .expect("a file")
            .lines()
            .count(),
        4
    );
    // The same again is the same.
    let before = fs::read(dir.path().join("cohort/crlm/CRLM-DEMO-0002/ct.nii.gz")).expect("a file");
    assert_eq!(
        run(&["demo", "cohort", "--patients", "3", "--external", "1", "--seed", "5"]).0,
        0
    );
    assert_eq!(
        fs::read(dir.path().join("cohort/crlm/CRLM-DEMO-0002/ct.nii.gz")).expect("a file"),
        before
    );
    // A folder with other things in it stays as it is.
    fs::create_dir(dir.path().join("mine")).expect("a folder");
    fs::write(dir.path().join("mine/thesis.tex"), "text").expect("a file");
    let (status, out, err) = run(&["demo", "mine"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.contains("mine"), "{err}");
    assert_eq!(fs::read_dir(dir.path().join("mine")).expect("a folder").count(), 1);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = radsql(&["-c", "SELECT value FROM generate_series(1, 3000000)"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    lines.read_line(&mut first).expect("a line");
    assert_eq!(first, "value\n");
    drop(lines);
    let (status, _, err) = told(child.wait_with_output().expect("it ends"));
    assert_eq!((status, err.as_str()), (0, ""));
}

#[cfg(unix)]
fn interrupt(mut child: std::process::Child, after: Duration) -> (i32, String, Duration) {
    std::thread::sleep(after);
    assert!(child.try_wait().expect("its state").is_none(), "it still runs");
    // `wait` would close it, and a command that reads statements would end by itself.
    let stdin = child.stdin.take();
    let sent = Instant::now();
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(kill.success());
    let status = child.wait().expect("it ends");
    let took = sent.elapsed();
    drop(stdin);
    let mut err = String::new();
    child
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut err)
        .expect("text");
    use std::os::unix::process::ExitStatusExt;
    // A shell shows 130 for both: an exit status of 130, and death by SIGINT before any handler was there.
    (
        status.code().or(status.signal().map(|s| 128 + s)).unwrap_or(-1),
        err,
        took,
    )
}

#[cfg(unix)]
#[test]
fn an_interrupted_command_ends_with_130() {
    let slow = "SELECT count(*) FROM generate_series(1, 100000) AS a(x), generate_series(1, 10000000) AS b(y) WHERE x % 7 = y % 11";
    let spawn = |mut command: Command| {
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs")
    };
    let (status, err, took) = interrupt(spawn(radsql(&["-c", slow])), Duration::from_millis(700));
    assert_eq!((status, err.as_str()), (130, ""));
    assert!(took < Duration::from_secs(2), "{took:?}");
    // While it waits for a pipe, and while it writes a cohort.
    let mut waiting = radsql(&[]);
    waiting.stdin(Stdio::piped());
    let (status, _, took) = interrupt(spawn(waiting), Duration::from_millis(500));
    assert_eq!(status, 130);
    assert!(took < Duration::from_secs(2), "{took:?}");
    let dir = tempfile::tempdir().expect("a folder");
    let cohort = dir.path().join("cohort").display().to_string();
    let (status, _, took) = interrupt(
        spawn(radsql(&["demo", &cohort, "--patients", "5000"])),
        Duration::from_millis(700),
    );
    assert_eq!(status, 130);
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn nobody_hears_an_error_and_the_status_tells_it() {
    for sink in ["2>/dev/full", "2>&1 | true"] {
        let command = format!("set -o pipefail; \"$RADSQL\" -c 'SELEC 1' {sink}");
        let status = Command::new("bash")
            .args(["-c", &command])
            .env("RADSQL", env!("CARGO_BIN_EXE_radsql"))
            .status()
            .expect("bash");
        assert_eq!(status.code(), Some(1), "{sink}");
    }
}

#[test]
fn a_log_is_there_whatever_ends_the_run() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("log.txt");
    let sql = format!("\\log {}\nSELECT 7 AS seven;\n", log.display());
    assert_eq!(run(&["-c", &sql]).0, 0);
    let text = fs::read_to_string(&log).expect("a log");
    assert!(
        text.starts_with("SELECT 7 AS seven;") && text.contains("1 row"),
        "{text}"
    );
    let (status, ..) = run(&["-c", &format!("{sql}SELECT nothing;")]);
    assert_eq!(status, 1);
    assert!(fs::read_to_string(&log).expect("a log").contains("SELECT nothing;"));
}

#[test]
fn variables_given_from_outside_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = "\\unset x\n\\set x 5\n\\set y 'a b'\nSELECT :x AS x, :y AS y;";
    let (status, out, err) = run_file(dir.path(), text, &["--set", "x=1"]);
    assert_eq!((status, out.as_str()), (0, "x,y\n1,a b\n"), "{err}");
}

/// A command that works for long and has begun a file, sent a signal: its status and the files that are left.
#[cfg(unix)]
fn ended(program: &[&str], signal: &str) -> (Option<i32>, usize) {
    let dir = tempfile::tempdir().expect("a folder");
    let sql = "SELECT 1; SELECT sum(a.value) FROM generate_series(1, 3000000) a, generate_series(1, 3000000) b";
    let mut child = Command::new(program[0])
        .args(&program[1..])
        .args(["-c", sql, "-o", "out.csv"])
        .current_dir(dir.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let begun = Instant::now();
    while fs::read_dir(dir.path()).expect("a folder").count() == 0 {
        assert!(begun.elapsed().as_secs() < 60);
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let send = |signal: &str| {
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    };
    send(signal);
    if program[0] == "nohup" {
        // It goes on, until it is told to end.
        std::thread::sleep(Duration::from_millis(500));
        send("-TERM");
    }
    let status = child.wait().expect("its end").code();
    (status, fs::read_dir(dir.path()).expect("a folder").count())
}

#[cfg(unix)]
#[test]
fn what_is_ended_from_outside_leaves_no_file() {
    let radsql = env!("CARGO_BIN_EXE_radsql");
    assert_eq!(ended(&[radsql], "-TERM"), (Some(143), 0));
    // Whoever runs the tests may ignore it.
    let heard = ["env", "--default-signal=HUP", radsql];
    assert_eq!(ended(&heard, "-HUP"), (Some(129), 0));
    assert_eq!(ended(&["nohup", radsql], "-HUP"), (Some(143), 0));
}
