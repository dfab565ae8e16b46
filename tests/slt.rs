//! Runs the files below `tests/slt` (sqllogictest). `${golden}` in a file is `tests/golden`, `${scratch}` an empty folder,
//! `${shared}` the folder of real data; files that use it are skipped, loudly, where it is not there. Every file runs in several sessions: optimized and
//! plain plans, and batches of any size, give the same answers.
//!
//! `RADSQL_SLT=cox` runs the files with `cox` in their name alone.

mod common;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::DataFusionError;
use radsql::{Session, SessionBuilder};
use sqllogictest::{
    AsyncDB, DBOutput, DefaultColumnType, Runner, default_normalizer, default_validator, strict_column_validator,
};
use std::path::{Path, PathBuf};

struct Database(Session);

#[derive(Debug)]
struct Failed(String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl From<DataFusionError> for Failed {
    fn from(e: DataFusionError) -> Self {
        Self(radsql::engine::message(&e))
    }
}

#[async_trait::async_trait]
impl AsyncDB for Database {
    type Error = Failed;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failed> {
        let frame = self.0.sql(sql).await?;
        let types: Vec<DefaultColumnType> = frame
            .schema()
            .fields()
            .iter()
            .map(|f| match f.data_type() {
                t if t.is_integer() => DefaultColumnType::Integer,
                t if t.is_floating() => DefaultColumnType::FloatingPoint,
                DataType::Utf8 | DataType::Utf8View | DataType::Boolean => DefaultColumnType::Text,
                _ => DefaultColumnType::Any,
            })
            .collect();
        let mut rows = vec![];
        for batch in frame.collect().await? {
            for row in 0..batch.num_rows() {
                rows.push(
                    batch
                        .columns()
                        .iter()
                        .map(|c| cell(c, row))
                        .collect::<Result<Vec<_>, _>>()?,
                );
            }
        }
        if types.is_empty() {
            return Ok(DBOutput::StatementComplete(0));
        }
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}
}

fn cell(column: &dyn Array, row: usize) -> Result<String, Failed> {
    if column.is_null(row) {
        return Ok("NULL".into());
    }
    if *column.data_type() == DataType::Float64 {
        // Ten figures: what a file asserts, and no more than every platform gives.
        let v = column.as_primitive::<Float64Type>().value(row);
        return Ok(if v.is_finite() {
            format!("{}", format!("{v:.9e}").parse::<f64>().unwrap_or(v))
        } else {
            v.to_string()
        });
    }
    let options = FormatOptions::default().with_null("NULL");
    let formatter = ArrayFormatter::try_new(column, &options).map_err(|e| Failed(e.to_string()))?;
    let text = formatter.value(row).to_string();
    Ok(if text.is_empty() { "(empty)".into() } else { text })
}

fn files(dir: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir)
        .expect("tests/slt")
        .map(|e| e.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|e| e == "slt") {
            into.push(path);
        }
    }
}

/// The session whose tables stay.
const IN_DATABASE: &str = "in a database";

/// Sessions that must all give the same answers, by name and by the statements that set them up: no
/// optimizer rule runs in one of them, and rows come in small batches in others.
const SESSIONS: [(&str, &[&str]); 5] = [
    ("as it is", &[]),
    (IN_DATABASE, &[]),
    (
        "plain plans",
        &[
            "SET datafusion.optimizer.max_passes = 0",
            "SET datafusion.execution.target_partitions = 1",
        ],
    ),
    (
        "a row a batch",
        &[
            "SET datafusion.execution.batch_size = 1",
            "SET datafusion.execution.target_partitions = 3",
        ],
    ),
    (
        "seven rows a batch",
        &[
            "SET datafusion.execution.batch_size = 7",
            "SET datafusion.execution.target_partitions = 5",
        ],
    ),
];

/// Stands in a file whose statements DataFusion cannot run without its optimizer, such as `IN (SELECT ...)`.
const NEEDS_OPTIMIZER: &str = "# needs the optimizer";

/// Where a file that is run in a database is cut: what is below is asked when it has been closed and opened.
const REOPENED: &str = "# closed and opened\n";

async fn session(statements: &'static [&'static str], database: Option<PathBuf>) -> Result<Database, Failed> {
    let session = match database {
        None => Session::new()?,
        database => SessionBuilder {
            database,
            ..SessionBuilder::default()
        }
        .build()?,
    };
    for sql in statements {
        session.sql(sql).await?.collect().await?;
    }
    Ok(Database(session))
}

/// `RADSQL_BLESS=1` writes what the first session answers into the files; every change is to be judged by hand.
#[test]
fn every_file() {
    let bless = std::env::var_os("RADSQL_BLESS").is_some();
    let only = std::env::var("RADSQL_SLT").unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let mut all = vec![];
    files(&root, &mut all);
    assert!(all.len() > 5, "the files were found");
    let shared = common::shared();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut failures = vec![];
    for path in all {
        let name = path.strip_prefix(&root).expect("below the root").display().to_string();
        if !name.contains(&only) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        if text.contains("${shared}") && shared.is_none() {
            eprintln!("SKIPPED: {name}");
            continue;
        }
        for (kind, statements) in SESSIONS {
            if kind == "plain plans" && text.contains(NEEDS_OPTIMIZER) {
                continue;
            }
            let scratch = tempfile::tempdir().expect("a folder");
            let database = (kind == IN_DATABASE).then(|| scratch.path().join("database"));
            if let Some(folder) = &database {
                std::fs::create_dir(folder).expect("a folder");
            }
            let database = database.map(|folder| folder.join("test.db"));
            let new_runner = || {
                let mut runner = Runner::new(|| session(statements, database.clone()));
                let shared = shared.as_ref().map_or_else(String::new, |p| p.display().to_string());
                runner.set_var("shared".into(), shared);
                runner.set_var("golden".into(), golden.display().to_string());
                runner.set_var("scratch".into(), scratch.path().display().to_string());
                runner
            };
            let result = common::runtime(2).block_on(async {
                if bless {
                    let mut runner = new_runner();
                    let write = runner.update_test_file(
                        &path,
                        " ",
                        default_validator,
                        default_normalizer,
                        strict_column_validator,
                    );
                    return write.await.map_err(|e| e.to_string());
                }
                let parts = match database {
                    Some(_) => text.split(REOPENED).collect(),
                    None => vec![text.as_str()],
                };
                for part in parts {
                    let mut runner = new_runner();
                    let ran = runner.run_script_with_name_async(part, name.as_str()).await;
                    ran.map_err(|e| e.to_string())?;
                }
                Ok(())
            });
            match result {
                Ok(()) => eprintln!("ok: {name}, {kind}"),
                Err(e) => failures.push(format!("{name}, {kind}: {e}")),
            }
            if bless {
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
