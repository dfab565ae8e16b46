//! Filters of an 80x80x40 box in the middle of a 200x200x100 image of float32.

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array3;
use radsql_volume::filters::wavelet::{self, WaveletLevels};
use radsql_volume::filters::{Wavelet, log};
use radsql_volume::{Bounds, Grid, Volume, VolumeError};
use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const SIZE: [usize; 3] = [200, 200, 100];
const OUTPUT: Bounds = Bounds {
    lower: [60, 60, 30],
    size: [80, 80, 40],
};

fn image() -> Result<Volume, VolumeError> {
    let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let grid = Grid::new(SIZE, [1.0; 3], [0.0; 3], identity)?;
    let voxel = |(z, y, x): (usize, usize, usize)| ((x * 7919 + y * 104_729 + z * 15_485_863) % 2003) as f32 / 7.0;
    let voxels = Array3::from_shape_fn(grid.shape(), voxel);
    Volume::new(grid, voxels)
}

fn filters(c: &mut Criterion) {
    let image = image().expect("the grid is a valid one");
    let go = AtomicBool::new(false);
    for name in ["coif1", "db10"] {
        let taps = Wavelet::named(name).expect("PyWavelets has it");
        c.bench_function(&format!("wavelet {name}"), |b| {
            b.iter(|| {
                let levels = WaveletLevels::default();
                wavelet::decompose(black_box(&image), &taps, levels, [true; 3], &|_| true, &OUTPUT, &go)
            });
        });
    }
    for sigma in [1.0, 3.0, 5.0] {
        c.bench_function(&format!("log sigma {sigma}"), |b| {
            b.iter(|| log::laplacian_of_gaussian(black_box(&image), sigma, &OUTPUT, &go));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = filters
}
criterion_main!(benches);
