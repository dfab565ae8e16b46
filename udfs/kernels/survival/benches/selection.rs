//! Time of the selection of columns.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use radsql_survival::{CaretVariant, Correlation, CorrelationCutoff, KeepBy, correlation_filter};

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
}

criterion_group! {
    name = selection;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(3)).without_plots();
    targets = benches
}
criterion_main!(selection);
