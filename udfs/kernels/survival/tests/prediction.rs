//! Brier scores against riskRegression and pec, calibration and decision curves against R's survfit and coxph.

mod common;

use std::path::{Path, PathBuf};

use common::{Table, Tally, json, list, number, reference};
use radsql_survival::{
    Bins, BrierScore, ConfidenceLevel, ConfidenceType, FollowUp, Prediction, SurvivalError, brier_score, calibration,
    compare_brier_scores, decision_curve,
};
use serde_json::Value;

/// Set, and the time of its calibration and decision curves.
const SETS: [(&str, f64); 2] = [("lung", 365.5), ("crlm_os", 24.0)];

fn golden() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("a root");
    root.join("tests/golden/survival/prediction")
}

fn level() -> ConfidenceLevel {
    ConfidenceLevel::default()
}

fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

fn label_of(time: f64) -> String {
    format!("S_t{time}")
}

#[test]
fn scores_equal_risk_regression_on_reference_data() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for (set, _) in SETS {
        let table = Table::read(&folder.join(format!("roc/{set}_input.csv")));
        let expected = &json(&folder.join(format!("roc/{set}.json")))["Score_Brier"];
        let (stop, event) = (table.numbers("time"), table.events("status"));
        let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
        let all = list(&expected["times"]);
        let times = &all[..all.len() / 2];
        let columns: Vec<Vec<f64>> = times.iter().map(|&time| table.numbers(&label_of(time))).collect();
        let survival: Vec<Prediction<'_>> = columns.iter().map(|column| Prediction::Survival(column)).collect();
        let scores = brier_score(&follow_up, times, &survival, level()).expect("scores");
        for (place, score) in scores.iter().enumerate() {
            let label = format!("{set} {}", score.time);
            let of = |name: &str, row: usize| list(&expected[name])[row];
            let cox = times.len() + place;
            tally.close(&format!("{label} brier"), score.brier, of("Brier", cox), 1e-11);
            tally.close(&format!("{label} se"), score.se, of("se", cox), 1e-10);
            tally.close(&format!("{label} lower"), score.lower, of("lower", cox), 1e-10);
            tally.close(&format!("{label} upper"), score.upper, of("upper", cox), 1e-10);
            tally.close(&format!("{label} integrated"), score.integrated, of("IBS", cox), 1e-11);
            tally.close(&format!("{label} null"), score.null, of("Brier", place), 1e-11);
            tally.close(&format!("{label} null se"), score.null_se, of("se", place), 1e-10);
            tally.close(
                &format!("{label} null integrated"),
                score.integrated_null,
                of("IBS", place),
                1e-11,
            );
        }
    }
    tally.finish("riskRegression's Score of the reference data");
}

/// Survival by a Cox model with Efron's baseline hazard, by its definition.
fn cox_survival(stop: &[f64], event: &[bool], lp: &[f64], time: f64) -> Vec<f64> {
    let mut hazard = 0.0;
    let mut done: Vec<f64> = Vec::new();
    for (&at, _) in stop
        .iter()
        .zip(event)
        .filter(|(at, event)| **event && **at <= time + 1e-9)
    {
        if done.iter().any(|other| (other - at).abs() < 1e-7) {
            continue;
        }
        done.push(at);
        let risk = |keep: &dyn Fn(usize) -> bool| -> f64 {
            (0..stop.len()).filter(|&row| keep(row)).map(|row| lp[row].exp()).sum()
        };
        let dies = |row: usize| event[row] && (stop[row] - at).abs() < 1e-7;
        let at_risk = risk(&|row| stop[row] >= at - 1e-7);
        let own = risk(&dies);
        let count = (0..stop.len()).filter(|&row| dies(row)).count();
        hazard += (0..count)
            .map(|k| 1.0 / (at_risk - own * k as f64 / count as f64))
            .sum::<f64>();
    }
    lp.iter().map(|lp| (-hazard * lp.exp()).exp()).collect()
}

#[test]
fn error_curves_and_their_integrals_equal_pec() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for (set, _) in SETS {
        let table = Table::read(&folder.join(format!("roc/{set}_input.csv")));
        let expected = &json(&folder.join(format!("roc/{set}.json")))["pec"];
        let (stop, event, lp) = (table.numbers("time"), table.events("status"), table.numbers("lp"));
        let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
        // pec begins with time 0, twice.
        let first = list(&expected["times"]).iter().filter(|time| **time == 0.0).count();
        let of = |name: &str| list(&expected[name])[first..].to_vec();
        let times = of("times");
        let columns: Vec<Vec<f64>> = times
            .iter()
            .map(|&time| cox_survival(&stop, &event, &lp, time))
            .collect();
        let survival: Vec<Prediction<'_>> = columns.iter().map(|column| Prediction::Survival(column)).collect();
        let scores = brier_score(&follow_up, &times, &survival, level()).expect("scores");
        for (place, score) in scores.iter().enumerate() {
            let label = format!("{set} {}", score.time);
            tally.close(&format!("{label} null"), score.null, of("app_err_ref")[place], 1e-9);
            tally.close(&format!("{label} cox"), score.brier, of("app_err_cox")[place], 1e-9);
        }
        let last = number(&expected["crps_tmax"]);
        let at_last = scores.iter().find(|score| score.time == last).expect("the last time");
        let crps = list(&expected["crps"]);
        tally.close(&format!("{set} crps null"), at_last.integrated_null, crps[0], 1e-9);
        tally.close(&format!("{set} crps cox"), at_last.integrated, crps[1], 1e-9);
    }
    tally.finish("pec's error curves and crps");
}

/// The made data and their predictions.
struct Made {
    stop: Vec<f64>,
    event: Vec<bool>,
    risks: [Vec<Vec<f64>>; 2],
    answers: Value,
}

impl Made {
    fn read() -> Self {
        let table = Table::read(&golden().join("data.csv"));
        let columns = |model: &str| (1..=4).map(|time| table.numbers(&format!("{model}{time}"))).collect();
        Self {
            stop: table.numbers("time"),
            event: table.events("status"),
            risks: [columns("a"), columns("b")],
            answers: json(&golden().join("prediction.json")),
        }
    }

    fn follow_up(&self) -> FollowUp<'_> {
        FollowUp::right_censored(&self.stop, &self.event).expect("follow-up")
    }

    fn predictions(&self, model: usize) -> Vec<Prediction<'_>> {
        self.risks[model].iter().map(|risk| Prediction::Risk(risk)).collect()
    }

    fn times(&self) -> Vec<f64> {
        list(&self.answers["times"])
    }
}

#[test]
fn scores_and_their_differences_equal_risk_regression() {
    let made = Made::read();
    let mut tally = Tally::default();
    for (model, name) in [(0, "a"), (1, "b")] {
        let scores = brier_score(&made.follow_up(), &made.times(), &made.predictions(model), level()).expect("scores");
        let expected = &made.answers[name];
        let null = &made.answers["null"];
        let check = |tally: &mut Tally, expected: &Value, column: &str, of: fn(&BrierScore) -> f64| {
            for (score, expected) in scores.iter().zip(list(&expected[column])) {
                tally.close(&format!("{name} {column} {}", score.time), of(score), expected, 1e-11);
            }
        };
        check(&mut tally, expected, "Brier", |score| score.brier);
        check(&mut tally, expected, "se", |score| score.se);
        check(&mut tally, expected, "lower", |score| score.lower);
        check(&mut tally, expected, "upper", |score| score.upper);
        check(&mut tally, expected, "IBS", |score| score.integrated);
        check(&mut tally, expected, "IPA", |score| score.ipa);
        check(&mut tally, null, "Brier", |score| score.null);
        check(&mut tally, null, "se", |score| score.null_se);
        check(&mut tally, null, "IBS", |score| score.integrated_null);
    }
    let (a, b) = (made.predictions(0), made.predictions(1));
    let found = compare_brier_scores(&made.follow_up(), &made.times(), &b, &a, level()).expect("differences");
    let expected = &made.answers["b_less_a"];
    for (place, difference) in found.iter().enumerate() {
        for (column, found) in [
            ("delta.Brier", difference.difference),
            ("se", difference.se),
            ("lower", difference.lower),
            ("upper", difference.upper),
            ("p", difference.p),
        ] {
            let label = format!("b less a {column} {}", difference.time);
            tally.close(&label, found, list(&expected[column])[place], 1e-10);
        }
    }
    tally.finish("riskRegression's Score of the made data");
}

#[test]
fn calibration_equals_r() {
    let made = Made::read();
    let mut tally = Tally::default();
    for (model, name, bins) in [(0, "a", 4), (1, "b", 10)] {
        let expected = &made.answers["calibration"][name];
        let bins = Bins::new(bins).expect("bins");
        let prediction = Prediction::Risk(&made.risks[model][2]);
        let found = calibration(
            &made.follow_up(),
            17.5,
            prediction,
            bins,
            level(),
            ConfidenceType::LogLog,
        );
        let found = found.expect("a calibration");
        tally.same("bins", found.bins.len(), list(&expected["n"]).len());
        for (place, bin) in found.bins.iter().enumerate() {
            for (column, found) in [
                ("n", bin.n as f64),
                ("events", bin.events as f64),
                ("mean_predicted", bin.mean_predicted),
                ("observed", bin.observed),
                ("se", or_nan(bin.se)),
                ("lower", or_nan(bin.lower)),
                ("upper", or_nan(bin.upper)),
            ] {
                let label = format!("{name} {column} of bin {}", bin.bin);
                tally.close(&label, found, list(&expected[column])[place], 1e-12);
            }
        }
        for (column, found, tolerance) in [
            ("oe", found.overall.ratio, 1e-12),
            ("oe_lower", found.overall.lower, 1e-12),
            ("oe_upper", found.overall.upper, 1e-12),
            ("slope", found.slope.slope, 1e-8),
            ("slope_se", found.slope.se, 1e-8),
            ("gnd", found.gnd.chi2, 1e-11),
            ("gnd_p", found.gnd.p, 1e-10),
        ] {
            tally.close(&format!("{name} {column}"), found, number(&expected[column]), tolerance);
        }
        tally.same("df", found.gnd.df, found.bins.len() - 1);
    }
    tally.finish("calibration of the made data");
}

#[test]
fn decision_curves_equal_r() {
    let made = Made::read();
    let mut tally = Tally::default();
    for (model, name) in [(0, "a"), (1, "b")] {
        let expected = &made.answers["decision"][name];
        let thresholds = list(&expected["thresholds"]);
        let prediction = Prediction::Risk(&made.risks[model][2]);
        let found = decision_curve(&made.follow_up(), 17.5, prediction, &thresholds).expect("a decision curve");
        for (place, point) in found.points.iter().enumerate() {
            let of = |column: &str| list(&expected[column])[place];
            let label = format!("{name} {}", point.threshold);
            tally.same(&label, point.positives, of("positives") as usize);
            tally.close_to_scale(&format!("{label} model"), point.net_benefit, of("model"), 1.0, 1e-13);
            tally.close(&format!("{label} all"), point.net_benefit_all, of("all"), 1e-12);
            let odds = point.threshold / (1.0 - point.threshold);
            let avoided = (of("model") - of("all")) / odds;
            tally.close(&format!("{label} avoided"), point.interventions_avoided, avoided, 1e-11);
            tally.close(&label, point.standardised, point.net_benefit / found.risk, 1e-15);
        }
    }
    tally.finish("decision curves of the made data");
}

#[test]
fn reference_calibration_and_decision_curves_equal() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for (set, time) in SETS {
        let table = Table::read(&folder.join(format!("roc/{set}_input.csv")));
        let (stop, event) = (table.numbers("time"), table.events("status"));
        let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
        let survival = table.numbers(&label_of(time));
        let prediction = Prediction::Survival(&survival);
        let expected = Table::read(&folder.join(format!("roc/{set}_calibration_t{time}.csv")));
        let bins = Bins::new(expected.rows()).expect("bins");
        let found = calibration(&follow_up, time, prediction, bins, level(), ConfidenceType::Log).expect("bins");
        tally.same(set, found.bins.len(), expected.rows());
        for (row, bin) in found.bins.iter().enumerate() {
            for (column, found) in [
                ("bin", f64::from(bin.bin)),
                ("n", bin.n as f64),
                ("mean_pred", bin.mean_predicted),
                ("obs", bin.observed),
                ("lo", or_nan(bin.lower)),
                ("hi", or_nan(bin.upper)),
            ] {
                tally.close_to_scale(
                    &format!("{set} {column} {row}"),
                    found,
                    expected.numbers(column)[row],
                    1.0,
                    1e-12,
                );
            }
        }
        // These predictions are a Cox model's on its own data.
        tally.close(&format!("{set} slope"), found.slope.slope, 1.0, 1e-6);

        let expected = Table::read(&folder.join(format!("roc/{set}_dca_t{time}.csv")));
        let thresholds = expected.numbers("threshold");
        let found = decision_curve(&follow_up, time, prediction, &thresholds).expect("a decision curve");
        for (row, point) in found.points.iter().enumerate() {
            let label = format!("{set} {}", point.threshold);
            let of = |column: &str| expected.numbers(column)[row];
            tally.same(&label, point.positives, of("n_pos") as usize);
            tally.close_to_scale(&format!("{label} model"), point.net_benefit, of("nb_model"), 1.0, 1e-12);
            tally.close_to_scale(&format!("{label} all"), point.net_benefit_all, of("nb_all"), 1.0, 1e-12);
        }
    }
    tally.finish("reference calibration and decision curves");
}

#[test]
fn order_of_rows_changes_no_bit() {
    let made = Made::read();
    let rows = made.stop.len();
    // A step that shares no divisor with the number of rows visits each once.
    let order: Vec<usize> = (0..rows).map(|place| (place * 47 + 11) % rows).collect();
    fn pick<T: Copy>(values: &[T], order: &[usize]) -> Vec<T> {
        order.iter().map(|&row| values[row]).collect()
    }
    let shuffled = Made {
        stop: pick(&made.stop, &order),
        event: pick(&made.event, &order),
        risks: made
            .risks
            .clone()
            .map(|model| model.iter().map(|risk| pick(risk, &order)).collect()),
        answers: made.answers.clone(),
    };
    let answers = |made: &Made| {
        let (times, follow_up) = (made.times(), made.follow_up());
        let (a, b) = (made.predictions(0), made.predictions(1));
        let scores = brier_score(&follow_up, &times, &a, level()).expect("scores");
        let differences = compare_brier_scores(&follow_up, &times, &a, &b, level()).expect("differences");
        let bins = calibration(&follow_up, 10.0, a[1], Bins::default(), level(), ConfidenceType::Log).expect("bins");
        let curve = decision_curve(&follow_up, 10.0, a[1], &[0.2, 0.4]).expect("a curve");
        (scores, differences, bins, curve)
    };
    // By their text, in which NaN equals NaN and every bit shows.
    assert_eq!(format!("{:?}", answers(&made)), format!("{:?}", answers(&shuffled)));
}

#[test]
fn degenerate_predictions() {
    let event = [true, false, true, false];
    let follow_up = FollowUp::right_censored(&[1.0, 2.0, 3.0, 4.0], &event).expect("follow-up");
    let half = [0.5; 4];
    let equal = Prediction::Risk(&half);

    // Beyond the last time nothing is known; at it no row is left, and cases alone are scored.
    let scores = brier_score(&follow_up, &[0.0, 4.0, 5.0], &[equal; 3], level()).expect("scores");
    assert!(scores[2].brier.is_nan() && scores[2].se.is_nan() && scores[2].lower.is_nan() && scores[2].null.is_nan());
    // At 3 half of those not censored are left: 0.25 (1 + 1 / (2 / 3)) / 4.
    assert!((scores[1].brier - 0.25 * (1.0 + 1.5) / 4.0).abs() < 1e-15);
    assert_eq!((scores[0].brier, scores[0].null), (0.25, 0.0));
    assert!(scores[0].ipa.is_nan() && scores[0].integrated.is_nan());
    let same = compare_brier_scores(&follow_up, &[2.5], &[equal], &[equal], level()).expect("a difference");
    assert_eq!((same[0].difference, same[0].se), (0.0, 0.0));
    assert!(same[0].p.is_nan());

    // One row.
    let one = FollowUp::right_censored(&[3.0], &[true]).expect("follow-up");
    let score = brier_score(&one, &[3.0], &[Prediction::Risk(&[0.75])], level()).expect("a score")[0];
    assert_eq!((score.brier, score.null), (0.0625, 0.0));
    assert!(score.se.is_nan() && score.ipa.is_nan());
    let found = calibration(
        &one,
        2.0,
        Prediction::Risk(&[0.75]),
        Bins::default(),
        level(),
        ConfidenceType::Log,
    );
    let found = found.expect("a calibration");
    assert_eq!((found.bins.len(), found.bins[0].observed, found.gnd.df), (1, 0.0, 0));
    assert!(found.slope.slope.is_nan() && found.overall.lower.is_nan());

    // No events, and all predictions equal: one bin, no slope, no test.
    let censored = FollowUp::right_censored(&[2.0; 4], &[false; 4]).expect("follow-up");
    let found = calibration(&censored, 1.0, equal, Bins::default(), level(), ConfidenceType::Log).expect("bins");
    assert_eq!((found.bins.len(), found.bins[0].n, found.overall.ratio), (1, 4, 0.0));
    assert!(found.slope.slope.is_nan() && found.gnd.p.is_nan() && found.overall.upper.is_nan());
    let scores = brier_score(&censored, &[1.0], &[equal], level()).expect("scores");
    assert_eq!((scores[0].brier, scores[0].null, scores[0].se), (0.25, 0.0, 0.0));
    let curve = decision_curve(&censored, 1.0, equal, &[0.5, 0.6]).expect("a curve");
    assert_eq!(
        (curve.risk, curve.points[0].net_benefit, curve.points[1].positives),
        (0.0, -1.0, 0)
    );
    assert!(curve.points[0].standardised.is_nan() && curve.points[1].net_benefit == 0.0);
    // Time beyond follow-up: the last estimate goes on, and is told of.
    let curve = decision_curve(&follow_up, 9.0, equal, &[0.5, 0.6]).expect("a curve");
    assert_eq!((curve.points[0].beyond, curve.points[1].beyond), (true, false));
    let found = calibration(&follow_up, 9.0, equal, Bins::default(), level(), ConfidenceType::Log).expect("bins");
    assert!(found.bins[0].beyond);
    // Certain predictions have no log hazard.
    let certain = Prediction::Risk(&[0.0, 0.5, 0.5, 1.0]);
    let found = calibration(&follow_up, 2.5, certain, Bins::default(), level(), ConfidenceType::Log).expect("bins");
    assert!(found.slope.slope.is_nan() && found.overall.ratio.is_finite());
}

#[test]
fn wrong_predictions_are_errors() {
    let event = [true, false, true];
    let follow_up = FollowUp::right_censored(&[1.0, 2.0, 3.0], &event).expect("follow-up");
    let good = Prediction::Risk(&[0.1, 0.2, 0.3]);
    let score = |times: &[f64], predictions: &[Prediction<'_>]| brier_score(&follow_up, times, predictions, level());
    for bad in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        let values = [0.1, bad, 0.3];
        for prediction in [Prediction::Risk(&values), Prediction::Survival(&values)] {
            let wrong = |error| matches!(error, SurvivalError::Probability { row: 1, .. });
            assert!(score(&[2.0], &[prediction]).is_err_and(wrong));
            assert!(decision_curve(&follow_up, 2.0, prediction, &[0.5]).is_err_and(wrong));
            let bins = calibration(
                &follow_up,
                2.0,
                prediction,
                Bins::default(),
                level(),
                ConfidenceType::Log,
            );
            assert!(bins.is_err_and(wrong));
        }
    }
    assert_eq!(
        score(&[1.0, 2.0], &[good]),
        Err(SurvivalError::Predictions { found: 1, times: 2 })
    );
    let short = Prediction::Risk(&[0.1]);
    assert!(matches!(score(&[1.0], &[short]), Err(SurvivalError::Length { .. })));
    for times in [[2.0, 1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, f64::NAN]] {
        assert!(matches!(
            score(&times, &[good; 2]),
            Err(SurvivalError::Parameter { .. })
        ));
    }
    for threshold in [0.0, 1.0, f64::NAN] {
        let curve = decision_curve(&follow_up, 2.0, good, &[threshold]);
        assert!(matches!(curve, Err(SurvivalError::Parameter { .. })));
    }
    assert!(Bins::new(0).is_err() && Bins::new(1001).is_err());
    let weighted = follow_up.with_weights(&[1.0; 3]).expect("weights");
    let refused = |error| matches!(error, SurvivalError::Unsupported { .. });
    assert!(brier_score(&weighted, &[1.0], &[good], level()).is_err_and(refused));
    assert!(decision_curve(&weighted, 1.0, good, &[0.5]).is_err_and(refused));
    let late = FollowUp::intervals(&[0.0; 3], &[1.0, 2.0, 3.0], &event).expect("follow-up");
    let bins = calibration(&late, 1.0, good, Bins::default(), level(), ConfidenceType::Log);
    assert!(bins.is_err_and(refused));
}
