//! What was entered, kept for the next time: in a file that nobody else may read.

use std::io;
use std::path::{Path, PathBuf};

/// Entries that are kept.
pub const MOST: usize = 10_000;

/// Where the history is: the file that RADSQL_HISTORY names, or `radsql/history` in the folder of XDG for such things. `None`
/// when RADSQL_HISTORY is empty, or there is no home.
pub fn file() -> Option<PathBuf> {
    match std::env::var_os("RADSQL_HISTORY") {
        Some(named) if named.is_empty() => None,
        Some(named) => Some(named.into()),
        None => {
            let state = dirs::state_dir().or_else(dirs::data_local_dir)?;
            Some(state.join("radsql").join("history"))
        }
    }
}

/// Makes the file, and takes it from everybody but its owner.
///
/// # Errors
/// Those of the file system.
pub fn prepare(file: &Path) -> io::Result<()> {
    let mut folders = std::fs::DirBuilder::new();
    folders.recursive(true);
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folders.mode(0o700);
        options.mode(0o600);
    }
    if let Some(folder) = file.parent() {
        folders.create(folder)?;
    }
    let opened = options.open(file)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if opened.metadata()?.is_file() {
            opened.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    drop(opened);
    Ok(())
}

/// Puts a history aside that cannot be read, and begins a new one. Where the old one is.
///
/// # Errors
/// Those of the file system.
pub fn renew(file: &Path) -> io::Result<PathBuf> {
    let mut aside = file.to_owned().into_os_string();
    aside.push(".unread");
    std::fs::rename(file, &aside)?;
    prepare(file)?;
    Ok(aside.into())
}
