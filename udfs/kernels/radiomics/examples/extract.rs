//! Features of NIfTI and NRRD files from the command line.
//!
//! `extract IMAGE MASK` writes the 107 features as CSV. `extract --list FILE` reads lines `IMAGE,MASK` and writes a line
//! `image,cpu_seconds,read_seconds,feature...` for each. CPU seconds and peak memory go to standard
//! error; with the environment variable FORESEEN set, so does the memory that the extraction was expected to need.

use radsql_imaging::read_volume;
use radsql_radiomics::{Binning, FeatureSet, ORIGINAL, Settings, extract, memory_needed};
use radsql_volume::Mask;
use std::error::Error;
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut settings = Settings::default();
    if let Some(at) = arguments.iter().position(|a| a == "--bin-width") {
        let width = arguments.get(at + 1).ok_or("--bin-width needs a number")?.parse()?;
        settings = settings.with_binning(Binning::width(width)?);
        arguments.drain(at..at + 2);
    }
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list", list] => {
            println!(
                "image,cpu_seconds,read_seconds,{}",
                FeatureSet::all()
                    .iter()
                    .map(|f| f.full_name(ORIGINAL))
                    .collect::<Vec<_>>()
                    .join(",")
            );
            for line in std::fs::read_to_string(list)?.lines().filter(|l| !l.is_empty()) {
                let (image, mask) = line.split_once(',').ok_or("a line must be IMAGE,MASK")?;
                let (values, cpu, read) = one(image, mask, &settings)?;
                let values: Vec<String> = values.iter().map(f64::to_string).collect();
                println!("{image},{cpu:.6},{read:.6},{}", values.join(","));
            }
        }
        [image, mask] => {
            let (values, cpu, read) = one(image, mask, &settings)?;
            println!("feature,value");
            for (feature, value) in FeatureSet::all().iter().zip(&values) {
                println!("{},{value}", feature.full_name(ORIGINAL));
            }
            eprintln!("CPU seconds {cpu:.4}, of which reading {read:.4}");
        }
        _ => return Err("usage: extract [--bin-width W] IMAGE MASK | extract [--bin-width W] --list FILE".into()),
    }
    eprintln!("peak memory {:.1} MB", peak_memory()? / 1e6);
    Ok(())
}

/// Values, CPU seconds in all, and those of reading.
fn one(image: &str, mask: &str, settings: &Settings) -> Result<(Vec<f64>, f64, f64), Box<dyn Error>> {
    let begin = cpu_seconds()?;
    let image = read_volume(Path::new(image))?;
    let mask = Mask::from_labels(&read_volume(Path::new(mask))?, 1)?;
    let read = cpu_seconds()?;
    if std::env::var_os("FORESEEN").is_some() {
        let bytes = memory_needed(&mask, settings, FeatureSet::all());
        eprintln!(
            "memory now {:.1} MB, foreseen for the extraction {:.1} MB",
            peak_memory()? / 1e6,
            bytes as f64 / 1e6
        );
    }
    let found = extract(&image, &mask, settings, FeatureSet::all(), &AtomicBool::new(false))?;
    Ok((found.values(), cpu_seconds()? - begin, read - begin))
}

/// CPU time of this thread, which is the only one, as Linux counts it.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = text.split_ascii_whitespace().next().ok_or("no CPU time")?.parse()?;
    Ok(nanoseconds / 1e9)
}

/// Largest memory that the process has had, in bytes.
fn peak_memory() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find(|l| l.starts_with("VmHWM:")).ok_or("no peak memory")?;
    let kilobytes: f64 = line.split_ascii_whitespace().nth(1).ok_or("no peak memory")?.parse()?;
    Ok(kilobytes * 1024.0)
}
