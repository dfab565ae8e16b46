//! Survival curves and their quantiles against R's `survfit`.

mod common;

use common::{Table, Tally, outcome, reference};
use radsql_survival::{ConfidenceLevel, ConfidenceType, FollowUp, KaplanMeier, kaplan_meier};

const TYPES: [(ConfidenceType, &str, &str); 3] = [
    (ConfidenceType::Log, "log", "log"),
    (ConfidenceType::LogLog, "log-log", "loglog"),
    (ConfidenceType::Plain, "plain", "plain"),
];

/// File name, set, grouping column.
const CURVES: [(&str, &str, Option<&str>); 13] = [
    ("crlm_dfs_all", "crlm_dfs", None),
    ("crlm_dfs_by_clinrisk_score", "crlm_dfs", Some("clinrisk_score")),
    (
        "crlm_dfs_by_clinrisk_stratified",
        "crlm_dfs",
        Some("clinrisk_stratified"),
    ),
    ("crlm_os_all", "crlm_os", None),
    ("crlm_os_by_clinrisk_score", "crlm_os", Some("clinrisk_score")),
    ("crlm_os_by_clinrisk_stratified", "crlm_os", Some("clinrisk_stratified")),
    ("lung_all", "lung", None),
    ("lung_by_ph.ecog", "lung", Some("ph.ecog")),
    ("lung_by_sex", "lung", Some("sex")),
    ("ovarian_all", "ovarian", None),
    ("ovarian_by_ecog.ps", "ovarian", Some("ecog.ps")),
    ("ovarian_by_rx", "ovarian", Some("rx")),
    ("tiny1_all", "tiny1", None),
];

fn curve(table: &Table, set: &str, by: Option<&str>, group: &str, confidence_type: ConfidenceType) -> KaplanMeier {
    let (_, time, event) = outcome(set);
    let rows = match by {
        Some(by) => {
            let wanted: f64 = group.parse().expect("a number");
            let groups = table.numbers(by);
            table.filter(|row| groups[row] == wanted)
        }
        None => table.clone(),
    };
    let (time, event) = (rows.numbers(time), rows.events(event));
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    kaplan_meier(&follow_up, ConfidenceLevel::default(), confidence_type).expect("a curve")
}

fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

#[test]
fn curves_and_quantiles_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for (file, set, by) in CURVES.into_iter().chain([("tiny1_by_x", "tiny1", Some("x"))]) {
        let table = Table::read(&folder.join(format!("data/{}.csv", outcome(set).0)));
        let expected = Table::read(&folder.join(format!("km/{file}.csv")));
        let medians = Table::read(&folder.join(format!("km/{file}_median.csv")));
        for (confidence_type, name, suffix) in TYPES {
            compare_steps(&mut tally, &format!("{file} {name}"), &expected, suffix, |group| {
                curve(&table, set, by, group, confidence_type)
            });
            for row in (0..medians.rows()).filter(|&row| medians.text("conf_type")[row] == name) {
                let group = &medians.text("group")[row];
                let curve = curve(&table, set, by, group, confidence_type);
                let label = format!("{file} {name} {group}");
                tally.same(&format!("{label} n"), curve.n, medians.numbers("n")[row] as usize);
                tally.same(
                    &format!("{label} events"),
                    curve.events,
                    medians.numbers("events")[row] as usize,
                );
                for (probability, columns) in [
                    (0.25, ["q25", "q25_lo", "q25_hi"]),
                    (0.5, ["median", "med_lo", "med_hi"]),
                    (0.75, ["q75", "q75_lo", "q75_hi"]),
                ] {
                    let quantile = curve.quantile(probability).expect("a quantile");
                    for (column, found) in columns.iter().zip([quantile.time, quantile.lower, quantile.upper]) {
                        let expected = medians.numbers(column)[row];
                        tally.close(&format!("{label} {column}"), or_nan(found), expected, 1e-14);
                    }
                }
                assert_eq!(curve.median(), curve.quantile(0.5).expect("a median"));
            }
        }
    }
    tally.finish("survfit");
}

fn compare_steps(
    tally: &mut Tally,
    label: &str,
    expected: &Table,
    suffix: &str,
    curve_of: impl Fn(&str) -> KaplanMeier,
) {
    let names = expected.text("group");
    let (lower, upper) = (
        expected.numbers(&format!("lo_{suffix}")),
        expected.numbers(&format!("hi_{suffix}")),
    );
    let mut row = 0;
    while row < expected.rows() {
        let group = &names[row];
        let curve = curve_of(group);
        let rows = names.iter().filter(|name| *name == group).count();
        tally.same(&format!("{label} {group} steps"), curve.steps.len(), rows);
        for step in &curve.steps {
            let label = format!("{label} {group} t={}", step.time);
            let column = |name: &str| expected.numbers(name)[row];
            tally.close(&format!("{label} time"), step.time, column("time"), 1e-15);
            tally.close(&format!("{label} n_risk"), step.n_risk, column("n_risk"), 0.0);
            tally.close(&format!("{label} n_event"), step.n_event, column("n_event"), 0.0);
            tally.close(&format!("{label} n_censor"), step.n_censor, column("n_censor"), 0.0);
            tally.close(&format!("{label} survival"), step.survival, column("surv"), 1e-13);
            tally.close(&format!("{label} se"), or_nan(step.se), column("se_surv"), 1e-13);
            tally.close_to_scale(&format!("{label} lower"), or_nan(step.lower), lower[row], 1.0, 1e-13);
            tally.close_to_scale(&format!("{label} upper"), or_nan(step.upper), upper[row], 1.0, 1e-13);
            row += 1;
        }
    }
}

/// Six rows worked by hand: S(1) = 5/6, S(6) = 5/6 * 2/4, S(9) = 0.
#[test]
fn a_curve_worked_by_hand() {
    let time = [1.0, 1.0, 6.0, 6.0, 8.0, 9.0];
    let event = [true, false, true, true, false, true];
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    let curve = kaplan_meier(&follow_up, ConfidenceLevel::default(), ConfidenceType::Plain).expect("a curve");
    let survival: Vec<f64> = curve.steps.iter().map(|step| step.survival).collect();
    let expected = [5.0 / 6.0, 5.0 / 12.0, 5.0 / 12.0, 0.0];
    assert!(
        survival
            .iter()
            .zip(expected)
            .all(|(found, expected)| (found - expected).abs() < 1e-15)
    );
    assert_eq!(curve.median().time, Some(6.0));
    assert_eq!(curve.quantile(1.0).expect("a quantile").time, Some(9.0));
    assert_eq!(curve.quantile(0.0).expect("a quantile").time, Some(0.0));
}

/// On a flat stretch at the level asked for, the middle is taken; at the curve's end that of the last stretch.
#[test]
fn quantiles_on_a_flat_stretch() {
    let event = [true, true, true, true];
    let follow_up = FollowUp::right_censored(&[1.0, 2.0, 4.0, 5.0], &event).expect("follow-up");
    let curve = kaplan_meier(&follow_up, ConfidenceLevel::default(), ConfidenceType::Log).expect("a curve");
    assert_eq!(curve.median().time, Some(3.0));
    let event = [true, true, false, false];
    let follow_up = FollowUp::right_censored(&[1.0, 2.0, 4.0, 6.0], &event).expect("follow-up");
    let curve = kaplan_meier(&follow_up, ConfidenceLevel::default(), ConfidenceType::Log).expect("a curve");
    assert_eq!(curve.median().time, Some(4.0));
    assert_eq!(curve.quantile(0.75).expect("a quantile").time, None);
}

/// Intervals that only cut each row's follow-up in two change nothing; weights of 2 are rows twice.
#[test]
fn intervals_and_weights() {
    let time = [3.0, 5.0, 5.0, 8.0, 9.0];
    let event = [true, true, false, true, false];
    let whole = FollowUp::right_censored(&time, &event).expect("follow-up");
    let level = ConfidenceLevel::default();
    let curve = kaplan_meier(&whole, level, ConfidenceType::Log).expect("a curve");

    let start: Vec<f64> = std::iter::repeat_n(0.0, 5)
        .chain(time.iter().map(|time| time / 2.0))
        .collect();
    let stop: Vec<f64> = time.iter().map(|time| time / 2.0).chain(time).collect();
    let cut_event: Vec<bool> = std::iter::repeat_n(false, 5).chain(event).collect();
    let cut = FollowUp::intervals(&start, &stop, &cut_event).expect("follow-up");
    let cut = kaplan_meier(&cut, level, ConfidenceType::Log).expect("a curve");
    for step in curve.steps.iter().filter(|step| step.n_event > 0.0) {
        let other = cut
            .steps
            .iter()
            .find(|other| other.time == step.time)
            .expect("the same time");
        assert_eq!(
            (step.n_risk, step.survival, step.lower),
            (other.n_risk, other.survival, other.lower)
        );
    }

    let weighted = whole.with_weights(&[2.0; 5]).expect("weights");
    let weighted = kaplan_meier(&weighted, level, ConfidenceType::Log).expect("a curve");
    let twice_time = [time, time].concat();
    let twice_event = [event, event].concat();
    let twice = FollowUp::right_censored(&twice_time, &twice_event).expect("follow-up");
    assert_eq!(
        weighted.steps,
        kaplan_meier(&twice, level, ConfidenceType::Log).expect("a curve").steps
    );
}
