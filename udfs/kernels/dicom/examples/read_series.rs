//! Lists a folder of DICOM files and reads every series and region: `read_series FOLDER`.
//!
//! Prints seconds, for a comparison with other readers.

use radsql_dicom::{ListOptions, ReadOptions, list, read_region};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("a folder is expected")?;
    let go_on = AtomicBool::new(false);
    let start = Instant::now();
    let options = ListOptions {
        threads: 1,
        ..ListOptions::default()
    };
    let listing = list(&folder, &options, &go_on, &|_, _| {})?;
    println!(
        "listed in {:.3} s; {} files failed",
        start.elapsed().as_secs_f64(),
        listing.failures.len()
    );
    for series in &listing.series {
        let start = Instant::now();
        match series.read(&ReadOptions::default(), &Default::default(), &go_on) {
            Err(e) => println!("{e}"),
            Ok(volume) => {
                let [nx, ny, nz] = volume.grid().size();
                println!("{nx} x {ny} x {nz} voxels in {:.3} s", start.elapsed().as_secs_f64());
                for region in listing.regions_of(series) {
                    let start = Instant::now();
                    match read_region(region.path, &region.selector, Some(volume.grid()), &Default::default()) {
                        Ok(mask) => println!(
                            "{} voxels of a region in {:.3} s",
                            mask.voxels(),
                            start.elapsed().as_secs_f64()
                        ),
                        Err(e) => println!("{e}"),
                    }
                }
            }
        }
    }
    Ok(())
}
