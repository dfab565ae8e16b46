//! VACUUM: small files become large ones, snapshots that are older than the history to keep end, and files that nothing names go.

use super::error::{LakeError, Result};
use super::read::Entry;
use super::table::inner;
use super::{Lake, file};
use datafusion::catalog::Session;
use datafusion_ducklake::maintenance::{CleanupCriteria, ExpireCriteria, cleanup_old_files_sqlite};
use datafusion_ducklake::{CompactionResult, DuckLakeError, MergeOptions, RewriteOptions};
use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use walkdir::WalkDir;

/// Locked by those who put files in place, and by VACUUM alone while it takes files away.
const LOCK: &str = "writing.lock";

/// Locked by plans that read, from when they choose their files to when they are gone, and by VACUUM while it takes files away.
const READING: &str = "reading.lock";

/// How long VACUUM waits for those who read. What they may still need is left to the next one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Files of another program that writes to the database without our lock are left alone so long.
const FOREIGN: Duration = Duration::from_secs(24 * 60 * 60);

/// What VACUUM did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Small files that became part of larger ones.
    pub merged: u64,
    /// Snapshots that ended.
    pub snapshots: u64,
    /// Files that went.
    pub files: u64,
}

impl Lake {
    fn lock_file(&self, name: &str) -> Result<File> {
        let path = self.location.files.join(name);
        let opened = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path);
        opened.map_err(LakeError::Write)
    }

    /// While this lives no file is taken away.
    ///
    /// # Errors
    /// The system's.
    pub(super) async fn writes(&self) -> Result<File> {
        self.refuse_reader()?;
        shared(self.lock_file(LOCK)?).await
    }

    /// While this lives no file is taken away that a snapshot of now needs.
    ///
    /// # Errors
    /// The system's.
    pub(super) async fn reads(&self) -> Result<File> {
        shared(self.lock_file(READING)?).await
    }

    /// A lock on the files while nobody reads; none when somebody does not end.
    async fn quiet(&self) -> Result<Option<File>> {
        let file = self.lock_file(READING)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) => return Err(LakeError::Write(e)),
            }
        }
    }

    /// Tidies the database. Waits for statements that put files in place, and they wait for it. `history` says how long snapshots are
    /// kept; all without.
    ///
    /// # Errors
    /// Those of the catalog and of the system.
    pub async fn vacuum(&self, session: &dyn Session, history: Option<Duration>) -> Result<Vacuumed> {
        self.refuse_reader()?;
        let file = self.lock_file(LOCK)?;
        let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
        let _lock = locked
            .await
            .map_err(|e| LakeError::Changed(e.to_string()))?
            .map_err(LakeError::Write)?;
        let mut done = Vacuumed {
            merged: self.merge(session).await?,
            ..Vacuumed::default()
        };
        // Tables that were never finished.
        self.query(|c| {
            c.execute(
                "DELETE FROM ducklake_table WHERE begin_snapshot = 4611686018427387904",
                [],
            )
        })?;
        let writer = self.sqlite_writer().await?;
        let quiet = self.quiet().await?;
        // Plans of now read versions that are there until they end.
        if let Some(history) = history.filter(|_| quiet.is_some()) {
            // A thousand years are all.
            let seconds = format!("-{} seconds", history.as_secs().min(31_556_952_000));
            let old: Vec<i64> = self.query(|c| {
                let mut statement = c.prepare(
                    "SELECT snapshot_id FROM ducklake_snapshot WHERE datetime(snapshot_time, 'subsec') < datetime('now', 'subsec', ?1)",
                )?;
                let rows = statement.query_map([seconds], |r| r.get(0))?;
                rows.collect()
            })?;
            done.snapshots = writer.expire_snapshots(ExpireCriteria::Versions(old))?.len() as u64;
        }
        if quiet.is_some() {
            let store = Arc::new(self.store.clone());
            let gone = cleanup_old_files_sqlite(&writer, store, CleanupCriteria::All, false).await?;
            done.files = gone.len() as u64;
        }
        done.files += self.orphans()?;
        self.query(|c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))?;
        Ok(done)
    }

    async fn merge(&self, session: &dyn Session) -> Result<u64> {
        let mut merged = 0;
        let snapshot = self.head()?;
        for schema in self.schemas(snapshot)? {
            for named in self.names(snapshot, &schema)?.iter().filter(|n| !n.is_view) {
                let Some(Entry::Table { id, folder }) = self.entry(snapshot, &schema, &named.name)? else {
                    continue;
                };
                let few = "SELECT count(*) FROM ducklake_data_file WHERE table_id = ?1 AND end_snapshot IS NULL";
                let files: i64 = self.query(|c| c.query_row(few, [id], |r| r.get(0)))?;
                if files < 1 || folder != format!("{schema}/{}/", named.name) {
                    continue;
                }
                // Each commit of it is a snapshot of its own.
                for step in [Step::Rewrite, Step::Merge, Step::Merge, Step::Merge] {
                    // Another program may have made it of types that we do not know.
                    let Ok(table) = inner(self, &named.name, id, &folder, self.head()?).await else {
                        break;
                    };
                    let table = table.with_writer(schema.clone(), self.writer().await?);
                    let result: CompactionResult = match step {
                        Step::Rewrite => table.rewrite_data_files(session, rewrite()).await,
                        Step::Merge => table.merge_adjacent_files(session, MergeOptions::default()).await,
                    }
                    .or_else(|e| match e {
                        // Somebody without our lock, or who drops it, was faster: the next one will do it.
                        DuckLakeError::Conflict(_) | DuckLakeError::TableNotFound(_) => Ok(NOTHING),
                        e => Err(e),
                    })?;
                    merged += result.files_processed as u64;
                    if !result.did_work() && step == Step::Merge {
                        break;
                    }
                }
            }
        }
        Ok(merged)
    }

    /// Removes files that the catalog does not name.
    fn orphans(&self) -> Result<u64> {
        let named: HashSet<PathBuf> = self
            .query(|c| {
                let mut statement = c.prepare(
                    "SELECT s.path || t.path || f.path FROM (
                        SELECT table_id, path FROM ducklake_data_file WHERE path_is_relative
                        UNION ALL SELECT table_id, path FROM ducklake_delete_file WHERE path_is_relative) f
                     JOIN ducklake_table t ON t.table_id = f.table_id JOIN ducklake_schema s ON s.schema_id = t.schema_id
                     UNION ALL SELECT path FROM ducklake_files_scheduled_for_deletion",
                )?;
                let rows = statement.query_map([], |r| r.get::<_, String>(0))?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })?
            .into_iter()
            .map(|path| self.location.files.join(path))
            .collect();
        let mut removed = 0;
        let staging = self.location.staging();
        let entries = WalkDir::new(&self.location.files)
            .into_iter()
            .filter_entry(|e| e.path() != staging);
        for entry in entries.flatten().filter(|e| e.file_type().is_file()) {
            let path = entry.path();
            // Uploads that were never finished have a number behind.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_data = name.ends_with(".parquet") || name.contains(".parquet#");
            if !is_data || named.contains(path) || is_foreign_and_new(path) {
                continue;
            }
            fs::remove_file(path).map_err(LakeError::Write)?;
            removed += 1;
        }
        file::sync_folder(&self.location.files).map_err(LakeError::Write)?;
        Ok(removed)
    }
}

/// What is done to a table's files: rows that were deleted go, then small files become large ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Rewrite,
    Merge,
}

const NOTHING: CompactionResult = CompactionResult {
    files_processed: 0,
    files_created: 0,
    rows_written: 0,
};

/// Files in which one row of ten was deleted or changed.
fn rewrite() -> RewriteOptions {
    RewriteOptions {
        delete_threshold: 0.1,
        data_file_ids: None,
    }
}

async fn shared(file: File) -> Result<File> {
    match file.try_lock_shared() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(e)) => return Err(LakeError::Write(e)),
    }
    let locked = tokio::task::spawn_blocking(move || file.lock_shared().map(|()| file));
    locked
        .await
        .map_err(|e| LakeError::Changed(e.to_string()))?
        .map_err(LakeError::Write)
}

/// Whether DuckDB may be about to commit it.
fn is_foreign_and_new(path: &Path) -> bool {
    let is_foreign = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("ducklake-"));
    let age = path
        .metadata()
        .and_then(|m| m.modified())
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok());
    is_foreign && age.is_none_or(|age| age < FOREIGN)
}
