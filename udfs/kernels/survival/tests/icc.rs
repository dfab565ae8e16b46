//! Intraclass correlations against R's `psych::ICC`; the F and t distributions against R.

mod common;

use common::{Table, Tally, golden, json, list, number, reference};
use proptest::prelude::*;
use radsql_survival::{
    ConfidenceLevel, IccForm, IccTable, SurvivalError, f_quantile_upper, f_upper, icc, icc_of_features, t_two_sided,
};
use serde_json::Value;

fn level(value: f64) -> ConfidenceLevel {
    ConfidenceLevel::new(value).expect("a level")
}

fn of(raters: &[Vec<f64>]) -> IccTable {
    let raters: Vec<&[f64]> = raters.iter().map(Vec::as_slice).collect();
    icc(&raters, ConfidenceLevel::default()).expect("a table")
}

fn compare(tally: &mut Tally, label: &str, found: &IccTable, expected: &Value, names: [&str; 2]) {
    let column = |name: &str| list(&expected[name]);
    for (place, form) in found.forms.iter().enumerate() {
        let label = format!("{label} {:?}", form.form);
        // A correlation is known to the machine epsilon, not relative to itself.
        tally.close_to_scale(&format!("{label} icc"), form.icc, column("ICC")[place], 1.0, 1e-10);
        tally.close(&format!("{label} F"), form.f, column("F")[place], 1e-9);
        tally.close(&format!("{label} df1"), form.df1, column("df1")[place], 0.0);
        tally.close(&format!("{label} df2"), form.df2, column("df2")[place], 0.0);
        tally.close(&format!("{label} p"), form.p, column("p")[place], 1e-8);
        tally.close(&format!("{label} lower"), form.lower, column(names[0])[place], 1e-8);
        tally.close(&format!("{label} upper"), form.upper, column(names[1])[place], 1e-8);
    }
}

#[test]
fn reference_sets_equal_psych() {
    let Some(folder) = reference() else { return };
    let expected = json(&folder.join("icc.json"));
    let mut tally = Tally::default();
    for (key, file) in [("shrout_fleiss", "icc_shrout_fleiss"), ("testretest", "icc_testretest")] {
        let table = Table::read(&folder.join(format!("data/{file}.csv")));
        let raters: Vec<Vec<f64>> = table.names().iter().map(|name| table.numbers(name)).collect();
        compare(&mut tally, key, &of(&raters), &expected[key], ["lo95", "hi95"]);
    }
    tally.finish("icc.json");
}

#[test]
fn golden_sets_equal_psych() {
    let expected = json(&golden("icc/icc.json"));
    let mut tally = Tally::default();
    for (key, set) in expected.as_object().expect("sets") {
        let raters: Vec<Vec<f64>> = set["raters"].as_array().expect("raters").iter().map(list).collect();
        let slices: Vec<&[f64]> = raters.iter().map(Vec::as_slice).collect();
        let found = icc(&slices, level(number(&set["level"]))).expect("a table");
        compare(&mut tally, key, &found, set, ["lower", "upper"]);
    }
    tally.finish("psych::ICC");
}

fn read<const N: usize>(name: &str, columns: [&str; N]) -> Vec<[f64; N]> {
    let table = Table::read(&golden(&format!("distributions/{name}.csv")));
    let columns = columns.map(|name| table.numbers(name));
    (0..table.rows())
        .map(|row| std::array::from_fn(|column| columns[column][row]))
        .collect()
}

#[test]
fn f_and_t_distributions_equal_r() {
    let mut tally = Tally::default();
    for [f, df1, df2, p] in read("f", ["f", "df1", "df2", "p"]) {
        tally.close(&format!("pf({f}, {df1}, {df2})"), f_upper(f, df1, df2), p, 1e-11);
    }
    for [t, df, p] in read("t", ["t", "df", "p"]) {
        tally.close(&format!("pt({t}, {df})"), t_two_sided(t, df), p, 1e-11);
        assert_eq!(t_two_sided(-t, df), t_two_sided(t, df));
    }
    tally.finish("pf and pt");
    let mut tally = Tally::default();
    for [upper, df1, df2, q] in read("quantile", ["upper", "df1", "df2", "q"]) {
        tally.close(
            &format!("qf({upper}, {df1}, {df2})"),
            f_quantile_upper(upper, df1, df2),
            q,
            1e-9,
        );
    }
    tally.finish("qf");
    let mut tally = Tally::default();
    let degrees = [0.7, 1.0, 3.37, 39.0, 1e4, 1e6];
    for (upper, (df1, df2)) in [1e-9, 0.005, 0.3, 0.5, 0.9, 0.975].into_iter().flat_map(|upper| {
        degrees
            .into_iter()
            .flat_map(move |df1| degrees.map(|df2| (upper, (df1, df2))))
    }) {
        let back = f_upper(f_quantile_upper(upper, df1, df2), df1, df2);
        // Steep distributions turn the last bit of the quantile into more.
        let tolerance = 1e-12 * df1.min(df2).sqrt().max(10.0);
        tally.close(&format!("there and back {upper} {df1} {df2}"), back, upper, tolerance);
    }
    tally.finish("qf and pf");
}

#[test]
fn edges_of_the_distributions() {
    assert_eq!((f_upper(0.0, 2.0, 3.0), f_upper(-1.0, 2.0, 3.0)), (1.0, 1.0));
    assert_eq!(
        (f_upper(f64::INFINITY, 2.0, 3.0), t_two_sided(f64::INFINITY, 3.0)),
        (0.0, 0.0)
    );
    assert_eq!(t_two_sided(0.0, 3.0), 1.0);
    assert!(f_upper(f64::NAN, 2.0, 3.0).is_nan() && f_upper(1.0, 0.0, 3.0).is_nan());
    assert!(f_upper(1.0, 2.0, f64::INFINITY).is_nan() && t_two_sided(1.0, f64::NAN).is_nan());
    assert_eq!(
        (f_quantile_upper(1.0, 2.0, 3.0), f_quantile_upper(0.0, 2.0, 3.0)),
        (0.0, f64::INFINITY)
    );
    assert!(f_quantile_upper(1.5, 2.0, 3.0).is_nan() && f_quantile_upper(0.5, -1.0, 3.0).is_nan());
    // A t statistic beyond the square root of the largest number.
    assert!((t_two_sided(1e200, 1.0) / (2.0 / std::f64::consts::PI * 1e-200) - 1.0).abs() < 1e-12);
}

#[test]
fn degenerate_ratings() {
    let nan = f64::NAN;
    // Fewer than two complete subjects; one value only.
    for raters in [
        vec![vec![], vec![]],
        vec![vec![1.0], vec![2.0]],
        vec![vec![1.0, nan, 3.0], vec![nan, 2.0, 2.0]],
        vec![vec![0.1; 4]; 3],
    ] {
        let found = of(&raters);
        assert!(found.subjects < 2 || raters.len() == 3);
        for form in found.forms {
            assert!(
                [form.icc, form.f, form.p, form.lower, form.upper]
                    .iter()
                    .all(|number| number.is_nan())
            );
        }
    }
    // Entire agreement, of values that are not exact numbers.
    let values = vec![0.1, 0.7, 0.3, 1.1, 1e-3];
    let found = of(&[values.clone(), values.clone(), values.clone()]);
    for form in found.forms {
        assert_eq!((form.icc, form.f, form.p), (1.0, f64::INFINITY, 0.0));
        assert_eq!((form.lower, form.upper), (1.0, 1.0));
    }
    // Raters that differ by a constant: consistency is entire, agreement is not.
    let shifted: Vec<f64> = values.iter().map(|value| value + 0.25).collect();
    let found = of(&[values.clone(), shifted]);
    assert_eq!(found.form(IccForm::Icc3).icc, 1.0);
    let agreement = found.form(IccForm::Icc2);
    assert!(agreement.icc < 1.0 && agreement.lower < agreement.icc && agreement.icc < agreement.upper);
    // Subjects whose means are equal: the average forms have no bound below.
    let found = of(&[vec![1.0, 2.0, 3.0], vec![3.0, 2.0, 1.0]]);
    assert_eq!(
        (found.form(IccForm::Icc1).f, found.form(IccForm::Icc1).icc),
        (0.0, -1.0)
    );
    assert_eq!(found.form(IccForm::Icc1k).icc, f64::NEG_INFINITY);
    // Far values do not overflow.
    let far = of(&[vec![1e300, -1e300, 5e299], vec![1.1e300, -0.9e300, 5.5e299]]);
    assert!(far.form(IccForm::Icc2).icc > 0.9);

    let error = |raters: &[&[f64]]| icc(raters, ConfidenceLevel::default()).expect_err("an error");
    assert!(matches!(
        error(&[&[1.0, 2.0]]),
        SurvivalError::TooFew {
            found: 1,
            needed: 2,
            ..
        }
    ));
    assert!(matches!(error(&[]), SurvivalError::TooFew { found: 0, .. }));
    assert!(matches!(error(&[&[1.0, 2.0], &[1.0]]), SurvivalError::Length { .. }));
    assert!(matches!(
        error(&[&[1.0], &[f64::INFINITY]]),
        SurvivalError::NotFinite { row: 0, .. }
    ));
    let features = [vec![&[1.0, 2.0][..], &[1.5, 2.0]], vec![&[1.0, 2.0], &[2.0, 1.0]]];
    let many = icc_of_features(&features, ConfidenceLevel::default()).expect("tables");
    let alone = icc(&features[1], ConfidenceLevel::default()).expect("a table");
    assert_eq!(format!("{:?}", many[1]), format!("{alone:?}"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn subjects_in_any_order_shifted_and_scaled(
        subjects in prop::collection::vec((-5.0f64..5.0, -1.0f64..1.0, -1.0f64..1.0, any::<u32>()), 2..30),
        shift in -100.0f64..100.0,
    ) {
        let raters = |subjects: &[(f64, f64, f64, u32)], scale: f64, shift: f64| {
            [1, 2].map(|rater| {
                let value = |s: &(f64, f64, f64, u32)| (s.0 + if rater == 1 { s.1 } else { s.2 }) * scale + shift;
                subjects.iter().map(value).collect::<Vec<f64>>()
            })
        };
        let found = of(&raters(&subjects, 1.0, 0.0));
        let mut shuffled = subjects.clone();
        shuffled.sort_by_key(|subject| subject.3);
        prop_assert_eq!(format!("{found:?}"), format!("{:?}", of(&raters(&shuffled, 1.0, 0.0))));
        let moved = of(&raters(&subjects, 8.0, shift));
        for (a, b) in found.forms.iter().zip(&moved.forms) {
            prop_assert!((a.icc - b.icc).abs() <= 1e-9 * (1.0 + a.icc.abs()) * (1.0 + a.icc.abs()), "{} {}", a.icc, b.icc);
        }
        // The limits of absolute agreement are approximate: at few subjects they may miss the estimate.
        for form in [IccForm::Icc1, IccForm::Icc3, IccForm::Icc1k, IccForm::Icc3k].map(|form| found.form(form)) {
            prop_assert!(form.lower <= form.icc + 1e-12 && form.icc <= form.upper + 1e-12, "{form:?}");
        }
    }
}
