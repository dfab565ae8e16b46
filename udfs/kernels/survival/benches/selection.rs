//! Time of the selection of columns, of agreement, of exact tests and of cutpoints.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use radsql_survival::{
    CaretVariant, ConfidenceLevel, ContingencyTable, Correlation, CorrelationCutoff, CutpointCorrection, CutpointRule,
    FisherLimit, FollowUp, KeepBy, MinProportion, correlation_filter, fisher_exact, icc_of_features, optimal_cutpoint,
};

/// Columns of noise that share a part with their neighbours, the same in every run (SplitMix64).
fn columns(rows: usize, count: usize) -> Vec<Vec<f64>> {
    let mut state = rows as u64;
    let mut uniform = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let mut shared = Vec::new();
    (0..count)
        .map(|column| {
            if column % 4 == 0 {
                shared = (0..rows).map(|_| uniform()).collect::<Vec<f64>>();
            }
            let noise = 0.2 * (column % 4) as f64;
            shared.iter().map(|value| value + noise * uniform()).collect()
        })
        .collect()
}

fn benches(criterion: &mut Criterion) {
    let cutoff = CorrelationCutoff::default();
    for count in [1107, 5000] {
        let columns = columns(138, count);
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        for (name, keep_by) in [
            ("by position", KeepBy::Position),
            ("caret exact", KeepBy::Caret(CaretVariant::Exact)),
            ("caret fast", KeepBy::Caret(CaretVariant::Fast)),
        ] {
            criterion.bench_function(&format!("correlation filter, {count} columns, {name}"), |bencher| {
                bencher.iter(|| black_box(correlation_filter(&slices, Correlation::Pearson, cutoff, keep_by)));
            });
        }
    }

    let measured = columns(138, 2214);
    let features: Vec<Vec<&[f64]>> = measured
        .chunks(2)
        .map(|pair| pair.iter().map(Vec::as_slice).collect())
        .collect();
    criterion.bench_function("icc, 1107 features, 138 subjects, 2 scans", |bencher| {
        bencher.iter(|| black_box(icc_of_features(&features, ConfidenceLevel::default())));
    });

    for (name, counts, width) in [
        (
            "5 by 3, 120 rows",
            vec![4, 9, 12, 15, 3, 8, 11, 7, 6, 2, 10, 9, 13, 5, 6],
            3,
        ),
        (
            "8 by 2, 300 rows",
            vec![12, 25, 30, 8, 19, 22, 31, 14, 9, 28, 21, 17, 24, 11, 16, 13],
            2,
        ),
    ] {
        let table = ContingencyTable::new(&counts, width).expect("a table");
        criterion.bench_function(&format!("fisher, {name}"), |bencher| {
            bencher.iter(|| black_box(fisher_exact(&table, FisherLimit::default())));
        });
    }

    for (rows, correction) in [
        (100_000, CutpointCorrection::Lausen1992),
        (138, CutpointCorrection::HothornLausen),
    ] {
        let drawn = columns(rows, 5);
        let time: Vec<f64> = drawn[0].iter().map(|value| ((value + 0.5) * 2000.0).ceil()).collect();
        let event: Vec<bool> = drawn[4].iter().map(|value| *value > -0.1).collect();
        let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
        let rule = CutpointRule::MaximallySelected {
            min_proportion: MinProportion::default(),
            correction,
        };
        criterion.bench_function(&format!("cutpoint, {rows} rows, {correction:?}"), |bencher| {
            bencher.iter(|| black_box(optimal_cutpoint(&follow_up, &drawn[3], rule)));
        });
    }
}

criterion_group! {
    name = selection;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(3)).without_plots();
    targets = benches
}
criterion_main!(selection);
