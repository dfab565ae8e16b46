//! How long a look-up and a store take: nine images of 107 features each, as one scan with wavelets has.
use radsql_cache::{Cache, Description, Key, Record};
use std::time::Instant;

fn main() {
    let settings_bytes: usize = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(200);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::open(folder.path()).expect("a cache");
    let scans = 2000_u64;
    let key = |scan: u64, image: u64| Key::of("speed", &[&scan.to_le_bytes(), &image.to_le_bytes()]);
    let start = Instant::now();
    for scan in 0..scans {
        let records: Vec<_> = (0..9)
            .map(|image| {
                let about = Description {
                    kind: "radiomics",
                    image: key(scan, 100),
                    region: key(scan, 101),
                    name: "wavelet-LLH".into(),
                    settings: "s".repeat(settings_bytes),
                    version: 1,
                };
                let values = (0..107).map(|v| v as f64 + scan as f64).collect();
                (
                    key(scan, image),
                    about,
                    Record::new((1 << 107) - 1, values).expect("a record"),
                )
            })
            .collect();
        cache.put(&records);
    }
    println!(
        "put of 9 x 107: {:.0} us",
        start.elapsed().as_secs_f64() * 1e6 / scans as f64
    );
    println!(
        "{:.0} bytes an entry on disk",
        cache.bytes() as f64 / (scans * 9) as f64
    );
    let start = Instant::now();
    let mut found = 0;
    for scan in 0..scans {
        let keys: Vec<_> = (0..9).map(|image| key((scan * 7919) % scans, image)).collect();
        found += cache.get(&keys).iter().flatten().count();
    }
    println!(
        "get of 9 x 107: {:.0} us, {found} found, {} problems",
        start.elapsed().as_secs_f64() * 1e6 / scans as f64,
        cache.problems()
    );
}
