//! ROC curves by survival given the marker against survivalROC.

mod common;

use common::{Table, Tally, json, list, number, reference, shuffled};
use proptest::prelude::*;
use radsql_survival::{ConditionalSurvival, FollowUp, Span, SurvivalError, conditional_roc};

#[test]
fn curves_equal_survival_roc() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for (set, t) in [("lung", 365.5), ("crlm_os", 24.0)] {
        let expected = json(&folder.join(format!("roc/{set}.json")));
        let input = Table::read(&folder.join(format!("roc/{set}_input.csv")));
        let (time, event, lp) = (input.numbers("time"), input.events("status"), input.numbers("lp"));
        let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
        let times = list(&expected["times"]);
        let expected = &expected["survivalROC"];
        let span = Span::for_rows(time.len());
        tally.close(
            &format!("{set} span"),
            span.share(),
            number(&expected["NNE_span"]),
            1e-15,
        );
        let nearest = ConditionalSurvival::NearestNeighbours(span);
        let found = conditional_roc(&follow_up, &lp, &times, nearest).expect("curves");
        for (found, expected) in found.iter().zip(list(&expected["NNE_AUC"])) {
            tally.close(&format!("{set} NNE AUC at {}", found.time), found.auc, expected, 1e-12);
        }
        for (found, expected) in found.iter().zip(list(&expected["NNE_Survival"])) {
            tally.close(
                &format!("{set} survival at {}", found.time),
                found.survival,
                expected,
                1e-12,
            );
        }
        let found = conditional_roc(&follow_up, &lp, &times, ConditionalSurvival::KaplanMeier).expect("curves");
        for (found, expected) in found.iter().zip(list(&expected["KM_AUC"])) {
            tally.close(&format!("{set} KM AUC at {}", found.time), found.auc, expected, 1e-12);
        }

        let curve = &conditional_roc(&follow_up, &lp, &[t], nearest).expect("a curve")[0];
        let table = Table::read(&folder.join(format!("roc/{set}_survivalROC_NNE_t{t}.csv")));
        tally.same("points", curve.points.len(), table.rows());
        // Its cuts ascend from -Inf, and positive is above them.
        let cuts = table
            .text("cut")
            .iter()
            .map(|cut| cut.parse().expect("a number"))
            .skip(1);
        for (point, cut) in curve.points.iter().skip(1).rev().zip(cuts) {
            tally.close(&format!("{set} cut"), point.threshold, cut, 1e-14);
        }
        for (point, (tp, fp)) in curve
            .points
            .iter()
            .rev()
            .zip(table.numbers("TP").into_iter().zip(table.numbers("FP")))
        {
            tally.close_to_scale(&format!("{set} TP at {}", point.threshold), point.tpr, tp, 1.0, 1e-13);
            tally.close_to_scale(&format!("{set} FP at {}", point.threshold), point.fpr, fp, 1.0, 1e-13);
        }
    }
    tally.finish("conditional_roc");
}

/// The Kaplan-Meier estimator beyond t of the rows for which `keep` holds.
fn survival(rows: &[(u8, bool, u8)], t: f64, keep: impl Fn(u8) -> bool) -> f64 {
    let count = |f: &dyn Fn(&(u8, bool, u8)) -> bool| rows.iter().filter(|row| keep(row.2) && f(row)).count() as f64;
    (0..=12u8)
        .filter(|&u| f64::from(u) <= t)
        .map(|u| (count(&|row| row.0 == u && row.1), count(&|row| row.0 >= u)))
        .filter(|(events, _)| *events > 0.0)
        .map(|(events, at_risk)| 1.0 - events / at_risk)
        .product()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn curves_follow_the_definition(
        rows in prop::collection::vec((1u8..12, any::<bool>(), 0u8..20), 1..40),
        t in 1u8..12,
        share in 0.01f64..1.0,
        seed in any::<u64>(),
    ) {
        let t = f64::from(t);
        let find = |rows: &[(u8, bool, u8)], method| {
            let time: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let event: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let marker: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
            let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            conditional_roc(&follow_up, &marker, &[t], method).expect("a curve").remove(0)
        };
        let count = rows.len() as f64;
        let mut markers: Vec<u8> = rows.iter().map(|row| row.2).collect();
        markers.sort_unstable();
        let k = (count * share + 0.5) as usize;
        let mut distinct = markers.clone();
        distinct.dedup();
        let near = |x: u8| {
            let first = markers.partition_point(|&other| other < x);
            let distance = markers[(first + k).min(markers.len() - 1)] - x;
            survival(&rows, t, |other| other.abs_diff(x) <= distance)
        };
        let neighbourhoods: Vec<f64> = rows.iter().map(|row| near(row.2)).collect();
        let pooled = survival(&rows, t, |_| true);
        let mean = neighbourhoods.iter().sum::<f64>() / count;
        let methods = [
            ConditionalSurvival::NearestNeighbours(Span::new(share).expect("a span")),
            ConditionalSurvival::KaplanMeier,
        ];
        for method in methods {
            let found = find(&rows, method);
            let other_order = find(&shuffled(&rows, seed), method);
            prop_assert_eq!(format!("{found:?}"), format!("{other_order:?}"));
            prop_assert_eq!(found.points.len(), distinct.len() + 1);
            prop_assert!((found.survival - pooled).abs() < 1e-14);
            let all = if method == ConditionalSurvival::KaplanMeier { pooled } else { mean };
            prop_assert_eq!(found.auc.is_nan(), all <= 0.0 || all >= 1.0);
            if found.auc.is_nan() {
                continue;
            }
            let inner = 1..found.points.len() - 1;
            for point in &found.points[inner] {
                let above = |row: &&(u8, bool, u8)| f64::from(row.2) >= point.threshold;
                let share = rows.iter().filter(above).count() as f64 / count;
                let surviving = match method {
                    ConditionalSurvival::KaplanMeier => {
                        share * survival(&rows, t, |x| f64::from(x) >= point.threshold)
                    }
                    ConditionalSurvival::NearestNeighbours(_) => {
                        let of_rows = rows.iter().zip(&neighbourhoods);
                        of_rows.filter(|(row, _)| above(row)).map(|(_, survival)| survival).sum::<f64>() / count
                    }
                };
                prop_assert!((point.tpr - (share - surviving) / (1.0 - all)).abs() < 1e-11);
                prop_assert!((point.fpr - surviving / all).abs() < 1e-11);
            }
        }
    }
}

#[test]
fn degenerate_rows_have_an_answer() {
    let (time, marker) = ([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]);
    for method in [
        ConditionalSurvival::NearestNeighbours(Span::for_rows(3)),
        ConditionalSurvival::KaplanMeier,
    ] {
        let find = |event: [bool; 3], marker: [f64; 3], t: f64| {
            let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            conditional_roc(&follow_up, &marker, &[t], method)
                .expect("a curve")
                .remove(0)
        };
        // Nobody has the event; before the first; nobody survives.
        for (event, t, survival) in [([false; 3], 2.0, 1.0), ([true; 3], 0.5, 1.0), ([true; 3], 3.0, 0.0)] {
            let found = find(event, marker, t);
            assert!(found.auc.is_nan() && found.survival == survival);
            assert_eq!((found.points[0].tpr, found.points[0].fpr), (0.0, 0.0));
            assert_eq!(
                (found.points[3].tpr, found.points[3].fpr, found.points[3].threshold),
                (1.0, 1.0, 1.0)
            );
        }
        let constant = find([true; 3], [1.0; 3], 1.5);
        assert_eq!((constant.auc, constant.points.len()), (0.5, 2));
        let one = FollowUp::right_censored(&[1.0], &[true]).expect("follow-up");
        assert!(
            conditional_roc(&one, &[1.0], &[1.0], method).expect("a curve")[0]
                .auc
                .is_nan()
        );
        let follow_up = FollowUp::right_censored(&time, &[true; 3]).expect("follow-up");
        for t in [0.0, -2.0, f64::NAN] {
            assert!(matches!(
                conditional_roc(&follow_up, &marker, &[t], method),
                Err(SurvivalError::Parameter { parameter: "time", .. })
            ));
        }
        let weighted = follow_up.with_weights(&[1.0, 2.0, 1.0]).expect("weights");
        assert!(conditional_roc(&weighted, &marker, &[1.0], method).is_err());
        assert!(conditional_roc(&follow_up, &[f64::NAN; 3], &[1.0], method).is_err());
    }
    for span in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(matches!(
            Span::new(span),
            Err(SurvivalError::Parameter { parameter: "span", .. })
        ));
    }
    assert_eq!(Span::for_rows(0).share(), 0.25);
}
