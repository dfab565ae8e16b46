//! Times Cox fits on made data and writes the data for a peer to be timed on:
//! `cargo run --release -p radsql-survival --example cox_speed -- FOLDER`, then `Rscript benches/survival/cox.R FOLDER`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use radsql_survival::{Covariate, CoxOptions, FollowUp, cox, univariate_cox};

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Rows with exponential times, recorded to the day or not rounded, whose hazard follows the first covariates.
struct Cohort {
    time: Vec<f64>,
    event: Vec<bool>,
    columns: Vec<Vec<f64>>,
}

impl Cohort {
    fn new(rows: usize, columns: usize, days: bool) -> Self {
        let mut numbers = Numbers(rows as u64);
        let columns: Vec<Vec<f64>> = (0..columns)
            .map(|_| (0..rows).map(|_| numbers.normal()).collect())
            .collect();
        let (mut time, mut event) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        for row in 0..rows {
            let effects = columns.iter().take(5).zip([0.0, 0.1, 0.2, 0.3, 0.4]);
            let risk: f64 = effects.map(|(column, effect)| column[row] * effect).sum();
            let death = -numbers.uniform().ln() * 1500.0 * (-risk).exp();
            let end = 300.0 + 3000.0 * numbers.uniform();
            let observed = death.min(end);
            time.push(if days { observed.ceil() } else { observed });
            event.push(death <= end);
        }
        Self { time, event, columns }
    }

    fn covariates(&self) -> Vec<Covariate<'_>> {
        let columns = self.columns.iter();
        columns.map(|values| Covariate { name: "x", values }).collect()
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        let names: Vec<String> = (1..=self.columns.len()).map(|place| format!("x{place}")).collect();
        writeln!(file, "time,event,{}", names.join(","))?;
        for row in 0..self.time.len() {
            write!(file, "{},{}", self.time[row], u8::from(self.event[row]))?;
            for column in &self.columns {
                write!(file, ",{}", column[row])?;
            }
            writeln!(file)?;
        }
        file.flush()
    }
}

/// Seconds that this thread has run, where the system tells, else seconds that have passed.
fn cpu_seconds(since: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or(since.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// Prints the shortest of some runs.
fn time<T>(what: &str, runs: usize, mut run: impl FnMut() -> T) {
    let since = Instant::now();
    let once = |_| {
        let before = cpu_seconds(since);
        std::hint::black_box(run());
        cpu_seconds(since) - before
    };
    let shortest = (0..runs).map(once).fold(f64::INFINITY, f64::min);
    println!("{what}: {shortest:.4} s");
}

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1);
    for (name, rows, columns, days) in [
        ("cox_1000000x10_days", 1_000_000, 10, true),
        ("cox_1000000x10", 1_000_000, 10, false),
        ("cox_100000x10", 100_000, 10, true),
    ] {
        let cohort = Cohort::new(rows, columns, days);
        if let Some(folder) = &folder {
            cohort.write(&Path::new(folder).join(format!("{name}.csv")))?;
        }
        let covariates = cohort.covariates();
        time(name, 5, || {
            let follow_up = FollowUp::right_censored(&cohort.time, &cohort.event);
            follow_up.and_then(|follow_up| cox(&follow_up, None, &covariates, &CoxOptions::default()))
        });
    }
    let cohort = Cohort::new(138, 1107, true);
    if let Some(folder) = &folder {
        cohort.write(&Path::new(folder).join("univariate_138x1107.csv"))?;
    }
    let covariates = cohort.covariates();
    time("univariate_138x1107", 20, || {
        let follow_up = FollowUp::right_censored(&cohort.time, &cohort.event);
        follow_up.and_then(|follow_up| univariate_cox(&follow_up, None, &covariates, &CoxOptions::default()))
    });
    Ok(())
}
