//! The database's file: opened, made, and checked that it is one.

use super::error::{LakeError, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, DirBuilder, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

const BOOTSTRAP: &str = include_str!("bootstrap.sql");

/// How long a statement waits for those of other processes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The catalog's version that we read and write.
const VERSION: &str = "1.0";

/// Where a database lies: its catalog `study.db`, and `study.db.files/` beside it.
#[derive(Debug, Clone)]
pub struct Location {
    /// The catalog.
    pub database: PathBuf,
    /// The folder of its data.
    pub files: PathBuf,
}

impl Location {
    /// Of a database by its path. Its folder must be there.
    ///
    /// # Errors
    /// When the folder is not there, or the path names none.
    pub fn new(path: &Path) -> Result<Self> {
        let open = |e| LakeError::Open(path.to_owned(), e);
        let Some(name) = path.file_name() else {
            return Err(LakeError::NoName(path.to_owned()));
        };
        let parent = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let folder = parent.canonicalize().map_err(open)?;
        // A link means the database that it points to: the files lie beside that.
        let database = match folder.join(name).canonicalize() {
            Ok(there) => there,
            Err(_) => folder.join(name),
        };
        let mut files = database.clone().into_os_string();
        files.push(".files");
        Ok(Self {
            database,
            files: files.into(),
        })
    }

    /// A name for its catalog in SQL: the file's without its ending.
    pub fn name(&self) -> String {
        self.database
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// Files on their way to their place.
    pub fn staging(&self) -> PathBuf {
        self.files.join("tmp")
    }

    /// How `sqlx` is told of it.
    pub fn address(&self) -> String {
        let path = self.database.to_string_lossy();
        let escaped: String = path
            .chars()
            .map(|c| match c {
                '%' => "%25".into(),
                '?' => "%3f".into(),
                '#' => "%23".into(),
                c => c.to_string(),
            })
            .collect();
        format!("sqlite:{escaped}?mode=rw")
    }
}

/// Opens a database, or makes an empty one where there is none.
///
/// # Errors
/// When there is a file that is none, or one of another version; when it cannot be read or made.
pub fn open(location: &Location) -> Result<Connection> {
    let open = |e| LakeError::Open(location.database.clone(), e);
    let sql = |e| LakeError::Catalog(location.database.clone(), e);
    let exists = fs::metadata(&location.database).is_ok_and(|m| m.len() > 0);
    if !exists && location.files.join("main").exists() {
        return Err(LakeError::FilesWithout(location.clone().files));
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if !exists {
        // Patients' data: for their owner alone.
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&location.database).map_err(open)?;
    }
    let mut connection = connect(location)?;
    let is_ours = |c: &Connection| -> rusqlite::Result<bool> {
        c.query_row(
            "SELECT count(*) > 0 FROM sqlite_master WHERE name = 'ducklake_metadata'",
            [],
            |r| r.get(0),
        )
    };
    // The first question that reads the file: whether it is SQLite's at all.
    let mut known = is_ours(&connection).map_err(|e| match e.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LakeError::NoDatabase(location.database.clone()),
        _ => sql(e),
    })?;
    if !known {
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get(0))
            .map_err(sql)?;
        if tables > 0 {
            return Err(LakeError::NoDatabase(location.database.clone()));
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(sql)?;
        let transaction = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(sql)?;
        // Another process may have made it meanwhile.
        known = is_ours(&transaction).map_err(sql)?;
        if !known {
            transaction.execute_batch(BOOTSTRAP).map_err(sql)?;
            transaction.commit().map_err(sql)?;
            sync_folder(location.database.parent().unwrap_or(Path::new("."))).map_err(open)?;
        }
    }
    check(&connection, location)?;
    if !location.files.exists() {
        let data: i64 = connection
            .query_row("SELECT count(*) FROM ducklake_data_file", [], |r| r.get(0))
            .map_err(sql)?;
        if data > 0 {
            return Err(LakeError::Without(location.database.clone(), location.files.clone()));
        }
    }
    builder.create(location.staging()).map_err(open)?;
    moved(&connection, location)?;
    Ok(connection)
}

/// A connection to a catalog that is there.
///
/// # Errors
/// SQLite's.
pub fn connect(location: &Location) -> Result<Connection> {
    let sql = |e| LakeError::Catalog(location.database.clone(), e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&location.database, flags).map_err(sql)?;
    connection.busy_timeout(PATIENCE).map_err(sql)?;
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(|e| match e.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => LakeError::NoDatabase(location.database.clone()),
            _ => sql(e),
        })?;
    Ok(connection)
}

/// That the catalog is one of ours.
fn check(connection: &Connection, location: &Location) -> Result<()> {
    let setting = |key: &str| {
        let found = connection.query_row("SELECT value FROM ducklake_metadata WHERE key = ?1", [key], |r| {
            r.get(0)
        });
        found.unwrap_or_default()
    };
    let version: String = setting("version");
    if version != VERSION {
        return Err(LakeError::Version(location.database.clone(), version));
    }
    let maker: String = setting("created_by");
    if maker != "radsql" {
        return Err(LakeError::Maker(location.database.clone(), maker));
    }
    Ok(())
}

/// The catalog knows where its files are; a folder that was moved or copied has them elsewhere.
fn moved(connection: &Connection, location: &Location) -> Result<()> {
    let sql = |e| LakeError::Catalog(location.database.clone(), e);
    let here = format!("{}/", location.files.display());
    let there: Option<String> = connection
        .query_row("SELECT value FROM ducklake_metadata WHERE key = 'data_path'", [], |r| {
            r.get(0)
        })
        .ok();
    match there {
        Some(there) if there == here => Ok(()),
        Some(_) => {
            let change = "UPDATE ducklake_metadata SET value = ?1 WHERE key = 'data_path'";
            connection.execute(change, [here]).map(|_| ()).map_err(sql)
        }
        None => {
            let new = "INSERT INTO ducklake_metadata (key, value) VALUES ('data_path', ?1)";
            connection.execute(new, [here]).map(|_| ()).map_err(sql)
        }
    }
}

/// What is in a folder stays there when the power goes.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
