//! Whatever is given: a figure that is XML and without NaN, or an error, never a panic.

mod common;

use common::*;
use proptest::collection::vec;
use proptest::prelude::*;
use radsql_plots::*;
use roxmltree::Document;

/// Names of all characters, among them those that XML forbids or that mean something in it.
fn name() -> impl Strategy<Value = String> {
    let char = prop_oneof![
        4 => any::<char>(),
        2 => prop::sample::select(vec!['<', '>', '&', '"', '\'', '$', '\\', '\0', '\u{b}', '\u{ffff}', ']', ';', '%']),
        4 => prop::char::range('b', 'h'),
    ];
    vec(char, 0..60).prop_map(|chars| chars.into_iter().collect())
}

/// Mostly tame numbers, sometimes any.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        12 => 0.0..1.0,
        3 => -10.0..100.0,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-300, 1e12, -1e12, 1e300, f64::MAX]),
        1 => any::<f64>(),
    ]
}

/// Probabilities; NaN sometimes.
fn share() -> impl Strategy<Value = f64> {
    prop_oneof![15 => 0.0..=1.0, 1 => Just(f64::NAN), 1 => Just(0.0), 1 => Just(1.0)]
}

/// Ascending numbers, from tiny to huge, many of them one.
fn ascending(n: usize) -> impl Strategy<Value = Vec<f64>> {
    let scale = prop::sample::select(vec![0.0, 1e-300, 1e-12, 1e-3, 1.0, 60.0, 1e6, 1e12]);
    (scale, vec(prop_oneof![0.0..=1.0, Just(0.5), Just(0.0)], n)).prop_map(|(scale, mut values)| {
        values.sort_by(f64::total_cmp);
        values.into_iter().map(|v| v * scale).collect()
    })
}

/// XML, no NaN and no infinity in any attribute that draws, texts within the page.
fn sound(svg: Result<String, PlotError>) -> Result<(), TestCaseError> {
    let svg = match svg {
        Ok(svg) => svg,
        Err(error) => {
            prop_assert!(!error.to_string().is_empty());
            return Ok(());
        }
    };
    let document = Document::parse(&svg).map_err(|e| TestCaseError::fail(format!("{e}: {svg}")))?;
    for attribute in document.descendants().flat_map(|n| n.attributes()) {
        if ["href", "aria-label"].contains(&attribute.name()) {
            continue;
        }
        let wrong = attribute.value().contains("NaN") || attribute.value().contains("inf");
        prop_assert!(!wrong, "{} is {}", attribute.name(), attribute.value());
    }
    let (width, height) = (
        number(document.root_element(), "width"),
        number(document.root_element(), "height"),
    );
    for (x, y, text) in texts(document.root_element()) {
        prop_assert!(
            (0.0..=width).contains(&x) && (0.0..=height).contains(&y),
            "{text} at {x}, {y}"
        );
        // Names are of random characters, too many for these three in a row.
        prop_assert!(!text.contains("NaN"), "{text}");
    }
    Ok(())
}

fn curve(ticks: usize) -> impl Strategy<Value = KaplanMeierGroup> {
    (0usize..8).prop_flat_map(move |n| {
        let shares = || vec(share(), n);
        let survival = vec(0.0..=1.0, n);
        (
            name(),
            ascending(n),
            survival,
            shares(),
            shares(),
            vec(0.0..60.0, 0..5),
            vec(0.0..500.0, ticks),
        )
            .prop_map(
                |(name, times, survival, lower, upper, censor_times, at_risk)| KaplanMeierGroup {
                    name,
                    times,
                    survival,
                    lower,
                    upper,
                    censor_times,
                    at_risk,
                },
            )
    })
}

fn light_or_dark() -> impl Strategy<Value = Theme> {
    prop::sample::select(vec![Theme::Light, Theme::Dark])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kaplan_meier(
        (ticks, groups) in (0usize..6).prop_flat_map(|n| (ascending(n), vec(curve(n), 1..5))),
        p in prop::option::of(value()), label in name(), theme in light_or_dark(),
    ) {
        let plot = KaplanMeierPlot {
            time_label: label.clone(), survival_label: label, groups, risk_ticks: ticks, log_rank_p: p,
        };
        sound(plot.svg(theme))?;
    }

    #[test]
    fn kaplan_meier_of_anything(times in vec(value(), 0..5), survival in vec(value(), 0..5), at in vec(value(), 0..3)) {
        let group = KaplanMeierGroup {
            times, survival: survival.clone(), lower: survival, censor_times: at.clone(), at_risk: at.clone(), ..Default::default()
        };
        sound(KaplanMeierPlot { groups: vec![group], risk_ticks: at, ..Default::default() }.svg(Theme::Light))?;
    }

    #[test]
    fn forest(rows in vec((name(), value(), value(), value(), prop::option::of(value())), 0..30), label in name()) {
        let row = |(name, ratio, lower, upper, p)| ForestRow { name, ratio, lower, upper, p };
        let plot = ForestPlot {
            name_label: label.clone(), ratio_label: label.clone(), axis_label: label,
            rows: rows.into_iter().map(row).collect(),
        };
        sound(plot.svg(Theme::Dark))?;
    }

    #[test]
    fn time_roc(
        curves in vec((name(), (0usize..6).prop_flat_map(|n| (ascending(n), vec(0.0..=1.0, n))), value(), value(), value()), 1..6),
    ) {
        let curve = |(name, (false_positive, true_positive), auc, auc_lower, auc_upper)| RocCurve {
            name, false_positive, true_positive, auc, auc_lower, auc_upper,
        };
        sound(TimeRocPlot { curves: curves.into_iter().map(curve).collect() }.svg(Theme::Light))?;
    }

    #[test]
    fn lasso(
        (lambdas, features, mean, lower, non_zero) in (0usize..6).prop_flat_map(|n| (
            ascending(n), vec((name(), vec(value(), n)), 0..20), vec(value(), n), vec(value(), n), vec(0usize..900, n),
        )),
        chosen in prop::option::of(value()),
    ) {
        let features = features.into_iter().map(|(name, coefficients)| LassoFeature { name, coefficients }).collect();
        let lambdas: Vec<f64> = lambdas.into_iter().map(|l| l + 1e-9).collect();
        let path = LassoPathPlot { lambdas: lambdas.clone(), features, lambda_min: chosen, lambda_1se: chosen };
        sound(path.svg(Theme::Light))?;
        let cv = LassoCvPlot {
            error_label: String::new(), lambdas, upper: mean.clone(), mean, lower, non_zero, lambda_min: chosen, lambda_1se: None,
        };
        sound(cv.svg(Theme::Dark))?;
    }

    #[test]
    fn calibration(
        curves in vec((name(), (0usize..6).prop_flat_map(|n| (ascending(n), vec(share(), n), vec(share(), n), vec(share(), n)))), 1..5),
    ) {
        let curve = |(name, (predicted, observed, lower, upper))| CalibrationCurve { name, predicted, observed, lower, upper };
        sound(CalibrationPlot { curves: curves.into_iter().map(curve).collect(), ..Default::default() }.svg(Theme::Light))?;
    }

    #[test]
    fn decision_curve(
        (thresholds, models, treat_all) in (0usize..6).prop_flat_map(|n| (
            ascending(n), vec((name(), vec(value(), n)), 1..5), vec(value(), n),
        )),
    ) {
        let models = models.into_iter().map(|(name, net_benefit)| DecisionModel { name, net_benefit }).collect();
        sound(DecisionCurvePlot { thresholds, models, treat_all }.svg(Theme::Light))?;
    }

    #[test]
    fn histogram(groups in vec((name(), (0usize..40).prop_flat_map(ascending), vec(value(), 0..3)), 1..7), cut in prop::option::of(value())) {
        let group = |(name, mut scores, more): (String, Vec<f64>, Vec<f64>)| {
            scores.extend(more);
            ScoreGroup { name, scores }
        };
        let groups = groups.into_iter().map(group).collect();
        sound(ScoreHistogramPlot { score_label: "score".into(), groups, cut }.svg(Theme::Dark))?;
    }

    #[test]
    fn correlations((names, correlations) in (0usize..8).prop_flat_map(|n| (vec(name(), n), vec(-1.0..=1.0, n * n))), measure in name(), none in any::<bool>()) {
        let correlations = correlations.into_iter().map(|v: f64| if none && v > 0.5 { f64::NAN } else { v }).collect();
        sound(CorrelationPlot { names, correlations, measure }.svg(Theme::Light))?;
    }

    #[test]
    fn slice(
        (columns, rows, pixels, mask) in (0usize..9, 0usize..9).prop_flat_map(|(c, r)| (
            Just(c), Just(r), vec(value(), c * r), vec(any::<bool>(), c * r),
        )),
        spacing in [0.1..10.0, 0.1..10.0], window in [value(), value()], mask_name in name(),
    ) {
        sound(SlicePlot { columns, rows, pixels, mask, spacing, window, mask_name }.svg(Theme::Light))?;
    }
}
