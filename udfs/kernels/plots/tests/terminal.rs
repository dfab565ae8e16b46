//! Figures as text: pictures that are kept, and the numbers that can be read from them.

#[allow(dead_code)]
#[path = "../examples/terminal.rs"]
mod pictures;

use radsql_plots::*;
use std::path::Path;

const MARKED: TextStyle = TextStyle {
    colours: false,
    unicode: true,
};
const ASCII: TextStyle = TextStyle {
    colours: false,
    unicode: false,
};

#[test]
fn the_example_writes_the_pictures_that_are_kept() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/terminal"));
    let pictures = pictures::pictures().expect("pictures");
    for (name, text) in &pictures {
        let kept = std::fs::read_to_string(folder.join(format!("{name}.txt"))).expect("a kept picture");
        assert!(
            *text == kept,
            "{name}.txt is another picture; cargo run -p radsql-plots --example terminal writes it again:\n{text}"
        );
    }
    let files = std::fs::read_dir(folder).expect("the folder");
    assert_eq!(files.count(), pictures.len(), "a picture that no example writes");
}

/// The cells of the area of a picture's curves: its rows from above.
fn area(picture: &str) -> Vec<Vec<char>> {
    let lines: Vec<Vec<char>> = picture.lines().map(|l| l.chars().collect()).collect();
    let base = lines.iter().rposition(|l| l.contains(&'└')).expect("the axis");
    let left = lines[base].iter().position(|c| *c == '└').expect("the corner") + 1;
    let width = lines[base].len() - left;
    let top = lines[..base]
        .iter()
        .rposition(|l| !matches!(l.get(left - 1), Some('│' | '┤')))
        .expect("a line above")
        + 1;
    lines[top..base]
        .iter()
        .map(|l| (0..width).map(|i| l.get(left + i).copied().unwrap_or(' ')).collect())
        .collect()
}

/// Rows of dots that are set in a column of dots.
fn dots(area: &[Vec<char>], x: usize) -> Vec<usize> {
    const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let set = |row: &usize| {
        let cell = area[*row / 4][x / 2] as u32;
        (0x2800..0x2900).contains(&cell) && (cell - 0x2800) & BITS[*row % 4][x % 2] != 0
    };
    (0..area.len() * 4).filter(set).collect()
}

/// Whether the curve is where R's survival is, at every column of dots: a step down is a line from the survival before to
/// that after it.
fn steps_are_r_s(group: &KaplanMeierGroup, size: TextSize) {
    // Without marks and limits there is nothing but the curve.
    let bare = KaplanMeierGroup {
        censor_times: vec![],
        lower: vec![],
        upper: vec![],
        at_risk: vec![],
        ..group.clone()
    };
    let plot = KaplanMeierPlot {
        groups: vec![bare],
        ..Default::default()
    };
    let picture = plot.terminal(size, MARKED).expect("a picture");
    let area = area(&picture);
    let (width, height) = (area[0].len() * 2, area.len() * 4);
    let last = group.times[group.times.len() - 1];
    let survival = |time: f64| {
        let step = group.times.partition_point(|t| *t <= time);
        if step == 0 { 1.0 } else { group.survival[step - 1] }
    };
    let row = |survival: f64| ((1.0 - survival) * (height - 1) as f64).round() as usize;
    for x in 0..width {
        // All times whose dot is in this column.
        let time = |at: f64| at / (width - 1) as f64 * last;
        let (from, to) = (time(x as f64 - 0.5).max(0.0), time(x as f64 + 0.5 - 1e-9).min(last));
        let (above, below) = (row(survival(from)), row(survival(to)));
        let expected: Vec<usize> = (above..=below).collect();
        assert_eq!(dots(&area, x), expected, "column of dots {x}\n{picture}");
    }
}

#[test]
fn survival_falls_where_it_falls_in_r() {
    for set in ["aml", "lung"] {
        for group in pictures::groups(set, &[]) {
            for (columns, rows) in [(40, 12), (80, 24), (200, 50), (131, 37)] {
                steps_are_r_s(&group, TextSize { columns, rows });
            }
        }
    }
}

#[test]
fn numbers_at_risk_are_r_s() {
    // summary(survfit(Surv(time, event) ~ sex, lung), times = c(0, 200, ..., 1000), extend = TRUE)$n.risk
    let picture = pictures::survival("lung", 0.0013)
        .terminal(TextSize::default(), ASCII)
        .expect("a picture");
    let row = |name: &str| {
        let line = picture
            .lines()
            .find(|l| l.starts_with(&format!("{name} ")))
            .expect("its row");
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("Men"), ["138", "78", "31", "13", "6", "2"]);
    assert_eq!(row("Women"), ["90", "66", "26", "11", "2", "0"]);
    assert!(picture.contains("Log-rank p = 0.001"), "{picture}");
}

#[test]
fn bins_are_those_of_r() {
    for line in include_str!("golden/terminal_histograms.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers = |i: usize| -> Vec<f64> {
            let all = fields[i].split(' ').map(|v| v.parse().expect("a number"));
            all.collect()
        };
        let plot = HistogramPlot {
            label: "x".into(),
            groups: vec![ScoreGroup {
                name: "All".into(),
                scores: numbers(2),
            }],
            breaks: match fields[1] {
                "FD" => Breaks::FreedmanDiaconis,
                _ => Breaks::Sturges,
            },
        };
        let (edges, wanted) = (plot.edges().expect("edges"), numbers(3));
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1e-3);
        assert!(
            edges.len() == wanted.len() && edges.iter().zip(&wanted).all(near),
            "{} {}: {edges:?}, in R {wanted:?}",
            fields[0],
            fields[1]
        );
        let counts: Vec<f64> = plot.counts().expect("counts")[0].iter().map(|c| *c as f64).collect();
        assert_eq!(counts, numbers(4), "{} {}", fields[0], fields[1]);
        assert!(plot.svg(Theme::Light).expect("a figure").contains("Count"));
    }
}

#[test]
fn a_bar_is_as_high_as_its_count() {
    let plot = HistogramPlot {
        label: "x".into(),
        groups: vec![ScoreGroup {
            name: "All".into(),
            scores: [vec![0.5; 8], vec![1.5; 4], vec![2.5; 1]].concat(),
        }],
        breaks: Breaks::Sturges,
    };
    let picture = plot
        .terminal(TextSize { columns: 40, rows: 20 }, MARKED)
        .expect("a picture");
    let area = area(&picture);
    let eighths = |column: usize| -> usize {
        let cell = |row: &Vec<char>| "▁▂▃▄▅▆▇█".chars().position(|c| c == row[column]).map_or(0, |i| i + 1);
        area.iter().map(cell).sum()
    };
    let heights: Vec<usize> = (0..area[0].len()).map(eighths).collect();
    let full = area.len() * 8;
    let highest = heights.iter().copied().max().expect("bars");
    assert_eq!(highest, full, "{picture}");
    assert!(
        heights.contains(&(full / 2)) && heights.contains(&(full / 8)),
        "{picture}"
    );
}

#[test]
fn intervals_stand_where_their_limits_are() {
    let plot = ForestPlot {
        name_label: "Variable".into(),
        ratio_label: "HR".into(),
        axis_label: "Hazard ratio".into(),
        rows: vec![
            ForestRow {
                name: "wide".into(),
                ratio: 1.0,
                lower: 0.1,
                upper: 10.0,
                p: Some(0.9),
            },
            ForestRow {
                name: "beyond".into(),
                ratio: 2.0,
                lower: 0.0,
                upper: f64::INFINITY,
                p: None,
            },
        ],
    };
    let picture = plot.terminal(TextSize::default(), MARKED).expect("a picture");
    let at = |line: usize, c: char| {
        let line: Vec<char> = picture.lines().nth(line).expect("a line").chars().collect();
        line.iter().position(|found| *found == c).expect("the character") as f64
    };
    // The middle on a logarithmic axis.
    let (lower, value, upper) = (at(1, '├'), at(1, '■'), at(1, '┤'));
    assert!((value - (lower + upper) / 2.0).abs() <= 0.5, "{picture}");
    assert!(at(2, '◄') < lower && at(2, '►') > upper, "{picture}");
    let two = value + (upper - value) * 2f64.log10();
    assert!((at(2, '■') - two).abs() <= 1.0, "{picture}");
}

#[test]
fn a_terminal_may_be_too_small() {
    let plot = pictures::survival("aml", 0.1);
    for (columns, rows) in [(39, 12), (40, 11), (0, 0)] {
        let error = plot
            .terminal(TextSize { columns, rows }, MARKED)
            .expect_err("too small");
        assert!(error.to_string().contains("40 columns and 12 rows"), "{error}");
    }
    assert!(
        plot.terminal(
            TextSize {
                columns: usize::MAX,
                rows: usize::MAX
            },
            MARKED
        )
        .is_ok()
    );
}
