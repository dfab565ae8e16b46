//! Variances, coefficients of variation and near-zero variance against R and caret.

mod common;

use common::{Table, Tally, golden};
use radsql_survival::{SurvivalError, VarianceRule, variance_filter};

fn rule(rule: Result<VarianceRule, SurvivalError>) -> VarianceRule {
    rule.expect("a rule")
}

#[test]
fn spreads_equal_r_and_caret() {
    let table = Table::read(&golden("variance_filter/columns.csv"));
    let expected = Table::read(&golden("variance_filter/spread.csv"));
    let columns: Vec<Vec<f64>> = table.names().iter().map(|name| table.numbers(name)).collect();
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let near_zero = variance_filter(&slices, rule(VarianceRule::near_zero(95.0 / 5.0, 10.0))).expect("spreads");
    let mut tally = Tally::default();
    for (place, name) in expected.text("column").iter().enumerate() {
        let found = near_zero[place];
        let column = |column: &str| expected.numbers(column)[place];
        tally.close(&format!("{name} variance"), found.variance, column("variance"), 1e-14);
        tally.close(
            &format!("{name} cv"),
            found.coefficient_of_variation,
            column("cv"),
            1e-13,
        );
        tally.close(
            &format!("{name} ratio"),
            found.frequency_ratio,
            column("freq_ratio"),
            0.0,
        );
        tally.close(
            &format!("{name} unique"),
            found.percent_unique,
            column("percent_unique"),
            1e-15,
        );
        assert_eq!(found.kept, expected.text("nzv")[place] == "FALSE", "{name}");
    }
    tally.finish("nearZeroVar");

    let kept = |chosen: VarianceRule| {
        let found = variance_filter(&slices, chosen).expect("spreads");
        let names = table.names().iter().zip(found).filter(|(_, spread)| spread.kept);
        names.map(|(name, _)| name.clone()).collect::<Vec<String>>()
    };
    let without = |gone: &[&str]| {
        let names = table.names().iter().filter(|name| !gone.contains(&name.as_str()));
        names.cloned().collect::<Vec<String>>()
    };
    assert_eq!(kept(VarianceRule::default()), without(&["constant", "nothing", "few"]));
    assert_eq!(
        kept(rule(VarianceRule::variance(1e-10))),
        without(&["constant", "nothing", "few", "small"])
    );
    assert_eq!(
        kept(rule(VarianceRule::coefficient_of_variation(0.4))),
        without(&["normal", "constant", "missing", "nothing", "few"])
    );
}

#[test]
fn degenerate_columns() {
    let found = variance_filter(
        &[&[], &[1.0], &[f64::NAN], &[-0.0, 0.0], &[-1e308, 1e308]],
        VarianceRule::default(),
    );
    let found = found.expect("spreads");
    assert!(found[0].variance.is_nan() && found[1].variance.is_nan() && found[2].variance.is_nan());
    assert!(found[0].percent_unique.is_nan());
    assert_eq!(
        found.iter().map(|spread| spread.kept).collect::<Vec<_>>(),
        [false, false, false, false, true]
    );
    assert_eq!((found[3].variance, found[3].coefficient_of_variation), (0.0, 0.0));
    assert!(
        variance_filter(&[], VarianceRule::default())
            .expect("spreads")
            .is_empty()
    );
    assert!(matches!(
        variance_filter(&[&[1.0, f64::NEG_INFINITY]], VarianceRule::default()),
        Err(SurvivalError::NotFinite { row: 1, .. })
    ));
    for wrong in [
        VarianceRule::variance(-1.0),
        VarianceRule::coefficient_of_variation(f64::NAN),
        VarianceRule::near_zero(19.0, -1.0),
    ] {
        assert!(matches!(wrong, Err(SurvivalError::Parameter { .. })));
    }
}
