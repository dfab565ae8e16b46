//! Writes one SVG of each figure, in both themes, into a folder: `cargo run -p radsql-plots --example figures -- DIR`.
//! Without a folder, into `examples/plots`. The numbers are made up here, by a generator with a fixed seed.

use radsql_plots::*;
use std::path::PathBuf;

/// Numbers between 0 and 1: a linear congruence (Knuth's MMIX), good enough to look at.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder =
        folder.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../examples/plots")));
    std::fs::create_dir_all(&folder)?;
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for (figure, svg) in figures(theme)? {
            std::fs::write(folder.join(format!("{figure}_{name}.svg")), svg + "\n")?;
        }
    }
    Ok(())
}

/// Every figure and its name.
pub fn figures(theme: Theme) -> Result<Vec<(&'static str, String)>, PlotError> {
    let (path, cv) = lasso();
    Ok(vec![
        ("kaplan_meier", kaplan_meier().svg(theme)?),
        ("forest", forest().svg(theme)?),
        ("time_roc", time_roc().svg(theme)?),
        ("lasso_path", path.svg(theme)?),
        ("lasso_cv", cv.svg(theme)?),
        ("calibration", calibration().svg(theme)?),
        ("decision_curve", decision_curve().svg(theme)?),
        ("score_histogram", score_histogram().svg(theme)?),
        ("correlation", correlation(12).svg(theme)?),
        ("correlation_large", correlation(160).svg(theme)?),
        ("slice", slice().svg(theme)?),
    ])
}

fn kaplan_meier() -> KaplanMeierPlot {
    let mut random = Random(7);
    let risk_ticks = vec![0.0, 12.0, 24.0, 36.0, 48.0, 60.0];
    let groups = [("Low Rad score", 120, 0.011), ("High Rad score", 77, 0.030)];
    let groups = groups.map(|(name, n, rate)| group(&mut random, name, n, rate, &risk_ticks));
    KaplanMeierPlot {
        time_label: "Time since resection (months)".into(),
        survival_label: "Overall survival".into(),
        groups: groups.into(),
        risk_ticks,
        log_rank_p: Some(0.00002),
    }
}

/// A group of exponential survival and its product-limit curve, with Greenwood's interval on the log scale.
fn group(random: &mut Random, name: &str, n: usize, rate: f64, ticks: &[f64]) -> KaplanMeierGroup {
    let mut rows: Vec<(f64, bool)> = (0..n)
        .map(|_| {
            let (event, end) = (-random.uniform().ln() / rate, 14.0 + 52.0 * random.uniform());
            ((event.min(end) * 10.0).round() / 10.0, event <= end)
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut group = KaplanMeierGroup {
        name: name.into(),
        ..Default::default()
    };
    let (mut survival, mut variance) = (1.0, 0.0);
    for (i, (time, event)) in rows.iter().enumerate() {
        let at_risk = (n - i) as f64;
        if !event {
            group.censor_times.push(*time);
            continue;
        }
        survival *= 1.0 - 1.0 / at_risk;
        variance += 1.0 / (at_risk * (at_risk - 1.0));
        let margin = 1.96 * f64::sqrt(variance);
        group.times.push(*time);
        group.survival.push(survival);
        group.lower.push(survival * (-margin).exp());
        group.upper.push((survival * margin.exp()).min(1.0));
    }
    group.at_risk = ticks
        .iter()
        .map(|t| rows.iter().filter(|r| r.0 >= *t).count() as f64)
        .collect();
    group
}

fn forest() -> ForestPlot {
    let rows = [
        ("Rad score (high vs low)", 2.67, 1.51, 4.72, 0.0004),
        ("Age (per 10 years)", 1.08, 0.91, 1.28, 0.38),
        ("Node-positive primary", 1.49, 1.01, 2.2, 0.0441),
        ("CEA > 200 ng/ml", 1.92, 1.07, 3.45, 0.029),
        ("Number of metastases > 1", 1.22, 0.85, 1.75, 0.27),
        ("Largest tumour > 5 cm", 1.41, 0.97, 2.06, 0.072),
        (
            "wavelet-HHL_glszm_SmallAreaLowGrayLevelEmphasis",
            0.62,
            0.44,
            0.88,
            0.0068,
        ),
        ("Steatohepatitis", 0.81, 0.06, f64::INFINITY, 0.88),
        ("Extrahepatic disease", f64::NAN, f64::NAN, f64::NAN, f64::NAN),
    ];
    let row = |(name, ratio, lower, upper, p): (&str, f64, f64, f64, f64)| ForestRow {
        name: name.into(),
        ratio,
        lower,
        upper,
        p: Some(p),
    };
    ForestPlot {
        name_label: "Variable".into(),
        ratio_label: "HR (95% CI)".into(),
        axis_label: "Hazard ratio for death".into(),
        rows: rows.map(row).into(),
    }
}

fn time_roc() -> TimeRocPlot {
    let mut random = Random(11);
    let mut curve = |name: &str, shift: f64, (auc, auc_lower, auc_upper): (f64, f64, f64)| {
        let mut cases: Vec<f64> = (0..60).map(|_| random.normal() + shift).collect();
        let controls: Vec<f64> = (0..90).map(|_| random.normal()).collect();
        cases.extend(&controls);
        cases.sort_by(|a, b| b.total_cmp(a));
        let (mut f, mut t) = (0.0, 0.0);
        let mut points = vec![(0.0, 0.0)];
        for value in &cases {
            if controls.contains(value) {
                f += 1.0 / 90.0;
            } else {
                t += 1.0 / 60.0;
            }
            points.push((f64::min(f, 1.0), f64::min(t, 1.0)));
        }
        let (false_positive, true_positive) = points.into_iter().unzip();
        RocCurve {
            name: name.into(),
            false_positive,
            true_positive,
            auc,
            auc_lower,
            auc_upper,
        }
    };
    TimeRocPlot {
        curves: vec![
            curve("12 months", 1.2, (0.81, 0.73, 0.89)),
            curve("36 months", 0.8, (0.72, 0.64, 0.8)),
            curve("60 months", 0.5, (0.66, 0.55, 0.77)),
        ],
    }
}

fn lasso() -> (LassoPathPlot, LassoCvPlot) {
    let mut random = Random(5);
    let lambdas: Vec<f64> = (0..60).map(|i| f64::exp(-1.2 - 0.075 * i as f64)).collect();
    let names = [
        "glcm_Imc1",
        "shape_Flatness",
        "firstorder_90Percentile",
        "ngtdm_Busyness",
        "gldm_DependenceEntropy",
    ];
    let features: Vec<LassoFeature> = (0..26)
        .map(|i| {
            let (enters, slope) = (-1.35 - 0.12 * i as f64, random.normal() * 0.13);
            let bend = random.normal() * 0.012;
            let at = |l: &f64| {
                let depth = enters - l.ln();
                if depth > 0.0 {
                    slope * depth + bend * depth * depth
                } else {
                    0.0
                }
            };
            let prefix = ["original", "wavelet-LLH", "wavelet-HLL", "log-sigma-3-0-mm"][i / 5 % 4];
            LassoFeature {
                name: format!("{prefix}_{}{}", names[i % 5], if i >= 20 { "_2" } else { "" }),
                coefficients: lambdas.iter().map(at).collect(),
            }
        })
        .collect();
    let non_zero = |i: usize| features.iter().filter(|f| f.coefficients[i] != 0.0).count();
    let mean: Vec<f64> = lambdas
        .iter()
        .map(|l| 11.2 + 0.09 * (l.ln() + 3.4).powi(2) + random.normal() * 0.004)
        .collect();
    let (lambda_min, lambda_1se) = (Some(lambdas[29]), Some(lambdas[11]));
    let cv = LassoCvPlot {
        error_label: "Partial likelihood deviance".into(),
        lower: mean.iter().map(|m| m - 0.14).collect(),
        upper: mean.iter().map(|m| m + 0.14).collect(),
        non_zero: (0..lambdas.len()).map(non_zero).collect(),
        mean,
        lambdas: lambdas.clone(),
        lambda_min,
        lambda_1se,
    };
    (
        LassoPathPlot {
            lambdas,
            features,
            lambda_min,
            lambda_1se,
        },
        cv,
    )
}

fn calibration() -> CalibrationPlot {
    let curve = |name: &str, shift: f64, observed: [f64; 5], half: f64| CalibrationCurve {
        name: name.into(),
        predicted: [0.2, 0.41, 0.56, 0.7, 0.86].map(|p| p + shift).into(),
        observed: observed.into(),
        lower: observed.map(|o| o - half).into(),
        upper: observed.map(|o| f64::min(o + half, 1.0)).into(),
    };
    CalibrationPlot {
        predicted_label: "Predicted survival at 36 months".into(),
        observed_label: "Observed survival at 36 months".into(),
        curves: vec![
            curve("Test", 0.0, [0.27, 0.39, 0.6, 0.69, 0.9], 0.09),
            curve("External", 0.03, [0.36, 0.45, 0.52, 0.66, 0.74], 0.13),
        ],
    }
}

fn decision_curve() -> DecisionCurvePlot {
    let thresholds: Vec<f64> = (1..80).map(|i| f64::from(i) * 0.01).collect();
    let model = |name: &str, loss: f64| DecisionModel {
        name: name.into(),
        net_benefit: thresholds
            .iter()
            .map(|t| 0.42 - 0.42 * t.powf(0.9) * loss - 0.004 * (t * 60.0).sin())
            .collect(),
    };
    DecisionCurvePlot {
        models: vec![model("Rad score and clinical", 1.08), model("Clinical", 1.35)],
        treat_all: thresholds.iter().map(|t| 0.42 - 0.58 * t / (1.0 - t)).collect(),
        thresholds,
    }
}

fn score_histogram() -> ScoreHistogramPlot {
    let mut random = Random(21);
    let mut group = |name: &str, n: usize, mean: f64| ScoreGroup {
        name: name.into(),
        scores: (0..n).map(|_| mean + 0.5 * random.normal()).collect(),
    };
    ScoreHistogramPlot {
        score_label: "Rad score".into(),
        groups: vec![group("Alive", 98, -0.25), group("Dead", 99, 0.25)],
        cut: Some(0.04),
    }
}

fn correlation(n: usize) -> CorrelationPlot {
    let classes = ["firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"];
    let names = [
        "Energy",
        "Contrast",
        "ShortRunEmphasis",
        "ZonePercentage",
        "DependenceVariance",
        "Busyness",
    ];
    let value = |i: usize, j: usize| {
        let distance = i.abs_diff(j) as f64 / n as f64;
        let sign = if i % 5 == 3 || j % 5 == 3 { -0.8 } else { 1.0 };
        let near = (-distance * 3.0).exp() * (1.0 - 0.3 * ((i * j) as f64).sin().abs());
        match (i, j) {
            (i, j) if i == j => 1.0,
            (2, _) | (_, 2) => f64::NAN,
            _ => sign * near,
        }
    };
    CorrelationPlot {
        names: (0..n)
            .map(|i| format!("{}_{}", classes[i % 6], names[(i + i / 6) % 6]))
            .collect(),
        correlations: (0..n * n).map(|k| value(k / n, k % n)).collect(),
        measure: "Spearman's rho".into(),
    }
}

/// An abdomen as an ellipse, a liver in it, and in that a tumour.
fn slice() -> SlicePlot {
    let mut random = Random(3);
    let (columns, rows) = (192, 144);
    let within = |x: usize, y: usize, (cx, cy): (f64, f64), (rx, ry): (f64, f64)| {
        ((x as f64 - cx) / rx).powi(2) + ((y as f64 - cy) / ry).powi(2) <= 1.0
    };
    let tumour = |x, y| within(x, y, (72.0, 70.0), (14.0, 11.0)) || within(x, y, (84.0, 62.0), (8.0, 7.0));
    let mut pixels = Vec::new();
    let mut mask = Vec::new();
    for (x, y) in (0..columns * rows).map(|i| (i % columns, i / columns)) {
        let tissue = match () {
            () if tumour(x, y) => 62.0,
            () if within(x, y, (70.0, 66.0), (46.0, 38.0)) => 105.0,
            () if within(x, y, (104.0, 112.0), (9.0, 9.0)) => 220.0,
            () if within(x, y, (96.0, 72.0), (84.0, 60.0)) => 20.0,
            () => -160.0,
        };
        pixels.push(tissue + 11.0 * random.normal());
        mask.push(tumour(x, y));
    }
    SlicePlot {
        columns,
        rows,
        pixels,
        mask,
        spacing: [1.9, 1.9],
        window: [-90.0, 190.0],
        mask_name: "Metastasis".into(),
    }
}
