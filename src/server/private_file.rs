//! Files that are for their owner alone, changed as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// The permission bits of a file when they give more than reading and writing to its owner. Mode 0400 is as good as 0600: a
/// secret mounted read-only.
#[cfg(unix)]
pub(super) fn foreign_mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & !0o600 != 0).then_some(mode)
}

#[cfg(not(unix))]
pub(super) fn foreign_mode(_: &fs::Metadata) -> Option<u32> {
    None
}

/// Waits for the lock on the file `PATH.lock`, held until what is returned is dropped. Not on the file itself, whose name
/// another file gets with each change.
pub(super) fn lock_beside(path: &Path) -> io::Result<File> {
    let mut lock_path = path.to_owned().into_os_string();
    lock_path.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    // Who can open it could hold the lock for ever.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(lock_path)?;
    file.lock()?;
    Ok(file)
}

/// Writes a new file beside, for its owner alone, and puts it in the place of the old one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new("."));
    // tempfile makes files of mode 0600.
    let mut file = tempfile::Builder::new().prefix(".radsql-users-").tempfile_in(folder)?;
    #[cfg(unix)]
    if let Ok(old) = fs::metadata(path) {
        use std::os::unix::fs::MetadataExt as _;
        let new = file.as_file().metadata()?;
        // An administrator's change must leave the file readable to the account that the server runs as.
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            std::os::unix::fs::fchown(file.as_file(), Some(old.uid()), Some(old.gid()))?;
        }
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    // The new name must survive a power cut too.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
