//! Log-rank tests against R's `survdiff`.

mod common;

use common::{Table, Tally, json, list, number, outcome, reference};
use radsql_survival::{FollowUp, Rho, SurvivalError, log_rank};

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
