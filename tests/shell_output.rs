//! How results are written, as users and other programs meet it: the real binary, its output read back by Python, and held
//! beside what R prints.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn radsql(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_radsql"));
    // No folder can be made there: nothing that another version of the kernels computed is taken for an answer.
    command
        .args(args)
        .stdin(Stdio::null())
        .env("XDG_CACHE_HOME", "/dev/null");
    command
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

fn run(args: &[&str]) -> (i32, String, String) {
    told(radsql(args).output().expect("it runs"))
}

fn run_in(dir: &Path, args: &[&str]) -> (i32, String, String) {
    told(radsql(args).current_dir(dir).output().expect("it runs"))
}

/// What a Python script prints about a file; nothing where Python, or a module, is not there.
fn python(interpreter: &str, module: &str, script: &str, file: &Path) -> Option<String> {
    let has = Command::new(interpreter)
        .args(["-c", &format!("import {module}")])
        .stderr(Stdio::null())
        .status();
    if !has.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED one reader: {interpreter} with {module} is not here");
        return None;
    }
    let output = Command::new(interpreter)
        .args(["-c", script])
        .arg(file)
        .output()
        .expect("it runs");
    let (status, out, err) = told(output);
    assert_eq!(status, 0, "{err}");
    Some(out)
}

/// Numbers at the borders of what a double holds, and texts that formats trip over.
const HARD: &str = "SELECT * FROM (VALUES \
    (1, 0.1::DOUBLE + 0.2, 'plain', TRUE, {n: 1, m: NULL::TEXT}, [1.5, 2.0]), \
    (9007199254740993, 5e-324, 'tab\there', FALSE, {n: 2, m: 'x\"y'}, [NULL, 0.1]), \
    (-9223372036854775807, 1.7976931348623157e308, 'two\nlines\r', NULL, NULL, NULL), \
    (4, 2.2250738585072014e-308, 'quote \" comma , pipe | back\\slash', TRUE, {n: 3, m: '\t'}, []), \
    (5, NULL, '', TRUE, {n: 4, m: 'é'}, [1e300]), \
    (6, 1 / 3.0::DOUBLE, NULL, TRUE, {n: 5, m: '漢字 \\N'}, [-0.0])) AS t(id, x, name, b, s, l)";

/// What Python must see, whatever the format: exact doubles as hexadecimal, texts as they are.
const SEEN: &str = "\
[1, '0x1.3333333333334p-2', 'plain', True, {'n': 1, 'm': None}, [1.5, 2.0]]
[9007199254740993, '0x0.0000000000001p-1022', 'tab\\there', False, {'n': 2, 'm': 'x\"y'}, [None, 0.1]]
[-9223372036854775807, '0x1.fffffffffffffp+1023', 'two\\nlines\\r', None, None, None]
[4, '0x1.0000000000000p-1022', 'quote \" comma , pipe | back\\\\slash', True, {'n': 3, 'm': '\\t'}, []]
[5, None, '', True, {'n': 4, 'm': 'é'}, [1e+300]]
[6, '0x1.5555555555555p-2', None, True, {'n': 5, 'm': '漢字 \\\\N'}, [-0.0]]
";

const SHOW: &str = "
import sys, json
def show(id, x, name, b, s, l):
    print([int(id), None if x is None else float(x).hex(), name, b, s, l])
";

/// Reads cells of text: NULL, booleans and JSON.
const CELLS: &str = "
def cells(row):
    id, x, name, b, s, l = row
    load = lambda t: None if t is None else json.loads(t)
    show(id, x, name, load(b), load(s), load(l))
";

#[test]
fn other_programs_read_every_cell_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let tsv = "
def cell(t):
    if t == '\\\\N': return None
    out, i = '', 0
    while i < len(t):
        if t[i] == '\\\\':
            i += 1
            out += {'t': '\\t', 'n': '\\n', 'r': '\\r', '\\\\': '\\\\'}[t[i]]
        else:
            out += t[i]
        i += 1
    return out
lines = open(sys.argv[1], newline='').read().split('\\n')
assert lines[0] == 'id\\tx\\tname\\tb\\ts\\tl' and lines.pop() == ''
for line in lines[1:]:
    cells([cell(t) for t in line.split('\\t')])
";
    let csv = "
import csv
rows = list(csv.reader(open(sys.argv[1], newline='')))
assert rows[0] == ['id', 'x', 'name', 'b', 's', 'l']
for row in rows[1:]:
    # An empty cell is NULL; in this format it may be an empty text as well.
    row = [None if t == '' else t for t in row]
    if row[0] == '5': row[2] = ''
    cells(row)
";
    let json = "
for row in json.load(open(sys.argv[1])): show(**row)
";
    let ndjson = "
for line in open(sys.argv[1]): show(**json.loads(line))
";
    for (file, reader) in [
        ("hard.tsv", tsv),
        ("hard.csv", csv),
        ("hard.json", json),
        ("hard.ndjson", ndjson),
        ("hard.jsonl", ndjson),
    ] {
        assert_eq!(
            run_in(dir.path(), &["-c", HARD, "-o", file]),
            (0, String::new(), String::new())
        );
        if let Some(seen) = python(
            "python3",
            "csv",
            &format!("{SHOW}{CELLS}{reader}"),
            &dir.path().join(file),
        ) {
            assert_eq!(seen, SEEN, "{file}");
        }
    }
    let parquet = "
import pyarrow.parquet as pq
file = pq.ParquetFile(sys.argv[1])
for row in file.read().to_pylist(): show(**row)
";
    assert_eq!(
        run_in(dir.path(), &["-c", HARD, "-o", "hard.parquet"]),
        (0, String::new(), String::new())
    );
    let file = dir.path().join("hard.parquet");
    let script = format!("{SHOW}{parquet}");
    let interpreters = ["python3", "/tmp/flightvenv/bin/python", "/tmp/peervenv/bin/python"];
    let seen = interpreters
        .into_iter()
        .find_map(|i| python(i, "pyarrow.parquet", &script, &file));
    match seen {
        Some(seen) => assert_eq!(seen, SEEN, "parquet"),
        None => eprintln!("SKIPPED: no Python with pyarrow is here to read the Parquet file"),
    }
    // And by the program itself.
    let sql = "CREATE EXTERNAL TABLE p STORED AS PARQUET LOCATION 'hard.parquet'; \
               SELECT id, x, s['m'] AS m FROM p WHERE id BETWEEN 5 AND 6 ORDER BY id";
    let wanted = "id,x,m\n5,,é\n6,0.3333333333333333,漢字 \\N\n";
    assert_eq!(run_in(dir.path(), &["-c", sql]), (0, wanted.into(), String::new()));
}

#[test]
fn a_parquet_file_holds_one_result() {
    let dir = tempfile::tempdir().expect("a folder");
    let (status, out, err) = run_in(dir.path(), &["-c", "SELECT 1 AS a", "--format", "parquet"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("-o FILE"), "{err}");
    let (status, _, err) = run_in(dir.path(), &["-c", "SELECT 1 AS a; SELECT 2 AS b", "-o", "two.parquet"]);
    assert_eq!(status, 1);
    assert!(
        err.starts_with("-c:1:16: ") && err.contains("two.parquet: a Parquet file holds one result"),
        "{err}"
    );
    let (status, _, err) = run_in(
        dir.path(),
        &["-c", "CREATE TABLE t AS SELECT 1 AS a", "-o", "none.parquet"],
    );
    assert_eq!(status, 1);
    assert!(err.contains("none.parquet: not written"), "{err}");
    let (status, _, err) = run_in(
        dir.path(),
        &["-c", "SELECT 1 AS a; SELECT nothing", "-o", "bad.parquet"],
    );
    assert_eq!(status, 1, "{err}");
    assert_eq!(
        fs::read_dir(dir.path()).expect("a folder").count(),
        0,
        "nothing is left"
    );
    // No row is a result as well.
    assert_eq!(
        run_in(dir.path(), &["-c", "SELECT 1 AS a WHERE false", "-o", "empty.parquet"]).0,
        0
    );
    let sql = "CREATE EXTERNAL TABLE p STORED AS PARQUET LOCATION 'empty.parquet'; SELECT * FROM p";
    assert_eq!(run_in(dir.path(), &["-c", sql]).1, "a\n");
}

#[test]
fn the_file_name_is_the_format() {
    let dir = tempfile::tempdir().expect("a folder");
    for (file, more, wanted) in [
        ("a.csv", &[][..], "a\n1\n\nb\n2\n"),
        ("a.tsv", &[], "a\n1\n\nb\n2\n"),
        ("a.dat", &[], "a\n1\n\nb\n2\n"),
        ("a.json", &[], "[{\"a\":1}]\n\n[{\"b\":2}]\n"),
        ("a.ndjson", &[], "{\"a\":1}\n{\"b\":2}\n"),
        ("a.md", &[], "| a |\n| ---: |\n| 1 |\n\n| b |\n| ---: |\n| 2 |\n"),
        ("b.csv", &["--format", "ndjson"], "{\"a\":1}\n{\"b\":2}\n"),
        ("a.txt", &["--format", "csv"], "a\n1\n\nb\n2\n"),
        (
            "b.txt",
            &[],
            "┌───┐\n│ a │\n╞═══╡\n│ 1 │\n└───┘\n1 row\n\n┌───┐\n│ b │\n╞═══╡\n│ 2 │\n└───┘\n1 row\n",
        ),
    ] {
        let mut args = vec!["-c", "SELECT 1 AS a; SELECT 2 AS b", "-o", file];
        args.extend(more);
        assert_eq!(run_in(dir.path(), &args), (0, String::new(), String::new()), "{file}");
        assert_eq!(
            fs::read_to_string(dir.path().join(file)).expect("a file"),
            wanted,
            "{file}"
        );
    }
}

#[test]
fn tables_for_people_without_a_terminal() {
    let sql = "SELECT * FROM (VALUES (1, 'a\tb', '漢字'), (-20, NULL, chr(27) || '[2Jx')) AS t(id, name, w)";
    assert_eq!(
        run(&["-c", sql, "--format", "table"]).1,
        "┌─────┬──────┬──────────┐\n\
         │ id  ┆ name ┆ w        │\n\
         ╞═════╪══════╪══════════╡\n\
         │   1 ┆ a\\tb ┆ 漢字     │\n\
         │ -20 ┆ NULL ┆ \\x1b[2Jx │\n\
         └─────┴──────┴──────────┘\n\
         2 rows\n"
    );
    let sql = "SELECT 1 AS id, 'a\nb' AS two, {x: 0.1, inner: {y: [1, 2]}} AS s, [{t: 'a', n: 1}, {t: 'bb', n: 22}] AS l, NULL AS nothing";
    assert_eq!(
        run(&["-c", sql, "--format", "vertical"]).1,
        "─[ row 1 ]──────────────────────────────────────────────────\n\
         id       1\n\
         two      a\n\
         \x20        b\n\
         s\n\
         \x20 x  0.1\n\
         \x20 inner\n\
         \x20   y  [1, 2]\n\
         l\n\
         \x20 t    n\n\
         \x20 a    1\n\
         \x20 bb  22\n\
         nothing  NULL\n\n\
         1 row\n"
    );
    // Of many fields the first ones, and how to name one.
    let (_, out, _) = run(&[
        "-c",
        "SELECT named_struct('f0', 0, 'f1', 1) AS few, deep AS l FROM (SELECT [1.5, 2.5] AS deep)",
        "--format",
        "vertical",
    ]);
    assert!(out.contains("few\n  f0  0\n  f1  1\nl  [1.5, 2.5]\n"), "{out}");
}

#[test]
fn a_page_shows_texts_as_texts() {
    let dir = tempfile::tempdir().expect("a folder");
    let figure = "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>ours</text></svg>";
    let sql = format!(
        "SELECT '<script>alert(1)</script>' AS \"<b>\", 1.5 AS x, NULL AS n, '{figure}' AS svg, '<svg onload=\"x()\"></svg>' AS bad; SELECT 2 AS \"a&b\""
    );
    assert_eq!(
        run_in(dir.path(), &["-c", &sql, "-o", "page.html"]),
        (0, String::new(), String::new())
    );
    let page = fs::read_to_string(dir.path().join("page.html")).expect("a file");
    assert_eq!(page.matches("<!DOCTYPE html>").count(), 1, "one page: {page}");
    assert_eq!(page.matches("<table>").count(), 2);
    assert!(
        page.contains(figure) && !page.contains("<script>") && !page.contains("onload"),
        "{page}"
    );
    let script = "
import sys
from html.parser import HTMLParser
class Reader(HTMLParser):
    def handle_starttag(self, tag, attrs):
        if tag in ('td', 'th'): print(end='|')
    def handle_endtag(self, tag):
        if tag == 'tr': print()
    def handle_data(self, text):
        if text.strip() and self.get_starttag_text()[:6] not in ('<style', '<title'): print(text.strip(), end='')
reader = Reader(); reader.feed(open(sys.argv[1]).read()); reader.close()
";
    if let Some(seen) = python("python3", "html.parser", script, &dir.path().join("page.html")) {
        let mut lines = seen.lines();
        assert_eq!(lines.next(), Some("|<b>|x|n|svg|bad"), "{seen}");
        assert_eq!(
            lines.next(),
            Some("|<script>alert(1)</script>|1.5|NULL|ours|<svg ...> (24 characters)"),
            "{seen}"
        );
    }
}

/// Lines without spaces at their ends, as the golden files have them.
fn trimmed(text: &str) -> String {
    text.trim_end()
        .lines()
        .map(|l| l.trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn fits_are_printed_as_r_prints_them() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let table = format!(
        "CREATE EXTERNAL TABLE d STORED AS CSV LOCATION '{}' OPTIONS (format.has_header true); ",
        golden.join("survival/cox/data.csv").display()
    );
    for (name, sql) in [
        ("cox_plain", "SELECT cox(stop, event, x, z, b, c) AS fit FROM d"),
        (
            "cox_scales",
            "SELECT cox(stop, event, tiny, age) FROM (SELECT *, CASE WHEN x > 1.5 THEN NULL ELSE x / 1000 END AS tiny, x * 12.5 + 60 + id AS age FROM d)",
        ),
        (
            "cox_strong",
            "SELECT cox(stop, event, marker, z) FROM (SELECT *, part / 10 - stop AS marker FROM d)",
        ),
        (
            "cox_level",
            "SET radsql.conf_level = 0.9; SELECT cox(stop, event, x) FROM d",
        ),
        ("curve", "SELECT kaplan_meier(stop, event) FROM d"),
    ] {
        let wanted = fs::read_to_string(golden.join(format!("shell/{name}.txt"))).expect("a golden file");
        let (status, out, err) = run(&["-c", &format!("{table}{sql}"), "--format", "table"]);
        assert_eq!(status, 0, "{err}");
        // R tells the numbers of a curve's rows elsewhere, and NaN where the last standard error is not defined.
        let out = match out.split_once("\n\n") {
            Some((counts, curve)) if name == "curve" => {
                assert_eq!(counts, "  n= 72, number of events= 48");
                curve.to_owned()
            }
            _ => out,
        };
        assert_eq!(trimmed(&out), trimmed(&wanted.replace("NaN", " NA")), "{name}");
    }
}

#[test]
fn a_fit_is_known_by_its_fields() {
    let rows = "(VALUES (5.0, 1, 3.2), (8.0, 0, 1.1), (12.0, 1, 4.5), (3.0, 1, 2.2), (20.0, 0, 0.4), (15.0, 1, 3.9), (9.0, 1, 1.3), (25.0, 0, 2.0)) AS t(os, dead, x)";
    let create = format!("CREATE TABLE t AS SELECT *, os * x AS y FROM {rows}; ");
    let model = "cox_lasso_model(t, time => os, event => dead, lambda => 0.05)";
    let (status, whole, err) = run(&["-c", &format!("{create} SELECT * FROM {model}"), "--format", "table"]);
    assert_eq!(status, 0, "{err}");
    assert!(
        whole.starts_with("LASSO Cox model\n\n  n= 8, number of events= 5\n\nlambda= 0.05\n"),
        "{whole}"
    );
    assert!(
        whole.contains(" kept\n\n") && whole.contains("coef exp(coef)\n"),
        "{whole}"
    );
    // The same from a table, and not without what makes it a fit.
    let kept = format!("{create} CREATE TABLE m AS SELECT * FROM {model}; SELECT * FROM m");
    assert_eq!(run(&["-c", &kept, "--format", "table"]).1, whole);
    let (_, out, _) = run(&[
        "-c",
        &kept.replace("SELECT * FROM m", "SELECT terms FROM m"),
        "--format",
        "table",
    ]);
    assert!(out.starts_with('┌'), "{out}");
    // Beside other columns it stands below them, and in a line a column each of several rows has its own.
    let named = format!("{create} SELECT 'a' AS model, cox(os, dead, x) AS fit FROM t");
    let (_, out, _) = run(&["-c", &named, "--format", "table"]);
    assert!(
        out.starts_with("model  a\nfit\n    n= 8, number of events= 5\n"),
        "{out}"
    );
    let two = format!("{create} SELECT x > 2 AS high, kaplan_meier(os, dead) AS km FROM t GROUP BY high ORDER BY high");
    let (_, out, _) = run(&["-c", &two, "--format", "vertical"]);
    assert_eq!(out.matches("survival std.err").count(), 2, "{out}");
    assert!(!out.contains("\\plot"), "the hint is for a terminal: {out}");
}
