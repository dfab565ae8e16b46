//! Runs a model on inputs of a formula, for benches/deep/compare.py.
//!
//!     cargo run --release -p radsql-deep --example run_model -- MODEL [CALLS]
//!
//! Prints a line `seconds,features...` for each call after the first, and before them one with the seconds of loading. Seconds
//! are the processor's, of the thread that runs, as Linux counts them.

use radsql_deep::{Device, Limits, ModelFile};
use std::error::Error;

/// Processor time of the first thread in seconds: loading and running take no other.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = stat.split(' ').next().ok_or("no schedstat")?.parse()?;
    Ok(nanoseconds / 1e9)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("embed MODEL [CALLS]")?;
    let calls: u64 = arguments.next().map_or(Ok(10), |n| n.parse())?;
    let before = cpu_seconds()?;
    let network = ModelFile::read(path, &Limits::default())?.embedder(Device::Cpu)?;
    println!("{}", cpu_seconds()? - before);
    eprintln!("one run takes {} bytes, by its shapes", network.memory_needed());
    let voxels: usize = network.input_shape().iter().product();
    for k in 0..=calls {
        let input: Vec<f32> = (0..voxels as u64)
            .map(|i| ((i * 7919 + k * 104_729) % 1009) as f32 / 1008.0)
            .collect();
        let before = cpu_seconds()?;
        let features = network.embed(&input)?;
        let seconds = cpu_seconds()? - before;
        if k > 0 {
            let text: Vec<String> = features.iter().map(f32::to_string).collect();
            println!("{seconds},{}", text.join(","));
        }
    }
    Ok(())
}
