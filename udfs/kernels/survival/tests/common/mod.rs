//! Reads the reference values and counts comparisons with them.
#![allow(dead_code, reason = "each test uses a part of this")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder with the reference values of R's survival package, or `None` with a loud line where it is missing.
pub fn reference() -> Option<PathBuf> {
    let shared = std::env::var_os("RADSQL_SHARED").map(PathBuf::from).or_else(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
        Some(root.parent()?.join("shared"))
    });
    let folder = shared
        .map(|shared| shared.join("conformance/survival"))
        .filter(|folder| folder.is_dir());
    if folder.is_none() {
        println!("SKIPPED: no reference values; set RADSQL_SHARED to the folder that holds conformance/survival");
    }
    folder
}

pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A CSV file by column, as text.
#[derive(Debug, Clone)]
pub struct Table {
    columns: HashMap<String, Vec<String>>,
    names: Vec<String>,
    rows: usize,
}

impl Table {
    pub fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let names: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let mut columns: HashMap<String, Vec<String>> = names.iter().map(|name| (name.clone(), Vec::new())).collect();
        let mut rows = 0;
        for record in reader.records() {
            let record = record.expect("a record");
            rows += 1;
            for (name, cell) in names.iter().zip(record.iter()) {
                columns.get_mut(name).expect("a column").push(cell.to_owned());
            }
        }
        Self { columns, names, rows }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn text(&self, name: &str) -> &[String] {
        self.columns.get(name).unwrap_or_else(|| panic!("no column {name}"))
    }

    /// A column of numbers; empty cells and NA are NaN.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let parse = |cell: &String| match cell.as_str() {
            "" | "NA" => f64::NAN,
            "Inf" => f64::INFINITY,
            cell => cell.parse().unwrap_or_else(|_| panic!("{name}: {cell} is no number")),
        };
        self.text(name).iter().map(parse).collect()
    }

    /// The rows in which none of these columns is missing.
    pub fn complete(&self, names: &[&str]) -> Self {
        let columns: Vec<Vec<f64>> = names.iter().map(|name| self.numbers(name)).collect();
        self.filter(|row| columns.iter().all(|column| !column[row].is_nan()))
    }

    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.rows).filter(|&row| keep(row)).collect();
        let pick = |cells: &Vec<String>| kept.iter().map(|&row| cells[row].clone()).collect();
        let columns = self
            .columns
            .iter()
            .map(|(name, cells)| (name.clone(), pick(cells)))
            .collect();
        Self {
            columns,
            names: self.names.clone(),
            rows: kept.len(),
        }
    }

    pub fn events(&self, name: &str) -> Vec<bool> {
        self.numbers(name).iter().map(|value| *value == 1.0).collect()
    }

    pub fn codes(&self, name: &str) -> Vec<u32> {
        self.numbers(name).iter().map(|value| *value as u32).collect()
    }
}

/// Time and event columns of a data set, and the file it lies in.
pub fn outcome(set: &str) -> (&'static str, &'static str, &'static str) {
    match set {
        "crlm_os" => ("crlm", "overall_survival_months", "vital_status"),
        "crlm_dfs" => ("crlm", "months_to_DFS_progression", "vital_status_DFS"),
        "ovarian" => ("ovarian", "futime", "fustat"),
        "lung" => ("lung", "time", "status"),
        "tiny1" => ("tiny1", "time", "status"),
        _ => panic!("unknown set {set}"),
    }
}

/// Counts comparisons, remembers the worst, and reports all that fail.
#[derive(Debug, Default)]
pub struct Tally {
    compared: usize,
    worst: f64,
    worst_label: String,
    failures: Vec<String>,
}

impl Tally {
    /// Compares relative to the expected number, or to 1e-300 if that is larger.
    pub fn close(&mut self, label: &str, found: f64, expected: f64, tolerance: f64) {
        self.close_to_scale(label, found, expected, expected.abs(), tolerance);
    }

    /// Compares relative to a scale, for numbers whose error does not shrink with them.
    pub fn close_to_scale(&mut self, label: &str, found: f64, expected: f64, scale: f64, tolerance: f64) {
        self.compared += 1;
        if found == expected || found.is_nan() && expected.is_nan() {
            return;
        }
        let error = (found - expected).abs() / scale.max(1e-300);
        if error.is_nan() || error > tolerance {
            self.failures.push(format!(
                "{label}: found {found:e}, expected {expected:e}, off by {error:.2e}"
            ));
        }
        if error.is_nan() || error > self.worst {
            self.worst = error;
            label.clone_into(&mut self.worst_label);
        }
    }

    pub fn same(&mut self, label: &str, found: usize, expected: usize) {
        self.compared += 1;
        if found != expected {
            self.failures
                .push(format!("{label}: found {found}, expected {expected}"));
        }
    }

    pub fn finish(self, what: &str) {
        let Self {
            compared,
            worst,
            worst_label,
            failures,
        } = self;
        println!("{what}: {compared} comparisons, largest relative difference {worst:.2e} ({worst_label})");
        let count = failures.len();
        assert!(
            failures.is_empty(),
            "{what}: {count} of {compared} differ\n{}",
            failures[..count.min(40)].join("\n")
        );
        assert!(compared > 0, "{what}: nothing was compared");
    }
}

/// A number or a list or a map of them, as R's JSON has it, in order.
pub fn list(value: &Value) -> Vec<f64> {
    match value {
        Value::Number(number) => vec![number.as_f64().expect("a number")],
        Value::Null => vec![f64::NAN],
        Value::String(text) if text == "NaN" || text == "NA" => vec![f64::NAN],
        Value::Array(values) => values.iter().flat_map(list).collect(),
        Value::Object(values) => values.values().flat_map(list).collect(),
        other => panic!("{other} is no number"),
    }
}

pub fn number(value: &Value) -> f64 {
    list(value)[0]
}

/// The rows in an order that follows from the seed.
pub fn shuffled<T: Clone>(rows: &[T], seed: u64) -> Vec<T> {
    let mut shuffled = rows.to_vec();
    let mut state = seed;
    for i in (1..shuffled.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        shuffled.swap(i, (state >> 33) as usize % (i + 1));
    }
    shuffled
}

/// A golden file of this package, by its path under `tests/golden/survival`.
pub fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/golden/survival")
        .join(path)
}
