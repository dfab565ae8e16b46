//! Cutpoints against R's maxstat and survdiff, and against the definition by brute force.

mod common;

use common::{Tally, golden, json, list, number};
use proptest::prelude::*;
use radsql_survival::{
    CutpointCorrection, CutpointGroup, CutpointRule, FollowUp, MinProportion, OptimalCutpoint, QuantileGroups,
    SurvivalError, optimal_cutpoint,
};

fn maximal(min_proportion: f64, correction: CutpointCorrection) -> CutpointRule {
    CutpointRule::MaximallySelected {
        min_proportion: MinProportion::new(min_proportion).expect("a proportion"),
        correction,
    }
}

fn cut(time: &[f64], event: &[bool], marker: &[f64], rule: CutpointRule) -> OptimalCutpoint {
    let follow_up = FollowUp::right_censored(time, event).expect("follow-up");
    optimal_cutpoint(&follow_up, marker, rule).expect("an answer")
}

#[test]
fn cutpoints_equal_maxstat() {
    let expected = json(&golden("cutpoint/cutpoint.json"));
    let mut tally = Tally::default();
    for (name, set) in expected.as_object().expect("sets") {
        let (time, marker) = (list(&set["time"]), list(&set["marker"]));
        let event: Vec<bool> = list(&set["event"]).iter().map(|event| *event == 1.0).collect();
        for fit in set["fits"].as_array().expect("fits") {
            let method = fit["pmethod"].as_str().expect("a method");
            let correction = match method {
                "Lau92" => CutpointCorrection::Lausen1992,
                "Lau94" => CutpointCorrection::Lausen1994,
                _ => CutpointCorrection::HothornLausen,
            };
            let proportion = number(&fit["minprop"]);
            let found = cut(&time, &event, &marker, maximal(proportion, correction));
            let label = format!("{name} {method} {proportion}");
            tally.close(&format!("{label} M"), found.statistic, number(&fit["statistic"]), 1e-12);
            tally.close(
                &format!("{label} cutpoint"),
                found.cutpoints[0],
                number(&fit["estimate"]),
                0.0,
            );
            // maxstat's approximations may lie above 1.
            tally.close(
                &format!("{label} p"),
                found.p_corrected,
                number(&fit["p"]).min(1.0),
                1e-10,
            );
            assert_eq!(found.groups.iter().map(|group| group.n).sum::<usize>(), time.len());
        }
        for (groups, expected) in [2, 3, 4]
            .into_iter()
            .zip(set["quantiles"].as_array().expect("quantiles"))
        {
            let rule = match groups {
                2 => CutpointRule::Median,
                3 => CutpointRule::Tertiles,
                groups => CutpointRule::Quantiles(QuantileGroups::new(groups).expect("a number")),
            };
            let found = cut(&time, &event, &marker, rule);
            let label = format!("{name} {groups} groups");
            for (found, expected) in found.cutpoints.iter().zip(list(&expected["cuts"])) {
                // The file has 15 digits.
                tally.close(&format!("{label} cutpoint"), *found, expected, 1e-14);
            }
            let groups = list(&expected["n"]).into_iter().zip(list(&expected["events"]));
            let groups: Vec<CutpointGroup> = groups
                .map(|(n, events)| CutpointGroup {
                    n: n as usize,
                    events: events as usize,
                })
                .collect();
            assert_eq!(found.groups, groups, "{label}");
            tally.close(
                &format!("{label} chi2"),
                found.log_rank.chi2,
                number(&expected["chi2"]),
                1e-11,
            );
            assert_eq!(
                (found.statistic, found.p_corrected),
                (found.log_rank.chi2, found.log_rank.p)
            );
        }
    }
    tally.finish("maxstat.test");
}

#[test]
fn no_cutpoint_is_no_number() {
    let every = [
        CutpointRule::Median,
        CutpointRule::Tertiles,
        maximal(0.1, CutpointCorrection::Lausen1992),
        maximal(0.1, CutpointCorrection::Lausen1994),
        maximal(0.1, CutpointCorrection::HothornLausen),
    ];
    let none = |found: &OptimalCutpoint, n: usize| {
        assert!(found.cutpoints.is_empty() && found.statistic.is_nan() && found.p_corrected.is_nan());
        assert!(found.log_rank.p.is_nan() && found.log_rank.df == 0);
        assert_eq!(found.groups.len(), 1);
        assert_eq!(found.groups[0].n, n);
    };
    for rule in every {
        none(&cut(&[3.0], &[true], &[1.0], rule), 1);
        none(&cut(&[3.0, 1.0, 2.0], &[true, true, false], &[0.0, -0.0, 0.0], rule), 3);
        let all_tied = cut(&[2.0; 6], &[true; 6], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], rule);
        let censored = cut(&[2.0, 3.0, 4.0], &[false; 3], &[1.0, 2.0, 3.0], rule);
        if matches!(rule, CutpointRule::MaximallySelected { .. }) {
            // All scores are equal.
            none(&all_tied, 6);
            none(&censored, 3);
        } else {
            // Groups there are, but no event to compare them by.
            assert!(censored.log_rank.p.is_nan() && censored.groups.len() > 1);
            assert_eq!(all_tied.groups.iter().map(|group| group.n).sum::<usize>(), 6);
        }
    }
    // One row in twenty has another marker: no cutpoint leaves a quarter of the rows on either side.
    let time: Vec<f64> = (1..=20).map(f64::from).collect();
    let mut marker = [0.0; 20];
    marker[3] = 1.0;
    none(
        &cut(
            &time,
            &[true; 20],
            &marker,
            maximal(0.25, CutpointCorrection::Lausen1992),
        ),
        20,
    );
    // Most values equal the median: nobody is above it.
    let mut marker = [1.0; 20];
    marker[0] = 0.0;
    let found = cut(&time, &[true; 20], &marker, CutpointRule::Median);
    assert_eq!((found.cutpoints.as_slice(), found.groups[1].n), (&[1.0][..], 0));
    assert!(found.p_corrected.is_nan() && found.log_rank.df == 0);
    // The permutation distribution of so many rows is too large.
    let time: Vec<f64> = (1..=600).map(f64::from).collect();
    let marker: Vec<f64> = (0..600).map(|row| f64::from(row * 7 % 600)).collect();
    let found = cut(
        &time,
        &vec![true; 600],
        &marker,
        maximal(0.1, CutpointCorrection::HothornLausen),
    );
    assert!(found.statistic.is_finite() && found.p_corrected.is_nan());
}

#[test]
fn wrong_input_is_an_error() {
    let (time, event) = ([1.0, 2.0], [true, false]);
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    let error = |follow_up: &FollowUp<'_>, marker: &[f64]| {
        optimal_cutpoint(follow_up, marker, CutpointRule::Median).expect_err("an error")
    };
    assert!(matches!(error(&follow_up, &[1.0]), SurvivalError::Length { .. }));
    assert!(matches!(
        error(&follow_up, &[1.0, f64::NAN]),
        SurvivalError::NotFinite { row: 1, .. }
    ));
    let weighted = follow_up.with_weights(&[1.0, 2.0]).expect("weights");
    assert!(matches!(
        error(&weighted, &[1.0, 2.0]),
        SurvivalError::Unsupported { .. }
    ));
    let intervals = FollowUp::intervals(&[0.0, 1.0], &time, &event).expect("follow-up");
    assert!(matches!(
        error(&intervals, &[1.0, 2.0]),
        SurvivalError::Unsupported { .. }
    ));
    for value in [0.0, 0.5, f64::NAN] {
        assert!(matches!(
            MinProportion::new(value),
            Err(SurvivalError::Parameter { .. })
        ));
    }
    for groups in [0, 1, 101] {
        assert!(matches!(
            QuantileGroups::new(groups),
            Err(SurvivalError::Parameter { .. })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn the_largest_of_all_cutpoints_is_found(
        rows in prop::collection::vec((1u8..20, any::<bool>(), -8i8..8, any::<u32>()), 8..50),
        proportion in 0.02f64..0.4,
    ) {
        let answer = |rows: &[(u8, bool, i8, u32)], correction| {
            let time: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let event: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let marker: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
            cut(&time, &event, &marker, maximal(proportion, correction))
        };
        let found = answer(&rows, CutpointCorrection::Lausen1992);
        // Scores and statistics of every cutpoint by their definition.
        let n = rows.len() as f64;
        let after = |time: u8| rows.iter().filter(|row| row.0 > time).count() as f64;
        let score = |row: &(u8, bool, i8, u32)| {
            let events = rows.iter().filter(|other| other.1 && other.0 <= row.0);
            f64::from(u8::from(row.1)) - events.map(|other| 1.0 / (after(other.0) + 1.0)).sum::<f64>()
        };
        let scores: Vec<f64> = rows.iter().map(score).collect();
        let (sum, squares) = (scores.iter().sum::<f64>(), scores.iter().map(|s| s * s).sum::<f64>());
        let mut largest = f64::NAN;
        for cutpoint in -8i8..8 {
            let below: Vec<f64> =
                rows.iter().zip(&scores).filter(|(row, _)| row.2 <= cutpoint).map(|(_, s)| *s).collect();
            let m = below.len() as f64;
            if m < (n * proportion).floor().max(1.0) || m > (n * (1.0 - proportion)).floor() {
                continue;
            }
            let variance = m * (n - m) / (n * n * (n - 1.0)) * (n * squares - sum * sum);
            if variance > 1e-9 {
                largest = largest.max(((below.iter().sum::<f64>() - m / n * sum) / variance.sqrt()).abs());
            }
        }
        if largest.is_nan() {
            prop_assert!(found.cutpoints.is_empty() || found.statistic < 1e-6);
        } else {
            prop_assert!((found.statistic - largest).abs() < 1e-9 * (1.0 + largest), "{} {}", found.statistic, largest);
        }
        for correction in [
            CutpointCorrection::Lausen1992,
            CutpointCorrection::Lausen1994,
            CutpointCorrection::HothornLausen,
        ] {
            let found = answer(&rows, correction);
            prop_assert!(found.cutpoints.is_empty() || (0.0..=1.0).contains(&found.p_corrected), "{found:?}");
            let mut shuffled = rows.clone();
            shuffled.sort_by_key(|row| row.3);
            prop_assert_eq!(format!("{found:?}"), format!("{:?}", answer(&shuffled, correction)));
        }
    }
}
