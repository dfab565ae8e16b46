//! Cox models through SQL beyond the fit itself, at the numbers of R (survival 3.5-3): variances, exact ties, residuals,
//! hazards, predictions and the test of proportional hazards. R's files hold what it gives at its default precision.

mod common;

use common::reference::{Rows, SETS, Set, TO_DEFAULT, TO_R, Tally, csv, json, parse, pick, session};
use radsql::Session;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const TIES: [&str; 2] = ["efron", "breslow"];

fn folder(shared: &Path) -> PathBuf {
    shared.join("conformance/survival/coxph")
}

/// A session with the tables of [`session`], their rows numbered as in their files, and two more.
async fn numbered(shared: &Path) -> Session {
    let session = session(shared).await;
    let mut statements = vec![];
    for table in ["lung_weighted", "heart"] {
        let path = shared.join("conformance/survival/data").join(format!("{table}.csv"));
        statements.push(format!(
            "CREATE EXTERNAL TABLE {table} STORED AS CSV LOCATION '{}' OPTIONS (format.has_header true)",
            path.display()
        ));
    }
    for table in ["lung", "crlm", "ovarian", "tiny1"] {
        statements.push(format!(
            "CREATE TABLE {table}_rows AS SELECT *, CAST(row_number() OVER () AS BIGINT) AS \"row\" FROM {table}"
        ));
    }
    for sql in statements {
        common::run(&session, &sql)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    session
}

/// The call of a function over a set's covariates and the numbers of its rows.
fn with_rows(set: &Set) -> String {
    let query = set.query(&[set.covariates, &["row"]].concat());
    query.replacen(&format!("FROM {})", set.table), &format!("FROM {}_rows)", set.table), 1)
}

/// Compares a column with R's, relative to its largest number: residuals are differences, and may be 0 but for rounding.
fn column(t: &mut Tally, label: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{label}");
    let scale = expected.iter().fold(f64::MIN_POSITIVE, |most, v| most.max(v.abs()));
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        t.close(
            &format!("{label} {place}"),
            found / scale + 2.0,
            expected / scale + 2.0,
            tolerance,
        );
    }
}

fn numbers(rows: &Rows, name: &str) -> Vec<f64> {
    (0..rows.len()).map(|row| rows.number(row, name)).collect()
}

fn expected(rows: &[BTreeMap<String, String>], name: &str) -> Vec<f64> {
    rows.iter().map(|row| parse(&row[name])).collect()
}

/// Coefficients, their errors, and the tests of a whole fit.
async fn compare_fit(t: &mut Tally, session: &Session, label: &str, call: &str, expected: &Value) {
    let terms = Rows::of(session, &format!("SELECT * FROM cox({call})")).await;
    for (i, name) in expected["coef"].as_object().expect("named").keys().enumerate() {
        assert_eq!(terms.text(i, "term"), name, "{label}");
        for (column, key) in [
            ("coef", "coef"),
            ("se", "se"),
            ("z", "z"),
            ("p", "p"),
            ("hr_lower", "hr_lo"),
            ("hr_upper", "hr_hi"),
        ] {
            let expected = pick(&expected[key], name, i);
            t.close(
                &format!("{label} {name} {column}"),
                terms.number(i, column),
                expected,
                TO_DEFAULT,
            );
        }
    }
    let whole = Rows::of(session, &format!("SELECT * FROM cox_summary({call})")).await;
    let mut at = |column: &str, expected: &Value, tolerance| {
        let expected = pick(expected, "", 0);
        t.close(
            &format!("{label} {column}"),
            whole.number(0, column),
            expected,
            tolerance,
        );
    };
    at("loglik_null", &expected["loglik_null"], TO_R);
    at("loglik", &expected["loglik"], TO_R);
    for test in ["lr", "wald", "score"] {
        at(&format!("{test}_chi2"), &expected[test]["stat"], TO_DEFAULT);
        at(&format!("{test}_p"), &expected[test]["p"], TO_DEFAULT);
    }
    at("concordance", &expected["concordance"]["C"], TO_R);
    at("concordance_se", &expected["concordance"]["se"], TO_R);
}

#[test]
fn variances_and_exact_ties_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = folder(&shared);
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = numbered(&shared).await;
        for ties in TIES {
            for set in SETS {
                let answer = json(&folder.join(format!("{}_{ties}.json", set.name)));
                let query = set.query(set.covariates);
                let call = format!("SELECT se FROM cox({query}, ties => '{ties}', robust => true)");
                let found = Rows::of(&session, &call).await;
                for i in 0..found.len() {
                    let expected = pick(&answer["robust_se"], "", i);
                    t.close(&format!("{} {ties} robust {i}", set.name), found.number(i, "se"), expected, TO_DEFAULT);
                }
            }
            let answer = json(&folder.join(format!("lung_weighted_{ties}.json")));
            let call = format!("lung_weighted, time => time, event => status, weights => w, ties => '{ties}'");
            compare_fit(&mut t, &session, &format!("weighted {ties}"), &call, &answer).await;
            let answer = json(&folder.join(format!("heart_{ties}.json")));
            let call = format!(
                "(SELECT start, stop, event, age, year, surgery, transplant FROM heart), start => start, time => stop, event => event, ties => '{ties}'"
            );
            compare_fit(&mut t, &session, &format!("heart {ties}"), &call, &answer).await;
        }
        let ovarian = &SETS[3];
        let answer = json(&folder.join("ovarian_exact.json"));
        let call = format!("{}, ties => 'exact'", ovarian.query(ovarian.covariates));
        compare_fit(&mut t, &session, "ovarian exact", &call, &answer).await;
        // The coefficient is infinite: where R stops on its way to it is of no account.
        let answer = std::fs::read_to_string(folder.join("tiny1_exact.json")).expect("an answer");
        let answer = answer.lines().find_map(|line| line.trim().strip_prefix("\"loglik\": ")).expect("a loglik");
        let loglik = parse(answer.trim_end_matches(','));
        let whole = Rows::of(&session, "SELECT * FROM cox_summary(tiny1, time => time, event => status, ties => 'exact')").await;
        t.close("tiny1 exact", whole.number(0, "loglik"), loglik, TO_R);
        assert!(whole.text(0, "warning").contains("x: coefficient may be infinite"), "{}", whole.text(0, "warning"));
    });
    t.report("variances and exact ties", 150);
}

#[test]
fn residuals_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = folder(&shared);
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = numbered(&shared).await;
        for set in SETS {
            for ties in TIES {
                let name = format!("{}_{ties}", set.name);
                let query = with_rows(set);
                let call = format!("({query}, id => \"row\", ties => '{ties}')");
                let answer = csv(&folder.join(format!("{name}_residuals.csv")));
                let found = Rows::of(
                    &session,
                    &format!("SELECT * FROM cox_residuals{call} WHERE risk IS NOT NULL"),
                )
                .await;
                for (column_name, key) in [
                    ("row", "row"),
                    ("time", "time"),
                    ("event", "event"),
                    ("linear_predictor", "lp"),
                    ("risk", "risk"),
                    ("martingale", "martingale"),
                    ("deviance", "deviance"),
                    ("expected", "expected"),
                ] {
                    let label = format!("{name} {column_name}");
                    column(
                        &mut t,
                        &label,
                        &numbers(&found, column_name),
                        &expected(&answer, key),
                        TO_DEFAULT,
                    );
                }
                for term in set.covariates {
                    let sql = format!("SELECT * FROM cox_influence{call} WHERE term = '{term}'");
                    let found = Rows::of(&session, &sql).await;
                    for kind in ["score", "dfbeta"] {
                        let expected = expected(&answer, &format!("{kind}_{term}"));
                        column(
                            &mut t,
                            &format!("{name} {kind} {term}"),
                            &numbers(&found, kind),
                            &expected,
                            TO_DEFAULT,
                        );
                    }
                }
                let answer = csv(&folder.join(format!("{name}_schoenfeld.csv")));
                for term in set.covariates {
                    let sql = format!("SELECT * FROM cox_schoenfeld{call} WHERE term = '{term}'");
                    let found = Rows::of(&session, &sql).await;
                    for (kind, key) in [
                        ("residual", format!("sch_{term}")),
                        ("scaled", format!("scaled_{term}")),
                        ("time", "time".into()),
                    ] {
                        let expected = expected(&answer, &key);
                        column(
                            &mut t,
                            &format!("{name} {kind} {term}"),
                            &numbers(&found, kind),
                            &expected,
                            TO_DEFAULT,
                        );
                    }
                }
            }
        }
    });
    t.report("residuals", 20_000);
}

#[test]
fn hazards_and_predictions_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = folder(&shared);
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = numbered(&shared).await;
        for set in SETS {
            for ties in TIES {
                let name = format!("{}_{ties}", set.name);
                let call = format!("{}, ties => '{ties}'", set.query(set.covariates));
                let answer = csv(&folder.join(format!("{name}_basehaz.csv")));
                for (centered, key) in [(true, "H_mean"), (false, "H0")] {
                    let sql = format!("SELECT * FROM baseline_hazard({call}, centered => {centered})");
                    let found = Rows::of(&session, &sql).await;
                    assert_eq!(found.len(), answer.len(), "{name}");
                    for (i, row) in answer.iter().enumerate() {
                        t.close(
                            &format!("{name} {key} time"),
                            found.number(i, "time"),
                            parse(&row["time"]),
                            TO_R,
                        );
                        t.close(
                            &format!("{name} {key}"),
                            found.number(i, "hazard"),
                            parse(&row[key]),
                            TO_DEFAULT,
                        );
                    }
                }
                let answer = csv(&folder.join(format!("{name}_survfit_profile.csv")));
                let profile = &json(&folder.join(format!("{name}.json")))["profile"];
                let of = |(i, term): (usize, &&str)| format!("{:?} AS \"{term}\"", pick(&profile[*term], "", i));
                let new: Vec<String> = set.covariates.iter().enumerate().map(of).collect();
                let times: Vec<&str> = answer.iter().map(|row| row["time"].as_str()).collect();
                let call = format!(
                    "{call}, new => (SELECT {}), times => [{}]",
                    new.join(", "),
                    times.join(", ")
                );
                for (scale, lower, upper) in [("log", "lo_log", "hi_log"), ("log-log", "lo_loglog", "hi_loglog")] {
                    let sql = format!("SELECT * FROM predict_survival({call}, conf_type => '{scale}')");
                    let found = Rows::of(&session, &sql).await;
                    assert_eq!(found.len(), answer.len(), "{name}");
                    for (i, row) in answer.iter().enumerate() {
                        let (survival, se) = (parse(&row["surv"]), parse(&row["std_err_cumhaz"]));
                        for (column, expected) in [
                            ("time", parse(&row["time"])),
                            ("survival", survival),
                            ("se", survival * se),
                            ("cumulative_hazard", parse(&row["cumhaz"])),
                            ("lower", parse(&row[lower])),
                            ("upper", parse(&row[upper])),
                        ] {
                            t.close(
                                &format!("{name} {column} {i}"),
                                found.number(i, column),
                                expected,
                                TO_DEFAULT,
                            );
                        }
                    }
                }
            }
        }
    });
    t.report("hazards and predictions", 10_000);
}

#[test]
fn tests_of_proportional_hazards_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = folder(&shared);
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = numbered(&shared).await;
        let mut calls = vec![];
        for ties in TIES {
            for set in &SETS[..4] {
                calls.push((format!("{}_{ties}", set.name), format!("{}, ties => '{ties}'", set.query(set.covariates))));
            }
            calls.push((
                format!("heart_{ties}"),
                format!("(SELECT start, stop, event, age, year, surgery, transplant FROM heart), start => start, time => stop, event => event, ties => '{ties}'"),
            ));
            for set in &SETS[..4] {
                let name = format!("{}_{ties}_strata", set.name);
                let answer = json(&folder.join(format!("{name}.json")));
                let strata = answer["formula"].as_str().and_then(|f| f.split("strata(").nth(1)).and_then(|s| s.split(')').next());
                let strata = strata.expect("strata");
                let covariates: Vec<&str> = answer["coef"].as_object().expect("named").keys().map(String::as_str).collect();
                let query = set.query(&[&covariates[..], &[strata]].concat());
                calls.push((name, format!("{query}, strata => \"{strata}\", ties => '{ties}'")));
            }
        }
        for (name, call) in calls {
            let answer = json(&folder.join(format!("{name}.json")));
            for (transform, answer) in answer["zph"].as_object().expect("transforms") {
                let sql = format!("SELECT * FROM cox_zph({call}, transform => '{transform}')");
                let found = Rows::of(&session, &sql).await;
                let rows = answer["rows"].as_array().expect("rows");
                assert_eq!(found.len(), rows.len(), "{name}");
                for (i, row) in rows.iter().enumerate() {
                    assert_eq!(Some(found.text(i, "term")), row.as_str(), "{name}");
                    for (column, key) in [("chi2", "chisq"), ("df", "df"), ("p", "p")] {
                        let expected = pick(&answer[key], "", i);
                        t.close(&format!("{name} {transform} {i} {column}"), found.number(i, column), expected, TO_DEFAULT);
                    }
                }
            }
        }
    });
    t.report("tests of proportional hazards", 500);
}
