//! Time of the estimators at the sizes that the peers were measured at.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use radsql_survival::{
    ConfidenceLevel, ConfidenceType, Covariate, CoxOptions, FollowUp, Rho, concordance, cox, kaplan_meier, log_rank,
    univariate_cox,
};

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

/// Rows with exponential times, recorded to the day, whose hazard follows the first covariates.
struct Cohort {
    time: Vec<f64>,
    event: Vec<bool>,
    columns: Vec<Vec<f64>>,
}

impl Cohort {
    fn new(rows: usize, columns: usize) -> Self {
        let mut numbers = Numbers(rows as u64);
        let columns: Vec<Vec<f64>> = (0..columns)
            .map(|_| (0..rows).map(|_| numbers.normal()).collect())
            .collect();
        let mut time = Vec::with_capacity(rows);
        let mut event = Vec::with_capacity(rows);
        for row in 0..rows {
            let risk: f64 = columns
                .iter()
                .take(5)
                .enumerate()
                .map(|(k, column)| column[row] * 0.1 * k as f64)
                .sum();
            let death = -numbers.uniform().ln() * 1500.0 * (-risk).exp();
            let end = 300.0 + 3000.0 * numbers.uniform();
            time.push(death.min(end).ceil());
            event.push(death <= end);
        }
        Self { time, event, columns }
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
}

fn benches(criterion: &mut Criterion) {
    let level = ConfidenceLevel::default();
    let without_concordance = CoxOptions {
        concordance: false,
        ..CoxOptions::default()
    };

    let cohort = Cohort::new(138, 1107);
    for (name, options) in [
        ("with concordance", CoxOptions::default()),
        ("bare", without_concordance),
    ] {
        criterion.bench_function(
            &format!("univariate cox, 1107 covariates, 138 rows, {name}"),
            |bencher| {
                let covariates = cohort.covariates();
                bencher.iter(|| black_box(univariate_cox(&cohort.follow_up(), None, &covariates, &options)));
            },
        );
    }

    let cohort = Cohort::new(100_000, 10);
    for (name, options) in [
        ("with concordance", CoxOptions::default()),
        ("bare", without_concordance),
    ] {
        criterion.bench_function(&format!("cox, 100,000 rows, 10 covariates, {name}"), |bencher| {
            let covariates = cohort.covariates();
            bencher.iter(|| black_box(cox(&cohort.follow_up(), None, &covariates, &options)));
        });
    }
    criterion.bench_function("concordance, 100,000 rows", |bencher| {
        bencher.iter(|| black_box(concordance(&cohort.follow_up(), None, &cohort.columns[4], level)));
    });

    let cohort = Cohort::new(1_000_000, 5);
    let groups: Vec<u32> = cohort.columns[4].iter().map(|value| u32::from(*value > 0.0)).collect();
    criterion.bench_function("kaplan-meier, 1,000,000 rows", |bencher| {
        bencher.iter(|| black_box(kaplan_meier(&cohort.follow_up(), level, ConfidenceType::Log)));
    });
    criterion.bench_function("log-rank, 1,000,000 rows, 2 groups", |bencher| {
        bencher.iter(|| black_box(log_rank(&cohort.follow_up(), &groups, None, Rho::default())));
    });
}

criterion_group! {
    name = survival;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(5)).without_plots();
    targets = benches
}
criterion_main!(survival);
