//! Features of NIfTI and NRRD files from the command line.
//!
//! `extract IMAGE MASK` writes the features as CSV. `extract --list FILE` reads lines `IMAGE,MASK` and writes a line
//! `image,cpu_seconds,read_seconds,feature...` for each. `--settings` names `default`, `wavelet` or a PyRadiomics parameter
//! file, `--threads` threads for each scan. CPU seconds and peak memory go to standard error.

use radsql_imaging::{
    MaskOptions, Reference, read_header, read_mask_with_options, read_volume_with_range, read_volume_within,
};
use radsql_radiomics::{Case, Parameters, Reading, Threads};
use std::error::Error;
use std::sync::atomic::AtomicBool;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut option = |name: &str, default: &str| -> Result<String, Box<dyn Error>> {
        let Some(at) = arguments.iter().position(|a| a == name) else {
            return Ok(default.to_owned());
        };
        let value = arguments.get(at + 1).ok_or("an option needs a value")?.clone();
        arguments.drain(at..at + 2);
        Ok(value)
    };
    let parameters = match option("--settings", "default")?.as_str() {
        "default" => Parameters::default(),
        "wavelet" => Parameters::wavelet(),
        file => Parameters::from_text(&std::fs::read_to_string(file)?)?,
    };
    let threads = Threads(option("--threads", "1")?.parse()?);
    let everything = parameters.everything();
    let names = parameters
        .features(&everything)
        .map(|(slot, f)| f.full_name(slot.image_type()));
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list", list] => {
            println!("image,cpu_seconds,read_seconds,{}", names.collect::<Vec<_>>().join(","));
            for line in std::fs::read_to_string(list)?.lines().filter(|l| !l.is_empty()) {
                let (image, mask) = line.split_once(',').ok_or("a line must be IMAGE,MASK")?;
                let (values, cpu, read) = one(image, mask, &parameters, threads)?;
                let values: Vec<String> = values.iter().map(f64::to_string).collect();
                println!("{image},{cpu:.6},{read:.6},{}", values.join(","));
            }
        }
        [image, mask] => {
            let (values, cpu, read) = one(image, mask, &parameters, threads)?;
            println!("feature,value");
            for (name, value) in names.zip(&values) {
                println!("{name},{value}");
            }
            eprintln!("CPU seconds {cpu:.4}, of which reading {read:.4}");
        }
        _ => {
            return Err("usage: extract [--settings NAME] [--threads N] IMAGE MASK | extract [...] --list FILE".into());
        }
    }
    eprintln!("peak memory {:.1} MB", peak_memory()? / 1e6);
    Ok(())
}

/// Values, CPU seconds in all, and those of reading.
fn one(
    image: &str,
    mask: &str,
    parameters: &Parameters,
    threads: Threads,
) -> Result<(Vec<f64>, f64, f64), Box<dyn Error>> {
    let begin = cpu_seconds()?;
    let options = MaskOptions {
        label: parameters.label(),
        channel: parameters.label_channel(),
    };
    let mask = read_mask_with_options(&Reference::locate(mask)?, &options)?;
    let case = Case::new(parameters, parameters.everything(), &read_header(image)?.grid, mask)?;
    let mut reading = 0.0;
    let read = |wanted: Reading| -> Result<_, Box<dyn Error>> {
        let begin = cpu_seconds()?;
        let found = if wanted.range {
            let (volume, range) = read_volume_with_range(image, &wanted.bounds)?;
            (volume, Some(range))
        } else {
            (read_volume_within(image, &wanted.bounds)?, None)
        };
        reading = cpu_seconds()? - begin;
        Ok(found)
    };
    let mask_read = cpu_seconds()? - begin;
    let found = case.extract(read, &threads, &AtomicBool::new(false))?;
    let values = found.iter(parameters).map(|(_, _, v)| v).collect();
    Ok((values, cpu_seconds()? - begin, mask_read + reading))
}

/// CPU time of this thread, as Linux counts it: with one thread a scan, all there is.
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
