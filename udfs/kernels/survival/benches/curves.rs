//! Time of curves and tests of 1,000,000 rows in two groups, recorded to the day and to the bit.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use radsql_survival::{
    ConfidenceLevel, ConfidenceType, FollowUp, HazardOptions, Rho, cumulative_hazard, kaplan_meier_by, log_rank,
};

const ROWS: usize = 1_000_000;

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
}

fn benches(criterion: &mut Criterion) {
    let level = ConfidenceLevel::default();
    let mut numbers = Numbers(1);
    let mut groups = Vec::with_capacity(ROWS);
    let mut event = Vec::with_capacity(ROWS);
    let mut continuous = Vec::with_capacity(ROWS);
    for _ in 0..ROWS {
        let group = u32::from(numbers.uniform() < 0.5);
        let death = -numbers.uniform().ln() * if group == 0 { 1500.0 } else { 1200.0 };
        let end = 300.0 + 3000.0 * numbers.uniform();
        groups.push(group);
        event.push(death <= end);
        continuous.push(death.min(end));
    }
    let days: Vec<f64> = continuous.iter().map(|time| time.ceil()).collect();
    for (name, time) in [("days", &days), ("continuous", &continuous)] {
        let follow_up = FollowUp::right_censored(time, &event).expect("follow-up");
        criterion.bench_function(&format!("kaplan-meier, 1,000,000 rows, 2 groups, {name}"), |bencher| {
            bencher.iter(|| black_box(kaplan_meier_by(&follow_up, &groups, level, ConfidenceType::Log)));
        });
        criterion.bench_function(&format!("log-rank, 1,000,000 rows, 2 groups, {name}"), |bencher| {
            bencher.iter(|| black_box(log_rank(&follow_up, &groups, None, Rho::default())));
        });
        criterion.bench_function(
            &format!("cumulative hazard, 1,000,000 rows, 2 groups, {name}"),
            |bencher| {
                bencher.iter(|| black_box(cumulative_hazard(&follow_up, Some(&groups), &HazardOptions::default())));
            },
        );
    }
}

criterion_group! {
    name = curves;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(5)).without_plots();
    targets = benches
}
criterion_main!(curves);
