//! Results that are survival curves.

use super::Plot;
use super::rows::{Keys, Rows, grouped};
use radsql_udfs::plots::figures::{KaplanMeierGroup, KaplanMeierPlot, time_ticks};

/// Columns of numbers that belong to a curve; whole numbers of other names tell groups apart.
const OWN: [&str; 14] = [
    "time",
    "n_risk",
    "n_event",
    "n_censor",
    "survival",
    "se",
    "lower",
    "upper",
    "cumulative_hazard",
    "cumulative_hazard_se",
    "hazard",
    "risk_weight",
    "event_weight",
    "censor_weight",
];

/// The curves of rows with a time and the survival beyond it; `None` without these.
pub fn find(rows: &Rows) -> Option<Result<Plot, String>> {
    let (time, survival) = (rows.numbers("time")?, rows.numbers("survival")?);
    // The months that patients survived are no probabilities.
    if survival.iter().any(|s| *s < 0.0 || *s > 1.0 + 1e-9) {
        return None;
    }
    let names: Vec<&str> = rows.keys().into_iter().filter(|k| !OWN.contains(k)).collect();
    let keys = Keys::of(rows, &names);
    let number = |name: &str| rows.numbers(name).unwrap_or_default();
    let columns = Columns {
        time,
        survival,
        lower: number("lower"),
        upper: number("upper"),
        at_risk: number("n_risk"),
        censored: number("n_censor"),
    };
    let longest = columns
        .time
        .iter()
        .copied()
        .filter(|t| t.is_finite())
        .fold(0.0, f64::max);
    let ticks = if columns.at_risk.is_empty() {
        vec![]
    } else {
        time_ticks(longest)
    };
    let mut groups = vec![];
    for group in grouped(&keys.texts, rows.len()) {
        let name = match keys.name(&group) {
            name if name.is_empty() => "All".into(),
            name => name,
        };
        match columns.curve(name, group.rows, &ticks) {
            Ok(curve) => groups.push(curve),
            Err(e) => return Some(Err(e)),
        }
    }
    Some(Ok(Plot::KaplanMeier(KaplanMeierPlot {
        time_label: "Time".into(),
        survival_label: "Survival".into(),
        groups,
        risk_ticks: ticks,
        log_rank_p: None,
    })))
}

/// A number a row; some may be empty.
struct Columns {
    time: Vec<f64>,
    survival: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    at_risk: Vec<f64>,
    censored: Vec<f64>,
}

impl Columns {
    /// The curve of some rows.
    fn curve(&self, name: String, mut rows: Vec<usize>, ticks: &[f64]) -> Result<KaplanMeierGroup, String> {
        rows.retain(|row| !self.time[*row].is_nan() && !self.survival[*row].is_nan());
        rows.sort_by(|a, b| self.time[*a].total_cmp(&self.time[*b]));
        // Steps of several curves in one: times come twice, or survival rises.
        let mixed =
            |w: &&[usize]| self.time[w[0]] == self.time[w[1]] || self.survival[w[1]] > self.survival[w[0]] + 1e-9;
        if let Some(pair) = rows.windows(2).find(mixed) {
            return Err(format!(
                "survival at time {} is that of another curve than before: the column that tells curves apart is missing in the \
                 result",
                self.time[pair[1]]
            ));
        }
        let take = |column: &[f64]| {
            rows.iter()
                .filter_map(|row| column.get(*row).copied())
                .collect::<Vec<f64>>()
        };
        let (times, at_risk) = (take(&self.time), take(&self.at_risk));
        let censored = times.iter().zip(take(&self.censored)).filter(|(_, n)| *n > 0.0);
        let at = |tick: &f64| {
            let step = times.partition_point(|t| t < tick);
            at_risk.get(step).copied().filter(|n| !n.is_nan()).unwrap_or(0.0)
        };
        let (lower, upper) = (take(&self.lower), take(&self.upper));
        let band = !lower.is_empty() && !upper.is_empty();
        Ok(KaplanMeierGroup {
            name,
            survival: take(&self.survival),
            lower: if band { lower } else { vec![] },
            upper: if band { upper } else { vec![] },
            censor_times: censored.map(|(t, _)| *t).collect(),
            at_risk: ticks.iter().map(at).collect(),
            times,
        })
    }
}
