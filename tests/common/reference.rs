//! Reading the answers of R, and comparing them with those of SQL.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use radsql::Session;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest relative difference from R.
pub const TO_R: f64 = 1e-8;

/// The same where R stopped at its default precision: its coefficients are up to 5e-8 away from the maximum.
pub const TO_DEFAULT: f64 = 1e-6;

/// Counts comparisons and keeps those that fail.
#[derive(Default)]
pub struct Tally {
    pub figures: usize,
    /// Largest difference of the figures held to [`TO_R`] or closer, and of those compared with R at its default precision.
    worst: f64,
    worst_of_default: f64,
    failures: Vec<String>,
}

impl Tally {
    pub fn close(&mut self, what: &str, found: f64, expected: f64, tolerance: f64) {
        self.figures += 1;
        if found.is_nan() && expected.is_nan() || found == expected {
            return;
        }
        // Below 1e-8 a figure of these files is 0 but for rounding, such as a log-likelihood of one.
        let difference = (found - expected).abs() / expected.abs().max(1e-8);
        if difference <= tolerance {
            let worst = if tolerance > TO_R {
                &mut self.worst_of_default
            } else {
                &mut self.worst
            };
            *worst = worst.max(difference);
        } else {
            self.failures.push(format!("{what}: {found:?}, expected {expected:?}"));
        }
    }

    pub fn report(self, name: &str, at_least: usize) {
        let (tight, loose) = (self.worst, self.worst_of_default);
        eprintln!(
            "{name}: {} figures, largest relative difference {tight:.1e} (R's default precision: {loose:.1e})",
            self.figures
        );
        assert!(
            self.failures.is_empty(),
            "{} of {} figures:\n{}",
            self.failures.len(),
            self.figures,
            self.failures.join("\n")
        );
        assert!(self.figures >= at_least, "only {} figures were compared", self.figures);
    }
}

/// Rows of a query; numbers as f64 (NaN for NULL), everything else as text.
pub struct Rows(Vec<BTreeMap<String, (f64, String)>>);

impl Rows {
    pub async fn of(session: &Session, sql: &str) -> Self {
        let frame = session.sql(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        let batches = frame.collect().await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        let mut rows = vec![];
        for batch in &batches {
            let schema = batch.schema();
            for row in 0..batch.num_rows() {
                let cell = |c: &ArrayRef| {
                    let number = cast(c, &DataType::Float64).ok().filter(|_| !c.data_type().is_nested());
                    let number = number
                        .map(|n| n.as_primitive::<Float64Type>().clone())
                        .filter(|n| n.is_valid(row));
                    let text = datafusion::arrow::util::display::array_value_to_string(c, row).expect("text");
                    (number.map_or(f64::NAN, |n| n.value(row)), text)
                };
                rows.push(
                    schema
                        .fields()
                        .iter()
                        .zip(batch.columns())
                        .map(|(f, c)| (f.name().clone(), cell(c)))
                        .collect(),
                );
            }
        }
        Self(rows)
    }

    pub fn number(&self, row: usize, column: &str) -> f64 {
        self.0[row].get(column).unwrap_or_else(|| panic!("column {column}")).0
    }

    pub fn text(&self, row: usize, column: &str) -> &str {
        &self.0[row].get(column).unwrap_or_else(|| panic!("column {column}")).1
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// A CSV file of R: rows of name and text; an empty cell is NA.
pub fn csv(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reader
        .deserialize()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn parse(text: &str) -> f64 {
    match text {
        "" | "NA" => f64::NAN,
        "Inf" => f64::INFINITY,
        other => other.parse().unwrap_or_else(|e| panic!("{other}: {e}")),
    }
}

/// A number that R writes alone where a vector has one element; `name` or `position` picks it in a longer one.
pub fn pick(value: &Value, name: &str, position: usize) -> f64 {
    match value {
        Value::Array(list) => list[position].as_f64(),
        Value::Object(map) => map[name].as_f64(),
        other => other.as_f64(),
    }
    .unwrap_or(f64::NAN)
}

/// A data set: its file, time, event and covariates; the columns by which R made curves.
pub struct Set {
    pub name: &'static str,
    pub table: &'static str,
    pub time: &'static str,
    pub event: &'static str,
    pub covariates: &'static [&'static str],
    pub groups: &'static [&'static str],
}

/// Covariates of the liver metastases.
pub const CRLM: &[&str] = &[
    "age",
    "sex",
    "major_comorbidity",
    "chemo_before_liver_resection",
    "clinrisk_score",
    "extrahep_disease",
];
#[rustfmt::skip]
pub const SETS: &[Set] = &[
    Set { name: "lung", table: "lung", time: "time", event: "status",
          covariates: &["age", "sex", "ph.ecog", "wt.loss"], groups: &["sex", "ph.ecog"] },
    Set { name: "crlm_os", table: "crlm", time: "overall_survival_months", event: "vital_status",
          covariates: CRLM, groups: &["clinrisk_stratified", "clinrisk_score"] },
    Set { name: "crlm_dfs", table: "crlm", time: "months_to_DFS_progression", event: "vital_status_DFS",
          covariates: CRLM, groups: &["clinrisk_stratified", "clinrisk_score"] },
    Set { name: "ovarian", table: "ovarian", time: "futime", event: "fustat",
          covariates: &["age", "resid.ds", "rx", "ecog.ps"], groups: &["rx", "ecog.ps"] },
    Set { name: "tiny1", table: "tiny1", time: "time", event: "status", covariates: &["x"], groups: &["x"] },
];

impl Set {
    /// Column list with these extra columns, in quotes: names have dots.
    pub fn query(&self, columns: &[&str]) -> String {
        let all = [&[self.time, self.event], columns].concat();
        let quoted: Vec<String> = all.iter().map(|c| format!("\"{c}\"")).collect();
        format!(
            "(SELECT {} FROM {}), time => \"{}\", event => \"{}\"",
            quoted.join(", "),
            self.table,
            self.time,
            self.event
        )
    }
}

/// A session with a table for each data set.
pub async fn session(shared: &Path) -> Session {
    let session = Session::new().expect("a session");
    for table in ["lung", "crlm_raw", "ovarian", "tiny1", "tiny2"] {
        let path = shared.join("conformance/survival/data").join(format!("{table}.csv"));
        let sql = format!(
            "CREATE EXTERNAL TABLE {table} STORED AS CSV LOCATION '{}' OPTIONS (format.has_header true)",
            path.display()
        );
        super::run(&session, &sql)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    // -999 is the collection's word for NULL.
    let columns: Vec<String> = [
        CRLM,
        &[
            "clinrisk_stratified",
            "overall_survival_months",
            "vital_status",
            "months_to_DFS_progression",
            "vital_status_DFS",
        ],
    ]
    .concat()
    .iter()
    .map(|c| format!("nullif(\"{c}\", -999) AS \"{c}\""))
    .collect();
    let sql = format!("CREATE VIEW crlm AS SELECT {} FROM crlm_raw", columns.join(", "));
    super::run(&session, &sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    session
}
