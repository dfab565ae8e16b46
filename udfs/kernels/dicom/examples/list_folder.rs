//! Lists a folder with a cache of headers in a file: `list_folder FOLDER CACHE_FILE`. Run it twice to see what the cache does.
//!
//! Prints seconds and the largest amount of memory that the process held.

use radsql_dicom::{HeaderCache, ListOptions, list_with};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

type Key = [u8; 56];

/// Records of key, length and value, one behind another.
struct Kept {
    file: Mutex<File>,
    index: HashMap<Key, (u64, usize)>,
}

impl Kept {
    fn open(path: &Path) -> std::io::Result<Self> {
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let file = options.open(path)?;
        let mut index = HashMap::new();
        let mut from = BufReader::new(&file);
        let (mut key, mut length, mut at) = ([0; 56], [0; 8], 0);
        while from.read_exact(&mut key).is_ok() {
            from.read_exact(&mut length)?;
            let bytes = u64::from_le_bytes(length);
            at += 64;
            index.insert(key, (at, bytes as usize));
            at += bytes;
            from.seek_relative(bytes as i64)?;
        }
        Ok(Self {
            file: Mutex::new(file),
            index,
        })
    }
}

impl HeaderCache for Kept {
    fn get(&self, keys: &[Key]) -> Vec<Option<Vec<u8>>> {
        let Ok(mut file) = self.file.lock() else {
            return Vec::new();
        };
        let mut get = |key| {
            let (at, bytes) = *self.index.get(key)?;
            let mut value = vec![0; bytes];
            file.seek(SeekFrom::Start(at)).ok()?;
            file.read_exact(&mut value).ok()?;
            Some(value)
        };
        keys.iter().map(&mut get).collect()
    }

    fn put(&self, found: &[(Key, Vec<u8>)]) {
        let mut bytes = Vec::new();
        for (key, value) in found {
            bytes.extend(key);
            bytes.extend((value.len() as u64).to_le_bytes());
            bytes.extend(value);
        }
        if let Ok(mut file) = self.file.lock() {
            let _ = file.write_all(&bytes);
        }
    }
}

/// The largest amount of memory that the process held, in kB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("a folder is expected")?;
    let cache = match arguments.next() {
        Some(path) => Some(Kept::open(Path::new(&path))?),
        None => None,
    };
    let before = peak();
    let start = Instant::now();
    let options = ListOptions {
        threads: 1,
        ..ListOptions::default()
    };
    let cache = cache.as_ref().map(|kept| kept as &dyn HeaderCache);
    let listing = list_with(&folder, &options, cache, &AtomicBool::new(false), &|_, _| {})?;
    println!(
        "{:.3} s, {} kB at most, {before} kB before; {} series, {} failures",
        start.elapsed().as_secs_f64(),
        peak(),
        listing.series.len(),
        listing.failures.len()
    );
    Ok(())
}
