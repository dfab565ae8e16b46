//! DICOM folders that were listed, so that a folder is read once and not once for each of its images.

use radsql_cache::Cache;
use radsql_dicom::{DicomError, HeaderCache, Links, ListOptions, Listing, Problem, list_with};
use radsql_imaging::identity;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, SystemTime};

/// Files whose headers a session remembers.
const MOST_FILES: usize = 1_000_000;

/// How long a query that waits for another's listing sleeps before it looks whether it was cancelled.
const NAP: Duration = Duration::from_millis(10);

/// A folder and what of it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Asked {
    folder: PathBuf,
    identifying: bool,
}

#[derive(Debug)]
struct Known {
    listing: Arc<Listing>,
    /// Hash of the names and states of all files.
    stamp: Stamp,
    files: usize,
    /// The piece of work that saw last that nothing had changed.
    seen_by: u64,
}

/// A slot is locked while its folder is listed: who wants the same folder waits, and lists it not a second time.
type Slot = Arc<Mutex<Option<Known>>>;

/// Listings of DICOM folders.
#[derive(Debug, Default)]
pub struct Folders {
    slots: Mutex<HashMap<Asked, (u64, Slot)>>,
    clock: AtomicU64,
}

/// How a folder is listed.
pub struct Look<'a> {
    /// Threads that read headers, and which tags are kept.
    pub options: ListOptions,
    /// Where headers are remembered over the end of the program; identifying tags never are.
    pub cache: Option<&'a Cache>,
    /// A number for the piece of work, within which a folder is taken to stay as it is; 0 to look anew.
    pub work: u64,
    /// Set when the work is to stop.
    pub cancelled: &'a AtomicBool,
    /// Told the files done and all files.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl Folders {
    /// What lies in a folder, or one file. A folder whose files are as they were is not read again.
    ///
    /// # Errors
    /// As [`radsql_dicom::list`].
    pub fn list(&self, folder: &Path, look: &Look<'_>) -> Result<Arc<Listing>, DicomError> {
        let asked = Asked {
            folder: folder.to_owned(),
            identifying: look.options.tags.identifying,
        };
        let slot = self.slot(&asked);
        let mut known = wait(&slot, folder, look.cancelled)?;
        if let Some(known) = known.as_ref()
            && look.work != 0
            && known.seen_by == look.work
        {
            return Ok(Arc::clone(&known.listing));
        }
        let stamp = Stamp::of(folder, &look.options.links, look.cancelled);
        if let Some(known) = known.as_mut()
            && stamp.settled
            && known.stamp == stamp
        {
            known.seen_by = look.work;
            return Ok(Arc::clone(&known.listing));
        }
        // What the new listing takes the place of need not stay while it is made.
        *known = None;
        let kept = look.cache.filter(|_| !look.options.tags.identifying).map(Kept);
        let cache = kept.as_ref().map(|kept| kept as &dyn HeaderCache);
        let listing = Arc::new(list_with(folder, &look.options, cache, look.cancelled, look.progress)?);
        let files = stamp.files;
        *known = Some(Known {
            listing: Arc::clone(&listing),
            stamp,
            files,
            seen_by: look.work,
        });
        drop(known);
        self.make_room(&asked);
        Ok(listing)
    }

    fn slot(&self, asked: &Asked) -> Slot {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut slots = lock(&self.slots);
        let (used, slot) = slots.entry(asked.clone()).or_default();
        *used = now;
        Arc::clone(slot)
    }

    /// Forgets the listings that were used least lately while there are too many files in them.
    fn make_room(&self, but: &Asked) {
        let mut slots = lock(&self.slots);
        // A slot that is locked is being listed: it counts when it is done.
        let mut sizes: Vec<(u64, Asked, usize)> = slots
            .iter()
            .filter_map(|(asked, (used, slot))| {
                let files = slot.try_lock().ok()?.as_ref().map_or(0, |known| known.files);
                Some((*used, asked.clone(), files))
            })
            .collect();
        sizes.sort_by_key(|(used, ..)| *used);
        let mut files: usize = sizes.iter().map(|(.., files)| files).sum();
        for (_, asked, of) in sizes {
            if files <= MOST_FILES {
                break;
            }
            if asked != *but {
                slots.remove(&asked);
                files -= of;
            }
        }
    }
}

fn wait<'a>(
    slot: &'a Slot,
    folder: &Path,
    cancelled: &AtomicBool,
) -> Result<MutexGuard<'a, Option<Known>>, DicomError> {
    loop {
        match slot.try_lock() {
            Ok(guard) => return Ok(guard),
            Err(TryLockError::Poisoned(e)) => return Ok(e.into_inner()),
            Err(TryLockError::WouldBlock) if cancelled.load(Ordering::Relaxed) => {
                return Err(DicomError {
                    file: folder.display().to_string().into(),
                    problem: Problem::Cancelled,
                });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(NAP),
        }
    }
}

/// The state of a folder: it changes when a file comes, goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    hash: [u8; 32],
    files: usize,
    /// Whether all files were written so long ago that a later change must show.
    settled: bool,
}

impl Stamp {
    fn of(folder: &Path, links: &Links, cancelled: &AtomicBool) -> Self {
        let now = SystemTime::now();
        let (mut files, mut settled) = (0, true);
        let mut hash = blake3::Hasher::new();
        let entries = walkdir::WalkDir::new(folder).follow_links(true).sort_by_file_name();
        let followed = |entry: &walkdir::DirEntry| !entry.path_is_symlink() || links.follows(entry.path());
        for entry in entries.into_iter().filter_entry(followed) {
            if cancelled.load(Ordering::Relaxed) {
                settled = false;
                break;
            }
            // What cannot be looked at is the listing's to tell.
            let Ok(entry) = entry else { continue };
            if !entry.file_type().is_file() {
                continue;
            }
            files += 1;
            let name = entry.path().as_os_str().as_encoded_bytes();
            hash.update(&(name.len() as u64).to_le_bytes());
            hash.update(name);
            match identity(entry.path()) {
                Some(identity) => {
                    settled &= identity.is_settled(now);
                    hash.update(&identity.to_bytes());
                }
                None => settled = false,
            }
        }
        Self {
            hash: hash.finalize().into(),
            files,
            settled,
        }
    }
}

/// Headers in the store of computed features.
struct Kept<'a>(&'a Cache);

impl HeaderCache for Kept<'_> {
    fn get(&self, keys: &[[u8; 56]]) -> Vec<Option<Vec<u8>>> {
        self.0.headers(keys)
    }

    fn put(&self, found: &[([u8; 56], Vec<u8>)]) {
        self.0.keep_headers(found);
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn golden() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/dicom/masks/image")
    }

    #[test]
    fn a_folder_is_read_again_when_it_changed_and_not_otherwise() {
        let (dir, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let cache = Cache::open(store.path()).unwrap();
        for entry in fs::read_dir(golden()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
        let read = AtomicU64::new(0);
        let list = |folders: &Folders, work| {
            let look = Look {
                options: ListOptions {
                    threads: 1,
                    ..ListOptions::default()
                },
                cache: Some(&cache),
                work,
                cancelled: &AtomicBool::new(false),
                progress: &|_, _| {
                    read.fetch_add(1, Ordering::Relaxed);
                },
            };
            folders.list(dir.path(), &look).unwrap()
        };
        let folders = Folders::default();
        let first = list(&folders, 7);
        // Files that are only just written may change without a sign, but not within one piece of work.
        assert!(Arc::ptr_eq(&first, &list(&folders, 7)));
        assert!(!Arc::ptr_eq(&first, &list(&folders, 8)));
        std::thread::sleep(Duration::from_millis(2100));
        let settled = list(&folders, 0);
        let before = read.load(Ordering::Relaxed);
        assert!(Arc::ptr_eq(&settled, &list(&folders, 0)));
        assert_eq!(read.load(Ordering::Relaxed), before);
        // The store knows the headers in another session.
        let file = settled.series[0].files().next().unwrap();
        let state = identity(&file).unwrap().to_bytes();
        assert!(cache.headers(&[state])[0].is_some());
        let other = list(&Folders::default(), 0);
        assert_eq!(other.series[0].grid().unwrap(), settled.series[0].grid().unwrap());
        fs::remove_file(file).unwrap();
        assert_eq!(
            list(&folders, 0).series[0].files().count(),
            settled.series[0].files().count() - 1
        );
    }
}
