//! Curves with weights, late entry and groups, cumulative hazards, restricted means and curves at given times, against R's
//! `survfit`.

mod common;

use std::path::{Path, PathBuf};

use common::{Table, Tally, json, list, number, outcome, reference};
use proptest::prelude::*;
use radsql_survival::{
    ConfidenceLevel, ConfidenceType, CumulativeHazard, FollowUp, HazardConfidence, HazardOptions, HazardType,
    KaplanMeier, SurvivalError, cumulative_hazard, kaplan_meier, kaplan_meier_by,
};
use serde_json::Value;

const TYPES: [(ConfidenceType, &str); 5] = [
    (ConfidenceType::Log, "log"),
    (ConfidenceType::LogLog, "log-log"),
    (ConfidenceType::Plain, "plain"),
    (ConfidenceType::Logit, "logit"),
    (ConfidenceType::ArcSine, "arcsin"),
];

fn golden() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("a root");
    root.join("tests/golden/survival/curves")
}

fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// The made data by column.
struct Made {
    start: Vec<f64>,
    stop: Vec<f64>,
    event: Vec<bool>,
    group: Vec<u32>,
    weight: Vec<f64>,
    fraction: Vec<f64>,
}

impl Made {
    fn read() -> Self {
        let table = Table::read(&golden().join("curves_data.csv"));
        Self {
            start: table.numbers("start"),
            stop: table.numbers("stop"),
            event: table.events("event"),
            group: table.codes("group"),
            weight: table.numbers("weight"),
            fraction: table.numbers("fraction"),
        }
    }

    fn follow_up(&self, name: &str) -> FollowUp<'_> {
        let right = || FollowUp::right_censored(&self.stop, &self.event).expect("follow-up");
        let late = || FollowUp::intervals(&self.start, &self.stop, &self.event).expect("follow-up");
        match name {
            "plain" => right(),
            "weighted" => right().with_weights(&self.weight).expect("weights"),
            "fraction" => right().with_weights(&self.fraction).expect("weights"),
            "late" => late(),
            "late_fraction" => late().with_weights(&self.fraction).expect("weights"),
            _ => panic!("unknown form {name}"),
        }
    }

    fn groups(&self, by: &str) -> Vec<u32> {
        if by == "all" {
            vec![1; self.group.len()]
        } else {
            self.group.clone()
        }
    }
}

#[derive(Clone, Copy)]
enum Limit {
    None,
    Lower,
    Upper,
}

/// Where late in the curve the standard error grows, a limit may rise again. Then R's `quantile` sorts the limits and so
/// passes over the first crossing, which R's `print(survfit)`, and we, take: this is that first crossing.
fn rising_again(curve: &KaplanMeier, limit: Limit, level: f64) -> Option<f64> {
    let limits: Vec<(f64, f64)> = curve
        .steps
        .iter()
        .filter_map(|step| match limit {
            Limit::None => None,
            Limit::Lower => step.lower.map(|lower| (step.time, lower)),
            Limit::Upper => step.upper.map(|upper| (step.time, upper)),
        })
        .collect();
    let rises = limits.windows(2).any(|pair| pair[1].1 > pair[0].1 + 1e-12);
    let first = limits.iter().find(|(_, limit)| *limit < level);
    first.filter(|_| rises).map(|(time, _)| *time)
}

fn level(level: f64) -> ConfidenceLevel {
    ConfidenceLevel::new(level).expect("a level")
}

fn for_each_form(mut check: impl FnMut(&str, &FollowUp<'_>, &[u32], &Value, &Value)) {
    let made = Made::read();
    let all = json(&golden().join("curves.json"));
    for name in ["plain", "weighted", "fraction", "late", "late_fraction"] {
        for by in ["all", "group"] {
            let label = format!("{name} {by}");
            check(&label, &made.follow_up(name), &made.groups(by), &all[name][by], &all);
        }
    }
}

#[test]
fn curves_equal_r() {
    let mut tally = Tally::default();
    for_each_form(|label, follow_up, groups, expected, _| {
        for (confidence_type, name) in TYPES {
            let curves = kaplan_meier_by(follow_up, groups, level(0.9), confidence_type).expect("curves");
            let steps = || {
                curves
                    .iter()
                    .flat_map(|(group, curve)| curve.steps.iter().map(move |step| (group, step)))
            };
            let column = |name: &str| list(&expected[name]);
            tally.same(&format!("{label} steps"), steps().count(), column("time").len());
            let limits = &expected["limits"][name];
            let (lower, upper) = (list(&limits["lower"]), list(&limits["upper"]));
            for (row, (group, step)) in steps().enumerate() {
                let label = format!("{label} {name} group {group} t={}", step.time);
                tally.same(&label, *group as usize, column("stratum")[row] as usize);
                for (name, found) in [
                    ("time", step.time),
                    ("n_risk", step.n_risk),
                    ("n_event", step.n_event),
                    ("n_censor", step.n_censor),
                    ("surv", step.survival),
                    ("se", or_nan(step.se)),
                ] {
                    let expected = column(name)[row];
                    // Late in the curve little is left and little is precise.
                    tally.close_to_scale(
                        &format!("{label} {name}"),
                        found,
                        expected,
                        expected.abs().max(1e-2),
                        1e-13,
                    );
                }
                tally.close_to_scale(&format!("{label} lower"), or_nan(step.lower), lower[row], 1.0, 1e-12);
                tally.close_to_scale(&format!("{label} upper"), or_nan(step.upper), upper[row], 1.0, 1e-12);
            }
            for (place, (group, curve)) in curves.iter().enumerate() {
                for (column, probability) in [0.1, 0.25, 0.5, 0.75, 0.9].into_iter().enumerate() {
                    let found = curve.quantile(probability).expect("a quantile");
                    let quantiles = &expected["quantiles"][name];
                    for (part, found, limit) in [
                        ("quantile", found.time, Limit::None),
                        ("lower", found.lower, Limit::Lower),
                        ("upper", found.upper, Limit::Upper),
                    ] {
                        let expected = match rising_again(curve, limit, 1.0 - probability) {
                            Some(first) => first,
                            None => number(&quantiles[part][place][column]),
                        };
                        let label = format!("{label} {name} group {group} {part} {probability}");
                        tally.close(&label, or_nan(found), expected, 1e-14);
                    }
                }
            }
        }
    });
    tally.finish("survfit with weights, late entry and groups");
}

#[test]
fn cumulative_hazards_equal_r() {
    let mut tally = Tally::default();
    for_each_form(|label, follow_up, groups, expected, _| {
        let column = |name: &str| list(&expected[name]);
        for (hazard_type, suffix) in [(HazardType::NelsonAalen, ""), (HazardType::FlemingHarrington, "_fh")] {
            for (confidence, name) in [(HazardConfidence::Log, "log"), (HazardConfidence::Plain, "plain")] {
                let options = HazardOptions {
                    hazard_type,
                    confidence,
                    ..HazardOptions::default()
                };
                let hazards = cumulative_hazard(follow_up, Some(groups), &options).expect("hazards");
                let steps = hazards.iter().flat_map(|(_, hazard)| &hazard.steps);
                let limits = &expected["hazard_limits"][name];
                for (row, step) in steps.enumerate() {
                    let label = format!("{label} ctype{suffix} t={}", step.time);
                    let hazard = column(&format!("cumhaz{suffix}"))[row];
                    let se = column(&format!("se_cumhaz{suffix}"))[row];
                    tally.close(&format!("{label} hazard"), step.hazard, hazard, 1e-13);
                    tally.close(&format!("{label} se"), step.se, se, 1e-13);
                    if hazard_type == HazardType::NelsonAalen {
                        let (lower, upper) = (list(&limits["lower"])[row], list(&limits["upper"])[row]);
                        tally.close(&format!("{label} {name} lower"), or_nan(step.lower), lower, 1e-12);
                        tally.close(&format!("{label} {name} upper"), or_nan(step.upper), upper, 1e-12);
                    }
                }
            }
        }
    });
    tally.finish("cumulative hazards");
}

#[test]
fn curves_at_times_and_restricted_means_equal_r() {
    let mut tally = Tally::default();
    for_each_form(|label, follow_up, groups, expected, all| {
        let (times, taus) = (list(&all["times"]), list(&all["taus"]));
        let curves =
            kaplan_meier_by(follow_up, groups, ConfidenceLevel::default(), ConfidenceType::Log).expect("curves");
        let at = |name: &str| list(&expected["at"][name]);
        let mut row = 0;
        for (place, (group, curve)) in curves.iter().enumerate() {
            let (mut events, mut censored) = (0.0, 0.0);
            for found in curve.at_times(&times).expect("times") {
                let label = format!("{label} group {group} at {}", found.time);
                // R counts from one time asked for to the next.
                events += at("n_event")[row];
                censored += at("n_censor")[row];
                for (name, found, expected) in [
                    ("n_risk", found.n_risk, at("n_risk")[row]),
                    ("n_event", found.n_event, events),
                    ("n_censor", found.n_censor, censored),
                    ("surv", found.survival, at("surv")[row]),
                    ("se", or_nan(found.se), at("se")[row]),
                    ("lower", or_nan(found.lower), at("lower")[row]),
                    ("upper", or_nan(found.upper), at("upper")[row]),
                ] {
                    tally.close_to_scale(
                        &format!("{label} {name}"),
                        found,
                        expected,
                        expected.abs().max(1e-2),
                        1e-13,
                    );
                }
                assert_eq!(found.beyond, found.time > curve.last_time());
                assert_eq!(found, curve.at(found.time).expect("a time"));
                row += 1;
            }
            for (tau, expected) in taus.iter().zip(expected["means"].as_array().expect("means")) {
                let found = curve.restricted_mean(*tau, ConfidenceLevel::default()).expect("a mean");
                let label = format!("{label} group {group} tau {tau}");
                tally.close(
                    &format!("{label} mean"),
                    found.mean,
                    list(&expected["mean"])[place],
                    1e-13,
                );
                tally.close(&format!("{label} se"), found.se, list(&expected["se"])[place], 1e-12);
            }
        }
    });
    tally.finish("survfit at times and restricted means");
}

/// Cumulative hazards and restricted means of the reference files. Their means go to the end of the longest curve, R's
/// default of `rmean = "common"`.
#[test]
fn reference_files_equal() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for (file, set, by) in [
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
        ("tiny1_by_x", "tiny1", Some("x")),
    ] {
        let (data, time, event) = outcome(set);
        let table = Table::read(&folder.join(format!("data/{data}.csv")));
        let table = match by {
            Some(by) => table.complete(&[by]),
            None => table,
        };
        let (stop, event) = (table.numbers(time), table.events(event));
        let groups = by.map(|by| table.codes(by));
        let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
        let hazards: Vec<(u32, CumulativeHazard)> =
            cumulative_hazard(&follow_up, groups.as_deref(), &HazardOptions::default()).expect("hazards");
        let expected = Table::read(&folder.join(format!("km/{file}.csv")));
        let steps = hazards.iter().flat_map(|(_, hazard)| &hazard.steps);
        for (row, step) in steps.enumerate() {
            let label = format!("{file} t={}", step.time);
            tally.close(
                &format!("{label} hazard"),
                step.hazard,
                expected.numbers("cumhaz_na")[row],
                1e-13,
            );
            tally.close(&format!("{label} se"), step.se, expected.numbers("se_na")[row], 1e-13);
        }
        let curves: Vec<KaplanMeier> = match &groups {
            Some(groups) => kaplan_meier_by(&follow_up, groups, ConfidenceLevel::default(), ConfidenceType::Log)
                .expect("curves")
                .into_iter()
                .map(|(_, curve)| curve)
                .collect(),
            None => vec![kaplan_meier(&follow_up, ConfidenceLevel::default(), ConfidenceType::Log).expect("a curve")],
        };
        for (curve, (_, hazard)) in curves.iter().zip(&hazards) {
            let beside: Vec<(f64, f64)> = curve.steps.iter().map(|step| (step.hazard, step.hazard_se)).collect();
            let alone: Vec<(f64, f64)> = hazard.steps.iter().map(|step| (step.hazard, step.se)).collect();
            assert_eq!(beside, alone, "{file}");
        }
        let medians = Table::read(&folder.join(format!("km/{file}_median.csv")));
        let tau = curves.iter().map(KaplanMeier::last_time).fold(0.0, f64::max);
        for (row, curve) in curves.iter().enumerate() {
            let found = curve.restricted_mean(tau, ConfidenceLevel::default()).expect("a mean");
            let label = format!("{file} {}", medians.text("group")[row]);
            tally.close(
                &format!("{label} mean"),
                found.mean,
                medians.numbers("rmean")[row],
                1e-13,
            );
            tally.close(
                &format!("{label} se"),
                found.se,
                medians.numbers("se_rmean")[row],
                1e-12,
            );
            assert_eq!(
                found.extrapolated,
                curve.last_time() < tau && curve.steps.last().is_some_and(|s| s.survival > 0.0)
            );
        }
    }
    tally.finish("reference cumulative hazards and restricted means");
}

/// Areas and variances worked by hand: S is 3/4 from 1, 1/2 from 2, and 1/4 from 4 on.
#[test]
fn restricted_means_worked_by_hand() {
    let follow_up = FollowUp::right_censored(&[1.0, 2.0, 4.0, 6.0], &[true, true, true, false]).expect("follow-up");
    let level = ConfidenceLevel::default();
    let curve = kaplan_meier(&follow_up, level, ConfidenceType::None).expect("a curve");
    assert!(
        curve
            .steps
            .iter()
            .all(|step| step.lower.is_none() && step.upper.is_none())
    );
    let mean = curve.restricted_mean(3.0, level).expect("a mean");
    assert!((mean.mean - (1.0 + 0.75 + 0.5)).abs() < 1e-15);
    // From 1 the area is 1.25, from 2 it is 0.5: 1.25^2 / (4 * 3) + 0.5^2 / (3 * 2).
    assert!((mean.se.powi(2) - (1.5625 / 12.0 + 0.25 / 6.0)).abs() < 1e-15);
    let comparison = mean.compare(&mean, level).expect("a comparison");
    assert_eq!((comparison.difference.estimate, comparison.difference.p), (0.0, 1.0));
    assert!((comparison.difference.se - mean.se * 2.0_f64.sqrt()).abs() < 1e-15);
    assert_eq!((comparison.ratio.estimate, comparison.ratio.p), (1.0, 1.0));
    assert!((comparison.ratio.se - mean.se / mean.mean * 2.0_f64.sqrt()).abs() < 1e-15);
    assert!(curve.restricted_mean(6.5, level).expect("a mean").extrapolated);
    let other = curve.restricted_mean(2.0, level).expect("a mean");
    assert!(matches!(
        mean.compare(&other, level),
        Err(SurvivalError::Parameter { .. })
    ));
}

#[test]
fn degenerate_curves() {
    let level = ConfidenceLevel::default();
    let censored = FollowUp::right_censored(&[2.0, 2.0, 5.0], &[false; 3]).expect("follow-up");
    for (confidence_type, _) in TYPES {
        let curve = kaplan_meier(&censored, level, confidence_type).expect("a curve");
        assert!(
            curve
                .steps
                .iter()
                .all(|step| (step.survival, step.se) == (1.0, Some(0.0)))
        );
        let limits = curve.steps[0].lower;
        let undefined = !matches!(confidence_type, ConfidenceType::Log | ConfidenceType::Plain);
        assert_eq!(limits, if undefined { None } else { Some(1.0) });
        let mean = curve.restricted_mean(4.0, level).expect("a mean");
        assert_eq!((mean.mean, mean.se, mean.lower, mean.upper), (4.0, 0.0, 4.0, 4.0));
        let same = mean.compare(&mean, level).expect("a comparison");
        assert!(same.difference.p.is_nan() && same.difference.se == 0.0);
    }
    let hazards = cumulative_hazard(&censored, None, &HazardOptions::default()).expect("hazards");
    assert!(
        hazards[0]
            .1
            .steps
            .iter()
            .all(|step| (step.hazard, step.se, step.lower) == (0.0, 0.0, None))
    );

    // One row, with the event: the curve comes down to 0.
    let one = FollowUp::right_censored(&[3.0], &[true]).expect("follow-up");
    for (confidence_type, _) in TYPES {
        let curve = kaplan_meier(&one, level, confidence_type).expect("a curve");
        let step = curve.steps[0];
        assert_eq!(
            (step.survival, step.se, step.lower, step.upper),
            (0.0, None, None, None)
        );
        let mean = curve.restricted_mean(10.0, level).expect("a mean");
        assert_eq!((mean.mean, mean.se, mean.extrapolated), (3.0, 0.0, false));
        let beyond = curve.at(4.0).expect("a time");
        assert_eq!(
            (beyond.survival, beyond.n_risk, beyond.n_event, beyond.beyond),
            (0.0, 0.0, 1.0, true)
        );
        let before = curve.at(2.0).expect("a time");
        assert_eq!(
            (before.survival, before.n_risk, before.lower, before.beyond),
            (1.0, 1.0, Some(1.0), false)
        );
        assert!(curve.at(f64::NAN).is_err());
        for tau in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(curve.restricted_mean(tau, level).is_err());
        }
        assert_eq!(curve.restricted_mean(0.0, level).expect("a mean").mean, 0.0);
    }
    let groups = kaplan_meier_by(&censored, &[7, 7], level, ConfidenceType::Log);
    assert!(matches!(groups, Err(SurvivalError::Length { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Curves of groups are those of their rows alone, hazards agree with them, and the order of rows changes no bit.
    #[test]
    fn groups_are_estimated_as_if_alone(
        rows in prop::collection::vec((0u8..6, 1u8..9, any::<bool>(), 0u32..4, 1u8..9), 1..60),
        late in any::<bool>(),
        weighted in any::<bool>(),
        turn in 0usize..60,
    ) {
        struct Columns {
            start: Vec<f64>,
            stop: Vec<f64>,
            event: Vec<bool>,
            group: Vec<u32>,
            weight: Vec<f64>,
        }
        type Row = (u8, u8, bool, u32, u8);
        let columns = |rows: &[Row]| Columns {
            start: rows.iter().map(|row| f64::from(row.0)).collect(),
            stop: rows.iter().map(|row| f64::from(row.0 + row.1)).collect(),
            event: rows.iter().map(|row| row.2).collect(),
            group: rows.iter().map(|row| row.3).collect(),
            weight: rows.iter().map(|row| f64::from(row.4) / 7.0).collect(),
        };
        fn follow_up(columns: &Columns, late: bool, weighted: bool) -> FollowUp<'_> {
            let follow_up = if late {
                FollowUp::intervals(&columns.start, &columns.stop, &columns.event).expect("follow-up")
            } else {
                FollowUp::right_censored(&columns.stop, &columns.event).expect("follow-up")
            };
            if weighted { follow_up.with_weights(&columns.weight).expect("weights") } else { follow_up }
        }
        let level = ConfidenceLevel::default();
        let all = columns(&rows);
        let together = kaplan_meier_by(&follow_up(&all, late, weighted), &all.group, level, ConfidenceType::Plain);
        let together = together.expect("curves");
        let hazards = cumulative_hazard(&follow_up(&all, late, weighted), Some(&all.group), &HazardOptions::default());
        let hazards = hazards.expect("hazards");
        for ((group, curve), (_, hazard)) in together.iter().zip(&hazards) {
            let own: Vec<Row> = rows.iter().filter(|row| row.3 == *group).copied().collect();
            let own = columns(&own);
            let alone = kaplan_meier(&follow_up(&own, late, weighted), level, ConfidenceType::Plain).expect("a curve");
            prop_assert_eq!(curve, &alone);
            // S is the product of 1 - h where H is the sum of the h, and the mean is the area below the curve.
            let (mut survival, mut last, mut area, mut time) = (1.0, 0.0, 0.0, 0.0);
            for (step, hazard) in curve.steps.iter().zip(&hazard.steps) {
                area += (step.time - time) * survival;
                survival *= 1.0 - (hazard.hazard - last);
                (last, time) = (hazard.hazard, step.time);
                prop_assert!((step.survival - survival).abs() < 1e-12);
            }
            let mean = curve.restricted_mean(curve.last_time(), level).expect("a mean");
            prop_assert!((mean.mean - area).abs() < 1e-11);
        }
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        turned.reverse();
        let turned = columns(&turned);
        let again = kaplan_meier_by(&follow_up(&turned, late, weighted), &turned.group, level, ConfidenceType::Plain);
        prop_assert_eq!(together, again.expect("curves"));
        let again = cumulative_hazard(&follow_up(&turned, late, weighted), Some(&turned.group), &HazardOptions::default());
        prop_assert_eq!(hazards, again.expect("hazards"));
    }
}
