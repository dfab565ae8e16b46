//! A database that stays: a catalog in SQLite and Parquet files beside it, in the open format DuckLake 1.0.
//!
//! `datafusion-ducklake` reads tables and changes their rows. What makes tables, views and files is written here, in one
//! transaction of the catalog each: a table is there as a whole or not at all, with a note on where it came from.

mod catalog;
mod change;
mod commit;
mod create;
mod definition;
mod error;
mod file;
pub mod history;
mod models;
mod origin;
mod provenance;
mod read;
mod restore;
mod rows;
mod session;
mod store;
mod table;
mod types;
mod vacuum;
mod write;

pub use catalog::{LakeCatalog, Planner, at_version, planning};
pub use change::Alteration;
pub use commit::Note;
pub use create::{Existing, NewTable, relaxed};
pub use error::{LakeError, Result};
pub use read::{VERSION, split_version};
pub use session::InLake;
pub(super) use store::SCHEME;
pub use table::{Pins, pinned_to};

use super::spill::SpillFolder;
use commit::Commit;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion_ducklake::metadata_writer::MetadataWriter;
use datafusion_ducklake::{MetadataProvider, SqliteMetadataProvider, SqliteMetadataWriter};
use file::Location;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::LakeStore;
use tokio::sync::OnceCell;

/// The schema of names without one, and the catalog of what is in memory.
pub const SCHEMA: &str = "main";
pub const MEMORY: &str = "memory";

/// An open database.
pub struct Lake {
    location: Location,
    /// Commits.
    connection: Mutex<Connection>,
    /// Looks at the catalog while a commit waits for its turn.
    reader: Mutex<Connection>,
    /// Files on their way, of this process.
    staging: SpillFolder,
    url: Arc<ObjectStoreUrl>,
    store: LakeStore,
    /// What `datafusion-ducklake` reads with, and writes with.
    provider: OnceCell<Arc<dyn MetadataProvider>>,
    writer: OnceCell<Arc<SqliteMetadataWriter>>,
    /// Whether it must not be changed here.
    is_read_only: bool,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Tells the stores of several databases apart.
static OPENED: AtomicU64 = AtomicU64::new(0);

impl Lake {
    /// Opens a database, or makes an empty one where there is none.
    ///
    /// # Errors
    /// When there is a file that is none, or one of another version; when it cannot be read or made.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_for(path, false)
    }

    /// As [`Lake::open`], for those who must not change it: then it must be there.
    ///
    /// # Errors
    /// As there.
    pub fn open_for(path: &Path, reading: bool) -> Result<Self> {
        let location = Location::new(path)?;
        if reading && !location.database.exists() {
            let e = std::io::ErrorKind::NotFound.into();
            return Err(LakeError::Open(location.database, e));
        }
        let connection = file::open(&location)?;
        let folder = location.staging();
        let staging = SpillFolder::new(&folder).map_err(|e| LakeError::Open(folder, e))?;
        let url = format!("{}://{}/", SCHEME, OPENED.fetch_add(1, Ordering::Relaxed));
        let store = LakeStore::new(&location.files);
        let reader = file::connect(&location)?;
        Ok(Self {
            location,
            connection: Mutex::new(connection),
            reader: Mutex::new(reader),
            staging,
            url: Arc::new(ObjectStoreUrl::parse(url)?),
            store,
            provider: OnceCell::new(),
            writer: OnceCell::new(),
            is_read_only: reading,
        })
    }

    /// The name in SQL of a database in this file, if it gets no other.
    ///
    /// # Errors
    /// When the path names no file in a folder.
    pub fn name_of(path: &Path) -> Result<String> {
        Ok(Location::new(path)?.name())
    }

    /// Its name in SQL, if it gets no other.
    pub fn name(&self) -> String {
        self.location.name()
    }

    /// The files and folders that are its own.
    pub fn own_files(&self) -> Vec<PathBuf> {
        let beside = ["", "-wal", "-shm", "-journal"].map(|ending| {
            let mut path = self.location.database.clone().into_os_string();
            path.push(ending);
            PathBuf::from(path)
        });
        beside.into_iter().chain([self.location.files.clone()]).collect()
    }

    /// The folder of this process for files on their way. What was left there by one that was killed goes when the database is opened.
    pub fn staging(&self) -> &Path {
        self.staging.path()
    }

    /// Makes its files known to those who read them.
    pub fn register(&self, environment: &RuntimeEnv) {
        environment.register_object_store(self.url.as_ref().as_ref(), Arc::new(self.store.clone()));
    }

    /// The folder that it lies in.
    fn folder(&self) -> &Path {
        self.location.database.parent().unwrap_or(Path::new("."))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes changes in one commit. When `change` fails nothing has changed; when it finds nothing to do, no snapshot is made.
    fn commit<T>(&self, note: &Note, change: impl FnOnce(&mut Commit<'_>) -> Result<Option<T>>) -> Result<Option<T>> {
        self.refuse_reader()?;
        let mut connection = self.connection();
        let mut commit = Commit::begin(&mut connection, &self.location.database)?;
        let Some(done) = change(&mut commit)? else {
            return Ok(None);
        };
        commit.finish(note)?;
        checkpoint(&connection);
        Ok(Some(done))
    }

    fn refuse_reader(&self) -> Result<()> {
        match self.is_read_only {
            true => Err(LakeError::Refused(
                "the database is only read here: safe mode writes nothing".into(),
            )),
            false => Ok(()),
        }
    }

    async fn provider(&self) -> Result<Arc<dyn MetadataProvider>> {
        let open = || async {
            let provider = SqliteMetadataProvider::new(&self.location.address()).await?;
            Ok::<_, LakeError>(Arc::new(provider) as Arc<dyn MetadataProvider>)
        };
        Ok(Arc::clone(self.provider.get_or_try_init(open).await?))
    }

    async fn sqlite_writer(&self) -> Result<Arc<SqliteMetadataWriter>> {
        let open = || async {
            let writer = SqliteMetadataWriter::new_with_init(&self.location.address()).await?;
            Ok::<_, LakeError>(Arc::new(writer))
        };
        Ok(Arc::clone(self.writer.get_or_try_init(open).await?))
    }

    async fn writer(&self) -> Result<Arc<dyn MetadataWriter>> {
        Ok(self.sqlite_writer().await? as _)
    }
}

/// Puts what was committed into the catalog's own file, if nobody reads at the moment: that file alone may be what somebody copies.
/// SQLite would leave it in its log until the last one closes the catalog, which one that is killed does not.
fn checkpoint(connection: &Connection) {
    let at_once = connection.busy_timeout(Duration::ZERO);
    // Where it fails nothing is lost: the log is there.
    let _ = at_once.and_then(|()| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    let _ = connection.busy_timeout(file::PATIENCE);
}

#[cfg(test)]
mod tests;
