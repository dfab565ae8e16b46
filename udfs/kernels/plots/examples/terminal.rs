//! Writes figures as text: `cargo run -p radsql-plots --example terminal -- DIR`. Without a folder, into
//! `tests/golden/terminal`. The curves are R's, those in `tests/golden/terminal_curves.csv`.

use radsql_plots::*;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/terminal")));
    std::fs::create_dir_all(&folder)?;
    for (name, text) in pictures()? {
        std::fs::write(folder.join(format!("{name}.txt")), text)?;
    }
    Ok(())
}

/// The curves of a data set in R's answers, with the numbers at risk at these times.
pub fn groups(set: &str, ticks: &[f64]) -> Vec<KaplanMeierGroup> {
    let mut groups: Vec<KaplanMeierGroup> = vec![];
    let mut at_risk: Vec<Vec<(f64, f64)>> = vec![];
    for line in include_str!("../tests/golden/terminal_curves.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |i: usize| fields[i].parse::<f64>().unwrap_or(f64::NAN);
        if fields[0] != set {
            continue;
        }
        if groups.last().is_none_or(|g| g.name != fields[1]) {
            groups.push(KaplanMeierGroup {
                name: fields[1].into(),
                ..Default::default()
            });
            at_risk.push(vec![]);
        }
        if let (Some(group), Some(at_risk)) = (groups.last_mut(), at_risk.last_mut()) {
            group.times.push(number(2));
            group.survival.push(number(6));
            group.lower.push(number(7));
            group.upper.push(number(8));
            if number(5) > 0.0 {
                group.censor_times.push(number(2));
            }
            at_risk.push((number(2), number(3)));
        }
    }
    for (group, steps) in groups.iter_mut().zip(&at_risk) {
        let at = |tick: &f64| steps.iter().find(|s| s.0 >= *tick).map_or(0.0, |s| s.1);
        group.at_risk = ticks.iter().map(at).collect();
    }
    groups
}

/// The curves of the data set `lung`, by sex, or those of `aml`.
pub fn survival(set: &str, p: f64) -> KaplanMeierPlot {
    let longest = groups(set, &[])
        .iter()
        .flat_map(|g| g.times.clone())
        .fold(0.0, f64::max);
    let risk_ticks = time_ticks(longest);
    let mut groups = groups(set, &risk_ticks);
    if set == "lung" {
        for (group, name) in groups.iter_mut().zip(["Men", "Women"]) {
            group.name = name.into();
        }
    }
    KaplanMeierPlot {
        time_label: if set == "lung" { "Time (days)" } else { "Time (weeks)" }.into(),
        survival_label: "Overall survival".into(),
        groups,
        risk_ticks,
        log_rank_p: Some(p),
    }
}

fn roc(curves: usize) -> TimeRocPlot {
    let curve = |i: usize| {
        let rate = 0.25 + 0.12 * i as f64;
        let false_positive: Vec<f64> = (0..=40).map(|j| f64::from(j) / 40.0).collect();
        let auc = 1.0 / (1.0 + rate);
        RocCurve {
            name: format!("{} months", 12 * (i + 1)),
            true_positive: false_positive.iter().map(|f| f.powf(rate)).collect(),
            false_positive,
            auc,
            auc_lower: auc - 0.06,
            auc_upper: auc + 0.05,
        }
    };
    TimeRocPlot {
        curves: (0..curves).map(curve).collect(),
    }
}

fn forest() -> ForestPlot {
    let rows = [
        ("Rad score (high vs low)", 2.67, 1.51, 4.72, 0.0004),
        ("Age (per 10 years)", 1.08, 0.91, 1.28, 0.38),
        ("Node-positive primary", 1.49, 1.01, 2.2, 0.0441),
        ("CEA > 200 ng/ml", 1.92, 1.07, 3.45, 0.029),
        ("Größter Tumor ≥ 5 cm", 1.41, 0.97, 2.06, 0.072),
        (
            "wavelet-HHL_glszm_SmallAreaLowGrayLevelEmphasis",
            0.62,
            0.44,
            0.88,
            0.0068,
        ),
        ("Steatohepatitis", 0.81, 0.06, f64::INFINITY, 0.88),
        ("Extrahepatic disease", f64::NAN, f64::NAN, f64::NAN, f64::NAN),
        ("肝転移の数", 0.001, 0.0002, 0.004, 0.5),
    ];
    let rows = rows.map(|(name, ratio, lower, upper, p)| ForestRow {
        name: name.into(),
        ratio,
        lower,
        upper,
        p: Some(p),
    });
    ForestPlot {
        name_label: "Variable".into(),
        ratio_label: "HR (95% CI)".into(),
        axis_label: "Hazard ratio".into(),
        rows: rows.into(),
    }
}

fn scores(groups: usize, n: u32) -> Vec<ScoreGroup> {
    let group = |g: usize| {
        // Quantiles of a logistic distribution, which has the shape of a bell.
        let at = |i: u32| (f64::from(i) + 0.5) / f64::from(n);
        let score = |i: u32| (at(i) / (1.0 - at(i))).ln() * 0.5 + 0.8 * g as f64;
        ScoreGroup {
            name: if groups == 1 {
                "All".into()
            } else {
                format!("Group {}", g + 1)
            },
            scores: (0..n).map(score).collect(),
        }
    };
    (0..groups).map(group).collect()
}

/// Pictures and their names.
pub fn pictures() -> Result<Vec<(String, String)>, PlotError> {
    let size = |columns, rows| TextSize { columns, rows };
    let (small, usual, large) = (size(40, 12), size(80, 24), size(200, 50));
    let style = |colours, unicode| TextStyle { colours, unicode };
    let (coloured, marked, ascii) = (style(true, true), style(false, true), style(false, false));
    let lung = survival("lung", 0.0013);
    let many = KaplanMeierPlot {
        groups: (0..12)
            .map(|i| {
                let mut group = lung.groups[i % 2].clone();
                group.name = format!("Centre {} of the study, arm {}", i + 1, i % 2);
                group
                    .survival
                    .iter_mut()
                    .for_each(|s| *s = s.powf(0.3 + 0.15 * i as f64));
                group
            })
            .collect(),
        ..lung.clone()
    };
    let one = KaplanMeierPlot {
        groups: survival("aml", 0.5).groups.into_iter().take(1).collect(),
        log_rank_p: None,
        ..survival("aml", 0.5)
    };
    let score = |groups| ScoreHistogramPlot {
        score_label: "Rad score".into(),
        groups: scores(groups, 100),
        cut: Some(0.4),
    };
    let histogram = HistogramPlot {
        label: "Rad score".into(),
        groups: scores(1, 500),
        breaks: Breaks::FreedmanDiaconis,
    };
    Ok([
        ("km_colours", lung.terminal(usual, coloured)?),
        ("km_marks", lung.terminal(usual, marked)?),
        ("km_ascii", lung.terminal(usual, ascii)?),
        ("km_small", lung.terminal(small, coloured)?),
        ("km_large", lung.terminal(large, coloured)?),
        ("km_one", one.terminal(usual, marked)?),
        ("km_one_ascii", one.terminal(usual, ascii)?),
        ("km_many", many.terminal(usual, coloured)?),
        ("km_many_marks", many.terminal(size(100, 40), marked)?),
        ("roc_colours", roc(3).terminal(usual, coloured)?),
        ("roc_marks", roc(3).terminal(usual, marked)?),
        ("roc_ascii", roc(3).terminal(small, ascii)?),
        ("roc_large", roc(3).terminal(large, coloured)?),
        ("forest_colours", forest().terminal(usual, coloured)?),
        ("forest_ascii", forest().terminal(usual, ascii)?),
        ("forest_small", forest().terminal(small, marked)?),
        ("forest_large", forest().terminal(large, coloured)?),
        ("score_colours", score(2).terminal(usual, coloured)?),
        ("score_small", score(6).terminal(small, marked)?),
        ("histogram", histogram.terminal(usual, coloured)?),
        ("histogram_ascii", histogram.terminal(small, ascii)?),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into())
}
