//! The file: opened, begun anew when it is of no use.

use crate::error::CacheError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the file. The number is that of the tables' layout.
const NAME: &str = "radsql-cache-1.sqlite";
/// Files that SQLite keeps beside it.
const BESIDE: [&str; 2] = ["-wal", "-shm"];
/// How long one process waits while another writes.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS entry (
        key BLOB PRIMARY KEY NOT NULL, kind TEXT NOT NULL, image BLOB NOT NULL, region BLOB NOT NULL, name TEXT NOT NULL,
        settings TEXT NOT NULL, version INTEGER NOT NULL, numbers INTEGER NOT NULL, stored INTEGER NOT NULL,
        used INTEGER NOT NULL, record BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS content (
        key BLOB PRIMARY KEY NOT NULL, hash BLOB NOT NULL, stored INTEGER NOT NULL
    ) WITHOUT ROWID;
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
        if self.connect().is_ok_and(|c| is_sound(&c)) {
            return Ok(());
        }
        for beside in BESIDE {
            let mut name = self.file.clone().into_os_string();
            name.push(beside);
            remove(Path::new(&name)).map_err(wrong)?;
        }
        remove(&self.file).map_err(wrong)
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
fn is_sound(connection: &Connection) -> bool {
    let check = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    let fresh = Connection::open_in_memory().and_then(|fresh| {
        fresh.execute_batch(TABLES)?;
        layout(&fresh)
    });
    check.is_ok_and(|answer| answer == "ok") && matches!((layout(connection), fresh), (Ok(a), Ok(b)) if a == b)
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
