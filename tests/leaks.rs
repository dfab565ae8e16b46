//! No statement of a study fits or selects on patients of the test set or of the external cohort: the files are parsed, and
//! a statement that fits or selects must say `WHERE split = 'train'` of every table that has others.

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Select, Statement as Sql, TableFactor, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use radsql::engine::{Piece, Variables, split, substitute};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

#[test]
fn the_study_learns_from_training_patients_alone() {
    let files = sources();
    assert_eq!(leaks(&files), Vec::<String>::new());

    // The check sees what it is there for.
    for (file, from, to) in [
        ("06_filter.sql", " WHERE split = 'train'", ""),
        ("06_filter.sql", "split = 'train'", "split = 'test'"),
        (
            "06_filter.sql",
            "WHERE split = 'train'), cutoff",
            "WHERE split = 'train' OR dead = 1), cutoff",
        ),
        ("07_signature.sql", "FROM cohort WHERE split = 'train'", "FROM complete"),
        ("07_signature.sql", "WHERE split = 'train'", "WHERE split <> 'external'"),
        ("08_score.sql", " WHERE split = 'train'", ""),
        // Another function, another spelling, a condition on one of two tables.
        (
            "06_filter.sql",
            "SELECT term FROM univariate WHERE p < :p",
            "SELECT term FROM univariate, CONCORDANCE((SELECT * FROM Cohort), time => os_months, event => dead, score => age)",
        ),
        (
            "08_score.sql",
            "FROM scores WHERE split = 'train'",
            "FROM scores JOIN cohort USING (patient_id) WHERE split = 'train'",
        ),
    ] {
        let mut files = files.clone();
        let text = files.get_mut(file).unwrap_or_else(|| panic!("{file} is gone"));
        assert!(text.contains(from), "{file} has no '{from}'");
        *text = text.replacen(from, to, 1);
        assert!(!leaks(&files).is_empty(), "{file}: '{from}' made '{to}' is not seen");
    }
}

/// What is fitted in the evaluation is fitted to tell, not to choose: the risks of step 13 come from training patients too.
#[test]
fn predicted_risks_come_from_training_patients() {
    let files = sources();
    let text = &files["13_evaluate_calibration.sql"];
    let call = text.split("predict_survival(").nth(1).expect("a prediction");
    assert!(
        call.starts_with("(SELECT os_months, dead, rad_score FROM scored WHERE split = 'train')"),
        "{call}"
    );
}

fn is_evaluation(file: &str) -> bool {
    file.contains("_evaluate_")
}

/// Functions that fit a model.
const FITS: [&str; 6] = [
    "cox",
    "cox_summary",
    "univariate_cox",
    "cox_lasso",
    "cox_lasso_model",
    "predict_survival",
];
/// Functions that may look at patients of all sets once the cohort is split: they count, bound, apply and draw what is there.
/// Whatever else could choose something.
const HARMLESS: [&str; 8] = [
    "count",
    "sum",
    "min",
    "max",
    "rad_score",
    "train_test_split",
    "score_plot",
    "require",
];

fn sources() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/reproduce/crlm");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the study's folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "sql") {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            files.insert(name, fs::read_to_string(path).expect("a file"));
        }
    }
    assert!(files.len() > 10, "{files:?}");
    files
}

/// Statements before the evaluation that fit or select, and read rows that may be of the test set.
///
/// A table holds such rows when it comes from outside, or from such a table without `WHERE ... split = 'train'`.
fn leaks(files: &BTreeMap<String, String>) -> Vec<String> {
    // The tables of scans, which files beside these make.
    let mut mixed = BTreeSet::from(["crlm".to_string(), "external_scans".to_string()]);
    let mut found = vec![];
    let mut is_split = false;
    for (file, text) in files.iter().filter(|(f, _)| !is_evaluation(f)) {
        for piece in split(text).expect("statements") {
            let Piece::Statement(s) = piece else { continue };
            // A model is no table.
            if s.text.starts_with("CREATE MODEL") {
                continue;
            }
            let sql = substitute(&s.text, &variables()).expect("variables");
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
                    mixed.insert(t.name.to_string().to_lowercase());
                    continue;
                }
                Statement::Statement(sql) => (created(sql), read(sql, &mixed)),
                other => panic!("{file}:{}: {other} is not understood by this test", s.position),
            };
            let fits = FITS.iter().any(|n| seen.functions.contains(*n));
            let chooses = seen.functions.iter().any(|n| !HARMLESS.contains(&n.as_str()));
            if seen.unfiltered && (fits || is_split && chooses) {
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

/// A value for every variable of the study.
fn variables() -> Variables {
    let names = [
        "data", "external", "lesions", "lesion", "settings", "network", "train", "seed", "cutoff", "p", "folds",
        "lambda", "cut",
    ];
    names.map(|v| (v.to_string(), "1".to_string())).into()
}

fn created(statement: &Sql) -> Option<String> {
    match statement {
        Sql::CreateTable(t) => Some(t.name.to_string().to_lowercase()),
        Sql::CreateView(v) => Some(v.name.to_string().to_lowercase()),
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
        let factors: Vec<&TableFactor> = factors.collect();
        let is_mixed = |f: &&&TableFactor| matches!(f, TableFactor::Table { name, args: None, .. } if self.mixed.contains(&name.to_string().to_lowercase()));
        // One condition chooses the rows of one table.
        let filtered = filtered && factors.iter().filter(is_mixed).count() < 2;
        for factor in factors {
            let TableFactor::Table { name, args, .. } = factor else {
                continue;
            };
            let tables = match args {
                None => vec![name.to_string().to_lowercase()],
                // The name of a table in the place of a query, as in cox(patients, ...): nothing can filter it.
                Some(args) => {
                    self.functions.insert(name.to_string().to_lowercase());
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
            self.functions.insert(f.name.to_string().to_lowercase());
        }
        ControlFlow::Continue(())
    }
}

fn table_argument(argument: &FunctionArg) -> Option<String> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))) => Some(name.value.to_lowercase()),
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
