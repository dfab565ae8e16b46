//! A listing is the same with a cache as without, whatever the cache answers.

mod common;

use common::{GO_ON, golden};
use radsql_dicom::{HeaderCache, ListOptions, TagOptions, list, list_with};
use radsql_imaging::identity;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

type Key = [u8; 56];
type Answers = Vec<Option<Vec<u8>>>;

/// Keeps what it is given, counts, and may spoil what it answers.
struct Kept {
    values: Mutex<HashMap<Key, Vec<u8>>>,
    asked: Mutex<usize>,
    put: Mutex<usize>,
    spoil: fn(Answers) -> Answers,
}

impl Kept {
    fn new() -> Self {
        Self {
            values: Mutex::default(),
            asked: Mutex::default(),
            put: Mutex::default(),
            spoil: |answers| answers,
        }
    }

    /// Keys asked for and values put since the last call.
    fn counts(&self) -> (usize, usize) {
        let take = |count: &Mutex<usize>| std::mem::take(&mut *count.lock().expect("not poisoned"));
        (take(&self.asked), take(&self.put))
    }
}

impl HeaderCache for Kept {
    fn get(&self, keys: &[Key]) -> Answers {
        *self.asked.lock().expect("not poisoned") += keys.len();
        let values = self.values.lock().expect("not poisoned");
        (self.spoil)(keys.iter().map(|key| values.get(key).cloned()).collect())
    }

    fn put(&self, found: &[(Key, Vec<u8>)]) {
        *self.put.lock().expect("not poisoned") += found.len();
        self.values.lock().expect("not poisoned").extend(found.iter().cloned());
    }
}

/// Everything that a listing tells.
fn listed(folder: &Path, cache: Option<&dyn HeaderCache>, identifying: bool) -> String {
    let options = ListOptions {
        threads: 2,
        tags: TagOptions { identifying },
        ..ListOptions::default()
    };
    format!(
        "{:#?}",
        list_with(folder, &options, cache, &GO_ON, &|_, _| {}).expect("a listing")
    )
}

fn wait_until_settled(folder: &Path) {
    let settled = || {
        let files = walkdir::WalkDir::new(folder)
            .into_iter()
            .map(|entry| entry.expect("readable"));
        let mut all = files.filter_map(|entry| identity(entry.path()));
        all.all(|identity| identity.is_settled(SystemTime::now()))
    };
    while !settled() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_is_known_is_not_read_again_and_tells_the_same() {
    for name in ["cases", "masks"] {
        let folder = golden(name);
        wait_until_settled(&folder);
        let plain = listed(&folder, None, false);
        let failures = list(&folder, &ListOptions::default(), &GO_ON, &|_, _| {}).unwrap();
        let refused = failures.failures.len();
        // Slices without a place are of a series, but their frames were not understood.
        let unplaced = plain.matches("frames: Err(").count();
        let kept = Kept::new();
        assert_eq!(listed(&folder, Some(&kept), false), plain, "{name}, cold");
        let (asked, put) = kept.counts();
        assert!(asked > 0, "{name}");
        assert_eq!(put, asked - refused - unplaced, "{name}");
        assert_eq!(listed(&folder, Some(&kept), false), plain, "{name}, warm");
        assert_eq!(kept.counts(), (asked, 0), "{name}");
    }
}

#[test]
fn a_cache_that_lies_is_not_believed() {
    let spoils: [fn(Answers) -> Answers; 8] = [
        |answers| vec![Some(b"garbage".to_vec()); answers.len()],
        |answers| vec![Some(Vec::new()); answers.len()],
        |answers| vec![Some(vec![0xFF; 5000]); answers.len()],
        // Those of other files.
        |mut answers| {
            answers.rotate_left(1);
            answers
        },
        // Too few, too many.
        |_| Vec::new(),
        |mut answers| {
            answers.splice(0..0, [Some(b"more".to_vec())]);
            answers
        },
        // Cut, and changed in the last byte, which another version's check is like.
        |answers| {
            let cut = |value: Vec<u8>| value[..value.len() / 2].to_vec();
            answers.into_iter().map(|answer| answer.map(cut)).collect()
        },
        |mut answers| {
            for value in answers.iter_mut().flatten() {
                *value.last_mut().expect("a byte") ^= 1;
            }
            answers
        },
    ];
    for folder in [golden("cases/oblique"), golden("cases/layout"), golden("masks")] {
        wait_until_settled(&folder);
        let plain = listed(&folder, None, false);
        let mut kept = Kept::new();
        listed(&folder, Some(&kept), false);
        for (i, spoil) in spoils.into_iter().enumerate() {
            kept.spoil = spoil;
            assert_eq!(listed(&folder, Some(&kept), false), plain, "{}, {i}", folder.display());
        }
    }
}

#[test]
fn identifying_tags_never_reach_a_cache() {
    let folder = golden("cases/oblique");
    wait_until_settled(&folder);
    let kept = Kept::new();
    assert!(listed(&folder, Some(&kept), true).contains("MARKER^PATIENT"));
    assert_eq!(kept.counts(), (0, 0));
    assert!(!listed(&folder, Some(&kept), false).contains("MARKER"));
    let values = kept.values.lock().unwrap();
    assert!(!values.is_empty());
    for value in values.values() {
        assert!(!value.windows(6).any(|part| part == b"MARKER" || part == b"202001"));
    }
}

#[test]
fn a_file_that_changes_is_read_again_and_a_fresh_one_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["02", "03", "06", "10"] {
        std::fs::copy(golden("cases/oblique").join(name), folder.path().join(name)).unwrap();
    }
    let kept = Kept::new();
    listed(folder.path(), Some(&kept), false);
    assert_eq!(kept.counts(), (0, 0));
    wait_until_settled(folder.path());
    let before = listed(folder.path(), Some(&kept), false);
    assert_eq!(kept.counts(), (4, 4));
    let other = golden("cases/slope_per_slice/02");
    std::fs::copy(other, folder.path().join("02")).unwrap();
    let after = listed(folder.path(), Some(&kept), false);
    assert_eq!(kept.counts(), (3, 0));
    assert_ne!(after, before);
    assert_eq!(after, listed(folder.path(), None, false));
}
