//! Curves, their tests, and the measures of predictions through SQL, at the numbers of R (survival 3.5-3, riskRegression).

mod common;

use common::reference::{Rows, SETS, TO_R, Tally, csv, json, parse, pick, session};
use radsql::Session;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Medians and means of every set and group: the call of the curve's functions, the files' name, and what orders its groups.
struct Call {
    name: String,
    arguments: String,
    group: Option<&'static str>,
}

impl Call {
    fn all() -> Vec<Self> {
        let mut calls = vec![];
        for set in SETS {
            for group in std::iter::once(None).chain(set.groups.iter().copied().map(Some)) {
                let columns: Vec<&str> = group.into_iter().collect();
                let query = set.query(&columns);
                calls.push(match group {
                    None => Self {
                        name: format!("{}_all", set.name),
                        arguments: query,
                        group,
                    },
                    // R leaves out rows whose group is missing; here they would be a group of their own.
                    Some(g) => Self {
                        name: format!("{}_by_{g}", set.name),
                        arguments: format!(
                            "{}, by => \"{g}\"",
                            query.replace(
                                &format!("FROM {})", set.table),
                                &format!("FROM {} WHERE \"{g}\" IS NOT NULL)", set.table)
                            )
                        ),
                        group,
                    },
                });
            }
        }
        calls
    }

    fn sql(&self, function: &str, more: &str) -> String {
        format!("SELECT * FROM {function}({}{more})", self.arguments)
    }
}

#[test]
fn curves_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = shared.join("conformance/survival/km");
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = session(&shared).await;
        for call in Call::all() {
            let name = &call.name;
            let expected = csv(&folder.join(format!("{name}.csv")));
            for (conf_type, lower, upper) in [
                ("log", "lo_log", "hi_log"),
                ("log-log", "lo_loglog", "hi_loglog"),
                ("plain", "lo_plain", "hi_plain"),
            ] {
                let found = Rows::of(
                    &session,
                    &call.sql("kaplan_meier", &format!(", conf_type => '{conf_type}'")),
                )
                .await;
                assert_eq!(found.len(), expected.len(), "{name}");
                for (i, row) in expected.iter().enumerate() {
                    if let Some(g) = call.group {
                        t.close(name, found.number(i, g), parse(&row["group"]), 0.0);
                    }
                    for (column, key) in [
                        ("time", "time"),
                        ("n_risk", "n_risk"),
                        ("n_event", "n_event"),
                        ("n_censor", "n_censor"),
                        ("risk_weight", "n_risk"),
                        ("survival", "surv"),
                        ("se", "se_surv"),
                        ("lower", lower),
                        ("upper", upper),
                        ("cumulative_hazard", "cumhaz_na"),
                        ("cumulative_hazard_se", "se_na"),
                    ] {
                        t.close(
                            &format!("{name} {conf_type} row {i} {column}"),
                            found.number(i, column),
                            parse(&row[key]),
                            TO_R,
                        );
                    }
                }
            }
            let found = Rows::of(&session, &call.sql("nelson_aalen", "")).await;
            assert_eq!(found.len(), expected.len(), "{name}");
            for (i, row) in expected.iter().enumerate() {
                for (column, key) in [
                    ("time", "time"),
                    ("n_risk", "n_risk"),
                    ("hazard", "cumhaz_na"),
                    ("se", "se_na"),
                ] {
                    t.close(
                        &format!("{name} hazard row {i} {column}"),
                        found.number(i, column),
                        parse(&row[key]),
                        TO_R,
                    );
                }
            }
        }
    });
    t.report("survival curves and cumulative hazards", 30_000);
}

#[test]
fn quantiles_and_means_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = shared.join("conformance/survival/km");
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = session(&shared).await;
        for call in Call::all() {
            let name = &call.name;
            // R cuts the mean off at the last time of all groups.
            let curves = csv(&folder.join(format!("{name}.csv")));
            let tau = curves.iter().map(|row| parse(&row["time"])).fold(0.0, f64::max);
            let all = csv(&folder.join(format!("{name}_median.csv")));
            for conf_type in ["log", "log-log"] {
                let expected: Vec<_> = all.iter().filter(|r| r["conf_type"] == conf_type).collect();
                let setting = format!(", conf_type => '{conf_type}'");
                let medians = Rows::of(&session, &call.sql("median_survival", &setting)).await;
                let quantiles = Rows::of(&session, &call.sql("survival_quantiles", &setting)).await;
                let means = Rows::of(&session, &call.sql("restricted_mean", &format!(", tau => {tau}"))).await;
                assert_eq!(
                    (medians.len(), quantiles.len(), means.len()),
                    (expected.len(), 3 * expected.len(), expected.len()),
                    "{name}"
                );
                for (i, row) in expected.iter().enumerate() {
                    let mut at = |rows: &Rows, line: usize, column: &str, key: &str| {
                        t.close(
                            &format!("{name} {conf_type} {i} {key}"),
                            rows.number(line, column),
                            parse(&row[key]),
                            TO_R,
                        );
                    };
                    for (column, key) in [
                        ("n", "n"),
                        ("events", "events"),
                        ("median", "median"),
                        ("lower", "med_lo"),
                        ("upper", "med_hi"),
                    ] {
                        at(&medians, i, column, key);
                    }
                    for (place, stem) in ["q25", "med", "q75"].into_iter().enumerate() {
                        at(
                            &quantiles,
                            3 * i + place,
                            "time",
                            if stem == "med" { "median" } else { stem },
                        );
                        at(&quantiles, 3 * i + place, "lower", &format!("{stem}_lo"));
                        at(&quantiles, 3 * i + place, "upper", &format!("{stem}_hi"));
                    }
                    at(&means, i, "rmst", "rmean");
                    at(&means, i, "se", "se_rmean");
                }
            }
        }
    });
    t.report("quantiles and restricted means", 800);
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

/// The folder of golden files of a topic.
fn golden(topic: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/survival")
        .join(topic)
}

/// Makes a table of a CSV file.
async fn table(session: &Session, name: &str, path: &Path) {
    let sql = format!(
        "CREATE EXTERNAL TABLE {name} STORED AS CSV LOCATION '{}' OPTIONS (format.has_header true)",
        path.display()
    );
    common::run(session, &sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
}

#[test]
fn pairs_and_trends_equal_r() {
    let folder = golden("log_rank");
    let (expected, weights) = (json(&folder.join("log_rank.json")), json(&folder.join("weights.json")));
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        table(&session, "made", &folder.join("data.csv")).await;
        for (key, more) in [("rho0", ""), ("rho1", ", rho => 1"), ("strata", ", strata => stratum")] {
            for (adjust, column) in [("BH", "bh"), ("holm", "holm")] {
                let sql = format!("SELECT * FROM pairwise_log_rank(made, time => day, event => event, by => \"group\"{more}, adjust => '{adjust}')");
                let found = Rows::of(&session, &sql).await;
                assert_eq!(found.len(), 6);
                for i in 0..6 {
                    t.close(key, found.number(i, "df"), 1.0, 0.0);
                    assert_eq!(found.text(i, "group_1"), pick(&expected["first"], "", i).to_string());
                    assert_eq!(found.text(i, "group_2"), pick(&expected["second"], "", i).to_string());
                    for (name, key_of) in [("chi2", "chi2"), ("p", "p"), ("p_adjusted", column)] {
                        t.close(&format!("{key} pair {i} {name}"), found.number(i, name), pick(&expected[key][key_of], "", i), TO_R);
                    }
                }
            }
        }
        for (key, more) in [("trend", ""), ("trend_strata", ", strata => stratum"), ("trend_codes", ", scores => [2, 5, 6, 9]")] {
            let sql = format!("SELECT chi2 FROM log_rank_trend(made, time => time, event => event, by => \"group\"{more})");
            t.close(key, Rows::of(&session, &sql).await.number(0, "chi2"), pick(&expected[key], "", 0), TO_R);
        }
        for (key, more) in [
            ("log_rank", ""),
            ("gehan", ", weighting => 'gehan'"),
            ("tarone_ware", ", weighting => 'tarone-ware'"),
            ("fh_0_1", ", gamma => 1"),
            ("fh_1_1", ", rho => 1, gamma => 1"),
            ("fh_0.5_2", ", rho => 0.5, gamma => 2"),
        ] {
            for time in ["time", "day"] {
                let expected = &weights[format!("{key} {time}")];
                let sql = format!("SELECT chi2, p FROM log_rank(made, time => {time}, event => event, by => \"group\"{more})");
                let found = Rows::of(&session, &sql).await;
                for column in ["chi2", "p"] {
                    t.close(&format!("{key} {time} {column}"), found.number(0, column), pick(&expected[column], "", 0), TO_R);
                }
            }
        }
    });
    t.report("pairs, trends and weights", 150);
}

/// Scores by time against those of riskRegression: one row of `expected` from `first` on for each time.
fn compare_scores(t: &mut Tally, label: &str, found: &Rows, expected: &Value, first: usize, columns: &[(&str, &str)]) {
    for i in 0..found.len() {
        for (column, key) in columns {
            t.close(
                &format!("{label} {i} {column}"),
                found.number(i, column),
                pick(&expected[*key], "", first + i),
                TO_R,
            );
        }
    }
}

const OF_MODEL: [(&str, &str); 5] = [
    ("brier", "Brier"),
    ("se", "se"),
    ("lower", "lower"),
    ("upper", "upper"),
    ("integrated", "IBS"),
];
const OF_NULL: [(&str, &str); 3] = [
    ("brier_null", "Brier"),
    ("brier_null_se", "se"),
    ("integrated_null", "IBS"),
];

#[test]
fn predictions_of_reference_data_equal_r() {
    let Some(shared) = common::shared() else { return };
    let folder = shared.join("conformance/survival/roc");
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        for (set, at) in [("lung", 365.5), ("crlm_os", 24.0)] {
            table(&session, set, &folder.join(format!("{set}_input.csv"))).await;
            let scores = &json(&folder.join(format!("{set}.json")))["Score_Brier"];
            // The null model's rows come first.
            let count = scores["times"].as_array().expect("times").len() / 2;
            let times: Vec<f64> = (0..count).map(|i| pick(&scores["times"], "", i)).collect();
            let survival: Vec<String> = times.iter().map(|time| format!("\"S_t{time}\"")).collect();
            let sql = format!("SELECT * FROM brier_score({set}, time => time, event => status, survival => [{}], times => {times:?})", survival.join(", "));
            let found = Rows::of(&session, &sql).await;
            assert_eq!(found.len(), count, "{set}");
            compare_scores(&mut t, set, &found, scores, count, &OF_MODEL);
            compare_scores(&mut t, set, &found, scores, 0, &OF_NULL);

            let query = format!("(SELECT time, status, 1 - \"S_t{at}\" AS risk FROM {set}), time => time, event => status, predicted => risk, at => {at}");
            let expected = csv(&folder.join(format!("{set}_calibration_t{at}.csv")));
            let found = Rows::of(&session, &format!("SELECT * FROM calibration({query}, bins => {})", expected.len())).await;
            assert_eq!(found.len(), expected.len(), "{set}");
            for (i, row) in expected.iter().enumerate() {
                for (column, key) in [("bin", "bin"), ("n", "n"), ("predicted", "mean_pred"), ("observed", "obs"), ("lower", "lo"), ("upper", "hi")] {
                    t.close(&format!("{set} bin {i} {column}"), found.number(i, column), parse(&row[key]), TO_R);
                }
            }
            // These predictions are a Cox model's on its own data.
            let found = Rows::of(&session, &format!("SELECT slope FROM calibration_summary({query})")).await;
            t.close(&format!("{set} slope"), found.number(0, "slope"), 1.0, 1e-6);

            let expected = csv(&folder.join(format!("{set}_dca_t{at}.csv")));
            let thresholds: Vec<f64> = expected.iter().map(|row| parse(&row["threshold"])).collect();
            let found = Rows::of(&session, &format!("SELECT * FROM decision_curve({query}, thresholds => {thresholds:?})")).await;
            assert_eq!(found.len(), 3 * expected.len(), "{set}");
            for (i, row) in expected.iter().enumerate() {
                let all = expected.len() + i;
                assert_eq!((found.text(i, "model"), found.text(all, "model")), ("risk", "treat all"));
                t.close(&format!("{set} {i} positives"), found.number(i, "positives"), parse(&row["n_pos"]), 0.0);
                t.close(&format!("{set} {i} model"), found.number(i, "net_benefit"), parse(&row["nb_model"]), TO_R);
                t.close(&format!("{set} {i} all"), found.number(all, "net_benefit"), parse(&row["nb_all"]), TO_R);
            }
        }
    });
    t.report("predictions of the reference data", 150);
}

#[test]
fn predictions_of_made_data_equal_r() {
    let folder = golden("prediction");
    let expected = json(&folder.join("prediction.json"));
    let mut t = Tally::default();
    common::runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        table(&session, "made", &folder.join("data.csv")).await;
        for (model, bins) in [("a", 4), ("b", 10)] {
            let survival: Vec<String> = (1..=4).map(|i| format!("1 - {model}{i}")).collect();
            let sql = format!("SELECT * FROM brier_score(made, time => time, event => status, survival => [{}], times => [5, 10, 17.5, 25])", survival.join(", "));
            let found = Rows::of(&session, &sql).await;
            assert_eq!(found.len(), 4);
            compare_scores(&mut t, model, &found, &expected[model], 0, &OF_MODEL);
            compare_scores(&mut t, model, &found, &expected[model], 0, &[("scaled", "IPA")]);
            compare_scores(&mut t, model, &found, &expected["null"], 0, &OF_NULL);

            let query = format!("made, time => time, event => status, predicted => {model}3, at => 17.5");
            let of = &expected["calibration"][model];
            let found = Rows::of(&session, &format!("SELECT * FROM calibration({query}, bins => {bins}, conf_type => 'log-log')")).await;
            for i in 0..found.len() {
                for (column, key) in [
                    ("n", "n"),
                    ("events", "events"),
                    ("predicted", "mean_predicted"),
                    ("observed", "observed"),
                    ("se", "se"),
                    ("lower", "lower"),
                    ("upper", "upper"),
                ] {
                    t.close(&format!("{model} bin {i} {column}"), found.number(i, column), pick(&of[key], "", i), TO_R);
                }
            }
            let found = Rows::of(&session, &format!("SELECT * FROM calibration_summary({query}, bins => {bins})")).await;
            for (column, key) in [
                ("oe", "oe"),
                ("oe_lower", "oe_lower"),
                ("oe_upper", "oe_upper"),
                ("slope", "slope"),
                ("slope_se", "slope_se"),
                ("gnd_chi2", "gnd"),
                ("gnd_p", "gnd_p"),
            ] {
                t.close(&format!("{model} {column}"), found.number(0, column), pick(&of[key], "", 0), TO_R);
            }
        }
        // Both models in one call.
        let thresholds: Vec<f64> = (0..7).map(|i| pick(&expected["decision"]["a"]["thresholds"], "", i)).collect();
        let sql = format!("SELECT * FROM decision_curve(made, time => time, event => status, predicted => [a3, b3], at => 17.5, thresholds => {thresholds:?})");
        let found = Rows::of(&session, &sql).await;
        assert_eq!(found.len(), 4 * 7);
        for (i, threshold) in thresholds.iter().enumerate() {
            let odds = threshold / (1.0 - threshold);
            for (place, model) in ["a", "b"].into_iter().enumerate() {
                let of = |key: &str| pick(&expected["decision"][model][key], "", i);
                let row = 7 * place + i;
                assert_eq!(found.text(row, "model"), format!("{model}3"));
                t.close(&format!("{model} {threshold}"), found.number(row, "net_benefit"), of("model"), TO_R);
                t.close(&format!("{model} {threshold} positives"), found.number(row, "positives"), of("positives"), 0.0);
                t.close(&format!("{model} {threshold} avoided"), found.number(row, "interventions_avoided"), (of("model") - of("all")) / odds, TO_R);
                t.close(&format!("all {threshold}"), found.number(14 + i, "net_benefit"), of("all"), TO_R);
            }
            t.close(&format!("none {threshold}"), found.number(21 + i, "net_benefit"), 0.0, 0.0);
        }
    });
    t.report("predictions of the made data", 200);
}
