//! The store when others hold, remove or damage what is its own.

#![allow(clippy::unwrap_used)]

use radsql_cache::{Cache, Description, Key, Record};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn key(n: u64) -> Key {
    Key::of("entry", &[&n.to_le_bytes()])
}

fn value(n: u64, position: u64) -> f64 {
    (n * 1000 + position) as f64
}

fn put(cache: &Cache, n: u64) {
    let about = Description {
        kind: "radiomics",
        image: key(n + 1),
        region: key(n + 2),
        name: "original".into(),
        settings: "{\"binWidth\": 25}".repeat(10),
        version: 1,
    };
    let values = (0..107).map(|p| value(n, p)).collect();
    cache.put(&[(key(n), about, Record::new((1 << 107) - 1, values).unwrap())]);
}

/// Whether entry `n` is there; its values must be right.
fn has(cache: &Cache, n: u64) -> bool {
    let found = cache.get(&[key(n)]).remove(0);
    if let Some(found) = &found {
        assert!((0..107).all(|p| found.get(p as usize) == Some(value(n, p))));
    }
    found.is_some()
}

fn file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    files.find(|p| p.extension().is_some_and(|e| e == "sqlite")).unwrap()
}

fn random(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn a_lock_that_stays_holds_up_the_query_once() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    put(&cache, 1);
    let other = Connection::open(file(dir.path())).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    put(&cache, 2);
    let begun = Instant::now();
    (3..20).for_each(|n| put(&cache, n));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // Reading goes on meanwhile.
    assert!(has(&cache, 1) && !has(&cache, 2));
    assert_eq!(cache.problems(), 18);
}

#[cfg(unix)]
#[test]
fn what_is_stored_after_the_files_were_deleted_is_there_for_others() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    put(&cache, 1);
    for entry in fs::read_dir(dir.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    (2..20).for_each(|n| put(&cache, n));
    let other = Cache::open(dir.path()).unwrap();
    assert!((2..20).all(|n| has(&other, n)));
    put(&other, 20);
    assert!(has(&cache, 20));
}

#[test]
fn a_long_record_takes_no_page_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    (0..500).for_each(|n| put(&cache, n));
    drop(cache);
    let cache = Cache::open(dir.path()).unwrap();
    assert!(cache.bytes() / 500 < 2000, "{} bytes an entry", cache.bytes() / 500);
}

#[test]
fn a_bound_that_is_kept_drops_little_more_than_it_must() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    (0..1000).for_each(|n| put(&cache, n));
    drop(cache);
    let cache = Cache::open(dir.path()).unwrap();
    let before = cache.bytes();
    cache.trim(before * 8 / 10);
    let left = cache.list().len();
    assert!((650..=810).contains(&left), "{left}");
    drop(cache);
    assert!(
        Cache::open(dir.path()).unwrap().bytes() <= before * 85 / 100,
        "the file is smaller"
    );
}

#[test]
fn threads_share_a_damaged_file() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    (0..200).for_each(|n| put(&cache, n));
    drop(cache);
    let path = file(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    let mut state = 5;
    for _ in 0..400 {
        let at = 4096 + random(&mut state) % (bytes.len() - 4096);
        bytes[at] ^= 0x55;
    }
    fs::write(&path, bytes).unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let cache = &cache;
            scope.spawn(move || {
                for n in 0..200 {
                    has(cache, n);
                    put(cache, 1000 * (thread + 1) + n);
                }
            });
        }
    });
    (0..200).filter(|n| !has(&cache, *n)).for_each(|n| put(&cache, n));
    // A second look, from the file: it is sound again.
    drop(cache);
    let cache = Cache::open(dir.path()).unwrap();
    assert!((0..200).all(|n| has(&cache, n)));
    assert_eq!(cache.problems(), 0);
}

#[test]
fn damage_to_what_is_not_yet_in_the_file_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let sound = dir.path().join("sound");
    let cache = Cache::open(&sound).unwrap();
    (0..40).for_each(|n| put(&cache, n));
    let copied: Vec<_> = fs::read_dir(&sound)
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| !e.file_name().to_string_lossy().ends_with("-shm"))
        .map(|e| (e.file_name(), fs::read(e.path()).unwrap()))
        .collect();
    let log = copied
        .iter()
        .position(|(name, _)| name.to_string_lossy().ends_with("-wal"));
    let log = log.expect("a log of writes");
    let (mut state, mut kept) = (3, 0);
    for round in 0..60 {
        let folder = dir.path().join(format!("{round}"));
        fs::create_dir(&folder).unwrap();
        for (at, (name, bytes)) in copied.iter().enumerate() {
            let mut bytes = bytes.clone();
            if at == log && round % 2 == 0 {
                bytes.truncate(random(&mut state) % bytes.len());
            } else if at == log {
                let at = random(&mut state) % bytes.len();
                bytes[at] ^= 1 << (random(&mut state) % 8);
            }
            fs::write(folder.join(name), bytes).unwrap();
        }
        let cache = Cache::open(&folder).unwrap();
        kept += (0..40).filter(|n| has(&cache, *n)).count();
        (0..40).for_each(|n| put(&cache, n));
        assert!((0..40).all(|n| has(&cache, n)), "{round}");
    }
    assert!((300..2300).contains(&kept), "{kept}");
}

#[test]
fn the_list_shows_nothing_that_was_not_stored() {
    let dir = tempfile::tempdir().unwrap();
    let sound = dir.path().join("sound");
    let cache = Cache::open(&sound).unwrap();
    (0..40).for_each(|n| put(&cache, n));
    let listed = cache.list();
    drop(cache);
    let bytes = fs::read(file(&sound)).unwrap();
    let (mut state, mut missing) = (11, 0);
    for round in 0..300 {
        let mut damaged = bytes.clone();
        for _ in 0..4 {
            let at = random(&mut state) % damaged.len();
            damaged[at] ^= 1 << (random(&mut state) % 8);
        }
        let folder = dir.path().join("damaged");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(file(&sound).file_name().unwrap()), damaged).unwrap();
        let shown = Cache::open(&folder).unwrap().list();
        let known = |e: &radsql_cache::Entry| {
            listed.iter().any(|l| {
                radsql_cache::Entry {
                    used: e.used,
                    ..l.clone()
                } == *e
            })
        };
        assert!(shown.iter().all(known), "{round}");
        missing += listed.len() - shown.len();
        fs::remove_dir_all(&folder).unwrap();
    }
    assert!(missing > 100, "{missing}");
}
