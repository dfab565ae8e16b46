//! Concordance with time weights, and scores compared, against R's `concordance`, and against all pairs.

mod common;

use std::path::{Path, PathBuf};

use common::{Table, Tally, json, list, number, outcome, reference, shuffled};
use proptest::prelude::*;
use radsql_survival::{
    Concordance, ConcordanceOptions, Covariate, CoxOptions, FollowUp, SurvivalError, TimeWeight, compare_concordance,
    concordance, concordance_with, cox,
};

fn golden() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("a root");
    root.join("tests/golden/survival/concordance")
}

/// R's names. It matches "n/G" to "n/G2", the only weight that begins so.
fn time_weight(name: &str) -> TimeWeight {
    match name {
        "n" => TimeWeight::Harrell,
        "S" => TimeWeight::Survival,
        "S/G" => TimeWeight::SurvivalOverCensoring,
        "n/G2" | "n/G" => TimeWeight::Uno,
        "I" => TimeWeight::AtRisk,
        other => panic!("{other} is no time weight"),
    }
}

fn options(time_weight: TimeWeight, ymax: Option<f64>) -> ConcordanceOptions {
    ConcordanceOptions {
        time_weight,
        ymax,
        ..ConcordanceOptions::default()
    }
}

fn counts(found: &Concordance) -> [f64; 5] {
    [
        found.concordant,
        found.discordant,
        found.tied_x,
        found.tied_y,
        found.tied_xy,
    ]
}

#[test]
fn weighted_concordances_equal_r() {
    let Some(folder) = reference() else { return };
    let mut tally = Tally::default();
    for set in ["crlm_os", "crlm_dfs", "lung", "ovarian"] {
        let (file, time, event) = outcome(set);
        let fit = json(&folder.join(format!("coxph/{set}_efron.json")));
        let covariates = fit["coef"].as_object().expect("coefficients");
        let names: Vec<&str> = covariates.keys().map(String::as_str).collect();
        let mut used = names.clone();
        used.extend([time, event]);
        let table = Table::read(&folder.join(format!("data/{file}.csv"))).complete(&used);
        let (stop, event) = (table.numbers(time), table.events(event));
        let follow_up = FollowUp::right_censored(&stop, &event).expect("follow-up");
        let values: Vec<Vec<f64>> = names.iter().map(|name| table.numbers(name)).collect();
        let columns = names.iter().zip(&values);
        let covariates: Vec<Covariate<'_>> = columns.map(|(name, values)| Covariate { name, values }).collect();
        let fit = cox(&follow_up, None, &covariates, &CoxOptions::default()).expect("a fit");
        let row = |row: usize| values.iter().map(|values| values[row]).collect::<Vec<f64>>();
        let lp: Vec<f64> = (0..stop.len())
            .map(|i| fit.linear_predictor(&row(i)).expect("a score"))
            .collect();

        let expected = json(&folder.join(format!("concordance/{set}.json")));
        for (key, expected) in expected.as_object().expect("answers") {
            let label = |what: &str| format!("{set} {key} {what}");
            if key == "joint_lp_vs_first" {
                // R compares fits, so that the score of the first covariate alone takes the sign of its coefficient.
                let alone = cox(&follow_up, None, &covariates[..1], &CoxOptions::default()).expect("a fit");
                let first: Vec<f64> = values[0].iter().map(|value| value * alone.terms[0].coef).collect();
                let found = compare_concordance(&follow_up, None, &[&lp, &first], &ConcordanceOptions::default())
                    .expect("a comparison");
                for (found, expected) in found.scores.iter().zip(list(&expected["C"])) {
                    tally.close(&label("C"), found.c, expected, 1e-12);
                }
                for (found, expected) in found.variance.iter().zip(list(&expected["var"])) {
                    tally.close(&label("variance"), *found, expected, 1e-11);
                }
                continue;
            }
            let parts: Vec<&str> = key.split('|').collect();
            let score = match parts[0] {
                "lp" => &lp,
                name => &values[names.iter().position(|other| *other == name).expect("a covariate")],
            };
            let ymax = parts.get(2).map(|_| number(&expected["ymax"]));
            let found = concordance_with(&follow_up, None, score, &options(time_weight(parts[1]), ymax)).expect("a c");
            tally.close(&label("C"), found.c, number(&expected["C"]), 1e-12);
            tally.close(&label("var"), found.se * found.se, number(&expected["var"]), 1e-11);
            if ymax.is_none() {
                tally.close(&label("lo"), found.lower, number(&expected["lo"]), 1e-12);
                tally.close(&label("hi"), found.upper, number(&expected["hi"]), 1e-12);
                for (found, expected) in counts(&found).iter().zip(list(&expected["counts"])) {
                    tally.close(&label("counts"), *found, expected, 1e-12);
                }
            }
        }
    }
    tally.finish("concordance_with");
}

/// Data with ties everywhere; see the script beside them.
#[test]
fn golden_weights_and_strata_equal_r() {
    let table = Table::read(&golden().join("data.csv"));
    let (start, time, event) = (table.numbers("start"), table.numbers("time"), table.events("event"));
    let (weight, strata, score) = (table.numbers("weight"), table.codes("stratum"), table.numbers("a"));
    let plain = FollowUp::right_censored(&time, &event).expect("follow-up");
    let weighted = plain.with_weights(&weight).expect("weights");
    let intervals = FollowUp::intervals(&start, &time, &event)
        .and_then(|follow_up| follow_up.with_weights(&weight))
        .expect("follow-up");
    let mut tally = Tally::default();
    for (key, expected) in json(&golden().join("weighted.json")).as_object().expect("answers") {
        let parts: Vec<&str> = key.split(' ').collect();
        let ymax = Some(parts[1].parse().expect("a time")).filter(|&ymax: &f64| ymax > 0.0);
        let (follow_up, strata) = match parts[2] {
            "plain" => (&plain, None),
            "weights" => (&weighted, None),
            "strata" => (&plain, Some(&strata[..])),
            "both" => (&weighted, Some(&strata[..])),
            "intervals" => (&intervals, Some(&strata[..])),
            other => panic!("unknown data {other}"),
        };
        let found = concordance_with(follow_up, strata, &score, &options(time_weight(parts[0]), ymax)).expect("a c");
        tally.close(&format!("{key} C"), found.c, number(&expected["C"]), 1e-13);
        tally.close(
            &format!("{key} var"),
            found.se * found.se,
            number(&expected["var"]),
            1e-12,
        );
        for (place, (found, expected)) in counts(&found).iter().zip(list(&expected["counts"])).enumerate() {
            // survival 3.5-3 does not weight tied.y of intervals; without intervals it does.
            if !(parts[2] == "intervals" && ymax.is_some() && place == 3) {
                tally.close(&format!("{key} counts"), *found, expected, 1e-12);
            }
        }
    }
    tally.finish("golden concordance_with");
}

#[test]
fn golden_comparisons_equal_r() {
    let table = Table::read(&golden().join("data.csv"));
    let (time, event, weight) = (table.numbers("time"), table.events("event"), table.numbers("weight"));
    let follow_up = FollowUp::right_censored(&time, &event)
        .and_then(|follow_up| follow_up.with_weights(&weight))
        .expect("follow-up");
    let scores = ["a", "b", "c"].map(|name| table.numbers(name));
    let scores: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
    let mut tally = Tally::default();
    for (key, expected) in json(&golden().join("joint.json")).as_object().expect("answers") {
        let found =
            compare_concordance(&follow_up, None, &scores, &options(time_weight(key), None)).expect("a comparison");
        for (found, expected) in found.scores.iter().zip(list(&expected["C"])) {
            tally.close(&format!("{key} C"), found.c, expected, 1e-13);
        }
        for (found, expected) in found.variance.iter().zip(list(&expected["var"])) {
            tally.close(&format!("{key} variance"), *found, expected, 1e-11);
        }
        let first = found.differences[0];
        assert_eq!(
            (first.first, first.second, found.test.df, found.differences.len()),
            (0, 1, 2, 3)
        );
        for (name, found) in [
            ("difference", first.difference),
            ("se", first.se),
            ("p_difference", first.p),
            ("chi2", found.test.chi2),
            ("p", found.test.p),
        ] {
            tally.close(&format!("{key} {name}"), found, number(&expected[name]), 1e-11);
        }
    }
    tally.finish("compare_concordance");
}

/// Start, time, event, score, weight.
type Row = (u8, u8, bool, u8, u8);

/// Counts every pair by the definition, with the weight of its event's time.
fn by_pairs(rows: &[Row], kind: TimeWeight, ymax: f64) -> [f64; 6] {
    let weight = |row: &Row| f64::from(row.4);
    let sum = |keep: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| keep(row)).map(weight).sum::<f64>();
    let at_risk = |u: u8| sum(&|row| row.0 < u && row.1 >= u);
    let events = |u: u8| sum(&|row| row.1 == u && row.2);
    let censored = |u: u8| sum(&|row| row.1 == u && !row.2);
    let survival = |u: u8| {
        (1..u)
            .filter(|&v| events(v) > 0.0)
            .map(|v| 1.0 - events(v) / at_risk(v))
            .product::<f64>()
    };
    let uncensored = |u: u8| {
        (1..u)
            .filter(|&v| censored(v) > 0.0)
            .map(|v| 1.0 - censored(v) / (at_risk(v) - events(v)))
            .product::<f64>()
    };
    let all = sum(&|_| true);
    let few = rows.iter().filter(|row| row.2).count() < 2;
    let time_weight = |u: u8| match kind {
        _ if f64::from(u) > ymax => 0.0,
        _ if few => 1.0,
        TimeWeight::Survival => all * survival(u) / at_risk(u),
        TimeWeight::SurvivalOverCensoring => all * survival(u) / at_risk(u) / uncensored(u),
        TimeWeight::Uno => uncensored(u).powi(-2),
        TimeWeight::AtRisk => 1.0 / at_risk(u),
        _ => 1.0,
    };
    let mut counts = [0.0; 5];
    let mut influence = vec![[0.0; 3]; rows.len()];
    for (i, a) in rows.iter().enumerate().filter(|(_, a)| a.2) {
        let factor = time_weight(a.1);
        for (j, b) in rows.iter().enumerate().filter(|(j, _)| *j != i) {
            let pair = factor * weight(a) * weight(b);
            if a.1 == b.1 && b.2 {
                counts[if a.3 == b.3 { 4 } else { 3 }] += pair / 2.0;
            } else if b.1 >= a.1 && b.0 < a.1 {
                let place = match a.3.cmp(&b.3) {
                    std::cmp::Ordering::Greater => 0,
                    std::cmp::Ordering::Less => 1,
                    std::cmp::Ordering::Equal => 2,
                };
                counts[place] += pair;
                influence[i][place] += pair;
                influence[j][place] += pair;
            }
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

const KINDS: [TimeWeight; 5] = [
    TimeWeight::Harrell,
    TimeWeight::Survival,
    TimeWeight::AtRisk,
    TimeWeight::SurvivalOverCensoring,
    TimeWeight::Uno,
];

fn columns(rows: &[Row]) -> ([Vec<f64>; 4], Vec<bool>) {
    let column = |pick: fn(&Row) -> u8| rows.iter().map(|row| f64::from(pick(row))).collect();
    (
        [
            column(|row| row.0),
            column(|row| row.1),
            column(|row| row.3),
            column(|row| row.4),
        ],
        rows.iter().map(|row| row.2).collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn sweeps_count_as_pairs_do(
        rows in prop::collection::vec((0u8..6, 1u8..7, any::<bool>(), 0u8..5, 1u8..4), 1..30),
        intervals in any::<bool>(),
        kind in 0usize..5,
        ymax in 3u8..15,
    ) {
        // Weights that need the censoring are for right-censored rows only.
        let intervals = intervals && kind < 3;
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|(start, length, event, x, weight)| {
                let start = if intervals { start } else { 0 };
                (start, start + length, event, x, weight)
            })
            .collect();
        let ([start, stop, score, weights], event) = columns(&rows);
        let follow_up = if intervals {
            FollowUp::intervals(&start, &stop, &event)
        } else {
            FollowUp::right_censored(&stop, &event)
        }
        .and_then(|follow_up| follow_up.with_weights(&weights))
        .expect("follow-up");
        let ymax = f64::from(ymax);
        let found = concordance_with(&follow_up, None, &score, &options(KINDS[kind], Some(ymax))).expect("a c");
        let expected = by_pairs(&rows, KINDS[kind], ymax);
        for (found, expected) in counts(&found).iter().zip(&expected) {
            prop_assert!((found - expected).abs() <= 1e-11 * expected.max(1.0), "{} {}", found, expected);
        }
        if expected[0] + expected[1] + expected[2] > 0.0 {
            prop_assert!((found.se - expected[5]).abs() < 1e-11, "{} {}", found.se, expected[5]);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        rows in prop::collection::vec((0u8..1, 1u8..7, any::<bool>(), 0u8..5, 1u8..4), 1..40),
        seed in any::<u64>(),
    ) {
        let bits = |rows: &[Row]| {
            let ([_, time, a, b], event) = columns(rows);
            let time: Vec<f64> = time.iter().map(|time| time / 7.0).collect();
            let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            let mut bits = Vec::new();
            for kind in KINDS {
                let found =
                    compare_concordance(&follow_up, None, &[&a, &b, &a], &options(kind, None)).expect("a comparison");
                bits.extend(found.scores.iter().flat_map(|score| [score.c, score.se]).map(f64::to_bits));
                bits.extend(found.differences.iter().flat_map(|pair| [pair.difference, pair.se]).map(f64::to_bits));
                bits.extend(found.variance.iter().map(|value| value.to_bits()));
                bits.push(found.test.chi2.to_bits());
            }
            bits
        };
        prop_assert_eq!(bits(&rows), bits(&shuffled(&rows, seed)));
    }

    #[test]
    fn whole_weights_are_so_many_rows(
        rows in prop::collection::vec((0u8..1, 1u8..9, any::<bool>(), 0u8..5, 1u8..4), 2..20),
    ) {
        // Of events, because copies of a row with the event tie with it.
        let mut repeated = Vec::new();
        for row in &rows {
            repeated.extend(std::iter::repeat_n(*row, usize::from(row.4)));
        }
        let ([_, time, score, weights], event) = columns(&rows);
        let weighted = FollowUp::right_censored(&time, &event)
            .and_then(|follow_up| follow_up.with_weights(&weights))
            .expect("follow-up");
        let ([_, time, scores, _], event) = columns(&repeated);
        let plain = FollowUp::right_censored(&time, &event).expect("follow-up");
        if rows.iter().filter(|row| row.2).count() >= 2 {
            for kind in KINDS {
                let a = concordance_with(&weighted, None, &score, &options(kind, None)).expect("a c");
                let b = concordance_with(&plain, None, &scores, &options(kind, None)).expect("a c");
                prop_assert!(a.c.is_nan() && b.c.is_nan() || (a.c - b.c).abs() < 1e-13);
            }
        }
    }
}

#[test]
fn degenerate_weights_have_an_answer() {
    let time = [1.0, 2.0, 3.0, 4.0];
    let score = [4.0, 1.0, 3.0, 2.0];
    let event = [true, false, true, false];
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    for kind in KINDS {
        // No event up to ymax; all censored; a constant score.
        let early = concordance_with(&follow_up, None, &score, &options(kind, Some(0.5))).expect("a c");
        assert!(early.c.is_nan() && early.se.is_nan());
        let censored = FollowUp::right_censored(&time, &[false; 4]).expect("follow-up");
        assert!(
            concordance_with(&censored, None, &score, &options(kind, None))
                .expect("a c")
                .c
                .is_nan()
        );
        let constant = concordance_with(&follow_up, None, &[1.0; 4], &options(kind, None)).expect("a c");
        assert_eq!((constant.c, constant.se), (0.5, 0.0));
        // The last row has the event: nobody is left.
        let last = FollowUp::right_censored(&time, &[true; 4]).expect("follow-up");
        assert!(
            concordance_with(&last, None, &score, &options(kind, None))
                .expect("a c")
                .c
                .is_finite()
        );
        assert!(matches!(
            concordance_with(&follow_up, None, &score, &options(kind, Some(f64::NAN))),
            Err(SurvivalError::Parameter { parameter: "ymax", .. })
        ));
    }
    let intervals = FollowUp::intervals(&[0.0; 4], &time, &event).expect("follow-up");
    for kind in [TimeWeight::Uno, TimeWeight::SurvivalOverCensoring] {
        let found = concordance_with(&intervals, None, &score, &options(kind, None));
        assert!(matches!(found, Err(SurvivalError::Unsupported { .. })));
    }
    // A score and itself; none at all; harrell's is the default.
    let same = compare_concordance(&follow_up, None, &[&score, &score], &ConcordanceOptions::default()).expect("two");
    assert!(same.differences[0].difference == 0.0 && same.differences[0].se == 0.0 && same.differences[0].p.is_nan());
    assert!(same.test.df == 0 && same.test.p.is_nan());
    let none = compare_concordance(&follow_up, None, &[], &ConcordanceOptions::default()).expect("none");
    assert!(none.scores.is_empty() && none.differences.is_empty() && none.test.df == 0);
    let plain = concordance(&follow_up, None, &score, radsql_survival::ConfidenceLevel::default()).expect("a c");
    assert_eq!(plain, same.scores[0]);
}
