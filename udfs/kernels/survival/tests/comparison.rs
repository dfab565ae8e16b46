//! Tests of groups against R's stats package, and against the definition by enumeration.

mod common;

use common::{Tally, golden, json, list, number};
use proptest::prelude::*;
use radsql_survival::{
    ContingencyTable, FTest, FisherLimit, SurvivalError, Variances, chi_square_test, fisher_exact, kruskal_wallis,
    one_way, rank_sum, standardized_difference_of_counts, standardized_difference_of_means, t_test,
};
use serde_json::Value;

fn slices(groups: &[Vec<f64>]) -> Vec<&[f64]> {
    groups.iter().map(Vec::as_slice).collect()
}

fn fisher(counts: &[u64], columns: usize) -> Option<f64> {
    let table = ContingencyTable::new(counts, columns).expect("a table");
    fisher_exact(&table, FisherLimit::default())
}

#[test]
fn continuous_tests_equal_r() {
    let expected = json(&golden("comparison/tests.json"));
    let mut tally = Tally::default();
    for (name, set) in expected["continuous"].as_object().expect("sets") {
        let groups: Vec<Vec<f64>> = set["groups"].as_array().expect("groups").iter().map(list).collect();
        let groups = slices(&groups);
        for (key, variances) in [("anova", Variances::Equal), ("welch", Variances::Unequal)] {
            let found = one_way(&groups, variances).expect("a test");
            let expected = &set[key];
            let label = |what: &str| format!("{name} {key} {what}");
            tally.close(&label("F"), found.f, number(&expected["statistic"]), 1e-10);
            tally.close(&label("df1"), found.df1, list(&expected["df"])[0], 0.0);
            tally.close(&label("df2"), found.df2, list(&expected["df"])[1], 1e-10);
            tally.close(&label("p"), found.p, number(&expected["p"]), 1e-9);
        }
        let kruskal = kruskal_wallis(&groups).expect("a test");
        tally.close(
            &format!("{name} kruskal"),
            kruskal.chi2,
            number(&set["kruskal"]["statistic"]),
            1e-12,
        );
        tally.same(
            &format!("{name} kruskal df"),
            kruskal.df,
            number(&set["kruskal"]["df"]) as usize,
        );
        tally.close(
            &format!("{name} kruskal p"),
            kruskal.p,
            number(&set["kruskal"]["p"]),
            1e-11,
        );
        let smd = standardized_difference_of_means(&groups).expect("an smd");
        tally.close(&format!("{name} smd"), smd, number(&set["smd"]), 1e-11);
        let &[a, b] = groups.as_slice() else { continue };
        for (key, variances) in [("student", Variances::Equal), ("t", Variances::Unequal)] {
            let found = t_test(a, b, variances).expect("a test");
            let expected = &set[key];
            tally.close(&format!("{name} {key}"), found.t, number(&expected["statistic"]), 1e-10);
            tally.close(&format!("{name} {key} df"), found.df, number(&expected["df"]), 1e-10);
            tally.close(&format!("{name} {key} p"), found.p, number(&expected["p"]), 1e-9);
            // An F test of two groups is the square of the t test.
            let f = one_way(&groups, variances).expect("a test");
            tally.close(&format!("{name} {key} squared"), found.t * found.t, f.f, 1e-13);
            tally.close(&format!("{name} {key} p of both"), found.p, f.p, 1e-12);
        }
        let found = rank_sum(a, b).expect("a test");
        tally.close(
            &format!("{name} W"),
            found.w,
            number(&set["wilcoxon"]["statistic"]),
            0.0,
        );
        tally.close(&format!("{name} W p"), found.p, number(&set["wilcoxon"]["p"]), 1e-13);
        assert_eq!(Some(found.exact), set["wilcoxon"]["exact"].as_bool(), "{name}");
    }
    tally.finish("continuous tests");
}

#[test]
fn categorical_tests_equal_r() {
    let expected = json(&golden("comparison/tests.json"));
    let mut tally = Tally::default();
    for (name, set) in expected["categorical"].as_object().expect("sets") {
        let counts: Vec<u64> = list(&set["counts"]).iter().map(|count| *count as u64).collect();
        let columns = number(&set["columns"]) as usize;
        let table = ContingencyTable::new(&counts, columns).expect("a table");
        for (key, continuity) in [("chisq", false), ("yates", true)] {
            let found = chi_square_test(&table, continuity);
            let expected: &Value = &set[key];
            let label = |what: &str| format!("{name} {key} {what}");
            // Counts less expected counts are known to the machine epsilon of these.
            tally.close_to_scale(
                &label("chi2"),
                found.chi2,
                number(&expected["statistic"]),
                found.chi2.max(1e-3),
                1e-12,
            );
            tally.same(&label("df"), found.df, number(&expected["df"]) as usize);
            tally.close(&label("p"), found.p, number(&expected["p"]), 1e-10);
        }
        let found = fisher_exact(&table, FisherLimit::default()).expect("within the limit");
        tally.close(&format!("{name} fisher"), found, number(&set["fisher"]), 1e-9);
        let groups: Vec<Vec<u64>> = (0..columns)
            .map(|column| counts.iter().skip(column).step_by(columns).copied().collect())
            .collect();
        let groups: Vec<&[u64]> = groups.iter().map(Vec::as_slice).collect();
        let smd = standardized_difference_of_counts(&groups).expect("an smd");
        let expected = if set["smd"] == "Inf" {
            f64::INFINITY
        } else {
            number(&set["smd"])
        };
        tally.close_to_scale(&format!("{name} smd"), smd, expected, 1.0, 1e-12);
    }
    tally.finish("categorical tests");
}

#[test]
fn degenerate_groups() {
    let nan = f64::NAN;
    let none = |test: FTest| {
        assert!(
            [test.f, test.df1, test.df2, test.p].iter().all(|x| x.is_nan()),
            "{test:?}"
        )
    };
    for variances in [Variances::Equal, Variances::Unequal] {
        none(one_way(&[], variances).expect("a test"));
        none(one_way(&[&[1.0, 2.0]], variances).expect("a test"));
        none(one_way(&[&[1.0, 2.0], &[]], variances).expect("a test"));
        none(one_way(&[&[1.0, 2.0], &[3.0]], variances).expect("a test"));
        none(one_way(&[&[0.1, 0.1], &[0.3, 0.3]], variances).expect("a test"));
        let same = t_test(&[0.1; 3], &[0.1; 4], variances).expect("a test");
        assert!(same.t.is_nan() && same.p.is_nan() && same.difference == 0.0);
        assert!(t_test(&[], &[1.0, 2.0], variances).expect("a test").p.is_nan());
        let far = t_test(&[1e300, -1e300, 0.0], &[1.0, 2.0], variances).expect("a test");
        assert!(far.p.is_nan());
    }
    // One value against several: Student's test only.
    assert!(t_test(&[1.0], &[2.0, 3.0], Variances::Equal).expect("a test").p < 1.0);
    assert!(
        t_test(&[1.0], &[2.0, 3.0], Variances::Unequal)
            .expect("a test")
            .p
            .is_nan()
    );

    assert!(rank_sum(&[], &[1.0]).expect("a test").p.is_nan());
    assert!(rank_sum(&[1.0; 3], &[1.0; 4]).expect("a test").p.is_nan());
    let one = rank_sum(&[1.0], &[2.0]).expect("a test");
    assert_eq!((one.w, one.p, one.exact), (0.0, 1.0, true));
    for groups in [
        vec![],
        vec![&[1.0, 2.0][..]],
        vec![&[1.0, 1.0], &[1.0]],
        vec![&[1.0], &[]],
    ] {
        let found = kruskal_wallis(&groups).expect("a test");
        assert!(found.chi2.is_nan() && found.p.is_nan() && found.df == 0);
    }
    assert!(matches!(
        rank_sum(&[nan], &[1.0]),
        Err(SurvivalError::NotFinite { row: 0, .. })
    ));
    assert!(matches!(
        one_way(&[&[1.0, f64::INFINITY]], Variances::Equal),
        Err(SurvivalError::NotFinite { row: 1, .. })
    ));

    let smd = |groups: &[&[f64]]| standardized_difference_of_means(groups).expect("an smd");
    assert_eq!(smd(&[&[1.0, 1.0], &[2.0, 2.0]]), f64::INFINITY);
    assert_eq!(smd(&[&[0.1, 0.1], &[0.1, 0.1, 0.1]]), 0.0);
    assert!(smd(&[&[1.0], &[2.0, 2.0]]).is_nan() && smd(&[&[1.0, 2.0]]).is_nan() && smd(&[]).is_nan());
}

#[test]
fn degenerate_tables() {
    for (counts, columns) in [
        (vec![], 0),
        (vec![], 3),
        (vec![0; 6], 2),
        (vec![3, 5], 2),
        (vec![3, 0, 5, 0], 2),
    ] {
        let table = ContingencyTable::new(&counts, columns).expect("a table");
        let found = chi_square_test(&table, true);
        assert!(found.chi2.is_nan() && found.p.is_nan() && found.df == 0);
        assert!(fisher_exact(&table, FisherLimit::default()).is_some_and(f64::is_nan));
    }
    assert!(
        ContingencyTable::new(&[], 2)
            .expect("a table")
            .smallest_expected()
            .is_nan()
    );
    // Lines and columns without counts change nothing.
    let padded = ContingencyTable::new(&[3, 0, 7, 0, 0, 0, 9, 0, 2], 3).expect("a table");
    assert_eq!(padded, ContingencyTable::new(&[3, 7, 9, 2], 2).expect("a table"));
    assert_eq!(padded.size(), (2, 2));
    assert!(matches!(
        ContingencyTable::new(&[1, 2, 3], 2),
        Err(SurvivalError::Length {
            found: 3,
            expected: 4,
            ..
        })
    ));
    assert!(matches!(
        ContingencyTable::new(&[u64::MAX, 1], 2),
        Err(SurvivalError::Parameter { .. })
    ));
    assert!(matches!(
        ContingencyTable::new(&[1], 0),
        Err(SurvivalError::Length { .. })
    ));
    assert!(matches!(FisherLimit::new(0), Err(SurvivalError::Parameter { .. })));
    // Beyond the limit there is no answer.
    let many = ContingencyTable::new(&[50, 60, 70, 80, 90, 40, 30, 55, 65], 3).expect("a table");
    assert_eq!(fisher_exact(&many, FisherLimit::new(100).expect("a limit")), None);
    assert_eq!(fisher(&[400_000, 300_000, 1, 500_000], 2), None);

    let smd = |groups: &[&[u64]]| standardized_difference_of_counts(groups).expect("an smd");
    assert_eq!(smd(&[&[5, 0], &[0, 5]]), f64::INFINITY);
    assert_eq!(smd(&[&[2, 3, 0, 0], &[0, 0, 4, 1]]), f64::INFINITY);
    assert_eq!(smd(&[&[5, 0], &[7, 0]]), 0.0);
    assert!(smd(&[&[5, 1], &[0, 0]]).is_nan() && smd(&[&[5, 1]]).is_nan() && smd(&[]).is_nan());
    assert!(matches!(
        standardized_difference_of_counts(&[&[1, 2], &[1]]),
        Err(SurvivalError::Length { .. })
    ));
}

/// Probabilities of all tables with these margins, cell by cell.
fn enumerate(lines: &mut Vec<u64>, columns: &[u64], line: usize, left: u64, weight: f64, found: &mut Vec<f64>) {
    let factorial = |n: u64| (1..=n).map(|i| i as f64).product::<f64>();
    let Some((&column, others)) = columns.split_first() else {
        found.push(weight);
        return;
    };
    if line == lines.len() {
        if left == 0 {
            let next = others.first().copied().unwrap_or(0);
            enumerate(lines, others, 0, next, weight, found);
        }
        return;
    }
    let _ = column;
    for part in 0..=left.min(lines[line]) {
        lines[line] -= part;
        enumerate(lines, columns, line + 1, left - part, weight / factorial(part), found);
        lines[line] += part;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn fisher_equals_enumeration(counts in prop::collection::vec(0u64..5, 12), columns in 2usize..5) {
        let lines = 12 / columns;
        let counts = &counts[..lines.min(3) * columns];
        let columns_of = |column: usize| counts.iter().skip(column).step_by(columns).sum::<u64>();
        let mut line_sums: Vec<u64> = counts.chunks(columns).map(|line| line.iter().sum()).collect();
        let column_sums: Vec<u64> = (0..columns).map(columns_of).collect();
        let observed = counts.iter().map(|n| 1.0 / (1..=*n).map(|i| i as f64).product::<f64>()).product::<f64>();
        let mut weights = Vec::new();
        enumerate(&mut line_sums, &column_sums, 0, column_sums[0], 1.0, &mut weights);
        let total: f64 = weights.iter().sum();
        let below: f64 = weights.iter().filter(|weight| **weight <= observed * (1.0 + 1e-7)).sum();
        let found = fisher(counts, columns).expect("within the limit");
        if found.is_nan() {
            prop_assert!(weights.len() == 1);
        } else {
            prop_assert!((found - below / total).abs() < 1e-11, "{} {}", found, below / total);
            // Transposed, the same.
            let transposed: Vec<u64> =
                (0..columns).flat_map(|column| counts.iter().skip(column).step_by(columns).copied()).collect();
            let other = fisher(&transposed, counts.len() / columns).expect("within the limit");
            prop_assert!((found - other).abs() < 1e-11);
        }
    }

    #[test]
    fn rank_sums_equal_enumeration(first in 1usize..7, second in 1usize..7, seed in prop::collection::vec(any::<u32>(), 14)) {
        let mut order: Vec<usize> = (0..first + second).collect();
        order.sort_by_key(|&place| (seed[place], place));
        let values: Vec<f64> = order.iter().map(|&place| place as f64).collect();
        let found = rank_sum(&values[..first], &values[first..]).expect("a test");
        let w_of = |members: &[usize]| {
            let lower = |&a: &usize| (0..first + second).filter(|b| *b < a && !members.contains(b)).count();
            members.iter().map(lower).sum::<usize>()
        };
        let own: Vec<usize> = order[..first].to_vec();
        let observed = w_of(&own);
        let (mut below, mut above, mut total) = (0.0, 0.0, 0.0);
        for set in 0u32..1 << (first + second) {
            if set.count_ones() as usize == first {
                let members: Vec<usize> = (0..first + second).filter(|i| set >> i & 1 == 1).collect();
                let w = w_of(&members);
                total += 1.0;
                below += f64::from(u8::from(w <= observed));
                above += f64::from(u8::from(w >= observed));
            }
        }
        let expected = (2.0 * f64::min(below, above) / total).min(1.0);
        prop_assert_eq!(found.w as usize, observed);
        prop_assert!((found.p - expected).abs() < 1e-14);
    }

    #[test]
    fn rows_in_any_order_give_the_same_bits(
        rows in prop::collection::vec((-3i32..4, -1.0f64..1.0, 0usize..3, any::<u32>()), 6..40),
    ) {
        let answer = |rows: &[(i32, f64, usize, u32)]| {
            let of = |tied: bool| -> Vec<Vec<f64>> {
                (0..3)
                    .map(|group| {
                        let own = rows.iter().filter(|row| row.2 == group);
                        own.map(|row| if tied { f64::from(row.0) } else { row.1 }).collect()
                    })
                    .collect()
            };
            [of(false), of(true)].map(|groups| {
                let groups = slices(&groups);
                format!(
                    "{:?} {:?} {:?} {:?} {:?} {:?}",
                    one_way(&groups, Variances::Equal),
                    one_way(&groups, Variances::Unequal),
                    kruskal_wallis(&groups),
                    t_test(groups[0], groups[1], Variances::Unequal),
                    rank_sum(groups[0], groups[1]),
                    standardized_difference_of_means(&groups),
                )
            })
        };
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| row.3);
        prop_assert_eq!(answer(&rows), answer(&shuffled));
    }
}
