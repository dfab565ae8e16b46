//! The baseline table against R's own functions.

mod common;

use common::{Table, Tally, golden, json, list, number};
use radsql_survival::{
    CategoricalTest, ContinuousTest, FisherLimit, LevelCount, NumericSummary, SurvivalError, TableOne, TableOneCell,
    TableOneOptions, TableOneRow, TableOneValues, TableOneVariable, TestKind, Variances, table_one,
};
use serde_json::Value;

fn numbers<'a>(name: &'a str, values: &'a [f64]) -> TableOneVariable<'a> {
    TableOneVariable {
        name,
        values: TableOneValues::Numbers(values),
    }
}

fn levels<'a>(name: &'a str, codes: &'a [Option<u32>], names: &'a [&'a str]) -> TableOneVariable<'a> {
    TableOneVariable {
        name,
        values: TableOneValues::Levels { codes, names },
    }
}

fn summary(cell: &TableOneCell) -> NumericSummary {
    match cell {
        TableOneCell::Numbers(summary) => *summary,
        TableOneCell::Level(_) => panic!("{cell:?} is of a level"),
    }
}

fn count(cell: &TableOneCell) -> LevelCount {
    match cell {
        TableOneCell::Level(count) => *count,
        TableOneCell::Numbers(_) => panic!("{cell:?} is of numbers"),
    }
}

/// The lines of a variable.
fn lines<'a>(table: &'a TableOne, variable: &str) -> Vec<&'a TableOneRow> {
    table.rows.iter().filter(|row| row.variable == variable).collect()
}

fn compare_summary(tally: &mut Tally, label: &str, found: &NumericSummary, expected: &Value) {
    tally.same(&format!("{label} n"), found.n, number(&expected["n"]) as usize);
    tally.same(
        &format!("{label} missing"),
        found.missing,
        number(&expected["missing"]) as usize,
    );
    for (what, found) in [
        ("mean", found.mean),
        ("sd", found.sd),
        ("median", found.median),
        ("q1", found.q1),
        ("q3", found.q3),
        ("min", found.min),
        ("max", found.max),
    ] {
        tally.close(&format!("{label} {what}"), found, number(&expected[what]), 1e-14);
    }
}

#[test]
fn tables_equal_r() {
    let patients = Table::read(&golden("table_one/patients.csv"));
    let expected = json(&golden("table_one/table.json"));
    let (age, marker) = (patients.numbers("age"), patients.numbers("marker"));
    let codes = |name: &str| -> Vec<Option<u32>> {
        let values = patients.numbers(name).into_iter();
        values.map(|value| (!value.is_nan()).then_some(value as u32)).collect()
    };
    let (sex, stage) = (codes("sex"), codes("stage"));
    let variables = [
        numbers("age", &age),
        levels("sex", &sex, &["female", "male"]),
        numbers("marker", &marker),
        levels("stage", &stage, &["I", "II", "III", "IV"]),
    ];
    let mut tally = Tally::default();
    for by in ["arm", "site"] {
        let groups = patients.codes(by);
        let two = by == "arm";
        let expected = &expected[by];
        let table = |options: &TableOneOptions| table_one(&variables, Some(&groups), options).expect("a table");
        let options = |continuous, categorical| TableOneOptions {
            continuous,
            categorical,
            ..TableOneOptions::default()
        };
        let default = table(&TableOneOptions::default());
        let sizes: Vec<f64> = default.groups.iter().map(|group| group.n as f64).collect();
        assert_eq!(sizes, list(&expected["sizes"]));
        assert!(default.groups.is_sorted_by_key(|group| group.group));
        let order: Vec<&str> = default.rows.iter().map(|row| row.variable.as_str()).collect();
        assert_eq!(
            order,
            ["age", "sex", "sex", "marker", "stage", "stage", "stage", "stage"]
        );

        for name in ["age", "marker"] {
            let expected = &expected["numbers"][name];
            let line = lines(&default, name)[0];
            compare_summary(&mut tally, name, &summary(&line.overall), &expected["overall"]);
            for (cell, expected) in line.groups.iter().zip(expected["groups"].as_array().expect("groups")) {
                compare_summary(&mut tally, &format!("{name} by {by}"), &summary(cell), expected);
            }
            for (key, continuous, kinds) in [
                (
                    "ranks",
                    ContinuousTest::Ranks,
                    [TestKind::Wilcoxon, TestKind::KruskalWallis],
                ),
                (
                    "welch",
                    ContinuousTest::Means(Variances::Unequal),
                    [TestKind::WelchT, TestKind::WelchAnova],
                ),
                (
                    "equal",
                    ContinuousTest::Means(Variances::Equal),
                    [TestKind::StudentT, TestKind::Anova],
                ),
            ] {
                let table = table(&options(continuous, CategoricalTest::default()));
                let test = lines(&table, name)[0].test.expect("a test");
                let kind = if test.kind == TestKind::WilcoxonExact {
                    TestKind::Wilcoxon
                } else {
                    test.kind
                };
                assert_eq!(kind, kinds[usize::from(!two)]);
                tally.close(&format!("{name} by {by} {key}"), test.p, number(&expected[key]), 1e-12);
            }
            assert!(line.level.is_none() && line.smd.is_some_and(|smd| smd > 0.0 && smd < 2.0));
        }
        for name in ["sex", "stage"] {
            let expected = &expected["levels"][name];
            let lines_of = lines(&default, name);
            let missing = number(&expected["missing"]);
            for (place, line) in lines_of.iter().enumerate() {
                let overall = count(&line.overall);
                tally.same(name, overall.count, list(&expected["overall"])[place] as usize);
                tally.same(name, overall.missing, missing as usize);
                tally.close(
                    name,
                    overall.percent,
                    100.0 * overall.count as f64 / (70.0 - missing),
                    1e-15,
                );
                for (cell, expected) in line.groups.iter().zip(expected["groups"].as_array().expect("groups")) {
                    tally.same(name, count(cell).count, list(expected)[place] as usize);
                }
                // Test and distance stand in the first line only.
                assert_eq!((line.test.is_some(), line.smd.is_some()), (place == 0, place == 0));
            }
            let few = number(&expected["expected"]) < 5.0;
            for (key, categorical, kind) in [
                ("chisq", CategoricalTest::ChiSquare, TestKind::ChiSquare),
                (
                    "yates",
                    CategoricalTest::ChiSquareContinuity,
                    TestKind::ChiSquareContinuity,
                ),
                ("fisher", CategoricalTest::Fisher, TestKind::FisherExact),
                (
                    if few { "fisher" } else { "chisq" },
                    CategoricalTest::Automatic,
                    if few {
                        TestKind::FisherExact
                    } else {
                        TestKind::ChiSquare
                    },
                ),
            ] {
                let table = table(&options(ContinuousTest::default(), categorical));
                let test = lines(&table, name)[0].test.expect("a test");
                // Yates' correction is for two by two tables.
                let corrects = kind == TestKind::ChiSquareContinuity && !(name == "sex" && two);
                assert_eq!(test.kind, if corrects { TestKind::ChiSquare } else { kind });
                tally.close(&format!("{name} by {by} {key}"), test.p, number(&expected[key]), 1e-10);
            }
        }
    }
    tally.finish("table one");
}

#[test]
fn without_groups_there_are_no_tests() {
    let values = [1.0, f64::NAN, 3.0];
    let codes = [Some(1), None, Some(1)];
    let variables = [numbers("x", &values), levels("l", &codes, &["a", "b"])];
    for groups in [None, Some(&[7, 7, 7][..])] {
        let table = table_one(&variables, groups, &TableOneOptions::default()).expect("a table");
        assert_eq!(table.groups.len(), usize::from(groups.is_some()));
        assert!(table.rows.iter().all(|row| row.test.is_none() && row.smd.is_none()));
        assert_eq!(summary(&table.rows[0].overall).mean, 2.0);
        let cells: Vec<LevelCount> = table.rows[1..].iter().map(|row| count(&row.overall)).collect();
        assert_eq!((cells[0].count, cells[1].count, cells[1].missing), (0, 2, 1));
        assert_eq!((cells[0].percent, cells[1].percent), (0.0, 100.0));
    }
}

#[test]
fn degenerate_tables() {
    let options = TableOneOptions::default();
    let empty = table_one(&[], None, &options).expect("a table");
    assert!(empty.rows.is_empty() && empty.groups.is_empty());
    let none = table_one(&[numbers("x", &[]), levels("l", &[], &["a"])], Some(&[]), &options).expect("a table");
    assert!(summary(&none.rows[0].overall).mean.is_nan() && count(&none.rows[1].overall).percent.is_nan());

    // A group without values, a constant variable, a level that all have, no levels at all.
    let nan = f64::NAN;
    let groups = [0, 0, 1, 1, 2];
    let gone = [1.0, 2.0, nan, nan, nan];
    let variables = [
        numbers("gone", &gone),
        numbers("constant", &[4.0; 5]),
        levels("one", &[Some(0); 5], &["a", "b"]),
        levels("nothing", &[None; 5], &["a"]),
        levels("nameless", &[None; 5], &[]),
    ];
    for continuous in [ContinuousTest::Ranks, ContinuousTest::Means(Variances::Equal)] {
        for categorical in [
            CategoricalTest::Automatic,
            CategoricalTest::ChiSquareContinuity,
            CategoricalTest::Fisher,
        ] {
            let options = TableOneOptions {
                continuous,
                categorical,
                ..options
            };
            let table = table_one(&variables, Some(&groups), &options).expect("a table");
            assert_eq!(table.rows.len(), 5);
            assert!(table.rows.iter().filter_map(|row| row.test).all(|test| test.p.is_nan()));
            assert!(lines(&table, "gone")[0].smd.is_some_and(f64::is_nan));
            assert_eq!(lines(&table, "one")[0].smd, Some(0.0));
            assert_eq!(lines(&table, "nothing")[0].test.map(|test| test.p.is_nan()), Some(true));
        }
    }
    let one = summary(
        &table_one(&[numbers("x", &[2.0])], None, &options)
            .expect("a table")
            .rows[0]
            .overall,
    );
    assert!(one.sd.is_nan() && (one.mean, one.median, one.q1, one.max) == (2.0, 2.0, 2.0, 2.0));

    // Beyond the limit of the exact test: the chi-square test, by its name.
    let codes: Vec<Option<u32>> = (0..200_u32).map(|row| Some(row * row % 7)).collect();
    let groups: Vec<u32> = (0..200).map(|row| if row < 6 { 0 } else { 1 + row % 4 }).collect();
    let little = TableOneOptions {
        fisher_limit: FisherLimit::new(10).expect("a limit"),
        ..options
    };
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let table = table_one(&[levels("l", &codes, &names)], Some(&groups), &little).expect("a table");
    assert_eq!(table.rows[0].test.map(|test| test.kind), Some(TestKind::ChiSquare));

    let error = |variable, groups: Option<&[u32]>| table_one(&[variable], groups, &options).expect_err("an error");
    assert!(matches!(
        error(numbers("x", &[1.0]), Some(&[0, 1])),
        SurvivalError::Length {
            found: 1,
            expected: 2,
            ..
        }
    ));
    assert!(matches!(
        error(numbers("x", &[f64::INFINITY]), None),
        SurvivalError::NotFinite { row: 0, .. }
    ));
    assert!(matches!(
        error(levels("l", &[Some(2)], &["a", "b"]), None),
        SurvivalError::Parameter { .. }
    ));
    assert!(matches!(
        table_one(&[numbers("x", &[1.0]), numbers("y", &[])], None, &options),
        Err(SurvivalError::Length { .. })
    ));
}

#[test]
fn rows_in_any_order_give_the_same_bits() {
    let values: Vec<f64> = (0..40).map(|row| f64::from(row * 17 % 40).sqrt()).collect();
    let codes: Vec<Option<u32>> = (0..40).map(|row| (row % 9 != 0).then_some(row % 3)).collect();
    let groups: Vec<u32> = (0..40).map(|row| row * 7 % 3).collect();
    let answer = |order: &[usize]| {
        let values: Vec<f64> = order.iter().map(|&row| values[row]).collect();
        let codes: Vec<Option<u32>> = order.iter().map(|&row| codes[row]).collect();
        let groups: Vec<u32> = order.iter().map(|&row| groups[row]).collect();
        let variables = [numbers("x", &values), levels("l", &codes, &["a", "b", "c"])];
        table_one(&variables, Some(&groups), &TableOneOptions::default()).expect("a table")
    };
    let order: Vec<usize> = (0..40).collect();
    let other: Vec<usize> = (0..40).map(|row| row * 27 % 40).collect();
    assert_eq!(format!("{:?}", answer(&order)), format!("{:?}", answer(&other)));
}
