//! Time of Cox fits at the sizes that the peers were measured at, and of what follows a fit.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use radsql_survival::{Covariate, CoxOptions, FollowUp, Influence, RiskSets, Ties, TimeTransform, cox};

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

/// Rows with exponential times whose hazard follows the covariates, in whole days or not.
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
            let risk: f64 = columns.iter().map(|column| column[row] * 0.1).sum();
            let death = -numbers.uniform().ln() * 1500.0 * (-risk).exp();
            let end = 300.0 + 3000.0 * numbers.uniform();
            let observed = death.min(end);
            time.push(if days { observed.ceil() } else { observed });
            event.push(death <= end);
        }
        Self { time, event, columns }
    }

    fn follow_up(&self) -> FollowUp<'_> {
        FollowUp::right_censored(&self.time, &self.event).expect("follow-up")
    }

    fn covariates(&self) -> Vec<Covariate<'_>> {
        let columns = self.columns.iter();
        columns.map(|values| Covariate { name: "x", values }).collect()
    }
}

fn benches(criterion: &mut Criterion) {
    for (name, days) in [("days", true), ("no ties", false)] {
        let cohort = Cohort::new(1_000_000, 10, days);
        let covariates = cohort.covariates();
        criterion.bench_function(&format!("cox, 1,000,000 rows, 10 covariates, {name}"), |bencher| {
            bencher.iter(|| black_box(cox(&cohort.follow_up(), None, &covariates, &CoxOptions::default())));
        });
    }
    let cohort = Cohort::new(2_000, 3, true);
    let covariates = cohort.covariates();
    let exact = CoxOptions {
        ties: Ties::Exact,
        ..CoxOptions::default()
    };
    criterion.bench_function("cox, exact ties, 2,000 rows, 3 covariates", |bencher| {
        bencher.iter(|| black_box(cox(&cohort.follow_up(), None, &covariates, &exact)));
    });

    let cohort = Cohort::new(100_000, 10, true);
    let covariates = cohort.covariates();
    let sets = RiskSets::new(&cohort.follow_up(), None).expect("risk sets");
    let model = sets.model(&covariates, None, &CoxOptions::default()).expect("a model");
    criterion.bench_function("martingale residuals, 100,000 rows, 10 covariates", |bencher| {
        bencher.iter(|| black_box(model.residuals()));
    });
    criterion.bench_function("dfbeta, 100,000 rows, 10 covariates", |bencher| {
        bencher.iter(|| black_box(model.dfbeta(Influence::Coefficient)));
    });
    criterion.bench_function("Schoenfeld residuals, 100,000 rows, 10 covariates", |bencher| {
        bencher.iter(|| black_box(model.schoenfeld()));
    });
    criterion.bench_function("cox_zph, 100,000 rows, 10 covariates", |bencher| {
        bencher.iter(|| black_box(model.zph(TimeTransform::KaplanMeier, None)));
    });
    let columns: Vec<&[f64]> = cohort.columns.iter().map(Vec::as_slice).collect();
    criterion.bench_function("survival of 100,000 rows at 5 times, baseline and all", |bencher| {
        let times = [100.0, 200.0, 400.0, 800.0, 1600.0];
        bencher.iter(|| {
            black_box(
                model
                    .baseline()
                    .map(|baseline| baseline.survival_at(&columns, None, &times)),
            )
        });
    });
}

criterion_group! {
    name = cox_fits;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(5)).without_plots();
    targets = benches
}
criterion_main!(cox_fits);
