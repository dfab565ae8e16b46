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

fn figures(theme: Theme) -> Result<Vec<(&'static str, String)>, PlotError> {
    Ok(vec![("kaplan_meier", kaplan_meier().svg(theme)?)])
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
