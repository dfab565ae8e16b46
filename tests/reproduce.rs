//! The studies under `sql/reproduce` run as they are shipped, through the binary, and give what PyRadiomics and lifelines
//! give (`tests/golden/reproduce`). No patient of the test set touches what is chosen or fitted.

mod common;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Select, Statement as Sql, TableFactor, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use radsql::engine::{Piece, Variables, split, substitute};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Relative difference allowed: the peer's optimiser and ours stop at different last digits.
const TOLERANCE: f64 = 1e-6;

const SIGNATURE: &str = "SELECT t['term'] AS term, t['coef'] AS coef, t['hr'] AS hr, t['hr_lower'] AS hr_lower, t['hr_upper'] AS hr_upper, \
         t['se'] AS se, t['z'] AS z, t['p'] AS p FROM (SELECT unnest(fit['terms']) AS t FROM signature)";

/// Golden file, and the statement that must give its rows.
const STS: [(&str, &str); 5] = [
    (
        "sts_univariate",
        "SELECT term, n, events, coef, hr, hr_lower, hr_upper, se, z, p, p_adjusted FROM univariate ORDER BY term",
    ),
    (
        "sts_candidates",
        "SELECT term, p, correlation FROM candidates ORDER BY term",
    ),
    ("sts_signature", SIGNATURE),
    (
        "sts_scored",
        "SELECT patient_id, rad_score, risk FROM scored ORDER BY patient_id",
    ),
    ("sts_summary", "SELECT * FROM summary ORDER BY end_point"),
];

const DEMO: [(&str, &str); 9] = [
    ("demo_split", "SELECT patient_id, split FROM cohort ORDER BY patient_id"),
    (
        "demo_univariate",
        "SELECT term, n, events, coef, hr, hr_lower, hr_upper, se, z, p, p_adjusted FROM univariate ORDER BY term",
    ),
    (
        "demo_candidates",
        "SELECT term, p, correlation FROM candidates ORDER BY term",
    ),
    ("demo_signature", SIGNATURE),
    (
        "demo_scored",
        "SELECT patient_id, split, rad_score, risk FROM scored ORDER BY patient_id",
    ),
    (
        "demo_multivariable",
        "SELECT split, t['term'] AS term, t['coef'] AS coef, t['hr'] AS hr, t['hr_lower'] AS hr_lower, \
         t['hr_upper'] AS hr_upper, t['se'] AS se, t['z'] AS z, t['p'] AS p, n, n_missing \
         FROM (SELECT split, fit['n'] AS n, fit['n_missing'] AS n_missing, unnest(fit['terms']) AS t FROM multivariable) ORDER BY split, term",
    ),
    (
        "demo_curves",
        "SELECT split, risk, time, n_risk, n_event, survival \
         FROM kaplan_meier(scored, time => os_months, event => dead, by => [split, risk]) \
         WHERE n_event > 0 ORDER BY split, risk, time",
    ),
    (
        "demo_concordance",
        "SELECT 'rad_score' AS score, split, n, n_missing, c, se, lower, upper \
         FROM concordance(scored, time => os_months, event => dead, score => rad_score, by => split) \
         UNION ALL SELECT 'clinrisk_score', split, n, n_missing, c, se, lower, upper \
         FROM concordance(scored, time => os_months, event => dead, score => clinrisk_score, by => split) \
         ORDER BY score, split",
    ),
    ("demo_summary", "SELECT * FROM summary ORDER BY split"),
];

#[test]
fn sts_gives_what_the_peers_give() {
    let Some(shared) = common::shared() else { return };
    compare("sts", &shared.join("data/sts"), &STS);
}

#[test]
fn demo_gives_what_the_peers_give() {
    compare("demo", demo_cohort(), &DEMO);
}

/// The default of `:data` is where the README's command writes.
#[test]
fn demo_finds_its_cohort_by_default() {
    let folder = tempfile::tempdir().expect("a folder");
    radsql(&["demo", "demo-cohort", "--patients", "3"], folder.path());
    let scans = steps("demo")[0].display().to_string();
    assert!(radsql(&["run", &scans], folder.path()).starts_with("scans,"));
}

/// Other outcomes, other clinical values and other scans of the test patients change nothing that was chosen or fitted.
#[test]
fn demo_learns_nothing_from_test_patients() {
    let questions: Vec<_> = DEMO[..4]
        .iter()
        .map(|(_, sql)| *sql)
        .chain(["SELECT * FROM cut"])
        .collect();
    let steps: Vec<PathBuf> = steps("demo").into_iter().filter(|f| !is_evaluation(f)).collect();
    let learned = |data: &Path| answers(&run(&steps, data, &questions, 2)).to_string();
    let before = learned(demo_cohort());

    let tested = patients_of("test", &before);
    assert_eq!(tested.len(), 12);
    let other = tempfile::tempdir().expect("a folder");
    shuffle_patients(demo_cohort(), other.path(), &tested);
    assert_eq!(before, learned(other.path()), "the training changed with the test set");

    // The same done to training patients is seen.
    let third = tempfile::tempdir().expect("a folder");
    shuffle_patients(demo_cohort(), third.path(), &patients_of("train", &before));
    assert_ne!(before, learned(third.path()));
}

#[test]
fn demo_reads_no_test_patient_before_the_evaluation() {
    let files = sources("demo");
    assert_eq!(leaks(&files), Vec::<String>::new());

    // The check sees what it is there for.
    for (file, from, to) in [
        ("05_univariate.sql", " WHERE split = 'train'", ""),
        ("05_univariate.sql", "split = 'train'", "split = 'test'"),
        (
            "06_signature.sql",
            "WHERE split = 'train'",
            "WHERE split = 'train' OR dead = 1",
        ),
        (
            "06_signature.sql",
            "FROM cohort\n  WHERE split = 'train'",
            "FROM features JOIN clinical USING (patient_id)",
        ),
        ("07_score.sql", " WHERE split = 'train'", ""),
    ] {
        let mut files = files.clone();
        let text = files.get_mut(file).unwrap_or_else(|| panic!("{file} is gone"));
        assert!(text.contains(from), "{file} has no '{from}'");
        *text = text.replacen(from, to, 1);
        assert!(!leaks(&files).is_empty(), "{file}: '{from}' made '{to}' is not seen");
    }
}

/// Times within a group stay in the order asked for: a group is no key of its curve's rows.
#[test]
fn rows_of_a_curve_are_sorted_within_groups() {
    common::runtime(2).block_on(async {
        let session = radsql::Session::new().expect("a session");
        let values: Vec<String> = (0..200).map(|i| format!("({}, {}, {})", (i * 37) % 101, i % 2, i % 3)).collect();
        let create = format!("CREATE TABLE p AS SELECT * FROM (VALUES {}) AS t(os, dead, arm)", values.join(", "));
        common::run(&session, &create).await.expect("a table");
        let sql = "SELECT arm, time FROM kaplan_meier(p, time => os, event => dead, by => arm) ORDER BY arm, time DESC";
        let rows = common::run(&session, sql).await.expect("rows");
        let pairs: Vec<(f64, f64)> = rows
            .iter()
            .map(|r| r.split_once('|').map(|(a, t)| (a.parse().expect("an arm"), t.parse().expect("a time"))).expect("two"))
            .collect();
        assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 || (w[0].0 == w[1].0 && w[0].1 > w[1].1)), "{rows:?}");

        let sql = "SELECT arm, feature FROM unpivot_features((SELECT arm, max(os) AS z, min(os) AS a FROM p GROUP BY arm), \
                   id => arm) ORDER BY arm, feature";
        let rows = common::run(&session, sql).await.expect("rows");
        assert_eq!(rows, ["0|a", "0|z", "1|a", "1|z", "2|a", "2|z"]);
    });
}

// Running

/// The synthetic cohort that the goldens are made on: the command's default.
fn demo_cohort() -> &'static Path {
    static COHORT: OnceLock<PathBuf> = OnceLock::new();
    COHORT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reproduce");
        fs::create_dir_all(&folder).expect("a folder");
        radsql(&["demo", "cohort", "--patients", "40", "--seed", "1"], &folder);
        folder.join("cohort")
    })
}

/// Runs the command; what it prints on standard output.
fn radsql(arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_radsql"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", "/dev/null")
        .output()
        .expect("radsql runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "radsql {}: {errors}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn is_evaluation(file: &Path) -> bool {
    file.file_name()
        .is_some_and(|f| f.to_string_lossy().contains("_evaluate_"))
}

/// The files of a study, in their order.
fn steps(study: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/reproduce").join(study);
    let entries = fs::read_dir(folder).expect("the study's folder");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "sql"));
    files.sort();
    assert!(files.len() > 5, "{files:?}");
    files
}

/// What separates the study's own output from the answers to questions.
const MARKER: &str = "marker\nquestions\n\n";

/// Runs a study's files, then the questions; all that is printed.
fn run(steps: &[PathBuf], data: &Path, questions: &[&str], partitions: u32) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let first = write(
        "first.sql",
        &format!("SET datafusion.execution.target_partitions = {partitions}"),
    );
    let last = write(
        "last.sql",
        &format!("SELECT 'questions' AS marker;\n{}", questions.join(";\n")),
    );
    let mut arguments = vec!["run".to_string(), first];
    arguments.extend(steps.iter().map(|s| s.display().to_string()));
    arguments.extend([
        last,
        "--set".into(),
        format!("data={}", data.display()),
        "--format".into(),
        "csv".into(),
    ]);
    radsql(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), folder.path())
}

/// The answers in what `run` gave.
fn answers(output: &str) -> &str {
    output.split_once(MARKER).expect("the questions are reached").1
}

fn table(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let cells = |r: &csv::StringRecord| r.iter().map(String::from).collect::<Vec<String>>();
    let header = cells(reader.headers().expect("a header"));
    let mut rows: Vec<_> = reader.records().map(|r| cells(&r.expect("a row"))).collect();
    // The peer's rows stand in another order: rows are found by their texts, which come before their numbers.
    rows.sort_by_key(|row| row.iter().filter(|c| number(c).is_none()).cloned().collect::<Vec<_>>());
    (header, rows)
}

fn number(cell: &str) -> Option<f64> {
    cell.parse().ok()
}

/// Patients of one set in the answer to `demo_split`.
fn patients_of(set: &str, answers: &str) -> Vec<String> {
    let split = answers.split("\n\n").next().expect("an answer");
    let rows = table(split).1.into_iter();
    rows.filter(|row| row[1] == set).map(|row| row[0].clone()).collect()
}

fn compare(study: &str, data: &Path, questions: &[(&str, &str)]) {
    let texts: Vec<&str> = questions.iter().map(|(_, sql)| *sql).collect();
    let steps = steps(study);
    let output = run(&steps, data, &texts, 2);
    assert!(output == run(&steps, data, &texts, 2), "{study}: two runs differ");
    assert!(
        output == run(&steps, data, &texts, 5),
        "{study}: the result depends on the number of threads"
    );

    let found: Vec<&str> = answers(&output).split("\n\n").collect();
    assert_eq!(found.len(), questions.len());
    let mut wrong = vec![];
    for ((name, _), found) in questions.iter().zip(found) {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/reproduce/{name}.csv"));
        let (header, expected) = table(&fs::read_to_string(golden).expect("a golden file"));
        let (columns, found) = table(found);
        assert_eq!(columns, header, "{name}");
        assert_eq!(found.len(), expected.len(), "{name}: rows");
        for (found, expected) in found.iter().zip(&expected) {
            for ((f, e), column) in found.iter().zip(expected).zip(&header) {
                let same = match (number(f), number(e)) {
                    (Some(f), Some(e)) => f == e || (f - e).abs() <= TOLERANCE * e.abs(),
                    _ => f == e,
                };
                if !same {
                    wrong.push(format!("{name} {}: {column} is {f}, the peer says {e}", found[0]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A copy of a cohort in which these patients have each other's scans and clinical values, and live other times. Death
/// stays theirs, for the split is stratified by it.
fn shuffle_patients(cohort: &Path, to: &Path, patients: &[String]) {
    let other: BTreeMap<&String, &String> = patients.iter().zip(patients.iter().cycle().skip(1)).collect();
    for entry in fs::read_dir(cohort.join("scans")).expect("scans") {
        let from = entry.expect("an entry");
        let name = from.file_name().into_string().expect("a name");
        let target = to.join("scans").join(other.get(&name).map_or(&name, |n| n));
        fs::create_dir_all(&target).expect("a folder");
        for file in ["ct.nii.gz", "mask.nii.gz"] {
            fs::copy(from.path().join(file), target.join(file)).expect("a copy");
        }
    }
    let text = fs::read_to_string(cohort.join("clinical.csv")).expect("a table");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|c| c == name).expect("a column");
    let (id, dead, months) = (column("patient_id"), column("dead"), column("os_months"));
    let rows: BTreeMap<String, Vec<String>> = reader
        .records()
        .map(|r| r.expect("a row").iter().map(String::from).collect::<Vec<_>>())
        .map(|r| (r[id].clone(), r))
        .collect();
    let mut writer = csv::Writer::from_path(to.join("clinical.csv")).expect("a file");
    writer.write_record(&header).expect("written");
    for (name, row) in &rows {
        let mut row = row.clone();
        if let Some(other) = other.get(name) {
            let own = [row[id].clone(), row[dead].clone()];
            row.clone_from(&rows[*other]);
            [row[id], row[dead]] = own;
            row[months] = (number(&row[months]).expect("months") * 1.7).to_string();
        }
        writer.write_record(&row).expect("written");
    }
    writer.flush().expect("written");
}

// Reading

/// Functions that fit a model.
const FITS: [&str; 3] = ["cox", "cox_summary", "univariate_cox"];
/// Functions by which features or a cut are chosen; before the split they describe.
const SELECTS: [&str; 4] = ["median", "corr", "stddev", "unpivot_features"];

fn sources(study: &str) -> BTreeMap<String, String> {
    let name = |f: &Path| f.file_name().expect("a name").to_string_lossy().into_owned();
    steps(study)
        .iter()
        .map(|f| (name(f), fs::read_to_string(f).expect("a file")))
        .collect()
}

/// Statements before the evaluation that fit or select, and read rows that may be of the test set.
///
/// A table holds such rows when it comes from outside, or from such a table without `WHERE ... split = 'train'`.
fn leaks(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut mixed = BTreeSet::new();
    let mut found = vec![];
    let mut is_split = false;
    for (file, text) in files.iter().filter(|(f, _)| !is_evaluation(Path::new(f))) {
        for piece in split(text).expect("statements") {
            let Piece::Statement(s) = piece else { continue };
            let variables: Variables = ["data", "train", "seed"]
                .map(|v| (v.to_string(), "1".to_string()))
                .into();
            let sql = substitute(&s.text, &variables).expect("variables");
            let mut parser = DFParserBuilder::new(sql.as_str())
                .with_dialect(&DuckDbDialect {})
                .build()
                .expect("a parser");
            let statement = parser
                .parse_statements()
                .expect("a statement")
                .pop_front()
                .expect("one");
            let (name, seen) = match &statement {
                Statement::CreateExternalTable(t) => {
                    mixed.insert(t.name.to_string());
                    continue;
                }
                Statement::Statement(sql) => (created(sql), read(sql, &mixed)),
                other => panic!("{file}:{}: {other} is not understood by this test", s.position),
            };
            let chooses = |names: &[&str]| names.iter().any(|n| seen.functions.contains(*n));
            if seen.unfiltered && (chooses(&FITS) || is_split && chooses(&SELECTS)) {
                found.push(format!("{file}:{}: {}", s.position, s.text));
            }
            is_split |= seen.functions.contains("train_test_split");
            if let (Some(name), true) = (name, seen.unfiltered) {
                mixed.insert(name);
            }
        }
    }
    assert!(is_split, "no statement splits the cohort");
    found
}

fn created(statement: &Sql) -> Option<String> {
    match statement {
        Sql::CreateTable(t) => Some(t.name.to_string()),
        Sql::CreateView(v) => Some(v.name.to_string()),
        _ => None,
    }
}

/// What a statement calls, and whether it reads a table of both sets without choosing the training set.
struct Seen<'a> {
    mixed: &'a BTreeSet<String>,
    functions: BTreeSet<String>,
    unfiltered: bool,
}

fn read<'a>(statement: &Sql, mixed: &'a BTreeSet<String>) -> Seen<'a> {
    let mut seen = Seen {
        mixed,
        functions: BTreeSet::new(),
        unfiltered: false,
    };
    let _ = statement.visit(&mut seen);
    seen
}

impl Visitor for Seen<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let filtered = select.selection.as_ref().is_some_and(chooses_training);
        let factors = select
            .from
            .iter()
            .flat_map(|f| std::iter::once(&f.relation).chain(f.joins.iter().map(|j| &j.relation)));
        for factor in factors {
            let TableFactor::Table { name, args, .. } = factor else {
                continue;
            };
            let tables = match args {
                None => vec![name.to_string()],
                // The name of a table in the place of a query, as in cox(patients, ...): nothing can filter it.
                Some(args) => {
                    self.functions.insert(name.to_string());
                    args.args.iter().filter_map(table_argument).collect()
                }
            };
            let filtered = filtered && args.is_none();
            self.unfiltered |= !filtered && tables.iter().any(|t| self.mixed.contains(t));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(f) = expr {
            self.functions.insert(f.name.to_string());
        }
        ControlFlow::Continue(())
    }
}

fn table_argument(argument: &FunctionArg) -> Option<String> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))) => Some(name.value.clone()),
        _ => None,
    }
}

/// Whether a condition holds for rows with `split = 'train'` only.
fn chooses_training(condition: &Expr) -> bool {
    match condition {
        Expr::BinaryOp {
            left,
            op: BinaryOperator::And,
            right,
        } => chooses_training(left) || chooses_training(right),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Eq,
            right,
        } => {
            let column = match &**left {
                Expr::Identifier(i) => Some(i),
                Expr::CompoundIdentifier(parts) => parts.last(),
                _ => None,
            };
            let value = match &**right {
                Expr::Value(v) => match &v.value {
                    Value::SingleQuotedString(text) => Some(text),
                    _ => None,
                },
                _ => None,
            };
            column.is_some_and(|c| c.value == "split") && value.is_some_and(|v| v == "train")
        }
        _ => false,
    }
}
