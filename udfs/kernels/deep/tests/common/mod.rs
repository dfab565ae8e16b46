//! What several tests share.
#![allow(dead_code)]

use radsql_deep::{DeepError, Device, Embedder, Limits, ModelFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("the repository's root")
        .to_owned()
}

/// A file of this package's golden values.
pub fn golden(name: &str) -> PathBuf {
    root().join("tests/golden/deep").join(name)
}

/// A model of the golden values.
pub fn model(name: &str) -> PathBuf {
    golden("models").join(name)
}

/// The shipped model.
pub fn shipped(name: &str) -> PathBuf {
    root().join("examples/deep").join(name)
}

pub fn open(path: &Path) -> Result<Arc<dyn Embedder>, DeepError> {
    ModelFile::read(path, &Limits::default())?.embedder(Device::Cpu)
}

/// The error of a model that cannot be opened.
pub fn refused(path: &Path) -> DeepError {
    match open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

/// Input `k` of the golden vectors: the formula of `make_models.py`.
pub fn input(k: u64, shape: [usize; 3]) -> Vec<f32> {
    let voxels: usize = shape.iter().product();
    (0..voxels as u64)
        .map(|i| ((i * 7919 + k * 104_729) % 1009) as f32 / 1008.0)
        .collect()
}

/// PyTorch's outputs for a model: number of the input, outputs.
pub fn vectors(model: &str) -> Vec<(u64, Vec<f32>)> {
    let text = std::fs::read_to_string(golden("vectors.csv")).expect("golden vectors");
    let found: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("{model},")))
        .map(|line| {
            let mut cells = line.split(',');
            let k = cells.next().and_then(|k| k.parse().ok()).expect("a number");
            (k, cells.map(|v| v.parse().expect("a float32")).collect())
        })
        .collect();
    assert_eq!(found.len(), 3, "{model}");
    found
}

/// Compares a model with PyTorch's outputs: within 1e-5. Gives the largest difference.
pub fn same_as_pytorch(model: &dyn Embedder, name: &str) -> f32 {
    let mut largest = 0.0f32;
    for (k, expected) in vectors(name) {
        let found = model.embed(&input(k, model.input_shape())).expect("features");
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            largest = largest.max((found - expected).abs());
        }
    }
    eprintln!(
        "{name} by {}: largest difference from PyTorch {largest:e}",
        model.engine()
    );
    assert!(largest <= 1e-5, "{name}: {largest:e}");
    largest
}

/// Embeds several inputs on several threads at once, each more than once; all bits have to be those of one thread.
pub fn same_bits_at_any_number_of_threads(model: &dyn Embedder) {
    let inputs: Vec<Vec<f32>> = (0..6).map(|k| input(k, model.input_shape())).collect();
    let bits = |input: &Vec<f32>| -> Vec<u32> {
        let found = model.embed(input).expect("features");
        found.iter().map(|v| v.to_bits()).collect()
    };
    let expected: Vec<Vec<u32>> = inputs.iter().map(bits).collect();
    assert!(
        expected.iter().skip(1).all(|e| *e != expected[0]),
        "inputs differ in their features"
    );
    for threads in [1, 2, 8] {
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (inputs, expected) = (&inputs, &expected);
                scope.spawn(move || {
                    for round in 0..inputs.len() {
                        let at = (round + thread) % inputs.len();
                        assert_eq!(bits(&inputs[at]), expected[at], "{threads} threads, input {at}");
                    }
                });
            }
        });
    }
}
