//! Whatever is given, in whatever room: a text that fits, or an error, never a panic.

use proptest::collection::vec;
use proptest::prelude::*;
use radsql_plots::*;
use unicode_width::UnicodeWidthStr;

/// Names of all characters, wide ones and those that stand upon others among them.
fn name() -> impl Strategy<Value = String> {
    let char = prop_oneof![
        2 => any::<char>(),
        2 => prop::sample::select(vec!['高', 'é', '\u{301}', '👩', '\u{200d}', '\u{fe0f}', '🇩', '\t', '\n', '\x1b', 'ﷺ', '\u{ad}', '…']),
        4 => prop::char::range('b', 'h'),
    ];
    vec(char, 0..90).prop_map(|chars| chars.into_iter().collect())
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        12 => 0.0..1.0,
        3 => -10.0..100.0,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-300, 1e12, -1e12, 1e300, f64::MAX]),
        1 => any::<f64>(),
    ]
}

fn share() -> impl Strategy<Value = f64> {
    prop_oneof![15 => 0.0..=1.0, 1 => Just(f64::NAN), 1 => Just(0.0), 1 => Just(1.0)]
}

fn ascending(n: usize) -> impl Strategy<Value = Vec<f64>> {
    let scale = prop::sample::select(vec![0.0, 1e-300, 1e-12, 1e-3, 1.0, 60.0, 1e6, 1e12]);
    (scale, vec(prop_oneof![0.0..=1.0, Just(0.5), Just(0.0)], n)).prop_map(|(scale, mut values)| {
        values.sort_by(f64::total_cmp);
        values.into_iter().map(|v| v * scale).collect()
    })
}

fn room() -> impl Strategy<Value = TextSize> {
    (prop_oneof![30usize..90, 30usize..260], 10usize..60).prop_map(|(columns, rows)| TextSize { columns, rows })
}

fn style() -> impl Strategy<Value = TextStyle> {
    (any::<bool>(), any::<bool>()).prop_map(|(colours, unicode)| TextStyle { colours, unicode })
}

/// The text without its colours; `None` where something else than a colour begins with an escape.
fn bare(text: &str) -> Option<String> {
    let mut parts = text.split('\x1b');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (colour, rest) = part.strip_prefix('[')?.split_once('m')?;
        if !colour.chars().all(|c| c.is_ascii_digit() || c == ';') {
            return None;
        }
        out.push_str(rest);
    }
    Some(out)
}

/// Lines within the room, no control characters, ASCII where that was asked.
fn fits(text: Result<String, PlotError>, size: TextSize, style: TextStyle) -> Result<(), TestCaseError> {
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            prop_assert!(!error.to_string().is_empty());
            return Ok(());
        }
    };
    prop_assert!(size.columns >= 40 && size.rows >= 12);
    prop_assert!(style.colours || !text.contains('\x1b'));
    let bare = bare(&text).ok_or_else(|| TestCaseError::fail(format!("an escape: {text:?}")))?;
    prop_assert!(bare.ends_with('\n') && bare.lines().count() <= size.rows, "{bare}");
    for line in bare.lines() {
        prop_assert!(
            line.width() <= size.columns,
            "{} of {}: {line}",
            line.width(),
            size.columns
        );
        prop_assert!(!line.ends_with(' ') && !line.contains(char::is_control), "{line:?}");
    }
    prop_assert!(style.unicode || bare.is_ascii(), "{bare}");
    prop_assert!(!bare.contains("NaN") || bare.contains('?') || style.unicode);
    Ok(())
}

fn curve(ticks: usize) -> impl Strategy<Value = KaplanMeierGroup> {
    (0usize..8).prop_flat_map(move |n| {
        let numbers = (ascending(n), vec(0.0..=1.0, n), vec(share(), n), vec(share(), n));
        (name(), numbers, vec(0.0..60.0, 0..5), vec(0.0..500.0, ticks)).prop_map(
            |(name, (times, survival, lower, upper), censor_times, at_risk)| KaplanMeierGroup {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kaplan_meier(
        (ticks, groups) in (0usize..6).prop_flat_map(|n| (ascending(n), vec(curve(n), 1..19))),
        p in prop::option::of(value()), label in name(), size in room(), style in style(),
    ) {
        let plot = KaplanMeierPlot {
            time_label: label.clone(), survival_label: label, groups, risk_ticks: ticks, log_rank_p: p,
        };
        fits(plot.terminal(size, style), size, style)?;
    }

    #[test]
    fn kaplan_meier_of_anything(
        times in vec(value(), 0..5), survival in vec(value(), 0..5), at in vec(value(), 0..3), size in room(), style in style(),
    ) {
        let group = KaplanMeierGroup {
            times, survival: survival.clone(), lower: survival, censor_times: at.clone(), at_risk: at.clone(), ..Default::default()
        };
        let plot = KaplanMeierPlot { groups: vec![group], risk_ticks: at, ..Default::default() };
        fits(plot.terminal(size, style), size, style)?;
    }

    #[test]
    fn forest(
        rows in vec((name(), value(), value(), value(), prop::option::of(value())), 0..60), label in name(), size in room(), style in style(),
    ) {
        let row = |(name, ratio, lower, upper, p)| ForestRow { name, ratio, lower, upper, p };
        let plot = ForestPlot {
            name_label: label.clone(), ratio_label: label.clone(), axis_label: label,
            rows: rows.into_iter().map(row).collect(),
        };
        fits(plot.terminal(size, style), size, style)?;
    }

    #[test]
    fn time_roc(
        curves in vec((name(), (0usize..6).prop_flat_map(|n| (ascending(n), vec(0.0..=1.0, n))), value(), value(), value()), 1..19),
        size in room(), style in style(),
    ) {
        let curve = |(name, (false_positive, true_positive), auc, auc_lower, auc_upper)| RocCurve {
            name, false_positive, true_positive, auc, auc_lower, auc_upper,
        };
        let plot = TimeRocPlot { curves: curves.into_iter().map(curve).collect() };
        fits(plot.terminal(size, style), size, style)?;
    }

    #[test]
    fn histograms(
        groups in vec((name(), (0usize..40).prop_flat_map(ascending), vec(value(), 0..3)), 1..7), cut in prop::option::of(value()),
        freedman_diaconis in any::<bool>(), label in name(), size in room(), style in style(),
    ) {
        let group = |(name, mut scores, more): (String, Vec<f64>, Vec<f64>)| {
            scores.extend(more);
            ScoreGroup { name, scores }
        };
        let groups: Vec<ScoreGroup> = groups.into_iter().map(group).collect();
        let breaks = if freedman_diaconis { Breaks::FreedmanDiaconis } else { Breaks::Sturges };
        let plot = HistogramPlot { label: label.clone(), groups: groups.clone(), breaks };
        fits(plot.terminal(size, style), size, style)?;
        if let (Ok(edges), Ok(counts)) = (plot.edges(), plot.counts()) {
            let all = || groups.iter().flat_map(|g| &g.scores).copied();
            let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
            let slack = 1e-6 * (edges[1] - edges[0]);
            prop_assert!(edges[0] <= low + slack && high <= edges[edges.len() - 1] + slack, "{edges:?} of {low} to {high}");
            prop_assert_eq!(counts.iter().flatten().sum::<usize>(), all().count());
        }
        let plot = ScoreHistogramPlot { score_label: label, groups, cut };
        fits(plot.terminal(size, style), size, style)?;
    }
}

#[test]
fn degenerate_figures_are_drawn() {
    let size = TextSize::default();
    let style = TextStyle {
        colours: true,
        unicode: true,
    };
    let group = |times: Vec<f64>, censored: Vec<f64>| KaplanMeierGroup {
        name: "g".into(),
        survival: vec![0.5; times.len()],
        times,
        censor_times: censored,
        ..Default::default()
    };
    let km = |groups| KaplanMeierPlot {
        groups,
        ..Default::default()
    };
    // No events; one point; all at one time; at 0.
    for group in [
        group(vec![], vec![3.0, 4.0]),
        group(vec![2.0], vec![]),
        group(vec![2.0], vec![2.0; 50]),
        group(vec![0.0], vec![0.0]),
    ] {
        assert!(km(vec![group]).terminal(size, style).is_ok());
    }
    assert!(km(vec![]).terminal(size, style).is_err());
    assert!(km(vec![group(vec![f64::NAN], vec![])]).terminal(size, style).is_err());
    assert!(km(vec![group(vec![1.0], vec![]); 19]).terminal(size, style).is_err());
    assert!(ForestPlot::default().terminal(size, style).is_err());
    assert!(TimeRocPlot::default().terminal(size, style).is_err());
    assert!(HistogramPlot::default().terminal(size, style).is_err());
    let histogram = |scores| HistogramPlot {
        groups: vec![ScoreGroup {
            name: String::new(),
            scores,
        }],
        ..Default::default()
    };
    for scores in [
        vec![0.0],
        vec![7.0; 100],
        vec![-1e12, 1e12],
        vec![1e-300, 2e-300],
        vec![1e12 - 1.0, 1e12],
    ] {
        assert!(histogram(scores).terminal(size, style).is_ok());
    }
    assert!(histogram(vec![f64::NAN]).terminal(size, style).is_err());
}
