//! The store as its users meet it: several at once, killed in the middle, damaged.

#![allow(clippy::unwrap_used)]

use radsql_cache::{Cache, Description, Key, Record};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn about(name: &str) -> Description {
    Description {
        kind: "radiomics",
        image: Key::of("image", &[]),
        region: Key::of("region", &[]),
        name: name.into(),
        settings: "default".into(),
        version: 1,
    }
}

fn key(n: u64) -> Key {
    Key::of("entry", &[&n.to_le_bytes()])
}

/// What entry `n` holds at a position: known to every process.
fn value(n: u64, position: usize) -> f64 {
    n as f64 * 1000.0 + position as f64
}

fn record(n: u64, positions: impl IntoIterator<Item = usize>) -> Record {
    let positions: Vec<usize> = positions.into_iter().collect();
    let bits = positions.iter().fold(0u128, |bits, p| bits | 1 << p);
    Record::new(bits, positions.iter().map(|p| value(n, *p)).collect()).unwrap()
}

fn is_right(n: u64, found: &Record) -> bool {
    (0..128).all(|p| found.get(p).is_none_or(|v| v == value(n, p)))
}

fn file(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    files
        .into_iter()
        .find(|p| p.extension().is_some_and(|e| e == "sqlite"))
        .unwrap()
}

#[test]
fn headers_last_and_cannot_be_read_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let state = |n: u32| -> [u8; 56] { std::array::from_fn(|i| n.to_le_bytes()[i % 4]) };
    let text = |n: u32| format!("PatientID MARKER-{n}").into_bytes();
    let cache = Cache::open(dir.path()).unwrap();
    let all: Vec<_> = (0..1000).map(|n| (state(n), text(n))).collect();
    cache.keep_headers(&all);
    cache.keep_headers(&[(state(7), b"PatientID MARKER-new".to_vec())]);
    drop(cache);
    let cache = Cache::open(dir.path()).unwrap();
    let found = cache.headers(&[state(999), state(1000), state(7)]);
    assert_eq!(found, [Some(text(999)), None, Some(b"PatientID MARKER-new".to_vec())]);
    drop(cache);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|w| w == b"MARKER"));
    }
}

#[test]
fn records_add_up_and_last() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a/b");
    let cache = Cache::open(&folder).unwrap();
    assert!(cache.get(&[key(1)])[0].is_none());
    cache.put(&[
        (key(1), about("original"), record(1, [0, 5])),
        (key(2), about("square"), record(2, 0..93)),
    ]);
    cache.put(&[(key(1), about("original"), record(1, [5, 107]))]);
    drop(cache);
    let cache = Cache::open(&folder).unwrap();
    let found = cache.get(&[key(1), key(3), key(2)]);
    assert_eq!(
        found.iter().map(|f| f.as_ref().map(Record::len)).collect::<Vec<_>>(),
        [Some(3), None, Some(93)]
    );
    assert!(is_right(1, found[0].as_ref().unwrap()) && is_right(2, found[2].as_ref().unwrap()));
    let listed = cache.list();
    assert_eq!(
        listed
            .iter()
            .map(|e| (e.name.as_str(), e.numbers))
            .collect::<Vec<_>>()
            .len(),
        2
    );
    assert!(
        listed
            .iter()
            .any(|e| e.name == "original" && e.numbers == 3 && e.image == Key::of("image", &[]).to_string())
    );
    cache.learn_content(&key(7), &key(8));
    assert_eq!(
        (cache.known_content(&key(7)), cache.known_content(&key(8))),
        (Some(key(8)), None)
    );
    assert_eq!(cache.problems(), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cache");
    let cache = Cache::open(&folder).unwrap();
    cache.put(&[(key(1), about("original"), record(1, [0]))]);
    let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()) & 0o077, 0);
    }
}

#[test]
fn old_entries_go_when_there_are_too_many() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    for n in 0..400 {
        cache.put(&[(key(n), about("original"), record(n, 0..107))]);
    }
    cache.trim(200_000);
    let left = cache.list().len();
    assert!((20..300).contains(&left), "{left}");
}

/// What the child processes below do; without the variable this is no test.
#[test]
fn child() {
    let Some(folder) = std::env::var_os("RADSQL_CACHE_CHILD") else {
        return;
    };
    let mine: usize = std::env::var("RADSQL_CACHE_POSITION").unwrap().parse().unwrap();
    let cache = Cache::open(Path::new(&folder)).unwrap();
    let rounds = if std::env::var_os("RADSQL_CACHE_FOR_EVER").is_some() {
        u64::MAX
    } else {
        150
    };
    for round in 0..rounds {
        let n = round % 50;
        cache.put(&[(
            key(n),
            about("original"),
            record(n, [mine, mine + 1 + (round / 50) as usize % 3]),
        )]);
        for (n, found) in (0..).zip(cache.get(&[key(0), key(1), key(2)])) {
            assert!(found.is_none_or(|f| is_right(n, &f)));
        }
    }
    assert_eq!(cache.problems(), 0);
}

fn child_of(folder: &Path, position: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child"])
        .env("RADSQL_CACHE_CHILD", folder)
        .env("RADSQL_CACHE_POSITION", position.to_string())
        .stdout(Stdio::null());
    command
}

#[test]
fn several_processes_write_the_same_entries() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<Child> = [0, 10, 20, 30].map(|p| child_of(dir.path(), p).spawn().unwrap()).into();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let cache = Cache::open(dir.path()).unwrap();
    for n in 0..50 {
        let found = cache.get(&[key(n)]).remove(0).unwrap();
        // Nobody's values are lost.
        assert_eq!(found.len(), 16, "{n}");
        assert!(is_right(n, &found));
    }
}

#[test]
fn a_writer_that_is_killed_leaves_a_sound_store() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..6 {
        let mut command = child_of(dir.path(), 10 + 4 * round as usize);
        let mut child = command.env("RADSQL_CACHE_FOR_EVER", "1").spawn().unwrap();
        // It is at work once what only it writes is there.
        let watch = Cache::open(dir.path()).unwrap();
        let begun = Instant::now();
        while watch.get(&[key(0)])[0]
            .as_ref()
            .is_none_or(|f| f.get(10 + 4 * round as usize).is_none())
        {
            assert!(begun.elapsed() < Duration::from_secs(60), "the child writes nothing");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(7 * round));
        assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        drop(watch);
        let cache = Cache::open(dir.path()).unwrap();
        for (n, found) in (0..).zip(cache.get(&(0..50).map(key).collect::<Vec<_>>())) {
            assert!(found.is_none_or(|f| is_right(n, &f)));
        }
        cache.put(&[(key(99), about("original"), record(99, [round as usize]))]);
        assert_eq!(cache.get(&[key(99)])[0].as_ref().unwrap().len(), round as usize + 1);
        assert_eq!(cache.problems(), 0);
    }
}

/// Numbers from a 64-bit linear congruential generator.
fn random(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn damage_anywhere_is_never_an_error_and_never_a_wrong_value() {
    let dir = tempfile::tempdir().unwrap();
    let sound = dir.path().join("sound");
    let cache = Cache::open(&sound).unwrap();
    for n in 0..60 {
        cache.put(&[(key(n), about("original"), record(n, 0..107))]);
        cache.learn_content(&key(n), &key(n + 1000));
    }
    drop(cache);
    let bytes = fs::read(file(&sound)).unwrap();
    let (mut state, mut lost, mut kept) = (1, 0, 0);
    for round in 0..160 {
        let folder = dir.path().join("damaged");
        fs::create_dir_all(&folder).unwrap();
        let mut damaged = bytes.clone();
        match round % 4 {
            0 => damaged.truncate(random(&mut state) % bytes.len()),
            1 => {
                for _ in 0..1 + random(&mut state) % 40 {
                    let at = random(&mut state) % damaged.len();
                    damaged[at] ^= 1 << (random(&mut state) % 8);
                }
            }
            2 => {
                // The header and the first pages, which say what everything else is.
                let at = random(&mut state) % 8192.min(damaged.len());
                damaged[at] = random(&mut state) as u8;
            }
            _ => {
                let (at, n) = (random(&mut state) % damaged.len(), random(&mut state) % 5000);
                damaged
                    .iter_mut()
                    .skip(at)
                    .take(n)
                    .for_each(|b| *b = random(&mut state) as u8);
            }
        }
        fs::write(folder.join(file(&sound).file_name().unwrap()), &damaged).unwrap();
        let cache = Cache::open(&folder).unwrap();
        for n in 0..60 {
            match cache.get(&[key(n)]).remove(0) {
                Some(found) => {
                    assert!(found.len() == 107 && is_right(n, &found), "{round}");
                    kept += 1;
                }
                None => lost += 1,
            }
            assert!(
                cache.known_content(&key(n)).is_none_or(|c| c == key(n + 1000)),
                "{round}"
            );
        }
        cache.list();
        for n in 0..60 {
            cache.put(&[(key(n), about("original"), record(n, 0..107))]);
        }
        let again = cache.get(&(0..60).map(key).collect::<Vec<_>>());
        assert!(
            again.iter().all(|f| f.as_ref().is_some_and(|f| f.len() == 107)),
            "{round}"
        );
        drop(cache);
        fs::remove_dir_all(&folder).unwrap();
    }
    // The damage was real, and most of what it did not touch was still there.
    assert!(lost > 250 && kept > 2500, "{lost} lost, {kept} kept");
}

#[test]
fn strange_files_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let name = {
        let folder = dir.path().join("first");
        Cache::open(&folder).unwrap();
        file(&folder).file_name().unwrap().to_owned()
    };
    for (content, usable) in [
        (Some(&b"this is no database, whatever it is called......"[..]), true),
        (Some(b""), true),
        (None, false),
    ] {
        let folder = dir.path().join("other");
        fs::create_dir_all(&folder).unwrap();
        match content {
            Some(content) => fs::write(folder.join(&name), content).unwrap(),
            None => fs::create_dir(folder.join(&name)).unwrap(),
        }
        match Cache::open(&folder) {
            Ok(cache) => {
                cache.put(&[(key(1), about("original"), record(1, [0]))]);
                assert!(cache.get(&[key(1)])[0].is_some());
            }
            Err(_) => assert!(!usable),
        }
        fs::remove_dir_all(&folder).unwrap();
    }
    assert!(Cache::open(Path::new("/dev/null/cache")).is_err());
}

#[test]
fn a_file_that_goes_away_is_missed_by_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path()).unwrap();
    cache.put(&[(key(1), about("original"), record(1, [0]))]);
    fs::remove_file(file(dir.path())).unwrap();
    cache.put(&[(key(2), about("original"), record(2, [0]))]);
    cache.get(&[key(1), key(2)]);
    let other = Cache::open(dir.path()).unwrap();
    other.put(&[(key(3), about("original"), record(3, [0]))]);
    assert!(other.get(&[key(3)])[0].is_some());
}
