//! Cumulative/dynamic areas under the curve against timeROC and riskRegression, and against all pairs.

mod common;

use std::path::Path;

use common::{Table, Tally, json, list, outcome, reference};
use proptest::prelude::*;
use radsql_survival::{
    AucDifference, ConfidenceLevel, FollowUp, RocPoint, SurvivalError, TiedTimes, TimeRoc, TimeRocOptions, Weighting,
    compare_time_roc, time_roc, time_roc_curve,
};

/// A number of an answer, by its name in the reference.
type Column<T> = (&'static str, fn(&T) -> f64);

fn in_row_order() -> TimeRocOptions {
    TimeRocOptions {
        tied_times: TiedTimes::InRowOrder,
        ..TimeRocOptions::default()
    }
}

fn level() -> ConfidenceLevel {
    ConfidenceLevel::default()
}

struct Reference {
    set: &'static str,
    expected: serde_json::Value,
    times: Vec<f64>,
    time: Vec<f64>,
    event: Vec<bool>,
    lp: Vec<f64>,
    age: Vec<f64>,
}

fn references(folder: &Path) -> Vec<Reference> {
    let read = |set: &'static str, covariates: &[&str]| {
        let expected = json(&folder.join(format!("roc/{set}.json")));
        let input = Table::read(&folder.join(format!("roc/{set}_input.csv")));
        let (file, time, event) = outcome(set);
        let mut used = covariates.to_vec();
        used.extend([time, event]);
        let data = Table::read(&folder.join(format!("data/{file}.csv"))).complete(&used);
        Reference {
            set,
            times: list(&expected["times"]),
            expected,
            time: input.numbers("time"),
            event: input.events("status"),
            lp: input.numbers("lp"),
            age: data.numbers("age"),
        }
    };
    vec![
        read("lung", &["age", "sex", "ph.ecog"]),
        read("crlm_os", &["age", "sex", "clinrisk_score", "extrahep_disease"]),
    ]
}

#[test]
fn areas_equal_time_roc() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for reference in references(&folder) {
        let follow_up = FollowUp::right_censored(&reference.time, &reference.event).expect("follow-up");
        let found = time_roc(&follow_up, &reference.lp, &reference.times, &in_row_order()).expect("areas");
        let expected = &reference.expected["timeROC_marginal"];
        let columns: [Column<TimeRoc>; 6] = [
            ("AUC", |at| at.auc),
            ("se", |at| at.se),
            ("lo", |at| at.lower),
            ("hi", |at| at.upper),
            ("CumInc", |at| at.incidence),
            ("survProb", |at| at.survival),
        ];
        for (name, column) in columns {
            for (at, expected) in found.iter().zip(list(&expected[name])) {
                let label = format!("{} {name} at {}", reference.set, at.time);
                tally.close(&label, column(at), expected, 1e-10);
            }
        }
        for (at, expected) in found.iter().zip(expected["stats"].as_array().expect("counts")) {
            let counts = [at.cases, at.controls, at.censored];
            for (found, expected) in counts.into_iter().zip(list(expected)) {
                tally.same(&format!("{} counts", reference.set), found, expected as usize);
            }
        }
        // timeROC fits the censoring with a tolerance of 1e-6.
        let cox = TimeRocOptions {
            weighting: Weighting::Cox,
            ..TimeRocOptions::default()
        };
        let found = time_roc(&follow_up, &reference.lp, &reference.times, &cox).expect("areas");
        for (at, expected) in found.iter().zip(list(&reference.expected["timeROC_cox"]["AUC"])) {
            tally.close(
                &format!("{} cox AUC at {}", reference.set, at.time),
                at.auc,
                expected,
                1e-8,
            );
            assert!(at.se.is_nan() && at.lower.is_nan());
        }
    }
    tally.finish("time_roc and timeROC");
}

#[test]
fn comparisons_equal_time_roc() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for reference in references(&folder) {
        let follow_up = FollowUp::right_censored(&reference.time, &reference.event).expect("follow-up");
        let expected = &reference.expected["timeROC_marker2"];
        let found = compare_time_roc(
            &follow_up,
            &reference.lp,
            &reference.age,
            &reference.times,
            TiedTimes::InRowOrder,
            level(),
        )
        .expect("a comparison");
        let columns = ["AUC", "se", "compare_p"].map(|name| list(&expected[name]));
        for (place, at) in found.iter().enumerate() {
            let label = |name: &str| format!("{} {name} at {}", reference.set, at.first.time);
            tally.close(&label("second AUC"), at.second.auc, columns[0][place], 1e-10);
            tally.close(&label("second se"), at.second.se, columns[1][place], 1e-10);
            tally.close(&label("p"), at.p, columns[2][place], 1e-9);
        }
    }
    tally.finish("compare_time_roc and timeROC");
}

#[test]
fn areas_equal_score() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for reference in references(&folder) {
        let follow_up = FollowUp::right_censored(&reference.time, &reference.event).expect("follow-up");
        let found = time_roc(&follow_up, &reference.lp, &reference.times, &TimeRocOptions::default()).expect("areas");
        let expected = &reference.expected["Score_AUC"];
        let columns: [Column<TimeRoc>; 4] = [
            ("AUC", |at| at.auc),
            ("se", |at| at.se),
            ("lower", |at| at.lower),
            ("upper", |at| at.upper),
        ];
        for (name, column) in columns {
            for (at, expected) in found.iter().zip(list(&expected[name])) {
                tally.close(&format!("{} {name}", reference.set), column(at), expected, 1e-10);
            }
        }
    }
    tally.finish("time_roc and Score");
}

/// Data with ties everywhere; see the script beside them.
#[test]
fn golden_areas_equal_score() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("a root");
    let folder = root.join("tests/golden/survival/time_roc");
    let (table, expected) = (Table::read(&folder.join("data.csv")), json(&folder.join("score.json")));
    let (time, event) = (table.numbers("time"), table.events("event"));
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    let found = compare_time_roc(
        &follow_up,
        &table.numbers("b"),
        &table.numbers("a"),
        &list(&expected["times"]),
        TiedTimes::Together,
        level(),
    )
    .expect("a comparison");
    let mut tally = Tally::default();
    let groups: [(&str, Vec<Column<AucDifference>>); 3] = [
        ("a", vec![("auc", |at| at.second.auc), ("se", |at| at.second.se)]),
        ("b", vec![("auc", |at| at.first.auc), ("se", |at| at.first.se)]),
        (
            "difference",
            vec![
                ("delta", |at| at.difference),
                ("se", |at| at.se),
                ("lower", |at| at.lower),
                ("upper", |at| at.upper),
                ("p", |at| at.p),
            ],
        ),
    ];
    for (group, columns) in groups {
        for (name, column) in columns {
            for (at, expected) in found.iter().zip(list(&expected[group][name])) {
                tally.close(
                    &format!("{group} {name} at {}", at.first.time),
                    column(at),
                    expected,
                    1e-10,
                );
            }
        }
    }
    tally.finish("compare_time_roc and Score");
}

#[test]
fn curves_equal_time_roc() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for reference in references(&folder) {
        let t = match reference.set {
            "lung" => 365.5,
            _ => 24.0,
        };
        let follow_up = FollowUp::right_censored(&reference.time, &reference.event).expect("follow-up");
        let found = time_roc_curve(&follow_up, &reference.lp, t, &TimeRocOptions::default()).expect("a curve");
        let table = Table::read(&folder.join(format!("roc/{}_timeROC_curve_t{t}.csv", reference.set)));
        tally.same("points", found.len(), table.rows());
        let columns: [Column<RocPoint>; 2] = [("TP", |point| point.tpr), ("FP", |point| point.fpr)];
        for (name, column) in columns {
            for (point, expected) in found.iter().zip(table.numbers(name)) {
                tally.close(&format!("{} {name}", reference.set), column(point), expected, 1e-12);
            }
        }
        let area: f64 = found
            .windows(2)
            .map(|pair| (pair[1].fpr - pair[0].fpr) * (pair[1].tpr + pair[0].tpr) / 2.0)
            .sum();
        let auc = time_roc(&follow_up, &reference.lp, &[t], &TimeRocOptions::default()).expect("an area")[0].auc;
        tally.close("area under the points", area, auc, 1e-13);
    }
    tally.finish("time_roc_curve");
}

/// The area over all pairs, and its influences with the n x n x n sum of the derivation.
fn by_pairs(rows: &[(u8, bool, u8)], t: f64) -> (f64, f64) {
    let count = rows.len() as f64;
    let time = |row: &(u8, bool, u8)| f64::from(row.0);
    let at_risk = |u: f64| rows.iter().filter(|row| time(row) >= u).count() as f64;
    let censored = |u: f64| rows.iter().filter(|row| time(row) == u && !row.1).count() as f64;
    let events = |u: f64| rows.iter().filter(|row| time(row) == u && row.1).count() as f64;
    let mut times: Vec<f64> = rows.iter().map(time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let until = |u: f64, open: bool| {
        times
            .iter()
            .copied()
            .filter(move |&v| if open { v < u } else { v <= u })
    };
    let g = |u: f64, open: bool| -> f64 {
        until(u, open)
            .filter(|&v| censored(v) > 0.0)
            .map(|v| 1.0 - censored(v) / (at_risk(v) - events(v)))
            .product()
    };
    let case: Vec<f64> = rows
        .iter()
        .map(|row| {
            if time(row) < t && row.1 {
                1.0 / g(time(row), true)
            } else {
                0.0
            }
        })
        .collect();
    let control: Vec<f64> = rows
        .iter()
        .map(|row| if time(row) > t { 1.0 / g(t, false) } else { 0.0 })
        .collect();
    let above = |i: usize, j: usize| match rows[i].2.cmp(&rows[j].2) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let pair = |i: usize, j: usize| {
        if case[i] == 0.0 || control[j] == 0.0 {
            0.0
        } else {
            above(i, j) * case[i] * control[j]
        }
    };
    let all = 0..rows.len();
    let h: f64 = all
        .clone()
        .flat_map(|i| all.clone().map(move |j| (i, j)))
        .map(|(i, j)| pair(i, j))
        .sum::<f64>()
        / count
        / count;
    let f = case.iter().sum::<f64>() / count;
    let s = control.iter().sum::<f64>() / count;
    let martingale = |k: usize, u: f64| -> f64 {
        let jump = if !rows[k].1 && time(&rows[k]) < u {
            count / at_risk(time(&rows[k]))
        } else {
            0.0
        };
        let compensator: f64 = until(u, true)
            .filter(|&v| v <= time(&rows[k]))
            .map(|v| count * censored(v) / at_risk(v) / at_risk(v))
            .sum();
        jump - compensator
    };
    let influence: Vec<f64> = all
        .clone()
        .map(|k| {
            let as_case = all.clone().map(|j| pair(k, j)).sum::<f64>() / count - h / f * case[k];
            let as_control = all.clone().map(|i| pair(i, k)).sum::<f64>() / count - h / s * control[k];
            let through_g: f64 = all
                .clone()
                .map(|i| {
                    (all.clone().map(|j| pair(i, j)).sum::<f64>() / count - h / f * case[i])
                        * martingale(k, time(&rows[i]))
                })
                .sum();
            (as_case + as_control + through_g / count) / f / s
        })
        .collect();
    let mean = influence.iter().sum::<f64>() / count;
    let squares: f64 = influence.iter().map(|value| (value - mean).powi(2)).sum();
    (h / f / s, (squares / (count - 1.0) / count).sqrt())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn sweeps_find_what_pairs_do(
        rows in prop::collection::vec((1u8..12, any::<bool>(), 0u8..6), 2..30),
        t in 1u8..12,
        half in any::<bool>(),
    ) {
        let t = f64::from(t) + if half { 0.5 } else { 0.0 };
        let time: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let event: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let marker: Vec<f64> = rows.iter().map(|row| f64::from(row.2) - 3.0).collect();
        let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
        let found = time_roc(&follow_up, &marker, &[t], &TimeRocOptions::default()).expect("an area")[0];
        let (auc, se) = by_pairs(&rows, t);
        prop_assert_eq!(found.auc.is_nan(), auc.is_nan());
        if !auc.is_nan() {
            prop_assert!((found.auc - auc).abs() < 1e-13, "{} {}", found.auc, auc);
            prop_assert!((found.se - se).abs() < 1e-12, "{} {}", found.se, se);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        rows in prop::collection::vec((1u8..12, any::<bool>(), 0u8..6, 0u8..4), 2..40),
        weights in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let shuffled = common::shuffled(&rows, seed);
        let bits = |rows: &[(u8, bool, u8, u8)]| {
            let time: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 30.0).collect();
            let event: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let a: Vec<f64> = rows.iter().map(|row| f64::from(row.2) / 7.0).collect();
            let b: Vec<f64> = rows.iter().map(|row| f64::from(row.3) / 3.0).collect();
            let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            let times = [0.12, 0.2, 0.31];
            let weighting = if weights { Weighting::Cox } else { Weighting::Marginal };
            let options = TimeRocOptions { weighting, ..TimeRocOptions::default() };
            let found = time_roc(&follow_up, &a, &times, &options).expect("areas");
            let both = compare_time_roc(&follow_up, &a, &b, &times, TiedTimes::Together, level()).expect("areas");
            let curve = time_roc_curve(&follow_up, &a, 0.2, &options).expect("a curve");
            let mut bits: Vec<u64> = found.iter().flat_map(|at| [at.auc, at.se, at.incidence, at.survival]).map(f64::to_bits).collect();
            bits.extend(both.iter().flat_map(|at| [at.difference, at.se, at.p]).map(f64::to_bits));
            bits.extend(curve.iter().flat_map(|at| [at.threshold, at.tpr, at.fpr]).map(f64::to_bits));
            bits
        };
        prop_assert_eq!(bits(&rows), bits(&shuffled));
    }
}

#[test]
fn degenerate_rows_have_no_area_but_counts() {
    let area = |time: &[f64], event: &[bool], marker: &[f64], t: f64, weighting| {
        let follow_up = FollowUp::right_censored(time, event).expect("follow-up");
        let options = TimeRocOptions {
            weighting,
            ..TimeRocOptions::default()
        };
        time_roc(&follow_up, marker, &[t], &options).expect("an area")[0]
    };
    let time = [1.0, 2.0, 3.0, 4.0];
    let marker = [4.0, 3.0, 1.0, 2.0];
    for weighting in [Weighting::Marginal, Weighting::Cox] {
        for (event, t, counts) in [
            // All censored.
            ([false; 4], 2.5, (0, 2, 2)),
            // Before the first event.
            ([true; 4], 0.5, (0, 4, 0)),
            // Beyond the last time, and at it.
            ([true; 4], 9.0, (4, 0, 0)),
            ([true; 4], 4.0, (3, 0, 1)),
        ] {
            let found = area(&time, &event, &marker, t, weighting);
            assert!(found.auc.is_nan() && found.se.is_nan() && found.lower.is_nan() && found.upper.is_nan());
            assert_eq!((found.cases, found.controls, found.censored), counts);
            let curve_follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            let curve = time_roc_curve(&curve_follow_up, &marker, t, &TimeRocOptions::default()).expect("a curve");
            assert_eq!(curve.len(), 5);
            assert_eq!(curve.iter().all(|point| point.tpr.is_nan()), found.cases == 0);
            assert_eq!(curve.iter().all(|point| point.fpr.is_nan()), found.controls == 0);
        }
        let constant = area(&time, &[true, false, true, false], &[7.0; 4], 2.5, weighting);
        assert_eq!(constant.auc, 0.5);
        let separated = area(&time, &[true, true, false, true], &[4.0, 3.0, 2.0, 1.0], 2.5, weighting);
        assert_eq!(separated.auc, 1.0);
    }
    let constant = area(&time, &[true, false, true, false], &[7.0; 4], 2.5, Weighting::Marginal);
    assert_eq!(constant.se, 0.0);
    let one = area(&[1.0], &[true], &[1.0], 2.0, Weighting::Marginal);
    assert!(one.auc.is_nan() && (one.cases, one.controls) == (1, 0));
    // -0 ties with 0, and a time within the tolerance is t.
    let zeros = area(&[1.0, 2.0], &[true, false], &[-0.0, 0.0], 1.5, Weighting::Marginal);
    assert_eq!(zeros.auc, 0.5);
    let near = area(
        &[1.0, 2.0, 3.0],
        &[true; 3],
        &[1.0, 0.0, 0.0],
        2.0 + 1e-9,
        Weighting::Marginal,
    );
    assert_eq!((near.cases, near.controls, near.censored), (1, 1, 1));
    let two = FollowUp::right_censored(&[1.0, 2.0], &[true, false]).expect("follow-up");
    let same =
        compare_time_roc(&two, &[1.0, 2.0], &[1.0, 2.0], &[1.5], TiedTimes::Together, level()).expect("areas")[0];
    assert!(same.difference == 0.0 && same.se == 0.0 && same.z.is_nan() && same.p.is_nan());
}

#[test]
fn wrong_arguments_are_named() {
    let (time, event, marker) = ([1.0, 2.0], [true, false], [1.0, 0.0]);
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    let options = TimeRocOptions::default();
    for t in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = time_roc(&follow_up, &marker, &[1.0, t], &options).expect_err("no such time");
        assert!(
            matches!(error, SurvivalError::Parameter { parameter: "time", .. }),
            "{error}"
        );
        assert!(time_roc_curve(&follow_up, &marker, t, &options).is_err());
    }
    let error = time_roc(&follow_up, &[f64::NAN, 1.0], &[1.0], &options).expect_err("no such marker");
    assert!(matches!(error, SurvivalError::NotFinite { row: 0, .. }));
    let error = time_roc(&follow_up, &[1.0], &[1.0], &options).expect_err("too short");
    assert!(matches!(
        error,
        SurvivalError::Length {
            found: 1,
            expected: 2,
            ..
        }
    ));
    let weighted = follow_up.with_weights(&[1.0, 2.0]).expect("weights");
    assert!(matches!(
        time_roc(&weighted, &marker, &[1.0], &options),
        Err(SurvivalError::Unsupported { .. })
    ));
    let intervals = FollowUp::intervals(&[0.0, 0.0], &time, &event).expect("follow-up");
    assert!(matches!(
        time_roc(&intervals, &marker, &[1.0], &options),
        Err(SurvivalError::Unsupported { .. })
    ));
}
