//! What the data say stands in the figures: calibration, decisions, distributions, matrices, slices.

mod common;

use common::*;
use radsql_plots::*;
use roxmltree::Document;

#[test]
fn calibration_has_points_bars_and_the_identity() {
    let curve = CalibrationCurve {
        name: "External".into(),
        predicted: vec![0.2, 0.5, 0.8],
        observed: vec![0.3, f64::NAN, 0.7],
        lower: vec![0.1, f64::NAN, f64::NAN],
        upper: vec![0.5, f64::NAN, 0.9],
    };
    let plot = CalibrationPlot {
        curves: vec![curve],
        ..Default::default()
    };
    let svg = plot.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (x, y) = scales(&document);
    let path = paths(groups(&document, "curve")[0]);
    assert_eq!(path[0].len(), 2);
    assert!(near(path[0][0].0, x(0.2)) && near(path[0][0].1, y(0.3)) && near(path[0][1].1, y(0.7)));
    let bars = paths(groups(&document, "bars")[0]);
    assert_eq!(bars.len(), 3, "one bar and its two ends");
    assert!(near(bars[0][0].1, y(0.1)) && near(bars[0][1].1, y(0.5)));
    let diagonal = &paths(groups(&document, "diagonal")[0])[0];
    assert!(near(diagonal[0].0, x(0.0)) && near(diagonal[0].1, y(0.0)) && near(diagonal[1].1, y(1.0)));
    assert_eq!(words(groups(&document, "legend")[0]), ["External", "Ideal"]);
    let mut wrong = plot;
    wrong.curves[0].observed = vec![f64::NAN; 3];
    assert_eq!(wrong.svg(Theme::Light), Err(PlotError::Empty { what: "observed" }));
}

#[test]
fn decision_curves_leave_the_frame_below() {
    let plot = DecisionCurvePlot {
        thresholds: vec![0.1, 0.3, 0.5],
        models: vec![DecisionModel {
            name: "Rad score".into(),
            net_benefit: vec![0.3, 0.2, 0.1],
        }],
        treat_all: vec![0.3, 0.0, -3.0],
    };
    let svg = plot.svg(Theme::Dark).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (x, y) = scales(&document);
    let path = &paths(groups(&document, "curve")[0])[0];
    assert!(
        path.iter()
            .zip([(0.1, 0.3), (0.3, 0.2), (0.5, 0.1)])
            .all(|(p, v)| near(p.0, x(v.0)) && near(p.1, y(v.1)))
    );
    let all = &paths(groups(&document, "treat-all")[0])[0];
    let end = all[all.len() - 1];
    // From (0.3, 0) down to (0.5, -3), where it meets the lowest of the axis, a fifth of the highest below 0.
    assert!(
        end.0 > x(0.3) && end.0 < x(0.31) && near(end.1, y(-0.2 * 0.3 * 1.08)),
        "{end:?}"
    );
    assert!(near(paths(groups(&document, "treat-none")[0])[0][0].1, y(0.0)));
    assert_eq!(
        words(groups(&document, "legend")[0]),
        ["Rad score", "Treat all", "Treat none"]
    );
    let wrong = DecisionCurvePlot {
        thresholds: vec![0.3, 0.1, 0.5],
        ..plot
    };
    assert!(matches!(
        wrong.svg(Theme::Light),
        Err(PlotError::Order { index: 1, .. })
    ));
}

#[test]
fn bars_of_a_histogram_add_up() {
    let scores: Vec<f64> = (0..97).map(|i| f64::from(i * i % 41) * 0.1).collect();
    let group = |name: &str, scores: &[f64]| ScoreGroup {
        name: name.into(),
        scores: scores.into(),
    };
    let plot = ScoreHistogramPlot {
        score_label: "Rad score".into(),
        groups: vec![group("all", &scores), group("none", &[]), group("one", &[2.0])],
        cut: Some(2.0),
    };
    let svg = plot.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (_, y) = scales(&document);
    let one = y(0.0) - y(1.0);
    let total = |i: usize| {
        let bars = groups(&document, "bars")[i]
            .descendants()
            .filter(|n| n.has_tag_name("rect"));
        bars.map(|n| number(n, "height")).sum::<f64>() / one
    };
    assert!(
        (total(0) - 97.0).abs() < 0.2 && total(1) == 0.0 && (total(2) - 1.0).abs() < 0.1,
        "{}",
        total(0)
    );
    assert_eq!(
        words(groups(&document, "legend")[0]),
        ["all (n = 97)", "none (n = 0)", "one (n = 1)", "Cut"]
    );
    let x = texts(groups(&document, "x-ticks")[0]);
    let two = x.iter().find(|t| t.2.parse() == Ok(2.0)).expect("a tick at 2");
    assert!(near(paths(groups(&document, "cut")[0])[0][0].0, two.0));
    let empty = ScoreHistogramPlot {
        groups: vec![group("none", &[])],
        ..plot.clone()
    };
    assert_eq!(empty.svg(Theme::Light), Err(PlotError::Empty { what: "scores" }));
    let wrong = ScoreHistogramPlot {
        groups: vec![group("x", &[f64::INFINITY])],
        ..plot
    };
    assert!(matches!(
        wrong.svg(Theme::Light),
        Err(PlotError::Value { index: 0, .. })
    ));
}

#[test]
fn correlations_are_colours() {
    let plot = CorrelationPlot {
        names: vec!["a<b".into(), "c&d".into()],
        correlations: vec![1.0, -1.0, 0.0, f64::NAN],
        measure: "rho".into(),
    };
    let svg = plot.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (width, height, pixels) = image(&document);
    let at = |x: usize, y: usize| pixels[(height / 4 + y * height / 2) * width + width / 4 + x * width / 2];
    assert_eq!(width, height);
    let [r, _, b] = at(0, 0);
    assert!(r > 150 && b < 50, "vermilion");
    let [r, _, b] = at(1, 0);
    assert!(r < 50 && b > 100, "blue");
    assert!(at(0, 1).iter().all(|c| *c > 240), "the ground");
    let [r, g, b] = at(1, 1);
    assert!(r == g && g == b && r < 220, "grey");
    assert_eq!(words(groups(&document, "rows")[0]), ["a<b", "c&d"]);
    assert_eq!(words(groups(&document, "columns")[0]), ["a<b", "c&d"]);
    let wrong = CorrelationPlot {
        correlations: vec![1.0, 1.5, 1.5, 1.0],
        ..plot
    };
    assert!(matches!(
        wrong.svg(Theme::Light),
        Err(PlotError::Value { index: 1, .. })
    ));
}

#[test]
fn names_of_many_features_are_dropped() {
    let plot = |n: usize| CorrelationPlot {
        names: (0..n).map(|i| format!("feature {i}")).collect(),
        correlations: vec![0.5; n * n],
        measure: "rho".into(),
    };
    let rows = |n: usize| {
        let svg = plot(n).svg(Theme::Dark).expect("a figure");
        let document = Document::parse(&svg).expect("XML");
        let all = words(document.root_element());
        (groups(&document, "rows").len(), all.contains(&format!("{n} features")))
    };
    assert_eq!(rows(50), (1, false));
    assert_eq!(rows(300), (0, true));
    assert!(plot(2001).svg(Theme::Light).is_err());
}

#[test]
fn a_slice_has_its_shades_and_its_outline() {
    let mut plot = SlicePlot {
        columns: 3,
        rows: 2,
        pixels: vec![-100.0, 0.0, 100.0, f64::NAN, 500.0, -500.0],
        mask: vec![false, true, true, false, false, false],
        spacing: [2.0, 4.0],
        window: [-100.0, 100.0],
        mask_name: "Tumour".into(),
    };
    let svg = plot.svg(Theme::Light).expect("a figure");
    let document = Document::parse(&svg).expect("XML");
    let (width, height, pixels) = image(&document);
    let zoom = width / 3;
    assert_eq!(height, 2 * zoom);
    let shades: Vec<u8> = (0..6)
        .map(|i| pixels[(i / 3 * zoom) * width + i % 3 * zoom][0])
        .collect();
    assert_eq!(shades, [0, 128, 255, 0, 255, 0]);
    let node = document
        .descendants()
        .find(|n| n.has_tag_name("image"))
        .expect("an image");
    let (x, y) = (number(node, "x"), number(node, "y"));
    let (w, h) = (number(node, "width"), number(node, "height"));
    assert!(near(w / h, 6.0 / 8.0), "pixels are 2 by 4 mm");
    let outline = &paths(groups(&document, "outline")[0])[0];
    let expected = [(1.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0), (1.0, 0.0)];
    assert_eq!(outline.len(), expected.len());
    assert!(
        outline
            .iter()
            .zip(expected)
            .all(|(p, e)| near(p.0, x + e.0 * w / 3.0) && near(p.1, y + e.1 * h / 2.0))
    );
    let bar = &paths(groups(&document, "length")[0])[0];
    assert_eq!(words(groups(&document, "length")[0]), ["2 mm"]);
    assert!(near(bar[1].0 - bar[0].0, w / 3.0));
    plot.mask.clear();
    let svg = plot.svg(Theme::Light).expect("a figure");
    assert!(!svg.contains("Tumour"));
    plot.spacing[0] = 0.0;
    assert!(matches!(plot.svg(Theme::Light), Err(PlotError::Value { index: 0, .. })));
    plot.pixels.pop();
    assert!(matches!(
        plot.svg(Theme::Light),
        Err(PlotError::Length { expected: 6, .. })
    ));
}
