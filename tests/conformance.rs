//! Statistics through SQL, at the numbers of R (survival 3.5-3): the path from a file through a table and a function to a row. The kernels have tests of their own for the rest of what those files hold.

mod common;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use radsql::Session;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest relative difference from R.
const TO_R: f64 = 1e-8;

/// The same where R stopped at its default precision: its coefficients are up to 5e-8 away from the maximum.
const TO_DEFAULT: f64 = 1e-6;

/// Counts comparisons and keeps those that fail.
#[derive(Default)]
struct Tally {
    figures: usize,
    /// Largest difference of the figures held to [`TO_R`] or closer, and of those compared with R at its default precision.
    worst: f64,
    worst_of_default: f64,
    failures: Vec<String>,
}

impl Tally {
    fn close(&mut self, what: &str, found: f64, expected: f64, tolerance: f64) {
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

    fn report(self, name: &str, at_least: usize) {
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
struct Rows(Vec<BTreeMap<String, (f64, String)>>);

impl Rows {
    async fn of(session: &Session, sql: &str) -> Self {
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

    fn number(&self, row: usize, column: &str) -> f64 {
        self.0[row].get(column).unwrap_or_else(|| panic!("column {column}")).0
    }

    fn text(&self, row: usize, column: &str) -> &str {
        &self.0[row].get(column).unwrap_or_else(|| panic!("column {column}")).1
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// A CSV file of R: rows of name and text; an empty cell is NA.
fn csv(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reader
        .deserialize()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn parse(text: &str) -> f64 {
    match text {
        "" | "NA" => f64::NAN,
        "Inf" => f64::INFINITY,
        other => other.parse().unwrap_or_else(|e| panic!("{other}: {e}")),
    }
}

/// A number that R writes alone where a vector has one element; `name` or `position` picks it in a longer one.
fn pick(value: &Value, name: &str, position: usize) -> f64 {
    match value {
        Value::Array(list) => list[position].as_f64(),
        Value::Object(map) => map[name].as_f64(),
        other => other.as_f64(),
    }
    .unwrap_or(f64::NAN)
}

/// A data set: its file, time, event and covariates; the columns by which R made curves.
struct Set {
    name: &'static str,
    table: &'static str,
    time: &'static str,
    event: &'static str,
    covariates: &'static [&'static str],
    groups: &'static [&'static str],
}

const CRLM: &[&str] = &[
    "age",
    "sex",
    "major_comorbidity",
    "chemo_before_liver_resection",
    "clinrisk_score",
    "extrahep_disease",
];
#[rustfmt::skip]
const SETS: &[Set] = &[
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
    fn query(&self, columns: &[&str]) -> String {
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

async fn session(shared: &Path) -> Session {
    let session = Session::new().expect("a session");
    for table in ["lung", "crlm_raw", "ovarian", "tiny1", "tiny2"] {
        let path = shared.join("conformance/survival/data").join(format!("{table}.csv"));
        let sql = format!(
            "CREATE EXTERNAL TABLE {table} STORED AS CSV LOCATION '{}' OPTIONS (format.has_header true)",
            path.display()
        );
        common::run(&session, &sql)
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
    common::run(&session, &sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    session
}

/// One fit against the files of R: `precise` has the maximum itself, `default` what R prints at its own precision.
fn compare_fit(t: &mut Tally, label: &str, terms: &Rows, whole: &Rows, precise: Option<&Value>, default: &Value) {
    let names: Vec<&String> = default["coef"].as_object().expect("named").keys().collect();
    assert_eq!(terms.len(), names.len(), "{label}");
    let best = precise.unwrap_or(default);
    let loose = if precise.is_some() { TO_DEFAULT } else { TO_R };
    for (i, name) in names.iter().enumerate() {
        assert_eq!(terms.text(i, "term"), name.as_str(), "{label}");
        let mut at = |column: &str, expected: f64, tolerance| {
            t.close(
                &format!("{label} {name} {column}"),
                terms.number(i, column),
                expected,
                tolerance,
            )
        };
        let (coef, se) = (pick(&best["coef"], name, i), pick(&best["se"], name, i));
        at("coef", coef, TO_R);
        at("se", se, TO_R);
        // From the maximum by their definitions, and against R's print.
        at("z", coef / se, TO_R);
        at("hr", coef.exp(), TO_R);
        at("hr_lower", (coef - 1.959_963_984_540_054 * se).exp(), TO_R);
        at("hr_upper", (coef + 1.959_963_984_540_054 * se).exp(), TO_R);
        for (column, key) in [
            ("z", "z"),
            ("p", "p"),
            ("hr", "hr"),
            ("hr_lower", "hr_lo"),
            ("hr_upper", "hr_hi"),
        ] {
            at(column, pick(&default[key], name, i), loose);
        }
    }
    let mut at = |column: &str, expected: f64, tolerance| {
        t.close(
            &format!("{label} {column}"),
            whole.number(0, column),
            expected,
            tolerance,
        )
    };
    at("n", pick(&default["n"], "", 0), 0.0);
    at("events", pick(&default["nevent"], "", 0), 0.0);
    for (column, key) in [("loglik_null", "loglik_null"), ("loglik", "loglik")] {
        at(column, pick(&best[key], "", 0), TO_R);
    }
    for key in ["lr", "wald", "score"] {
        if let Some(precise) = precise {
            at(&format!("{key}_chi2"), pick(&precise[key], "", 0), TO_R);
        }
        at(&format!("{key}_chi2"), pick(&default[key]["stat"], "", 0), loose);
        at(&format!("{key}_df"), pick(&default[key]["df"], "", 0), 0.0);
        at(&format!("{key}_p"), pick(&default[key]["p"], "", 0), loose);
    }
    at("concordance", pick(&default["concordance"]["C"], "", 0), TO_R);
    at("concordance_se", pick(&default["concordance"]["se"], "", 0), TO_R);
}

#[test]
fn cox_models_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = shared.join("conformance/survival");
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = session(&shared).await;
        for set in SETS {
            for ties in ["efron", "breslow"] {
                let label = format!("{}_{ties}", set.name);
                let call = format!("{}, ties => '{ties}'", set.query(set.covariates));
                let terms = Rows::of(&session, &format!("SELECT * FROM cox({call})")).await;
                let whole = Rows::of(&session, &format!("SELECT * FROM cox_summary({call})")).await;
                let precise = json(&folder.join("coxph_eps1e15").join(format!("{label}.json")));
                let default = json(&folder.join("coxph").join(format!("{label}.json")));
                compare_fit(&mut t, &label, &terms, &whole, Some(&precise), &default);
                assert_eq!(whole.text(0, "converged"), "true", "{label}");
                // The aggregate gives the same bits as the relation functions.
                let columns: Vec<String> = [&[set.time, set.event], set.covariates].concat().iter().map(|c| format!("\"{c}\"")).collect();
                common::run(&session, &format!("SET radsql.cox_ties = '{ties}'")).await.expect("a setting");
                let fit = Rows::of(&session, &format!("SELECT f['loglik'] AS loglik, f['terms'][1]['se'] AS se, f['concordance_se'] AS c FROM (SELECT cox({}) AS f FROM {})", columns.join(", "), set.table)).await;
                t.close(&label, fit.number(0, "loglik"), whole.number(0, "loglik"), 0.0);
                t.close(&label, fit.number(0, "se"), terms.number(0, "se"), 0.0);
                t.close(&label, fit.number(0, "c"), whole.number(0, "concordance_se"), 0.0);
            }
        }
        for ties in ["efron", "breslow"] {
            let call = format!("tiny2, start => start, time => stop, event => event, ties => '{ties}'");
            let terms = Rows::of(&session, &format!("SELECT * FROM cox({call})")).await;
            let whole = Rows::of(&session, &format!("SELECT * FROM cox_summary({call})")).await;
            let default = json(&folder.join("coxph").join(format!("tiny2_{ties}.json")));
            compare_fit(&mut t, &format!("tiny2_{ties}"), &terms, &whole, None, &default);
        }
        // Strata: R's default precision.
        for set in &SETS[..4] {
            let default = json(&folder.join("coxph").join(format!("{}_efron_strata.json", set.name)));
            let formula = default["formula"].as_str().expect("a formula");
            let strata = formula.split("strata(").nth(1).and_then(|s| s.split(')').next()).expect("strata");
            let covariates: Vec<&str> = default["coef"].as_object().expect("named").keys().map(String::as_str).collect();
            let call = format!("{}, strata => \"{strata}\", ties => 'efron'", set.query(&[&covariates[..], &[strata]].concat()));
            let terms = Rows::of(&session, &format!("SELECT * FROM cox({call})")).await;
            for (i, name) in covariates.iter().enumerate() {
                t.close(&format!("{} strata {name}", set.name), terms.number(i, "coef"), pick(&default["coef"], name, i), TO_DEFAULT);
                t.close(&format!("{} strata {name} se", set.name), terms.number(i, "se"), pick(&default["se"], name, i), TO_DEFAULT);
            }
        }
    });
    t.report("Cox models", 500);
}

#[test]
fn univariate_models_equal_r() {
    let Some(shared) = common::shared() else { return };
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = session(&shared).await;
        for set in SETS {
            let expected = csv(&shared
                .join("conformance/survival/coxph")
                .join(format!("{}_univariate.csv", set.name)));
            for ties in ["efron", "breslow"] {
                let rows: Vec<_> = expected.iter().filter(|r| r["ties"] == ties).collect();
                let features: Vec<&str> = rows.iter().map(|r| r["feature"].as_str()).collect();
                let found = Rows::of(
                    &session,
                    &format!(
                        "SELECT * FROM univariate_cox({}, ties => '{ties}')",
                        set.query(&features)
                    ),
                )
                .await;
                assert_eq!(found.len(), rows.len(), "{}", set.name);
                for (i, row) in rows.iter().enumerate() {
                    assert_eq!(found.text(i, "term"), row["feature"]);
                    for (column, key) in [
                        ("n", "n"),
                        ("events", "nevent"),
                        ("coef", "coef"),
                        ("se", "se"),
                        ("z", "z"),
                        ("p", "p"),
                        ("hr", "hr"),
                        ("hr_lower", "hr_lo"),
                        ("hr_upper", "hr_hi"),
                    ] {
                        t.close(
                            &format!("{} {ties} {} {column}", set.name, row["feature"]),
                            found.number(i, column),
                            parse(&row[key]),
                            TO_DEFAULT,
                        );
                    }
                }
            }
        }
    });
    t.report("univariate models", 300);
}

#[test]
fn curves_and_medians_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = shared.join("conformance/survival/km");
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = session(&shared).await;
        for set in SETS {
            for group in std::iter::once(None).chain(set.groups.iter().map(Some)) {
                let (name, by) = match group {
                    None => (format!("{}_all", set.name), String::new()),
                    Some(g) => (format!("{}_by_{g}", set.name), format!(", by => \"{g}\"")),
                };
                let query = set.query(group.copied().as_slice());
                // R leaves out rows whose group is missing; here they are a group of their own.
                let known = group.map_or(String::new(), |g| format!(" WHERE \"{g}\" IS NOT NULL"));
                let order = group.map_or(String::new(), |g| format!("\"{g}\", "));
                let found = Rows::of(
                    &session,
                    &format!("SELECT * FROM kaplan_meier({query}{by}){known} ORDER BY {order}time"),
                )
                .await;
                let expected = csv(&folder.join(format!("{name}.csv")));
                assert_eq!(found.len(), expected.len(), "{name}");
                for (i, row) in expected.iter().enumerate() {
                    if let Some(g) = group {
                        t.close(&name, found.number(i, g), parse(&row["group"]), 0.0);
                    }
                    for (column, key) in [
                        ("time", "time"),
                        ("n_risk", "n_risk"),
                        ("n_event", "n_event"),
                        ("n_censor", "n_censor"),
                        ("survival", "surv"),
                        ("se", "se_surv"),
                        ("lower", "lo_log"),
                        ("upper", "hi_log"),
                    ] {
                        t.close(
                            &format!("{name} row {i} {column}"),
                            found.number(i, column),
                            parse(&row[key]),
                            TO_R,
                        );
                    }
                }
                let medians = csv(&folder.join(format!("{name}_median.csv")));
                let medians: Vec<_> = medians.iter().filter(|r| r["conf_type"] == "log").collect();
                let order = order.trim_end_matches(", ");
                let order = if order.is_empty() {
                    String::new()
                } else {
                    format!(" ORDER BY {order}")
                };
                let found = Rows::of(
                    &session,
                    &format!("SELECT * FROM median_survival({query}{by}){known}{order}"),
                )
                .await;
                assert_eq!(found.len(), medians.len(), "{name}");
                for (i, row) in medians.iter().enumerate() {
                    for (column, key) in [
                        ("n", "n"),
                        ("events", "events"),
                        ("median", "median"),
                        ("lower", "med_lo"),
                        ("upper", "med_hi"),
                    ] {
                        t.close(
                            &format!("{name} median {i} {column}"),
                            found.number(i, column),
                            parse(&row[key]),
                            TO_R,
                        );
                    }
                }
            }
        }
    });
    t.report("survival curves and medians", 8_000);
}

#[test]
fn log_rank_tests_equal_r() {
    let Some(shared) = common::shared() else { return };
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = session(&shared).await;
        for set in SETS {
            let tests = json(&shared.join("conformance/survival/logrank").join(format!("{}.json", set.name)));
            for (name, expected) in tests.as_object().expect("named") {
                let label = format!("{} {name}", set.name);
                let formula = expected["formula"].as_str().expect("a formula").split(" ~ ").nth(1).expect("its right side");
                let (group, strata) = match formula.split_once(" + strata(") {
                    Some((group, strata)) => (group, Some(strata.trim_end_matches(')'))),
                    None => (formula, None),
                };
                let mut columns = vec![group];
                columns.extend(strata);
                let mut call = format!("{}, by => \"{group}\", rho => {}", set.query(&columns), pick(&expected["rho"], "", 0));
                if let Some(strata) = strata {
                    call.push_str(&format!(", strata => \"{strata}\""));
                }
                let test = Rows::of(&session, &format!("SELECT chi2, df, p FROM log_rank({call})")).await;
                for (column, key) in [("chi2", "chisq"), ("df", "df"), ("p", "p")] {
                    t.close(&format!("{label} {column}"), test.number(0, column), pick(&expected[key], "", 0), TO_R);
                }
                let groups = format!("SELECT g['group'] AS level, g['n'] AS n, g['observed'] AS obs, g['expected'] AS exp FROM (SELECT unnest(groups) AS g FROM log_rank({call})) ORDER BY CAST(level AS DOUBLE)");
                let groups = Rows::of(&session, &groups).await;
                let levels = expected["groups"].as_array().expect("groups");
                assert_eq!(groups.len(), levels.len(), "{label}");
                for (i, level) in levels.iter().enumerate() {
                    assert_eq!(groups.text(i, "level"), level.as_str().expect("a name"), "{label}");
                    for (column, key) in [("n", "n"), ("obs", "obs"), ("exp", "exp")] {
                        t.close(&format!("{label} group {i} {column}"), groups.number(i, column), pick(&expected[key], "", i), TO_R);
                    }
                }
            }
        }
    });
    t.report("log-rank tests", 350);
}

#[test]
fn concordance_equals_r() {
    let Some(shared) = common::shared() else { return };
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = session(&shared).await;
        for set in &SETS[..4] {
            let expected = json(&shared.join("conformance/survival/concordance").join(format!("{}.json", set.name)));
            // R's rows are the complete cases of the model; `lp` is its linear predictor, here through rad_score.
            let names: Vec<String> = set.covariates.iter().map(|c| format!("\"{c}\"")).collect();
            let (all, complete) = (names.join(", "), names.iter().map(|n| format!("{n} IS NOT NULL")).collect::<Vec<_>>().join(" AND "));
            let model = format!("(SELECT cox(\"{}\", \"{}\", {all}) FROM {})", set.time, set.event, set.table);
            let source = format!("(SELECT \"{}\" AS os, \"{}\" AS dead, \"age\" AS age, rad_score({model}, {all}) AS lp FROM {} WHERE {complete})", set.time, set.event, set.table);
            for marker in ["lp", "age"] {
                let expected = &expected[format!("{marker}|n")];
                let found = Rows::of(&session, &format!("SELECT * FROM concordance({source}, time => os, event => dead, score => {marker})")).await;
                for (column, expected) in [
                    ("n", &expected["n"]),
                    ("c", &expected["C"]),
                    ("se", &expected["se"]),
                    ("lower", &expected["lo"]),
                    ("upper", &expected["hi"]),
                    ("concordant", &expected["counts"]["concordant"]),
                    ("discordant", &expected["counts"]["discordant"]),
                    ("tied_x", &expected["counts"]["tied.x"]),
                ] {
                    t.close(&format!("{} {marker} {column}", set.name), found.number(0, column), pick(expected, "", 0), TO_R);
                }
                let tied = pick(&expected["counts"]["tied.y"], "", 0);
                t.close(&format!("{} {marker} tied_y", set.name), found.number(0, "tied_y"), tied, 0.0);
            }
        }
    });
    t.report("concordance", 72);
}
