//! Statistics through SQL, at the numbers of R (survival 3.5-3): the path from a file through a table and a function to a row. The kernels have tests of their own for the rest of what those files hold.

mod common;

use common::reference::{Rows, SETS, TO_DEFAULT, TO_R, Tally, csv, json, parse, pick, session};
use serde_json::Value;

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
