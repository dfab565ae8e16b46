//! Work on scans: how many at once, in how much memory, and what becomes of those that fail.

mod asked;
mod job;

pub use asked::Asked;
pub use job::{Crew, Job, Reserved};

use crate::deep::models::Models;
use crate::files::FilePolicy;
use crate::options::{OnError, RadsqlOptions};
use crate::reference::ScanRef;
use crate::scans::folders::{Folders, Look};
use crate::tally::{self, Clock, Stage};
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::execution::memory_pool::MemoryPool;
use futures::stream::{self, StreamExt, TryStreamExt};
use radsql_cache::Cache;
use radsql_dicom::{DicomError, ListOptions, Listing, TagOptions};
use radsql_survival::Steps;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::Semaphore;

/// Rows that `scan_errors()` keeps; the oldest go first.
const KEPT_ERRORS: usize = 100_000;

/// Rows under way for each thread.
const ROWS_AHEAD: usize = 16;

/// One process has so many cores, however many sessions share them.
static CORES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    Arc::new(Semaphore::new(
        std::thread::available_parallelism().map_or(1, usize::from),
    ))
});

/// A scan that could not be read or measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanError {
    /// Whose query it was, where several sessions share the runtime.
    pub session: Option<Arc<str>>,
    /// When it failed.
    pub when: SystemTime,
    /// The function that was called.
    pub function: &'static str,
    /// Its image, as given.
    pub image: Option<String>,
    /// Its mask, as given.
    pub mask: Option<String>,
    /// What was wrong.
    pub message: String,
}

/// Counts of what was done, for progress and for tests. Each only grows.
#[derive(Debug, Default)]
pub struct Work {
    /// Scans finished, failed ones included.
    pub scans: AtomicU64,
    /// Scans that functions were asked for: those finished and, of the rows that have come to a function, those to come.
    pub scans_asked: AtomicU64,
    /// Features computed.
    pub features: AtomicU64,
    /// Features that the cache gave.
    pub cached_features: AtomicU64,
    /// DICOM files whose headers were looked at, in folders that were listed.
    pub files_listed: AtomicU64,
    /// DICOM files in the folders that were listed or are being listed.
    pub files_to_list: AtomicU64,
    /// Texture matrices built (GLCM, GLRLM, GLSZM, GLDM, NGTDM: one each an image).
    pub texture_matrices: AtomicU64,
    /// Steps of statistics that take long: replicates, penalties, models.
    pub steps: Arc<Steps>,
}

/// What the scans of one session share: its memory pool, its list of failures, its counters.
#[derive(Debug)]
pub struct ScanRuntime {
    pool: Arc<dyn MemoryPool>,
    files: FilePolicy,
    errors: Mutex<VecDeque<ScanError>>,
    caches: Mutex<HashMap<String, Arc<Cache>>>,
    folders: Folders,
    /// References that functions were asked for, where somebody wants to know.
    references: Mutex<Option<BTreeSet<String>>>,
    /// Numbers pieces of work, from 1.
    runs: AtomicU64,
    /// The threads that the session may use, as they were asked for last.
    turns: Mutex<(usize, Arc<Semaphore>)>,
    holders: Mutex<usize>,
    freed: Condvar,
    /// Models of the session.
    pub models: Models,
    /// Counts of what was done.
    pub work: Work,
}

impl ScanRuntime {
    /// A runtime that accounts its memory in `pool` and reads the files that `files` allows.
    pub fn new(pool: Arc<dyn MemoryPool>, files: FilePolicy) -> Self {
        Self {
            pool,
            files: files.clone(),
            errors: Mutex::default(),
            caches: Mutex::default(),
            folders: Folders::default(),
            references: Mutex::default(),
            runs: AtomicU64::new(1),
            turns: Mutex::new((0, Arc::new(Semaphore::new(0)))),
            holders: Mutex::new(0),
            freed: Condvar::new(),
            models: Models::new(files),
            work: Work::default(),
        }
    }

    /// The files that may be read.
    pub fn files(&self) -> &FilePolicy {
        &self.files
    }

    /// The turns of so many threads. All calls of a session share them: a plan may make several at once.
    fn turns(&self, threads: usize) -> Arc<Semaphore> {
        let mut turns = lock(&self.turns);
        if turns.0 != threads {
            *turns = (threads, Arc::new(Semaphore::new(threads)));
        }
        Arc::clone(&turns.1)
    }

    /// The feature cache in a folder; none when the folder is '' or cannot be used.
    pub fn cache(&self, folder: &str) -> Option<Arc<Cache>> {
        if folder.is_empty() {
            return None;
        }
        let mut caches = lock(&self.caches);
        if let Some(cache) = caches.get(folder) {
            return Some(Arc::clone(cache));
        }
        let cache = Arc::new(Cache::open(Path::new(folder)).ok()?);
        caches.insert(folder.to_owned(), Arc::clone(&cache));
        Some(cache)
    }

    /// What lies in a folder of DICOM files, or in one file: its headers are read, on the session's threads, unless nothing
    /// has changed since the last time. Identifying tags are kept only if they are asked for.
    ///
    /// # Errors
    /// As [`radsql_dicom::list`].
    pub fn list_dicom(
        &self,
        folder: &Path,
        tags: TagOptions,
        options: &RadsqlOptions,
        cancelled: &AtomicBool,
    ) -> std::result::Result<Arc<Listing>, DicomError> {
        let cache = self.cache(&options.cache_dir);
        let list = ListOptions {
            threads: options.parallelism(),
            tags,
            links: self.files.links(),
        };
        self.list(folder, list, cache.as_deref(), 0, cancelled)
    }

    fn list(
        &self,
        folder: &Path,
        options: ListOptions,
        cache: Option<&Cache>,
        work: u64,
        cancelled: &AtomicBool,
    ) -> std::result::Result<Arc<Listing>, DicomError> {
        let begun = AtomicBool::new(false);
        let progress = |_: usize, all: usize| {
            if !begun.swap(true, Ordering::Relaxed) {
                self.work.files_to_list.fetch_add(all as u64, Ordering::Relaxed);
            }
            self.work.files_listed.fetch_add(1, Ordering::Relaxed);
        };
        let look = Look {
            options,
            cache,
            work,
            cancelled,
            progress: &progress,
        };
        self.folders.list(folder, &look)
    }

    /// The failures of a session's queries that are kept, oldest first.
    pub fn errors(&self, session: Option<&str>) -> Vec<ScanError> {
        let errors = lock(&self.errors);
        errors
            .iter()
            .filter(|e| e.session.as_deref() == session)
            .cloned()
            .collect()
    }

    /// Adds a failure to those that `scan_errors()` shows.
    pub fn record(&self, error: ScanError) {
        let mut errors = lock(&self.errors);
        if errors.len() == KEPT_ERRORS {
            errors.pop_front();
        }
        errors.push_back(error);
    }

    /// From now on keeps which images and masks functions were asked for.
    pub fn keep_references(&self) {
        let mut references = self.references.lock().unwrap_or_else(PoisonError::into_inner);
        references.get_or_insert_default();
    }

    /// The images and masks that functions were asked for since [`ScanRuntime::keep_references`], in the order of their text.
    pub fn references(&self) -> Vec<String> {
        let references = self.references.lock().unwrap_or_else(PoisonError::into_inner);
        references.iter().flatten().cloned().collect()
    }

    fn note(&self, rows: &[Option<ScanRef>]) {
        asked::note(rows);
        let mut references = self.references.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(references) = &mut *references {
            for scan in rows.iter().flatten() {
                references.extend(std::iter::once(&scan.image).chain(&scan.mask).cloned());
            }
        }
    }

    /// Runs `job` on every row that has a scan, on as many threads as the session allows, and gives the answers in the
    /// rows' order. A row without a scan gives `None`.
    ///
    /// Dropping the future stops the work: rows not begun are not begun, and a running job sees [`Job::cancelled`].
    ///
    /// # Errors
    /// The first failure in the rows' order, unless `radsql.on_error` is `'null'`: then that row is `None` and the
    /// failure is recorded. With [`RadsqlOptions::record_failures`] it is recorded in either case, and the
    /// error does not name the scan.
    pub async fn run<T, F>(
        self: &Arc<Self>,
        function: &'static str,
        options: &RadsqlOptions,
        rows: Vec<Option<ScanRef>>,
        job: F,
    ) -> Result<Vec<Option<T>>>
    where
        T: Send + 'static,
        F: Fn(&ScanRef, &Job) -> Result<T> + Send + Sync + 'static,
    {
        if function != crate::imaging::file_hash::DOC.name {
            self.note(&rows);
        }
        let cancel = CancelOnDrop(Arc::new(AtomicBool::new(false)));
        let job = Arc::new(job);
        let on_error = options.on_error;
        let recorded = on_error == OnError::Null || options.record_failures;
        let hidden = options.record_failures;
        let session = options.session.clone();
        let threads = options.parallelism();
        let ours = self.turns(threads);
        let cache = self.cache(&options.cache_dir);
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let tally = tally::begin(function);
        let asked = rows.iter().flatten().count();
        self.work.scans_asked.fetch_add(asked as u64, Ordering::Relaxed);
        stream::iter(rows)
            .map(|row| {
                let (runtime, job, flag) = (Arc::clone(self), Arc::clone(&job), Arc::clone(&cancel.0));
                let (ours, cache, session) = (Arc::clone(&ours), cache.clone(), session.clone());
                let tally = Arc::clone(&tally);
                async move {
                    let Some(scan) = row else { return Ok(None) };
                    let turns = Arc::clone(&ours);
                    let turn = ours.acquire_owned().await.map_err(external)?;
                    let permit = Arc::clone(&CORES).acquire_owned().await.map_err(external)?;
                    let task = tokio::task::spawn_blocking(move || {
                        let _permits = (turn, permit);
                        let ticket = Job {
                            runtime: Arc::clone(&runtime),
                            flag,
                            function,
                            turns,
                            cache,
                            run,
                            clock: Clock::new(tally),
                            read: AtomicBool::new(false),
                        };
                        let answer = ticket
                            .check()
                            .and_then(|()| ticket.stage(Stage::Reading, || job(&scan, &ticket)));
                        runtime.work.scans.fetch_add(1, Ordering::Relaxed);
                        ticket.tally().scans.fetch_add(1, Ordering::Relaxed);
                        match answer {
                            Ok(v) => Ok(Some(v)),
                            // Work that was stopped is no failure of the scan.
                            Err(e) if recorded && !is_about_the_session(&e) && ticket.check().is_ok() => {
                                runtime.record(ScanError {
                                    session,
                                    when: SystemTime::now(),
                                    function,
                                    image: Some(scan.image.clone()),
                                    mask: scan.mask.clone(),
                                    message: message_of(&e),
                                });
                                match on_error {
                                    OnError::Null => Ok(None),
                                    OnError::Fail if hidden => Err(without_scan(&e, &scan)),
                                    OnError::Fail => Err(e),
                                }
                            }
                            Err(e) => Err(e),
                        }
                    });
                    match task.await {
                        Ok(answer) => answer,
                        Err(e) if e.is_panic() => exec_err!("{function}: a defect in radsql ended the work on a scan"),
                        Err(e) => Err(external(e)),
                    }
                }
            })
            // Answers come in the rows' order. More rows than threads are under way, so that a long one in front leaves no
            // thread without work.
            .buffered(threads.saturating_mul(ROWS_AHEAD))
            .try_collect()
            .await
    }
}

struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A full pool is no fault of the scan: it stops the query whatever `on_error` says.
fn is_about_the_session(e: &DataFusionError) -> bool {
    matches!(e.find_root(), DataFusionError::ResourcesExhausted(_))
}

fn message_of(e: &DataFusionError) -> String {
    match e {
        DataFusionError::Execution(m) => m.clone(),
        other => other.strip_backtrace(),
    }
}

/// The failure of a scan without what the scan is called, for those who may see it in `scan_errors()` alone.
fn without_scan(e: &DataFusionError, scan: &ScanRef) -> DataFusionError {
    let texts = std::iter::once(&scan.image).chain(&scan.mask);
    // Messages name the whole reference, or its file.
    let mut names: Vec<&str> = texts
        .flat_map(|t| [t.as_str(), t.split('#').next().unwrap_or(t)])
        .collect();
    names.retain(|name| !name.is_empty());
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let message = names.iter().fold(message_of(e), |text, name| text.replace(name, "…"));
    DataFusionError::Execution(format!("{message}; SELECT * FROM scan_errors() tells which scan"))
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

fn external(e: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(e))
}
