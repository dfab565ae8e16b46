//! Incident/dynamic areas against risksetROC, and against all pairs.

mod common;

use common::{Table, Tally, json, list, number, reference, shuffled};
use proptest::prelude::*;
use radsql_survival::{FollowUp, HazardRatio, Span, SurvivalError, incident_auc, incident_roc};

#[test]
fn areas_equal_riskset_roc() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    let span = Span::new(0.4).expect("a span");
    for set in ["lung", "crlm_os"] {
        let expected = json(&folder.join(format!("roc/{set}.json")));
        let input = Table::read(&folder.join(format!("roc/{set}_input.csv")));
        let (time, event, lp) = (input.numbers("time"), input.events("status"), input.numbers("lp"));
        let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
        // risksetROC orders rows of equal risk as they come. So do these, for coefficients above and below 0.
        let in_row_order = |direction: f64| -> Vec<f64> {
            let numbered = lp.iter().zip(0..);
            numbered
                .map(|(lp, row)| lp + direction * f64::from(row) * 1e-13)
                .collect()
        };
        let ascending = in_row_order(1.0);
        let descending = in_row_order(-1.0);
        for (name, hazard_ratio) in [
            ("Cox", HazardRatio::Proportional),
            ("Schoenfeld", HazardRatio::SmoothedResiduals(span)),
            ("LocalCox", HazardRatio::LocalLikelihood(span)),
        ] {
            let expected = &expected["risksetAUC"][name];
            let tmax = Some(number(&expected["tmax"]));
            let found = incident_auc(&follow_up, &ascending, hazard_ratio, tmax).expect("areas");
            let below = incident_auc(&follow_up, &descending, hazard_ratio, tmax).expect("areas");
            let columns = ["utimes", "St", "AUC"].map(|column| list(&expected[column]));
            tally.same(&format!("{set} {name} times"), found.points.len(), columns[0].len());
            for (place, (point, below)) in found.points.iter().zip(&below.points).enumerate() {
                let point = if point.coefficient < 0.0 { below } else { point };
                let label = |what: &str| format!("{set} {name} {what} at {}", point.time);
                tally.close(&label("time"), point.time, columns[0][place], 1e-13);
                tally.close(&label("S"), point.survival, columns[1][place], 1e-12);
                tally.close(&label("AUC"), point.auc, columns[2][place], 1e-8);
            }
            // The two orders of equal rows differ in the area where the coefficient is below 0, and so in the mean.
            let (mut moved, mut weights, mut before) = (0.0, 0.0, 1.0);
            for (point, below) in found.points.iter().zip(&below.points) {
                if tmax.is_some_and(|tmax| point.time <= tmax) {
                    let weight = (before - point.survival) * point.survival;
                    weights += weight;
                    moved += if point.coefficient < 0.0 {
                        weight * (below.auc - point.auc)
                    } else {
                        0.0
                    };
                    before = point.survival;
                }
            }
            let c_index = found.c_index + moved / weights;
            tally.close(&format!("{set} {name} C"), c_index, number(&expected["Cindex"]), 1e-8);
        }
        for (time, expected) in list(&expected["times"])
            .into_iter()
            .zip(list(&expected["CoxWeights_AUC"]))
        {
            let found = incident_roc(&follow_up, &ascending, time).expect("a curve");
            tally.close(&format!("{set} CoxWeights at {time}"), found.auc, expected, 1e-10);
        }
    }
    tally.finish("incident_auc");
}

type Row = (u8, bool, u8);

fn columns(rows: &[Row]) -> (Vec<f64>, Vec<bool>, Vec<f64>) {
    (
        rows.iter().map(|row| f64::from(row.0)).collect(),
        rows.iter().map(|row| row.1).collect(),
        rows.iter().map(|row| f64::from(row.2) / 3.0 - 1.0).collect(),
    )
}

/// The area at a time over all pairs at risk.
fn by_pairs(rows: &[Row], time: f64, coefficient: f64) -> f64 {
    let (times, event, marker) = columns(rows);
    let at_risk: Vec<usize> = (0..rows.len()).filter(|&row| times[row] >= time).collect();
    let risk = |row: usize| (coefficient * marker[row]).exp();
    let all: f64 = at_risk.iter().map(|&row| risk(row)).sum();
    let controls: Vec<usize> = at_risk
        .iter()
        .copied()
        .filter(|&row| times[row] != time || !event[row])
        .collect();
    let mut sum = 0.0;
    for &case in &at_risk {
        for &control in &controls {
            let (a, b) = (coefficient * marker[case], coefficient * marker[control]);
            sum += risk(case)
                * if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                };
        }
    }
    sum / all / controls.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn areas_are_those_of_pairs(
        rows in prop::collection::vec((1u8..9, any::<bool>(), 0u8..6), 2..30),
        seed in any::<u64>(),
    ) {
        let span = Span::new(0.6).expect("a span");
        let (time, event, marker) = columns(&rows);
        let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
        let other = columns(&shuffled(&rows, seed));
        let other_follow_up = FollowUp::right_censored(&other.0, &other.1).expect("follow-up");
        for hazard_ratio in [
            HazardRatio::Proportional,
            HazardRatio::SmoothedResiduals(span),
            HazardRatio::LocalLikelihood(span),
        ] {
            let found = incident_auc(&follow_up, &marker, hazard_ratio, None).expect("areas");
            let again = incident_auc(&other_follow_up, &other.2, hazard_ratio, None).expect("areas");
            prop_assert_eq!(format!("{found:?}"), format!("{again:?}"));
            let (mut sum, mut weights, mut before) = (0.0, 0.0, 1.0);
            for point in &found.points {
                // Separated markers have coefficients at which nearly every risk vanishes beside the largest.
                if point.coefficient.abs() > 15.0 {
                    return Ok(());
                }
                let expected = by_pairs(&rows, point.time, point.coefficient);
                prop_assert!(
                    point.auc.is_nan() && expected.is_nan() || (point.auc - expected).abs() < 1e-9,
                    "{} {}", point.auc, expected
                );
                let weight = (before - point.survival) * point.survival;
                before = point.survival;
                if weight > 0.0 {
                    sum += weight * point.auc;
                    weights += weight;
                }
            }
            let mean: f64 = sum / weights;
            prop_assert!(found.c_index.is_nan() && mean.is_nan() || (found.c_index - mean).abs() < 1e-12);
        }
        for t in [3.0, 3.5] {
            let found = incident_roc(&follow_up, &marker, t).expect("a curve");
            let expected = by_pairs(&rows, t, 1.0);
            prop_assert!(found.auc.is_nan() && expected.is_nan() || (found.auc - expected).abs() < 1e-12);
            let area: f64 = found
                .points
                .windows(2)
                .map(|pair| (pair[1].fpr - pair[0].fpr) * (pair[1].tpr + pair[0].tpr) / 2.0)
                .sum();
            prop_assert!(found.auc.is_nan() || (found.auc - area).abs() < 1e-12);
        }
    }
}

#[test]
fn degenerate_rows_have_an_answer() {
    let time = [1.0, 2.0, 3.0, 4.0];
    let marker = [4.0, 1.0, 3.0, 2.0];
    let span = Span::new(0.4).expect("a span");
    for hazard_ratio in [
        HazardRatio::Proportional,
        HazardRatio::SmoothedResiduals(span),
        HazardRatio::LocalLikelihood(span),
    ] {
        let find = |event: [bool; 4], marker: [f64; 4], tmax| {
            let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            incident_auc(&follow_up, &marker, hazard_ratio, tmax)
        };
        // No events; a constant marker; nobody without the event at the last time; no event up to tmax.
        let none = find([false; 4], marker, None).expect("areas");
        assert!(none.points.is_empty() && none.c_index.is_nan());
        let constant = find([true, false, true, false], [1.0; 4], None).expect("areas");
        assert!(constant.points.iter().all(|point| point.auc == 0.5) && constant.c_index == 0.5);
        let last = find([true; 4], marker, None).expect("areas");
        assert!(last.points[3].auc.is_nan() && last.points[3].survival == 0.0 && last.c_index.is_finite());
        assert!(find([true; 4], marker, Some(0.5)).expect("areas").c_index.is_nan());
        let one = FollowUp::right_censored(&[1.0], &[true]).expect("follow-up");
        assert!(
            incident_auc(&one, &[1.0], hazard_ratio, None).expect("areas").points[0]
                .auc
                .is_nan()
        );
        for tmax in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = find([true; 4], marker, Some(tmax));
            assert!(matches!(error, Err(SurvivalError::Parameter { parameter: "tmax", .. })));
        }
        let follow_up = FollowUp::right_censored(&time, &[true; 4]).expect("follow-up");
        let weighted = follow_up.with_weights(&[1.0, 2.0, 1.0, 1.0]).expect("weights");
        assert!(incident_auc(&weighted, &marker, hazard_ratio, None).is_err());
        assert!(incident_auc(&follow_up, &[f64::NAN; 4], hazard_ratio, None).is_err());
    }
    let follow_up = FollowUp::right_censored(&time, &[true; 4]).expect("follow-up");
    let beyond = incident_roc(&follow_up, &marker, 9.0).expect("a curve");
    assert!(beyond.auc.is_nan() && beyond.points.len() == 1);
    assert!(incident_roc(&follow_up, &marker, 0.0).is_err());
    // Predictors so large that their exponentials overflow.
    let large = incident_roc(&follow_up, &[4e3, 1e3, 3e3, 2e3], 1.0).expect("a curve");
    assert_eq!(large.auc, 1.0);
}
