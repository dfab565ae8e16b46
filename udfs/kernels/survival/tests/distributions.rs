//! Tails and quantiles against mpmath 1.3 at 50 digits.

use radsql_survival::{ConfidenceLevel, SurvivalError, chi_square_upper, normal_two_sided};

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found / expected - 1.0).abs() <= tolerance,
        "{what}: found {found:e}, expected {expected:e}"
    );
}

#[test]
fn normal_tails_keep_their_digits() {
    for (z, expected) in [
        (0.1, 0.920344325445942),
        (1.0, 0.3173105078629141),
        (1.959963984540054, 0.050000000000000024),
        (3.5, 0.0004652581580710501),
        (6.0, 1.973175290075396e-09),
        (10.0, 1.523970604832105e-23),
        (20.0, 5.5072482372124675e-89),
        (30.0, 9.813427854296374e-198),
        (37.0, 1.1451142445049154e-299),
    ] {
        // The distance of z from the number meant, times z, is what the tail cannot know.
        close(
            normal_two_sided(z),
            expected,
            1e-15 * (1.0 + z * z),
            &format!("z = {z}"),
        );
        assert_eq!(normal_two_sided(-z), normal_two_sided(z));
    }
    assert_eq!(normal_two_sided(0.0), 1.0);
    assert_eq!(normal_two_sided(f64::INFINITY), 0.0);
    assert!(normal_two_sided(f64::NAN).is_nan());
}

#[test]
fn chi_square_tails_keep_their_digits() {
    for (statistic, df, expected) in [
        (0.01, 2, 0.9950124791926823),
        (0.001, 3, 0.9999915920809419),
        (3.84, 1, 0.050043521248705106),
        (5.99, 2, 0.05003662708658628),
        (7.81, 3, 0.050106056350005944),
        (100.0, 3, 1.554159431389605e-21),
        (50.0, 10, 2.6690834249044957e-07),
        (1300.0, 4, 3.3278807185719026e-280),
        (1400.0, 7, 3.859963181237336e-298),
        (1e-5, 10, 1.0),
        (900.0, 1000, 0.9892827619087102),
        (1600.0, 1500, 0.03602644670402662),
        (3000.0, 1500, 1.6361175086484978e-102),
        (1200.0, 100, 6.390680383682109e-188),
        (1000.0, 3, 1.7994208765314476e-216),
    ] {
        close(
            chi_square_upper(statistic, df),
            expected,
            2e-12,
            &format!("chi2 = {statistic}, df = {df}"),
        );
    }
    assert_eq!(chi_square_upper(0.0, 3), 1.0);
    assert_eq!(chi_square_upper(-1e-12, 3), 1.0);
    assert_eq!(chi_square_upper(f64::INFINITY, 3), 0.0);
    assert!(chi_square_upper(1.0, 0).is_nan() && chi_square_upper(f64::NAN, 1).is_nan());
}

#[test]
fn confidence_levels_have_normal_quantiles() {
    for (level, expected) in [
        (0.95, 1.9599639845400538),
        (0.9, 1.6448536269514729),
        (0.99, 2.5758293035489004),
        (0.5, 0.6744897501960817),
        (0.01, 0.012533469508069262),
        (0.999999, 4.891638475692932),
    ] {
        // 1 - level is exact only to the machine epsilon.
        let tolerance = 1e-15 + 1e-16 / (1.0 - level);
        close(
            ConfidenceLevel::new(level).expect("a level").z(),
            expected,
            tolerance,
            &format!("level {level}"),
        );
    }
    assert_eq!(ConfidenceLevel::default(), ConfidenceLevel::new(0.95).expect("a level"));
    for level in [0.0, 1.0, 95.0, -0.5, f64::NAN] {
        assert!(matches!(
            ConfidenceLevel::new(level),
            Err(SurvivalError::Parameter { .. })
        ));
    }
}
