//! What a function did on scans, and how long its stages took: for `EXPLAIN ANALYZE`.
//!
//! Counts are kept a scan, not a voxel, so they cost the kernels nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A part of the work on a scan. At each moment a thread is in one stage at most, so that their seconds add up to no more
/// than threads times the time that went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Headers, masks and voxels are read and decoded; files are hashed for the cache, and the cache is asked.
    Reading,
    /// The image is brought to the spacing asked for and normalised, and filters are applied; for a network, the box around the
    /// region is cut, brought to its spacing and normalised.
    Filtering,
    /// Features are computed from the images, or by the network.
    Computing,
    /// The scan waits until other scans give memory back.
    Waiting,
}

/// All stages, in the order in which a scan goes through them.
pub const STAGES: [Stage; 4] = [Stage::Reading, Stage::Filtering, Stage::Computing, Stage::Waiting];

impl Stage {
    /// What `EXPLAIN ANALYZE` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Filtering => "filtering",
            Self::Computing => "computing",
            Self::Waiting => "waiting_for_memory",
        }
    }
}

/// What one function did. Each count only grows.
#[derive(Debug, Default)]
pub struct Tally {
    /// Scans that the function was asked for, failed ones included.
    pub scans: AtomicU64,
    /// Scans whose image or mask was read.
    pub scans_read: AtomicU64,
    /// Features computed.
    pub features: AtomicU64,
    /// Features that the cache gave.
    pub cached_features: AtomicU64,
    nanoseconds: [AtomicU64; STAGES.len()],
}

impl Tally {
    /// Adds time to a stage.
    pub fn add(&self, stage: Stage, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if let Some(sum) = self.nanoseconds.get(stage as usize) {
            sum.fetch_add(nanoseconds, Ordering::Relaxed);
        }
    }

    /// The time that a stage took, on all threads together.
    pub fn time(&self, stage: Stage) -> Duration {
        let sum = self.nanoseconds.get(stage as usize);
        Duration::from_nanos(sum.map_or(0, |n| n.load(Ordering::Relaxed)))
    }
}

/// The clock of one thread's work: it knows the stage that the thread is in.
#[derive(Debug)]
pub struct Clock {
    tally: Arc<Tally>,
    /// The stage and when it began; `None` while nobody's time counts.
    now: Mutex<Option<(Stage, Instant)>>,
}

impl Clock {
    /// A clock that adds to this tally.
    pub fn new(tally: Arc<Tally>) -> Self {
        Self {
            tally,
            now: Mutex::new(None),
        }
    }

    /// What it adds to.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Works in a stage; the one that the thread was in goes on afterwards. `None` for work whose time others count.
    pub fn within<T>(&self, stage: Option<Stage>, work: impl FnOnce() -> T) -> T {
        let before = self.change(stage);
        let answer = work();
        self.change(before);
        answer
    }

    fn change(&self, stage: Option<Stage>) -> Option<Stage> {
        let now = Instant::now();
        let mut at = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *at, stage.map(|s| (s, now)));
        before.map(|(stage, since)| {
            self.tally.add(stage, now.duration_since(since));
            stage
        })
    }
}

/// The tallies of one part of a plan, by function.
#[derive(Debug, Default)]
pub struct Watch(Mutex<BTreeMap<&'static str, Arc<Tally>>>);

thread_local! {
    static WATCH: RefCell<Option<Arc<Watch>>> = const { RefCell::new(None) };
}

impl Watch {
    /// The functions that were called while this watched, with what they did.
    pub fn tallies(&self) -> Vec<(&'static str, Arc<Tally>)> {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.iter().map(|(name, tally)| (*name, Arc::clone(tally))).collect()
    }

    /// Polls or calls something on this thread: what functions begin meanwhile is counted here, and by no one else.
    pub fn over<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        struct Reset(Option<Arc<Watch>>);
        impl Drop for Reset {
            fn drop(&mut self) {
                WATCH.set(self.0.take());
            }
        }
        let _reset = Reset(WATCH.replace(Some(Arc::clone(self))));
        work()
    }
}

/// Where a call that begins now on this thread is counted.
pub fn begin(function: &'static str) -> Arc<Tally> {
    WATCH.with_borrow(|watch| match watch {
        Some(watch) => {
            let mut tallies = watch.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tallies.entry(function).or_default())
        }
        None => Arc::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_counts_once() {
        let tally = Arc::new(Tally::default());
        let clock = Clock::new(Arc::clone(&tally));
        let pause = || std::thread::sleep(Duration::from_millis(5));
        let began = Instant::now();
        clock.within(Some(Stage::Filtering), || {
            pause();
            clock.within(Some(Stage::Reading), pause);
            clock.within(None, pause);
        });
        let wall = began.elapsed();
        assert!(tally.time(Stage::Filtering) >= Duration::from_millis(5));
        assert!(tally.time(Stage::Reading) >= Duration::from_millis(5));
        assert_eq!(tally.time(Stage::Computing), Duration::ZERO);
        let sum: Duration = STAGES.map(|s| tally.time(s)).iter().sum();
        assert!(sum + Duration::from_millis(5) <= wall, "{sum:?} of {wall:?}");
    }

    #[test]
    fn the_innermost_watch_counts() {
        let (outer, inner) = (Arc::new(Watch::default()), Arc::new(Watch::default()));
        let count = || begin("f").scans.fetch_add(1, Ordering::Relaxed);
        count();
        outer.over(|| {
            count();
            inner.over(count);
            inner.over(count);
        });
        count();
        let scans = |watch: &Watch| {
            watch
                .tallies()
                .iter()
                .map(|(_, t)| t.scans.load(Ordering::Relaxed))
                .sum::<u64>()
        };
        assert_eq!((scans(&outer), scans(&inner)), (1, 2));
    }
}
