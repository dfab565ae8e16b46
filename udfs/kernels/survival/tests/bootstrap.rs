//! Bootstrap intervals against the estimators on the rows drawn, and against R's `boot`.

mod common;

use std::path::Path;

use common::{Table, json, list, number, shuffled};
use proptest::prelude::*;
use radsql_survival::{
    BootstrapEstimate, ConfidenceLevel, FollowUp, Resampling, SurvivalError, TimeRocOptions, bootstrap_concordance,
    bootstrap_time_roc, concordance, time_roc,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The places that a replicate draws, by the documented rule.
fn drawn(rows: usize, seed: u64, replicate: u64) -> Vec<usize> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(replicate);
    let mut places = Vec::new();
    while places.len() < rows {
        let product = u128::from(generator.next_u32()) * rows as u128;
        if product % (1 << 32) >= (1_u128 << 32) % rows as u128 {
            places.push((product >> 32) as usize);
        }
    }
    places
}

fn level() -> ConfidenceLevel {
    ConfidenceLevel::default()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Rows in the order that a replicate draws from: for the concordance by descending time, events first, then scores;
    /// for areas by ascending time, events last, then markers.
    #[test]
    fn replicates_are_the_estimators_of_the_rows_drawn(
        rows in prop::collection::vec((1u8..12, any::<bool>(), 0u8..6, 0u8..4), 1..40),
        seed in any::<u64>(),
        order in any::<u64>(),
    ) {
        let columns = |rows: &[(u8, bool, u8, u8)]| {
            let time: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let event: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let a: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
            let b: Vec<f64> = rows.iter().map(|row| f64::from(row.3)).collect();
            (time, event, a, b)
        };
        let resampling = Resampling::new(5, seed).expect("a number of replicates");
        let (time, event, a, b) = columns(&shuffled(&rows, order));
        let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
        let of_c = bootstrap_concordance(&follow_up, None, &[&a, &b], resampling, level()).expect("a bootstrap");
        let of_areas = bootstrap_time_roc(&follow_up, &[&a, &b], &[4.5, 8.0], resampling, level()).expect("a bootstrap");

        let mut by_time = rows.clone();
        by_time.sort_by_key(|row| (row.0, row.1, row.2, row.3));
        let mut from_last = rows.clone();
        from_last.sort_by_key(|row| (std::cmp::Reverse((row.0, row.1)), row.2, row.3));
        for replicate in 0..5 {
            let places = drawn(rows.len(), seed, replicate as u64);
            let pick = |rows: &[(u8, bool, u8, u8)]| places.iter().map(|&place| rows[place]).collect::<Vec<_>>();
            let (time, event, a, b) = columns(&pick(&from_last));
            let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            for (score, found) in [a, b].iter().zip(&of_c.scores) {
                let expected = concordance(&follow_up, None, score, level()).expect("a concordance").c;
                let found = found.values[replicate];
                prop_assert!(found == expected || found.is_nan() && expected.is_nan(), "{} {}", found, expected);
            }
            let (time, event, a, b) = columns(&pick(&by_time));
            let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            for (marker, score) in [a, b].iter().enumerate() {
                let expected = time_roc(&follow_up, score, &[4.5, 8.0], &TimeRocOptions::default()).expect("areas");
                for (found, expected) in of_areas.iter().zip(&expected) {
                    let found = found.areas.scores[marker].values[replicate];
                    prop_assert!(
                        (found - expected.auc).abs() < 1e-13 || found.is_nan() && expected.auc.is_nan(),
                        "{} {}", found, expected.auc
                    );
                }
            }
        }
        let difference = &of_c.differences[0];
        prop_assert_eq!((difference.first, difference.second), (0, 1));
        for replicate in 0..5 {
            let expected = of_c.scores[0].values[replicate] - of_c.scores[1].values[replicate];
            prop_assert_eq!(difference.difference.values[replicate].to_bits(), expected.to_bits());
        }
    }

    #[test]
    fn intervals_and_strata_are_counted_as_by_the_concordance(
        rows in prop::collection::vec((0u8..6, 1u8..7, any::<bool>(), 0u8..5, 0u8..3), 1..30),
        seed in any::<u64>(),
    ) {
        let start: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let stop: Vec<f64> = rows.iter().map(|row| f64::from(row.0 + row.1)).collect();
        let event: Vec<bool> = rows.iter().map(|row| row.2).collect();
        let score: Vec<f64> = rows.iter().map(|row| f64::from(row.3)).collect();
        let strata: Vec<u32> = rows.iter().map(|row| u32::from(row.4)).collect();
        let follow_up = FollowUp::intervals(&start, &stop, &event).expect("follow-up");
        let resampling = Resampling::new(3, seed).expect("a number of replicates");
        let found = bootstrap_concordance(&follow_up, Some(&strata), &[&score], resampling, level()).expect("a bootstrap");
        let expected = concordance(&follow_up, Some(&strata), &score, level()).expect("a concordance").c;
        let estimate = found.scores[0].estimate;
        prop_assert!(estimate == expected || estimate.is_nan() && expected.is_nan());
    }
}

/// R draws other rows: with 20,000 replicates on either side, ends of intervals differ by chance by about 2 % of an se.
#[test]
fn intervals_agree_with_boot() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("a root");
    let folder = root.join("tests/golden/survival");
    let table = Table::read(&folder.join("concordance/data.csv"));
    let (time, event) = (table.numbers("time"), table.events("event"));
    let (a, b) = (table.numbers("a"), table.numbers("b"));
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    let resampling = Resampling::new(20_000, 1).expect("a number of replicates");
    let found = bootstrap_concordance(&follow_up, None, &[&a, &b], resampling, level()).expect("a bootstrap");
    let expected = json(&folder.join("bootstrap/boot.json"));
    let compare = |name: &str, found: &BootstrapEstimate| {
        let expected = &expected[name];
        let se = number(&expected["se"]);
        assert!((found.estimate - number(&expected["estimate"])).abs() < 1e-13);
        assert!((found.se - se).abs() < 0.03 * se, "{name} se {} {se}", found.se);
        for (kind, interval) in [
            ("percentile", found.percentile),
            ("basic", found.basic),
            ("normal", found.normal),
        ] {
            for (found, expected) in [interval.lower, interval.upper].iter().zip(list(&expected[kind])) {
                assert!((found - expected).abs() < 0.1 * se, "{name} {kind} {found} {expected}");
            }
        }
    };
    compare("a", &found.scores[0]);
    compare("b", &found.scores[1]);
    compare("difference", &found.differences[0].difference);
    // More replicates leave the first as they are; another seed does not.
    let fewer = Resampling::new(10, 1).expect("a number of replicates");
    let first = bootstrap_concordance(&follow_up, None, &[&a, &b], fewer, level()).expect("a bootstrap");
    assert_eq!(first.scores[0].values, found.scores[0].values[..10]);
    let other = Resampling::new(10, 2).expect("a number of replicates");
    let other = bootstrap_concordance(&follow_up, None, &[&a, &b], other, level()).expect("a bootstrap");
    assert_ne!(first.scores[0].values, other.scores[0].values);
}

#[test]
fn degenerate_rows_have_an_answer() {
    let resampling = Resampling::new(20, 7).expect("a number of replicates");
    let time = [1.0, 2.0, 3.0];
    let score = [3.0, 2.0, 1.0];
    let censored = FollowUp::right_censored(&time, &[false; 3]).expect("follow-up");
    let found = bootstrap_concordance(&censored, None, &[&score], resampling, level()).expect("a bootstrap");
    let c = &found.scores[0];
    assert!(c.estimate.is_nan() && c.se.is_nan() && c.percentile.lower.is_nan() && c.normal.upper.is_nan());
    assert!(c.values.len() == 20 && c.values.iter().all(|value| value.is_nan()));
    let found = bootstrap_time_roc(&censored, &[&score], &[1.5, 9.0], resampling, level()).expect("a bootstrap");
    assert!(
        found
            .iter()
            .all(|at| at.areas.scores[0].estimate.is_nan() && at.areas.differences.is_empty())
    );
    // Replicates without a comparable pair are left out of the interval.
    let two = FollowUp::right_censored(&[1.0, 2.0], &[true, true]).expect("follow-up");
    let found = bootstrap_concordance(&two, None, &[&[2.0, 1.0]], resampling, level()).expect("a bootstrap");
    let c = &found.scores[0];
    assert!(c.values.iter().any(|value| value.is_nan()));
    assert_eq!(
        (c.estimate, c.percentile.lower, c.percentile.upper, c.se),
        (1.0, 1.0, 1.0, 0.0)
    );
    let constant = FollowUp::right_censored(&time, &[true; 3]).expect("follow-up");
    let found = bootstrap_concordance(&constant, None, &[&[1.0; 3]], resampling, level()).expect("a bootstrap");
    assert_eq!((found.scores[0].estimate, found.scores[0].percentile.upper), (0.5, 0.5));
    let none = bootstrap_concordance(&constant, None, &[], resampling, level()).expect("a bootstrap");
    assert!(none.scores.is_empty() && none.differences.is_empty());
    let one = Resampling::new(1, 7).expect("a number of replicates");
    let found = bootstrap_concordance(&constant, None, &[&score], one, level()).expect("a bootstrap");
    assert!(found.scores[0].se.is_nan());

    for replicates in [0, 1_000_001] {
        let error = Resampling::new(replicates, 1);
        assert!(matches!(
            error,
            Err(SurvivalError::Parameter {
                parameter: "replicates",
                ..
            })
        ));
    }
    let weighted = constant.with_weights(&[1.0, 2.0, 1.0]).expect("weights");
    let error = bootstrap_concordance(&weighted, None, &[&score], resampling, level());
    assert!(matches!(error, Err(SurvivalError::Unsupported { .. })));
    assert!(bootstrap_time_roc(&weighted, &[&score], &[1.5], resampling, level()).is_err());
    assert!(bootstrap_time_roc(&constant, &[&score], &[0.0], resampling, level()).is_err());
    assert!(bootstrap_concordance(&constant, None, &[&[1.0, f64::NAN, 2.0]], resampling, level()).is_err());
}
