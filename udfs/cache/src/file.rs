//! The file: opened, begun anew when it is of no use.

use crate::error::CacheError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the file. The number is that of the tables' layout.
const NAME: &str = "radsql-cache-2.sqlite";
/// Files that SQLite keeps beside it.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How long one process waits while another writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// `entry` and `header` are in the order of writing: its rows are too long for a tree by key, which would give each a page of its own, and
/// so the oldest lie together and leave whole pages when they go.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS entry (
        id INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, record BLOB NOT NULL, kind TEXT NOT NULL, image BLOB NOT NULL, region BLOB NOT NULL, name TEXT NOT NULL,
        settings TEXT NOT NULL, version INTEGER NOT NULL, numbers INTEGER NOT NULL, stored INTEGER NOT NULL,
        used INTEGER NOT NULL, seal BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS content (
        key BLOB PRIMARY KEY NOT NULL, hash BLOB NOT NULL, stored INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS header (
        id INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, header BLOB NOT NULL, stored INTEGER NOT NULL
    );
";

pub(crate) struct Place {
    folder: PathBuf,
    file: PathBuf,
}

impl Place {
    pub(crate) fn new(folder: &Path) -> Result<Self, CacheError> {
        let wrong = |source| CacheError::Folder {
            path: folder.to_owned(),
            source,
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(wrong)?;
        Ok(Self {
            folder: folder.to_owned(),
            file: folder.join(NAME),
        })
    }

    /// Opens the file; where it is damaged or no database at all, a new one takes its place.
    pub(crate) fn open(&self) -> Result<Connection, CacheError> {
        match self.connect() {
            Err(CacheError::Store(e)) if is_damage(&e) => {
                self.begin_anew()?;
                self.connect()
            }
            done => done,
        }
    }

    fn connect(&self) -> Result<Connection, CacheError> {
        self.create()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(PATIENCE)?;
        // Pages that entries leave can be given back. Only an empty file takes this; for another it would wait for the lock.
        if connection.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))? == 0 {
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        }
        // Readers and a writer at once. A file system that cannot do it keeps the mode that it can.
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        // A crash of the machine may lose the last records and damages none.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(TABLES)?;
        connection.set_prepared_statement_cache_capacity(16);
        Ok(connection)
    }

    /// Made here, so that nobody else may read it.
    fn create(&self) -> Result<(), CacheError> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&self.file) {
            Ok(_) => Ok(()),
            Err(source) => Err(CacheError::Folder {
                path: self.folder.clone(),
                source,
            }),
        }
    }

    /// Removes the file, unless another process has just done so.
    pub(crate) fn begin_anew(&self) -> Result<(), CacheError> {
        let wrong = |source| CacheError::Folder {
            path: self.folder.clone(),
            source,
        };
        let turn = File::create(self.folder.join("lock")).map_err(wrong)?;
        turn.lock().map_err(wrong)?;
        let found = self.connect().and_then(|c| Ok(is_sound(&c)?));
        match found {
            Ok(true) => return Ok(()),
            Err(CacheError::Store(e)) if !is_damage(&e) => return Err(e.into()),
            Err(e @ CacheError::Folder { .. }) => return Err(e),
            // Damaged beyond doubt, and not only locked by another.
            Ok(false) | Err(_) => {}
        }
        for beside in BESIDE {
            let mut name = self.file.clone().into_os_string();
            name.push(beside);
            remove(Path::new(&name)).map_err(wrong)?;
        }
        remove(&self.file).map_err(wrong)
    }

    /// Which file is there now: another one after it was deleted or replaced. Where this cannot be told, a file in use
    /// cannot be deleted either.
    pub(crate) fn identity(&self) -> Option<(u64, u64)> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            fs::metadata(&self.file).ok().map(|m| (m.dev(), m.ino()))
        }
        #[cfg(not(unix))]
        None
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        fs::metadata(&self.file).map_or(0, |m| m.len())
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Whether pages, indexes and tables are what they should be.
fn is_sound(connection: &Connection) -> rusqlite::Result<bool> {
    let check: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(TABLES)?;
    Ok(check == "ok" && layout(connection)? == layout(&fresh)?)
}

fn layout(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Whether an error tells of a file that can no longer be used, and not of one that others use, or of a disk that is full.
pub(crate) fn is_damage(e: &rusqlite::Error) -> bool {
    match e {
        rusqlite::Error::SqliteFailure(failure, _) => !matches!(
            failure.code,
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::ReadOnly
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport
        ),
        rusqlite::Error::QueryReturnedNoRows => false,
        _ => true,
    }
}
