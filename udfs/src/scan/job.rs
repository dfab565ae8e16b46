//! What a job on one scan may ask of its session: files, memory, threads, the cache.

use super::{CORES, ScanRuntime, Work, lock};
use crate::files::FilePolicy;
use crate::tally::{Clock, Stage, Tally};
use datafusion::common::{Result, exec_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use radsql_cache::Cache;
use radsql_dicom::{DicomError, ListOptions, Listing};
use radsql_radiomics::{Round, Workers};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a job on one scan may ask of its session.
pub struct Job {
    pub(super) runtime: Arc<ScanRuntime>,
    pub(super) flag: Arc<AtomicBool>,
    pub(super) function: &'static str,
    /// The threads that the query may use.
    pub(super) turns: Arc<Semaphore>,
    pub(super) cache: Option<Arc<Cache>>,
    /// Number of the piece of work that the job is part of.
    pub(super) run: u64,
    pub(super) clock: Clock,
    /// Whether the scan's files were read.
    pub(super) read: AtomicBool,
}

impl Job {
    /// Set once the query was cancelled; long kernels look at it.
    pub fn cancelled(&self) -> &AtomicBool {
        &self.flag
    }

    /// The files that may be read.
    pub fn files(&self) -> &FilePolicy {
        &self.runtime.files
    }

    /// Counters of the session.
    pub fn work(&self) -> &Work {
        &self.runtime.work
    }

    /// Counters of the function in its place in the query's plan.
    pub fn tally(&self) -> &Tally {
        self.clock.tally()
    }

    /// Does a part of the work that belongs to a stage. A job begins with reading.
    pub fn stage<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        self.clock.within(Some(stage), work)
    }

    /// Notes that files of the scan are read.
    pub fn reads(&self) {
        if !self.read.swap(true, Ordering::Relaxed) {
            self.tally().scans_read.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes features that were computed.
    pub fn computed(&self, features: usize) {
        self.work().features.fetch_add(features as u64, Ordering::Relaxed);
        self.tally().features.fetch_add(features as u64, Ordering::Relaxed);
    }

    /// Notes features that the cache gave.
    pub fn found_in_cache(&self, features: usize) {
        self.work()
            .cached_features
            .fetch_add(features as u64, Ordering::Relaxed);
        self.tally()
            .cached_features
            .fetch_add(features as u64, Ordering::Relaxed);
    }

    /// What the session's cache keeps.
    pub fn cache(&self) -> Option<&Cache> {
        self.cache.as_deref()
    }

    /// What lies in a folder of DICOM files, which is looked at once for all jobs of a batch.
    ///
    /// # Errors
    /// As [`radsql_dicom::list`].
    pub fn folder(&self, folder: &Path) -> std::result::Result<Arc<Listing>, DicomError> {
        let options = ListOptions {
            threads: 1,
            links: self.runtime.files.links(),
            ..ListOptions::default()
        };
        self.runtime.list(folder, options, self.cache(), self.run, &self.flag)
    }

    /// # Errors
    /// When the query was cancelled.
    pub fn check(&self) -> Result<()> {
        if self.flag.load(Ordering::Relaxed) {
            exec_err!("{}: cancelled", self.function)
        } else {
            Ok(())
        }
    }

    /// Takes `bytes` of the session's memory until the answer is dropped. While other scans hold some it waits for them,
    /// so that a query needs more time in little memory and does not fail. A job must not hold one answer while it asks
    /// for another: two that each hold some and wait for more would wait for ever.
    ///
    /// # Errors
    /// When the memory is not there and no other scan could free it, or the query was cancelled.
    pub fn reserve(&self, bytes: usize) -> Result<Reserved> {
        self.stage(Stage::Waiting, || self.wait_for(bytes))
    }

    fn wait_for(&self, bytes: usize) -> Result<Reserved> {
        let mut holders = lock(&self.runtime.holders);
        loop {
            self.check()?;
            let reservation = MemoryConsumer::new(self.function).register(&self.runtime.pool);
            match reservation.try_grow(bytes) {
                Ok(()) => {
                    *holders += 1;
                    return Ok(Reserved {
                        _reservation: reservation,
                        runtime: Arc::clone(&self.runtime),
                    });
                }
                Err(_) if *holders > 0 => {
                    let wait = self.runtime.freed.wait_timeout(holders, Duration::from_millis(50));
                    holders = wait.unwrap_or_else(PoisonError::into_inner).0;
                }
                Err(e) => return Err(e),
            }
        }
    }
}

/// The threads of one scan: the job's own and, while the query may use more and no other scan waits for them, further ones.
/// So it is when a query has few scans, or comes to its last.
pub struct Crew<'a> {
    job: &'a Job,
    /// Memory that each further thread takes.
    bytes: usize,
}

impl Workers for Crew<'_> {
    fn round(&self, round: Round, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let stage = match round {
            Round::Filters => Stage::Filtering,
            Round::Features => Stage::Computing,
        };
        let timed = |at: usize| {
            let began = Instant::now();
            task(at);
            self.job.tally().add(stage, began.elapsed());
        };
        // Each thread counts its own tasks; this one, too.
        self.job.clock.within(None, || self.run(tasks, &timed));
    }

    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < tasks);
        let take = &take;
        std::thread::scope(|scope| {
            while let Some(at) = take() {
                if at + 1 < tasks
                    && let Some(held) = self.another()
                {
                    scope.spawn(move || {
                        let _held = held;
                        while let Some(at) = take() {
                            task(at);
                        }
                    });
                }
                task(at);
            }
        });
    }
}

impl Crew<'_> {
    /// What a further thread holds while it works, if there is one to be had.
    fn another(&self) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit, MemoryReservation)> {
        let turn = Arc::clone(&self.job.turns).try_acquire_owned().ok()?;
        let core = Arc::clone(&CORES).try_acquire_owned().ok()?;
        let memory = MemoryConsumer::new(self.job.function).register(&self.job.runtime.pool);
        memory.try_grow(self.bytes).ok()?;
        Some((turn, core, memory))
    }
}

impl Job {
    /// The threads that may share the tasks of this scan, each further one taking `bytes` of memory.
    pub fn crew(&self, bytes: usize) -> Crew<'_> {
        Crew { job: self, bytes }
    }
}

/// Memory of the session that a scan holds.
pub struct Reserved {
    _reservation: MemoryReservation,
    runtime: Arc<ScanRuntime>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self._reservation.free();
        let mut holders = lock(&self.runtime.holders);
        *holders = holders.saturating_sub(1);
        self.runtime.freed.notify_all();
    }
}
