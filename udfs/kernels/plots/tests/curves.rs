//! What the data say stands in the figures: curves and rows.

mod common;

use common::*;
use radsql_plots::*;
use roxmltree::Document;

fn group(name: &str) -> KaplanMeierGroup {
    KaplanMeierGroup {
        name: name.into(),
        times: vec![2.0, 5.0, 9.0, 11.0],
        survival: vec![0.9, 0.9, 0.6, 0.3],
        lower: vec![0.8, 0.8, f64::NAN, 0.1],
        upper: vec![1.0, 1.0, f64::NAN, 0.5],
        censor_times: vec![5.0, 12.0],
        at_risk: vec![10.0, 7.0, 1.5],
    }
}

fn kaplan_meier(names: [&str; 2]) -> KaplanMeierPlot {
    KaplanMeierPlot {
        time_label: "Time (months)".into(),
        survival_label: "Overall survival".into(),
        groups: names.map(group).into(),
        risk_ticks: vec![0.0, 6.0, 12.0],
        log_rank_p: Some(0.0001),
    }
}

#[test]
fn kaplan_meier_steps_where_survival_falls() {
    let svg = kaplan_meier(["low", "high"]).svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (x, y) = scales(&document);
    let curves = groups(&document, "curve");
    assert_eq!(curves.len(), 2);
    let expected = [
        (0.0, 1.0),
        (2.0, 1.0),
        (2.0, 0.9),
        (9.0, 0.9),
        (9.0, 0.6),
        (11.0, 0.6),
        (11.0, 0.3),
        (12.0, 0.3),
    ];
    for curve in curves {
        let path = &paths(curve)[0];
        assert_eq!(path.len(), expected.len());
        for (at, (time, survival)) in path.iter().zip(expected) {
            assert!(
                near(at.0, x(time)) && near(at.1, y(survival)),
                "{at:?} is not {time}, {survival}"
            );
        }
    }
    let marks = paths(groups(&document, "censored")[0]);
    assert_eq!(marks.len(), 2);
    assert!(near(marks[0][0].0, x(5.0)) && near((marks[0][0].1 + marks[0][1].1) / 2.0, y(0.9)));
    assert!(near(marks[1][0].0, x(12.0)) && near((marks[1][0].1 + marks[1][1].1) / 2.0, y(0.3)));
    // The band stops where its limits are not defined.
    let bands = paths(groups(&document, "band")[0]);
    assert_eq!(bands.len(), 2);
    assert!(bands[0].iter().any(|p| near(p.0, x(9.0)) && near(p.1, y(0.8))));
    assert!(bands[0].iter().all(|p| p.0 <= x(9.0) + 0.03));
    assert_eq!(words(groups(&document, "p-value")[0]), ["Log-rank p < 0.001"]);
}

#[test]
fn numbers_at_risk_stand_below_their_ticks() {
    let svg = kaplan_meier(["low", "high"]).svg(Theme::Dark).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let ticks = texts(groups(&document, "x-ticks")[0]);
    let table = texts(groups(&document, "at-risk")[0]);
    assert_eq!(ticks.iter().map(|t| t.2.as_str()).collect::<Vec<_>>(), ["0", "6", "12"]);
    let words: Vec<&str> = table.iter().map(|t| t.2.as_str()).collect();
    assert_eq!(
        words,
        ["Number at risk", "low", "10", "7", "1.5", "high", "10", "7", "1.5"]
    );
    for row in [2..5, 6..9] {
        for (number, tick) in table[row].iter().zip(&ticks) {
            assert_eq!(number.0, tick.0, "{number:?} under {tick:?}");
            assert!(number.1 > tick.1);
        }
    }
}

#[test]
fn crowded_ticks_are_thinned_with_the_numbers_below() {
    let mut plot = kaplan_meier(["low", "a name of such a length that it would reach the first number"]);
    plot.risk_ticks = (0..60).map(f64::from).collect();
    for group in &mut plot.groups {
        group.at_risk = (0..60).map(|i| 123_456.0 - f64::from(i)).collect();
    }
    let svg = plot.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let ticks = texts(groups(&document, "x-ticks")[0]);
    let table = texts(groups(&document, "at-risk")[0]);
    let numbers: Vec<f64> = table.iter().filter(|t| t.2.starts_with("123")).map(|t| t.0).collect();
    let ticks: Vec<f64> = ticks.iter().map(|t| t.0).collect();
    assert!(ticks.len() > 4 && numbers == [ticks.clone(), ticks.clone()].concat());
    // Six digits of 12 pixels and air between them; as much from the end of a name to half a number.
    assert!(ticks.windows(2).all(|w| w[1] - w[0] > 48.0), "{ticks:?}");
    assert!(ticks[0] - 23.0 > 32.0 + 150.0);
}

#[test]
fn the_p_value_keeps_off_the_curves() {
    let group = |times: &[f64], survival: &[f64]| KaplanMeierGroup {
        times: times.into(),
        survival: survival.into(),
        censor_times: vec![8.0],
        ..Default::default()
    };
    let place = |groups: Vec<KaplanMeierGroup>| {
        let plot = KaplanMeierPlot {
            groups,
            log_rank_p: Some(0.6),
            ..Default::default()
        };
        let svg = plot.svg(Theme::Light).expect("a figure");
        let document = Document::parse(&svg).expect("XML");
        let (x, y) = scales(&document);
        let text = texts(p_value_group(&document)).remove(0);
        (text.0 > x(4.0), text.1 < y(0.5))
    };
    assert_eq!(place(vec![group(&[3.0], &[0.5])]), (false, false), "lower left");
    assert_eq!(place(vec![group(&[0.5], &[0.0])]), (true, true), "upper right");
    assert_eq!(
        place(vec![group(&[0.5], &[0.01]), group(&[0.1], &[0.95])]),
        (true, false),
        "right of the middle"
    );
}

fn p_value_group<'a>(document: &'a Document<'a>) -> roxmltree::Node<'a, 'a> {
    groups(document, "p-value")[0]
}

#[test]
fn names_are_data() {
    let name = "<script>\"a\" & 'b'</script>\u{0}\u{202e}";
    let svg = kaplan_meier([name, "$x$ and \\$"]).svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    assert!(document.descendants().all(|n| !n.has_tag_name("script")));
    let legend = words(groups(&document, "legend")[0]);
    assert_eq!(legend, ["<script>\"a\" & 'b'</script>", "$x$ and \\$"]);
    let label = document.root_element().attribute("aria-label").expect("a label");
    assert!(
        label.contains("<script>\"a\" & 'b'</script>") && label.ends_with("log-rank p < 0.001"),
        "{label}"
    );
    let long = kaplan_meier([&"wavelet".repeat(1000), ""])
        .svg(Theme::Light)
        .expect("a figure");
    let document = Document::parse(&long).expect("XML");
    let legend = words(groups(&document, "legend")[0]);
    assert!(legend[0].contains('…') && legend[0].len() < 60, "{legend:?}");
    assert_eq!(legend[1], "(unnamed)");
    assert!(long.len() < svg.len() + 1000);
}

#[test]
fn a_curve_without_events_is_a_line() {
    let flat = KaplanMeierGroup {
        name: "flat".into(),
        censor_times: vec![4.0, 9.0],
        ..Default::default()
    };
    let none = KaplanMeierGroup {
        name: "none".into(),
        ..Default::default()
    };
    let plot = KaplanMeierPlot {
        groups: vec![flat, none.clone()],
        ..Default::default()
    };
    let svg = plot.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let curves = groups(&document, "curve");
    assert_eq!(paths(curves[0])[0].len(), 2);
    assert!(paths(curves[1]).is_empty());
    assert!(groups(&document, "at-risk").is_empty() && groups(&document, "p-value").is_empty());
    let plot = KaplanMeierPlot {
        groups: vec![none],
        ..Default::default()
    };
    assert_eq!(plot.svg(Theme::Light), Err(PlotError::Empty { what: "times" }));
}

#[test]
fn kaplan_meier_refuses_what_is_no_curve() {
    let with = |change: fn(&mut KaplanMeierPlot)| {
        let mut plot = kaplan_meier(["low", "high"]);
        change(&mut plot);
        plot.svg(Theme::Light).expect_err("no figure").to_string()
    };
    assert_eq!(
        with(|p| p.groups[1].times[0] = f64::NAN),
        "times of group high has NaN at index 0; expected is a time between 0 and 1e12"
    );
    assert_eq!(
        with(|p| p.groups[0].times[1] = 1.0),
        "times of group low has to ascend, and does not at index 1"
    );
    assert_eq!(
        with(|p| p.groups[0].survival[3] = -0.2),
        "survival of group low has -0.2 at index 3; expected is a probability"
    );
    assert_eq!(
        with(|p| p.groups[0].at_risk.clear()),
        "at_risk of group low has 0 values, expected are 3"
    );
    assert_eq!(with(|p| p.groups.clear()), "there is nothing to draw: groups is empty");
    assert_eq!(
        with(|p| p.groups = vec![p.groups[0].clone(); 19]),
        "19 groups are too many for one figure; at most 18 are drawn"
    );
}

fn row(name: &str, ratio: f64, lower: f64, upper: f64, p: Option<f64>) -> ForestRow {
    ForestRow {
        name: name.into(),
        ratio,
        lower,
        upper,
        p,
    }
}

fn forest(rows: Vec<ForestRow>) -> ForestPlot {
    ForestPlot {
        name_label: "Variable".into(),
        ratio_label: "HR (95% CI)".into(),
        axis_label: "Hazard ratio".into(),
        rows,
    }
}

#[test]
fn forest_rows_stand_on_a_log_axis() {
    let svg = forest(vec![
        row("Rad score", 2.67, 1.51, 4.72, Some(0.0004)),
        row("Age", 0.5, 0.25, 1.0, Some(0.05)),
        row("Rare", 0.8, 0.001, f64::INFINITY, None),
        row("Separated", f64::INFINITY, f64::NAN, f64::NAN, Some(f64::NAN)),
    ]);
    let svg = svg.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let ticks = texts(groups(&document, "x-ticks")[0]);
    let ln = |label: &str| label.parse::<f64>().expect("a ratio").ln();
    let (first, last) = (&ticks[0], &ticks[ticks.len() - 1]);
    let per_log = (last.0 - first.0) / (ln(&last.2) - ln(&first.2));
    let x = |ratio: f64| first.0 + (ratio.ln() - ln(&first.2)) * per_log;
    for tick in &ticks {
        assert!(near(tick.0, x(tick.2.parse().expect("a ratio"))), "{tick:?}");
    }
    let rows = groups(&document, "row");
    assert_eq!(words(rows[0]), ["Rad score", "2.67 (1.51–4.72)", "< 0.001"]);
    assert_eq!(words(rows[1]), ["Age", "0.50 (0.25–1.00)", "0.050"]);
    assert_eq!(words(rows[2]), ["Rare", "0.80 (< 0.01–∞)"]);
    assert_eq!(words(rows[3]), ["Separated", "not estimable"]);
    for (i, (ratio, lower, upper)) in [(2.67, 1.51, 4.72), (0.5, 0.25, 1.0)].into_iter().enumerate() {
        let square = rows[i]
            .descendants()
            .find(|n| n.has_tag_name("rect"))
            .expect("a square");
        assert!(near(number(square, "x") + 4.5, x(ratio)));
        let line = &paths(rows[i])[0];
        assert!(near(line[0].0, x(lower)) && near(line[1].0, x(upper)));
    }
    // Arrows are lines of three points, one at each end.
    assert_eq!(paths(rows[2]).iter().filter(|p| p.len() == 3).count(), 2);
    assert!(paths(rows[3]).is_empty());
    let reference = &paths(groups(&document, "reference")[0])[0];
    assert!(near(reference[0].0, x(1.0)));
}

#[test]
fn a_forest_grows_with_its_rows() {
    let many: Vec<ForestRow> = (0..200)
        .map(|i| row(&format!("feature {i}"), 1.1, 0.9, 1.3, Some(0.3)))
        .collect();
    let svg = forest(many.clone()).svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let rows = groups(&document, "row");
    assert_eq!(rows.len(), 200);
    let heights: Vec<f64> = rows.iter().map(|r| texts(*r)[0].1).collect();
    assert!(heights.windows(2).all(|w| w[1] - w[0] >= 18.0));
    assert!(heights[199] < number(document.root_element(), "height"));
    assert!(forest(Vec::new()).svg(Theme::Light).is_err());
    assert!(
        forest(many.into_iter().cycle().take(1001).collect())
            .svg(Theme::Light)
            .is_err()
    );
}

#[test]
fn roc_curves_have_their_areas_in_the_legend() {
    let curve = |name: &str, points: &[(f64, f64)], auc: f64| RocCurve {
        name: name.into(),
        false_positive: points.iter().map(|p| p.0).collect(),
        true_positive: points.iter().map(|p| p.1).collect(),
        auc,
        auc_lower: auc - 0.1,
        auc_upper: f64::NAN,
    };
    let points = [(0.0, 0.0), (0.2, 0.7), (1.0, 1.0)];
    let plot = TimeRocPlot {
        curves: vec![
            curve("12 months", &points, 0.75),
            curve("one", &[(0.5, 0.5)], 0.5),
            curve("no", &[], f64::NAN),
        ],
    };
    let svg = plot.svg(Theme::Dark).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (x, y) = scales(&document);
    let path = paths(groups(&document, "curve")[0]);
    assert!(
        path[0]
            .iter()
            .zip(points)
            .all(|(at, p)| near(at.0, x(p.0)) && near(at.1, y(p.1))),
        "{path:?}"
    );
    let diagonal = paths(groups(&document, "diagonal")[0]);
    assert!(near(diagonal[0][1].0, x(1.0)) && near(diagonal[0][1].1, y(1.0)));
    assert!(
        groups(&document, "curve")[1]
            .descendants()
            .any(|n| n.has_tag_name("circle"))
    );
    let legend = words(groups(&document, "legend")[0]);
    assert_eq!(
        legend,
        [
            "12 months: AUC 0.75 (0.65–NA)",
            "one: AUC 0.50 (0.40–NA)",
            "no: AUC not known"
        ]
    );
    let mut wrong = plot.clone();
    wrong.curves[0].true_positive[1] = 1.2;
    assert!(wrong.svg(Theme::Light).is_err());
    assert!(
        TimeRocPlot {
            curves: vec![curve("no", &[], 0.5)]
        }
        .svg(Theme::Light)
        .is_err()
    );
}

#[test]
fn lasso_counts_terms_and_marks_the_chosen_penalties() {
    let feature = |name: &str, coefficients: [f64; 3]| LassoFeature {
        name: name.into(),
        coefficients: coefficients.into(),
    };
    let e = std::f64::consts::E;
    let plot = LassoPathPlot {
        lambdas: vec![1.0, 1.0 / e, 1.0 / (e * e)],
        features: vec![
            feature("small", [0.0, 0.0, 0.25]),
            feature("large", [0.0, -0.5, -1.0]),
            feature("never", [0.0, 0.0, 0.0]),
        ],
        lambda_min: Some(1.0 / e),
        lambda_1se: Some(f64::NAN),
    };
    let svg = plot.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (x, y) = scales(&document);
    assert_eq!(words(groups(&document, "legend")[0]), ["large", "small", "lambda.min"]);
    let chosen = paths(groups(&document, "chosen")[0]);
    assert_eq!(chosen.len(), 1);
    assert!(near(chosen[0][0].0, x(-1.0)));
    let terms = texts(groups(&document, "terms")[0]);
    let at = |log: f64| terms.iter().find(|t| near(t.0, x(log))).map(|t| t.2.as_str());
    assert_eq!((at(-2.0), at(-1.0), at(0.0)), (Some("2"), Some("1"), Some("0")));
    // The named are drawn last, the largest on top.
    let features = groups(&document, "feature");
    let path = &paths(features[features.len() - 1])[0];
    for (at, (log, coefficient)) in path.iter().zip([(0.0, 0.0), (-1.0, -0.5), (-2.0, -1.0)]) {
        assert!(near(at.0, x(log)) && near(at.1, y(coefficient)), "{at:?}");
    }
    let mut wrong = plot;
    wrong.lambdas[1] = 0.0;
    assert!(wrong.svg(Theme::Light).is_err());
}

#[test]
fn cross_validation_has_a_bar_a_penalty() {
    let plot = LassoCvPlot {
        error_label: "Deviance".into(),
        lambdas: vec![0.1, 0.2, 0.4],
        mean: vec![10.0, 9.0, 11.0],
        lower: vec![9.5, 8.5, f64::NAN],
        upper: vec![10.5, 9.5, f64::NAN],
        non_zero: vec![7, 3, 0],
        lambda_min: Some(0.2),
        lambda_1se: Some(0.4),
    };
    let svg = plot.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (x, y) = scales(&document);
    let bars = paths(groups(&document, "bars")[0]);
    assert_eq!(bars.len(), 2 * 3);
    assert!(near(bars[0][0].0, x(0.1_f64.ln())) && near(bars[0][0].1, y(9.5)) && near(bars[0][1].1, y(10.5)));
    let means: Vec<f64> = groups(&document, "means")[0]
        .descendants()
        .filter(|n| n.has_tag_name("circle"))
        .map(|n| number(n, "cy"))
        .collect();
    assert!(
        means.iter().zip([10.0, 9.0, 11.0]).all(|(at, m)| near(*at, y(m))),
        "{means:?}"
    );
    assert_eq!(paths(groups(&document, "chosen")[0]).len(), 2);
    assert!(
        LassoCvPlot {
            mean: vec![1.0],
            ..plot
        }
        .svg(Theme::Light)
        .is_err()
    );
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    let plot = kaplan_meier(["low", "high"]);
    assert_eq!(plot.svg(Theme::Light), plot.clone().svg(Theme::Light));
    assert_ne!(plot.svg(Theme::Light), plot.svg(Theme::Dark));
    let svg = plot.svg(Theme::Light).expect("a figure");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>"));
    assert_eq!(svg.matches("http").count(), 1, "the name space alone");
}
