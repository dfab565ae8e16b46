//! The folder for what does not fit into memory: one for each process, readable by its owner alone, and removed when the process
//! ends. What a process left that was killed is removed by the next.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// What folders of ours are called before their number.
const PREFIX: &str = "radsql-spill-";

/// What they are called before they are locked.
const UNLOCKED: &str = "radsql-new-";

/// Held locked while its process lives.
const LOCK: &str = "in-use";

/// A folder of this process.
#[derive(Debug)]
pub struct SpillFolder {
    path: PathBuf,
    _lock: File,
}

impl SpillFolder {
    /// A new folder in `parent`, in which those of processes that are gone are removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        remove_left(parent);
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| io::Error::other("no random bytes"))?;
        let path = parent.join(format!("{PREFIX}{:016x}", u64::from_be_bytes(random)));
        // Under another name until it is locked: a process that starts meanwhile would take it for one that was left.
        let unlocked = parent.join(format!("{UNLOCKED}{:016x}", u64::from_be_bytes(random)));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&unlocked)?;
        let lock = OpenOptions::new()
            .create_new(true)
            .write(true)
            .open(unlocked.join(LOCK))?;
        lock.lock()?;
        fs::rename(&unlocked, &path)?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next process.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn remove_left(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_ours {
            continue;
        }
        // One without a lock is being made, or was left by a process that was killed at once.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_removed_and_what_is_used_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let used = SpillFolder::new(parent.path()).unwrap();
        fs::write(used.path().join("x"), "1").unwrap();
        let left = parent.path().join(format!("{PREFIX}left"));
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(left.join("y"), "2").unwrap();
        let foreign = parent.path().join("other");
        fs::create_dir(&foreign).unwrap();
        let second = SpillFolder::new(parent.path()).unwrap();
        assert!(!left.exists() && foreign.exists() && used.path().join("x").exists());
        let path = second.path().to_owned();
        drop(second);
        assert!(!path.exists());
        drop(used);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
