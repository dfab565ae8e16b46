//! Statements that end a process, or fill its memory, where nothing limits them. Each is at most 1 MB.

/// How a statement must end. None may end by a signal, and none takes more memory than it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With rows.
    Answer,
    /// With an error that has these words.
    Error(&'static str),
    /// With an error, with rows, or stopped.
    Any,
}
use End::{Answer, Any, Error};

/// A name, statements with `\n;\n` between them, and how the last of them ends.
pub type Attack = (&'static str, String, End);

fn chain(link: &str, links: usize, end: &str) -> String {
    format!("SELECT {}{end}", link.repeat(links))
}

fn list(n: usize, item: impl Fn(usize) -> String) -> String {
    (0..n).map(item).collect::<Vec<_>>().join(", ")
}

fn nested(open: &str, depth: usize, inner: &str, close: &str) -> String {
    format!("SELECT {}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// Tables defined WITH, each of the one before.
fn commons(first: &str, n: usize, next: &str, last: &str) -> String {
    let tables = list(n, |i| {
        format!("t{} AS ({})", i + 1, next.replace("{}", &format!("t{i}")))
    });
    format!(
        "WITH t0 AS ({first}), {tables} {}",
        last.replace("{}", &format!("t{n}"))
    )
}

/// A column that a function makes longer, thirty times over.
fn growing(first: &str, call: &str) -> String {
    let next = format!("SELECT {call} AS a FROM {{}}");
    commons(first, 40, &next, "SELECT count(a) FROM {} WHERE a IS NOT NULL OR true")
        .replace(" WHERE a IS NOT NULL OR true", "")
}

const TOO_LONG: End = Error("an expression has more than 5000 words");
const TOO_DEEP: End = Error("parentheses stand more than 100 deep");
const RELATIONS: End = Error("more than 1000 SELECTs, tables and joins");
const NO_MEMORY: End = Error("radsql.memory_limit");

/// What is deep.
pub fn deep() -> Vec<Attack> {
    vec![
        ("plus", chain("1+", 10_000, "1"), TOO_LONG),
        (
            "or",
            format!("SELECT 1 WHERE {}1=1", "1=1 OR ".repeat(10_000)),
            TOO_LONG,
        ),
        (
            "and",
            format!("SELECT 1 WHERE {}1=1", "1=1 AND ".repeat(10_000)),
            TOO_LONG,
        ),
        ("concat", chain("'a'||", 10_000, "'a'"), TOO_LONG),
        ("union", chain("1 UNION ALL SELECT ", 10_000, "1"), RELATIONS),
        (
            "union with commas",
            chain("1, 2 UNION ALL SELECT ", 10_000, "1, 2"),
            RELATIONS,
        ),
        ("parentheses", nested("(", 20_000, "1", ")"), TOO_DEEP),
        ("brackets", nested("[", 20_000, "1", "]"), TOO_DEEP),
        ("braces", nested("{'a': ", 20_000, "1", "}"), TOO_DEEP),
        ("calls", nested("abs(", 20_000, "1", ")"), TOO_DEEP),
        ("not", chain("NOT ", 20_000, "true"), TOO_LONG),
        ("minus", chain("- ", 20_000, "1"), TOO_LONG),
        ("is null", chain("1 IS NULL", 1, &" IS NULL".repeat(10_000)), TOO_LONG),
        ("casts", chain("1", 1, &"::int".repeat(10_000)), TOO_LONG),
        ("indexes", chain("x", 1, &"[1]".repeat(10_000)), TOO_LONG),
        ("fields", chain("x", 1, &".a".repeat(10_000)), TOO_LONG),
        (
            "time zones",
            chain("now()", 1, &" AT TIME ZONE 'UTC'".repeat(10_000)),
            TOO_LONG,
        ),
        ("collations", chain("'a'", 1, &" COLLATE x".repeat(10_000)), TOO_LONG),
        ("between", chain("1", 1, &" BETWEEN 1 AND 2".repeat(10_000)), TOO_LONG),
        ("cases", nested("CASE WHEN 1=1 THEN ", 5_000, "1", " END"), TOO_LONG),
        (
            "types",
            format!("SELECT CAST(1 AS {}INT{})", "ARRAY<".repeat(9_000), ">".repeat(9_000)),
            TOO_LONG,
        ),
        ("explains", format!("{}SELECT 1", "EXPLAIN ".repeat(10_000)), TOO_LONG),
        (
            "tables",
            format!("SELECT 1 FROM {}", list(5_000, |i| format!("(SELECT 1) t{i}"))),
            RELATIONS,
        ),
        (
            "joins",
            format!("SELECT 1 FROM a {}", "CROSS JOIN a ".repeat(5_000)),
            RELATIONS,
        ),
        (
            "many joins",
            format!(
                "SELECT 1 FROM (SELECT 1) t {}",
                list(400, |i| format!("CROSS JOIN (SELECT 1) t{i} ")).replace(',', "")
            ),
            Error("more than 250 joins"),
        ),
        ("scalar queries", nested("(SELECT ", 40, "1", ")"), Any),
        (
            "scalar queries of tables",
            commons("SELECT 1 a", 60, "SELECT (SELECT a FROM {}) a", "SELECT * FROM {}"),
            Error("more than 8 deep"),
        ),
        (
            "lambdas",
            nested("array_transform([1], x -> ", 20, "x", ")"),
            Error("more than 8 deep"),
        ),
        ("from parentheses", format!("SELECT * FROM {}a", "(".repeat(45)), Any),
        // As long as may be, and what is usual.
        (
            "the most pluses",
            chain("value+", 2_000, "1 FROM generate_series(1, 3)"),
            Any,
        ),
        (
            "the most concats",
            chain("s||", 2_400, "'a' FROM (VALUES ('a'), ('b')) t(s)"),
            Any,
        ),
        ("some calls", nested("abs(", 45, "1", ")"), Answer),
        ("some cases", nested("CASE WHEN true THEN ", 45, "1", " END"), Answer),
        ("some casts", chain("1", 1, &"::int".repeat(1_200)), Answer),
        ("some is null", chain("1", 1, &" IS NULL".repeat(2_400)), Answer),
        (
            "some pluses",
            chain("value+", 500, "1 FROM generate_series(1, 3)"),
            Answer,
        ),
        (
            "some ors",
            format!(
                "SELECT 1 FROM generate_series(1, 3) WHERE {}1=1",
                "value = 1 OR ".repeat(2_000)
            ),
            Answer,
        ),
        (
            "some ands",
            format!(
                "SELECT 1 FROM generate_series(1, 3) WHERE {}1=1",
                "value <> 9 AND ".repeat(2_000)
            ),
            Answer,
        ),
        (
            "some concats",
            chain("s||", 1_000, "'a' FROM (VALUES ('a'), ('b')) t(s)"),
            Answer,
        ),
        ("some unions", chain("1 UNION ALL SELECT ", 900, "1"), Answer),
        (
            "some tables",
            commons("SELECT 1 a", 900, "SELECT * FROM {}", "SELECT * FROM {}"),
            Answer,
        ),
    ]
}

/// What is small as a text and large as a plan.
pub fn plans() -> Vec<Attack> {
    let numbers = "SELECT value a FROM generate_series(1, 5)";
    let sums = |last: &str| commons(numbers, 40, "SELECT a+a AS a FROM {}", last);
    let views: Vec<String> = (1..30)
        .map(|i| {
            format!(
                "CREATE VIEW v{i} AS SELECT * FROM v{0} UNION ALL SELECT * FROM v{0}",
                i - 1
            )
        })
        .collect();
    vec![
        (
            "tables twice",
            commons(
                "SELECT 1 a",
                30,
                "SELECT * FROM {} UNION ALL SELECT * FROM {}",
                "SELECT * FROM {}",
            ),
            Error("stands for 2147483648 relations"),
        ),
        (
            "views twice",
            format!("CREATE VIEW v0 AS SELECT 1 a\n;\n{}", views.join("\n;\n")),
            Any,
        ),
        ("sums", sums("SELECT * FROM {}"), Answer),
        (
            "sums in a condition",
            sums("SELECT * FROM {} WHERE a > 0"),
            Error("a condition or an order has more than"),
        ),
        (
            "sums in an order",
            sums("SELECT * FROM {} ORDER BY a"),
            Error("a condition or an order has more than"),
        ),
        (
            "sums in a join",
            sums("SELECT * FROM {} x JOIN {} y ON x.a = y.a"),
            Error("a condition or an order has more than"),
        ),
        (
            "sums in a query",
            sums("SELECT 1 FROM generate_series(1, 3) WHERE value IN (SELECT a FROM {})"),
            Error("a condition or an order has more than"),
        ),
        ("sums in groups", sums("SELECT a, count(*) FROM {} GROUP BY a"), Answer),
        (
            "sums in windows",
            sums("SELECT sum(a) OVER (PARTITION BY a ORDER BY a) FROM {}"),
            Answer,
        ),
        (
            "structs",
            growing("SELECT 1 a", "{'x': a, 'y': a}"),
            Error("a type too large"),
        ),
        ("rows", growing("SELECT 1 a", "struct(a, a)"), Error("a type too large")),
        ("maps", growing("SELECT 1 a", "MAP {a: a}"), Error("a type too large")),
        (
            "cube",
            format!(
                "SELECT 1 FROM generate_series(1, 3) GROUP BY CUBE ({})",
                list(60, |i| format!("value+{i}"))
            ),
            Error("CUBE of 60 columns"),
        ),
        (
            "grouping sets",
            format!(
                "SELECT 1 FROM generate_series(1, 3) GROUP BY {}",
                list(20, |_| "GROUPING SETS ((value), (value+1), ())".into())
            ),
            Any,
        ),
        (
            "columns",
            format!("SELECT {}", list(90_000, |i| format!("1 a{i}"))),
            Error("more than 10000 items"),
        ),
        (
            "columns of a table",
            format!("CREATE TABLE t ({})", list(60_000, |i| format!("a{i} int"))),
            Error("60000 columns"),
        ),
        (
            "order",
            format!(
                "SELECT 1 FROM generate_series(1, 3) ORDER BY {}",
                list(10_000, |i| format!("value+{i}"))
            ),
            Error("more than 1000 items"),
        ),
        (
            "a list",
            format!(
                "SELECT count(*) FROM generate_series(1, 3) WHERE value IN ({})",
                list(50_000, |i| i.to_string())
            ),
            Answer,
        ),
        (
            "values",
            format!("SELECT count(*) FROM (VALUES {}) t", list(20_000, |_| "(1, 2)".into())),
            Answer,
        ),
        (
            "a regular expression",
            "SELECT regexp_like('aaa', '((a{1000}){1000}){1000}')".into(),
            Error("CompiledTooBig"),
        ),
        (
            "backtracking",
            "SELECT regexp_like(repeat('a', 100000), '(a*)*b')".into(),
            Answer,
        ),
        ("a pattern", format!("SELECT 'a' LIKE '{}b'", "%a".repeat(50_000)), Any),
        ("digits", format!("SELECT {}", "9".repeat(900_000)), Any),
        (
            "prepared in prepared",
            "PREPARE p AS PREPARE q AS SELECT 1\n;\nEXECUTE p".into(),
            Any,
        ),
        (
            "a long name",
            format!(
                "SELECT * FROM (SELECT * FROM (SELECT 1 AS \"{}\"))",
                "x".repeat(900_000)
            ),
            Any,
        ),
        (
            "settings",
            "SET datafusion.execution.batch_size = 1000000000000".into(),
            Error("between 1 and 65536"),
        ),
        (
            "partitions",
            "SET datafusion.execution.target_partitions = 1000000000".into(),
            Error("between 0 and 256"),
        ),
    ]
}

/// What makes large values.
pub fn values() -> Vec<Attack> {
    const LARGE: End = Error("may make");
    let texts = "SELECT 'abcdefgh' a FROM generate_series(1, 5)";
    vec![
        ("array_repeat", "SELECT array_repeat(1, 1000000000000)".into(), LARGE),
        ("array_repeat of rows", "SELECT array_repeat(value, 3000000) FROM generate_series(1, 8192)".into(), LARGE),
        ("repeat", "SELECT repeat('x', 2000000000)".into(), LARGE),
        ("repeat of rows", "SELECT sum(length(repeat('x', value*100))) FROM generate_series(1, 8000000)".into(), LARGE),
        ("many repeats", format!("SELECT {}", list(3_000, |i| format!("repeat('a', {}) c{i}", 200_000_000 + i))), NO_MEMORY),
        ("lpad", "SELECT lpad('x', 2147483647)".into(), LARGE),
        ("rpad", "SELECT rpad('x', 2147483647, 'é')".into(), LARGE),
        ("range", "SELECT range(0, 9223372036854775807)".into(), LARGE),
        ("times", "SELECT generate_series(TIMESTAMP '2000-01-01', TIMESTAMP '2030-01-01', INTERVAL '1 nanosecond')".into(), LARGE),
        ("times forth and back", "SELECT generate_series(TIMESTAMP '2000-01-01', TIMESTAMP '2030-01-01', INTERVAL '1 month -31 days')".into(), LARGE),
        ("a step of 0", "SELECT * FROM generate_series(1, 10, 0)".into(), Error("zero")),
        ("array_resize", "SELECT array_resize([1], 100000000000, 2)".into(), LARGE),
        ("levenshtein", "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))".into(), Error("too long to compare")),
        ("concatenation", growing(texts, "a||a"), LARGE),
        ("concat", growing(texts, "concat(a, a)"), LARGE),
        ("concat_ws", growing(texts, "concat_ws(a, a, a)"), LARGE),
        ("lists", growing(texts, "[a, a]"), Any),
        ("array_concat", growing("SELECT [1, 2] a", "array_concat(a, a)"), LARGE),
        ("array_append", growing("SELECT [1, 2] a", "a || a"), LARGE),
        ("encode", growing("SELECT 'abcdefgh' a", "encode(a, 'hex')"), LARGE),
        ("replace", growing("SELECT 'aaaa' a", "replace(a, 'a', 'aaaaaaaaaaaaaaaa')"), LARGE),
        ("regexp_replace", growing("SELECT 'aaaa' a", "regexp_replace(a, 'a', 'aaaaaaaaaaaaaaaa', 'g')"), LARGE),
        ("array_to_string", "SELECT array_to_string(range(0, 10000000), repeat('x', 10000))".into(), Any),
        ("a list of fixed size", "SELECT arrow_cast(NULL, 'FixedSizeList(2147483647, Int64)') FROM generate_series(1, 8192)".into(), Error("a type too large")),
        ("an array of fixed size", "SELECT CAST(NULL AS INT[2000000000]) FROM generate_series(1, 8192)".into(), Error("each value of a type")),
        ("bytes of fixed size", "SELECT length(arrow_cast(NULL, 'FixedSizeBinary(2147483647)')) FROM generate_series(1, 8192)".into(), Error("a type too large")),
        ("large offsets", "SELECT max(arrow_cast(repeat('x', 8000000), 'LargeUtf8')) OVER () FROM generate_series(1, 300000)".into(), Error("Large")),
        ("centroids", "SELECT approx_percentile_cont(value, 0.5, 9000000000000000) FROM generate_series(1, 100)".into(), Error("from 1 to 10000")),
        ("a limit", "SELECT * FROM generate_series(1, 100) ORDER BY value DESC LIMIT 9223372036854775807 OFFSET 9223372036854775807".into(), Answer),
        ("ntile", "SELECT ntile(9000000000000000000) OVER (ORDER BY value) FROM generate_series(1, 100)".into(), Answer),
        ("lag", "SELECT lag(value, 9000000000000000000) OVER (ORDER BY value) FROM generate_series(1, 100)".into(), Answer),
        ("lists in windows", "SELECT array_agg(value) OVER () FROM generate_series(1, 300000)".into(), Error("a list for each row")),
        ("a constant in rows", format!("SELECT '{}' FROM generate_series(1, 100000)", "x".repeat(900_000)), Error("each row would repeat 900000 bytes")),
        ("a constant in columns", format!("SELECT {} FROM (SELECT '{}' x), generate_series(1, 3)", list(9_000, |i| format!("x c{i}")), "x".repeat(500_000)), Error("each row would repeat")),
        ("constants of functions", format!("SELECT {}", list(9_000, |i| format!("repeat('a', 60000) c{i}"))), Any),
        ("constants of functions in rows", format!("SELECT {} FROM generate_series(1, 100000)", list(9_000, |i| format!("repeat('a', 4000) c{i}"))), Error("each row would repeat")),
        ("large constants in rows", format!("SELECT {} FROM generate_series(1, 100000)", list(900, |i| format!("repeat('a', 60000) c{i}"))), NO_MEMORY),
        ("wide rows in a join", format!("SELECT * FROM (SELECT {}), generate_series(1, 8192)", list(100, |i| format!("repeat('a', 200000) c{i}"))), Error("too large to be repeated")),
        ("wide rows unnested", "SELECT unnest(range(0, 30000)), repeat('x', 1000000)".into(), Error("unnest would copy")),
        // What people may want.
        ("8 MB", "SELECT length(repeat('x', 8000000)), lpad('x', 8000000)".into(), Answer),
        ("8 MB of rows", "SELECT value, repeat('x', 8000000) FROM generate_series(1, 3)".into(), Answer),
        ("short texts", "SELECT sum(length(lpad(value::text, 20, '0') || '-' || repeat('ab', 10))) FROM generate_series(1, 300000)".into(), Answer),
    ]
}

/// What fills memory with rows.
pub fn rows() -> Vec<Attack> {
    let endless = "FROM generate_series(1, 10000000000)";
    let texts = "CREATE TABLE t AS SELECT value i, repeat('x', 20000) s FROM generate_series(1, 8000)\n;\n";
    vec![
        ("create table", format!("CREATE TABLE t AS SELECT * {endless}"), Error("table t needs")),
        ("insert", format!("CREATE TABLE t (value BIGINT)\n;\nINSERT INTO t SELECT * {endless}"), Error("table t needs")),
        ("update", "CREATE TABLE t AS SELECT value i, 'a' s FROM generate_series(1, 100000)\n;\nUPDATE t SET s = repeat('x', 100000)".into(), Any),
        ("array_agg", format!("SELECT count(a) FROM (SELECT array_agg(value) a {endless})"), Any),
        ("string_agg", format!("SELECT length(string_agg('aaaaaaaaaaaaaaaaaaaa', ',')) {endless}"), NO_MEMORY),
        ("windows of all", format!("SELECT sum(m) FROM (SELECT max(value) OVER () m {endless})"), NO_MEMORY),
        ("windows to the end", format!("SELECT sum(m) FROM (SELECT sum(value) OVER (ORDER BY value ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) m {endless})"), NO_MEMORY),
        ("sort", "SELECT * FROM (SELECT value, value % 7 b FROM generate_series(1, 30000000)) ORDER BY b DESC, value LIMIT 100000000 OFFSET 29999999".into(), Any),
        ("groups", format!("SELECT count(*) FROM (SELECT value, count(*) {endless} GROUP BY value)"), Any),
        ("distinct", format!("SELECT count(DISTINCT value) {endless}"), Any),
        ("median", format!("SELECT median(value) {endless}"), NO_MEMORY),
        ("join", format!("SELECT count(*) FROM (SELECT value a {endless}) JOIN (SELECT value b {endless}) ON a = b"), Any),
        ("cross join", format!("SELECT count(a + b) FROM (SELECT value a {endless}), (SELECT value b {endless})"), NO_MEMORY),
        ("recursion", "WITH RECURSIVE t AS (SELECT 1 a UNION ALL SELECT a + 1 FROM t, generate_series(1, 3)) SELECT count(*) FROM t".into(), Any),
        ("recursion of texts", "WITH RECURSIVE t AS (SELECT 'abcdefgh' a UNION ALL SELECT a || a FROM t) SELECT count(a) FROM t".into(), Error("Resources exhausted")),
        ("unnest", "SELECT count(u) FROM (SELECT unnest(range(0, 30000000)) u)".into(), Any),
        ("many functions", format!("{texts}SELECT {} FROM t", list(1_000, |i| format!("reverse(substr(s, {})) c{i}", i + 1))), Any),
        ("many cases", format!("{texts}SELECT {} FROM t", list(1_000, |i| format!("CASE WHEN i > {i} THEN s ELSE 'a' END c{i}"))), Any),
        ("many arguments", format!("{texts}SELECT length(greatest({})) FROM t", list(500, |i| format!("reverse(substr(s, {}))", i + 1))), Any),
        ("many lags", format!("{texts}SELECT {} FROM t", list(100, |i| format!("lag(s, {i}) OVER (ORDER BY i) c{i}"))), Any),
        ("many arrays", format!("{texts}SELECT {} FROM t", list(400, |i| format!("[s, s, s, s, '{i}'] c{i}"))), NO_MEMORY),
    ]
}
