//! Correlation filters against caret's `findCorrelation` and against the definition.

mod common;

use std::collections::BTreeSet;

use common::{Table, Tally, golden, json, list, reference};
use proptest::prelude::*;
use radsql_survival::{
    CaretVariant, ColumnVerdict, Correlation, CorrelationCutoff, CorrelationFilter, KeepBy, SurvivalError,
    correlation_filter, correlation_matrix,
};
use serde_json::Value;

fn cutoff(value: f64) -> CorrelationCutoff {
    CorrelationCutoff::new(value).expect("a cutoff")
}

fn slices(columns: &[Vec<f64>]) -> Vec<&[f64]> {
    columns.iter().map(Vec::as_slice).collect()
}

fn filter(columns: &[Vec<f64>], coefficient: Correlation, limit: f64, keep_by: KeepBy<'_>) -> CorrelationFilter {
    correlation_filter(&slices(columns), coefficient, cutoff(limit), keep_by).expect("a filter")
}

fn dropped<'a>(found: &CorrelationFilter, names: &[&'a str]) -> BTreeSet<&'a str> {
    let pairs = found.columns.iter().zip(names);
    pairs
        .filter(|(verdict, _)| !verdict.kept())
        .map(|(_, name)| *name)
        .collect()
}

fn texts(value: &Value) -> BTreeSet<&str> {
    let values = value.as_array().expect("a list").iter();
    values.map(|name| name.as_str().expect("a name")).collect()
}

fn variant(exact: bool) -> CaretVariant {
    if exact { CaretVariant::Exact } else { CaretVariant::Fast }
}

#[test]
fn the_pipeline_equals_caret() {
    let Some(folder) = reference() else { return };
    let table = Table::read(&folder.join("data/synth_radiomics.csv"));
    let cohort = table.text("cohort").to_vec();
    let train = table.filter(|row| cohort[row] == "train");
    let names: Vec<&str> = train.names().iter().map(String::as_str).collect();
    let names: Vec<&str> = names
        .into_iter()
        .filter(|name| name.starts_with("rad_") || name.starts_with("deep_"))
        .collect();
    assert_eq!((train.rows(), names.len()), (138, 1107));
    let columns: Vec<Vec<f64>> = names.iter().map(|name| train.numbers(name)).collect();
    let removed = json(&folder.join("pipeline/findCorrelation_removed.json"));
    let mut compared = 0;
    for (key, expected) in removed.as_object().expect("answers") {
        let (coefficient, rest) = match key.strip_prefix("spearman_") {
            Some(rest) => (Correlation::Spearman, rest),
            None => (Correlation::Pearson, key.as_str()),
        };
        let (limit, exact) = rest
            .strip_prefix("cut")
            .and_then(|key| key.split_once("_exact"))
            .expect("a key");
        let limit: f64 = limit.parse().expect("a cutoff");
        let found = filter(&columns, coefficient, limit, KeepBy::Caret(variant(exact == "TRUE")));
        assert_eq!(dropped(&found, &names), texts(expected), "{key}");
        assert_eq!(found.rows, 138);
        compared += 1;
    }
    assert!(compared >= 7);
    let selected = json(&folder.join("pipeline/selected.json"));
    let kept = texts(&selected["kept"]);
    let found = filter(&columns, Correlation::Pearson, 0.9, KeepBy::Caret(CaretVariant::Exact));
    let gone = dropped(&found, &names);
    let left: BTreeSet<&str> = names.iter().copied().filter(|name| !gone.contains(name)).collect();
    assert_eq!(left, kept);
}

#[test]
fn twelve_columns_equal_caret() {
    let Some(folder) = reference() else { return };
    let table = Table::read(&folder.join("data/corr12.csv"));
    let expected = json(&folder.join("pipeline/corr12.json"));
    check_against_caret(&table, |limit, exact| {
        let key = format!("cut{limit}_{}", if exact { "exact" } else { "fast" });
        expected.get(&key)
    });
    check_correlations(&table, Correlation::Pearson, &list(&expected["cor"]));
}

#[test]
fn golden_columns_equal_caret() {
    let table = Table::read(&golden("correlation_filter/columns.csv"));
    let expected = json(&golden("correlation_filter/removed.json"));
    for (name, coefficient) in [("pearson", Correlation::Pearson), ("spearman", Correlation::Spearman)] {
        let compared = check_against(&table, coefficient, |limit, exact| {
            expected.get(format!("{name}_{limit}_{}", if exact { "exact" } else { "fast" }))
        });
        assert_eq!(compared, 10);
        check_correlations(&table, coefficient, &list(&expected[format!("{name}_r")]));
    }
}

fn check_against_caret<'a>(table: &Table, expected: impl Fn(f64, bool) -> Option<&'a Value>) {
    assert!(check_against(table, Correlation::Pearson, expected) >= 3);
}

fn check_against<'a>(
    table: &Table,
    coefficient: Correlation,
    expected: impl Fn(f64, bool) -> Option<&'a Value>,
) -> usize {
    let names: Vec<&str> = table.names().iter().map(String::as_str).collect();
    let columns: Vec<Vec<f64>> = names.iter().map(|name| table.numbers(name)).collect();
    let mut compared = 0;
    for limit in [0.5, 0.7, 0.8, 0.9, 0.95] {
        for exact in [true, false] {
            let Some(expected) = expected(limit, exact) else {
                continue;
            };
            let found = filter(&columns, coefficient, limit, KeepBy::Caret(variant(exact)));
            assert_eq!(
                dropped(&found, &names),
                texts(expected),
                "{coefficient:?} {limit} exact {exact}"
            );
            // Fewer than 100 columns: caret's default is the exact variant.
            if exact {
                let automatic = filter(&columns, coefficient, limit, KeepBy::Caret(CaretVariant::Automatic));
                assert_eq!(automatic, found);
            }
            compared += 1;
        }
    }
    compared
}

/// Two columns at a time with cutoff 0: the second goes, and its verdict carries r.
fn check_correlations(table: &Table, coefficient: Correlation, expected: &[f64]) {
    let names = table.names().to_vec();
    let columns: Vec<Vec<f64>> = names.iter().map(|name| table.numbers(name)).collect();
    let mut tally = Tally::default();
    for i in 0..columns.len() {
        for j in 0..i {
            let pair = [columns[j].clone(), columns[i].clone()];
            let found = filter(&pair, coefficient, 0.0, KeepBy::Position);
            let ColumnVerdict::Correlated { with: 0, correlation } = found.columns[1] else {
                panic!("{found:?}")
            };
            tally.close_to_scale("r", correlation, expected[i * columns.len() + j], 1.0, 1e-15);
        }
    }
    tally.finish("cor");
}

#[test]
fn the_order_decides_who_stays() {
    let a = vec![1.0, 2.0, 3.0, 4.0, 5.0];
    let b: Vec<f64> = vec![2.0, 4.1, 5.9, 8.0, 10.1];
    let c = vec![1.0, -1.0, 0.5, -2.0, 1.0];
    let columns = [a, b, c];
    let gone = |keep_by| {
        let found = filter(&columns, Correlation::Pearson, 0.9, keep_by);
        let place = found.columns.iter().position(|verdict| !verdict.kept());
        place.map(|place| (place, found.columns[place]))
    };
    let with = |verdict: Option<(usize, ColumnVerdict)>| match verdict {
        Some((place, ColumnVerdict::Correlated { with, correlation })) => (place, with, correlation > 0.99),
        other => panic!("{other:?}"),
    };
    assert_eq!(with(gone(KeepBy::Position)), (1, 0, true));
    assert_eq!(with(gone(KeepBy::Variance)), (0, 1, true));
    assert_eq!(with(gone(KeepBy::PValue(&[0.2, 0.01, 0.5]))), (0, 1, true));
    assert_eq!(with(gone(KeepBy::PValue(&[0.2, f64::NAN, 0.5]))), (1, 0, true));
    assert_eq!(with(gone(KeepBy::PValue(&[0.2, 0.2, 0.2]))), (1, 0, true));
}

#[test]
fn degenerate_columns() {
    let nan = f64::NAN;
    let columns = [
        vec![1.0, 2.0, 3.0, 4.0],
        vec![7.0; 4],
        vec![nan; 4],
        vec![2.0, 4.0, 6.0, nan],
        vec![-1e300, 1e300, 0.0, 1e308],
        vec![5e-324, 0.0, 0.0, 0.0],
    ];
    for keep_by in [
        KeepBy::Position,
        KeepBy::Variance,
        KeepBy::Caret(CaretVariant::Exact),
        KeepBy::Caret(CaretVariant::Fast),
    ] {
        let found = filter(&columns, Correlation::Pearson, 0.9, keep_by);
        assert_eq!(found.rows, 3);
        assert_eq!(found.columns[1], ColumnVerdict::Constant);
        assert_eq!(found.columns[2], ColumnVerdict::Missing);
        // Complete rows 0 to 2: the first and the fourth are multiples of each other.
        assert_eq!(
            found.columns.iter().filter(|verdict| verdict.kept()).count(),
            3,
            "{keep_by:?}"
        );
        let correlation = found.columns.iter().find_map(|verdict| match verdict {
            ColumnVerdict::Correlated { correlation, .. } => Some(*correlation),
            _ => None,
        });
        assert!(correlation.is_some_and(|r| (1.0 - r).abs() < 1e-15));
    }
    // One row, or no complete row: nothing varies.
    for columns in [vec![vec![1.0], vec![2.0]], vec![vec![1.0, nan], vec![nan, 2.0]]] {
        let found = filter(
            &columns,
            Correlation::Spearman,
            0.9,
            KeepBy::Caret(CaretVariant::Automatic),
        );
        assert_eq!(found.columns, [ColumnVerdict::Constant; 2]);
    }
    // Alone, a column stays.
    assert_eq!(
        filter(
            &columns[..1],
            Correlation::Pearson,
            0.0,
            KeepBy::Caret(CaretVariant::Automatic)
        )
        .columns,
        [ColumnVerdict::Kept]
    );
    // The same column three times: one stays, under every rule; at cutoff 1 nothing is above.
    let same = vec![columns[0].clone(); 3];
    for keep_by in [
        KeepBy::Position,
        KeepBy::Caret(CaretVariant::Exact),
        KeepBy::Caret(CaretVariant::Fast),
    ] {
        let kept = |limit| {
            let found = filter(&same, Correlation::Pearson, limit, keep_by);
            found.columns.iter().filter(|verdict| verdict.kept()).count()
        };
        assert_eq!((kept(0.9), kept(1.0)), (1, 3));
    }

    let error = |columns: &[&[f64]], keep_by| {
        correlation_filter(columns, Correlation::Pearson, CorrelationCutoff::default(), keep_by).expect_err("an error")
    };
    assert_eq!(error(&[], KeepBy::Position), SurvivalError::NoCovariates);
    assert_eq!(error(&[&[], &[]], KeepBy::Position), SurvivalError::NoRows);
    assert!(matches!(
        error(&[&[1.0, 2.0], &[1.0]], KeepBy::Position),
        SurvivalError::Length {
            expected: 2,
            found: 1,
            ..
        }
    ));
    assert!(matches!(
        error(&[&[1.0, f64::INFINITY]], KeepBy::Position),
        SurvivalError::NotFinite { row: 1, .. }
    ));
    assert!(matches!(
        error(&[&[1.0, 2.0]], KeepBy::PValue(&[])),
        SurvivalError::Length {
            expected: 1,
            found: 0,
            ..
        }
    ));
    for value in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(
            CorrelationCutoff::new(value),
            Err(SurvivalError::Parameter { .. })
        ));
    }
}

/// findCorrelation_exact as caret has it, over a whole table.
fn caret_exact(r: &[Vec<f64>], cutoff: f64) -> BTreeSet<usize> {
    let p = r.len();
    let mean_of = |i: usize, left: &BTreeSet<usize>| {
        let others = left.iter().filter(|&&j| j != i);
        others.clone().map(|&j| r[i][j].abs()).sum::<f64>() / others.count() as f64
    };
    let all: BTreeSet<usize> = (0..p).collect();
    let mut order: Vec<usize> = (0..p).collect();
    order.sort_by(|&a, &b| mean_of(b, &all).total_cmp(&mean_of(a, &all)));
    let mut left = all;
    for (place, &i) in order.iter().enumerate() {
        for &j in &order[place + 1..] {
            if left.contains(&i) && left.contains(&j) && r[i][j].abs() > cutoff {
                let mut sum = 0.0;
                let mut count = 0.0;
                for &a in left.iter().filter(|&&a| a != j) {
                    for &b in left.iter().filter(|&&b| b != a) {
                        sum += r[a][b].abs();
                        count += 1.0;
                    }
                }
                if left.len() > 2 && mean_of(i, &left) > sum / count {
                    left.remove(&i);
                } else {
                    left.remove(&j);
                }
            }
        }
    }
    left
}

fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product =
        |x: &[f64], mx: f64, y: &[f64], my: f64| x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn rules_equal_their_definition(
        noise in prop::collection::vec(-1.0f64..1.0, 11 * 30),
        keys in prop::collection::vec(any::<u32>(), 11),
        limit in 0.2f64..0.95,
        p in 2usize..30,
    ) {
        let n = 11;
        let base: Vec<f64> = (0..n).map(|row| ((row * 7 % 11) as f64).sin()).collect();
        let columns: Vec<Vec<f64>> = (0..p)
            .map(|c| (0..n).map(|row| base[row] * (c % 3) as f64 + noise[c * n + row]).collect())
            .collect();
        let r: Vec<Vec<f64>> = columns.iter().map(|a| columns.iter().map(|b| pearson(a, b)).collect()).collect();

        let kept = |found: &CorrelationFilter| {
            (0..p).filter(|&c| found.columns[c].kept()).collect::<BTreeSet<usize>>()
        };
        let exact = filter(&columns, Correlation::Pearson, limit, KeepBy::Caret(CaretVariant::Exact));
        prop_assert_eq!(kept(&exact), caret_exact(&r, limit));

        let mut greedy: Vec<usize> = Vec::new();
        for (c, line) in r.iter().enumerate() {
            if greedy.iter().all(|&other| line[other].abs() <= limit) {
                greedy.push(c);
            }
        }
        let position = filter(&columns, Correlation::Pearson, limit, KeepBy::Position);
        prop_assert_eq!(kept(&position), greedy.iter().copied().collect::<BTreeSet<usize>>());
        for (c, verdict) in position.columns.iter().enumerate() {
            if let ColumnVerdict::Correlated { with, correlation } = *verdict {
                prop_assert_eq!(Some(&with), greedy.iter().find(|&&other| r[other][c].abs() > limit));
                prop_assert!((correlation - r[with][c]).abs() < 1e-12);
            }
        }

        // Rows in another order, the same bits.
        let mut rows: Vec<usize> = (0..n).collect();
        rows.sort_by_key(|&row| keys[row]);
        let shuffled: Vec<Vec<f64>> = columns.iter().map(|c| rows.iter().map(|&row| c[row]).collect()).collect();
        for keep_by in [KeepBy::Variance, KeepBy::Caret(CaretVariant::Exact), KeepBy::Caret(CaretVariant::Fast)] {
            for coefficient in [Correlation::Pearson, Correlation::Spearman] {
                prop_assert_eq!(
                    filter(&columns, coefficient, limit, keep_by),
                    filter(&shuffled, coefficient, limit, keep_by)
                );
            }
        }
    }
}

/// Columns of a CSV file of numbers; an empty cell is NaN.
fn numbers_of(path: &str) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(golden(path))
        .expect("a golden file")
        .replace(' ', "");
    let mut columns: Vec<Vec<f64>> = vec![];
    for line in text.lines().skip(1) {
        for (place, cell) in line.split(',').enumerate() {
            if columns.len() <= place {
                columns.push(vec![]);
            }
            columns[place].push(if cell.is_empty() {
                f64::NAN
            } else {
                cell.parse().expect("a number")
            });
        }
    }
    columns
}

#[test]
fn the_matrix_equals_r() {
    let columns = numbers_of("correlation_matrix/columns.csv");
    assert_eq!(columns.len(), 8);
    for (name, method) in [("pearson", Correlation::Pearson), ("spearman", Correlation::Spearman)] {
        let expected = numbers_of(&format!("correlation_matrix/{name}.csv"));
        let found = correlation_matrix(&slices(&columns), method).expect("a matrix");
        assert_eq!(found.rows, 37);
        for (i, column) in expected.iter().enumerate() {
            for (j, expected) in column.iter().enumerate() {
                let r = found.correlations[i * 8 + j];
                // R gives a constant column a correlation of 1 with itself; it has none.
                if i == 6 && j == 6 {
                    assert!(r.is_nan());
                    continue;
                }
                let same = (r.is_nan() && expected.is_nan()) || (r - expected).abs() < 1e-14;
                assert!(same, "{name} {i} {j}: {r} instead of {expected}");
            }
        }
        let mut turned: Vec<Vec<f64>> = columns.clone();
        turned.iter_mut().for_each(|column| column.reverse());
        let turned = correlation_matrix(&slices(&turned), method).expect("a matrix");
        let bits = |m: &[f64]| m.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            bits(&turned.correlations),
            bits(&found.correlations),
            "the order of rows"
        );
    }
    assert_eq!(
        correlation_matrix(&[], Correlation::Pearson),
        Err(SurvivalError::NoCovariates)
    );
    assert_eq!(
        correlation_matrix(&[&[]], Correlation::Pearson),
        Err(SurvivalError::NoRows)
    );
}
