//! Adjusted p-values against R's `p.adjust`; properties of the split.

mod common;

use std::collections::{HashMap, HashSet};

use common::{Table, Tally, golden, reference};
use proptest::prelude::*;
use radsql_survival::{Adjustment, SurvivalError, TrainFraction, adjust_p_values, train_test_split};

#[test]
fn adjusted_p_values_equal_r() {
    let Some(folder) = reference() else { return };
    let table = Table::read(&folder.join("pipeline/univariate_train138_efron.csv"));
    let p = table.numbers("p");
    let mut tally = Tally::default();
    for (method, column) in [(Adjustment::BenjaminiHochberg, "p_bh"), (Adjustment::Holm, "p_holm")] {
        for (found, expected) in adjust_p_values(&p, method).into_iter().zip(table.numbers(column)) {
            tally.close(column, found, expected, 1e-15);
        }
    }
    tally.finish("p.adjust");
}

#[test]
fn every_method_equals_r() {
    let table = Table::read(&golden("adjust/adjusted.csv"));
    let p = table.numbers("p");
    let mut tally = Tally::default();
    for (method, column) in [
        (Adjustment::BenjaminiHochberg, "BH"),
        (Adjustment::BenjaminiYekutieli, "BY"),
        (Adjustment::Holm, "holm"),
        (Adjustment::Hochberg, "hochberg"),
        (Adjustment::Bonferroni, "bonferroni"),
    ] {
        for (found, expected) in adjust_p_values(&p, method).into_iter().zip(table.numbers(column)) {
            tally.close(column, found, expected, 1e-15);
        }
    }
    tally.finish("p.adjust");
}

#[test]
fn missing_p_values_are_not_tests() {
    let p = [0.01, f64::NAN, 0.04, 0.03, f64::NAN];
    let bh = adjust_p_values(&p, Adjustment::BenjaminiHochberg);
    let holm = adjust_p_values(&p, Adjustment::Holm);
    // Three tests: 0.01 * 3, then min(0.03 * 3 / 2, 0.04); Holm 0.01 * 3, 0.03 * 2, max(0.06, 0.04).
    assert!(bh[1].is_nan() && bh[4].is_nan() && holm[1].is_nan() && holm[4].is_nan());
    assert_eq!([bh[0], bh[2], bh[3]], [0.03, 0.04, 0.04]);
    assert_eq!([holm[0], holm[2], holm[3]], [0.03, 0.06, 0.06]);
    assert!(adjust_p_values(&[], Adjustment::Holm).is_empty());
}

fn fraction(value: f64) -> TrainFraction {
    TrainFraction::new(value).expect("a fraction")
}

fn split(ids: &[String], seed: u64) -> Vec<bool> {
    train_test_split(ids, None::<&[&str]>, fraction(0.7), seed).expect("a split")
}

/// Made with Python: `sorted(ids, key=lambda i: hashlib.sha256(b'radsql split 1' + (42).to_bytes(8, 'little') +
/// i.encode()).digest())[:7]` for ids p0 to p9.
#[test]
fn anyone_can_recompute_a_split() {
    let ids: Vec<String> = (0..10).map(|i| format!("p{i}")).collect();
    let train: Vec<usize> = split(&ids, 42)
        .iter()
        .enumerate()
        .filter(|(_, train)| **train)
        .map(|(i, _)| i)
        .collect();
    assert_eq!(train, [0, 1, 3, 4, 5, 6, 7]);
}

#[test]
fn counts_are_exact() {
    let ids: Vec<String> = (0..197).map(|i| format!("CRLM-CT-{}", 1001 + i)).collect();
    for seed in 0..20 {
        assert_eq!(split(&ids, seed).iter().filter(|train| **train).count(), 138);
    }
    assert!(split(&ids, 1) != split(&ids, 2));
    let strata: Vec<&str> = (0..197).map(|i| if i % 3 == 0 { "dead" } else { "alive" }).collect();
    let train = train_test_split(&ids, Some(&strata), fraction(0.7), 7).expect("a split");
    let count = |stratum: &str| {
        strata
            .iter()
            .zip(&train)
            .filter(|(s, train)| **s == stratum && **train)
            .count()
    };
    // 0.7 * 66 = 46.2 and 0.7 * 131 = 91.7 of 137.9, rounded to 138.
    assert_eq!((count("dead"), count("alive")), (46, 92));
}

#[test]
fn edges_of_a_split() {
    let none: [&str; 0] = [];
    assert_eq!(
        train_test_split(&none, None::<&[&str]>, fraction(0.7), 1),
        Ok(Vec::new())
    );
    let ids = ["a", "b", "a"];
    for (share, expected) in [(0.0, 0), (1.0, 3)] {
        let train = train_test_split(&ids, None::<&[&str]>, fraction(share), 1).expect("a split");
        assert_eq!(train.iter().filter(|train| **train).count(), expected);
    }
    let two = train_test_split(&ids, Some(&["x", "x", "y"]), fraction(0.5), 1);
    assert_eq!(two, Err(SurvivalError::IdInTwoStrata { first: 0, second: 2 }));
    assert!(matches!(
        train_test_split(&ids, Some(&["x"]), fraction(0.5), 1),
        Err(SurvivalError::Length { .. })
    ));
    for share in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(
            TrainFraction::new(share),
            Err(SurvivalError::Parameter { .. })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_split_depends_on_the_set_of_ids_alone(
        rows in prop::collection::vec((0u16..60, any::<u32>()), 1..120),
        share in 0.0f64..=1.0,
        seed in any::<u64>(),
        by_stratum in any::<bool>(),
    ) {
        // The stratum is a function of the id.
        let stratum = |id: u16| if by_stratum { format!("s{}", id % 4) } else { String::new() };
        let assign = |rows: &[(u16, u32)]| {
            let ids: Vec<String> = rows.iter().map(|row| row.0.to_string()).collect();
            let strata: Vec<String> = rows.iter().map(|row| stratum(row.0)).collect();
            let strata = by_stratum.then_some(strata.as_slice());
            let train = train_test_split(&ids, strata, fraction(share), seed).expect("a split");
            let mut sides: HashMap<u16, bool> = HashMap::new();
            for (row, train) in rows.iter().zip(train) {
                // Every row of an id is on one side.
                assert_eq!(*sides.entry(row.0).or_insert(train), train);
            }
            sides
        };
        let sides = assign(&rows);
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| row.1);
        prop_assert_eq!(&sides, &assign(&shuffled));

        let ids: HashSet<u16> = rows.iter().map(|row| row.0).collect();
        let train = sides.values().filter(|train| **train).count();
        prop_assert_eq!(train, (share * ids.len() as f64).round_ties_even() as usize);
        for place in 0..4 {
            let name = format!("s{place}");
            let of_stratum: Vec<u16> = ids.iter().copied().filter(|&id| by_stratum && stratum(id) == name).collect();
            let train = of_stratum.iter().filter(|id| sides[id]).count() as f64;
            let share = share * of_stratum.len() as f64;
            prop_assert!((train - share).abs() <= 1.0 + 1e-9);
        }
    }
}
