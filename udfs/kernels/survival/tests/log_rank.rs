//! Log-rank tests against R's `survdiff` and `coxph` and lifelines' weighted tests.

mod common;

use std::path::{Path, PathBuf};

use common::{Table, Tally, json, list, number, outcome, reference};
use radsql_survival::{Adjustment, FollowUp, LogRankWeight, Rho, SurvivalError, log_rank, pairwise_log_rank};

#[test]
fn tests_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for set in ["crlm_os", "crlm_dfs", "lung", "ovarian", "tiny1"] {
        let (file, time, event) = outcome(set);
        let table = Table::read(&folder.join(format!("data/{file}.csv")));
        let tests = json(&folder.join(format!("logrank/{set}.json")));
        for (name, expected) in tests.as_object().expect("tests") {
            let formula = expected["formula"].as_str().expect("a formula");
            let (_, right) = formula.split_once(" ~ ").expect("a formula");
            let (group, strata) = match right.split_once(" + strata(") {
                Some((group, strata)) => (group, Some(strata.trim_end_matches(')'))),
                None => (right, None),
            };
            let mut used = vec![time, event, group];
            used.extend(strata);
            let rows = table.complete(&used);
            let (stop, event) = (rows.numbers(time), rows.events(event));
            let strata = strata.map(|strata| rows.codes(strata));
            let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
            let rho = Rho::new(number(&expected["rho"])).expect("rho");
            let found = log_rank(&follow_up, &rows.codes(group), strata.as_deref(), rho).expect("a test");

            let label = format!("{set} {name}");
            let codes: Vec<String> = found.groups.iter().map(|group| group.group.to_string()).collect();
            let groups: Vec<&str> = expected["groups"]
                .as_array()
                .expect("groups")
                .iter()
                .map(|name| name.as_str().expect("text"))
                .collect();
            assert_eq!(codes, groups, "{label}");
            for (place, group) in found.groups.iter().enumerate() {
                tally.same(&format!("{label} n"), group.n, list(&expected["n"])[place] as usize);
                tally.close(
                    &format!("{label} observed"),
                    group.observed,
                    list(&expected["obs"])[place],
                    1e-13,
                );
                tally.close(
                    &format!("{label} expected"),
                    group.expected,
                    list(&expected["exp"])[place],
                    1e-13,
                );
            }
            let variance = list(&expected["var"]);
            tally.same(&format!("{label} variances"), found.variance.len(), variance.len());
            for (found, expected) in found.variance.iter().zip(variance) {
                tally.close(&format!("{label} variance"), *found, expected, 1e-11);
            }
            tally.close(
                &format!("{label} chi2"),
                found.test.chi2,
                number(&expected["chisq"]),
                1e-11,
            );
            tally.same(&format!("{label} df"), found.test.df, number(&expected["df"]) as usize);
            tally.close(&format!("{label} p"), found.test.p, number(&expected["p"]), 1e-10);
        }
    }
    tally.finish("survdiff");
}

/// tiny1 worked by hand: 4 events, expected 1 and 3, variance 0.5, chi-square (2 - 1)^2 / 0.5 = 2.
#[test]
fn a_test_worked_by_hand() {
    let time = [1.0, 1.0, 6.0, 6.0, 8.0, 9.0];
    let event = [true, false, true, true, false, true];
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    let found = log_rank(&follow_up, &[1, 1, 1, 0, 0, 0], None, Rho::default()).expect("a test");
    assert!((found.test.chi2 - 2.0).abs() < 1e-14);
    assert_eq!(found.test.df, 1);
    assert!((found.groups[1].expected - 1.0).abs() < 1e-15 && found.groups[1].observed == 2.0);
}

#[test]
fn degenerate_groups() {
    let event = [true, true, true];
    let follow_up = FollowUp::right_censored(&[1.0, 2.0, 3.0], &event).expect("follow-up");
    let test = |groups: &[u32], strata: Option<&[u32]>| log_rank(&follow_up, groups, strata, Rho::default());
    assert_eq!(test(&[7, 7, 7], None), Err(SurvivalError::OneGroup { found: 1 }));
    assert!(matches!(test(&[7, 7], None), Err(SurvivalError::Length { .. })));
    // Each row alone in its stratum: nothing is compared.
    let alone = test(&[0, 1, 0], Some(&[1, 2, 3])).expect("a test");
    assert_eq!((alone.test.chi2, alone.test.df), (0.0, 0));
    assert!(alone.test.p.is_nan());
    // No events: nothing is expected of any group.
    let censored = FollowUp::right_censored(&[1.0, 2.0, 3.0], &[false; 3]).expect("follow-up");
    let none = log_rank(&censored, &[0, 1, 0], None, Rho::default()).expect("a test");
    assert_eq!((none.test.chi2, none.test.df, none.groups[0].expected), (0.0, 0, 0.0));
    // A group that is gone before the first event is left out of the comparison.
    let event = [false, true, true, true];
    let follow_up = FollowUp::right_censored(&[0.5, 1.0, 2.0, 3.0], &event).expect("follow-up");
    let gone = log_rank(&follow_up, &[9, 0, 1, 0], None, Rho::default()).expect("a test");
    assert_eq!((gone.test.df, gone.groups.len()), (1, 3));

    let weighted = follow_up.with_weights(&[1.0; 4]).expect("weights");
    assert!(matches!(
        log_rank(&weighted, &[9, 0, 1, 0], None, Rho::default()),
        Err(SurvivalError::Unsupported { .. })
    ));
}

fn golden() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("a root");
    root.join("tests/golden/survival/log_rank")
}

fn rho(rho: f64) -> Rho {
    Rho::new(rho).expect("rho")
}

#[test]
fn weighted_tests_equal_lifelines() {
    let data = Table::read(&golden().join("data.csv"));
    let (event, groups) = (data.events("event"), data.codes("group"));
    let mut tally = Tally::default();
    for (name, weight) in [
        ("log_rank", LogRankWeight::default()),
        ("gehan", LogRankWeight::gehan()),
        ("tarone_ware", LogRankWeight::tarone_ware()),
        (
            "fh_0_1",
            LogRankWeight::fleming_harrington(rho(0.0), 1.0).expect("a weight"),
        ),
        (
            "fh_1_1",
            LogRankWeight::fleming_harrington(rho(1.0), 1.0).expect("a weight"),
        ),
        (
            "fh_0.5_2",
            LogRankWeight::fleming_harrington(rho(0.5), 2.0).expect("a weight"),
        ),
    ] {
        for time in ["time", "day"] {
            let stop = data.numbers(time);
            let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
            let found = log_rank(&follow_up, &groups, None, weight).expect("a test").test;
            let label = format!("{name} {time}");
            let expected = &json(&golden().join("weights.json"))[&label];
            tally.same(&label, found.df, 3);
            tally.close(&label, found.chi2, number(&expected["chi2"]), 1e-11);
            tally.close(&label, found.p, number(&expected["p"]), 1e-10);
        }
    }
    tally.finish("lifelines' weighted tests");
    for gamma in [-1.0, f64::NAN, f64::INFINITY] {
        let weight = LogRankWeight::fleming_harrington(rho(0.0), gamma);
        assert!(matches!(weight, Err(SurvivalError::Parameter { .. })));
    }
    // S(t-)^rho is the weight that a Rho alone gives.
    let stop = data.numbers("day");
    let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
    let both = LogRankWeight::fleming_harrington(rho(0.7), 0.0).expect("a weight");
    assert_eq!(
        log_rank(&follow_up, &groups, None, both),
        log_rank(&follow_up, &groups, None, rho(0.7))
    );
}

#[test]
fn pairwise_and_trend_tests_equal_r() {
    let data = Table::read(&golden().join("data.csv"));
    let expected = json(&golden().join("log_rank.json"));
    let (event, groups, strata) = (data.events("event"), data.codes("group"), data.codes("stratum"));
    let (time, day) = (data.numbers("time"), data.numbers("day"));
    let follow_up = FollowUp::right_censored(&day, &event).expect("follow-up");
    let mut tally = Tally::default();
    for (name, exponent, strata) in [
        ("rho0", 0.0, None),
        ("rho1", 1.0, None),
        ("strata", 0.0, Some(&strata[..])),
    ] {
        for (column, adjustment) in [
            ("p", None),
            ("bh", Some(Adjustment::BenjaminiHochberg)),
            ("holm", Some(Adjustment::Holm)),
        ] {
            let pairs = pairwise_log_rank(&follow_up, &groups, strata, rho(exponent), adjustment).expect("pairs");
            tally.same("pairs", pairs.len(), 6);
            for (place, pair) in pairs.iter().enumerate() {
                let label = format!("{name} {column} {} {}", pair.first, pair.second);
                let of = |name: &str| list(&expected[name])[place] as usize;
                tally.same(&label, pair.first as usize, of("first"));
                tally.same(&label, pair.second as usize, of("second"));
                tally.close(&label, pair.test.chi2, list(&expected[name]["chi2"])[place], 1e-12);
                tally.close(&label, pair.test.p, list(&expected[name]["p"])[place], 1e-12);
                tally.close(&label, pair.p_adjusted, list(&expected[name][column])[place], 1e-12);
            }
        }
    }
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    for (name, scores, strata) in [
        ("trend", [1.0, 2.0, 3.0, 4.0], None),
        ("trend_strata", [1.0, 2.0, 3.0, 4.0], Some(&strata[..])),
        ("trend_codes", [2.0, 5.0, 6.0, 9.0], None),
    ] {
        let test = log_rank(&follow_up, &groups, strata, Rho::default()).expect("a test");
        let found = test.trend(&scores).expect("a trend");
        tally.same(name, found.test.df, 1);
        tally.close(name, found.test.chi2, number(&expected[name]), 1e-12);
        // The hazard was made to rise with the group.
        assert!(found.statistic > 0.0);
        // Shifted and scaled, the scores say the same.
        let moved = test.trend(&scores.map(|score| 1e3 - score / 8.0)).expect("a trend");
        tally.close(name, moved.test.chi2, found.test.chi2, 1e-11);
        assert!(moved.statistic < 0.0);
    }
    tally.finish("pairwise and trend tests");
}

#[test]
fn degenerate_pairs_and_trends() {
    let event = [true, true, true, true];
    let follow_up = FollowUp::right_censored(&[1.0, 2.0, 3.0, 3.0], &event).expect("follow-up");
    let one = pairwise_log_rank(&follow_up, &[4; 4], None, Rho::default(), None);
    assert_eq!(one, Err(SurvivalError::OneGroup { found: 1 }));
    let short = pairwise_log_rank(&follow_up, &[4, 5], None, Rho::default(), None);
    assert!(matches!(short, Err(SurvivalError::Length { .. })));
    // Groups 1 and 2 share no stratum; group 0 is in both.
    let pairs = pairwise_log_rank(
        &follow_up,
        &[1, 2, 0, 0],
        Some(&[0, 1, 0, 1]),
        Rho::default(),
        Some(Adjustment::Holm),
    )
    .expect("pairs");
    let alone = pairs
        .iter()
        .find(|pair| (pair.first, pair.second) == (1, 2))
        .expect("the pair");
    assert!(alone.test.df == 0 && alone.p_adjusted.is_nan());

    let test = log_rank(&follow_up, &[0, 1, 2, 2], None, Rho::default()).expect("a test");
    let same = test.trend(&[5.0; 3]).expect("a trend");
    assert_eq!((same.test.chi2, same.test.df), (0.0, 0));
    assert!(same.test.p.is_nan());
    assert_eq!(test.trend(&[1.0]), Err(SurvivalError::Scores { found: 1, groups: 3 }));
    assert!(matches!(
        test.trend(&[1.0, f64::NAN, 2.0]),
        Err(SurvivalError::NotFinite { .. })
    ));
    // No event: no trend.
    let censored = FollowUp::right_censored(&[1.0, 2.0, 3.0, 3.0], &[false; 4]).expect("follow-up");
    let test = log_rank(&censored, &[0, 1, 2, 2], None, LogRankWeight::gehan()).expect("a test");
    assert_eq!(test.trend(&[1.0, 2.0, 3.0]).expect("a trend").test.df, 0);
}
