//! Time of penalised fits at the sizes that glmnet was measured at.
//!
//! With `RADSQL_BENCH_DATA` naming a folder, the data are written there as well, for `benches/survival/glmnet.R` to time
//! glmnet on the same numbers.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use radsql_survival::{Covariate, CvOptions, ElasticNet, FollowUp, penalised_cox, penalised_cox_cv};

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

/// Covariates in correlated blocks of ten, as radiomic features are; one of each of the first ten blocks bears on the
/// hazard.
struct Cohort {
    time: Vec<f64>,
    event: Vec<bool>,
    columns: Vec<Vec<f64>>,
}

impl Cohort {
    fn new(rows: usize, columns: usize) -> Self {
        let mut numbers = Numbers((rows * columns) as u64);
        let mut common = vec![0.0; rows];
        let mut drawn = Vec::with_capacity(columns);
        for column in 0..columns {
            if column % 10 == 0 {
                common.iter_mut().for_each(|value| *value = numbers.normal());
            }
            drawn.push(
                common
                    .iter()
                    .map(|common| 0.7 * common + 0.7 * numbers.normal())
                    .collect::<Vec<f64>>(),
            );
        }
        let mut time = Vec::with_capacity(rows);
        let mut event = Vec::with_capacity(rows);
        let risks: Vec<f64> = (0..rows)
            .map(|row| (0..10).map(|block| drawn[10 * block % columns][row] * 0.3).sum())
            .collect();
        for risk in risks {
            let death = -numbers.uniform().ln() * 1000.0 * f64::exp(-risk);
            let end = 300.0 + 3000.0 * numbers.uniform();
            time.push(death.min(end) + 1.0);
            event.push(death <= end);
        }
        Self {
            time,
            event,
            columns: drawn,
        }
    }

    fn follow_up(&self) -> FollowUp<'_> {
        FollowUp::right_censored(&self.time, &self.event).expect("follow-up")
    }

    fn covariates(&self) -> Vec<Covariate<'_>> {
        self.columns
            .iter()
            .map(|values| Covariate { name: "x", values })
            .collect()
    }

    /// Doubles, little-endian: rows, columns, times, events, then the columns.
    fn write(&self, folder: &Path) -> std::io::Result<()> {
        let (rows, columns) = (self.time.len(), self.columns.len());
        let mut bytes = Vec::new();
        let events: Vec<f64> = self.event.iter().map(|event| f64::from(u8::from(*event))).collect();
        let head = [rows as f64, columns as f64];
        let all = head
            .iter()
            .chain(&self.time)
            .chain(&events)
            .chain(self.columns.iter().flatten());
        all.for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        std::fs::write(folder.join(format!("{rows}x{columns}.bin")), bytes)
    }
}

fn benches(criterion: &mut Criterion) {
    for (rows, columns) in [(138, 300), (138, 20_000), (10_000, 500)] {
        let cohort = Cohort::new(rows, columns);
        if let Some(folder) = std::env::var_os("RADSQL_BENCH_DATA") {
            cohort.write(Path::new(&folder)).expect("the folder can be written to");
        }
        let covariates = cohort.covariates();
        criterion.bench_function(&format!("lasso path, {rows} x {columns}"), |bencher| {
            bencher.iter(|| {
                black_box(penalised_cox(
                    &cohort.follow_up(),
                    None,
                    &covariates,
                    &ElasticNet::lasso(),
                ))
            });
        });
        if columns > 300 {
            continue;
        }
        for threads in [1, 2] {
            let cv = CvOptions {
                threads: NonZeroUsize::new(threads).expect("threads"),
                ..CvOptions::default()
            };
            let name = format!("lasso path with 10-fold CV, {rows} x {columns}, threads: {threads}");
            criterion.bench_function(&name, |bencher| {
                let net = ElasticNet::lasso();
                bencher.iter(|| black_box(penalised_cox_cv(&cohort.follow_up(), None, &covariates, &net, &cv)));
            });
        }
    }
}

criterion_group! {
    name = penalised;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(5)).without_plots();
    targets = benches
}
criterion_main!(penalised);
