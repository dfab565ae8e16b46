//! Harrell's concordance against R's `concordance`, and against counting all pairs.

mod common;

use common::{Table, Tally, json, number, outcome, reference};
use proptest::prelude::*;
use radsql_survival::{ConfidenceLevel, Covariate, CoxOptions, FollowUp, concordance, cox};

#[test]
fn scores_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for set in ["crlm_os", "crlm_dfs", "lung", "ovarian"] {
        let (file, time, event) = outcome(set);
        let fit = json(&folder.join(format!("coxph/{set}_efron.json")));
        let names: Vec<&str> = fit["coef"]
            .as_object()
            .expect("coefficients")
            .keys()
            .map(String::as_str)
            .collect();
        let mut used = names.clone();
        used.extend([time, event]);
        let table = Table::read(&folder.join(format!("data/{file}.csv"))).complete(&used);
        let (stop, event) = (table.numbers(time), table.events(event));
        let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
        let values: Vec<Vec<f64>> = names.iter().map(|name| table.numbers(name)).collect();
        let covariates: Vec<Covariate<'_>> = names
            .iter()
            .zip(&values)
            .map(|(name, values)| Covariate { name, values })
            .collect();
        let expected = json(&folder.join(format!("concordance/{set}.json")));
        let fit = cox(&follow_up, None, &covariates, &CoxOptions::default()).expect("a fit");
        let row = |row: usize| values.iter().map(|values| values[row]).collect::<Vec<f64>>();
        let lp: Vec<f64> = (0..stop.len())
            .map(|i| fit.linear_predictor(&row(i)).expect("a score"))
            .collect();
        compare(&mut tally, &format!("{set} lp"), &follow_up, &lp, &expected["lp|n"]);
        // The centre only moves the score, as R's predict(type = "lp") does.
        let centred: Vec<f64> = lp.iter().map(|lp| lp - fit.centre()).collect();
        compare(
            &mut tally,
            &format!("{set} centred lp"),
            &follow_up,
            &centred,
            &expected["lp|n"],
        );
        compare(
            &mut tally,
            &format!("{set} age"),
            &follow_up,
            &table.numbers("age"),
            &expected["age|n"],
        );
    }
    tally.finish("concordance");
}

fn compare(tally: &mut Tally, label: &str, follow_up: &FollowUp<'_>, score: &[f64], expected: &serde_json::Value) {
    let found = concordance(follow_up, None, score, ConfidenceLevel::default()).expect("a concordance");
    tally.same(&format!("{label} n"), found.n, number(&expected["n"]) as usize);
    for (name, found) in [
        ("C", found.c),
        ("se", found.se),
        ("lo", found.lower),
        ("hi", found.upper),
    ] {
        tally.close(&format!("{label} {name}"), found, number(&expected[name]), 1e-12);
    }
    let counts = &expected["counts"];
    for (name, found) in [
        ("concordant", found.concordant),
        ("discordant", found.discordant),
        ("tied.x", found.tied_x),
        ("tied.y", found.tied_y),
        ("tied.xy", found.tied_xy),
    ] {
        tally.close(&format!("{label} {name}"), found, number(&counts[name]), 0.0);
    }
}

/// Counts every pair by the definition.
fn by_pairs(rows: &[(u8, u8, bool, u8, u8)]) -> [f64; 6] {
    let mut counts = [0.0; 5];
    let mut influence = vec![[0.0; 3]; rows.len()];
    for (i, &(_, stop_i, event_i, x_i, stratum_i)) in rows.iter().enumerate() {
        for (j, &(start_j, stop_j, event_j, x_j, stratum_j)) in rows.iter().enumerate() {
            if i == j || !event_i || stratum_i != stratum_j {
                continue;
            }
            if stop_i == stop_j && event_j {
                if i < j {
                    counts[if x_i == x_j { 4 } else { 3 }] += 1.0;
                }
                continue;
            }
            if stop_j < stop_i || start_j >= stop_i {
                continue;
            }
            let place = match x_i.cmp(&x_j) {
                std::cmp::Ordering::Greater => 0,
                std::cmp::Ordering::Less => 1,
                std::cmp::Ordering::Equal => 2,
            };
            counts[place] += 1.0;
            influence[i][place] += 1.0;
            influence[j][place] += 1.0;
        }
    }
    let total = counts[0] + counts[1] + counts[2];
    let d = (counts[0] - counts[1]) / total;
    let variance: f64 = influence
        .iter()
        .map(|[c, o, t]| ((c - o) - d * (c + o + t)) / total)
        .map(|value| value * value)
        .sum();
    [
        counts[0],
        counts[1],
        counts[2],
        counts[3],
        counts[4],
        variance.sqrt() / 2.0,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn sweeps_count_as_pairs_do(
        rows in prop::collection::vec((0u8..6, 1u8..7, any::<bool>(), 0u8..5, 0u8..3), 1..40),
        intervals in any::<bool>(),
    ) {
        // A stop after the start; without intervals every row starts before the first time.
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(start, length, event, x, stratum)| {
                let start = if intervals { start } else { 0 };
                (start, start + length, event, x, stratum)
            })
            .collect();
        let start: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let stop: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
        let event: Vec<bool> = rows.iter().map(|row| row.2).collect();
        let score: Vec<f64> = rows.iter().map(|row| f64::from(row.3) - 2.0).collect();
        let strata: Vec<u32> = rows.iter().map(|row| u32::from(row.4)).collect();
        let follow_up = if intervals {
            FollowUp::intervals(&start, &stop, &event)
        } else {
            FollowUp::right_censored(&stop, &event)
        }
        .expect("follow-up");
        let found = concordance(&follow_up, Some(&strata), &score, ConfidenceLevel::default()).expect("a concordance");
        let expected = by_pairs(&rows);
        let counts = [found.concordant, found.discordant, found.tied_x, found.tied_y, found.tied_xy];
        prop_assert_eq!(counts.as_slice(), &expected[..5]);
        if found.c.is_nan() {
            prop_assert_eq!(counts[0] + counts[1] + counts[2], 0.0);
        } else {
            prop_assert!((found.se - expected[5]).abs() < 1e-12, "{} {}", found.se, expected[5]);
        }
        // Turning the score round turns c round.
        let turned: Vec<f64> = score.iter().map(|score| -score).collect();
        let turned = concordance(&follow_up, Some(&strata), &turned, ConfidenceLevel::default()).expect("a concordance");
        prop_assert!(found.c.is_nan() && turned.c.is_nan() || (found.c + turned.c - 1.0).abs() < 1e-15);
        prop_assert_eq!((found.concordant, found.tied_x), (turned.discordant, turned.tied_x));
    }
}

#[test]
fn no_comparable_pair_has_no_concordance() {
    for (time, event) in [
        ([1.0, 2.0], [false, false]),
        ([2.0, 2.0], [true, true]),
        ([1.0, 2.0], [false, true]),
    ] {
        let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
        let found = concordance(&follow_up, None, &[1.0, 2.0], ConfidenceLevel::default()).expect("a concordance");
        assert!(found.c.is_nan() && found.se.is_nan() && found.lower.is_nan() && found.upper.is_nan());
    }
    let follow_up = FollowUp::right_censored(&[1.0], &[true]).expect("follow-up");
    let found = concordance(&follow_up, None, &[1.0], ConfidenceLevel::default()).expect("a concordance");
    assert!(found.n == 1 && found.c.is_nan());
}
