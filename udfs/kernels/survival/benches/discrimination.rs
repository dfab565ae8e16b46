//! Time of areas, concordances and bootstraps at the sizes that the peers were measured at.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use radsql_survival::{
    ConcordanceOptions, ConditionalSurvival, ConfidenceLevel, FollowUp, Resampling, Span, TimeRocOptions, TimeWeight,
    bootstrap_concordance, bootstrap_time_roc, compare_concordance, concordance, concordance_with, conditional_roc,
    time_roc,
};

/// Rows with exponential times, recorded to the day, and a score that they follow.
fn cohort(rows: usize) -> (Vec<f64>, Vec<bool>, Vec<f64>) {
    let mut state = rows as u64;
    let mut uniform = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let (mut time, mut event, mut score) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let normal = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let death = -(1.0 - uniform()).ln() * 1500.0 * (-0.5 * normal).exp();
        let end = 300.0 + 3000.0 * uniform();
        time.push(death.min(end).ceil());
        event.push(death <= end);
        score.push(normal);
    }
    (time, event, score)
}

fn benches(criterion: &mut Criterion) {
    let level = ConfidenceLevel::default();
    let thousand = Resampling::new(1000, 1).expect("a number of replicates");
    let times = [300.5, 600.5, 900.5, 1200.5, 1500.5];

    let (time, event, score) = cohort(138);
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    criterion.bench_function("bootstrap concordance, 138 rows, 1000 replicates", |bencher| {
        bencher.iter(|| black_box(bootstrap_concordance(&follow_up, None, &[&score], thousand, level)));
    });
    criterion.bench_function("bootstrap time_roc, 138 rows, 5 times, 1000 replicates", |bencher| {
        bencher.iter(|| black_box(bootstrap_time_roc(&follow_up, &[&score], &times, thousand, level)));
    });

    let (time, event, score) = cohort(10_000);
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    criterion.bench_function("time_roc, 10,000 rows, 5 times", |bencher| {
        bencher.iter(|| black_box(time_roc(&follow_up, &score, &times, &TimeRocOptions::default())));
    });
    let nearest = ConditionalSurvival::NearestNeighbours(Span::for_rows(10_000));
    criterion.bench_function("conditional_roc by neighbours, 10,000 rows, 1 time", |bencher| {
        bencher.iter(|| black_box(conditional_roc(&follow_up, &score, &times[..1], nearest)));
    });

    let (time, event, score) = cohort(100_000);
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    criterion.bench_function("concordance, 100,000 rows", |bencher| {
        bencher.iter(|| black_box(concordance(&follow_up, None, &score, level)));
    });
    let uno = ConcordanceOptions {
        time_weight: TimeWeight::Uno,
        ..ConcordanceOptions::default()
    };
    criterion.bench_function("uno's concordance, 100,000 rows", |bencher| {
        bencher.iter(|| black_box(concordance_with(&follow_up, None, &score, &uno)));
    });
    let other: Vec<f64> = score.iter().rev().copied().collect();
    criterion.bench_function("two concordances compared, 100,000 rows", |bencher| {
        bencher.iter(|| {
            black_box(compare_concordance(
                &follow_up,
                None,
                &[&score, &other],
                &ConcordanceOptions::default(),
            ))
        });
    });
}

criterion_group! {
    name = discrimination;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(3)).without_plots();
    targets = benches
}
criterion_main!(discrimination);
